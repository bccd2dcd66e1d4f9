"""Prices to JSON and back, without loss; the YAML books have the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from claimbench.errors import BenchError
from claimbench.pricing.model import (
    TOKEN_CLASSES,
    UNIT_CLASSES,
    Era,
    FxRate,
    Price,
    Rate,
    TokenRates,
    Variant,
    Window,
    as_utc,
)
from claimbench.pricing.stated.values import read_amount
from claimbench.types import Json


def rate_to_json(rate: Rate) -> Json:
    """Write ``"1.25"``, or ``{"base": "1.25", "above": {"200000": "2.5"}}``."""
    if not rate.tiers:
        return str(rate.base)
    return {"base": str(rate.base), "above": {str(n): str(r) for n, r in rate.tiers}}


def rate_from_json(data: Json, what: str) -> Rate:
    """Read what :func:`rate_to_json` writes; a plain number will do."""
    if isinstance(data, Mapping):
        above = data.get("above") or {}
        tiers = sorted((int(n), read_amount(r, f"{what} above {n}")) for n, r in above.items())
        return Rate(read_amount(data.get("base"), what), tuple(tiers))
    return Rate(read_amount(data, what))


def rates_from_json(data: Mapping[str, Json], what: str) -> dict[str, Rate]:
    """Read a mapping of class -> rate.

    Raises:
        BenchError: a class we do not know, or an amount that is none.
    """
    unknown = [k for k in data if k not in TOKEN_CLASSES + UNIT_CLASSES]
    if unknown:
        raise BenchError(
            f"{what}: no such price class: {', '.join(map(repr, unknown))}",
            hint=f"Classes: {', '.join(TOKEN_CLASSES + UNIT_CLASSES)}.",
        )
    return {k: rate_from_json(v, f"{what}: {k}") for k, v in data.items()}


def _moment_of(value: Json) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return as_utc(datetime.fromisoformat(str(value)))


def rates_to_json(rates: TokenRates) -> dict[str, Json]:
    """Write what :func:`rates_from_json` reads."""
    return {k: rate_to_json(r) for k, r in rates.items()}


def price_to_json(price: Price) -> dict[str, Json]:
    """Write everything needed to bill with this price again."""

    def window(w: Window) -> dict[str, Json]:
        return {
            "start": w.start.isoformat(),
            "end": w.end.isoformat(),
            "rates": rates_to_json(w.rates),
            "weekdays": list(w.weekdays),
            "holidays": [d.isoformat() for d in w.holidays],
            "holidays_until": w.holidays_until.isoformat() if w.holidays_until else None,
            "utc_offset_h": w.utc_offset_h,
        }

    def era(e: Era) -> dict[str, Json]:
        return {
            "start": e.start.isoformat() if e.start else None,
            "end": e.end.isoformat() if e.end else None,
            "rates": rates_to_json(e.rates),
            "windows": [window(w) for w in e.windows],
            "source": e.source,
        }

    def variant(v: Variant) -> dict[str, Json]:
        return {
            "when": dict(v.when),
            "start": v.start.isoformat() if v.start else None,
            "rates": rates_to_json(v.rates),
        }

    return {
        "id": price.id,
        "model": price.model,
        "provider": price.provider,
        "currency": price.currency,
        "eras": [era(e) for e in price.eras],
        "variants": [variant(v) for v in price.variants],
        "factor": str(price.factor),
        "source": price.source,
        "dated": price.dated,
        "free": price.free,
        "needs": list(price.needs),
        "notes": list(price.notes),
        **({"asked": price.asked} if price.asked else {}),
        **({"since": price.since.isoformat()} if price.since is not None else {}),
    }


def price_from_json(data: Mapping[str, Any]) -> Price:
    """Read what :func:`price_to_json` writes, and the same shape from a YAML book (absent fields
    have defaults).
    """
    what = str(data.get("id"))

    def window(w: Mapping[str, Any]) -> Window:
        until = w.get("holidays_until")
        return Window(
            time.fromisoformat(str(w["start"])),
            time.fromisoformat(str(w["end"])),
            rates_from_json(w["rates"], what),
            tuple(map(int, w.get("weekdays") or ())),
            tuple(date.fromisoformat(str(d)) for d in w.get("holidays") or ()),
            date.fromisoformat(str(until)) if until else None,
            int(w.get("utc_offset_h", 0)),
        )

    def era(e: Mapping[str, Any]) -> Era:
        windows = tuple(window(w) for w in e.get("windows") or ())
        return Era(
            _moment_of(e.get("start")),
            rates_from_json(e["rates"], what),
            windows,
            _moment_of(e.get("end")),
            e.get("source"),
        )

    variants = tuple(variant_from_json(v, what) for v in data.get("variants") or ())
    return Price(
        id=str(data["id"]),
        model=str(data["model"]),
        provider=str(data["provider"]),
        eras=tuple(era(e) for e in data["eras"]),
        currency=str(data.get("currency", "USD")),
        variants=variants,
        factor=read_amount(data.get("factor", 1), f"{what}: factor"),
        source=str(data.get("source") or ""),
        dated=None if data.get("dated") is None else str(data["dated"]),
        free=bool(data.get("free", False)),
        needs=tuple(map(str, data.get("needs") or ())),
        notes=_notes_of(data),
        since=_moment_of(data.get("since")),
        asked=str(data.get("asked") or ""),
    )


def _notes_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return an entry's notes; one that states ``checked: null`` says that nobody read the page."""
    notes = tuple(str(note) for note in data.get("notes") or ())
    if "checked" in data and data["checked"] is None and UNCHECKED not in notes:
        notes = (*notes, UNCHECKED)
    return notes


UNCHECKED = "taken from the source named; the vendor's own page was not read for it"


def variant_from_json(data: Mapping[str, Any], what: str) -> Variant:
    """Read ``{when: {...}, rates: {...}, start: ...}``."""
    rates = rates_from_json(data["rates"], what)
    return Variant(dict(data["when"]), rates, _moment_of(data.get("start")))


def fx_to_json(rate: FxRate) -> dict[str, Json]:
    """Write an exchange rate."""
    return {
        "currency": rate.currency,
        "usd_per_unit": str(rate.usd_per_unit),
        "dated": rate.dated.isoformat(),
        "source": rate.source,
    }


def fx_from_json(data: Mapping[str, Any]) -> FxRate:
    """Read an exchange rate.

    Raises:
        BenchError: it lacks its date or its source, without which it is not evidence.
    """
    missing = [k for k in ("currency", "usd_per_unit", "dated", "source") if not data.get(k)]
    if missing:
        raise BenchError(f"an exchange rate needs {', '.join(missing)}: {dict(data)!r}")
    rate = read_amount(data["usd_per_unit"], "usd_per_unit")
    return FxRate(
        str(data["currency"]), rate, date.fromisoformat(str(data["dated"])), str(data["source"])
    )
