"""The one thread that writes a run's rows, so that the event loop never waits for the disk.

The way of a row::

    event loop, worker threads            queue             the thread "store-RUN"
    intent/attempt/record/look/keep  -->  rows and   -->  _gather: all that has come, at most 512
      encode the row, make a future       barriers,       _commit: one transaction, hashes chained
                                          in order        then resolve each row's future
    flush/close: put a barrier, wait for it           <-- set the barrier once all before it is done

* Who hands over: any thread. Under ``_lock`` a row is queued or, once the writer is closed or
  broken, failed: so no row can come after the last barrier and be forgotten.
* Who commits: the thread alone. It alone has the connection, reads the last hash and sets
  ``_broken``; ``_error`` is set by whoever fails a row, and read by :meth:`RunWriter.flush`.
* What a future means: done without an error, the row is committed and survives the death of the
  process; with one, it is not in the database. An intent's future is awaited before the request
  leaves; so each request that can have cost money is on record.

Rows are turned into text where they are handed over (some 20 microseconds; what is stored is what
the object held then) and queued. The thread takes whatever has gathered, writes it in one
transaction and commits at once, so rows wait for the commit before theirs and no longer; 50 ms
bounds how long a transaction may gather. Several rows go into one ``INSERT``: SQLite gives up
Python's lock once per statement, and under a busy event loop each return can cost 5 ms.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.exc import SQLAlchemyError

from claimbench.codec import encode
from claimbench.errors import StoreError
from claimbench.store.dialects.lost_commit import HeldLock, is_there, may_pass
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors, explain, for_writing
from claimbench.store.place import DatabaseUrl, Place
from claimbench.store.schema import attempts, chain, intents, looks, records
from claimbench.types import Attempt, CallRecord, Intent, Look

MAX_AGE_S = 0.05
"""Seconds after its first row in which a transaction takes more rows: a row waits for the commit
before its own, and at most this long for the rows that come after it.
"""

GATHER_S = 0.002
"""Under load, how long a transaction waits for company: a commit costs as much as writing dozens of
rows.
"""

_MAX_ROWS = 512
_BUSY_ROWS = 4
_CHUNKS = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows per INSERT: few different statements, so that SQLite keeps them all prepared."""


RECONNECT_S = 20.0
"""Seconds for which a lost connection is sought again before the run is given up."""

_Values = tuple[str | int | None, ...]
OnFault = Callable[[StoreError], None]


@dataclass(slots=True)
class _Row:
    """A row, and where its end is reported: a future, or a function for faults; None: it was."""

    table: Table
    values: _Values
    told: Future[None] | OnFault | None

    def kept(self) -> None:
        """Say that it is committed."""
        told, self.told = self.told, None
        if isinstance(told, Future):
            told.set_result(None)

    def fail(self, error: StoreError) -> bool:
        """Say that it is not; False if its end was told before."""
        told, self.told = self.told, None
        if isinstance(told, Future):
            told.set_exception(error)
        elif told is not None:
            told(error)
        return told is not None


@dataclass(slots=True)
class _Barrier:
    """A place in the queue; ``reached`` is set once all before it is committed or has failed."""

    reached: threading.Event
    last: bool


_COLUMNS = {
    table: tuple(c.name for c in table.columns if c.name != "seq")
    for table in (intents, attempts, records, looks)
}
_LAST_HASH = {
    table: (
        "SELECT coalesce("  # noqa: S608 - our own names
        f"(SELECT sha256 FROM {table.name} WHERE run_id = {{mark}} ORDER BY seq DESC LIMIT 1),"
        " (SELECT sha256 FROM runs WHERE run_id = {mark}))"
    )
    for table in (attempts, records)
}
"""Plain text, because this runs in every transaction, and building a ``select()`` takes longer than
its answer.
"""


class RunWriter:
    """Appends to one run. Thread-safe; no method but :meth:`flush` and :meth:`close` waits for
    anything.

    Each method returns a future that is resolved when its row is committed, or holds a
    :class:`StoreError`. Cancelling a future (or the task that awaits it) never takes the row back.
    A row that the database refuses (it is there already) fails alone; after a fault of the disk the
    writer takes no more rows and every later future fails alike.
    """

    def __init__(
        self, engine: Engine, path: Place, run_id: str, lock: HeldLock | None = None
    ) -> None:
        self._engine = for_writing(engine)
        self._path = path
        self._run_id = run_id
        self._dialect = dialect_of(engine)
        # Of a database with a URL: without it nothing is written
        self._lock_held = lock
        mark = self._dialect.mark
        # Others may add rows to other runs meanwhile, and one more process to this one
        self._shared = isinstance(path, DatabaseUrl)
        self._last_hash = {table: sql.format(mark=mark) for table, sql in _LAST_HASH.items()}
        self._queue: queue.SimpleQueue[_Row | _Barrier] = queue.SimpleQueue()
        # Held while a row or barrier is queued, so that nothing is queued after the last barrier
        self._lock = threading.Lock()
        self._closed = False
        # The first fault of any row, for flush()
        self._error: StoreError | None = None
        # A fault of the disk, after which nothing more is written
        self._broken: StoreError | None = None
        # Below: of the thread alone. What it took from the queue and has not told of yet
        self._in_hand: list[_Row] = []
        # The last transaction was large: the next waits a moment for company
        self._busy = False
        # Made in the thread that uses it, with the first row
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name=f"store-{run_id}", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def intent(self, intent: Intent) -> Future[None]:
        """Append that ``intent.call_id`` is about to be sent; await the future before sending."""
        reserved = None if intent.reserved_usd is None else str(intent.reserved_usd)
        row = (
            self._run_id,
            intent.call_id,
            intent.attempt_number,
            intent.session,
            reserved,
            intent.created_utc,
        )
        return self._put(intents, row)

    def attempt(self, attempt: Attempt) -> Future[None]:
        """Append one try of a call, with its timing and usage."""
        return self._put(*self._row_of(attempt))

    def record(self, record: CallRecord) -> Future[None]:
        """Append the result of a call; with the commit the call is finished.

        Raises:
            StoreError: the record's call belongs to another run.
        """
        return self._put(*self._row_of(record))

    def keep(self, row: Attempt | CallRecord, on_fault: OnFault) -> None:
        """Append without a future, where success need not be known: ``on_fault`` is called once if
        the row cannot be kept.

        It is called from any thread. Raises as :meth:`record` does.
        """
        self._hand_over(*self._row_of(row), on_fault)

    def _row_of(self, row: Attempt | CallRecord) -> tuple[Table, _Values, object]:
        if isinstance(row, Attempt):
            return (
                attempts,
                (self._run_id, row.call_id, row.number, row.session, row.outcome.value),
                row,
            )
        if row.call.run_id != self._run_id:
            raise StoreError(
                f"a record of run {row.call.run_id} was given to the writer of run {self._run_id}"
            )
        return records, (self._run_id, row.call.id, row.outcome.value), row

    def look(self, look: Look) -> Future[None]:
        """Append an interim look and its decision."""
        return self._put(looks, (self._run_id, look.k), look)

    def flush(self) -> None:
        """Return when everything handed over so far is committed.

        Raises:
            StoreError: the first fault since the writer was made, even if a future already told it.
        """
        self._wait(last=False)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Commit what is queued and end the thread. Faults are told by the futures and by
        :meth:`flush`, not here.
        """
        atexit.unregister(self.close)
        self._wait(last=True)
        self._thread.join()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()

    def _put(self, table: Table, head: _Values, body: object = None) -> Future[None]:
        future: Future[None] = Future()
        # From here on cancel() is refused: the row will be written
        future.set_running_or_notify_cancel()
        self._hand_over(table, head, body, future)
        return future

    def _hand_over(
        self, table: Table, head: _Values, body: object, told: Future[None] | OnFault
    ) -> None:
        row = _Row(table, head, told)
        try:
            if body is not None:
                row.values = (*head, encode(body))
        except StoreError as error:
            self._fail([row], error)
            return
        with self._lock:
            error_now = StoreError("the run's writer is closed") if self._closed else self._broken
            if error_now is None:
                self._queue.put(row)
        if error_now is not None:
            row.fail(error_now)

    def _wait(self, *, last: bool) -> None:
        barrier = _Barrier(threading.Event(), last)
        with self._lock:
            if self._closed or not self._thread.is_alive():
                return
            self._closed = last
            self._queue.put(barrier)
        barrier.reached.wait()

    def _fail(self, rows: Iterable[_Row], error: StoreError) -> None:
        for row in rows:
            if row.fail(error):
                self._error = self._error or error

    def _work(self) -> None:
        """Run as the thread. Should it end by a fault of ours, no future is left unresolved."""
        try:
            while self._step():
                pass
        finally:
            self._abandon()

    def _step(self) -> bool:
        """Gather, write, commit, resolve once; return False after the last barrier."""
        rows, barrier = self._gather()
        self._in_hand = rows
        self._busy = len(rows) >= _BUSY_ROWS
        if rows and self._broken is None:
            try:
                with clear_errors(self._path):
                    self._connection = self._connection or self._engine.connect()
                    self._commit(self._connection, rows)
            except StoreError as error:
                self._broken = self._sought(error, rows)
        if self._broken is not None:
            self._fail(rows, self._broken)
        if barrier is None:
            return True
        if barrier.last and self._connection is not None:
            self._connection.close()
        barrier.reached.set()
        return not barrier.last

    def _hold(self, connection: Connection) -> None:
        """Take the run's rows for this transaction, if the run is still ours.

        Raises:
            StoreError: the connection that holds the run's lock is gone.
        """
        self._dialect.hold_rows(connection, self._run_id)
        if self._lock_held is not None and not self._lock_held.held(connection):
            raise self._lock_held.lose()

    def _sought(self, error: StoreError, rows: Sequence[_Row]) -> StoreError | None:
        """Connect again after a lost connection and go on, if the run is still ours; return the
        error that ends the run otherwise.

        Whether the last commit was done nobody told us. So rows are looked up first, under the
        lock that the old transaction holds until it has ended: what is there was kept, and is not
        written twice.
        """
        if not self._dialect.is_lost(error):
            return error
        until = time.monotonic() + RECONNECT_S
        pause_s = 0.1
        while time.monotonic() < until:
            if self._lock_held is not None and (lost := self._lock_held.check()) is not None:
                return lost
            try:
                with clear_errors(self._path):
                    self._drop_connection()
                    self._connection = self._engine.connect()
                    self._look_up(self._connection, rows)
                    left = [row for row in rows if row.told is not None]
                    if left:
                        self._commit(self._connection, left)
                    return None
            except StoreError as again:
                if not self._dialect.is_lost(again) and not may_pass(again):
                    return again
                error = again
            time.sleep(pause_s)
            pause_s = min(2.0, pause_s * 2)
        return error

    def _look_up(self, connection: Connection, rows: Sequence[_Row]) -> None:
        """Tell of the rows that are in the database already that they are kept."""
        with connection.begin():
            self._hold(connection)
            there = []
            for row in rows:
                # Its hash is not known: its key and body are
                names = _COLUMNS[row.table][: len(row.values)]
                given = dict(zip(names, row.values, strict=True))
                if row.told is not None and is_there(connection, row.table.name, given):
                    there.append(row)
        for row in there:
            row.kept()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.invalidate()
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
        self._connection = None

    def _abandon(self) -> None:
        """Fail what is left in the queue: nothing, after :meth:`close`."""
        with self._lock:
            self._broken = self._broken or StoreError("the thread that writes the run has ended")
            left: list[_Row | _Barrier] = [*self._in_hand]
            while not self._queue.empty():
                left.append(self._queue.get_nowait())
        self._fail([row for row in left if isinstance(row, _Row)], self._broken)
        for item in left:
            if isinstance(item, _Barrier):
                item.reached.set()

    def _gather(self) -> tuple[list[_Row], _Barrier | None]:
        """Take at least one item, and all that has come meanwhile; a barrier ends the batch."""
        rows: list[_Row] = []
        item = self._queue.get()
        until = time.monotonic() + MAX_AGE_S
        if self._busy:
            time.sleep(GATHER_S)
        while isinstance(item, _Row):
            rows.append(item)
            if len(rows) == _MAX_ROWS or time.monotonic() > until:
                return rows, None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return rows, None
        return rows, item

    def _commit(self, connection: Connection, rows: Sequence[_Row]) -> None:
        try:
            with connection.begin():
                if self._shared:
                    self._hold(connection)
                self._insert(connection, rows)
        except ConstraintError as error:
            if len(rows) == 1:
                self._fail(rows, explain(error, self._path))
                return
            for row in rows:  # one of them is at fault; the others shall not suffer for it
                self._commit(connection, [row])
            return
        for row in rows:
            row.kept()

    def _insert(self, connection: Connection, rows: Sequence[_Row]) -> None:
        mark = self._dialect.mark
        for table in _COLUMNS:
            values = [row.values for row in rows if row.table is table]
            if values and table in _LAST_HASH:
                values = self._chained(connection, table, values)
            done = 0
            for size in _CHUNKS:
                while len(values) - done >= size:
                    chunk = values[done : done + size]
                    flat = tuple(itertools.chain.from_iterable(chunk))
                    connection.exec_driver_sql(_insert_sql(table, size, mark), flat)
                    done += size

    def _chained(
        self, connection: Connection, table: Table, values: Sequence[_Values]
    ) -> list[_Values]:
        """Return each row with the hash that ties it to the one before; the last one is read under
        the write lock.
        """
        last = str(
            connection.exec_driver_sql(
                self._last_hash[table], (self._run_id, self._run_id)
            ).scalar_one()
        )
        result: list[_Values] = []
        for row in values:
            last = chain(last, str(row[-1]))
            result.append((*row, last))
        return result


def chained_rows(
    run_id: str, rows: Sequence[Attempt] | Sequence[CallRecord], last: str
) -> list[dict[str, object]]:
    """Return the rows of attempts or records as stored, each with the hash that ties it to the one
    before; ``last`` is the hash that the first is tied to.
    """
    made: list[dict[str, object]] = []
    for row in rows:
        body = encode(row)
        last = chain(last, body)
        if isinstance(row, Attempt):
            names = _COLUMNS[attempts]
            values: _Values = (run_id, row.call_id, row.number, row.session, row.outcome.value)
        else:
            names = _COLUMNS[records]
            values = (run_id, row.call.id, row.outcome.value)
        made.append(dict(zip(names, (*values, body, last), strict=True)))
    return made


def _insert_sql(table: Table, n_rows: int, mark: str) -> str:
    columns = _COLUMNS[table]
    places = "(" + ",".join([mark] * len(columns)) + ")"
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {','.join([places] * n_rows)}"  # noqa: S608  # our own names
