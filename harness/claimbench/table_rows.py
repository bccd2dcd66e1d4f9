"""One finished call -> its numbers; the calls of an item or an arm -> rows of the tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench import timing as tm
from claimbench.scorers.base import CUT, JUDGES_CUT_ANSWERS
from claimbench.table_types import BLOCK_S, CallRows, FloatArray, IntArray, StrArray
from claimbench.types import Attempt, CallRecord, Cost, Outcome, Score, Timing

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
    sent = busy = math.nan
    final: Attempt | None = None
    told = True
    if attempts:
        last = attempts[-1]
        if last.session in origin and _told(last, "sent_known"):
            utc, mono = origin[last.session]
            sent = utc + (last.timing.sent_ns - mono) / tm.NS_PER_S
        final = last if len(attempts) == 1 else next((a for a in attempts if a.number == record.attempt), last)
        told = _told(final, "latency_known")
        if told and (len(attempts) == 1 or all(_told(a, "latency_known") for a in attempts)):
            busy = sum([tm.e2e_s(a.timing) for a in attempts])
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


def call_rows(rows: Sequence[Row], clusters: Sequence[str]) -> CallRows:
    """Turn one arm's calls into arrays."""
    floats = _numbers(rows)
    floats |= _durations(rows, floats["n_out"])
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


_NO_GAPS: FloatArray = np.empty(0)
_NO_GAPS.flags.writeable = False
_NEVER_SENT = Timing(None, 0, 0, None, None, (), 0, "reported")
"""Stands in for the stamps of a call without attempts, until all that follows from them is made unknown."""


def _chunk_gaps(row: Row) -> FloatArray:
    if row.final is None or not row.timed or len(row.final.timing.chunk_ns) < 2:
        return _NO_GAPS
    stamps: IntArray = np.asarray(row.final.timing.chunk_ns, dtype=np.int64)
    return (stamps[1:] - stamps[:-1]) / tm.NS_PER_S


def _numbers(rows: Sequence[Row]) -> dict[str, FloatArray]:
    """Score, dollars, token counts and what a row was made with."""
    columns = ("score", "busy_s", "sent_utc_s", "usd", "usd_low", "usd_high", "n_in", "n_out", "cache_read",
               "n_reasoning")  # fmt: skip
    made = np.asarray(
        [(r.score, r.busy_s, r.sent_utc_s, *dollars(r.cost), *_tokens(r.final)) for r in rows], dtype=np.float64
    ).reshape(-1, len(columns))
    return {name: made[:, k].copy() for k, name in enumerate(columns)}


def _tokens(final: Attempt | None) -> tuple[float | None, ...]:
    """Input, output, input read from a cache, reasoning; None, which numpy reads as nan, where unknown."""
    if final is None or final.usage is None:
        return None, None, None, None
    usage = final.usage
    return usage.input_total, usage.output_total, usage.cache_read, usage.output_reasoning


class _Meant:
    """Leaves a duration where it means something: nan unless this run's model answered, inf where our patience ended.

    A call that was cut off has no duration, but a rank: the last.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._timed = np.asarray([r.timed and r.final is not None for r in rows], dtype=np.bool_)
        self._cut = np.asarray([r.record.outcome is Outcome.MODEL_TIMEOUT for r in rows], dtype=np.bool_)

    def __call__(self, seconds: FloatArray) -> FloatArray:
        return np.where(self._timed, np.where(self._cut, math.inf, seconds), math.nan)

    def first(self, seconds: FloatArray) -> FloatArray:
        """The same of a first token: one that came before the call ran into its time limit has its true time."""
        return np.where(self._timed & ~np.isnan(seconds), seconds, self(seconds))


def service_s(rows: Sequence[Row]) -> FloatArray:
    """Seconds from sending to the end of each call's final attempt, where that means something."""
    found = [math.nan if r.final is None else tm.e2e_s(r.final.timing) for r in rows]
    return _Meant(rows)(np.asarray(found, dtype=np.float64))


def _durations(rows: Sequence[Row], n_out: FloatArray) -> dict[str, FloatArray]:
    """Durations of each call's final attempt in seconds, as :mod:`claimbench.timing` defines them for one."""
    stamps = [_NEVER_SENT if r.final is None else r.final.timing for r in rows]
    meant = _Meant(rows)
    sent = _stamps(t.sent_ns for t in stamps)
    queued = _stamps(t.queued_ns for t in stamps)
    start = _stamps(t.queued_ns if t.scheduled_ns is None else t.scheduled_ns for t in stamps)
    open_loop = np.asarray([t.scheduled_ns is not None for t in stamps], dtype=np.bool_)
    late = np.where(open_loop, np.maximum(0.0, (sent - start) / tm.NS_PER_S), 0.0)
    ended = _stamps(t.ended_ns for t in stamps)
    e2e = (ended - sent) / tm.NS_PER_S
    first = _since(sent, [t.first_content_ns for t in stamps])
    answer = _since(sent, [t.first_answer_ns for t in stamps])
    with_retries = e2e.copy()
    for k, row in enumerate(rows):
        if len(row.attempts) > 1:
            with_retries[k] = _with_retries_s(row.attempts)
    tpot = np.full(len(rows), math.nan)
    np.divide(e2e - first, n_out - 1, out=tpot, where=n_out >= 2)
    found = {
        "ttft_s": meant.first(first) + late,
        "first_answer_s": meant.first(answer) + late,
        "tpot_s": meant(tpot),
        "e2e_s": meant(e2e) + late,
        "e2e_with_retries_s": meant(with_retries),
        "felt_s": meant((ended - start) / tm.NS_PER_S),
        "queue_s": (sent - queued) / tm.NS_PER_S,
    }
    unsent = np.asarray([r.final is None for r in rows], dtype=np.bool_)
    for column in found.values():
        column[unsent] = math.nan
    return found


def _stamps(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)


def _since(sent: IntArray, values: Sequence[int | None]) -> FloatArray:
    """Seconds from ``sent``; nan where there is no stamp."""
    known = np.asarray([v is not None for v in values], dtype=np.bool_)
    later = _stamps(0 if v is None else v for v in values)
    return np.where(known, (later - sent) / tm.NS_PER_S, math.nan)


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
