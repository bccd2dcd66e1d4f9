"""Arrays of one arm -> figures with intervals. The statistics are :mod:`claimbench.stats`; here is
their display.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from claimbench import stats
from claimbench.claims.readings.failures import asked_text
from claimbench.stats.intervals import Interval
from claimbench.tables.per_request import PerRequest, per_request, with_request
from claimbench.tables.types import ArmItems, BoolArray, CallRows, FloatArray, IntArray
from claimbench_reports.view.format import Figure, count, figure, interval

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
    found = per_request(arm, scope.mask)
    if not found.answered:
        return figure(id_, None, "usd", unknown="no answers")
    share = _share_known(found)
    if found.usd is None:
        why = arm.cost_why_unknown[0] if arm.cost_why_unknown else share
        return _bounded(id_, found.low, found.high, why)
    ok = scope.mask & np.isfinite(arm.usd)
    asked = asked_text(arm, scope.mask)
    notes = "; ".join(note for note in (share, asked) if note)
    made = from_interval(
        id_, stats.mean_ci(arm.usd[ok], scope.codes[ok], scope.alpha), "usd", 1000.0, notes
    )
    return _never_exact(made) if asked else made


def _never_exact(made: Figure) -> Figure:
    """Take an exact interval from a figure of which not all was asked."""
    if not made.interval.startswith("exactly"):
        return made
    return replace(made, low=None, high=None, interval="")


def _bounded(id_: str, low: float | None, high: float | None, why: str) -> Figure:
    """Return dollars per 1,000 of something of which some bills are unknown: no value, but the
    least and the most that they can be, where both are known.
    """
    if low is None or high is None:
        return figure(id_, None, "usd", note=why, unknown="unknown")
    least, most = 1000 * low, 1000 * high
    text = interval(least, most, "usd") if low > 0 else f"at most {figure('', most, 'usd').text}"
    return figure(id_, None, "usd", note=why, unknown=text)


def _share_known(found: PerRequest) -> str:
    """Say on how many of the answered items the dollars rest, where they are not known of all."""
    if found.priced == found.answered:
        return ""
    return f"cost known for {count(found.priced)} of {count(found.answered)} items"


def usd_1k_correct(
    id_: str, arm: ArmItems, scope: ItemScope, right: FloatArray | None = None
) -> Figure:
    """Return dollars per 1,000 correct answers, on items with both a cost and a score; ``right``:
    the scores, 0 where none was meant (None: those of ``arm``).
    """
    right = arm.score if right is None else right
    found = per_request(arm, scope.mask)
    ok = scope.mask & np.isfinite(arm.usd) & np.isfinite(right)
    if found.usd is None or not ok.any():
        judged = scope.mask & with_request(arm) & np.isfinite(right)
        of = float(right[judged].sum())
        low, high = (float(end[judged].sum()) for end in (arm.usd_low, arm.usd_high))
        if not of > 0 or not math.isfinite(low + high):
            return _bounded(id_, None, None, "")
        return _bounded(id_, low / of, high / of, "")
    iv = stats.log_ratio_ci((arm.usd[ok], right[ok]), (1, -1), scope.codes[ok], scope.alpha)
    asked = asked_text(arm, scope.mask)
    notes = (_share_known(found), asked, left_out(arm, scope.mask, right))
    made = from_interval(id_, iv, "usd", 1000.0, "; ".join(note for note in notes if note))
    return _never_exact(made) if asked else made


UNASKED = "were not asked"
LEFT_OUT = "without a score left out"


def left_out(arm: ArmItems, mask: BoolArray, right: FloatArray) -> str:
    """Say which dollars are not in dollars per correct answer: those of items without a score,
    which dollars per request do hold.
    """
    priced = mask & np.isfinite(arm.usd)
    out = priced & ~np.isfinite(right)
    if not out.any():
        return ""
    # Dollars are means over an item's calls
    paid, whole = (float((arm.usd * arm.n_finished)[at].sum()) for at in (out, priced))
    shown, total = figure("", paid, "usd"), figure("", whole, "usd")
    items = f"{count(int(out.sum()))} of {count(int(priced.sum()))} items"
    return f"{items} {LEFT_OUT}, and their about {shown.text} of {total.text}"


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
