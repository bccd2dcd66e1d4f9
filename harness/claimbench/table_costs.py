"""The same tables with other dollars: what a re-pricing needs instead of building them again.

Only a cost depends on a price. Everything else in the tables - scores, times, tokens - is taken over as it is; of an
item's machine seconds only the choice of requests may change, since a failed call counts if it may have been charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from claimbench.table_rows import distinct, dollars
from claimbench.table_types import ArmItems, BoolArray, CallRows, CallTable, FloatArray, ItemTable
from claimbench.types import ANSWERED, Cost

_ANSWERED = [outcome.value for outcome in ANSWERED]


def with_costs(items: ItemTable, calls: CallTable, costs: Mapping[str, Cost]) -> tuple[ItemTable, CallTable]:
    """Put ``costs`` (call id -> dollars over all its attempts) in place of those that the tables were built with.

    Equal to :func:`claimbench.tables.build_tables` with ``costs``; the tables must be whole, not those of a look.
    """
    priced = {arm: _calls(rows, costs) for arm, rows in calls.arms.items()}
    arms = {arm: _items(rows, priced[arm], costs) for arm, rows in items.arms.items()}
    return replace(items, arms=arms), CallTable(priced)


def _calls(rows: CallRows, costs: Mapping[str, Cost]) -> CallRows:
    found = np.asarray([dollars(costs.get(str(i))) for i in rows.call_id], dtype=np.float64).reshape(-1, 3)
    return replace(rows, usd=found[:, 0], usd_low=found[:, 1], usd_high=found[:, 2])


def _items(old: ArmItems, rows: CallRows, costs: Mapping[str, Cost]) -> ArmItems:
    served = np.isin(rows.outcome, _ANSWERED) | (rows.usd_high > 0)
    mine = [cost for i in rows.call_id if (cost := costs.get(str(i))) is not None]
    n = len(old.score)
    return replace(
        old,
        usd=_means(n, rows, rows.usd, served),
        usd_low=_means(n, rows, rows.usd_low, served),
        usd_high=_means(n, rows, rows.usd_high, served),
        busy_s=_means(n, rows, rows.busy_s, served),
        price_ids=distinct(c.price_id for c in mine),
        cost_bases=distinct(c.basis for c in mine),
        cost_why_unknown=distinct(c.why_unknown for c in mine),
        currencies=distinct(c.currency for c in mine),
    )


def _means(n: int, rows: CallRows, values: FloatArray, served: BoolArray) -> FloatArray:
    """Mean per item over the served calls; nan where there are none, or one of them is unknown."""
    at = rows.item[served]
    sums = np.bincount(at, weights=values[served], minlength=n)
    counts = np.bincount(at, minlength=n)
    means: FloatArray = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return means
