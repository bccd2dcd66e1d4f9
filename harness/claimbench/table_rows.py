"""One finished call -> its numbers; the calls of an item or an arm -> rows of the tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claimbench import timing as tm
from claimbench.scorers.base import CUT, JUDGES_CUT_ANSWERS
from claimbench.table_types import BLOCK_S, ArmItems, CallRows, FloatArray, IntArray, StrArray
from claimbench.types import Attempt, CallRecord, Cost, Outcome, Score

BLOCKS_WANTED = 12
"""Blocks that the active span of a short run is cut into."""
CACHED = frozenset({"replayed", "provider_cached"})
"""Provenances whose answer was not produced for this call."""


@dataclass(frozen=True, slots=True)
class Row:
    """One finished call, before it becomes a row of arrays."""

    item: int
    record: CallRecord
    attempts: tuple[Attempt, ...]
    score: float
    status: str
    cost: Cost | None
    sent_utc_s: float
    busy_s: float
    final: Attempt | None
    """The attempt that ended the call."""
    timed: bool
    """Only answers that this run's model produced have a latency (docs/architecture.md, outcome table)."""

    @property
    def cached(self) -> bool:
        """Whether the answer was not produced for this call."""
        return self.record.provenance in CACHED


def strings(values: Iterable[str]) -> StrArray:
    """Make a string array."""
    return np.asarray(list(values), dtype=np.str_)


def make_row(
    item: int,
    record: CallRecord,
    attempts: tuple[Attempt, ...],
    score: Score | None,
    cost: Cost | None,
    origin: Mapping[int, tuple[float, int]],
) -> Row:
    """Join one finished call with what is known of it; ``origin``: session -> (UTC s, monotonic ns)."""
    value, status = _main_score(record.outcome, score)
    sent = math.nan
    if attempts and attempts[-1].session in origin and _told(attempts[-1], "sent_known"):
        utc, mono = origin[attempts[-1].session]
        sent = utc + (attempts[-1].timing.sent_ns - mono) / tm.NS_PER_S
    known = bool(attempts) and all(_told(a, "latency_known") for a in attempts)
    busy = sum(tm.e2e_s(a.timing) for a in attempts) if known else math.nan
    wanted = [a for a in attempts if a.number == record.attempt]
    final = wanted[0] if wanted else (attempts[-1] if attempts else None)
    told = final is None or _told(final, "latency_known")
    timed = told and record.provenance not in CACHED and record.outcome.answered
    return Row(item, record, attempts, value, status, cost, sent, busy, final, timed)


def _told(attempt: Attempt, what: str) -> bool:
    """Say whether a stamp means something: other tools' files (imports) often tell no send time or duration."""
    return attempt.timing.stamp_source != "reported" or bool(attempt.timing.engine.get(what))


def _main_score(outcome: Outcome, score: Score | None) -> tuple[float, str]:
    """Apply the outcome table (docs/architecture.md): answered but not ok scores 0, a fault is missing."""
    if not outcome.answered:
        return math.nan, "missing"
    if outcome is not Outcome.OK:
        cut = outcome in CUT and score is not None and score.scorer in JUDGES_CUT_ANSWERS
        return (score.value if cut and score is not None and score.value is not None else 0.0), outcome.value
    if score is None or score.status == "unscored":
        return math.nan, "unscored"
    if score.status == "unparsable":
        return 0.0, "unparsable"
    return (math.nan, "unscored") if score.value is None else (float(score.value), "scored")


def _valid_epochs(rows: Sequence[Row]) -> list[Row]:
    """Drop cached answers, which are copies and not draws; without a measured one, one copy stands for all."""
    measured = [r for r in rows if not r.cached]
    return measured or list(rows[:1])


def _mean(values: Sequence[float]) -> float:
    # np.mean costs more than the sum itself on lists this short, and this runs for every figure of every item
    return math.fsum(values) / len(values) if values else math.nan


def arm_items(n: int, rows: Sequence[Row], planned: IntArray) -> ArmItems:
    """Aggregate one arm's calls per item; ``planned``: calls planned per item."""
    by_item: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_item[row.item].append(row)
    floats: dict[str, FloatArray] = {name: np.full(n, math.nan) for name in _ITEM_FLOATS}
    counts = {name: np.zeros(n, dtype=np.int64) for name in _ITEM_COUNTS}
    for i, mine in by_item.items():
        for name, value in _item_floats(mine, int(planned[i])).items():
            floats[name][i] = value
        for name, count in _item_counts(mine).items():
            counts[name][i] = count
    # a planned call that never finished is a failure of the harness or the provider, wrong at worst
    floats["score_errors_wrong"] = np.where((planned > 0) & np.isnan(floats["score_errors_wrong"]), 0.0,
                                            floats["score_errors_wrong"])  # fmt: skip
    counts["n_missing"] += np.maximum(planned - counts["n_finished"], 0)
    costs = [row.cost for row in rows if row.cost is not None]
    arrays: dict[str, Any] = {**floats, **counts}
    return ArmItems(
        **arrays,
        n_calls=planned,
        price_ids=distinct(c.price_id for c in costs),
        cost_bases=distinct(c.basis for c in costs),
        cost_why_unknown=distinct(c.why_unknown for c in costs),
        currencies=distinct(c.currency for c in costs),
    )


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """Every value once, sorted; unknown ones left out."""
    return tuple(sorted({v for v in values if v}))


_ITEM_FLOATS = ("score", "score_var", "score_errors_wrong", "score_without_refusals", "usd", "usd_low", "usd_high",
                "busy_s", "mean_e2e_s")  # fmt: skip
_ITEM_COUNTS = ("n_epochs", "n_finished", "n_missing", "n_errors", "n_refused", "n_truncated", "n_empty", "n_timeout",
                "n_unparsable", "n_cached")  # fmt: skip


def _item_floats(rows: Sequence[Row], planned: int) -> dict[str, float]:
    valid = _valid_epochs([r for r in rows if not math.isnan(r.score)])
    values = [r.score for r in valid]
    # the most lenient cut that still is about the model: only calls that gave an answer to judge
    answered = [r.score for r in valid if r.record.outcome is Outcome.OK]
    wrong = max(planned, len(rows)) - sum(1 for r in rows if not math.isnan(r.score))
    served = [r for r in rows if _was_served(r)]
    usd = [dollars(r.cost) for r in served]
    times = [_latency(r, tm.e2e_s(r.final.timing)) for r in rows if r.final is not None and r.timed]
    return {
        "score": _mean(values),
        "score_var": float(np.var(values, ddof=1)) if len(values) > 1 else math.nan,
        "score_errors_wrong": _mean([*values, *([0.0] * max(wrong, 0))]),
        "score_without_refusals": _mean(answered),
        "usd": _mean([u[0] for u in usd]),
        "usd_low": _mean([u[1] for u in usd]),
        "usd_high": _mean([u[2] for u in usd]),
        "busy_s": _mean([r.busy_s for r in served]),
        "mean_e2e_s": _mean(times),
    }


def _item_counts(rows: Sequence[Row]) -> dict[str, int]:
    def outcome(*kinds: Outcome) -> int:
        return sum(1 for r in rows if r.record.outcome in kinds)

    return {
        "n_epochs": len(_valid_epochs([r for r in rows if not math.isnan(r.score)])),
        "n_finished": len(rows),
        "n_missing": sum(1 for r in rows if math.isnan(r.score)),
        "n_errors": sum(1 for r in rows if r.record.outcome.missing),
        "n_refused": outcome(Outcome.REFUSED),
        "n_truncated": outcome(Outcome.TRUNCATED),
        "n_empty": outcome(Outcome.EMPTY),
        "n_timeout": outcome(Outcome.MODEL_TIMEOUT),
        "n_unparsable": sum(1 for r in rows if r.status == "unparsable"),
        "n_cached": sum(1 for r in rows if r.cached),
    }


def _was_served(row: Row) -> bool:
    """Tell whether a call counts as a request: answered, or failed but (perhaps) charged for."""
    if row.record.outcome.answered:
        return True
    _, _, high = dollars(row.cost)
    return high > 0


def dollars(cost: Cost | None) -> tuple[float, float, float]:
    """(amount, low, high) in the cost's currency; nan where unknown."""
    if cost is None:
        return math.nan, math.nan, math.nan
    if cost.amount is not None:
        amount = float(cost.amount)
        return amount, amount, amount
    low = math.nan if cost.low is None else float(cost.low)
    high = math.nan if cost.high is None else float(cost.high)
    return math.nan, low, high


def _latency(row: Row, seconds: float | None) -> float:
    if not row.timed:
        return math.nan
    if row.record.outcome is Outcome.MODEL_TIMEOUT:
        return math.inf
    return math.nan if seconds is None else seconds


def _or_nan(value: float | int | None) -> float:
    return math.nan if value is None else float(value)


def call_rows(rows: Sequence[Row], clusters: Sequence[str]) -> CallRows:
    """Turn one arm's calls into arrays."""
    made = [_call_floats(row) for row in rows]
    floats = {name: np.asarray([m[name] for m in made], dtype=np.float64) for name in _CALL_FLOATS}
    session = np.asarray([r.final.session if r.final else 0 for r in rows], dtype=np.int64)
    block, block_s = time_blocks(floats["sent_utc_s"], floats["busy_s"], session)
    return CallRows(
        call_id=strings(r.record.call.id for r in rows),
        item=np.asarray([r.item for r in rows], dtype=np.int64),
        cluster=strings(clusters[r.item] for r in rows),
        epoch=np.asarray([r.record.call.epoch for r in rows], dtype=np.int64),
        session=session,
        block=block,
        outcome=strings(r.record.outcome.value for r in rows),
        n_attempts=np.asarray([len(r.attempts) for r in rows], dtype=np.int64),
        cached=np.asarray([r.cached for r in rows], dtype=np.bool_),
        stamp_source=strings(r.final.timing.stamp_source if r.final else "" for r in rows),
        chunk_gaps_s=tuple(np.asarray(tm.chunk_gaps_s(r.final.timing) if r.final and r.timed else ()) for r in rows),
        block_s=block_s,
        **floats,
    )


_CALL_FLOATS = ("ttft_s", "first_answer_s", "tpot_s", "e2e_s", "e2e_with_retries_s", "felt_s", "queue_s", "n_in",
                "n_out", "n_reasoning", "cache_read", "usd", "usd_low", "usd_high", "busy_s", "sent_utc_s",
                "score")  # fmt: skip


def _call_floats(row: Row) -> dict[str, float]:
    usd, low, high = dollars(row.cost)
    values = dict.fromkeys(_CALL_FLOATS, math.nan)
    values.update(usd=usd, usd_low=low, usd_high=high, busy_s=row.busy_s, sent_utc_s=row.sent_utc_s, score=row.score)
    final = row.final
    if final is None:
        return values
    t, usage = final.timing, final.usage
    n_out = None if usage is None else usage.output_total
    timed_out = row.record.outcome is Outcome.MODEL_TIMEOUT
    first = tm.ttft_s(t)
    values["ttft_s"] = first if timed_out and first is not None and row.timed else _latency(row, first)
    answer = tm.first_answer_s(t)
    values["first_answer_s"] = answer if timed_out and answer is not None and row.timed else _latency(row, answer)
    values["tpot_s"] = _latency(row, tm.tpot_s(t, n_out))
    values["e2e_s"] = _latency(row, tm.e2e_s(t))
    values["e2e_with_retries_s"] = _latency(row, _with_retries_s(row.attempts))
    values["felt_s"] = _latency(row, tm.felt_s(t))
    values["queue_s"] = tm.queue_s(t)
    for name in ("ttft_s", "first_answer_s", "e2e_s"):
        values[name] += tm.late_s(t)
    if usage is not None:
        values.update(n_in=_or_nan(usage.input_total), n_out=_or_nan(n_out), cache_read=_or_nan(usage.cache_read),
                      n_reasoning=_or_nan(usage.output_reasoning))  # fmt: skip
    return values


def _with_retries_s(attempts: Sequence[Attempt]) -> float:
    """First send to last end; attempts of earlier sessions add their own time (their clocks do not compare)."""
    last = attempts[-1].session
    same = [a for a in attempts if a.session == last]
    earlier = sum(tm.e2e_s(a.timing) for a in attempts if a.session != last)
    return earlier + (same[-1].timing.ended_ns - same[0].timing.sent_ns) / tm.NS_PER_S


def time_blocks(sent_utc_s: FloatArray, busy_s: FloatArray, session: IntArray) -> tuple[IntArray, float]:
    """Give each call of an arm its time block.

    The block length is min(60 s, active span / 12), the active span being the sum over sessions of first send to last
    end; blocks never span sessions.

    Returns:
        (block number per call, block length in seconds).
    """
    block = np.zeros(len(sent_utc_s), dtype=np.int64)
    known = np.isfinite(sent_utc_s)
    ends = sent_utc_s + np.nan_to_num(busy_s)
    groups = [(known & (session == s)) for s in np.unique(session[known])]
    span = float(sum(ends[g].max() - sent_utc_s[g].min() for g in groups))
    length = min(BLOCK_S, span / BLOCKS_WANTED)
    if length <= 0:
        return block, BLOCK_S
    offset = 0
    for g in groups:
        local = ((sent_utc_s[g] - sent_utc_s[g].min()) // length).astype(np.int64)
        block[g] = offset + local
        offset += int(local.max()) + 1
    return block, length
