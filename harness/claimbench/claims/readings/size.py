"""The smallest sample that any reading may be decided on, and how its groups may look."""

from __future__ import annotations

import numpy as np

from claimbench import stats
from claimbench.tables.types import BoolArray, ItemTable
from claimbench.types import Reason

LARGEST_SHARE = 0.25
"""Share of the items that one group may hold; above it no jackknife knows the variance."""
SEEN_NEEDED = 3.0
CLAIMED_NEEDED = 5.0
"""One accuracy of clustered items is undecided where G* times its smaller share (of right or wrong
answers) is below 3, and G* times that of the threshold below 5: near 0 and 1 a few groups leave no
variance to see, and .06 to .12 of verdicts were wrong (docs/method_stats.md).
"""


def size_block(items: ItemTable, chosen: BoolArray) -> tuple[Reason, ...]:
    """Return the reasons that forbid a decision on the ``chosen`` items (bool per item), if any.

    Too few items or groups, or one group that holds more than a quarter of the items. The detail
    says where equal inputs made the groups. ``few_clusters`` only warns: it is a flag of the
    finding, counted over all its readings.
    """
    cluster = items.cluster[chosen]
    n = len(cluster)
    names, counts = np.unique(cluster, return_counts=True)
    if "n_too_small" in stats.size_reasons(n, len(names)):
        return (Reason("n_too_small", equal_inputs(items, chosen)),)
    if counts.max() > LARGEST_SHARE * n:
        detail = f"{counts.max():,} of {n:,} items"
        why = equal_inputs(items, chosen)
        return (Reason("dominant_cluster", f"{detail}; {why}" if why else detail),)
    return ()


def equal_inputs(items: ItemTable, chosen: BoolArray) -> str:
    """Say how many groups the ``chosen`` items form where equal inputs made most of them.

    Empty where they did not.
    """
    cluster = items.cluster[chosen]
    groups = len(np.unique(cluster))
    of_twins = int(np.isin(cluster, sorted(items.twins)).sum()) if items.twins else 0
    if 2 * of_twins <= len(cluster) or groups == len(cluster):
        return ""
    shown = "1 group" if groups == 1 else f"{groups:,} groups"
    return f"{len(cluster):,} items form {shown} because their inputs are equal"


def too_few_wrong(summary: stats.Proportion, threshold: float) -> tuple[Reason, ...]:
    """Return the reason that forbids a verdict on one clustered accuracy near 0 or 1, if any."""
    seen = summary.worth * min(summary.mean, 1 - summary.mean)
    claimed = summary.worth * min(threshold, 1 - threshold)
    if summary.n_clusters == summary.n or seen >= SEEN_NEEDED or claimed >= CLAIMED_NEEDED:
        return ()
    return _near_limit(summary.n, summary.worth)


def both_near_limit(means: stats.PairedMeans) -> tuple[Reason, ...]:
    """Return the reason that forbids a verdict on two clustered accuracies both near 0, or near 1.

    ``means`` with the effective degrees of freedom.
    """
    if not means.bounded or means.n_clusters == means.n:
        return ()
    worth = means.df + 1
    right, wrong = max(means.theta), 1 - min(means.theta)
    if worth * min(right, wrong) >= SEEN_NEEDED:
        return ()
    return _near_limit(means.n, worth)


def _near_limit(n: int, worth: float) -> tuple[Reason, ...]:
    detail = f"{n:,} items are worth {worth:.3g} equal groups"
    return (Reason("few_clusters_near_limit", detail),)
