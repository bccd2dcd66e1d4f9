"""Dollars per request of one arm on a claim's items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claimbench.claims.readings.size import size_block
from claimbench.tables.types import BoolArray, FloatArray, ItemTable
from claimbench.types import Reason


@dataclass(frozen=True)
class Dollars:
    """Dollars per request of one arm on a claim's items: known amount, and the bounds where a bill
    is unknown.
    """

    usd: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def has_range(self) -> bool:
        """Return whether some bill is known only within bounds."""
        return bool((np.isnan(self.usd) & ~np.isnan(self.low) & ~np.isnan(self.high)).any())

    @property
    def known(self) -> BoolArray:
        """Return the items with an amount or bounds."""
        return ~np.isnan(self.low) & ~np.isnan(self.high)

    def middle(self) -> FloatArray:
        """Return the amount, or the middle of its bounds."""
        return np.where(np.isnan(self.usd), (self.low + self.high) / 2, self.usd)


def dollars_of(items: ItemTable, arm: str, mask: BoolArray) -> Dollars:
    """Pick the dollars of one arm on the items of ``mask``."""
    rows = items.arms[arm]
    return Dollars(rows.usd[mask], rows.usd_low[mask], rows.usd_high[mask])


def too_few(keep: BoolArray, items: ItemTable, planned: BoolArray) -> tuple[Reason, ...]:
    """Return the reason that forbids a verdict on so few items or groups."""
    return size_block(int(keep.sum()), len(np.unique(items.cluster[planned][keep])))
