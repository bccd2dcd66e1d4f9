"""The results database: what was planned, sent, answered and derived, for every run. Raw rows are
only ever added.

This module and its ``store_*`` neighbours are the only ones that know SQL. One SQLite file,
``results/bench.db``, holds all runs; ``results/<run_id>/`` holds a run's lock and its reports.
``docs/architecture.md`` has the tables.

Every fault (no folder, no rights, full disk, foreign or damaged file, newer schema, a lock) is a
:class:`~claimbench.errors.StoreError` that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert

from claimbench.clock import Clock, SystemClock
from claimbench.codec import decode, decode_all, encode
from claimbench.errors import StoreError
from claimbench.store import schema
from claimbench.store.engine import (
    BUSY_TIMEOUT_S,
    clear_errors,
    for_writing,
    open_database,
    run_lock,
)
from claimbench.store.runs import RunInfo, find_run, list_runs
from claimbench.store.verify import verify_rows
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

    def __init__(self, engine: Engine, path: Path, *, read_only: bool) -> None:
        self.engine = engine
        self.path = path
        self.read_only = read_only

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> ResultsStore:
        """Open the database at ``path`` (the file, or the results folder), bringing its schema up
        to date.

        Args:
            path: ``bench.db``, or the folder that holds it or shall hold it.
            create: make file and folder where they are missing; otherwise that is an error.
            read_only: change nothing, not even the schema; works on a folder that cannot be
                written.
            busy_timeout_s: how long to wait for another process that writes.

        Raises:
            StoreError: it cannot be used; SchemaTooNew: a newer ClaimBench wrote it.
        """
        path, engine = open_database(
            path, create=create, read_only=read_only, busy_timeout_s=busy_timeout_s
        )
        return cls(engine, path, read_only=read_only)

    def close(self) -> None:
        """Give the file back. Close the writers first."""
        self.engine.dispose()

    def __enter__(self) -> ResultsStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    # --- runs -------------------------------------------------------------------------------------

    def run_folder(self, run_id: str) -> Path:
        """Where a run's lock and reports lie; it need not exist yet."""
        return self.path.parent / run_id

    def runs(self) -> list[RunInfo]:
        """All runs, the newest last."""
        with self._reading() as connection:
            return list_runs(connection, self.path.parent)

    def resolve_run(self, name: str | None) -> str:
        """The run that ``name`` means: its id, the unique beginning of one, its folder, or
        ``latest``/None.

        Raises:
            StoreError: no run, or several, with the nearest ids.
        """
        return find_run(name, self._run_ids(), self.path)

    def create_run(self, manifest: Manifest, calls: Sequence[Call]) -> None:
        """Store a new run with its plan, in one transaction.

        Raises:
            StoreError: the run is there already, or a call belongs to another run or comes twice.
        """
        ids = {call.id for call in calls}
        if len(ids) != len(calls) or any(call.run_id != manifest.run_id for call in calls):
            raise StoreError(
                f"the plan of run {manifest.run_id} has calls of another run, or one call twice"
            )
        body = encode(manifest)
        run = {
            "run_id": manifest.run_id,
            "created_utc": manifest.created_utc,
            "suite_name": manifest.suite_name,
            "suite_version": manifest.suite_version,
            "measured_sha256": manifest.measured_sha256,
            "body": body,
            "sha256": schema.chain("", body),
        }
        rows = [_call_row(call) for call in calls]
        with self._writing() as connection:
            if manifest.run_id in self._run_ids(connection):
                raise StoreError(
                    f"{self.path}: run {manifest.run_id} is there already",
                    hint="continue it with --resume",
                )
            connection.execute(insert(schema.runs), [run])
            if rows:
                connection.execute(insert(schema.calls), rows)

    def lock_run(self, run_id: str) -> AbstractContextManager[None]:
        """Hold the run for this process while the block runs; freed by the kernel if the process is
        killed.

        Raises:
            StoreError: on entering, if another process has it; its pid is named.
        """
        self._check_writable()
        return run_lock(self.run_folder(run_id))

    def writer(self, run_id: str) -> RunWriter:
        """The background writer of a run (one per process; hold :meth:`lock_run`)."""
        self._check_writable()
        with self._reading() as connection:
            self._body(connection, run_id)
        return RunWriter(self.engine, self.path, run_id)

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
        t = schema.sessions
        with self._writing() as connection:
            newest = connection.execute(
                select(func.max(t.c.n)).where(t.c.run_id == run_id)
            ).scalar()
            session = Session(
                run_id=run_id,
                n=int(newest or 0) + 1,
                started_utc=clock.utc().isoformat(),
                monotonic_origin_ns=clock.monotonic_ns(),
                host=dict(host),
                calibration=dict(calibration or {}),
            )
            row = {
                "run_id": run_id,
                "n": session.n,
                "started_utc": session.started_utc,
                "body": encode(session),
            }
            connection.execute(insert(t), [row])
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
        t = schema.sessions
        ended = {
            "ended_utc": (clock or SystemClock()).utc().isoformat(),
            "end_reason": reason,
            "loop_lag_ms": encode(dict(loop_lag_ms)),
        }
        with self._writing() as connection:
            done = connection.execute(
                update(t).where(t.c.run_id == run_id, t.c.n == n).values(ended)
            )
            if done.rowcount != 1:
                raise StoreError(f"{self.path}: run {run_id} has no session {n}")

    def sessions(self, run_id: str) -> list[Session]:
        """The run's sessions in order; one that was killed has no ``ended_utc``."""
        t = schema.sessions
        with self._reading() as connection:
            rows = connection.execute(select(t).where(t.c.run_id == run_id).order_by(t.c.n)).all()
        return [
            replace(
                decode(Session, row.body),
                ended_utc=row.ended_utc,
                end_reason=row.end_reason,
                loop_lag_ms=decode(dict, row.loop_lag_ms or "{}"),
            )
            for row in rows
        ]

    # --- raw rows ---------------------------------------------------------------------------------

    def manifest(self, run_id: str) -> Manifest:
        """The run's manifest; StoreError if there is no such run."""
        with self._reading() as connection:
            return decode(Manifest, self._body(connection, run_id)[0])

    def calls(self, run_id: str, finished: Iterable[CallRecord] = ()) -> list[Call]:
        """The planned calls in their order; those of ``finished`` are taken from there: a record
        holds its call.
        """
        t = schema.calls
        known = {record.call.id: record.call for record in finished}
        mine = t.c.run_id == run_id
        with self._reading() as connection:
            ids = (
                connection.execute(
                    select(t.c.call_id).where(mine).order_by(t.c.position, t.c.call_id)
                )
                .scalars()
                .all()
            )
            if not known.keys() >= set(ids):
                rows = connection.execute(select(t.c.call_id, t.c.body).where(mine))
                known |= {
                    call_id: decode(Call, body) for call_id, body in rows if call_id not in known
                }
        return [known[call_id] for call_id in ids]

    def finished(self, run_id: str) -> set[str]:
        """Ids of the calls that have a record."""
        t = schema.records
        with self._reading() as connection:
            return set(
                connection.execute(select(t.c.call_id).where(t.c.run_id == run_id)).scalars()
            )

    def missing(self, run_id: str) -> dict[str, Outcome]:
        """The finished calls without an answer (:attr:`Outcome.missing`), by id: they may be asked
        again.

        ``cancelled`` is a judge's call that was not asked, for want of an answer to judge.
        """
        t = schema.records
        query = select(t.c.call_id, t.c.outcome).where(t.c.run_id == run_id).order_by(t.c.seq)
        with self._reading() as connection:
            last = {row.call_id: Outcome(row.outcome) for row in connection.execute(query)}
        return {call_id: outcome for call_id, outcome in last.items() if outcome.missing}

    def unfinished_intents(self, run_id: str) -> list[Intent]:
        """Intents without their attempt: in flight when a process died (or being in flight now)."""
        t, a = schema.intents, schema.attempts
        same = and_(
            a.c.run_id == t.c.run_id,
            a.c.call_id == t.c.call_id,
            a.c.number == t.c.attempt_number,
            a.c.session == t.c.session,
        )
        query = (
            select(t)
            .outerjoin(a, same)
            .where(t.c.run_id == run_id, a.c.seq.is_(None))
            .order_by(t.c.seq)
        )
        with self._reading() as connection:
            return [_intent(row) for row in connection.execute(query)]

    def intents(self, run_id: str) -> Iterator[Intent]:
        """Every intent, in the order of commit."""
        t = schema.intents
        with self._reading() as connection:
            query = select(t).where(t.c.run_id == run_id).order_by(t.c.seq)
            for row in connection.execute(query).yield_per(1000):
                yield _intent(row)

    def attempts(self, run_id: str) -> Iterator[Attempt]:
        """Every attempt, in the order of commit."""
        return self._stream(schema.attempts, Attempt, run_id)

    def records(self, run_id: str, *, replaced: bool = False) -> Iterator[CallRecord]:
        """The record of every finished call, in the order of commit.

        A call that failed and was asked again has several, of which the last counts; ``replaced``:
        give them all.
        """
        t, later = schema.records, schema.records.alias("later")
        followed = exists().where(
            later.c.run_id == t.c.run_id, later.c.call_id == t.c.call_id, later.c.seq > t.c.seq
        )
        return self._stream(t, CallRecord, run_id, None if replaced else ~followed)

    def looks(self, run_id: str) -> list[Look]:
        """The interim looks that were taken, in order."""
        t = schema.looks
        with self._reading() as connection:
            query = select(t.c.body).where(t.c.run_id == run_id).order_by(t.c.k)
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
        statement = insert(schema.derived)
        columns = ["run_id", "kind", "key", "row_id"]
        upsert = statement.on_conflict_do_update(
            index_elements=columns, set_={"body": statement.excluded.body}
        )
        with self._writing() as connection:
            connection.execute(upsert, values)

    def derived(self, run_id: str, kind: str, key: str, cls: type[T]) -> dict[str, T]:
        """What :meth:`save_derived` stored, as ``cls`` (``dict``, ``float`` ... for JSON values);
        empty if nothing.
        """
        t = schema.derived
        query = select(t.c.row_id, t.c.body).where(
            t.c.run_id == run_id, t.c.kind == kind, t.c.key == key
        )
        with self._reading() as connection:
            return {
                row.row_id: decode(cls, row.body)
                for row in connection.execute(query.order_by(t.c.row_id))
            }

    def derived_keys(self, run_id: str, kind: str) -> list[str]:
        """The keys under which rows of ``kind`` are stored."""
        t = schema.derived
        query = (
            select(t.c.key)
            .where(t.c.run_id == run_id, t.c.kind == kind)
            .distinct()
            .order_by(t.c.key)
        )
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def verify(self, run_id: str) -> int:
        """Recompute the hashes of the manifest, the attempts and the records; return how many rows
        agree.

        Raises:
            IntegrityError: a row was changed, or one before it was removed; the call is named.
        """
        with self._reading() as connection:
            body, sha256 = self._body(connection, run_id)
            return verify_rows(connection, self.path, run_id, body, sha256)

    # --- inside -----------------------------------------------------------------------------------

    def _stream(
        self, table: Table, cls: type[T], run_id: str, where: ColumnElement[bool] | None = None
    ) -> Iterator[T]:
        with self._reading() as connection:
            query = select(table.c.body).where(table.c.run_id == run_id).order_by(table.c.seq)
            query = query if where is None else query.where(where)
            rows = connection.execute(query).scalars().partitions(1000)
            yield from decode_all(cls, chain.from_iterable(rows))

    def _run_ids(self, connection: Connection | None = None) -> list[str]:
        query = select(schema.runs.c.run_id).order_by(schema.runs.c.created_utc, schema.runs.c.seq)
        if connection is not None:
            return list(connection.execute(query).scalars())
        with self._reading() as own:
            return list(own.execute(query).scalars())

    def _body(self, connection: Connection, run_id: str) -> tuple[str, str]:
        t = schema.runs
        row = connection.execute(
            select(t.c.body, t.c.sha256).where(t.c.run_id == run_id)
        ).one_or_none()
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
    def _writing(self) -> Iterator[Connection]:
        self._check_writable()
        with clear_errors(self.path), for_writing(self.engine).begin() as connection:
            yield connection


def _call_row(call: Call) -> dict[str, object]:
    return {
        "run_id": call.run_id,
        "call_id": call.id,
        "position": call.position,
        "arm": call.arm,
        "task": call.task,
        "sample_id": call.sample_id,
        "epoch": call.epoch,
        "body": encode(call),
    }


def _intent(row: Any) -> Intent:
    reserved = None if row.reserved_usd is None else Decimal(row.reserved_usd)
    return Intent(row.call_id, row.attempt_number, row.session, reserved, row.created_utc)
