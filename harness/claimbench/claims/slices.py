"""Does an arm do better on one part of the data than on the rest? Every part is asked, so Holm pays
for their number.

The test is :mod:`claimbench.stats.exchange`: Fisher's, carried over to clusters and graded scores.
A test of two means with each side's own variance called chance a finding where all items of a part
score alike (at 95% right and 20 items in .20 of tests at .05/32). Items that are missing are left
out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.stats.exchange import part_difference
from claimbench.tables.types import BoolArray, FloatArray, ItemTable, StrArray

FEWEST = 10
"""Clusters that each side needs; with fewer nothing is said."""


@dataclass(frozen=True, slots=True)
class SliceDifference:
    """One arm on one value of a column, minus the same arm on all other items that have a value.

    ``p_holm`` is adjusted over every difference that could be tested, of all arms and columns.
    ``low`` and ``high``: the interval of the difference, unadjusted.
    """

    arm: str
    column: str
    value: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    n: int
    n_rest: int


def slice_differences(items: ItemTable, alpha: float = 0.05) -> tuple[SliceDifference, ...]:
    """Test each value of each slice column against the rest, for each arm; in the table's order.

    Of a column with two values only the first is tested: the other is the same difference.
    """
    found: list[SliceDifference] = []
    for arm, rows in items.arms.items():
        for column, labels in items.slices.items():
            values = [v for v in np.unique(labels) if v]
            for value in values[:1] if len(values) == 2 else values:
                inside, rest = labels == value, (labels != value) & (labels != "")
                one = _difference(rows.score, items.cluster, inside, rest, alpha)
                if one is not None:
                    difference, low, high, p, n, n_rest = one
                    found.append(
                        SliceDifference(
                            arm, column, str(value), difference, low, high, p, p, n, n_rest
                        )
                    )
    if not found:
        return ()
    adjusted = stats.holm([d.p for d in found])[0]
    return tuple(replace(d, p_holm=float(p)) for d, p in zip(found, adjusted, strict=True))


def _difference(
    score: FloatArray, cluster: StrArray, inside: BoolArray, rest: BoolArray, alpha: float
) -> tuple[float, float, float, float, int, int] | None:
    known = ~np.isnan(score)
    a, b = inside & known, rest & known
    groups = min(len(np.unique(cluster[a])), len(np.unique(cluster[b])))
    used = a | b
    if groups < FEWEST or score[used].min() < 0 or score[used].max() > 1:
        return None
    codes = stats.cluster_codes(cluster[used])
    found = part_difference(score[used], a[used], codes, alpha)
    if found is None:
        return None
    n, n_rest = int(a.sum()), int(b.sum())
    return found.difference, found.low, found.high, found.p, n, n_rest


def difference_lines(items: ItemTable, alpha: float = 0.05) -> list[str]:
    """Say which differences hold after Holm, and how many were tested; empty without slices large
    enough.
    """
    tested = slice_differences(items, alpha)
    if not tested:
        return []
    lines = [_line(difference) for difference in tested if difference.p_holm <= alpha]
    n = len(tested)
    said = (
        f"{len(lines)} of {n} differences between slices hold"
        if lines
        else f"None of {n} differences between slices"
    )
    tail = " after Holm's correction for their number" + ("." if lines else " holds.")
    return [*lines, said + tail]


def _line(d: SliceDifference) -> str:
    side = "higher" if d.difference > 0 else "lower"
    return (
        f"{d.arm} scores {abs(d.difference) * 100:.1f} points {side} on {d.column}={d.value}"
        f" ({d.n:,} items) than on the rest ({d.low * 100:+.1f} to {d.high * 100:+.1f};"
        f" Holm's p {d.p_holm:.2g})."
    )
