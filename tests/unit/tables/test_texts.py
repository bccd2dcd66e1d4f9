"""Texts and numbers of many calls that are kept small read as the arrays that they stand for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.packing import pack
from claimbench.packing.ids import Ids
from claimbench.tables.texts import Texts, shared, slim, strings
from claimbench.testing.tables import tables_from_arrays

HEX = ["00ff" * 6, "12ab" * 6, "cd00" * 6]


@pytest.mark.parametrize("names", [HEX, ["call one", "2", "é"], ["ab", "abcd"], []])
def test_ids_read_as_the_array_of_their_texts(names: list[str]) -> None:
    kept = Texts.of_ids(Ids([pack(names, {})] if names else []))
    made = kept.array()
    wanted = strings(names)
    assert made.dtype == wanted.dtype
    assert made.tolist() == names
    assert [kept.one(k) for k in range(len(names))] == names
    assert kept.ids().texts() == names
    assert kept.ids().places_of(Ids([pack(names[1:], {})] if names[1:] else [])).tolist() == list(
        range(1, len(names))
    )


def test_few_values_read_as_the_array_of_their_places() -> None:
    kept = Texts(strings(["ok", "model_timeout"]), np.asarray([1, 0, 0]))
    assert kept.array().tolist() == ["model_timeout", "ok", "ok"]
    assert kept.one(0) == "model_timeout"


NUMBERS: list[tuple[Any, bool]] = [
    ([1.5, 1.5, 1.5], True),
    ([math.nan, math.nan], True),
    ([0.0, -0.0], False),
    ([1.5, math.nan], False),
    ([True, True], True),
    ([3, 3, 4], False),
    ([7], False),
    ([], False),
]


@pytest.mark.parametrize(("numbers", "once"), NUMBERS)
def test_equal_numbers_are_kept_once_to_the_last_bit(numbers: list[Any], once: bool) -> None:
    array = np.asarray(numbers)
    found = slim(array)
    assert (found is not array) is once
    assert found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()


def test_only_numbers_of_the_same_bits_are_shared() -> None:
    first = np.asarray([0.0, math.nan])
    assert shared(first, first.copy()) is first
    for other in (np.asarray([-0.0, math.nan]), np.asarray([0.0, 1.0]), np.asarray([0, 1])):
        assert shared(first, other) is other


def test_rows_with_kept_texts_are_changed_and_replaced_as_any_others() -> None:
    _, calls = tables_from_arrays({"A": [1.0, 0.0]})
    rows = calls.arms["A"]
    n = len(rows.item)
    kept = rows.but(outcome=Texts(strings(["refused"]), np.zeros(n, dtype=np.uint8)))
    assert kept.outcome.tolist() == ["refused"] * n
    assert kept.text("outcome", 0) == "refused"
    assert kept.text("call_id", 1) == rows.call_id[1]
    assert kept.ids().texts() == rows.call_id.tolist()
    assert replace(kept, score=rows.score).outcome.tolist() == ["refused"] * n
    assert rows.outcome.tolist() != ["refused"] * n
