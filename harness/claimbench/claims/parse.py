"""A claim as a vendor or a newspaper wrote it -> :class:`~claimbench.types.Claim`.

Fields of a parsed claim:

* ``kind``: accuracy, cost, latency; compound (``parts`` all must hold); class_level (some treatment
  against every baseline, ``parts[0]`` is the claim about one of them); not_measurable (``note``
  says what evidence is needed).
* ``relation``: accuracy: more, more_by, times_more, as, caught_up, at_least; cost and latency:
  less, less_by, times_less, as, at_most.
* ``threshold``: 0.9 for 90%, 10 for 10x, dollars per 1,000 requests or seconds for at_most, a share
  for at_least.
* ``quoted_precision``: half a unit of its last digit, on the same scale ("90%" -> 0.005): the
  rounded number decides.
* ``metric``: accuracy, usd, and for latency ttft, tpot, e2e or latency (each is a reading).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from claimbench.claims import grammar, names
from claimbench.claims.fields import (
    ALIASES,
    READINGS,
    RELATIONS,
    Declared,
    Population,
    bare_claim,
    named_arms,
    stated_fields,
    states_predicate,
)
from claimbench.claims.grammar import Predicate
from claimbench.claims.names import Mention, nearest
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec, Suite, Task

NEEDS_NUMBER = frozenset({"more_by", "times_more", "less_by", "times_less"})


def parse_claims(suite: Suite, *, declared: Declared = "before") -> tuple[Claim, ...]:
    """Parse every claim of a suite. Errors name the suite's file and line."""
    return tuple(
        parse_claim(
            spec,
            suite.arms,
            suite.tasks,
            margin=suite.margin,
            alpha=suite.alpha,
            population=suite.population,
            declared=declared,
            path=suite.path,
        )
        for spec in suite.claims
    )


def explain_text(text: str, suite: Suite | None = None) -> Claim:
    """Parse a bare sentence, as ``bench claims explain`` does; without a suite the arms keep the
    sentence's words.
    """
    spec = ClaimSpec(id="claim", text=text, source=None, raw={})
    if suite is None:
        return parse_claim(spec, (), ())
    return parse_claim(
        spec,
        suite.arms,
        suite.tasks,
        margin=suite.margin,
        alpha=suite.alpha,
        population=suite.population,
    )


def parse_claim(
    spec: ClaimSpec,
    arms: Sequence[Arm],
    tasks: Sequence[Task],
    *,
    margin: float = 0.03,
    alpha: float = 0.05,
    population: Population = "super",
    declared: Declared = "before",
    path: str = "",
) -> Claim:
    """Read one claim.

    Args:
        spec: text and structured fields (``raw``: arm, than, task, kind, metric, relation,
            threshold, quantile, reading, margin, slice, modifier); a structured field overrides
            what the text says.
        arms: the suite's arms; empty = explain only: unknown names are kept as written.
        tasks: the suite's tasks, for ``task:`` and slices.
        margin: the suite's margin.
        alpha: the suite's alpha.
        population: the suite's population.
        declared: whether the claim was frozen before the data were seen.
        path: the suite's file, for errors.

    Raises:
        ClaimError: the text cannot be read (lists what can), or names an unknown arm, task, metric,
            reading or slice (names the nearest).
    """
    try:
        base = bare_claim(spec, tasks, margin, alpha, population, declared)
        text = grammar.normalise(spec.text)
        if not states_predicate(spec.raw):
            evidence = grammar.evidence_elsewhere(text)
            if evidence is not None:
                return replace(
                    base,
                    kind="not_measurable",
                    relation="none",
                    metric="none",
                    note=f"needed: {evidence}",
                )
        masked, mentions = names.mask(text, arms)
        predicates = _predicates(spec, masked)
        return _assemble(base, spec, predicates, masked, mentions, arms)
    except ClaimError as error:
        where = ""
        if spec.line:
            where = f"{path}:{spec.line}: " if path else f"line {spec.line}: "
        raise ClaimError(f"{where}claim {spec.id!r}: {error.message}", hint=error.hint) from None


def _predicates(spec: ClaimSpec, masked: str) -> list[Predicate]:
    """Find what the text says, with the structured fields laid over it."""
    found = grammar.find_predicates(masked)
    _refuse_unreadable(masked, found)
    override = stated_fields(spec.raw)
    if not override:
        if not found:
            raise ClaimError(
                f"cannot read {spec.text!r}", hint="What can be understood:\n" + grammar.UNDERSTOOD
            )
        return found
    if len(found) > 1 and not {"kind", "relation"} <= set(override):
        if set(override) <= {"quantile"}:
            return [replace(p, **override) if p.kind == "latency" else p for p in found]
        raise ClaimError(
            "a structured field cannot say which part of a compound claim it means",
            hint="write the parts as claims of their own, or give kind and relation",
        )
    start = found[0] if len(found) == 1 else Predicate(0, 0, "", "")
    if "kind" in override and override["kind"] != start.kind:
        start = Predicate(start.start, start.end, "", "")
    made = replace(start, **override)
    if made.kind not in RELATIONS or made.relation not in RELATIONS[made.kind]:
        known = RELATIONS.get(made.kind, tuple(ALIASES))
        seen = made.relation or "no relation"
        raise ClaimError(
            f"{made.kind or 'the claim'}: {seen} is no relation{nearest(made.relation, known)}",
            hint="give `kind:` and `relation:`, or a text that says them",
        )
    return [made]


def _refuse_unreadable(masked: str, found: Sequence[Predicate]) -> None:
    if re.search(r"\b\d+(?:\.\d+)? ?%? ?(?:-|to) ?\d+(?:\.\d+)? ?(?:%|x\b|times)", masked):
        raise ClaimError(
            "a range is two numbers",
            hint='state the one to be judged, such as "at least 90% cheaper"',
        )
    for predicate in found:
        if re.search(
            r"\b(?:not|isn't|aren't|never|neither|nor|no longer|hardly)(?: \w+)? $",
            masked[: predicate.start],
        ):
            raise ClaimError(
                "negated claims are not read",
                hint="state what is said positively, and read `refuted`",
            )
        if (
            predicate.swap
            and predicate.number is None
            and re.search(r"\d ?(?:%|x|times) $", masked[: predicate.start])
        ):
            raise ClaimError(
                '"more expensive", "slower" and "less accurate" are read without a number',
                hint="turn it round: name the cheaper, faster or more accurate arm first",
            )


def _assemble(
    base: Claim,
    spec: ClaimSpec,
    predicates: Sequence[Predicate],
    masked: str,
    mentions: Sequence[Mention],
    arms: Sequence[Arm],
) -> Claim:
    sides = [_sides(p, i, predicates, masked, mentions) for i, p in enumerate(predicates)]
    known = {a.name for a in arms}
    given = {key: named_arms(spec.raw.get(key), known, key) for key in ("arm", "than")}
    shared = next((b for _, b in sides if b), ())
    parts = []
    for i, predicate in enumerate(predicates):
        treatments, baselines = sides[i]
        baselines = baselines or (
            shared if predicate.relation not in {"at_most", "at_least"} else ()
        )
        if predicate.swap:
            treatments, baselines = baselines, treatments
        treated = given["arm"] or _flatten(treatments)
        against = given["than"] or _flatten(baselines)
        ours, theirs = _fill(predicate, treated, against, masked, predicates[0], arms)
        whole = base
        if len(predicates) > 1:
            whole = replace(
                base, id=f"{base.id}.{i + 1}", text=masked[predicate.start : predicate.end]
            )
        part = _one(whole, predicate, ours, theirs)
        some_of_class = any(m.group for m in treatments) and len(ours) > 0
        parts.append(_class_level(part) if some_of_class else part)
    if len(parts) == 1:
        return parts[0]
    everyone = tuple(dict.fromkeys(t for p in parts for t in p.treatments))
    rivals = tuple(dict.fromkeys(b for p in parts for b in p.baselines))
    return replace(
        base,
        kind="compound",
        metric="several",
        relation="all",
        treatments=everyone,
        baselines=rivals,
        parts=tuple(parts),
    )


def _class_level(part: Claim) -> Claim:
    return replace(
        part,
        kind="class_level",
        relation="some_of_class",
        parts=(replace(part, id=f"{part.id}.each"),),
    )


def _one(
    base: Claim, predicate: Predicate, ours: tuple[str, ...], theirs: tuple[str, ...]
) -> Claim:
    metric = (
        predicate.metric
        or {"accuracy": "accuracy", "cost": "usd", "latency": "latency"}[predicate.kind]
    )
    reading = predicate.reading
    if reading is not None and reading not in READINGS[predicate.kind]:
        raise ClaimError(f"unknown reading {reading!r}{nearest(reading, READINGS[predicate.kind])}")
    if predicate.relation in NEEDS_NUMBER and predicate.number is None:
        raise ClaimError(
            f"relation {predicate.relation!r} needs a number", hint="add `threshold:`, 0.9 for 90%"
        )
    if predicate.relation in {"times_less", "times_more"} and (predicate.number or 0) <= 1:
        raise ClaimError(
            "a factor must be above 1", hint='"10x cheaper" means a tenth of the dollars'
        )
    if predicate.kind == "cost" and predicate.relation == "less_by" and (predicate.number or 0) > 1:
        raise ClaimError("more than 100% cheaper would be a negative price")
    quantile = base.quantile or predicate.quantile
    if quantile is None and predicate.kind == "latency":
        quantile = 0.95 if predicate.relation == "at_most" else 0.5
    absolute = predicate.relation in {"at_most", "at_least"}
    return replace(
        base,
        kind=predicate.kind,
        metric=metric,
        relation=predicate.relation,
        threshold=predicate.number,
        quoted_precision=0.0 if absolute and predicate.number is not None else predicate.precision,
        modifier=base.modifier or predicate.modifier,
        quantile=quantile,
        reading=reading,
        treatments=ours,
        baselines=() if absolute else theirs,
    )


def _sides(
    predicate: Predicate,
    i: int,
    predicates: Sequence[Predicate],
    masked: str,
    mentions: Sequence[Mention],
) -> tuple[tuple[Mention, ...], tuple[Mention, ...]]:
    """(subjects, objects) of one predicate: subjects stand before the first predicate, objects
    after this one.
    """
    first = predicates[0].start
    end = predicates[i + 1].start if i + 1 < len(predicates) else len(masked)
    compared = r"(?:compared (?:with|to)|versus|vs\.?|than|against|relative to) (?:the )?$"
    led = tuple(m for m in mentions if m.start < first and re.search(compared, masked[: m.start]))
    subjects = tuple(m for m in mentions if m.start < first and m not in led)
    objects = tuple(m for m in mentions if predicate.end <= m.start < end)
    return subjects, (*led, *objects)


def _flatten(mentions: Sequence[Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for m in mentions for name in m.arms))


def _fill(
    predicate: Predicate,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    masked: str,
    first: Predicate,
    arms: Sequence[Arm],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Complete the two sides, or say what is missing. Never guesses an arm that the sentence names
    otherwise.
    """
    known = [a.name for a in arms]
    absolute = predicate.relation in {"at_most", "at_least"}
    subject = (
        names.unknown_subject(masked, first.start)
        if not (theirs if predicate.swap else ours)
        else None
    )
    lacks_rival = not (ours if predicate.swap else theirs) and not absolute
    rival = names.unknown_object(masked, first.start, first.end) if lacks_rival else None
    if not arms:  # explain only: the sentence's own words stand for the arms
        said, against = (
            ours or (subject or "the model",),
            () if absolute else theirs or (rival or "its rival",),
        )
        return (against, said) if predicate.swap else (said, against)
    for name in (subject, rival):
        if name is not None:
            raise ClaimError(
                f"no arm is called {name!r}{nearest(name, known)}",
                hint="use the arm's name in the text, or set `arm:` and `than:`",
            )
    rest = tuple(n for n in known if n not in ours + theirs)
    if not ours:
        if len(rest) != 1:
            raise ClaimError(
                "which arm is it about?",
                hint=f"add `arm:`, one of {', '.join(rest) or 'none is left'}",
            )
        ours, rest = rest, ()
    if not theirs and not absolute:
        if predicate.modifier != "best" and len(rest) != 1:
            raise ClaimError(
                "compared with which arm?",
                hint=f"add `than:`, one of {', '.join(rest) or 'none is left'}",
            )
        theirs = rest
    both = set(ours) & set(theirs)
    if both:
        raise ClaimError(f"arm {sorted(both)[0]!r} is compared with itself")
    return ours, theirs
