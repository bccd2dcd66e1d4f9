"""Readings of stated prices: dollars per 1,000 requests, per 1,000 correct answers, per million
tokens.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.claims.people import as_people_see
from claimbench.claims.readings.caps import side_of
from claimbench.claims.readings.dollars import (
    correct_means,
    correct_ratio,
    dollar_means,
    dollars_of,
    filled_ends,
    hole,
)
from claimbench.claims.readings.failures import answered_text
from claimbench.claims.readings.limits import limits
from claimbench.claims.readings.runaways import Runaways, Side, in_unit, per_correct
from claimbench.claims.readings.size import size_block
from claimbench.claims.readings.utilisation import unless_stated
from claimbench.claims.types import ClaimContext, IntervalAt, Leaf, Needed, Question
from claimbench.stats import Interval
from claimbench.tables.types import CallTable, FloatArray, ItemTable
from claimbench.types import Reason

PER_MTOK = "usd_per_mtok"
LABELS = {
    "usd": "dollars per 1,000 requests",
    "usd_per_correct": "dollars per 1,000 correct answers",
    "usd_per_month": "dollars per month at the stated volume",
    "usd_per_year": "dollars in the first year at the stated volume",
    "usd_per_mtok": "list price per million tokens, input and output",
    "usd_per_mtok_input": "list price per million input tokens",
    "usd_per_mtok_output": "list price per million output tokens",
}
"""What each metric of an absolute cost claim is called."""


def limit_questions(
    items: ItemTable, calls: CallTable, leaf: Leaf, ctx: ClaimContext
) -> list[Question]:
    """List the one reading of a stated price; empty where no item has dollars."""
    needed = limits(leaf.claim)[0].needed
    metric = leaf.claim.metric
    if metric.startswith(PER_MTOK):
        return [_list_price(leaf, needed, ctx)]
    per_right = metric == "usd_per_correct"
    seen = as_people_see(items, leaf, ctx) if per_right else None
    flags: tuple[Reason, ...] = ()
    if seen is not None:  # what a judge called right is not what people do
        items, leaf = seen
        flags = (Reason("human_labels_only", f"{int(leaf.mask.sum())} items"),)
    rows = items.arms[leaf.ours]
    planned = leaf.mask & (rows.n_calls > 0)
    got = dollars_of(items, leaf.ours, planned)
    right = items.right(leaf.ours)
    keep = got.known & ~np.isnan(right[planned]) if per_right else got.known
    if not keep.any():
        return []
    chosen = planned.copy()
    chosen[planned] = keep
    priced = planned.copy()
    priced[planned] = got.known
    served = planned & (rows.n_finished > rows.n_errors)
    codes = stats.cluster_codes(items.cluster[chosen])
    usd, score = got.middle()[keep], right[chosen]
    side = side_of(items, calls, leaf.ours, chosen, usd, ctx)
    known = side.cap is not None

    def at(usd: FloatArray) -> IntervalAt:
        return _per_1k(usd, score if per_right else None, codes, known=known)

    others: dict[str, IntervalAt] = {}
    for name, end in filled_ends(items, leaf, planned, (side, side)).items():
        have = ~np.isnan(end.score_a) if per_right else np.ones(len(end.usd_a), dtype=np.bool_)
        filled = end.score_a[have] if per_right else None
        others[name] = _per_1k(end.usd_a[have], filled, end.codes[have], known=known)
    zero = () if usd.any() else (Reason("cost_basis_missing"),)
    ends = (at(got.low[keep]), at(got.high[keep])) if got.has_range else ()
    made = [
        Question(
            "per_1k_correct" if per_right else "per_1k_requests",
            LABELS[metric],
            needed.side,
            needed.threshold,
            needed.strict,
            at(usd),
            window=needed.window,
            scale="usd",
            sensitivity=others,
            bounds=ends,
            bounds_code="billing_unknown",
            blocked=size_block(items, chosen) + hole(served, priced) + zero,
            price_ids=rows.price_ids,
            runaways=None if zero else _runaways(side, usd, score if per_right else None),
            beside=answered_text(items, leaf),
            flags=flags,
        )
    ]
    return [replace(one, unless=unless_stated(one, leaf, ctx)) for one in made]


def _per_1k(
    usd: FloatArray, score: FloatArray | None, codes: stats.IntArray, *, known: bool
) -> IntervalAt:
    """Return the interval of dollars per 1,000 requests, or correct answers where ``score``."""
    values = 1000 * usd
    if score is None:
        pm = dollar_means(values, values, codes, known=known)
        return lambda alpha: stats.contrast_ci_hull(pm, (1.0, 0.0), alpha)
    ones = np.ones(len(values))  # one dollar per answer, all correct: the ratio is our dollars
    return correct_ratio(correct_means((values, ones), (score, ones), codes, known=known), len(usd))


def _runaways(side: Side, usd: FloatArray, score: FloatArray | None) -> Runaways | None:
    """Return what runaways could do per 1,000; None where nothing is correct."""
    if score is not None:
        if not score.any():
            return None
        side = per_correct(side, usd, score)
    return Runaways(in_unit(side, 1000), None, loses=score is not None)


def _list_price(leaf: Leaf, needed: Needed, ctx: ClaimContext) -> Question:
    """Ask arithmetic on the published price: both must satisfy a limit that names neither."""
    metric = leaf.claim.metric
    price = ctx.list_prices.get(leaf.ours)
    if price is None:
        return Question(
            "list_price",
            LABELS[metric],
            needed.side,
            needed.threshold,
            needed.strict,
            None,
            window=needed.window,
            not_formed=f"no list price for {leaf.ours}",
        )
    ends = {"": (price.input_usd, price.output_usd)}
    ends["_input"] = (price.input_usd, price.input_usd)
    ends["_output"] = (price.output_usd, price.output_usd)
    low, high = sorted(ends[metric.removeprefix(PER_MTOK)])
    only = low if low == high else None

    def at(alpha: float) -> Interval:
        return Interval(only, low, high, 1 - alpha, "arithmetic", 0, 0)

    return Question(
        "list_price",
        LABELS[metric],
        needed.side,
        needed.threshold,
        needed.strict,
        at,
        window=needed.window,
        scale="usd",
        price_ids=(price.price_id,),
        flags=(Reason("no_sampling_error"),),
    )
