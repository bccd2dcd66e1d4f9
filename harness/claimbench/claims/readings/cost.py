"""Readings of cost claims: dollars per request on this workload, per correct answer, and list price
per token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.readings.dollars import Dollars, dollars_of, too_few
from claimbench.claims.readings.limits import exact, limits
from claimbench.claims.readings.price_limits import limit_questions
from claimbench.claims.types import ClaimContext, Leaf, Needed, Question
from claimbench.stats import Interval, PairedMeans
from claimbench.tables.types import BoolArray, CallTable, FloatArray, ItemTable
from claimbench.types import Claim, Reason, reason_codes

UNPRICED_LIMIT = 0.05
"""Share of items without known dollars above which no cost verdict is given."""


def unpriced(items: ItemTable, arm: str, mask: BoolArray) -> Reason | None:
    """Return the reason why an arm has no price at all; None if it has one."""
    rows = items.arms[arm]
    got = dollars_of(items, arm, mask & (rows.n_finished > rows.n_errors))
    if len(got.usd) and not got.known.any():
        why = "; ".join(rows.cost_why_unknown)
        return Reason("price_unknown", arm + (f" ({why})" if why else ""))
    return None


def currencies(items: ItemTable, ours: str, theirs: str) -> Reason | None:
    """Return the reason why two arms' money does not compare, or None."""
    one, two = items.arms[ours].currencies, items.arms[theirs].currencies
    if one and two and one != two:
        return Reason("currency", f"{'/'.join(one)} for {ours} and {'/'.join(two)} for {theirs}")
    return None


def needed_ratio(claim: Claim) -> Needed:
    """Return what the ratio treatment / baseline of dollars has to be."""
    return limits(claim)[0].needed


def questions(items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of a cost claim; empty where no item has dollars in the arms."""
    if leaf.claim.relation in ABSOLUTE:
        return limit_questions(items, leaf, ctx)
    assert leaf.theirs is not None  # noqa: S101  relations other than at_most compare
    rows_a, rows_b = items.arms[leaf.ours], items.arms[leaf.theirs]
    planned = leaf.mask & (rows_a.n_calls > 0) & (rows_b.n_calls > 0)
    a, b = dollars_of(items, leaf.ours, planned), dollars_of(items, leaf.theirs, planned)
    keep = a.known & b.known
    if leaf.claim.reading == "list_price" and not keep.any():
        return [_list_price(leaf, calls, ctx)]
    if not keep.any():
        return []
    served = planned & (rows_a.n_finished > rows_a.n_errors) & (rows_b.n_finished > rows_b.n_errors)
    hole = 1 - keep.sum() / max(int(served.sum()), 1)
    blocked = too_few(keep, items, planned) + (
        (Reason("cost_missing"),) if hole > UNPRICED_LIMIT else ()
    )
    a, b = (Dollars(d.usd[keep], d.low[keep], d.high[keep]) for d in (a, b))
    codes = stats.cluster_codes(items.cluster[planned][keep])
    where = np.flatnonzero(planned)[keep]
    made = [
        _per_request(leaf, a, b, codes, blocked, ctx),
        _per_correct(leaf, a, b, rows_a.score[where], rows_b.score[where], codes, blocked),
        _list_price(leaf, calls, ctx),
    ]
    ids = rows_a.price_ids + rows_b.price_ids
    return [q if q.price_ids else replace(q, price_ids=ids) for q in made]


def _per_request(
    leaf: Leaf,
    a: Dollars,
    b: Dollars,
    codes: stats.IntArray,
    blocked: tuple[Reason, ...],
    ctx: ClaimContext,
) -> Question:
    needed = needed_ratio(leaf.claim)
    pm = stats.paired_means(a.middle(), b.middle(), codes)
    zero = _zero(pm)
    ends: tuple[Callable[[float], Interval], ...] = ()
    if a.has_range or b.has_range:
        ends = tuple(
            _ratio(stats.paired_means(x, y, codes)) for x, y in ((a.low, b.high), (a.high, b.low))
        )
    flat = bool(pm.n > 1 and np.ptp(a.middle()) == 0 and np.ptp(b.middle()) == 0)
    plain = stats.paired_means(a.middle(), b.middle())
    ratio = pm.theta[0] / pm.theta[1] if pm.theta[1] else None
    return Question(
        "per_request",
        "dollars per request",
        needed.side,
        needed.threshold,
        needed.strict,
        _ratio(pm),
        window=needed.window,
        contrast_at=lambda r, alpha: stats.contrast_ci_hull(pm, (1.0, -r), alpha),
        p=_ratio_p(pm, needed),
        sensitivity={"unclustered": _ratio(plain)},
        bounds=ends,
        bounds_code="billing_unknown",
        blocked=blocked + zero,
        flags=(Reason("deterministic_given_prices"),) if flat else (),
        flip_points=_flips(leaf, ratio, needed.threshold, ctx),
        difference=(
            f"${1000 * (pm.theta[0] - pm.theta[1]):+.4g} per 1,000 requests"
            if "denominator_zero" in reason_codes(zero)
            else ""
        ),
    )


def _zero(pm: PairedMeans) -> tuple[Reason, ...]:
    if pm.theta[0] == 0:
        return (Reason("cost_basis_missing"),)
    return (Reason("denominator_zero"),) if pm.theta[1] == 0 else ()


def _ratio(pm: PairedMeans) -> Callable[[float], Interval]:
    return lambda alpha: stats.ratio_ci_hull(pm, alpha)


def _ratio_p(pm: PairedMeans, needed: Needed) -> float | None:
    """Give the p of the rounded threshold in closed form, on the scale of the interval (x10 under
    the tail guard).
    """
    if needed.window is not None or pm.theta[1] == 0:
        return None
    guard = 0.05 / stats.tail_alpha(pm, 0.05)[0]
    return min(1.0, guard * stats.hull_test(pm, (1.0, -needed.threshold)).p)


def _flips(
    leaf: Leaf, ratio: float | None, threshold: float, ctx: ClaimContext
) -> dict[str, float]:
    """Find where the point estimate meets the threshold.

    That is in price multipliers, and in utilisation and hourly price of local arms.

    m_A* = r0 C_B / C_A, m_B* = 1 / m_A*; a host's dollars go with H/u, so u* = u / m_A* for the
    treatment.
    """
    if ratio is None or ratio <= 0 or threshold <= 0:
        return {}
    m = threshold / ratio
    out = {"treatment_price_multiplier": m, "baseline_price_multiplier": 1 / m}
    for arm, factor, role in ((leaf.ours, m, "treatment"), (leaf.theirs or "", 1 / m, "baseline")):
        host = ctx.hosts.get(arm)
        if host is not None:
            out[f"{role}_utilisation"] = host.utilisation / factor
            out[f"{role}_usd_per_hour"] = host.usd_per_hour * factor
    return out


def _per_correct(
    leaf: Leaf,
    a: Dollars,
    b: Dollars,
    score_a: FloatArray,
    score_b: FloatArray,
    codes: stats.IntArray,
    blocked: tuple[Reason, ...],
) -> Question:
    needed = needed_ratio(leaf.claim)
    keep = ~(np.isnan(score_a) | np.isnan(score_b))
    name, label = "per_correct", "dollars per correct answer"
    if not keep.any():
        return Question(
            name,
            label,
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            not_formed="no item has a score in both arms",
        )
    xa, xb, sa, sb, cl = (
        a.middle()[keep],
        b.middle()[keep],
        score_a[keep],
        score_b[keep],
        codes[keep],
    )
    zero: tuple[Reason, ...] = ()
    if not xa.any():
        zero = (Reason("cost_basis_missing"),)
    elif not xb.any():
        zero = (Reason("denominator_zero"),)
    ends: tuple[Callable[[float], Interval], ...] = ()
    if a.has_range or b.has_range:
        pairs = ((a.low[keep], b.high[keep]), (a.high[keep], b.low[keep]))
        ends = tuple(_correct_ratio(x, sa, y, sb, cl) for x, y in pairs)
    return Question(
        name,
        label,
        needed.side,
        needed.threshold,
        needed.strict,
        _correct_ratio(xa, sa, xb, sb, cl),
        window=needed.window,
        bounds=ends,
        bounds_code="billing_unknown",
        blocked=blocked + zero,
    )


def _correct_ratio(
    xa: FloatArray, sa: FloatArray, xb: FloatArray, sb: FloatArray, cluster: stats.IntArray
) -> Callable[[float], Interval]:
    return lambda alpha: stats.cost_per_correct_ratio_ci(xa, sa, xb, sb, cluster, alpha)


def _list_price(leaf: Leaf, calls: CallTable, ctx: ClaimContext) -> Question:
    """Arithmetic, no sampling: input and output prices bound the ratio, the measured token mix
    places it between.
    """
    needed = needed_ratio(leaf.claim)
    name, label = "list_price", "list price per token"
    one, two = ctx.list_prices.get(leaf.ours), ctx.list_prices.get(leaf.theirs or "")
    lacking = [arm for arm, price in ((leaf.ours, one), (leaf.theirs, two)) if price is None]
    if one is None or two is None or min(two.input_usd, two.output_usd) <= 0:
        why = (
            f"no list price for {' and '.join(str(x) for x in lacking)}"
            if lacking
            else "a price of 0"
        )
        return Question(
            name,
            label,
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            not_formed=why,
        )
    pairs = ((one.input_usd, two.input_usd), (one.output_usd, two.output_usd))
    ends = sorted(float(exact(a) / exact(b)) for a, b in pairs)
    share = _input_share(leaf, calls)
    mid = ends[0] if ends[0] == ends[1] else None
    if share is not None and mid is None:
        mid = (one.input_usd * share + one.output_usd * (1 - share)) / (
            two.input_usd * share + two.output_usd * (1 - share)
        )

    def at(alpha: float) -> Interval:
        return Interval(mid, ends[0], ends[1], 1 - alpha, "arithmetic", 0, 0)

    return Question(
        name,
        label,
        needed.side,
        needed.threshold,
        needed.strict,
        at,
        window=needed.window,
        price_ids=(one.price_id, two.price_id),
        flags=(Reason("no_sampling_error"),),
    )


def _input_share(leaf: Leaf, calls: CallTable) -> float | None:
    """Share of input tokens in what both arms used."""
    n_in = n_out = 0.0
    for arm in (leaf.ours, leaf.theirs or leaf.ours):
        rows = calls.arms[arm]
        known = np.isfinite(rows.n_in) & np.isfinite(rows.n_out)
        n_in, n_out = n_in + float(rows.n_in[known].sum()), n_out + float(rows.n_out[known].sum())
    return n_in / (n_in + n_out) if n_in + n_out > 0 else None
