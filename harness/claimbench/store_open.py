"""Opening the results database: made, brought up to date, or only read - and told apart from what it must not be."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from claimbench import store_schema as schema
from claimbench.errors import StoreError
from claimbench.store_engine import clear_errors, for_writing, make_engine

DATABASE_NAME = "bench.db"


def open_database(path: Path, *, create: bool, read_only: bool, busy_timeout_s: float) -> tuple[Path, Engine]:
    """The database file and an engine for it; arguments and errors as in :meth:`ResultsStore.open`."""
    with clear_errors(path):
        path = database_path(path)
        missing = not path.exists()
    if missing and (read_only or not create):
        raise StoreError(
            f"{path}: there is no results database", hint="bench run SUITE makes one; --results names its folder"
        )
    if read_only:
        return path, _open_read_only(path, busy_timeout_s)
    with clear_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(path, "rwc" if create else "rw", busy_timeout_s)
    try:
        with clear_errors(path):
            schema.migrate(for_writing(engine), str(path))
    except StoreError:
        engine.dispose()
        raise
    return path, engine


def database_path(path: Path) -> Path:
    """The database that ``path`` means: itself if it is a file or ends in .db, else ``bench.db`` in that folder."""
    return path if path.is_file() or (path.suffix == ".db" and not path.is_dir()) else path / DATABASE_NAME


def _open_read_only(path: Path, busy_timeout_s: float) -> Engine:
    """A read-only engine. In a folder that cannot be written SQLite must be told that nobody else writes either."""
    wal = path.with_name(path.name + "-wal")
    try:
        return _checked_read_only(path, "ro", busy_timeout_s)
    except StoreError as error:
        name = getattr(getattr(error.__cause__, "orig", None), "sqlite_errorname", "")
        if not str(name).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
        if wal.exists() and wal.stat().st_size > 0:
            raise StoreError(
                f"{path}: its newest rows are still in {wal.name}, which cannot be read in a read-only folder",
                hint="copy the folder to a place that can be written and read it there",
            ) from error
    return _checked_read_only(path, "ro&immutable=1", busy_timeout_s)


def _checked_read_only(path: Path, mode: str, busy_timeout_s: float) -> Engine:
    engine = make_engine(path, mode, busy_timeout_s)
    try:
        with clear_errors(path), engine.connect() as connection:
            found = schema.schema_version(connection, str(path))
        schema.check_version(found, str(path))
        if found < schema.OLDEST_READ:
            raise StoreError(
                f"{path}: has schema version {found}, this ClaimBench reads from {schema.OLDEST_READ} on",
                hint="a run brings it up to date: bench run SUITE --results FOLDER",
            )
    except StoreError:
        engine.dispose()
        raise
    return engine
