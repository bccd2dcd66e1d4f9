"""A claim as a vendor or a newspaper wrote it -> :class:`~claimbench.types.Claim`.

Fields of a parsed claim:

* ``kind``: accuracy, cost, latency, preference; compound (``parts`` all must hold); class_level
  (some treatment against every baseline, ``parts[0]`` is the claim about one of them);
  not_measurable (``note`` says what evidence is needed).
* ``relation``: see ``RELATIONS``; ``share`` and ``error_share`` compare with a share of the rival's
  accuracy or errors, ``near`` asks for a difference of at most the threshold either way.
* ``threshold``: 0.9 for 90%, 10 for 10x, dollars per 1,000 requests or seconds for at_most, a share
  for at_least.
* ``quoted_precision``: the tolerance that the quoted number leaves, on the same scale; 0 for words
  and bounds (:mod:`claimbench.claims.language.meanings.meaning`).
* ``metric``: accuracy, usd and its kinds, and for latency ttft, tpot, e2e or latency (each is a
  reading).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from claimbench.claims.beside.parsing import adoption_claim, evidence_note
from claimbench.claims.facts.egress import egress_claim
from claimbench.claims.fields import (
    ABSOLUTE,
    ALIASES,
    MIRRORED,
    NEEDS_NUMBER,
    RATES,
    READINGS,
    RELATIONS,
    Declared,
    Population,
    bare_claim,
    named_arms,
    once,
    precision_of,
    stated_fields,
    threshold_of,
)
from claimbench.claims.language.names import nearest
from claimbench.claims.language.nearest import UNDERSTOOD
from claimbench.claims.language.sentences import Evidence, Part, read_sentence
from claimbench.claims.other_runs import named_baselines, refuse_times
from claimbench.claims.preference.sentences import preference_claim
from claimbench.claims.turns.sentences import turn_claim
from claimbench.claims.wordings.sentences import wordings_claim
from claimbench.errors import ClaimError
from claimbench.suite.purpose.routes import with_route_arms
from claimbench.types import Arm, Claim, ClaimSpec, Suite, Task
from claimbench.types.routes import ROUTE


def parse_claims(suite: Suite, *, declared: Declared = "before") -> tuple[Claim, ...]:
    """Parse every claim of a suite. Errors name the suite's file and line."""
    return tuple(parse_for(suite, spec, declared=declared) for spec in suite.claims)


def parse_for(suite: Suite, spec: ClaimSpec, *, declared: Declared = "before") -> Claim:
    """Parse one claim by the arms, tasks, margin and level of a suite; see :func:`parse_claim`."""
    adopted = adoption_claim(suite, spec, declared)
    if adopted is not None:
        return adopted
    return parse_claim(
        spec,
        with_route_arms(suite).arms,
        suite.tasks,
        margin=suite.margin,
        alpha=suite.alpha,
        population=suite.population,
        declared=declared,
        path=suite.path,
    )


def explain_text(text: str, suite: Suite | None = None) -> Claim:
    """Parse a bare sentence, as ``bench claims explain`` does; without a suite the arms keep the
    sentence's words.
    """
    spec = ClaimSpec(id="claim", text=text, source=None, raw={})
    if suite is None:
        return parse_claim(spec, (), ())
    adopted = adoption_claim(suite, spec, "before")
    if adopted is not None:
        return adopted
    return parse_claim(
        spec,
        with_route_arms(suite).arms,
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
        ClaimError: words of the text that were not understood (named, with the nearest sentences
            that are), or an unknown arm, task, metric, reading or slice (names the nearest).
    """
    try:
        base = bare_claim(spec, tasks, margin, alpha, population, declared)
        stays = egress_claim(base, spec, arms)
        if stays is not None:
            return stays
        arms = (*arms, *named_baselines(spec, arms))
        part = partial(
            parse_claim, arms=arms, tasks=tasks, margin=margin, alpha=alpha, population=population
        )
        rest = partial(part, declared=declared)
        apart = turn_claim(base, spec, arms, tasks, rest)
        apart = apart or wordings_claim(base, spec, arms, rest)
        if apart is not None:
            return apart
        preferred = preference_claim(
            base, spec, arms, tasks, _fill, partial(part, declared=declared)
        )
        if preferred is not None:
            whole = replace(preferred, text=base.text)
            return whole if whole.parts else _checked(whole)
        found = _said(spec, arms, tasks)
        if isinstance(found, Evidence):
            return replace(
                base,
                kind="not_measurable",
                relation="none",
                metric="none",
                note=evidence_note(spec.text, found.needed),
            )
        return _assemble(base, spec, found, arms, tasks)
    except ClaimError as error:
        place = f"{path}:" if path else "line "
        where = f"{place}{spec.line}: " if spec.line else ""
        raise ClaimError(f"{where}claim {spec.id!r}: {error.message}", hint=error.hint) from None


def _said(
    spec: ClaimSpec, arms: Sequence[Arm], tasks: Sequence[Task]
) -> Sequence[Part | Mapping[str, Any]] | Evidence:
    """What the text says; a mapping of fields where the structure alone says it."""
    if re.search(r"\d{300}", spec.text):
        raise ClaimError("a number of 300 digits or more stands in the text")
    override = stated_fields(spec.raw)
    states_all = {"kind", "relation"} <= set(override)
    free = not arms or spec.raw.get("than") is not None or spec.raw.get("arm") is not None
    try:
        found = read_sentence(spec.text, arms, tasks, free_names=free)
    except ClaimError as error:
        if not states_all and not ("kind" in override and not spec.text.strip()):
            if not spec.text.strip():
                raise ClaimError(
                    "a claim needs a text or kind and relation",
                    hint='for example "20% cheaper than gpt"',
                ) from None
            raise ClaimError(error.message, hint=_hint(error)) from None
        _known_relation(override)
        return [override]
    if isinstance(found, Evidence):
        return [override] if states_all else found
    if len(found) > 1 and set(override) - {"quantile"} and not states_all:
        raise ClaimError(
            "a structured field cannot say which part of a compound claim it means",
            hint="write the parts as claims of their own, or give kind and relation",
        )
    if states_all and (len(found) > 1 or found[0].meaning.kind != override["kind"]):
        _known_relation(override)
        return [override]
    return [_overlaid(part, override) for part in found]


def _hint(error: ClaimError) -> str:
    said = error.hint or ""
    return (
        said
        if "could be understood" in said
        else f"{said}\nWhat can be understood:\n{UNDERSTOOD}".strip()
    )


def _known_relation(override: Mapping[str, Any]) -> None:
    kind, relation = override.get("kind", ""), override.get("relation", "")
    if kind not in RELATIONS or relation not in RELATIONS[kind]:
        known = RELATIONS.get(kind, tuple(ALIASES))
        raise ClaimError(
            f"{kind or 'the claim'}: {relation or 'no relation'} is no relation"
            f"{nearest(relation, known)}",
            hint="give `kind:` and `relation:`, or a text that says them",
        )


def _overlaid(part: Part, override: Mapping[str, Any]) -> Part:
    """Lay structured fields over one part of the text."""
    made = part.meaning
    if "quantile" in override and made.kind != "latency":
        override = {k: v for k, v in override.items() if k != "quantile"}
    if not override:
        return part
    if override.get("kind", made.kind) != made.kind:
        _known_relation(override)
    if "relation" in override and override["relation"] != made.relation:
        made.swap = False
        made.bound = "min"
        made.strict = False
        made.upper = None
    for name, value in override.items():
        setattr(
            made,
            "half" if name == "precision" else "threshold" if name == "number" else name,
            value,
        )
    _known_relation({"kind": made.kind, "relation": made.relation})
    return part


def _assemble(
    base: Claim,
    spec: ClaimSpec,
    found: Sequence[Part | Mapping[str, Any]],
    arms: Sequence[Arm],
    tasks: Sequence[Task],
) -> Claim:
    known = {a.name for a in arms}
    given = {key: named_arms(spec.raw.get(key), known, key) for key in ("arm", "than")}
    parts: list[Claim] = []
    for one in found:
        if isinstance(one, Mapping):
            parts.append(_of_fields(base, one, given, arms))
        else:
            parts += _of_part(base, one, given, arms, tasks)
    if len(parts) == 1:
        return replace(parts[0], text=base.text)
    parts = [_renamed(p, f"{base.id}.{i + 1}") for i, p in enumerate(parts)]
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


def _renamed(part: Claim, name: str) -> Claim:
    inner = tuple(_renamed(p, f"{name}.each") for p in part.parts)
    return replace(part, id=name, parts=inner)


_METRIC_OF = {"cost": "usd", "preference": "win_rate"}


def _of_fields(
    base: Claim,
    fields: Mapping[str, Any],
    given: Mapping[str, tuple[str, ...]],
    arms: Sequence[Arm],
) -> Claim:
    """A claim of structured fields alone."""
    absolute = fields["relation"] in ABSOLUTE
    ours, theirs = _fill(
        given["arm"], given["than"], absolute, fields.get("modifier") == "best", arms
    )
    metric = _METRIC_OF.get(fields["kind"], fields["kind"])
    return _checked(
        replace(
            base,
            kind=fields["kind"],
            metric=fields.get("metric") or metric,
            relation=fields["relation"],
            threshold=fields.get("number"),
            quoted_precision=fields.get("precision"),
            quantile=base.quantile or fields.get("quantile"),
            reading=fields.get("reading"),
            treatments=ours,
            baselines=() if absolute else theirs,
        )
    )


def _of_part(
    base: Claim,
    part: Part,
    given: Mapping[str, tuple[str, ...]],
    arms: Sequence[Arm],
    tasks: Sequence[Task],
) -> list[Claim]:
    """One claim of one part of a sentence; several where it names several tasks."""
    made = part.meaning
    absolute = made.relation in ABSOLUTE
    ours, theirs = part.ours, part.theirs
    refuse_times((*ours, *theirs), given, [arm.name for arm in arms])
    if made.swap and given["arm"] and not (ours and theirs):
        ours, theirs = theirs, ours
        ours, theirs = (given["than"] or ours, given["arm"])
    elif made.swap:
        ours, theirs = theirs, ours
        ours, theirs = (given["arm"] or ours, given["than"] or theirs)
    else:
        ours, theirs = (given["arm"] or ours, given["than"] or theirs)
    _known_arms((*ours, *theirs), arms)
    every_other = part.rest or made.every_other or made.modifier == "best"
    if part.but:
        theirs = _all_but(ours, part.but, arms)
    if made.swap and every_other:
        theirs, ours = _fill(theirs, ours, absolute, True, arms)
    else:
        ours, theirs = _fill(ours, theirs, absolute, every_other, arms, swapped=made.swap)
    claim = replace(
        base,
        text=part.text,
        kind=made.kind,
        metric=made.metric,
        relation=made.relation,
        threshold=threshold_of(made, base.margin),
        quoted_precision=precision_of(made.half, made.threshold, absolute),
        modifier=base.modifier or made.modifier,
        quantile=base.quantile or made.quantile,
        reading=made.reading,
        treatments=ours,
        baselines=() if absolute else theirs,
        bound=made.bound,  # type: ignore[arg-type]
        strict=made.strict,
        upper=None if made.upper is None else float(made.upper),
        negated=made.negated,
        untested=made.untested,
    )
    if claim.modifier in {"count", "most"}:
        claim = replace(claim, count=_count(claim, part, tasks), modifier="count")
    if part.slice is not None:
        claim = replace(claim, slice=once(claim.slice, part.slice, "slice"))
    claim = _checked(claim)
    _has_task(claim, tasks)
    if part.group and not made.swap:
        claim = _class_level(claim)
    if len(part.tasks) <= 1:
        return [_on_task(claim, t) for t in part.tasks] or [claim]
    return [_on_task(claim, task) for task in part.tasks]


def _has_task(claim: Claim, tasks: Sequence[Task]) -> None:
    """Refuse a rate that no task of the suite measures."""
    wanted = MIRRORED.get(claim.metric)
    heads = [task.scorers[0].name for task in tasks if task.scorers]
    if wanted is not None and heads and wanted not in heads:
        raise ClaimError(
            f"no task measures an {RATES[claim.metric]}",
            hint=f"it is measured by a task whose first scorer is {wanted} (docs/scorers.md)",
        )


def _all_but(ours: tuple[str, ...], but: tuple[str, ...], arms: Sequence[Arm]) -> tuple[str, ...]:
    """Name every other arm, without the exceptions."""
    _known_arms(but, arms)
    measured = [a.name for a in arms if a.provider != ROUTE]
    theirs = tuple(name for name in measured if name not in {*ours, *but})
    if not theirs or set(ours) & set(but):
        raise ClaimError("no arm is left to compare with", hint="name the rivals")
    return theirs


def _known_arms(names: Sequence[str], arms: Sequence[Arm]) -> None:
    """Refuse a name that the text holds and no field replaces."""
    known = [a.name for a in arms]
    for name in names:
        if known and name not in known:
            raise ClaimError(
                f"no arm is called {name!r}{nearest(name, known)}",
                hint="use the arm's name in the text, or set `arm:` and `than:`",
            )


def _on_task(claim: Claim, task: str) -> Claim:
    if claim.modifier in {"every", "count"}:
        raise ClaimError("one task and every task in one statement")
    inner = tuple(_on_task(p, task) for p in claim.parts)
    return replace(claim, task=once(claim.task, task, "task"), parts=inner)


def _count(claim: Claim, part: Part, tasks: Sequence[Task]) -> tuple[int, int]:
    """How many of how many tasks: as said, or more than half of the suite's."""
    n = len(tasks)
    if part.share_of_tasks is not None and n:
        top, bottom, more = part.share_of_tasks
        k = top * n // bottom + 1 if more else -(-top * n // bottom)
        return k, n
    if part.count is not None and not part.count[1]:
        return part.count[0], max(n, part.count[0])
    if part.count is None:
        if claim.modifier == "count" and claim.count:
            return claim.count
        return (n // 2 + 1, n) if n else (1, 1)
    k, of = part.count
    if n and of != n:
        raise ClaimError(f"the text speaks of {of} tasks, the suite has {n}")
    return k, of


def _class_level(part: Claim) -> Claim:
    return replace(
        part,
        kind="class_level",
        relation="some_of_class",
        parts=(replace(part, id=f"{part.id}.each"),),
    )


def _checked(claim: Claim) -> Claim:
    """Refuse what cannot be, and name the percentile of a time where none is."""
    reading = claim.reading
    if reading is not None and reading not in READINGS[claim.kind]:
        raise ClaimError(f"unknown reading {reading!r}{nearest(reading, READINGS[claim.kind])}")
    if claim.relation in NEEDS_NUMBER and claim.threshold is None:
        raise ClaimError(
            f"relation {claim.relation!r} needs a number", hint="add `threshold:`, 0.9 for 90%"
        )
    number = claim.threshold or 0.0
    if claim.relation in {"times_less", "times_more"} and number <= 1:
        raise ClaimError(
            "a factor must be above 1", hint='"10x cheaper" means a tenth of the dollars'
        )
    if claim.relation == "less_by" and claim.kind != "latency" and number > 1:
        what = (
            "cheaper would be a negative price" if claim.kind == "cost" else "less does not exist"
        )
        raise ClaimError(f"more than 100% {what}")
    quantile = claim.quantile
    if quantile is None and claim.kind == "latency":
        quantile = 0.95 if claim.relation in ABSOLUTE else 0.5
    return replace(claim, quantile=quantile)


def _fill(
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    absolute: bool,
    every_other: bool,
    arms: Sequence[Arm],
    *,
    swapped: bool = False,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Complete the two sides, or say what is missing. Never guesses an arm that the sentence names
    otherwise.
    """
    known = [a.name for a in arms if a.provider != ROUTE]  # "every other" means measured arms
    if not arms:  # explain only: the sentence's own words stand for the arms
        one, two = ("its rival", "the model") if swapped else ("the model", "its rival")
        return ours or (one,), () if absolute else theirs or (two,)
    rest = tuple(n for n in known if n not in ours + theirs)
    if not ours and not absolute and swapped and theirs and len(rest) == 1:
        return rest, theirs
    if not ours:
        if len(rest) != 1:
            raise ClaimError(
                "which arm is it about?",
                hint=f"add `arm:`, one of {', '.join(rest) or 'none is left'}",
            )
        ours, rest = rest, ()
    if not theirs and not absolute:
        if not every_other and len(rest) != 1:
            raise ClaimError(
                "compared with which arm?",
                hint=f"add `than:`, one of {', '.join(rest) or 'none is left'}",
            )
        theirs = rest
    if every_other and not absolute and not theirs:
        raise ClaimError("no other arm is left to compare with")
    both = set(ours) & set(theirs)
    if both:
        raise ClaimError(f"arm {sorted(both)[0]!r} is compared with itself")
    return ours, theirs
