"""A run's tables -> the same with its routes in them, and what the claim checker must know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from claimbench.claims.types import RouteFacts
from claimbench.routes.compose import call_of, compose, id_of
from claimbench.routes.find import paths_of
from claimbench.routes.fit import Options, refit_ratio, refits
from claimbench.routes.follows import question_of_column
from claimbench.routes.honest import column_of_answers, knows_answers
from claimbench.routes.paths import Checks, Found, chosen_arm
from claimbench.routes.signals import Answers, sees_target
from claimbench.routes.whole_talks import without_split
from claimbench.routes.words import said_of_route
from claimbench.scorers import Scorer
from claimbench.tables.types import ArmItems, BoolArray, CallTable, FloatArray, IntArray, ItemTable
from claimbench.types import JUDGE, Cost, Reason
from claimbench.types.routes import RouteSpec

ALONE = ""
"""Key of a figure that is compared with no arm."""


@dataclass(frozen=True)
class Stored:
    """What routes are made from, beside the tables of the measured arms.

    ``seed``: of the folds, from the measured suite, so that nobody chooses it. ``seen``: the
    answers were known before the suite was written (an import, a replay). ``scorers``: by task.
    ``earlier_runs``: of the same samples, that were there when this one was planned. ``withheld``:
    the answers' texts were taken out.
    """

    answers: Answers
    costs: Mapping[str, Cost]
    checks: Checks
    seed: str
    seen: str = ""
    scorers: Mapping[str, Sequence[Scorer]] | None = None
    earlier_runs: int = 0
    withheld: bool = False


@dataclass(frozen=True)
class Routed:
    """The tables with the routes, and by route what claims must know and how it was made.

    ``answer_of``: a route's call -> the call whose answer is its own.
    """

    items: ItemTable
    calls: CallTable
    facts: Mapping[str, RouteFacts]
    found: Mapping[str, Found]
    answer_of: Mapping[str, str] = field(default_factory=dict)


def without_routes(
    items: ItemTable, calls: CallTable, names: Set[str]
) -> tuple[ItemTable, CallTable]:
    """Return the tables of the measured arms alone."""
    kept = {name: rows for name, rows in items.arms.items() if name not in names}
    left = {name: rows for name, rows in calls.arms.items() if name not in names}
    return replace(items, arms=kept), CallTable(left)


def with_routes(
    specs: Sequence[RouteSpec], items: ItemTable, calls: CallTable, stored: Stored
) -> Routed:
    """Put every route into the tables.

    A route whose arms were not all measured gets no rows.
    """
    arms, rows = dict(items.arms), dict(calls.arms)
    made: dict[str, Found] = {}
    answer_of: dict[str, str] = {}
    for spec in specs:
        found = Found(())
        if all(part in items.arms for part in spec.parts):
            found = _found(spec, items, calls, stored)
            unreadable = frozenset(
                call_id
                for arm in spec.parts
                for call_id in calls.arms[arm].call_id.tolist()
                if call_id in stored.answers.records and stored.answers.unreadable(call_id)
            )
            arms[spec.name], rows[spec.name] = compose(
                spec,
                found.paths,
                items,
                calls,
                stored.costs,
                stored.checks,
                unreadable,
                _planned(spec, items, found),
            )
        made[spec.name] = found
        answer_of |= {call_of(spec, path, calls): id_of(path.answer, calls) for path in found.paths}
    # a route is a rival of those listed before it too: facts need every route's rows
    facts: dict[str, RouteFacts] = {}
    for spec in specs:
        found = made[spec.name]
        facts[spec.name] = RouteFacts(
            parts=spec.parts,
            said=said_of_route(spec),
            fitted=spec.fitted,
            unfair=_unfair(spec, stored) or column_of_answers(spec, items, stored.answers),
            knows=knows_answers(spec, items, found) if found.paths else None,
            widen=_widen(spec, found, arms, stored.seed),
            asks=_asks(spec, items, stored),
            by_task=_by_task(spec, found, items),
            asked=tuple(sorted({tuple(arm for arm, _ in path.steps) for path in found.paths})),
            checkers=_checkers(spec, stored),
        )
    return Routed(replace(items, arms=arms), CallTable(rows), facts, made, answer_of)


def _found(spec: RouteSpec, items: ItemTable, calls: CallTable, stored: Stored) -> Found:
    """Return a route's paths; none where its signals are texts that were taken out."""
    if stored.withheld and any(stage.signal in _OF_TEXTS for stage in spec.stages):
        return Found((), withheld=True)
    found = paths_of(spec, items, calls, stored.answers, stored.checks, stored.seed)
    return without_split(found, items, calls)


def _by_task(spec: RouteSpec, found: Found, items: ItemTable) -> dict[str, Reason]:
    """Return the tasks of which nothing can rest on the route, and why."""
    if found.withheld:
        return dict.fromkeys(items.task.tolist(), Reason("route_texts_withheld", spec.name))
    why = {
        task: Reason("route_no_signal", f"{spec.name}: {text}")
        for task, text in found.no_signal.items()
    }
    for task, text in found.split.items():
        why[task] = Reason("route_splits_conversation", f"{spec.name}: {text}")
    return why


def _checkers(spec: RouteSpec, stored: Stored) -> tuple[str, ...]:
    """Return the judges that a cascade asks between its arms."""
    if not any((stage.signal, stage.of) == ("scorer", JUDGE) for stage in spec.stages):
        return ()
    by = [task.judge.by for task in stored.answers.tasks.values() if task.judge is not None]
    return tuple(dict.fromkeys(by))


def _planned(spec: RouteSpec, items: ItemTable, made: Found) -> IntArray:
    """Return the requests that each item was to send along the route."""
    if spec.kind == "cascade":
        counts = items.arms[spec.first].n_calls
        return np.minimum(counts, 1) if spec.signal == "repeats" else counts
    found = np.zeros(len(items.items), dtype=np.int64)
    for item, arm in enumerate(chosen_arm(spec, items, made.chosen)):
        if arm is not None:
            found[item] = items.arms[arm].n_calls[item]
    return found


def _asks(spec: RouteSpec, items: ItemTable, stored: Stored) -> str:
    """Return the questions that no run can answer: how a column was made, and whether what is
    stated was chosen on earlier runs of the same samples.
    """
    asked = [question_of_column(spec, items)]
    n = stored.earlier_runs
    if n and _stated(spec) and spec.declared == "before":
        runs = "an earlier run" if n == 1 else f"{n:,} earlier runs"
        asked.append(f"{_STATED[spec.kind]} stood after {runs} of these samples: chosen on them?")
    return "; ".join(question for question in asked if question)


def _stated(spec: RouteSpec) -> bool:
    """Tell whether a route goes by what somebody chose, not by what is fitted out of fold."""
    return spec.declared_threshold or (spec.kind != "cascade" and not spec.fitted)


_STATED = {
    "cascade": "its threshold",
    "slice": "which arm takes which slice",
    "decisions": "its router's decisions",
}


def _unfair(spec: RouteSpec, stored: Stored) -> Reason | None:
    """Return why no verdict can rest on the route, or None.

    What was chosen when the answers were known fits them by chance too, unless the threshold of
    each request was fitted on other clusters.
    """
    if _stated(spec) and (spec.declared == "after" or stored.seen):
        why = stored.seen or "declared after the run"
        return Reason("route_fitted_in_sample", f"{_STATED[spec.kind]} of {spec.name}: {why}")
    asked_of = (spec.first, *(stage.then for stage in spec.stages))
    for arm, stage in zip(asked_of, spec.stages, strict=False):
        if stage.signal == "scorer" and stored.scorers is not None and stage.of not in _NOT_RERUN:
            at = _seen_target(stage.of, arm, stored)
            if at is not None:
                detail = f"{spec.name} asks the scorer {stage.of}, whose word on {at} changes"
                return Reason("route_checker_sees_target", f"{detail} with the target")
    return None


def _seen_target(name: str, arm: str, stored: Stored) -> str | None:
    """Return the answer of an arm on which a scorer's word changes with the target, or None."""
    asked = [one for one in stored.answers.records.values() if one.call.arm == arm]
    for at, task in stored.answers.tasks.items():
        for scorer in (stored.scorers or {}).get(at, ()):
            if scorer.name == name:
                found = sees_target(scorer, asked, task)
                if found is not None:
                    return found
    return None


_OF_TEXTS = frozenset({"probability", "repeats", "field"})
"""Signals that are read from what answers say."""
_NOT_RERUN = frozenset({"judge", "python"})
"""Scorers that answer from what was stored; what they are shown is looked at in the suite."""


def _widen(
    spec: RouteSpec, found: Found, arms: Mapping[str, ArmItems], seed: str
) -> dict[tuple[str, str], float]:
    """Return by (accuracy or cost, rival) how much wider an interval is when the fit's own noise
    is in it.
    """
    if found.again is None or found.items is None or found.answered is None:
        return {}
    if found.options is None:
        return {}
    at = found.items.astype(np.int64)
    ratios: dict[tuple[str, str], float] = {}
    nothing = np.zeros(len(at))
    rivals = {ALONE: (nothing, np.ones(len(at)))}
    for name, arm in arms.items():
        if name != spec.name:
            rivals[name] = (arm.score[at], arm.usd[at])
    replicates = refits(found.answered, found.options.cluster, seed, found.again)
    for rival, (score, usd) in rivals.items():
        for kind, of_rival in (("accuracy", score), ("cost", usd)):
            figure = _Figure(kind, found.options, of_rival, rival == ALONE)
            ratios[kind, rival] = refit_ratio(replicates, figure.value)
    return ratios


@dataclass(frozen=True)
class _Figure:
    """What a claim between a route and a rival rests on: a difference of scores, a log ratio of
    dollars.
    """

    kind: str
    options: Options
    of_rival: FloatArray
    alone: bool

    def value(self, chosen: BoolArray, answered: IntArray) -> float:
        """Return the figure over the chosen requests."""
        table = self.options.score if self.kind == "accuracy" else self.options.usd
        ours = self.options.of_arm(table, answered)
        both = chosen & np.isfinite(ours) & np.isfinite(self.of_rival)
        if not both.any():
            return math.nan
        mean = float(ours[both].mean())
        if self.kind == "accuracy":
            return mean - float(self.of_rival[both].mean())
        rival = 1.0 if self.alone else float(self.of_rival[both].mean())
        return math.log(mean / rival) if mean > 0 and rival > 0 else math.nan
