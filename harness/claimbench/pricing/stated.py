"""What suites, price books and the command line state: amounts, days and keys, read or refused."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.types import Json


def read_amount(value: Json, what: str) -> Decimal:
    """Read a non-negative amount as written (floats by their shortest text, so 1.25 is 1.25).

    Raises:
        BenchError: not a finite amount >= 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BenchError(f"{what} is not an amount: {value!r}")
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        raise BenchError(f"{what} is not an amount: {value!r}") from None
    if not amount.is_finite() or amount < 0:
        raise BenchError(f"{what} must be a finite amount of at least 0, not {value!r}")
    if amount > MOST_USD:
        raise BenchError(f"{what} is {value!r:.40}, more than all the money there is")
    return amount


MOST_USD = Decimal(10) ** 15
"""No price, bill or limit is higher; one that is would only exhaust memory."""


def read_day(value: Json, what: str) -> str | None:
    """Read the day on which somebody read a price; None where none is stated.

    Raises:
        BenchError: no date, or one that has not come: nobody can have read a price then.
    """
    if value is None:
        return None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise BenchError(
            f"{what} is no date: {value!r}", hint="Dates are written 2026-05-01."
        ) from None
    if day > datetime.now(UTC).date() + timedelta(days=1):
        raise BenchError(f"{what} is a day to come: {day}", hint="When was the price read?")
    return str(value)


def check_keys(data: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    """Refuse a key that is none of ``keys``, with the nearest one.

    Raises:
        BenchError: such a key.
    """
    for key in data:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            raise BenchError(
                f"{where}: no such key: {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                hint=f"Keys: {', '.join(keys)}.",
            )


def day_of(text: str | date) -> date:
    """Read a date as written on the command line or in YAML.

    Raises:
        BenchError: not a date.
    """
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BenchError(f"not a date: {text!r}", hint="Dates are written 2026-05-01.") from None


def moment_of(text: str) -> date | datetime:
    """Read a day, or a moment with its zone (2026-11-27T02:00:00Z, ...+08:00), as UTC.

    Raises:
        BenchError: neither, or a time without a zone: prices may depend on the hour.
    """
    cleaned = text.strip()
    if len(cleaned) <= len("2026-05-01"):
        return day_of(cleaned)
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise BenchError(
            f"not a date or a moment: {text!r}",
            hint="Written 2026-05-01, or 2026-05-01T09:00Z, or 2026-05-01T09:00+08:00.",
        ) from None
    if moment.tzinfo is None:
        raise BenchError(
            f"{text!r} has no time zone, and prices may depend on the hour",
            hint=f"Add it: {cleaned}Z for UTC, {cleaned}+08:00 for Beijing.",
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BenchError(f"not a moment: {text!r}") from None
