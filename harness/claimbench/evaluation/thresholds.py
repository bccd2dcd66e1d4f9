"""``thresholds:`` of a suite: limits on an arm's own figures, for pipelines."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from claimbench.claims.facts.nodes import NODE_TYPE, mixed_nodes
from claimbench.claims.people import corrected_accuracy, labelled_tasks
from claimbench.errors import BenchError
from claimbench.tables.per_request import per_request
from claimbench.tables.priced import priced_items
from claimbench.tables.types import ArmItems, CallRows
from claimbench.tables.waits import whole_rows

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class Missed:
    """One threshold that an arm misses; ``value`` is nan where the figure does not exist, or does
    not count: ``why`` says it.
    """

    metric: str
    arm: str
    value: float
    side: str
    limit: float
    why: str = ""


def _mean(values: np.ndarray) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _dearest(items: ArmItems) -> float:
    """Return the mean dollars of a request, nan where they are not known: a vendor's word alone
    keeps no limit that the prices miss.
    """
    stated = per_request(items).usd
    if items.priced is None:
        return math.nan if stated is None else stated
    ends = [end for end in (stated, per_request(priced_items(items)).usd) if end is not None]
    return max(ends, default=math.nan)


def _quantile(values: np.ndarray, p: float) -> float:
    kept = values[~np.isnan(values)]
    return float(np.quantile(kept, p, method="inverted_cdf")) if len(kept) else float("nan")


METRICS: Mapping[str, tuple[str, Callable[[ArmItems, CallRows], float]]] = {
    "accuracy": (">=", lambda items, _calls: _mean(items.score)),
    "usd_per_1k": ("<=", lambda items, _calls: 1000 * _dearest(items)),
    "ttft_p50_s": ("<=", lambda _items, calls: _quantile(whole_rows(calls).ttft_s, 0.5)),
    "ttft_p95_s": ("<=", lambda _items, calls: _quantile(whole_rows(calls).ttft_s, 0.95)),
    "e2e_p50_s": ("<=", lambda _items, calls: _quantile(whole_rows(calls).e2e_s, 0.5)),
    "e2e_p95_s": ("<=", lambda _items, calls: _quantile(whole_rows(calls).e2e_s, 0.95)),
    "error_share": (
        "<=",
        lambda items, _calls: float(items.n_missing.sum() / max(1, items.n_calls.sum())),
    ),
}
"""Metric -> (the good side, how it is computed). Point estimates: a threshold is a gate, a claim is
a test.
"""


def missed_thresholds(evaluation: Evaluation) -> tuple[Missed, ...]:
    """Return the thresholds of the suite that arms of the run miss.

    An arm that was not run is not looked at.

    Raises:
        BenchError: a metric or an arm that does not exist.
    """
    missed = []
    arms = {arm.name for arm in evaluation.stored.suite.arms}
    for metric, limits in evaluation.stored.suite.thresholds.items():
        side, compute = METRICS[_known(metric, METRICS, "metric")]
        for arm, limit in limits.items():
            _known(arm, dict.fromkeys(arms), "arm")
            if arm not in evaluation.stored.manifest.arms_run:
                continue
            value = compute(evaluation.items.arms[arm], evaluation.calls.arms[arm])
            why = ""
            if metric == "accuracy":
                value = _accuracy_of_people(evaluation, arm, value)
            elif metric.endswith("_s"):
                why = _on_mixed_nodes(evaluation, arm)
                value = math.nan if why else value
            good = value >= float(limit) if side == ">=" else value <= float(limit)
            if not good:
                missed.append(Missed(metric, arm, value, side, float(limit), why))
    return tuple(missed)


def _on_mixed_nodes(evaluation: Evaluation, arm: str) -> str:
    """Say why no time of an arm keeps a limit: a cluster worked on it by different hardware; "" for
    one kind of node, and where the suite allows it.
    """
    rows, everything = evaluation.calls.arms[arm], np.ones(len(evaluation.items.items), np.bool_)
    kinds = None if NODE_TYPE in evaluation.context.allow else mixed_nodes(rows, everything)
    if kinds is None:
        return ""
    return f"not judged over nodes of several kinds ({kinds}); to allow it: `allow: [{NODE_TYPE}]`"


def _accuracy_of_people(evaluation: Evaluation, arm: str, plain: float) -> float:
    """Return the mean score with the tasks that people labelled as they see them; ``plain`` where
    they labelled none, nan where a task of theirs has no label for this arm.
    """
    items, context = evaluation.items, evaluation.context
    labelled = labelled_tasks(items, context)
    if not labelled:
        return plain
    score = items.arms[arm].score
    total = count = 0.0
    for task in np.unique(items.task).tolist():
        mine = items.task == task
        weight = float((mine & ~np.isnan(score)).sum())
        if not weight:
            continue
        value: float | None = _mean(score[mine])
        if task in labelled:
            found = corrected_accuracy(items, arm, mine, context)
            value = None if found is None else found.at(evaluation.stored.suite.alpha).est
        if value is None:
            return float("nan")
        total += weight * value
        count += weight
    return total / count if count else float("nan")


def _known(name: str, known: Mapping[str, object], what: str) -> str:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(known))}"
        raise BenchError(f"thresholds: no {what} '{name}'", hint=hint)
    return name
