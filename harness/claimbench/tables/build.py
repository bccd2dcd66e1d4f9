"""Records + attempts + scores + costs -> ItemTable and CallTable: the only input of the claim
checker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from claimbench.plan.clusters import find_clusters
from claimbench.tables.items import arm_items
from claimbench.tables.rows import CallRow, call_rows, make_row, strings
from claimbench.tables.types import ArmItems, CallRows, CallTable, IntArray, ItemTable, StrArray
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
    planned = [call for call in calls if call.role == "subject"]
    index = _item_index(suite, planned)
    headline = {t.name: t.scorers[0].name for t in suite.tasks if t.scorers}
    shown = set(headline.values())
    score_of = {(s.call_id, s.scorer): s for s in scores if s.scorer in shown}
    tries: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        tries[attempt.call_id].append(attempt)
    origin = {s.n: (_utc_seconds(s.started_utc), s.monotonic_origin_ns) for s in sessions}
    arms = list(dict.fromkeys([*manifest.arms_run, *(c.arm for c in planned)]))
    rows: dict[str, list[CallRow]] = {arm: [] for arm in arms}
    for record in records:
        if record.call.role != "subject":
            continue
        found = score_of.get((record.call.id, headline.get(record.call.task, "")))
        mine = tries.get(record.call.id, [])
        if len(mine) > 1:
            mine.sort(key=lambda a: a.number)
        item = index[(record.call.task, record.call.sample_id)]
        rows[record.call.arm].append(
            make_row(item, record, tuple(mine), found, costs.get(record.call.id), origin)
        )
    keys = list(index)
    found_clusters = find_clusters(suite.tasks, keys)
    clusters = found_clusters.names
    counts = _planned_per_item(planned, arms, index)
    arrays = {arm: call_rows(rows[arm], clusters) for arm in arms}
    of_task = {task.name: task.reduce or "mean" for task in suite.tasks}
    rules = [of_task[task] for task, _ in keys]
    table = ItemTable(
        items=tuple(f"{task}/{sample}" for task, sample in keys),
        task=strings(task for task, _ in keys),
        cluster=strings(clusters),
        slices=_slices(suite, keys),
        arms={
            arm: arm_items(len(keys), rows[arm], arrays[arm], counts[arm], rules) for arm in arms
        },
        twins=found_clusters.twins,
    )
    return table, CallTable(arrays)


def _item_index(suite: Suite, planned: Sequence[Call]) -> dict[tuple[str, str], int]:
    wanted = {(call.task, call.sample_id) for call in planned}
    index: dict[tuple[str, str], int] = {}
    for task in suite.tasks:
        for sample in task.samples:
            key = (task.name, sample.id)
            if key in wanted:
                index.setdefault(key, len(index))
    return index


def _slices(suite: Suite, keys: Sequence[tuple[str, str]]) -> dict[str, StrArray]:
    of = {(t.name, s.id): s.slices for t in suite.tasks for s in t.samples}
    names = dict.fromkeys(name for key in keys for name in of[key])
    columns: dict[str, StrArray] = {}
    for name in names:
        columns[name] = strings(str(of[key].get(name, "")) for key in keys)
    return columns


def _planned_per_item(
    planned: Sequence[Call], arms: Sequence[str], index: Mapping[tuple[str, str], int]
) -> dict[str, IntArray]:
    items: dict[str, list[int]] = {arm: [] for arm in arms}
    for call in planned:
        items[call.arm].append(index[(call.task, call.sample_id)])
    return {
        arm: np.bincount(np.asarray(found, dtype=np.int64), minlength=len(index))
        for arm, found in items.items()
    }


def _utc_seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
