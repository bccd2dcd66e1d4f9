"""How many more items a claim needs: from an inconclusive interval, from a planned effect, and for
epochs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claimbench.stats.distributions import normal_cdf, normal_quantile, t_quantile
from claimbench.stats.intervals import Interval, floats, z_crit
from claimbench.stats.root_finding import brentq

DISPLAY_CAP = 20
"""N-more is shown up to this multiple of the present n ("more than 20x")."""


@dataclass(frozen=True, slots=True)
class NMore:
    """Further items for a decision with the stated power if the true effect is what was estimated.

    ``low``..``high`` is the range for the estimate one standard error further from and nearer to
    the threshold; ``high`` is None where that reaches the threshold ("may never resolve").
    ``n_more`` is None where the estimate sits on the threshold or the interval has no finite width.
    ``capped`` = beyond 20 times the present n.
    """

    n_more: int | None
    low: int | None
    high: int | None
    capped: bool


def n_more(
    interval: Interval, threshold: float, *, alpha: float | None = None, power: float = 0.8
) -> NMore:
    """Estimate the "needs about N more" of a verdict: n * (half width / gap)^2 * ((z_a +
    z_power)/z_a)^2 - n.

    ``alpha`` is the level of the final decision, by default the interval's own (so a 99.5 %
    interval plans for 99.5 %). Clusters are taken to grow with items. The plug-in gap is optimistic
    for small gaps (it was chosen by luck as much as by truth), hence the range.
    """
    if interval.est is None or not interval.bounded or interval.half_width == 0:
        return NMore(None, None, None, True)
    half, gap = interval.half_width, abs(interval.est - threshold)
    shown = z_crit(1 - interval.level)
    needed = shown if alpha is None else z_crit(alpha)
    factor = ((needed + normal_quantile(power)) / shown) ** 2
    se = half / shown

    def more(distance: float) -> int | None:
        if distance <= 1e-12 * max(1.0, abs(threshold)):
            return None
        return max(0, math.ceil(interval.n * (half / distance) ** 2 * factor - interval.n - 1e-9))

    best = more(gap)
    return NMore(
        best, more(gap + se), more(gap - se), best is None or best > DISPLAY_CAP * interval.n
    )


def t_power(n: float, effect: float, alpha: float = 0.05) -> float:
    """Return the power of the two-sided paired t test with ``n`` items at standardised ``effect``
    (mean/sd); both tails count.
    """
    if n < 2:
        return 0.0
    df, shift = n - 1, abs(effect) * math.sqrt(n)
    crit = -t_quantile(alpha / 2, df)
    normal = normal_cdf(shift - crit) + normal_cdf(-shift - crit)
    if df > 5_000 or (
        df > 30 and shift > crit + 6
    ):  # nctdtr fails far out, where the normal is exact to 1e-4
        return normal
    from scipy import special  # a quarter of a second to import, and only planning needs it

    exact = float(1 - special.nctdtr(df, shift, crit) + special.nctdtr(df, shift, -crit))
    return normal if math.isnan(exact) else exact


def items_needed(
    gap: float, sd: float, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> int | None:
    """Return the items for ``power`` when the truth lies ``gap`` from the threshold and paired
    differences have ``sd``.

    Equal to statsmodels' ``TTestPower().solve_power``, times the design effect of clustering; None
    where gap is 0. For dollars, pass gap and sd of the contrast a - R*b.
    """
    if gap == 0:
        return None
    if sd <= 0:
        return 2
    effect = abs(gap) / sd
    high = 4.0
    while t_power(high, effect, alpha) < power:
        high *= 2
    if t_power(2.0, effect, alpha) >= power:
        return math.ceil(2 * design_effect)
    n = brentq(lambda x: t_power(x, effect, alpha) - power, 2.0, high, xtol=1e-6)
    return math.ceil(n * design_effect - 1e-6)


def items_needed_accuracy(
    gap: float,
    disagree: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    design_effect: float = 1.0,
) -> int | None:
    """Return :func:`items_needed` for accuracies: sd = sqrt(share of pairs that disagree)."""
    return items_needed(
        gap, math.sqrt(disagree), power=power, alpha=alpha, design_effect=design_effect
    )


def resolvable_gap(
    n: int, sd: float, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1.0
) -> float | None:
    """Return the smallest gap from the threshold that ``n`` items resolve with ``power``.

    None below 3 effective items.
    """
    n_eff = n / design_effect
    if n_eff < 3:
        return None
    high = 1.0
    while t_power(n_eff, high, alpha) < power:
        high *= 2
    return sd * brentq(lambda e: t_power(n_eff, e, alpha) - power, 0.0, high, xtol=1e-9)


def items_all_agree(margin: float, alpha: float = 0.05) -> int:
    """Return the items for non-inferiority at ``margin`` when the arms agree on every item: z^2
    (1-margin)/margin.
    """
    return math.ceil(z_crit(alpha) ** 2 * (1 - margin) / margin)


@dataclass(frozen=True, slots=True)
class Components:
    """Variance between items (omega^2) and within an item between epochs (sigma^2) of one score."""

    between: float
    within: float


def variance_components(
    means: npt.ArrayLike, variances: npt.ArrayLike, epochs: npt.ArrayLike
) -> Components | None:
    """Estimate components by the method of moments from per-item mean, variance (ddof=1) and
    epochs.

    Items with one epoch inform only the total; None where no item has two epochs, or fewer than two
    items exist.
    """
    m, v, k = (
        floats(means, "means"),
        np.asarray(variances, dtype=np.float64),
        floats(epochs, "epochs"),
    )
    repeated = k >= 2
    if len(m) < 2 or not repeated.any():
        return None
    weights = k[repeated] - 1
    within = float((v[repeated] * weights).sum() / weights.sum())
    between = max(0.0, float(m.var(ddof=1)) - within * float((1 / k).mean()))
    return Components(between, within)


def optimal_epochs(parts: Components, item_cost: float, call_cost: float) -> int:
    """Return the cost-optimal epochs K = sqrt((c_item/c_call) * sigma^2/omega^2), at least 1.
    Default is 1: add items first.

    ``item_cost`` = what one more item costs beside its calls (writing and labelling it), in the
    unit of ``call_cost``.
    """
    if parts.within <= 0 or item_cost <= 0:
        return 1
    if parts.between <= 0 or call_cost <= 0:
        raise ValueError(
            "without variance between items, or with free calls, more epochs always pay: set them"
            " by hand"
        )
    return max(1, round(math.sqrt(item_cost / call_cost * parts.within / parts.between)))
