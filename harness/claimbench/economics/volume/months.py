"""The bill of each month, of an endpoint's requests or of machines, and what it adds up to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from claimbench.economics.volume.stated import OneOff, Terms, Volume
from claimbench.errors import BenchError
from claimbench.pricing.hosts import HostCost

HOURS = 730.0
"""Hours of a month: 8,760 a year / 12."""
MOST_MACHINES = 1_000_000
NEARLY = 1e-9
"""A peak above what machines serve by less than this share is rounding, no further machine."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run, or a suite in its place, says of an arm: dollars per request of an endpoint, or a
    machine and the requests an hour that it serves.

    ``training_usd`` is paid once and is not in ``usd_per_request``; ``extra_usd`` is what each
    request costs on top of a machine's hours. ``at`` says where the capacity comes from.
    """

    arm: str
    usd_per_request: float | None = None
    host: HostCost | None = None
    requests_per_hour: float | None = None
    training_usd: float = 0.0
    at: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """One month: what it costs (machines bought are spread over their life), what comes once, and
    what is paid in it.
    """

    month: int
    requests: float
    usd: float
    once_usd: float
    cash_usd: float
    machines: int = 0
    utilisation: float | None = None


@dataclass(frozen=True, slots=True)
class _Fleet:
    """Machines at work in a month."""

    machines: int
    bought: int = 0
    retired: int = 0


def ledger(measured: Measured, volume: Volume, terms: Terms) -> tuple[Month, ...]:
    """Return every month's bill, from the first to the volume's last.

    Raises:
        BenchError: the peak needs more than :data:`MOST_MACHINES` machines.
    """
    fleets = _fleets(measured, volume, terms)
    once = list(terms.one_off)
    if measured.training_usd:
        once.append(OneOff("training", measured.training_usd))
    found = []
    for month in range(1, volume.months + 1):
        requests = volume.requests_in(month)
        price = (1 + terms.price_change) ** ((month - 1) / 12)
        due = math.fsum(one.usd for one in once if one.month == month)
        if measured.host is None:
            usd = usage(requests, (measured.usd_per_request or 0.0) * price, terms)
            usd += terms.fixed_usd
            found.append(Month(month, requests, usd, due, usd + due))
            continue
        rate = measured.requests_per_hour or 0.0
        fleet = fleets[month - 1]
        hours = _machine_hours(fleet.machines, requests / rate, volume.hours, terms)
        running, spread = _machine_usd(measured.host, fleet, hours, price, (volume, terms))
        running += terms.fixed_usd
        bought = float(measured.host.purchase_usd or 0) * fleet.bought
        back = float(measured.host.residual_usd) * fleet.retired
        found.append(
            Month(
                month,
                requests,
                running + spread,
                due,
                running + bought - back + due,
                fleet.machines,
                requests / (rate * hours) if hours else None,
            )
        )
    return tuple(found)


def usage(requests: float, usd_per_request: float, terms: Terms) -> float:
    """Return a month's usage of an endpoint: tiers, allowances, the commitment's discount, other
    discounts, in that order; never less than what is committed.
    """
    steps = [(0.0, 0.0), *terms.tiers]
    ends = [start for start, _ in terms.tiers] + [math.inf]
    full = 0.0
    for (start, off), end in zip(steps, ends, strict=True):
        full += max(0.0, min(requests, end) - start) * (1 - off)
    usd = (full - min(terms.free_requests, requests)) * usd_per_request - terms.free_usd
    usd = max(0.0, usd)
    least = 0.0
    if terms.commitment is not None:
        usd *= 1 - terms.commitment.discount
        least = terms.commitment.usd_per_month
    return max(usd * (1 - terms.discount), least)


def machines_needed(requests: float, rate: float, volume: Volume, terms: Terms) -> int:
    """Return ceil(N x peak / hours / R) + spare, one at least.

    Raises:
        BenchError: more than :data:`MOST_MACHINES`.
    """
    load = requests * volume.peak_factor / volume.hours / rate
    if not load <= MOST_MACHINES:
        raise BenchError(
            f"the busiest hour of {requests:,.0f} requests a month needs {load:,.0f} machines",
            hint="check volume: requests_per_month, growth_per_year and peak_factor",
        )
    spare = volume.spare_machines if terms.spare_machines is None else terms.spare_machines
    return max(1, math.ceil(load * (1 - NEARLY))) + spare


def _fleets(measured: Measured, volume: Volume, terms: Terms) -> list[_Fleet]:
    """Return the machines of each month; bought ones stay, and are replaced at the end of their
    life.
    """
    host, rate = measured.host, measured.requests_per_hour
    if host is None or not rate:
        return []
    needed = [
        machines_needed(volume.requests_in(month), rate, volume, terms)
        for month in range(1, volume.months + 1)
    ]
    if host.usd_per_hour is not None or host.lifetime_years is None:
        return [_Fleet(count) for count in needed]
    life = max(1, round(float(host.lifetime_years) * 12))
    found: list[_Fleet] = []
    owned = 0
    bought_in: dict[int, int] = {}
    for month, count in enumerate(needed, 1):
        worn = bought_in.get(month - life, 0)
        bought = max(0, count - owned) + worn
        owned = max(owned, count)
        bought_in[month] = bought
        retiring = bought_in.get(month - life + 1, 0)
        found.append(_Fleet(owned, bought, retiring))
    return found


def _machine_hours(machines: int, busy: float, hours: float, terms: Terms) -> float:
    """Return the hours that machines are paid for: all, or those at work where they scale to
    zero.
    """
    if not terms.scales_to_zero:
        return machines * hours
    spoken_for = 0 if terms.commitment is None else terms.commitment.machines
    return max(busy, spoken_for * hours)


def _machine_usd(
    host: HostCost, fleet: _Fleet, hours: float, price: float, stated: tuple[Volume, Terms]
) -> tuple[float, float]:
    """Return a month's dollars that are paid, and those of machines bought, spread over their
    life.
    """
    volume, terms = stated
    parts = {name: float(usd) for name, usd in host.parts_per_hour.items()}
    spread = parts.pop("depreciation", 0.0) * HOURS * fleet.machines
    rent = parts.pop("rental", 0.0) * price
    running = math.fsum(parts.values()) * hours
    committed = 0.0
    if terms.commitment is not None:
        committed = terms.commitment.machines * volume.hours
        running += committed * rent * (1 - terms.commitment.discount)
    running += max(0.0, hours - committed) * rent
    return running * (1 - terms.discount), spread


@dataclass(frozen=True, slots=True)
class Bill:
    """An arm's bill: every month as reckoned, and at the ends of what was measured (None: no
    interval).

    ``known``: False where some dollars are known only within bounds; ``months`` is then reckoned
    with the middle, which nobody measured and nothing may show: only ``low`` and ``high`` hold.
    ``interval``: of what was measured, from which ``low`` and ``high`` are; ``level``: its level,
    which is above the suite's where too few items could show a tail.
    """

    measured: Measured
    terms: Terms
    months: tuple[Month, ...]
    low: tuple[Month, ...] | None = None
    high: tuple[Month, ...] | None = None
    why_no_interval: str = ""
    known: bool = True
    interval: tuple[float, float] | None = None
    level: float = 0.95

    @property
    def arm(self) -> str:
        """Return whose bill it is."""
        return self.measured.arm

    @property
    def month_usd(self) -> float:
        """Return the first month's dollars, without what comes once."""
        return self.months[0].usd

    def total(self, months: int) -> float:
        """Return the dollars of the first ``months`` months, one-off costs included."""
        return total_of(self.months, months)

    def cash(self, months: int) -> float:
        """Return what is paid in the first ``months`` months."""
        return cash_of(self.months, months)

    def present_value(self, rate_per_year: float) -> float:
        """Return all payments, each discounted from its month to the first: CF/(1 + r)^((t -
        1)/12).
        """
        return math.fsum(
            month.cash_usd / (1 + rate_per_year) ** ((month.month - 1) / 12)
            for month in self.months
        )

    def span(self, months: int) -> tuple[float, float] | None:
        """Return the interval of :meth:`total`; None where there is none."""
        if self.low is None or self.high is None:
            return None
        return total_of(self.low, months), total_of(self.high, months)

    @property
    def month_span(self) -> tuple[float, float] | None:
        """Return the interval of :attr:`month_usd`."""
        if self.low is None or self.high is None:
            return None
        return self.low[0].usd, self.high[0].usd


def total_of(months: tuple[Month, ...], count: int) -> float:
    """Return the dollars of the first ``count`` months, one-off costs included."""
    return math.fsum(month.usd + month.once_usd for month in months[:count])


def cash_of(months: tuple[Month, ...], count: int) -> float:
    """Return what is paid in the first ``count`` months."""
    return math.fsum(month.cash_usd for month in months[:count])


def bill_of(
    measured: Measured,
    volume: Volume,
    interval: tuple[float, float] | None = None,
    why_no_interval: str = "",
) -> Bill:
    """Return an arm's bill. ``interval`` is that of its dollars per request, or of its machine's
    requests an hour.
    """
    terms = volume.terms(measured.arm)
    months = ledger(measured, volume, terms)
    if interval is None:
        return Bill(measured, terms, months, why_no_interval=why_no_interval)
    first, last = interval
    if measured.host is None:
        cheap = replace(measured, usd_per_request=max(0.0, first))
        dear = replace(measured, usd_per_request=max(0.0, last))
    else:
        cheap = replace(measured, requests_per_hour=last)
        dear = replace(measured, requests_per_hour=first)
    try:
        ends = ledger(cheap, volume, terms), ledger(dear, volume, terms)
    except BenchError as error:
        return Bill(measured, terms, months, why_no_interval=f"at its end {error.message}")
    return Bill(measured, terms, months, *ends, interval=interval)
