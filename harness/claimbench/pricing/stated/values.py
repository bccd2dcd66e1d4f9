"""What suites, price books and the command line state: amounts, days and keys, read or refused."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.types import Json


def bills_requests(data: Mapping[str, Any], rates: Sequence[str]) -> bool:
    """Return whether, of all ``rates``, a contract states dollars per request alone."""
    return {key for key in rates if data.get(key) is not None} == {"per_request"}


def read_amount(value: Json, what: str) -> Decimal:
    """Read a non-negative amount as written (floats by their shortest text, so 1.25 is 1.25).

    Raises:
        BenchError: not a finite amount >= 0, or one that no money can be.
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
    if 0 < amount < LEAST_USD:
        raise BenchError(f"{what} is {value!r:.40}, less than any price is")
    return amount


MOST_USD = Decimal(10) ** 15
"""No price, bill or limit is higher; one that is would only exhaust memory."""

LEAST_USD = Decimal(10) ** -18
"""No price above 0 is lower: the products and quotients of prices stay within the doubles."""


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


def factor_of(data: Mapping[str, Any], where: str) -> Decimal:
    """Read ``discount`` and ``surcharge`` as the one factor that they make.

    Raises:
        BenchError: a discount of the whole price or more.
    """
    discount = read_amount(data.get("discount", 0), f"{where}.discount")
    if discount >= 1:
        raise BenchError(
            f"{where}.discount is a share below 1, not {discount}",
            hint="15 % off is discount: 0.15.",
        )
    surcharge = read_amount(data.get("surcharge", 0), f"{where}.surcharge")
    return (1 - discount) * (1 + surcharge)


def section_of(model: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    """Return a mapping within a mapping; empty where it is left out."""
    section = model.get(kind) or {}
    if not isinstance(section, Mapping):
        raise BenchError(f"{where}.{kind} must be a mapping, not {section!r}")
    return section


def rows_of(value: Json, where: str) -> Sequence[Mapping[str, Any]]:
    """Return a list of exchange rates; empty where it is left out."""
    rows = value or []
    if not isinstance(rows, Sequence) or not all(isinstance(r, Mapping) for r in rows):
        raise BenchError(
            f"{where} must be a list of {{currency, usd_per_unit, dated, source}}, not {value!r}"
        )
    return rows
