"""When requests are sent, over a week: prices that depend on the hour are blended by it.

A profile reads ``mon-fri 09-18 = 70, sat-sun 10-16 = 10, else = 20 +08:00``: shares of the traffic
by days and hours, at the offset from UTC that ends it (default: UTC). Shares are made to add up to
one; within its hours a share is even.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext

from claimbench.errors import BenchError
from claimbench.pricing.model import DIGITS, Price
from claimbench.types import Cost

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = 168
STEP = timedelta(minutes=30)
"""Prices change on the half hour at the finest (DeepSeek's 16:30 of 2025)."""
HINT = 'for example --traffic "mon-fri 09-18 = 80, else = 20 +08:00"'

_ZONE = re.compile(r"\s*(?:utc)?([+-])(\d\d):?(\d\d)$|\s+utc$|\s+z$")
_PART = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s*)?"
    r"(?:(?P<start>\d{1,2})-(?P<end>\d{1,2})\s*)?=\s*(?P<share>\d+(?:\.\d+)?)\s*%?"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the traffic by hour of the week (Monday 00:00 first), at an offset from UTC."""

    shares: tuple[Decimal, ...]
    offset: timedelta = timedelta(0)

    def moments(self, from_day: date) -> list[tuple[datetime, Decimal]]:
        """Return (moment in UTC, share) every half hour of the seven days that begin on
        ``from_day``; moments without traffic are left out.
        """
        start = datetime(from_day.year, from_day.month, from_day.day, tzinfo=timezone(self.offset))
        found: list[tuple[datetime, Decimal]] = []
        for n in range(2 * HOURS):
            local = start + n * STEP
            share = self.shares[24 * local.weekday() + local.hour] / 2
            if share:
                found.append((local.astimezone(UTC), share))
        return found


def read_profile(text: str) -> Profile:
    """Read a profile.

    Raises:
        BenchError: a part that cannot be read, hours stated twice, or no traffic at all.
    """
    lower = text.strip().lower()
    offset = timedelta(0)
    zone = _ZONE.search(lower)
    if zone is not None:
        lower = lower[: zone.start()]
        if zone[1]:
            offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
            offset = -offset if zone[1] == "-" else offset
    taken: dict[int, Decimal] = {}
    rest: Decimal | None = None
    for part in (one.strip() for one in lower.split(",")):
        if part.replace(" ", "").startswith("else="):
            rest = _share(part.partition("=")[2], text)
            continue
        hours, share = _hours(part, text)
        for hour in hours:
            if hour in taken:
                raise _bad(text, f"{part!r} states hours that another part states")
            taken[hour] = share / len(hours)
    free = [hour for hour in range(HOURS) if hour not in taken]
    if rest is not None and free:
        taken.update(dict.fromkeys(free, rest / len(free)))
    total = sum(taken.values(), Decimal(0))
    if total == 0:
        raise _bad(text, "it states no traffic")
    shares = tuple(taken.get(hour, Decimal(0)) / total for hour in range(HOURS))
    return Profile(shares, offset)


def _hours(part: str, text: str) -> tuple[list[int], Decimal]:
    found = _PART.fullmatch(part)
    if found is None or not (found["first"] or found["start"]):
        raise _bad(text, f"{part!r} cannot be read")
    days = list(range(7))
    if found["first"]:
        names = (found["first"], found["last"] or found["first"])
        if any(name not in DAYS for name in names):
            raise _bad(text, f"{part!r} names no days: {', '.join(DAYS)}")
        first, last = (DAYS.index(name) for name in names)
        days = [(first + n) % 7 for n in range((last - first) % 7 + 1)]
    start, end = int(found["start"] or 0), int(found["end"] or 24)
    if start > 23 or end > 24 or start == end:
        raise _bad(text, f"{part!r} has no hours")
    span = range(start, end) if start < end else [*range(start, 24), *range(end)]
    return [24 * day + hour for day in days for hour in span], _share(found["share"], text)


def _share(text: str, whole: str) -> Decimal:
    try:
        return Decimal(text.strip().rstrip("%"))
    except ArithmeticError:
        raise _bad(whole, f"{text.strip()!r} is no share") from None


def _bad(text: str, why: str) -> BenchError:
    return BenchError(f"--traffic {text!r}: {why}", hint=HINT)


def groups(
    price: Price, moments: Sequence[tuple[datetime, Decimal]]
) -> list[tuple[datetime, Decimal]]:
    """Return one moment for each set of rates that holds, with the shares of all its moments."""
    found: dict[tuple[object, ...], tuple[datetime, Decimal]] = {}
    for moment, share in moments:
        live = [n for n, e in enumerate(price.eras) if e.start is None or e.start <= moment]
        # an era is known by its place; before the first there is a set of its own: none
        held: tuple[object, ...] = (live[-1] if live else None,)
        for window in price.eras[live[-1]].windows if live else ():
            end = window.holidays_until
            held = (*held, window.may_be_active(moment), end is not None and moment.date() > end)
        first, had = found.get(held, (moment, Decimal(0)))
        found[held] = (first, had + share)
    return list(found.values())


def blended(costs: Sequence[tuple[Cost, Decimal]]) -> Cost:
    """Return the mean of costs, each by its share; unknown with a range where one of them is."""
    first = costs[0][0]
    if len(costs) == 1:
        return first
    amount, low, high = Decimal(0), Decimal(0), Decimal(0)
    parts: dict[str, Decimal] = {}
    known = bounded = True
    why: dict[str, None] = {}
    with localcontext(prec=DIGITS):
        for cost, share in costs:
            if cost.amount is not None:
                amount += cost.amount * share
                low += cost.amount * share
                high += cost.amount * share
            else:
                known = False
                why[cost.why_unknown or "unknown"] = None
                bounded = bounded and cost.low is not None and cost.high is not None
                low += (cost.low or 0) * share
                high += (cost.high or 0) * share
            for name, part in cost.components.items():
                parts[name] = parts.get(name, Decimal(0)) + part * share
    ids = dict.fromkeys(cost.price_id for cost, _ in costs if cost.price_id)
    return replace(
        first,
        amount=amount if known else None,
        low=None if known or not bounded else low,
        high=None if known or not bounded else high,
        components=parts,
        price_id=" + ".join(ids) or None,
        why_unknown=None if known else "; ".join(why),
    )
