"""Finding rows that are not what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from claimbench.errors import IntegrityError
from claimbench.store.schema import attempts, chain, records

_HINT = "do not use this run as evidence; restore the database from a backup, or measure again"


def verify_rows(connection: Connection, path: Path, run_id: str, manifest: str, sha256: str) -> int:
    """Recompute every hash of a run; return how many rows agree.

    The chain finds changed, removed, added and exchanged rows. It is no signature: who rewrites all
    rows after a change and their hashes, or cuts off the last rows, is not found.

    Raises:
        IntegrityError: a row does not agree; its call is named.
    """
    if chain("", manifest) != sha256:
        raise IntegrityError(f"{path}: the manifest of run {run_id} was changed", hint=_HINT)
    return 1 + sum(
        _verify_table(connection, table, path, run_id, sha256) for table in (attempts, records)
    )


def _verify_table(
    connection: Connection, table: Table, path: Path, run_id: str, previous: str
) -> int:
    n = 0
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.seq)
    for row in connection.execute(query).yield_per(1000):
        if chain(previous, row.body) != row.sha256 or not _columns_agree(row):
            raise IntegrityError(
                f"{path}: {table.name}: the row of call {row.call_id} (run {run_id}) is not what"
                " was written, or the row before it is missing",
                hint=_HINT,
            )
        previous = row.sha256
        n += 1
    return n


def _columns_agree(row: Any) -> bool:
    body = json.loads(row.body)
    call_id = body["call_id"] if "call_id" in body else body["call"]["id"]
    return bool(call_id == row.call_id and body["outcome"] == row.outcome)
