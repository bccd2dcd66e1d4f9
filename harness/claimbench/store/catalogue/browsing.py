"""What somebody who browses asks of the database: pages of runs, and how far a run is.

Each question is answered by keys and indexes; none reads all rows of a run, nor the manifest, which
holds the whole suite with its data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, inspect, or_, select

from claimbench.codec import decode, encode
from claimbench.store import schema
from claimbench.store.catalogue.about import KEY as about_key
from claimbench.store.catalogue.about import KIND as about_kind
from claimbench.store.catalogue.about import About, about_of_rows
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors, lock_asker
from claimbench.store.place import DatabaseUrl, Place
from claimbench.store.results import ResultsStore
from claimbench.store.runs import Locked, checked_run_id, status_of

RATE_ROWS = 200
"""Sends over which the present pace is taken."""

TALLY_ROWS = 20_000
"""Records that one look at a run's progress counts at most; the next look counts on."""

_WAL_HEAD = 32
"""Bytes of the head of SQLite's file of rows that are not in the database yet."""

_COLUMNS = (
    schema.runs.c.seq,
    schema.runs.c.run_id,
    schema.runs.c.created_utc,
    schema.runs.c.suite_name,
    schema.runs.c.suite_version,
)

Counts = dict[str, tuple[int, int]]
"""Run -> (its last record's number, finished calls up to there)."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are listed. ``since``: ISO 8601, a beginning is enough (2026-11); ``text``: in the
    run's id or suite; ``tag``: one that was given to the run.
    """

    suite: str = ""
    since: str = ""
    text: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the list. ``seq`` orders runs as they were made; ``status`` as
    :class:`~claimbench.store.runs.RunInfo` has it; ``about``: what people said of it.
    """

    seq: int
    run_id: str
    created_utc: str
    suite_name: str
    suite_version: str
    status: str
    n_planned: int
    n_finished: int
    about: About


@dataclass(frozen=True, slots=True)
class RunMark:
    """Up to where a run was written: equal marks, equal rows. ``seal``: the newest seal's hash."""

    seal: str
    last_record: int
    last_attempt: int


@dataclass(slots=True)
class Tally:
    """Finished calls of one run by arm and outcome, counted on from ``last_seq``."""

    last_seq: int = 0
    by_arm: Counter[tuple[str, str]] = field(default_factory=Counter)


def run_page(
    store: ResultsStore,
    wanted: RunFilter,
    counts: Counts,
    *,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[RunRow], bool]:
    """Return the newest runs that ``wanted`` lets through, and whether there are more.

    Args:
        store: the database.
        wanted: the filter.
        counts: finished calls as counted before; what is counted now is added.
        before: runs made before this ``seq`` alone.
        limit: how many at most.
    """
    runs = schema.runs
    query = select(*_COLUMNS).order_by(runs.c.seq.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(runs.c.seq < before)
    if wanted.suite:
        query = query.where(runs.c.suite_name == wanted.suite)
    if wanted.since:
        query = query.where(runs.c.created_utc >= wanted.since)
    if wanted.text:
        text = wanted.text
        query = query.where(
            or_(
                runs.c.run_id.icontains(text, autoescape=True),
                runs.c.suite_name.icontains(text, autoescape=True),
            )
        )
    if wanted.tag:
        derived = schema.derived
        # By the run's own rows: those of all runs have no index by kind
        given = select(derived.c.row_id)
        given = given.where(derived.c.run_id == runs.c.run_id, derived.c.kind == about_kind)
        given = given.where(derived.c.key == about_key, derived.c.row_id == "tags")
        # As canonical JSON writes it in a list of tags, none of which holds a comma
        position, tag = dialect_of(store.engine).position, encode(wanted.tag)
        first, later = (position(derived.c.body, f"{sign}{tag}") > 0 for sign in "[,")
        query = query.where(given.where(or_(first, later)).exists())
    with clear_errors(store.path), store.engine.connect() as connection:
        rows = connection.execute(query).all()
        sealed = _sealed(connection)
        locked = lock_asker(connection, store.path)
        path = store.path
        found = [_run_row(connection, path, row, counts, sealed, locked) for row in rows[:limit]]
    return found, len(rows) > limit


def newest_ids(
    store: ResultsStore, limit: int, *, suite: str = "", before: int | None = None
) -> list[str]:
    """Return the ids of the newest runs, the newest first: of one suite, made before the run of
    number ``before``, where these are given.
    """
    runs = schema.runs
    query = select(runs.c.run_id).order_by(runs.c.seq.desc()).limit(limit)
    if suite:
        query = query.where(runs.c.suite_name == suite)
    if before is not None:
        query = query.where(runs.c.seq < before)
    with clear_errors(store.path), store.engine.connect() as connection:
        found = connection.execute(query).scalars()
        return [checked_run_id(run_id, store.path) for run_id in found]


def one_run(store: ResultsStore, run_id: str, counts: Counts) -> RunRow | None:
    """Return one run's line; None if there is none of this id."""
    query = select(*_COLUMNS).where(schema.runs.c.run_id == run_id)
    with clear_errors(store.path), store.engine.connect() as connection:
        row = connection.execute(query).first()
        if row is None:
            return None
        locked = lock_asker(connection, store.path)
        return _run_row(connection, store.path, row, counts, _sealed(connection), locked)


def suite_names(store: ResultsStore) -> list[str]:
    """Return the names of the suites that have runs, sorted."""
    query = select(schema.runs.c.suite_name).distinct().order_by(schema.runs.c.suite_name)
    with clear_errors(store.path), store.engine.connect() as connection:
        return list(connection.execute(query).scalars())


def mark_of(store: ResultsStore, run_id: str) -> RunMark:
    """Return up to where a run is written."""
    with clear_errors(store.path), store.engine.connect() as connection:
        seal = ""
        if _sealed(connection):
            seals = schema.seals
            query = select(seals.c.sha256).where(seals.c.run_id == run_id)
            seal = str(connection.execute(query.order_by(seals.c.seq.desc()).limit(1)).scalar())
        return RunMark(
            seal,
            _last(connection, schema.records, run_id),
            _last(connection, schema.attempts, run_id),
        )


def tally_on(store: ResultsStore, run_id: str, tally: Tally) -> bool:
    """Count the records that came since ``tally`` was counted; return whether some are left."""
    records, calls = schema.records, schema.calls
    of_call = and_(calls.c.run_id == records.c.run_id, calls.c.call_id == records.c.call_id)
    query = (
        select(records.c.seq, records.c.outcome, calls.c.arm)
        .join(calls, of_call)
        .where(records.c.run_id == run_id, records.c.seq > tally.last_seq)
        .order_by(records.c.seq)
        .limit(TALLY_ROWS)
    )
    with clear_errors(store.path), store.engine.connect() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        tally.by_arm[str(row.arm), str(row.outcome)] += 1
        tally.last_seq = row.seq
    return len(rows) == TALLY_ROWS


def sends_per_s(store: ResultsStore) -> float | None:
    """Return how many requests a second the database's newest session sends; None if that cannot
    be said.
    """
    intents = schema.intents
    columns = (intents.c.created_utc, intents.c.run_id, intents.c.session)
    query = select(*columns).order_by(intents.c.seq.desc()).limit(RATE_ROWS)
    with clear_errors(store.path), store.engine.connect() as connection:
        rows = connection.execute(query).all()
    # A server may take the intents of several runs at once
    stamps: Sequence[str] = [row[0] for row in rows if row[1:] == rows[0][1:]]
    if len(stamps) < 2:
        return None
    try:
        took = datetime.fromisoformat(stamps[0]) - datetime.fromisoformat(stamps[-1])
    except (ValueError, TypeError):
        return None
    return (len(stamps) - 1) / took.total_seconds() if took.total_seconds() > 0 else None


def database_state(store: ResultsStore) -> str:
    """Return what tells whether the database's files were written since: their sizes and times, of
    the file itself the change of its entry too, which nobody sets back; of the rows that are not in
    it yet the head of their file, which differs each time it is begun anew. Of a server: the newest
    rows of the tables that each change adds to.
    """
    if isinstance(store.path, DatabaseUrl):
        return _newest_rows(store)
    parts = []
    with clear_errors(store.path):
        stat = store.path.stat()
        parts.append(f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}")
        wal = store.path.with_name(store.path.name + "-wal")
        try:
            stat = wal.stat()
            with wal.open("rb") as file:
                head = file.read(_WAL_HEAD)
        except FileNotFoundError:
            return parts[0]
        # SQLite itself changes its entry when it opens it, so that tells nothing
        if stat.st_size:
            parts.append(f"{stat.st_size}:{stat.st_mtime_ns}:{head.hex()}")
    return " ".join(parts)


def _newest_rows(store: ResultsStore) -> str:
    tables = (schema.seals, schema.intents, schema.attempts, schema.records, schema.removed)
    newest = [select(func.max(table.c.seq)).scalar_subquery() for table in tables]
    looks = select(func.count()).select_from(schema.looks).scalar_subquery()
    with clear_errors(store.path), store.engine.connect() as connection:
        row = connection.execute(select(*newest, looks)).one()
    return " ".join(str(number or 0) for number in row)


def _run_row(
    connection: Connection, path: Place, row: Any, counts: Counts, sealed: bool, locked: Locked
) -> RunRow:
    run_id = checked_run_id(row.run_id, path)
    planned = _planned(connection, run_id, sealed)
    finished = _finished(connection, run_id, counts)
    held = locked(run_id)
    status = "running" if held else "complete"
    if status == "complete" and finished < planned:
        sessions = schema.sessions
        query = select(sessions.c.ended_utc).where(sessions.c.run_id == run_id)
        newest = connection.execute(query.order_by(sessions.c.n.desc()).limit(1)).first()
        ends = {} if newest is None else {run_id: newest.ended_utc}
        status = status_of(held, run_id, ends)
    return RunRow(
        seq=row.seq,
        run_id=run_id,
        created_utc=row.created_utc,
        suite_name=row.suite_name,
        suite_version=row.suite_version,
        status=status,
        n_planned=planned,
        n_finished=finished,
        about=_about(connection, run_id),
    )


def _about(connection: Connection, run_id: str) -> About:
    derived = schema.derived
    query = select(derived.c.row_id, derived.c.body).where(derived.c.run_id == run_id)
    query = query.where(derived.c.kind == about_kind, derived.c.key == about_key)
    rows = {row.row_id: decode(object, row.body) for row in connection.execute(query)}
    return about_of_rows(rows, run_id)


def _planned(connection: Connection, run_id: str, has_seals: bool) -> int:
    """Return the number of planned calls, as the newest seal says; counted where there is none."""
    if has_seals:
        seals = schema.seals
        query = select(dialect_of(connection).sealed_calls(seals.c.body))
        query = query.where(seals.c.run_id == run_id).order_by(seals.c.seq.desc()).limit(1)
        sealed = connection.execute(query).scalar()
        if isinstance(sealed, int):
            return sealed
    calls = schema.calls
    return int(
        connection.execute(
            select(func.count()).select_from(calls).where(calls.c.run_id == run_id)
        ).scalar_one()
    )


def _finished(connection: Connection, run_id: str, counts: Counts) -> int:
    """Return how many calls have a record; counted anew only where records came since."""
    last = _last(connection, schema.records, run_id)
    known = counts.get(run_id)
    if known is not None and known[0] == last:
        return known[1]
    calls = (
        select(schema.records.c.call_id).where(schema.records.c.run_id == run_id).distinct()
    ).subquery()
    n = int(connection.execute(select(func.count()).select_from(calls)).scalar_one())
    counts[run_id] = (last, n)
    return n


def _last(connection: Connection, table: Any, run_id: str) -> int:
    query = select(func.max(table.c.seq)).where(table.c.run_id == run_id)
    return int(connection.execute(query).scalar() or 0)


def _sealed(connection: Connection) -> bool:
    return inspect(connection).has_table(schema.seals.name)
