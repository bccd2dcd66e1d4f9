"""One reading of a claim -> a decision, read off the displayed interval, with everything that
qualifies it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from claimbench import stats
from claimbench.claims.readings.runaways import Check
from claimbench.claims.types import Leaf, Question
from claimbench.claims.words import BOUNDS, reading_sentence
from claimbench.stats import Decision, Interval
from claimbench.types import Estimate, Reading, Reason, Relation, reason_codes

EXACT = frozenset({"exact_on_fixed_items", "no_sampling_error", "deterministic_given_prices"})
"""Flags of readings without sampling noise: such a decision cannot be wrong by chance."""
EXACT_SLACK = 1e-9
"""Relative slack at the threshold of such readings: prices are decimal, floats are not."""
UNSETTLED_BY_SAMPLES = frozenset(
    {
        "judge_uncorrected",
        "judge_with_others",
        "labels_missing",
        "autocorrelated",
        "window_unknown",
        "not_interleaved",
        "send_times_unknown",
        "client_limited",
        "instrument_error",
        "billing_unknown",
        "conditional_on_utilisation",
        "cost_missing",
        "cost_basis_missing",
        "denominator_zero",
        "fixed_needs_epochs",
        "dominant_cluster",
        "silence_resists_nothing",
        "too_many_missing",
        "too_many_ended",
        "turns_not_asked",
        "missing_sensitive",
        "no_sampling_error",
    }
)
"""Reasons that more samples of the same kind cannot remove, so that none are named."""
MIN_ITEMS = 20
"""Below this no reading is decided, whatever its interval (stats.size_reasons)."""
SLACK = 1e-7
"""Relative difference below which two numbers are the same: sums of dollars are floats, and roots
of quadratics lose half their digits.
"""
NO_RATIO = frozenset({"denominator_zero", "denominator_near_zero"})


@dataclass(frozen=True)
class Effort:
    """Hold the cost of one more item over the claim's arms; None = unknown.

    ``calls``: calls per item and arm.
    """

    usd: float | None = None
    hours: float | None = None
    calls: float = 1.0


def rule(
    lo: float,
    hi: float,
    side: Relation,
    threshold: float,
    window: tuple[float, float] | None = None,
) -> Decision:
    """Read a decision off an interval.

    ``>=`` and ``<=`` as :func:`claimbench.stats.verdict`; ``>`` and ``<`` are strict (an exact tie
    refutes "more"); ``within``: supported if the interval lies in the window, refuted if it lies
    outside; ``outside`` is its opposite. An end that differs from the threshold by the last digits
    of a float meets it.
    """
    lo = _snapped(lo, threshold)
    hi = _snapped(hi, threshold)
    if side in {"within", "outside"} and window is not None:
        low, high = window
        if side == "outside":
            return _by(supported=hi < low or lo > high, refuted=low <= lo and hi <= high)
        return _by(supported=low <= lo and hi <= high, refuted=hi < low or lo > high)
    if side == ">":
        return _by(supported=lo > threshold, refuted=hi < threshold or lo == hi)
    if side == "<":
        return _by(supported=hi < threshold, refuted=lo > threshold or lo == hi)
    return stats.verdict(lo, hi, threshold, ">=" if side == ">=" else "<=")


def _snapped(end: float, threshold: float) -> float:
    """Return the threshold for an end of an interval that equals it but for last digits."""
    return threshold if math.isclose(end, threshold, rel_tol=SLACK, abs_tol=0.0) else end


def _by(*, supported: bool, refuted: bool) -> Decision:
    if supported:
        return "supported"
    return "refuted" if refuted else "inconclusive"


def decide(
    question: Question,
    leaf: Leaf,
    alpha: float,
    effort: Effort,
    extra_blocked: tuple[Reason, ...] = (),
) -> Reading:
    """Test one reading at level ``1 - alpha``.

    Args:
        question: what to test.
        leaf: the claim and arms, for the words.
        alpha: two-sided; the nominal alpha of the look where the run stopped early.
        effort: what an item costs, for N more in dollars and hours.
        extra_blocked: further reasons that forbid a decision.

    Returns:
        The reading with status, p, sensitivity verdicts, flip points and its sentence. ``n/a`` if
        it cannot be formed.
    """
    if question.interval_at is None or question.not_formed:
        made = Reading(
            question.name,
            None,
            question.threshold,
            None,
            question.side,
            "n/a",
            reasons=(Reason("not_formed", f"{question.not_formed}"),),
        )
        return replace(made, sentence=reading_sentence(question, made, leaf))
    middle = question.interval_at(alpha).est
    question = within_bounds(question)
    assert question.interval_at is not None  # noqa: S101  as it was
    interval = question.interval_at(alpha)
    exact = bool(EXACT & reason_codes(question.flags))
    status, reasons = _status(question, interval, alpha)
    infeasible = question.infeasible_p is not None and status != "supported"
    blocked = question.blocked + extra_blocked
    p = _p(question)
    # Every request has the same ratio: nothing varies, so no test has anything to say.
    fixed = math.isclose(interval.lo, interval.hi, rel_tol=SLACK) and question.scale == "ratio"
    if fixed and status != "inconclusive":
        p = 0.0
    elif status != "inconclusive" and question.p is not None and question.p > alpha:
        status, reasons = "inconclusive", (*reasons, Reason("test_disagrees"))
    if exact:  # nothing was sampled, so a decision cannot be wrong by chance
        p = None if status == "inconclusive" else 0.0
    if infeasible and status != "refuted":
        status, p = "refuted", question.infeasible_p
    checks = _runaway_checks(question, status, alpha)
    if fixed:  # one arm's bill is the same share of the other's in every request, the largest too
        checks = [check for check in checks if check.known]
    unseen = [check for check in checks if check.p > alpha]
    if status != "inconclusive":
        p = max([p or 0.0, *(check.p for check in checks if check.known)]) if checks else p
    if unseen:
        status = "inconclusive"
        reasons = (*reasons, *(_unseen(check) for check in unseen))
    if blocked:
        status, infeasible = "inconclusive", False
    reasons = (*blocked, *reasons, *((Reason("infeasible"),) if infeasible else ()))
    if question.bounds and not blocked:
        ends = {_status(question, end(alpha), alpha)[0] for end in question.bounds}
        if ends != {status} and not unseen:
            status, reasons = "inconclusive", (*reasons, Reason(question.bounds_code))
    condition = _condition(question, status, middle)
    status, reasons = ("inconclusive" if condition else status), (*reasons, *condition)
    sensitivity = _sensitivity(question, interval, alpha, status)
    undecided = blocked or unseen or condition or _disagrees(reasons, question)
    if "strict_threshold" in sensitivity and undecided:
        sensitivity["strict_threshold"] = "inconclusive"  # what forbids the one forbids the other
    reading = Reading(
        question.name,
        _estimate(interval),
        question.threshold,
        abs(question.threshold - question.strict),
        question.side,
        status,
        p=p,
        infeasible=infeasible,
        flip_points={**question.flip_points, **_runaway_points(checks)},
        delta_star=stats.delta_star(interval) if question.is_difference else None,
        sensitivity=sensitivity,
        price_ids=question.price_ids,
        reasons=tuple(dict.fromkeys(reasons)),
    )
    if status == "inconclusive" and _samples_help((*reasons, *question.flags)):
        reading = _with_more(reading, question, interval, effort, alpha, unseen)
    told = "; ".join(
        [*([question.beside] if question.beside else []), *(c.text for c in checks if c.text)]
    )
    return replace(reading, sentence=reading_sentence(question, reading, leaf, told))


def within_bounds(question: Question) -> Question:
    """Return a question whose interval spans both ends of what nobody stated.

    There is no single value then, and no contrast or p of one: a decision holds at both ends, or is
    none (docs/method_costs.md, section 3).
    """
    if not question.bounds:
        return question
    return replace(
        question,
        interval_at=lambda alpha: _spanned([end(alpha) for end in question.bounds]),
        contrast_at=None,
        p=None,
    )


def _spanned(ends: Sequence[Interval]) -> Interval:
    """Return the interval over several; a missing ratio at one end only leaves that end open."""
    shared = set.intersection(*(set(end.reasons) for end in ends))
    reasons = [
        code for end in ends for code in end.reasons if code in shared or code not in NO_RATIO
    ]
    return replace(
        ends[0],
        est=None,
        lo=min(end.lo for end in ends),
        hi=max(end.hi for end in ends),
        method=BOUNDS,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _condition(question: Question, status: Decision, value: float | None) -> tuple[Reason, ...]:
    """Return why a decision rests on what nobody stated; empty where it does not."""
    if status == "inconclusive" or question.unless is None:
        return ()
    found = question.unless(status, value)
    return () if found is None else (found,)


def _disagrees(reasons: Sequence[Reason], question: Question) -> bool:
    """Tell whether a reason other than the threshold left the reading undecided."""
    return bool({"test_disagrees", question.bounds_code} & reason_codes(reasons))


def _samples_help(reasons: Sequence[Reason]) -> bool:
    """Tell whether more samples of the same kind could settle it: not where equal inputs make the
    groups (the detail of ``n_too_small``), for the next ones would be equal too.
    """
    collapsed = any(reason.code == "n_too_small" and reason.detail for reason in reasons)
    return not collapsed and not UNSETTLED_BY_SAMPLES & reason_codes(reasons)


def _runaway_checks(question: Question, status: Decision, alpha: float) -> list[Check]:
    if question.runaways is None:
        return []
    return question.runaways.checks(
        status, question.side, question.threshold, question.window, alpha
    )


def _unseen(check: Check) -> Reason:
    """Return the reason of a decision that runaways which nobody has seen could flip."""
    detail = f"{check.needed:,.0f} requests like these would exclude it" if check.needed else ""
    return Reason("unseen_runaways" if check.known else "tail_unbounded", detail)


def _runaway_points(checks: Sequence[Check]) -> dict[str, float]:
    """Return the shares of requests at their cap that flip the decision and that are excluded;
    without a cap the largest bill that the decision survives.
    """
    points: dict[str, float] = {}
    for check in checks:
        if check.known and check.share is not None:
            points[f"{check.arm}_capped_share"] = check.share
        if check.bill is not None:
            points[f"{check.arm}_largest_bill_usd"] = check.bill
        points[f"{check.arm}_excluded_share"] = check.excluded
    return points


def _status(
    question: Question, interval: Interval, alpha: float
) -> tuple[Decision, tuple[Reason, ...]]:
    """Decide, by the contrast at the threshold where a ratio has no interval."""
    reasons = tuple(Reason(code) for code in interval.reasons)
    if "denominator_zero" in interval.reasons:
        return "inconclusive", reasons
    if (
        "denominator_near_zero" in interval.reasons
        and question.contrast_at is not None
        and question.side not in {"within", "outside"}
    ):
        contrast = question.contrast_at(question.threshold, alpha)
        return rule(contrast.lo, contrast.hi, question.side, 0.0), reasons
    lo, hi, threshold = interval.lo, interval.hi, question.threshold
    if EXACT & reason_codes(question.flags):
        near = EXACT_SLACK * abs(threshold)
        lo = threshold if abs(lo - threshold) <= near else lo
        hi = threshold if abs(hi - threshold) <= near else hi
    return rule(lo, hi, question.side, threshold, question.window), reasons


def _p(question: Question) -> float | None:
    if question.p is not None:
        return question.p
    at = question.interval_at
    if at is None:
        return None
    if question.window is not None:
        return max(stats.p_by_inversion(at, edge) for edge in question.window)
    if NO_RATIO & set(at(0.05).reasons) and question.contrast_at is not None:
        contrast = question.contrast_at
        return stats.p_by_inversion(lambda alpha: contrast(question.threshold, alpha), 0.0)
    if question.side in {"<", ">"}:
        return stats.p_by_inversion(_tie_decides(at, question.threshold), question.threshold)
    return stats.p_by_inversion(at, question.threshold)


def _tie_decides(at: Callable[[float], Interval], threshold: float) -> Callable[[float], Interval]:
    """Move an interval of width 0 on the threshold off it: an exact tie refutes "more" (see
    :func:`rule`), so its p is the smallest level at which the tie shows.
    """

    def moved(alpha: float) -> Interval:
        found = at(alpha)
        if found.lo == found.hi == threshold:
            beyond = threshold + 1.0
            return replace(found, lo=beyond, hi=beyond)
        return found

    return moved


def _sensitivity(
    question: Question, interval: Interval, alpha: float, status: Decision
) -> dict[str, str]:
    """Decide by other ways to look; missing items are filled against the verdict reached."""
    out: dict[str, str] = {}
    if question.strict != question.threshold and question.window is None:
        out["strict_threshold"] = rule(interval.lo, interval.hi, question.side, question.strict)
    for name, value in question.thresholds.items():
        out[name] = rule(interval.lo, interval.hi, question.side, value)
    # "worst" is bad for the treatment; where the claim asks that it be bad, "best" is against it.
    asks_good = (question.side in {">=", ">"}) == question.more_is_better
    skip = "worst" if (status == "refuted") == asks_good else "best"
    for name, at in question.sensitivity.items():
        found = _status(replace(question, contrast_at=None), at(alpha), alpha)[0]
        if name not in {"worst", "best"}:
            out[name] = found
        elif question.window is not None:  # a window can be left on either side
            if out.get("worst_case_missing", status) == status:
                out["worst_case_missing"] = found
        elif name != skip:
            out["worst_case_missing"] = found
    return out


def _estimate(interval: Interval) -> Estimate:
    why = None
    if not interval.bounded:
        why = next(iter(interval.reasons), "unbounded")
    return Estimate(
        interval.est,
        interval.lo,
        interval.hi,
        interval.level,
        interval.method,
        interval.n,
        interval.n_clusters,
        interval.n_eff,
        interval.df,
        None,
        why,
    )


def _with_more(
    reading: Reading,
    question: Question,
    interval: Interval,
    effort: Effort,
    alpha: float,
    unseen: Sequence[Check],
) -> Reading:
    """Add how many more items, at the estimate and in the bad case, with dollars and hours.

    Infinite = may never resolve. ``unseen``: runaways that the sample is too small to exclude.
    """
    span: tuple[float, float] | None
    if unseen:
        more = max(_items_excluding(check, interval.n) for check in unseen)
        span = (more, more)
    elif question.agreeing is not None:
        more = float(max(question.agreeing(alpha) - interval.n, 1))
        span = (more, more)
    elif question.rows_needed is not None:
        more = math.ceil(max(question.rows_needed - interval.n, 1) / effort.calls)
        span = (float(more), float(more))
    else:
        span = _more_items(
            question,
            interval,
            alpha,
            effort.calls if question.timed else 1.0,
        )
    if span is None:
        return reading
    least = (
        float(max(MIN_ITEMS - interval.n, 0))
        if "n_too_small" in reason_codes(reading.reasons)
        else 0.0
    )
    span = (max(span[0], least), max(span[1], least))
    if span[1] <= 0:  # more items are not what it lacks
        return reading

    def times(price: float | None) -> tuple[float, float] | None:
        return None if price is None else (span[0] * price, span[1] * price)

    return replace(
        reading, n_more=span, dollars_more=times(effort.usd), hours_more=times(effort.hours)
    )


def _items_excluding(check: Check, n: int) -> float:
    """Return the items beyond ``n`` that exclude a check's runaways, at the present clustering."""
    if check.needed is None:
        return math.inf
    return float(max(math.ceil(check.needed * n / check.n) - n, 1))


def _more_items(
    question: Question, interval: Interval, alpha: float, calls: float
) -> tuple[float, float] | None:
    """Return the items more at the estimate, and in the bad case: a standard error against it."""
    if interval.est is None or not interval.bounded or interval.n == 0:
        return None
    threshold = question.threshold
    if question.window is not None:  # the edge that is nearer to the estimate is the one to resolve
        threshold = min(question.window, key=lambda edge: abs(edge - (interval.est or 0.0)))
    positive = interval.lo > 0 and threshold > 0 and interval.est > 0
    if question.scale in {"ratio", "seconds", "usd"} and positive:
        interval = replace(
            interval, est=math.log(interval.est), lo=math.log(interval.lo), hi=math.log(interval.hi)
        )
        threshold = math.log(threshold)
    found = stats.n_more(interval, threshold, alpha=alpha)
    if found.n_more is None:  # it sits on the threshold, or the interval has no width
        return None if found.low is None else (math.inf, math.inf)
    expected = float(math.ceil(found.n_more / calls))
    worst = math.inf if found.high is None else float(math.ceil(found.high / calls))
    return expected, max(worst, expected)
