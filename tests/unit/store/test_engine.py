from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from claimbench.errors import SchemaTooNew, StoreError
from claimbench.store import schema as store_schema
from claimbench.store.dialects.migrate import migrate
from claimbench.store.engine import make_engine
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "20260101T000000Z-aaaaaa"

pytestmark = pytest.mark.only_sqlite


# --- opening --------------------------------------------------------------------------------------


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


def test_migrations_run_in_order_and_keep_the_rows(tmp_path: Path, make: Any) -> None:
    path, now = tmp_path / "bench.db", store_schema.SCHEMA_VERSION
    with ResultsStore.open(path) as store:
        store.create_run(make.manifest(), make.calls(2))
    good = (*store_schema.MIGRATIONS, ("ALTER TABLE calls ADD COLUMN note TEXT",))
    broken = (*good, ("CREATE TABLE extra (a)", "INSERT INTO nowhere VALUES (1)"))
    engine = make_engine(path, "rw")
    with pytest.raises(Exception, match="nowhere"):
        migrate(engine, "db", broken)
    names = inspect(engine).get_table_names()
    with engine.connect() as connection:
        assert (
            store_schema.schema_version(connection, "db") == now + 1
        )  # the good one committed, the broken one undone
    assert "extra" not in names
    assert migrate(engine, "db", good) == now + 1
    engine.dispose()
    with pytest.raises(
        SchemaTooNew, match=rf"schema version {now + 1}; this ClaimBench knows up to {now}"
    ) as info:
        ResultsStore.open(path)
    assert "upgrade" in str(info.value.hint)
    with pytest.raises(SchemaTooNew, match=f"version {now + 1}"):
        ResultsStore.open(path, read_only=True)


def test_a_run_of_an_older_schema_is_read_and_brought_up_to_date_whole(
    store: ResultsStore, run: list[Call], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.fill(store, run)
    old = store.path.with_name("old.db")
    engine = make_engine(old, "rwc")
    migrate(engine, "db", store_schema.MIGRATIONS[:1])
    engine.dispose()
    with closing(sqlite3.connect(store.path)) as now, closing(sqlite3.connect(old)) as then, then:
        for table in ("runs", "calls", "sessions", "intents", "attempts", "records"):
            rows = now.execute(f"SELECT * FROM {table}").fetchall()
            then.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    for read_only in (True, False):  # a reader takes it as it is
        with ResultsStore.open(old, create=False, read_only=read_only) as found:
            assert list(found.records(RUN)) == list(store.records(RUN))
            assert found.verify(RUN) == store.verify(RUN)
            assert found.runs() == store.runs()
            with found.engine.connect() as connection:
                assert store_schema.schema_version(connection, "db") == (
                    1 if read_only else store_schema.SCHEMA_VERSION
                )
    monkeypatch.setattr(store_schema, "OLDEST_READ", 5)
    with pytest.raises(StoreError, match="has schema version 4, this ClaimBench reads from 5 on"):
        ResultsStore.open(old, read_only=True)
    with ResultsStore.open(old, create=False) as found:
        writer = found.writer(RUN)
        with pytest.raises(StoreError, match="UNIQUE"):
            writer.record(make.record(run[0])).result(5)
        writer.close()


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from claimbench.store.results import ResultsStore as S;"
        " S.open(pathlib.Path(sys.argv[1]))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "bench.db")]) for _ in range(3)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]


@pytest.mark.parametrize("name", ["results", "results/bench.db", "results.v2", "mine.db"])
def test_a_new_database_is_made_where_the_name_says(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        with ResultsStore.open(tmp_path / name) as store:
            expected = tmp_path / name if name.endswith(".db") else tmp_path / name / "bench.db"
            assert store.path == expected
            assert expected.is_file()


def test_no_database(tmp_path: Path) -> None:
    for kwargs in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreError, match="there is no results database"):
            ResultsStore.open(tmp_path / "bench.db", **kwargs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_files_that_are_no_results_database(tmp_path: Path, read_only: bool) -> None:
    text = tmp_path / "notes.db"
    text.write_text("these are my notes, please keep them\n" * 100)
    with pytest.raises(StoreError, match=r"notes\.db: is not a results database"):
        ResultsStore.open(text, read_only=read_only)
    assert text.read_text().startswith("these are my notes")
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE customers (a)")
    connection.close()
    with pytest.raises(StoreError, match=r"not one of ClaimBench's \(tables: customers\)"):
        ResultsStore.open(foreign, read_only=read_only)


def test_damaged_database(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "bench.db"
    calls = make.calls(500)
    with ResultsStore.open(path) as store:
        store.create_run(make.manifest(), calls)
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
    """A new folder; its writing is forbidden by :func:`as_reader`. Root is held by no mode, so root
    becomes nobody.
    """
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


def test_read_only_folder_can_be_read_but_not_written(make: Any) -> None:
    with read_only_folder() as folder:
        with ResultsStore.open(folder) as store:
            store.create_run(make.manifest(), make.calls(3))
            with store.writer(RUN) as writer:
                writer.record(make.record(make.calls(1)[0]))
        assert not (folder / "bench.db-wal").exists()
        with as_reader(folder):
            with ResultsStore.open(folder, read_only=True) as store:
                assert store.finished(RUN) == {"call-0"}
                assert store.verify(RUN) == 2
                with pytest.raises(StoreError, match="reading only"):
                    store.start_session(RUN, host={})
                with pytest.raises(StoreError, match="reading only"):
                    store.writer(RUN)
            with pytest.raises(StoreError, match=r"read-only|cannot be opened") as info:
                ResultsStore.open(folder)
            assert "--results" in str(info.value.hint)
            with pytest.raises(StoreError, match="Permission denied"):
                ResultsStore.open(folder / "new" / "bench.db")


def test_read_only_folder_with_rows_in_the_wal_is_refused_rather_than_read_without_them() -> None:
    code = (
        "import os, sys; from pathlib import Path; from claimbench.store.results import"
        " ResultsStore as S\ns = S.open(Path(sys.argv[1])); c = s.engine.connect(); os._exit(0)"
    )
    with read_only_folder() as folder:
        subprocess.run([sys.executable, "-c", code, str(folder / "bench.db")], check=True)
        assert (folder / "bench.db-wal").stat().st_size > 0
        (folder / "bench.db-shm").unlink()
        with as_reader(folder), pytest.raises(StoreError, match=r"bench\.db-wal") as info:
            ResultsStore.open(folder, read_only=True)
        assert "copy the folder" in str(info.value.hint)


# --- the run's lock -------------------------------------------------------------------------------

_HOLD = """
import sys, time
from pathlib import Path
from claimbench.store.results import ResultsStore
with ResultsStore.open(Path(sys.argv[1])) as store, store.lock_run(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_process_is_told_the_pid_and_kill_9_frees_the_run(
    store: ResultsStore, run: list[Call]
) -> None:
    command = [sys.executable, "-c", _HOLD, str(store.path), RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert store.runs()[0].status == "running"
        with (
            pytest.raises(StoreError, match=f"worked on by process {child.pid}") as info,
            store.lock_run(RUN),
        ):
            pytest.fail("two processes hold one run")
        assert "--resume" in str(info.value.hint)
        child.send_signal(signal.SIGKILL)
    with store.lock_run(RUN):
        assert (store.run_folder(RUN) / "lock").read_text() == f"{os.getpid()}\n"
    assert store.runs()[0].status == "interrupted"
    with store.lock_run(RUN):
        pass
