"""What people say of answers that a judge scored: their labels stand in for the judge's scores, or
correct them.

Once a task's answers have labels, the judge alone sets no figure of it: a difference or an accuracy
is corrected by the labels (prediction-powered inference), everything else is counted on the
labelled items.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from claimbench import stats
from claimbench.claims.preference.labels import answers_blank, mixed
from claimbench.claims.readings.size import size_block, too_few_wrong
from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Needed
from claimbench.stats import Interval
from claimbench.tables.types import ArmItems, BoolArray, FloatArray, ItemTable
from claimbench.types import Reason

LABELS_FOR_PPI = 50
CHANGES_FOR_PPI = 5
"""Labels that differ from the judge's score, and right and wrong answers among the labelled, that a
corrected accuracy needs: with fewer the normal quantiles of the correction are too narrow.
"""


@dataclass(frozen=True)
class Corrected:
    """A difference or an accuracy as people see it.

    ``n``: labelled items. ``flag`` says what it rests on; ``blocked``: too few labels for a
    decision; ``missing``: the same with items on which a call failed, and drawn ones without a
    label, filled against the treatment (worst) and for it (best). ``summary``: the labels of one
    arm, where they alone count.
    """

    at: IntervalAt
    flag: Reason
    n: int
    blocked: tuple[Reason, ...] = ()
    missing: Mapping[str, IntervalAt] = field(default_factory=dict)
    summary: stats.Proportion | None = None

    def blocked_at(self, needed: Needed) -> tuple[Reason, ...]:
        """Return the reasons that forbid a decision about an accuracy at a limit."""
        blocked = self.blocked
        if self.summary is not None:
            for edge in needed.window or (needed.threshold,):
                blocked = blocked or too_few_wrong(self.summary, edge)
        return blocked


def labelled_tasks(items: ItemTable, ctx: ClaimContext) -> frozenset[str]:
    """Return the tasks of a judge that people labelled any answer of."""
    found: set[str] = set()
    for scores in ctx.human_scores.values():
        found |= set(items.task[~np.isnan(scores)].tolist())
    return frozenset(found & ctx.judged_tasks)


def human_pairs(leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> BoolArray | None:
    """Return the items of a claim that people labelled in both arms.

    None without labels, or where not a judge alone scores.
    """
    return _labelled(items, leaf.ours, leaf.theirs or leaf.ours, leaf.mask, ctx)


def _labelled(
    items: ItemTable, ours: str, theirs: str, mask: BoolArray, ctx: ClaimContext
) -> BoolArray | None:
    one, two = ctx.human_scores.get(ours), ctx.human_scores.get(theirs)
    if one is None or two is None or not set(items.task[mask].tolist()) <= ctx.judged_tasks:
        return None
    found: BoolArray = mask & ~np.isnan(one) & ~np.isnan(two)
    return found if found.any() else None


def people_table(items: ItemTable, ctx: ClaimContext) -> ItemTable:
    """Return a table in which people's labels stand in for the judge's scores of the tasks that
    they labelled, nan where there is no label; the same table without labels.
    """
    tasks = labelled_tasks(items, ctx)
    if not tasks:
        return items
    judged = np.isin(items.task, sorted(tasks))
    none = np.full(len(items.items), math.nan)
    arms = {
        name: _as_labelled(rows, judged, ctx.human_scores.get(name, none))
        for name, rows in items.arms.items()
    }
    return replace(items, arms=arms)


def _as_labelled(rows: ArmItems, judged: BoolArray, people: FloatArray) -> ArmItems:
    return replace(
        rows,
        score=np.where(judged, people, rows.score),
        score_var=np.where(judged, math.nan, rows.score_var),
        score_errors_wrong=np.where(judged, people, rows.score_errors_wrong),
        score_without_refusals=np.where(judged, people, rows.score_without_refusals),
    )


def as_people_see(items: ItemTable, leaf: Leaf, ctx: ClaimContext) -> tuple[ItemTable, Leaf] | None:
    """Return the table with people's labels for scores, and the claim on the labelled items alone;
    None where :func:`human_pairs` has none.
    """
    labelled = human_pairs(leaf, items, ctx)
    if labelled is None:
        return None
    return people_table(items, ctx), replace(leaf, mask=labelled)


def corrected_difference(
    items: ItemTable, ours: str, theirs: str, mask: BoolArray, ctx: ClaimContext
) -> Corrected | None:
    """Correct a judge by human labels: PPI on paired differences from 50 labels; labels alone if
    fewer or clustered. None without labels.

    PPI holds for any guess that treats labelled and other items alike, so where the judge left no
    score the guess is its mean difference. Calls that failed are missing to people too; ``missing``
    fills those.
    """
    labelled = _labelled(items, ours, theirs, mask, ctx)
    if labelled is None:
        return None
    a, b = ours, theirs
    pair = (items.arms[a], items.arms[b])
    planned = mask & np.logical_and.reduce([arm.n_calls > 0 for arm in pair])
    answered = planned & np.logical_and.reduce(
        [(arm.n_finished > 0) & (arm.n_errors == 0) for arm in pair]
    )
    truth = ctx.human_scores[a] - ctx.human_scores[b]
    judge = pair[0].score - pair[1].score
    if np.isnan(judge[answered]).all():
        judge = np.zeros(len(judge))
    judge = np.where(np.isnan(judge), np.nanmean(judge[answered]), judge)
    rest = answered & ~labelled
    blocked: tuple[Reason, ...] = ()
    n, codes = int(labelled.sum()), stats.cluster_codes(items.cluster[labelled])
    independent = len(np.unique(items.cluster[mask])) == int(mask.sum())
    varies = bool(np.ptp(truth[labelled]) > 0 or np.ptp(judge[labelled]) > 0)
    if n >= LABELS_FOR_PPI and independent and varies and rest.any():
        detail = f"people labelled {n} items, {int(rest.sum())} more by the judge"
        flag = Reason("judge_corrected", detail)

        def at(alpha: float) -> Interval:
            return stats.ppi_mean(truth[labelled], judge[labelled], judge[rest], alpha)

    else:
        flag = Reason("human_labels_only", f"{n} items")
        blocked = size_block(items, labelled)
        pm = stats.paired_means(
            ctx.human_scores[a][labelled],
            ctx.human_scores[b][labelled],
            codes,
            bounded=True,
            effective_df=True,
        )

        def at(alpha: float) -> Interval:
            return stats.paired_ci(pm, alpha=alpha)

    lost = 1 - int(answered.sum()) / int(planned.sum())
    lost = _with_blank(lost, answers_blank(items, (ours, theirs), mask, ctx))
    ends = {"worst": -1.0, "best": 1.0} if lost else {}
    missing = {name: mixed(at, lost, end) for name, end in ends.items()}
    return Corrected(at, flag, n, blocked, missing)


def corrected_accuracy(
    items: ItemTable, arm: str, mask: BoolArray, ctx: ClaimContext
) -> Corrected | None:
    """Correct a judge's mean score of one arm by human labels: PPI where enough of them are there,
    labels alone if not. None without labels, or where not a judge alone scores.

    A claim's accuracy and the figure in a report both come from here.
    """
    labelled = _labelled(items, arm, arm, mask, ctx)
    if labelled is None:
        return None
    rows = items.arms[arm]
    planned = mask & (rows.n_calls > 0)
    answered = planned & (rows.n_finished > 0) & (rows.n_errors == 0)
    truth, judge = ctx.human_scores[arm], rows.score
    rest = answered & ~labelled & ~np.isnan(judge)
    n = int(labelled.sum())
    independent = len(np.unique(items.cluster[mask])) == int(mask.sum())
    if n >= LABELS_FOR_PPI and independent and rest.any() and _can_correct(truth, judge, labelled):
        flag = Reason(
            "judge_corrected", f"people labelled {n} items, {int(rest.sum())} more by the judge"
        )
        summary = None

        def at(alpha: float) -> Interval:
            found = stats.ppi_mean(truth[labelled], judge[labelled], judge[rest], alpha)
            return replace(found, lo=max(found.lo, 0.0), hi=min(found.hi, 1.0))

    else:
        flag = Reason("human_labels_only", f"{n} items")
        codes = stats.cluster_codes(items.cluster[labelled])
        draws = np.maximum(rows.n_epochs[labelled], 1)
        summary = stats.proportion(truth[labelled], codes, draws, effective_df=True)

        def at(alpha: float) -> Interval:
            return stats.proportion_ci(summary, alpha, exact=True)

    lost = 1 - int(answered.sum()) / max(int(planned.sum()), 1)
    lost = _with_blank(lost, answers_blank(items, (arm,), mask, ctx))
    ends = {"worst": 0.0, "best": 1.0} if lost else {}
    missing = {name: mixed(at, lost, end) for name, end in ends.items()}
    return Corrected(at, flag, n, size_block(items, labelled), missing, summary)


def _can_correct(truth: FloatArray, judge: FloatArray, labelled: BoolArray) -> bool:
    """Return whether labels and judge differ often enough, and both right and wrong were seen."""
    if np.isnan(judge[labelled]).any():
        return False
    changed = int((truth[labelled] != judge[labelled]).sum())
    right = float(truth[labelled].sum())
    wrong = float((1 - truth[labelled]).sum())
    return min(changed, right, wrong) >= CHANGES_FOR_PPI


def _with_blank(lost: float, blank: tuple[int, int]) -> float:
    """Return the share that is unknown where calls failed and drawn answers have no label."""
    n, drawn = blank
    return 1 - (1 - lost) * (1 - n / drawn) if n else lost
