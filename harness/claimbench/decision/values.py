"""Criteria as numbers: what each arm is worth on each, its weighted total, and how sure both are.

A value is linear between ``worst`` (0) and ``best`` (1) and clipped; a total is 100 times the
weighted mean of values. The interval of a difference of totals: accuracy, success and dollars by
the delete-one-cluster jackknife of the whole difference on the same items, shares at least by their
own intervals; what clipping does to it: :mod:`claimbench.decision.spread`. That jackknife is wrong
for quantiles: their part comes from the farther end of the order-statistic interval, added as
independent, which is conservative where slow items are slow for both arms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.claims.readings.failures import asked_text, failed_rows
from claimbench.decision.scores import Scores
from claimbench.decision.spread import Difference, Part, contrast
from claimbench.evaluation.evaluate import Evaluation
from claimbench.stats.arrays import BoolArray, FloatArray, IntArray
from claimbench.stats.distributions import normal_quantile
from claimbench.stats.quantiles import quantile_ci
from claimbench.tables.per_request import with_request
from claimbench.tables.types import ArmItems, CallRows
from claimbench.types import Criterion

Monthly = Callable[[str, float], float | None]
"""(arm, mean dollars of a request) -> dollars a month; None where they are not known."""

NO_VOLUME = (
    "the dollars a month are not known: state `volume: {requests_per_month: \u2026}` in the"
    " suite, or --volume"
)
DOLLARS = frozenset({"usd_per_1k", "usd_per_month"})
"""Metrics whose figures are dollars."""
_QUANTILES = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True)
class Measured:
    """One criterion of one arm: its figure, what that is worth (0 to 1), or why it is unknown."""

    figure: float | None
    value: float | None
    why: str = ""


@dataclass(frozen=True)
class Doubt:
    """What is held against one arm, to see whether its lead stands even so.

    ``failed``: its calls without a result count as wrong, those of the others as right and as
    answered at once. ``spoilt``: criteria on which it is worth nothing and the others everything.
    """

    against: str
    failed: bool = False
    spoilt: frozenset[int] = frozenset()


class Totals:
    """The weighted totals of the arms of a run: scores on the items that all of ``over`` have a
    score of, dollars on those of which all have a request, times on those that all were timed on.

    Args:
        evaluation: of the run.
        criteria: with weights and scales; at least one.
        arms: those whose totals are wanted.
        monthly: dollars a month of an arm; None where no volume is stated.
        over: those that are held against each other (default: all); one without any figure, and
            others, are taken on what they have of these items.
        doubt: what is held against one of them.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        criteria: Sequence[Criterion],
        arms: Sequence[str],
        monthly: Monthly | None = None,
        *,
        over: Sequence[str] = (),
        doubt: Doubt | None = None,
    ) -> None:
        self._evaluation = evaluation
        self.criteria = tuple(criteria)
        self.arms = tuple(arms)
        self._over = tuple(over) or self.arms
        self._doubt = doubt
        self._monthly = monthly
        self.weights = np.array([c.weight for c in criteria]) / sum(c.weight for c in criteria)
        self._codes: IntArray = np.unique(evaluation.items.cluster, return_inverse=True)[1]
        self._clusters = int(self._codes.max()) + 1 if len(self._codes) else 0
        against = doubt.against if doubt is not None and doubt.failed else None
        self._scores = Scores(evaluation, against)
        self._known: dict[tuple[str, Criterion], BoolArray] = {}
        self._masks = [self._shared(criterion) for criterion in criteria]
        self.measured: dict[str, tuple[Measured, ...]] = {
            arm: tuple(self._measure(arm, i) for i in range(len(criteria))) for arm in arms
        }

    def values(self, arm: str) -> list[float] | None:
        """Return what the arm is worth on each criterion, 0 to 1; None where one is unknown."""
        found = [one.value for one in self.measured[arm]]
        return None if any(value is None for value in found) else [v or 0.0 for v in found]

    def total(self, arm: str) -> float | None:
        """Return the arm's total, 0 to 100."""
        values = self.values(arm)
        return None if values is None else float(100 * np.dot(self.weights, values))

    def interval(self, arm: str, alpha: float) -> Difference | None:
        """Return the total with its interval, as a difference from 0."""
        return self._contrast({arm: 1.0}, self.weights, alpha)

    def difference(self, arm: str, rival: str, alpha: float) -> Difference | None:
        """Return by how many points an arm's total exceeds another's."""
        return self._contrast({arm: 1.0, rival: -1.0}, self.weights, alpha)

    def on(self, i: int, arm: str, rival: str, alpha: float) -> Difference | None:
        """Return by how much an arm's value of criterion ``i`` exceeds another's, in points."""
        alone = np.zeros(len(self.criteria))
        alone[i] = 1.0
        return self._contrast({arm: 1.0, rival: -1.0}, alone, alpha)

    def _contrast(
        self, signs: Mapping[str, float], weights: FloatArray, alpha: float
    ) -> Difference | None:
        counted = [i for i in range(len(self.criteria)) if weights[i] > 0]
        for arm in signs:
            if any(self.measured[arm][i].value is None for i in counted):
                return None
        present = self._present(counted, signs)
        parts = [
            self._part(arm, i, sign * float(weights[i]), present, alpha)
            for i in counted
            for arm, sign in signs.items()
        ]
        paired: dict[int, float] = {}
        for i in counted:
            half = self._own_half(i, tuple(signs), alpha) if len(signs) == 2 else None
            if half is not None:
                paired[i] = half
        return contrast(parts, paired, alpha)

    def _part(self, arm: str, i: int, factor: float, present: BoolArray, alpha: float) -> Part:
        """Return an arm's value of a criterion with what is known of its error."""
        criterion = self.criteria[i]
        if self._is_spoilt(i) or _is_quantile(criterion.metric):
            value = self.measured[arm][i].value or 0.0
            spread = 0.0 if self._is_spoilt(i) else self._quantile_var(arm, i)
            return Part(i, factor, value, np.full(int(present.sum()), value), None, spread)
        without = self._without_each(arm, i)[present]
        own = self._own_ends(arm, i, alpha)
        return Part(i, factor, raw_of(self.measured[arm][i].figure or 0.0, criterion), without, own)

    def _is_spoilt(self, i: int) -> bool:
        return self._doubt is not None and i in self._doubt.spoilt

    def _present(self, counted: Sequence[int], arms: Mapping[str, float]) -> BoolArray:
        """Mark the clusters that hold an item of any criterion counted, of any of the arms."""
        found = np.zeros(self._clusters, dtype=bool)
        for i in counted:
            for arm in arms:
                found[self._codes[self._mask(arm, i)]] = True
        return found

    def items_of(self, i: int) -> int:
        """Return on how many items criterion ``i`` rests."""
        return int(self._masks[i].sum())

    def mask_of(self, i: int) -> BoolArray:
        """Mark the items that criterion ``i`` rests on."""
        return self._masks[i]

    def asked_of(self, i: int) -> BoolArray:
        """Mark the items that criterion ``i`` is about, whether they have a figure or not."""
        criterion = self.criteria[i]
        if criterion.metric == "accuracy":
            return self._scores.asked(criterion)
        task = self._evaluation.items.task
        everything = np.ones(len(task), dtype=np.bool_)
        return everything if criterion.task is None else np.asarray(task == criterion.task)

    def _shared(self, criterion: Criterion) -> BoolArray:
        """Mark the items that every arm which has figures at all has one for."""
        mask = np.ones(len(self._evaluation.items.items), dtype=bool)
        having = [has for arm in self._over if (has := self._has(arm, criterion)).any()]
        for has in having:
            mask &= has
        return mask if having else np.zeros_like(mask)

    def _mask(self, arm: str, i: int) -> BoolArray:
        """Mark the items that an arm's figure of a criterion is over."""
        return self._masks[i] & self._has(arm, self.criteria[i])

    def _has(self, arm: str, criterion: Criterion) -> BoolArray:
        """Mark the items that an arm has a figure for: a score, a request, a time, or a finished
        call.

        The dollars of a request may be unknown; a call that failed at $0 is no request.
        """
        if (arm, criterion) not in self._known:
            self._known[arm, criterion] = self._having(arm, criterion)
        return self._known[arm, criterion]

    def _having(self, arm: str, criterion: Criterion) -> BoolArray:
        items = self._evaluation.items
        rows = items.arms[arm]
        filled = self._doubt is not None and self._doubt.failed
        mine = (rows.n_calls if filled and criterion.metric == "accuracy" else rows.n_finished) > 0
        if criterion.metric == "accuracy":
            mine &= ~np.isnan(self._scores.of(arm)) & self._scores.asked(criterion)
        elif criterion.metric in DOLLARS:
            mine &= with_request(rows)
        elif _is_quantile(criterion.metric):
            calls = self._evaluation.calls.arms[arm]
            timed = np.zeros(len(mine), dtype=bool)
            timed[calls.item[~np.isnan(self._seconds(arm, calls, criterion))]] = True
            mine &= timed
        return mine if criterion.task is None else mine & (items.task == criterion.task)

    def _measure(self, arm: str, i: int) -> Measured:
        criterion = self.criteria[i]
        if self._doubt is not None and i in self._doubt.spoilt:
            return Measured(None, 0.0 if arm == self._doubt.against else 1.0)
        mask = self._mask(arm, i)
        if _is_quantile(criterion.metric):
            x, _ = self._times(arm, i)
            if not len(x):
                return Measured(None, None, "no time was measured")
            found = quantile_ci(x, _level_of(criterion.metric)).est
            if found is None:
                return Measured(math.inf, 0.0)
            return Measured(found, value_of(found, criterion))
        unjudged = self._scores.why_none(criterion) if criterion.metric == "accuracy" else ""
        if unjudged:
            return Measured(None, None, unjudged)
        rows_of = self._column(arm, criterion.metric)[mask]
        if not len(rows_of):
            return Measured(None, None, self._why_empty(arm, criterion))
        unknown = int(np.isnan(rows_of).sum())
        if unknown:
            asked = asked_text(self._evaluation.items.arms[arm], mask)
            why = f"the dollars of {unknown:,} of {len(rows_of):,} samples are not known"
            why = f"its dollars are of {asked}" if asked else why
            return Measured(None, None, why)
        figure = self._figure(arm, criterion, float(rows_of.mean()))
        if figure is None:
            return Measured(None, None, self._why_no_month())
        return Measured(figure, value_of(figure, criterion))

    def _why_empty(self, arm: str, criterion: Criterion) -> str:
        """Say why an arm has no figure on the shared items."""
        what = "score" if criterion.metric == "accuracy" else "answer"
        where = "" if criterion.task is None else f" in {criterion.task}"
        if not self._has(arm, criterion).any():
            return f"it has no {what}{where}"
        return f"no sample has the {what}s of all arms{where}"

    def _why_no_month(self) -> str:
        if not self._evaluation.context.volume_stated:
            return NO_VOLUME
        return "the dollars a month are not known"

    def _figure(self, arm: str, criterion: Criterion, mean: float) -> float | None:
        """Return a criterion's figure from the mean of its items."""
        if criterion.metric == "usd_per_1k":
            return 1000 * mean
        if criterion.metric == "usd_per_month":
            return None if self._monthly is None else self._monthly(arm, mean)
        return mean

    def _column(self, arm: str, metric: str) -> FloatArray:
        if metric == "accuracy":
            return self._scores.of(arm)
        rows: ArmItems = self._evaluation.items.arms[arm]
        if metric == "success_rate":
            return 1 - rows.n_errors / np.maximum(rows.n_finished, 1)
        return rows.usd

    def _without_each(self, arm: str, i: int) -> FloatArray:
        """Return the arm's value of a criterion, not clipped, without each cluster in turn."""
        criterion, mask = self.criteria[i], self._mask(arm, i)
        whole = raw_of(self.measured[arm][i].figure or 0.0, criterion)
        x = self._column(arm, criterion.metric)[mask]
        codes = self._codes[mask]
        sums = np.bincount(codes, weights=x, minlength=self._clusters)
        sizes = np.bincount(codes, minlength=self._clusters)
        total, n = float(x.sum()), len(x)
        values = np.full(self._clusters, whole)
        for at in np.flatnonzero(sizes).tolist():
            if sizes[at] < n:
                mean = (total - sums[at]) / (n - sizes[at])
                figure = self._figure(arm, criterion, float(mean))
                values[at] = whole if figure is None else raw_of(figure, criterion)
        return values

    def _own_ends(self, arm: str, i: int, alpha: float) -> tuple[float, float] | None:
        """Return the exact interval of an arm's share as values, not clipped; None of dollars."""
        x, cluster = self._shares(arm, i)
        if x is None:
            return None
        summary = stats.proportion(x, cluster, effective_df=True)
        found = stats.proportion_ci(summary, alpha, exact=True)
        ends = sorted(raw_of(end, self.criteria[i]) for end in (found.lo, found.hi))
        return ends[0], ends[1]

    def _own_half(self, i: int, arms: tuple[str, ...], alpha: float) -> float | None:
        """Return half the interval of the difference of two arms' shares as values: as a claim has
        it, disagreements that were not seen included. None of dollars.
        """
        mask = self._mask(arms[0], i) & self._mask(arms[1], i)
        (a, _), (b, cluster) = (self._shares(arm, i, mask) for arm in arms)
        if a is None or b is None:
            return None
        pm = stats.paired_means(a, b, cluster, bounded=True, effective_df=True)
        found = stats.paired_ci(pm, alpha=alpha)
        middle = found.est or 0.0
        scale = abs(self.criteria[i].best - self.criteria[i].worst)
        return max(found.hi - middle, middle - found.lo) / scale

    def _shares(
        self, arm: str, i: int, mask: BoolArray | None = None
    ) -> tuple[FloatArray | None, IntArray]:
        """Return an arm's figures of the items and their clusters; None where they are no shares
        between 0 and 1.
        """
        metric = self.criteria[i].metric
        chosen = self._mask(arm, i) if mask is None else mask
        codes = np.unique(self._codes[chosen], return_inverse=True)[1]
        if metric in DOLLARS or _is_quantile(metric) or self._is_spoilt(i) or not chosen.any():
            return None, codes
        x = self._column(arm, metric)[chosen]
        return (x if x.min() >= 0 and x.max() <= 1 else None), codes

    def _quantile_var(self, arm: str, i: int) -> float:
        """Return the variance of a quantile's value, which no jackknife gives: from the farther end
        of its interval, which may lie beyond an end of the scale or have no bound.
        """
        criterion = self.criteria[i]
        x, clusters = self._times(arm, i)
        value = self.measured[arm][i].value or 0.0
        interval = quantile_ci(x, _level_of(criterion.metric), clusters)
        half = max(abs(value_of(end, criterion) - value) for end in (interval.lo, interval.hi))
        return float((half / normal_quantile(0.975)) ** 2)

    def _times(self, arm: str, i: int) -> tuple[FloatArray, IntArray]:
        """Return the seconds of the calls and the groups they came in: item clusters or time
        blocks, whichever are fewer.
        """
        rows = self._evaluation.calls.arms[arm]
        values = self._seconds(arm, rows, self.criteria[i])
        keep = ~np.isnan(values) & self._mask(arm, i)[rows.item]
        clusters = np.unique(rows.cluster[keep], return_inverse=True)[1]
        blocks = np.unique(rows.block[keep], return_inverse=True)[1]
        several = 1 < len(np.unique(blocks)) < len(np.unique(clusters))
        return values[keep], blocks if several else clusters

    def _seconds(self, arm: str, rows: CallRows, criterion: Criterion) -> FloatArray:
        """Return the seconds of each call: inf of one that failed, nan of one not timed."""
        name = criterion.metric.partition("_")[0]
        doubt = self._doubt
        at_once = doubt is not None and doubt.failed and arm != doubt.against
        found: FloatArray = np.where(
            failed_rows(rows), 0.0 if at_once else math.inf, getattr(rows, f"{name}_s")
        )
        return found


def value_of(figure: float, criterion: Criterion) -> float:
    """Return what a figure is worth, 0 to 1."""
    return min(max(raw_of(figure, criterion), 0.0), 1.0)


def raw_of(figure: float, criterion: Criterion) -> float:
    """Return what a figure would be worth were its scale to go on beyond both ends."""
    if math.isinf(figure):
        return 0.0 if (figure > 0) == (criterion.best < criterion.worst) else 1.0
    return (figure - criterion.worst) / (criterion.best - criterion.worst)


def _is_quantile(metric: str) -> bool:
    return metric.startswith(("e2e_", "ttft_"))


def _level_of(metric: str) -> float:
    return _QUANTILES[metric.split("_")[1]]
