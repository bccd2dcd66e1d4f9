"""The table of a claim over wordings, and its readings: items and wordings both vary.

An item's score is its mean over the wordings that both arms have; the interval holds the spread of
the wordings beside that of the items (:mod:`claimbench.stats.two_way`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Question
from claimbench.claims.wordings.sentences import SUFFIX
from claimbench.stats import Interval
from claimbench.stats.two_way import over_wordings, over_wordings_ci
from claimbench.tables.types import ArmItems, CallTable, ItemTable
from claimbench.types import Claim, Reason


@dataclass(frozen=True)
class Worded:
    """The tables and the context in which "arm over its wordings" is an arm; ``note``: how many."""

    items: ItemTable
    calls: CallTable
    context: ClaimContext
    note: Reason


def over_all(claim: Claim, items: ItemTable, calls: CallTable, ctx: ClaimContext) -> Worded | None:
    """Return what a claim over wordings is judged on; None for others, and where that is done."""
    names = [n for n in (*claim.treatments, *claim.baselines) if n.endswith(SUFFIX)]
    if not names or all(name in items.arms for name in names):
        return None
    of = {name: _wordings(name.removesuffix(SUFFIX), items, ctx) for name in names}
    shared = sorted(set.intersection(*(set(found) for found in of.values())))
    arms, rows = dict(items.arms), dict(calls.arms)
    profiles = dict(ctx.profiles)
    for name in names:
        mine = [of[name][wording] for wording in shared]
        base = name.removesuffix(SUFFIX)
        if not mine or base not in items.arms:
            continue
        arms[name], rows[name] = _joined([items.arms[arm] for arm in mine]), calls.arms[base]
        profiles[name] = ctx.profiles.get(base, {})
    note = Reason("over_wordings", f"{len(shared)} wordings")
    spread = {name: tuple(of[name][wording] for wording in shared) for name in names}
    context = replace(ctx, profiles=profiles, wordings=spread)
    return Worded(replace(items, arms=arms), CallTable(rows), context, note)


def _wordings(base: str, items: ItemTable, ctx: ClaimContext) -> Mapping[str, str]:
    """Return the wordings of an arm that were run: its name (empty: the task's own) -> arm."""
    found = {"": base} if base in items.arms else {}
    for arm in items.arms:
        variant = (ctx.profiles.get(arm) or {}).get("variant") or {}
        factors = variant.get("factors") or {}
        if arm != base and variant.get("base") == base and set(factors) == {"prompt"}:
            found[str(factors["prompt"])] = arm
    return found


def _joined(parts: Sequence[ArmItems]) -> ArmItems:
    """Return arms as one: means of scores, sums of counts; nan where a part has none. Dollars at
    prices are left out: only some parts may have them, and none of these claims is of dollars.
    """
    changed: dict[str, Any] = {}
    for field in fields(ArmItems):
        values = [getattr(part, field.name) for part in parts]
        if field.name.startswith("priced"):
            changed[field.name] = None
        elif isinstance(values[0], np.ndarray):
            whole = np.stack(values)
            if field.name == "n_epochs":  # repeats of one wording are no more draws of others
                changed[field.name] = whole.min(axis=0)
            elif field.name.startswith("n_"):
                changed[field.name] = whole.sum(axis=0)
            else:
                changed[field.name] = whole.mean(axis=0)
    return replace(parts[0], **changed)


def with_wordings(
    found: Sequence[Question], items: ItemTable, leaf: Leaf, ctx: ClaimContext
) -> list[Question]:
    """Widen the readings of a claim over wordings by their spread; others come back as they are.

    Each interval is the hull of that of the items' means over wordings, with all its guards for few
    items and scores that do not vary, and of that of items and wordings.
    """
    ours = ctx.wordings.get(leaf.ours)
    if ours is None:
        return list(found)
    theirs = () if leaf.theirs is None else ctx.wordings.get(leaf.theirs, ())
    a = np.stack([items.arms[arm].score[leaf.mask] for arm in ours], axis=1)
    b = np.zeros_like(a)
    if theirs:
        b = np.stack([items.arms[arm].score[leaf.mask] for arm in theirs], axis=1)
    summary = over_wordings(a - b, items.cluster[leaf.mask])
    least = -1.0 if theirs else 0.0

    def widened(at: IntervalAt) -> IntervalAt:
        def hull(alpha: float) -> Interval:
            one = at(alpha)
            if summary is None or one.est is None:
                return replace(one, lo=-math.inf, hi=math.inf, reasons=("n_too_small",))
            two = over_wordings_ci(summary, alpha, least=least)
            return replace(two, lo=min(one.lo, two.lo), hi=max(one.hi, two.hi), est=one.est)

        return hull

    return [
        replace(
            question,
            label=f"{question.label}, over all wordings",
            interval_at=None if question.interval_at is None else widened(question.interval_at),
            sensitivity={name: widened(at) for name, at in question.sensitivity.items()},
            contrast_at=None,
            p=None,
            agreeing=None,
            infeasible_p=None,
        )
        for question in found
    ]
