"""What the store asks of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Table
from sqlalchemy.sql.dml import Insert


class Dialect(Protocol):
    """One kind of database."""

    name: str
    """As shown to people."""
    mark: str
    """A place for a value in plain SQL."""
    migrations: Sequence[Sequence[str]]
    """The numbered migrations, in its own SQL. None is edited once released."""

    def writing(self, engine: Engine) -> Engine:
        """Return the same engine for transactions that write."""

    def hold_rows(self, connection: Connection, run_id: str) -> None:
        """Let no other transaction add rows to the run before this one ends: chains and seals are
        read and written on.
        """

    def hold_runs(self, connection: Connection) -> None:
        """Let no other transaction add or remove runs before this one ends, nor migrate."""

    def upsert(self, table: Table, keys: Sequence[str], columns: Sequence[str]) -> Insert:
        """Return an INSERT that replaces ``columns`` where a row of the same ``keys`` is there."""

    def next_number(self, connection: Connection, table: Table) -> dict[str, int]:
        """Return ``{"seq": n}`` for a table whose rows are numbered without a gap by us; empty
        where the database does it.
        """

    def is_gapless(self, table: Table) -> bool:
        """Say whether the rows of a table are numbered 1, 2, ... without a gap."""

    def before_first(self, connection: Connection) -> None:
        """Do what comes before the first migration."""

    def statement(self, connection: Connection, sql: str) -> str:
        """Return a migration's statement as this database takes it."""

    def check_schema(self, connection: Connection, path: str, version: int) -> None:
        """Raise IntegrityError where the tables, indexes or triggers are not ours."""

    def position(self, column: Any, text: str) -> ColumnElement[int]:
        """Return where ``text`` stands in a column, letter for letter; 0 where it does not."""

    def sealed_calls(self, body: Any) -> ColumnElement[Any]:
        """Return the number of planned calls in a seal's body."""

    def begin_removal(
        self, connection: Connection, tables: Sequence[Table], run_id: str
    ) -> Mapping[str, str]:
        """Lift what keeps rows from being deleted; give what it returns to :meth:`end_removal`."""

    def close_up(self, connection: Connection, table: Table) -> None:
        """Number the rows of a table 1, 2, ... in their order, where they are gapless."""

    def end_removal(self, connection: Connection, lifted: Mapping[str, str]) -> None:
        """Put back what :meth:`begin_removal` lifted."""

    def compact(self, connection: Connection) -> None:
        """Give the space of removed rows back."""

    def is_lost(self, error: BaseException) -> bool:
        """Say whether an error means that the connection is gone, so that nobody knows whether what
        was asked last was done.
        """
