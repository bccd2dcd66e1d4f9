"""How sure a signed sum of clipped values is.

Between its ends a value follows its figure one to one, beyond them not at all, and at an end nobody
knows which. So the variance of a sum is the largest over all choices of the values that follow,
among those whose own interval reaches an end of the scale; values that lie wholly beyond follow
never, the others always. A jackknife of the clipped sum alone would call certain what merely lies
beyond an end in this sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from claimbench.stats.arrays import FloatArray
from claimbench.stats.distributions import t_cdf, t_quantile

MOST_UNSURE = 12
"""Values that may or may not follow, of which every choice is looked at; beyond, all errors are
taken to add up.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two totals, or of two arms' values, in points, with its interval."""

    est: float
    lo: float
    hi: float
    p: float


@dataclass(frozen=True)
class Part:
    """One arm's value of one criterion in a sum, before it is clipped to 0..1.

    ``factor``: its sign times its weight's share. ``without``: the value without each cluster.
    ``own``: ends of the figure's own interval on this scale; None where there is none. ``spread``:
    variance of the clipped value that no jackknife gives, for quantiles, which follow always.
    """

    criterion: int
    factor: float
    raw: float
    without: FloatArray
    own: tuple[float, float] | None = None
    spread: float = 0.0

    @property
    def value(self) -> float:
        """Return what it is worth, 0 to 1."""
        return min(max(self.raw, 0.0), 1.0)


def contrast(parts: Sequence[Part], paired: Mapping[int, float], alpha: float) -> Difference:
    """Return a signed sum of clipped values with its interval, in points.

    Args:
        parts: with the values without each cluster, all of the same clusters.
        paired: criterion -> half the own interval of the difference of two arms' values.
        alpha: of the interval.
    """
    est = 100 * sum(part.factor * part.value for part in parts)
    g = len(parts[0].without) if parts else 0
    if g < 2:
        return Difference(est, -100.0, 100.0, 1.0)
    t = t_quantile(1 - alpha / 2, g - 1)
    se = 100 * math.sqrt(_variance(parts, paired, t))
    lo, hi = max(est - t * se, -100.0), min(est + t * se, 100.0)
    return Difference(est, lo, hi, _two_sided(est, se, g - 1))


def _variance(parts: Sequence[Part], paired: Mapping[int, float], t: float) -> float:
    factors = np.array([part.factor for part in parts])
    moved = np.array([part.without for part in parts])
    g = moved.shape[1]
    moved = moved - moved.mean(axis=1, keepdims=True)
    cov = (g - 1) / g * (moved @ moved.T) * np.outer(factors, factors)
    spread = float(sum(part.factor**2 * part.spread for part in parts))
    errors = np.array([_error(part, cov[k, k], t) for k, part in enumerate(parts)])
    ways = [_follows(part, errors[k], t) for k, part in enumerate(parts)]
    if sum(len(way) > 1 for way in ways) > MOST_UNSURE:
        return float(errors[[1.0 in way for way in ways]].sum()) ** 2 + spread
    choices = np.array(list(product(*ways)))
    whole: FloatArray = np.einsum("mi,ij,mj->m", choices, cov, choices)
    for criterion in {part.criterion for part in parts if part.own is not None}:
        whole = whole + _unseen(criterion, parts, paired, choices, cov, errors, t)
    return max(float(whole.max()), 0.0) + spread


def _error(part: Part, variance: float, t: float) -> float:
    """Return the standard error of one part, at least that of the figure's own interval."""
    seen = math.sqrt(max(variance, 0.0))
    if part.own is None:
        return seen
    half = max(part.raw - part.own[0], part.own[1] - part.raw)
    return max(seen, abs(part.factor) * half / t)


def _follows(part: Part, error: float, t: float) -> tuple[float, ...]:
    """Return whether a value follows its figure: 1, 0, or either."""
    half = t * error / abs(part.factor) if part.factor else 0.0
    lo, hi = part.own or (part.raw - half, part.raw + half)
    if part.spread or 0 <= lo <= hi <= 1:
        return (1.0,)
    return (0.0,) if lo >= 1 or hi <= 0 else (0.0, 1.0)


def _unseen(
    criterion: int,
    parts: Sequence[Part],
    paired: Mapping[int, float],
    choices: FloatArray,
    cov: FloatArray,
    errors: FloatArray,
    t: float,
) -> FloatArray:
    """Return by how much a criterion's own interval is wider than the jackknife sees, as a
    variance, for each choice: that of the difference where both arms' values follow, else that of
    the one which does.
    """
    mine = [k for k, part in enumerate(parts) if part.criterion == criterion]
    chosen = choices[:, mine]
    plain: FloatArray = np.einsum("mi,ij,mj->m", chosen, cov[np.ix_(mine, mine)], chosen)
    own: FloatArray = (chosen * errors[mine] ** 2).sum(axis=1)
    if len(mine) == 2 and criterion in paired:
        both = abs(parts[mine[0]].factor) * paired[criterion] / t
        own = np.where(chosen.all(axis=1), both**2, own)
    return np.maximum(own - plain, 0.0)


def _two_sided(est: float, se: float, df: float) -> float:
    if se == 0:
        return 0.0 if est else 1.0
    return 2 * (1 - t_cdf(abs(est) / se, df))
