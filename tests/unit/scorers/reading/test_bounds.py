"""Bounds in text: on which side of a value an answer lies."""

from __future__ import annotations

import pytest

from claimbench.scorers.reading.bounds import bound
from claimbench.scorers.reading.date_bounds import date_bound


def side(text: str, value: str = "42") -> str | None:
    start = text.index(value)
    return bound(start, start + len(value), text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("at least 42", ">="),
        ("42 or more", ">="),
        ("mindestens 42", ">="),
        ("42以上", ">="),
        ("x >= 42", ">="),
        ("more than 42", ">"),
        ("42 से अधिक", ">"),
        ("$x \\gt 42$", ">"),
        ("at most 42", "<="),
        ("не более 42", "<="),
        ("до 42", "<="),
        ("less than 42", "<"),
        ("42 미만", "<"),
        ("42 > x", "<"),
    ],
)
def test_a_bound_says_on_which_side_the_answer_lies(text: str, found: str) -> None:
    assert side(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "about 42",
        "it adds up to 42",
        "more than just a number: 42",
        "<b>42</b>",
        "The answer is:\n> 42",
        "=> 42",
        "вырос до 42",
        "the maximum is 42",
        "42 + 1",
    ],
)
def test_what_only_looks_like_a_bound_is_none(text: str) -> None:
    assert side(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("before 2026-03-04", "<"),
        ("the day after 2026-03-04", ">"),
        ("by the end of 2026-03-04", "<="),
        ("2026-03-04まで", "<="),
        ("seit dem 2026-03-04", ">="),
        ("2026-03-04 के बाद", ">"),
        ("on 2026-03-04, before lunch", None),
        ("na quarta-feira, 2026-03-04", None),
        ("2026-03-04 午後", None),
    ],
)
def test_a_date_may_be_bounded_too(text: str, found: str | None) -> None:
    start = text.index("2026")
    assert date_bound(start, start + 10, text) == found
