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
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from claimbench.cli.self_test import bare_manifest
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.types import Attempt, Call, CallRecord, Intent, Outcome, Timing, Usage

Note = Callable[[str, object], None]
RUN = "run-1"
N = 5_000
PACE_S = 0.01
"""How often the paced test hands rows over."""

CALLS = [Call(RUN, f"c{i}", "t", f"s{i}", 1, "a", i, i) for i in range(N)]
RECORDS = [
    CallRecord(call, "An answer of usual length. " * 15, Outcome.OK, "stop", 1) for call in CALLS
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultsStore]:
    with ResultsStore.open(tmp_path / "bench.db") as opened:
        opened.create_run(bare_manifest(RUN, "a", "2026-01-01T00:00:00+00:00"), CALLS)
        opened.start_session(RUN, host={})
        yield opened


def take_all(writer: RunWriter) -> float:
    """Hand every record over, wait until all are committed, and return the records per second."""
    start = time.perf_counter()
    for record in RECORDS:
        writer.record(record)
    writer.flush()
    return N / (time.perf_counter() - start)


def test_store_takes_5000_records_per_second(
    store: ResultsStore, benchmark: Any, record_testsuite_property: Note
) -> None:
    with store.writer(RUN) as writer:
        rate = benchmark.pedantic(take_all, args=(writer,), rounds=1, iterations=1)
    record_testsuite_property("store_records_per_s", round(rate))
    assert len(store.finished(RUN)) == N
    assert rate >= 5_000


async def lag_of(seconds: float) -> list[float]:
    """How late a 1 ms sleep wakes, again and again, for ``seconds``."""
    lags: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - start - 0.001)
    return lags


async def hand_over(writer: RunWriter, seconds: float) -> tuple[float, list[Future[None]]]:
    """Hand N records over evenly within ``seconds``; return the time spent inside the store's
    calls.
    """
    inside, done, start = 0.0, 0, time.perf_counter()
    futures: list[Future[None]] = []
    while done < N:
        await asyncio.sleep(PACE_S)
        due = min(N, int(N * (time.perf_counter() - start) / seconds))
        before = time.perf_counter()
        futures += [writer.record(record) for record in RECORDS[done:due]]
        inside += time.perf_counter() - before
        done = due
    return inside, futures


async def test_event_loop_does_not_wait_at_5000_records_per_second(
    store: ResultsStore, record_testsuite_property: Note
) -> None:
    idle = await lag_of(0.3)
    with store.writer(RUN) as writer:
        busy, (inside, futures) = await asyncio.gather(lag_of(1.0), hand_over(writer, 1.0))
        backlog = sum(not future.done() for future in futures)
    added = statistics.median(busy) - statistics.median(idle)
    record_testsuite_property("store_share_of_loop", round(inside, 3))
    record_testsuite_property("store_lag_added_ms", round(added * 1e3, 3))
    record_testsuite_property("store_backlog_rows", backlog)
    assert inside < 0.4, "handing rows over takes too much of the loop's time"
    assert added < 0.005, "the loop is held up"
    assert backlog < N / 10, "the writer does not keep up"


async def test_whole_calls_with_awaited_intents(
    store: ResultsStore, record_testsuite_property: Note
) -> None:
    """64 at a time: intent committed, then attempt and record - what the runner does, with a model
    that takes 0 s.
    """
    timing = Timing(None, 1, 2, 3, 3, tuple(range(30)), 60, "transport")
    left = iter(CALLS[:3000])

    async def worker(writer: RunWriter) -> None:
        for call in left:
            await asyncio.wrap_future(
                writer.intent(Intent(call.id, 1, 1, None, "2026-01-01T00:00:00+00:00"))
            )
            writer.attempt(
                Attempt(call.id, 1, 1, timing, Outcome.OK, 200, Usage(1), None, None, "yes")
            )
            writer.record(CallRecord(call, "An answer.", Outcome.OK, "stop", 1))

    start, cpu = time.perf_counter(), time.process_time()
    with store.writer(RUN) as writer:
        await asyncio.gather(*(worker(writer) for _ in range(64)))
    rate, cpu = 3000 / (time.perf_counter() - start), time.process_time() - cpu
    record_testsuite_property("store_whole_calls_per_s", round(rate))
    record_testsuite_property("store_cpu_ms_per_whole_call", round(cpu / 3000 * 1e3, 3))
    assert store.unfinished_intents(RUN) == []
    assert rate >= 1_700, "three rows per call: 5,000 rows/s"
