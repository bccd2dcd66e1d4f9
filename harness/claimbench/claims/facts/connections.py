"""Times of calls that had to open a connection of their own, in both ways: from the send, and from
where the connection was begun to be opened.

Who closes each connection and shakes hands slowly is not fast: a caller waits for that as well.
"""

from __future__ import annotations

import numpy as np

from claimbench.claims.facts.held import Way, asked_of, quantile_told, time_asked
from claimbench.claims.types import Leaf
from claimbench.claims.words import number
from claimbench.tables.types import BoolArray, CallRows, CallTable
from claimbench.tables.waits import (
    from_first_send,
    from_opening,
    opened_s,
    opens_often,
    waits_for_opening,
)
from claimbench.types import Reason

WORDS = ("with connections that are open", "by the wait for connections too")
"""Both ways in words."""


def connection_flags(leaf: Leaf, calls: CallTable) -> tuple[Reason, ...]:
    """Flag that an arm's calls often opened a connection of their own, and how long that took."""
    return tuple(
        Reason("connections_opened", f"{arm}: {_share(leaf, calls.arms[arm])}")
        for arm in _often(leaf, calls)
    )


def from_opening_on(leaf: Leaf, calls: CallTable) -> Way | None:
    """Return the times from the opening of connections on, waits for retries included; None where
    no arm of the claim often opens one.
    """
    whole = waits_for_opening(calls, leaf.arms, leaf.mask)
    if whole is None:
        return None
    metric, p, label = time_asked(leaf)
    told: list[str] = []
    for arm in _often(leaf, calls):
        rows = calls.arms[arm]
        mine = asked_of(leaf, rows)
        sent, opened = (
            quantile_told(one, metric, mine, p)
            for one in (from_first_send(rows), from_opening(rows))
        )
        told.append(
            f"{arm}: {_share(leaf, rows)}, {label} {sent} from the send, {opened} from there"
        )
    return Way("connections_decide", WORDS, whole, "; ".join(told))


def _often(leaf: Leaf, calls: CallTable) -> list[str]:
    arms = calls.arms
    return [arm for arm in leaf.arms if opens_often(arms[arm], asked_of(leaf, arms[arm]))]


def _share(leaf: Leaf, rows: CallRows) -> str:
    return openings_told(rows, asked_of(leaf, rows))


def openings_told(rows: CallRows, mine: BoolArray) -> str:
    """Say how many measured calls of ``mine`` opened a connection, and the median of what that
    took; some have to have done so.
    """
    measured = mine & ~np.isnan(rows.e2e_s)
    seconds = opened_s(rows)[measured]
    opened = seconds[seconds > 0]
    median = number(float(np.median(opened)), "seconds")
    return (
        f"{len(opened):,} of {len(seconds):,} calls opened a connection of their own, in"
        f" {median} (median)"
    )
