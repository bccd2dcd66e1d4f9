"""Take a run out of the database, and leave a sign that it was there.

Rows of other runs keep their bodies, hashes and seals; only the numbers that the database gave
them close up, which no hash covers. The sign says what was removed and when, and is chained, so
that the list of removals cannot be shortened in the middle unseen. The texts of the run are
overwritten in SQLite's file; PostgreSQL uses their space again, and its archived log and backups
keep them until those are thrown away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine, Table, delete, func, insert, inspect, select

from claimbench.clock import Clock, SystemClock
from claimbench.codec import decode, encode
from claimbench.errors import IntegrityError, StoreError
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors, for_writing
from claimbench.store.place import Place
from claimbench.store.schema import chain, metadata, removed, runs, seals


class Database(Protocol):
    """An open results database, which may ask this module for what was removed from it."""

    @property
    def engine(self) -> Engine:
        """Return what talks to the file."""
        ...

    @property
    def path(self) -> Place:
        """Return the file or URL."""
        ...


@dataclass(frozen=True, slots=True)
class Removed:
    """One run that was removed: what it was, how many rows it had, and the last hashes of it.

    ``seal_sha256`` is empty for a run of before there were seals.
    """

    run_id: str
    removed_utc: str
    created_utc: str
    suite_name: str
    suite_version: str
    measured_sha256: str
    manifest_sha256: str
    seal_sha256: str
    rows: int


def remove_run(store: Database, run_id: str, *, clock: Clock | None = None) -> Removed:
    """Remove a run and all its rows, and leave a sign of it; hold the store's ``lock_run``.

    The rows of other runs verify as before. Files of the run's folder are left to the caller.

    Raises:
        StoreError: there is no such run; IntegrityError: rows of the database are missing already:
            closing up their numbers would hide it.
    """
    utc = (clock or SystemClock()).utc().isoformat()
    with clear_errors(store.path), for_writing(store.engine).begin() as connection:
        dialect_of(connection).hold_runs(connection)
        dialect_of(connection).hold_rows(connection, run_id)
        known = connection.execute(select(runs.c.seq).where(runs.c.run_id == run_id)).first()
        if known is None:
            raise StoreError(f"{store.path}: there is no run {run_id!r}")
        return _remove(connection, store.path, run_id, utc)


def removed_runs(store: Database) -> list[Removed]:
    """Return the runs that were removed, the latest last.

    Raises:
        IntegrityError: one of the signs was changed, or is missing before another.
    """
    with clear_errors(store.path), store.engine.connect() as connection:
        return _removals(connection, store.path)


def naming(store: Database, run_id: str) -> list[str]:
    """Return the runs whose suites name this one: as a baseline, or to replay its answers."""
    query = select(runs.c.run_id, runs.c.body).where(runs.c.run_id != run_id)
    with clear_errors(store.path), store.engine.connect() as connection:
        query = query.where(dialect_of(connection).position(runs.c.body, run_id) > 0)
        rows = connection.execute(query.order_by(runs.c.created_utc, runs.c.seq))
        return [row.run_id for row in rows if _suite_names(row.body, run_id)]


def _suite_names(body: str, run_id: str) -> bool:
    """Say whether the suite in a manifest names a run; a manifest that cannot be read does not."""
    try:
        return run_id in json.dumps(json.loads(body)["suite"], ensure_ascii=False)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def removed_at(store: Database) -> dict[str, str]:
    """Return when each removed run was removed, by its id; raises as :func:`removed_runs`."""
    return {one.run_id: one.removed_utc for one in removed_runs(store)}


def _remove(connection: Connection, path: Place, run_id: str, removed_utc: str) -> Removed:
    """Remove every row of a run that is there, in the caller's one writing transaction.

    Raises:
        IntegrityError: rows of this database are missing already: closing up their numbers would
            hide it.
    """
    there = set(inspect(connection).get_table_names())
    tables = [table for table in metadata.tables.values() if table.name in there]
    mine = [table for table in tables if "run_id" in table.c and table is not removed]
    dialect = dialect_of(connection)
    numbered = [table for table in mine if "seq" in table.c and dialect.is_gapless(table)]
    for table in numbered:
        _refuse_gaps(connection, table, path)
    sign = _sign(connection, mine, run_id, removed_utc)
    lifted = dialect.begin_removal(connection, mine, run_id)
    for table in reversed(mine):  # children before parents
        connection.execute(delete(table).where(table.c.run_id == run_id))
    for table in numbered:
        dialect.close_up(connection, table)
    dialect.end_removal(connection, lifted)
    last = select(removed.c.sha256).order_by(removed.c.seq.desc()).limit(1)
    body = encode(sign)
    sha256 = chain(str(connection.execute(last).scalar() or ""), body)
    number = dialect.next_number(connection, removed)
    row = {**number, "run_id": run_id, "body": body, "sha256": sha256}
    connection.execute(insert(removed), [row])
    return sign


def _removals(connection: Connection, path: Place) -> list[Removed]:
    if removed.name not in inspect(connection).get_table_names():
        return []
    found, previous = [], ""
    rows = connection.execute(select(removed).order_by(removed.c.seq)).all()
    for number, row in enumerate(rows, start=1):
        if chain(previous, row.body) != row.sha256 or row.seq != number:
            raise IntegrityError(
                f"{path}: the list of removed runs is not what was written (entry {number})",
                hint="restore the database from a backup",
            )
        previous = row.sha256
        found.append(decode(Removed, row.body))
    return found


def compact(store: Database) -> None:
    """Give the space of removed rows back and overwrite it; nobody else may be at work.

    Raises:
        StoreError: another process uses the database, or the disk has no room for a copy.
    """
    with clear_errors(store.path), store.engine.connect() as connection:
        dialect_of(connection).compact(connection)


def _refuse_gaps(connection: Connection, table: Table, path: Place) -> None:
    query = select(func.count(), func.min(table.c.seq), func.max(table.c.seq))
    n, first, last = connection.execute(query.select_from(table)).one()
    if n and (first, last) != (1, n):
        raise IntegrityError(
            f"{path}: {table.name}: {n} rows are numbered {first} to {last}: rows were moved or"
            " removed by another program, and removing a run would hide it",
            hint="restore the database from a backup, or use another results folder",
        )


def _sign(connection: Connection, tables: list[Table], run_id: str, removed_utc: str) -> Removed:
    run = connection.execute(select(runs).where(runs.c.run_id == run_id)).one()
    n = 0
    for table in tables:
        count = select(func.count()).select_from(table).where(table.c.run_id == run_id)
        n += int(connection.execute(count).scalar_one())
    seal = None
    if seals in tables:
        newest = select(seals.c.sha256).where(seals.c.run_id == run_id)
        seal = connection.execute(newest.order_by(seals.c.seq.desc()).limit(1)).scalar()
    return Removed(
        run_id=run_id,
        removed_utc=removed_utc,
        created_utc=run.created_utc,
        suite_name=run.suite_name,
        suite_version=run.suite_version,
        measured_sha256=run.measured_sha256,
        manifest_sha256=run.sha256,
        seal_sha256=str(seal or ""),
        rows=n,
    )
