"""The results database of a command that writes to it, which leaves none where it stored nothing.

A run that stops for a missing key, or an import that cannot be read, would otherwise leave an empty
database behind, and other commands would say that there are results.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.cli.common import open_store
from claimbench.errors import BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database that somebody has open."""


@contextlib.contextmanager
def filled_store(results: Place) -> Iterator[ResultsStore]:
    """Open the results for writing; a database that this call made, and that holds no run
    afterwards, is removed with the folders made for it.

    Raises:
        StoreError: it cannot be used.
    """
    from claimbench.store.engine import database_path

    fresh = isinstance(results, Path) and not database_path(results).exists()
    absent = _absent_folders(database_path(results)) if fresh and isinstance(results, Path) else []
    store = open_store(results, create=True)
    empty = False
    try:
        with store:
            try:
                yield store
            finally:
                empty = fresh and _is_empty(store)
    finally:
        if empty and isinstance(store.path, Path):
            _remove(store.path, absent)


def _absent_folders(database: Path) -> list[Path]:
    """Return the folders that opening will make, the innermost first."""
    return [folder for folder in database.parents if not folder.exists()]


def _is_empty(store: ResultsStore) -> bool:
    """Tell whether nothing was stored; where that cannot be read, something was."""
    try:
        return not store.runs()
    except BenchError:
        return False


def _remove(database: Path, folders: list[Path]) -> None:
    """Remove an empty database that nobody else has open, then folders that are empty."""
    if any(Path(f"{database}{end}").exists() for end in BESIDE):
        return  # another process has begun to write there
    with contextlib.suppress(OSError):
        database.unlink()
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
