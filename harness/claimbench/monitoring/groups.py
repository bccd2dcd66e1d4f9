"""Samples that hang together: a later run's grouping does not undo that of its baseline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from claimbench.evaluation.evaluate import Evaluation
from claimbench.plan.clusters import Union
from claimbench.tables.types import CallTable, ItemTable

GROUPED_OTHERWISE = "samples are grouped otherwise than in BASE: what either ties stays together"


def with_both_groupings(
    base: Evaluation, items: ItemTable, calls: CallTable, common: Collection[str]
) -> tuple[ItemTable, CallTable] | None:
    """Return both tables in the groups that either run's grouping ties together; None where the
    common samples are grouped alike.

    Fewer, larger groups widen an interval: a suite that took them apart would narrow it.
    """
    wanted = set(common)
    were = dict(zip(base.items.items, base.items.cluster.tolist(), strict=True))
    now = items.cluster.tolist()
    theirs = [were[name] if name in wanted else f"{name} (NEW only)" for name in items.items]
    groups = joined(theirs, now)
    if len(set(groups)) == len(set(now)):
        return None
    cluster = np.asarray(groups, dtype=np.str_)
    arms = {name: rows.but(cluster=cluster[rows.item]) for name, rows in calls.arms.items()}
    return replace(items, cluster=cluster), CallTable(arms)


def joined(one: Sequence[str], two: Sequence[str]) -> list[str]:
    """Return, by place, the group that two groupings tie together, named as ``two`` names it."""
    union = Union()
    first: dict[str, str] = {}
    for a, b in zip(one, two, strict=True):
        union.join(first.setdefault(a, b), b)
    return [union.root(b) for b in two]
