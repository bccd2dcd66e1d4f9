"""The share of its hours that a machine works, from a stated volume and what it was seen to
serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from claimbench.economics.volume.months import ledger
from claimbench.economics.volume.outlook import figures_of
from claimbench.economics.volume.stated import volume_of
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Suite

LEAST = Decimal("1e-9")


def with_derived_use(
    prices: Mapping[str, ArmPrice], suite: Suite, items: ItemTable, calls: CallTable
) -> dict[str, ArmPrice] | None:
    """Return prices whose hosts are used as the stated volume says: u = N/(hours x m x R) of the
    first month, instead of what the suite may state; None where no volume is stated, or no host
    served.
    """
    volume = volume_of(suite)
    if volume is None:
        return None
    changed: dict[str, ArmPrice] = {}
    for name, figures in figures_of(suite, prices, items, calls, volume).items():
        measured, host = figures.measured, prices[name].host if name in prices else None
        if measured is None or host is None:
            continue
        try:
            first = replace(volume, months=1)
            month = ledger(measured, first, volume.terms(name))[0]
        except BenchError:  # more machines than anybody has: nothing follows
            continue
        if month.utilisation is None:
            continue
        use = min(Decimal(1), max(LEAST, Decimal(repr(month.utilisation))))
        used = replace(host, utilisation=use, known_use="derived", notes=())
        changed[name] = replace(prices[name], host=used)
    return {**prices, **changed} if changed else None
