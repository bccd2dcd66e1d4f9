"""Grades as models write them, beside the scale that they repeat."""

from __future__ import annotations

import pytest

from claimbench.scorers.graded import GradedScorer
from claimbench.types import AnswerSpec, Sample, Task

TASK = Task("t", (), (), (), AnswerSpec("label", ("1", "2", "3", "4", "5")), (), 16)


@pytest.mark.parametrize(
    "answer",
    [
        "On a scale of 1 to 5: 3",
        "On a scale from 1 to 5, I would give 3.",
        "Score (1-5): 3",
        "Auf einer Skala von 1 bis 5: 3",
        "Sur une échelle de 1 à 5 : 3",
        "По шкале от 1 до 5: 3",
        "1から5で3",
        "1到5分，我给3分",
        "3. The text has 5 errors",
        "3/5",
    ],
)
def test_a_repeated_scale_is_no_grade(answer: str) -> None:
    found = GradedScorer().score("c", answer, Sample("1", {}, "3", "1"), TASK)
    assert (found.status, found.value) == ("scored", 1.0), found.explanation


@pytest.mark.parametrize("answer", ["2 or 3", "3-4", "3 to 4", "3 oder 4", "3或4", "3 или 4"])
def test_two_grades_are_none(answer: str) -> None:
    found = GradedScorer().score("c", answer, Sample("1", {}, "3", "1"), TASK)
    assert (found.status, found.value) == ("unparsable", 0.0), found.explanation


@pytest.mark.parametrize(
    "answer", ["not 3", "less than 3", "3 or more", "nicht 3", "не 3", "至少3", "3%", "half of 3"]
)
def test_a_denied_bounded_or_changed_grade_is_none(answer: str) -> None:
    found = GradedScorer().score("c", answer, Sample("1", {}, "3", "1"), TASK)
    assert (found.status, found.value) == ("unparsable", 0.0), found.explanation
