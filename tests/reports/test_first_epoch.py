"""What a page shows of each sample and arm is what a plain pass over the rows would find."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from claimbench.packed import Packed, PackedMapping
from claimbench.types import CallRecord, Cost, Outcome, Score, said_of
from claimbench_reports.formats.first_epoch import FirstEpoch
from claimbench_reports.view.inputs import ReportData

ARMS = ["api-large", "coder-local"]
"""Of three that were measured, and not in the order of the tables."""


def in_epochs(data: ReportData) -> ReportData:
    """Every answer once more in a later epoch, and one twice in the first, all in any order."""
    records = [replace(r, call=replace(r.call, epoch=2)) for r in data.records]
    for r in data.records:
        later = replace(r.call, id=f"{r.call.id}-x", epoch=3)
        records.append(replace(r, call=later, text="of a later epoch"))
    first = records[0]
    records.append(replace(first, call=replace(first.call, id="twin"), text="the second of two"))
    others = [replace(s, call_id=f"{s.call_id}-x", explanation="later") for s in data.scores]
    again = [replace(s, status="unparsable", explanation="said last") for s in data.scores[:20]]
    beside = [replace(s, scorer="other", explanation="no headline") for s in data.scores]
    scores = [*data.scores, *others, *again, *beside]
    rng = random.Random(2)
    rng.shuffle(records)
    return replace(data, records=records, scores=scores)


def read_plainly(data: ReportData) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Outcome, text, error, last headline score's status and words, seconds and dollars of each."""
    chosen: dict[tuple[str, str], CallRecord] = {}
    for record in data.records:
        key = f"{record.call.task}/{record.call.sample_id}", record.call.arm
        if key not in chosen or record.call.epoch < chosen[key].call.epoch:
            chosen[key] = record
    headline = {task.name: task.scorers[0].name for task in data.suite.tasks}
    took = {
        call_id: float(seconds)
        for rows in data.calls.arms.values()
        for call_id, seconds in zip(rows.call_id.tolist(), rows.e2e_s, strict=True)
    }
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    for item, name in enumerate(data.items.items):
        for number, arm in enumerate(ARMS):
            record = chosen.get((name, arm))
            if record is None:
                continue
            mine = [s for s in data.scores if s.call_id == record.call.id]
            main = [s for s in mine if s.scorer == headline[record.call.task]]
            cost = data.costs.get(record.call.id)
            found[number, item] = (
                record.outcome,
                said_of(record.text, record.tool_calls),
                record.error,
                main[-1].status if main else None,
                main[-1].explanation if main else None,
                took.get(record.call.id, math.nan),
                math.nan if cost is None or cost.amount is None else float(cost.amount),
            )
    return found


def read_by_columns(data: ReportData) -> dict[tuple[int, int], tuple[Any, ...]]:
    first = FirstEpoch(data, ARMS)
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    for item in range(len(data.items.items)):
        whys = dict(first.whys.of(item))
        for number, text, error in first.answers.of(item):
            outcome, status = first.kinds[first.kind[number, item]]
            facts = float(first.e2e_s[number, item]), float(first.usd[number, item])
            found[number, item] = outcome, text, error, status, whys.get(number), *facts
    return found


@pytest.mark.parametrize("finished", [1.0, 0.5])
@pytest.mark.parametrize("packed", [True, False])
def test_columns_find_what_rows_tell(
    make: Callable[..., ReportData], finished: float, packed: bool
) -> None:
    data = in_epochs(make(40, finished=finished))
    if packed:
        records, scores = Packed.of(CallRecord, data.records), Packed.of(Score, data.scores)
        costs = PackedMapping.of(Cost, data.costs)
        data = replace(data, records=records, scores=scores, costs=costs)
    found, wanted = read_by_columns(data), read_plainly(data)
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert repr(found[key]) == repr(row), key  # nan is nan


def test_what_never_came_has_no_outcome(make: Callable[..., ReportData]) -> None:
    data = make(10, finished=0.0)
    first = FirstEpoch(data, ARMS)
    assert first.kinds[first.kind[0, 0]] == (None, None)
    assert first.answers.of(0) == []
    assert math.isnan(first.usd[1, 3])


def test_the_outcome_of_an_answer_is_its_own(data: ReportData) -> None:
    first = FirstEpoch(data, ARMS)
    ended = {first.kinds[kind][0] for kind in first.kind[0]}
    assert Outcome.OK in ended
    assert len(ended) > 1
