"""A stored run's routes: put into its tables as arms, with what they are set against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from claimbench.claims.types import RouteFacts
from claimbench.evaluation.stored import StoredRun
from claimbench.plan.judges import subjects_of
from claimbench.pricing.run import RunCosts
from claimbench.routes.beside import Beside, all_beside
from claimbench.routes.make import Stored, with_routes, without_routes
from claimbench.routes.paths import Checks
from claimbench.routes.signals import Answers
from claimbench.scorers import Scorer, load
from claimbench.suite.purpose.routes import routes_of, with_route_arms
from claimbench.tables.timing import e2e_s
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import CallRecord, Score
from claimbench.types.routes import EARLIER_RUNS, RouteSpec

REPLAY = "replay"


@dataclass(frozen=True)
class RoutedRun:
    """A run's tables with its routes in them; ``beside``: (name, why) where nothing is known;
    ``answer_of``: a route's call -> the call whose answer is its own.
    """

    items: ItemTable
    calls: CallTable
    facts: Mapping[str, RouteFacts]
    beside: tuple[Beside | tuple[str, str], ...] = ()
    answer_of: Mapping[str, str] = field(default_factory=dict)


def with_arms(stored: StoredRun) -> StoredRun:
    """Return the run whose suite has its routes among the arms; those whose arms were not run are
    not run either, for their reason.
    """
    specs = routes_of(stored.suite)
    if not specs:
        return stored
    absent = dict(stored.manifest.arms_not_run)
    for spec in specs:
        lacking = [f"{part}: {absent[part]}" for part in spec.parts if part in absent]
        if lacking:
            absent[spec.name] = f"its arm was not run ({'; '.join(lacking)})"
    manifest = replace(stored.manifest, arms_not_run=absent)
    return replace(stored, suite=with_route_arms(stored.suite), manifest=manifest)


def measured_alone(
    stored: StoredRun, items: ItemTable, calls: CallTable
) -> tuple[ItemTable, CallTable]:
    """Return tables without the routes of the run."""
    names = {spec.name for spec in routes_of(stored.suite)}
    return without_routes(items, calls, names) if names else (items, calls)


def routed(
    stored: StoredRun,
    items: ItemTable,
    calls: CallTable,
    records: Sequence[CallRecord],
    scores: Sequence[Score],
    costs: RunCosts,
    judge_costs: RunCosts,
) -> RoutedRun:
    """Put the routes of a run into its tables; ``records``: the run's, each episode as one."""
    specs = routes_of(stored.suite)
    if not specs:
        return RoutedRun(items, calls, {})
    made = with_routes(
        specs,
        items,
        calls,
        Stored(
            answers=Answers.of(records, scores, stored.suite.tasks),
            costs=costs.calls,
            checks=_checks(stored, judge_costs),
            seed=stored.suite.measured_sha256,
            seen=_seen_before(stored),
            scorers=_blind_scorers(stored, specs),
            earlier_runs=_earlier_runs(stored),
            withheld=stored.given is not None,
        ),
    )
    said = {name: facts.said for name, facts in made.facts.items()}
    rows = all_beside(specs, said, made.found, made.items, stored.suite.alpha)
    return RoutedRun(made.items, made.calls, made.facts, rows, made.answer_of)


def with_answers(
    records: Iterable[CallRecord], calls: CallTable, answer_of: Mapping[str, str]
) -> list[CallRecord]:
    """Return records with those of routes: the answers of other arms under the route's name, each
    with its own call's id, by which people labelled it.
    """
    found = list(records)
    if not answer_of:
        return found
    by_id = {record.call.id: record for record in found}
    for name, rows in calls.arms.items():
        answers = [by_id.get(answer_of.get(one, "")) for one in rows.call_id.tolist()]
        found += [replace(one, call=replace(one.call, arm=name)) for one in answers if one]
    return found


def _checks(stored: StoredRun, judge_costs: RunCosts) -> Checks:
    """Return what judges took, where a route waits for their word."""
    if not stored.judging.calls:
        return Checks()
    call_of = {subject: call for call, subject in subjects_of(stored.calls, stored.suite).items()}
    seconds: dict[str, float] = {}
    for attempt in stored.judging.attempts:
        if not attempt.outcome.missing:
            seconds[attempt.call_id] = e2e_s(attempt.timing)
    return Checks(call_of, seconds, judge_costs.calls)


def _blind_scorers(
    stored: StoredRun, specs: Sequence[RouteSpec]
) -> dict[str, tuple[Scorer, ...]] | None:
    """Load the scorers of each task, where a route asks one."""
    if (
        not any(stage.signal == "scorer" for spec in specs for stage in spec.stages)
        or stored.given is not None
    ):
        return None
    return {task.name: tuple(load(task.scorers)) for task in stored.suite.tasks}


def _earlier_runs(stored: StoredRun) -> int:
    found = stored.manifest.options.get(EARLIER_RUNS)
    return found if isinstance(found, int) else 0


def _seen_before(stored: StoredRun) -> str:
    """Say how the answers were known before the routes were declared; empty where they were not."""
    if stored.manifest.options.get("imported"):
        return "the answers were imported, so they were known before"
    if stored.suite.arms and any(arm.provider == REPLAY for arm in stored.suite.arms):
        return "the answers are replayed from an earlier run"
    return ""
