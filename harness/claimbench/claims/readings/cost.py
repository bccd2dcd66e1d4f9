"""Readings of cost claims: dollars per request on this workload, per correct answer, and list price
per token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.facts.asked import variants_of_one
from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.people import as_people_see
from claimbench.claims.readings.caps import side_of
from claimbench.claims.readings.dollars import (
    Dollars,
    Filled,
    correct_means,
    correct_ratio,
    dollar_means,
    dollars_of,
    filled_ends,
    hole,
)
from claimbench.claims.readings.failures import answered_text
from claimbench.claims.readings.limits import exact, limits
from claimbench.claims.readings.price_limits import limit_questions
from claimbench.claims.readings.runaways import Runaways, Side, per_correct
from claimbench.claims.readings.size import size_block
from claimbench.claims.readings.utilisation import unless_stated
from claimbench.claims.types import ClaimContext, Leaf, Needed, Question
from claimbench.stats import Interval, PairedMeans
from claimbench.tables.types import BoolArray, CallTable, FloatArray, ItemTable
from claimbench.types import Claim, Reason, reason_codes


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


@dataclass(frozen=True)
class _Pair:
    """Dollars and scores of two arms on the items that both have, and what qualifies them.

    ``filled``: the same with failed calls filled against the claim (worst) and for it (best);
    ``sides``: what the arms' runaways could do, per request.
    """

    a: Dollars
    b: Dollars
    score_a: FloatArray
    score_b: FloatArray
    codes: stats.IntArray
    blocked: tuple[Reason, ...]
    sides: tuple[Side, Side]
    filled: Mapping[str, Filled]

    @property
    def tail_known(self) -> bool:
        """Return whether the largest bill of a request is known in both arms."""
        return all(side.cap is not None for side in self.sides)


def questions(items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the readings of a cost claim; empty where no item has dollars in the arms."""
    if leaf.claim.relation in ABSOLUTE:
        return limit_questions(items, calls, leaf, ctx)
    pair = _pair_of(items, calls, leaf, ctx)
    if pair is None:
        only_list = leaf.claim.reading == "list_price"
        return [_list_price(leaf, calls, ctx)] if only_list else []
    per_right = _per_correct(leaf, pair)
    seen = as_people_see(items, leaf, ctx)
    if seen is not None:  # what a judge called right is not what people do
        per_right = _per_correct_of_people(calls, seen, ctx)
    made = [_per_request(leaf, pair, ctx), per_right, _list_price(leaf, calls, ctx)]
    ids = items.arms[leaf.ours].price_ids + items.arms[leaf.theirs or ""].price_ids
    beside = answered_text(items, leaf)
    return [
        replace(
            q,
            price_ids=q.price_ids or ids,
            beside=beside,
            unless=None if q.name == "list_price" else unless_stated(q, leaf, ctx),
        )
        for q in made
    ]


def _per_correct_of_people(
    calls: CallTable, seen: tuple[ItemTable, Leaf], ctx: ClaimContext
) -> Question:
    """Ask for dollars per correct answer on the items that people labelled."""
    items, leaf = seen
    pair = _pair_of(items, calls, leaf, ctx)
    if pair is None:
        needed = needed_ratio(leaf.claim)
        return Question(
            "per_correct",
            "dollars per correct answer",
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            not_formed="no item that people labelled has dollars in both arms",
        )
    flag = Reason("human_labels_only", f"{int(leaf.mask.sum())} items")
    question = _per_correct(leaf, pair)
    return replace(question, flags=(*question.flags, flag))


def _pair_of(items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext) -> _Pair | None:
    """Pair the dollars and scores of two arms; None where no item has dollars in both."""
    assert leaf.theirs is not None  # noqa: S101  relations other than at_most compare
    rows_a, rows_b = items.arms[leaf.ours], items.arms[leaf.theirs]
    planned = leaf.mask & (rows_a.n_calls > 0) & (rows_b.n_calls > 0)
    a, b = dollars_of(items, leaf.ours, planned), dollars_of(items, leaf.theirs, planned)
    keep = a.known & b.known
    if not keep.any():
        return None
    served = planned & (rows_a.n_finished > rows_a.n_errors) & (rows_b.n_finished > rows_b.n_errors)
    chosen = planned.copy()
    chosen[planned] = keep
    blocked = size_block(items, chosen) + hole(served, chosen)
    a, b = (Dollars(d.usd[keep], d.low[keep], d.high[keep]) for d in (a, b))
    sides = (
        side_of(items, calls, leaf.ours, chosen, a.middle(), ctx),
        side_of(items, calls, leaf.theirs, chosen, b.middle(), ctx),
    )
    return _Pair(
        a,
        b,
        items.right(leaf.ours)[chosen],
        items.right(leaf.theirs)[chosen],
        stats.cluster_codes(items.cluster[chosen]),
        blocked,
        sides,
        filled_ends(items, leaf, planned, sides),
    )


def _per_request(leaf: Leaf, pair: _Pair, ctx: ClaimContext) -> Question:
    needed = needed_ratio(leaf.claim)
    a, b, codes, known = pair.a, pair.b, pair.codes, pair.tail_known
    pm = dollar_means(a.middle(), b.middle(), codes, known=known)
    zero = _zero(pm)
    ends: tuple[Callable[[float], Interval], ...] = ()
    if a.has_range or b.has_range:
        ends = tuple(
            _ratio(dollar_means(x, y, codes, known=known))
            for x, y in ((a.low, b.high), (a.high, b.low))
        )
    flat = bool(not ends and pm.n > 1 and np.ptp(a.middle()) == 0 and np.ptp(b.middle()) == 0)
    plain = stats.paired_means(a.middle(), b.middle())
    ratio = pm.theta[0] / pm.theta[1] if pm.theta[1] else None
    others = {"unclustered": _ratio(plain)}
    for name, end in pair.filled.items():
        others[name] = _ratio(dollar_means(end.usd_a, end.usd_b, end.codes, known=known))
    return Question(
        "per_request",
        "dollars per request",
        needed.side,
        needed.threshold,
        needed.strict,
        _exact(pm) if flat else _ratio(pm),
        window=needed.window,
        contrast_at=lambda r, alpha: stats.contrast_ci_hull(pm, (1.0, -r), alpha),
        p=None if flat else _ratio_p(pm, needed),
        sensitivity=others,
        bounds=ends,
        bounds_code="billing_unknown",
        blocked=pair.blocked + zero,
        flags=(Reason("deterministic_given_prices"),) if flat else (),
        flip_points=_flips(leaf, ratio, needed.threshold, ctx),
        difference=(
            f"${1000 * (pm.theta[0] - pm.theta[1]):+.4g} per 1,000 requests"
            if "denominator_zero" in reason_codes(zero)
            else ""
        ),
        runaways=None if zero else Runaways(*pair.sides),
    )


def _zero(pm: PairedMeans) -> tuple[Reason, ...]:
    if pm.theta[0] == 0:
        return (Reason("cost_basis_missing"),)
    return (Reason("denominator_zero"),) if pm.theta[1] == 0 else ()


def _exact(pm: PairedMeans) -> Callable[[float], Interval]:
    """Give a ratio in which nothing varies its own value as interval, free of rounding."""

    def at(alpha: float) -> Interval:
        found = stats.ratio_ci_hull(pm, alpha)
        return found if found.est is None else replace(found, lo=found.est, hi=found.est)

    return at


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


def _per_correct(leaf: Leaf, pair: _Pair) -> Question:
    needed = needed_ratio(leaf.claim)
    keep = ~(np.isnan(pair.score_a) | np.isnan(pair.score_b))
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
    a, b, known = pair.a, pair.b, pair.tail_known
    xa, xb, codes = a.middle()[keep], b.middle()[keep], pair.codes[keep]
    scores = (pair.score_a[keep], pair.score_b[keep])
    zero: tuple[Reason, ...] = ()
    if not xa.any():
        zero = (Reason("cost_basis_missing"),)
    elif not xb.any():
        zero = (Reason("denominator_zero"),)
    pm = correct_means((xa, xb), scores, codes, known=known)
    ends: tuple[Callable[[float], Interval], ...] = ()
    if a.has_range or b.has_range:
        pairs = ((a.low[keep], b.high[keep]), (a.high[keep], b.low[keep]))
        ends = tuple(
            correct_ratio(correct_means(costs, scores, codes, known=known), len(xa))
            for costs in pairs
        )
    others: dict[str, Callable[[float], Interval]] = {}
    for end_name, end in pair.filled.items():
        have = ~(np.isnan(end.score_a) | np.isnan(end.score_b))
        filled = correct_means(
            (end.usd_a[have], end.usd_b[have]),
            (end.score_a[have], end.score_b[have]),
            end.codes[have],
            known=known,
        )
        others[end_name] = correct_ratio(filled, int(have.sum()))
    return Question(
        name,
        label,
        needed.side,
        needed.threshold,
        needed.strict,
        correct_ratio(pm, len(xa)),
        window=needed.window,
        contrast_at=(
            None if pm is None else lambda r, alpha: stats.contrast_ci_hull(pm, (1.0, -r), alpha)
        ),
        p=None if pm is None else _ratio_p(pm, needed),
        sensitivity=others,
        bounds=ends,
        bounds_code="billing_unknown",
        blocked=pair.blocked + zero,
        runaways=None if zero or pm is None else _correct_runaways(pair, (xa, xb), scores),
    )


def _correct_runaways(
    pair: _Pair, costs: tuple[FloatArray, FloatArray], scores: tuple[FloatArray, FloatArray]
) -> Runaways:
    """Return what the arms' runaways could do per correct answer."""
    ours, theirs = (
        per_correct(side, usd, score)
        for side, usd, score in zip(pair.sides, costs, scores, strict=True)
    )
    return Runaways(ours, theirs, loses=True)


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
        # Variants of one arm have one list: that it is the same says nothing of what they cost.
        counts_for_headline=not variants_of_one(leaf, ctx),
    )


def _input_share(leaf: Leaf, calls: CallTable) -> float | None:
    """Share of input tokens in what both arms used."""
    n_in = n_out = 0.0
    for arm in leaf.arms:
        rows = calls.arms[arm]
        known = np.isfinite(rows.n_in) & np.isfinite(rows.n_out)
        n_in, n_out = n_in + float(rows.n_in[known].sum()), n_out + float(rows.n_out[known].sum())
    return n_in / (n_in + n_out) if n_in + n_out > 0 else None
