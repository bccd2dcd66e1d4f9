"""Numbers and foreign text -> display text. Every rounding and every cut of the reports happens in
this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from claimbench.number_text import dollars
from claimbench.number_text.dollars import equal, sig, told_apart
from claimbench.privacy.visible import visible

UNKNOWN = "unknown"
MINUS = dollars.MINUS
usd = dollars.usd


@dataclass(frozen=True, slots=True)
class Figure:
    """One number as shown. ``id`` names it in every artifact; ``text`` is the only rounding anyone
    sees.

    ``low``/``high`` are None where there is no (finite) bound; ``interval`` words them. ``note``
    marks what a reader must know beside the number ("too few samples"); ``value`` None = unknown,
    and ``text`` then says why or "unknown".
    """

    id: str
    value: float | None
    text: str
    unit: str
    low: float | None = None
    high: float | None = None
    interval: str = ""
    note: str = ""


def _signed(x: float, body: Callable[[float], str]) -> str:
    return (MINUS if x < 0 else "") + body(abs(x))


def percent(x: float, more: int = 0) -> str:
    """Show a share: 0.8425 -> 84.3%; one more place beside the ends, where the difference is the
    message, and ``more`` places on demand.
    """
    value = 100 * x
    near = min(abs(value), abs(100 - value))
    places = (2 if 0 < near < 0.95 else 1) + more
    return _signed(value, lambda v: f"{v:.{places}f}%")


def points(x: float, more: int = 0) -> str:
    """Show a difference of shares in percentage points: +3.1 pts; what rounds to 0 has no sign."""
    value = round(100 * x, 1 + more)
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value):.{1 + more}f} pts"


def seconds(x: float, more: int = 0) -> str:
    """Show seconds: 0.0123 -> 12 ms; 1.234 -> 1.23 s; 75 -> 75.0 s."""
    if x == 0:
        return "0 s"
    if abs(x) < 0.9995:
        return _signed(1000 * x, lambda v: f"{sig(v, (3 if v >= 100 else 2) + more)} ms")
    return _signed(x, lambda v: f"{sig(v, 3 + more)} s")


def usd_micro(x: float) -> str:
    """Show an amount of a bill: always six decimals, so that a column adds up as it stands."""
    return _signed(x, lambda v: f"${v:,.6f}")


def amount(x: float) -> str:
    """Show an amount of a currency that stands beside it: 1,230 or 12.30."""
    return usd(x).replace("$", "")


def ratio(x: float, more: int = 0) -> str:
    """Show a factor: 0.123×."""
    return _signed(x, lambda v: f"{sig(v, 3 + more)}×")


def of_baseline(x: float, more: int = 0) -> str:
    """Show a ratio as a share of the baseline, three significant digits: 4.2%, 122%."""

    def body(v: float) -> str:
        text = sig(100 * v, 3 + more)
        return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"

    return _signed(x, body)


def count(x: float) -> str:
    """Show a whole number with separators."""
    return _signed(x, lambda v: f"{v:,.0f}")


def score(x: float) -> str:
    """Show a score of one answer: 1, 0, 0.67."""
    return _signed(x, lambda v: f"{v:.2f}".rstrip("0").rstrip("."))


def share(x: float, more: int = 0) -> str:
    """Show a percentage for axes: a whole one, and ``more`` places on demand."""
    return f"{100 * x:.{more}f}%"


def plain(x: float, more: int = 0) -> str:
    """Show three significant digits."""
    return _signed(x, lambda v: sig(v, 3 + more))


def times(x: float, more: int = 0) -> str:
    """Show a factor as claims say it: 6.23 times, 5 times."""
    text = sig(abs(x), 3 + more) if x else "0"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{MINUS if x < 0 else ''}{text} times"


def p_value(x: float) -> str:
    """Show a p-value to three places, never 0."""
    return "<0.001" if x < 0.001 else f"{x:.3f}"


def memory(x: float) -> str:
    """Show bytes in decimal units, three significant digits: 463 MB, 1.2 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(x) >= size * 0.9995:
            return f"{sig(x / size, 3)} {unit}"
    return f"{x:.0f} bytes"


def hours(x: float) -> str:
    """Show a duration for planning: minutes, hours or days."""
    if x * 60 < 1:
        return "under a minute"
    if x < 1.5:
        return f"{x * 60:.0f} min"
    return f"{sig(x, 2)} h" if x < 72 else f"{x / 24:,.0f} days"


FORMATS: dict[str, Callable[[float], str]] = {
    "percent": percent,
    "points": points,
    "seconds": seconds,
    "usd": usd,
    "usd_micro": usd_micro,
    "amount": amount,
    "ratio": ratio,
    "of_baseline": of_baseline,
    "count": count,
    "plain": plain,
    "times": times,
    "score": score,
    "share": share,
    "p": p_value,
    "hours": hours,
    "tokens_per_s": lambda x: f"{plain(x)} tok/s",
    "bytes": memory,
    "per_hour": lambda x: f"{count(x) if x >= 100 else plain(x)} requests/h",
}


FINER: dict[str, Callable[[float, int], str]] = {
    "percent": percent,
    "points": points,
    "seconds": seconds,
    "share": share,
    "usd": usd,
    "ratio": ratio,
    "of_baseline": of_baseline,
    "plain": plain,
    "times": times,
}
"""Units that can be shown with more digits."""
SHARES = frozenset({"percent", "points", "of_baseline"})
NOTHING = 1e-9
"""A difference of shares that no measurement shows; it comes from rounding in the machine."""
FACTORS = frozenset({"ratio", "of_baseline", "times"})
SOLVED = 1e-7
"""Ends of a factor closer than this share are one number: its bounds are found by search."""
LEVEL_NOTE = re.compile(r"^[\d.]+% interval(; )?")
"""A note of an interval's level, which an exact figure has none of."""
NEVER_NEGATIVE = frozenset({"ratio", "of_baseline", "usd", "amount", "seconds"})
"""Units whose "at least 0" says nothing."""


def figure(
    id_: str,
    value: float | None,
    unit: str,
    *,
    low: float | None = None,
    high: float | None = None,
    note: str = "",
    unknown: str = UNKNOWN,
) -> Figure:
    """Make a figure; nan counts as unknown, an infinite value or bound is worded and stored as
    None.
    """
    show = _shown_with(unit, low, high)
    if value is None or not math.isfinite(value):
        text = "timed out" if value == math.inf else unknown
        value = None
    else:
        value = float(value)
        text = show(_snapped(value, unit))
    shown = interval(low, high, unit)
    return Figure(
        id_,
        value,
        text,
        unit,
        _finite_or_none(low),
        _finite_or_none(high),
        shown,
        LEVEL_NOTE.sub("", note) if shown.startswith("exactly ") else note,
    )


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return ``81.0% to 87.2%``; one-sided where an end is infinite; empty where there is none.

    Ends that differ are shown with as many digits as it takes to tell them apart; equal ones are
    one number: "exactly 16%".
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    low, high = _snapped(low, unit), _snapped(high, unit)
    show = _shown_with(unit, low, high)
    if math.isfinite(low) and math.isfinite(high) and _equal(low, high, unit):
        return f"exactly {show(low)}"
    if math.isinf(high) and (math.isinf(low) or (low <= 0 and unit in NEVER_NEGATIVE)):
        return "no bounds"
    if math.isinf(high):
        return f"at least {show(low)}"
    if math.isinf(low):
        return f"at most {show(high)}"
    return f"{show(low)} to {show(high)}"


def _equal(low: float, high: float, unit: str) -> bool:
    if unit in FACTORS and abs(high - low) <= SOLVED * max(abs(low), abs(high)):
        return True
    return equal(low, high) or (unit in SHARES and abs(high - low) <= NOTHING)


def _snapped(x: float, unit: str) -> float:
    """Return 0 for what rounding alone tells from it: 1 - ratio of two equal bills is 1e-17."""
    return 0.0 if unit in SHARES and abs(x) <= NOTHING else x


def _shown_with(unit: str, low: float | None, high: float | None) -> Callable[[float], str]:
    """Return how to show numbers of a unit: finer where an interval is narrower than that."""
    finer = FINER.get(unit)
    if finer is None or (low is not None and high is not None and _equal(low, high, unit)):
        return FORMATS[unit]
    return told_apart(finer, low, high)


def axis_format(unit: str, marks: Sequence[float] | None) -> Callable[[float], str]:
    """Return how to show the marks of an axis: round numbers, with as many digits as they have;
    ``marks`` None: each by itself.
    """
    finer = FINER.get(unit)
    if finer is None or marks is None or len(marks) < 2:
        return FORMATS[unit]
    most = dollars.MOST_MORE
    more = 0
    while more < most and any(_number(finer(x, more)) != _number(finer(x, most)) for x in marks):
        more += 1
    return lambda x: finer(x, more)


def _number(text: str) -> float:
    """Return the number in a label, without its sign and unit."""
    return float("".join(c for c in text if c.isdigit() or c == "."))


def _finite_or_none(x: float | None) -> float | None:
    return float(x) if x is not None and math.isfinite(x) else None


@dataclass(frozen=True, slots=True)
class Text:
    """Foreign text, redacted, made visible and cut; ``note`` says what was cut and where the whole
    is.
    """

    text: str
    note: str = ""


def excerpt(text: str | None, limit: int) -> Text:
    """Return at most ``limit`` characters of ``text`` (already redacted), with a note where
    something was cut.
    """
    if text is None:
        return Text("", "")
    shown = visible(text[:limit])
    if len(text) <= limit:
        return Text(shown)
    return Text(
        shown, f"cut after {limit:,} of {len(text):,} characters; the exports hold the whole text"
    )
