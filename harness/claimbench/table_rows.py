"""One finished call -> its numbers; the calls of an item or an arm -> rows of the tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench import timing as tm
from claimbench.scorers.base import CUT, JUDGES_CUT_ANSWERS
from claimbench.table_types import BLOCK_S, CallRows, FloatArray, IntArray, StrArray
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


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """Every value once, sorted; unknown ones left out."""
    return tuple(sorted({v for v in values if v}))


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


def latency_s(row: Row, seconds: float | None) -> float:
    """A duration of a call: nan unless this run's model answered, inf where it was cut off by our own patience."""
    if not row.timed:
        return math.nan
    if row.record.outcome is Outcome.MODEL_TIMEOUT:
        return math.inf
    return math.nan if seconds is None else seconds


def _or_nan(value: float | int | None) -> float:
    return math.nan if value is None else float(value)


def call_rows(rows: Sequence[Row], clusters: Sequence[str]) -> CallRows:
    """Turn one arm's calls into arrays."""
    made = np.asarray([_call_floats(row) for row in rows], dtype=np.float64).reshape(-1, len(_CALL_FLOATS))
    floats: dict[str, FloatArray] = {name: made[:, k].copy() for k, name in enumerate(_CALL_FLOATS)}
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
        chunk_gaps_s=tuple(_chunk_gaps(r) for r in rows),
        block_s=block_s,
        **floats,
    )


_CALL_FLOATS = ("score", "usd", "usd_low", "usd_high", "busy_s", "sent_utc_s", "ttft_s", "first_answer_s", "tpot_s",
                "e2e_s", "e2e_with_retries_s", "felt_s", "queue_s", "n_in", "n_out", "cache_read",
                "n_reasoning")  # fmt: skip
_NO_GAPS: FloatArray = np.empty(0)
_NO_GAPS.flags.writeable = False


def _chunk_gaps(row: Row) -> FloatArray:
    if row.final is None or not row.timed or len(row.final.timing.chunk_ns) < 2:
        return _NO_GAPS
    stamps: IntArray = np.asarray(row.final.timing.chunk_ns, dtype=np.int64)
    return (stamps[1:] - stamps[:-1]) / tm.NS_PER_S


def _call_floats(row: Row) -> tuple[float, ...]:
    """The numbers of one call in the order of ``_CALL_FLOATS``."""
    told = (row.score, *dollars(row.cost), row.busy_s, row.sent_utc_s)
    if row.final is None:
        return (*told, *[math.nan] * (len(_CALL_FLOATS) - len(told)))
    t, usage = row.final.timing, row.final.usage
    n_out = None if usage is None else usage.output_total
    late = tm.late_s(t)
    return (
        *told,
        _first_s(row, tm.ttft_s(t)) + late,
        _first_s(row, tm.first_answer_s(t)) + late,
        latency_s(row, tm.tpot_s(t, n_out)),
        latency_s(row, tm.e2e_s(t)) + late,
        latency_s(row, _with_retries_s(row.attempts)),
        latency_s(row, tm.felt_s(t)),
        tm.queue_s(t),
        *((math.nan,) * 4 if usage is None
          else map(_or_nan, (usage.input_total, n_out, usage.cache_read, usage.output_reasoning))),
    )  # fmt: skip


def _first_s(row: Row, seconds: float | None) -> float:
    """A first token that came before the call ran into its time limit has its true time."""
    return seconds if row.timed and seconds is not None else latency_s(row, seconds)


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
