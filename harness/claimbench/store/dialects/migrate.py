"""Bringing a database's schema up to date by its numbered migrations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from claimbench.store.dialects.of import dialect_of
from claimbench.store.schema import check_version, meta, schema_version


def migrate(engine: Engine, path: str, migrations: Sequence[Sequence[str]] | None = None) -> int:
    """Bring the database up to date, one transaction per migration, and return the version it had
    before.

    Each transaction reads the version again under the write lock, so that two processes may open a
    new database at once.

    Args:
        engine: for writing.
        path: of the database, for errors.
        migrations: other than those of the database's dialect, for tests.
    """
    dialect = dialect_of(engine)
    steps = dialect.migrations if migrations is None else migrations
    with engine.connect() as connection:
        before = schema_version(connection, path)
    check_version(before, path, steps)
    keep = dialect.upsert(meta, ["key"], ["value"])
    for number in range(before + 1, len(steps) + 1):
        with engine.begin() as connection:
            dialect.hold_runs(connection)
            if schema_version(connection, path) >= number:
                continue
            if number == 1:
                dialect.before_first(connection)
            for sql in steps[number - 1]:
                connection.exec_driver_sql(dialect.statement(connection, sql))
            connection.execute(keep, [{"key": "schema_version", "value": str(number)}])
    return before
