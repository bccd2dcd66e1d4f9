"""Rows of a run that are inserted at once: its plan when it begins, and all of it where it was
measured elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection, func, insert, select

from claimbench.clock import Clock
from claimbench.codec import encode
from claimbench.errors import StoreError
from claimbench.packed import columns
from claimbench.store import schema
from claimbench.store.dialects.of import dialect_of
from claimbench.store.place import Place
from claimbench.store.writer import chained_rows
from claimbench.types import Attempt, Call, CallRecord, Json, Manifest, Session

_AT_ONCE = 5_000
"""Rows of one insert: a plan may hold a million."""


def check_plan(manifest: Manifest, calls: Sequence[Call]) -> None:
    """Raise StoreError for a call of another run, one that comes twice, or names that not every
    database keeps.
    """
    ids = set(columns(calls, "id"))
    if len(ids) != len(calls) or any(one != manifest.run_id for one in columns(calls, "run_id")):
        raise StoreError(
            f"the plan of run {manifest.run_id} has calls of another run, or one call twice"
        )
    _refuse_nul(calls)


def _refuse_nul(calls: Sequence[Call]) -> None:
    for what, field in (("sample", "sample_id"), ("task", "task"), ("arm", "arm")):
        for name in set(columns(calls, field)):
            if storable(name) != name:
                raise StoreError(
                    f"the {what} {name!r:.80} has a NUL or half a character in its name, which not"
                    " every database keeps",
                    hint="take it out of the data or the suite",
                )


def insert_run(
    connection: Connection,
    manifest: Manifest,
    calls: Sequence[Call],
    known: Sequence[str],
    path: Place,
) -> str:
    """Insert a run's row and its plan; return the run's hash, with which its chains begin.

    Raises:
        StoreError: it is among the ``known`` ids already.
    """
    if manifest.run_id in known:
        raise StoreError(
            f"{path}: run {manifest.run_id} is there already",
            hint="continue it with --resume",
        )
    body = encode(manifest)
    sha256 = schema.chain("", body)
    run: dict[str, object] = {
        **dialect_of(connection).next_number(connection, schema.runs),
        "run_id": manifest.run_id,
        "created_utc": manifest.created_utc,
        "suite_name": manifest.suite_name,
        "suite_version": manifest.suite_version,
        "measured_sha256": manifest.measured_sha256,
        "body": body,
        "sha256": sha256,
    }
    connection.execute(insert(schema.runs), [run])
    source = iter(calls)
    while rows := [_call_row(call) for call in islice(source, _AT_ONCE)]:
        connection.execute(insert(schema.calls), rows)
    return sha256


def insert_session(
    connection: Connection,
    run_id: str,
    host: dict[str, Json],
    calibration: dict[str, Json],
    clock: Clock,
) -> Session:
    """Insert the run's next session and return it."""
    sessions = schema.sessions
    newest = connection.execute(
        select(func.max(sessions.c.n)).where(sessions.c.run_id == run_id)
    ).scalar()
    session = Session(
        run_id=run_id,
        n=int(newest or 0) + 1,
        started_utc=clock.utc().isoformat(),
        monotonic_origin_ns=clock.monotonic_ns(),
        host=host,
        calibration=calibration,
    )
    row = {
        "run_id": run_id,
        "n": session.n,
        "started_utc": session.started_utc,
        "body": encode(session),
    }
    connection.execute(insert(sessions), [row])
    return session


def insert_ended_sessions(connection: Connection, sessions: Sequence[Session]) -> None:
    """Insert sessions with their ends, as they would stand after starting and ending each."""
    for session in sessions:
        started = replace(session, ended_utc=None, end_reason=None)
        row = {
            "run_id": session.run_id,
            "n": session.n,
            "started_utc": session.started_utc,
            "body": encode(started),
            "ended_utc": session.ended_utc,
            "end_reason": session.end_reason,
            "loop_lag_ms": encode(dict(session.loop_lag_ms)),
        }
        connection.execute(insert(schema.sessions), [row])


def insert_chained(
    connection: Connection,
    run_id: str,
    rows: Sequence[Attempt] | Sequence[CallRecord],
    last: str,
) -> None:
    """Insert attempts or records, chained as the writer chains them."""
    made = chained_rows(run_id, rows, last)
    if made:
        table = schema.attempts if isinstance(rows[0], Attempt) else schema.records
        connection.execute(insert(table), made)


def _call_row(call: Call) -> dict[str, object]:
    return {
        "run_id": call.run_id,
        "call_id": call.id,
        "position": call.position,
        "arm": call.arm,
        "task": call.task,
        "sample_id": call.sample_id,
        "epoch": call.epoch,
        "body": encode(call),
    }


def storable(text: str) -> str:
    """Return a text without what not every database keeps: NUL and half surrogate pairs become
    escapes.
    """
    if "\0" not in text and text.isascii():
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
