"""Times, tokens and dollars of a table that cannot be what their column says."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from claimbench.importers.imported import ImportFault
from claimbench.importers.table_cells import text_cell
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
_DOLLARS = frozenset({"usd", "$", "us$", "us-dollar", "dollar", "dollars"})


def role_by_unit(folded: str) -> str | None:
    """Return the role of a column that says what it measures and its unit: ``Latency (ms)``."""
    return next((role for role, form in _NAMED.items() if form.fullmatch(folded)), None)


def foreign_currency(table: Table) -> str | None:
    """Return the currency that a column states where it is not dollars in some row."""
    for column in table.columns:
        if not _CURRENCY.fullmatch(column.strip().casefold()):
            continue
        for row in table.rows:
            said = text_cell(row.values.get(column))
            if said and said.casefold() not in _DOLLARS:
                return said
    return None
