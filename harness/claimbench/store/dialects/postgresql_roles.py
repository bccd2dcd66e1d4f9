"""The roles of a results database in PostgreSQL, as SQL for whoever owns it."""

from __future__ import annotations

from claimbench.store.schema import metadata

READER, WRITER, AUDITOR = "claimbench_reader", "claimbench_writer", "claimbench_auditor"
_WRITTEN = ("runs", "calls", "sessions", "intents", "attempts", "records", "looks", "seals")


def roles_sql() -> str:
    """Return the SQL that makes the three roles and gives them their rights. It may be run again.

    A reader reads. A writer also adds rows, ends sessions and replaces what was derived; it can
    neither change nor delete a measured row, nor make or drop a table. An auditor reads, and sees
    who holds which lock. None of them removes a run: that is the owner's.
    """
    tables = ", ".join(metadata.tables)
    lines = [
        "-- As the owner of the tables (the user of the first `bench run --results URL`).",
        *(_make(role) for role in (READER, WRITER, AUDITOR)),
        f"REVOKE ALL ON {tables} FROM PUBLIC, {READER}, {WRITER}, {AUDITOR};",
        f"GRANT SELECT ON {tables} TO {READER}, {WRITER}, {AUDITOR};",
        f"GRANT INSERT ON {', '.join(_WRITTEN)}, derived TO {WRITER};",
        f"GRANT UPDATE (ended_utc, end_reason, loop_lag_ms) ON sessions TO {WRITER};",
        f"GRANT UPDATE (body) ON derived TO {WRITER};",
        f"GRANT pg_read_all_stats TO {AUDITOR};  -- as a superuser; without it names are hidden",
        "-- Then, for each person: CREATE ROLE ann LOGIN PASSWORD '...' IN ROLE claimbench_writer;",
    ]
    return "\n".join(lines) + "\n"


def _make(role: str) -> str:
    return (
        "DO $$ BEGIN\n"
        f"  CREATE ROLE {role} NOLOGIN;\n"
        f"EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    )
