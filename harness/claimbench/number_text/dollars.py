"""Dollars as every page, sentence and table shows them."""

from __future__ import annotations

import math
from collections.abc import Callable

MINUS = "\u2212"
MOST_MORE = 6
EQUAL = 1e-9
"""Ends of an interval that differ by less than this share of them are one number."""


def sig(x: float, digits: int) -> str:
    """Show ``x`` >= 0 to ``digits`` significant digits, plain, with thousands separators."""
    if x == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(x))
    rounded = round(x, places)
    if rounded != 0:
        places = digits - 1 - math.floor(math.log10(rounded))
    return f"{rounded:,.{max(places, 0)}f}"


def usd(x: float, more: int = 0) -> str:
    """Show three significant digits, at least cents: $12.30, $0.20, $0.0123, $1,230; 0 is $0.00."""
    v = abs(x)
    sign = MINUS if x < 0 else ""
    if v >= 1000:
        return f"{sign}${v:,.{1 + more if more else 0}f}"
    if v >= 0.995 or v == 0:
        return f"{sign}${v:,.{2 + more}f}"
    whole, _, rest = sig(v, 3 + more).partition(".")
    return f"{sign}${whole}.{rest.rstrip('0').ljust(2, '0')}"


def equal(low: float, high: float) -> bool:
    """Tell whether two ends are one number."""
    return abs(high - low) <= EQUAL * max(abs(low), abs(high))


def told_apart(
    show: Callable[[float, int], str], low: float | None, high: float | None
) -> Callable[[float], str]:
    """Return how to show numbers beside an interval: finer where it is narrower than the digits.

    Both ends shall be told apart by at least two steps of the last digit shown, where that takes no
    more than :data:`MOST_MORE` further digits.
    """
    if low is None or high is None:
        return lambda x: show(x, 0)
    if not (math.isfinite(low) and math.isfinite(high)) or equal(low, high):
        return lambda x: show(x, 0)
    middle = (low + high) / 2
    more = 0
    while more < MOST_MORE and not show(low, more) != show(middle, more) != show(high, more):
        more += 1
    return lambda x: show(x, more)
