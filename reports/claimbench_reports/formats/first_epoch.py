"""What a run left of each sample in its first epoch, arm by arm: columns of numbers, and texts put
by items (:mod:`claimbench_reports.formats.by_item`). No row of the run is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from claimbench.packed import BLOCK, Packed, PackedMapping, columns
from claimbench.packing.ids import Ids
from claimbench.packing.whole import whole_amounts, whole_codes
from claimbench.tables.joined import said_by
from claimbench.tables.types import BoolArray, FloatArray, IntArray
from claimbench.types import CallRecord, Cost, Outcome, Score, said_of
from claimbench_reports.formats.by_item import ByItem
from claimbench_reports.view.inputs import ReportData


class FirstEpoch:
    """Of every arm and item the answer of the first epoch; arms by their numbers.

    ``answers``: by item (arm, text, error); ``whys``: by item (arm, what its headline score says).
    ``e2e_s`` and ``usd``: shape (arms, items), nan where unknown. ``kinds``: how calls ended, as
    their outcome and the status of their headline score, None where they have none; ``kind``: which
    of these each call did, shape (arms, items).
    """

    def __init__(self, data: ReportData, arms: Sequence[str]) -> None:
        self._n = len(data.items.items)
        shape = (len(arms), self._n)
        self.answers, self.whys = ByItem(), ByItem()
        self.e2e_s, self.usd = np.full(shape, math.nan), np.full(shape, math.nan)
        # By arm and item, places in the lists below; the first of them: no answer, or no score
        self._outcome = np.zeros(shape, dtype=np.int64)
        self._status = np.zeros(shape, dtype=np.int64)
        self._ids, self._slot, outcomes = self._gather_answers(data, arms)
        statuses = self._gather_scores(data)
        self._gather_facts(data)
        both = self._outcome * len(statuses) + self._status
        pairs, kind = np.unique(both, return_inverse=True)
        self.kind = kind.reshape(shape).astype(np.int16)
        self.kinds = [
            (outcomes[pair // len(statuses)], statuses[pair % len(statuses)])
            for pair in pairs.tolist()
        ]
        del self._ids, self._slot, self._outcome, self._status

    def _gather_answers(
        self, data: ReportData, arms: Sequence[str]
    ) -> tuple[Ids, IntArray, list[Outcome | None]]:
        """Put the answers by items; return the records' ids, the slot of each, and the outcomes. A
        slot is the number of an arm times the items, plus that of an item; -1: the call is not of
        the first epoch. Of several of one epoch the first stands.
        """
        records = Packed.of_any(CallRecord, data.records)
        said = said_by(records)
        names, arm = said.arm
        number = _places(names, {name: k for k, name in enumerate(arms)})[arm]
        keys, place = said.place
        index = {_key(data, item): item for item in range(self._n)}
        item = _places(keys, index)[place]
        slot = np.where((number >= 0) & (item >= 0), number * self._n + item, -1)
        order = np.lexsort((said.epoch, slot))  # stable: of equal epochs the first comes first
        later = np.zeros(len(slot), dtype=np.bool_)
        later[order[1:]] = slot[order[1:]] == slot[order[:-1]]
        slot[later] = -1
        outcomes, outcome = said.outcome
        self._outcome.reshape(-1)[slot[slot >= 0]] = outcome[slot >= 0] + 1
        texts = columns(records, "text", "tool_calls", "error")
        for at, (text, tool_calls, error) in zip(slot.data, texts, strict=True):
            if at >= 0:
                number_of, item_of = divmod(at, self._n)
                self.answers.add(item_of, number_of, said_of(text, tool_calls), error)
        return said.ids, slot, [None, *outcomes]

    def _slots_of(self, ids: Ids) -> IntArray:
        """Return the slot of each call by its id; -1: it is none of these."""
        of = self._ids.places_of(ids)
        if not len(self._slot):
            return of
        return np.where(of >= 0, self._slot[of], -1)

    def _gather_scores(self, data: ReportData) -> list[str | None]:
        """Put the headline scores of those calls by items; of several the last counts. Return the
        statuses.
        """
        scores = Packed.of_any(Score, data.scores)
        slot = self._slots_of(Ids(scores.columns_at("call_id")))
        scorers, scorer = whole_codes(scores.columns_at("scorer"))
        headline = {t.name: t.scorers[0].name for t in data.suite.tasks if t.scorers}
        tasks, task = np.unique(data.items.task, return_inverse=True)
        mains = [headline.get(str(name), "") for name in tasks]
        main = _places(mains, {name: k for k, name in enumerate(scorers)})[task]
        slot = np.where((slot >= 0) & _same(main, slot % max(1, self._n), scorer), slot, -1)
        statuses, status = whole_codes(scores.columns_at("status"))
        self._status.reshape(-1)[slot[slot >= 0]] = status[slot >= 0] + 1
        for at, why in zip(slot.data, columns(scores, "explanation"), strict=True):
            if at >= 0:
                number, item = divmod(at, self._n)
                self.whys.add(item, number, why)
        return [None, *statuses]

    def _gather_facts(self, data: ReportData) -> None:
        """Note seconds and dollars of those calls."""
        tables = data.calls.arms.values()
        ids = Ids([column for rows in tables for column in rows.ids().columns(BLOCK)])
        took = np.concatenate([np.empty(0), *(rows.e2e_s for rows in tables)])
        self._note(self.e2e_s, ids, took)
        costs = _packed(data.costs)
        amounts = whole_amounts(costs.values().columns_at("amount"))
        self._note(self.usd, Ids(costs.keys_at()), amounts)

    def _note(self, into: FloatArray, ids: Ids, values: FloatArray) -> None:
        slot = self._slots_of(ids)
        into.reshape(-1)[slot[slot >= 0]] = values[slot >= 0]


def _packed(costs: Mapping[str, Cost]) -> PackedMapping[Cost]:
    return costs if isinstance(costs, PackedMapping) else PackedMapping.of(Cost, costs)


def _places(names: Sequence[Any], of: Mapping[Any, int]) -> IntArray:
    """Return the place of each name, -1 where it has none."""
    return np.asarray([of.get(name, -1) for name in names], dtype=np.int64)


def _same(main: IntArray, item: IntArray, scorer: IntArray) -> BoolArray:
    """Return which scores are of their item's first scorer; there may be no item at all."""
    if not len(main):
        return np.zeros(len(item), dtype=np.bool_)
    found: BoolArray = main[item] == scorer
    return found


def _key(data: ReportData, item: int) -> tuple[str, str]:
    task = str(data.items.task[item])
    return task, data.items.items[item][len(task) + 1 :]
