"""``quantity``: a number with its unit, compared after conversion: ``3 km`` is ``3,000 m``.

Conversion is pint's. A number without a unit is ``unparsable`` unless ``bare`` says what unit it
has; an amount of another dimension (kilograms for metres) is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from claimbench.number_text.changed import is_changed
from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.bounds import bound
from claimbench.scorers.reading.languages.joining import AND, OR
from claimbench.scorers.reading.meant_numbers import (
    are_beside,
    is_aside,
    is_below_zero,
    is_points,
    is_range,
    minus_apart,
)
from claimbench.scorers.reading.stated import stated
from claimbench.scorers.reading.units import (
    Amount,
    amount_text,
    converted,
    known_unit,
    read_amounts,
)
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

_OPENED = re.compile(
    r"[*_]* ?(?:[(\[（] ?|, |/ ?|= ?|≈ ?|— ?)(?:or |i\.e\.,? |about |approximately "
    r"|approx\. |roughly |circa |ca\. |etwa |environ |около |約|约|[≈~=] ?){0,2}"
)
_CONVERTED = 0.1
"""Relative difference up to which two amounts side by side are one in two units, rounded."""
_ONE = Decimal(1)
_TEMPERATURES = ("degree_Celsius", "degree_Fahrenheit", "kelvin")
_OTHER_UNITS = {
    "C": "degree_Celsius",
    "F": "degree_Fahrenheit",
    "m": "minute",
    "'": "minute",
    "′": "minute",
    '"': "second",
    "″": "second",
    "M": "megabyte",
    "G": "gigabyte",
    "T": "terabyte",
}
"""What signs mean beside a target of another dimension than their first: coulombs, metres, feet."""
_MEGA = {
    "megaliter": "milliliter",
    "megameter": "millimeter",
    "megagram": "milligram",
    "megasecond": "millisecond",
}
"""What a capital M may mean instead: 250 ML."""
_OR_AND = re.compile(rf" ?(?:{OR}|{AND}) ?", re.IGNORECASE)
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
    version = "5"

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
        written = amount_text(str(sample.target))
        side = bound(target.start, target.end, written)
        assert target.value is not None  # noqa: S101 - looked at above
        assert target.unit is not None  # noqa: S101
        plain = amount_text(visible(text))
        amounts = self._meant(plain, target.unit)
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
        first = self._options.which == "first"
        value = values[0] if first else values[-1]
        counted = [one for one in with_unit if converted(one, target.unit) is not None]
        chosen = counted[0] if first else counted[-1]
        found_side = bound(chosen.start, chosen.end, plain)
        if found_side is not None and side is None:
            return unparsable(self, call_id, f"a bound ({found_side}), no amount in {brief(text)}")
        if found_side != side:
            why = f"read as {value:.9g} {target.unit}; right is {side} {target.value}"
            return scored(self, call_id, 0.0, why)
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

    def _meant(self, text: str, unit: str) -> list[Amount]:
        """Return the amounts that may be the answer, and those of other dimensions.

        Of the amounts of the target's dimension, one that is denied or compared with is none, one
        that the answer states as its amount is it, the same one in another unit in brackets behind
        it says nothing more, and the end of a range has no value.
        """
        every = [_with_sign(_beside(one, unit, text), text) for one in self._read(text)]
        fitting = [
            one
            for one in every
            if (one.value is None or converted(one, unit) is not None)
            and one.unit is not None
            and not is_aside(one.start, one.end, text)
        ]
        others = [one for one in every if one.unit is None or one not in fitting]
        others = [one for one in others if one.unit is None or converted(one, unit) is None]
        fitting = _without_conversions(fitting, unit, text)
        kept = fitting
        if self._options.which == "last":
            kept = [fitting[index] for index in stated([_place(one) for one in fitting], text)]
        if len(kept) == 1:
            kept = [_whole(one, every, text) for one in kept]
        elif len(kept) > 1 and is_range(_place(kept[-2]), _place(kept[-1]), text):
            kept = [replace(one, value=None) for one in kept]
        elif len(kept) > 1 and self._options.which == "last" and _are_two(kept[-2], kept[-1], text):
            kept = [*kept[:-1], replace(kept[-1], value=None)]
        kept = _without_changed(kept, text, first=self._options.which == "first")
        return sorted([*others, *kept], key=lambda one: one.start)

    def _read(self, text: str) -> list[Amount]:
        amounts = read_amounts(text, self._options.decimal)
        if self._bare is None:
            return amounts
        return [
            Amount(a.value, a.unit if a.unit is not None else self._bare, a.start, a.end)
            for a in amounts
        ]


def _are_two(first: Amount, second: Amount, text: str) -> bool:
    """Return whether two different amounts stand side by side: 5 km of 10 km, 2 kg and 3 kg."""
    same = (first.value, first.unit) == (second.value, second.unit)
    return not same and are_beside(_place(first), _place(second), text)


def _place(amount: Amount) -> tuple[int, int]:
    return amount.start, amount.end


def _beside(amount: Amount, unit: str, text: str) -> Amount:
    """Return an amount in the unit that its sign has beside a target's: 20 C for degrees, 90' for
    minutes; degrees of no scale beside a temperature have none.
    """
    written = text[amount.start : amount.end]
    if unit == "percent" and is_points(amount.start, amount.end, text):
        return replace(amount, unit=unit, value=None)
    if amount.unit in _MEGA and unit != amount.unit and re.search(r"M\w\W*\Z", written):
        meant = _MEGA[amount.unit]
        return replace(amount, unit=meant, value=amount.value if unit == meant else None)
    if amount.unit is None or converted(replace(amount, value=_ONE), unit) is not None:
        return amount
    if amount.unit == "degree" and unit in _TEMPERATURES:
        return replace(amount, unit=None)
    sign = re.search(r"(?:[^\W\d]+|['\"′″])\Z", written)
    other = _OTHER_UNITS.get(sign.group()) if sign else None
    if other is None or converted(replace(amount, unit=other, value=_ONE), unit) is None:
        return amount
    return replace(amount, unit=other)


def _with_sign(amount: Amount, text: str) -> Amount:
    """Return an amount with the minus sign that a blank parts from it, or as far below zero as the
    words behind it say; without a value where the sign may be a bullet.
    """
    if amount.value is None or amount.value <= 0:
        return amount
    if is_below_zero(amount.end, text):
        return replace(amount, value=-amount.value)
    what = minus_apart(amount.start, text)
    if what in (None, "bullet"):
        return amount
    return replace(amount, value=None if what == "unclear" else -amount.value)


def _without_changed(amounts: list[Amount], text: str, *, first: bool) -> list[Amount]:
    """Leave out amounts that the words beside them make others of ("twice 5 km"); the one that
    counts stays, without a value.
    """
    counted = amounts[:1] if first else amounts[-1:]
    kept: list[Amount] = []
    for amount in amounts:
        if not is_changed(*_place(amount), text):
            kept.append(amount)
        elif amount in counted:
            kept.append(replace(amount, value=None))
    return kept


def _whole(amount: Amount, every: list[Amount], text: str) -> Amount:
    """Return an amount, without a value where it ends a range, or is one of two: between 4 and 5
    km, 4 or 5 km.
    """
    place = every.index(amount)
    if place == 0 or every[place - 1].unit is not None:
        return amount
    before = every[place - 1]
    if is_range(_place(before), _place(amount), text) or _OR_AND.fullmatch(
        text, before.end, amount.start
    ):
        return replace(amount, value=None)
    return amount


def _without_conversions(amounts: list[Amount], unit: str, text: str) -> list[Amount]:
    """Leave out an amount in brackets that is about the one before it in another unit: 5 km
    (3.1 miles). The target's own unit is kept, whichever of the two has it.
    """
    kept: list[Amount] = []
    for amount in amounts:
        if kept and _OPENED.fullmatch(text[kept[-1].end : amount.start]):
            first, second = converted(kept[-1], unit), converted(amount, unit)
            same = first and second and abs(first - second) <= _CONVERTED * abs(first)
            if same and kept[-1].unit != amount.unit:
                if amount.unit == unit:
                    kept[-1] = amount
                continue
        kept.append(amount)
    return kept
