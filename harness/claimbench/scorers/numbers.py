r"""``numeric``: the answer as a number (how numbers are read: :mod:`claimbench.number_text`).

What stands in the last ``\boxed{…}`` is the answer where there is one. A number that the answer
denies ("not 13"), compares with ("up from 12") or gives as an uncertainty ("± 1") is not the
answer. A number that can be read in
two ways leaves the answer unparsable. An answer in percent is right by its digits (``45%`` for 45)
and, where the target is written from 0 to 1 or the other way round, by its value (``45%`` for
0.45).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from claimbench.number_text import normal_text, parse_number, read_numbers
from claimbench.number_text.in_words import number_in_words
from claimbench.number_text.latex import boxed
from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.meant_numbers import meant
from claimbench.types import AnswerSpec, Json, Sample, Score, Task


class NumericOptions(ScorerOptions):
    """Options of ``numeric``."""

    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Absolute difference still right."""
    relative: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    """Difference still right as a share of the target; the larger of both counts."""
    which: Literal["last", "first", "only"] = "last"
    """Which number of the answer counts. only: an answer with several different numbers is
    unparsable.
    """
    after: str | None = Field(default=None, min_length=1)
    """Read only what follows the last occurrence of this text, where it occurs ('####' in GSM8K).
    """
    decimal: Literal[".", ","] = "."
    """The decimal sign of the answers and of targets given as text."""


class NumericScorer:
    """1 if the number in the answer is within tolerance of the target. NaN and infinity are no
    numbers.
    """

    name = "numeric"
    version = "4"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(NumericOptions, options or {}, self.name)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse JSON objects, which hold several numbers; ``json_fields`` compares them."""
        if answer.kind == "json":
            return "the scorer numeric cannot judge json; use json_fields"
        return None

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is not a
        number.
        """
        target = parse_number(sample.target, self._options.decimal)
        if target is None:
            raise ValueError(f"the target {sample.target!r} is not a number")
        chosen = self._chosen(visible(text))
        if isinstance(chosen, str):
            return unparsable(self, call_id, f"{chosen} in {brief(text)}")
        number, percent = chosen
        right = any(
            close(reading, target, self._options.tolerance, self._options.relative)
            for reading in _readings(number, percent, str(sample.target), target)
        )
        return scored(self, call_id, float(right), f"read as {number:f}; right is {target:f}")

    def _chosen(self, answer: str) -> tuple[Decimal, bool] | str:
        """Return the number that counts and whether it is in percent, or why there is none."""
        if self._options.after is not None and self._options.after in answer:
            answer = answer.rpartition(self._options.after)[2]
        inner = boxed(answer)
        shown = answer if inner is None else inner
        every = read_numbers(shown, self._options.decimal)
        numbers = meant(every, normal_text(shown), last=self._options.which == "last")
        if not numbers:
            word = None if every else number_in_words(shown)
            if word is not None:
                return word, False
            return "only a number that it denies" if every else "no number"
        different = {found.value for found in numbers}
        if self._options.which == "only" and len(different) > 1:
            return f"{len(different)} different numbers"
        chosen = numbers[0] if self._options.which == "first" else numbers[-1]
        if chosen.value is None:
            return "a number that can be read in several ways"
        return chosen.value, chosen.percent


def _readings(number: Decimal, percent: bool, written: str, target: Decimal) -> list[Decimal]:
    """Return what an answer may mean beside a target: with percent on one side only, also its
    value.
    """
    in_percent = any(found.percent for found in read_numbers(written))
    if percent and not in_percent and abs(target) <= 1:
        return [number, number / 100]
    if in_percent and not percent and abs(number) <= 1:
        return [number, number * 100]
    return [number]


def close(number: Decimal, target: Decimal, tolerance: float = 0.0, relative: float = 0.0) -> bool:
    """Return whether ``|number - target| <= max(tolerance, relative * |target|)``, in decimal
    arithmetic.
    """
    allowed = max(Decimal(str(tolerance)), Decimal(str(relative)) * abs(target))
    return abs(number - target) <= allowed
