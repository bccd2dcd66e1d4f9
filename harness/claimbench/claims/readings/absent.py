"""Items that an arm has no call for although another arm has: they count as its missing calls.

A table from elsewhere need not hold every row: whoever deletes an arm's wrong answers deletes its
items, and a comparison on what is left would not see it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from claimbench.claims.types import Leaf
from claimbench.tables.types import ArmItems, BoolArray, ItemTable


def with_absent(items: ItemTable, leaf: Leaf) -> ItemTable:
    """Return the table in which the claim's arms have a missing call for each absent item.

    Of two arms an item is absent that the other has; of one arm, that any other has. A task of
    which an arm has no item at all is not asked of it. As many calls are missing as the most that
    another arm has of the item.
    """
    arms = (leaf.ours,) if leaf.theirs is None else (leaf.ours, leaf.theirs)
    asking = tuple(items.arms) if leaf.theirs is None else arms
    wanted = np.max([items.arms[arm].n_calls for arm in asking], axis=0)
    filled = dict(items.arms)
    for arm in arms:
        rows = items.arms[arm]
        absent = absent_items(items, arm, leaf.mask) & (wanted > 0)
        if absent.any():
            filled[arm] = _missing_at(rows, absent, wanted)
    return replace(items, arms=filled)


def absent_items(items: ItemTable, arm: str, mask: BoolArray) -> BoolArray:
    """Mask the items without a call of ``arm``, in the tasks of which it has others."""
    there = items.arms[arm].n_calls > 0
    asked = np.isin(items.task, np.unique(items.task[there & mask]))
    absent: BoolArray = mask & asked & ~there
    return absent


def _missing_at(rows: ArmItems, absent: BoolArray, wanted: np.ndarray) -> ArmItems:
    lost = np.where(absent, wanted, 0).astype(rows.n_calls.dtype)
    return replace(rows, n_calls=rows.n_calls + lost, n_missing=rows.n_missing + lost)
