from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect

from claimbench import store_schema
from claimbench.clock import FakeClock
from claimbench.errors import IntegrityError, SchemaTooNew, StoreError
from claimbench.store import Intent, ResultsStore
from claimbench.store_engine import make_engine
from claimbench.types import (
    Attempt,
    Call,
    CallRecord,
    Cost,
    Look,
    Manifest,
    Outcome,
    Score,
    Timing,
    Usage,
)

RUN = "20260101T000000Z-aaaaaa"


def make_manifest(run_id: str = RUN, created_utc: str = "2026-01-01T00:00:00+00:00") -> Manifest:
    return Manifest(
        run_id=run_id,
        schema=1,
        created_utc=created_utc,
        tool_version="0.1.0",
        suite_name="support",
        suite_version="1-0",
        suite_path="suites/support.yaml",
        file_sha256="f" * 64,
        measured_sha256="e" * 64,
        plan_sha256="d" * 64,
        price_book_sha256=None,
        suite={"name": "support", "tasks": [{"name": "route", "text": "é\u2028"}]},
        arms_run=("a", "b"),
        arms_not_run={"c": "no key"},
        arm_facts={"a": {"layers": 3}},
        limit=None,
        claims=({"id": "cheaper"},),
        git={"commit": None},
        packages={"numpy": "2"},
        host={"cpu": "x"},
        seed=2**64 - 1,
    )


def make_calls(n: int, run_id: str = RUN) -> list[Call]:
    return [Call(run_id, f"call-{i}", "route", f"s{i}", 1, "ab"[i % 2], 2**64 - 1 - i, i) for i in range(n)]


def make_attempt(call_id: str, number: int = 1, session: int = 1) -> Attempt:
    return Attempt(
        call_id=call_id,
        number=number,
        session=session,
        timing=Timing(None, 10, 20, 30, 31, (30, 31, 40), 50, "transport", engine={"prompt_ms": 1.5}),
        outcome=Outcome.OK,
        http_status=200,
        usage=Usage(input_fresh=3, output_visible=2, fees=(("search", 1),)),
        usage_raw={"prompt_tokens": 3, "details": [None, 1.25]},
        billed_usd=Decimal("0.00012300"),
        billable="yes",
        reserved_usd=Decimal("0.01"),
    )


def make_record(call: Call, text: str = "refund") -> CallRecord:
    return CallRecord(call=call, text=text, outcome=Outcome.OK, finish_reason="stop", attempt=1)


def make_intent(call_id: str, number: int = 1, session: int = 1) -> Intent:
    return Intent(call_id, number, session, Decimal("0.10"), "2026-01-01T00:00:01+00:00")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultsStore]:
    with ResultsStore.open(tmp_path / "results" / "bench.db") as opened:
        yield opened


@pytest.fixture
def run(store: ResultsStore) -> list[Call]:
    calls = make_calls(8)
    store.create_run(make_manifest(), calls)
    store.start_session(RUN, host={"cpu": "x"})
    return calls


def fill(store: ResultsStore, calls: list[Call]) -> None:
    with store.writer(RUN) as writer:
        for call in calls:
            writer.intent(make_intent(call.id))
            writer.attempt(make_attempt(call.id))
            writer.record(make_record(call))


def tamper(store: ResultsStore, *statements: str) -> None:
    """What somebody with sqlite3 in hand can do: drop the triggers, change, put them back."""
    store.close()
    connection = sqlite3.connect(store.path)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


# --- what goes in comes out -------------------------------------------------------------------------------------------


def test_run_comes_back_as_it_was_stored(store: ResultsStore) -> None:
    manifest, calls = make_manifest(), make_calls(5)
    store.create_run(manifest, list(reversed(calls)))
    assert store.manifest(RUN) == manifest
    assert store.calls(RUN) == calls
    assert [(r.run_id, r.status, r.n_planned, r.n_finished) for r in store.runs()] == [(RUN, "planned", 5, 0)]


def test_raw_rows_come_back_in_order_of_commit(store: ResultsStore, run: list[Call]) -> None:
    order = random.Random(3).sample(run, len(run))
    fill(store, order)
    assert list(store.records(RUN)) == [make_record(call) for call in order]
    assert list(store.attempts(RUN)) == [make_attempt(call.id) for call in order]
    assert list(store.intents(RUN)) == [make_intent(call.id) for call in order]
    assert store.finished(RUN) == {call.id for call in run}
    assert store.unfinished_intents(RUN) == []
    assert store.runs()[0].status == "complete"
    assert store.verify(RUN) == 1 + 2 * len(run)


def test_rows_survive_closing_and_opening(store: ResultsStore, run: list[Call]) -> None:
    fill(store, run[:3])
    store.close()
    with ResultsStore.open(store.path.parent, create=False) as again:
        assert again.finished(RUN) == {call.id for call in run[:3]}
        fill(again, run[3:])
        assert again.verify(RUN) == 1 + 2 * len(run)


def test_surrogates_and_control_characters_of_a_model_are_kept(store: ResultsStore, run: list[Call]) -> None:
    texts = ["half \ud83d pair", "nul \x00", "\u2028 \U0001f600", ""]
    with store.writer(RUN) as writer:
        for call, text in zip(run, texts, strict=False):
            writer.record(make_record(call, text))
    assert [record.text for record in store.records(RUN)] == texts
    store.verify(RUN)


def test_looks(store: ResultsStore, run: list[Call]) -> None:
    look = Look(RUN, 1, 4, 30, 20, {"cheaper": 0.04}, "continue")
    with store.writer(RUN) as writer:
        writer.look(look).result(5)
    assert store.looks(RUN) == [look]


def test_intents_without_their_attempt_are_unfinished(store: ResultsStore, run: list[Call]) -> None:
    with store.writer(RUN) as writer:
        for call in run[:3]:
            writer.intent(make_intent(call.id))
        writer.attempt(make_attempt("call-1"))
    assert [i.call_id for i in store.unfinished_intents(RUN)] == ["call-0", "call-2"]
    store.start_session(RUN, host={})
    with store.writer(RUN) as writer:  # sent again under the same number, by the next session
        writer.intent(make_intent("call-0", session=2))
        writer.attempt(make_attempt("call-0", session=2))
    assert [(i.call_id, i.session) for i in store.unfinished_intents(RUN)] == [("call-0", 1), ("call-2", 1)]


def test_sessions_are_numbered_and_ended_once(store: ResultsStore) -> None:
    store.create_run(make_manifest(), make_calls(1))
    clock = FakeClock()
    first = store.start_session(RUN, host={"cpu": "x"}, calibration={"loop": 1}, clock=clock)
    assert (first.n, first.started_utc, first.monotonic_origin_ns) == (1, clock.utc().isoformat(), clock.monotonic_ns())
    assert store.runs()[0].status == "interrupted"
    clock.advance(5)
    store.end_session(RUN, 1, "ctrl-c", {"p99": 0.5}, clock=clock)
    assert store.runs()[0].status == "incomplete"
    second = store.start_session(RUN, host={})
    ended = dataclasses.replace(first, ended_utc=clock.utc().isoformat(), end_reason="ctrl-c", loop_lag_ms={"p99": 0.5})
    assert store.sessions(RUN) == [ended, second]
    with pytest.raises(StoreError, match="only an open session can be ended"):
        store.end_session(RUN, 1, "again", {})
    with pytest.raises(StoreError, match="no session 7"):
        store.end_session(RUN, 7, "x", {})


def test_derived_rows_are_replaced_by_id_and_kept_apart_by_key(store: ResultsStore, run: list[Call]) -> None:
    score = Score("call-0", "label", "1", "scored", 1.0, parts={"a": 0.5}, judge_cost_usd=Decimal("0.1"))
    cost = Cost(Decimal("0.20"), components={"input": Decimal("0.05")})
    store.save_derived(RUN, "score", "label@1", {"call-0": score})
    store.save_derived(RUN, "score", "label@2", {"call-0": dataclasses.replace(score, value=0.0)})
    store.save_derived(RUN, "cost", "book-1", {"call-0": cost})
    store.save_derived(RUN, "cost", "book-1", {"call-1": cost, "call-0": dataclasses.replace(cost, amount=None)})
    store.save_derived(RUN, "cost", "book-1", {})
    assert store.derived(RUN, "score", "label@1", Score) == {"call-0": score}
    assert store.derived_keys(RUN, "score") == ["label@1", "label@2"]
    assert store.derived(RUN, "cost", "book-1", Cost) == {
        "call-0": dataclasses.replace(cost, amount=None),
        "call-1": cost,
    }
    assert store.derived(RUN, "cost", "book-2", Cost) == {}


def test_a_thousand_derived_rows_round_trip(store: ResultsStore, run: list[Call]) -> None:
    rows: dict[str, object] = {f"r{i:04}": i / 7 for i in range(1000)}
    store.save_derived(RUN, "x", "k", rows)
    assert store.derived(RUN, "x", "k", float) == rows


# --- finding runs -----------------------------------------------------------------------------------------------------


def test_runs_are_found_by_id_beginning_folder_and_latest(store: ResultsStore) -> None:
    with pytest.raises(StoreError, match="no runs yet"):
        store.resolve_run(None)
    assert store.latest_run_id() is None
    for n, run_id in enumerate(["20260101-aa", "20260101-ab", "20260102-cc"]):
        store.create_run(make_manifest(run_id, f"2026-01-0{n + 1}T00:00:00+00:00"), [])
    assert store.latest_run_id() == "20260102-cc"
    assert store.resolve_run(None) == store.resolve_run("latest") == "20260102-cc"
    assert store.resolve_run("20260102") == store.resolve_run(str(store.run_folder("20260102-cc"))) == "20260102-cc"
    with pytest.raises(StoreError, match="beginning of 2 runs: 20260101-aa, 20260101-ab"):
        store.resolve_run("20260101")
    with pytest.raises(StoreError, match="no run '20260101-ax'") as info:
        store.resolve_run("20260101-ax")
    assert "20260101-aa" in str(info.value.hint)


def test_unknown_and_known_runs_are_refused_clearly(store: ResultsStore, run: list[Call]) -> None:
    with pytest.raises(StoreError, match="no run 'nope'"):
        store.manifest("nope")
    with pytest.raises(StoreError, match="no run 'nope'"):
        store.writer("nope")
    with pytest.raises(StoreError, match="there already"):
        store.create_run(make_manifest(), run)
    with pytest.raises(StoreError, match="one call twice"):
        store.create_run(make_manifest("other"), run)
    with pytest.raises(StoreError, match="one call twice"):
        store.create_run(make_manifest("other"), make_calls(1, "other") * 2)


# --- append-only, and tampering ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["runs", "calls", "sessions", "intents", "attempts", "records", "looks"])
def test_raw_tables_refuse_change_and_removal(store: ResultsStore, run: list[Call], table: str) -> None:
    fill(store, run)
    with store.writer(RUN) as writer:
        writer.look(Look(RUN, 1, 4, 30, 20, {}, "continue"))
    column = "created_utc" if table == "intents" else "body"
    connection = sqlite3.connect(store.path)
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"UPDATE {table} SET {column} = 'x'")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"DELETE FROM {table}")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["UPDATE records SET body = replace(body, 'refund', 'cancel') WHERE call_id = 'call-3'"], "call-3"),
        (["DELETE FROM records WHERE call_id = 'call-3'"], "call-4"),
        (["UPDATE records SET outcome = 'empty' WHERE call_id = 'call-5'"], "call-5"),
        (["UPDATE attempts SET body = replace(body, '50', '51') WHERE call_id = 'call-2'"], "call-2"),
        (["UPDATE records SET seq = -1 WHERE call_id = 'call-6'"], "call-6"),
        (["UPDATE runs SET body = replace(body, 'support', 'tampered')"], RUN),
    ],
)
def test_verify_names_what_was_tampered_with(
    store: ResultsStore, run: list[Call], statements: list[str], named: str
) -> None:
    fill(store, run)
    store.verify(RUN)
    tamper(store, *statements)
    with pytest.raises(IntegrityError, match=named):
        store.verify(RUN)


# --- the writer -------------------------------------------------------------------------------------------------------


def test_future_resolves_after_the_commit(store: ResultsStore, run: list[Call]) -> None:
    other = sqlite3.connect(store.path)
    with store.writer(RUN) as writer:
        for n, call in enumerate(run, 1):
            writer.record(make_record(call)).result(5)
            assert other.execute("SELECT count(*) FROM records").fetchone() == (n,)
    other.close()


def test_a_row_that_is_there_already_fails_alone(store: ResultsStore, run: list[Call]) -> None:
    writer = store.writer(RUN)
    writer.record(make_record(run[0])).result(5)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # while the writer waits for this, the rows behind gather to one transaction
    futures = [writer.record(make_record(call)) for call in [run[4], run[1], run[0], run[2]]][1:]
    other.execute("ROLLBACK")
    other.close()
    assert futures[0].result(5) is None
    assert futures[2].result(5) is None
    with pytest.raises(StoreError, match="refused: UNIQUE") as info:
        futures[1].result(5)
    assert "two processes" in str(info.value.hint)
    with pytest.raises(StoreError, match="UNIQUE"):
        writer.flush()
    writer.record(make_record(run[3])).result(5)
    writer.close()
    assert store.finished(RUN) == {"call-0", "call-1", "call-2", "call-3", "call-4"}
    store.verify(RUN)


def test_rows_of_unknown_calls_sessions_and_runs_are_refused(store: ResultsStore, run: list[Call]) -> None:
    writer = store.writer(RUN)
    for future in [writer.intent(make_intent("nope")), writer.attempt(make_attempt("call-0", session=9))]:
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            future.result(5)
    with pytest.raises(StoreError, match="another|run other"):
        writer.record(make_record(make_calls(1, "other")[0]))
    writer.close()


def test_what_is_no_json_fails_its_own_future(store: ResultsStore, run: list[Call]) -> None:
    writer = store.writer(RUN)
    bad = writer.record(dataclasses.replace(make_record(run[0]), logprobs={"at": object()}))
    good = writer.record(make_record(run[1]))
    with pytest.raises(StoreError, match="not a JSON value"):
        bad.result(5)
    good.result(5)
    writer.close()


def test_cancelling_a_future_does_not_take_the_row_back(store: ResultsStore, run: list[Call]) -> None:
    writer = store.writer(RUN)
    assert writer.record(make_record(run[0])).cancel() is False
    writer.close()
    assert store.finished(RUN) == {"call-0"}


def test_close_drains_and_later_rows_are_refused(store: ResultsStore) -> None:
    calls = make_calls(2000)
    store.create_run(make_manifest(), calls)
    writer = store.writer(RUN)
    futures = [writer.record(make_record(call)) for call in calls]
    writer.close()
    writer.close()
    assert all(future.done() for future in futures)
    assert len(store.finished(RUN)) == 2000
    assert store.verify(RUN) == 2001
    with pytest.raises(StoreError, match="closed"):
        writer.record(make_record(calls[0])).result(5)
    writer.flush()


def test_many_threads_may_write_at_once(store: ResultsStore) -> None:
    calls = make_calls(400)
    store.create_run(make_manifest(), calls)
    with store.writer(RUN) as writer:

        def write(part: list[Call]) -> None:
            for call in part:
                writer.record(make_record(call))

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


def test_full_disk_says_how_much_is_free_and_loses_nothing_committed(tmp_path: Path) -> None:
    path = tmp_path / "bench.db"
    calls = make_calls(50)
    with ResultsStore.open(path) as store:
        store.create_run(make_manifest(), calls)
        with store.writer(RUN) as writer:
            writer.record(make_record(calls[0]))
    with ResultsStore.open(path) as store:
        store.engine.dispose()
        limit_pages(store.engine)
        writer = store.writer(RUN)
        futures = [writer.record(make_record(call, "x" * 5000)) for call in calls[1:]]
        with pytest.raises(StoreError, match=r"disk is full, [\d.]+ MiB free on .*committed before is safe"):
            futures[-1].result(5)
        with pytest.raises(StoreError, match="disk is full"):
            writer.flush()
        with pytest.raises(StoreError, match="disk is full"):
            writer.record(make_record(calls[1])).result(5)
        writer.close()
        told = {calls[0].id} | {c.id for c, f in zip(calls[1:], futures, strict=True) if f.exception() is None}
    with ResultsStore.open(path) as store:
        assert store.finished(RUN) == told
        store.verify(RUN)
        with store.writer(RUN) as writer:
            writer.record(make_record(calls[-1]))


def test_a_database_locked_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "bench.db"
    with ResultsStore.open(path) as store:
        store.create_run(make_manifest(), make_calls(1))
    other = sqlite3.connect(path, isolation_level=None)
    with ResultsStore.open(path, busy_timeout_s=0.05) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another process"):
            store.start_session(RUN, host={})
        writer = store.writer(RUN)
        with pytest.raises(StoreError, match="locked by another process"):
            writer.record(make_record(make_calls(1)[0])).result(5)
        writer.close()
        assert store.runs()[0].n_planned == 1  # reading goes on
        other.execute("ROLLBACK")
    other.close()


# --- opening ----------------------------------------------------------------------------------------------------------


def test_newest_schema_is_what_the_tables_say(store: ResultsStore) -> None:
    found = inspect(store.engine)
    assert set(found.get_table_names()) == set(store_schema.metadata.tables)
    for name, table in store_schema.metadata.tables.items():
        columns = {c["name"]: bool(c["nullable"]) for c in found.get_columns(name)}
        expected = {c.name: bool(c.nullable) for c in table.columns}
        assert columns.keys() == expected.keys(), name
        keys = set(found.get_pk_constraint(name)["constrained_columns"])
        assert keys == {c.name for c in table.primary_key}, name
        assert {k: v for k, v in columns.items() if k not in keys} == {
            k: v for k, v in expected.items() if k not in keys
        }, name


def test_migrations_run_in_order_and_keep_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "bench.db"
    with ResultsStore.open(path) as store:
        store.create_run(make_manifest(), make_calls(2))
    second = (*store_schema.MIGRATIONS, ("ALTER TABLE calls ADD COLUMN note TEXT",))
    broken = (*second, ("CREATE TABLE extra (a)", "INSERT INTO nowhere VALUES (1)"))
    engine = make_engine(path, "rw")
    with pytest.raises(Exception, match="nowhere"):
        store_schema.migrate(engine, "db", broken)
    names = inspect(engine).get_table_names()
    with engine.connect() as connection:
        assert store_schema.schema_version(connection, "db") == 2  # the second was committed, the third undone
    assert "extra" not in names
    assert store_schema.migrate(engine, "db", second) == 2
    engine.dispose()
    with pytest.raises(SchemaTooNew, match=r"schema version 2; this ClaimBench knows up to 1") as info:
        ResultsStore.open(path)
    assert "upgrade" in str(info.value.hint)
    with pytest.raises(SchemaTooNew, match="version 2"):
        ResultsStore.open(path, read_only=True)


def test_older_schema_is_not_changed_by_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bench.db"
    ResultsStore.open(path).close()
    monkeypatch.setattr(store_schema, "SCHEMA_VERSION", 2)
    with pytest.raises(StoreError, match="has schema version 1"):
        ResultsStore.open(path, read_only=True)


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from claimbench.store import ResultsStore as S; S.open(Path(sys.argv[1]))"
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "bench.db")]) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]


def test_no_database(tmp_path: Path) -> None:
    for kwargs in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreError, match="there is no results database"):
            ResultsStore.open(tmp_path / "bench.db", **kwargs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_files_that_are_no_results_database(tmp_path: Path, read_only: bool) -> None:
    text = tmp_path / "notes.db"
    text.write_text("these are my notes, please keep them\n" * 100)
    with pytest.raises(StoreError, match="notes.db: is not a results database"):
        ResultsStore.open(text, read_only=read_only)
    assert text.read_text().startswith("these are my notes")
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE customers (a)")
    connection.close()
    with pytest.raises(StoreError, match=r"not one of ClaimBench's \(tables: customers\)"):
        ResultsStore.open(foreign, read_only=read_only)


def test_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "bench.db"
    calls = make_calls(500)
    with ResultsStore.open(path) as store:
        store.create_run(make_manifest(), calls)
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(random.Random(1).randbytes(len(data) - 4096))
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged") as info, ResultsStore.open(path) as store:
        store.calls(RUN)
    assert "recover" in str(info.value.hint)


def test_results_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(StoreError, match=r"Not a directory|File exists") as info:
        ResultsStore.open(tmp_path / "results" / "bench.db")
    assert "--results" in str(info.value.hint)


@contextmanager
def read_only_folder() -> Iterator[Path]:
    """A new folder; its writing is forbidden by :func:`as_reader`. Root is held by no mode, so root becomes nobody."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def as_reader(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_read_only_folder_can_be_read_but_not_written() -> None:
    with read_only_folder() as folder:
        with ResultsStore.open(folder) as store:
            store.create_run(make_manifest(), make_calls(3))
            with store.writer(RUN) as writer:
                writer.record(make_record(make_calls(1)[0]))
        assert not (folder / "bench.db-wal").exists()
        with as_reader(folder):
            with ResultsStore.open(folder, read_only=True) as store:
                assert store.finished(RUN) == {"call-0"}
                assert store.verify(RUN) == 2
                with pytest.raises(StoreError, match="reading only"):
                    store.start_session(RUN, host={})
                with pytest.raises(StoreError, match="reading only"):
                    store.writer(RUN)
            with pytest.raises(StoreError, match="read-only|cannot be opened") as info:
                ResultsStore.open(folder)
            assert "--results" in str(info.value.hint)
            with pytest.raises(StoreError, match="Permission denied"):
                ResultsStore.open(folder / "new" / "bench.db")


def test_read_only_folder_with_rows_in_the_wal_is_refused_rather_than_read_without_them() -> None:
    code = (
        "import os, sys; from pathlib import Path; from claimbench.store import ResultsStore as S\n"
        "s = S.open(Path(sys.argv[1])); c = s.engine.connect(); os._exit(0)"
    )
    with read_only_folder() as folder:
        subprocess.run([sys.executable, "-c", code, str(folder / "bench.db")], check=True)
        assert (folder / "bench.db-wal").stat().st_size > 0
        (folder / "bench.db-shm").unlink()
        with as_reader(folder), pytest.raises(StoreError, match=r"bench\.db-wal") as info:
            ResultsStore.open(folder, read_only=True)
        assert "copy the folder" in str(info.value.hint)


# --- the run's lock ---------------------------------------------------------------------------------------------------

_HOLD = """
import sys, time
from pathlib import Path
from claimbench.store import ResultsStore
with ResultsStore.open(Path(sys.argv[1])) as store, store.lock_run(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_process_is_told_the_pid_and_kill_9_frees_the_run(store: ResultsStore, run: list[Call]) -> None:
    command = [sys.executable, "-c", _HOLD, str(store.path), RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert store.runs()[0].status == "running"
        with pytest.raises(StoreError, match=f"worked on by process {child.pid}") as info, store.lock_run(RUN):
            pytest.fail("two processes hold one run")
        assert "--resume" in str(info.value.hint)
        child.send_signal(signal.SIGKILL)
    with store.lock_run(RUN):
        assert (store.run_folder(RUN) / "lock").read_text() == f"{os.getpid()}\n"
    assert store.runs()[0].status == "interrupted"
    with store.lock_run(RUN):
        pass
