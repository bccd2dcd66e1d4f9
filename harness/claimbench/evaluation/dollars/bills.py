"""The bills that claims are judged by, at the volume that a suite states."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from claimbench.claims.types import ArmBill
from claimbench.economics.volume.months import Measured, Month, bill_of, ledger, total_of
from claimbench.economics.volume.outlook import ArmFigures, figures_of
from claimbench.economics.volume.stated import Volume, volume_of
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Suite


def arm_bills(
    suite: Suite, prices: Mapping[str, ArmPrice], items: ItemTable, calls: CallTable
) -> tuple[dict[str, ArmBill], dict[str, str]] | None:
    """Return the bills that claims are judged by, and why other arms have none; None where no
    volume is stated.
    """
    volume = volume_of(suite)
    if volume is None:
        return None
    bills: dict[str, ArmBill] = {}
    unknown: dict[str, str] = {}
    for name, figures in figures_of(suite, prices, items, calls, volume).items():
        if figures.measured is None:
            unknown[name] = figures.why_unknown
            continue
        try:
            bill_of(figures.measured, volume)
        except BenchError as error:
            unknown[name] = error.message
            continue
        training = prices[name].training if name in prices else None
        share = 0.0 if training is None else float(training.usd_per_request)
        bills[name] = claim_bill(figures, figures.measured, volume, share)
    return bills, unknown


def claim_bill(
    figures: ArmFigures, measured: Measured, volume: Volume, share: float = 0.0
) -> ArmBill:
    """Return an arm's bill as claims take it; ``share``: dollars of its training in each request's
    cost, which the bill has apart.
    """
    rises = measured.host is None
    terms = volume.terms(measured.arm)

    def months(count: int, value: float) -> tuple[Month, ...]:
        key = "usd_per_request" if rises else "requests_per_hour"
        one = replace(measured, **{key: max(0.0, value)})  # type: ignore[arg-type]
        return ledger(one, replace(volume, months=count), terms)

    def dollars(count: int, at: float, of: Callable[[tuple[Month, ...]], float]) -> float:
        try:
            return of(months(count, at))
        except BenchError:  # so little is served that nobody has the machines
            return math.inf

    value = measured.usd_per_request if rises else measured.requests_per_hour
    return ArmBill(
        value=value or 0.0,
        rises=rises,
        total=lambda count, at: dollars(count, at, lambda found: total_of(found, count)),
        paid=lambda count, at: dollars(
            count, at, lambda found: math.fsum(month.cash_usd for month in found)
        ),
        month=lambda at: dollars(1, at, lambda found: found[0].usd),
        interval_at=figures.interval_at,
        rests_on=f"{volume.requests:,.0f} requests a month, {measured.at}",
        open=figures.open,
        ends_at=figures.ends_at,
        level_at=figures.level_at,
        once_per_request=share,
    )
