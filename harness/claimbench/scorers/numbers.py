r"""``numeric``: the answer as a number (how numbers are read: :mod:`claimbench.number_text`).

What stands in the last ``\boxed{…}`` is the answer where there is one. A number that the answer
denies ("not 13"), compares with ("up from 12") or gives as an uncertainty ("± 1") is not the
answer. A number that can be read in
two ways leaves the answer unparsable, and so does a bound ("at least 42", "42 or more"), unless the
target is one: then it has to be the same bound. An answer in percent is right by its digits
(``45%`` for 45) and, where the target is written from 0 to 1 or the other way round, by its value
(``45%`` for 0.45).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field

from claimbench.number_text import Found, counts_dozens, normal_text, parse_number, read_numbers
from claimbench.number_text.in_words import number_in_words
from claimbench.number_text.latex import boxed
from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.bounds import Side, bound
from claimbench.scorers.reading.json_text import answer_in_object
from claimbench.scorers.reading.meant_numbers import is_old_count, is_points, meant
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

_BOXED_MINUS = re.compile(r"\A\s*[-−–](?:\s|\\[ ,;:!])+(?=[\d.])")
_PERCENT = re.compile(r"[%٪％‰]|percent|per cent|prozent|процент", re.IGNORECASE)


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


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The number of an answer that counts; ``side``: the answer bounds it from there; ``points``:
    it counts percentage points or another step of percent; ``dozens``: it was taken 12 times.
    """

    value: Decimal
    percent: bool = False
    side: Side | None = None
    points: bool = False
    dozens: bool = False


class NumericScorer:
    """1 if the number in the answer is within tolerance of the target. NaN and infinity are no
    numbers.
    """

    name = "numeric"
    version = "7"

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
        side: Side | None = None
        target = parse_number(sample.target, self._options.decimal)
        if target is None:
            side, target = _bounded(str(sample.target), self._options.decimal)
        if target is None:
            raise ValueError(f"the target {sample.target!r} is not a number")
        chosen = self._chosen(visible(text))
        if isinstance(chosen, str):
            return unparsable(self, call_id, f"{chosen} in {brief(text)}")
        number, percent, found_side = chosen.value, chosen.percent, chosen.side
        if chosen.points and _PERCENT.search(str(sample.target)):
            return unparsable(self, call_id, f"points of percent, no percent in {brief(text)}")
        if found_side is not None and side is None:
            return unparsable(self, call_id, f"a bound ({found_side}), no number in {brief(text)}")
        if found_side != side:
            return scored(self, call_id, 0.0, f"read as {number:f}; right is {side} {target:f}")
        right = any(
            close(reading, target, self._options.tolerance, self._options.relative)
            for reading in _readings(number, percent, str(sample.target), target)
        )
        if not right and chosen.dozens and close(number / 12, target):
            return unparsable(self, call_id, f"dozens, or pieces, in {brief(text)}")
        return scored(self, call_id, float(right), f"read as {number:f}; right is {target:f}")

    def _chosen(self, answer: str) -> _Chosen | str:
        """Return the number that counts, or why there is none."""
        if self._options.after is not None and self._options.after in answer:
            answer = answer.rpartition(self._options.after)[2]
        held = answer_in_object(answer)
        if held == "":
            return "an object of which no key says which value is the answer"
        answer = held or answer
        inner = boxed(answer)
        shown = answer if inner is None else _BOXED_MINUS.sub("-", inner)
        every = read_numbers(shown, self._options.decimal)
        plain = normal_text(shown)
        numbers = meant(every, plain, last=self._options.which == "last")
        if not numbers:
            word = None if every else number_in_words(shown)
            if word is not None:
                return _Chosen(word)
            return "only a number that it denies" if every else "no number"
        different = {found.value for found in numbers}
        if self._options.which == "only" and len(different) > 1:
            return f"{len(different)} different numbers"
        chosen = numbers[0] if self._options.which == "first" else numbers[-1]
        if chosen.value is None or is_old_count(chosen.start, chosen.end, plain):
            return "a number that can be read in several ways"
        side = bound(chosen.start, chosen.end, plain)
        value = chosen.value if side is None else _without_word(chosen, plain)
        points = is_points(chosen.start, chosen.end, plain)
        return _Chosen(
            value or chosen.value, chosen.percent, side, points, counts_dozens(chosen, plain)
        )


def _bounded(text: str, decimal: str) -> tuple[Side | None, Decimal | None]:
    """Return a target that is a bound as its side and its number; None for any other text."""
    found = read_numbers(text, decimal)
    if len(found) != 1:
        return None, None
    plain = normal_text(text)
    side = bound(found[0].start, found[0].end, plain)
    return (None, None) if side is None else (side, _without_word(found[0], plain))


def _without_word(found: Found, text: str) -> Decimal | None:
    """Return a bound's number: "moins", which is a minus elsewhere, is none in "au moins 42"."""
    negative = found.value is not None and found.value < 0
    is_word = text[found.start : found.start + 1].isalpha()
    return -found.value if negative and is_word and found.value is not None else found.value


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
