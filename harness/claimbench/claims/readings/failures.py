"""Calls that failed or never ran: they count in every claim, not only in those about accuracy.

Above 5% of an arm's calls nothing is supported. Below, a verdict stands only if the failed calls,
filled against it, leave it as it is (docs/method.md).

An item that an arm has no call for although another arm has counts as well: a table from elsewhere
need not hold every row, and whoever deletes an arm's wrong answers deletes its items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claimbench.claims.types import Leaf
from claimbench.tables.types import ArmItems, BoolArray, CallRows, IntArray, ItemTable
from claimbench.types import Outcome, Reason

MISSING_LIMIT = 0.05
"""Share of an arm's calls without a result above which nothing is supported."""
FAILED = tuple(outcome.value for outcome in Outcome if outcome.missing)


def failed_calls(rows: ArmItems) -> IntArray:
    """Return the calls per item that failed or never ran."""
    unfinished: IntArray = np.maximum(rows.n_calls - rows.n_finished, 0)
    lost: IntArray = rows.n_errors + unfinished
    return lost


def missing_share(items: ItemTable, arm: str, mask: BoolArray, *, scores: bool) -> float:
    """Return the share of an arm's planned calls on ``mask`` without a result.

    ``scores``: without a score (a judge may have failed too); else without an answer.
    """
    rows = items.arms[arm]
    planned = mask & (rows.n_calls > 0)
    lost = rows.n_missing if scores else failed_calls(rows)
    total = int(np.maximum(rows.n_calls, rows.n_finished)[planned].sum())
    return float(lost[planned].sum()) / total if total else 0.0


def answered_text(items: ItemTable, leaf: Leaf) -> str:
    """Say how many of its requests each arm answered, where one failed; else nothing."""
    arms = [leaf.ours] + ([leaf.theirs] if leaf.theirs else [])
    lost = {arm: missing_share(items, arm, leaf.mask, scores=False) for arm in arms}
    if not any(lost.values()):
        return ""
    said = [f"{arm} {_share(1 - share)}" for arm, share in lost.items()]
    return f"answered requests: {', '.join(said)}"


def _share(share: float) -> str:
    if share == 1:
        return "100%"
    return f"{math.floor(1000 * share) / 10:g}%"


def failed_rows(rows: CallRows) -> BoolArray:
    """Mark the finished calls that have no answer, and so no latency of their own."""
    return np.isin(rows.outcome, FAILED)


def shares_text(shares: Sequence[tuple[str, float]]) -> str:
    """Say what share of its calls each arm lost, above the limit."""
    return ", ".join(f"{100 * share:.3g}% of {arm}'s calls" for arm, share in shares)


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
