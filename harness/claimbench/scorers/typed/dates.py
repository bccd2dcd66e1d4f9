"""``date``: the answer as a day of the calendar, in any spelling that has one reading
(:mod:`claimbench.scorers.reading.dates`).

A target of a month alone (``2026-03``) is met by any day of it. An answer that gives only a month
where a day is wanted, and a day that can be read in two ways, are ``unparsable``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from pydantic import Field

from claimbench.scorers.base import brief, scored, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.bounds import Side
from claimbench.scorers.reading.date_bounds import date_bound
from claimbench.scorers.reading.dates import (
    MONTH_NAMES,
    FoundDate,
    Order,
    date_text,
    parse_date,
    read_dates,
)
from claimbench.scorers.reading.json_text import answer_in_object
from claimbench.scorers.reading.languages.joining import JOINS
from claimbench.scorers.reading.meant_numbers import is_aside
from claimbench.scorers.reading.stated import stated
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

_BUDDHIST = 543
_MOVED = re.compile(
    r"(?<!\w)(?:mov|chang|postpon|reschedul|shift|push|brought|verschob|verleg|geänder|report|déplac"
    r"|décal|aplaz|movi|spostat|rinviat|adiad|перенес|перенос|изменен|przełoż|przesun)",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?<!\w)(?:from|von|vom|de|du|del|dal|desde|od|от|с|van|från|fra)(?: \w+)?,? \Z",
    re.IGNORECASE,
)
"""As with numbers, what begins with "from" may be a change; its end is the last date."""
_ARTICLES = r"(?: (?:the|den|dem|zum|le|el|il|o|am|on|al))*"
_TO = re.compile(rf"[\s*_,]*{JOINS}?{_ARTICLES}[\s*_]*", re.IGNORECASE)
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|°|\.|-?го|-?е|日|號|号|일)?"
_DAY_BEFORE = re.compile(
    rf"(?<![\d.,:/-])(?P<d>[12]?\d|3[01]){_ORDINAL}(?: ?(?:of |de |d')?(?:{MONTH_NAMES})\.?)?"
    rf"[ ,*_]*(?!-){JOINS}{_ARTICLES}[ *_]*\Z",
    re.IGNORECASE,
)
"""A day of the same month or year, beside a date: 4 or 6 March 2026, March 4 or March 6, 2026."""
_DAY_AFTER = re.compile(
    rf"[ *_]*{JOINS}{_ARTICLES}[ *_]*(?:(?:{MONTH_NAMES})\.? )?(?P<d>[12]?\d|3[01]){_ORDINAL}"
    rf"(?=[日号號일]|\W*\Z|,? ?(?:of |de )?(?:{MONTH_NAMES})(?!\w)|[),;*])(?!\d)",
    re.IGNORECASE,
)
_MONTH_BEFORE = re.compile(
    rf"(?<![^\W_])(?:{MONTH_NAMES})\.?[ ,*_]*{JOINS}{_ARTICLES}[ *_]*\Z", re.IGNORECASE
)
_LOOK = 60


class DateOptions(ScorerOptions):
    """Options of ``date``."""

    order: Order | None = None
    """Order of day, month and year in answers of numbers alone: dmy, mdy or ymd. Left out:
    03/04/2026 is unparsable, for it has two readings."""
    target_order: Order | None = None
    """The same of targets. Left out: as order."""
    which: Literal["last", "first", "only"] = "last"
    """Which date of the answer counts. only: an answer with several different dates is
    unparsable."""
    within_days: int = Field(default=0, ge=0)
    """Days beside the target that are right too."""


def _place(found: FoundDate) -> tuple[int, int]:
    return found.start, found.end


def _is_period(first: FoundDate, second: FoundDate, text: str) -> bool:
    """Return whether two dates begin and end a period, or stand beside each other."""
    if first.shown == second.shown or not _TO.fullmatch(text[first.end : second.start]):
        return False
    before = text[max(0, first.start - 80) : first.start]
    return not (_MOVED.search(before) or _FROM.search(before))


def _has_another(found: FoundDate, every: Sequence[FoundDate], text: str) -> bool:
    """Return whether a further day stands before or behind a date, or a month before a month, so
    that neither is the answer; a change from one to the other has its end. Whole dates beside each
    other are looked at as such.
    """
    before = text[max(0, found.start - _LOOK) : found.start]
    if found.day is None:
        match = _MONTH_BEFORE.search(before)
        return match is not None and not _MOVED.search(before[: match.start()])
    after = _DAY_AFTER.match(text, found.end)
    whole = after is not None and any(found.end < one.start <= after.start("d") for one in every)
    if after is not None and not whole and int(after["d"]) != found.day:
        return True
    match = _DAY_BEFORE.search(before)
    if match is None or int(match["d"]) in (0, found.day):
        return False
    return not _MOVED.search(before[: match.start()])


class DateScorer:
    """1 if the answer names the target's day, else 0."""

    name = "date"
    version = "5"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(DateOptions, options or {}, self.name)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse JSON objects."""
        return "the scorer date cannot judge json" if answer.kind == "json" else None

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is no
        date.
        """
        target = parse_date(sample.target, self._options.target_order or self._options.order)
        if target is None:
            raise ValueError(f"the target {sample.target!r} is not one date with one reading")
        answer = visible(text)
        held = answer_in_object(answer)
        plain = date_text(answer if held is None else held)
        found = self._meant(plain)
        chosen = self._chosen(found)
        if chosen is None or chosen.year is None or (chosen.day is None and target.day is not None):
            why = "no date" if chosen is None else "a date that is not one day"
            if chosen is None and found:
                why = "several different dates"
            return unparsable(self, call_id, f"{why} in {brief(text)}")
        found_side = self._side(chosen, found, plain)
        written = date_text(str(sample.target))
        side = date_bound(target.start, target.end, written)
        if found_side is not None and side is None:
            return unparsable(self, call_id, f"a bound ({found_side}), no date in {brief(text)}")
        if found_side != side:
            return scored(
                self, call_id, 0.0, f"read as {chosen.shown}; right is {side} {target.shown}"
            )
        if abs((target.year or 0) - chosen.year) == _BUDDHIST:
            return unparsable(self, call_id, f"a year of one of two eras in {brief(text)}")
        right = self._is_right(chosen, target)
        return scored(
            self, call_id, float(right), f"read as {chosen.shown}; right is {target.shown}"
        )

    def _meant(self, text: str) -> list[FoundDate]:
        """Return the dates that may be the answer.

        A date that is denied, or compared with, is none; what an answer states as its date is it.
        """
        every = read_dates(text, self._options.order)
        kept = [one for one in every if not is_aside(one.start, one.end, text)]
        kept = [replace(one, year=None) if _has_another(one, every, text) else one for one in kept]
        if self._options.which != "last":
            return kept
        chosen = [kept[index] for index in stated([_place(one) for one in kept], text)]
        if len(chosen) > 1 and _is_period(chosen[-2], chosen[-1], text):
            chosen[-1] = replace(chosen[-1], year=None)
        return chosen

    def _side(self, chosen: FoundDate, found: list[FoundDate], text: str) -> Side | None:
        """Return the side on which the answer lies of a date; None for one that begins a period."""
        after = [one for one in found if one.start > chosen.start]
        if after and _TO.fullmatch(text[chosen.end : after[0].start]):
            return None
        return date_bound(chosen.start, chosen.end, text)

    def _chosen(self, found: list[FoundDate]) -> FoundDate | None:
        if not found:
            return None
        if self._options.which == "only" and len({one.shown for one in found}) > 1:
            return None
        return found[0] if self._options.which == "first" else found[-1]

    def _is_right(self, chosen: FoundDate, target: FoundDate) -> bool:
        if target.day is None:
            return (chosen.year, chosen.month) == (target.year, target.month)
        assert chosen.year is not None  # noqa: S101 - checked by the caller
        assert chosen.day is not None  # noqa: S101
        assert target.year is not None  # noqa: S101
        one = date(chosen.year, chosen.month, chosen.day)
        apart = abs((one - date(target.year, target.month, target.day)).days)
        return apart <= self._options.within_days
