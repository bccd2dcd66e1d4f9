"""``bench init``: targets that are days of the calendar, amounts with units, or numbers as accounts
write them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from claimbench.init.columns import UsableRow, plain
from claimbench.number_text import parse_number
from claimbench.number_text.latex import boxed
from claimbench.scorers.reading.dates import Order, parse_date
from claimbench.scorers.reading.units import amount_text, converted, read_amounts

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


_COMMA = re.compile(r"(?<![\d.,])(?:0,\d+|\d+(?:\.\d{3})*,(?:\d{1,2}|\d{4,}))(?![\d.,])")
_POINT_ZERO = re.compile(r"([-+]?\d+)[.,]0+\Z")
_FINAL_NUMBER = re.compile(r"####\s*([-−]?[\d.,]+)\s*\Z")
_CLOCK = re.compile(r"\d\s?[ap]\.?m\.?\Z", re.I)
_NEGATIVE = re.compile(r"\((?P<inside>[^()+\-−–]*\d[^()+\-−–]*)\)|(?P<before>[^()+\-−–]*\d) ?[-−–]")


def amounts_decimal(texts: Sequence[str]) -> str:
    """Return the decimal sign, "." or ",", of texts that all are one number with a unit, of one
    dimension (3.5 m, -4.5 °C, 12 km/h); empty where some are not.
    """
    decimal = "," if any(map(_COMMA.search, texts)) else "."
    unit = ""
    for text in texts:
        written = amount_text(text.strip())
        found = read_amounts(written, decimal)
        if _CLOCK.search(text.strip()) or len(found) != 1:
            return ""
        amount = found[0]
        whole = (amount.start, amount.end) == (0, len(written))
        if not whole or amount.value is None or amount.unit is None:
            return ""
        unit = unit or str(amount.unit)
        if converted(amount, unit) is None:
            return ""
    return decimal if texts else ""


def _without_brackets(texts: Sequence[str]) -> dict[str, str]:
    """Return the negative numbers of accounts, each as a number with a sign: (1,037.50) and
    1,037.50- are -1,037.50. Empty where the other texts are no numbers.
    """
    made: dict[str, str] = {}
    for text in texts:
        found = _NEGATIVE.fullmatch(text.strip())
        number = "" if found is None else (found["inside"] or found["before"]).strip()
        if parse_number(number) is not None:
            made[text] = f"-{number}"
        elif parse_number(text) is None:
            return {}
    return made if len(made) < len(set(texts)) else {}


def signed_numbers(items: Sequence[UsableRow]) -> tuple[list[UsableRow], list[str]]:
    """Write the negative numbers of accounts with a sign: a model answers -5 and not (5)."""
    changed = _without_brackets([plain(item.target) for item in items])
    if not changed:
        return list(items), []
    made, first = _rewritten(items, changed)
    return made, [f"targets such as {first} are negative numbers: written {changed[first]}"]


def _rewritten(
    items: Sequence[UsableRow], changed: Mapping[str, str]
) -> tuple[list[UsableRow], str]:
    """Write targets anew; return the rows, and the shortest target that changed."""
    made = []
    for item in items:
        text = plain(item.target)
        made.append(replace(item, target=changed.get(text, text)))
    return made, min(changed, key=lambda text: (len(text), text))


def whole_numbers(items: Sequence[UsableRow]) -> tuple[list[UsableRow], list[str]]:
    """Write labels of numbers as one answers them: ``5`` where a program wrote ``5.0``.

    Texts that are told apart by their zeros (versions: 2.1 beside 2.10) stay as they are.
    """
    texts = {plain(item.target) for item in items}
    numbers = {text: parse_number(text) for text in texts}
    if any(number is None for number in numbers.values()):
        return list(items), []
    changed = {t: found.group(1) for t in texts if (found := _POINT_ZERO.match(t)) is not None}
    others = [t for t in texts if re.search(r"[.,]\d*0\Z", t) and t not in changed]
    if not changed or others:
        return list(items), []
    made, first = _rewritten(items, changed)
    return made, [f"targets such as {first} are written {changed[first]}, as models answer"]


def final_answers(texts: Sequence[str]) -> tuple[str, list[str]] | None:
    r"""Return how worked solutions mark their answers, ``#### number`` or ``\boxed{answer}``, and
    the answers; None where some have no mark.
    """
    numbers = [_FINAL_NUMBER.search(text) for text in texts]
    if all(numbers):
        return "#### number", [found.group(1) for found in numbers if found is not None]
    inside = [(boxed(text) or "").strip() for text in texts]
    return (r"\boxed{answer}", inside) if texts and all(inside) else None
