"""``graded``: a grade (0 to 3, one to five stars) against the final rating, with several human
raters as the ceiling.

Parts, each a mean over items where the report shows them: ``exact``, ``within_one`` and
``closeness`` to the target; ``raters``: the share of raters who gave the same grade; ``ceiling``:
how often two raters agree with each other, which no grader can be expected to beat. Kappa and NDCG
over all items: :mod:`claimbench.stats.agreement`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import Field

from claimbench.number_text import normal_text, parse_number, read_numbers
from claimbench.number_text.changed import is_changed
from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.bounds import bound
from claimbench.scorers.reading.meant_numbers import is_aside
from claimbench.scorers.reading.scales import is_either, without_scale
from claimbench.types import AnswerSpec, Json, Sample, Score, Task


class GradedOptions(ScorerOptions):
    """Options of ``graded``."""

    metric: Literal["exact", "within_one", "closeness", "raters"] = "exact"
    """What the score is. closeness: 1 - |difference| / range."""
    lowest: float | None = None
    """Of the scale. Left out: the lowest label, or 0."""
    highest: float | None = None
    """Of the scale. Left out: the highest label."""
    which: Literal["first", "last"] = "first"
    """Which number of an answer with several is the grade."""
    raters: list[str] = Field(default_factory=list)
    """Columns with the grades that single raters gave."""


class GradedScorer:
    """Agreement of a grade with the final rating; what raters say stands in the parts."""

    name = "graded"
    version = "5"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(GradedOptions, options or {}, self.name)

    @property
    def raters(self) -> tuple[str, ...]:
        """Return the raters' columns."""
        return tuple(self._options.raters)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse grades that are neither labels that read as numbers nor numbers with a scale."""
        if answer.kind == "label":
            wrong = next((label for label in answer.labels if parse_number(label) is None), None)
            if wrong is None:
                return None
            return f"the scorer graded needs labels that are numbers, not '{wrong}'"
        if answer.kind == "number" and self._options.highest is not None:
            return None
        return (
            "the scorer graded needs labels that are numbers, or answers of type number and its"
            " option highest"
        )

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return what :meth:`score` gives as parts for this sample."""
        ratings = self.ratings(sample)
        extra = ("raters",) if ratings else ()
        return (
            "exact",
            "within_one",
            "closeness",
            *extra,
            *(("ceiling",) if len(ratings) > 1 else ()),
        )

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target or rating
        that is no grade.
        """
        low, high = self._scale(task)
        target = parse_number(sample.target)
        if target is None or not low <= target <= high:
            raise ValueError(f"the target {sample.target!r} is no grade from {low} to {high}")
        ratings = self.ratings(sample)
        names = self.part_names(sample, task)
        ceiling = _pairs(list(ratings.values())) if len(ratings) > 1 else None
        grade = self.grade(text, task)
        if grade is None:
            nothing = dict.fromkeys(names, 0.0)
            if ceiling is not None:
                nothing["ceiling"] = ceiling  # a fact of the raters, whatever the answer is
            return unparsable(
                self, call_id, f"no grade from {low} to {high} in {brief(text)}", nothing
            )
        distance = abs(grade - target)
        parts = {
            "exact": float(distance == 0),
            "within_one": float(distance <= 1),
            "closeness": float(1 - distance / (high - low)),
        }
        if ratings:
            parts["raters"] = sum(r == grade for r in ratings.values()) / len(ratings)
        elif self._options.metric == "raters":
            raise ValueError("no rater's grade is known for this sample")
        if ceiling is not None:
            parts["ceiling"] = ceiling
        said = ", ".join(f"{name} {value}" for name, value in ratings.items())
        why = f"read as {grade}; final rating {target}" + (f" (raters: {said})" if said else "")
        return scored(self, call_id, parts[self._options.metric], why, parts)

    def grade(self, text: str, task: Task) -> Decimal | None:
        """Return the grade in an answer: its only number, or its first or last; None outside the
        scale.

        4/5 is the grade 4 where 5 is the highest. A scale that it repeats (from 1 to 5) is no
        grade, and "2 or 3", "2, 3", "less than 4", "not 4" and "4%" are none, nor is 2.5 where the
        labels are whole.
        """
        low, high = self._scale(task)
        shown = normal_text(without_scale(visible(text), f"{low:f}", f"{high:f}"))
        every = read_numbers(shown)
        numbers = [one for one in every if not is_aside(one.start, one.end, shown)]
        if not numbers:
            return None
        first = self._options.which == "first"
        chosen, other = (numbers[0], numbers[1:2]) if first else (numbers[-1], numbers[-2:-1])
        place = (chosen.start, chosen.end, shown)
        if chosen.value is None or chosen.percent or is_changed(*place) or bound(*place):
            return None
        for beside in other:
            ends = sorted((chosen, beside), key=lambda number: number.start)
            differ = chosen.value != beside.value
            if differ and is_either(shown[ends[0].end : ends[1].start]):
                return None
        grade = chosen.value
        if chosen.over == high:
            grade = (grade * high).normalize()
        labels = _grades_of(task.answer.labels)
        if task.answer.labels and grade not in labels:  # between two of them
            return None
        return grade if low <= grade <= high else None

    def ratings(self, sample: Sample) -> dict[str, Decimal]:
        """Return rater -> grade, those who gave one."""
        found: dict[str, Decimal] = {}
        for name in self._options.raters:
            if name not in sample.input:
                raise ValueError(f"there is no column '{name}' for a rater")
            value = parse_number(sample.input[name])
            if value is not None:
                found[name] = value
        return found

    def _scale(self, task: Task) -> tuple[Decimal, Decimal]:
        labels = _grades_of(task.answer.labels)
        low = (
            self._options.lowest
            if self._options.lowest is not None
            else min(labels, default=Decimal(0))
        )
        high = (
            self._options.highest
            if self._options.highest is not None
            else max(labels, default=None)
        )
        if high is None or not Decimal(str(low)) < Decimal(str(high)):
            raise ValueError("the scale of grades is not known: give lowest and highest")
        return Decimal(str(low)), Decimal(str(high))


@lru_cache(maxsize=64)
def _grades_of(labels: tuple[str, ...]) -> tuple[Decimal, ...]:
    """Return the labels that read as numbers, as such."""
    return tuple(number for label in labels if (number := parse_number(label)) is not None)


def _pairs(ratings: list[Decimal]) -> float:
    pairs = list(itertools.combinations(ratings, 2))
    return sum(a == b for a, b in pairs) / len(pairs)
