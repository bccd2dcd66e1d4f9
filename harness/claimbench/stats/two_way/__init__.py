"""A mean over items and wordings of the prompt, both drawn from more like them.

Wordings are a random effect: who asks the same in other words gets another accuracy, and an
interval over one wording does not hold it. With scores ``x[i, t]`` of item i under wording t, the
mean over both has the variance of the items (clusters, delete-one jackknife of the item means over
wordings) plus that of the wordings (sample variance of the wording means over T).
Their sum counts the interaction twice (Owen 2007, "The pigeonhole bootstrap", Ann. Appl. Stat.
1(2), section 3; Cameron, Gelbach & Miller 2011 subtract it), so it is never too small. Quantiles
are those of t with one degree of freedom less than there are wordings (Satterthwaite's, which are
more, held too seldom: .927 at three wordings that spread far). Two wordings leave one degree of
freedom: the interval is mostly too wide to decide anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray
from claimbench.stats.intervals import (
    Interval,
    cluster_codes,
    cluster_sums,
    effective_clusters,
    influence,
    jackknife_var,
    t_crit,
)


@dataclass(frozen=True, slots=True)
class OverWordings:
    """The mean, its two variances, and the standard deviation of the wordings' means."""

    mean: float
    var_items: float
    var_wordings: float
    spread: float
    n: int
    n_clusters: int
    n_wordings: int
    worth: float


def over_wordings(
    scores: npt.ArrayLike, cluster: npt.ArrayLike | None = None
) -> OverWordings | None:
    """Summarise scores of shape (items, wordings); items without every score are left out.

    None for fewer than two wordings, two items or two clusters.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        return None
    whole = ~np.isnan(x).any(axis=1)
    x = x[whole]
    n, wordings = x.shape
    if n < 2:
        return None
    codes = np.arange(n) if cluster is None else cluster_codes(np.asarray(cluster)[whole])
    sizes = np.bincount(codes).astype(np.float64)
    if len(sizes) < 2:
        return None
    item_means: FloatArray = x.mean(axis=1)
    mean, changes = influence(cluster_sums(item_means, codes), sizes)
    of_wording = x.mean(axis=0)
    between = float(of_wording.var(ddof=1))
    return OverWordings(
        mean,
        jackknife_var(changes),
        between / wordings,
        math.sqrt(between),
        n,
        len(sizes),
        wordings,
        effective_clusters(sizes),
    )


def over_wordings_ci(found: OverWordings, alpha: float = 0.05, *, least: float = 0.0) -> Interval:
    """Return the interval of the mean over items and wordings, cut to [``least``, 1]; of
    differences ``least`` is -1.
    """
    total = found.var_items + found.var_wordings
    df = float(min(found.n_wordings - 1, found.worth - 1))
    half = t_crit(alpha, max(df, 1.0)) * math.sqrt(total)
    return Interval(
        found.mean,
        max(found.mean - half, least),
        min(found.mean + half, 1.0),
        1 - alpha,
        "items-and-wordings",
        found.n,
        found.n_clusters,
        None,
        df,
    )
