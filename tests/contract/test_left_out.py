"""Blocks of kinds that are not known, and usage that counts pieces: neither is believed in silence,
and neither takes an answer away.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.errors import UnknownShape
from claimbench.provider.attempt import Tried
from claimbench.types import Outcome

from .streams import chunk, regular, reply, sse, tried

NEW: dict[str, dict[str, Any]] = {
    "a tool's use": {"type": "robot_tool_use", "id": "r", "input": {"x": 1}},
    "a tool's result": {"type": "robot_result", "content": [{"type": "text", "text": "hm"}]},
    "a mark": {"type": "hologram", "light": 3},
    "a block of fields": {"type": "chart", "series": [[1, 2]]},
}
KNOWN = (
    "mcp_tool_use", "mcp_tool_result", "code_execution_tool_result", "container_upload",
    "bash_code_execution_tool_result", "text_editor_code_execution_tool_result",
    "web_fetch_tool_result", "tool_search_tool_result", "server_tool_use",
)  # fmt: skip


def with_block(protocol: str, block: dict[str, Any], text: str | None) -> Tried:
    """An answer that holds ``block``, and beside it ``text``."""
    pieces = [] if text is None else [text]
    rows = regular(protocol, pieces)
    if protocol == "chat":
        rows.insert(1, chunk({"content": [block]}))
    elif protocol == "messages":
        place = {"type": "content_block_start", "index": 0, "content_block": block}
        rows.insert(1, place)
    elif protocol == "gemini":
        part = {str(block["type"]): {name: v for name, v in block.items() if name != "type"}}
        rows.insert(0, {"candidates": [{"content": {"parts": [part]}}], "modelVersion": "m1"})
    else:
        answer = {"type": "message", "content": [{"type": "output_text", "text": text}]}
        rows[-1]["response"]["output"] = [block, *([] if text is None else [answer])]
        rows = [rows[0], rows[-1]]
    return tried(protocol, reply(sse(rows)))


@pytest.mark.parametrize("protocol", ["chat", "messages", "gemini", "responses"])
@pytest.mark.parametrize("kind", NEW)
def test_a_block_of_a_kind_that_is_not_known_takes_no_answer_away(kind: str, protocol: str) -> None:
    found = with_block(protocol, NEW[kind], "billing")
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")
    told = [remark for remark in found.remarks if str(NEW[kind]["type"]) in remark]
    items_of_tools = protocol == "responses" and kind.startswith("a tool")
    assert len(told) == (0 if items_of_tools else 1)


@pytest.mark.parametrize("protocol", ["chat", "messages", "gemini", "responses"])
@pytest.mark.parametrize("kind", ["a mark", "a block of fields"])
def test_alone_it_is_no_empty_answer_and_is_not_asked_for_again(kind: str, protocol: str) -> None:
    found = with_block(protocol, NEW[kind], None)
    assert found.attempt.outcome is Outcome.MALFORMED_STREAM
    assert str(NEW[kind]["type"]) in str(found.attempt.error)
    assert found.lasting
    assert found.attempt.billable == "unknown"


@pytest.mark.parametrize("kind", KNOWN)
def test_blocks_of_claudes_own_tools_are_known(kind: str) -> None:
    block = {"type": kind, "tool_use_id": "t", "content": {"type": "x", "stdout": "hm"}}
    found = with_block("messages", block, "billing")
    assert (found.attempt.outcome, found.answer.text, found.remarks) == (
        Outcome.OK,
        "billing",
        (),
    )


@pytest.mark.parametrize("block", [
    {"type": "final", "text": "billing"},
    {"type": "final", "content": [{"type": "text", "text": "billing"}]},
    {"type": "final", "value": "billing"},
    {"words": "billing"},
])  # fmt: skip
def test_words_in_a_block_that_is_not_known_are_not_left_out(block: dict[str, Any]) -> None:
    found = with_block("chat", block, "The team is ")
    assert found.attempt.outcome is Outcome.MALFORMED_STREAM
    assert found.lasting


def test_a_filters_end_and_a_cut_stream_stay_what_they_are() -> None:
    rows = [chunk({"content": [NEW["a mark"]]}), chunk({}, "content_filter"), "[DONE]"]
    assert tried("chat", reply(sse(rows))).attempt.outcome is Outcome.REFUSED
    cut = tried("chat", reply(sse(rows[:1])))
    assert cut.attempt.outcome is Outcome.INCOMPLETE_STREAM
    assert not cut.lasting


@pytest.mark.parametrize("kind", ["reasoning.new", "thoughts", "reflection"])
def test_reasoning_of_a_kind_that_is_not_known_is_reasoning(kind: str) -> None:
    rows = regular("chat", ["billing"])
    rows.insert(1, chunk({"reasoning_details": [{"type": kind, "text": "hm"}, {"type": "mark"}]}))
    found = tried("chat", reply(sse(rows)))
    assert (found.answer.text, found.answer.reasoning) == ("billing", "hm")


def test_other_faults_of_a_stream_may_pass() -> None:
    found = tried("chat", reply(sse(["{", "[DONE]"])))
    assert found.attempt.outcome is Outcome.MALFORMED_STREAM
    assert not found.lasting
    assert UnknownShape.lasting


FIVE, SEVEN = "The order came late and ", "so the customer asks for her money"
LONG = ("one two three four five ", "six seven eight nine ten ", "eleven twelve thirteen fourteen")


def counted(pieces: tuple[str, ...], counts: tuple[Any, ...], *, total: Any = None) -> Tried:
    """An answer of which each piece brings a report of the output."""
    rows: list[Any] = []
    for piece, count in zip(pieces, counts, strict=True):
        usage = {"prompt_tokens": 20, "completion_tokens": count}
        rows.append(chunk({"content": piece}, usage=usage))
    rows.append(chunk({}, "stop"))
    if total is not None:
        usage = {"prompt_tokens": 20, "completion_tokens": total}
        rows.append({"choices": [], "usage": usage})
    return tried("chat", reply(sse([*rows, "[DONE]"])))


@pytest.mark.parametrize(("pieces", "counts"), [
    ((FIVE, SEVEN), (5, 5)),
    ((FIVE, SEVEN), (5, 7)),
    (("Yes", "indeed"), (1, 1)),
    (("Yes", " indeed it is so"), (1, 4)),
    (LONG, (5, 6, 7)),
    (LONG, (5, 5, 5)),
    (LONG, (6, 5, 7)),
    (("x" * 400, "abcdefghijkl" * 40), (2, 3)),
])  # fmt: skip
def test_counts_of_pieces_are_not_believed(
    pieces: tuple[str, ...], counts: tuple[int, ...]
) -> None:
    found = counted(pieces, counts)
    assert found.attempt.outcome is Outcome.OK
    assert found.attempt.usage is not None
    assert found.attempt.usage.source == "unknown"
    assert any("cannot be relied on" in remark for remark in found.remarks)
    assert "reports" in json.dumps(found.attempt.usage_raw)


@pytest.mark.parametrize(("pieces", "counts", "total", "output"), [
    ((FIVE, SEVEN), (5, 12), None, 12),
    ((FIVE, SEVEN), (5, 12), 12, 12),
    ((FIVE, SEVEN), (5, 7), 12, 12),
    ((FIVE, SEVEN), (None, 12), None, 12),
    (LONG, (5, 10, 15), None, 15),
    (("Del", "iver", "y"), (1, 2, 3), None, 3),
    (("Deliv", "ery is ", "late"), (2, 3, 4), None, 4),
    ((FIVE, ""), (5, 5), None, 5),
])  # fmt: skip
def test_counts_of_all_so_far_are_believed(
    pieces: tuple[str, ...], counts: tuple[Any, ...], total: int | None, output: int
) -> None:
    found = counted(pieces, counts, total=total)
    assert found.attempt.usage is not None
    assert found.attempt.usage.output_total == output
    assert found.remarks == ()


def test_reasoning_that_the_output_does_not_count_makes_no_doubt() -> None:
    rows: list[Any] = [
        chunk({"reasoning_content": "one two three four five"}, usage=usage)
        for usage in ({"prompt_tokens": 20, "completion_tokens": 10},) * 2
    ]
    rows.append(chunk({"content": "billing"}, usage={"prompt_tokens": 20, "completion_tokens": 12}))
    found = tried("chat", reply(sse([*rows, chunk({}, "stop"), "[DONE]"])))
    assert found.attempt.usage is not None
    assert found.attempt.usage.output_total == 12
