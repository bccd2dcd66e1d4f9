"""Opening and locking the results database, and its faults in words. What is PostgreSQL's own lies
in :mod:`claimbench.store.dialects`.

SQLite runs in WAL mode with ``synchronous=NORMAL``: a commit survives ``kill -9`` of the process
at any moment. (A power cut may take the last commits with it, never the database.) Transactions
begin explicitly - ``BEGIN IMMEDIATE`` for writing, so that a lock is waited for at the start
instead of failing in the middle.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from claimbench.errors import BenchError, StoreError
from claimbench.store import schema
from claimbench.store.dialects.migrate import migrate
from claimbench.store.dialects.of import dialect_of
from claimbench.store.place import DatabaseUrl, Place

if TYPE_CHECKING:
    from claimbench.store.dialects.postgresql_lock import RunLock

BUSY_TIMEOUT_S = 15.0
"""Seconds a statement waits for another process that writes to the same database."""


def make_engine(path: Path, mode: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Return an engine for the file at ``path``; ``mode`` is the rest of SQLite's URI: rwc, rw, ro,
    or ro&immutable=1.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    writable = mode.startswith("rw")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            if writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    return engine


def for_writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that write."""
    return dialect_of(engine).writing(engine)


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("claimbench_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def clear_errors(path: Place) -> Iterator[None]:
    """Turn every fault of the database or the file system inside the block into a
    :class:`StoreError` with a remedy.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError, OverflowError) as error:
        raise explain(error, path) from error


def explain(error: BaseException, path: Place) -> StoreError:
    """Return the :class:`StoreError` for a fault met while using the database at ``path``."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(path, DatabaseUrl):
        from claimbench.store.dialects.postgresql_faults import explain as explained

        return explained(cause, str(path))
    name = str(getattr(cause, "sqlite_errorname", ""))
    text = str(cause)
    if name == "SQLITE_FULL" or (isinstance(cause, OSError) and cause.errno == errno.ENOSPC):
        return StoreError(
            f"{path}: the disk is full, {_free(path)}; what was committed before is safe",
            hint="free some space, then continue with bench run --resume",
        )
    if isinstance(cause, OSError):
        return StoreError(f"{path}: {cause.strerror or cause}", hint=_HINT_FOLDER)
    for prefix, message, hint in _FAULTS:
        if name.startswith(prefix):
            return StoreError(f"{path}: {message} (SQLite: {text})", hint=hint)
    if name.startswith("SQLITE_CONSTRAINT"):
        return StoreError(f"{path}: the row is refused: {text}", hint=_constraint_hint(text))
    return StoreError(f"{path}: {text}")


_HINT_FOLDER = (
    "check that the results folder exists and can be written, or name another with --results"
)
_HINT_DAMAGED = (
    "restore the file from a backup, or save what is readable with: sqlite3 bench.db .recover"
)
_FAULTS = (
    (
        "SQLITE_NOTADB",
        "is not a results database",
        "name another folder with --results, or the bench.db of a run",
    ),
    ("SQLITE_CORRUPT", "the database is damaged", _HINT_DAMAGED),
    ("SQLITE_READONLY", "the database or its folder is read-only", _HINT_FOLDER),
    ("SQLITE_CANTOPEN", "the database cannot be opened", _HINT_FOLDER),
    ("SQLITE_PERM", "the database cannot be opened", _HINT_FOLDER),
    (
        "SQLITE_BUSY",
        "the database is locked by another process",
        "wait for it to end, or find it with: fuser bench.db",
    ),
    ("SQLITE_LOCKED", "the database is locked", "wait for the other process to end"),
    (
        "SQLITE_IOERR",
        "the disk reports an error",
        "check the disk and its cable or mount; committed rows are safe",
    ),
)


def _constraint_hint(text: str) -> str | None:
    if "append-only" in text:
        return "raw measurements are never changed; make a new run"
    if "UNIQUE" in text:
        return "this call was recorded already: are two processes working on one run?"
    if "FOREIGN KEY" in text:
        return "its run, session or planned call is not in the database"
    return None


def _free(path: Path) -> str:
    try:
        return f"{shutil.disk_usage(path.parent).free / 2**20:.1f} MiB free on {path.parent}"
    except OSError:
        return "free space unknown"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder/lock`` for as long as the block runs; the kernel frees it when the process
    dies, however it dies.

    The file holds the pid, for people; what locks is ``flock``. It stays afterwards, because
    removing it would let two processes hold locks on two files of one name.

    Raises:
        StoreError: another process (or this one, already) holds it.
    """
    with clear_errors(folder / "lock"):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a+", encoding="ascii")
    with file:
        with clear_errors(folder / "lock"):
            if not _take(file):
                raise StoreError(
                    f"run {folder.name} is being worked on by process {_pid_in(file)}",
                    hint=(
                        "wait until it ends or stop it (Ctrl-C there), then continue with bench run"
                        " --resume"
                    ),
                )
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


@contextmanager
def run_lock_at(path: Place, folder: Path, run_id: str) -> Iterator[RunLock | None]:
    """Hold a run: by the lock in its folder, or by one of the server, which is given, for it can be
    lost.
    """
    if not isinstance(path, DatabaseUrl):
        with run_lock(folder):
            yield None
        return
    from claimbench.store.dialects.postgresql_lock import RunLock

    with RunLock(path, run_id) as held:
        yield held


def _take(file: IO[Any]) -> bool:
    """Lock ``file``; the second look is for :func:`is_locked`, which holds the lock for an
    instant.
    """
    for pause_s in (0.05, 0.0):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_s)
        else:
            return True
    return False


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the lock of a run's folder; False if that cannot be known."""
    try:
        with (folder / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def lock_asker(connection: Connection, path: Place) -> Callable[[str], bool]:
    """Return what says of a run whether a process works on it. A server is asked once, when the
    first answer is wanted.
    """
    if not isinstance(path, DatabaseUrl):
        return lambda run_id: is_locked(path.parent / run_id)
    from claimbench.store.dialects.postgresql_lock import held_runs, is_held

    known: list[frozenset[tuple[int, int]]] = []

    def asked(run_id: str) -> bool:
        if not known:
            known.append(held_runs(connection))
        return is_held(run_id, known[0])

    return asked


def _pid_in(file: IO[Any]) -> str:
    file.seek(0)
    return str(file.read()).strip() or "unknown"


DATABASE_NAME = "bench.db"


def open_database(
    path: Place, mode: tuple[bool, bool, float], remarks: list[str]
) -> tuple[Place, Engine]:
    """Return the database's place and an engine for it; what people should know of the connection
    is added to ``remarks``. ``mode``: create, read_only, busy_timeout_s as in
    :meth:`ResultsStore.open`, which names the errors too.
    """
    create, read_only, busy_timeout_s = mode
    if isinstance(path, DatabaseUrl):
        engine = _open_url(path, create, read_only, busy_timeout_s, remarks)
        return path, engine
    return _open_file(path, create=create, read_only=read_only, busy_timeout_s=busy_timeout_s)


def _open_url(
    url: DatabaseUrl, create: bool, read_only: bool, busy_timeout_s: float, remarks: list[str]
) -> Engine:
    from claimbench.store.dialects.postgresql_connect import make_engine as made_for

    engine = made_for(url, busy_timeout_s, remarks)
    try:
        with clear_errors(url):
            with engine.connect() as connection:
                found = _check(connection, url)
            if found == 0 and (read_only or not create):
                raise StoreError(
                    f"{url}: there are no results yet: the database is empty",
                    hint="bench run SUITE makes the tables, as a user who may create them",
                )
            if not read_only and found < schema.SCHEMA_VERSION:
                migrate(for_writing(engine), str(url))
    except BenchError:
        engine.dispose()
        raise
    return engine


def _open_file(
    path: Path, *, create: bool, read_only: bool, busy_timeout_s: float
) -> tuple[Path, Engine]:
    with clear_errors(path):
        path = database_path(path)
        missing = not path.exists()
        odd = not missing and not path.is_file()
    if odd:
        raise StoreError(
            f"{path}: not a regular file (a folder, a pipe or a device)",
            hint="name another folder with --results, or the bench.db of a run",
        )
    if missing and (read_only or not create):
        raise StoreError(
            f"{path}: there is no results database",
            hint="bench run SUITE makes one; --results names its folder",
        )
    if read_only:
        return path, _open_read_only(path, busy_timeout_s)
    with clear_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(path, "rwc" if create else "rw", busy_timeout_s)
    try:
        with clear_errors(path):
            with engine.connect() as connection:
                _check(connection, path)
            migrate(for_writing(engine), str(path))
    except BenchError:
        engine.dispose()
        raise
    return path, engine


def database_path(path: Path) -> Path:
    """Return the database that ``path`` means: itself if it is a file or ends in .db, else
    ``bench.db`` in that folder.
    """
    return (
        path
        if path.is_file() or (path.suffix == ".db" and not path.is_dir())
        else path / DATABASE_NAME
    )


def _open_read_only(path: Path, busy_timeout_s: float) -> Engine:
    """Return a read-only engine. In a folder that cannot be written SQLite must be told that nobody
    else writes either.
    """
    wal = path.with_name(path.name + "-wal")
    try:
        return _checked_read_only(path, "ro", busy_timeout_s)
    except StoreError as error:
        name = getattr(getattr(error.__cause__, "orig", None), "sqlite_errorname", "")
        if not str(name).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
        if wal.exists() and wal.stat().st_size > 0:
            raise StoreError(
                f"{path}: its newest rows are still in {wal.name}, which cannot be read in a"
                " read-only folder",
                hint="copy the folder to a place that can be written and read it there",
            ) from error
    return _checked_read_only(path, "ro&immutable=1", busy_timeout_s)


def _checked_read_only(path: Path, mode: str, busy_timeout_s: float) -> Engine:
    engine = make_engine(path, mode, busy_timeout_s)
    try:
        with clear_errors(path), engine.connect() as connection:
            found = _check(connection, path)
        if found < schema.OLDEST_READ:
            raise StoreError(
                f"{path}: has schema version {found}, this ClaimBench reads from"
                f" {schema.OLDEST_READ} on",
                hint="a run brings it up to date: bench run SUITE --results FOLDER",
            )
    except BenchError:
        engine.dispose()
        raise
    return engine


def _check(connection: Connection, path: Place) -> int:
    """Return the schema's version, once it is known and the schema is ours; 0 for an empty one."""
    found = schema.schema_version(connection, str(path))
    schema.check_version(found, str(path))
    if found > 0:
        dialect_of(connection).check_schema(connection, str(path), found)
    return found


def is_damage(error: OperationalError) -> bool:
    """Say whether a statement failed for what the file holds: text that is none, a table or column
    that is not there.
    """
    return any(words in str(error.orig) for words in ("no such", "Could not decode"))
