"""Records + attempts + scores + costs -> ItemTable and CallTable: the only input of the claim
checker.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from claimbench.packed import columns
from claimbench.plan.clusters import find_clusters
from claimbench.tables.dollars import CostColumns
from claimbench.tables.items import arm_items, meant_only
from claimbench.tables.joined import joined
from claimbench.tables.rows import arm_rows
from claimbench.tables.texts import strings
from claimbench.tables.types import (
    ArmItems,
    BoolArray,
    CallRows,
    CallTable,
    IntArray,
    ItemTable,
    StrArray,
    TurnsOfItems,
)
from claimbench.types import Attempt, Call, CallRecord, Cost, Manifest, Score, Session, Suite

__all__ = ["ArmItems", "CallRows", "CallTable", "ItemTable", "build_tables"]


def build_tables(
    suite: Suite,
    manifest: Manifest,
    sessions: Sequence[Session],
    calls: Sequence[Call],
    records: Iterable[CallRecord],
    attempts: Iterable[Attempt],
    scores: Iterable[Score],
    costs: Mapping[str, Cost],
) -> tuple[ItemTable, CallTable]:
    """Join what a run left into the two tables.

    Args:
        suite: the run's suite with its samples (order, clusters, slices, headline scorer per task).
        manifest: the run's manifest; its ``arms_run`` and the arms of ``calls`` become the tables'
            arms.
        sessions: UTC and monotonic origins, to place stamps of several processes on one time line.
        calls: every planned subject call; a planned call without a record counts as missing.
        records: the finished calls.
        attempts: every attempt of the run.
        scores: per call and scorer; the task's first scorer is the headline and the only one used
            here.
        costs: call id -> dollars of the call over all its attempts; an absent id is unknown.

    Returns:
        The item table (items in suite order, as far as planned) and the call table.
    """
    index = _item_index(suite, calls)
    keys = list(index)
    unscored = _unscored(suite, keys)
    counts = _planned_per_item(calls, manifest.arms_run, index)
    arms = list(counts)
    found_clusters = find_clusters(suite.tasks, keys)
    clusters = strings(found_clusters.names)
    of_task = {task.name: task.reduce or "mean" for task in suite.tasks}
    rules = [of_task[task] for task, _ in keys]
    headline = {t.name: t.scorers[0].name for t in suite.tasks if t.scorers}
    origin = {s.n: (_utc_seconds(s.started_utc), s.monotonic_origin_ns) for s in sessions}
    left = joined(records, attempts, scores, index, headline, origin, unscored)
    dollars = CostColumns(costs)
    arrays: dict[str, CallRows] = {}
    of_items: dict[str, ArmItems] = {}
    for arm in arms:
        mine = left.of_arm(arm)
        mine["usd"], rest_on = dollars.of(mine["call_id"])
        arrays[arm], beside = arm_rows(mine, clusters, rest_on)
        of_items[arm] = arm_items(len(keys), arrays[arm], beside, counts[arm], rules)
    table = ItemTable(
        items=tuple(f"{task}/{sample}" for task, sample in keys),
        task=strings(task for task, _ in keys),
        cluster=clusters,
        slices=_slices(suite, keys),
        arms={arm: meant_only(found, unscored) for arm, found in of_items.items()},
        twins=found_clusters.twins,
        unscored=unscored,
        turns=_turns(suite, keys),
    )
    return table, CallTable(arrays)


def _item_index(suite: Suite, calls: Iterable[Call]) -> dict[tuple[str, str], int]:
    wanted = set()
    for task_name, sample_id, role in columns(calls, "task", "sample_id", "role"):
        if role == "subject":
            wanted.add((task_name, sample_id))
    index: dict[tuple[str, str], int] = {}
    for task in suite.tasks:
        for sample in task.samples:
            key = (task.name, sample.id)
            if key in wanted:
                index.setdefault(key, len(index))
    return index


def _unscored(suite: Suite, keys: Sequence[tuple[str, str]]) -> BoolArray | None:
    """Mark the items that have no target; None where all have one."""
    bare = {(t.name, s.id) for t in suite.tasks for s in t.samples if not s.scored}
    if not bare:
        return None
    return np.asarray([key in bare for key in keys], dtype=np.bool_)


def _turns(suite: Suite, keys: Sequence[tuple[str, str]]) -> TurnsOfItems | None:
    """Return which items are turns of which conversations; steps of episodes are none."""
    of = {
        (task.name, sample.id): sample.turn
        for task in suite.tasks
        if not task.steps
        for sample in task.samples
        if sample.turn is not None
    }
    if not of:
        return None
    found = [of.get(key) for key in keys]
    numbers = [0 if turn is None else turn.number for turn in found]
    names = [
        "" if turn is None else f"{task}/{turn.conversation}"
        for (task, _), turn in zip(keys, found, strict=True)
    ]
    return TurnsOfItems(np.asarray(numbers, dtype=np.int64), strings(names))


def _slices(suite: Suite, keys: Sequence[tuple[str, str]]) -> dict[str, StrArray]:
    of = {(t.name, s.id): s.slices for t in suite.tasks for s in t.samples}
    names = dict.fromkeys(name for key in keys for name in of[key])
    columns: dict[str, StrArray] = {}
    for name in names:
        columns[name] = strings(str(of[key].get(name, "")) for key in keys)
    return columns


def _planned_per_item(
    calls: Iterable[Call], arms_run: Sequence[str], index: Mapping[tuple[str, str], int]
) -> dict[str, IntArray]:
    """Count the planned calls of each item, by arm: those that ran, then others of the plan."""
    items: dict[str, array[int]] = {arm: array("i") for arm in arms_run}
    for arm, task, sample_id, role in columns(calls, "arm", "task", "sample_id", "role"):
        if role == "subject":
            items.setdefault(arm, array("i")).append(index[(task, sample_id)])
    return {
        arm: np.bincount(np.asarray(found, dtype=np.int64), minlength=len(index))
        for arm, found in items.items()
    }


def _utc_seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
