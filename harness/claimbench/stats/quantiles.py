"""Engine Q: latency quantiles. Exact binomial order-statistic intervals with an effective n; ratios
by MOVER on logs.

Timeouts are +inf at their rank. A quantile that the rows cannot bound has an infinite end and says
so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray
from claimbench.stats.distributions import binomial_quantile
from claimbench.stats.intervals import (
    Interval,
    as_codes,
    cluster_sums,
    floats,
    influence,
    jackknife_var,
    t_crit,
)


@dataclass(frozen=True, slots=True)
class QuantileData:
    """Sorted rows with what their effective n needs: share at or below the quantile and its block
    variance.

    ``var`` is None for independent rows.
    """

    p: float
    ordered: FloatArray
    est: float
    share: float
    var: float | None
    n_clusters: int

    def n_eff(self, alpha: float) -> float:
        """Return the effective n: all n for independent rows.

        Else floor(min(F(1-F)/v, n) * (t_{n-1}/t_{G-1})^2), at least 1.
        """
        n, g = len(self.ordered), self.n_clusters
        if self.var is None:
            return float(n)
        if g < 2:
            return 1.0
        spread = self.share * (1 - self.share)
        if (
            spread <= 1e-15
        ):  # every row at or below the quantile: the blocks say nothing, so count only them
            base = float(g)
        elif self.var > 1e-18:
            base = min(spread / self.var, n)
        else:
            base = float(n)
        few = t_crit(
            alpha, g - 1
        )  # 0 where alpha is within rounding of 1: then nothing is left to correct
        widening = (t_crit(alpha, n - 1) / few) ** 2 if few > 0 else 1.0
        return max(1.0, math.floor(base * widening + 1e-9))


def quantile_data(x: npt.ArrayLike, p: float, cluster: npt.ArrayLike | None = None) -> QuantileData:
    """Prepare the rows of one arm for quantile ``p``.

    Args:
        x: one value for each call, +inf for a timeout, no NaN.
        p: in (0, 1).
        cluster: the coarser of item cluster and time block; None = independent rows. For
            inter-token gaps the cluster is the request.
    """
    if not 0 < p < 1:
        raise ValueError(f"a quantile lies strictly between 0 and 1, got {p}")
    rows = floats(x, "x")
    n = len(rows)
    if n == 0:
        raise ValueError("a quantile of no rows does not exist: report `no_valid_data`")
    ordered = np.sort(rows)
    # inverted_cdf: the smallest x with at least p*n rows at or below it; 1e-9 undoes rounding in
    # p*n
    est = float(ordered[min(max(math.ceil(p * n - 1e-9), 1), n) - 1])
    codes, g = as_codes(cluster, n)
    below = (rows <= est).astype(np.float64)
    share = float(below.mean())
    if codes is None:
        return QuantileData(p, ordered, est, share, None, g)
    counts = np.bincount(codes).astype(np.float64)
    if g < 2:
        return QuantileData(p, ordered, est, share, 0.0, g)
    _, j = influence(cluster_sums(below, codes, counts), counts[counts > 0])
    return QuantileData(p, ordered, est, share, jackknife_var(j), g)


def quantile_interval(data: QuantileData, alpha: float = 0.05) -> Interval:
    """Return :func:`quantile_ci` from prepared rows (for p by inversion)."""
    n, n_eff = len(data.ordered), data.n_eff(alpha)
    rank_lo = binomial_quantile(alpha / 2, n_eff, data.p)
    rank_hi = binomial_quantile(1 - alpha / 2, n_eff, data.p) + 1
    at_lo = math.floor(rank_lo * (n + 1) / (n_eff + 1))
    at_hi = math.ceil(rank_hi * (n + 1) / (n_eff + 1))
    lo = float(data.ordered[at_lo - 1]) if at_lo >= 1 else -math.inf
    hi = float(data.ordered[at_hi - 1]) if rank_hi <= n_eff and at_hi <= n else math.inf
    if lo == math.inf:  # every rank that counts timed out
        lo = float(data.ordered[np.isfinite(data.ordered)].max(initial=-math.inf))
    est = data.est if math.isfinite(data.est) else None
    reasons = (
        ()
        if est is not None and math.isfinite(lo) and math.isfinite(hi)
        else ("quantile_not_estimable",)
    )
    method = "order-statistic" if data.var is None else "order-statistic-effective-n"
    df = None if data.var is None else float(data.n_clusters - 1)
    return Interval(est, lo, hi, 1 - alpha, method, n, data.n_clusters, n_eff, df, reasons)


def quantile_ci(
    x: npt.ArrayLike, p: float, cluster: npt.ArrayLike | None = None, alpha: float = 0.05
) -> Interval:
    """Return the order-statistic interval of quantile ``p`` (see :func:`quantile_data` for the
    arguments).

    ``est`` is None where the quantile itself is a timeout. An end beyond the last usable rank is
    infinite, with reason ``quantile_not_estimable``; :func:`min_n_quantile` says how many effective
    rows it takes.
    """
    return quantile_interval(quantile_data(x, p, cluster), alpha)


def quantile_ratio_interval(a: QuantileData, b: QuantileData, alpha: float = 0.05) -> Interval:
    """Return the ratio of two marginal quantiles, A over B, by MOVER on logs.

    Values must be positive.

    An arm without an upper bound leaves the ratio unbounded on the side it matters for; one whose
    quantile timed out gives only the bound that its lower end proves.
    """
    qa, qb = quantile_interval(a, alpha), quantile_interval(b, alpha)
    if a.ordered[0] <= 0 or b.ordered[0] <= 0:
        raise ValueError("a quantile ratio needs positive values: check the latency stamps")
    low_a, high_a = _log(qa.lo), _log(qa.hi)
    low_b, high_b = _log(qb.lo), _log(qb.hi)
    est: float | None = None
    if qa.est is None or qb.est is None:
        lo, hi = low_a - high_b if high_b < math.inf else -math.inf, math.inf
        if qb.est is None:
            lo, hi = (
                -math.inf,
                high_a - low_b if high_a < math.inf and low_b > -math.inf else math.inf,
            )
    else:
        mid_a, mid_b = math.log(qa.est), math.log(qb.est)
        est = qa.est / qb.est
        lo = mid_a - mid_b - math.hypot(mid_a - low_a, high_b - mid_b)
        hi = mid_a - mid_b + math.hypot(high_a - mid_a, mid_b - low_b)
    bounded = est is not None and math.isfinite(lo) and math.isfinite(hi)
    n_eff = min(qa.n_eff or 0.0, qb.n_eff or 0.0)
    df = min((d for d in (qa.df, qb.df) if d is not None), default=None)
    return Interval(
        est,
        math.exp(lo) if lo > -700 else 0.0,
        math.exp(hi) if hi < 700 else math.inf,
        1 - alpha,
        "mover-log-quantiles",
        min(qa.n, qb.n),
        min(qa.n_clusters, qb.n_clusters),
        n_eff,
        df,
        () if bounded else ("quantile_not_estimable",),
    )


def quantile_ratio_ci(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    p: float,
    cluster_a: npt.ArrayLike | None = None,
    cluster_b: npt.ArrayLike | None = None,
    alpha: float = 0.05,
) -> Interval:
    """Return the ratio Q_p(A)/Q_p(B) of marginal quantiles by :func:`quantile_ratio_interval`."""
    return quantile_ratio_interval(
        quantile_data(a, p, cluster_a), quantile_data(b, p, cluster_b), alpha
    )


def min_n_quantile(p: float, alpha: float = 0.05) -> int:
    """Return the effective rows for a bounded two-sided interval: p50 6, p90 36, p95 72, p99 368,
    p99.9 3,688 at 95 %.
    """
    return math.ceil(math.log(alpha / 2) / math.log(max(p, 1 - p)))


def _log(value: float) -> float:
    return -math.inf if value <= 0 else math.log(value) if value < math.inf else math.inf
