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

from claimbench.claims.turns.views import whole_conversations
from claimbench.claims.types import Leaf
from claimbench.tables.types import ArmItems, BoolArray, CallRows, IntArray, ItemTable
from claimbench.types import Outcome, Reason

MISSING_LIMIT = 0.05
"""Share of an arm's calls without a result above which nothing is supported."""
FAILED = tuple(outcome.value for outcome in Outcome if not outcome.answered)


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
    planned = (items.meant(mask) if scores else mask) & (rows.n_calls > 0)
    lost = rows.n_missing if scores else failed_calls(rows)
    total = int(np.maximum(rows.n_calls, rows.n_finished)[planned].sum())
    return float(lost[planned].sum()) / total if total else 0.0


def ended_share(items: ItemTable, arm: str, mask: BoolArray) -> float:
    """Return the share of an arm's planned calls on ``mask`` that were never asked, for the arm
    itself had ended their conversations.
    """
    rows = items.arms[arm]
    planned = mask & (rows.n_calls > 0)
    total = int(np.maximum(rows.n_calls, rows.n_finished)[planned].sum())
    return float(rows.n_ended[planned].sum()) / total if total else 0.0


def none_asked(rows: ArmItems, mask: BoolArray) -> bool:
    """Tell whether every request of an arm on ``mask`` was over before it was asked."""
    planned = int(rows.n_calls[mask].sum())
    return planned > 0 and int(rows.n_not_asked[mask].sum()) >= planned


def whole_text(arm: str, rows: ArmItems, mask: BoolArray) -> str:
    """Say how many of an arm's conversations were answered to their end, each one item."""
    whole = (rows.n_errors == 0) & (rows.n_finished > 0)
    return f"{arm} {int((whole & mask).sum()):,} of {int(mask.sum()):,}"


def asked_text(rows: ArmItems, mask: BoolArray) -> str:
    """Say of how many of the planned turns an arm's dollars are, where some were never asked, for
    their conversations were over; empty where all were asked.

    A mean over fewer turns than planned is no exact figure, and compares with no other arm's but
    on the same turns: later turns cost more.
    """
    planned = int(np.maximum(rows.n_calls, rows.n_finished)[mask].sum())
    over = int(rows.n_not_asked[mask].sum())
    if not over:
        return ""
    return f"{planned - over:,} of {planned:,} turns: the others were not asked"


def answered_text(items: ItemTable, leaf: Leaf) -> str:
    """Say how many of its requests each arm answered, how many were never asked, and how many
    answers are empty; nothing where all were answered with something.
    """
    return "; ".join(flag.detail for flag in answer_flags(items, leaf))


def answer_flags(items: ItemTable, leaf: Leaf) -> tuple[Reason, ...]:
    """Flag what keeps the arms' requests from being answered, each kind by its name.

    A turn that nobody asked, for its conversation was over, did not fail; nor did a call that the
    run has not made. An empty answer is an answer, and scores 0.
    """
    lost = {arm: missing_share(items, arm, leaf.mask, scores=False) for arm in leaf.arms}
    found: list[Reason] = []
    not_asked = _counted(items, leaf, "n_not_asked", "requests")
    if any(lost.values()):
        shares = ", ".join(f"{arm} {_share(1 - share)}" for arm, share in lost.items())
        told = f"answered requests: {shares}"
        code = _why_lost(items, leaf)
        if code is not None:
            found.append(Reason(code, told))
        if not_asked:
            before = "" if code is not None else f"{told}; "
            how = "cut short" if whole_conversations(leaf.arms) else "never asked"
            found.append(Reason("turns_not_asked", f"{before}{how}: {not_asked}"))
    empty = _counted(items, leaf, "n_empty", "answers")
    if empty:
        found.append(Reason("empty_answers", f"empty: {empty}"))
    return tuple(found)


def _counted(items: ItemTable, leaf: Leaf, field: str, of: str) -> str:
    """Say how many of each arm's requests or answers a column counts; nothing where it is none."""
    told = []
    for arm in leaf.arms:
        rows = items.arms[arm]
        n = int(getattr(rows, field)[leaf.mask].sum())
        whole = rows.n_calls if of == "requests" else rows.n_finished - rows.n_errors
        if n:
            told.append(f"{n:,} of {arm}'s {int(whole[leaf.mask].sum()):,} {of}")
    return ", ".join(told)


def _why_lost(items: ItemTable, leaf: Leaf) -> str | None:
    """Tell calls that failed from calls that the run did not make; None: there are neither."""
    rows = [items.arms[arm] for arm in leaf.arms]
    if any(((one.n_errors > one.n_not_asked) & leaf.mask).any() for one in rows):
        return "failed_calls"
    if any(((one.n_calls > one.n_finished) & leaf.mask).any() for one in rows):
        return "calls_not_made"
    return None


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
        filled[arm] = replace(
            rows,
            n_calls=rows.n_calls + lost,
            n_missing=rows.n_missing + np.where(items.meant(absent), lost, 0),
        )
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
    arms = leaf.arms
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
