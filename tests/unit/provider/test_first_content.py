"""The first content of an answer is the first that anybody can see."""

from __future__ import annotations

import pytest

from claimbench.number_text.plain import shows
from claimbench.provider.attempt import CollectedAnswer, classify
from claimbench.types import Delta, Done, Outcome, ToolCall

UNSEEN = [
    " ",
    "\n",
    "\r\n\t",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\u2060",
    "\u202e",
    "\x00",
    "\x1b",
    "\u034f",
    "\u115f",
    "\u3164",
    "\ufe0f",
    "\U000e0001",
    "\U000e0100",
    "\u0301",
    "\u2800",
    "\ud800",
    "\uffff",
    " \u200b\n",
]


def _taken(*events: tuple[int, Delta | ToolCall]) -> CollectedAnswer:
    answer = CollectedAnswer()
    for stamp, event in events:
        answer.take(event, stamp)
    answer.take(Done("stop"), 99)
    answer.part_thinking()
    return answer


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("kind", ["answer", "reasoning"])
def test_what_nobody_sees_is_no_first_content(unseen: str, kind: str) -> None:
    answer = _taken(
        (1, Delta(unseen, kind)),  # type: ignore[arg-type]
        (5, Delta("billing")),
        (6, Delta(" ")),
    )
    assert (answer.chunk_ns, answer.first_answer_ns) == ([5, 6], 5)
    assert answer.began
    assert answer.text == (unseen if kind == "answer" else "") + "billing "


@pytest.mark.parametrize("seen", ["a", ".", "5", "\u0e01", "\u0915\u094d", "\U0001f600", "```"])
def test_what_is_seen_counts_at_once(seen: str) -> None:
    assert shows(seen)
    assert _taken((1, Delta(seen)), (5, Delta("billing"))).chunk_ns == [1, 5]


def test_reasoning_is_content_and_no_answer() -> None:
    answer = _taken((1, Delta("hm", "reasoning")), (2, Delta("\n")), (5, Delta("billing")))
    assert (answer.chunk_ns, answer.first_answer_ns) == ([1, 2, 5], 5)


def test_a_mark_of_thinking_is_no_content() -> None:
    marks_alone = _taken((1, Delta("<think>")), (3, Delta("\n</think>\n\n")), (5, Delta("tech")))
    assert (marks_alone.chunk_ns, marks_alone.first_answer_ns) == ([5], 5)
    thought = _taken(
        (1, Delta("<think>")),
        (3, Delta("hm")),
        (4, Delta("</think>\u200b\n")),
        (5, Delta("\u200b")),
        (7, Delta("tech")),
    )
    assert (thought.chunk_ns, thought.first_answer_ns) == ([3, 4, 5, 7], 7)
    assert thought.reasoning == "hm"


def test_a_call_of_a_tool_is_content() -> None:
    assert _taken((1, Delta(" ")), (4, ToolCall("f", "{}"))).chunk_ns == [4]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_an_answer_that_nobody_sees_is_empty(unseen: str) -> None:
    answer = _taken((1, Delta(unseen)))
    assert classify(answer) is Outcome.EMPTY
    assert (answer.chunk_ns, answer.first_answer_ns) == ([], None)
