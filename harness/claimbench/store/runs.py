"""The list of runs, and finding one by what a person types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Table, distinct, func, select

from claimbench.errors import IntegrityError, StoreError
from claimbench.store import schema
from claimbench.store.engine import is_locked


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line about a run.

    ``status``: ``complete`` (every planned call is finished), ``running`` (a process holds its
    lock), ``interrupted`` (its last session never ended: killed), ``incomplete`` (it ended before
    its plan) or ``planned`` (never begun).
    """

    run_id: str
    created_utc: str
    suite_name: str
    suite_version: str
    status: str
    n_planned: int
    n_finished: int
    measured_sha256: str


_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_run_id(run_id: str, path: Path) -> str:
    """Return a run's id as stored, which is the name of a folder too.

    Raises:
        IntegrityError: it could name another place than a folder beside the database at ``path``;
            no ClaimBench wrote it.
    """
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise IntegrityError(
            f"{path}: a run is called {run_id!r:.120}, which is no id that ClaimBench gives",
            hint="do not use this database as evidence; ask for the one that was measured",
        )
    return run_id


def list_runs(connection: Connection, folder: Path) -> list[RunInfo]:
    """Return all runs, the newest last; ``folder`` holds the folders of the runs."""
    runs = schema.runs
    sessions = schema.sessions
    planned = _count(connection, schema.calls)
    finished = _count(connection, schema.records)
    ends = connection.execute(
        select(sessions.c.run_id, sessions.c.ended_utc).order_by(sessions.c.n)
    )
    last_end: dict[str, str | None] = {row.run_id: row.ended_utc for row in ends}
    result = []
    for row in connection.execute(select(runs).order_by(runs.c.created_utc, runs.c.seq)):
        info = RunInfo(
            run_id=checked_run_id(row.run_id, folder),
            created_utc=row.created_utc,
            suite_name=row.suite_name,
            suite_version=row.suite_version,
            status="complete",
            n_planned=planned.get(row.run_id, 0),
            n_finished=finished.get(row.run_id, 0),
            measured_sha256=row.measured_sha256,
        )
        if info.n_finished < info.n_planned:
            info = replace(info, status=_status(folder / row.run_id, row.run_id, last_end))
        result.append(info)
    return result


def find_run(name: str | None, ids: Sequence[str], path: Path) -> str:
    """Find a run as :meth:`ResultsStore.resolve_run` says; ``ids``: in order, the newest last."""
    if not ids:
        raise StoreError(f"{path}: there are no runs yet", hint="make one with: bench run SUITE")
    if name is None or name == "latest":
        return ids[-1]
    wanted = Path(name).name
    found = (
        [wanted]
        if wanted in ids
        else [run_id for run_id in ids if wanted and run_id.startswith(wanted)]
    )
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(found[-5:])
        raise StoreError(
            f"{name!r} is the beginning of {len(found)} runs: {shown}", hint="write more of it"
        )
    near = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.5) or ids[-3:]
    raise StoreError(
        f"{path}: there is no run {name!r}", hint=f"nearest: {', '.join(near)} (all: bench list)"
    )


def _count(connection: Connection, table: Table) -> dict[str, int]:
    calls = func.count(distinct(table.c.call_id))  # a call that was asked again has several records
    rows = connection.execute(select(table.c.run_id, calls.label("n")).group_by(table.c.run_id))
    return {row.run_id: row.n for row in rows}


def _status(folder: Path, run_id: str, last_end: Mapping[str, str | None]) -> str:
    if is_locked(folder):
        return "running"
    if run_id not in last_end:
        return "planned"
    return "interrupted" if last_end[run_id] is None else "incomplete"
