"""What a price rests on that its figures do not show: the hour, a calendar's end, what was assumed
of the seller's offer, who read the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.model import CONTRACT, Era, Price, TokenRates, Window

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

ASSUMED = {
    "azure": (
        "taken as a Global Standard deployment, whose prices the book lists; data-zone and regional"
        " ones may cost more (cost.list: {provider: azure, surcharge: ...})"
    ),
    "zhipuai": "the vendor bills in CNY; the dollars are as the source converted them",
}
"""Seller -> what its price takes for granted."""


OLD = timedelta(days=92)
"""After a quarter a list price is worth a look."""

SAID = ("converted them", "not read", "is taken")
"""Words of those notes of an entry that have to be known wherever its price is used."""


def remarks(arm: ArmPrice, at_utc: datetime) -> list[str]:
    """Return what has to be known of an arm's list price, in sentences; empty for contracts without
    hours and for machines.
    """
    price = arm.price
    if price is None or arm.host is not None:
        return []
    return list(price_remarks(price, at_utc))


def price_remarks(price: Price, at_utc: datetime) -> Iterator[str]:
    """Yield what has to be known of a price."""
    live = [e for e in price.eras if e.start is None or e.start <= at_utc]
    if live and live[-1].windows:
        yield from _hours(price, live[-1], at_utc)
    if price.id.startswith((CONTRACT, "override:")):
        return
    if price.dated is None:
        yield "nobody says when the price was read"
    elif (age := at_utc.date() - date.fromisoformat(price.dated)) > OLD:
        yield f"the price was read on {price.dated}, {age.days} days before"
    if price.provider in ASSUMED:
        yield ASSUMED[price.provider]
    yield from (note for note in price.notes if any(word in note for word in SAID))


def _hours(price: Price, era: Era, at_utc: datetime) -> Iterator[str]:
    spans = "; ".join(dict.fromkeys(_window(window, price) for window in era.windows))
    usual = _rates(era.rates, price)
    yield f"the price depends on the hour of the request: {usual}, but {spans}"
    ends = [w.holidays_until for w in era.windows if w.holidays_until is not None]
    if ends:
        end = min(ends)
        past = "has ended" if at_utc.date() > end else "ends"
        yield (
            f"its calendar of holidays {past} on {end}: later the price within these hours is"
            " either of the two, and shown as a range"
        )


def _window(window: Window, price: Price) -> str:
    days = ""
    if window.weekdays:
        days = " on " + " ".join(WEEKDAYS[day] for day in window.weekdays)
        days += f" at UTC{window.utc_offset_h:+d}" if window.utc_offset_h else ""
    if window.holidays:
        days += " but holidays"
    rates = _rates(window.rates, price)
    return f"{rates} from {window.start:%H:%M} to {window.end:%H:%M} UTC{days}"


def _rates(rates: TokenRates, price: Price) -> str:
    shown = (name for name in ("input", "output") if name in rates)
    unit = "$" if price.currency == "USD" else f"{price.currency} "
    parts = (f"{name} {unit}{(rates[name].base * price.factor).normalize():f}" for name in shown)
    return " and ".join(parts)
