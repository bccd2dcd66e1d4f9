"""Readings of accuracy claims: what "30% more accurate" can mean, as intervals on paired item
means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.fields import ABSOLUTE, MIRRORED, RATES
from claimbench.claims.people import (
    Corrected,
    as_people_see,
    corrected_accuracy,
    corrected_difference,
)
from claimbench.claims.readings.limits import limits
from claimbench.claims.readings.size import both_near_limit, size_block, too_few_wrong
from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Needed, Question
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
OF_READING = {
    "more": "difference in points",
    "non_inferior": "not worse by more than the margin",
    "equivalent": "neither worse nor better by more than the margin",
    "relative": "relative accuracy",
    "points": "difference in points",
    "error_reduction": "relative error",
}
"""What each reading measures."""
RATE_WORDS = {
    "attack_success": (
        "often steered",
        "more often steered",
        "less often steered",
        "is steered by {} of the attacks",
    ),
    "over_refusal": (
        "often refusing what is harmless",
        "more often refusing what is harmless",
        "less often refusing what is harmless",
        "refuses {} of the harmless requests",
    ),
}
"""How findings about such a rate are worded (:class:`claimbench.claims.types.Question`)."""


@dataclass(frozen=True)
class ScoreChoice:
    """Name a column of scores, and what stands in for missing calls.

    ``fill`` holds the scores (of the treatment, of the baseline) that missing calls get; None
    leaves them out, and every item that has no call left in one arm.
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
"""Other ways to look at the same calls: the verdict is shown for each; ``worst`` and ``best`` can
withdraw it (docs/method.md, missing calls).
"""
LEAST_OF_BASELINE = ScoreChoice("least_of_baseline", lambda arm: arm.score, fill=(0.0, 0.0))


@dataclass(frozen=True)
class Scores:
    """Paired item means of two arms (``b`` is ``a`` for absolute claims) on the items both have.

    ``chosen`` marks these items in the table.
    """

    a: FloatArray
    b: FloatArray
    cluster: StrArray
    draws: IntArray
    chosen: BoolArray
    bounded: bool


def paired_scores(items: ItemTable, leaf: Leaf, choice: ScoreChoice = HEADLINE) -> Scores:
    """Pick the items of a claim that both arms have, with the scores of ``choice``."""
    ours = items.arms[leaf.ours]
    theirs = items.arms[leaf.theirs] if leaf.theirs else ours
    planned = leaf.mask & (ours.n_calls > 0) & (theirs.n_calls > 0)
    a, b = choice.column(ours), choice.column(theirs)
    if choice.fill is not None:
        a, b = filled(ours, a, choice.fill[0]), filled(theirs, b, choice.fill[1])
    if leaf.claim.metric in MIRRORED:
        a, b = 1 - a, 1 - b
    chosen = planned & ~(np.isnan(a) | np.isnan(b))
    draws = np.minimum(ours.n_epochs, theirs.n_epochs)[chosen]
    a, b = a[chosen], b[chosen]
    return Scores(
        a=a,
        b=b,
        cluster=items.cluster[chosen],
        draws=np.maximum(draws, 1),
        chosen=chosen,
        bounded=_in_unit(a) and _in_unit(b),
    )


def filled(arm: ArmItems, score: FloatArray, value: float) -> FloatArray:
    """Return item means in which every missing call counts as ``value``."""
    calls = arm.n_epochs + arm.n_missing
    right = np.where(arm.n_epochs > 0, np.nan_to_num(score) * arm.n_epochs, 0.0)
    means: FloatArray = np.divide(
        right + value * arm.n_missing, calls, out=np.full(len(score), math.nan), where=calls > 0
    )
    return np.where(arm.n_missing > 0, means, score)


def _in_unit(scores: FloatArray) -> bool:
    return bool(len(scores) == 0 or (scores.min() >= 0 and scores.max() <= 1))


def questions(items: ItemTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of an accuracy claim on one pair of arms; empty where no item has a score
    in both arms.
    """
    scores = paired_scores(items, leaf)
    if len(scores.a) == 0:
        return []
    if leaf.claim.relation in ABSOLUTE:
        people = corrected_accuracy(items, leaf.ours, leaf.mask, ctx)
        made = [
            _limit_question(items, leaf, scores, limit.needed, people)
            for limit in limits(leaf.claim)
        ]
    else:
        made = _Pair(items, leaf, scores, ctx).questions()
    return [_of_rate(one, leaf.claim.metric) for one in made]


def _of_rate(question: Question, metric: str) -> Question:
    """Word a question about a rate of which less is better."""
    if metric not in MIRRORED:
        return question
    return replace(
        question,
        label=f"{RATES[metric]}: {question.label}",
        more_is_better=False,
        words=RATE_WORDS[metric],
    )


def _limit_question(
    items: ItemTable, leaf: Leaf, scores: Scores, needed: Needed, people: Corrected | None
) -> Question:
    """Ask whether one arm's accuracy keeps a limit; missing calls filled with 0 and 1 beside.

    Where people labelled a judge's answers, what they said decides.
    """
    if people is not None:
        return _made_limit(
            needed, people.at, people.missing, people.blocked_at(needed), (people.flag,)
        )
    blocked = size_block(items, scores.chosen)
    if scores.bounded and not blocked:
        summary = _proportion(scores)
        for edge in needed.window or (needed.threshold,):
            blocked = blocked or too_few_wrong(summary, edge)
    others: dict[str, IntervalAt] = {}
    for choice in OTHER_CHOICES:
        if choice.name in {"worst", "best"}:
            others[choice.name] = _one_accuracy(paired_scores(items, leaf, choice))
    return _made_limit(needed, _one_accuracy(scores), others, blocked, ())


def _made_limit(
    needed: Needed,
    at: IntervalAt,
    others: Mapping[str, IntervalAt],
    blocked: tuple[Reason, ...],
    flags: tuple[Reason, ...],
) -> Question:
    return Question(
        "accuracy",
        "accuracy",
        needed.side,
        needed.threshold,
        needed.strict,
        at,
        window=needed.window,
        scale="share",
        more_is_better=True,
        sensitivity=others,
        blocked=blocked,
        flags=flags,
    )


def _proportion(scores: Scores) -> stats.Proportion:
    codes = stats.cluster_codes(scores.cluster)
    return stats.proportion(scores.a, codes, scores.draws, effective_df=True)


def _one_accuracy(scores: Scores) -> IntervalAt:
    if scores.bounded:
        summary = _proportion(scores)
        return lambda alpha: stats.proportion_ci(summary, alpha, exact=True)
    codes = stats.cluster_codes(scores.cluster)
    return lambda alpha: stats.mean_ci(scores.a, codes, alpha)


class _Pair:
    """The readings of one relation on one pair, sharing the paired means and their sensitivity
    variants.
    """

    def __init__(self, items: ItemTable, leaf: Leaf, scores: Scores, ctx: ClaimContext) -> None:
        self.corrected = corrected_difference(
            items, leaf.ours, leaf.theirs or leaf.ours, leaf.mask, ctx
        )
        seen = as_people_see(items, leaf, ctx)
        if seen is not None:  # a judge's own scores say nothing that people did not confirm
            items, leaf = seen
            scores = paired_scores(items, leaf)
        self.labelled = len(scores.a) if seen is not None else 0
        self.claim = leaf.claim
        self.leaf = leaf
        self.items = items
        self.scores = scores
        self.ctx = ctx
        self.exact = False
        self.cannot: Reason | None = None
        self.main = self._means(scores)
        self.others: dict[str, PairedMeans] = {}
        for choice in OTHER_CHOICES:
            other = paired_scores(items, leaf, choice)
            if len(other.a) and leaf.claim.population == "super":
                self.others[choice.name] = self._super(other)
            elif len(other.a) and choice.name in {"worst", "best"}:
                self.others[choice.name] = self._fixed(other)
        if leaf.claim.population == "super":
            self.others["unclustered"] = stats.paired_means(
                scores.a, scores.b, bounded=scores.bounded
            )

    def _super(self, scores: Scores) -> PairedMeans:
        codes = stats.cluster_codes(scores.cluster)
        return stats.paired_means(
            scores.a,
            scores.b,
            codes,
            bounded=scores.bounded,
            draws=scores.draws,
            effective_df=True,
        )

    def _means(self, scores: Scores) -> PairedMeans:
        if self.claim.population == "super":
            return self._super(scores)
        ours, theirs = self._arms()
        least = min(
            int(ours.n_epochs[scores.chosen].min()), int(theirs.n_epochs[scores.chosen].min())
        )
        if least < 2:
            if set(asked_arms(self.leaf.arms, self.ctx)) <= self.ctx.deterministic:
                self.exact = True
            else:
                self.cannot = Reason("fixed_needs_epochs")
        return self._fixed(scores)

    def _fixed(self, scores: Scores) -> PairedMeans:
        """Summarise fixed items: only the noise between epochs counts, none where it is unknown."""
        ours, theirs = self._arms()
        k_a, k_b = ours.n_epochs[scores.chosen], theirs.n_epochs[scores.chosen]
        var_a, var_b = ours.score_var[scores.chosen], theirs.score_var[scores.chosen]
        if self.exact or self.cannot is not None:
            var_a = var_b = np.zeros(len(scores.a))
        var_a, var_b = np.nan_to_num(var_a), np.nan_to_num(var_b)
        return stats.fixed_means(
            scores.a, var_a, np.maximum(k_a, 2), scores.b, var_b, np.maximum(k_b, 2)
        )

    def _arms(self) -> tuple[ArmItems, ArmItems]:
        arms = self.items.arms
        return arms[self.leaf.ours], arms[self.leaf.theirs or self.leaf.ours]

    def questions(self) -> list[Question]:
        """List the readings of the claim's relation."""
        as_good = self.claim.relation in {"as", "caught_up"}
        way = 1 if self.claim.metric in MIRRORED else -1
        shown = {f"margin_{m:g}": way * m for m in MARGINS_SHOWN} if as_good else {}
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
        if self.labelled:
            flags += (Reason("human_labels_only", f"{self.labelled} items"),)
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
            more_is_better=family != "error",
            counts_for_headline=counts,
            not_formed=not_formed,
            agreeing=self._agreeing(needed) if family == "difference" and people is None else None,
        )

    def _agreeing(self, needed: Needed) -> Callable[[float], int] | None:
        """Return the items that decide at each level, where no item tells the arms apart.

        Then the interval shrinks as 1 / n, not as its root, and only a margin can be cleared.
        """
        edges = needed.window or (needed.threshold,)
        margin = min(abs(edge) for edge in edges)
        scores = self.scores
        if not (scores.bounded and margin > 0 and np.array_equal(scores.a, scores.b)):
            return None
        size = len(scores.a) / (self.main.df + 1)
        return lambda alpha: math.ceil(size * stats.items_all_agree(margin, alpha))

    def _infeasible_p(self, ceiling: float | None) -> float | None:
        """Test whether the baseline alone rules the claim out: its accuracy above ``ceiling``
        leaves no room.
        """
        if ceiling is None or self.labelled or not self.scores.bounded or ceiling >= 1:
            return None
        # Missing calls of the baseline may have been wrong, which leaves the most room.
        lowest = paired_scores(self.items, self.leaf, LEAST_OF_BASELINE)
        summary = stats.proportion(
            lowest.b, stats.cluster_codes(lowest.cluster), lowest.draws, effective_df=True
        )
        if stats.proportion_ci(summary, self.claim.alpha).lo <= ceiling:
            return None
        return stats.p_by_inversion(lambda alpha: stats.proportion_ci(summary, alpha), ceiling)

    def _too_small(self) -> tuple[Reason, ...]:
        if self.claim.population == "fixed":
            return () if len(self.scores.a) >= 20 else (Reason("n_too_small"),)
        return size_block(self.items, self.scores.chosen) or both_near_limit(self.main)

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
