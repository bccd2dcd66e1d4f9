"""One reading of a claim -> a decision, read off the displayed interval, with everything that
qualifies it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from claimbench import stats
from claimbench.claims.types import Leaf, Question, Relation
from claimbench.claims.words import reading_sentence
from claimbench.stats import Decision, Interval
from claimbench.types import Estimate, Reading, Reason, reason_codes

EXACT = frozenset({"exact_on_fixed_items", "no_sampling_error"})
MIN_ITEMS = 20
"""Below this no reading is decided, whatever its interval (stats.size_reasons)."""
NOT_BY_SAMPLES = frozenset({"judge_uncorrected", "autocorrelated", "window_unknown"})
"""Reasons that no number of further samples removes."""
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
    outside.
    """
    if side == "within" and window is not None:
        low, high = window
        return _by(supported=low <= lo and hi <= high, refuted=hi < low or lo > high)
    if side == ">":
        return _by(supported=lo > threshold, refuted=hi < threshold or lo == hi)
    if side == "<":
        return _by(supported=hi < threshold, refuted=lo > threshold or lo == hi)
    return stats.verdict(lo, hi, threshold, ">=" if side == ">=" else "<=")


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
    interval = question.interval_at(alpha)
    status, reasons = _status(question, interval, alpha)
    infeasible = question.infeasible_p is not None and status != "supported"
    blocked = question.blocked + extra_blocked
    p = _p(question)
    if status != "inconclusive" and question.p is not None and question.p > alpha:
        status, reasons = "inconclusive", (*reasons, Reason("test_disagrees"))
    if EXACT & reason_codes(
        question.flags
    ):  # nothing was sampled, so a decision cannot be wrong by chance
        p = None if status == "inconclusive" else 0.0
    if infeasible and status != "refuted":
        status, p = "refuted", question.infeasible_p
    if blocked:
        status, infeasible = "inconclusive", False
    reasons = (*blocked, *reasons, *((Reason("infeasible"),) if infeasible else ()))
    if status != "inconclusive" and question.bounds:
        ends = {_status(question, end(alpha), alpha)[0] for end in question.bounds}
        if ends != {status}:
            status, reasons = "inconclusive", (*reasons, Reason(question.bounds_code))
    reading = Reading(
        question.name,
        _estimate(interval),
        question.threshold,
        abs(question.threshold - question.strict),
        question.side,
        status,
        p=p,
        infeasible=infeasible,
        flip_points=question.flip_points,
        delta_star=stats.delta_star(interval) if question.is_difference else None,
        sensitivity=_sensitivity(question, interval, alpha, status),
        price_ids=question.price_ids,
        reasons=tuple(dict.fromkeys(reasons)),
    )
    # More of the judge's scores would not settle what only people's labels can, nor more calls in
    # the same time what only other times can.
    if status == "inconclusive" and not NOT_BY_SAMPLES & reason_codes(reasons):
        reading = _with_more(reading, question, interval, effort, alpha)
    return replace(reading, sentence=reading_sentence(question, reading, leaf))


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
        and question.side != "within"
    ):
        contrast = question.contrast_at(question.threshold, alpha)
        return rule(contrast.lo, contrast.hi, question.side, 0.0), reasons
    found = rule(interval.lo, interval.hi, question.side, question.threshold, question.window)
    return found, reasons


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
    return stats.p_by_inversion(at, question.threshold)


def _sensitivity(
    question: Question, interval: Interval, alpha: float, status: Decision
) -> dict[str, str]:
    """Decide by other ways to look; missing items are filled against the verdict reached."""
    out: dict[str, str] = {}
    if question.strict != question.threshold and question.window is None:
        out["strict_threshold"] = rule(interval.lo, interval.hi, question.side, question.strict)
    for name, value in question.thresholds.items():
        out[name] = rule(interval.lo, interval.hi, question.side, value)
    skip = "worst" if status == "refuted" else "best"
    for name, at in question.sensitivity.items():
        if name != skip:
            shown = "worst_case_missing" if name in {"worst", "best"} else name
            out[shown] = _status(replace(question, contrast_at=None), at(alpha), alpha)[0]
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
    reading: Reading, question: Question, interval: Interval, effort: Effort, alpha: float
) -> Reading:
    """Add how many more items (range), with dollars and hours. Infinite = may never resolve."""
    if question.rows_needed is not None:
        more = math.ceil(max(question.rows_needed - interval.n, 1) / effort.calls)
        span: tuple[float, float] | None = (float(more), float(more))
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

    def times(price: float | None) -> tuple[float, float] | None:
        return None if price is None else (span[0] * price, span[1] * price)

    return replace(
        reading, n_more=span, dollars_more=times(effort.usd), hours_more=times(effort.hours)
    )


def _more_items(
    question: Question, interval: Interval, alpha: float, calls: float
) -> tuple[float, float] | None:
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
    if found.n_more is None:
        return None
    low = math.inf if found.low is None else found.low / calls
    return (
        float(math.ceil(low)),
        math.inf if found.high is None else float(math.ceil(found.high / calls)),
    )
