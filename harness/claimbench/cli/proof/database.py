"""What ``bench doctor --results URL`` finds of a database: reachable, ours, its rights, its way."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from claimbench.errors import BenchError
from claimbench.machine.checks import Check

if TYPE_CHECKING:
    from claimbench.store.place import DatabaseUrl

MOST_CLOCK_ERROR_S = 2.0
_RIGHTS = (
    ("records", "SELECT", "read"),
    ("records", "INSERT", "add"),
    ("runs", "DELETE", "remove"),
)


def check_database(url: DatabaseUrl) -> list[Check]:
    """Ask the server everything that a run needs of it; nothing is written."""
    from claimbench.store.dialects.postgresql_connect import connect, require_psycopg
    from claimbench.store.engine import clear_errors, explain

    try:
        require_psycopg()
    except BenchError as error:
        return [_fault(error)]
    import psycopg

    try:
        with clear_errors(url):
            before = time.monotonic()
            with closing(connect(url, 15.0, autocommit=True)) as connection:
                took_ms = (time.monotonic() - before) * 1e3
                return [*_server(url, connection, took_ms), *_schema(url, connection)]
    except psycopg.Error as error:  # of a connection of our own: no engine stands between
        return [_fault(explain(error, url))]
    except BenchError as error:
        return [_fault(error)]


def _fault(error: BenchError) -> Check:
    return Check("database", "error", error.message, error.hint)


def _server(url: DatabaseUrl, connection: Any, took_ms: float) -> list[Check]:
    info = connection.info
    major = info.server_version // 10000
    found = [
        Check(
            "database",
            "ok",
            f"{url}: PostgreSQL {major} as {info.user}, connected in {took_ms:.0f} ms",
        )
    ]
    if connection.pgconn.ssl_in_use:
        found.append(Check("database TLS", "ok", f"encrypted ({_tls(connection)})"))
    elif url.is_local:
        found.append(Check("database TLS", "ok", "not encrypted, and the server is this machine"))
    else:
        found.append(
            Check(
                "database TLS",
                "warning",
                "not encrypted: prompts and answers can be read on the way",
                "add sslmode=verify-full (and sslrootcert=FILE) to the URL",
            )
        )
    round_trips = []
    for _ in range(5):
        before = time.monotonic()
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone()
        round_trips.append(time.monotonic() - before)
    off_s = abs((now - datetime.now(UTC)).total_seconds())
    found.append(
        Check(
            "database time",
            "ok" if off_s <= MOST_CLOCK_ERROR_S else "warning",
            f"a question takes {sorted(round_trips)[2] * 1e3:.1f} ms; its clock is"
            f" {off_s:.1f} s off ours",
            None if off_s <= MOST_CLOCK_ERROR_S else "set both by NTP",
        )
    )
    (standby,) = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    if standby:
        found.append(
            Check(
                "database role",
                "warning",
                "a standby: it takes no writes",
                "name the one that leads",
            )
        )
    return found


def _tls(connection: Any) -> str:
    row = connection.execute(
        "SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    ).fetchone()
    return " ".join(str(part) for part in row) if row else "details unknown"


def _schema(url: DatabaseUrl, connection: Any) -> list[Check]:
    from claimbench.store.results import ResultsStore

    (there,) = connection.execute("SELECT to_regclass('meta') IS NOT NULL").fetchone()
    if not there:
        (may,) = connection.execute(
            "SELECT has_schema_privilege(current_schema(), 'CREATE')"
        ).fetchone()
        standing = "missing" if may else "error"
        hint = "bench run SUITE makes them" if may else "let its owner run one suite first"
        made = [Check("database tables", standing, "none yet", hint)]  # type: ignore[arg-type]
        try:
            ResultsStore.open(url, create=False, read_only=True).close()
        except BenchError as error:
            if "not one of ClaimBench's" in error.message:
                return [Check("database tables", "error", error.message, error.hint)]
        return made
    try:
        with ResultsStore.open(url, create=False, read_only=True) as store:
            runs = len(store.runs())
    except BenchError as error:
        return [Check("database tables", "error", error.message, error.hint)]
    may_do = []
    for table, right, word in _RIGHTS:
        row = connection.execute("SELECT has_table_privilege(%s, %s)", (table, right)).fetchone()
        if row[0]:
            may_do.append(word)
    return [
        Check("database tables", "ok", f"as ClaimBench makes them; {runs} runs"),
        Check(
            "database rights",
            "ok" if "add" in may_do else "warning",
            f"{connection.info.user} may {', '.join(may_do) or 'nothing'}",
            None if "add" in may_do else "a run needs the role claimbench_writer",
        ),
    ]
