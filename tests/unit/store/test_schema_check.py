"""A database that holds more, less or other than our tables, indexes and triggers is refused where
it is opened, for reading and before anything is written.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import IntegrityError
from claimbench.store import schema as store_schema
from claimbench.store.dialects.migrate import migrate
from claimbench.store.engine import make_engine
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "20260101T000000Z-aaaaaa"

pytestmark = pytest.mark.only_sqlite
FOREIGN = {
    "a trigger that deletes": (
        "CREATE TRIGGER evil AFTER INSERT ON seals BEGIN DELETE FROM records; END",
        "the trigger evil is foreign",
    ),
    "a trigger that changes": (
        "CREATE TRIGGER t BEFORE INSERT ON attempts BEGIN UPDATE sessions SET end_reason = 'x'; END",
        "the trigger t is foreign",
    ),
    "a trigger called like SQLite's own": (
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('trigger', 'sqlite_x', 'runs',"
        " 0, 'CREATE TRIGGER sqlite_x AFTER INSERT ON runs BEGIN SELECT 1; END')",
        "the trigger sqlite_x is foreign",
    ),
    "our own trigger gone": ("DROP TRIGGER calls_no_delete", "calls_no_delete is missing"),
    "our own trigger made harmless": (
        "DROP TRIGGER runs_no_update; CREATE TRIGGER runs_no_update BEFORE UPDATE ON runs BEGIN"
        " SELECT 1; END",
        "the trigger runs_no_update is not as ClaimBench makes it",
    ),
    "a table": ("CREATE TABLE notes (a)", "the table notes is foreign"),
    "a view": ("CREATE VIEW v AS SELECT * FROM runs", "the view v is foreign"),
    "a view for a table": (
        "ALTER TABLE derived RENAME TO d2; CREATE VIEW derived AS SELECT * FROM d2",
        "the view derived is foreign",
    ),
    "a table gone": ("DROP TABLE seals", "the table seals is missing"),
    "a column": ("ALTER TABLE records ADD COLUMN x", "the table records is not as"),
    "an index": ("CREATE UNIQUE INDEX u ON records (call_id)", "the index u is foreign"),
    "an index gone": ("DROP INDEX attempts_by_run", "the index attempts_by_run is missing"),
    "a row of meta": ("INSERT INTO meta VALUES ('x', 'y')", "the row 'x' of meta is foreign"),
    "a version of another program": ("PRAGMA user_version = 99", "user_version is 99"),
    "an older version": ("UPDATE meta SET value = '2'", "the table seals is foreign"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_foreign_or_missing_is_named_and_nothing_is_written(
    store: ResultsStore, run: list[Call], make: Any, name: str
) -> None:
    make.fill(store, run)
    store.close()
    sql, named = FOREIGN[name]
    with closing(sqlite3.connect(store.path)) as connection:
        connection.executescript(sql)
        before = list(_dump(connection))
    for read_only in (True, False):
        with pytest.raises(IntegrityError, match="changed by another program") as info:
            ResultsStore.open(store.path, read_only=read_only, create=False)
        assert named in str(info.value)
        assert info.value.exit_code == 5
        assert "backup" in str(info.value.hint)
    with closing(sqlite3.connect(store.path)) as connection:
        assert list(_dump(connection)) == before


def _dump(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return [
        *connection.execute("SELECT type, name, sql FROM sqlite_master"),
        *connection.execute("SELECT * FROM meta"),
        *connection.execute("SELECT * FROM records"),
    ]


def test_many_faults_are_counted(store: ResultsStore, run: list[Call]) -> None:
    store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = [name for (name,) in rows]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
    with pytest.raises(IntegrityError, match=f"and {len(names) - 4} more"):
        ResultsStore.open(store.path, read_only=True)


@pytest.mark.parametrize("version", range(1, store_schema.SCHEMA_VERSION + 1))
def test_every_version_of_ours_is_taken_and_an_older_one_is_checked_as_itself(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "bench.db"
    engine = make_engine(path, "rwc")
    migrate(engine, "db", store_schema.MIGRATIONS[:version])
    engine.dispose()
    ResultsStore.open(path, read_only=True).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER looks_no_update")
    for read_only in (True, False):
        with pytest.raises(IntegrityError, match="looks_no_update is missing"):
            ResultsStore.open(path, read_only=read_only)


@pytest.mark.parametrize("sql", ["ANALYZE", "VACUUM", "REINDEX", "PRAGMA optimize"])
def test_what_looks_after_a_database_leaves_it_ours(
    store: ResultsStore, run: list[Call], make: Any, sql: str
) -> None:
    make.fill(store, run)
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.execute(sql)
    with ResultsStore.open(store.path, create=False) as again:
        assert again.verify(RUN) == store.verify(RUN)


@pytest.mark.parametrize("table", ["records", "attempts", "intents", "seals", "runs"])
def test_rows_that_were_renumbered_are_found(
    store: ResultsStore, run: list[Call], make: Any, table: str
) -> None:
    make.fill(store, run)
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        trigger = f"{table}_no_update"
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (trigger,)
        ).fetchone()
        connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(f"UPDATE {table} SET seq = seq + 100")
        connection.execute(sql)
    with (
        ResultsStore.open(store.path, read_only=True) as again,
        pytest.raises(IntegrityError, match=f"{table}: .* are numbered 101 to"),
    ):
        again.verify(RUN)
