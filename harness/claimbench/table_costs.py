"""The same tables with other dollars: what a re-pricing needs instead of building them again.

Only a cost depends on a price. Everything else in the tables - scores, times, tokens - is taken over as it is; of an
item's machine seconds only the choice of requests may change, since a failed call counts if it may have been charged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from claimbench.table_items import money
from claimbench.table_rows import dollars
from claimbench.table_types import CallRows, CallTable, ItemTable
from claimbench.types import Cost


def with_costs(items: ItemTable, calls: CallTable, costs: Mapping[str, Cost]) -> tuple[ItemTable, CallTable]:
    """Put ``costs`` (call id -> dollars over all its attempts) in place of those that the tables were built with.

    Equal to :func:`claimbench.tables.build_tables` with ``costs``; the tables must be whole, not those of a look.
    """
    found = {arm: [costs.get(i) for i in rows.call_id.tolist()] for arm, rows in calls.arms.items()}
    priced = {arm: _calls(rows, found[arm]) for arm, rows in calls.arms.items()}
    arms = {arm: replace(rows, **money(len(rows.score), priced[arm], found[arm])) for arm, rows in items.arms.items()}
    return replace(items, arms=arms), CallTable(priced)


def _calls(rows: CallRows, costs: Sequence[Cost | None]) -> CallRows:
    found = np.asarray([dollars(cost) for cost in costs], dtype=np.float64).reshape(-1, 3)
    return replace(rows, usd=found[:, 0], usd_low=found[:, 1], usd_high=found[:, 2])
