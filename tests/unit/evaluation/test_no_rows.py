"""What most runs have none of is looked for among columns: no row of a packed run is made."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from claimbench.evaluation.dollars.charges import any_charged
from claimbench.evaluation.lines.tool_lines import tool_lines
from claimbench.packed import Packed
from claimbench.types import Attempt, Call, Outcome, Score, Timing

TIMING = Timing(None, 0, 0, 1, 1, (1,), 2, "kernel")


def attempt(billed: Decimal | None = None) -> Attempt:
    return Attempt("a", 1, 1, TIMING, Outcome.OK, 200, None, None, billed, "yes")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_rows: object) -> Iterator[object]:
        raise AssertionError("rows were made")

    monkeypatch.setattr(Packed, "__iter__", refuse)


@pytest.mark.usefixtures("unread")
def test_charges_are_looked_for_without_a_row() -> None:
    assert not any_charged(Packed.of(Attempt, [attempt()] * 3))
    assert any_charged(Packed.of(Attempt, [attempt(), attempt(Decimal(0))]))


@pytest.mark.usefixtures("unread")
def test_tools_are_looked_for_without_a_row() -> None:
    calls = Packed.of(Call, [Call("r", "a", "t", "s", 0, "arm", 1, 0)])
    scores = Packed.of(Score, [Score("a", "label", "1", "scored", 1.0, "read as x")])
    assert tool_lines(calls, scores, {}) == []
