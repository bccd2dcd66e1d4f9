"""Readings of accuracy claims: what "30% more accurate" can mean, as intervals on paired item
means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from claimbench import stats
from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.readings.limits import limits
from claimbench.claims.readings.size import size_block
from claimbench.claims.types import ClaimContext, Leaf, Needed, Question, Relation
from claimbench.stats import Interval, PairedMeans
from claimbench.tables.types import (
    ArmItems,
    BoolArray,
    FloatArray,
    IntArray,
    ItemTable,
    StrArray,
)
from claimbench.types import Reason

MARGINS_SHOWN = (0.02, 0.03, 0.05)
"""Non-inferiority margins at which the verdict is always printed."""
MISSING_LIMIT = 0.05
"""Share of missing calls in an arm above which a verdict that missing items could overturn is
withdrawn.
"""
LABELS_FOR_PPI = 50
OF_READING = {
    "more": "difference in points",
    "non_inferior": "not worse by more than the margin",
    "equivalent": "neither worse nor better by more than the margin",
    "relative": "relative accuracy",
    "points": "difference in points",
    "error_reduction": "relative error",
}
"""What each reading measures."""
IntervalAt = Callable[[float], Interval]


@dataclass(frozen=True)
class ScoreChoice:
    """Name a column of scores, and what stands in for missing items.

    ``fill`` holds the scores (of the treatment, of the baseline) that missing items get; None
    leaves out every item that is missing in one arm.
    """

    name: str
    column: Callable[[ArmItems], FloatArray]
    fill: tuple[float, float] | None = None


HEADLINE = ScoreChoice("headline", lambda arm: arm.score)
"""The scores that decide."""
OTHER_CHOICES = (
    ScoreChoice("errors_wrong", lambda arm: arm.score_errors_wrong),
    ScoreChoice("without_refusals", lambda arm: arm.score_without_refusals),
    ScoreChoice("worst", lambda arm: arm.score, fill=(0.0, 1.0)),
    ScoreChoice("best", lambda arm: arm.score, fill=(1.0, 0.0)),
)
"""Other ways to look at the same calls: the verdict is shown for each, and decided by none."""


@dataclass(frozen=True)
class Scores:
    """Paired item means of two arms (``b`` is ``a`` for absolute claims) on the items both have,
    with what is missing.

    ``planned`` counts the claim's items planned for both; ``missing_a``/``missing_b`` those without
    a score.
    """

    a: FloatArray
    b: FloatArray
    cluster: StrArray
    draws: IntArray
    planned: int
    missing_a: int
    missing_b: int
    bounded: bool


def paired_scores(items: ItemTable, leaf: Leaf, choice: ScoreChoice = HEADLINE) -> Scores:
    """Pick the items of a claim that both arms have, with the scores of ``choice``."""
    ours = items.arms[leaf.ours]
    theirs = items.arms[leaf.theirs] if leaf.theirs else ours
    planned = leaf.mask & (ours.n_calls > 0) & (theirs.n_calls > 0)
    a, b = choice.column(ours)[planned], choice.column(theirs)[planned]
    missing_a, missing_b = int(np.isnan(a).sum()), int(np.isnan(b).sum())
    if choice.fill is not None:
        a = np.where(np.isnan(a), choice.fill[0], a)
        b = np.where(np.isnan(b), choice.fill[1], b)
    keep = ~(np.isnan(a) | np.isnan(b))
    draws = np.minimum(ours.n_epochs, theirs.n_epochs)[planned][keep]
    a, b = a[keep], b[keep]
    return Scores(
        a=a,
        b=b,
        cluster=items.cluster[planned][keep],
        draws=np.maximum(draws, 1),
        planned=int(planned.sum()),
        missing_a=missing_a,
        missing_b=missing_b,
        bounded=_in_unit(a) and _in_unit(b),
    )


def _in_unit(scores: FloatArray) -> bool:
    return bool(len(scores) == 0 or (scores.min() >= 0 and scores.max() <= 1))


def missing_is_unequal(scores: Scores) -> bool:
    """Tell whether missing calls could carry a verdict: above 5% in an arm, or shares that differ
    (Fisher p < .05).
    """
    n = scores.planned
    if n == 0:
        return False
    if max(scores.missing_a, scores.missing_b) > MISSING_LIMIT * n:
        return True
    return stats.fisher_p(scores.missing_a, n, scores.missing_b, n) < 0.05


def questions(items: ItemTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of an accuracy claim on one pair of arms; empty where no item has a score
    in both arms.
    """
    scores = paired_scores(items, leaf)
    if len(scores.a) == 0:
        return []
    if leaf.claim.relation in ABSOLUTE:
        return [_limit_question(limit.needed, scores) for limit in limits(leaf.claim)]
    return _Pair(items, leaf, scores, ctx).questions()


def _limit_question(needed: Needed, scores: Scores) -> Question:
    codes = stats.cluster_codes(scores.cluster)
    summary = stats.proportion(scores.a, codes, scores.draws) if scores.bounded else None

    def at(alpha: float) -> Interval:
        return (
            stats.proportion_ci(summary, alpha, exact=True)
            if summary
            else stats.mean_ci(scores.a, codes, alpha)
        )

    return Question(
        "accuracy",
        "accuracy",
        needed.side,
        needed.threshold,
        needed.strict,
        at,
        window=needed.window,
        scale="share",
        blocked=_too_few(scores),
    )


def _too_few(scores: Scores) -> tuple[Reason, ...]:
    return size_block(len(scores.a), len(np.unique(scores.cluster)))


class _Pair:
    """The readings of one relation on one pair, sharing the paired means and their sensitivity
    variants.
    """

    def __init__(self, items: ItemTable, leaf: Leaf, scores: Scores, ctx: ClaimContext) -> None:
        self.claim = leaf.claim
        self.leaf = leaf
        self.items = items
        self.scores = scores
        self.ctx = ctx
        self.codes = stats.cluster_codes(scores.cluster)
        self.exact = False
        self.cannot: Reason | None = None
        self.main = self._means(scores)
        self.corrected = _judge_corrected(leaf, items, ctx)
        self.others: dict[str, PairedMeans] = {}
        if leaf.claim.population == "super":
            for choice in OTHER_CHOICES:
                other = paired_scores(items, leaf, choice)
                if len(other.a):
                    self.others[choice.name] = self._super(other)
            self.others["unclustered"] = stats.paired_means(
                scores.a, scores.b, bounded=scores.bounded
            )

    def _super(self, scores: Scores) -> PairedMeans:
        codes = stats.cluster_codes(scores.cluster)
        return stats.paired_means(
            scores.a, scores.b, codes, bounded=scores.bounded, draws=scores.draws
        )

    def _means(self, scores: Scores) -> PairedMeans:
        if self.claim.population == "super":
            return self._super(scores)
        keep = self._kept()
        ours, theirs = (
            self.items.arms[self.leaf.ours],
            self.items.arms[self.leaf.theirs or self.leaf.ours],
        )
        k_a, k_b = ours.n_epochs[keep], theirs.n_epochs[keep]
        var_a, var_b = ours.score_var[keep], theirs.score_var[keep]
        if min(int(k_a.min()), int(k_b.min())) < 2:
            if {self.leaf.ours, self.leaf.theirs} <= self.ctx.deterministic:
                self.exact = True
            else:
                self.cannot = Reason("fixed_needs_epochs")
            var_a = var_b = np.zeros(len(scores.a))
            k_a = k_b = np.full(len(scores.a), 2, dtype=np.int64)
        return stats.fixed_means(scores.a, var_a, k_a, scores.b, var_b, k_b)

    def _kept(self) -> BoolArray:
        ours, theirs = (
            self.items.arms[self.leaf.ours],
            self.items.arms[self.leaf.theirs or self.leaf.ours],
        )
        return self.leaf.mask & ~np.isnan(ours.score) & ~np.isnan(theirs.score)

    def questions(self) -> list[Question]:
        """List the readings of the claim's relation."""
        as_good = self.claim.relation in {"as", "caught_up"}
        shown = {f"margin_{m:g}": -m for m in MARGINS_SHOWN} if as_good else {}
        return [
            self._make(
                limit.name,
                OF_READING.get(limit.name, limit.name),
                limit.needed,
                thresholds=shown if limit.name == "non_inferior" else None,
                ceiling=limit.ceiling,
                counts=limit.headline,
            )
            for limit in limits(self.claim)
        ]

    def _make(
        self,
        name: str,
        label: str,
        needed: Needed,
        *,
        thresholds: dict[str, float] | None = None,
        ceiling: float | None = None,
        counts: bool = True,
    ) -> Question:
        family = FAMILIES.get(name, "difference")
        sensitivity: Mapping[str, IntervalAt] = {
            k: _interval_of(pm, family) for k, pm in self.others.items()
        }
        flags: tuple[Reason, ...] = ()
        blocked: tuple[Reason, ...] = ()
        if self.cannot is not None:
            blocked += (self.cannot,)
        if self.exact:
            flags += (Reason("exact_on_fixed_items"),)
        else:
            blocked += self._too_small()
        people = self.corrected if family == "difference" else None
        if people is not None:
            # Other ways to look at the judge's own scores say nothing about people's.
            sensitivity = people.missing
            flags = (people.flag,)
            blocked = people.blocked
            ceiling = None
        not_formed = None
        if family == "error" and not self.scores.bounded:
            not_formed = "scores are not in [0, 1]"
        return Question(
            name,
            label,
            needed.side,
            needed.threshold,
            needed.strict,
            self._interval(family),
            window=needed.window,
            scale="points" if family == "difference" else "ratio",
            contrast_at=self._contrast(family),
            sensitivity=sensitivity,
            thresholds=thresholds or {},
            flags=flags,
            blocked=blocked,
            infeasible_p=self._infeasible_p(ceiling),
            is_difference=family == "difference",
            counts_for_headline=counts,
            not_formed=not_formed,
        )

    def _infeasible_p(self, ceiling: float | None) -> float | None:
        """Test whether the baseline alone rules the claim out: its accuracy above ``ceiling``
        leaves no room.
        """
        if ceiling is None or not self.scores.bounded or ceiling >= 1:
            return None
        summary = stats.proportion(self.scores.b, self.codes, self.scores.draws)
        if stats.proportion_ci(summary, self.claim.alpha).lo <= ceiling:
            return None
        return stats.p_by_inversion(lambda alpha: stats.proportion_ci(summary, alpha), ceiling)

    def _too_small(self) -> tuple[Reason, ...]:
        if self.claim.population == "fixed":
            return () if len(self.scores.a) >= 20 else (Reason("n_too_small"),)
        return _too_few(self.scores)

    def _interval(self, family: str) -> IntervalAt:
        if family == "difference" and self.corrected is not None:
            return self.corrected.at
        return _interval_of(self.main, family)

    def _contrast(self, family: str) -> Callable[[float, float], Interval] | None:
        """Test ``a >= R b`` without dividing; for errors ``(1-a) <= E (1-b)``."""
        if family == "difference":
            return None
        if family == "ratio":
            return lambda r, alpha: stats.paired_ci(self.main, (1.0, -r), alpha)
        return lambda e, alpha: stats.paired_ci(self.main, (-1.0, e), alpha, const=e - 1.0)


FAMILIES = {"relative": "ratio", "error_reduction": "error"}
"""What kind of number a reading tests; all others are differences."""


def _needed(
    side: Relation, threshold: float, strict: float, window: tuple[float, float] | None
) -> Needed:
    """Return what is needed: the window where "about" gives one, else the side."""
    return Needed("within" if window else side, threshold, strict, window)


def _interval_of(pm: PairedMeans, family: str) -> IntervalAt:
    if family == "difference":
        return lambda alpha: stats.paired_ci(pm, alpha=alpha)
    if family == "ratio":
        return lambda alpha: stats.ratio_ci(pm, alpha)
    if not (pm.bounded or math.isinf(pm.df)):
        return lambda alpha: Interval(
            None, -math.inf, math.inf, 1 - alpha, "none", pm.n, pm.n_clusters
        )
    return lambda alpha: stats.error_ratio_ci(pm, alpha)


def human_pairs(leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> BoolArray | None:
    """Return the items of a claim that people labelled in both arms.

    None without labels, or where not a judge alone scores.
    """
    one, two = ctx.human_scores.get(leaf.ours), ctx.human_scores.get(leaf.theirs or leaf.ours)
    if one is None or two is None or not set(items.task[leaf.mask].tolist()) <= ctx.judged_tasks:
        return None
    found: BoolArray = leaf.mask & ~np.isnan(one) & ~np.isnan(two)
    return found if found.any() else None


@dataclass(frozen=True)
class Corrected:
    """The difference as people see it.

    ``flag`` says what it rests on; ``blocked``: too few labels for a decision; ``missing``: the
    same with items on which a call failed filled against the treatment (worst) and for it (best).
    """

    at: IntervalAt
    flag: Reason
    blocked: tuple[Reason, ...] = ()
    missing: Mapping[str, IntervalAt] = field(default_factory=dict)


def _judge_corrected(leaf: Leaf, items: ItemTable, ctx: ClaimContext) -> Corrected | None:
    """Correct a judge by human labels: PPI on paired differences from 50 labels; labels alone if
    fewer or clustered.

    PPI holds for any guess that treats labelled and other items alike, so where the judge left no
    score the guess is its mean difference. Calls that failed are missing to people too; ``missing``
    fills those.
    """
    labelled = human_pairs(leaf, items, ctx)
    if labelled is None:
        return None
    a, b = leaf.ours, leaf.theirs or leaf.ours
    pair = (items.arms[a], items.arms[b])
    planned = leaf.mask & np.logical_and.reduce([arm.n_calls > 0 for arm in pair])
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
    independent = len(np.unique(items.cluster[leaf.mask])) == int(leaf.mask.sum())
    varies = bool(np.ptp(truth[labelled]) > 0 or np.ptp(judge[labelled]) > 0)
    if n >= LABELS_FOR_PPI and independent and varies and rest.any():
        detail = f"people labelled {n} items, {int(rest.sum())} more by the judge"
        flag = Reason("judge_corrected", detail)

        def at(alpha: float) -> Interval:
            return stats.ppi_mean(truth[labelled], judge[labelled], judge[rest], alpha)

    else:
        flag = Reason("human_labels_only", f"{n} items")
        blocked = size_block(n, len(np.unique(items.cluster[labelled])))
        pm = stats.paired_means(
            ctx.human_scores[a][labelled], ctx.human_scores[b][labelled], codes, bounded=True
        )

        def at(alpha: float) -> Interval:
            return stats.paired_ci(pm, alpha=alpha)

    lost = 1 - int(answered.sum()) / int(planned.sum())
    ends = {"worst": -1.0, "best": 1.0} if lost else {}
    return Corrected(at, flag, blocked, {name: _mixed(at, lost, end) for name, end in ends.items()})


def _mixed(at: IntervalAt, lost: float, end: float) -> IntervalAt:
    """The interval of a mean when a share ``lost`` of the items all have the value ``end``."""

    def mixed(alpha: float) -> Interval:
        found = at(alpha)
        est = None if found.est is None else (1 - lost) * found.est + lost * end
        return replace(
            found,
            est=est,
            lo=(1 - lost) * found.lo + lost * end,
            hi=(1 - lost) * found.hi + lost * end,
        )

    return mixed
