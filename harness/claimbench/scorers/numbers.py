"""``numeric``: the answer as a number (how numbers are read: :mod:`claimbench.number_text`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from claimbench.number_text import find_numbers, parse_number
from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
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
    version = "1"

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
        answer = visible(text)
        if self._options.after is not None and self._options.after in answer:
            answer = answer.rpartition(self._options.after)[2]
        numbers = find_numbers(answer, self._options.decimal)
        if not numbers:
            return unparsable(self, call_id, f"no number in {brief(text)}")
        if self._options.which == "only" and len(set(numbers)) > 1:
            return unparsable(
                self, call_id, f"{len(set(numbers))} different numbers in {brief(text)}"
            )
        number = numbers[0] if self._options.which == "first" else numbers[-1]
        right = close(number, target, self._options.tolerance, self._options.relative)
        return scored(self, call_id, float(right), f"read as {number:f}; right is {target:f}")


def close(number: Decimal, target: Decimal, tolerance: float = 0.0, relative: float = 0.0) -> bool:
    """Return whether ``|number - target| <= max(tolerance, relative * |target|)``, in decimal
    arithmetic.
    """
    allowed = max(Decimal(str(tolerance)), Decimal(str(relative)) * abs(target))
    return abs(number - target) <= allowed
