"""What lies in the order of calls is found by call, whatever the order they are asked for in."""

from __future__ import annotations

import random

import numpy as np
import pytest

from claimbench.packed import Packed
from claimbench.packing import pack
from claimbench.packing.ids import Ids
from claimbench.tables import in_order
from claimbench.tables.dollars import CostColumns
from claimbench.tables.in_order import ScoresOfCalls, TriesOfCalls
from claimbench.tables.ragged import Ragged, RaggedParts, ragged
from claimbench.types import Attempt, Cost, Outcome, Score, Timing

TIMING = Timing(None, 0, 0, None, None, (), 1, "sdk")


def attempt(call: str, number: int) -> Attempt:
    return Attempt(call, number, 1, TIMING, Outcome.OK, 200, None, None, None, "yes")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("most_waiting", [2, 10_000])
def test_attempts_are_found_by_call(
    packed: bool, shuffled: bool, most_waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_order, "MOST_WAITING", most_waiting)
    calls = [f"c{k}" for k in range(40)]
    rows = [attempt(call, 1) for call in calls if call != "c7"]
    rows += [attempt("c3", 3), attempt("c3", 2), attempt("c9", 2)]
    asked = random.Random(1).sample(calls, len(calls)) if shuffled else calls
    tries = TriesOfCalls(Packed.of(Attempt, rows, 5) if packed else rows)
    found = {call: [a.number for a in tries.of(call)] for call in asked}
    assert found.pop("c7") == []
    assert found.pop("c3") == [1, 2, 3]
    assert found.pop("c9") == [1, 2]
    assert set(map(tuple, found.values())) == {(1,)}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
def test_scores_are_found_by_call(packed: bool, shuffled: bool) -> None:
    calls = [f"c{k}" for k in range(40)]
    rows = [
        Score(call, name, "1", "scored", float(n))
        for n, call in enumerate(calls)
        for name in ("label", "judge")
    ]
    asked = random.Random(2).sample(calls, len(calls)) if shuffled else calls
    scores = ScoresOfCalls(Packed.of(Score, rows, 7) if packed else rows)
    for call in asked:
        mine = scores.of(call)
        assert [s.scorer for s in mine] == ["label", "judge"]
        assert {s.value for s in mine} == {float(call[1:])}
    assert scores.of("no such call") == []


def test_ragged_arrays_are_the_arrays() -> None:
    arrays = [np.array([1.0, 2.0]), np.empty(0), np.array([3.0]), np.empty(0)]
    parts = RaggedParts()
    for one in arrays:
        parts.append(one)
    found = parts.done()
    assert [one.tolist() for one in found] == [one.tolist() for one in arrays]
    assert [found[at].tolist() for at in (-1, -2, 0)] == [[], [3.0], [1.0, 2.0]]
    assert found.lengths().tolist() == [2, 0, 1, 0]
    keep = np.array([False, True, True, False])
    assert [one.tolist() for one in found.only(keep)] == [[], [3.0]]
    assert [one.tolist() for one in found.emptied(keep)] == [[1.0, 2.0], [], [], []]
    assert ragged(found) is found
    assert isinstance(ragged(tuple(arrays)), Ragged)
    with pytest.raises(IndexError):
        found[4]


def test_costs_of_an_arm_are_taken_from_those_of_all() -> None:
    one = Cost(None, basis="list_price", why_unknown="no usage", price_id="p")
    columns = CostColumns({"a": one, "b": Cost(None)})
    bounds, facts = columns.of(Ids([pack(["b", "missing", "a"], {})]))
    assert np.isnan(bounds).all()
    assert bounds.shape == (3, 3)
    assert facts.price_ids == ("p",)
    assert facts.cost_why_unknown == ("no usage",)
    assert columns.of(Ids(()))[1].currencies == ()
