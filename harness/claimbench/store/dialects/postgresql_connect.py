"""Connections to PostgreSQL: how they are made, kept alive and secured. psycopg is imported here
alone, when the first one is made.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

from claimbench.errors import StoreError
from claimbench.store.dialects.postgresql import RAW
from claimbench.store.place import DatabaseUrl

if TYPE_CHECKING:
    import psycopg

KEYRING_SERVICE = "claimbench:postgresql"
OLDEST_SERVER = 130000
STATEMENT_TIMEOUT_S = 1800.0
"""Seconds after which the server gives a statement up: a plan of a million calls takes a tenth."""

_KEPT_ALIVE: Mapping[str, str] = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""A host that is gone without a word is noticed within half a minute."""


def make_engine(url: DatabaseUrl, busy_timeout_s: float, remarks: list[str]) -> Engine:
    """Return an engine for reading; its dialect makes one for writing of it.

    Args:
        url: the database.
        busy_timeout_s: how long a statement waits for a lock of another.
        remarks: what people should know of the connection is added here, once.
    """
    require_psycopg()
    once = threading.Lock()

    def creator() -> psycopg.Connection[Any]:
        connection = connect(url, busy_timeout_s)
        with once:
            said = _unencrypted(url, connection)
            if said and said not in remarks:
                remarks.append(said)
        return connection

    raw = create_engine(
        "postgresql+psycopg://", creator=creator, pool_pre_ping=True, use_native_hstore=False
    )
    event.listen(raw, "begin", _begin)
    return raw.execution_options(
        **{RAW: raw}, isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def _begin(connection: Connection) -> None:
    """Let a transaction that writes take the server's own default: what a connection was used for
    before leaves an explicit READ WRITE, which would override a server that was made read only.
    """
    if connection.get_execution_options().get("claimbench_write", False):
        raw: Any = connection.connection.driver_connection
        raw.read_only = None


def connect(
    url: DatabaseUrl, busy_timeout_s: float, *, autocommit: bool = False
) -> psycopg.Connection[Any]:
    """Return a connection, its limits of time set.

    Raises:
        psycopg.Error: there is none; StoreError: the server is too old.
    """
    import psycopg

    given: dict[str, Any] = {**_KEPT_ALIVE, **url.arguments}
    given["application_name"] = _who()
    given["client_encoding"] = "utf8"
    try:
        made = psycopg.connect(**given, autocommit=True)
    except psycopg.OperationalError as error:
        password = _from_keyring(url) if "no password supplied" in str(error) else None
        if password is None:
            raise
        made = psycopg.connect(**given, password=password, autocommit=True)
    try:
        if made.info.server_version < OLDEST_SERVER:
            raise StoreError(
                f"{url}: the server is PostgreSQL {made.info.server_version // 10000}; 13 is the"
                " oldest that ClaimBench works with",
                hint="upgrade the server, or name another with --results",
            )
        made.execute(
            "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN %s"
            " WHEN 'statement_timeout' THEN %s ELSE '0' END, false) FROM pg_settings"
            " WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_session_timeout')",
            (f"{busy_timeout_s * 1e3:.0f}", f"{STATEMENT_TIMEOUT_S * 1e3:.0f}"),
        )
        made.autocommit = autocommit
    except BaseException:
        made.close()
        raise
    return made


def _who() -> str:
    """Return what others see of the connection: program, process, host; at most 63 characters."""
    host = "".join(c for c in socket.gethostname() if c.isalnum() or c in ".-_")
    return f"bench {os.getpid()} on {host}"[:63]


def _unencrypted(url: DatabaseUrl, connection: psycopg.Connection[Any]) -> str | None:
    if url.is_local or connection.pgconn.ssl_in_use:
        return None
    return (
        f"the connection to {connection.info.host} is not encrypted: prompts and answers can be"
        " read on the way (sslmode=verify-full asks for TLS)"
    )


def require_psycopg() -> None:
    """Raise StoreError where psycopg is not installed."""
    try:
        import psycopg  # noqa: F401 - whether it is there
    except ImportError as error:
        raise StoreError(
            "results in PostgreSQL need the package psycopg, which is not installed here"
            if isinstance(error, ModuleNotFoundError)
            else f"the package psycopg cannot be loaded: {error}",
            hint="pip install 'claimbench[postgresql]'",
        ) from error


def _from_keyring(url: DatabaseUrl) -> str | None:
    """Return the password that the keyring has for the user at the server; None without one."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    given = url.arguments
    user = given.get("user") or os.environ.get("PGUSER") or os.environ.get("USER") or ""
    host = given.get("host") or "localhost"
    name = f"{user}@{host}:{given.get('port') or '5432'}/{given.get('dbname') or user}"
    try:
        found = keyring.get_password(KEYRING_SERVICE, name)
    except (KeyringError, RuntimeError):
        return None
    return None if found is None else str(found)
