"""Whether a database has our tables, indexes and triggers and nothing else.

Rows are guarded by hashes and seals; this guards what acts on them: a trigger that somebody adds
changes rows while we write, and without our own triggers rows can be changed at all.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from claimbench.errors import IntegrityError
from claimbench.store.schema import MIGRATIONS

_OBJECTS = "SELECT type, name, sql FROM sqlite_master"
_META_KEYS = frozenset({"schema_version"})
_MOST_NAMED = 4
_HINT = (
    "do not use this database as evidence; restore it from a backup, or measure again into another"
    " folder with --results"
)
_Objects = dict[tuple[str, str], str]


def check_schema(connection: Connection, path: str, version: int) -> None:
    """Compare what the database is made of with what the migrations up to ``version`` make.

    Args:
        connection: in one transaction with the reading of the version, for another process may be
            bringing the database up to date.
        path: of the database, for errors.
        version: of its schema, one that this program knows and not 0.

    Raises:
        IntegrityError: something of it is foreign, missing or changed; it is named.
    """
    found = _known(connection.exec_driver_sql(_OBJECTS).all())
    expected = _expected(version)
    faults = [f"the {_named(key)} is foreign" for key in found if key not in expected]
    faults += [f"the {_named(key)} is missing" for key in expected if key not in found]
    for key, sql in expected.items():
        if key in found and found[key] != sql:
            faults.append(f"the {_named(key)} is not as ClaimBench makes it")
    keys = connection.exec_driver_sql("SELECT key FROM meta").scalars()
    faults += [f"the row {key!r:.60} of meta is foreign" for key in keys if key not in _META_KEYS]
    user_version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    if user_version != 0:
        faults.append(f"user_version is {user_version}, not 0")
    if faults:
        more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        told = "; ".join(faults[:_MOST_NAMED])
        raise IntegrityError(
            f"{path}: the database was changed by another program: {told}{more}", hint=_HINT
        )


def _named(key: tuple[str, str]) -> str:
    return f"{key[0]} {key[1]!s:.60}"


def _known(rows: Iterable[Sequence[Any]]) -> _Objects:
    """Return (type, name) -> SQL of all that SQLite did not make itself.

    It keeps indexes of keys and tables of statistics under names that begin with ``sqlite_``.
    Blanks and quotes do not count: SQLite quotes what it renames.
    """
    made: _Objects = {}
    for kind, name, sql in rows:
        if not (kind in ("table", "index") and str(name).startswith("sqlite_")):
            made[kind, name] = re.sub(r"\s+", " ", str(sql or "").replace('"', "")).strip()
    return made


@lru_cache(maxsize=len(MIGRATIONS))
def _expected(version: int) -> _Objects:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        return _known(connection.execute(_OBJECTS).fetchall())
