"""Answers and pairs that were drawn for people and left without a label: missing data.

Who leaves out what people would have said against an arm turns a verdict, so the unlabelled are
bounded as calls that failed are: above 5% nothing is decided; below, nothing stands that the worst
of them would overturn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Question
from claimbench.stats import Interval
from claimbench.tables.types import BoolArray, ItemTable
from claimbench.types import Reason

CODE = "labels_missing"
MOST_UNLABELLED = 0.05
"""Largest share of what was drawn for people that may have no label."""
BY_PEOPLE = frozenset({"human_labels_only", "judge_corrected", "people_only"})
"""Flags of readings that rest on people's labels."""
UNBOUNDED = frozenset({"relative", "error_reduction", "per_correct", "per_1k_correct"})
"""Readings counted on the labelled items alone: what the others would do to them is not bounded."""


def blank(n: int, drawn: int, things: str) -> Reason:
    """Return the reason that ``n`` of ``drawn`` things have no label."""
    return Reason(CODE, f"{n:,} of {drawn:,} {things} that were drawn")


def too_many(n: int, drawn: int) -> bool:
    """Tell whether too many of what was drawn have no label."""
    return n > MOST_UNLABELLED * drawn + 1e-12


def answers_blank(
    items: ItemTable, arms: Sequence[str], mask: BoolArray, ctx: ClaimContext
) -> tuple[int, int]:
    """Return how many items of a judge's tasks lack the label of one of the ``arms``, and how many
    either lack it or have those of all.
    """
    judged: BoolArray = mask & np.isin(items.task, sorted(ctx.judged_tasks))
    lacking = np.zeros(len(mask), dtype=np.bool_)
    known = np.ones(len(mask), dtype=np.bool_)
    for arm in arms:
        if arm in ctx.unlabelled:
            lacking |= ctx.unlabelled[arm]
        known &= ~np.isnan(ctx.human_scores.get(arm, np.full(len(mask), np.nan)))
    return int((lacking & judged).sum()), int(((lacking | known) & judged).sum())


def blocked(
    question: Question, leaf: Leaf, items: ItemTable, ctx: ClaimContext
) -> tuple[Reason, ...]:
    """Return why a reading that rests on labels of answers decides nothing; empty where it may."""
    if not BY_PEOPLE & {flag.code for flag in question.flags}:
        return ()
    n, drawn = answers_blank(items, leaf.arms, leaf.mask, ctx)
    if not n:
        return ()
    bounded = question.name not in UNBOUNDED and "worst" in question.sensitivity
    return (blank(n, drawn, "answers"),) if too_many(n, drawn) or not bounded else ()


def mixed(at: IntervalAt, lost: float, end: float) -> IntervalAt:
    """Return the interval of a mean where a share ``lost`` of the items has the value ``end``."""

    def filled(alpha: float) -> Interval:
        found = at(alpha)
        est = None if found.est is None else (1 - lost) * found.est + lost * end
        return replace(
            found,
            est=est,
            lo=(1 - lost) * found.lo + lost * end,
            hi=(1 - lost) * found.hi + lost * end,
        )

    return filled
