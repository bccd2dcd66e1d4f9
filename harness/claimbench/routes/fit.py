"""Thresholds fitted out of fold by cluster, and how much a fit's own noise adds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from claimbench.tables.types import BoolArray, FloatArray, IntArray
from claimbench.types.routes import FitSpec

GROUPS = 20
"""Groups of clusters that the delete-a-group jackknife leaves out in turn."""

BLOCK = 4096
"""Requests that are summed at once."""


@dataclass(frozen=True)
class Rows:
    """A cascade's requests: how unsure (``unsure``: larger is more unsure, nan: unknown, which is
    passed on), whether passed on whatever the signal says (``forced``), score and dollars if the
    first answer is kept and if it is passed on, and the cluster's number.
    """

    unsure: FloatArray
    forced: BoolArray
    kept_score: FloatArray
    passed_score: FloatArray
    kept_usd: FloatArray
    passed_usd: FloatArray
    cluster: IntArray

    def take(self, chosen: BoolArray) -> Rows:
        """Return the chosen rows."""
        return Rows(
            self.unsure[chosen],
            self.forced[chosen],
            self.kept_score[chosen],
            self.passed_score[chosen],
            self.kept_usd[chosen],
            self.passed_usd[chosen],
            self.cluster[chosen],
        )

    def passed_on(self, threshold: float | FloatArray) -> BoolArray:
        """Tell of each row whether it is passed on: more unsure than ``threshold``, or forced."""
        found: BoolArray = self.forced | ~(self.unsure <= threshold)
        return found

    def whole(self, *, dollars: bool) -> BoolArray:
        """Tell which rows have both scores (and both dollars), so that a fit can learn of them."""
        known = np.isfinite(self.kept_score) & np.isfinite(self.passed_score)
        if dollars:
            known &= np.isfinite(self.kept_usd) & np.isfinite(self.passed_usd)
        return known


def best_threshold(rows: Rows, aim: FitSpec) -> float:
    """Return the threshold of ``unsure`` that meets the aim on these rows.

    +inf passes on only what must be, -inf everything. Where nothing meets the aim: ``keep`` passes
    everything on, dollars keep everything. Of equal ones the cheapest.
    """
    rows = rows.take(rows.whole(dollars=aim.share is None))
    n = len(rows.unsure)
    if n == 0:
        return -math.inf
    free = ~rows.forced & ~np.isnan(rows.unsure)
    values = rows.unsure[free]
    order = np.argsort(-values, kind="stable")  # the least sure first
    ranked = values[order]
    gain = (rows.passed_score - rows.kept_score)[free][order]
    extra = (rows.passed_usd - rows.kept_usd)[free][order]
    must = ~free
    score = float(rows.passed_score[must].sum() + rows.kept_score[free].sum())
    dollars = float(rows.passed_usd[must].sum() + rows.kept_usd[free].sum())
    # cut k: the k least sure are passed on; only between different values
    cuts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1], True]) if len(ranked) else [0]
    cuts = np.asarray(cuts)
    scores = (score + np.r_[0.0, np.cumsum(gain)])[cuts] / n
    usd = (dollars + np.r_[0.0, np.cumsum(extra)])[cuts] / n
    passed = (must.sum() + cuts) / n
    chosen = _chosen(scores, usd, passed, aim, float(rows.passed_score.mean()))
    cut = int(cuts[chosen])
    if cut == 0:
        return math.inf
    if cut == len(ranked):
        return -math.inf
    return float(ranked[cut])  # this one and all surer ones are kept


def _chosen(
    scores: FloatArray, usd: FloatArray, passed: FloatArray, aim: FitSpec, second: float
) -> int:
    slack = 1e-12
    if aim.share is not None:
        fits = np.flatnonzero(passed <= aim.share + slack)
        return int(fits[-1]) if len(fits) else 0
    if aim.keep is not None:
        fits = np.flatnonzero(scores >= aim.keep * second - slack)
        return int(fits[np.argmin(usd[fits])]) if len(fits) else len(scores) - 1
    limit = (aim.max_usd_per_1k or 0.0) / 1000
    fits = np.flatnonzero(usd <= limit + slack)
    if not len(fits):
        return int(np.argmin(usd))
    best = fits[scores[fits] >= scores[fits].max() - slack]
    return int(best[np.argmin(usd[best])])


def folds_of(cluster: IntArray, n_folds: int, seed: str) -> IntArray:
    """Return the fold of each row: clusters are dealt out in an order that ``seed`` fixes, so that
    nobody can choose a lucky one.
    """
    names = np.unique(cluster)
    keys = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in names.tolist()]
    order = sorted(range(len(names)), key=keys.__getitem__)
    of_name = np.empty(len(names), dtype=np.int64)
    of_name[order] = np.arange(len(names)) % n_folds
    found: IntArray = of_name[np.searchsorted(names, cluster)]
    return found


@dataclass(frozen=True)
class Options:
    """Requests of which one of several arms answers: ``score`` and ``usd`` (of all that was asked
    until then) by request and arm, nan where unknown; ``unsure`` and ``forced`` (as in
    :class:`Rows`) by request and step of a cascade, without columns for another route; the
    cluster's number.
    """

    score: FloatArray
    usd: FloatArray
    unsure: FloatArray
    forced: BoolArray
    cluster: IntArray

    def take(self, chosen: BoolArray) -> Options:
        """Return the chosen requests."""
        return Options(
            self.score[chosen],
            self.usd[chosen],
            self.unsure[chosen],
            self.forced[chosen],
            self.cluster[chosen],
        )

    def answered(self, thresholds: FloatArray, start: int = 0) -> IntArray:
        """Return which arm answers each request, from the step ``start`` on: the first that does
        not pass it on, at thresholds by request and step.
        """
        passed = self.forced | ~(self.unsure <= thresholds)
        passed[:, :start] = True
        n = len(passed)
        kept = np.concatenate([~passed, np.ones((n, 1), dtype=np.bool_)], axis=1)
        found: IntArray = kept.argmax(axis=1).astype(np.int64) if n else np.zeros(0, np.int64)
        return found

    def of_arm(self, values: FloatArray, arm: IntArray) -> FloatArray:
        """Return a column of values: each request's, at its arm; nan where none (-1) is."""
        at = np.arange(len(arm))
        found: FloatArray = np.where(arm >= 0, values[at, np.maximum(arm, 0)], math.nan)
        return found


_MOST_CUTS = {1: 512, 2: 128}
"""Thresholds tried of each step, by the number of steps that are fitted together."""
_FEWER_CUTS = 24


def best_thresholds(options: Options, aim: FitSpec, stated: FloatArray) -> FloatArray:
    """Return the threshold of each step that together meet the aim on these requests; those that
    are stated (not nan) stay.

    One step alone is fitted over all cuts, as :func:`best_threshold` says; several over quantiles
    of each step's unsureness, all combinations. Where nothing meets the aim: ``keep`` passes
    everything on, dollars take the cheapest.
    """
    if len(stated) == 1 and math.isnan(stated[0]):
        one = Rows(
            options.unsure[:, 0],
            options.forced[:, 0],
            options.score[:, 0],
            options.score[:, 1],
            options.usd[:, 0],
            options.usd[:, 1],
            options.cluster,
        )
        return np.asarray([best_threshold(one, aim)])
    told = np.concatenate([options.score, options.usd], axis=1)
    known: BoolArray = np.asarray(np.isfinite(told).all(axis=1))
    part = options.take(known)
    if not len(part.cluster):
        return np.where(np.isnan(stated), -math.inf, stated)
    n_free = int(np.isnan(stated).sum())
    cuts = [
        _cuts(part.unsure[:, k], part.forced[:, k], _MOST_CUTS.get(n_free, _FEWER_CUTS))
        if math.isnan(value)
        else np.asarray([value])
        for k, value in enumerate(stated.tolist())
    ]
    score = mean_by_cuts(part, part.score, cuts)
    usd = mean_by_cuts(part, part.usd, cuts)
    last = float(part.score[:, -1].mean())
    cut = np.unravel_index(_chosen_of(score.ravel(), usd.ravel(), aim, last), score.shape)
    return np.asarray([each[int(k)] for each, k in zip(cuts, cut, strict=True)])


def _cuts(unsure: FloatArray, forced: BoolArray, most: int) -> FloatArray:
    """Return thresholds to try: keep all, pass all on, and quantiles between."""
    values = np.unique(unsure[~forced & ~np.isnan(unsure)])
    if len(values) > most:
        values = values[np.unique(np.linspace(0, len(values) - 1, most).astype(int))]
    # the largest value keeps all, as inf does
    return np.concatenate([[-math.inf], values[:-1], [math.inf]])


def mean_by_cuts(options: Options, values: FloatArray, cuts: list[FloatArray]) -> FloatArray:
    """Return the mean of a value by the cut of each step (an axis each), some requests at a time:
    all of them at once would be held for every combination of the later cuts.
    """
    n = len(options.cluster)
    total = np.zeros([len(each) for each in cuts])
    for start in range(0, n, BLOCK):
        some = slice(start, start + BLOCK)
        total += _sums(options.forced[some], options.unsure[some], values[some], cuts)
    return total / n


def _sums(
    forced: BoolArray, unsure: FloatArray, values: FloatArray, cuts: list[FloatArray]
) -> FloatArray:
    """Return the sum of a value by the cut of each step.

    From the last step back: what a request is worth once passed on, by the cuts of the rest.
    """
    rest = values[:, -1][None, :]
    for step in range(len(cuts) - 1, -1, -1):
        passed = forced[:, step] | ~(unsure[:, step] <= cuts[step][:, None])
        kept = values[:, step]
        gain = rest - kept
        if step == 0:
            sums: FloatArray = passed.astype(float) @ gain.T + kept.sum()
            return sums.reshape([len(each) for each in cuts])
        rest = (kept + passed[:, None, :] * gain[None, :, :]).reshape(-1, len(values))
    raise AssertionError("a cascade has a step")


def _chosen_of(score: FloatArray, usd: FloatArray, aim: FitSpec, last: float) -> int:
    slack = 1e-12
    if aim.keep is not None:
        fits = np.flatnonzero(score >= aim.keep * last - slack)
        # the first cut of each step passes everything on
        return int(fits[np.argmin(usd[fits])]) if len(fits) else 0
    fits = np.flatnonzero(usd <= (aim.max_usd_per_1k or 0.0) / 1000 + slack)
    if not len(fits):
        return int(np.argmin(usd))
    best = fits[score[fits] >= score[fits].max() - slack]
    return int(best[np.argmin(usd[best])])


def out_of_fold(options: Options, aim: FitSpec, stated: FloatArray, seed: str) -> FloatArray:
    """Return each request's thresholds, by step, fitted on the clusters of the other folds."""
    folds = folds_of(options.cluster, aim.folds, seed)
    found = np.empty((len(options.cluster), len(stated)))
    for fold in range(aim.folds):
        mine = folds == fold
        if mine.any():
            found[mine] = best_thresholds(options.take(~mine), aim, stated)
    return found


@dataclass(frozen=True)
class Refit:
    """One replicate of the delete-a-group jackknife: the requests left (``rest``), and which arm
    answers each of all by the fit in force (``still``) and by that made anew without the group.
    """

    rest: BoolArray
    still: IntArray
    anew: IntArray


def refits(
    answered: IntArray, cluster: IntArray, seed: str, again: Callable[[BoolArray], IntArray]
) -> list[Refit]:
    """Fit anew, out of fold, without each group of clusters in turn; empty where too few clusters
    are there to tell.

    Args:
        answered: which arm answers each request by the fit in force.
        cluster: each request's.
        seed: of the groups.
        again: which arm answers, fitted on the chosen requests alone.
    """
    n_groups = min(GROUPS, len(np.unique(cluster)))
    if n_groups < 3:
        return []
    group = folds_of(cluster, n_groups, f"{seed}/jackknife")
    found: list[Refit] = []
    for one in range(n_groups):
        rest: BoolArray = group != one
        anew = answered.copy()
        anew[rest] = again(rest)
        found.append(Refit(rest, answered, anew))
    return found


def refit_ratio(found: list[Refit], value_of: Callable[[BoolArray, IntArray], float]) -> float:
    """Return by how much the standard error of a figure grows when the fit is made anew in each
    replicate; at least 1.

    Args:
        found: the replicates.
        value_of: the figure of (requests chosen, which arm answers each of all requests).

    Returns:
        1 where nothing is known; inf where only the refits vary.
    """
    naive = _error([value_of(one.rest, one.still) for one in found])
    whole = _error([value_of(one.rest, one.anew) for one in found])
    if naive is None or whole is None or whole <= naive:
        return 1.0
    return whole / naive if naive > 0 else math.inf


def _error(values: list[float]) -> float | None:
    found = np.asarray(values)
    if not len(found) or not np.isfinite(found).all():
        return None
    g = len(found)
    return math.sqrt((g - 1) / g * float(((found - found.mean()) ** 2).sum()))
