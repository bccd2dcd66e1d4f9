"""Counts of input that no two tokenizers have are said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.evaluation.lines.input_lines import input_lines
from claimbench.tables.types import CallTable, ItemTable, TurnsOfItems


class _Rows:
    """As much of an arm's rows as is read."""

    def __init__(self, item: list[int], n_in: list[float]) -> None:
        self.item, self.n_in = np.asarray(item), np.asarray(n_in)


def tables(turns: list[int] | None = None, **arms: Any) -> tuple[ItemTable, CallTable]:
    texts = np.asarray(["a", "b", "c"])
    items = ItemTable(tuple(texts), texts, texts, {}, {})
    if turns is not None:
        items = replace(items, turns=TurnsOfItems(np.asarray(turns), texts))
    return items, CallTable({name: _Rows(*rows) for name, rows in arms.items()})  # type: ignore[arg-type]


ITEMS = [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "turns", "said"),
    [
        ({"a": (ITEMS, [10, 20, 30]), "b": (ITEMS, [100, 120, 140])}, None, True),
        ({"a": (ITEMS, [100, 120, 140]), "b": (ITEMS, [10, 20, 30])}, None, True),
        ({"a": (ITEMS, [100, 120, 140]), "b": (ITEMS, [50, 60, 70])}, None, False),
        ({"a": ([0], [10]), "b": ([1, 2], [100, 900])}, None, False),  # no request in common
        ({"a": (ITEMS, [10, 10, np.nan]), "b": (ITEMS, [12, 12, 900])}, None, False),
        ({"a": (ITEMS, [10, 12, 14]), "b": (ITEMS, [10, 900, 1900])}, [1, 2, 3], False),
        ({"a": (ITEMS, [10, 12, 14]), "b": (ITEMS, [90, 92, 94])}, [1, 2, 3], True),
        ({"a": ([0, 0, 1], [10, 10, 10]), "b": ([0, 1, 1], [40, 20, 20])}, None, True),
        ({"a": (ITEMS, [10, 12, 14])}, None, False),
        ({"a": (ITEMS, [np.nan] * 3), "b": (ITEMS, [10, 12, 14])}, None, False),
    ],
)
def test_a_factor_of_three_is_said(
    rows: dict[str, Any], turns: list[int] | None, *, said: bool
) -> None:
    assert bool(input_lines(["a", "b"], *tables(turns, **rows))) is said


def test_both_arms_and_means_are_named() -> None:
    found = tables(
        big=(ITEMS, [270, 275, 280]), small=(ITEMS, [40, 40, 40]), of_a_route=(ITEMS, [1, 1, 1])
    )
    (line,) = input_lines(["big", "small"], *found)
    assert line.startswith(
        "small states 40 input tokens a request on average, big 275 for the same requests: 6.9 times"
    )
    assert "vendor's own counts" in line
