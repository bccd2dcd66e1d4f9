"""Numbers in text, read the same way in targets and in answers.

Thousands separators are commas (or dots where the decimal sign is a comma), apostrophes and
no-break spaces, and only in whole groups of three: ``1,234`` is one number, ``1,2`` is two. A
typographic minus counts as minus. Words such as ``nan`` and ``infinity`` are not numbers, nor is
anything beyond the range of a double.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from functools import cache

from claimbench.types import Json

_UNIT = r"[\s$€£¥%]*"


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    group = r"[.'’\u00a0\u202f\u2009]" if decimal == "," else r"[,'’\u00a0\u202f\u2009]"
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+(?!\d)|\d+)"
    return re.compile(
        rf"(?<![\w.])[-+−]?(?:{whole}(?:{point}\d+)?|{point}\d+)(?:[eE][-+−]?\d+)?(?!\d)"
    )


def find_numbers(text: str, decimal: str = ".") -> list[Decimal]:
    """Return every finite number in ``text`` in order; ``decimal`` is the decimal sign, "." or
    ",".
    """
    found = (
        _convert(match.group(), decimal) for match in _pattern(decimal).finditer(_prefixed(text))
    )
    return [number for number in found if number is not None]


def parse_number(value: Json, decimal: str = ".") -> Decimal | None:
    """Return ``value`` as a finite number: a JSON number, or a text that is one number and at most
    a currency or %.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return Decimal(str(value)) if math.isfinite(value) else None
    text = re.sub(rf"^([-+−]?){_UNIT}|{_UNIT}$", r"\1", str(value).strip())
    match = _pattern(decimal).fullmatch(text)
    return _convert(match.group(), decimal) if match else None


def _prefixed(text: str) -> str:
    """Bring a sign before a currency to its number (``-$5`` -> ``$-5``)."""
    return re.sub(r"(?<![\w)])([-−])([$€£¥])(?=\d)", r"\2\1", text)


def _convert(text: str, decimal: str) -> Decimal | None:
    plain = text.replace("−", "-")
    for separator in ("'", "’", "\u00a0", "\u202f", "\u2009", "." if decimal == "," else ","):
        plain = plain.replace(separator, "")
    try:
        number = Decimal(plain.replace(decimal, "."))
    except InvalidOperation:  # an exponent beyond even Decimal
        return None
    return number if number.is_finite() and math.isfinite(float(number)) else None
