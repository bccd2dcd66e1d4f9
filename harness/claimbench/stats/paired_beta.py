"""A paired beta model of two arms that are right or wrong on the same items: how probable is a
difference, given the four counts?

The four outcomes (both right, only A, only B, both wrong) have a Dirichlet prior of 1/2 each
(Jeffreys), as Bowyer et al. (2025) advise for small samples. Their posterior shares are independent
gamma variables over their sum, so that any statement linear in the shares asks for the sign of a
weighted sum of gammas; it is found exactly, by inverting the characteristic function (Gil-Pelaez
1951, Imhof 1961). No random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from claimbench.stats.arrays import FloatArray

PRIOR = 0.5
"""Jeffreys' prior counts of each outcome."""
STEPS = 8_000
"""Points of the quadrature, equal steps in the logarithm: errors stay below 1e-6."""
EDGE = 22.0
"""Logarithm of the largest and smallest frequency, where what is cut off is below 1e-8."""


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Count the items on which both arms are right, only one of them, or neither."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """Return the number of items."""
        return self.both + self.only_a + self.only_b + self.neither


def pair_counts(a: FloatArray, b: FloatArray) -> PairCounts | None:
    """Count outcomes of two arms on the same items; None unless every score is 0 or 1."""
    if not (np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()):
        return None
    right_a, right_b = a == 1, b == 1
    return PairCounts(
        int((right_a & right_b).sum()),
        int((right_a & ~right_b).sum()),
        int((~right_a & right_b).sum()),
        int((~right_a & ~right_b).sum()),
    )


def probability(
    counts: PairCounts, slopes: tuple[float, float], const: float = 0.0, prior: float = PRIOR
) -> float:
    """Return the posterior probability that ``slopes . (accuracy of A, of B) >= const``.

    (1, -1) with .03 asks whether A is better by at least 3 points; (1, -1.3) whether A is right
    1.3 times as often; (-1, E) with E - 1 whether A makes at most E of B's errors.
    """
    one, two = slopes
    weights = np.asarray([one + two, one, two, 0.0]) - const
    shapes = np.asarray([counts.both, counts.only_a, counts.only_b, counts.neither]) + prior
    used = np.abs(weights) > 1e-12
    if not used.any() or (weights[used] > 0).all():
        return 1.0
    if (weights[used] < 0).all():
        return 0.0
    w, k = weights[used] / np.abs(weights).max(), shapes[used]
    log_u = np.linspace(-EDGE, EDGE, STEPS)
    at = np.exp(log_u)[:, None] * w[None, :]
    phase = (np.arctan(at) * k).sum(axis=1)
    damping = (0.5 * np.log1p(at * at) * k).sum(axis=1)
    integral = float((np.sin(phase) * np.exp(-damping)).sum()) * (2 * EDGE / (STEPS - 1))
    return min(max(0.5 + integral / math.pi, 0.0), 1.0)
