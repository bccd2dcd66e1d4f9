"""What every statistical engine shares: the interval type, cluster sums, t quantiles, verdict and p
by inversion.

Pure functions of arrays. Formulas: docs/method_stats.md. Unknown bounds are infinite, never NaN; an
estimate that does not exist (a ratio over zero) is ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray, IntArray
from claimbench.stats.distributions import normal_cdf, normal_quantile, t_cdf, t_quantile

Direction = Literal[">=", "<="]
Decision = Literal["supported", "refuted", "inconclusive"]

P_FLOOR = 1e-15
"""The smallest p that :func:`p_by_inversion` reports; below it the tails of no engine here mean
anything.
"""


@dataclass(frozen=True, slots=True)
class Interval:
    """One estimate with its two-sided confidence interval.

    ``est`` is None where the quantity does not exist (a ratio over zero); ``lo``/``hi`` are then
    infinite. ``level`` is the confidence level actually used (0.995 where the tail guard acts).
    ``n`` counts items (or rows for quantiles), ``n_eff`` the independent draws they are worth where
    the engine computes it. ``df`` is the t distribution's degrees of freedom, None where the
    interval uses none. ``reasons`` are reason codes, in the order they arose.
    """

    est: float | None
    lo: float
    hi: float
    level: float
    method: str
    n: int
    n_clusters: int
    n_eff: float | None = None
    df: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def bounded(self) -> bool:
        """Return whether both ends are finite."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def half_width(self) -> float:
        """Return half the distance between the ends; infinite where an end is."""
        return (self.hi - self.lo) / 2


def z_crit(alpha: float) -> float:
    """Return the two-sided normal critical value, 1.96 at alpha = .05."""
    return -normal_quantile(alpha / 2)


def t_crit(alpha: float, df: float) -> float:
    """Return the two-sided t critical value.

    Normal where ``df`` is infinite, infinite where ``df`` < 1.
    """
    if df < 1:
        return math.inf
    return z_crit(alpha) if math.isinf(df) else -t_quantile(alpha / 2, df)


def t_two_sided_p(t: float, df: float) -> float:
    """Return the two-sided p of a t statistic (normal where ``df`` is infinite)."""
    if df < 1:
        return 1.0
    return 2 * (normal_cdf(-abs(t)) if math.isinf(df) else t_cdf(-abs(t), df))


def cluster_codes(labels: npt.ArrayLike) -> IntArray:
    """Return the dense integer codes (0..G-1) of cluster labels of any type.

    Compute them once and pass them to every engine: coding 100,000 strings costs more than an
    interval.
    """
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.intp)


def effective_clusters(sizes: npt.ArrayLike) -> float:
    """Return how many equal clusters unequal ones are worth: G* = (sum m)^2 / sum m^2.

    Equal to G where all ``sizes`` m are equal; 0 without any. One cluster that holds a share s of
    the items leaves at most 1/s^2 (Carter, Schnepel & Steigerwald 2017, without their variance
    term).
    """
    m = np.asarray(sizes, dtype=np.float64)
    m = m[m > 0]
    if len(m) == 0:
        return 0.0
    if m.min() == m.max():
        return float(len(m))
    return float(m.sum()) ** 2 / dot(m, m)


def as_codes(cluster: npt.ArrayLike | None, n: int) -> tuple[IntArray | None, int]:
    """Return ``(codes, G)`` for ``n`` rows; codes are None where every row is its own cluster.

    Integer labels in 0..10n are taken as they are (empty codes do not count); anything else goes
    through :func:`cluster_codes`.

    Raises:
        ValueError: the labels do not match the rows.
    """
    if cluster is None:
        return None, n
    raw = np.asarray(cluster)
    if raw.shape != (n,):
        raise ValueError(f"cluster has shape {raw.shape}, expected ({n},): one label for each row")
    cheap = n > 0 and raw.dtype.kind in "iu" and int(raw.min()) >= 0 and int(raw.max()) <= 10 * n
    codes = raw.astype(np.intp) if cheap else cluster_codes(raw)
    used = int(np.count_nonzero(np.bincount(codes))) if n else 0
    return (None, n) if used == n else (codes, used)


def cluster_sums(
    x: FloatArray, codes: IntArray | None, sizes: FloatArray | None = None
) -> FloatArray:
    """Return the sums of ``x`` by cluster.

    With ``sizes`` (rows by code) the empty codes are left out.
    """
    if codes is None:
        return x
    sums = np.asarray(np.bincount(codes, weights=x), dtype=np.float64)
    return sums if sizes is None else sums[sizes > 0]


def dot(x: FloatArray, y: FloatArray) -> float:
    """Return the sum of products without BLAS: same bits at any thread count, and no threads to
    wait for on a busy machine.
    """
    return float(np.einsum("i,i->", x, y))


def influence(sums: FloatArray, sizes: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean and its delete-one-cluster changes ``J_g = theta_(-g) - theta`` (shape (G,)).

    Written as (theta*m_g - S_g)/(M - m_g): the same number without the cancellation.
    """
    total = float(sizes.sum())
    theta = float(sums.sum()) / total
    return theta, (theta * sizes - sums) / (total - sizes)


def jackknife_var(j: FloatArray) -> float:
    """Return the CV3 variance (G-1)/G * sum J^2 of the changes in :func:`influence`."""
    g = len(j)
    return (g - 1) / g * dot(j, j)


def floats(x: npt.ArrayLike, name: str) -> FloatArray:
    """Return ``x`` as a 1-d float array without NaN.

    Raises:
        ValueError: another shape, or a NaN (missing rows are dropped by the caller, who counts
            them).
    """
    out = np.asarray(x, dtype=np.float64)
    if out.ndim != 1:
        raise ValueError(f"{name} has shape {out.shape}, expected one dimension")
    if np.isnan(out).any():
        raise ValueError(f"{name} holds NaN: drop missing rows before, and report how many")
    return out


def verdict(lo: float, hi: float, threshold: float, direction: Direction) -> Decision:
    """Read the decision off a displayed interval.

    ``>=``: supported if lo >= threshold, refuted if hi < threshold; ``<=`` is its mirror image. So
    each direction is wrong at most alpha/2 of the time.
    """
    if direction == ">=":
        return "supported" if lo >= threshold else "refuted" if hi < threshold else "inconclusive"
    return "supported" if hi <= threshold else "refuted" if lo > threshold else "inconclusive"


def p_by_inversion(
    interval_at: Callable[[float], Interval], threshold: float, alpha: float = 0.05
) -> float:
    """Return the two-sided p of ``threshold``: the smallest alpha whose interval excludes it.

    Bisection on log alpha to 1e-9 relative, within the side of ``alpha`` where the displayed
    interval puts it: p <= ``alpha`` exactly when ``interval_at(alpha)`` excludes the threshold.
    (Engines are nested in alpha, except clustered quantiles, whose floored effective n steps; there
    p could otherwise contradict what is displayed.) 1.0 where even alpha near 1 does not exclude
    it, :data:`P_FLOOR` where alpha = P_FLOOR still does.
    """

    def excluded(at: float) -> bool:
        found = interval_at(at)
        return not found.lo <= threshold <= found.hi

    low, high, middle = math.log(P_FLOOR), math.log(1 - 1e-9), math.log(alpha)
    if excluded(alpha):
        if excluded(P_FLOOR):
            return P_FLOOR
        high = middle
    else:
        if not excluded(math.exp(high)):
            return 1.0
        low = middle
    while high - low > 1e-9:
        middle = (low + high) / 2
        if excluded(math.exp(middle)):
            high = middle
        else:
            low = middle
    return min(math.exp(high), alpha) if high <= math.log(alpha) else math.exp(high)


def holm(p: npt.ArrayLike, alpha: float = 0.05) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Adjust p-values by Holm's step-down: ``(adjusted p, rejected)`` in the order given.

    The family is what is passed.
    """
    raw = np.asarray(p, dtype=np.float64)
    if raw.size == 0:
        return raw, np.zeros(0, dtype=bool)
    order = np.argsort(raw, kind="stable")
    steps = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted, adjusted <= alpha


def delta_star(interval: Interval) -> float:
    """Return the smallest non-inferiority margin the data support for a difference: max(0, -lo)."""
    return max(0.0, -interval.lo)


def size_reasons(n: int, n_clusters: float, *, few_ok: bool = True) -> tuple[str, ...]:
    """Return the codes of the hard minimum for a decision: n >= 20 items.

    G >= 12, or 6..11 with a flag; G may be effective (:func:`effective_clusters`).

    ``n_too_small`` forbids any decision; ``few_clusters`` only warns (and forbids where ``few_ok``
    is false).
    """
    if n < 20 or n_clusters < 6 or (n_clusters < 12 and not few_ok):
        return ("n_too_small",)
    return ("few_clusters",) if n_clusters < 12 else ()
