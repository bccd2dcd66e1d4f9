"""The rows of one run as they stand in the tables: out of one database, and into another.

A row is a mapping of its columns, without the number that the database gave it. Nothing is decoded:
the texts are those that the hashes were made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, insert, inspect, select

from claimbench.errors import StoreError
from claimbench.store import schema
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors, for_writing
from claimbench.store.results import ResultsStore
from claimbench.store.seals import seal_run

RawRow = Mapping[str, str | int | None]
RawRows = Mapping[str, Sequence[RawRow]]
"""Table -> its rows, in :data:`TABLES`' order."""

TABLES: tuple[str, ...] = tuple(table.name for table in schema.ROWS_OF_A_RUN)
"""Every table that holds rows of a run, parents before children."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    table.name: tuple(column.name for column in table.columns if column.name != "seq")
    for table in schema.ROWS_OF_A_RUN
}
"""Table -> the columns of a raw row."""
_A_TIME = 500


def read_raw(store: ResultsStore, run_id: str) -> dict[str, list[RawRow]]:
    """Return every row of a run, by table; a database of before seals has none of them.

    Raises:
        StoreError: there is no such run, or the file cannot be read.
    """
    found: dict[str, list[RawRow]] = {}
    with clear_errors(store.path), store.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        for table, order in schema.ROWS_OF_A_RUN.items():
            columns = [table.c[name] for name in COLUMNS[table.name]]
            query = select(*columns).where(table.c.run_id == run_id)
            query = query.order_by(*(table.c[name] for name in order))
            rows = connection.execute(query).mappings() if table.name in there else ()
            found[table.name] = [dict(row) for row in rows]
    if not found["runs"]:
        raise StoreError(
            f"{store.path}: there is no run {run_id!r}", hint="bench list shows them all"
        )
    return found


def add_raw(store: ResultsStore, rows: RawRows, *, chained: bool = True) -> str:
    """Store the rows of a run that this database does not hold yet, in one transaction; return the
    run's id. Nothing is verified: ask :meth:`ResultsStore.verify` afterwards.

    Args:
        store: open for writing.
        rows: by table, as :func:`read_raw` gave them.
        chained: the rows carry the hashes that they were written with. Otherwise (texts of theirs
            were taken out) chains are made anew and one seal is put over all.

    Raises:
        StoreError: the run is there already, or the database refuses a row.
    """
    run_id = str(rows["runs"][0]["run_id"])
    with clear_errors(store.path), for_writing(store.engine).begin() as connection:
        dialect_of(connection).hold_runs(connection)
        dialect_of(connection).hold_rows(connection, run_id)
        mine = select(schema.runs.c.run_id).where(schema.runs.c.run_id == run_id)
        if connection.execute(mine).first() is not None:
            raise StoreError(
                f"{store.path}: run {run_id} is there already",
                hint="name another folder with --results",
            )
        made = rows if chained else _chained(rows)
        for table in schema.ROWS_OF_A_RUN:
            _insert(connection, table, made[table.name])
        if not chained:
            seal_run(connection, run_id)
    return run_id


def _insert(connection: Connection, table: Table, rows: Sequence[RawRow]) -> None:
    if table is schema.runs:
        number = dialect_of(connection).next_number(connection, table)
        rows = [{**rows[0], **number}]
    for start in range(0, len(rows), _A_TIME):
        connection.execute(insert(table), [dict(row) for row in rows[start : start + _A_TIME]])


def _chained(rows: RawRows) -> dict[str, Sequence[RawRow]]:
    """Return the rows with the hashes that their bodies make now, and without seals."""
    run = rows["runs"][0]
    origin = schema.chain("", str(run["body"]))
    made: dict[str, Sequence[RawRow]] = {**rows, "seals": (), "runs": [{**run, "sha256": origin}]}
    for name in ("attempts", "records"):
        last, chained = origin, []
        for row in rows[name]:
            last = schema.chain(last, str(row["body"]))
            chained.append({**row, "sha256": last})
        made[name] = chained
    return made
