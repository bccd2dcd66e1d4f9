"""Which dialect a connection speaks."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from claimbench.store.dialects.base import Dialect
from claimbench.store.dialects.sqlite import SQLite

_SQLITE = SQLite()


def dialect_of(bind: Engine | Connection) -> Dialect:
    """Return what an engine or connection speaks."""
    if bind.dialect.name == "sqlite":
        return _SQLITE
    from claimbench.store.dialects.postgresql import POSTGRESQL

    return POSTGRESQL
