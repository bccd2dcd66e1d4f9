"""Rows of a run that are inserted at once: its plan when it begins, and all of it where it was
measured elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from claimbench.codec import encode
from claimbench.errors import StoreError
from claimbench.store import schema
from claimbench.store.writer import chained_rows
from claimbench.types import Attempt, Call, CallRecord, Manifest, Session


def check_plan(manifest: Manifest, calls: Sequence[Call]) -> None:
    """Raise StoreError for a call of another run or one that comes twice."""
    ids = {call.id for call in calls}
    if len(ids) != len(calls) or any(call.run_id != manifest.run_id for call in calls):
        raise StoreError(
            f"the plan of run {manifest.run_id} has calls of another run, or one call twice"
        )


def insert_run(
    connection: Connection,
    manifest: Manifest,
    calls: Sequence[Call],
    known: Sequence[str],
    path: Path,
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
    run = {
        "run_id": manifest.run_id,
        "created_utc": manifest.created_utc,
        "suite_name": manifest.suite_name,
        "suite_version": manifest.suite_version,
        "measured_sha256": manifest.measured_sha256,
        "body": body,
        "sha256": sha256,
    }
    connection.execute(insert(schema.runs), [run])
    if calls:
        connection.execute(insert(schema.calls), [_call_row(call) for call in calls])
    return sha256


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
