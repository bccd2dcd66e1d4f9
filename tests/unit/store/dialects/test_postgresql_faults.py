"""What goes wrong between us and a server: each fault in words, nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claimbench.errors import IntegrityError, SchemaTooNew, StoreError
from claimbench.store import writer as writer_module
from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "20260101T000000Z-aaaaaa"


pytestmark = pytest.mark.only_postgresql


@pytest.fixture
def database(place: Any) -> str:
    return str(place.database)


class CutWire:
    """A way to the server that can lose the answer to the next COMMIT, or be cut at once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.lose_answer = False
        self.cut_before = False
        self.cuts = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for source, sink, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._pump, args=(source, sink, asks), daemon=True
                    ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    hit = asks and b"COMMIT" in data
                    lose, before = hit and self.lose_answer, hit and self.cut_before
                    if lose or before:
                        self.lose_answer = self.cut_before = False
                        self.cuts += 1
                if before:
                    break
                if lose:
                    with contextlib.suppress(OSError):
                        source.shutdown(socket.SHUT_WR)  # the answer goes nowhere
                    sink.sendall(data)
                    time.sleep(0.3)
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def wire(postgres: Any) -> Iterator[CutWire]:
    made = CutWire(postgres.port)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["lose_answer", "cut_before"])
@pytest.mark.parametrize("locked", [True, False])
def test_a_commit_whose_answer_is_lost_is_looked_up_and_written_once(
    store: ResultsStore,
    run: list[Call],
    make: Any,
    wire: CutWire,
    database: str,
    kind: str,
    locked: bool,
) -> None:
    through = place_of(f"postgresql://tester@127.0.0.1:{wire.port}/{database}")
    with (
        ResultsStore.open(through, create=False) as far,
        far.lock_run(RUN) if locked else contextlib.nullcontext(),
        far.writer(RUN) as writer,
    ):
        for call in run[:3]:
            writer.intent(make.intent(call.id)).result(10)
            setattr(wire, kind, True)
            futures = [writer.attempt(make.attempt(call.id)), writer.record(make.record(call))]
            for future in futures:
                assert future.result(30) is None
        setattr(wire, kind, True)
        writer.intent(make.intent(run[3].id)).result(30)
    assert wire.cuts == 4
    assert [record.call.id for record in store.records(RUN, replaced=True)] == [
        call.id for call in run[:3]
    ]
    assert len(list(store.attempts(RUN))) == 3
    assert len(list(store.intents(RUN))) == 4
    assert store.verify(RUN) == 1 + 6


def end_of(store: ResultsStore, pattern: str) -> int:
    """End the server's processes whose application name fits; return how many."""
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE"
        " %s AND datname = current_database() AND pid <> pg_backend_pid()"
        " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    )
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(query, (pattern,)).scalar_one())


def test_a_run_whose_lock_is_lost_writes_no_more_and_another_may_take_it(
    store: ResultsStore, run: list[Call], make: Any
) -> None:
    with store.lock_run(RUN):
        writer = store.writer(RUN)
        writer.record(make.record(run[0])).result(10)
        assert end_of(store, "bench%") == 1
        with ResultsStore.open(store.path) as other, other.lock_run(RUN):
            with pytest.raises(StoreError, match="another process may take the run") as info:
                writer.record(make.record(run[1])).result(30)
            assert "--resume" in str(info.value.hint)
            with pytest.raises(StoreError, match="nothing more is sent or written"):
                writer.intent(make.intent(run[2].id)).result(10)
            with other.writer(RUN) as second:
                second.record(make.record(run[1]))
        writer.close()
    assert store.finished(RUN) == {run[0].id, run[1].id}
    store.verify(RUN)


def test_the_heartbeat_notices_a_lost_lock_while_nothing_is_written(
    store: ResultsStore, run: list[Call], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claimbench.store.dialects.postgresql_lock.HEARTBEAT_S", 0.05)
    with store.lock_run(RUN):
        held = store._locks[RUN]
        assert held.check() is None
        end_of(store, "bench%")
        until = time.monotonic() + 30
        while held.check() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert "was lost" in str(held.check())


def test_who_holds_a_run_is_said_and_seen(store: ResultsStore, run: list[Call]) -> None:
    with store.lock_run(RUN):
        assert store.runs()[0].status == "running"
        with (
            pytest.raises(
                StoreError, match=r"worked on by bench \d+ on .* of tester from 127"
            ) as info,
            store.lock_run(RUN),
        ):
            pytest.fail("two hold one run")
        assert "--resume" in str(info.value.hint)
        with store.lock_run("20260101T000000Z-bbbbbb"):
            pass
    assert store.runs()[0].status == "interrupted"
    with store.lock_run(RUN):
        pass


def raising(state: str) -> str:
    return (
        "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE"
        f" EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'could not extend file'; END $$;"
        " CREATE TRIGGER fault BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION fault()"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "the server's disk is full; what was committed before is safe"),
        ("53200", "out of memory"),
        ("57014", "took longer than the server or we allow"),
        ("25006", "the server takes no writes"),
        ("58030", "the server's disk or files are at fault"),
        ("40001", "undid the transaction"),
        ("XX001", "damage of its own"),
    ],
)
def test_a_fault_of_the_server_ends_the_writer_and_keeps_what_was_committed(
    store: ResultsStore,
    run: list[Call],
    make: Any,
    postgres: Any,
    database: str,
    state: str,
    words: str,
) -> None:
    writer = store.writer(RUN)
    writer.record(make.record(run[0])).result(10)
    postgres.sql(raising(state), database=database)
    with pytest.raises(StoreError, match=words) as info:
        writer.record(make.record(run[1])).result(30)
    assert info.value.hint
    with pytest.raises(StoreError, match=words):
        writer.record(make.record(run[2])).result(30)
    writer.close()
    postgres.sql("DROP TRIGGER fault ON records", "DROP FUNCTION fault()", database=database)
    assert store.finished(RUN) == {run[0].id}
    store.verify(RUN)
    with store.writer(RUN) as again:
        again.record(make.record(run[1]))


def test_a_server_that_only_reads_after_a_failover(
    store: ResultsStore, run: list[Call], make: Any, postgres: Any, database: str
) -> None:
    postgres.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    store.engine.dispose()
    try:
        with pytest.raises(StoreError, match="takes no writes: it is a standby"):
            store.start_session(RUN, host={})
        writer = store.writer(RUN)
        with pytest.raises(StoreError, match="takes no writes"):
            writer.record(make.record(run[0])).result(30)
        writer.close()
        assert store.verify(RUN) == 1
    finally:
        postgres.sql(f"ALTER DATABASE {database} RESET default_transaction_read_only")


def test_transactions_that_idle_for_too_long(
    store: ResultsStore, run: list[Call], make: Any, postgres: Any, database: str
) -> None:
    make.fill(store, run)
    postgres.sql(f"ALTER DATABASE {database} SET idle_in_transaction_session_timeout = '100ms'")
    store.engine.dispose()
    try:
        records = store.records(RUN)
        next(records)
        with pytest.raises(StoreError, match="idle for too long"):  # noqa: PT012 - the rest of it
            time.sleep(1)
            list(records)
        assert store.verify(RUN)  # a new connection is made
    finally:
        postgres.sql(f"ALTER DATABASE {database} RESET idle_in_transaction_session_timeout")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://tester@127.0.0.1:{port}/nowhere", "no such database"),
        ("postgresql://nobody_here@127.0.0.1:{port}/postgres", "no such database or user"),
        ("postgresql://tester@127.0.0.1:{free}/postgres", "nothing listens there"),
        ("postgresql://tester@no-such-host.invalid/postgres", "name is not known"),
        ("postgresql://tester@127.0.0.1:{port}/postgres?sslmode=require", "speaks no TLS"),
        ("postgresql://tester@127.0.0.1:{port}/postgres?sslmode=often", "sslmode is not right"),
        ("postgresql://asker@127.0.0.1:{port}/postgres", "wants a password"),
    ],
)
def test_no_way_to_the_server_is_said_in_words(
    postgres: Any, url: str, words: str, asker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = place_of(url.format(port=postgres.port, free=free.getsockname()[1]))
        with pytest.raises(StoreError, match=words) as info:
            ResultsStore.open(place, create=False, read_only=True)
    assert info.value.hint


@pytest.fixture
def asker(postgres: Any) -> str:
    """A user who has to give a password."""
    with contextlib.suppress(Exception):
        postgres.sql("CREATE ROLE asks_password NOLOGIN")
    with contextlib.suppress(Exception):
        postgres.sql("CREATE ROLE asker LOGIN PASSWORD 'canary-4711' IN ROLE asks_password")
    return "asker"


def test_the_password_is_taken_from_where_libpq_or_the_keyring_has_it_and_shown_nowhere(
    store: ResultsStore,
    postgres: Any,
    database: str,
    asker: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    place = place_of(postgres.url(database, user=asker))
    monkeypatch.setenv("PGPASSWORD", "canary-wrong")
    with pytest.raises(StoreError, match="refuses the password") as info:
        ResultsStore.open(place, read_only=True)
    assert "canary" not in f"{info.value} {info.value.hint}"
    # Let in, it has no rights yet
    monkeypatch.setenv("PGPASSWORD", "canary-4711")
    with pytest.raises(StoreError, match="may not do that"):
        ResultsStore.open(place, read_only=True)
    monkeypatch.delenv("PGPASSWORD")
    passes = tmp_path / "pgpass"
    passes.write_text(f"127.0.0.1:{postgres.port}:*:asker:canary-4711\n")
    passes.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passes))
    with pytest.raises(StoreError, match="may not do that"):
        ResultsStore.open(place, read_only=True)
    monkeypatch.delenv("PGPASSFILE")
    keyring = pytest.importorskip("keyring")
    asked = []
    monkeypatch.setattr(
        keyring, "get_password", lambda *given: asked.append(given) or "canary-4711"
    )
    with pytest.raises(StoreError, match="may not do that"):
        ResultsStore.open(place, read_only=True)
    name = f"asker@127.0.0.1:{postgres.port}/{database}"
    assert asked == [("claimbench:postgresql", name)]


def test_tables_of_others_and_of_a_newer_version_are_refused(
    postgres: Any, store: ResultsStore, database: str
) -> None:
    other = postgres.new_database()
    postgres.sql("CREATE TABLE customers (a int)", database=other)
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"not one of ClaimBench's \(tables: customers\)"):
            ResultsStore.open(place_of(postgres.url(other)), read_only=read_only)
    postgres.release(other)
    postgres.sql("UPDATE meta SET value = '99'", database=database)
    with pytest.raises(SchemaTooNew, match="schema version 99"):
        ResultsStore.open(store.path)


def test_too_many_connections(new_postgres: Callable[..., Any]) -> None:
    small = new_postgres(max_connections="6", superuser_reserved_connections="0")
    held = [small.connect() for _ in range(6)]
    try:
        with pytest.raises(StoreError, match="takes no more connections"):
            ResultsStore.open(place_of(small.url()))
    finally:
        for connection in held:
            connection.close()


def test_a_server_that_is_killed_ends_the_writer_and_loses_nothing_committed(
    new_postgres: Callable[..., Any], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECONNECT_S", 1.0)
    server = new_postgres(fsync="on", synchronous_commit="on", full_page_writes="on")
    place = place_of(server.url(server.new_database()))
    calls = make.calls(20)
    with ResultsStore.open(place) as store:
        store.create_run(make.manifest(), calls)
        with store.lock_run(RUN):
            writer = store.writer(RUN)
            futures = [writer.record(make.record(call)) for call in calls[:10]]
            futures[-1].result(10)
            server.kill()
            with pytest.raises(StoreError, match=r"safe|lost|listens") as info:
                writer.record(make.record(calls[10])).result(60)
            assert "--resume" in str(info.value.hint) or "host and port" in str(info.value.hint)
            writer.close()
    server.start()
    with ResultsStore.open(place, create=False) as store:
        assert store.finished(RUN) >= {call.id for call in calls[:10]}
        store.verify(RUN)
        with store.lock_run(RUN), store.writer(RUN) as writer:
            writer.record(make.record(calls[11]))
        store.verify(RUN)


def test_a_core_install_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(StoreError, match="not installed") as info:
        ResultsStore.open(place_of("postgresql://h/db"))
    assert info.value.hint == "pip install 'claimbench[postgresql]'"


ALTERED = {
    "a trigger": (
        "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER evil BEFORE INSERT ON seals FOR EACH ROW EXECUTE FUNCTION evil()",
        "trigger evil is foreign",
    ),
    "our trigger off": ("ALTER TABLE calls DISABLE TRIGGER calls_no_delete", "calls_no_delete is not"),
    "our trigger gone": ("DROP TRIGGER runs_no_update ON runs", "runs_no_update is missing"),
    "our function emptied": (
        "CREATE OR REPLACE FUNCTION claimbench_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NEW; END'",
        "function claimbench_append_only is not",
    ),
    "a table": ("CREATE TABLE notes (a int)", "relation notes is foreign"),
    "a view": ("CREATE VIEW v AS SELECT * FROM runs", "relation v is foreign"),
    "a rule": ("CREATE RULE r AS ON INSERT TO records DO INSTEAD NOTHING", "rule r is foreign"),
    "a column": ("ALTER TABLE records ADD COLUMN x int", "column records.x is foreign"),
    "a default": ("ALTER TABLE records ALTER body SET DEFAULT 'x'", "column records.body is not"),
    "a kind": ("ALTER TABLE looks ALTER k TYPE int", "column looks.k is not"),
    "a collation": ('ALTER TABLE looks ALTER body TYPE text COLLATE "POSIX"', "looks.body is not"),
    "a key gone": (
        "ALTER TABLE records DROP CONSTRAINT records_run_id_call_id_fkey",
        "constraint records: FOREIGN KEY (run_id, call_id) REFERENCES calls(run_id, call_id) is missing",
    ),
    "a check": ("ALTER TABLE runs ADD CHECK (seq > 0)", "is foreign"),
    "an index": ("CREATE INDEX i ON records (outcome)", "index i is foreign"),
    "an index gone": ("DROP INDEX attempts_by_run", "index attempts_by_run is missing"),
    "row security": ("ALTER TABLE records ENABLE ROW LEVEL SECURITY", "relation records is not"),
    "a row of meta": ("INSERT INTO meta VALUES ('x', 'y')", "row 'x' of meta is foreign"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERED)
def test_what_is_foreign_missing_or_changed_is_named(
    store: ResultsStore, postgres: Any, database: str, name: str
) -> None:
    sql, words = ALTERED[name]
    postgres.sql(sql, database=database)
    for read_only in (True, False):
        with pytest.raises(IntegrityError, match="changed by another program") as info:
            ResultsStore.open(store.path, read_only=read_only, create=False)
        assert words in str(info.value)
        assert info.value.exit_code == 5
