"""Readings of stated prices: dollars per 1,000 requests, per 1,000 correct answers, per million
tokens.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from claimbench import stats
from claimbench.claims.readings.dollars import Dollars, dollars_of, too_few
from claimbench.claims.readings.limits import limits
from claimbench.claims.types import ClaimContext, Leaf, Needed, Question
from claimbench.stats import Interval
from claimbench.tables.types import FloatArray, ItemTable
from claimbench.types import Reason

PER_MTOK = "usd_per_mtok"
LABELS = {
    "usd": "dollars per 1,000 requests",
    "usd_per_correct": "dollars per 1,000 correct answers",
    "usd_per_mtok": "list price per million tokens, input and output",
    "usd_per_mtok_input": "list price per million input tokens",
    "usd_per_mtok_output": "list price per million output tokens",
}
"""What each metric of an absolute cost claim is called."""


def limit_questions(items: ItemTable, leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """List the one reading of a stated price; empty where no item has dollars."""
    needed = limits(leaf.claim)[0].needed
    if leaf.claim.metric.startswith(PER_MTOK):
        return [_list_price(leaf, needed, ctx)]
    rows = items.arms[leaf.ours]
    planned = leaf.mask & (rows.n_calls > 0)
    got = dollars_of(items, leaf.ours, planned)
    keep = got.known
    per_correct = leaf.claim.metric == "usd_per_correct"
    score = rows.score[planned]
    if per_correct:
        keep = keep & ~np.isnan(score)
    if not keep.any():
        return []
    codes = stats.cluster_codes(items.cluster[planned][keep])
    zero = (Reason("cost_basis_missing"),) if not got.middle()[keep].any() else ()

    def at(usd: FloatArray) -> Callable[[float], Interval]:
        values = 1000 * usd[keep]
        if not per_correct:
            return lambda alpha: stats.mean_ci(values, codes, alpha)
        ones = np.ones(len(values))
        return lambda alpha: stats.cost_per_correct_ratio_ci(
            values, score[keep], ones, ones, codes, alpha
        )

    return [
        Question(
            "per_1k_correct" if per_correct else "per_1k_requests",
            LABELS[leaf.claim.metric],
            needed.side,
            needed.threshold,
            needed.strict,
            at(got.middle()),
            window=needed.window,
            scale="usd",
            bounds=_ends(got, at),
            bounds_code="billing_unknown",
            blocked=too_few(keep, items, planned) + zero,
            price_ids=rows.price_ids,
        )
    ]


def _ends(
    got: Dollars, at: Callable[[FloatArray], Callable[[float], Interval]]
) -> tuple[Callable[[float], Interval], ...]:
    return (at(got.low), at(got.high)) if got.has_range else ()


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
