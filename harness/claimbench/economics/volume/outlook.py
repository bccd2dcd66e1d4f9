"""A run's arms at the stated volume: every bill, what it rests on, and how they compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

import numpy as np

from claimbench import stats
from claimbench.claims.readings.dollars import UNPRICED_LIMIT, dollar_means
from claimbench.claims.readings.failures import MISSING_LIMIT, asked_text
from claimbench.claims.types import Span
from claimbench.economics.run import machine_seconds, side_of
from claimbench.economics.sides import ApiSide, throughput
from claimbench.economics.volume.compare import (
    BillBreakEven,
    Crossover,
    bill_break_even,
    crossover,
)
from claimbench.economics.volume.months import Bill, Measured, bill_of
from claimbench.economics.volume.scenarios import Scenario, scenarios
from claimbench.economics.volume.stated import Volume, volume_of
from claimbench.economics.volume.tornado import BillBar, bill_tornado
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.model import UnknownPrice
from claimbench.suite.purpose.routes import routes_of
from claimbench.tables.types import CallTable, FloatArray, ItemTable
from claimbench.types import Arm, Estimate, Suite
from claimbench.types.routes import ROUTE

UNSURE = 2.0
"""A throughput without an interval may be off by this factor: machines are counted at both ends."""
SAME = 1e-12
"""Relative difference below which two sums of dollars are the same."""
Ends = Callable[[float], tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """What the run says of an arm, or why it says nothing.

    ``interval_at(alpha)``: of its dollars per request, or of its machine's requests an hour; None
    where there is none. ``why_no_interval`` then says why. ``open``: the lowest and the highest
    mean of dollars per request where some are known only within bounds; ``ends_at(alpha)``: the
    interval of each. ``level_at(alpha)``: the level that these intervals really have.
    ``asked``: of how many turns the dollars are, where some were never asked; they then compare
    with no other arm's, and above 5% of them, or where they do not vary, have no interval.
    """

    measured: Measured | None
    interval_at: Ends = lambda _alpha: None
    why_unknown: str = ""
    why_no_interval: str = ""
    open: Span | None = None
    ends_at: Callable[[float], tuple[Span, Span] | None] = lambda _alpha: None
    level_at: Callable[[float], float] = lambda alpha: 1 - alpha
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that a report says of bills; dollars, to be divided by ``usd_per_unit``.

    ``unknown``: arm -> why it has no bill. ``assumptions``: what nobody measured, in words.
    ``sides``: the mean request of each endpoint whose tokens and prices are known.
    """

    volume: Volume
    bills: tuple[Bill, ...]
    unknown: tuple[tuple[str, str], ...]
    break_even: tuple[BillBreakEven, ...]
    crossovers: tuple[Crossover, ...]
    tornados: tuple[tuple[str, tuple[BillBar, ...]], ...]
    scenarios: tuple[Scenario, ...]
    assumptions: tuple[str, ...]
    usd_per_unit: float | None = 1.0
    why_no_rate: str = ""
    sides: Mapping[str, ApiSide] = field(default_factory=dict)


def figures_of(
    suite: Suite,
    prices: Mapping[str, ArmPrice],
    items: ItemTable,
    calls: CallTable,
    volume: Volume | None,
) -> dict[str, ArmFigures]:
    """Return what the run says of each arm's dollars per request, or of its machine."""
    found: dict[str, ArmFigures] = {}
    for arm in suite.arms:
        price = prices.get(arm.name)
        if price is not None and price.host is not None:
            found[arm.name] = _machine(suite, arm, price, calls, volume)
        elif price is not None and arm.name in items.arms:
            found[arm.name] = endpoint_figures(arm.name, price, items)
        elif arm.provider == ROUTE and arm.name in items.arms:
            found[arm.name] = _route(suite, arm, prices, items)
        else:
            found[arm.name] = ArmFigures(None, why_unknown="the arm was not run")
    return found


def _route(suite: Suite, arm: Arm, prices: Mapping[str, ArmPrice], items: ItemTable) -> ArmFigures:
    """Return a route's dollars per request; none where a machine of its own is on the path, for
    how many it needs depends on what else it serves.
    """
    spec = next(spec for spec in routes_of(suite) if spec.name == arm.name)
    hosted = [part for part in spec.parts if part in prices and prices[part].host is not None]
    if hosted:
        why = f"{hosted[0]} is paid by the hour, and what the route leaves of it is not known"
        return ArmFigures(None, why_unknown=why)
    return endpoint_figures(arm.name, None, items)


def endpoint_figures(name: str, price: ArmPrice | None, items: ItemTable) -> ArmFigures:
    """Return what the run says of an endpoint's dollars per request, or why it says nothing."""
    rows = items.arms[name]
    served = (rows.n_calls > 0) & (rows.n_finished > rows.n_errors)
    known = ~np.isnan(rows.usd_low) & ~np.isnan(rows.usd_high)
    if not served.any():
        return ArmFigures(None, why_unknown="no call was answered")
    if not known.any() or 1 - (known & served).sum() / served.sum() > UNPRICED_LIMIT:
        stated = None if price is None else price.why_unknown
        why = stated or "; ".join(rows.cost_why_unknown) or "no known dollars"
        return ArmFigures(None, why_unknown=why)
    training = None if price is None else price.training
    share = 0.0 if training is None else float(training.usd_per_request)
    low, high = rows.usd_low[known] - share, rows.usd_high[known] - share
    middle = np.where(np.isnan(rows.usd), (rows.usd_low + rows.usd_high) / 2, rows.usd)[known]
    codes = stats.cluster_codes(items.cluster[known])
    mean = float(middle.mean()) - share
    asked = asked_text(rows, np.ones(len(served), dtype=np.bool_))
    planned, over = int(rows.n_calls.sum()), int(rows.n_not_asked.sum())
    if mean <= 0:
        return ArmFigures(None, why_unknown="its hardware is in no dollar")
    measured = Measured(
        name,
        usd_per_request=mean,
        training_usd=0.0 if training is None else float(training.usd),
        at="dollars per request as measured" + (f", of {asked}" if asked else ""),
    )

    means = [dollar_means(values, values, codes, known=True) for values in (low, high)]

    @cache
    def hulls(alpha: float) -> list[stats.Interval]:
        return [stats.contrast_ci_hull(one, (1.0, 0.0), alpha) for one in means]

    def ends_at(alpha: float) -> tuple[Span, Span] | None:
        ends = []
        for found in hulls(alpha):
            if not np.isfinite([found.lo, found.hi]).all():
                return None
            ends.append((found.lo, found.hi))
        return ends[0], ends[1]

    def interval_at(alpha: float) -> Span | None:
        ends = ends_at(alpha)
        if ends is None:
            return None
        flat = math.isclose(ends[0][0], ends[1][1], rel_tol=SAME)
        if asked and (flat or over > MISSING_LIMIT * planned):
            return None
        return ends[0][0], ends[1][1]

    return ArmFigures(
        measured,
        interval_at,
        asked=asked,
        why_no_interval=f"of {asked}" if asked else "too few items",
        open=_open(low, high),
        ends_at=ends_at,
        level_at=lambda alpha: min(found.level for found in hulls(alpha)),
    )


def _open(low: FloatArray, high: FloatArray) -> Span | None:
    """Return the mean dollars at both ends of what nobody stated; None where there is no gap."""
    first, last = float(low.mean()), float(high.mean())
    return (first, last) if last - first > SAME * max(abs(last), abs(first)) else None


def _machine(
    suite: Suite, arm: Arm, price: ArmPrice, calls: CallTable, volume: Volume | None
) -> ArmFigures:
    stated = None if volume is None else volume.terms(arm.name).capacity_per_hour
    training = 0.0 if price.training is None else float(price.training.usd)
    if stated is not None:
        measured = Measured(
            arm.name,
            host=price.host,
            requests_per_hour=stated,
            training_usd=training,
            at=f"{stated:,.0f} requests an hour, as stated",
        )
        return ArmFigures(measured, lambda _alpha: (stated, stated))
    rows = calls.arms.get(arm.name)
    seconds = [] if rows is None else machine_seconds(rows)
    rate = throughput(seconds)[0]
    if not rate.value:
        return ArmFigures(None, why_unknown="the machine served nothing in this run")
    measured = Measured(
        arm.name,
        host=price.host,
        requests_per_hour=rate.value,
        training_usd=training,
        at=f"{rate.value:,.0f} requests an hour, measured {load_words(suite, arm)}{_unsure(rate)}",
    )
    middle = rate.value

    def interval_at(alpha: float) -> tuple[float, float] | None:
        found = throughput(seconds, alpha)[0]
        if found.low is None or found.high is None or not 0 < found.low <= found.high < np.inf:
            return middle / UNSURE, middle * UNSURE
        return found.low, found.high

    return ArmFigures(measured, interval_at)


def _unsure(rate: Estimate) -> str:
    """Say that a throughput has no interval, and what stands for it."""
    if rate.low is not None and rate.high is not None:
        return ""
    return f" (no interval: {rate.why_no_interval}; reckoned with half to twice that)"


def load_words(suite: Suite, arm: Arm) -> str:
    """Say under which load an arm was measured."""
    if suite.load.mode == "open":
        return "at the suite's arrivals"
    return f"at {suite.load.concurrency or arm.concurrency} in flight"


def outlook(
    suite: Suite,
    prices: Mapping[str, ArmPrice],
    items: ItemTable,
    calls: CallTable,
    moment: datetime,
) -> Outlook | None:
    """Return the bills of a run's arms at the volume that its suite states; None without one."""
    volume = volume_of(suite)
    if volume is None:
        return None
    bills: list[Bill] = []
    unknown: list[tuple[str, str]] = []
    tornados: list[tuple[str, tuple[BillBar, ...]]] = []
    what_ifs: list[Scenario] = []
    sides: dict[str, ApiSide] = {}
    unasked: dict[str, str] = {}
    for name, figures in figures_of(suite, prices, items, calls, volume).items():
        measured = figures.measured
        if measured is None:
            unknown.append((name, figures.why_unknown))
            continue
        interval = figures.interval_at(suite.alpha)
        try:
            bill = bill_of(measured, volume, interval, figures.why_no_interval)
            bill = replace(bill, level=figures.level_at(suite.alpha))
        except BenchError as error:
            unknown.append((name, error.message))
            continue
        if figures.asked:
            unasked[name] = figures.asked
        if figures.open is not None:
            bills.append(replace(bill, known=False))
            continue
        bills.append(bill)
        rows = calls.arms.get(name)
        price = prices.get(name)
        if price is None:  # a route: its dollars are its arms', and no price of its own moves them
            tornados.append((name, bill_tornado(measured, volume, None, interval)))
            continue
        side = None if rows is None else side_of(price, rows, moment)
        api = side if isinstance(side, ApiSide) else None
        if api is not None:
            sides[name] = api
        tornados.append((name, bill_tornado(measured, volume, api, interval)))
        what_ifs += scenarios(measured, volume, api, _rates(price, moment))
    # dollars of fewer turns than planned compare with no other arm's
    known = [bill for bill in bills if bill.known and bill.arm not in unasked]
    per_unit, why = _rate(volume, moment)
    return Outlook(
        volume,
        tuple(bills),
        tuple(unknown),
        tuple(_break_evens(known, volume)),
        tuple(_crossovers(known)),
        tuple(tornados),
        tuple(what_ifs),
        (*assumptions_of(volume, bills), *(_of_asked(*one) for one in unasked.items())),
        per_unit,
        why,
        sides,
    )


def _rate(volume: Volume, moment: datetime) -> tuple[float | None, str]:
    try:
        return volume.usd_per_unit(moment), ""
    except UnknownPrice as why:
        return None, str(why)


def _rates(price: ArmPrice, moment: datetime) -> dict[str, float]:
    """Return an endpoint's dollars per million tokens by class; empty where they are unknown."""
    if price.price is None or price.price.currency != "USD":
        return {}
    try:
        rates = price.price.rates_at(moment, price.tier, price.context)
    except UnknownPrice:
        return {}
    return {name: float(rate.base * price.price.factor) for name, rate in rates.items()}


def _break_evens(bills: list[Bill], volume: Volume) -> list[BillBreakEven]:
    """Return every machine against every endpoint."""
    machines = [bill.measured for bill in bills if bill.measured.host is not None]
    endpoints = [bill.measured for bill in bills if bill.measured.host is None]
    return [bill_break_even(ours, theirs, volume) for ours in machines for theirs in endpoints]


def _crossovers(bills: list[Bill]) -> list[Crossover]:
    """Return the pairs of which one starts dearer and ends cheaper, or never catches up although it
    costs less a month.
    """
    found = []
    for ours in bills:
        for theirs in bills:
            turned = None if ours is theirs else crossover(ours, theirs)
            if turned is not None and (
                turned.month is not None or ours.month_usd < theirs.month_usd
            ):
                found.append(turned)
    return found


def assumptions_of(volume: Volume, bills: list[Bill]) -> list[str]:
    """Say what the bills rest on that nobody measured."""
    found = []
    if any(bill.measured.host is not None for bill in bills):
        word = "assumed" if volume.assumed_peak else "stated"
        found.append(
            f"The busiest hour has {volume.peak_factor:g} times the requests of a mean hour"
            f" ({word}); {volume.hours:g} hours a month."
        )
    change = f"{100 * volume.growth:+.4g}% a year" if volume.growth else "none"
    found.append(f"Growth of the requests: {change}.")
    for bill in bills:
        found += _of_arm(bill, volume)
    flat = [bill.arm for bill in bills if not bill.terms.price_change]
    if flat:
        found.append(f"Prices stay as they are: {', '.join(flat)}.")
    return found


def _of_asked(arm: str, asked: str) -> str:
    """Say that a bill is of fewer turns than planned, and what is left out for it."""
    return (
        f"{arm}: its dollars are of {asked}, for their conversations were over;"
        " break-even and pay-back against other arms are left out."
    )


def _of_arm(bill: Bill, volume: Volume) -> list[str]:
    terms, name = bill.terms, bill.arm
    found = []
    if not bill.known:
        found.append(
            f"{name}: some requests have no known dollars, so its bill is known only within bounds:"
            " what-ifs, break-even and pay-back are left out."
        )
    if bill.measured.host is not None:
        spare = volume.spare_machines if terms.spare_machines is None else terms.spare_machines
        on = "paid by the hour of use" if terms.scales_to_zero else "always on"
        found.append(f"{name}: {bill.measured.at}; {on}; {spare} spare.")
    if terms.price_change:
        by = f", assumed {terms.assumed}" if terms.assumed else ", an assumption without a date"
        found.append(f"{name}: its price changes by {100 * terms.price_change:+.4g}% a year{by}.")
    return found
