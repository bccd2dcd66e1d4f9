"""The paired beta model against brute force: sums over a fine grid of the Dirichlet's density, and
draws from it.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from claimbench.stats.paired_beta import PairCounts, pair_counts, probability

COUNTS = (
    PairCounts(15, 5, 2, 3),
    PairCounts(40, 12, 6, 20),
    PairCounts(20, 0, 0, 0),
    PairCounts(0, 0, 9, 21),
)
ASKED = (
    ((1.0, -1.0), 0.0),
    ((1.0, -1.0), 0.03),
    ((1.0, -1.0), -0.05),
    ((1.0, -1.3), 0.0),
    ((-1.0, 0.7), -0.3),
)


def by_grid(counts: PairCounts, margin: float) -> float:
    """P(A - B >= margin) by the midpoint rule: the share of pairs in which the arms differ, and of
    those the share that A wins, are independent beta variables.
    """
    differ = counts.only_a + counts.only_b + 1.0, counts.both + counts.neither + 1.0
    wins = counts.only_a + 0.5, counts.only_b + 0.5
    edges = np.linspace(0, 1, 4001)
    mass = np.diff(scipy_stats.beta.cdf(edges, *differ))
    middle = (edges[1:] + edges[:-1]) / 2
    return float((mass * scipy_stats.beta.sf((margin / middle + 1) / 2, *wins)).sum())


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("margin", [0.0, 0.03, -0.05, 0.2])
def test_differences_agree_with_a_grid(counts: PairCounts, margin: float) -> None:
    assert probability(counts, (1.0, -1.0), margin) == pytest.approx(
        by_grid(counts, margin), abs=2e-4
    )


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize(("slopes", "const"), ASKED)
def test_every_contrast_agrees_with_draws(
    counts: PairCounts, slopes: tuple[float, float], const: float
) -> None:
    shapes = np.asarray([counts.both, counts.only_a, counts.only_b, counts.neither]) + 0.5
    draws = np.random.default_rng(1).dirichlet(shapes, 200_000)
    a, b = draws[:, 0] + draws[:, 1], draws[:, 0] + draws[:, 2]
    share = float((slopes[0] * a + slopes[1] * b >= const).mean())
    assert probability(counts, slopes, const) == pytest.approx(share, abs=0.005)


def test_symmetry_and_edges() -> None:
    counts = PairCounts(30, 7, 7, 6)
    assert probability(counts, (1.0, -1.0)) == pytest.approx(0.5, abs=1e-6)
    swapped = probability(PairCounts(30, 3, 9, 6), (-1.0, 1.0))
    assert probability(PairCounts(30, 9, 3, 6), (1.0, -1.0)) == pytest.approx(swapped, abs=1e-9)
    assert probability(counts, (1.0, -1.0), -1.0) == 1.0
    assert probability(counts, (1.0, -1.0), 1.0) == 0.0


def test_only_right_or_wrong_scores_are_counted() -> None:
    a, b = np.asarray([1.0, 1.0, 0.0, 0.0]), np.asarray([1.0, 0.0, 1.0, 0.0])
    assert pair_counts(a, b) == PairCounts(1, 1, 1, 1)
    assert pair_counts(a, np.asarray([1.0, 0.5, 1.0, 0.0])) is None
