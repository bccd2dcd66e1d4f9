"""Arrays of one arm -> figures with intervals. The statistics are :mod:`claimbench.stats`; here is
their display.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.stats.intervals import Interval
from claimbench.tables.types import ArmItems, BoolArray, CallRows, FloatArray, IntArray
from claimbench_reports.view.format import Figure, count, figure

TOO_FEW = "too few samples"
NOTES = {
    "tail_guard": "99.5% interval",
    "tail_dominated": "one request carries over 10% of the cost",
    "denominator_zero": "nothing to divide by",
    "denominator_near_zero": f"no bound: {TOO_FEW}",
    "n_too_small": TOO_FEW,
}


@dataclass(frozen=True)
class ItemScope:
    """The items of one scope: their mask in the item table and the integer cluster codes of the
    whole table.
    """

    mask: BoolArray
    codes: IntArray
    alpha: float


@dataclass(frozen=True)
class CallScope:
    """One arm's measured calls of one scope (cached answers left out) with codes of the coarser
    cluster.
    """

    rows: CallRows
    keep: BoolArray
    codes: IntArray
    blocks: IntArray
    alpha: float


def from_interval(id_: str, iv: Interval, unit: str, scale: float = 1.0, extra: str = "") -> Figure:
    """Show an interval; its reason codes become the note."""
    notes = [NOTES[r] for r in iv.reasons if r in NOTES]
    note = "; ".join(dict.fromkeys([*notes, *([extra] if extra else [])]))
    est = None if iv.est is None else iv.est * scale
    return figure(id_, est, unit, low=iv.lo * scale, high=iv.hi * scale, note=note)


def quality(id_: str, arm: ArmItems, scope: ItemScope) -> Figure:
    """Return the mean score over the scope's items with a score."""
    ok = scope.mask & np.isfinite(arm.score)
    x = arm.score[ok]
    if not len(x):
        answered = (scope.mask & (arm.n_finished > arm.n_errors)).any()
        unknown = "not scored" if answered else "no answers"
        return figure(id_, None, "percent", unknown=unknown)
    if x.min() < 0 or x.max() > 1:
        return from_interval(id_, stats.mean_ci(x, scope.codes[ok], scope.alpha), "plain")
    return from_interval(
        id_, stats.accuracy_ci(x, scope.codes[ok], arm.n_epochs[ok], scope.alpha), "percent"
    )


def missing(id_: str, arm: ArmItems, mask: BoolArray) -> Figure:
    """Return the calls without a score; of an arm that nobody scored, those without an answer."""
    if np.isfinite(arm.score).any():
        return figure(id_, float(arm.n_missing[mask].sum()), "count")
    answered = arm.n_finished - arm.n_errors
    lost = float((arm.n_missing - answered)[mask].sum())
    return figure(id_, lost, "count", note="calls without an answer: nothing was scored")


def usd_1k(id_: str, arm: ArmItems, scope: ItemScope) -> Figure:
    """Return dollars per 1,000 requests; unknown as soon as one request's price is unknown for want
    of a price.

    What failed calls cost stands in the bill; where nothing was answered it says nothing of what
    requests cost.
    """
    if not (scope.mask & (arm.n_finished > arm.n_errors)).any():
        return figure(id_, None, "usd", unknown="no answers")
    ok = scope.mask & np.isfinite(arm.usd)
    share = _share_known(arm, scope.mask)
    if arm.cost_why_unknown or _mostly_unknown(arm, scope.mask):
        why = arm.cost_why_unknown[0] if arm.cost_why_unknown else share
        return figure(id_, None, "usd", note=why, unknown="unknown")
    bounds = ""
    low, high = float(arm.usd_low[ok].mean()), float(arm.usd_high[ok].mean())
    if np.isfinite(low) and np.isfinite(high) and high - low > 1e-12 * max(high, 1e-12):
        shown = figure("", 1000 * low, "usd"), figure("", 1000 * high, "usd")
        bounds = f"some bills unknown: between {shown[0].text} and {shown[1].text}"
    notes = "; ".join(note for note in (bounds, share) if note)
    return from_interval(
        id_, stats.mean_ci(arm.usd[ok], scope.codes[ok], scope.alpha), "usd", 1000.0, notes
    )


def _mostly_unknown(arm: ArmItems, mask: BoolArray) -> bool:
    """Tell dollars that are known of fewer than half of the answered items: they say nothing of
    the rest.
    """
    answered = mask & (arm.n_finished > arm.n_errors)
    known = mask & np.isfinite(arm.usd)
    return not known.any() or 2 * int((answered & known).sum()) < int(answered.sum())


def _share_known(arm: ArmItems, mask: BoolArray) -> str:
    """Say on how many of the answered items the dollars rest, where they are not known of all."""
    answered = mask & (arm.n_finished > arm.n_errors)
    known = int((answered & np.isfinite(arm.usd)).sum())
    total = int(answered.sum())
    return "" if known == total else f"cost known for {count(known)} of {count(total)} items"


def usd_1k_correct(id_: str, arm: ArmItems, scope: ItemScope) -> Figure:
    """Return dollars per 1,000 correct answers, on items with both a cost and a score."""
    ok = scope.mask & np.isfinite(arm.usd) & np.isfinite(arm.score)
    if arm.cost_why_unknown or not ok.any() or _mostly_unknown(arm, scope.mask):
        return figure(id_, None, "usd")
    iv = stats.log_ratio_ci((arm.usd[ok], arm.score[ok]), (1, -1), scope.codes[ok], scope.alpha)
    return from_interval(id_, iv, "usd", 1000.0, _share_known(arm, scope.mask))


def call_scope(
    rows: CallRows, item_codes: IntArray, in_scope: BoolArray, alpha: float
) -> CallScope:
    """Return the measured calls whose item is in scope. The cluster is the coarser of item cluster
    and time block.
    """
    keep = in_scope[rows.item] & ~rows.cached if len(rows.item) else np.zeros(0, dtype=np.bool_)
    clusters = item_codes[rows.item] if len(rows.item) else np.zeros(0, dtype=np.int64)
    blocks = rows.block.astype(np.int64)
    n_clusters, n_blocks = len(np.unique(clusters[keep])), len(np.unique(blocks[keep]))
    coarser = blocks if 2 <= n_blocks < n_clusters else clusters
    return CallScope(rows, keep, coarser, blocks, alpha)


def quantile(id_: str, values: FloatArray, p: float, scope: CallScope) -> Figure:
    """Return percentile ``p`` with its interval and, where it cannot be bounded, the number of
    samples needed.
    """
    ok = scope.keep & ~np.isnan(values)
    if not ok.any():
        return figure(id_, None, "seconds", unknown="\u2014")
    iv = stats.quantile_ci(values[ok], p, scope.codes[ok], scope.alpha)
    note = ""
    if "quantile_not_estimable" in iv.reasons:
        needed, have = stats.min_n_quantile(p, scope.alpha), iv.n if iv.n_eff is None else iv.n_eff
        note = (
            f"{TOO_FEW}: {count(int(have))} of {count(needed)} effective"
            if have < needed
            else "timeouts: no upper bound"
        )
    unknown = "timed out" if iv.est is None else "\u2014"
    return figure(id_, iv.est, "seconds", low=iv.lo, high=iv.hi, note=note, unknown=unknown)


def output_speed(id_: str, scope: CallScope) -> Figure:
    """Return output tokens after the first, over the seconds they took; a ratio of sums."""
    r = scope.rows
    tokens = r.n_out - 1
    took = np.full(len(r.e2e_s), np.nan)
    both = np.isfinite(r.e2e_s) & np.isfinite(r.ttft_s)  # a timeout has infinite times
    took[both] = r.e2e_s[both] - r.ttft_s[both]
    ok = scope.keep & np.isfinite(tokens) & np.isfinite(took) & (tokens >= 1) & (took > 0)
    if not ok.any():
        return figure(id_, None, "tokens_per_s", unknown="\u2014")
    iv = stats.log_ratio_ci((tokens[ok], took[ok]), (1, -1), scope.codes[ok], scope.alpha)
    return from_interval(id_, iv, "tokens_per_s")


def throughput(id_: str, scope: CallScope, concurrency: int, closed: bool) -> Figure:
    """Return requests per busy hour at ``concurrency``; only where the load is closed, else it is
    what was offered.
    """
    busy = scope.rows.busy_s
    ok = scope.keep & np.isfinite(busy) & (busy > 0)
    if not closed or not ok.any():
        return figure(id_, None, "per_hour", unknown="offered rate" if not closed else "\u2014")
    iv = stats.log_ratio_ci(
        (np.ones(int(ok.sum())), busy[ok]), (1, -1), scope.blocks[ok], scope.alpha
    )
    return from_interval(id_, iv, "per_hour", 3600.0 * concurrency, f"concurrency {concurrency}")


def mean_or_unknown(id_: str, values: FloatArray, keep: BoolArray) -> Figure:
    """Return a plain mean over the known values."""
    ok = keep & np.isfinite(values)
    return figure(id_, float(values[ok].mean()) if ok.any() else None, "plain", unknown="\u2014")


def cache_share(id_: str, scope: CallScope) -> Figure:
    """Return the share of the input tokens that a provider or engine read from a prefix cache."""
    r = scope.rows
    ok = scope.keep & np.isfinite(r.cache_read) & np.isfinite(r.n_in)
    total = float(r.n_in[ok].sum())
    return figure(
        id_,
        float(r.cache_read[ok].sum()) / total if total > 0 else None,
        "percent",
        unknown="\u2014",
    )
