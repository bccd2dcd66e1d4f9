"""Tables of the results database, and the numbered migrations that make them.

History of the schema: 1 = first; 2 = a call that failed may be asked again, so that it has a second
record; 3 = seals; 4 = the signs of removed runs.

A migration is a tuple of SQL statements and is never edited once released; a change of the schema
is a new migration at the end of :data:`MIGRATIONS`, and of those of
:mod:`~claimbench.store.dialects.postgresql_schema`. The :class:`sqlalchemy.Table` objects describe
the newest schema; a test compares both.

Keys and the few columns worth a filter are columns; everything else lies in ``body``, the canonical
JSON that :mod:`claimbench.codec` writes. ``sha256`` in ``attempts`` and ``records`` chains
the rows of a run (see :func:`chain`), so that a row which was changed, removed or moved is found by
:meth:`ResultsStore.verify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, inspect, select

from claimbench.errors import SchemaTooNew, StoreError

NOTES = "notes"
"""Kind under which the store keeps a session's notes: overruns, clock jumps, arms given up."""

APPLICATION_ID = 0x434C424E
"""``PRAGMA application_id`` of our files ("CLBN"), so that ``file`` and we can tell them from other
databases.
"""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
runs = Table(
    "runs",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("created_utc", String, nullable=False),
    Column("suite_name", String, nullable=False),
    Column("suite_version", String, nullable=False),
    Column("measured_sha256", String, nullable=False),
    Column("body", String, nullable=False),
    Column("sha256", String, nullable=False),
)
calls = Table(
    "calls",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("arm", String, nullable=False),
    Column("task", String, nullable=False),
    Column("sample_id", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("body", String, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("started_utc", String, nullable=False),
    Column("body", String, nullable=False),
    Column("ended_utc", String),
    Column("end_reason", String),
    Column("loop_lag_ms", String),
)
intents = Table(
    "intents",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("attempt_number", Integer, nullable=False),
    Column("session", Integer, nullable=False),
    Column("reserved_usd", String),
    Column("created_utc", String, nullable=False),
)
attempts = Table(
    "attempts",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("session", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("body", String, nullable=False),
    Column("sha256", String, nullable=False),
)
records = Table(
    "records",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("body", String, nullable=False),
    Column("sha256", String, nullable=False),
)
looks = Table(
    "looks",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("k", Integer, primary_key=True),
    Column("body", String, nullable=False),
)
derived = Table(
    "derived",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("row_id", String, primary_key=True),
    Column("body", String, nullable=False),
)
seals = Table(
    "seals",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("body", String, nullable=False),
    Column("sha256", String, nullable=False),
)
removed = Table(
    "removed",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("body", String, nullable=False),
    Column("sha256", String, nullable=False),
)

ROWS_OF_A_RUN: Mapping[Table, tuple[str, ...]] = {
    runs: ("seq",),
    calls: ("position", "call_id"),
    sessions: ("n",),
    intents: ("seq",),
    attempts: ("seq",),
    records: ("seq",),
    looks: ("k",),
    derived: ("kind", "key", "row_id"),
    seals: ("seq",),
}
"""Tables with rows of a run, parents before children, and the order of their rows."""


def _append_only(table: str) -> tuple[str, str]:
    message = f"{table} is append-only"
    return (
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT,"
            f" '{message}'); END"
        ),
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT,"
            f" '{message}'); END"
        ),
    )


_CALL_KEY = "FOREIGN KEY (run_id, call_id) REFERENCES calls (run_id, call_id)"
_SESSION_KEY = "FOREIGN KEY (run_id, session) REFERENCES sessions (run_id, n)"

_MIGRATION_1: tuple[str, ...] = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE runs (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, created_utc TEXT NOT NULL,
       suite_name TEXT NOT NULL, suite_version TEXT NOT NULL, measured_sha256 TEXT NOT NULL,
       body TEXT NOT NULL, sha256 TEXT NOT NULL)""",
    """CREATE TABLE calls (run_id TEXT NOT NULL REFERENCES runs (run_id), call_id TEXT NOT NULL,
       position INTEGER NOT NULL, arm TEXT NOT NULL, task TEXT NOT NULL, sample_id TEXT NOT NULL,
       epoch INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, call_id)) WITHOUT ROWID""",
    """CREATE TABLE sessions (run_id TEXT NOT NULL REFERENCES runs (run_id), n INTEGER NOT NULL,
       started_utc TEXT NOT NULL, body TEXT NOT NULL, ended_utc TEXT, end_reason TEXT, loop_lag_ms TEXT,
       PRIMARY KEY (run_id, n)) WITHOUT ROWID""",
    f"""CREATE TABLE intents (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
       attempt_number INTEGER NOT NULL, session INTEGER NOT NULL, reserved_usd TEXT, created_utc TEXT NOT NULL,
       UNIQUE (run_id, call_id, attempt_number, session), {_CALL_KEY}, {_SESSION_KEY})""",
    f"""CREATE TABLE attempts (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
       number INTEGER NOT NULL, session INTEGER NOT NULL, outcome TEXT NOT NULL, body TEXT NOT NULL,
       sha256 TEXT NOT NULL, UNIQUE (run_id, call_id, number), {_CALL_KEY}, {_SESSION_KEY})""",
    f"""CREATE TABLE records (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
       outcome TEXT NOT NULL, body TEXT NOT NULL, sha256 TEXT NOT NULL, UNIQUE (run_id, call_id), {_CALL_KEY})""",
    """CREATE TABLE looks (run_id TEXT NOT NULL REFERENCES runs (run_id), k INTEGER NOT NULL, body TEXT NOT NULL,
       PRIMARY KEY (run_id, k)) WITHOUT ROWID""",
    """CREATE TABLE derived (run_id TEXT NOT NULL REFERENCES runs (run_id), kind TEXT NOT NULL, key TEXT NOT NULL,
       row_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, kind, key, row_id)) WITHOUT ROWID""",
    "CREATE INDEX attempts_by_run ON attempts (run_id, seq)",
    "CREATE INDEX records_by_run ON records (run_id, seq)",
    *_append_only("runs"),
    *_append_only("calls"),
    *_append_only("intents"),
    *_append_only("attempts"),
    *_append_only("records"),
    *_append_only("looks"),
    _append_only("sessions")[1],
    # A session may be ended, once; nothing else of it may change.
    """CREATE TRIGGER sessions_end_only BEFORE UPDATE ON sessions
       WHEN OLD.ended_utc IS NOT NULL OR OLD.run_id IS NOT NEW.run_id OR OLD.n IS NOT NEW.n
         OR OLD.started_utc IS NOT NEW.started_utc OR OLD.body IS NOT NEW.body
       BEGIN SELECT RAISE(ABORT, 'sessions is append-only: only an open session can be ended'); END""",
)

# A record may follow one that says the call failed; never one that holds an answer (or a refusal,
# or nothing said).
_MIGRATION_2: tuple[str, ...] = (
    f"""CREATE TABLE records_2 (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
       outcome TEXT NOT NULL, body TEXT NOT NULL, sha256 TEXT NOT NULL, {_CALL_KEY})""",
    "INSERT INTO records_2 SELECT seq, run_id, call_id, outcome, body, sha256 FROM records",
    "DROP TABLE records",
    "ALTER TABLE records_2 RENAME TO records",
    "CREATE INDEX records_by_run ON records (run_id, seq)",
    "CREATE INDEX records_by_call ON records (run_id, call_id, seq)",
    *_append_only("records"),
    """CREATE TRIGGER records_answered_once BEFORE INSERT ON records WHEN EXISTS (
         SELECT 1 FROM records WHERE run_id = NEW.run_id AND call_id = NEW.call_id
         AND outcome IN ('ok', 'empty', 'refused', 'truncated', 'model_timeout'))
       BEGIN SELECT RAISE(ABORT, 'UNIQUE: the call is finished and was answered'); END""",
)

_MIGRATION_3: tuple[str, ...] = (
    """CREATE TABLE seals (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (run_id),
       body TEXT NOT NULL, sha256 TEXT NOT NULL)""",
    "CREATE INDEX seals_by_run ON seals (run_id, seq)",
    *_append_only("seals"),
)

# The sign that a removed run leaves; a run of the same id could be imported again.
_MIGRATION_4: tuple[str, ...] = (
    """CREATE TABLE removed (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, body TEXT NOT NULL,
       sha256 TEXT NOT NULL)""",
    *_append_only("removed"),
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_MIGRATION_1, _MIGRATION_2, _MIGRATION_3, _MIGRATION_4)
SCHEMA_VERSION = len(MIGRATIONS)
OLDEST_READ = 1
"""Reading alone takes databases from this version on as they are: later versions changed rules,
not rows.
"""


def chain(previous: str, body: str) -> str:
    """Return the SHA-256 (hex) that ties ``body`` to the row before it; the first row of a run follows the
    run's own hash.

    ``previous`` is the hash before, 64 hex characters, or ``""`` for a run's manifest, which begins
    the chain.
    """
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def schema_version(connection: Connection, path: str) -> int:
    """Return the version of the open database at ``path``: 0 if it is empty.

    Raises:
        StoreError: it is a database, but not one of ours.
    """
    names = set(inspect(connection).get_table_names())
    if not names:
        return 0
    if "meta" in names:
        value = connection.execute(
            select(meta.c.value).where(meta.c.key == "schema_version")
        ).scalar()
        if value is not None and str(value).isdigit():
            return int(value)
    shown = ", ".join(sorted(names)[:4])
    if connection.dialect.name == "sqlite":
        kind, hint = "SQLite", "name another folder with --results, or the bench.db of a run"
    else:
        kind = "PostgreSQL"
        hint = "give ClaimBench a database of its own: createdb claimbench"
    raise StoreError(
        f"{path}: is a {kind} database, but not one of ClaimBench's (tables: {shown})", hint=hint
    )


def check_version(found: int, path: str, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Raise :class:`SchemaTooNew` if ``found`` is a version that this program does not know."""
    if found > len(migrations):
        raise SchemaTooNew(
            f"{path}: the database has schema version {found}; this ClaimBench knows up to"
            f" {len(migrations)}",
            hint=(
                "upgrade ClaimBench (pip install -U claimbench), or use another folder with"
                " --results"
            ),
        )
