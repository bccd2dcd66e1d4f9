"""Quality of tasks that a judge scored and people labelled: as people see it, or not at all.

Without labels every function here is that of :mod:`claimbench_reports.view.measure`.
"""

from __future__ import annotations

import numpy as np

from claimbench.claims.people import (
    Corrected,
    corrected_accuracy,
    corrected_difference,
    labelled_tasks,
    people_table,
)
from claimbench.tables.types import ArmItems, BoolArray
from claimbench_reports.view import measure
from claimbench_reports.view.format import Figure, count, figure
from claimbench_reports.view.inputs import ReportData

MIXED = "see each task"
NO_LABEL = "no label of people"


def is_labelled(data: ReportData, mask: BoolArray) -> bool:
    """Return whether people labelled answers of a task that ``mask`` holds items of."""
    found = labelled_tasks(data.items, data.context)
    return bool(found) and bool(np.isin(data.items.task[mask], sorted(found)).any())


def _is_mixed(data: ReportData, mask: BoolArray) -> bool:
    return not set(data.items.task[mask].tolist()) <= data.context.judged_tasks


def quality(id_: str, data: ReportData, arm: str, scope: measure.ItemScope) -> Figure:
    """Return the mean score over the scope's items, corrected by people's labels where they gave
    any; none where other scorers are mixed in.
    """
    if not is_labelled(data, scope.mask):
        return measure.quality(id_, data.items.arms[arm], scope)
    if _is_mixed(data, scope.mask):
        return figure(id_, None, "percent", unknown=MIXED)
    found = corrected_accuracy(data.items, arm, scope.mask, data.context)
    if found is None:
        return figure(id_, None, "percent", unknown=NO_LABEL)
    return measure.from_interval(id_, found.at(scope.alpha), "percent", extra=note_of(found))


def note_of(found: Corrected) -> str:
    """Say what a corrected figure rests on."""
    by = "judge corrected by labels of" if found.flag.code == "judge_corrected" else "people, on"
    return f"{by} {count(found.n)} items"


def usd_1k_correct(id_: str, data: ReportData, arm: str, scope: measure.ItemScope) -> Figure:
    """Return dollars per 1,000 correct answers, on the items that people labelled where they did
    any.
    """
    rows = data.items.arms[arm]
    if not is_labelled(data, scope.mask):
        return measure.usd_1k_correct(id_, rows, scope, data.items.right_of(rows.score))
    if _is_mixed(data, scope.mask):
        return figure(id_, None, "usd", unknown=MIXED)
    seen: ArmItems = people_table(data.items, data.context).arms[arm]
    labelled = scope.mask & np.isfinite(seen.score)
    if not labelled.any():
        return figure(id_, None, "usd", unknown=NO_LABEL)
    if not seen.score[labelled].any():
        return figure(id_, None, "usd", unknown="none correct")
    narrow = measure.ItemScope(labelled, scope.codes, scope.alpha)
    return measure.usd_1k_correct(id_, seen, narrow, data.items.right_of(seen.score))


def difference(data: ReportData, ours: str, theirs: str, mask: BoolArray) -> Corrected | None:
    """Return the difference in quality as people see it; None where they say nothing of it."""
    return corrected_difference(data.items, ours, theirs, mask, data.context)
