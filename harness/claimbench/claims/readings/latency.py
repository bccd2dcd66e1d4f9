"""Readings of latency claims: ratios and limits of marginal quantiles of TTFT, TPOT and E2E, and
what caps them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims import gate
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.readings.failures import answered_text, failed_rows
from claimbench.claims.readings.limits import limits
from claimbench.claims.readings.window import (
    SESSIONS_WANTED,
    ArmWindow,
    different_hours,
    is_remote,
    measured_window,
)
from claimbench.claims.types import ClaimContext, Leaf, Needed, Question
from claimbench.stats import Interval, QuantileData, TimedRows
from claimbench.tables.types import BLOCK_S, BoolArray, CallTable, FloatArray, ItemTable
from claimbench.types import Claim, Reason

METRICS = ("ttft", "tpot", "e2e")
LABELS = {"ttft": "time to first token", "tpot": "time per output token", "e2e": "end-to-end time"}
TIERS: dict[str, dict[str, float]] = {
    "server": {"ttft": 2.0, "tpot": 0.200},
    "interactive": {"ttft": 0.450, "tpot": 0.040},
}
"""Two public tiers for "fast" without a stated limit, seconds at p95: the limits of MLPerf
Inference's Llama 2 70B server scenario and of its interactive variant, as our design recorded them;
check them against the current rules."""
OVERLAP_NEEDED = 0.80
LAG_SHARE = 0.05
AT_ONCE = 1e-9
"""Seconds of a failed call that is given the first rank."""
LOOP_STAMPS = frozenset({"transport", "sdk"})


@dataclass(frozen=True)
class ArmTimes:
    """One arm's values of one metric with the cluster of each row; ``arm`` for reasons.

    ``rows`` are the same values in time blocks of ``block_s`` seconds; None where the send times
    are unknown, or the caller has said that rows are independent. ``items`` holds the item cluster
    of each row.
    ``failed`` rows have no answer: their value is +inf, the last rank, as that of a timeout.
    """

    arm: str
    values: FloatArray
    cluster: stats.IntArray
    error_s: float
    items: stats.IntArray
    rows: TimedRows | None
    block_s: float
    failed: BoolArray

    def failures_at(self, seconds: float) -> FloatArray:
        """Return the values with every failed call at ``seconds``."""
        return np.where(self.failed, seconds, self.values)


@dataclass(frozen=True)
class Caps:
    """Hold the reasons that cap every latency verdict at inconclusive, and flags that only warn.

    ``window``: the time that a verdict is about, in words; empty where it is about all times.
    """

    blocked: tuple[Reason, ...]
    flags: tuple[Reason, ...]
    window: str = ""


def questions(items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of a latency claim; empty where an arm has no measured call."""
    arms = leaf.arms
    caps = find_caps(calls, leaf, ctx)
    made: list[Question] = []
    for metric in METRICS if leaf.claim.metric == "latency" else (leaf.claim.metric,):
        samples = [_arm_times(arm, metric, items, calls, leaf, arms, ctx) for arm in arms]
        made += _of_metric(metric, samples, leaf.claim, caps)
    beside = answered_text(items, leaf)
    made = [replace(question, beside=beside) for question in made]
    return made if any(q.interval_at for q in made) else []


def _of_metric(metric: str, samples: list[ArmTimes], claim: Claim, caps: Caps) -> list[Question]:
    if claim.relation in ABSOLUTE:
        return [
            _limit_question(name, metric, samples[0], claim, needed, caps)
            for name, needed in _tiers(claim, metric)
        ]
    return [
        _ratio_question(
            f"{metric}.{limit.name}" if limit.name else metric,
            metric,
            samples,
            claim,
            limit.needed,
            caps,
        )
        for limit in limits(claim)
    ]


def _tiers(claim: Claim, metric: str) -> list[tuple[str, Needed]]:
    if claim.threshold is not None:
        return [(metric, limit.needed) for limit in limits(claim)]
    return [
        (f"{metric}.{tier}", Needed("<=", of[metric], of[metric]))
        for tier, of in TIERS.items()
        if metric in of
    ]


def _arm_times(
    arm: str,
    metric: str,
    items: ItemTable,
    calls: CallTable,
    leaf: Leaf,
    arms: tuple[str, ...],
    ctx: ClaimContext,
) -> ArmTimes:
    """Pick the arm's measured calls on items that every arm of the claim has measured (one item
    mix).
    """
    rows = calls.arms[arm]
    shared = leaf.mask.copy()
    for other in arms:
        there = np.zeros(len(items.items), dtype=bool)
        measured = ~np.isnan(calls.arms[other].e2e_s) | failed_rows(calls.arms[other])
        there[calls.arms[other].item[measured]] = True
        shared &= there
    failed = failed_rows(rows)
    values: FloatArray = np.where(failed, math.inf, getattr(rows, f"{metric}_s"))
    keep = shared[rows.item] & ~np.isnan(values)
    error = clock_error_s(arm, ctx)
    if metric == "tpot" and error:
        tokens = rows.n_out[keep]
        error /= max(float(np.nanmedian(tokens)) - 1, 1.0) if np.isfinite(tokens).any() else 1.0
    clusters = stats.cluster_codes(rows.cluster[keep])
    blocks = stats.cluster_codes(rows.block[keep])
    timed = None
    sent = rows.sent_utc_s[keep]
    if np.isfinite(sent).all() and not _declared_apart(blocks, sent, rows.block_s):
        timed = TimedRows(values[keep], rows.block[keep], rows.session[keep])
    return ArmTimes(
        arm,
        values[keep],
        _coarser(clusters, blocks),
        error,
        items=clusters,
        rows=timed,
        block_s=rows.block_s,
        failed=failed[keep],
    )


def clock_error_s(arm: str, ctx: ClaimContext) -> float:
    """Return the harness's own clock error in an arm's durations, seconds: of a route the largest
    sum over the calls of any of its requests.
    """
    errors = ctx.instrument_error_s
    if arm not in ctx.routes:
        return errors.get(arm, 0.0)
    asked = ctx.routes[arm].asked
    return max((sum(errors.get(part, 0.0) for part in calls) for calls in asked), default=0.0)


def overlap_of(leaf: Leaf, theirs: str, calls: CallTable, ctx: ClaimContext) -> float | None:
    """Return the smallest overlap in time of the measured arms behind both sides of a claim; None
    where a time is unknown.
    """
    least = 1.0
    for one, two in gate.part_pairs(leaf.ours, theirs, ctx):
        overlap = gate.interleaving(one, two, calls, leaf.mask)
        if overlap is None:
            return None
        least = min(least, overlap)
    return least


def _declared_apart(blocks: stats.IntArray, sent_utc_s: FloatArray, block_s: float) -> bool:
    """Tell whether each row is a block of its own in less time than so many blocks take: then the
    blocks were not cut from the times, but given to say that the rows are independent.
    """
    n = len(np.unique(blocks))
    return n == len(sent_utc_s) and n > 1 and float(np.ptp(sent_utc_s)) < block_s * n / 2


def _coarser(clusters: stats.IntArray, blocks: stats.IntArray) -> stats.IntArray:
    """Label rows by item cluster or time block, whichever makes fewer groups; blocks only if there
    are several.
    """
    n_clusters, n_blocks = len(np.unique(clusters)), len(np.unique(blocks))
    return blocks if 1 < n_blocks < n_clusters else clusters


def _in_time(
    samples: list[ArmTimes], p: float, caps: Caps
) -> tuple[list[ArmTimes], tuple[Reason, ...], tuple[Reason, ...]]:
    """Regroup each arm's rows by time blocks that are long enough to be independent.

    Returns:
        (samples, reasons that forbid a decision, flags). Unchanged where send times are unknown,
        and where the verdict names its window: about that, no load that lasts is an error
        (docs/method_stats.md).
    """
    if caps.window:
        return samples, (), ()
    timed = [sample.rows for sample in samples if sample.rows is not None]
    few = any(len(np.unique(s.cluster)) < stats.FEWEST_BLOCKS for s in samples)
    if few or len(timed) < len(samples):
        return samples, (), ()
    found = stats.independent_blocks(timed, p)
    seconds = max(s.block_s for s in samples) * 2**found.doublings
    if not found.enough:
        detail = f"at most {found.blocks} blocks of {_length(seconds)}"
        if found.lag1 > stats.LAG1_LIMIT:
            detail += f", and neighbours correlate {min(found.lag1, 1):.2f}"
        return samples, (Reason("autocorrelated", detail),), ()
    regrouped = [
        replace(sample, cluster=_coarser(sample.items, stats.cluster_codes(labels)))
        for sample, labels in zip(samples, found.labels, strict=True)
    ]
    flags = (Reason("joined_blocks", _length(seconds)),) if found.doublings else ()
    return regrouped, (), flags


def _length(seconds: float) -> str:
    return f"{seconds / 60:.3g} min" if seconds >= 60 else f"{seconds:.3g} s"


def _too_small(samples: list[ArmTimes], p: float) -> tuple[Reason, ...]:
    """Return reasons where a sample cannot bound the quantile.

    That takes enough effective rows and at least 6 clusters.
    """
    out: list[Reason] = []
    for sample in samples:
        groups = len(np.unique(sample.cluster))
        if groups < 6:
            out.append(Reason("n_too_small"))
        elif stats.quantile_data(sample.values, p, sample.cluster).n_eff(
            0.05
        ) < stats.min_n_quantile(p):
            out.append(Reason("quantile_not_estimable"))
    return tuple(dict.fromkeys(out))


def _unusable(samples: list[ArmTimes]) -> str | None:
    empty = [s.arm for s in samples if s.failed.all()]
    if empty:
        return f"not measured for {' and '.join(empty)}"
    flat = [s.arm for s in samples if s.values[~s.failed].min() <= 0]
    return f"below the clock's resolution for {' and '.join(flat)}" if flat else None


def _ratio_question(
    name: str, metric: str, samples: list[ArmTimes], claim: Claim, needed: Needed, caps: Caps
) -> Question:
    """Ask for the ratio of a quantile of two arms (treatment / baseline)."""
    p = claim.quantile or 0.5
    label = f"p{100 * p:g} {LABELS[metric]}"
    unusable = _unusable(samples)
    if unusable:
        return Question(
            name,
            label,
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            not_formed=unusable,
        )
    samples, blocked, flags = _in_time(samples, p, caps)
    one, two = samples
    data = [stats.quantile_data(s.values, p, s.cluster) for s in samples]
    plain = [stats.quantile_data(s.values, p) for s in samples]
    ends: tuple[Callable[[float], Interval], ...] = ()
    if one.error_s or two.error_s:
        ends = (
            _ratio_interval(_moved(one, -1, p), _moved(two, 1, p)),
            _ratio_interval(_moved(one, 1, p), _moved(two, -1, p)),
        )
    return Question(
        name,
        label,
        needed.side,
        needed.threshold,
        needed.strict,
        _ratio_interval(data[0], data[1]),
        window=needed.window,
        sensitivity={"unclustered": _ratio_interval(plain[0], plain[1])}
        | _filled_ratios(samples, p),
        bounds=ends,
        bounds_code="instrument_error",
        blocked=caps.blocked + blocked + _too_small(samples, p),
        flags=caps.flags + flags,
        window_of_time=caps.window,
        rows_needed=_rows_needed(data, p),
        timed=True,
    )


def _ratio_interval(a: QuantileData, b: QuantileData) -> Callable[[float], Interval]:
    return lambda alpha: stats.quantile_ratio_interval(a, b, alpha)


def _filled_ratios(samples: list[ArmTimes], p: float) -> dict[str, Callable[[float], Interval]]:
    """Give failed calls their rank: against the claim ours last and theirs first, and for it."""
    if not any(s.failed.any() for s in samples):
        return {}
    found: dict[str, Callable[[float], Interval]] = {}
    for name, ends in (("worst", (math.inf, AT_ONCE)), ("best", (AT_ONCE, math.inf))):
        a, b = (
            stats.quantile_data(s.failures_at(end), p, s.cluster)
            for s, end in zip(samples, ends, strict=True)
        )
        found[name] = _ratio_interval(a, b)
    return found


def _filled_limit(sample: ArmTimes, p: float) -> dict[str, Callable[[float], Interval]]:
    if not sample.failed.any():
        return {}
    found: dict[str, Callable[[float], Interval]] = {}
    for name, end in (("worst", math.inf), ("best", AT_ONCE)):
        filled = stats.quantile_data(sample.failures_at(end), p, sample.cluster)
        found[name] = _quantile_interval(filled)
    return found


def _moved(sample: ArmTimes, sign: int, p: float) -> QuantileData:
    """Shift the sample by the instrument's error; times stay positive."""
    values = np.maximum(sample.values + sign * sample.error_s, 1e-9)
    return stats.quantile_data(values, p, sample.cluster)


def _rows_needed(data: list[QuantileData], p: float) -> int | None:
    """Return the rows per arm that a bounded interval takes at the present design effect.

    None where it is bounded already.
    """
    need = 0.0
    for d in data:
        n_eff = d.n_eff(0.05)
        if n_eff < stats.min_n_quantile(p):
            need = max(need, stats.min_n_quantile(p) * len(d.ordered) / n_eff)
    return math.ceil(need) if need else None


def _limit_question(
    name: str, metric: str, sample: ArmTimes, claim: Claim, needed: Needed, caps: Caps
) -> Question:
    """Ask whether a quantile of one arm stays below a limit."""
    p = claim.quantile or 0.95
    label = f"p{100 * p:g} {LABELS[metric]}"
    unusable = _unusable([sample])
    if unusable:
        return Question(
            name,
            label,
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            scale="seconds",
            not_formed=unusable,
        )
    samples, blocked, flags = _in_time([sample], p, caps)
    sample = samples[0]
    data, plain = (
        stats.quantile_data(sample.values, p, sample.cluster),
        stats.quantile_data(sample.values, p),
    )
    ends: tuple[Callable[[float], Interval], ...] = ()
    if sample.error_s:
        ends = (_quantile_interval(_moved(sample, -1, p)), _quantile_interval(_moved(sample, 1, p)))
    return Question(
        name,
        label,
        needed.side,
        needed.threshold,
        needed.strict,
        _quantile_interval(data),
        window=needed.window,
        scale="seconds",
        sensitivity={"unclustered": _quantile_interval(plain)} | _filled_limit(sample, p),
        bounds=ends,
        bounds_code="instrument_error",
        blocked=caps.blocked + blocked + _too_small([sample], p),
        flags=caps.flags + flags,
        window_of_time=caps.window,
        rows_needed=_rows_needed([data], p),
        timed=True,
    )


def _quantile_interval(data: QuantileData) -> Callable[[float], Interval]:
    return lambda alpha: stats.quantile_interval(data, alpha)


def find_caps(calls: CallTable, leaf: Leaf, ctx: ClaimContext) -> Caps:
    """Collect what forbids or qualifies every latency verdict on these arms."""
    blocked: list[Reason] = []
    flags: list[Reason] = []
    arms = leaf.arms
    of_runs = bool(ctx.other_runs & set(arms))
    if of_runs:
        flags.append(Reason("different_windows"))
    elif leaf.theirs is not None:
        overlap = overlap_of(leaf, leaf.theirs, calls, ctx)
        if overlap is None:
            blocked.append(Reason("send_times_unknown"))
        elif overlap < OVERLAP_NEEDED:
            detail = f"send times overlap {overlap:.0%}, needed {OVERLAP_NEEDED:.0%}"
            blocked.append(Reason("not_interleaved", detail))
    wanted = np.flatnonzero(leaf.mask)
    windows: list[ArmWindow] = []
    for arm in asked_arms(arms, ctx):
        rows = calls.arms[arm]
        mine = np.isin(rows.item, wanted)
        ttft = rows.ttft_s[mine & np.isfinite(rows.ttft_s)]
        on_loop = bool(set(rows.stamp_source[mine].tolist()) & LOOP_STAMPS)
        if on_loop and ctx.loop_lag_p99_s is not None and len(ttft):
            limit = LAG_SHARE * float(np.median(ttft))
            if ctx.loop_lag_p99_s > limit:
                detail = (
                    f"event loop lag p99 {ctx.loop_lag_p99_s * 1e3:.3g} ms for {arm}, limit"
                    f" {limit * 1e3:.3g} ms (5% of p50 TTFT)"
                )
                blocked.append(Reason("client_limited", detail))
        measured = ArmWindow(arm, rows.sent_utc_s[mine], rows.session[mine])
        if of_runs:
            windows.append(measured)
        elif is_remote(arm, ctx) and different_hours(measured) < SESSIONS_WANTED:
            windows.append(measured)
            flags.append(Reason("single_session", arm))
        if rows.block_s < BLOCK_S:
            flags.append(Reason("short_blocks", f"{arm}, {rows.block_s:.3g} s"))
    for arm in arms:
        rows = calls.arms[arm]
        mine = np.isin(rows.item, wanted)
        if bool(rows.cached[mine].any()):
            detail = f"{arm}, {int(rows.cached[mine].sum())} calls"
            flags.append(Reason("cached_excluded", detail))
    window, named = measured_window(windows)
    return Caps(tuple(blocked) + named, tuple(flags), window)
