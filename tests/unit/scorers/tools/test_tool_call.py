"""``tool_call``: names, types, optional parameters, several acceptable values, order, no call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.scorers import ScorerOptionError
from claimbench.scorers.tools.match import pairing
from claimbench.scorers.tools.scorer import ToolCallScorer
from claimbench.scorers.tools.targets import TargetFault, read_target
from claimbench.types import AnswerSpec, Call, CallRecord, Outcome, Sample, Task, ToolCall, ToolSpec

TOOLS = (
    ToolSpec(
        "book",
        "Book a table.",
        {
            "type": "object",
            "properties": {
                "place": {"type": "string"},
                "seats": {"type": "integer"},
                "tip": {"type": "number"},
                "outside": {"type": "boolean", "default": False},
                "menu": {"type": "string", "enum": ["day", "full"]},
                "times": {"type": "array", "items": {"type": "integer"}},
                "guest": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                },
            },
            "required": ["place"],
        },
    ),
    ToolSpec("weather", "", {"type": "object", "properties": {"city": {"type": "string"}}}),
)


def score(target: Any, *calls: tuple[str, Any], text: str = "", **options: Any) -> float | None:
    made = tuple(
        ToolCall(name, arguments if isinstance(arguments, str) else json.dumps(arguments))
        for name, arguments in calls
    )
    call = Call("r", "c", "t", "s", 0, "a", 0, 0)
    record = CallRecord(call, text, Outcome.OK, "tool_calls", 1, tool_calls=made)
    task = Task("t", (), (), (), AnswerSpec("tool_call"), (), 64, tools=TOOLS)
    found = ToolCallScorer(options).score_record(record, Sample("s", {}, target, "s"), task)
    assert found.status in ("scored", "unparsable"), found.explanation
    return found.value


WANTED = [{"name": "book", "arguments": {"place": "Oslo"}}]


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"place": "Oslo"}, 1),
        ({"place": "oslo."}, 1),
        ({"place": "Bergen"}, 0),
        ({}, 0),
        ({"place": "Oslo", "seats": 2}, 0),
        ({"place": "Oslo", "outside": False}, 1),
        ({"place": "Oslo", "outside": True}, 0),
        ({"place": 7}, 0),
        ([1], 0),
    ],
)
def test_parameters_are_the_wanted_ones_and_no_others(arguments: Any, value: float) -> None:
    assert score(WANTED, ("book", arguments)) == value


@pytest.mark.parametrize(
    ("name", "right", "given", "strict", "loose"),
    [
        ("seats", 4, 4, 1, 1),
        ("seats", 4, 4.0, 0, 1),
        ("seats", 4, "4", 0, 1),
        ("seats", 1, True, 0, 0),
        ("tip", 5.0, 5, 1, 1),
        ("tip", 5, 5.0, 1, 1),
        ("tip", 2.5, "2.5", 0, 1),
        ("outside", True, True, 1, 1),
        ("outside", True, "true", 0, 1),
        ("outside", True, 1, 0, 0),
        ("times", [18, 20], [18, 20], 1, 1),
        ("times", [18, 20], [20, 18], 0, 0),
        ("guest", {"name": "Ada", "age": 3}, {"age": 3, "name": "ada"}, 1, 1),
        ("guest", {"name": "Ada", "age": 3}, {"name": "Ada"}, 0, 0),
        ("menu", {"any_of": ["day", "full"]}, "full", 1, 1),
        ("menu", {"any_of": ["day", "full"]}, "half", 0, 0),
    ],
)
def test_values_have_the_types_of_the_schema(
    name: str, right: Any, given: Any, strict: float, loose: float
) -> None:
    target = [{"name": "book", "arguments": {"place": "Oslo", name: right}}]
    call = ("book", {"place": "Oslo", name: given})
    assert score(target, call) == strict
    assert score(target, call, strict_types=False) == loose


def test_optional_parameters_may_be_left_out_but_not_be_wrong() -> None:
    target = [{"name": "book", "arguments": {"place": "Oslo"}, "optional": {"seats": 2}}]
    assert score(target, ("book", {"place": "Oslo"})) == 1
    assert score(target, ("book", {"place": "Oslo", "seats": 2})) == 1
    assert score(target, ("book", {"place": "Oslo", "seats": 3})) == 0


BFCL = [{"book": {"place": ["Oslo", "Oslo, Norway"], "seats": [2], "menu": ["day", ""]}}]


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"place": "Oslo", "seats": 2}, 1),
        ({"place": "oslo norway", "seats": 2, "menu": "day"}, 1),
        ({"place": "Oslo", "seats": 2, "menu": "full"}, 0),
        ({"place": "Oslo"}, 0),
        ({"place": "Oslo", "seats": "2"}, 0),
    ],
)
def test_possible_answers_are_read_as_bfcl_reads_them(arguments: Any, value: float) -> None:
    assert score(BFCL, ("book", arguments)) == value
    assert score(json.dumps(BFCL), ("book", arguments)) == value


def test_parallel_calls_match_in_any_order_unless_ordered() -> None:
    target = [
        {"name": "weather", "arguments": {"city": "Oslo"}},
        {"name": "weather", "arguments": {"city": {"any_of": ["Oslo", "Rome"]}}},
    ]
    rome, oslo = ("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})
    assert score(target, rome, oslo) == 1
    assert score(target, oslo, rome) == 1
    assert score(target, rome, oslo, ordered=True) == 0
    assert score(target, oslo) == 0
    assert score(target, oslo, rome, rome) == 0
    assert score(target, rome, rome) == 0


@pytest.mark.parametrize(
    ("target", "calls", "value"),
    [
        ([], (), 1),
        ([], (("weather", {"city": "x"}),), 0),
        ("any", (("weather", {"city": "x"}),), 1),
        ("any", (), 0),
        ("any", (("unknown", {}),), 0),
        (WANTED, (), 0),
        (WANTED, (("weather", {"city": "Oslo"}),), 0),
        (WANTED, (("book", "{not json"),), 0),
    ],
)
def test_rows_that_want_nothing_or_anything(target: Any, calls: Any, value: float) -> None:
    assert score(target, *calls, text="words") == value


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("[{", "neither a list of calls nor JSON"),
        (7, "is a int, not a list of calls"),
        ([{"nme": "book"}], "has 'nme'"),
        ([{"name": "bok"}], "which is no tool here (tools: book, weather)"),
        ([{"name": "book", "arguments": {"plce": 1}}], "the parameter 'plce', which it does not"),
        ([{"name": "book", "arguments": [1]}], "its arguments are no mapping"),
    ],
)
def test_targets_that_call_what_is_not_there_are_faults(target: Any, says: str) -> None:
    with pytest.raises(TargetFault) as caught:
        read_target(target, TOOLS)
    assert says in str(caught.value)


def test_options_are_checked() -> None:
    with pytest.raises(ScorerOptionError, match="unknown option 'strict'"):
        ToolCallScorer({"strict": True})
    assert ToolCallScorer().check(AnswerSpec("text")) is not None
    assert ToolCallScorer().check(AnswerSpec("tool_call")) is None


def test_pairing_finds_a_pairing_that_taking_the_first_would_miss() -> None:
    assert pairing([[True, True], [True, False]]) == [1, 0]
    assert pairing([[True, False], [True, False]]).count(None) == 1
    assert pairing([]) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"city": "Bergen", "city": "Oslo"}',
        '{"city": "Oslo", "city": "Oslo"}',
        '{"city": "Oslo", "more": {"a": 1, "a": 2}}',
        '{"city": "Oslo", "more": [{"a": 1, "a": 1}]}',
    ],
)
def test_an_argument_given_twice_is_no_match(text: str) -> None:
    from claimbench.scorers.tools.simulation import RepeatedKey, arguments_of, once_each

    assert arguments_of(text) is None
    with pytest.raises(RepeatedKey, match="twice"):
        json.loads(text, object_pairs_hook=once_each)


def test_an_argument_given_twice_is_found_among_very_many() -> None:
    from claimbench.scorers.tools.simulation import arguments_of

    many = ", ".join(f'"k{i}": 1' for i in range(100_000))
    assert arguments_of(f'{{{many}, "k99999": 2}}') is None
    assert len(arguments_of(f"{{{many}}}") or {}) == 100_000
