"""Readings of claims about bills: a month's or a year's dollars, what is saved, when it is paid
back.

The bills come with the context, as functions of what was measured: dollars per request of an
endpoint, requests an hour of a machine. An interval of the one becomes an interval of the other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.fields import BILL_METRICS
from claimbench.claims.readings.caps import side_of
from claimbench.claims.readings.dollars import dollar_means, dollars_of, filled_ends
from claimbench.claims.readings.failures import asked_text
from claimbench.claims.readings.limits import limits
from claimbench.claims.readings.price_limits import LABELS
from claimbench.claims.readings.size import size_block
from claimbench.claims.types import ArmBill, ClaimContext, IntervalAt, Leaf, Question
from claimbench.stats import Interval
from claimbench.tables.types import ArmItems, BoolArray, CallTable, FloatArray, ItemTable
from claimbench.types import Claim, Reason

HINT = "state volume: {requests_per_month: \u2026} in the suite, or --volume"
YEAR = 12
Cost = Callable[[ArmBill, float], float]
"""A bill, and a value of what was measured -> dollars."""
LOW, HIGH = 0, 1
"""Ends of what nobody stated."""


def is_bill(claim: Claim) -> bool:
    """Tell whether a claim speaks of a bill, which no run knows without a volume."""
    return claim.kind == "cost" and claim.metric in BILL_METRICS


def without_bill(leaf: Leaf, ctx: ClaimContext) -> tuple[Reason, ...]:
    """Return why an arm of a claim has no bill; empty where all have one."""
    if not ctx.volume_stated:
        return (Reason("volume_missing", HINT),)
    if leaf.claim.task is not None or leaf.claim.slice is not None:
        why = "a bill is that of all requests, not of one task or slice"
        return (Reason("not_testable_as_stated", why),)
    return tuple(
        Reason("bill_unknown", f"{arm}: {ctx.bills_unknown.get(arm, 'no bill')}")
        for arm in leaf.arms
        if arm not in ctx.bills
    )


def months_of(claim: Claim) -> int:
    """Return the months that a claim's dollars are counted over; 0: a month's running costs."""
    if claim.relation == "pays_back":
        stated = claim.threshold or 1.0
        return max(1, math.ceil(stated) - 1 if claim.strict else math.floor(stated))
    return YEAR if claim.metric == "usd_per_year" else 0


def bill_questions(
    items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext
) -> list[Question]:
    """List the one reading of a claim about bills."""
    claim = leaf.claim
    needed = limits(claim)[0].needed
    months = months_of(claim)

    def cost(bill: ArmBill, value: float) -> float:
        if claim.relation == "pays_back":
            return bill.paid(months, value)
        return bill.total(months, value) if months else bill.month(value)

    ours = _Side(items, calls, leaf.mask, leaf.ours, ctx)
    theirs = None if leaf.theirs is None else _Side(items, calls, leaf.mask, leaf.theirs, ctx)
    at = _at(ours, theirs, cost)
    bounds: tuple[IntervalAt, ...] = ()
    if any(side.bill.open for side in (ours, theirs) if side is not None):
        bounds = (_at(ours, theirs, cost, LOW), _at(ours, theirs, cost, HIGH))
    blocked: tuple[Reason, ...] = ()
    if any(side.bill.rises for side in (ours, theirs) if side is not None):
        blocked = size_block(items, leaf.mask)
    exact = not bounds and all(at(alpha).lo == at(alpha).hi for alpha in (0.05, 0.0001))
    name = LABELS[claim.metric] if theirs is None else saved_label(claim)
    return [
        Question(
            claim.metric if theirs is None else claim.relation,
            name,
            needed.side,
            needed.threshold,
            needed.strict,
            at,
            window=needed.window,
            scale="usd",
            sensitivity=_with_turns(ours, theirs, leaf, cost),
            bounds=bounds,
            bounds_code="billing_unknown",
            blocked=blocked,
            flags=(Reason("no_sampling_error"),)
            if exact and not _any_unasked(ours, theirs)
            else (),
            beside=_beside(ours, theirs),
            more_is_better=theirs is not None,
        )
    ]


def saved_in_a_year(
    items: ItemTable, calls: CallTable, arms: tuple[str, str], ctx: ClaimContext
) -> IntervalAt:
    """Return the interval, by level, of the dollars that the first arm saves against the second in
    the first twelve months, one-off costs included, on all items: what a claim "saves $5,000 a
    year" is judged by. Both arms have a bill.
    """
    everything = np.ones(len(items.items), dtype=bool)
    ours, theirs = (_Side(items, calls, everything, arm, ctx) for arm in arms)
    return _at(ours, theirs, lambda bill, value: bill.total(YEAR, value))


def _at(ours: _Side, theirs: _Side | None, cost: Cost, end: int | None = None) -> IntervalAt:
    return _level(ours, cost, end) if theirs is None else _saved(ours, theirs, cost, end)


def saved_label(claim: Claim) -> str:
    """Say which dollars are saved."""
    if claim.relation == "pays_back":
        return f"dollars saved by the end of month {months_of(claim)}"
    if claim.metric == "usd_per_year":
        return "dollars saved in the first year"
    return "dollars saved per month"


@dataclass(frozen=True)
class _Side:
    """One arm's bill with the data behind it."""

    items: ItemTable
    calls: CallTable
    mask: BoolArray
    arm: str
    ctx: ClaimContext

    @property
    def bill(self) -> ArmBill:
        return self.ctx.bills[self.arm]

    @property
    def rows(self) -> ArmItems:
        return self.items.arms[self.arm]

    @property
    def asked(self) -> str:
        """Return of how many turns the dollars are; empty where all were asked, or of a machine."""
        if not self.bill.rises:
            return ""
        return asked_text(self.rows, self.mask)

    @property
    def n(self) -> tuple[int, int]:
        """Return items and clusters."""
        return int(self.mask.sum()), len(set(self.items.cluster[self.mask].tolist()))

    def mean(self, end: int | None) -> float:
        """Return what was measured; with ``end`` at that end of what nobody stated."""
        if end is None or self.bill.open is None:
            return self.bill.value
        return self.bill.open[end]

    def ends(self, cost: Cost, alpha: float, end: int | None = None) -> tuple[float, float]:
        """Return the dollars at both ends of what was measured; unbounded without an interval.

        ``end``: which end of what nobody stated; None: the interval spans both.
        """
        span = self.bill.interval_at(alpha)
        if end is not None and self.bill.open is not None:
            both = self.bill.ends_at(alpha)
            span = None if both is None else both[end]
        if span is None:
            return -math.inf, math.inf
        found = sorted(cost(self.bill, value) for value in span)
        return found[0], found[1]


def _level(ours: _Side, cost: Cost, end: int | None = None) -> IntervalAt:
    def at(alpha: float) -> Interval:
        low, high = ours.ends(cost, alpha, end)
        level = ours.bill.level_at(alpha)
        found = _interval(cost(ours.bill, ours.mean(end)), low, high, level, ours)
        return _unasked(found) if ours.asked else found

    return at


def _saved(ours: _Side, theirs: _Side, cost: Cost, end: int | None = None) -> IntervalAt:
    """Return the interval of what is saved: of the paired difference where both bills are straight
    lines of dollars per request, else from each arm's own interval at half of alpha.

    ``end``: of the dollars that nobody stated, ours at that end and theirs at the other.
    """
    other = None if end is None else HIGH - end
    value = cost(theirs.bill, theirs.mean(other)) - cost(ours.bill, ours.mean(end))

    unasked = bool(ours.asked or theirs.asked)

    def apart(alpha: float) -> Interval:
        if unasked:  # the two bills are of different turns
            return _unasked(_interval(None, -math.inf, math.inf, 1 - alpha, ours))
        low_a, high_a = ours.ends(cost, alpha / 2, end)
        low_b, high_b = theirs.ends(cost, alpha / 2, other)
        missed = sum(1 - side.bill.level_at(alpha / 2) for side in (ours, theirs))
        return _interval(value, low_b - high_a, high_b - low_a, 1 - missed, ours)

    a, b = _slope(ours.bill, cost), _slope(theirs.bill, cost)
    if a is None or b is None:
        return apart
    x, y = (dollars_of(side.items, side.arm, side.mask) for side in (ours, theirs))
    keep = x.known & y.known
    if keep.sum() < 2:
        return apart
    codes = stats.cluster_codes(ours.items.cluster[ours.mask][keep])
    dollars = [d.at(place)[keep] for d, place in ((x, end), (y, other))]
    chosen = ours.mask.copy()
    chosen[ours.mask] = keep
    known = all(
        side_of(side.items, side.calls, side.arm, chosen, usd, side.ctx).cap is not None
        for side, usd in zip((ours, theirs), dollars, strict=True)
    )
    pm = dollar_means(dollars[0], dollars[1], codes, known=known)
    weights = (-a, b)
    middle = b * float(dollars[1].mean()) - a * float(dollars[0].mean())
    if unasked:  # on the turns that both were asked
        each = [
            float(mean.mean()) - side.bill.once_per_request
            for mean, side in zip(dollars, (ours, theirs), strict=True)
        ]
        value = cost(theirs.bill, each[1]) - cost(ours.bill, each[0])

    def at(alpha: float) -> Interval:
        found = stats.contrast_ci_hull(pm, weights, alpha)
        shift = value - middle
        return _interval(value, found.lo + shift, found.hi + shift, found.level, ours)

    return at


def _any_unasked(ours: _Side, theirs: _Side | None) -> bool:
    return bool(ours.asked or (theirs is not None and theirs.asked))


def _with_turns(ours: _Side, theirs: _Side | None, leaf: Leaf, cost: Cost) -> dict[str, IntervalAt]:
    """Return the dollars with every turn that was not asked, at worst and at best: what they might
    have cost is not known. Empty where all were asked.
    """
    sides = (ours, ours if theirs is None else theirs)
    if not _any_unasked(ours, theirs):
        return {}
    planned = ours.mask & (ours.rows.n_calls > 0) & (sides[1].rows.n_calls > 0)
    caps = []
    for side in sides:
        usd = dollars_of(side.items, side.arm, planned)
        chosen = planned.copy()
        chosen[planned] = usd.known
        middle = usd.middle()[usd.known]
        caps.append(side_of(side.items, side.calls, side.arm, chosen, middle, side.ctx))
    found: dict[str, IntervalAt] = {}
    for name, end in filled_ends(ours.items, leaf, planned, (caps[0], caps[1])).items():
        usd_a, usd_b, codes = end.usd_a, end.usd_b, end.codes

        def at(
            alpha: float,
            usd: tuple[FloatArray, FloatArray] = (usd_a, usd_b),
            codes: stats.IntArray = codes,
        ) -> Interval:
            pm = dollar_means(usd[0], usd[1], codes, known=all(cap.cap is not None for cap in caps))
            ends = []
            for side, weights in zip(sides, ((1.0, 0.0), (0.0, 1.0)), strict=True):
                if not side.bill.rises:
                    ends.append(side.ends(cost, alpha / 2))
                    continue
                mean = stats.contrast_ci_hull(pm, weights, alpha if theirs is None else alpha / 2)
                values = [value - side.bill.once_per_request for value in (mean.lo, mean.hi)]
                low, high = sorted(cost(side.bill, value) for value in values)
                ends.append((low, high))
            (low_a, high_a), (low_b, high_b) = ends
            if theirs is None:
                return _interval(None, low_a, high_a, 1 - alpha, ours)
            return _interval(None, low_b - high_a, high_b - low_a, 1 - alpha, ours)

        found[name] = at
    return found


def _slope(bill: ArmBill, cost: Cost) -> float | None:
    """Return the dollars of a bill for one more dollar per request, where it is a straight line, up
    to both ends of what nobody stated.
    """
    if not bill.rises or bill.value <= 0:
        return None
    points = [cost(bill, bill.value * factor) for factor in (0.5, 1.0, 1.5, 2.0)]
    steps = [later - earlier for earlier, later in itertools.pairwise(points)]
    if not all(math.isclose(step, steps[0], rel_tol=1e-9, abs_tol=1e-9) for step in steps):
        return None
    slope = steps[0] / (0.5 * bill.value)
    for end in bill.open or ():
        expected = points[1] + slope * (end - bill.value)
        if not math.isclose(cost(bill, end), expected, rel_tol=1e-9, abs_tol=1e-6):
            return None
    return slope


def _unasked(found: Interval) -> Interval:
    """Call an interval without bounds what it is: turns were not asked."""
    return replace(found, reasons=("turns_not_asked",)) if found.reasons else found


def _interval(value: float | None, low: float, high: float, level: float, side: _Side) -> Interval:
    n, clusters = side.n
    reasons = () if math.isfinite(low) and math.isfinite(high) else ("n_too_small",)
    return Interval(value, low, high, level, "bill", n, clusters, reasons=reasons)


def _beside(ours: _Side, theirs: _Side | None) -> str:
    """Say what each bill rests on."""
    sides = [ours] if theirs is None else [ours, theirs]
    told = [f"{side.arm}: {side.bill.rests_on}" for side in sides]
    if theirs is not None and _any_unasked(ours, theirs):
        told.append("what is saved is of the turns that both were asked")
    return "; ".join(told)
