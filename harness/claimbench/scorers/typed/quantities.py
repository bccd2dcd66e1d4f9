"""``quantity``: a number with its unit, compared after conversion: ``3 km`` is ``3,000 m``.

Conversion is pint's. A number without a unit is ``unparsable`` unless ``bare`` says what unit it
has; an amount of another dimension (kilograms for metres) is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.units import Amount, converted, known_unit, read_amounts
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

ROUNDING = 1e-9
"""Relative difference that conversion in binary arithmetic may leave."""


class QuantityOptions(ScorerOptions):
    """Options of ``quantity``."""

    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Absolute difference still right, in the target's unit."""
    relative: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    """Difference still right as a share of the target; the larger of both counts. Conversions
    between systems want some: 3.1 miles for 5 km."""
    which: Literal["last", "first", "only"] = "last"
    """Which amount of the target's dimension counts. only: an answer with several different ones
    is unparsable."""
    bare: str | None = Field(default=None, min_length=1)
    """Unit of numbers without one, in answers and targets, e.g. km. Left out: they are
    unparsable."""
    decimal: Literal[".", ","] = "."
    """The decimal sign of the answers and of targets given as text."""

    @field_validator("bare")
    @classmethod
    def _is_unit(cls, value: str | None) -> str | None:
        if value is not None and known_unit(value) is None:
            raise ValueError("no unit that pint knows")
        return value


class QuantityScorer:
    """1 if an amount in the answer is the target's, else 0."""

    name = "quantity"
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(QuantityOptions, options or {}, self.name)
        self._bare = None if self._options.bare is None else known_unit(self._options.bare)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse JSON objects."""
        return "the scorer quantity cannot judge json" if answer.kind == "json" else None

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is no
        number with a unit.
        """
        targets = self._read(str(sample.target))
        if len(targets) != 1 or targets[0].value is None or targets[0].unit is None:
            raise ValueError(f"the target {sample.target!r} is not one number with a unit")
        target = targets[0]
        assert target.value is not None  # noqa: S101 - looked at above
        assert target.unit is not None  # noqa: S101
        amounts = self._read(visible(text))
        with_unit = [amount for amount in amounts if amount.unit is not None]
        if not with_unit:
            what = "a number without a unit" if amounts else "no number"
            return unparsable(self, call_id, f"{what} in {brief(text)}")
        if any(amount.value is None for amount in with_unit):
            return unparsable(
                self, call_id, f"an amount that can be read in several ways in {brief(text)}"
            )
        read = [converted(amount, target.unit) for amount in with_unit]
        values = [value for value in read if value is not None]
        if not values:
            unit = with_unit[-1].unit
            return scored(self, call_id, 0.0, f"read in {unit}, which is no {target.unit}")
        if self._options.which == "only" and len({round(value, 9) for value in values}) > 1:
            return unparsable(self, call_id, f"{len(values)} different amounts in {brief(text)}")
        value = values[0] if self._options.which == "first" else values[-1]
        wanted = float(target.value)
        allowed = max(
            self._options.tolerance,
            self._options.relative * abs(wanted),
            ROUNDING * max(abs(wanted), abs(value)),
        )
        right = abs(value - wanted) <= allowed
        return scored(
            self,
            call_id,
            float(right),
            f"read as {value:.9g} {target.unit}; right is {wanted:.9g} {target.unit}",
        )

    def _read(self, text: str) -> list[Amount]:
        amounts = read_amounts(text, self._options.decimal)
        if self._bare is None:
            return amounts
        return [
            Amount(a.value, a.unit if a.unit is not None else self._bare, a.start, a.end)
            for a in amounts
        ]
