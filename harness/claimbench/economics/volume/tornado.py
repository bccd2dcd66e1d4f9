"""What moves an arm's bill, in dollars a month: one assumption at a time, the others as stated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Measured, ledger, total_of
from claimbench.economics.volume.stated import Terms, Volume
from claimbench.errors import BenchError
from claimbench.pricing.hosts import HostCost


@dataclass(frozen=True, slots=True)
class BillBar:
    """The mean month's dollars at both ends of one assumption."""

    what: str
    low_label: str
    high_label: str
    low_usd: float
    high_usd: float

    @property
    def width(self) -> float:
        """Return how far the bill moves."""
        return abs(self.high_usd - self.low_usd)


@dataclass(frozen=True, slots=True)
class _Case:
    """An arm at a volume, under terms: what an assumption changes."""

    measured: Measured
    volume: Volume
    terms: Terms

    def mean_month(self) -> float:
        """Return the dollars of a mean month, one-off costs included."""
        months = self.volume.months
        return total_of(ledger(self.measured, self.volume, self.terms), months) / months


Change = Callable[[_Case, float], _Case]


@dataclass(frozen=True, slots=True)
class _Row:
    """An assumption with its ends, and how a value is laid over a case."""

    what: str
    low: float
    high: float
    change: Change
    share: bool = True

    def label(self, value: float) -> str:
        """Return a value as it is shown: four digits, and never with an exponent."""
        if self.share:
            return f"{100 * value:.4g}%"
        whole, point, rest = f"{float(f'{value:.4g}'):,.4f}".partition(".")
        return whole + (point + rest).rstrip("0").rstrip(".")


def bill_tornado(
    measured: Measured,
    volume: Volume,
    side: ApiSide | None = None,
    interval: tuple[float, float] | None = None,
) -> tuple[BillBar, ...]:
    """Return the bars, the widest first; an assumption that moves nothing is left out.

    Args:
        measured: the arm.
        volume: as stated.
        side: an endpoint's mean request, for its output length, cached share and batch.
        interval: of a machine's requests an hour, as measured.
    """
    case = _Case(measured, volume, volume.terms(measured.arm))
    bars = []
    for row in (*_demand(case), *_supply(case, side, interval)):
        try:
            ends = [row.change(case, value).mean_month() for value in (row.low, row.high)]
        except BenchError:  # a fleet that nobody could buy says nothing
            continue
        bar = BillBar(row.what, row.label(row.low), row.label(row.high), *ends)
        if bar.width > 1e-9 * max(1.0, *ends):
            bars.append(bar)
    return tuple(sorted(bars, key=lambda bar: -bar.width))


def _demand(case: _Case) -> Iterator[_Row]:
    """Yield what is assumed of the requests."""
    volume = case.volume
    low = 0.8 * volume.requests if volume.low is None else volume.low
    high = 1.2 * volume.requests if volume.high is None else volume.high
    yield _Row("requests a month", low, high, _with_requests, share=False)
    if volume.growth:
        ends = sorted((0.0, 2 * volume.growth))
        yield _Row("growth a year", max(-0.9, ends[0]), ends[1], _with_growth)
    if case.terms.price_change:
        ends = sorted((0.0, max(-0.9, 2 * case.terms.price_change)))
        yield _Row("change of the price a year", ends[0], ends[1], _with_price_change)
    if case.terms.one_off or case.measured.training_usd:
        yield _Row("one-off costs and training", 0.5, 1.5, _with_one_off)


def _supply(
    case: _Case, side: ApiSide | None, interval: tuple[float, float] | None
) -> Iterator[_Row]:
    """Yield what is assumed of the price and of the machine."""
    host, rate = case.measured.host, case.measured.requests_per_hour
    if host is None or rate is None:
        yield from _endpoint(side)
        return
    peak = case.volume.peak_factor
    yield _Row("busiest hour over a mean hour", max(1.0, peak / 2), 2 * peak, _with_peak, False)
    low, high = interval or (rate / 2, 2 * rate)
    if math.isfinite(high) and low > 0:
        yield _Row("requests an hour of one machine", low, high, _with_rate, share=False)
    if host.usd_per_hour is not None:
        yield _Row("price per hour", 0.8, 1.2, _host_change(_rented))
    elif host.lifetime_years is not None:
        years = float(host.lifetime_years)
        yield _Row(
            "lifetime, years", min(2.0, years), max(5.0, years), _host_change(_living), False
        )
        yield _Row("purchase", 0.8, 1.2, _host_change(_bought))
    if host.watts is not None:
        yield _Row("watts", 0.85, 1.15, _host_change(_watts))
        yield _Row("price per kWh", 0.5, 1.5, _host_change(_kwh))
    if host.staff_usd_per_hour:
        yield _Row("staff", 0.8, 1.2, _host_change(_staff))


def _endpoint(side: ApiSide | None) -> Iterator[_Row]:
    if side is None:
        yield _Row("price", 0.8, 1.2, _priced(lambda value: value))
        return
    if side.usd({}, "x") <= 0:
        return
    for one in side.assumptions("x", ""):
        what = one.label.removeprefix(": ")
        yield _Row(what, one.low, one.high, _priced(partial(_against_usual, side, one.key)))


def _against_usual(side: ApiSide, key: str, value: float) -> float:
    """Return the dollars of a mean request under one assumption, as a factor of those measured."""
    return side.usd({key: value}, "x") / side.usd({}, "x")


def _priced(factor: Callable[[float], float]) -> Change:
    """Return the change of an endpoint's dollars per request by a factor of a value."""

    def change(case: _Case, value: float) -> _Case:
        usd = (case.measured.usd_per_request or 0.0) * factor(value)
        return replace(case, measured=replace(case.measured, usd_per_request=usd))

    return change


def _host_change(made: Callable[[HostCost, Decimal], HostCost]) -> Change:
    def change(case: _Case, value: float) -> _Case:
        host = case.measured.host
        if host is None:
            return case
        new = made(host, Decimal(repr(value)))
        return replace(case, measured=replace(case.measured, host=new))

    return change


def _rented(host: HostCost, factor: Decimal) -> HostCost:
    return replace(host, usd_per_hour=(host.usd_per_hour or Decimal(0)) * factor)


def _living(host: HostCost, years: Decimal) -> HostCost:
    return replace(host, lifetime_years=years)


def _bought(host: HostCost, factor: Decimal) -> HostCost:
    purchase = (host.purchase_usd or Decimal(0)) * factor
    return replace(host, purchase_usd=purchase, residual_usd=min(host.residual_usd, purchase))


def _watts(host: HostCost, factor: Decimal) -> HostCost:
    return replace(host, watts=(host.watts or Decimal(0)) * factor)


def _kwh(host: HostCost, factor: Decimal) -> HostCost:
    return replace(host, usd_per_kwh=(host.usd_per_kwh or Decimal(0)) * factor)


def _staff(host: HostCost, factor: Decimal) -> HostCost:
    return replace(host, staff_usd_per_hour=host.staff_usd_per_hour * factor)


def _with_requests(case: _Case, value: float) -> _Case:
    return replace(case, volume=case.volume.at(value))


def _with_growth(case: _Case, value: float) -> _Case:
    return replace(case, volume=replace(case.volume, growth=value))


def _with_peak(case: _Case, value: float) -> _Case:
    return replace(case, volume=replace(case.volume, peak_factor=value))


def _with_price_change(case: _Case, value: float) -> _Case:
    return replace(case, terms=replace(case.terms, price_change=value))


def _with_rate(case: _Case, value: float) -> _Case:
    return replace(case, measured=replace(case.measured, requests_per_hour=value))


def _with_one_off(case: _Case, factor: float) -> _Case:
    scaled = tuple(replace(one, usd=one.usd * factor) for one in case.terms.one_off)
    training = case.measured.training_usd * factor
    return replace(
        case,
        terms=replace(case.terms, one_off=scaled),
        measured=replace(case.measured, training_usd=training),
    )
