"""Packed rows come back equal, whatever their values; columns, places and keys find what rows hold."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.packed import (
    Packed,
    PackedMapping,
    Packer,
    columns,
    repeated,
    some_rows,
    some_values,
)
from claimbench.types import Attempt, Call, CallRecord, Cost, Outcome, Score, Timing, Usage

NS = st.integers(0, 2**63 - 1)
MAYBE_NS = st.one_of(st.none(), NS)
TEXT = st.text(max_size=20)
AMOUNT = st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False))
USAGE = st.builds(
    Usage,
    input_fresh=st.one_of(st.none(), st.integers(0, 10**9)),
    cache_read=st.one_of(st.none(), st.integers(0, 10)),
    fees=st.lists(st.tuples(TEXT, st.integers(0, 9)), max_size=2).map(tuple),
)
TIMING = st.builds(
    Timing,
    scheduled_ns=MAYBE_NS,
    queued_ns=NS,
    sent_ns=NS,
    first_content_ns=MAYBE_NS,
    first_answer_ns=MAYBE_NS,
    chunk_ns=st.lists(NS, max_size=4).map(tuple),
    ended_ns=NS,
    stamp_source=st.sampled_from(["kernel", "sdk"]),
    engine=st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=2),
)
ATTEMPT = st.builds(
    Attempt,
    call_id=st.uuids().map(lambda one: one.hex),
    number=st.integers(1, 9),
    session=st.integers(1, 3),
    timing=TIMING,
    outcome=st.sampled_from(list(Outcome)),
    http_status=st.one_of(st.none(), st.integers(100, 599)),
    usage=st.one_of(st.none(), USAGE),
    usage_raw=st.one_of(st.none(), st.dictionaries(TEXT, st.integers(), max_size=3)),
    billed_usd=AMOUNT,
    billable=st.just("yes"),
    error=st.one_of(st.none(), TEXT),
)
CALL = st.builds(
    Call,
    run_id=st.just("r"),
    id=TEXT,
    task=st.sampled_from(["a", "b"]),
    sample_id=TEXT,
    epoch=st.integers(0, 50),
    arm=st.sampled_from(["x", "y", "z"]),
    seed=st.integers(-(2**70), 2**70),
    position=st.integers(0, 10**6),
    role=st.sampled_from(["subject", "judge"]),
    scheduled_ns=MAYBE_NS,
)
RECORD = st.builds(
    CallRecord,
    call=CALL,
    text=st.text(max_size=30),
    outcome=st.sampled_from(list(Outcome)),
    finish_reason=st.one_of(st.none(), TEXT),
    attempt=st.integers(0, 5),
)
COST = st.builds(
    Cost,
    amount=AMOUNT,
    low=AMOUNT,
    components=st.dictionaries(
        TEXT, st.decimals(allow_nan=False, allow_infinity=False), max_size=2
    ),
)
SCORE = st.builds(
    Score,
    call_id=TEXT,
    scorer=TEXT,
    scorer_version=st.just("1"),
    status=st.just("scored"),
    value=st.one_of(st.none(), st.floats(allow_nan=False)),
    parts=st.dictionaries(TEXT, st.floats(0, 1), max_size=2),
)
SIZE = st.integers(1, 5)


@given(
    st.one_of(
        *(
            st.tuples(st.just(kind), st.lists(rows, max_size=12))
            for kind, rows in [
                (Attempt, ATTEMPT),
                (CallRecord, RECORD),
                (Cost, COST),
                (Score, SCORE),
            ]
        )
    ),
    SIZE,
)
def test_rows_come_back_equal(found: tuple[type, list[Any]], size: int) -> None:
    kind, rows = found
    packed = Packed.of(kind, rows, size)
    assert len(packed) == len(rows)
    # repr tells 1 from 1.0 and True, -0.0 from 0.0 and 1.0 from 1.00, which == does not
    assert [repr(row) for row in packed] == [repr(row) for row in rows]
    assert [packed[at] for at in range(-len(rows), 0)] == rows
    assert packed == rows
    assert packed[:3] == tuple(rows[:3])
    assert packed[1::2] == tuple(rows[1::2])


@dataclass(frozen=True, slots=True)
class Odd:
    """A row of what no row of ours holds, yet might."""

    any: Any = None
    number: float = 0.0
    mapping: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    "values",
    [
        [1, True, 1.0, None],
        [0.0, -0.0, math.inf],
        [Decimal("1.0"), Decimal("1.00"), Decimal("-0"), None],
        ["half \ud800 a pair", "", "0f", "0F"],
        ["00", " 0", "ff"],
        [(), (1,), (True,), (1, -(2**70))],
        [{}, {"a": 1}, {"a": [1, {"b": None}]}],
        [Outcome.OK, "ok", Outcome.OK],
        [2**63, -(2**63) - 1, 0],
    ],
)
def test_values_keep_type_and_sign(values: list[Any]) -> None:
    packed = Packed.of(Odd, [Odd(any=value) for value in values], 2)
    assert [(type(row.any), repr(row.any)) for row in packed] == [
        (type(value), repr(value)) for value in values
    ]


def test_nan_comes_back_as_nan() -> None:
    packed = Packed.of(Odd, [Odd(number=math.nan), Odd(number=1.5)])
    assert math.isnan(packed[0].number)
    assert packed[1].number == 1.5


@given(st.lists(RECORD, max_size=9), SIZE)
def test_columns_of_packed_rows_are_those_of_rows(rows: list[CallRecord], size: int) -> None:
    packed = Packed.of(CallRecord, rows, size)
    for paths in (("call.id",), ("outcome", "call.epoch"), ("call", "text", "attempt")):
        assert list(columns(packed, *paths)) == list(columns(rows, *paths))
    places = [at for at in range(len(rows)) if at % 2]
    assert some_rows(packed, reversed(places)) == some_rows(rows, places)


@given(st.dictionaries(TEXT, COST, max_size=12), SIZE)
def test_a_packed_mapping_is_the_mapping(costs: dict[str, Cost], size: int) -> None:
    packed = PackedMapping.of(Cost, costs, size)
    assert dict(packed) == costs
    assert list(packed) == list(costs)
    assert list(packed.items()) == list(costs.items())
    assert len(packed) == len(costs)
    for key in [*reversed(costs), *costs]:
        assert key in packed
        assert packed[key] == costs[key]
    assert "no such key at all" not in packed
    assert packed.get("no such key at all") is None
    wanted = [*list(costs)[::2], "no such key at all"]
    assert some_values(packed, wanted) == some_values(costs, wanted)


def test_rows_far_apart_are_found_in_any_order() -> None:
    rows = [Odd(any=at) for at in range(500)]
    packed = Packed.of(Odd, rows, 4)
    order = [(at * 271) % 500 for at in range(500)]
    assert [packed[at].any for at in order] == order
    with pytest.raises(IndexError):
        packed[500]


def test_a_packer_takes_rows_one_by_one_and_many() -> None:
    packer = Packer(Odd, 3)
    packer.append(Odd(any=0))
    packer.extend(Odd(any=at) for at in range(1, 8))
    packer.append(Odd(any=8))
    assert [row.any for row in packer.done()] == list(range(9))


def test_keys_and_rows_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="2 keys for 1 rows"):
        PackedMapping.keyed(["a", "b"], Packed.of(Odd, [Odd()]))


def test_packed_rows_can_be_copied_and_sent_to_a_process() -> None:
    packed = Packed.of(Score, [Score(f"c{k}", "s", "1", "scored", 0.5) for k in range(7)], 3)
    mapping = PackedMapping.keyed(columns(packed, "call_id"), packed)
    for again in (copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))):
        assert again(packed) == packed
        assert dict(again(mapping)) == dict(mapping)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=12))
def test_keys_that_come_again_are_found(keys: list[str]) -> None:
    assert repeated(lambda: keys) == {key for key in keys if keys.count(key) > 1}


@given(
    st.lists(st.sampled_from(["1.0", "1.00", "1E+1", "NaN", "0.25"]), min_size=1, max_size=3),
    st.integers(1, 90),
    SIZE,
)
def test_objects_that_rows_share_keep_every_digit(kinds: list[str], n: int, size: int) -> None:
    amounts = [Decimal(text) for text in kinds]
    parts = [{"input": amount} for amount in amounts]
    shared = [Cost(amounts[k % len(kinds)], components=parts[k % len(kinds)]) for k in range(n)]
    found = list(Packed.of(Cost, shared, size))
    assert [str(cost.amount) for cost in found] == [str(cost.amount) for cost in shared]
    assert [repr(cost.components) for cost in found] == [repr(cost.components) for cost in shared]


def test_objects_that_rows_share_are_kept_once_for_all_blocks() -> None:
    makers = [Decimal("1.0"), Decimal("1.00"), Decimal("2")]
    rows = []
    for block in range(4):
        mine = [Decimal(str(one)) for one in makers]  # equal ones, made anew for each block
        rows += [Cost(mine[k % 3], components={"input": mine[k % 3]}) for k in range(400)]
        assert len(rows) == 400 * (block + 1)
    found = list(Packed.of(Cost, rows, 400))
    assert found == rows
    assert len({id(cost.amount) for cost in found}) == 3
    assert [str(cost.amount) for cost in found] == [str(cost.amount) for cost in rows]


def test_more_shared_objects_than_two_bytes_count_come_back() -> None:
    amounts = [Decimal(k) for k in range(70_000)]
    rows = [Cost(amount) for amount in amounts for _ in range(4)]
    assert [cost.amount for cost in Packed.of(Cost, rows, len(rows))] == [
        amount for amount in amounts for _ in range(4)
    ]


@given(st.lists(RECORD, max_size=9), SIZE, st.lists(st.integers(0, 8), max_size=12))
def test_some_rows_are_the_rows_at_those_places(
    rows: list[CallRecord], size: int, places: list[int]
) -> None:
    mine = [at for at in places if at < len(rows)]
    packed = Packed.of(CallRecord, rows, size)
    assert some_rows(packed, mine) == [rows[at] for at in sorted(mine)]
