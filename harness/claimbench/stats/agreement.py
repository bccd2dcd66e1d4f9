"""How well grades agree with people's, and how well people agree with each other: the ceiling of
any grader.

Formulas: Cohen's kappa with quadratic weights (Cohen 1968): ``1 - sum w O / sum w E`` with ``w = (i
- j)^2``; NDCG (Järvelin & Kekäläinen 2002) with gain ``2^grade - 1`` and discount ``log2(rank +
1)``, ties in the predicted grades by their expected gain (McSherry & Najork 2008); MRR: one over
the rank of the first relevant.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def quadratic_kappa(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Return the quadratic-weighted kappa of two raters of the same items, in (-inf, 1].

    None for no items, and where both always give one and the same grade: chance then explains
    everything.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} grades against {len(theirs)}")
    n = len(ours)
    if n == 0:
        return None
    seen = math.fsum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) / n
    # sum over the product of both margins: E (a - b)^2 = var a + var b + (mean a - mean b)^2
    mean_a, mean_b = math.fsum(ours) / n, math.fsum(theirs) / n
    var_a = math.fsum((a - mean_a) ** 2 for a in ours) / n
    var_b = math.fsum((b - mean_b) ** 2 for b in theirs) / n
    expected = var_a + var_b + (mean_a - mean_b) ** 2
    return 1 - seen / expected if expected > 0 else None


def gain(grade: float) -> float:
    """Return ``2^grade - 1``."""
    return float(2.0**grade - 1)


def dcg(grades: Sequence[float], k: int | None = None) -> float:
    """Return the discounted cumulative gain of grades in ranked order, cut after ``k``."""
    return math.fsum(gain(g) / math.log2(rank + 1) for rank, g in enumerate(grades[:k], start=1))


def ndcg(
    ranked: Sequence[float], all_grades: Sequence[float], k: int | None = None
) -> float | None:
    """Return the DCG of a ranking over that of the best one; None where nothing is relevant.

    Args:
        ranked: true grades in the order given; 0 for a thing that is not in the set.
        all_grades: the true grades of everything that could be ranked.
        k: only the first k count.
    """
    best = dcg(sorted(all_grades, reverse=True), k)
    return dcg(ranked, k) / best if best > 0 else None


def ndcg_of_predictions(
    predicted: Sequence[float], true: Sequence[float], k: int | None = None
) -> float | None:
    """Return the NDCG of sorting by predicted grades.

    Things predicted alike count with their mean gain at those ranks.
    """
    groups: dict[float, list[float]] = defaultdict(list)
    for guess, grade in zip(predicted, true, strict=True):
        groups[guess].append(gain(grade))
    total, rank = 0.0, 1
    for guess in sorted(groups, reverse=True):
        gains = groups[guess]
        ranks = range(rank, rank + len(gains))
        share = math.fsum(1 / math.log2(r + 1) for r in ranks if k is None or r <= k)
        total += share * math.fsum(gains) / len(gains)
        rank += len(gains)
    best = dcg(sorted(true, reverse=True), k)
    return total / best if best > 0 else None


def reciprocal_rank(ranked: Sequence[float], relevant_from: float = 1) -> float:
    """Return one over the rank of the first grade of at least ``relevant_from``.

    It is 0 if there is none.
    """
    return next((1 / rank for rank, g in enumerate(ranked, start=1) if g >= relevant_from), 0.0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One grader against the final ratings. ``n`` items; shares in [0, 1]; None: cannot be said."""

    n: int
    exact: float
    within_one: float
    kappa: float | None
    ndcg: float | None = None
    n_queries: int = 0


def against(
    ours: Sequence[float], final: Sequence[float], queries: Sequence[str] = (), k: int | None = 10
) -> Agreement | None:
    """Compare grades with the final ratings; with ``queries`` also the mean NDCG@k of sorting each
    query by them.
    """
    n = len(ours)
    if n == 0:
        return None
    exact = sum(a == b for a, b in zip(ours, final, strict=True)) / n
    near = sum(abs(a - b) <= 1 for a, b in zip(ours, final, strict=True)) / n
    by_query: dict[str, list[int]] = defaultdict(list)
    for i, query in enumerate(queries):
        by_query[query].append(i)
    known: list[float] = []
    for members in by_query.values():
        found = ndcg_of_predictions([ours[i] for i in members], [final[i] for i in members], k)
        if found is not None:
            known.append(found)
    mean = math.fsum(known) / len(known) if known else None
    return Agreement(n, exact, near, quadratic_kappa(ours, final), mean, len(known))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Hold the agreement that people reach: the ceiling of any grader.

    ``raters``: each against the final rating; ``pairs``: two against each other, pooled.
    """

    raters: Mapping[str, Agreement]
    pairs: Agreement | None


def ceiling(ratings: Mapping[str, Sequence[float | None]], final: Sequence[float]) -> Ceiling:
    """Compare raters with the final ratings and with each other; items that a rater left out do not
    count for him.
    """
    each = {}
    for name, values in ratings.items():
        rated = [(v, f) for v, f in zip(values, final, strict=True) if v is not None]
        found = against([v for v, _ in rated], [f for _, f in rated])
        if found is not None:
            each[name] = found
    pooled: list[tuple[float, float]] = []
    for one, two in itertools.combinations(ratings.values(), 2):
        for a, b in zip(one, two, strict=True):
            if a is not None and b is not None:
                pooled.append((a, b))
    return Ceiling(each, against([a for a, _ in pooled], [b for _, b in pooled]))
