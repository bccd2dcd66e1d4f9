"""The results database: what was planned, sent, answered and derived, for every run. Raw rows are
only ever added.

This package alone knows SQL. One SQLite file, ``results/bench.db``, or one PostgreSQL database
holds all runs; ``results/<run_id>/`` holds a run's reports and, beside SQLite, its lock.
``docs/architecture.md`` has the tables, ``docs/postgresql.md`` what a URL changes.

Every fault (no folder, no rights, full disk, foreign or damaged file, newer schema, a lock) is a
:class:`~claimbench.errors.StoreError` that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    exists,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from claimbench.clock import Clock, SystemClock
from claimbench.codec import decode, decode_all, encode
from claimbench.errors import IntegrityError, StoreError
from claimbench.packed import Packed
from claimbench.store import schema
from claimbench.store.catalogue.removal import removed_at
from claimbench.store.dialects.lost_commit import HeldLock
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import (
    BUSY_TIMEOUT_S,
    clear_errors,
    for_writing,
    is_damage,
    lock_asker,
    open_database,
    run_lock_at,
)
from claimbench.store.place import DatabaseUrl, Place, folder_of, page_name
from claimbench.store.runs import RunInfo, checked_run_id, find_run, intent_of, list_runs
from claimbench.store.seals import seal_run
from claimbench.store.seen_rows import packed_plan, plan_bodies
from claimbench.store.verify import Seen, verify_rows
from claimbench.store.whole_run import (
    check_plan,
    insert_chained,
    insert_ended_sessions,
    insert_run,
    insert_session,
    storable,
)
from claimbench.store.writer import RunWriter
from claimbench.types import (
    Attempt,
    Call,
    CallRecord,
    Intent,
    Json,
    Look,
    Manifest,
    Outcome,
    Session,
)

__all__ = ["Intent", "ResultsStore", "RunInfo", "RunWriter"]

T = TypeVar("T")


class ResultsStore:
    """The results database; made by :meth:`open`, closed by :meth:`close` or as a context manager.

    Methods that read may be called from any thread. Rows of a run in progress are added through
    :meth:`writer`.
    """

    def __init__(
        self, engine: Engine, path: Place, *, read_only: bool, remarks: Sequence[str] = ()
    ) -> None:
        self.engine = engine
        self.path = path
        self.read_only = read_only
        self.remarks = remarks
        """What people should know of the connection, such as that it is not encrypted."""
        self._dialect = dialect_of(engine)
        self._locks: dict[str, HeldLock] = {}

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> ResultsStore:
        """Open the database at ``path`` (the file, the results folder, or a URL), bringing its
        schema up to date.

        Args:
            path: ``bench.db``, or the folder that holds it or shall hold it; or a URL.
            create: make file and folder where they are missing; otherwise that is an error.
            read_only: change nothing, not even the schema; works on a folder that cannot be
                written.
            busy_timeout_s: how long to wait for another process that writes.

        Raises:
            StoreError: it cannot be used; SchemaTooNew: a newer ClaimBench wrote it;
                IntegrityError: a table, index, trigger or view of it is foreign, missing or
                changed.
        """
        remarks: list[str] = []
        mode = (create, read_only, busy_timeout_s)
        path, engine = open_database(path, mode, remarks)
        return cls(engine, path, read_only=read_only, remarks=remarks)

    def close(self) -> None:
        """Give the file back. Close the writers first."""
        self.engine.dispose()

    def __enter__(self) -> ResultsStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- runs -------------------------------------------------------------------------------------

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a run's lock and reports; it need not exist yet.

        Raises:
            IntegrityError: the id is no name of a folder.
        """
        return self.folder / checked_run_id(run_id, self.path)

    @property
    def folder(self) -> Path:
        """Return the folder of reports and other files: the database's own, or ``./results`` where
        it has a URL.
        """
        return folder_of(self.path)

    @property
    def index_page(self) -> Path:
        """Return the page of all runs; databases with a URL have one each in the same folder."""
        if isinstance(self.path, DatabaseUrl):
            return self.folder / f"index-{page_name(self.path)}.html"
        return self.folder / "index.html"

    def runs(self) -> list[RunInfo]:
        """Return all runs, the newest last."""
        with self._reading() as connection:
            return list_runs(connection, self.path, lock_asker(connection, self.path))

    def resolve_run(self, name: str | None) -> str:
        """Return the run that ``name`` means: its id, the unique beginning of one, its folder, or
        ``latest``/None.

        Raises:
            StoreError: no run, or several, with the nearest ids, or one that was removed, with
                when; IntegrityError: the signs of removed runs were changed.
        """
        return find_run(name, self._run_ids(), self.path, lambda: removed_at(self))

    def create_run(self, manifest: Manifest, calls: Sequence[Call]) -> None:
        """Store a new run with its plan, in one transaction.

        Raises:
            StoreError: the run is there already, or a call belongs to another run or comes twice.
        """
        check_plan(manifest, calls)
        with self._writing(manifest.run_id, new=True) as connection:
            insert_run(connection, manifest, calls, self._run_ids(connection), self.path)
            seal_run(connection, manifest.run_id)

    def add_whole_run(
        self,
        manifest: Manifest,
        calls: Sequence[Call],
        sessions: Sequence[Session],
        attempts: Sequence[Attempt],
        records: Sequence[CallRecord],
    ) -> None:
        """Store a run that is finished elsewhere, all of it in one transaction: a fault or a kill
        leaves nothing. Rows are chained as the writer chains them; ``sessions`` have ended.

        Raises:
            StoreError: as :meth:`create_run`.
        """
        check_plan(manifest, calls)
        with self._writing(manifest.run_id, new=True) as connection:
            last = insert_run(connection, manifest, calls, self._run_ids(connection), self.path)
            insert_ended_sessions(connection, sessions)
            insert_chained(connection, manifest.run_id, attempts, last)
            insert_chained(connection, manifest.run_id, records, last)
            seal_run(connection, manifest.run_id)

    @contextmanager
    def lock_run(self, run_id: str) -> Iterator[None]:
        """Hold the run for this process while the block runs; freed by the kernel, or by the
        server, if the process is killed.

        Raises:
            StoreError: on entering, if another process has it; which one is said.
        """
        self._check_writable()
        with run_lock_at(self.path, self.run_folder(run_id), run_id) as held:
            if held is not None:
                self._locks[run_id] = held
            try:
                yield
            finally:
                self._locks.pop(run_id, None)

    def writer(self, run_id: str) -> RunWriter:
        """Start the background writer of a run (one per process; hold :meth:`lock_run`)."""
        self._check_writable()
        with self._reading() as connection:
            self._body(connection, run_id)
        return RunWriter(self.engine, self.path, run_id, self._locks.get(run_id))

    # --- sessions ---------------------------------------------------------------------------------

    def start_session(
        self,
        run_id: str,
        *,
        host: Mapping[str, Json],
        calibration: Mapping[str, Json] | None = None,
        clock: Clock | None = None,
    ) -> Session:
        """Begin the run's next session (1, 2, ...); UTC and the monotonic origin are read together,
        here.
        """
        clock = clock or SystemClock()
        with self._writing(run_id) as connection:
            session = insert_session(connection, run_id, dict(host), dict(calibration or {}), clock)
            seal_run(connection, run_id)
        return session

    def end_session(
        self,
        run_id: str,
        n: int,
        reason: str,
        loop_lag_ms: Mapping[str, float],
        *,
        clock: Clock | None = None,
    ) -> None:
        """Store how and when session ``n`` ended, once. ``loop_lag_ms``: the event loop's lag, e.g.
        p50, p99, max.
        """
        sessions = schema.sessions
        utc, lag = (clock or SystemClock()).utc().isoformat(), encode(dict(loop_lag_ms))
        ended = {"ended_utc": utc, "end_reason": storable(reason), "loop_lag_ms": lag}
        with self._writing(run_id) as connection:
            done = connection.execute(
                update(sessions).where(sessions.c.run_id == run_id, sessions.c.n == n).values(ended)
            )
            if done.rowcount != 1:
                raise StoreError(f"{self.path}: run {run_id} has no session {n}")
            seal_run(connection, run_id)

    def sessions(self, run_id: str) -> list[Session]:
        """Return the run's sessions in order; one that was killed has no ``ended_utc``."""
        sessions = schema.sessions
        query = select(sessions).where(sessions.c.run_id == run_id).order_by(sessions.c.n)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        result = []
        for row in rows:
            session = replace(
                decode(Session, row.body),
                ended_utc=row.ended_utc,
                end_reason=row.end_reason,
                loop_lag_ms=decode(dict, row.loop_lag_ms or "{}"),
            )
            result.append(session)
        return result

    # --- raw rows ---------------------------------------------------------------------------------

    def manifest(self, run_id: str) -> Manifest:
        """Return the run's manifest; StoreError if there is no such run."""
        with self._reading() as connection:
            return decode(Manifest, self._body(connection, run_id)[0])

    def calls(self, run_id: str) -> Packed[Call]:
        """Return the planned calls in their order, packed: they may be a million."""
        with self._reading() as connection:
            return packed_plan(connection, run_id)

    def planned(self, run_id: str) -> Iterator[Call]:
        """Read the planned calls in their order, one by one."""
        with self._reading() as connection:
            bodies = plan_bodies(connection, run_id)
            yield from decode_all(Call, chain.from_iterable(bodies))

    def finished(self, run_id: str) -> set[str]:
        """Return the ids of the calls that have a record."""
        records = schema.records
        query = select(records.c.call_id).where(records.c.run_id == run_id)
        with self._reading() as connection:
            return set(connection.execute(query).scalars())

    def missing(self, run_id: str) -> dict[str, Outcome]:
        """Return the finished calls without an answer (:attr:`Outcome.missing`), by id: they may be
        asked again.

        ``cancelled`` is a judge's call that was not asked, for want of an answer to judge.
        """
        records = schema.records
        query = select(records.c.call_id, records.c.outcome)
        query = query.where(records.c.run_id == run_id).order_by(records.c.seq)
        with self._reading() as connection:
            last = {row.call_id: Outcome(row.outcome) for row in connection.execute(query)}
        return {call_id: outcome for call_id, outcome in last.items() if outcome.missing}

    def unfinished_intents(self, run_id: str) -> list[Intent]:
        """Return intents without their attempt: in flight when a process died, or in flight now."""
        intents = schema.intents
        attempts = schema.attempts
        same = and_(
            attempts.c.run_id == intents.c.run_id,
            attempts.c.call_id == intents.c.call_id,
            attempts.c.number == intents.c.attempt_number,
            attempts.c.session == intents.c.session,
        )
        query = (
            select(intents)
            .outerjoin(attempts, same)
            .where(intents.c.run_id == run_id, attempts.c.seq.is_(None))
            .order_by(intents.c.seq)
        )
        with self._reading() as connection:
            return [intent_of(row) for row in connection.execute(query)]

    def intents(self, run_id: str) -> Iterator[Intent]:
        """Read every intent, in the order of commit."""
        intents = schema.intents
        query = select(intents).where(intents.c.run_id == run_id).order_by(intents.c.seq)
        with self._reading() as connection:
            for row in connection.execute(query).yield_per(1000):
                yield intent_of(row)

    def attempts(self, run_id: str) -> Iterator[Attempt]:
        """Read every attempt, in the order of commit."""
        return self._stream(schema.attempts, Attempt, run_id)

    def records(self, run_id: str, *, replaced: bool = False) -> Iterator[CallRecord]:
        """Read the record of every finished call, in the order of commit.

        A call that failed and was asked again has several, of which the last counts; ``replaced``:
        give them all.
        """
        records = schema.records
        later = schema.records.alias("later")
        followed = exists().where(
            later.c.run_id == records.c.run_id,
            later.c.call_id == records.c.call_id,
            later.c.seq > records.c.seq,
        )
        return self._stream(records, CallRecord, run_id, None if replaced else ~followed)

    def looks(self, run_id: str) -> list[Look]:
        """Return the interim looks that were taken, in order."""
        looks = schema.looks
        query = select(looks.c.body).where(looks.c.run_id == run_id).order_by(looks.c.k)
        with self._reading() as connection:
            return [decode(Look, row.body) for row in connection.execute(query)]

    # --- derived rows and integrity ---------------------------------------------------------------

    def save_derived(self, run_id: str, kind: str, key: str, rows: Mapping[str, object]) -> None:
        """Store what was computed from raw rows: scores, costs.

        Args:
            run_id: the run.
            kind: what it is, e.g. ``score``.
            key: what it was computed with, e.g. scorer name and version, or the hash of a price
                book.
            rows: row id (e.g. the call id) -> a dataclass of ours or a JSON value. Rows of the same
                id, kind and key are replaced; all others stay.
        """
        values = [
            {"run_id": run_id, "kind": kind, "key": key, "row_id": row_id, "body": encode(row)}
            for row_id, row in rows.items()
        ]
        if not values:
            return
        columns = ["run_id", "kind", "key", "row_id"]
        upsert = self._dialect.upsert(schema.derived, columns, ["body"])
        with self._writing(run_id) as connection:
            connection.execute(upsert, values)
            seal_run(connection, run_id)

    def derived(self, run_id: str, kind: str, key: str, cls: type[T]) -> dict[str, T]:
        """Return what :meth:`save_derived` stored, as ``cls`` (``dict``, ``float`` ... for JSON
        values); empty if nothing.
        """
        table = schema.derived
        query = select(table.c.row_id, table.c.body).where(
            table.c.run_id == run_id, table.c.kind == kind, table.c.key == key
        )
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.c.row_id))
            return {row.row_id: decode(cls, row.body) for row in rows}

    def derived_keys(self, run_id: str, kind: str) -> list[str]:
        """Return the keys under which rows of ``kind`` are stored."""
        table = schema.derived
        query = select(table.c.key).where(table.c.run_id == run_id, table.c.kind == kind)
        query = query.distinct().order_by(table.c.key)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def verify(self, run_id: str, seen: Mapping[str, Seen] | None = None) -> int:
        """Recompute the hashes of every table of a run and ask its rows for their rules
        (:mod:`claimbench.store.verify`); return how many chained rows agree: the manifest, attempts
        and records. ``seen``: table -> what takes the bodies of attempts or records on the way.

        Raises:
            IntegrityError: a row was changed, added or removed; the table and, where it can be
                known, the row is named.
        """
        try:
            with self._reading() as connection:
                self._body(connection, run_id)
                return verify_rows(connection, self.path, run_id, seen, beside=True)
        except StoreError as error:
            if isinstance(error.__cause__, OperationalError) and is_damage(error.__cause__):
                raise IntegrityError(str(error), hint=error.hint) from error
            raise

    # --- inside -----------------------------------------------------------------------------------

    def _stream(
        self, table: Table, cls: type[T], run_id: str, where: ColumnElement[bool] | None = None
    ) -> Iterator[T]:
        with self._reading() as connection:
            query = select(table.c.body).where(table.c.run_id == run_id).order_by(table.c.seq)
            query = query if where is None else query.where(where)
            rows = connection.execute(query).yield_per(1000).scalars().partitions(1000)
            yield from decode_all(cls, chain.from_iterable(rows))

    def _run_ids(self, connection: Connection | None = None) -> list[str]:
        query = select(schema.runs.c.run_id).order_by(schema.runs.c.created_utc, schema.runs.c.seq)
        if connection is not None:
            ids = list(connection.execute(query).scalars())
        else:
            with self._reading() as own:
                ids = list(own.execute(query).scalars())
        return [checked_run_id(run_id, self.path) for run_id in ids]

    def _body(self, connection: Connection, run_id: str) -> tuple[str, str]:
        runs = schema.runs
        query = select(runs.c.body, runs.c.sha256).where(runs.c.run_id == run_id)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise StoreError(
                f"{self.path}: there is no run {run_id!r}", hint="bench list shows them all"
            )
        return row.body, row.sha256

    def _check_writable(self) -> None:
        if self.read_only:
            raise StoreError(f"{self.path}: is open for reading only")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with clear_errors(self.path), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self, run_id: str, *, new: bool = False) -> Iterator[Connection]:
        """Give a transaction that alone adds rows to the run; ``new``: and alone adds runs."""
        self._check_writable()
        with clear_errors(self.path), for_writing(self.engine).begin() as connection:
            if new:
                self._dialect.hold_runs(connection)
            self._dialect.hold_rows(connection, run_id)
            yield connection
