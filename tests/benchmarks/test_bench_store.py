"""What the store costs beside a bare loop, and that the event loop does not wait for it.

The peer is what one would write without it: ``json`` and :mod:`sqlite3`, one INSERT and one commit
per row on the event loop's own thread, into a file beside ours with the same journal. Both run in
one test, in turns, so that each figure is a ratio that holds on any machine; the rows per second
are written down, not asserted.

``pytest tests/benchmarks/test_bench_store.py --junit-xml=FILE`` writes the figures as properties of
the suite.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from claimbench.machine.manifest import bare_manifest
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.types import Attempt, Call, CallRecord, Intent, Outcome, Timing, Usage

Note = Callable[[str, object], None]
RUN = "run-1"
N, TURNS = 5_000, 3
PACE_S = 0.01
"""How often the paced test hands rows over."""

LEAST_RATE = 1.0
"""Rows per second of the store, times those of the bare loop."""

MOST_INSIDE = 0.6
"""Time that handing a row over takes from the event loop, times what writing it there takes."""

LEAST_WHOLE = 1.0
"""Whole calls per second, times those of the bare loop: ours are chained, checked and awaited."""

CALLS = [Call(RUN, f"c{i}", "t", f"s{i}", 1, "a", i, i) for i in range(N)]
RECORDS = [
    CallRecord(call, "An answer of usual length. " * 15, Outcome.OK, "stop", 1) for call in CALLS
]


class BareStore:
    """What one would write without the store: each row as JSON, inserted and committed at once."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE rows (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
        )

    def write(self, kind: str, call_id: str, row: Any) -> None:
        """Write and commit one row."""
        body = json.dumps(dataclasses.asdict(row), sort_keys=True)
        self._db.execute("INSERT INTO rows VALUES (?, ?, ?)", (kind, call_id, body))

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Callable[[], tuple[ResultsStore, BareStore]]]:
    """``stores()``: an empty store of ours with a begun run, and an empty bare one beside it."""
    opened: list[tuple[ResultsStore, BareStore]] = []

    def fresh() -> tuple[ResultsStore, BareStore]:
        folder = tmp_path / f"turn{len(opened)}"
        folder.mkdir()
        store = ResultsStore.open(folder / "bench.db")
        store.create_run(bare_manifest(RUN, "a", "2026-01-01T00:00:00+00:00"), CALLS)
        store.start_session(RUN, host={})
        opened.append((store, BareStore(folder / "bare.db")))
        return opened[-1]

    yield fresh
    for store, bare in opened:
        store.close()
        bare.close()


def take_all(writer: RunWriter) -> float:
    """Hand every record over, wait until all are committed, and return the seconds."""
    start = time.perf_counter()
    for record in RECORDS:
        writer.record(record)
    writer.flush()
    return time.perf_counter() - start


def bare_all(bare: BareStore) -> float:
    """Write every record by the bare store, and return the seconds."""
    start = time.perf_counter()
    for record in RECORDS:
        bare.write("record", record.call.id, record)
    return time.perf_counter() - start


def test_store_takes_rows_as_fast_as_a_bare_loop(
    stores: Any, benchmark: Any, show: Callable[[str], None], record_testsuite_property: Note
) -> None:
    seconds: list[tuple[float, float]] = []

    def measure() -> None:
        for _ in range(TURNS):
            store, bare = stores()
            with store.writer(RUN) as writer:
                seconds.append((take_all(writer), bare_all(bare)))
            assert len(store.finished(RUN)) == N

    benchmark.pedantic(measure, rounds=1, iterations=1)
    rate = N / statistics.median(mine for mine, _ in seconds)
    ratio = statistics.median(other / mine for mine, other in seconds)
    show(f"store: {rate:,.0f} rows/s, {ratio:.2f} x a bare loop (at least {LEAST_RATE})")
    record_testsuite_property("store_records_per_s", round(rate))
    record_testsuite_property("store_rate_against_bare", round(ratio, 2))
    assert ratio >= LEAST_RATE


async def lag_of(seconds: float) -> list[float]:
    """How late a 1 ms sleep wakes, again and again, for ``seconds``."""
    lags: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - start - 0.001)
    return lags


async def hand_over(write: Callable[[Sequence[CallRecord]], None], seconds: float) -> float:
    """Hand N records over evenly within ``seconds``; return the time spent inside ``write``."""
    inside, done, start = 0.0, 0, time.perf_counter()
    while done < N:
        await asyncio.sleep(PACE_S)
        due = min(N, int(N * (time.perf_counter() - start) / seconds))
        before = time.perf_counter()
        write(RECORDS[done:due])
        inside += time.perf_counter() - before
        done = due
    return inside


async def test_event_loop_does_not_wait_for_the_store(
    stores: Any, show: Callable[[str], None], record_testsuite_property: Note
) -> None:
    """Rows come at half the rate that this machine's bare loop reaches; the bare loop meets the
    same rows at the same rate.
    """
    seconds = 2 * bare_all(stores()[1])
    store, bare = stores()
    futures: list[Future[None]] = []
    with store.writer(RUN) as writer:

        def ours(rows: Sequence[CallRecord]) -> None:
            futures.extend(writer.record(row) for row in rows)

        lags, inside = await asyncio.gather(lag_of(seconds), hand_over(ours, seconds))
        backlog = sum(not future.done() for future in futures)

    def theirs(rows: Sequence[CallRecord]) -> None:
        for row in rows:
            bare.write("record", row.call.id, row)

    bare_lags, bare_inside = await asyncio.gather(lag_of(seconds), hand_over(theirs, seconds))
    share = inside / bare_inside
    lag, bare_lag = statistics.fmean(lags), statistics.fmean(bare_lags)
    line = (
        f"handing over: {share:.2f} x writing on the loop (at most {MOST_INSIDE}); mean lag"
        f" {lag * 1e3:.2f} ms, {bare_lag * 1e3:.2f} ms with the bare loop; {backlog} rows behind"
    )
    show(line)
    record_testsuite_property("store_beside_the_loop", line)
    assert share <= MOST_INSIDE, "handing rows over takes too much of the loop's time"
    assert lag < bare_lag, "the loop is held up as if it wrote itself"
    assert backlog < N / 10, "the writer does not keep up"


async def test_whole_calls_with_awaited_intents(
    stores: Any, show: Callable[[str], None], record_testsuite_property: Note
) -> None:
    """64 at a time: intent committed, then attempt and record - what the runner does, with a model
    that takes 0 s.
    """
    timing = Timing(None, 1, 2, 3, 3, tuple(range(30)), 60, "transport")
    calls = CALLS[:3000]

    def rows_of(call: Call) -> tuple[Intent, Attempt, CallRecord]:
        return (
            Intent(call.id, 1, 1, None, "2026-01-01T00:00:00+00:00"),
            Attempt(call.id, 1, 1, timing, Outcome.OK, 200, Usage(1), None, None, "yes"),
            CallRecord(call, "An answer.", Outcome.OK, "stop", 1),
        )

    async def worker(writer: RunWriter, left: Iterator[Call]) -> None:
        for call in left:
            intent, attempt, record = rows_of(call)
            await asyncio.wrap_future(writer.intent(intent))
            writer.attempt(attempt)
            writer.record(record)

    ratios: list[float] = []
    for _ in range(TURNS):
        store, bare = stores()
        start, left = time.perf_counter(), iter(calls)
        with store.writer(RUN) as writer:
            await asyncio.gather(*(worker(writer, left) for _ in range(64)))
        mine = time.perf_counter() - start
        assert store.unfinished_intents(RUN) == []
        start = time.perf_counter()
        for call in calls:
            for kind, row in zip(("intent", "attempt", "record"), rows_of(call), strict=True):
                bare.write(kind, call.id, row)
        ratios.append((time.perf_counter() - start) / mine)
    ratio = statistics.median(ratios)
    show(f"whole calls: {len(calls) / mine:,.0f}/s, {ratio:.2f} x a bare loop")
    record_testsuite_property("store_whole_calls_per_s", round(len(calls) / mine))
    record_testsuite_property("store_whole_calls_against_bare", round(ratio, 2))
    assert ratio >= LEAST_WHOLE
