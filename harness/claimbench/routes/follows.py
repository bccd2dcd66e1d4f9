"""A route's column that goes with who was right, more than its sizes alone could: a question of how
the column was made, which no run can answer. It changes no verdict.
"""

from __future__ import annotations

import numpy as np

from claimbench.tables.types import BoolArray, IntArray, ItemTable
from claimbench.types.routes import RouteSpec

FEWEST = 30
"""Items below which nothing is asked."""
DEALS = 200
"""Times that the column is dealt to the items at random."""
MUCH = 0.5
"""Share of the way from what chance gives to every item from which on the question is asked."""
RIGHT = 0.5


def question_of_column(spec: RouteSpec, items: ItemTable) -> str:
    """Return the question that a slice route's column raises, with its counts; empty for none."""
    column = items.slices.get(spec.slice) if spec.kind == "slice" else None
    if column is None:
        return ""
    asked: list[tuple[float, str]] = []
    for arm in spec.parts:
        if arm not in items.arms:
            continue
        known = np.isfinite(items.arms[arm].score)
        n = int(known.sum())
        if n < FEWEST:
            continue
        right: BoolArray = np.asarray(items.arms[arm].score[known] > RIGHT)
        values = np.unique(column[known], return_inverse=True)[1].astype(np.int64)
        agrees = agreement(values, right)
        rng = np.random.default_rng(n)
        dealt = [agreement(rng.permutation(values), right) for _ in range(DEALS)]
        chance = float(np.mean(dealt))
        if agrees > max(dealt) and agrees - chance >= MUCH * (n - chance):
            asked.append(
                (
                    agrees - chance,
                    f"the column {spec.slice} agrees with where {arm} was right on {agrees} of {n}"
                    f" items ({chance:.0f} if dealt at random): how was it made?",
                )
            )
    return max(asked)[1] if asked else ""


def agreement(values: IntArray, right: BoolArray) -> int:
    """Return on how many items each value's more frequent outcome is the item's."""
    of_value = np.bincount(values)
    rights = np.bincount(values, weights=right).astype(np.int64)
    return int(np.maximum(rights, of_value - rights).sum())
