"""Strengths of three or more arms from their comparisons (Bradley & Terry 1952), by ``evalica``.

One tie is added to each pair of arms that met: without it an arm that never lost would be
infinitely strong, in the data or in a resample. Intervals: percentiles of a cluster bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.stats.arrays import FloatArray

DRAWS = 400
"""Resamples behind an interval."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """By arm: the chance to win against an arm of average strength, with both ends of its interval
    (None: too few clusters).
    """

    chance: Mapping[str, float]
    low: Mapping[str, float | None]
    high: Mapping[str, float | None]
    level: float
    n: int
    n_clusters: int
    seed: int


def bradley_terry(
    first: Sequence[str],
    second: Sequence[str],
    share: FloatArray,
    cluster: Sequence[str],
    *,
    alpha: float = 0.05,
    seed: int = 0,
    draws: int = DRAWS,
) -> Strengths | None:
    """Fit the strengths.

    Args:
        first: an arm for each comparison; ``second``: its rival.
        share: of the win that ``first`` got: 1, 0, a tie as 0.5, or a mean of several.
        cluster: of each comparison; whole clusters are drawn again.
        alpha: 1 - level of the intervals.
        seed: of the bootstrap.
        draws: resamples.

    Returns:
        None for fewer than three arms, and where some arms never met, not even through others.
    """
    names = sorted({*first, *second})
    if len(names) < 3:
        return None
    at = {name: number for number, name in enumerate(names)}
    ones = np.array([at[name] for name in first])
    twos = np.array([at[name] for name in second])
    labels, codes = np.unique(np.asarray(cluster), return_inverse=True)
    size, g = len(names), len(labels)
    by_cluster = np.zeros((g, size, size))
    np.add.at(by_cluster, (codes, ones, twos), share)
    np.add.at(by_cluster, (codes, twos, ones), 1 - share)
    wins = by_cluster.sum(axis=0)
    met = (wins + wins.T) > 0
    if not _connected(met):
        return None
    chance = _chances(wins, met)
    low: dict[str, float | None] = dict.fromkeys(names)
    high: dict[str, float | None] = dict.fromkeys(names)
    if g >= 6:
        rng = np.random.default_rng(seed)
        found = np.empty((draws, size))
        for draw in range(draws):
            weights = np.bincount(rng.integers(0, g, g), minlength=g).astype(np.float64)
            found[draw] = _chances(np.einsum("g,gij->ij", weights, by_cluster), met)
        ends = np.quantile(found, [alpha / 2, 1 - alpha / 2], axis=0)
        low |= {name: float(ends[0, at[name]]) for name in names}
        high |= {name: float(ends[1, at[name]]) for name in names}
    shown = {name: float(chance[at[name]]) for name in names}
    return Strengths(shown, low, high, 1 - alpha, len(ones), g, seed)


def _chances(wins: FloatArray, met: np.ndarray) -> FloatArray:
    """Return each arm's chance against the geometric mean of all, from a matrix of wins."""
    import evalica  # loads pandas, which no other command needs

    size = len(wins)
    xs: list[int] = []
    ys: list[int] = []
    weights: list[float] = []
    winners: list[evalica.Winner] = []
    for i in range(size):
        for j in range(size):
            if i != j and met[i, j]:
                xs.append(i)
                ys.append(j)
                winners.append(evalica.Winner.X)
                weights.append(float(wins[i, j]) + 0.5)  # half of the tie that each pair is given
    result = evalica.bradley_terry(xs, ys, winners, weights=weights, tolerance=1e-9, limit=10_000)
    strength = np.array([float(result.scores[i]) for i in range(size)])
    logs = np.log(np.maximum(strength, 1e-300))
    chance: FloatArray = 1 / (1 + np.exp(-(logs - logs.mean())))
    return chance


def _connected(met: np.ndarray) -> bool:
    reached = {0}
    todo = [0]
    while todo:
        for other in np.flatnonzero(met[todo.pop()]).tolist():
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return len(reached) == len(met)
