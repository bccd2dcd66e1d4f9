"""Slice routes: each request goes to the arm of its slice, as stated or as fitted out of fold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from claimbench.routes.fit import Options, folds_of
from claimbench.routes.paths import Chosen, Found
from claimbench.tables.types import BoolArray, IntArray, ItemTable, StrArray
from claimbench.types.routes import ChooseSpec, RouteSpec

FEWEST = 10
"""Requests of a slice to learn from; with fewer it takes the arm that is best over all slices."""
UNKNOWN = -1
"""In place of an arm's number where nothing could be learnt."""


def fitted(spec: RouteSpec, items: ItemTable, seed: str) -> Found:
    """Choose the arm of each slice out of fold by cluster; the paths are left to the caller."""
    choose = spec.choose
    column = items.slices.get(spec.slice)
    if choose is None or column is None:
        return Found(())
    n = len(items.items)
    options = Options(
        np.stack([items.arms[arm].score for arm in choose.among], axis=1),
        np.stack([items.arms[arm].usd for arm in choose.among], axis=1),
        np.zeros((n, 0)),
        np.zeros((n, 0), dtype=np.bool_),
        np.unique(items.cluster, return_inverse=True)[1].astype(np.int64),
    )
    answered = out_of_fold(options, column, choose, seed)
    chosen: Chosen = tuple(
        None if arm == UNKNOWN else choose.among[arm] for arm in answered.tolist()
    )

    def again(rest: BoolArray) -> IntArray:
        return out_of_fold(options.take(rest), column[rest], choose, seed)

    at = np.arange(n, dtype=np.float64)
    return Found((), items=at, options=options, answered=answered, again=again, chosen=chosen)


def out_of_fold(options: Options, column: StrArray, choose: ChooseSpec, seed: str) -> IntArray:
    """Return the number of each request's arm, learnt from the clusters of the other folds."""
    folds = folds_of(options.cluster, choose.folds, seed)
    found = np.full(len(options.cluster), UNKNOWN, dtype=np.int64)
    for fold in range(choose.folds):
        mine = folds == fold
        if not mine.any():
            continue
        others = options.take(~mine)
        learnt = column[~mine]
        found[mine], _ = _best_of(others, choose.keep)
        values, counts = np.unique(learnt, return_counts=True)
        for value in values[counts >= FEWEST].tolist():
            one, n = _best_of(others.take(learnt == value), choose.keep)
            if n >= FEWEST:
                found[mine & (column == value)] = one
    return found


def _best_of(options: Options, keep: float) -> tuple[int, int]:
    """Return the cheapest arm that keeps ``keep`` of the best mean score over the requests that
    all arms were scored on, and their number; equal ones: the cheaper, then the one named first.
    """
    known: BoolArray = np.asarray(np.isfinite(options.score).all(axis=1))
    part = options.take(known)
    n = len(part.cluster)
    if n == 0:
        return UNKNOWN, 0
    means = part.score.mean(axis=0)
    best = float(means.max())
    # a share of a negative score would lie above it
    least = keep * best if best > 0 else best
    priced = np.isfinite(part.usd).all(axis=1)
    usd = part.usd[priced].mean(axis=0) if priced.any() else np.full(len(means), math.nan)
    fits: Sequence[int] = np.flatnonzero(means >= least - 1e-12).tolist()
    if np.isfinite(usd).all():
        return min(fits, key=lambda arm: (usd[arm], -means[arm], arm)), n
    return max(fits, key=lambda arm: (means[arm], -arm)), n
