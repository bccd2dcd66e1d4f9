from __future__ import annotations

import dataclasses
import json
import math
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimbench import types
from claimbench.codec import _reader, decode, encode
from claimbench.errors import StoreError
from claimbench.types import (
    Arm,
    Attempt,
    Call,
    CallRecord,
    Claim,
    Cost,
    Estimate,
    Manifest,
    Outcome,
    Reading,
    Reason,
    SamplingParams,
    Score,
    Session,
    Timing,
    ToolCall,
    Usage,
    Verdict,
)

TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)  # half surrogate pairs included
MONEY = st.none() | st.decimals(allow_nan=False, allow_infinity=False)
NS = st.integers(0, 2**63)
OPT_INT = st.none() | st.integers(0, 10**9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TIMING = st.builds(
    Timing,
    scheduled_ns=st.none() | NS,
    queued_ns=NS,
    sent_ns=NS,
    first_content_ns=st.none() | NS,
    first_answer_ns=st.none() | NS,
    chunk_ns=st.lists(NS, max_size=5).map(tuple),
    ended_ns=NS,
    stamp_source=st.sampled_from(["kernel", "transport", "sdk", "in_process"]),
    engine=st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=2),
)
USAGE = st.builds(
    Usage,
    input_fresh=OPT_INT,
    cache_read=OPT_INT,
    output_visible=OPT_INT,
    fees=st.lists(st.tuples(TEXT, st.integers(0, 9)), max_size=2).map(tuple),
    source=st.sampled_from(["provider", "tokenizer", "unknown"]),
)
ATTEMPT = st.builds(
    Attempt,
    call_id=TEXT,
    number=st.integers(1, 9),
    session=st.integers(1, 9),
    timing=TIMING,
    outcome=st.sampled_from(Outcome),
    http_status=OPT_INT,
    usage=st.none() | USAGE,
    usage_raw=JSON,
    billed_usd=MONEY,
    billable=st.sampled_from(["yes", "no", "unknown"]),
    error=st.none() | TEXT,
    reserved_usd=MONEY,
)
CALL = st.builds(
    Call,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    st.integers(1, 9),
    TEXT,
    st.integers(0, 2**64),
    NS,
    scheduled_ns=st.none() | NS,
)
RECORD = st.builds(
    CallRecord,
    call=CALL,
    text=TEXT,
    outcome=st.sampled_from(Outcome),
    finish_reason=st.none() | TEXT,
    attempt=st.integers(0, 9),
    tool_calls=st.lists(
        st.builds(ToolCall, TEXT, TEXT, st.none() | TEXT, st.none() | NS), max_size=2
    ).map(tuple),
    logprobs=JSON,
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(ATTEMPT, RECORD, CALL))
def test_everything_measured_comes_back_equal_and_of_its_type(
    value: Attempt | CallRecord | Call,
) -> None:
    text = encode(value)
    text.encode()  # SQLite takes UTF-8 only
    again = decode(type(value), text)
    assert again == value
    assert encode(again) == text
    if isinstance(value, Attempt) and isinstance(again, Attempt):
        assert type(again.outcome) is Outcome
        assert type(again.timing.chunk_ns) is tuple
        assert str(again.billed_usd) == str(value.billed_usd)  # 0.10 stays 0.10


def test_nested_and_recursive_types() -> None:
    part = Claim("c", "t", None, "cost", "usd", ("a",), ("b",), "<=", 0.1, slice=("lang", "de"))
    claim = dataclasses.replace(part, parts=(part, part))
    estimate = Estimate(0.1, -math.inf, math.inf, 0.95, "fieller", 10, 5)
    reading = Reading(
        "ratio",
        estimate,
        0.1,
        None,
        "<=",
        "refuted",
        n_more=(1.0, math.inf),
        flip_points={"x": 2.0},
    )
    verdict = Verdict(claim, "refuted", "ratio", "", (reading,), (Reason("flag", "why"),), ())
    verdict = dataclasses.replace(verdict, parts=(verdict,))
    assert decode(Verdict, encode(verdict)) == verdict
    cost = Cost(Decimal("1E-7"), components={"input": Decimal("0.10"), "output": Decimal(0)})
    assert decode(Cost, encode(cost)) == cost
    score = Score("c", "label", "1", "unscored", None, parts={"a": 1.0})
    assert decode(Score, encode(score)) == score
    arm = Arm("a", "openai", "m", params=SamplingParams(temperature=0.0), cost_model={"list": {}})
    assert decode(Arm, encode(arm)) == arm


def test_every_domain_type_can_be_stored() -> None:
    """A type that the codec cannot hold is found here, not in a customer's run."""
    for name, cls in vars(types).items():
        if dataclasses.is_dataclass(cls):
            for item in dataclasses.fields(cls):
                assert callable(_reader(get_type_hints(cls)[item.name], False)), name


def test_infinities_and_nan_are_kept() -> None:
    record = CallRecord(
        Call("r", "i", "t", "s", 1, "a", 0, 0),
        "",
        Outcome.OK,
        None,
        1,
        logprobs=[-math.inf, math.nan],
    )
    low, nan = decode(CallRecord, encode(record)).logprobs
    assert low == -math.inf
    assert math.isnan(nan)


def test_text_is_canonical() -> None:
    one = Session("r", 1, "t", 0, host={"b": 1, "a": MappingProxyType({"z": 1, "y": 2})})
    two = Session("r", 1, "t", 0, host={"a": {"y": 2, "z": 1}, "b": 1})
    assert (
        encode(one)
        == encode(two)
        == json.dumps(json.loads(encode(one)), sort_keys=True, separators=(",", ":"))
    )


@pytest.mark.parametrize(
    "bad", [object(), {1, 2}, b"x", Decimal(1), [Outcome], {"deep": [complex(1)]}]
)
def test_what_would_not_come_back_equal_is_refused(bad: Any) -> None:
    with pytest.raises(StoreError, match="not a JSON value"):
        encode(Session("r", 1, "t", 0, host={"x": bad}))


def test_circular_value_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(StoreError, match="cannot store Session"):
        encode(Session("r", 1, "t", 0, host={"x": loop}))


def test_fields_that_did_not_exist_yet_get_their_defaults() -> None:
    plain = json.loads(encode(Score("c", "label", "1", "scored", 1.0)))
    del plain["parts"], plain["judge_cost_usd"]
    assert decode(Score, json.dumps(plain)) == Score("c", "label", "1", "scored", 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mood": "good"}, "unknown field 'mood'"),
        ({"value": ...}, "is incomplete: .*'value'"),
    ],
)
def test_text_of_another_version_is_refused(change: dict[str, Any], message: str) -> None:
    plain = json.loads(encode(Score("c", "label", "1", "scored", 1.0))) | change
    plain = {key: value for key, value in plain.items() if value is not ...}
    with pytest.raises(StoreError, match=message):
        decode(Score, json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[1]", "3"])
def test_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="stored Manifest is not"):
        decode(Manifest, text)


@dataclasses.dataclass(frozen=True)
class Ambiguous:
    value: Decimal | Outcome


def test_types_that_json_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(StoreError, match="cannot tell the parts"):
        encode(Ambiguous(Decimal(1)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1e-7, "a": 1e15, "é": -0.0}, '{"a":1000000000000000.0,"b":1e-7,"é":-0.0}'),
        ({"b": 1e-7, "a": 1e16}, '{"a":1e+16,"b":1e-7}'),
        ({"b": 1e-7, "a": -math.inf}, '{"a":-Infinity,"b":1e-07}'),
        ({"b": 1e-7, "a": math.nan}, '{"a":NaN,"b":1e-07}'),
        ({"b": 1e-7, "a": 2**64}, '{"a":18446744073709551616,"b":1e-07}'),
        ({"b": 2**64 - 1, "a": -(2**63)}, '{"a":-9223372036854775808,"b":18446744073709551615}'),
        ({"b": "é\x00\x7f\n", "a": ("x",)}, '{"a":["x"],"b":"é\\u0000\x7f\\n"}'),
        ({"b": "é", "a": "\ud83d"}, '{"a":"\\ud83d","b":"\\u00e9"}'),
        ({1: [Outcome.OK]}, '{"1":["ok"]}'),
    ],
)
def test_the_text_is_the_one_that_older_versions_wrote(value: Any, text: str) -> None:
    """Stored rows are hashed: another spelling of the same value would break their chain."""
    assert encode(value) == text
    stored = encode(Session("r", 1, "t", 0, host={"x": value}))
    assert f'"x":{text}' in stored
    assert encode(decode(Session, stored)) == stored


@pytest.mark.parametrize(
    "engine",
    ['{"n":5}', '{"n":5.0}', '{"n":NaN}', '{"n":1e-07,"o":-Infinity}', '{"n":1e+16}', '{"n":null}'],
)
def test_a_stored_row_comes_back_to_its_text(engine: str) -> None:
    timing = Timing(None, 1, 2, None, None, (), 3, "sdk")
    attempt = Attempt("c", 1, 1, timing, Outcome.OK, None, None, None, None, "no")
    text = encode(attempt).replace('"engine":{}', f'"engine":{engine}')
    again = encode(decode(Attempt, text))
    assert again == text


def test_what_a_provider_sent_is_kept_as_it_came() -> None:
    """An endpoint may name its model with a number; the run must stay readable."""
    timing = Timing(None, 1, 2, None, None, (), 3, "sdk")
    odd: Any = 5
    attempt = Attempt("c", 1, 1, timing, Outcome.OK, None, None, None, None, "no", odd)
    assert decode(Attempt, encode(attempt)) == attempt


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"outcome":"ok"', '"outcome":"good"', "CallRecord is damaged at outcome: 'good' is not"),
        ('"call":{', '"call":{"mood":1,', "stored Call has the unknown field 'mood'"),
        ('"epoch":1,', "", "stored Call is incomplete: it lacks 'epoch'"),
        ('"tool_calls":[]', '"tool_calls":3', "damaged at tool_calls: 3 is not a list"),
        ('"tool_calls":[]', '"tool_calls":[3]', "stored ToolCall is not an object"),
    ],
)
def test_a_damaged_field_is_named(old: str, new: str, message: str) -> None:
    text = encode(CallRecord(Call("r", "i", "t", "s", 1, "a", 0, 0), "", Outcome.OK, None, 1))
    assert old in text
    with pytest.raises(StoreError, match=message):
        decode(CallRecord, text.replace(old, new))
