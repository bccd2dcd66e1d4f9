"""Engine A: one proportion. Wilson with an effective n, exact Clopper-Pearson, McNemar, Fisher,
judge correction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.distributions import beta_quantile, binomial_cdf
from claimbench.stats.intervals import (
    Interval,
    as_codes,
    cluster_sums,
    effective_clusters,
    floats,
    influence,
    jackknife_var,
    t_crit,
    z_crit,
)


@dataclass(frozen=True, slots=True)
class Proportion:
    """Hold what an interval needs at any level: mean, jackknife variance, clusters, draws.

    ``plain`` = every item its own cluster with one draw, where Wilson applies with n as it is.
    ``worth`` = the clusters that count: G, or G* where they are unequal and ``effective_df`` asks.
    """

    mean: float
    var: float
    n: int
    n_clusters: int
    draws: float
    plain: bool
    worth: float

    def n_eff(self, alpha: float) -> float:
        """Return the effective n at ``alpha``: clip(p(1-p)/v, G/2, draws), or G where v = 0, times
        (z/t_{G-1})^2; G as :attr:`worth` counts it.
        """
        if self.plain:
            return float(self.n)
        g = self.worth
        if self.n_clusters < 2:
            return 0.0
        base = g
        if self.var > 1e-18:
            base = min(max(self.mean * (1 - self.mean) / self.var, g / 2), self.draws)
        return base * (z_crit(alpha) / t_crit(alpha, g - 1)) ** 2

    def upper(self, alpha: float) -> float:
        """Return the Wilson upper bound at ``alpha`` (two-sided)."""
        return wilson(self.mean, self.n_eff(alpha), alpha)[1]


def wilson(p: float, n: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the Wilson score interval of proportion ``p`` with (possibly fractional) ``n``.

    (0, 1) where n is 0.
    """
    if n <= 0:
        return 0.0, 1.0
    z = z_crit(alpha)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(p * (1 - p), 0.0) / n + z * z / (4 * n * n))
    # At p = 0 and 1 the bound is exact; rounding must not move it off the corner.
    return (0.0 if p <= 0 else max(centre - half, 0.0)), (
        1.0 if p >= 1 else min(centre + half, 1.0)
    )


def proportion(
    x: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    draws: npt.ArrayLike | float | None = None,
    *,
    effective_df: bool = False,
) -> Proportion:
    """Summarise per-item means ``x`` in [0, 1] for :func:`accuracy_ci`.

    ``draws`` = epochs behind each item (array) or their total; None = one each. ``effective_df``:
    as in :func:`claimbench.stats.paired_means`.
    """
    values = floats(x, "x")
    n = len(values)
    if n == 0:
        raise ValueError("a proportion of no items does not exist: report n = 0 as missing")
    if values.min() < -1e-12 or values.max() > 1 + 1e-12:
        raise ValueError(f"scores span {values.min()}..{values.max()}, outside [0, 1]: use mean_ci")
    total = float(n if draws is None else np.sum(np.asarray(draws, dtype=np.float64)))
    codes, g = as_codes(cluster, n)
    plain = codes is None and total == n
    if codes is None:
        sums, sizes = values, np.ones(n)
    else:
        counts = np.bincount(codes).astype(np.float64)
        sums, sizes = cluster_sums(values, codes, counts), counts[counts > 0]
    worth = effective_clusters(sizes) if effective_df else float(g)
    if g < 2:
        return Proportion(float(values.mean()), 0.0, n, g, total, plain, worth)
    mean, j = influence(sums, sizes)
    return Proportion(min(max(mean, 0.0), 1.0), jackknife_var(j), n, g, total, plain, worth)


def accuracy_ci(
    x: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    draws: npt.ArrayLike | float | None = None,
    alpha: float = 0.05,
    *,
    exact: bool = False,
) -> Interval:
    """Return the interval of one accuracy: Wilson(p * n_eff, n_eff), or Clopper-Pearson with the
    same effective n.

    Args:
        x: item means over valid epochs, each in [0, 1]; each item has equal weight.
        cluster: label of each item; None = independent items.
        draws: epochs behind each item, or their total; None = one each.
        alpha: 1 - confidence level, two-sided.
        exact: take Clopper-Pearson. Wilson is right on average but not at each accuracy (coverage
            .925 at n = 20, 95 % right), so a verdict on one arm's accuracy against a threshold
            reads this one.
    """
    return proportion_ci(proportion(x, cluster, draws), alpha, exact=exact)


def proportion_ci(summary: Proportion, alpha: float = 0.05, *, exact: bool = False) -> Interval:
    """Return :func:`accuracy_ci` from its summary: p by inversion asks at many levels."""
    n_eff = summary.n_eff(alpha)
    lo, hi = (exact_bounds if exact else wilson)(summary.mean, n_eff, alpha)
    method = ("clopper-pearson" if exact else "wilson") + ("" if summary.plain else "-effective-n")
    df = None if summary.plain else summary.worth - 1.0
    return Interval(
        summary.mean, lo, hi, 1 - alpha, method, summary.n, summary.n_clusters, n_eff, df
    )


def exact_bounds(p: float, n: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the Clopper-Pearson bounds of proportion ``p`` with (possibly fractional) ``n``.

    (0, 1) where n is 0.
    """
    if n <= 0:
        return 0.0, 1.0
    k = p * n
    lo = 0.0 if p <= 0 else beta_quantile(alpha / 2, k, n - k + 1)
    hi = 1.0 if p >= 1 else beta_quantile(1 - alpha / 2, k + 1, n - k)
    return lo, hi


def clopper_pearson(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Return the exact binomial interval, for claims such as "never fails".

    Independent items, one draw each.
    """
    lo, hi = exact_bounds(successes / n, float(n), alpha)
    return Interval(successes / n, lo, hi, 1 - alpha, "clopper-pearson", n, n, float(n))


def mcnemar_exact_p(n10: int, n01: int) -> float:
    """Return the exact two-sided McNemar p from the discordant counts (A right only, B right only).

    1.0 without any.
    """
    total = n10 + n01
    if total == 0:
        return 1.0
    return min(1.0, 2 * binomial_cdf(min(n10, n01), total, 0.5))


def fisher_p(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """Return the two-sided Fisher exact p that two shares differ (missing calls of two arms, for
    instance).
    """
    if min(n_a, n_b) == 0 or hits_a + hits_b in (
        0,
        n_a + n_b,
    ):  # nothing, or everything: no share can differ
        return 1.0
    from scipy import stats  # half a second to import, and only runs with missing calls need it

    return float(
        stats.fisher_exact(np.array([[hits_a, n_a - hits_a], [hits_b, n_b - hits_b]])).pvalue
    )


def ppi_mean(
    y: npt.ArrayLike, yhat: npt.ArrayLike, yhat_unlabeled: npt.ArrayLike, alpha: float = 0.05
) -> Interval:
    """Judge-corrected mean by prediction-powered inference, as ppi-python's ``ppi_mean_ci``
    computes it.

    The judge's mean over the unlabelled items plus what people change on the labelled ones, the
    judge weighted by lambda in [0, 1], tuned to the smallest variance (Angelopoulos, Duchi & Zrnic
    2023, "PPI++", eq. 4 and 6); normal quantiles. Items are independent.

    Args:
        y: human scores of the labelled items (for a claim: paired differences), at least 50 random
            ones.
        yhat: the judge's scores of the same items.
        yhat_unlabeled: the judge's scores of the other items.
        alpha: 1 - confidence level.
    """
    human, judge, rest = (
        floats(y, "y"),
        floats(yhat, "yhat"),
        floats(yhat_unlabeled, "yhat_unlabeled"),
    )
    n, others = len(human), len(rest)
    shared = float(np.mean((human - human.mean()) * (judge - judge.mean())))
    spread = float(np.var(np.concatenate([judge, rest]), ddof=1)) if n + others > 1 else 0.0
    lam = 0.0 if spread == 0 else min(max(shared / ((1 + n / others) * spread), 0.0), 1.0)
    est = lam * float(rest.mean()) + float((human - lam * judge).mean())
    se = math.hypot(
        lam * float(rest.std()) / math.sqrt(others),
        float((human - lam * judge).std()) / math.sqrt(n),
    )
    half = z_crit(alpha) * se
    few = () if n >= 50 else ("few_labels",)
    return Interval(
        est, est - half, est + half, 1 - alpha, "ppi-mean", n + others, n + others, reasons=few
    )
