"""The whole wait for an answer: from the first send of its call, where it was asked more than once,
and from the opening of its connection.

Durations are those of the attempt that ended a call, from its send on. Whoever waits for the answer
waits through the attempts before it and our pauses between them too, and for TCP and TLS where a
server closes each connection.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from claimbench.tables.types import BoolArray, CallRows, CallTable, FloatArray

FROM_SENDING = ("ttft_s", "first_answer_s", "e2e_s")
"""Durations that begin when a request is sent."""
NOTHING_S = 1e-9
"""Sums along a path differ by rounding."""
OPENED_OFTEN = 0.05
"""Share of an arm's calls that open a connection of their own from which on it is part of the wait:
below it is that of a few calls at the beginning.
"""


def waited_s(rows: CallRows) -> FloatArray:
    """Return the seconds between the first send of each call and that of the attempt that ended it:
    0 where there was one attempt, and in an open loop, whose durations count from the intended time
    as they are. inf where the last attempt ran into its time limit, so that no duration is known.
    """
    found: FloatArray = np.zeros(len(rows.item))
    again = rows.n_attempts > 1
    cut = again & np.isposinf(rows.e2e_s)
    known = again & np.isfinite(rows.e2e_s) & np.isfinite(rows.e2e_with_retries_s)
    found[known] = rows.e2e_with_retries_s[known] - rows.e2e_s[known]
    found[cut] = np.inf
    return np.where(found > NOTHING_S, found, 0.0)


def retried(rows: CallRows) -> BoolArray:
    """Return which calls were asked more than once; of a route, which of its paths hold one."""
    if len(rows.item) and rows.text("stamp_source", 0) == "composed":
        return waited_s(rows) > 0
    return np.asarray(rows.n_attempts > 1)


def opened_s(rows: CallRows) -> FloatArray:
    """Return the known seconds in which each call waited for a connection of its own; else 0."""
    if rows.opened_s is None:
        return np.zeros(len(rows.item))
    return np.nan_to_num(rows.opened_s)


def opens_often(rows: CallRows, mine: BoolArray | None = None) -> bool:
    """Tell whether more than 5% of an arm's measured calls (of ``mine``; None: of all) had to open
    a connection of their own.
    """
    measured = ~np.isnan(rows.e2e_s) & (True if mine is None else mine)
    opened = measured & (opened_s(rows) > 0)
    return int(opened.sum()) > OPENED_OFTEN * int(measured.sum())


def from_first_send(rows: CallRows) -> CallRows:
    """Return an arm's calls with durations from the first send of each call."""
    return _later(rows, waited_s(rows))


def from_opening(rows: CallRows) -> CallRows:
    """Return an arm's calls with durations from where each began to open a connection, or was sent
    first.
    """
    return _later(rows, waited_s(rows) + opened_s(rows))


def whole_rows(rows: CallRows) -> CallRows:
    """Return an arm's calls with the whole wait for each: from the first send, and from the opening
    of its connection where calls of the arm often have to open one.
    """
    return from_opening(rows) if opens_often(rows) else from_first_send(rows)


def _later(rows: CallRows, waited: FloatArray) -> CallRows:
    if not waited.any():
        return rows
    return rows.but(**{name: getattr(rows, name) + waited for name in FROM_SENDING})


def whole_waits(calls: CallTable, arms: Collection[str], mask: BoolArray) -> CallTable | None:
    """Return the table with durations from the first send of each call; None where no call of
    ``arms`` on the items of ``mask`` waited for another attempt.
    """
    if not any(waited_s(calls.arms[arm])[mask[calls.arms[arm].item]].any() for arm in arms):
        return None
    return CallTable({**calls.arms, **{arm: from_first_send(calls.arms[arm]) for arm in arms}})


def waits_for_opening(calls: CallTable, arms: Collection[str], mask: BoolArray) -> CallTable | None:
    """Return the table with durations from the opening of each call's connection; None where no arm
    often opens one on the items of ``mask``.
    """
    if not any(opens_often(calls.arms[arm], mask[calls.arms[arm].item]) for arm in arms):
        return None
    return CallTable({**calls.arms, **{arm: from_opening(calls.arms[arm]) for arm in arms}})
