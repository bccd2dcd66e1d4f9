"""The most that one answer can have cost, taken or counted: what is above it is a slip of the file,
and arithmetic with it would only fail later.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from claimbench.importers.columns.measures import Measured
from claimbench.importers.imported import Imported, ImportedCall, ImportFault
from claimbench.importers.tables.cells import number_cell
from claimbench.pricing.stated.values import MOST_USD
from claimbench.suite.files.values import YEAR_S
from claimbench.types import Json, Usage

MOST_TOKENS = 10**12
MOST_EPOCHS = 10**6
"""Repeats of one item; each is planned, so that more would only exhaust memory."""
_MONEY = "more than all the money there is"
_TIME = "more than a year"
_TOKENS = "more tokens than an answer can have"
_MOST: dict[str, tuple[Decimal | int, str]] = {
    "usd": (MOST_USD, _MONEY),
    "latency_s": (YEAR_S, _TIME),
    "latency_ms": (YEAR_S * 1000, _TIME),
    "ttft_s": (YEAR_S, _TIME),
    "ttft_ms": (YEAR_S * 1000, _TIME),
    "input_tokens": (MOST_TOKENS, _TOKENS),
    "output_tokens": (MOST_TOKENS, _TOKENS),
    "epoch": (MOST_EPOCHS, "more repeats than can be"),
    "n": (MOST_TOKENS, "more items than can be"),
}
ROLES = tuple(_MOST)
"""Roles of a table's columns that have a bound."""
_HINT = "correct it, or leave empty what was not measured"


_HUGE = re.compile(r"\$?\s*\d[\d.,]*e\+?\d{3,}", re.IGNORECASE)


def number_or_beyond(value: Json, decimal: str) -> float | None:
    """Return a cell's number, infinity for one that is written beyond every double; None for
    none.
    """
    if isinstance(value, str) and _HUGE.fullmatch(value.strip()):
        return number_cell(value, decimal) or math.inf
    return number_cell(value, decimal)


def refuse_too_large(path: str, measured: Sequence[Measured]) -> None:
    """Refuse a cell of a table that is larger than what its column measures can be.

    Raises:
        ImportFault: such a cell, with its line.
    """
    for one in measured:
        most, why = _MOST[one.role]
        for value, line in zip(one.values, one.lines, strict=True):
            if value is not None and value > most:
                raise ImportFault(
                    f"{path}:{line}: {one.role} (column {one.column!r}) is {_shown(value)}, {why}",
                    hint=_HINT,
                )


def refuse_impossible(imported: Imported) -> None:
    """Refuse an answer, or a stated figure, of any kind of file that is larger than can be.

    Raises:
        ImportFault: the first such value, with its file and item.
    """
    sources = {arm.name: arm.source for arm in imported.arms}
    for call in imported.calls:
        for role, what, value in _values(call):
            if value > _MOST[role][0]:
                raise ImportFault(
                    f"{sources.get(call.arm, call.arm)}: {call.task}, item {call.sample_id!r}:"
                    f" {what} is {_shown(value)}, {_MOST[role][1]}",
                    hint=_HINT,
                )
    for told in imported.aggregates:
        if told.usd is not None and told.usd > MOST_USD:
            raise ImportFault(
                f"{sources.get(told.arm, told.arm)}: {told.task}, {told.arm}: the cost is"
                f" {_shown(told.usd)}, {_MONEY}",
                hint=_HINT,
            )


def _shown(value: Decimal | float) -> str:
    return f"{Decimal(value):.6g}"


def _values(call: ImportedCall) -> Iterator[tuple[str, str, Decimal | float]]:
    """Yield (role, what it is called, value) of an answer's measures that are known."""
    one = call.told
    at_prices = None if one is None else max(filter(None, (one.amount, one.high)), default=None)
    told: tuple[tuple[str, str, Decimal | float | None], ...] = (
        ("usd", "the cost", call.billed_usd),
        ("usd", "the cost at the prices", at_prices),
        ("latency_s", "the time", call.latency_s),
        ("ttft_s", "the time to the first token", call.ttft_s),
        ("epoch", "the epoch", call.epoch),
    )
    for role, what, value in told:
        if value is not None:
            yield role, what, value
    for count in () if call.usage is None else _counts(call.usage):
        yield "input_tokens", "a count of tokens", count


def _counts(usage: Usage) -> Iterator[int]:
    for one in dataclasses.fields(usage):
        value = getattr(usage, one.name)
        if isinstance(value, int):
            yield value
    for _, count in usage.fees:
        yield count
