"""Criteria as numbers: what each arm is worth on each, its weighted total, and how sure both are.

A value is linear between ``worst`` (0) and ``best`` (1) and clipped; a total is 100 times the
weighted mean of values. The interval of a difference of totals: accuracy, success and dollars by
the delete-one-cluster jackknife of the whole difference on the same items (clipping included). That
jackknife is wrong for quantiles: their part comes from the order-statistic interval's half-width,
added as independent, which is conservative where slow items are slow for both arms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.claims.readings.failures import asked_text, failed_rows
from claimbench.evaluation.evaluate import Evaluation
from claimbench.stats.arrays import BoolArray, FloatArray, IntArray
from claimbench.stats.distributions import normal_quantile, t_cdf, t_quantile
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


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two totals, or of two arms' values, in points, with its interval."""

    est: float
    lo: float
    hi: float
    p: float


@dataclass(frozen=True)
class Measured:
    """One criterion of one arm: its figure, what that is worth (0 to 1), or why it is unknown."""

    figure: float | None
    value: float | None
    why: str = ""


class Totals:
    """The weighted totals of the arms of a run: scores on the items that all of them have a score
    of, dollars on those of which all of them have a request, times on each arm's own calls.

    Args:
        evaluation: of the run.
        criteria: with weights and scales; at least one.
        arms: those that are held against each other.
        monthly: dollars a month of an arm; None where no volume is stated.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        criteria: Sequence[Criterion],
        arms: Sequence[str],
        monthly: Monthly | None = None,
    ) -> None:
        self._evaluation = evaluation
        self.criteria = tuple(criteria)
        self.arms = tuple(arms)
        self._monthly = monthly
        self.weights = np.array([c.weight for c in criteria]) / sum(c.weight for c in criteria)
        self._codes: IntArray = np.unique(evaluation.items.cluster, return_inverse=True)[1]
        self._clusters = int(self._codes.max()) + 1 if len(self._codes) else 0
        self._masks = [self._shared(criterion) for criterion in criteria]
        self.measured: dict[str, tuple[Measured, ...]] = {
            arm: tuple(self._measure(arm, i) for i in range(len(criteria))) for arm in arms
        }
        self._spread = {arm: self._quantile_var(arm) for arm in arms}
        self._left_out = {
            arm: [self._without_each(arm, i) for i in range(len(criteria))] for arm in arms
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
        est = 0.0
        left_out = np.zeros(self._clusters)
        spread = 0.0
        for arm, sign in signs.items():
            for i in counted:
                est += sign * weights[i] * (self.measured[arm][i].value or 0.0)
                left_out += sign * weights[i] * self._left_out[arm][i]
                spread += weights[i] ** 2 * self._spread[arm][i]
        present = self._present(counted)
        g = int(present.sum())
        if g < 2:
            return Difference(100 * est, -100.0, 100.0, 1.0)
        theta = left_out[present]
        var = (g - 1) / g * float(((theta - theta.mean()) ** 2).sum()) + spread
        half = t_quantile(1 - alpha / 2, g - 1) * math.sqrt(var)
        p = _two_sided(est, math.sqrt(var), g - 1)
        return Difference(100 * est, 100 * (est - half), 100 * (est + half), p)

    def _present(self, counted: Sequence[int]) -> BoolArray:
        """Mark the clusters that hold an item of any criterion counted."""
        found = np.zeros(self._clusters, dtype=bool)
        for i in counted:
            found[self._codes[self._masks[i]]] = True
        return found

    def items_of(self, i: int) -> int | None:
        """Return on how many items criterion ``i`` rests; None of times, which rest on each arm's
        own calls.
        """
        return None if _is_quantile(self.criteria[i].metric) else int(self._masks[i].sum())

    def _shared(self, criterion: Criterion) -> BoolArray:
        """Mark the items that every arm has a figure for."""
        mask = np.ones(len(self._evaluation.items.items), dtype=bool)
        for arm in self.arms:
            mask &= self._has(arm, criterion)
        return mask

    def _has(self, arm: str, criterion: Criterion) -> BoolArray:
        """Mark the items that an arm has a figure for: a score, a request, or a finished call.

        The dollars of a request may be unknown; a call that failed at $0 is no request.
        """
        items = self._evaluation.items
        rows = items.arms[arm]
        mine = rows.n_finished > 0
        if criterion.metric == "accuracy":
            mine &= ~np.isnan(rows.score)
        elif criterion.metric in DOLLARS:
            mine &= with_request(rows)
        return mine if criterion.task is None else mine & (items.task == criterion.task)

    def _measure(self, arm: str, i: int) -> Measured:
        criterion = self.criteria[i]
        if _is_quantile(criterion.metric):
            rows = self._evaluation.calls.arms[arm]
            x, _ = self._times(rows, criterion)
            if not len(x):
                return Measured(None, None, "no time was measured")
            found = quantile_ci(x, _level_of(criterion.metric)).est
            if found is None:
                return Measured(math.inf, 0.0)
            return Measured(found, value_of(found, criterion))
        rows_of = _column(self._evaluation.items.arms[arm], criterion.metric)[self._masks[i]]
        if not len(rows_of):
            return Measured(None, None, self._why_empty(criterion))
        unknown = int(np.isnan(rows_of).sum())
        if unknown:
            asked = asked_text(self._evaluation.items.arms[arm], self._masks[i])
            why = f"the dollars of {unknown:,} of {len(rows_of):,} samples are not known"
            why = f"its dollars are of {asked}" if asked else why
            return Measured(None, None, why)
        figure = self._figure(arm, criterion, float(rows_of.mean()))
        if figure is None:
            return Measured(None, None, self._why_no_month())
        return Measured(figure, value_of(figure, criterion))

    def _why_empty(self, criterion: Criterion) -> str:
        """Say why no item has a figure of every arm: which arms have none at all."""
        what = "score" if criterion.metric == "accuracy" else "answer"
        empty = [arm for arm in self.arms if not self._has(arm, criterion).any()]
        where = "" if criterion.task is None else f" in {criterion.task}"
        if not empty:
            return f"no sample has the {what}s of all arms{where}"
        has = "has" if len(empty) == 1 else "have"
        return f"{', '.join(empty)} {has} no {what}{where}"

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

    def _without_each(self, arm: str, i: int) -> FloatArray:
        """Return the arm's value of a criterion without each cluster in turn."""
        criterion, mask = self.criteria[i], self._masks[i]
        value = self.measured[arm][i].value or 0.0
        if _is_quantile(criterion.metric):
            return np.full(self._clusters, value)
        x = _column(self._evaluation.items.arms[arm], criterion.metric)[mask]
        codes = self._codes[mask]
        sums = np.bincount(codes, weights=x, minlength=self._clusters)
        sizes = np.bincount(codes, minlength=self._clusters)
        total, n = float(x.sum()), len(x)
        values = np.full(self._clusters, value)
        for at in np.flatnonzero(sizes).tolist():
            if sizes[at] < n:
                mean = (total - sums[at]) / (n - sizes[at])
                figure = self._figure(arm, criterion, float(mean))
                values[at] = value if figure is None else value_of(figure, criterion)
        return values

    def _quantile_var(self, arm: str) -> list[float]:
        """Return the variance of each criterion's value that no jackknife gives: of quantiles."""
        found = []
        for criterion in self.criteria:
            var = 0.0
            if _is_quantile(criterion.metric):
                x, clusters = self._times(self._evaluation.calls.arms[arm], criterion)
                if len(x):
                    interval = quantile_ci(x, _level_of(criterion.metric), clusters)
                    ends = [value_of(end, criterion) for end in (interval.lo, interval.hi)]
                    var = (abs(ends[0] - ends[1]) / 2 / normal_quantile(0.975)) ** 2
            found.append(var)
        return found

    def _times(self, rows: CallRows, criterion: Criterion) -> tuple[FloatArray, IntArray]:
        """Return the seconds of the calls and the groups they came in: item clusters or time
        blocks, whichever are fewer.
        """
        name = criterion.metric.partition("_")[0]
        values = np.where(failed_rows(rows), math.inf, getattr(rows, f"{name}_s"))
        keep = ~np.isnan(values)
        if criterion.task is not None:
            keep &= self._evaluation.items.task[rows.item] == criterion.task
        clusters = np.unique(rows.cluster[keep], return_inverse=True)[1]
        blocks = np.unique(rows.block[keep], return_inverse=True)[1]
        several = 1 < len(np.unique(blocks)) < len(np.unique(clusters))
        return values[keep], blocks if several else clusters


def value_of(figure: float, criterion: Criterion) -> float:
    """Return what a figure is worth, 0 to 1."""
    if math.isinf(figure):
        return 0.0 if (figure > 0) == (criterion.best < criterion.worst) else 1.0
    share = (figure - criterion.worst) / (criterion.best - criterion.worst)
    return min(max(share, 0.0), 1.0)


def _is_quantile(metric: str) -> bool:
    return metric.startswith(("e2e_", "ttft_"))


def _level_of(metric: str) -> float:
    return _QUANTILES[metric.split("_")[1]]


def _column(arm: ArmItems, metric: str) -> FloatArray:
    if metric == "accuracy":
        return arm.score
    if metric == "success_rate":
        return 1 - arm.n_errors / np.maximum(arm.n_finished, 1)
    return arm.usd


def _two_sided(est: float, se: float, df: float) -> float:
    if se == 0:
        return 0.0 if est else 1.0
    return 2 * (1 - t_cdf(abs(est) / se, df))
