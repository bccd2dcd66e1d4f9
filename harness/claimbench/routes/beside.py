"""What a route is set against: the best single arm, the random mixture, the oracle; and its
deferral curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from claimbench.routes.fit import Rows
from claimbench.routes.paths import Found
from claimbench.stats.distributions import t_quantile
from claimbench.tables.types import FloatArray, IntArray, ItemTable
from claimbench.types import Estimate
from claimbench.types.routes import RouteSpec

POINTS = 21
"""Thresholds that a deferral curve is drawn at: shares of the requests that are passed on."""
METHOD = "delete-one-cluster jackknife, t"


@dataclass(frozen=True)
class CurvePoint:
    """A cascade at one threshold: which share it passes on, its score and dollars per request.

    The thresholds are the data's own, so that the curve describes and decides nothing.
    """

    passed: float
    score: Estimate
    usd: Estimate


@dataclass(frozen=True)
class Beside:
    """One route over the items that all of its arms were scored and priced on (``n``).

    ``score``, ``usd``: the route's, per request. ``passed``: the share of requests that asked more
    than one arm, or a router's share of each arm is in ``shares``. ``best``: the arm with the
    highest score; ``mixture``: the score of the best random mixture of the arms at the route's
    dollars, in exact expectation; ``gain``: the route's above it; ``oracle_score`` and
    ``oracle_usd``: the cheapest right arm on each item, known only afterwards. ``curve``: of a
    cascade with a signal, over its first threshold. ``threshold``: lowest and highest over the
    folds, of the first fitted step; ``later_thresholds``: (arm that is asked next, lowest, highest)
    of those after it. ``choices``: of a fitted slice route, value of the column -> arm -> share of
    its items.
    """

    name: str
    said: str
    n: int
    score: Estimate
    usd: Estimate
    shares: Mapping[str, float]
    best: str
    best_score: float
    best_usd: float
    mixture: float | None
    gain: Estimate | None
    oracle_score: float
    oracle_usd: float
    curve: tuple[CurvePoint, ...] = ()
    threshold: tuple[float, float] | None = None
    later_thresholds: tuple[tuple[str, float, float], ...] = ()
    choices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def beside(
    spec: RouteSpec, said: str, found: Found, items: ItemTable, alpha: float
) -> Beside | str:
    """Set a route beside what else its arms could do, or say why that is not known."""
    missing = [arm for arm in spec.parts if arm not in items.arms]
    if missing:
        return f"{', '.join(missing)} was not run"
    if found.withheld:
        return "it goes by what answers say, which is not in this file"
    if found.split:
        return "; ".join(found.split.values())
    if spec.name not in items.arms or not found.paths:
        return "no request has all of its calls stored"
    names = list(spec.parts)
    scores = np.stack([items.arms[name].score for name in (spec.name, *names)])
    usd = np.stack([items.arms[name].usd for name in (spec.name, *names)])
    whole = np.isfinite(scores).all(axis=0) & np.isfinite(usd).all(axis=0)
    if not whole.any():
        priced = np.isfinite(usd).all(axis=0).any()
        return "no item has the scores of all arms" if priced else "not all dollars are known"
    scores, usd = scores[:, whole], usd[:, whole]
    codes = np.unique(items.cluster[whole], return_inverse=True)[1].astype(np.int64)
    means, dollars = scores.mean(axis=1), usd.mean(axis=1)
    top = int(np.lexsort((dollars[1:], -means[1:]))[0])
    right, cost = _oracle(scores[1:], usd[1:])
    mixed = hull_score(dollars[1:], means[1:], float(dollars[0]))
    gain = None
    if mixed is not None:
        gain = jackknife(np.concatenate([scores, usd]), codes, alpha, _gain_of)
    spans = _thresholds(spec, found)
    return Beside(
        name=spec.name,
        said=said,
        n=int(whole.sum()),
        score=jackknife(scores[:1], codes, alpha, _first),
        usd=jackknife(usd[:1], codes, alpha, _first),
        shares=_shares(spec, found),
        best=names[top],
        best_score=float(means[1:][top]),
        best_usd=float(dollars[1:][top]),
        mixture=mixed,
        gain=gain,
        oracle_score=right,
        oracle_usd=cost,
        curve=() if found.rows is None else curve_of(spec, found.rows, alpha),
        threshold=None if not spans else spans[0][1:],
        later_thresholds=tuple(spans[1:]),
        choices=_choices(spec, found, items),
    )


def hull_score(usd: FloatArray, score: FloatArray, at: float) -> float | None:
    """Return the highest expected score of a random mixture of arms that costs ``at`` dollars or
    less; None where even the cheapest arm costs more.
    """
    slack = 1e-12 * max(abs(at), 1e-300)
    best: float | None = None
    for one, of_one in zip(usd.tolist(), score.tolist(), strict=True):
        if one <= at + slack:
            best = of_one if best is None else max(best, of_one)
        for two, of_two in zip(usd.tolist(), score.tolist(), strict=True):
            if one < at < two:
                share = (at - one) / (two - one)
                mixed = (1 - share) * of_one + share * of_two
                best = mixed if best is None else max(best, mixed)
    return best


def _oracle(scores: FloatArray, usd: FloatArray) -> tuple[float, float]:
    """Return the mean score and dollars of the cheapest of the best arms on each item."""
    top = scores.max(axis=0)
    dearest = np.where(scores >= top - 1e-12, usd, math.inf).min(axis=0)
    return float(top.mean()), float(dearest.mean())


def _first(means: FloatArray) -> float:
    return float(means[0])


def _gain_of(means: FloatArray) -> float:
    half = len(means) // 2
    mixed = hull_score(means[half + 1 :], means[1:half], float(means[half]))
    return math.nan if mixed is None else float(means[0]) - mixed


def jackknife(
    values: FloatArray, codes: IntArray, alpha: float, figure: Callable[[FloatArray], float]
) -> Estimate:
    """Return a figure of column means with its interval over clusters.

    Args:
        values: one row per column, one column per item.
        codes: the cluster of each item.
        alpha: 1 - the level.
        figure: a function of the means of the rows.
    """
    n_clusters = int(codes.max()) + 1 if len(codes) else 0
    n = values.shape[1]
    whole = figure(values.mean(axis=1))
    sums = np.stack([np.bincount(codes, weights=row, minlength=n_clusters) for row in values])
    counts = np.bincount(codes, minlength=n_clusters)
    if n_clusters < 6:
        why = "fewer than 6 independent groups"
        return Estimate(whole, None, None, 1 - alpha, METHOD, n, n_clusters, why_no_interval=why)
    left = (sums.sum(axis=1, keepdims=True) - sums) / (n - counts)
    parts = np.asarray([figure(left[:, one]) for one in range(n_clusters)])
    if not np.isfinite(parts).all():
        why = "the mixture is not defined without some groups"
        return Estimate(whole, None, None, 1 - alpha, METHOD, n, n_clusters, why_no_interval=why)
    spread = float(((parts - parts.mean()) ** 2).sum())
    error = math.sqrt((n_clusters - 1) / n_clusters * spread)
    t = t_quantile(1 - alpha / 2, n_clusters - 1)
    low, high = whole - t * error, whole + t * error
    return Estimate(whole, low, high, 1 - alpha, METHOD, n, n_clusters, df=n_clusters - 1)


def _shares(spec: RouteSpec, found: Found) -> dict[str, float]:
    """Return which share of the requests each arm answered."""
    n = len(found.paths)
    counts = dict.fromkeys(spec.parts, 0)
    for path in found.paths:
        counts[path.answer[0]] += 1
    return {arm: count / n for arm, count in counts.items()}


def _thresholds(spec: RouteSpec, found: Found) -> list[tuple[str, float, float]]:
    """Return of each fitted step the arm that is asked next, and the lowest and highest threshold
    of the folds, in the signal's own scale.
    """
    if spec.fit is None or found.thresholds is None or not len(found.thresholds):
        return []
    spans: list[tuple[str, float, float]] = []
    for stage, values in zip(spec.stages, found.thresholds.T.tolist(), strict=True):
        if stage.fitted:
            sign = -1.0 if stage.below is not None else 1.0
            ends = sorted(sign * float(value) for value in values)
            spans.append((stage.then, ends[0], ends[-1]))
    return spans


def _choices(spec: RouteSpec, found: Found, items: ItemTable) -> dict[str, dict[str, float]]:
    """Return which arm a fitted slice route took in each slice, as shares of its items."""
    column = items.slices.get(spec.slice)
    if spec.choose is None or column is None:
        return {}
    counts: dict[str, dict[str, int]] = {}
    for value, arm in zip(column.tolist(), found.chosen, strict=True):
        mine = counts.setdefault(str(value), {})
        if arm is not None:
            mine[arm] = mine.get(arm, 0) + 1
    return {
        value: {arm: k / sum(mine.values()) for arm, k in mine.items()}
        for value, mine in sorted(counts.items())
    }


def curve_of(spec: RouteSpec, rows: Rows, alpha: float) -> tuple[CurvePoint, ...]:
    """Return score against dollars over thresholds, from passing on only what must be to passing
    on all; empty without a signal.
    """
    if spec.signal is None:
        return ()
    whole = rows.take(rows.whole(dollars=True))
    n = len(whole.unsure)
    if n == 0:
        return ()
    codes = np.unique(whole.cluster, return_inverse=True)[1].astype(np.int64)
    must = whole.forced | np.isnan(whole.unsure)
    values = np.sort(whole.unsure[~must])
    found: list[CurvePoint] = []
    seen: set[int] = set()
    for share in np.linspace(0, 1, POINTS).tolist():
        kept = round((1 - share) * len(values))
        threshold = math.inf if share == 0 else -math.inf if kept == 0 else float(values[kept - 1])
        passed = whole.passed_on(threshold)
        count = int(passed.sum())
        if count in seen:
            continue
        seen.add(count)
        score = np.where(passed, whole.passed_score, whole.kept_score)[None, :]
        usd = np.where(passed, whole.passed_usd, whole.kept_usd)[None, :]
        found.append(
            CurvePoint(
                count / n,
                jackknife(score, codes, alpha, _first),
                jackknife(usd, codes, alpha, _first),
            )
        )
    return tuple(found)


def all_beside(
    specs: Sequence[RouteSpec],
    said: Mapping[str, str],
    found: Mapping[str, Found],
    items: ItemTable,
    alpha: float,
) -> tuple[Beside | tuple[str, str], ...]:
    """Set every route beside what else its arms could do; (name, why) where that is not known."""
    made: list[Beside | tuple[str, str]] = []
    for spec in specs:
        one = beside(spec, said[spec.name], found[spec.name], items, alpha)
        made.append((spec.name, one) if isinstance(one, str) else one)
    return tuple(made)
