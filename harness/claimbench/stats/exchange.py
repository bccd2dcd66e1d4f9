"""Do two parts of one sample differ in their mean score? Fisher's exact test, carried over to
graded scores and clusters by an effective number of items.

The usual test of two means takes each part's own variance: a part in which all items score alike
has none, and chance becomes a finding. Under the hypothesis asked about, both parts are one
sample, so the part's sum given the total is hypergeometric for independent right-or-wrong items,
near 100% too. Its mid-p stays within the level from 10 items and at 80 to 98% (exact: at most .0502
at .05 and .97 times .05/32), where Fisher's own p uses half of it or less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from claimbench.stats.arrays import BoolArray, FloatArray, IntArray
from claimbench.stats.distributions import normal_quantile
from claimbench.stats.intervals import dot, t_crit, t_two_sided_p, z_crit
from claimbench.stats.proportions import wilson

MOST_ROWS = 20_000
"""Effective items above which more change no digit that is shown, and cost time."""


@dataclass(frozen=True, slots=True)
class PartDifference:
    """Hold one part's mean minus the rest's, its interval and two-sided p.

    ``n_eff``: the right-or-wrong items that carry as much as the items given. ``df``: degrees of
    freedom of the variance where it is estimated; None where the test is exact.
    """

    difference: float
    low: float
    high: float
    p: float
    n: int
    n_rest: int
    n_eff: float
    df: int | None


def part_difference(
    score: FloatArray, inside: BoolArray, cluster: IntArray, alpha: float = 0.05
) -> PartDifference | None:
    """Compare the items of a part with all others; None where a side is empty.

    Let ``u_g`` be the sum over a cluster of ``(x - m1)/n1`` inside and ``-(x - m0)/n0`` outside;
    the design effect is ``sum u_g^2`` over ``m1(1-m1)/n1 + m0(1-m0)/n0``, what independent
    right-or-wrong items of the same means would give. All counts are divided by it. Where it is
    estimated (clusters, graded scores) the p goes through its normal deviate to Student's t with
    the clusters of the smaller side less one.

    Args:
        score: in [0, 1], no NaN.
        inside: whether an item belongs to the part.
        cluster: code of each item.
        alpha: of the interval: the hull of Student's, and of Wilson's of both sides combined
            (Newcombe 1998).
    """
    score, inside, cluster = _one_of_each(score, inside, cluster)
    n, rest = int(inside.sum()), int((~inside).sum())
    if min(n, rest) == 0:
        return None
    m1, m0 = float(score[inside].mean()), float(score[~inside].mean())
    effect = _design_effect(score, inside, cluster)
    groups = min(len(np.unique(cluster[inside])), len(np.unique(cluster[~inside])))
    exact = len(np.unique(cluster)) == len(cluster) and bool(np.isin(score, (0.0, 1.0)).all())
    df = None if exact else groups - 1
    effect = 1.0 if exact else max(effect, len(score) / MOST_ROWS)
    p = fisher_mid_p(m1, n / effect, m0, rest / effect)
    if df is not None and 0 < p < 1:
        p = t_two_sided_p(normal_quantile(p / 2), df)
    shrink = effect if df is None else effect * (t_crit(alpha, df) / z_crit(alpha)) ** 2
    low1, high1 = wilson(m1, n / shrink, alpha)
    low0, high0 = wilson(m0, rest / shrink, alpha)
    gap, plain = m1 - m0, m1 * (1 - m1) / n + m0 * (1 - m0) / rest
    half = t_crit(alpha, groups - 1) * math.sqrt(plain * effect)
    return PartDifference(
        gap,
        gap - max(math.hypot(m1 - low1, high0 - m0), half),
        gap + max(math.hypot(high1 - m1, m0 - low0), half),
        p,
        n,
        rest,
        (n + rest) / effect,
        df,
    )


def _one_of_each(
    score: FloatArray, inside: BoolArray, cluster: IntArray
) -> tuple[FloatArray, BoolArray, IntArray]:
    """Replace clusters of one size that lie on one side each by their means: copies add nothing."""
    _, codes, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    if sizes.min() != sizes.max() or sizes.max() == 1:
        return score, inside, codes
    share = np.bincount(codes, weights=inside) / sizes
    if not np.isin(share, (0.0, 1.0)).all():
        return score, inside, codes
    return np.bincount(codes, weights=score) / sizes, share == 1.0, np.arange(len(sizes))


def _design_effect(score: FloatArray, inside: BoolArray, cluster: IntArray) -> float:
    """Variance of the difference over that of independent right-or-wrong items; 1 where neither
    side varies.
    """
    n, rest = int(inside.sum()), int((~inside).sum())
    m1, m0 = float(score[inside].mean()), float(score[~inside].mean())
    plain = m1 * (1 - m1) / n + m0 * (1 - m0) / rest
    shares = np.where(inside, (score - m1) / n, -(score - m0) / rest)
    sums = np.bincount(cluster, weights=shares)
    return dot(sums, sums) / plain if plain > 1e-15 else 1.0


def fisher_mid_p(share1: float, n1: float, share0: float, n0: float) -> float:
    """Return the two-sided mid-p of Fisher's exact test: the probability of every less likely
    table with the same totals, and half that of equally likely ones (Lancaster 1961).

    Fractional counts are allowed. Sizes are rounded down; right answers of the first group, given
    the total of both, lie between two whole numbers, and p between theirs, on the log scale.
    """
    rows1, rows0 = max(math.floor(n1 + 1e-9), 1), max(math.floor(n0 + 1e-9), 1)
    total = round(share1 * rows1 + share0 * rows0)
    low, high = max(0, total - rows0), min(total, rows1)
    # Of the total, the first group's hits that make the same difference of the two shares.
    hits = rows1 * (total + (share1 - share0) * rows0) / (rows1 + rows0)
    hits = min(max(hits, low), high)
    base = -_log_choose(rows1 + rows0, total)
    logs = [
        base + _log_choose(rows1, k) + _log_choose(rows0, total - k) for k in range(low, high + 1)
    ]
    chance = np.exp(np.asarray(logs))

    def p_at(k: int) -> float:
        mine = float(chance[k - low])
        less, equal = chance < mine * (1 - 1e-9), np.abs(chance - mine) <= mine * 1e-9
        return float(chance[less].sum() + chance[equal].sum() / 2)

    k = math.floor(hits + 1e-9)
    part = hits - k
    if part < 1e-9 or k >= high:
        return min(1.0, p_at(k))
    below, above = max(p_at(k), 1e-300), max(p_at(k + 1), 1e-300)
    return min(1.0, math.exp((1 - part) * math.log(below) + part * math.log(above)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
