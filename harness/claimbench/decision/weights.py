"""How far the weights decide: the share of all weights under which each arm wins, and the smallest
change of the stated ones that changes the winner.

Rank acceptability is the first index of SMAA (Lahdelma, Hokkanen and Salminen, EJOR 106, 1998):
weights are uniform on the simplex. Up to three criteria it is exact, an interval or the area of a
polygon; beyond, the share of :data:`DRAWS` weights drawn with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.stats.arrays import FloatArray

DRAWS = 200_000
SEED = 20_260_101
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Move:
    """The least change of weights (in shares of their sum, moved from criterion to criterion) with
    which ``rival`` draws level with the winner.
    """

    rival: str
    moved: float
    taken: tuple[tuple[str, float], ...]
    given_to: str


def acceptability(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return for each arm the share of all weights under which its total is the highest.

    Args:
        values: arm -> value of each criterion, 0 to 1. Arms that are level share their part.
    """
    names = list(values)
    matrix = np.array([values[name] for name in names], dtype=np.float64)
    k = matrix.shape[1]
    if k == 1:
        best = matrix[:, 0] == matrix[:, 0].max()
        shares = best / best.sum()
    elif k <= 3:
        shares = np.array([_share(matrix, row, k) for row in range(len(names))])
        shares = shares / shares.sum()
    else:
        shares = _drawn(matrix)
    return dict(zip(names, shares.tolist(), strict=True))


def _drawn(matrix: FloatArray) -> FloatArray:
    rng = np.random.default_rng(SEED)
    weights = rng.dirichlet(np.ones(matrix.shape[1]), DRAWS)
    totals = weights @ matrix.T
    best = np.isclose(totals, totals.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    shares: FloatArray = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _share(matrix: FloatArray, row: int, k: int) -> float:
    """Return the part of the simplex in which ``row`` is at least level with every other arm; of
    arms that are the same throughout, an equal part each.
    """
    region: list[Point] = [(0.0, 0.0), (1.0, 0.0)] if k == 2 else [(0, 0), (1, 0), (0, 1)]
    same = 1
    for other in range(len(matrix)):
        gain = matrix[row] - matrix[other]
        if other == row:
            continue
        if np.abs(gain).max() < 1e-12:
            same += 1
            continue
        # The last weight is 1 less the others: gain = c + x * u (+ y * v)
        last = float(gain[-1])
        slope = [float(g) - last for g in gain[:-1]]
        u, v = slope[0], slope[1] if k == 3 else 0.0
        region = _clipped(region, u, v, last)
        if len(region) < 2:
            return 0.0
    return (_length(region) if k == 2 else 2 * _area(region)) / same


def _clipped(region: list[Point], u: float, v: float, c: float) -> list[Point]:
    """Return the part of a convex region in which ``c + u x + v y`` is not negative."""
    kept: list[Point] = []
    for i, here in enumerate(region):
        there = region[(i + 1) % len(region)]
        at, after = c + u * here[0] + v * here[1], c + u * there[0] + v * there[1]
        if at >= 0:
            kept.append(here)
        if (at > 0 > after) or (at < 0 < after):
            t = at / (at - after)
            kept.append((here[0] + t * (there[0] - here[0]), here[1] + t * (there[1] - here[1])))
    return kept


def _length(region: list[Point]) -> float:
    along = [x for x, _ in region]
    return max(along) - min(along)


def _area(region: list[Point]) -> float:
    total = 0.0
    for i, (x, y) in enumerate(region):
        nx, ny = region[(i + 1) % len(region)]
        total += x * ny - nx * y
    return abs(total) / 2


def smallest_move(
    values: Mapping[str, Sequence[float]],
    weights: Sequence[float],
    criteria: Sequence[str],
    winner: str,
) -> Move | None:
    """Return the smallest change of weights that changes the winner; None if none does.

    Moving a share from criterion i to j changes the lead over a rival by (gain_j - gain_i): the
    least is moved when it goes to the criterion that speaks most for the rival, and is taken where
    it speaks most for the winner first. That solves the linear programme min |w' - w|_1.

    Args:
        values: arm -> value of each criterion.
        weights: of the criteria; their sum need not be 1.
        criteria: their names.
        winner: the arm whose total is the highest.
    """
    w = np.asarray(weights, dtype=np.float64)
    w = w / w.sum()
    moves = []
    for rival in values:
        if rival != winner:
            gain = np.asarray(values[winner], dtype=np.float64) - np.asarray(values[rival])
            move = _move(rival, gain, w, criteria)
            if move is not None:
                moves.append(move)
    return min(moves, key=lambda move: move.moved, default=None)


def _move(rival: str, gain: FloatArray, w: FloatArray, criteria: Sequence[str]) -> Move | None:
    lead = float(gain @ w)
    to = int(gain.argmin())
    if gain[to] > 0:
        return None  # the winner is better in everything
    taken: list[tuple[str, float]] = []
    for i in np.argsort(-gain, kind="stable").tolist():
        drop = float(gain[i] - gain[to])
        if lead <= 1e-15 or drop <= 0:
            break
        part = min(float(w[i]), lead / drop)
        if part > 0:
            taken.append((criteria[i], part))
            lead -= part * drop
    return Move(rival, sum(part for _, part in taken), tuple(taken), criteria[to])
