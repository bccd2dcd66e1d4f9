"""On what kinds of node a cluster worked on an arm: times are told of one kind alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from claimbench.claims.types import ClaimContext
from claimbench.tables.types import BoolArray, CallRows, CallTable
from claimbench.types import Reason

NODE_TYPE = "node_type"
"""Latency alone: nodes of a cluster that are of different types."""
IN_DRIVER = ""
"""Type of the driver's own process, and of what nobody knows."""


def node_kinds(rows: CallRows | None, mask: BoolArray) -> set[str]:
    """Return the kinds of node that worked on an arm's calls on the items of ``mask``; empty for an
    endpoint, whose hardware nobody knows.
    """
    if rows is None:
        return set()
    inside = np.isin(rows.item, np.flatnonzero(mask)) & (rows.stamp_source == "in_process")
    if rows.node_type is None:
        return {IN_DRIVER} if bool(inside.any()) else set()
    return {str(one) for one in rows.node_type[inside]}


def other_nodes(ours: str, theirs: str, calls: CallTable, mask: BoolArray) -> str | None:
    """Say where a cluster worked on two arms by different hardware; None where it was the same, or
    where one of them is an endpoint: :func:`mixed_nodes` looks at the other one.
    """
    one, two = (node_kinds(calls.arms.get(arm), mask) for arm in (ours, theirs))
    if not one or not two or not (one | two) - {IN_DRIVER} or (one == two and len(one) == 1):
        return None
    return f"node_type is {_named(one)} for {ours} and {_named(two)} for {theirs}"


def mixed_nodes(rows: CallRows | None, mask: BoolArray) -> str | None:
    """Name the kinds of node where there are several under one arm's calls: a quantile of its times
    is then of a mixture, which another night or another cluster mixes otherwise; None: no more
    than one is known.
    """
    kinds = node_kinds(rows, mask) - {IN_DRIVER}
    return _named(kinds) if len(kinds) > 1 else None


def one_kind_each(
    arms: Sequence[str], calls: CallTable, mask: BoolArray, ctx: ClaimContext
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return (reasons why times of these arms cannot be judged, what the suite accepts of it): each
    has to have worked on one kind of node. Of a route its parts are asked.
    """
    told = _mixtures(arms, calls, mask)
    texts = [f"{NODE_TYPE} is {kinds} for {arm}" for arm, kinds in told.items()]
    if NODE_TYPE in ctx.allow:
        return (), tuple(Reason(f"allowed_{NODE_TYPE}", text) for text in texts)
    allow = f"; to allow it: `allow: [{NODE_TYPE}]`"
    return tuple(Reason(NODE_TYPE, f"{text}{allow}") for text in texts), ()


def _mixtures(arms: Sequence[str], calls: CallTable, mask: BoolArray) -> Mapping[str, str]:
    """Return each measured arm among ``arms`` that worked on several kinds of node, with them."""
    found: dict[str, str] = {}
    for arm in arms:
        kinds = mixed_nodes(calls.arms.get(arm), mask)
        if kinds is not None:
            found[arm] = kinds
    return found


def _named(kinds: set[str]) -> str:
    return ", ".join(sorted(kind or "the driver's process" for kind in kinds))
