"""Items that an arm has no call for although another arm has: they count as its missing calls.

A table from elsewhere need not hold every row: whoever deletes an arm's wrong answers deletes its
items, and a comparison on what is left would not see it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from claimbench.claims.types import Leaf
from claimbench.tables.types import BoolArray, IntArray, ItemTable
from claimbench.types import Reason


def with_absent(items: ItemTable, leaf: Leaf) -> ItemTable:
    """Return the table in which the claim's arms have a missing call for each absent item.

    Of two arms an item is absent that the other has; of one arm, that any other has. A task of
    which an arm has no item at all is not asked of it. As many calls are missing as the most that
    another arm has of the item.
    """
    filled = dict(items.arms)
    for arm, absent, wanted in _absent(items, leaf):
        rows = items.arms[arm]
        lost = np.where(absent, wanted, 0).astype(rows.n_calls.dtype)
        filled[arm] = replace(rows, n_calls=rows.n_calls + lost, n_missing=rows.n_missing + lost)
    return replace(items, arms=filled)


def absent_flags(items: ItemTable, leaf: Leaf) -> tuple[Reason, ...]:
    """Say how many items an arm of the claim lacks."""
    return tuple(
        Reason("absent_items", f"{int(absent.sum()):,} of {int((wanted > 0).sum()):,} of {arm}")
        for arm, absent, wanted in _absent(items, leaf)
    )


def _absent(items: ItemTable, leaf: Leaf) -> list[tuple[str, BoolArray, IntArray]]:
    """List (arm, absent items, calls that another arm has of each item asked) of arms that lack
    any.
    """
    arms = (leaf.ours,) if leaf.theirs is None else (leaf.ours, leaf.theirs)
    asking = tuple(items.arms) if leaf.theirs is None else arms
    most: IntArray = np.max([items.arms[arm].n_calls for arm in asking], axis=0)
    found: list[tuple[str, BoolArray, IntArray]] = []
    for arm in arms:
        there = items.arms[arm].n_calls > 0
        asked = leaf.mask & np.isin(items.task, np.unique(items.task[there & leaf.mask]))
        wanted: IntArray = np.where(asked, most, 0)
        absent: BoolArray = ~there & (wanted > 0)
        if absent.any():
            found.append((arm, absent, wanted))
    return found
