"""What an arm's requests cost at most, and how many of their answers ran to max_tokens."""

from __future__ import annotations

import numpy as np

from claimbench import stats
from claimbench.claims.readings.runaways import AT_CAP, Side
from claimbench.claims.types import ClaimContext
from claimbench.tables.types import BoolArray, CallTable, FloatArray, ItemTable

FLAT = 1e-9
"""Relative spread up to which amounts are the same: sums of dollars are floats."""


def side_of(
    items: ItemTable,
    calls: CallTable,
    arm: str,
    chosen: BoolArray,
    usd: FloatArray,
    ctx: ClaimContext,
) -> Side:
    """Return one arm's dollars per request, its cap, and the requests seen at it.

    Where every request cost the same, that is a price per request, and its own cap.

    Args:
        items: the item table.
        calls: the call table, for the tokens of answers.
        arm: its name.
        chosen: bool per item.
        usd: dollars of the chosen items, in their order.
        ctx: max_tokens and prices.
    """
    mean, largest = float(usd.mean()), float(usd.max())
    cap = _cap(items, calls, arm, chosen, usd, ctx)
    if cap is None and largest - float(usd.min()) <= FLAT * largest:
        cap = largest
    _, counts = np.unique(items.cluster[chosen], return_counts=True)
    worth = stats.effective_clusters(counts)
    at_cap = 0 if not cap else _at_cap(items, calls, arm, chosen, usd / cap, ctx)
    return Side(arm, mean, cap, at_cap * worth / len(usd), worth, largest)


def _at_cap(
    items: ItemTable,
    calls: CallTable,
    arm: str,
    chosen: BoolArray,
    of_cap: FloatArray,
    ctx: ClaimContext,
) -> int:
    """Count the requests whose answers ran to max_tokens, by the tokens that are known of them: a
    long prompt, or a route's dear arm, makes a request dear and no answer long. A request without
    tokens counts by its dollars, ``of_cap`` being their share of the cap.

    None where most answers are as long as they can be: that is their length, and no runaway.
    """
    filled = _filled(items, calls, arm, ctx)[chosen]
    if arm in ctx.routes:  # its tokens are those of several answers
        parts = [_filled(items, calls, part, ctx)[chosen] for part in ctx.routes[arm].parts]
        longest = np.fmax.reduce(parts)
        filled = np.where(np.isnan(filled), longest, np.fmin(filled, longest))
    filled = np.where(np.isnan(filled), of_cap, filled)
    return 0 if float(filled.mean()) >= AT_CAP else int((filled >= AT_CAP).sum())


def _filled(items: ItemTable, calls: CallTable, arm: str, ctx: ClaimContext) -> FloatArray:
    """Return for each item which share of max_tokens its longest answer has; nan where unknown."""
    found = np.full(len(items.items), np.nan)
    rows = calls.arms.get(arm)
    if rows is not None:
        limits = np.array([ctx.max_tokens.get(task) or np.nan for task in items.task.tolist()])
        np.fmax.at(found, rows.item, rows.n_out / limits[rows.item])
    return found


def _cap(
    items: ItemTable,
    calls: CallTable,
    arm: str,
    chosen: BoolArray,
    usd: FloatArray,
    ctx: ClaimContext,
) -> float | None:
    """Return the dollars of a request whose answer has max_tokens; None where unknown.

    Without a price per token (owned hardware) a token costs what this arm's tokens cost on average.
    An answer longer than max_tokens says that the limit is none. A request along a route costs at
    most what one to each of its arms does.
    """
    if arm in ctx.routes:
        parts = [
            _cap(items, calls, part, mine, items.arms[part].usd[mine], ctx)
            for part in ctx.routes[arm].parts
            if (mine := chosen & np.isfinite(items.arms[part].usd)).any()
        ]
        whole = len(parts) == len(ctx.routes[arm].parts) and None not in parts
        total = sum(cap or 0.0 for cap in parts) if whole else 0.0
        return total if whole and float(usd.max()) <= total * (1 + 1e-9) else None
    limits = [ctx.max_tokens.get(task) for task in items.task[chosen].tolist()]
    known = [limit for limit in limits if limit is not None]
    if not known or len(known) < len(limits):
        return None
    rows = calls.arms[arm]
    mine = chosen[rows.item] & np.isfinite(rows.n_out)
    tokens = rows.n_out[mine]
    if len(tokens) and float(tokens.max()) > max(known):
        return None
    price = ctx.list_prices.get(arm)
    if price is not None:
        per_token = price.output_usd / 1e6
    elif arm in ctx.hosts and len(tokens) and float(tokens.sum()) > 0:
        per_token = float(usd.mean()) / float(tokens.mean())
    else:
        return None
    output = float(tokens.mean()) * per_token if len(tokens) else float(usd.mean())
    cap = float(np.mean(known)) * per_token + max(float(usd.mean()) - output, 0.0)
    largest = float(usd.max())
    if largest > cap * (1 + 1e-9):
        return largest if len(tokens) else None
    return cap
