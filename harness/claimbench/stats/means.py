"""Engine M: means of two paired arms, their contrasts and ratios.

Delete-one-cluster jackknife (CV3) with t(G-1), ratios by Fieller on the same covariance. Bounded
scores get four half-weight pseudo-items and the unseen-disagreement guard. :func:`paired_means`
does the only pass over the rows; every interval after it is arithmetic on ten numbers, so a p by
inversion or a hundred thresholds cost nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray
from claimbench.stats.intervals import (
    Interval,
    as_codes,
    cluster_sums,
    dot,
    effective_clusters,
    floats,
    influence,
    jackknife_var,
    t_crit,
)
from claimbench.stats.proportions import Proportion, proportion

TwoMeans = tuple[float, float]
Cov = tuple[float, float, float]
"""(Var a, Cov ab, Var b)."""
Moments3 = tuple[float, float, float, float]
"""Central third moments aaa, aab, abb, bbb."""


@dataclass(frozen=True, slots=True)
class PairedMeans:
    """Everything an interval on two paired means needs.

    ``theta``/``cov`` are the plain means with CV3 covariance; ``core_theta``/``core_cov`` include
    the pseudo-items of bounded scores (equal to the plain ones otherwise), whose weight is ``w``.
    ``guard01``/``guard10`` summarise max(b-a, 0) and max(a-b, 0), None for unbounded values.
    ``j_cov``/``j_third`` are central moments of the influences (-J), for Hall's skewness.
    ``kish_*`` = (sum x)^2/sum x^2; ``share_*`` = the largest item's share of the sum.
    """

    n: int
    n_clusters: int
    df: float
    theta: TwoMeans
    cov: Cov
    core_theta: TwoMeans
    core_cov: Cov
    w: float
    bounded: bool
    nonnegative: bool
    guard01: Proportion | None
    guard10: Proportion | None
    j_cov: Cov
    j_third: Moments3
    kish_a: float
    kish_b: float
    share_a: float
    share_b: float


def paired_means(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    *,
    bounded: bool = False,
    draws: npt.ArrayLike | None = None,
    effective_df: bool = False,
) -> PairedMeans:
    """Summarise two arms measured on the same items.

    Args:
        a: the treatment's item means over valid epochs, shape (n,), no NaN (missing pairs are
            dropped before).
        b: the baseline's, aligned with ``a``.
        cluster: label of each item; None = independent items. Integer codes are fastest.
        bounded: scores in [0, 1]: add pseudo-items and the guard. Leave False for dollars and
            seconds.
        draws: epochs behind each item (the smaller of the two arms'), for the guard; None = one
            each.
        effective_df: t has G* - 1 degrees of freedom (:func:`effective_clusters`), as verdicts
            need where clusters are unequal; else the textbook's G - 1. Equal clusters: the same.

    Raises:
        ValueError: lengths differ, no rows, NaN, or bounded scores outside [0, 1].
    """
    xa, xb = floats(a, "a"), floats(b, "b")
    n = len(xa)
    if len(xb) != n or n == 0:
        raise ValueError(f"paired arms need the same items: a has {n} rows, b has {len(xb)}")
    if bounded and (min(xa.min(), xb.min()) < 0 or max(xa.max(), xb.max()) > 1):
        raise ValueError("bounded scores must lie in [0, 1]: pass bounded=False for other scales")
    codes, g = as_codes(cluster, n)
    if codes is None:
        sums_a, sums_b, sizes = xa, xb, np.ones(n)
    else:
        counts = np.bincount(codes).astype(np.float64)
        sums_a, sums_b = cluster_sums(xa, codes, counts), cluster_sums(xb, codes, counts)
        sizes = counts[counts > 0]
    theta, cov, ja, jb = _means(sums_a, sums_b, sizes)
    w, core_theta, core_cov = 0.0, theta, cov
    guard01 = guard10 = None
    if bounded:
        w = _pseudo_weight(xa - xb, cov, n, g)
        corners = np.array([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]) * (w / 2)
        core_theta, core_cov, _, _ = _means(
            np.append(sums_a, corners[:, 0]),
            np.append(sums_b, corners[:, 1]),
            np.append(sizes, np.full(4, w / 2)),
        )
        guard01 = proportion(np.maximum(xb - xa, 0), codes, draws, effective_df=effective_df)
        guard10 = proportion(np.maximum(xa - xb, 0), codes, draws, effective_df=effective_df)
    j_cov, j_third = _influence_moments(-ja, -jb)
    nonnegative = bool(min(xa.min(), xb.min()) >= 0)
    spread = (*_kish_share(xa), *_kish_share(xb))
    return PairedMeans(
        n,
        g,
        (effective_clusters(sizes) if effective_df else g) - 1.0,
        theta,
        cov,
        core_theta,
        core_cov,
        w,
        bounded,
        nonnegative,
        guard01,
        guard10,
        j_cov,
        j_third,
        spread[0],
        spread[2],
        spread[1],
        spread[3],
    )


def fixed_means(
    mean_a: npt.ArrayLike,
    var_a: npt.ArrayLike,
    epochs_a: npt.ArrayLike,
    mean_b: npt.ArrayLike,
    var_b: npt.ArrayLike,
    epochs_b: npt.ArrayLike,
) -> PairedMeans:
    """Summarise two arms whose items are the whole population, so that only sampling noise counts.

    Per item: mean over epochs, variance over epochs (ddof=1) and epochs >= 2. Var = sum(s^2/K)/n^2
    in each arm, arms independent, z intervals (df infinite), no pseudo-items or guard. Zero
    variance is legitimate: a deterministic model on a named benchmark has an exact score.

    Raises:
        ValueError: an item has fewer than two epochs (no noise can be estimated), or shapes differ.
    """
    ma, mb = floats(mean_a, "mean_a"), floats(mean_b, "mean_b")
    va, vb = floats(var_a, "var_a"), floats(var_b, "var_b")
    ka, kb = floats(epochs_a, "epochs_a"), floats(epochs_b, "epochs_b")
    n = len(ma)
    if n == 0 or any(len(x) != n for x in (mb, va, vb, ka, kb)):
        raise ValueError("fixed_means needs six arrays of one length, one entry for each item")
    if min(ka.min(), kb.min()) < 2:
        raise ValueError("population: fixed needs at least 2 epochs for each item: raise `epochs`")
    theta = (float(ma.mean()), float(mb.mean()))
    cov = (float((va / ka).sum()) / n**2, 0.0, float((vb / kb).sum()) / n**2)
    nonnegative = bool(min(ma.min(), mb.min()) >= 0)
    spread = (*_kish_share(ma), *_kish_share(mb))
    return PairedMeans(
        n,
        n,
        math.inf,
        theta,
        cov,
        theta,
        cov,
        0.0,
        False,
        nonnegative,
        None,
        None,
        cov,
        (0.0, 0.0, 0.0, 0.0),
        spread[0],
        spread[2],
        spread[1],
        spread[3],
    )


def linear_ci(
    pm: PairedMeans, c: TwoMeans = (1.0, -1.0), alpha: float = 0.05, const: float = 0.0
) -> Interval:
    """Return the core interval of ``c . theta - const``: estimate +- t * sqrt(c'Vc), with
    pseudo-items but without the guard.
    """
    est = c[0] * pm.theta[0] + c[1] * pm.theta[1] - const
    centre = c[0] * pm.core_theta[0] + c[1] * pm.core_theta[1] - const
    half = _half(pm, contrast_var(pm.core_cov, c), alpha)
    return _interval(pm, est, centre - half, centre + half, alpha, "jackknife-t")


def fieller_ci(pm: PairedMeans, alpha: float = 0.05) -> Interval:
    """Return the core interval of the ratio a/b by Fieller's quadratic.

    (-inf, inf) where b may be zero.
    """
    lo, hi = fieller(pm.core_theta, pm.core_cov, t_crit(alpha, pm.df))
    return _interval(
        pm,
        _ratio(pm.theta),
        *_ratio_bounds(pm, lo, hi),
        alpha,
        "fieller",
        _ratio_reasons(pm, lo, hi),
    )


def paired_ci(
    pm: PairedMeans, c: TwoMeans = (1.0, -1.0), alpha: float = 0.05, const: float = 0.0
) -> Interval:
    """Return the final interval of a contrast ``c . theta - const``.

    The difference a - b by default.

    Every threshold claim "a >= R*b + c0" is the contrast (1, -R) with ``const=c0`` against 0: no
    division, so no small-denominator failure. Bounded scores: hull of the core interval and both
    guard tilts, clipped to what scores in [0, 1] can give.
    """
    core = linear_ci(pm, c, alpha, const)
    tilts = [c[0] * x + c[1] * y - const for x, y in _tilts(pm, alpha)]
    if not tilts:
        return core
    floor = min(c[0], 0.0) + min(c[1], 0.0) - const
    ceiling = max(c[0], 0.0) + max(c[1], 0.0) - const
    lo, hi = max(min(core.lo, *tilts), floor), min(max(core.hi, *tilts), ceiling)
    return _interval(pm, core.est, lo, hi, alpha, "jackknife-t+guard")


def ratio_ci(pm: PairedMeans, alpha: float = 0.05) -> Interval:
    """Return the final interval of a/b: Fieller, and for bounded scores the hull with both guard
    tilts.
    """
    return _guarded_ratio(pm, pm.theta, pm.core_theta, _tilts(pm, alpha), alpha, "")


def error_ratio_ci(pm: PairedMeans, alpha: float = 0.05) -> Interval:
    """Return the final interval of the error ratio E = (1-a)/(1-b): Fieller on the errors, hull
    with the tilts.
    """
    if not pm.bounded and not math.isinf(pm.df):
        raise ValueError("an error ratio needs scores in [0, 1]: build with bounded=True")
    tilts = [(1 - x, 1 - y) for x, y in _tilts(pm, alpha)]
    flip = (1 - pm.theta[0], 1 - pm.theta[1])
    return _guarded_ratio(
        pm, flip, (1 - pm.core_theta[0], 1 - pm.core_theta[1]), tilts, alpha, "errors-"
    )


def difference_ci(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    alpha: float = 0.05,
    draws: npt.ArrayLike | None = None,
) -> Interval:
    """Return the difference a - b of scores in [0, 1] in one call (see :func:`paired_ci`)."""
    return paired_ci(paired_means(a, b, cluster, bounded=True, draws=draws), alpha=alpha)


def fieller(theta: TwoMeans, cov: Cov, t: float) -> TwoMeans:
    """Return the roots of (b^2-t^2Vbb)R^2 - 2(ab-t^2Vab)R + (a^2-t^2Vaa) <= 0.

    (-inf, inf) where b^2 <= t^2Vbb.
    """
    if not math.isfinite(t) or theta[1] ** 2 <= t * t * cov[2]:
        return -math.inf, math.inf
    qa = theta[1] ** 2 - t * t * cov[2]
    qb = theta[0] * theta[1] - t * t * cov[1]
    qc = theta[0] ** 2 - t * t * cov[0]
    root = math.sqrt(max(qb * qb - qa * qc, 0.0))
    return (qb - root) / qa, (qb + root) / qa


def contrast_var(cov: Cov, c: TwoMeans) -> float:
    """Return c'Vc, never below 0; infinite where the variance is unknown (one cluster)."""
    if math.isinf(cov[0]) or math.isinf(cov[2]):
        return math.inf
    return max(c[0] ** 2 * cov[0] + 2 * c[0] * c[1] * cov[1] + c[1] ** 2 * cov[2], 0.0)


def _means(
    sums_a: FloatArray, sums_b: FloatArray, sizes: FloatArray
) -> tuple[TwoMeans, Cov, FloatArray, FloatArray]:
    if len(sizes) < 2:  # one cluster: nothing to leave out, so no variance is known
        theta = (float(sums_a.sum() / sizes.sum()), float(sums_b.sum() / sizes.sum()))
        return theta, (math.inf, 0.0, math.inf), np.zeros(len(sizes)), np.zeros(len(sizes))
    mean_a, ja = influence(sums_a, sizes)
    mean_b, jb = influence(sums_b, sizes)
    g = len(sizes)
    cov = (jackknife_var(ja), (g - 1) / g * dot(ja, jb), jackknife_var(jb))
    return (mean_a, mean_b), cov, ja, jb


def _pseudo_weight(d: FloatArray, cov: Cov, n: int, g: int) -> float:
    """clip(Var_cluster(d)/Var_iid(d), 1, mean cluster size); the mean size where Var_iid is 0."""
    mean_size = n / g
    if g == n or g < 2:
        return 1.0 if g == n else mean_size
    iid = float(d.var(ddof=1)) / n
    if iid <= 1e-18:
        return mean_size
    return min(max(contrast_var(cov, (1.0, -1.0)) / iid, 1.0), mean_size)


def _influence_moments(ua: FloatArray, ub: FloatArray) -> tuple[Cov, Moments3]:
    ca, cb = ua - ua.mean(), ub - ub.mean()
    g = len(ca)
    aa, ab, bb = ca * ca, ca * cb, cb * cb
    second = (float(aa.sum()) / g, float(ab.sum()) / g, float(bb.sum()) / g)
    return second, (dot(aa, ca) / g, dot(aa, cb) / g, dot(bb, ca) / g, dot(bb, cb) / g)


def _kish_share(x: FloatArray) -> TwoMeans:
    total, squares = float(x.sum()), dot(x, x)
    if total <= 0 or squares <= 0:
        return math.inf, 0.0
    return total * total / squares, float(x.max()) / total


def _half(pm: PairedMeans, var: float, alpha: float) -> float:
    t = t_crit(alpha, pm.df)
    return math.inf if math.isinf(t) or math.isinf(var) else t * math.sqrt(var)


def _tilts(pm: PairedMeans, alpha: float) -> list[TwoMeans]:
    """The two means if unseen disagreements existed at their Wilson upper bounds, one direction at
    a time.
    """
    if pm.guard01 is None or pm.guard10 is None:
        return []
    d01 = pm.guard01.upper(alpha) - pm.guard01.mean
    d10 = pm.guard10.upper(alpha) - pm.guard10.mean
    a, b = pm.theta
    return [(a * (1 - d01), b * (1 - d01) + d01), (a * (1 - d10) + d10, b * (1 - d10))]


def _ratio(theta: TwoMeans) -> float | None:
    return theta[0] / theta[1] if theta[1] != 0 else None


def _ratio_bounds(pm: PairedMeans, lo: float, hi: float) -> TwoMeans:
    """A ratio of non-negative quantities is not negative; an unbounded set stays (-inf, inf), as it
    says nothing.
    """
    if pm.nonnegative and (math.isfinite(lo) or math.isfinite(hi)):
        return max(lo, 0.0), max(hi, 0.0)
    return lo, hi


def _ratio_reasons(
    pm: PairedMeans, lo: float, hi: float, denominator: float | None = None
) -> tuple[str, ...]:
    if (pm.theta[1] if denominator is None else denominator) == 0:
        return ("denominator_zero",)
    return () if math.isfinite(lo) and math.isfinite(hi) else ("denominator_near_zero",)


def _guarded_ratio(
    pm: PairedMeans,
    theta: TwoMeans,
    core: TwoMeans,
    tilts: list[TwoMeans],
    alpha: float,
    prefix: str,
) -> Interval:
    lo, hi = fieller(core, pm.core_cov, t_crit(alpha, pm.df))
    for x, y in tilts:
        value = x / y if y > 1e-12 else math.inf
        lo, hi = min(lo, value), max(hi, value)
    if theta[1] <= 1e-12 and pm.nonnegative:
        lo, hi = -math.inf, math.inf
    reasons = _ratio_reasons(pm, lo, hi, 0.0 if abs(theta[1]) <= 1e-12 else theta[1])
    est = None if reasons == ("denominator_zero",) else _ratio(theta)
    method = f"{prefix}fieller+guard" if tilts else f"{prefix}fieller"
    return _interval(pm, est, *_ratio_bounds(pm, lo, hi), alpha, method, reasons)


def _interval(
    pm: PairedMeans,
    est: float | None,
    lo: float,
    hi: float,
    alpha: float,
    method: str,
    reasons: tuple[str, ...] = (),
) -> Interval:
    return Interval(est, lo, hi, 1 - alpha, method, pm.n, pm.n_clusters, None, pm.df, reasons)
