"""No answer, however long or odd, keeps a scorer busy: the time grows with its length only."""

from __future__ import annotations

import time

import pytest

from claimbench.number_text import read_numbers
from claimbench.scorers.labels import LabelScorer
from claimbench.scorers.reading.json_text import read_object

PIECES = (
    "1 ", "1,", "1.1,", "9", "-", "1/", "a1", "12:3 ", "\\text{", "\\frac{", "\\boxed{", "$ ", "billing ", "not ",
    "not billing, ", "the answer is ", "billing? ", "</think>", "<answer>", "```\n", "{", '{"', '{"a":', "，不是",
)  # fmt: skip
LENGTH = 40_000


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear(piece: str) -> None:
    text = piece * (LENGTH // len(piece))
    begun = time.process_time()
    read_numbers(text)
    LabelScorer().read(text, ("billing", "delivery", "A", "No"))
    read_object(text)
    read_object('{"a' + text)
    assert time.process_time() - begun < 10, "a quadratic reading takes minutes"
