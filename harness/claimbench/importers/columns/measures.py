"""Times, tokens and dollars of a table that cannot be what their column says."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from claimbench.importers.imported import ImportFault
from claimbench.importers.tables.cells import text_cell
from claimbench.number_text import parse_number
from claimbench.suite.table import Table

_LONG_S = 300.0
_SHORT_MS = 10.0
_COUNTS = ("input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Measured:
    """A role's column with its numbers (None: nothing there) and the line of each."""

    role: str
    column: str
    values: Sequence[float | None]
    lines: Sequence[int]
    found_by_name: bool


def check_measures(path: str, measured: Sequence[Measured]) -> list[str]:
    """Return what must be said of values that no measure can have, which are unknown then.

    Raises:
        ImportFault: times that are of another unit than the column was taken for by its name.
    """
    notes = []
    for one in measured:
        if one.found_by_name:
            _check_unit(path, one)
        below = _those(one, lambda value: value < 0)
        if below:
            notes.append(_unknown(path, one, below, "below 0"))
        broken = _those(one, lambda value: value >= 0 and value != int(value))
        if one.role in _COUNTS and broken:
            notes.append(_unknown(path, one, broken, "that no count can be"))
        nothing = _those(one, lambda value: value == 0)
        if nothing and one.role.startswith(("latency", "ttft")):
            notes.append(_unknown(path, one, nothing, "of 0"))
    return notes


def _those(one: Measured, wrong: Callable[[float], bool]) -> list[int]:
    pairs = zip(one.values, one.lines, strict=True)
    return [line for value, line in pairs if value is not None and wrong(value)]


def _unknown(path: str, one: Measured, lines: Sequence[int], what: str) -> str:
    n = len(lines)
    values = "value" if n == 1 else "values"
    return f"{path}: {n} {values} in {one.column} {what} (first: line {lines[0]}): unknown"


def _check_unit(path: str, one: Measured) -> None:
    known = [value for value in one.values if value is not None and value > 0]
    if not known:
        return
    middle = statistics.median(known)
    base = one.role.rpartition("_")[0]
    if one.role in ("latency_s", "ttft_s") and middle > _LONG_S:
        raise ImportFault(
            f"{path}: half of {one.column!r} are above {middle:,.0f} seconds: are they"
            " milliseconds?",
            hint=f"say the unit: --column {base}_ms={one.column}, or {base}_s={one.column}",
        )
    if one.role == "latency_ms" and middle < _SHORT_MS:
        raise ImportFault(
            f"{path}: half of {one.column!r} are below {middle:g} milliseconds: are they seconds?",
            hint=f"say the unit: --column {base}_s={one.column}, or {base}_ms={one.column}",
        )


_TIME = (
    r"(?:latency|duration|elapsed|runtime|response_?time|total_?time|time|e2e|dauer|durée|duración)"
)
_NAMED = {
    "latency_s": re.compile(rf"(?:\w*_)?{_TIME}_?\(?\[?(?:s|secs?|seconds|sek)\)?\]?"),
    "latency_ms": re.compile(rf"(?:\w*_)?{_TIME}_?\(?\[?(?:ms|millis|milliseconds)\)?\]?"),
    "ttft_s": re.compile(r"(?:ttft|time_to_first_token)_?\(?\[?(?:s|secs?|seconds)\)?\]?"),
    "ttft_ms": re.compile(r"(?:ttft|time_to_first_token)_?\(?\[?(?:ms|milliseconds)\)?\]?"),
    "usd": re.compile(
        r"(?:total_)?(?:cost|price|kosten|coût|coste|costo|spend)_?\(?\[?(?:usd|\$)\)?\]?"
    ),
}
_CURRENCY = re.compile(r"(?:cost_|billing_)?currency(?:_code)?|währung|devise|moneda|货币")
_DOLLARS = re.compile(
    r"(?:us|usd)?\$?(?:us|usd)?(?:dollars?)?"
    r"(?:k|m|mn|mm|mio|million|millions|thousand|tausend|e)?(?:usd|\$)?"
)
"""What stands beside a number that is dollars, signs, digits and blanks taken away: nothing, "$",
"us$", "usd", "dollars", each with a magnitude or the e of a power.
"""
_CODES = re.compile(
    r"(?:eur|euros?|gbp|pounds?|pence|jpy|yen|cny|rmb|yuan|chf|cad|aud|nzd|inr|rupees?|rs|brl|sek"
    r"|nok|dkk|kr|pln|zł|czk|kč|huf|ft|rub|руб|krw|won|try|tl|sgd|hkd|twd|mxn|zar|ils|thb|idr|cents?"
    r"|ct|cts|credits?|tokens?|元|円|원)"
)


def role_by_unit(folded: str) -> str | None:
    """Return the role of a column that says what it measures and its unit: ``Latency (ms)``."""
    return next((role for role, form in _NAMED.items() if form.fullmatch(folded)), None)


def foreign_currency(table: Table, costs: str) -> str | None:
    """Return the currency in which a row's costs are, where it is not dollars: as a column of
    currencies says, or a sign or word in a cell of the column ``costs`` (€0.01, 0.01 CHF, 5¢).
    """
    for column in table.columns:
        if not _CURRENCY.fullmatch(re.sub(r"[\W_]+", "_", column.strip().casefold())):
            continue
        for row in table.rows:
            said = text_cell(row.values.get(column))
            if said and not _DOLLARS.fullmatch(_beside(said)):
                return said
    for row in table.rows:
        if said := _not_dollars(text_cell(row.values.get(costs))):
            return said
    return None


def _not_dollars(cell: str) -> str:
    """Return what makes the amount of a cell one of another currency; empty where nothing does."""
    if not re.search(r"\d", cell):
        return ""
    beside = _beside(cell)
    if _DOLLARS.fullmatch(beside):
        return ""
    is_money = any(map(_is_currency, beside))
    if is_money or _CODES.fullmatch(beside) or parse_number(cell) is not None:
        return beside.upper() if beside.isascii() else beside
    return ""


def _beside(cell: str) -> str:
    """Return the letters and signs of currencies and shares of a cell, in lower case."""
    text = unicodedata.normalize("NFKC", cell).casefold()
    return "".join(sign for sign in text if sign.isalpha() or sign in "%‰" or _is_currency(sign))


def _is_currency(sign: str) -> bool:
    return unicodedata.category(sign) == "Sc"
