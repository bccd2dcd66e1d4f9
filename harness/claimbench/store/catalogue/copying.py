"""Copy runs from one database into another, of either kind: the same texts, the same hashes.

Each run is read in one snapshot and written in one transaction. It is verified where it lies, row
by row as it is copied, and verified again in the transaction that wrote it: a fault of any kind
leaves nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from sqlalchemy import Connection, Table, insert, inspect, select

from claimbench.errors import StoreError
from claimbench.store import schema
from claimbench.store.catalogue.removal import removed_at
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors, for_writing, lock_asker
from claimbench.store.results import ResultsStore
from claimbench.store.runs import moment
from claimbench.store.verify import verify_rows

_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of one run: ``copied``, ``there`` (with the same rows), ``removed`` (it was
    removed there once, and stays so) or ``running`` (a process works on it). ``rows``: how many it
    has.
    """

    run_id: str
    state: Literal["copied", "there", "removed", "running"]
    rows: int = 0
    removed_utc: str = ""


def copy_run(source: ResultsStore, target: ResultsStore, run_id: str) -> Copied:
    """Copy one run.

    Args:
        source: where it is; need not be open for writing.
        target: open for writing.
        run_id: the run, as :meth:`ResultsStore.resolve_run` gives it.

    Raises:
        StoreError: the run is there with other rows, or a database fails; IntegrityError: its rows
            are not what was written. Nothing is copied then.
    """
    gone = removed_at(target).get(run_id)
    with ExitStack() as opened:
        opened.enter_context(clear_errors(source.path))
        reading = opened.enter_context(source.engine.connect())
        if lock_asker(reading, source.path)(run_id):
            return Copied(run_id, "running")
        verify_rows(reading, source.path, run_id)
        opened.enter_context(clear_errors(target.path))
        writing = opened.enter_context(for_writing(target.engine).begin())
        dialect = dialect_of(writing)
        dialect.hold_runs(writing)
        dialect.hold_rows(writing, run_id)
        mine = select(schema.runs.c.run_id).where(schema.runs.c.run_id == run_id)
        if writing.execute(mine).first() is not None:
            return Copied(run_id, "there", _same(reading, writing, run_id, target))
        if gone is not None:
            return Copied(run_id, "removed", removed_utc=gone)
        rows = sum(_copy(reading, writing, table, run_id) for table in schema.ROWS_OF_A_RUN)
        verify_rows(writing, target.path, run_id)
        _same(reading, writing, run_id, target)
    return Copied(run_id, "copied", rows)


def refuse(done: Copied, target: ResultsStore) -> None:
    """Raise StoreError for one run that was asked for by name and was not copied."""
    if done.state == "removed":
        raise StoreError(
            f"{target.path}: run {done.run_id} was removed there on {moment(done.removed_utc)};"
            " it is not put back",
            hint="copy it into another database, if it is wanted again",
        )
    if done.state == "running":
        raise StoreError(
            f"run {done.run_id} is being worked on, and its rows still grow",
            hint="wait until it ends, or stop it (Ctrl-C there)",
        )


def _copy(reading: Connection, writing: Connection, table: Table, run_id: str) -> int:
    if not inspect(reading).has_table(table.name):
        return 0
    number = dialect_of(writing).next_number(writing, table)
    n = 0
    batch: list[dict[str, object]] = []
    for row in _rows(reading, table, run_id):
        batch.append({**row, **number})
        if len(batch) == _A_TIME:
            writing.execute(insert(table), batch)
            n += len(batch)
            batch = []
    if batch:
        writing.execute(insert(table), batch)
    return n + len(batch)


def _same(reading: Connection, writing: Connection, run_id: str, target: ResultsStore) -> int:
    """Return how many rows both have of a run; StoreError where one differs."""
    whole = 0
    for table in schema.ROWS_OF_A_RUN:
        if not inspect(reading).has_table(table.name):
            continue
        pairs = zip_longest(_rows(reading, table, run_id), _rows(writing, table, run_id))
        for n, (mine, its) in enumerate(pairs, start=1):
            whole += 1
            if mine != its:
                raise StoreError(
                    f"{target.path}: run {run_id} is there already, with other rows"
                    f" ({table.name}, row {n})",
                    hint="nothing was copied; the two are different states of one run: keep the"
                    " one that is complete",
                )
    return whole


def _rows(connection: Connection, table: Table, run_id: str) -> Iterator[dict[str, object]]:
    """Read the rows of a run as they stand, without the numbers that the database gave them."""
    columns = [column for column in table.columns if column.name != "seq"]
    query = select(*columns).where(table.c.run_id == run_id)
    query = query.order_by(*(table.c[name] for name in schema.ROWS_OF_A_RUN[table]))
    rows = connection.execute(query).yield_per(_A_TIME)
    for row in rows.mappings():
        yield dict(row)
