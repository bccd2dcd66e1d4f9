"""SQLite: one file, one writer at a time; a transaction that writes holds the whole database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, func
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql.dml import Insert

from claimbench.store.schema import APPLICATION_ID, MIGRATIONS


class SQLite:
    """Answers of SQLite; see :class:`~claimbench.store.dialects.base.Dialect`."""

    name = "SQLite"
    mark = "?"
    migrations: Sequence[Sequence[str]] = MIGRATIONS

    def writing(self, engine: Engine) -> Engine:
        """Return the same engine, its transactions taking the write lock at once."""
        return engine.execution_options(claimbench_write=True)

    def hold_rows(self, connection: Connection, run_id: str) -> None:
        """Do nothing: a transaction that writes holds the database from its beginning."""

    def hold_runs(self, connection: Connection) -> None:
        """Do nothing, likewise."""

    def upsert(self, table: Table, keys: Sequence[str], columns: Sequence[str]) -> Insert:
        """Return an INSERT that replaces ``columns`` where a row of the same ``keys`` is there."""
        made = insert(table)
        replaced = {name: made.excluded[name] for name in columns}
        return made.on_conflict_do_update(index_elements=list(keys), set_=replaced)

    def next_number(self, connection: Connection, table: Table) -> dict[str, int]:  # noqa: ARG002 - the protocol's
        """Return nothing: SQLite numbers rows without a gap, as one writes at a time."""
        return {}

    def is_gapless(self, table: Table) -> bool:  # noqa: ARG002 - likewise
        """Return True: of every table."""
        return True

    def before_first(self, connection: Connection) -> None:
        """Mark the file as ours."""
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")

    def statement(self, connection: Connection, sql: str) -> str:  # noqa: ARG002 - likewise
        """Return it as it is."""
        return sql

    def check_schema(self, connection: Connection, path: str, version: int) -> None:
        """Raise IntegrityError where the tables, indexes or triggers are not ours."""
        from claimbench.store.dialects.sqlite_schema import check_schema

        check_schema(connection, path, version)

    def position(self, column: Any, text: str) -> ColumnElement[int]:
        """Return where ``text`` stands in a column; 0 where it does not."""
        return func.instr(column, text)

    def sealed_calls(self, body: Any) -> ColumnElement[Any]:
        """Return the number of planned calls in a seal's body."""
        return func.json_extract(body, "$.folds.calls[0]")

    def begin_removal(
        self,
        connection: Connection,
        tables: Sequence[Table],
        run_id: str,  # noqa: ARG002 - likewise
    ) -> Mapping[str, str]:
        """Drop the triggers of the tables; return them by name, with the SQL that makes them."""
        names = {table.name for table in tables}
        query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        rows = connection.exec_driver_sql(query).all()
        triggers = {str(row.name): str(row.sql) for row in rows if row.tbl_name in names}
        for name in triggers:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        return triggers

    def close_up(self, connection: Connection, table: Table) -> None:
        """Number the rows 1, 2, ... in their order; by way of negative numbers, so that no two rows
        have one number on the way.
        """
        name = table.name
        ranked = f"SELECT seq AS old, row_number() OVER (ORDER BY seq) AS new FROM {name}"  # noqa: S608 - our own names
        connection.exec_driver_sql("DROP TABLE IF EXISTS temp.renumbered")
        connection.exec_driver_sql(
            "CREATE TEMP TABLE renumbered (old INTEGER PRIMARY KEY, new INTEGER)"
        )
        connection.exec_driver_sql(
            f"INSERT INTO temp.renumbered SELECT old, new FROM ({ranked}) WHERE old <> new"  # noqa: S608 - likewise
        )
        connection.exec_driver_sql(
            f"UPDATE {name} SET seq = -(SELECT new FROM temp.renumbered WHERE old = seq)"  # noqa: S608 - likewise
            " WHERE seq IN (SELECT old FROM temp.renumbered)"
        )
        connection.exec_driver_sql(f"UPDATE {name} SET seq = -seq WHERE seq < 0")  # noqa: S608 - likewise
        connection.exec_driver_sql("DROP TABLE temp.renumbered")

    def end_removal(self, connection: Connection, lifted: Mapping[str, str]) -> None:
        """Make the triggers again."""
        for statement in lifted.values():
            connection.exec_driver_sql(statement)

    def compact(self, connection: Connection) -> None:
        """Write the file anew, which overwrites removed texts."""
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - a connection that is open has one
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_lost(self, error: BaseException) -> bool:  # noqa: ARG002 - likewise
        """Return False: a file has no connection to lose."""
        return False
