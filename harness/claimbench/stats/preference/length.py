"""The win rate that two arms would have with answers of one length.

Each pair's share of the win is regressed on ``z = tanh(d / s)``, with ``d`` the difference of the
two lengths and ``s`` the standard deviation of the differences; the value at ``z = 0`` is the win
rate at equal length. The transform is that of length-controlled AlpacaEval (Dubois, Galambosi,
Liang & Hashimoto 2024, eq. 2); in place of its logistic model of one judge the model here is linear
in the share, so that ties and means over judges have their place. Its variance is the delete-one-
cluster jackknife (CV3), its quantiles those of t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray
from claimbench.stats.intervals import Interval, cluster_codes, effective_clusters, floats, t_crit

FEWEST = 20
"""Pairs below which nothing is regressed."""


@dataclass(frozen=True, slots=True)
class LengthFit:
    """The win rate at equal length, its jackknife variance, and how much of a win length itself is
    worth (``slope``: of the share, per unit of ``z``).
    """

    rate: float
    slope: float
    var: float
    n: int
    n_clusters: int
    worth: float


def at_equal_length(
    share: npt.ArrayLike, difference: npt.ArrayLike, cluster: npt.ArrayLike | None = None
) -> LengthFit | None:
    """Fit the win rate at equal length.

    Args:
        share: of the win, one per pair, in [0, 1].
        difference: length of the first answer less that of the second, any unit.
        cluster: label of each pair; None: independent pairs.

    Returns:
        None for fewer than :data:`FEWEST` pairs, for lengths that do not differ, where one arm's
        answers are nearly always the longer ones (the value at equal length would be a guess
        beyond the data), and where the fit without one cluster does not exist.
    """
    w, d = floats(share, "share"), floats(difference, "difference")
    n = len(w)
    if n < FEWEST:
        return None
    spread = float(d.std())
    if spread <= 0 or one_sided(d):
        return None
    z = np.tanh(d / spread)
    codes = np.arange(n) if cluster is None else cluster_codes(cluster)
    sizes = np.bincount(codes).astype(np.float64)
    whole = np.array([float(n), z.sum(), (z * z).sum(), w.sum(), (z * w).sum()])
    parts = np.stack(
        [np.bincount(codes, weights=one) for one in (np.ones(n), z, z * z, w, z * w)], axis=1
    )
    fit = _line(whole[None, :])
    left = _line(whole[None, :] - parts)
    if np.isnan(fit).any() or np.isnan(left).any() or len(sizes) < 2:
        return None
    g = len(sizes)
    changes = left[:, 0] - fit[0, 0]
    var = (g - 1) / g * float(np.einsum("i,i->", changes, changes))
    return LengthFit(float(fit[0, 0]), float(fit[0, 1]), var, n, g, effective_clusters(sizes))


def one_sided(difference: npt.ArrayLike) -> bool:
    """Tell whether one arm's answers are the longer ones in all but a twentieth of the pairs."""
    d = floats(difference, "difference")
    longer, shorter = float((d > 0).mean()), float((d < 0).mean())
    return max(longer, shorter) > 0.95


def _line(sums: FloatArray) -> FloatArray:
    """Return intercept and slope of least squares, one row per row of sums (n, z, zz, w, zw)."""
    n, sz, szz, sw, szw = sums.T
    det = n * szz - sz * sz
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.stack([(szz * sw - sz * szw) / det, (n * szw - sz * sw) / det], axis=1)
    found[det <= 1e-9 * np.maximum(n, 1.0) ** 2] = math.nan
    return np.asarray(found, dtype=np.float64)


def length_ci(fit: LengthFit, alpha: float = 0.05) -> Interval:
    """Return the interval of the win rate at equal length, cut to [0, 1]."""
    df = fit.worth - 1.0
    half = t_crit(alpha, df) * math.sqrt(fit.var)
    return Interval(
        min(max(fit.rate, 0.0), 1.0),
        max(fit.rate - half, 0.0),
        min(fit.rate + half, 1.0),
        1 - alpha,
        "length-controlled",
        fit.n,
        fit.n_clusters,
        None,
        df,
    )
