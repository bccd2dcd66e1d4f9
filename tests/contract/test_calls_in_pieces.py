"""Tool calls put together from whatever pieces servers send, and finish reasons in every chunk."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.types import Outcome

from .streams import chunk, regular, reply, sse, tried

A, B = '{"city":"A"}', '{"city":"B"}'


def piece(**call: Any) -> dict[str, Any]:
    """One piece of one call: ``index``, ``id``, and what of ``name`` and ``arguments`` it has."""
    function = {name: call.pop(name) for name in ("name", "arguments") if name in call}
    return chunk({"tool_calls": [call | {"function": function}]})


def calls(*rows: dict[str, Any]) -> list[tuple[str, str]]:
    found = tried("chat", reply(sse([*rows, chunk({}, "tool_calls"), "[DONE]"])))
    assert found.attempt.outcome is Outcome.OK
    return [(call.name, call.arguments) for call in found.answer.tool_calls]


TWO = [("get", A), ("get", B)]
PIECES: dict[str, tuple[list[dict[str, Any]], list[tuple[str, str]]]] = {
    "numbered, in pieces, one inside the other": (
        [
            piece(index=0, id="c1", name="get", arguments=""),
            piece(index=1, id="c2", name="get", arguments=""),
            piece(index=0, arguments=A[:5]),
            piece(index=1, arguments=B),
            piece(index=0, arguments=A[5:]),
        ],
        TWO,
    ),
    "number 0 each, whole": (
        [
            piece(index=0, id="c1", name="get", arguments=A),
            piece(index=0, id="c2", name="get", arguments=B),
        ],
        TWO,
    ),
    "number 0 each, in pieces": (
        [
            piece(index=0, id="c1", name="get", arguments=""),
            piece(index=0, arguments=A[:5]),
            piece(index=0, arguments=A[5:]),
            piece(index=0, id="c2", name="get", arguments=""),
            piece(index=0, arguments=B),
        ],
        TWO,
    ),
    "number 0 each, no ids": (
        [piece(index=0, name="get", arguments=A), piece(index=0, name="get", arguments=B)],
        TWO,
    ),
    "number 0 each, one id": (
        [
            piece(index=0, id="get", name="get", arguments=A),
            piece(index=0, id="get", name="get", arguments=B),
        ],
        TWO,
    ),
    "number 0 each, the second named before its arguments": (
        [
            piece(index=0, name="get", arguments=A),
            piece(index=0, name="get", arguments=""),
            piece(index=0, arguments=B),
        ],
        TWO,
    ),
    "number 0 each, two tools without arguments": (
        [piece(index=0, name="now", arguments=""), piece(index=0, name="here", arguments="")],
        [("now", ""), ("here", "")],
    ),
    "number 0 each, ids, one tool twice without arguments": (
        [
            piece(index=0, id="c1", name="now", arguments=""),
            piece(index=0, id="c2", name="now", arguments=""),
        ],
        [("now", ""), ("now", "")],
    ),
    "numbers as text": (
        [
            piece(index="0", id="c1", name="get", arguments=A),
            piece(index="1", id="c2", name="get", arguments=B[:3]),
            piece(index="1", arguments=B[3:]),
        ],
        TWO,
    ),
    "no number, in pieces": (
        [
            piece(id="c1", name="get", arguments=""),
            piece(arguments=A[:5]),
            piece(arguments=A[5:]),
            piece(id="c2", name="get", arguments=B[:4]),
            piece(arguments=B[4:]),
        ],
        TWO,
    ),
    "no number, the id in every piece": (
        [
            piece(id="c1", name="get", arguments=A[:5]),
            piece(id="c2", name="get", arguments=B[:5]),
            piece(id="c1", arguments=A[5:]),
            piece(id="c2", arguments=B[5:]),
        ],
        TWO,
    ),
    "no number and no id, in one message": (
        [
            chunk(
                {"tool_calls": [{"function": {"name": "now"}}, {"function": {"name": "now"}}]},
            )
        ],
        [("now", ""), ("now", "")],
    ),
    "id and name in every piece": (
        [piece(index=0, id="c1", name="get", arguments=text) for text in (A[:3], A[3:7], A[7:])],
        [("get", A)],
    ),
    "another id in every piece": (
        [
            piece(index=0, id="c1", name="get", arguments=""),
            piece(index=0, id="c2", arguments=A[:6]),
            piece(index=0, id="c3", arguments=A[6:]),
        ],
        [("get", A)],
    ),
    "an object inside another": (
        [
            piece(index=0, id="c1", name="get", arguments='{"a": '),
            piece(index=0, arguments='{"b": 1}'),
            piece(index=0, arguments="}"),
        ],
        [("get", '{"a": {"b": 1}}')],
    ),
    "empty arguments that only held the place": (
        [piece(index=0, id="c1", name="get", arguments="{}"), piece(index=0, arguments=A)],
        [("get", A)],
    ),
    "arguments that are an object": (
        [piece(index=0, id="c1", name="get", arguments={"city": "A"})],
        [("get", '{"city": "A"}')],
    ),
    "the older field": (
        [
            chunk({"function_call": {"name": "get", "arguments": ""}}),
            chunk({"function_call": {"arguments": A}}),
        ],
        [("get", A)],
    ),
}


@pytest.mark.parametrize("form", PIECES)
def test_every_call_comes_out_as_it_was_made(form: str) -> None:
    rows, made = PIECES[form]
    assert calls(*rows) == made


def test_calls_come_by_their_numbers() -> None:
    rows = [
        piece(index=1, id="c2", name="get", arguments=B),
        piece(index=0, id="c1", name="get", arguments=A),
    ]
    assert calls(*rows) == TWO


def claude(index: Any, kind: str, **block: Any) -> dict[str, Any]:
    block = {"type": kind} | block
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index: Any, text: str) -> dict[str, Any]:
    delta = {"type": "input_json_delta", "partial_json": text}
    return {"type": "content_block_delta", "index": index, "delta": delta}


@pytest.mark.parametrize("numbers", [(0, 1, 2), (0, 0, 0), (None, None, None), (3, 3, 7)])
def test_blocks_of_one_number_are_calls_of_their_own(numbers: tuple[Any, ...]) -> None:
    one, two, server = numbers
    rows = [
        claude(one, "tool_use", id="t1", name="get", input={}),
        more(one, A[:4]),
        more(one, A[4:]),
        claude(two, "tool_use", id="t2", name="get", input={}),
        more(two, B),
        claude(server, "server_tool_use", id="s1", name="web_search", input={}),
        more(server, '{"query": "x"}'),
    ]
    whole = regular("messages", [], None, "tool_use")
    found = tried("messages", reply(sse([whole[0], *rows, *whole[1:]])))
    assert [(call.name, call.arguments) for call in found.answer.tool_calls] == TWO


ITEM = {"type": "function_call", "name": "get"}
ADDED, PART = "response.output_item.added", "response.function_call_arguments.delta"
DONE = "response.function_call_arguments.done"
ITEMS: dict[str, list[dict[str, Any]]] = {
    "ids": [
        {"type": ADDED, "item": ITEM | {"id": "f1", "call_id": "c1"}},
        {"type": ADDED, "item": ITEM | {"id": "f2", "call_id": "c2"}},
        {"type": PART, "item_id": "f2", "delta": B},
        {"type": PART, "item_id": "f1", "delta": A},
    ],
    "numbers in the pieces, ids in the items": [
        {"type": ADDED, "output_index": 0, "item": ITEM | {"id": "f1", "call_id": "c1"}},
        {"type": PART, "output_index": 0, "delta": A},
        {"type": ADDED, "output_index": 1, "item": ITEM | {"id": "f2", "call_id": "c2"}},
        {"type": DONE, "output_index": 1, "arguments": B},
    ],
    "number 0 each": [
        {"type": ADDED, "output_index": 0, "item": ITEM | {"id": "f1", "call_id": "c1"}},
        {"type": PART, "output_index": 0, "item_id": "f1", "delta": A},
        {"type": ADDED, "output_index": 0, "item": ITEM | {"id": "f2", "call_id": "c2"}},
        {"type": PART, "output_index": 0, "item_id": "f2", "delta": B},
    ],
    "neither": [
        {"type": ADDED, "item": ITEM},
        {"type": PART, "delta": A},
        {"type": ADDED, "item": ITEM},
        {"type": PART, "delta": B},
    ],
    "an id that comes late": [
        {"type": ADDED, "output_index": 0, "item": ITEM},
        {"type": PART, "output_index": 0, "item_id": "f1", "delta": A[:4]},
        {"type": PART, "item_id": "f1", "delta": A[4:]},
        {"type": ADDED, "output_index": 1, "item": ITEM},
        {"type": PART, "output_index": 1, "item_id": "f2", "delta": B},
    ],
}


@pytest.mark.parametrize("form", ITEMS)
def test_items_of_the_responses_api_are_told_apart(form: str) -> None:
    whole = regular("responses", [])
    found = tried("responses", reply(sse([whole[0], *ITEMS[form], whole[-1]])))
    assert [(call.name, call.arguments) for call in found.answer.tool_calls] == TWO


STOPPED = [chunk({"content": text}, "stop") for text in ("bil", "li", "ng")]
REASONS: dict[str, tuple[list[Any], Outcome]] = {
    "another one alone, with the last word": (
        [*STOPPED, chunk({}, "length"), "[DONE]"],
        Outcome.TRUNCATED,
    ),
    "another one alone": ([*STOPPED, chunk({}, "length")], Outcome.TRUNCATED),
    "another one with the last piece": (
        [*STOPPED[:2], chunk({"content": "ng"}, "length")],
        Outcome.TRUNCATED,
    ),
    "a filter's alone": ([*STOPPED, chunk({}, "content_filter")], Outcome.REFUSED),
    "the same one alone": ([*STOPPED, chunk({}, "stop")], Outcome.OK),
    "the same one alone, then usage": (
        [*STOPPED, chunk({}, "stop"), {"choices": [], "usage": {"prompt_tokens": 9}}],
        Outcome.OK,
    ),
    "usage at the end": (
        [*STOPPED, {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}],
        Outcome.OK,
    ),
    "no end": (STOPPED, Outcome.INCOMPLETE_STREAM),
    "none alone was an end before": (
        [STOPPED[0], chunk({}, "stop"), STOPPED[1], chunk({}, "stop")],
        Outcome.INCOMPLETE_STREAM,
    ),
    "the first chunk has it too": (
        [chunk({"role": "assistant", "content": ""}, "stop"), *STOPPED, chunk({}, "stop")],
        Outcome.OK,
    ),
    "a fault": ([*STOPPED, chunk({}, "error")], Outcome.SERVER_FAULT),
}


@pytest.mark.parametrize("form", REASONS)
def test_the_last_of_many_finish_reasons_is_the_one(form: str) -> None:
    rows, outcome = REASONS[form]
    found = tried("chat", reply(sse(rows)))
    assert found.attempt.outcome is outcome
    if outcome in (Outcome.OK, Outcome.TRUNCATED):
        assert found.answer.text == "billing"
