"""Verdicts as rows: status in words, each reading with its interval, and what would settle it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from claimbench.claims.facts.settling import settling
from claimbench.claims.fields import ABSOLUTE, BILLS
from claimbench.claims.readings.second_opinion import second_opinion_text
from claimbench.claims.words import MEANS, declared_text
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.types import Claim, Json, Reading, Reason, Verdict, reason_codes
from claimbench_reports.view.format import (
    FORMATS,
    Figure,
    count,
    figure,
    hours,
    percent,
    usd,
)
from claimbench_reports.view.types import (
    Fact,
    ProjectionView,
    ReadingView,
    Remedy,
    VerdictView,
)
from claimbench_reports.view.verdicts.brief import brief_of, claimed_of, measured_of
from claimbench_reports.view.verdicts.own_words import (
    effect_of,
    inner_of,
    is_turned,
    said_of,
    told_of,
)
from claimbench_reports.view.verdicts.remedies import RunFacts, remedies_of
from claimbench_reports.view.words import DIRECTION, STATUS, word

OWN_NAMES = {
    "non_inferior": "not worse by more than the margin",
    "equivalent": "equal within the margin",
    "more": "more accurate at all",
}
RATIO_READINGS = frozenset({"relative", "error_reduction"})
"""Readings of an accuracy claim that are ratios; all others are differences."""


def verdict_views(
    verdicts: Sequence[Verdict], redact: Redactor, run: RunFacts | None = None
) -> tuple[VerdictView, ...]:
    """Return all verdicts in the order of the suite; ``run`` says what can be done about the open
    ones.
    """
    views = (_verdict(v, redact, f"verdict.{v.claim.id}") for v in verdicts)
    if run is None:
        return tuple(views)
    return tuple(
        replace(view, remedies=_clean_remedies(remedies_of(v, run), redact))
        for v, view in zip(verdicts, views, strict=True)
    )


def _clean_remedies(found: Sequence[Remedy], redact: Redactor) -> tuple[Remedy, ...]:
    return tuple(
        Remedy(visible(redact.mask(one.text)), visible(redact.mask(one.code))) for one in found
    )


def _verdict(v: Verdict, redact: Redactor, id_: str) -> VerdictView:
    def clean(text: str | None) -> str:
        return visible(redact.mask(text or ""))

    def cleaned(reason: Reason) -> Reason:
        return Reason(reason.code, clean(reason.detail))

    flags = _of_the_whole(v)
    if v.claim.declared == "after" and "declared_after" not in reason_codes(flags):
        flags.append(Reason("declared_after"))
    status = STATUS[v.status]
    readings = (
        () if v.parts else tuple(_reading(v, r, redact, f"{id_}.{r.name}") for r in v.readings)
    )
    parts = tuple(_verdict(p, redact, f"{id_}.part{i + 1}") for i, p in enumerate(v.parts))
    sentence = clean(_sentence(v))
    arm = clean(", ".join(told_of(v.claim)))
    of, against = (clean(", ".join(side)) for side in said_of(v.claim))
    return VerdictView(
        id=v.claim.id,
        claim=clean(v.claim.text or v.claim.id),
        source=clean(v.claim.source) or "source not stated",
        status=v.status,
        status_text=status,
        sentence=sentence,
        qualifier=clean(v.qualifier),
        about=clean(_claim_words(v.claim)),
        # A compound's readings are those of its parts, shown there.
        readings=readings,
        flags=tuple(word(cleaned(f)) for f in flags),
        # The sentence of the claim checker names its reasons; only what it leaves out is listed.
        reasons=tuple(
            w for w in (word(cleaned(r)) for r in v.reasons) if w.text not in clean(_sentence(v))
        ),
        projected=tuple(_projections(redact.json(v.projected), id_)),
        parts=parts,
        arm=of or (parts[0].arm if parts else ""),
        against=against or (parts[0].against if parts else ""),
        read_as=clean(v.read_as),
        brief=brief_of(
            v.status,
            arm,
            readings,
            parts,
            clean(_told(v)),
            clean(word(v.reasons[0]).text) if v.reasons else "",
            unasked=any(flag.code == "turns_not_asked" for flag in v.flags),
        ),
        measured=measured_of(readings, parts),
        claimed=claimed_of(readings, parts),
    )


def _of_the_whole(v: Verdict) -> list[Reason]:
    """Return the flags of the verdict; that prices were not sampled is said at the reading of list
    prices, unless it decides.
    """
    if v.headline is None or v.headline.endswith("list_price"):
        return list(v.flags)
    return [flag for flag in v.flags if flag.code != "no_sampling_error"]


COMPOUND = {
    "supported": "Every part of it holds.",
    "refuted": "At least one part of it does not hold.",
    "inconclusive": "Not every part of it is decided.",
    "not_comparable": "At least one part of it cannot be compared.",
}


def _sentence(v: Verdict) -> str:
    """The claim checker's sentence without the status, which stands beside it; a compound's parts
    speak below.
    """
    return (f"Read as: {v.read_as}. " if v.read_as else "") + _told(v)


def _told(v: Verdict) -> str:
    """The same without how the claim was read."""
    if v.parts:
        said = COMPOUND[v.status]
        said = f"{said.removesuffix('.')} ({v.qualifier})." if v.qualifier else said
        return said + declared_text(v.claim, v.flags)
    text = v.sentence or "; ".join(word(r).text for r in v.reasons) or STATUS[v.status]
    text = text.removeprefix(f"{STATUS[v.status]}: ")
    names_an_arm = text.startswith((*v.claim.treatments, *v.claim.baselines))
    end = "" if text.endswith((".", ")")) else "."
    return (text if names_an_arm else text[:1].upper() + text[1:]) + end


def _claim_words(claim: Claim) -> str:
    scope = f"task {claim.task}" if claim.task else "all tasks"
    if claim.slice:
        field, value = claim.slice
        scope += f", each {field}" if value == "*" else f", {field} = {value}"
    sides = ", ".join(claim.treatments) or ("?" if claim.baselines else "")
    if claim.baselines:
        sides += f" against {', '.join(claim.baselines)}"
    metric = {"usd": "dollars"}.get(claim.metric, claim.metric.replace("_", " "))
    return " \u00b7 ".join(one for one in (sides, metric, scope) if one)


def unit_of(claim: Claim, reading: Reading) -> str:
    """Return the unit of a reading's estimate: points for differences, share of the baseline for
    ratios, else the metric's.
    """
    if claim.parts and claim.kind == "class_level":
        return unit_of(claim.parts[0], reading)
    if claim.kind == "cost":
        return "usd" if claim.relation in ABSOLUTE | BILLS else "of_baseline"
    if claim.kind == "latency":
        return "seconds" if claim.relation in ABSOLUTE else "of_baseline"
    if claim.relation in ABSOLUTE:
        return "percent"
    ratio = claim.relation == "times_more" or reading.name.rpartition(": ")[2] in RATIO_READINGS
    return "of_baseline" if ratio else "points"


def _reading(v: Verdict, r: Reading, redact: Redactor, id_: str) -> ReadingView:
    unit, e = unit_of(v.claim, r), r.estimate
    estimate = None
    if e is not None:
        note = "" if e.low is not None else (e.why_no_interval or "").replace("_", " ")
        estimate = figure(
            f"{id_}.estimate",
            e.value,
            unit,
            low=e.low,
            high=e.high,
            note=visible(note),
            unknown="does not exist",
        )

    # What already stands at the verdict, or in the sentence of a reading that cannot be formed, is
    # not said again.
    said = {*v.flags, *v.reasons, *(x for x in r.reasons if x.code == "not_formed")}

    def small(name: str, value: float | None, as_unit: str) -> Figure | None:
        return None if value is None else figure(f"{id_}.{name}", value, as_unit)

    # A window has two ends, which only the sentence of the claim checker holds.
    threshold = (
        None if r.direction in {"within", "outside"} else small("threshold", r.threshold, unit)
    )
    effect = effect_of(v.claim, r, unit, id_)
    band = () if effect is None or effect.band is None else effect.band
    return ReadingView(
        name=visible(reading_name(r.name, turned=is_turned(inner_of(v.claim)))),
        status=r.status,
        status_text=STATUS[r.status] + (" (impossible)" if r.infeasible else ""),
        sentence=visible(redact.mask(r.sentence)),
        estimate=estimate,
        threshold=threshold,
        direction=r.direction or "",
        needs=_needs(r, threshold, redact),
        change=_change(e.value) if e is not None and unit == "of_baseline" else "",
        method=visible(e.method) if e else "",
        level=f"{100 * e.level:.4g}%" if e else "",
        n=small("n", e.n if e else None, "count"),
        n_clusters=small("n_clusters", e.n_clusters if e else None, "count"),
        n_eff=small("n_eff", e.n_eff if e else None, "plain"),
        p=small("p", r.p, "p"),
        p_holm=small("p_holm", r.p_holm, "p"),
        delta_star=small("delta_star", r.delta_star, "points" if unit == "points" else "plain"),
        settle=settle_sentence(r),
        settle_n=_pair(id_, "n_more", r.n_more, "count"),
        settle_usd=_pair(id_, "dollars_more", r.dollars_more, "usd"),
        settle_hours=_pair(id_, "hours_more", r.hours_more, "hours"),
        flip_points=tuple(
            figure(f"{id_}.flip.{k}", float(x), _flip_unit(k))
            for k, x in sorted(r.flip_points.items())
        ),
        sensitivity=tuple(
            Fact(visible(k.replace("_", " ")), STATUS.get(s, visible(str(s))))
            for k, s in r.sensitivity.items()
        ),
        price_ids=tuple(visible(x) for x in r.price_ids),
        reasons=tuple(
            word(Reason(x.code, visible(redact.mask(x.detail)))) for x in r.reasons if x not in said
        ),
        headline=v.headline == r.name,
        second_opinion=visible(redact.mask(_second_opinion(r))),
        effect=effect.figure if effect else None,
        said=visible(redact.mask(effect.phrase)) if effect else "",
        short=visible(effect.short) if effect else "",
        between=effect.interval if effect else "",
        claimed=visible(effect.claimed) if effect else "",
        quoted=small("quoted", effect.quoted, unit) if effect else None,
        band=tuple(
            figure(f"{id_}.band.{end}", x, unit)
            for end, x in zip(("low", "high"), band, strict=False)
        ),
    )


def _flip_unit(name: str) -> str:
    """Return the unit of a flip point."""
    if name.endswith("_usd"):
        return "usd"
    return "percent" if name == "utilisation" or name.endswith("_share") else "ratio"


def _second_opinion(r: Reading) -> str:
    return "" if r.second_opinion is None else second_opinion_text(r.second_opinion)


def reading_name(name: str, *, turned: bool = False) -> str:
    """Return a reading in words; in a class-level claim the arm stands before it. ``turned``: the
    claim says less of its arm, and is judged the other way round.
    """
    arm, colon, own = name.rpartition(": ")
    if turned and own == "more":
        return f"{arm}{colon}less accurate at all"
    return arm + colon + MEANS.get(own, OWN_NAMES.get(own, own.replace("_", " ")))


def _change(factor: float | None) -> str:
    """A factor in the words of claims: 0.12 -> 88.0% less."""
    if factor is None or factor <= 0 or factor == 1:
        return ""
    if factor > 3:
        return f"{FORMATS['ratio'](factor)} as much"
    return f"{percent(abs(factor - 1))} {'less' if factor < 1 else 'more'}"


def _needs(r: Reading, threshold: Figure | None, redact: Redactor) -> str:
    """What the claim asks of the reading, in words."""
    if threshold is not None:
        return f"{DIRECTION.get(r.direction or '', '')} {threshold.text}".strip()
    found = (
        re.search(r"needed: ([^;]+?)(?:: impossible|\.$|;|\(|$)", r.sentence)
        if r.direction in {"within", "outside"}
        else None
    )
    return visible(redact.mask(found.group(1).strip())) if found else ""


def _pair(id_: str, name: str, pair: tuple[float, float] | None, unit: str) -> tuple[Figure, ...]:
    if pair is None:
        return ()
    return tuple(
        figure(f"{id_}.{name}.{end}", x, unit, unknown="no end")
        for end, x in zip(("low", "high"), pair, strict=True)
    )


def settle_sentence(r: Reading) -> str:
    """Say what would settle an inconclusive reading, in samples, dollars and hours; empty where
    nothing is known.
    """
    if r.status != "inconclusive" or r.n_more is None:
        return ""
    expected, bad = r.n_more
    if expected == math.inf:
        return "It may never resolve: the estimate sits on the threshold."
    if expected <= 0:
        return ""  # the interval would decide; the reasons say what forbids it
    text = f"To settle it: about {count(expected)} more samples per arm"
    to = settling(r)
    if to == "least":
        text = f"For any verdict: at least about {count(expected)} more samples per arm"
    elif to == "against":
        text = f"To settle it, against the claim: about {count(expected)} more samples per arm"
    if to != "least" and bad == math.inf:
        text += " if the estimate is right; in the bad case it never resolves"
    elif to != "least" and bad > expected:
        text += f" if the estimate is right, {count(bad)} in the bad case"
    extra = []
    if r.dollars_more:
        extra.append(f"{_span(*r.dollars_more, usd)}")
    if r.hours_more:
        extra.append(f"{_span(*r.hours_more, hours)}")
    return text + (f" ({', '.join(extra)})" if extra else "") + "."


def _span(low: float, high: float, show: Callable[[float], str]) -> str:
    if high == math.inf:
        return f"from {show(low)}"
    one, two = show(low), show(high)
    return one if one == two else f"{one} to {two}"


def _projections(value: Json, id_: str) -> Iterator[ProjectionView]:
    """What the claim checker projected for arms that were not run, one line for each pair;
    ``value`` is masked.
    """
    if not isinstance(value, Mapping):
        return
    for i, pair in enumerate(value.get("pairs") or [value]):
        if not isinstance(pair, Mapping) or not isinstance(pair.get("ratio"), int | float):
            continue
        yield ProjectionView(
            treatment=visible(str(pair.get("treatment", ""))),
            baseline=visible(str(pair.get("baseline", ""))),
            ratio=figure(
                f"{id_}.projected{i + 1}",
                pair["ratio"],
                "ratio",
                low=pair.get("low"),
                high=pair.get("high"),
            ),
            assumes=visible(str(pair.get("assumes", ""))),
            price_ids=tuple(visible(str(x)) for x in pair.get("price_ids", ())),
        )
