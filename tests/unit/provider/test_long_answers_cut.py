"""An answer above the longest is cut off at receipt, whichever way it comes."""

from __future__ import annotations

import pytest

from claimbench.provider.attempt import CollectedAnswer
from claimbench.types import LONGEST_ANSWER, Delta, ToolCall


@pytest.mark.parametrize("pieces", [1, 7, 1000])
@pytest.mark.parametrize("kind", ["answer", "reasoning"])
def test_no_more_is_kept_than_shows_that_it_is_too_long(kind: str, pieces: int) -> None:
    answer = CollectedAnswer()
    for stamp in range(pieces):
        answer.take(Delta("a" * (3 * LONGEST_ANSWER // pieces), kind=kind), stamp + 1)  # type: ignore[arg-type]
    kept = answer.text if kind == "answer" else answer.reasoning
    assert len(kept) == LONGEST_ANSWER + 1
    assert "cut off" in str(answer.too_long())
    assert len(answer.chunk_ns) == pieces


def test_arguments_of_tools_are_bounded_together() -> None:
    answer = CollectedAnswer()
    for stamp in range(3):
        answer.take(ToolCall("f", "x" * LONGEST_ANSWER), stamp + 1)
    assert sum(len(call.arguments) for call in answer.tool_calls) == LONGEST_ANSWER + 1


def test_an_answer_of_the_longest_is_whole() -> None:
    answer = CollectedAnswer()
    answer.take(Delta("a" * LONGEST_ANSWER, kind="answer"), 1)
    assert len(answer.text) == LONGEST_ANSWER
    assert answer.too_long() is None
