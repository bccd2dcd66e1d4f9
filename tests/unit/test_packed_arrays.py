"""Columns of packed rows as arrays, and ids found among each other: as their values say."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.packing import pack, values_at, values_of
from claimbench.packing.factors import codes_of, factored, ints_of
from claimbench.packing.ids import Ids
from claimbench.packing.twins import original, twin_of
from claimbench.packing.whole import whole_amounts, whole_codes, whole_floats, whole_ragged
from claimbench.types import Attempt, Timing, Usage

HEX = st.sampled_from(["a1", "b2", "c3"]).map(lambda one: one * 12)
ALIKE = st.sampled_from([f"{'0' * 16}{n:08x}" for n in range(40)])
"""Ids of a run's form whose first eight bytes agree."""
IDS = st.one_of(
    st.lists(st.uuids().map(lambda one: one.hex[:24]), max_size=700),
    st.lists(ALIKE, max_size=300),
    st.lists(HEX, max_size=9),
    st.lists(st.text(max_size=3), max_size=40),
)


def ids(texts: list[str], size: int = 280) -> Ids:
    return Ids([pack(texts[k : k + size], {}) for k in range(0, len(texts), size)])


@given(IDS, IDS, st.randoms(use_true_random=False))
def test_ids_are_found_where_they_stand_first(mine: list[str], other: list[str], rng: Any) -> None:
    wanted = [*rng.sample(mine, len(mine) // 2), *other]
    found = ids(mine).places_of(ids(wanted)).tolist()
    assert found == [mine.index(one) if one in mine else -1 for one in wanted]
    assert ids(mine).texts() == mine
    assert ids(mine).firsts().tolist() == [mine.index(one) for one in mine]
    places = np.asarray([k for k in range(len(mine)) if k % 3], dtype=np.int64)
    assert ids(mine).taken(places).texts() == [mine[k] for k in places.tolist()]


USAGE = st.builds(
    Usage,
    input_fresh=st.one_of(st.none(), st.integers(0, 2**62)),
    output_visible=st.integers(0, 3),
    fees=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2)), max_size=1).map(tuple),
)
DECIMAL = st.sampled_from([Decimal("1.0"), Decimal("1.00"), Decimal("0.3")])
COLUMN = st.one_of(
    st.lists(kind, min_size=1, max_size=60)
    for kind in (
        st.one_of(st.none(), st.integers(-3, 3)),
        st.integers(-(2**70), 2**70),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False),
        st.one_of(st.none(), st.text(max_size=2)),
        st.one_of(st.none(), USAGE),
        st.one_of(st.none(), DECIMAL),
        st.dictionaries(st.sampled_from("ab"), st.one_of(st.integers(0, 1), st.booleans())),
        st.one_of(st.booleans(), st.integers(0, 1), st.sampled_from([0.0, 1.0, -0.0])),
    )
)


@given(COLUMN)
def test_values_of_one_code_are_the_same(values: list[Any]) -> None:
    column = pack(values, {})
    codes, bound = codes_of(column)
    assert len(codes) == len(values)
    assert all(0 <= code < bound for code in codes.tolist())
    once, places = factored(column)
    assert repr([once[k] for k in places.tolist()]) == repr(values_of(column)) == repr(values)
    at = list(range(0, len(values), 2))
    assert repr(values_at(column, at)) == repr([values[k] for k in at])
    distinct, whole = whole_codes([column, column])
    assert repr([distinct[k] for k in whole.tolist()]) == repr([*values, *values])


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1))
def test_whole_numbers_and_where_there_are_any(values: list[int | None]) -> None:
    found, there = ints_of(pack(values, {}))
    assert there.tolist() == [value is not None for value in values]
    assert found.tolist() == [value or 0 for value in values]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1))
def test_floats_and_amounts(values: list[float | None]) -> None:
    want = [math.nan if value is None else value for value in values]
    np.testing.assert_equal(whole_floats([pack(values, {})]), want)
    amounts = [None if value is None else Decimal(str(value)) for value in values]
    np.testing.assert_equal(whole_amounts([pack(amounts, {}), pack([None], {})]), [*want, math.nan])


@given(st.lists(st.lists(st.integers(0, 2**61), max_size=3).map(tuple), min_size=1))
def test_numbers_of_any_length(rows: list[tuple[int, ...]]) -> None:
    lengths, flat = whole_ragged([pack(rows, {}), pack([(), ()], {})])
    assert lengths.tolist() == [*map(len, rows), 0, 0]
    assert flat.tolist() == [number for row in rows for number in row]


@pytest.mark.parametrize("cls", [Attempt, Timing, Usage])
def test_a_twin_has_the_fields_of_its_dataclass_and_is_told_apart(cls: type) -> None:
    twin = twin_of(cls)
    assert original(twin) is cls
    assert original(cls) is cls
    fields = cls.__dataclass_fields__  # type: ignore[attr-defined]
    assert twin.__struct_fields__ == tuple(sorted(fields))
