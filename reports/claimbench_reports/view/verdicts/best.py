"""Which arm is the best of a column: only where every other measured arm is decided to be worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims.decide import MIN_ITEMS
from claimbench.claims.gate import breaches
from claimbench.privacy.visible import visible
from claimbench.tables.types import IntArray
from claimbench_reports.view.arms import ALL, difference, is_measured
from claimbench_reports.view.format import Figure
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import ArmView, DifferenceView

COLUMNS: Mapping[str, tuple[str, str, bool]] = {
    "quality": ("quality", "accuracy", True),
    "usd_1k": ("usd", "cost", False),
    "usd_1k_correct": ("usd_correct", "cost", False),
}
"""Column -> (column of the difference, kind of comparison, higher is better). Times are not marked:
whether they can be compared takes more than their intervals, and claims about time say it."""


def mark_best(views: Sequence[ArmView], data: ReportData) -> tuple[ArmView, ...]:
    """Return the arms with the columns in which they are best over all tasks.

    An arm is best where the interval of its difference to every other measured arm excludes "equal"
    at the suite's level over all pairs (Bonferroni), and the two may be compared at all.
    """
    arms = [arm.name for arm in data.suite.arms if is_measured(data, arm.name)]
    if len(arms) < 2:
        return tuple(views)
    first = {a.arm: a for a in views if a.scope == ALL}
    best: dict[str, list[str]] = {}
    codes = stats.cluster_codes(data.items.cluster).astype(np.int64)
    for column, (_, kind, high) in COLUMNS.items():
        values = {name: _value(first[visible(name)].get(column)) for name in arms}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) < len(arms):
            continue  # an arm whose value nobody knows could be the best
        leader = (max if high else min)(known, key=lambda name: known[name])
        others = [name for name in arms if name != leader]
        if all(_is_worse(data, column, kind, (leader, name), codes) for name in others):
            best.setdefault(visible(leader), []).append(column)
    return tuple(
        replace(a, best=tuple(best.get(a.arm, ()))) if a.scope == ALL else a for a in views
    )


def _value(f: Figure | None) -> float | None:
    return None if f is None else f.value


def _is_worse(
    data: ReportData, column: str, kind: str, pair: tuple[str, str], codes: IntArray
) -> bool:
    """Return whether the second arm of a pair is decided to be worse in a column."""
    ours, theirs = pair
    if column != "usd_1k" and _uncorrected(data):
        return False
    every = np.ones(len(data.items.items), dtype=np.bool_)
    refused, _ = breaches(kind, ours, theirs, data.items, data.calls, every, data.context)
    if refused:
        return False
    n = sum(is_measured(data, arm.name) for arm in data.suite.arms)
    found = difference(data, ours, theirs, codes, data.suite.alpha / (n * (n - 1) / 2))
    return _decided(found, column)


def _uncorrected(data: ReportData) -> bool:
    """Return whether a model's scores that people have not labelled enter the quality."""
    context = data.context
    trusted = bool(context.human_scores) or context.trust_judge
    return bool(context.judged_tasks) and not trusted


def _decided(found: DifferenceView, column: str) -> bool:
    name, _, high = COLUMNS[column]
    f = found.get(name)
    if f is None or (found.n_items.value or 0) < MIN_ITEMS:
        return False
    if high:
        return f.low is not None and f.low > 0
    return f.high is not None and f.high < 1
