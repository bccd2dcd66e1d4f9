"""``bench init``: targets that are days of the calendar, and in which order they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.scorers.reading.dates import Order, parse_date

_LONGEST = 40
_MOST_WORDS = 4
_MIDNIGHT = re.compile(r"(?<=\d)[T ]00:00(:00(\.0+)?)?(Z|[+-]00:?00)?\Z")
_NUMBERS = re.compile(r"\d{1,4}\.?\s?([-/.])\s?\d{1,2}\s?\1\s?\d{1,4}\.?\Z")
_LETTERS = re.compile(r"[^\W\d_]+")


def date_order(texts: Sequence[str]) -> str:
    """Return how texts that all are dates must be read: ``any`` where each has one reading, ``dmy``
    or ``mdy`` where only that order gives all of them one, ``either`` where both do; empty where
    some are no dates.
    """
    bare = [without_midnight(text) for text in texts]
    if not bare or not all(map(_may_be_date, bare)):
        return ""
    if _all(bare, None):
        return "any"
    fits: list[str] = []
    orders: tuple[Order, ...] = ("dmy", "mdy")
    for order in orders:
        if _all(bare, order):
            fits.append(order)
    return "either" if len(fits) == 2 else "".join(fits)


def _may_be_date(text: str) -> bool:
    """Tell three numbers with the same sign between them, and a few words with a number: neither a
    lone number nor a sentence that names a day.
    """
    if len(text) > _LONGEST or not any(char.isdigit() for char in text):
        return False
    words = _LETTERS.findall(text)
    return bool(_NUMBERS.match(text)) if not words else len(words) <= _MOST_WORDS


def _all(texts: Sequence[str], order: Order | None) -> bool:
    return all(parse_date(text, order) is not None for text in texts)


def without_midnight(text: str) -> str:
    """Return a date without the time 00:00 that a spreadsheet or data frame gave it."""
    return _MIDNIGHT.sub("", text)
