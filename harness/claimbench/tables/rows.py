"""One finished call -> its numbers; the calls of an item or an arm -> rows of the tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from claimbench.scorers.base import CUT, JUDGES_CUT_ANSWERS
from claimbench.tables import timing as tm
from claimbench.tables.types import BLOCK_S, BoolArray, CallRows, FloatArray, IntArray, StrArray
from claimbench.types import Attempt, CallRecord, Cost, Outcome, Score

BLOCKS_WANTED = 12
"""Blocks that the active span of a short run is cut into."""
CACHED = frozenset({"replayed", "provider_cached"})
"""Provenances whose answer was not produced for this call."""


class CallRow(NamedTuple):
    """One finished call, before it becomes a row of arrays: what is asked of it later, read once
    while it is at hand.

    Stamps and token counts are those of the attempt that ended the call, ns; without any, ``timed``
    is false.
    """

    item: int
    call_id: str
    epoch: int
    session: int
    outcome: Outcome
    cached: bool
    """The answer was not produced for this call."""
    timed: bool
    """Only answers that this run's model produced have a latency (docs/architecture.md, outcome
    table).
    """
    score: float
    status: str
    cost: Cost | None
    sent_utc_s: float
    busy_s: float
    n_attempts: int
    stamp_source: str
    sent_ns: int
    queued_ns: int
    scheduled_ns: int | None
    first_content_ns: int | None
    first_answer_ns: int | None
    ended_ns: int
    chunk_ns: tuple[int, ...]
    with_retries_s: float
    """First send to last end."""
    n_in: int | None
    n_out: int | None
    cache_read: int | None
    n_reasoning: int | None


_NEVER_SENT = (0, 0, None, None, None, 0, (), math.nan, None, None, None, None)
"""What stands in :class:`CallRow` from ``sent_ns`` on for a call without attempts."""


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
) -> CallRow:
    """Join one finished call with what is known of it; ``origin``: session -> (UTC s, monotonic
    ns).
    """
    call, outcome = record.call, record.outcome
    value, status = _main_score(outcome, score)
    cached = record.provenance in CACHED
    if not attempts:
        return CallRow(
            item,
            call.id,
            call.epoch,
            0,
            outcome,
            cached,
            False,
            value,
            status,
            cost,
            math.nan,
            math.nan,
            0,
            "",
            *_NEVER_SENT,
        )
    last = attempts[-1]
    sent = busy = math.nan
    if last.session in origin and _told(last, "sent_known"):
        utc, mono = origin[last.session]
        sent = utc + (last.timing.sent_ns - mono) / tm.NS_PER_S
    final = (
        last
        if len(attempts) == 1
        else next((a for a in attempts if a.number == record.attempt), last)
    )
    told, t, usage = _told(final, "latency_known"), final.timing, final.usage
    if told and (len(attempts) == 1 or all(_told(a, "latency_known") for a in attempts)):
        busy = sum([tm.e2e_s(a.timing) for a in attempts])
    return CallRow(
        item,
        call.id,
        call.epoch,
        final.session,
        outcome,
        cached,
        told and not cached and outcome.answered,
        value,
        status,
        cost,
        sent,
        busy,
        len(attempts),
        t.stamp_source,
        t.sent_ns,
        t.queued_ns,
        t.scheduled_ns,
        t.first_content_ns,
        t.first_answer_ns,
        t.ended_ns,
        t.chunk_ns,
        _with_retries_s(attempts),
        *(
            (None,) * 4
            if usage is None
            else (usage.input_total, usage.output_total, usage.cache_read, usage.output_reasoning)
        ),
    )


def _told(attempt: Attempt, what: str) -> bool:
    """Say whether a stamp means something: other tools' files (imports) often tell no send time or
    duration.
    """
    return attempt.timing.stamp_source != "reported" or bool(attempt.timing.engine.get(what))


def _main_score(outcome: Outcome, score: Score | None) -> tuple[float, str]:
    """Apply the outcome table (docs/architecture.md): answered but not ok scores 0, a fault is
    missing.
    """
    if not outcome.answered:
        return math.nan, "missing"
    if outcome is not Outcome.OK:
        cut = outcome in CUT and score is not None and score.scorer in JUDGES_CUT_ANSWERS
        return (
            score.value if cut and score is not None and score.value is not None else 0.0
        ), outcome.value
    if score is None or score.status == "unscored":
        return math.nan, "unscored"
    if score.status == "unparsable":
        return 0.0, "unparsable"
    return (math.nan, "unscored") if score.value is None else (float(score.value), "scored")


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return every value once, sorted; unknown ones left out."""
    return tuple(sorted({v for v in values if v}))


def cost_bounds(cost: Cost | None) -> tuple[float, float, float]:
    """Return (amount, low, high) in the cost's currency; nan where unknown."""
    if cost is None:
        return math.nan, math.nan, math.nan
    if cost.amount is not None:
        amount = float(cost.amount)
        return amount, amount, amount
    low = math.nan if cost.low is None else float(cost.low)
    high = math.nan if cost.high is None else float(cost.high)
    return math.nan, low, high


def call_rows(rows: Sequence[CallRow], clusters: Sequence[str]) -> CallRows:
    """Turn one arm's calls into arrays."""
    columns = _columns(rows)
    usd = _floats([cost_bounds(cost) for cost in columns["cost"]]).reshape(-1, 3)
    session = _ints(columns["session"])
    sent_utc_s, busy_s = _floats(columns["sent_utc_s"]), _floats(columns["busy_s"])
    block, block_s = time_blocks(sent_utc_s, busy_s, session)
    return CallRows(
        call_id=strings(columns["call_id"]),
        item=_ints(columns["item"]),
        cluster=strings(clusters[item] for item in columns["item"]),
        epoch=_ints(columns["epoch"]),
        session=session,
        block=block,
        outcome=strings(outcome.value for outcome in columns["outcome"]),
        n_attempts=_ints(columns["n_attempts"]),
        cached=_flags(columns["cached"]),
        stamp_source=strings(columns["stamp_source"]),
        chunk_gaps_s=tuple(map(_chunk_gaps, columns["chunk_ns"], columns["timed"])),
        block_s=block_s,
        sent_utc_s=sent_utc_s,
        busy_s=busy_s,
        **{name: usd[:, k].copy() for k, name in enumerate(("usd", "usd_low", "usd_high"))},
        **{
            name: _floats(columns[name])
            for name in ("score", "n_in", "n_out", "cache_read", "n_reasoning")
        },
        **_durations(columns),
    )


def _columns(rows: Sequence[CallRow]) -> dict[str, tuple[Any, ...]]:
    return dict(
        zip(
            CallRow._fields,
            zip(*rows, strict=True) if rows else [()] * len(CallRow._fields),
            strict=True,
        )
    )


def _ints(values: Sequence[int]) -> IntArray:
    return np.asarray(values, dtype=np.int64)


def _flags(values: Sequence[bool]) -> BoolArray:
    return np.asarray(values, dtype=np.bool_)


def _floats(values: Sequence[Any]) -> FloatArray:
    """None is read as nan."""
    return np.asarray(values, dtype=np.float64)


_NO_GAPS: FloatArray = np.empty(0)
_NO_GAPS.flags.writeable = False


def _chunk_gaps(chunk_ns: tuple[int, ...], timed: bool) -> FloatArray:
    if not timed or len(chunk_ns) < 2:
        return _NO_GAPS
    stamps = _ints(chunk_ns)
    return (stamps[1:] - stamps[:-1]) / tm.NS_PER_S


class _Meant:
    """Leaves a duration where it means something: nan unless this run's model answered, inf where
    our patience ended.

    A call that was cut off has no duration, but a rank: the last.
    """

    def __init__(self, timed: Sequence[bool], outcomes: Sequence[Outcome]) -> None:
        self._timed = _flags(timed)
        self._cut = _flags([outcome is Outcome.MODEL_TIMEOUT for outcome in outcomes])

    def __call__(self, seconds: FloatArray) -> FloatArray:
        return np.where(self._timed, np.where(self._cut, math.inf, seconds), math.nan)

    def first(self, seconds: FloatArray) -> FloatArray:
        """Return the same of a first token: one that came before the call ran into its time limit
        has its true time.
        """
        return np.where(self._timed & ~np.isnan(seconds), seconds, self(seconds))


def service_s(rows: Sequence[CallRow]) -> FloatArray:
    """Return the seconds from sending to the end of each call's final attempt, where that means
    something.
    """
    spans = [(row.ended_ns - row.sent_ns) / tm.NS_PER_S for row in rows]
    return _Meant([row.timed for row in rows], [row.outcome for row in rows])(_floats(spans))


def _durations(columns: Mapping[str, Sequence[Any]]) -> dict[str, FloatArray]:
    """Durations of each call's final attempt in seconds, as :mod:`claimbench.tables.timing` defines
    them for one.
    """
    meant = _Meant(columns["timed"], columns["outcome"])
    sent, queued, ended = (_ints(columns[name]) for name in ("sent_ns", "queued_ns", "ended_ns"))
    open_loop = _flags([stamp is not None for stamp in columns["scheduled_ns"]])
    start = queued.copy()
    start[open_loop] = [stamp for stamp in columns["scheduled_ns"] if stamp is not None]
    late = np.where(open_loop, np.maximum(0.0, (sent - start) / tm.NS_PER_S), 0.0)
    e2e = (ended - sent) / tm.NS_PER_S
    first, answer = (
        _since(sent, columns["first_content_ns"]),
        _since(sent, columns["first_answer_ns"]),
    )
    n_out = _floats(columns["n_out"])
    tpot = np.full(len(sent), math.nan)
    np.divide(e2e - first, n_out - 1, out=tpot, where=n_out >= 2)
    return {
        "ttft_s": meant.first(first) + late,
        "first_answer_s": meant.first(answer) + late,
        "tpot_s": meant(tpot),
        "e2e_s": meant(e2e) + late,
        "e2e_with_retries_s": meant(_floats(columns["with_retries_s"])),
        "felt_s": meant((ended - start) / tm.NS_PER_S),
        "queue_s": np.where(
            _ints(columns["n_attempts"]) > 0, (sent - queued) / tm.NS_PER_S, math.nan
        ),
    }


def _since(sent: IntArray, stamps: Sequence[int | None]) -> FloatArray:
    """Seconds from ``sent``; nan where there is no stamp."""
    known = _flags([stamp is not None for stamp in stamps])
    found = np.full(len(sent), math.nan)
    found[known] = (
        _ints([stamp for stamp in stamps if stamp is not None]) - sent[known]
    ) / tm.NS_PER_S
    return found


def _with_retries_s(attempts: Sequence[Attempt]) -> float:
    """First send to last end; attempts of earlier sessions add their own time (their clocks do not
    compare).
    """
    if len(attempts) == 1:
        return tm.e2e_s(attempts[0].timing)
    last = attempts[-1].session
    same = [a for a in attempts if a.session == last]
    earlier = sum(tm.e2e_s(a.timing) for a in attempts if a.session != last)
    return earlier + (same[-1].timing.ended_ns - same[0].timing.sent_ns) / tm.NS_PER_S


def time_blocks(
    sent_utc_s: FloatArray, busy_s: FloatArray, session: IntArray
) -> tuple[IntArray, float]:
    """Give each call of an arm its time block.

    The block length is min(60 s, active span / 12), the active span being the sum over sessions of
    first send to last end; blocks never span sessions.

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
