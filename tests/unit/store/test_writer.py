from __future__ import annotations

import dataclasses
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from claimbench.errors import StoreError
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import for_writing
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "20260101T000000Z-aaaaaa"


# --- the writer -----------------------------------------------------------------------------------


def test_future_resolves_after_the_commit(store: ResultsStore, run: list[Call], make: Any) -> None:
    with store.writer(RUN) as writer:
        for n, call in enumerate(run, 1):
            writer.record(make.record(call)).result(5)
            with store.engine.connect() as other:
                assert other.exec_driver_sql("SELECT count(*) FROM records").scalar() == n


def test_a_row_that_is_there_already_fails_alone(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    writer = store.writer(RUN)
    writer.record(make.record(run[0])).result(5)
    # While the writer waits for this, the rows behind gather to one transaction
    with for_writing(store.engine).begin() as other:
        dialect_of(other).hold_rows(other, RUN)
        calls = [run[4], run[1], run[0], run[2]]
        futures = [writer.record(make.record(call)) for call in calls][1:]
    assert futures[0].result(5) is None
    assert futures[2].result(5) is None
    with pytest.raises(StoreError, match="refused: UNIQUE") as info:
        futures[1].result(5)
    assert "two processes" in str(info.value.hint)
    with pytest.raises(StoreError, match="UNIQUE"):
        writer.flush()
    writer.record(make.record(run[3])).result(5)
    writer.close()
    assert store.finished(RUN) == {"call-0", "call-1", "call-2", "call-3", "call-4"}
    store.verify(RUN)


def test_rows_of_unknown_calls_sessions_and_runs_are_refused(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    writer = store.writer(RUN)
    for future in [
        writer.intent(make.intent("nope")),
        writer.attempt(make.attempt("call-0", session=9)),
    ]:
        with pytest.raises(StoreError, match=r"(?i)refused: .*foreign key"):
            future.result(5)
    with pytest.raises(StoreError, match="record of run other"):
        writer.record(make.record(make.calls(1, "other")[0]))
    writer.close()


def test_what_is_no_json_fails_its_own_future(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    writer = store.writer(RUN)
    bad = writer.record(dataclasses.replace(make.record(run[0]), logprobs={"at": object()}))
    good = writer.record(make.record(run[1]))
    with pytest.raises(StoreError, match="not a JSON value"):
        bad.result(5)
    good.result(5)
    writer.close()


def test_rows_without_a_future_are_kept_and_tell_a_fault_once(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    faults: list[StoreError] = []
    writer = store.writer(RUN)
    writer.keep(make.attempt("call-0"), faults.append)
    writer.keep(make.record(run[0]), faults.append)
    writer.flush()
    assert (faults, store.finished(RUN), len(list(store.attempts(RUN)))) == ([], {"call-0"}, 1)
    # Refused at once, so that it is the first fault whenever the thread comes to the next row.
    writer.keep(dataclasses.replace(make.record(run[1]), logprobs={"at": object()}), faults.append)
    writer.keep(make.record(run[0]), faults.append)  # it is there already
    with pytest.raises(StoreError, match="not a JSON value"):
        writer.flush()
    writer.close()
    writer.keep(make.record(run[2]), faults.append)
    seen = sorted(str(fault).removeprefix(f"{store.path}: ")[:18] for fault in faults)
    assert seen == ["cannot store CallR", "the row is refused", "the run's writer i"]
    assert store.finished(RUN) == {"call-0"}


def test_cancelling_a_future_does_not_take_the_row_back(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    writer = store.writer(RUN)
    assert writer.record(make.record(run[0])).cancel() is False
    writer.close()
    assert store.finished(RUN) == {"call-0"}


def test_close_drains_and_later_rows_are_refused(store: ResultsStore, make: Any) -> None:
    calls = make.calls(2000)
    store.create_run(make.manifest(), calls)
    writer = store.writer(RUN)
    futures = [writer.record(make.record(call)) for call in calls]
    writer.close()
    writer.close()
    assert all(future.done() for future in futures)
    assert len(store.finished(RUN)) == 2000
    assert store.verify(RUN) == 2001
    with pytest.raises(StoreError, match="closed"):
        writer.record(make.record(calls[0])).result(5)
    writer.flush()


def test_many_threads_may_write_at_once(store: ResultsStore, make: Any) -> None:
    calls = make.calls(400)
    store.create_run(make.manifest(), calls)
    with store.writer(RUN) as writer:

        def write(part: list[Call]) -> None:
            for call in part:
                writer.record(make.record(call))

        threads = [threading.Thread(target=write, args=(calls[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert store.verify(RUN) == 401


def limit_pages(engine: Engine) -> None:
    """Every connection made from now on finds the disk full as soon as the file would grow."""

    @event.listens_for(engine, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")


def test_full_disk_says_how_much_is_free_and_loses_nothing_committed(
    tmp_path: Path, make: Any
) -> None:
    path = tmp_path / "bench.db"
    calls = make.calls(50)
    with ResultsStore.open(path) as store:
        store.create_run(make.manifest(), calls)
        with store.writer(RUN) as writer:
            writer.record(make.record(calls[0]))
    with ResultsStore.open(path) as store:
        store.engine.dispose()
        limit_pages(store.engine)
        writer = store.writer(RUN)
        futures = [writer.record(make.record(call, "x" * 5000)) for call in calls[1:]]
        with pytest.raises(
            StoreError, match=r"disk is full, [\d.]+ MiB free on .*committed before is safe"
        ):
            futures[-1].result(5)
        with pytest.raises(StoreError, match="disk is full"):
            writer.flush()
        with pytest.raises(StoreError, match="disk is full"):
            writer.record(make.record(calls[1])).result(5)
        writer.close()
        told = {calls[0].id} | {
            c.id for c, f in zip(calls[1:], futures, strict=True) if f.exception() is None
        }
    with ResultsStore.open(path) as store:
        assert store.finished(RUN) == told
        store.verify(RUN)
        with store.writer(RUN) as writer:
            writer.record(make.record(calls[-1]))


def test_a_database_locked_by_another_process(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "bench.db"
    with ResultsStore.open(path) as store:
        store.create_run(make.manifest(), make.calls(1))
    other = sqlite3.connect(path, isolation_level=None)
    with ResultsStore.open(path, busy_timeout_s=0.05) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another process"):
            store.start_session(RUN, host={})
        writer = store.writer(RUN)
        with pytest.raises(StoreError, match="locked by another process"):
            writer.record(make.record(make.calls(1)[0])).result(5)
        writer.close()
        assert store.runs()[0].n_planned == 1  # reading goes on
        other.execute("ROLLBACK")
    other.close()
