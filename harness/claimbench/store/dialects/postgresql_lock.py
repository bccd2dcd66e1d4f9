"""The lock of a run in PostgreSQL: an advisory lock on a connection of its own.

The server frees it when the connection ends, however the process ends. Whoever holds it must know
when it is lost, for then another process may take the run: a thread asks the server every few
seconds, and each transaction of the writer asks whether that connection still holds the lock
(:meth:`RunLock.held`). Nothing is sent before its intent is committed, so nothing is sent without
the lock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from claimbench.errors import StoreError
from claimbench.store.dialects.postgresql import lock_key
from claimbench.store.dialects.postgresql_connect import connect
from claimbench.store.dialects.postgresql_faults import explain
from claimbench.store.place import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

HEARTBEAT_S = 5.0
"""Seconds between two questions whether the lock's connection lives."""

_HELD = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND pid = %s AND classid = %s::bigint::oid AND objid = %s::bigint::oid)"
)
_HOLDER = (
    "SELECT l.pid, a.application_name, a.usename, a.client_addr::text, a.backend_start"
    " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND l.classid = %s::bigint::oid AND l.objid = %s::bigint::oid"
)
_ALL_HELD = (
    "SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _halves(run_id: str) -> tuple[int, int]:
    """Return a run's lock as ``pg_locks`` shows it: the upper and the lower half of its number."""
    key = lock_key("run", run_id) & (2**64 - 1)
    return key >> 32, key & (2**32 - 1)


class RunLock:
    """The lock of one run, held by this process; used as a context manager."""

    def __init__(self, url: DatabaseUrl, run_id: str) -> None:
        self.lost: StoreError | None = None
        self.pid = 0
        self._url = url
        self._run_id = run_id
        self._ended = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._watch, name=f"lock-{run_id}", daemon=True)

    def __enter__(self) -> RunLock:
        """Take the lock.

        Raises:
            StoreError: another process (or this one, already) has it; who, as far as may be seen.
        """
        import psycopg

        try:
            self._connection = connect(self._url, 15.0, autocommit=True)
            if not self._taken(self._connection):
                raise StoreError(
                    f"run {self._run_id} is being worked on by {self._holder(self._connection)}",
                    hint=(
                        "wait until it ends or stop it (Ctrl-C there), then continue with bench run"
                        " --resume"
                    ),
                )
            self.pid = self._connection.info.backend_pid
        except psycopg.Error as error:
            self._close()
            raise explain(error, str(self._url)) from error
        except StoreError:
            self._close()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._close()
        self._thread.join()

    def check(self) -> StoreError | None:
        """Return why the lock is lost; None as long as nobody noticed that it is."""
        return self.lost

    def lose(self) -> StoreError:
        """Note that the lock is lost, and return that as an error."""
        self.lost = self.lost or StoreError(
            f"{self._url}: the connection that holds run {self._run_id} was lost, so that another"
            " process may take the run: nothing more is sent or written",
            hint="what was committed is safe; continue with bench run --resume",
        )
        return self.lost

    def held(self, connection: Connection) -> bool:
        """Ask the server, by another connection, whether this one still holds the run."""
        found = connection.exec_driver_sql(_HELD, (self.pid, *_halves(self._run_id)))
        return bool(found.scalar_one())

    def _taken(self, connection: psycopg.Connection[Any]) -> bool:
        query = "SELECT pg_try_advisory_lock(%s)"
        row = connection.execute(query, (lock_key("run", self._run_id),)).fetchone()
        return bool(row and row[0])

    def _holder(self, connection: psycopg.Connection[Any]) -> str:
        row = connection.execute(_HOLDER, _halves(self._run_id)).fetchone()
        if row is None:
            return "another process, which has just ended"
        pid, application, user, address, since = row
        parts = [str(application or "a process that cannot be seen")]
        if user:
            parts.append(f"of {user}")
        if address:
            parts.append(f"from {address}")
        if since is not None:
            parts.append(f"since {since:%Y-%m-%d %H:%M:%S %Z}")
        return f"{' '.join(parts)} (server process {pid})"

    def _watch(self) -> None:
        """Run as the thread: ask the server for as long as the lock is held."""
        import psycopg

        while not self._ended.wait(HEARTBEAT_S):
            try:
                if self._connection is not None:
                    self._connection.execute("SELECT 1")
            except psycopg.Error:
                if not self._ended.is_set():
                    self.lose()
                return

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def held_runs(connection: Connection) -> frozenset[tuple[int, int]]:
    """Return the advisory locks that anybody holds in this database."""
    rows = connection.exec_driver_sql(_ALL_HELD).all()
    return frozenset((int(upper), int(lower)) for upper, lower in rows)


def is_held(run_id: str, locks: frozenset[tuple[int, int]]) -> bool:
    """Say whether the lock of a run is among those of :func:`held_runs`."""
    return _halves(run_id) in locks
