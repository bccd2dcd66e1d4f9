"""Whole numbers in words."""

from __future__ import annotations

from pathlib import Path

import pytest

import claimbench.number_text
from claimbench.number_text.in_words import number_in_words


def test_every_language_of_the_table_reads_its_own_words() -> None:
    table = Path(claimbench.number_text.__file__).with_name("number_words.txt")
    lines = [
        line for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert len(lines) >= 35
    for line in lines:
        language, _, words = line.partition(": ")
        listed = words.split("|")
        assert len(listed) == 100, language
        for value in (21, 42, 77, 99):
            assert number_in_words(listed[value]) == value, (language, listed[value])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two dozen", 24),
        ("half a dozen", 6),
        ("a hundred and five", 105),
        ("two thousand three hundred", 2300),
        ("minus five", -5),
        ("The answer is twenty-one.", 21),
        ("There are twenty-one apples in total.", 21),
        ("la réponse est vingt et un", 21),
        ("정답은 이십일입니다.", 21),
        ("一共四十二个", 42),
        ("two and a half", None),
        ("two thirds", None),
        ("seven or eight", None),
        ("five percent", None),
        ("at least seven", None),
        ("The goal is to find it", None),
        ("seven apples and three pears", None),
    ],
)
def test_a_number_in_words_is_read_where_it_is_the_answer(text: str, value: int | None) -> None:
    assert number_in_words(text) == value
