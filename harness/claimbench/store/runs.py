"""The list of runs, and finding one by what a person types."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, distinct, func, select

from claimbench.codec import decode
from claimbench.errors import IntegrityError, StoreError
from claimbench.store import schema
from claimbench.store.catalogue.about import KEY as about_key
from claimbench.store.catalogue.about import KIND as about_kind
from claimbench.store.catalogue.about import about_of_rows
from claimbench.store.place import Place
from claimbench.types import Intent


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line about a run.

    ``status``: ``complete`` (every planned call is finished), ``running`` (a process holds its
    lock), ``interrupted`` (its last session never ended: killed), ``incomplete`` (it ended before
    its plan) or ``planned`` (never begun). ``tags``, ``note`` and ``owner`` are what people said.
    """

    run_id: str
    created_utc: str
    suite_name: str
    suite_version: str
    status: str
    n_planned: int
    n_finished: int
    measured_sha256: str
    tags: tuple[str, ...] = ()
    note: str = ""
    owner: str = ""


_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_run_id(run_id: str, path: Place) -> str:
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


Locked = Callable[[str], bool]
"""Says whether a process holds the lock of a run."""


def list_runs(connection: Connection, path: Place, locked: Locked) -> list[RunInfo]:
    """Return all runs, the newest last; ``path`` of the database, for errors."""
    runs = schema.runs
    sessions = schema.sessions
    planned = _count(connection, schema.calls)
    finished = _count(connection, schema.records)
    ends = connection.execute(
        select(sessions.c.run_id, sessions.c.ended_utc).order_by(sessions.c.n)
    )
    last_end: dict[str, str | None] = {row.run_id: row.ended_utc for row in ends}
    said = _said(connection)
    result = []
    for row in connection.execute(select(runs).order_by(runs.c.created_utc, runs.c.seq)):
        about = about_of_rows(said.get(row.run_id, {}), row.run_id)
        info = RunInfo(
            run_id=checked_run_id(row.run_id, path),
            created_utc=row.created_utc,
            suite_name=row.suite_name,
            suite_version=row.suite_version,
            status="complete",
            n_planned=planned.get(row.run_id, 0),
            n_finished=finished.get(row.run_id, 0),
            measured_sha256=row.measured_sha256,
            tags=about.tags,
            note=about.note,
            owner=about.owner,
        )
        if info.n_finished < info.n_planned:
            info = replace(info, status=status_of(locked(row.run_id), row.run_id, last_end))
        result.append(info)
    return result


def find_run(
    name: str | None,
    ids: Sequence[str],
    path: Place,
    removed: Callable[[], Mapping[str, str]] = dict,
) -> str:
    """Find a run as :meth:`ResultsStore.resolve_run` says; ``ids``: in order, the newest last.

    ``removed`` gives when runs that are no longer here were removed, by id; asked for only where
    nothing else fits.
    """
    latest = name is None or name == "latest"
    wanted = "" if name is None else Path(name).name
    if not latest and wanted not in ids:
        _refuse_removed(wanted, ids, path, removed())
    if not ids:
        raise StoreError(f"{path}: there are no runs yet", hint="make one with: bench run SUITE")
    if latest:
        return ids[-1]
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


def _refuse_removed(
    wanted: str, ids: Sequence[str], path: Place, removed: Mapping[str, str]
) -> None:
    """Raise StoreError where ``wanted`` is a removed run, or begins removed runs alone."""
    gone = [wanted] if wanted in removed else []
    if not gone and wanted and not any(run_id.startswith(wanted) for run_id in ids):
        gone = [run_id for run_id in removed if run_id.startswith(wanted)]
    if gone:
        told = "; ".join(
            f"run {run_id} was removed on {moment(removed[run_id])}" for run_id in gone[-5:]
        )
        raise StoreError(
            f"{path}: {told}",
            hint="a bundle or a backup from before may hold it; bench list shows the runs that are"
            " here, and what was removed",
        )


def moment(utc: str) -> str:
    """Return a stored time in words."""
    return f"{utc[:10]} at {utc[11:16]} UTC"


def _said(connection: Connection) -> dict[str, dict[str, object]]:
    """Return what was said about the runs, as stored rows, by run."""
    derived = schema.derived
    query = select(derived.c.run_id, derived.c.row_id, derived.c.body).where(
        derived.c.run_id.in_(select(schema.runs.c.run_id)),  # rows have no index by kind alone
        derived.c.kind == about_kind,
        derived.c.key == about_key,
    )
    found: dict[str, dict[str, object]] = {}
    for row in connection.execute(query):
        found.setdefault(row.run_id, {})[row.row_id] = decode(object, row.body)
    return found


def _count(connection: Connection, table: Table) -> dict[str, int]:
    calls = func.count(distinct(table.c.call_id))  # a call that was asked again has several records
    rows = connection.execute(select(table.c.run_id, calls.label("n")).group_by(table.c.run_id))
    return {row.run_id: row.n for row in rows}


def status_of(locked: bool, run_id: str, last_end: Mapping[str, str | None]) -> str:
    """Return the state of a run that is not complete; ``last_end``: run -> when its last session
    ended, None where it did not.
    """
    if locked:
        return "running"
    if run_id not in last_end:
        return "planned"
    return "interrupted" if last_end[run_id] is None else "incomplete"


def intent_of(row: Any) -> Intent:
    """Return an intent as it was stored."""
    reserved = None if row.reserved_usd is None else Decimal(row.reserved_usd)
    return Intent(row.call_id, row.attempt_number, row.session, reserved, row.created_utc)
