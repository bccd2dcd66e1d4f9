"""What a claim about an arm of another run rests on: samples of both, in the groups of both."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.types import ClaimContext, Leaf
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Reason


def of_both_runs(
    leaf: Leaf, items: ItemTable, calls: CallTable, ctx: ClaimContext
) -> tuple[Leaf, ItemTable, CallTable, tuple[Reason, ...]]:
    """Return a simple claim and its tables as both runs have them, and what is said of it; those of
    a claim within one run come back as they are.
    """
    if ctx.in_both is None or not ctx.other_runs & set(leaf.arms):
        return leaf, items, calls, ()
    leaf = replace(leaf, mask=leaf.mask & ctx.in_both)
    cluster = ctx.groups_in_both
    if cluster is not None:
        items = replace(items, cluster=cluster)
        rows = {name: one.but(cluster=cluster[one.item]) for name, one in calls.arms.items()}
        calls = CallTable(rows)
    return leaf, items, calls, ctx.rules_in_both
