"""Time blocks that are long enough to be independent of each other.

Calls near in time share the load of the machine behind them, so a quantile's error does not fall
with the number of calls but with the number of stretches of time that differ. Blocks are joined in
pairs until what they show no longer goes on into the next one (batch means: Law & Carson 1979; the
doubling as in Flyvbjerg & Petersen 1989). What is left of wrong verdicts: docs/method_stats.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.stats.arrays import BoolArray, FloatArray, IntArray
from claimbench.stats.intervals import dot

LAG1_LIMIT = 0.15
"""Largest lag-1 autocorrelation of neighbouring blocks that counts as none."""
FEWEST_BLOCKS = 6
"""With fewer blocks no autocorrelation can be told from chance, and no variance either."""
FEW_BLOCKS = 24
"""So few blocks that do not correlate do not show that no load lasted."""
DRIFT_LIMIT = 0.20
"""Below :data:`FEW_BLOCKS` blocks one arm's level must not drift by more. Two arms need no such
rule, since the interval of a ratio is on the safe side (docs/method_stats.md).
"""


@dataclass(frozen=True, slots=True)
class TimedRows:
    """Hold one arm's values in time, at least one; +inf for a timeout.

    ``block`` numbers the time blocks in order, none of which spans two sessions; ``session`` is
    that of each row.
    """

    values: FloatArray
    block: IntArray
    session: IntArray


@dataclass(frozen=True, slots=True)
class Blocking:
    """Hold the blocks of each arm once they are long enough, as labels of its rows.

    ``doublings``: how often blocks were joined in pairs. ``blocks``: how many the arm with the
    fewest has. ``lag1``: the largest autocorrelation at that length. ``enough``: whether it is
    small and the blocks are enough; else ``labels`` are the longest that were tried.
    """

    labels: tuple[IntArray, ...]
    doublings: int
    blocks: int
    lag1: float
    enough: bool


def independent_blocks(arms: Sequence[TimedRows], p: float) -> Blocking:
    """Join neighbouring blocks in pairs until the lag-1 autocorrelation is at most .15 in each arm.

    For verdicts about more than the time that was measured. All arms get blocks of one length.
    Followed are each block's share of values above its arm's quantile ``p``, its share above the
    median, and its mean rank: a load that moves the one moves the others, and they show it sooner.
    One arm is held to :data:`DRIFT_LIMIT` too.

    Args:
        arms: the rows of each arm of the claim.
        p: the quantile that the claim is about.
    """
    shown = [_shown(arm.values, p) for arm in arms]
    doublings = 0
    tried: Blocking | None = None
    while True:
        labels = tuple(_joined(arm, doublings) for arm in arms)
        fewest = min(int(np.count_nonzero(np.bincount(one))) for one in labels)
        if fewest < FEWEST_BLOCKS and tried is not None:
            return tried
        found: list[float] = []
        drifts: list[float] = []
        for arm, label, columns in zip(arms, labels, shown, strict=True):
            grouped = Grouped.of(label, arm.session)
            for column in columns:
                shift = grouped.shifts(column)
                found.append(lag1(shift, grouped.neighbours, _correction(len(arms), len(shift))))
                drifts.append(drift(shift))
        enough = max(found) <= LAG1_LIMIT and fewest >= FEWEST_BLOCKS
        if len(arms) == 1 and fewest < FEW_BLOCKS:
            enough = enough and max(drifts) <= DRIFT_LIMIT
        tried = Blocking(labels, doublings, fewest, max(found), enough)
        if enough or fewest < FEWEST_BLOCKS:
            return tried
        doublings += 1


def _correction(arms: int, blocks: int) -> float:
    """Return how much of its bias an autocorrelation is corrected for: all of it for one arm.

    The interval of a ratio is on the safe side, so half does for two arms with few blocks, and none
    with many: less indecision at as few wrong verdicts (docs/method_stats.md).
    """
    if arms == 1:
        return 1.0
    return 0.5 if blocks < FEW_BLOCKS else 0.0


def _shown(values: FloatArray, p: float) -> list[FloatArray]:
    """1 where a value lies above the arm's quantile, for ``p`` and the median; and its rank."""
    made: list[FloatArray] = []
    for q in dict.fromkeys((p, 0.5)):
        limit = np.quantile(values, q, method="inverted_cdf")
        made.append((values > limit).astype(np.float64))
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    made.append((np.cumsum(count) - (count - 1) / 2)[code] / len(values))
    return made


def _joined(arm: TimedRows, doublings: int) -> IntArray:
    """Number the blocks after joining ``2**doublings`` neighbours; sessions stay apart."""
    joined = np.zeros(len(arm.block), dtype=np.int64)
    offset = 0
    for session in np.unique(arm.session):
        mine = arm.session == session
        local = (arm.block[mine] - arm.block[mine].min()) >> doublings
        joined[mine] = offset + local
        offset += int(local.max()) + 1
    return joined


@dataclass(frozen=True, slots=True)
class Grouped:
    """Hold how rows fall into blocks: the block of each row, the rows of each block that has any,
    and whether the next such block belongs to the same session (shape (blocks - 1,)).
    """

    block: IntArray
    rows: FloatArray
    used: BoolArray
    neighbours: BoolArray

    @classmethod
    def of(cls, block: IntArray, session: IntArray) -> Grouped:
        """Group rows by block; higher numbers are later, and a block belongs to one session."""
        rows = np.bincount(block).astype(np.float64)
        used = rows > 0
        of_session = np.zeros(len(rows), dtype=np.int64)
        of_session[block] = session
        return cls(block, rows[used], used, np.diff(of_session[used]) == 0)

    def shifts(self, x: FloatArray) -> FloatArray:
        """Sum ``x`` minus its mean over each block, in the order of time."""
        return np.bincount(self.block, weights=x)[self.used] - self.rows * float(x.mean())


def lag1(shift: FloatArray, neighbours: BoolArray, correction: float = 1.0) -> float:
    """Return the lag-1 autocorrelation of what blocks add to a mean; a block weighs by its rows.

    0 where nothing varies, or no session has two blocks.

    Args:
        shift: by block, see :meth:`Grouped.shifts`.
        neighbours: whether a block and the next are a pair.
        correction: the share to add of (1 + 4 r) / G, by which r is too low for G blocks (Marriott
            & Pope 1954).
    """
    pairs, spread = int(neighbours.sum()), dot(shift, shift) / len(shift)
    if pairs == 0 or spread <= 1e-18:
        return 0.0
    r = dot(shift[:-1][neighbours], shift[1:][neighbours]) / pairs / spread
    return r + correction * (1 + 4 * r) / len(shift)


def drift(shift: FloatArray) -> float:
    """Return how far what blocks add to a mean piles up over time.

    The mean square of its running sum over that of white noise times G, 1/6 on average for blocks
    that are independent (Kwiatkowski, Phillips, Schmidt & Shin 1992, without lags).
    """
    spread = dot(shift, shift)
    if spread <= 1e-18:
        return 0.0
    total = np.cumsum(shift)
    return dot(total, total) / len(shift) / spread
