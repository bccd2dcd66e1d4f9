"""Both engines side by side in one run: records per second, what handing a row over and waiting
for an intent takes from the event loop, and eight runs written at once by eight processes.

Figures are written down, not asserted: the server keeps what it commits (fsync on), SQLite's WAL
does not wait for the disk, and a network would add its round trips.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimbench.machine.manifest import bare_manifest
from claimbench.store.place import Place, place_of
from claimbench.store.results import ResultsStore
from claimbench.types import Call, CallRecord, Intent, Outcome

Note = Callable[[str, object], None]
N, WRITERS, AWAITED = 4_000, 8, 400
TEXT = "An answer of usual length. " * 15

_CHILD = """
import sys, time
from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore
from claimbench.types import CallRecord, Outcome
place, run_id, text = sys.argv[1:]
with ResultsStore.open(place_of(place), create=False, busy_timeout_s=120) as store:
    calls = store.calls(run_id)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    with store.lock_run(run_id), store.writer(run_id) as writer:
        for call in calls:
            writer.record(CallRecord(call, text, Outcome.OK, "stop", 1))
    print(time.perf_counter() - began, flush=True)
"""


@pytest.fixture(scope="module")
def kept(new_postgres: Callable[..., Any]) -> Any:
    """A server that keeps what it commits over a crash."""
    return new_postgres(fsync="on", synchronous_commit="on", full_page_writes="on")


@pytest.fixture
def places(kept: Any, tmp_path: Path) -> Iterator[dict[str, Place]]:
    name = kept.new_database()
    yield {"SQLite": tmp_path / "bench.db", "PostgreSQL": place_of(kept.url(name))}
    kept.release(name)


def begun(store: ResultsStore, run_id: str, n: int) -> list[Call]:
    calls = [Call(run_id, f"c{i}", "t", f"s{i}", 1, "a", i, i) for i in range(n)]
    store.create_run(bare_manifest(run_id, "a", "2026-01-01T00:00:00+00:00"), calls)
    store.start_session(run_id, host={})
    return calls


async def awaited(store: ResultsStore, calls: list[Call]) -> tuple[float, float]:
    """Median ms from handing an intent over to its commit, and of the loop's own time inside."""
    waits, inside = [], []
    with store.writer(calls[0].run_id) as writer:
        for call in calls:
            start = time.perf_counter()
            future = writer.intent(Intent(call.id, 1, 1, None, "2026-01-01T00:00:00+00:00"))
            inside.append(time.perf_counter() - start)
            await asyncio.wrap_future(future)
            waits.append(time.perf_counter() - start)
    return statistics.median(waits) * 1e3, statistics.median(inside) * 1e3


def at_once(place: Place, runs: list[str]) -> float:
    """Records per second of several processes, each with a run of its own."""
    children = []
    for run_id in runs:
        command = [sys.executable, "-c", _CHILD, str(place), run_id, TEXT]
        children.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for child in children:
        child.communicate("go\n")
        assert child.returncode == 0
    return len(runs) * (N // WRITERS) / (time.perf_counter() - start)


def test_both_engines_side_by_side(
    places: dict[str, Place], show: Callable[[str], None], record_testsuite_property: Note
) -> None:
    for name, place in places.items():
        with ResultsStore.open(place) as store:
            calls = begun(store, "one", N)
            start = time.perf_counter()
            with store.lock_run("one"), store.writer("one") as writer:
                for call in calls:
                    writer.record(CallRecord(call, TEXT, Outcome.OK, "stop", 1))
            rate = N / (time.perf_counter() - start)
            wait_ms, inside_ms = asyncio.run(awaited(store, calls[:AWAITED]))
            runs = [f"many{i}" for i in range(WRITERS)]
            for run_id in runs:
                begun(store, run_id, N // WRITERS)
            together = at_once(place, runs)
            for run_id in runs:
                assert len(store.finished(run_id)) == N // WRITERS
                assert store.verify(run_id) == 1 + N // WRITERS
        line = (
            f"{name}: {rate:,.0f} records/s; an intent is committed after {wait_ms:.2f} ms, of which"
            f" {inside_ms * 1e3:.0f} us on the loop; {WRITERS} writers at once: {together:,.0f}/s"
        )
        show(line)
        record_testsuite_property(f"store_{name}", line)
