"""Do two runs answer alike? A permutation test of their answers within each sample.

If nothing changed between the runs, it is chance which of a sample's answers stands in which run:
they are exchangeable. The statistic is the mean distance between an answer of one run and one of
the other; its law under the hypothesis is that of dealing each sample's answers to the runs anew
(Fisher 1935; of distances: Mielke & Berry 2007). So the test has its level for any model, any kind
of answer and any number of repeats; with one answer in each run there is nothing to deal.

Where neither run repeats, the answers of the runs between are dealt as well, and the statistic
stays the distance between BASE's answer and NEW's: one of two nights that lie beside each other by
chance alone. So the runs between only say how far apart two nights lie. They are never taken for
BASE's: a model that changed some nights ago keeps differing from BASE, and one that changed and
came back does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from claimbench.stats import FloatArray, IntArray

DRAWS = 9_999
MOST_DRAWS = 99_999
MOST_DEALS = 2_000
"""Ways to deal a sample's answers up to which all are listed, and one is drawn by its number."""
TIE = 1e-9


@dataclass(frozen=True)
class Deal:
    """One sample's answers: their distances (k, k), of which the first ``n_base`` are BASE's and
    the next ``n_new`` NEW's; what is left comes from runs between, of which there are none where
    either run repeats.
    """

    distance: FloatArray
    n_base: int
    n_new: int

    def __post_init__(self) -> None:
        """Refuse answers of runs between beside repeats: nobody deals them."""
        if self.others and max(self.n_base, self.n_new) > 1:
            raise ValueError("answers of runs between are dealt with one answer in BASE and in NEW")

    @property
    def others(self) -> int:
        """Return how many answers come from runs between."""
        return len(self.distance) - self.n_base - self.n_new

    @property
    def tells(self) -> bool:
        """Return whether dealing anew could change anything: three answers, at least."""
        return min(self.n_base, self.n_new) > 0 and len(self.distance) >= 3


@dataclass(frozen=True)
class Exchange:
    """The mean distance between runs, what dealing at random would give, and the one-sided p."""

    observed: float
    expected: float
    n: int
    p: float


def exchange_test(
    deals: Sequence[Deal], rng: np.random.Generator, draws: int = DRAWS
) -> Exchange | None:
    """Test whether answers of two runs are exchangeable within samples; None where none repeats.

    p = (1 + #{dealt >= observed}) / (1 + draws), so that it never errs below its level
    (Phipson & Smyth 2010). One-sided: a change makes the runs differ more, not less.
    """
    telling = [deal for deal in deals if deal.tells]
    if not telling:
        return None
    observed = expected = 0.0
    dealt = np.zeros(draws)
    for deal in telling:
        distance, k = deal.distance, len(deal.distance)
        pairs = deal.n_base * deal.n_new
        mean = float(distance.sum()) / (k * (k - 1))
        both = deal.n_base + deal.n_new
        here = float(distance[: deal.n_base, deal.n_base : both].sum()) / pairs
        observed += here
        expected += mean
        if np.ptp(distance[~np.eye(k, dtype=np.bool_)]) <= TIE:
            dealt += mean  # all alike, or all different: every deal is the same
        elif deal.others:
            dealt += _of_two(distance, draws, rng)
        else:
            chosen = _deals(k, min(deal.n_base, deal.n_new), draws, rng)
            dealt += _between(distance, chosen) / pairs
    n = len(telling)
    p = (1 + int((dealt >= observed - TIE * max(n, 1)).sum())) / (1 + draws)
    return Exchange(observed / n, expected / n, n, p)


def _deals(k: int, size: int, draws: int, rng: np.random.Generator) -> IntArray:
    """Return ``draws`` random subsets of ``size`` of ``k`` answers, shape (draws, size)."""
    if math.comb(k, size) <= MOST_DEALS:
        every = np.asarray(list(combinations(range(k), size)), dtype=np.intp)
        return every[rng.integers(0, len(every), draws)]
    return np.argpartition(rng.random((draws, k)), size - 1, axis=1)[:, :size].astype(np.intp)


def _of_two(distance: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return the distances of ``draws`` random pairs of answers."""
    every = distance[np.triu_indices(len(distance), 1)]
    return np.asarray(every[rng.integers(0, len(every), draws)], dtype=np.float64)


def _between(distance: FloatArray, chosen: IntArray) -> FloatArray:
    """Return, of each subset, the sum of distances from its members to all others."""
    to_all = distance.sum(axis=1)[chosen].sum(axis=1)
    inside = distance[chosen[:, :, None], chosen[:, None, :]].sum(axis=(1, 2))
    return np.asarray(to_all - inside, dtype=np.float64)
