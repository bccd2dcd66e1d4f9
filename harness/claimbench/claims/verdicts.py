"""Claims + both tables -> verdicts. Pure: no I/O, no clock; the comparability gate comes before
every comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import numpy as np

from claimbench.claims import gate
from claimbench.claims.beside.adoption import adoption_finding, adoption_sentence
from claimbench.claims.beside.asked import KIND as ADOPTION
from claimbench.claims.beside.asked import ask_of
from claimbench.claims.combine import P_SLACK, all_of, any_of, combine, holm_steps
from claimbench.claims.facts import egress
from claimbench.claims.fields import MIRRORED
from claimbench.claims.findings import leaf_finding
from claimbench.claims.language.say import read_as
from claimbench.claims.parse import explain_text, parse_claim, parse_claims
from claimbench.claims.turns.tables import pairs_of_turns, viewed
from claimbench.claims.types import ClaimContext, Finding, HostRate, Leaf, ListPrice
from claimbench.claims.wordings.tables import over_all
from claimbench.claims.words import declared_text, verdict_sentence
from claimbench.plan.judge_affinity import judges_like, kinds_of_judges
from claimbench.plan.variants import longest_answer
from claimbench.privacy.egress import is_here
from claimbench.scorers.quality import is_share, quality_name
from claimbench.stats import sequential
from claimbench.suite.adoption.kept import adoption_of
from claimbench.tables.types import BoolArray, CallRows, CallTable, ItemTable
from claimbench.types import (
    PAIRWISE,
    Arm,
    Claim,
    Json,
    Manifest,
    Reading,
    Reason,
    Session,
    Suite,
    Task,
    Verdict,
    reason_codes,
)

__all__ = [
    "ClaimContext",
    "HostRate",
    "ListPrice",
    "context_of",
    "decide_claims",
    "explain_text",
    "parse_claim",
    "parse_claims",
]


def decide_claims(
    claims: Sequence[Claim], items: ItemTable, calls: CallTable, context: ClaimContext | None = None
) -> tuple[Verdict, ...]:
    """Decide every claim of a report.

    Args:
        claims: parsed claims; those declared before the run form the Holm family of their headline
            readings; where all were declared after, they all do.
        items: one row per task and sample.
        calls: one row per finished call.
        context: comparability profiles, prices, clock errors, the look at which the run stopped;
            see ClaimContext.

    Returns:
        One verdict per claim, in order. A claim is decided only if its Holm-adjusted p is at most
        its alpha.
    """
    ctx = context or ClaimContext()
    findings = [
        _ClaimDecider(items, calls, ctx, _level(claim, ctx)).finding(claim) for claim in claims
    ]
    ps = [_family_p(claim, finding, ctx) for claim, finding in zip(claims, findings, strict=True)]
    places = _holm_places(claims, ps)
    verdicts: list[Verdict] = []
    for i, (claim, finding) in enumerate(zip(claims, findings, strict=True)):
        place = places.get(i)
        if place is not None and ctx.look is None:
            finding = _at_level_of(claim, finding, place, items, calls, ctx)
        verdicts.append(_verdict(claim, finding, place, items, calls, ctx))
    return tuple(verdicts)


@dataclass(frozen=True)
class _Place:
    """A claim's place in Holm's family: its adjusted p, by how much its level is divided, and how
    many different questions the family asks.
    """

    p: float
    divisor: float
    questions: int


def _holm_places(claims: Sequence[Claim], ps: Sequence[float | None]) -> dict[int, _Place]:
    """Place every claim of the family: those declared before, with a p, each question once. Where
    all were declared after, they are the family.

    The levels are those of :func:`claimbench.claims.combine.holm_steps`.
    """
    counted = "before" if any(claim.declared == "before" for claim in claims) else "after"
    asked: dict[Claim, list[int]] = {}
    for i, claim in enumerate(claims):
        if claim.declared == counted and ps[i] is not None:
            asked.setdefault(question_of(claim), []).append(i)
    if not asked:
        return {}
    members = list(asked.values())
    raw = [max(ps[i] or 0.0 for i in same) for same in members]
    alphas = [min(claims[i].alpha for i in same) for same in members]
    places: dict[int, _Place] = {}
    for same, (adjusted, divisor) in zip(members, holm_steps(raw, alphas), strict=True):
        for i in same:
            places[i] = _Place(adjusted, divisor, len(members))
    return places


def question_of(claim: Claim) -> Claim:
    """Return a claim without what leaves its question alone: the same asked twice counts once."""
    parts = tuple(question_of(part) for part in claim.parts)
    return replace(claim, id="", text="", source=None, note=None, parts=parts)


def _at_level_of(
    claim: Claim,
    finding: Finding,
    place: _Place,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
) -> Finding:
    """Show a claim at the level that Holm decides it at, so that what is shown is what decided."""
    if place.divisor <= 1 or finding.status not in {"supported", "refuted"}:
        return finding
    alpha = claim.alpha / place.divisor
    shown = _ClaimDecider(items, calls, ctx, alpha).finding(claim)
    if shown.status == "inconclusive":
        why = _multiplicity(claim, place)
        return replace(shown, reasons=(*shown.reasons, why))
    return shown


def _multiplicity(claim: Claim, place: _Place) -> Reason:
    level, needed = 1 - claim.alpha, 1 - claim.alpha / place.divisor
    return Reason(
        "multiplicity",
        f"decided at {100 * level:.4g}%, not at the {100 * needed:.4g}% that"
        f" {place.questions} claims need",
    )


def claim_findings(
    claims: Sequence[Claim], items: ItemTable, calls: CallTable, context: ClaimContext, alpha: float
) -> list[Finding]:
    """Decide each claim alone at level ``1 - alpha``, before Holm over the report.

    Interim looks use this.
    """
    return [_ClaimDecider(items, calls, context, alpha).finding(claim) for claim in claims]


def context_of(
    suite: Suite,
    manifest: Manifest,
    sessions: Sequence[Session],
    calls: CallTable,
    *,
    list_prices: Mapping[str, ListPrice] | None = None,
    projections: Mapping[str, Mapping[str, Json]] | None = None,
    instrument_error_s: Mapping[str, float] | None = None,
) -> ClaimContext:
    """Assemble the judge's context from what a run left; prices, projections and calibration come
    from their owners.
    """
    profiles = {}
    for arm in suite.arms:
        rows = calls.arms.get(arm.name)
        used = set(rows.session.tolist()) if rows is not None else set()
        profiles[arm.name] = gate.arm_profile(
            suite, manifest, arm, [s for s in sessions if s.n in used]
        )
    lags = [s.loop_lag_ms["p99"] for s in sessions if "p99" in s.loop_lag_ms]
    pairs = {t.name for t in suite.tasks if t.scorers and t.scorers[0].name == PAIRWISE}
    judged = {t.name for t in suite.tasks if t.judged_by is not None} - pairs
    calm = {a.name for a in suite.arms if a.params.temperature == 0 and a.device is not None}
    return ClaimContext(
        profiles=profiles,
        adoption=adoption_of(suite),
        judged_on=manifest.created_utc[:10],
        allow=frozenset(suite.allow),
        arms_not_run=manifest.arms_not_run,
        list_prices=list_prices or {},
        max_tokens={
            task.name: longest_answer(task, suite.arms)
            for task in suite.tasks
            if not _imported(task)
        },
        hosts=_hosts(suite),
        projections=projections or {},
        instrument_error_s=instrument_error_s or {},
        loop_lag_p99_s=max(lags) / 1000 if lags else None,
        judged_tasks=frozenset(judged),
        mirrored_tasks=_mirrored(suite),
        trust_judge="judge_uncorrected" in suite.allow,
        qualities={
            task.name: name for task in suite.tasks if not is_share(name := quality_name(task))
        },
        judges_like=judges_like(suite),
        judge_kinds=kinds_of_judges(suite.judges),
        headline_pairs=frozenset(pairs),
        concurrency={a.name: suite.load.concurrency or a.concurrency for a in suite.arms},
        devices={a.name: a.device for a in suite.arms},
        loopback=frozenset(a.name for a in suite.arms if _answers_here(a, calls.arms.get(a.name))),
        deterministic=frozenset(calm),
    )


def _mirrored(suite: Suite) -> dict[str, str]:
    """Return task -> the rate that 1 minus its headline score is."""
    metrics = {scorer: metric for metric, scorer in MIRRORED.items()}
    heads = {task.name: task.scorers[0].name for task in suite.tasks if task.scorers}
    return {task: metrics[name] for task, name in heads.items() if name in metrics}


def _imported(task: Task) -> bool:
    """Tell whether another tool asked the task's questions, with a limit of its own."""
    return any(scorer.name == "imported" for scorer in task.scorers)


def _answers_here(arm: Arm, rows: CallRows | None) -> bool:
    """Tell whether an arm runs on this machine: in the process, served by the run, or at a loopback
    address.
    """
    if arm.serve is not None or (rows is not None and "in_process" in rows.stamp_source):
        return True
    url = arm.base_url
    host = urlsplit(url if "://" in url else f"http://{url}").hostname if url else None
    return host is not None and is_here(host)


def _hosts(suite: Suite) -> dict[str, HostRate]:
    """Hourly price and utilisation of arms whose cost is stated as ``host: {usd_per_hour,
    utilisation}``.
    """
    out = {}
    for arm in suite.arms:
        host = arm.cost_model.get("host")
        if (
            isinstance(host, Mapping)
            and host.get("usd_per_hour") is not None
            and host.get("utilisation") is not None
        ):
            out[arm.name] = HostRate(float(host["usd_per_hour"]), float(host["utilisation"]))
    return out


def _level(claim: Claim, ctx: ClaimContext) -> float:
    """Alpha of the displayed interval: the claim's, or the nominal alpha of the look where the run
    stopped, if that is less.
    """
    if ctx.look is None:
        return claim.alpha
    if ctx.look_alpha is not None:
        return min(ctx.look_alpha, claim.alpha)
    bounds = sequential.obf_bounds(ctx.look.looks_planned, claim.alpha)
    return sequential.nominal_alpha(float(bounds[ctx.look.k - 1]))


def _family_p(claim: Claim, finding: Finding, ctx: ClaimContext) -> float | None:
    """The p that stands for a claim in Holm's family; the running minimum of repeated p's after
    early stopping.
    """
    if finding.status == "not_comparable" or finding.p is None:
        return None
    if ctx.look is not None:
        return ctx.look.repeated_p.get(claim.id, finding.p)
    return finding.p


class _ClaimDecider:
    """The recursion over parts, classes, arms and slices, at one level."""

    def __init__(self, items: ItemTable, calls: CallTable, ctx: ClaimContext, alpha: float) -> None:
        self.items = items
        self.calls = calls
        self.ctx = ctx
        self.alpha = alpha

    def finding(self, claim: Claim) -> Finding:
        """Decide a claim of any kind, before Holm over the report."""
        if claim.metric == egress.METRIC:
            parts = {name: one.who_saw() for name, one in self.ctx.routes.items()}
            status, reasons = egress.decided(claim, self.ctx.egress, parts)
            return Finding(status, None, reasons=reasons)
        if claim.kind == "not_measurable":
            return Finding(
                "not_comparable",
                None,
                reasons=(Reason("not_a_model_measurement", f"{claim.note}"),),
            )
        if claim.kind == ADOPTION and self.ctx.adoption is not None:
            asked, on = ask_of(claim), self.ctx.judged_on
            return adoption_finding(asked, self.ctx.adoption, on, self.alpha)
        if claim.kind == "compound":
            return all_of([replace(self.finding(p), title=p.id) for p in claim.parts], self.alpha)
        if claim.kind == "class_level":
            each = [
                self.finding(replace(claim.parts[0], treatments=(arm,))) for arm in claim.treatments
            ]
            named = [replace(o, title=arm) for arm, o in zip(claim.treatments, each, strict=True)]
            return (
                any_of(named, self.alpha)
                if named
                else Finding("not_comparable", None, reasons=(Reason("arm_not_measured"),))
            )
        if not claim.treatments:
            return Finding(
                "not_comparable",
                None,
                reasons=(Reason("arm_not_measured", "the suite has no such arm"),),
            )
        pairs = pairs_of_turns(claim)
        if len(pairs) > 1:
            each = [replace(self.finding(one), title=name) for name, one in pairs.items()]
            return all_of(each, self.alpha)
        apart = viewed(claim, self.items, self.calls, self.ctx)
        other = apart or over_all(claim, self.items, self.calls, self.ctx)
        if other is not None:
            inner = _ClaimDecider(other.items, other.calls, other.context, self.alpha)
            found = inner.finding(claim)
            return replace(found, flags=(other.note, *found.flags))
        return combine(
            claim, lambda: self._slices(claim), self._mask(claim), self._leaf, self.alpha
        )

    def _leaf(self, leaf: Leaf) -> Finding:
        return leaf_finding(leaf, self.items, self.calls, self.ctx, self.alpha)

    def _mask(self, claim: Claim) -> BoolArray:
        mask = np.ones(len(self.items.items), dtype=np.bool_)
        if claim.task is not None:
            mask &= self.items.task == claim.task
        if claim.slice is not None and claim.slice[1] != "*":
            column = self.items.slices.get(claim.slice[0])
            mask &= column == claim.slice[1] if column is not None else False
        return mask & self._asked(claim)

    def _asked(self, claim: Claim) -> BoolArray:
        """Mark the items whose score is what the claim speaks of: an attack success rate has tasks
        of its own, which no claim about accuracy means that does not name them.
        """
        own = {task for task, metric in self.ctx.mirrored_tasks.items() if metric == claim.metric}
        if claim.metric in MIRRORED:
            return np.isin(self.items.task, sorted(own))
        if claim.kind != "accuracy" or claim.task is not None:
            return np.ones(len(self.items.items), dtype=np.bool_)
        return ~np.isin(self.items.task, sorted(self.ctx.mirrored_tasks))

    def _has_tasks(self, claim: Claim) -> bool:
        return claim.task is None and len(np.unique(self.items.task[self._asked(claim)])) > 1

    def _slices(self, claim: Claim) -> list[tuple[str, BoolArray]]:
        """The declared workloads that "up to" and "sometimes" range over: one column, else tasks,
        else all columns.
        """
        if claim.slice is not None:
            columns = [claim.slice[0]]
        elif claim.modifier in {"every", "count"} or self._has_tasks(claim):
            asked = np.unique(self.items.task[self._asked(claim)])
            return [(str(t), self.items.task == t) for t in asked]
        else:
            columns = list(self.items.slices)
        out = []
        for name in columns:
            values = self.items.slices.get(name)
            if values is not None:
                out += [(f"{name}={v}", values == v) for v in np.unique(values) if v]
        return out


def _verdict(
    claim: Claim,
    finding: Finding,
    place: _Place | None,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
) -> Verdict:
    decided = finding.status in {"supported", "refuted"}
    p_holm = None if place is None else place.p
    if decided and place is not None and place.p > claim.alpha + P_SLACK:
        many = place.questions > 1
        why = _multiplicity(claim, place) if many else Reason("not_at_its_level")
        finding = replace(finding, status="inconclusive", reasons=(*finding.reasons, why))
    flags = finding.flags
    if claim.declared == "after":
        flags = (*flags, Reason("declared_after", ctx.claims_before))
    if ctx.look is not None:
        flags = (*flags, Reason("stopped_at_look", f"{ctx.look.k} of {ctx.look.looks_planned}"))
    readings = tuple(_with_holm(r, finding, p_holm) for r in finding.readings)
    finding = replace(finding, readings=readings, flags=flags)
    parts: tuple[Verdict, ...] = ()
    if claim.kind == "compound":
        shown = _part_findings(claim, finding, place, items, calls, ctx)
        parts = tuple(
            _verdict(part, found, None, items, calls, ctx)
            for part, found in zip(claim.parts, shown, strict=True)
        )
    absent = "arm_not_measured" in reason_codes(finding.reasons)
    projected = ctx.projections.get(claim.id, {}) if absent else {}
    if parts:
        sentence = _compound_sentence(claim, finding, parts)
    elif claim.metric == egress.METRIC:
        sentence = egress.sentence(claim, finding.status, finding.reasons)
    elif claim.kind == ADOPTION:
        sentence = adoption_sentence(finding)
    else:
        sentence = verdict_sentence(claim, finding)
    window = finding.window if finding.status in {"supported", "refuted"} else ""
    return Verdict(
        claim,
        finding.status,
        finding.headline,
        "; ".join(said for said in (finding.qualifier, window) if said),
        readings,
        flags,
        finding.reasons,
        sentence,
        projected,
        parts,
        read_as(claim),
    )


def _part_findings(
    claim: Claim,
    whole: Finding,
    place: _Place | None,
    items: ItemTable,
    calls: CallTable,
    ctx: ClaimContext,
) -> list[Finding]:
    """Find a compound's parts at the level that decided the whole: a part that is decided only at
    the level of a claim alone is not, and says so.
    """
    level = _level(claim, ctx)
    found = [_ClaimDecider(items, calls, ctx, level).finding(part) for part in claim.parts]
    if place is None:
        return found
    if place.divisor > 1 and ctx.look is None:
        strict = _ClaimDecider(items, calls, ctx, claim.alpha / place.divisor)
        why = _multiplicity(claim, place)
        for i, part in enumerate(claim.parts):
            if found[i].status not in {"supported", "refuted"}:
                continue
            found[i] = strict.finding(part)
            if found[i].status == "inconclusive":
                found[i] = replace(found[i], reasons=(*found[i].reasons, why))
    if whole.status == "inconclusive" and all(one.status == "supported" for one in found):
        weakest = max(range(len(found)), key=lambda i: found[i].p or 0.0)
        found[weakest] = replace(
            found[weakest], status="inconclusive", reasons=tuple(whole.reasons[-1:])
        )
    return found


def _with_holm(reading: Reading, finding: Finding, p_holm: float | None) -> Reading:
    """Holm's p belongs to the claim; it is shown on the reading that decides."""
    return replace(reading, p_holm=p_holm) if reading.name == finding.headline else reading


def _compound_sentence(claim: Claim, finding: Finding, parts: Sequence[Verdict]) -> str:
    words = {
        "supported": "all parts hold",
        "refuted": "one part does not hold",
        "inconclusive": "not every part is decided",
        "not_comparable": "a part cannot be compared",
    }
    lead = {"not_comparable": "Not comparable"}.get(finding.status, finding.status.capitalize())
    after = declared_text(claim, finding.flags)
    said = [part.sentence.removesuffix(after) for part in parts]
    which = ""
    if finding.status == "inconclusive":
        open_ = [str(i + 1) for i, part in enumerate(parts) if part.status == "inconclusive"]
        which = f" (undecided: part {' and '.join(open_)} of {len(parts)})" if open_ else ""
        alone = [str(i + 1) for i, part in enumerate(parts) if part.status == "refuted"]
        if alone:
            words["inconclusive"] = "a part is refuted alone, and not once all parts are counted"
            which = f" (Holm: part {' and '.join(alone)} of {len(parts)})"
    return f"{lead}: {words[finding.status]}{which}. " + " ".join(said) + after
