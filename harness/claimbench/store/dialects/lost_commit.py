"""What the writer asks after it lost its connection: whether it may go on, and what was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection

from claimbench.errors import StoreError
from claimbench.store.dialects.of import dialect_of


class HeldLock(Protocol):
    """The lock of a run in a database with a URL, which can be lost while the process lives."""

    def check(self) -> StoreError | None:
        """Return why it is lost; None as long as nobody noticed that it is."""

    def held(self, connection: Connection) -> bool:
        """Ask the server whether it is held."""

    def lose(self) -> StoreError:
        """Note that it is lost, and return that as an error."""


def is_there(connection: Connection, table: str, values: Mapping[str, str | int | None]) -> bool:
    """Say whether a table has a row of exactly these values."""
    mark = dialect_of(connection).mark
    parts = [
        f"{name} IS NULL" if value is None else f"{name} = {mark}" for name, value in values.items()
    ]
    query = f"SELECT 1 FROM {table} WHERE {' AND '.join(parts)} LIMIT 1"  # noqa: S608 - our own names
    given = tuple(value for value in values.values() if value is not None)
    return connection.exec_driver_sql(query, given).first() is not None


def may_pass(error: StoreError) -> bool:
    """Say whether a connection that is refused now may be given in a moment: the server starts, or
    has no more of them.
    """
    cause = getattr(error.__cause__, "orig", None) or error.__cause__
    state = str(getattr(cause, "sqlstate", None) or "")
    words = str(cause).lower()
    passing = ("refused", "starting up", "shutting down", "too many clients", "timeout expired")
    return state in ("57P03", "53300") or any(word in words for word in passing)
