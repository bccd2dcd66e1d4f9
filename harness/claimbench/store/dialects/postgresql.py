"""PostgreSQL: many runs by many people at once; each run's rows are added one transaction after the
other.

Reading takes one snapshot (``REPEATABLE READ``, read only), so that a run which goes on meanwhile
is seen at one moment. Writing is ``READ COMMITTED``, and takes an advisory lock of the run before
it reads what it writes on: what is read after the lock is what the transaction before left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import Insert

from claimbench.store.dialects import postgresql_schema
from claimbench.store.dialects.postgresql_faults import is_lost
from claimbench.store.schema import metadata

RAW = "claimbench_raw"
"""Option of an engine for reading: the engine without what makes it read only."""
_OURS = ("runs", "removed")
"""Tables whose rows we number, without a gap."""


_RUNS_WAIT_S = 600


def lock_key(kind: str, name: str = "") -> int:
    """Return the number of an advisory lock: ``kind`` says what for, ``name`` is a run's id."""
    digest = hashlib.sha256(f"claimbench {kind} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class PostgreSQL:
    """Answers of PostgreSQL; see :class:`~claimbench.store.dialects.base.Dialect`."""

    name = "PostgreSQL"
    mark = "%s"
    migrations: Sequence[Sequence[str]] = postgresql_schema.MIGRATIONS

    def writing(self, engine: Engine) -> Engine:
        """Return the engine for transactions that write."""
        raw: Engine = engine.get_execution_options().get(RAW, engine)
        return raw.execution_options(claimbench_write=True, isolation_level="READ COMMITTED")

    def hold_rows(self, connection: Connection, run_id: str) -> None:
        """Wait for the run's lock, which ends with the transaction."""
        key = lock_key("rows", run_id)
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (key,))

    def hold_runs(self, connection: Connection) -> None:
        """Wait for the lock of the list of runs, which ends with the transaction: while somebody
        stores a plan of a million calls, too.
        """
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_RUNS_WAIT_S}s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (lock_key("runs"),))

    def upsert(self, table: Table, keys: Sequence[str], columns: Sequence[str]) -> Insert:
        """Return an INSERT that replaces ``columns`` where a row of the same ``keys`` is there."""
        made = insert(table)
        replaced = {name: made.excluded[name] for name in columns}
        return made.on_conflict_do_update(index_elements=list(keys), set_=replaced)

    def next_number(self, connection: Connection, table: Table) -> dict[str, int]:
        """Return the number after the last for runs and their removals, under :meth:`hold_runs`: a
        sequence would leave a gap with each transaction that is undone.
        """
        if table.name not in _OURS:
            return {}
        last = connection.execute(select(func.max(table.c.seq))).scalar()
        return {"seq": int(last or 0) + 1}

    def is_gapless(self, table: Table) -> bool:
        """Return True for runs and their removals; other rows are numbered by sequences, in the
        order of commit within a run.
        """
        return table.name in _OURS

    def before_first(self, connection: Connection) -> None:
        """Do nothing: a database has no mark of whose it is, but its tables."""

    def statement(self, connection: Connection, sql: str) -> str:
        """Return a statement with the schema of the tables put in."""
        if "{schema}" not in sql:
            return sql
        return sql.replace("{schema}", postgresql_schema.schema_name(connection))

    def check_schema(self, connection: Connection, path: str, version: int) -> None:  # noqa: ARG002 - the protocol's
        """Raise IntegrityError where the tables, indexes or triggers are not ours."""
        postgresql_schema.check_schema(connection, path)

    def position(self, column: Any, text: str) -> ColumnElement[int]:
        """Return where ``text`` stands in a column; 0 where it does not."""
        return func.strpos(column, text)

    def sealed_calls(self, body: Any) -> ColumnElement[Any]:
        """Return the number of planned calls in a seal's body. It is taken from the text: a cast to
        ``json`` refuses names with an escaped NUL.
        """
        return cast(func.substring(body, '"calls":\\[([0-9]+),'), BigInteger)

    def begin_removal(
        self,
        connection: Connection,
        tables: Sequence[Table],  # noqa: ARG002 - likewise
        run_id: str,
    ) -> Mapping[str, str]:
        """Name the run whose rows the triggers let go, until the transaction ends."""
        name = postgresql_schema.REMOVING
        connection.exec_driver_sql("SELECT set_config(%s, %s, true)", (name, run_id))
        return {}

    def close_up(self, connection: Connection, table: Table) -> None:
        """Number the runs 1, 2, ... in their order; keys are compared at the statement's end."""
        if table.name != "runs":
            return
        connection.exec_driver_sql(
            "UPDATE runs SET seq = ranked.n FROM (SELECT run_id, row_number() OVER (ORDER BY seq)"
            " AS n FROM runs) AS ranked WHERE ranked.run_id = runs.run_id AND ranked.n <> runs.seq"
        )

    def end_removal(self, connection: Connection, lifted: Mapping[str, str]) -> None:  # noqa: ARG002 - likewise
        """Let the triggers refuse again."""
        name = postgresql_schema.REMOVING
        connection.exec_driver_sql("SELECT set_config(%s, '', true)", (name,))

    def compact(self, connection: Connection) -> None:
        """Let the space of removed rows be used again."""
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - a connection that is open has one
        raw.rollback()
        raw.autocommit = True
        try:
            raw.execute(f"VACUUM {', '.join(metadata.tables)}")
        finally:
            raw.autocommit = False

    def is_lost(self, error: BaseException) -> bool:
        """Say whether an error means that the connection is gone."""
        return is_lost(error)


POSTGRESQL = PostgreSQL()
