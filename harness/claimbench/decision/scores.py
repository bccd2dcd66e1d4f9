"""The scores that a criterion ``accuracy`` may rest on: people's labels where answers of a judged
task have any, and no word of a judge alone.
"""

from __future__ import annotations

import numpy as np

from claimbench.claims.fields import MIRRORED
from claimbench.claims.people import labelled_tasks, people_table
from claimbench.claims.preference.questions import paired_tasks
from claimbench.claims.readings.accuracy import filled
from claimbench.evaluation.evaluate import Evaluation
from claimbench.stats.arrays import BoolArray, FloatArray
from claimbench.types import Criterion


class Scores:
    """Scores of an evaluated run, by the rules of claims about accuracy.

    Args:
        evaluation: of the run.
        against: the arm whose calls without a result count as wrong, those of all others as right;
            None: they are left out.
    """

    def __init__(self, evaluation: Evaluation, against: str | None = None) -> None:
        self._context = evaluation.context
        self._items = people_table(evaluation.items, evaluation.context)
        self._labelled = labelled_tasks(evaluation.items, evaluation.context)
        self._scores = {
            arm: rows.score if against is None else filled(rows, rows.score, float(arm != against))
            for arm, rows in self._items.arms.items()
        }

    def of(self, arm: str) -> FloatArray:
        """Return an arm's score of each item, nan where there is none."""
        return self._scores[arm]

    def asked(self, criterion: Criterion) -> BoolArray:
        """Mark the items that a criterion is about. Attacks and comparisons in pairs have scores of
        their own kind, and count only where their task is named.
        """
        task = self._items.task
        if criterion.task is not None:
            return np.asarray(task == criterion.task)
        others = {
            name for name, metric in self._context.mirrored_tasks.items() if metric in MIRRORED
        }
        return ~np.isin(task, sorted(others | paired_tasks(self._context)))

    def why_none(self, criterion: Criterion) -> str:
        """Say why no figure can rest on the scores of a criterion's tasks; empty where one can."""
        tasks = set(self._items.task[self.asked(criterion)].tolist())
        if criterion.task in paired_tasks(self._context):
            return f"{criterion.task} is compared in pairs, and a share of wins is no accuracy"
        if self._context.trust_judge:
            return ""
        judged = tasks & self._context.judged_tasks
        alone = sorted(judged - self._labelled)
        if alone:
            return (
                f"a judge alone scored {', '.join(alone)}: let people label answers (`bench labels"
                " export`), or vouch for the judge (`allow: [judge_uncorrected]`)"
            )
        if judged and judged != tasks:
            return (
                f"people labelled a part of {', '.join(sorted(judged))}, which does not add up with"
                " tasks that are scored whole: name a task"
            )
        return ""
