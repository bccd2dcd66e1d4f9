"""Power planning: how many items a claim needs, what the present size can resolve, and what both
cost.

Pure: claims, assumptions or a pilot's tables in, dataclasses out; ``bench plan`` and ``bench claims
explain`` print them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claimbench import stats
from claimbench.claims.readings.rules import ReadingRule, rules
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Claim

POWER = 0.8
MIN_ITEMS = 20
TAIL_ALPHA_FACTOR = 10.0


@dataclass(frozen=True)
class Assumptions:
    """Hold the assumptions where no pilot tells; every number can be stated by the user.

    Attributes:
        baseline_accuracy: share of items the baseline gets right.
        disagreement: share of items on which the arms differ.
        cost_cv: standard deviation over mean of the dollars per request, each arm.
        cost_correlation: between the arms' dollars on one item.
        log_latency_sd: standard deviation of the log of latency, each arm.
        design_effect: how many clustered items are worth one independent item.
        source: ``assumed`` or ``pilot``.
    """

    baseline_accuracy: float = 0.8
    disagreement: float = 0.2
    cost_cv: float = 0.8
    cost_correlation: float = 0.5
    log_latency_sd: float = 0.5
    design_effect: float = 1.0
    source: str = "assumed"


@dataclass(frozen=True)
class ArmEffort:
    """Hold the dollars and seconds of one call of an arm; None = unknown.

    ``epochs``: calls per item.
    """

    usd_per_call: float | None
    seconds_per_call: float | None
    concurrency: int = 1
    epochs: int = 1

    def usd(self, items: float) -> float | None:
        """Return the dollars for ``items`` items."""
        return None if self.usd_per_call is None else items * self.epochs * self.usd_per_call

    def hours(self, items: float) -> float | None:
        """Return the hours for ``items`` items."""
        if self.seconds_per_call is None:
            return None
        return items * self.epochs * self.seconds_per_call / 3600 / max(self.concurrency, 1)


@dataclass(frozen=True)
class ReadingPlan:
    """The power of one reading.

    ``true_effect`` is the value of the reading's quantity that is assumed to be true;
    ``items_needed`` is for 80% power at that truth (None: it sits on the threshold); ``resolvable``
    is how far from the threshold the truth must be for the present number of items to decide with
    80% power (in the quantity's own unit, logs for latency ratios).
    """

    rule: ReadingRule
    true_effect: float | None
    items_needed: int | None
    resolvable: float | None
    note: str = ""


@dataclass(frozen=True)
class ClaimPlan:
    """The plan of one claim; dollars and hours by arm for the items that its hardest planned
    reading needs.
    """

    claim: Claim
    readings: tuple[ReadingPlan, ...]
    items_present: int | None
    items_needed: int | None
    usd: Mapping[str, float | None] = field(default_factory=dict)
    hours: Mapping[str, float | None] = field(default_factory=dict)
    parts: tuple[ClaimPlan, ...] = ()
    why_not: str | None = None
    source: str = "assumed"


def plan_claim(
    claim: Claim,
    *,
    assumptions: Assumptions | None = None,
    items_present: int | None = None,
    true_effect: float | None = None,
    efforts: Mapping[str, ArmEffort] | None = None,
) -> ClaimPlan:
    """Plan one claim.

    Args:
        claim: parsed.
        assumptions: of a pilot (:func:`from_pilot`) or the defaults.
        items_present: items that the suite holds for the claim; None = unknown.
        true_effect: the truth to plan for, in the headline reading's own quantity (0.05 = 5 points
            better, 0.06 = costs 6% of the rival); None = :func:`default_effect`.
        efforts: dollars and seconds per call by arm.

    Returns:
        Readings with items needed and what is resolvable; nothing needed for claims that no run can
        measure.
    """
    assumed = assumptions or Assumptions()
    if claim.kind == "not_measurable":
        return ClaimPlan(claim, (), items_present, None, why_not=claim.note, source=assumed.source)
    if claim.kind == "adoption":
        why = "its snapshots decide it, without a call: bench adoption check"
        return ClaimPlan(claim, (), items_present, None, why_not=why, source=assumed.source)
    parts = tuple(
        plan_claim(
            p, assumptions=assumed, items_present=items_present, true_effect=None, efforts=efforts
        )
        for p in claim.parts
    )
    if parts:
        needed = _most([p.items_needed for p in parts])
        return _priced(
            ClaimPlan(claim, (), items_present, needed, parts=parts, source=assumed.source), efforts
        )
    made = rules(claim)
    if not made:
        return ClaimPlan(
            claim,
            (),
            items_present,
            None,
            why_not="state a limit: it is not testable as it stands",
            source=assumed.source,
        )
    # A stated truth is in the first reading's own quantity; the others keep their defaults.
    first = _plan_reading(made[0], claim, assumed, items_present, true_effect)
    others = [_plan_reading(rule, claim, assumed, items_present, None) for rule in made[1:]]
    plans = (first, *others)
    # A note says that there is nothing to sample for.
    needed = _most([p.items_needed for p in plans if p.rule.headline and not p.note])
    return _priced(ClaimPlan(claim, plans, items_present, needed, source=assumed.source), efforts)


def default_effect(rule: ReadingRule, assumed: Assumptions) -> float:
    """Choose a truth clearly on the claim's side: 5 points, half the dollars, or four fifths of the
    time beyond it.
    """
    if rule.window is not None:
        low, high = rule.window
        return high + (high - low) / 2 if rule.side == "outside" else (low + high) / 2
    more = rule.side in {">", ">="}
    step = 0.05 if more else -0.05
    if rule.family == "difference":
        return 0.0 if rule.name == "non_inferior" and more else rule.threshold + step
    if rule.family == "accuracy":
        far = (1 + rule.threshold) / 2 if more else rule.threshold / 2
        near = rule.threshold + step
        return min(near, far) if more else max(near, far)
    if rule.family == "ratio":
        return rule.threshold + step / assumed.baseline_accuracy
    if rule.family == "error":
        return rule.threshold * (2 if more else 0.5)
    factor = 0.5 if rule.family in {"cost", "usd"} else 0.8
    return rule.threshold / factor if more else rule.threshold * factor


def _plan_reading(
    rule: ReadingRule, claim: Claim, assumed: Assumptions, present: int | None, stated: float | None
) -> ReadingPlan:
    if rule.name == "list_price":
        return ReadingPlan(rule, None, 0, None, "arithmetic on list prices, no sampling")
    if rule.family == "bill":
        why = "reckoned from dollars per request at the stated volume, not planned"
        return ReadingPlan(rule, None, 0, None, why)
    truth = default_effect(rule, assumed) if stated is None else stated
    edge = rule.threshold if rule.window is None else min(rule.window, key=lambda w: abs(w - truth))
    gap, sd = _gap_sd(rule, truth, edge, assumed, claim)
    alpha = claim.alpha
    least = MIN_ITEMS
    if rule.family in {"quantile", "quantile_ratio"}:
        least = stats.min_n_quantile(claim.quantile or 0.5)
    if sd is None:
        return ReadingPlan(
            rule, truth, None, None, "arithmetic forbids this truth at the assumed accuracy"
        )
    needed = stats.items_needed(
        gap, sd, power=POWER, alpha=alpha, design_effect=assumed.design_effect
    )
    if rule.family in {"cost", "usd"} and needed is not None:
        # 95% decides only where the largest bill is known and the sample is long (tail guard)
        needed = stats.items_needed(
            gap,
            sd,
            power=POWER,
            alpha=alpha / TAIL_ALPHA_FACTOR,
            design_effect=assumed.design_effect,
        )
    if rule.name == "non_inferior" and needed is not None:
        needed = max(needed, stats.items_all_agree(claim.margin, alpha))
    resolvable = None
    if present:
        resolvable = stats.resolvable_gap(
            present, sd, power=POWER, alpha=alpha, design_effect=assumed.design_effect
        )
    floor = math.ceil(least * assumed.design_effect)
    return ReadingPlan(rule, truth, None if needed is None else max(needed, floor), resolvable)


def _gap_sd(
    rule: ReadingRule, truth: float, edge: float, assumed: Assumptions, claim: Claim
) -> tuple[float, float | None]:
    """Distance of the truth from the threshold and standard deviation of one item, on the scale
    that is tested.
    """
    if rule.family == "accuracy":
        return abs(truth - edge), math.sqrt(truth * (1 - truth)) if 0 < truth < 1 else 0.0
    if rule.family in {"difference", "ratio", "error"}:
        return _accuracy_gap(rule.family, truth, edge, assumed)
    if rule.family == "cost":
        cv, rho = assumed.cost_cv, assumed.cost_correlation
        return abs(truth - edge), cv * math.sqrt(
            max(truth**2 + edge**2 - 2 * rho * truth * edge, 0.0)
        )
    if rule.family == "usd":
        return abs(truth - edge), assumed.cost_cv * truth
    p = claim.quantile or 0.5
    z = -stats.z_crit(2 * p) if p < 1 else math.nan  # z_p, from the two-sided critical value at 2p
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    one = assumed.log_latency_sd * math.sqrt(p * (1 - p)) / density
    if rule.family == "quantile_ratio":
        one *= math.sqrt(2)
    if truth <= 0 or edge <= 0:  # a limit of 0 s, which no call can meet: on the plain scale
        return abs(truth - edge), one * max(truth, edge)
    return abs(math.log(truth / edge)), one


def _accuracy_gap(
    family: str, truth: float, edge: float, assumed: Assumptions
) -> tuple[float, float | None]:
    """Contrast ``a - R b`` (difference: R = 1; errors: on wrong answers) of two dependent
    right/wrong answers.
    """
    b = assumed.baseline_accuracy
    if family == "difference":
        a = b + truth
    elif family == "ratio":
        a = truth * b
    else:
        a = 1 - truth * (1 - b)
    if not 0 <= a <= 1:
        return abs(truth - edge), None
    apart = max(assumed.disagreement, abs(a - b))
    if family == "difference":
        # sd = sqrt(disagreement): as the published tables, and a little on the safe side
        return abs(truth - edge), math.sqrt(apart)
    both = (a + b - apart) / 2
    var = a * (1 - a) + edge**2 * b * (1 - b) - 2 * edge * (both - a * b)
    return abs(truth - edge) * (b if family == "ratio" else 1 - b), math.sqrt(max(var, 1e-12))


def _most(counts: Sequence[int | None]) -> int | None:
    known = [c for c in counts if c is not None]
    return max(known) if known and len(known) == len(counts) else None


def _priced(plan: ClaimPlan, efforts: Mapping[str, ArmEffort] | None) -> ClaimPlan:
    if plan.items_needed is None or not efforts:
        return plan
    arms = [a for a in (*plan.claim.treatments, *plan.claim.baselines) if a in efforts]
    return replace(
        plan,
        usd={a: efforts[a].usd(plan.items_needed) for a in arms},
        hours={a: efforts[a].hours(plan.items_needed) for a in arms},
    )


def from_pilot(items: ItemTable, calls: CallTable, ours: str, theirs: str | None) -> Assumptions:
    """Estimate the assumptions from a pilot's tables for one pair; what it cannot tell keeps its
    default.
    """
    made = Assumptions(source="pilot")
    a, b = items.arms[ours], items.arms[theirs or ours]
    both = ~(np.isnan(a.score) | np.isnan(b.score))
    if int(both.sum()) >= 2:
        x, y = a.score[both], b.score[both]
        # (A + 2)/(n + 4): a pilot without a disagreement has not shown that there is none
        apart = (float(np.abs(x - y).sum()) + 2) / (len(x) + 4)
        made = replace(
            made,
            baseline_accuracy=(float(y.sum()) + 2) / (len(y) + 4),
            disagreement=apart,
            design_effect=_design_effect(x - y, items.cluster[both]),
        )
    paid = ~(np.isnan(a.usd) | np.isnan(b.usd)) & (a.usd > 0) & (b.usd > 0)
    if int(paid.sum()) >= 3:
        u, v = a.usd[paid], b.usd[paid]
        cv = max(float(u.std(ddof=1) / u.mean()), float(v.std(ddof=1) / v.mean()))
        rho = float(np.corrcoef(u, v)[0, 1]) if u.std() > 0 and v.std() > 0 else 0.0
        made = replace(made, cost_cv=max(cv, 0.01), cost_correlation=rho)
    spread: list[float] = []
    for arm in (ours, theirs or ours):
        seconds = calls.arms[arm].e2e_s
        logs = np.log(seconds[np.isfinite(seconds) & (seconds > 0)])
        if len(logs) >= 3:
            spread.append(float(logs.std(ddof=1)))
    return replace(made, log_latency_sd=max(spread)) if spread else made


def _design_effect(
    d: np.ndarray[tuple[int], np.dtype[np.float64]],
    cluster: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> float:
    """Variance of the mean with clusters over that without; at least 1."""
    if len(np.unique(cluster)) < 2 or float(d.var()) == 0:
        return 1.0
    clustered = stats.linear_ci(
        stats.paired_means(d, np.zeros(len(d)), stats.cluster_codes(cluster)), (1.0, 0.0)
    )
    plain = stats.linear_ci(stats.paired_means(d, np.zeros(len(d))), (1.0, 0.0))
    se = [i.half_width / stats.t_crit(0.05, i.df or math.inf) for i in (clustered, plain)]
    return max(1.0, (se[0] / se[1]) ** 2)
