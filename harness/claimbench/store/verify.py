"""Finding rows that are not what was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Connection, Table, func, inspect, select

from claimbench.errors import IntegrityError, why_unreadable
from claimbench.store.checks.beside import Beside, Found
from claimbench.store.checks.glance import GLANCE, PLANNED, follow, plan_agrees
from claimbench.store.checks.rules import broken_rules
from claimbench.store.checks.stated_twice import disagreements
from claimbench.store.dialects.of import dialect_of
from claimbench.store.place import Place
from claimbench.store.schema import (
    attempts,
    calls,
    chain,
    derived,
    intents,
    looks,
    records,
    runs,
    seals,
    sessions,
)
from claimbench.store.seals import (
    AT_ONCE,
    CHAINED,
    FOLDED,
    NAMED,
    Fold,
    Seal,
    folds_at,
    read_seal,
    row_hashes,
)

SEALED_SCHEMA = 2
"""Manifests of this version on belong to runs that are sealed from their plan on."""
_HINT = "do not use this run as evidence; restore the database from a backup, or measure again"
_READABLE = (
    (sessions, ("n", "started_utc")),
    (looks, ("k",)),
    (derived, ()),
)
"""Tables whose body is read whole, and the columns that it must agree with."""


Seen = Callable[[Sequence[str]], Sequence[Any]]
"""Is given the bodies of a table's chained rows, in order and some at a time; returns the rows as
they were read (or their twins), None for one that could not be.
"""


def verify_rows(
    connection: Connection,
    path: Place,
    run_id: str,
    seen: Mapping[str, Seen] | None = None,
    *,
    beside: bool = False,
) -> int:
    """Recompute every hash of a run and ask its rows for the rules that they keep; return how many
    chained rows agree: the manifest, attempts and records.

    Found are changed, removed, added and exchanged rows of every table that a figure rests on, and
    rows cut off the end of a session that ended. None of it is a signature: who rewrites all rows
    and all hashes is not found, nor what was taken from the end of a session that was killed. Runs
    of before schema 3 have no seal: their chains and rules alone are asked.

    Args:
        connection: in one transaction: a run that goes on meanwhile is seen at one moment.
        path: of the database, for errors.
        run_id: the run; it is there.
        seen: table -> what reads its chained rows on the way, so that they are read once.
        beside: another process may do a part of it, since all rows are committed.

    Raises:
        IntegrityError: the table, and as far as it can be known the row, that does not agree.
    """
    check = _Check(connection, path, run_id, seen or {})
    try:
        return check.all(beside=beside)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = f"{why_unreadable(error):.120}"
        raise check.fault(f"{check.reading}: a row cannot be read ({why})") from error


class _Check:
    """One verification: the connection, and how a fault is said."""

    def __init__(
        self, connection: Connection, path: Place, run_id: str, seen: Mapping[str, Seen]
    ) -> None:
        self.seen = seen
        self.connection = connection
        self.path = path
        self.run_id = run_id
        self.reading = runs.name
        """The table whose rows are being read."""

    def fault(self, what: str) -> IntegrityError:
        return IntegrityError(f"{self.path}: run {self.run_id}: {what}", hint=_HINT)

    def all(self, *, beside: bool) -> int:
        names = set(inspect(self.connection).get_table_names())
        for table in (calls, sessions, intents, attempts, records, looks, derived):
            if table.name not in names:
                raise self.fault(f"the table {table.name} is missing")
        manifest, origin = self._manifest()
        seal = self._newest_seal(origin, sealed=seals.name in names)
        if seal is None and int(manifest["schema"]) >= SEALED_SCHEMA:
            raise self.fault("it was sealed when it was planned, and no seal is there")
        n = 1
        asked = None
        if seal is not None and beside:
            asked = Beside.of(self.path, self.run_id, origin, seal, manifest["plan_sha256"])
        with asked or nullcontext():
            for table in CHAINED:
                n += self._chained(table, origin, seal)
            found = None if asked is None else asked.found(self.connection)
        planned = self._plan(origin, seal) if found is None else found.planned
        for table, columns in _READABLE:
            self._bodies(table, columns)
        if seal is not None:
            self._sealed(seal, origin, planned, found)
        if found is None:  # else they are kept
            for broken in broken_rules(self.connection, self.run_id, manifest["plan_sha256"]):
                raise self.fault(broken)
        for table in (runs, *CHAINED, intents, *([seals] if seals.name in names else [])):
            self._numbered(table)
        return n

    def _numbered(self, table: Table) -> None:
        """Ask that the rows of all runs are numbered as they were added, without a gap."""
        if not dialect_of(self.connection).is_gapless(table):
            return
        query = select(func.count(), func.min(table.c.seq), func.max(table.c.seq))
        rows, first, last = self.connection.execute(query.select_from(table)).one()
        if rows and (first, last) != (1, rows):
            raise self.fault(
                f"{table.name}: {rows} rows are numbered {first} to {last}: rows of this or another"
                " run were moved or removed"
            )

    def _manifest(self) -> tuple[dict[str, Any], str]:
        self.reading = runs.name
        query = select(runs).where(runs.c.run_id == self.run_id)
        row = self.connection.execute(query).one()
        if chain("", row.body) != row.sha256:
            raise self.fault("the manifest was changed")
        manifest: dict[str, Any] = json.loads(row.body)
        for name in ("run_id", "created_utc", "suite_name", "suite_version", "measured_sha256"):
            if manifest[name] != getattr(row, name):
                raise self.fault(f"runs: {name} is not what the manifest says")
        for what in disagreements(manifest):
            raise self.fault(f"runs: the manifest says two things: {what}")
        # Its suite may hold a hundred thousand samples: nothing more is kept of it
        read = ("schema", "plan_sha256")
        kept: dict[str, Any] = {name: manifest[name] for name in read if name in manifest}
        return kept, str(row.sha256)

    def _newest_seal(self, origin: str, *, sealed: bool) -> Seal | None:
        if not sealed:
            return None
        query = select(seals).where(seals.c.run_id == self.run_id).order_by(seals.c.seq)
        self.reading = seals.name
        previous, body = origin, None
        for row in self.connection.execute(query):
            if chain(previous, row.body) != row.sha256:
                raise self.fault("seals: one was changed, or the one before it is missing")
            previous, body = row.sha256, row.body
        return None if body is None else read_seal(body)

    def _chained(self, table: Table, previous: str, seal: Seal | None) -> int:
        self.reading = table.name
        n = 0
        glance = GLANCE[table]
        seen = self.seen.get(table.name, glance.read)
        read = [table.c[name] for name in (*glance.columns, "body", "sha256")]
        query = select(*read).where(table.c.run_id == self.run_id).order_by(table.c.seq)
        want = Fold(0, previous) if seal is None else seal.folds[table.name]
        for rows in self.connection.execute(query).yield_per(AT_ONCE).partitions():
            *stated, bodies, hashes = zip(*rows, strict=True)
            made = seen(bodies) if follow(previous, bodies, hashes) else None
            if made is not None and glance.agrees(stated, made):
                if n <= want.rows < n + len(rows):
                    at_seal = (previous, *hashes)[want.rows - n]
                    self._same_fold(table, Fold(want.rows, at_seal), want)
                n += len(rows)
            else:
                for at, row in enumerate(rows):
                    if n == want.rows:
                        self._same_fold(table, Fold(n, previous), want)
                    one = seen([row.body])[0] if made is None else made[at]
                    self._one(table, previous, row, one)
                    previous = row.sha256
                    n += 1
            previous = hashes[-1]
        if n <= want.rows:
            self._same_fold(table, Fold(n, previous), want)
        elif seal is not None and self._ended():
            raise self.fault(f"{table.name}: {n - want.rows} rows were added after the seal")
        return n

    def _one(self, table: Table, previous: str, row: Any, made: Any) -> None:
        """Compare one chained row with what was ``made`` of it, with care where it takes some."""
        if made is None:
            (made,) = GLANCE[table].read([row.body])
        if chain(previous, row.body) != row.sha256 or not (
            GLANCE[table].agrees([[value] for value in row[:-2]], [made])
            or _columns_agree(table, row)
        ):
            raise self.fault(
                f"{table.name}: the row of call {row.call_id} is not what was written, or the"
                " row before it is missing"
            )

    def _plan(self, origin: str, seal: Seal | None) -> tuple[Fold, Fold]:
        """Compare the planned calls with their columns; return their folds, of the same pass."""

        def seen(rows: Sequence[Any]) -> None:
            if not plan_agrees(rows):
                for row in rows:
                    if not plan_agrees([row]):
                        self._same_columns(calls, PLANNED, row)

        self.reading = calls.name
        at = 0 if seal is None else seal.folds[calls.name].rows
        return folds_at(self.connection, calls, self.run_id, origin, at, seen)

    def _bodies(self, table: Table, columns: tuple[str, ...]) -> None:
        self.reading = table.name
        query = select(table).where(table.c.run_id == self.run_id)
        for row in self.connection.execute(query).yield_per(1000):
            self._same_columns(table, columns, row)

    def _same_columns(self, table: Table, columns: tuple[str, ...], row: Any) -> None:
        body = json.loads(row.body)
        for name in columns:
            if body["id" if name == "call_id" else name] != getattr(row, name):
                raise self.fault(f"{table.name}: {name} is not what its row says: {row[1]}")

    def _sealed(
        self, seal: Seal, origin: str, planned: tuple[Fold, Fold], beside: Found | None
    ) -> None:
        ended = self._ended()
        for table in FOLDED:
            want = seal.folds[table.name]
            if table is calls:
                found, whole = planned
            elif beside is not None:
                found, whole = beside.begun
            else:
                found, whole = folds_at(self.connection, table, self.run_id, origin, want.rows)
            self._same_fold(table, found, want)
            if whole.rows > want.rows and (ended or table is calls):
                raise self.fault(
                    f"{table.name}: {whole.rows - want.rows} rows were added after the seal"
                )
        for table in NAMED:
            found_rows = row_hashes(self.connection, table, self.run_id)
            self._same_rows(table, found_rows, seal.named[table.name], ended)

    def _same_fold(self, table: Table, found: Fold, want: Fold) -> None:
        if found.rows < want.rows:
            raise self.fault(
                f"{table.name}: {want.rows} rows were sealed and {found.rows} are there"
            )
        if found.sha256 != want.sha256:
            raise self.fault(f"{table.name}: the rows are not those that were sealed")

    def _same_rows(self, table: Table, found: dict[str, str], want: Any, ended: bool) -> None:
        for key, sha256 in want.items():
            if found.get(key) != sha256:
                how = "is missing" if key not in found else "is not what was sealed"
                raise self.fault(f"{table.name}: the row {key!r} {how}")
        added = [key for key in found if key not in want]
        # Looks are taken while a session works; all else is sealed with the change
        if added and (ended or table is not looks):
            raise self.fault(f"{table.name}: the row {added[0]!r} was added after the seal")

    def _ended(self) -> bool:
        """Say whether the newest session ended: then every row is under a seal."""
        query = select(sessions.c.ended_utc).where(sessions.c.run_id == self.run_id)
        newest = self.connection.execute(query.order_by(sessions.c.n.desc()).limit(1)).first()
        return newest is not None and newest.ended_utc is not None


def _columns_agree(table: Table, row: Any) -> bool:
    """Say whether a row agrees with its columns, read with care."""
    body = json.loads(row.body)
    if table is attempts:
        same = body["number"] == row.number and body["session"] == row.session
        return bool(same and body["call_id"] == row.call_id and body["outcome"] == row.outcome)
    return bool(body["call"]["id"] == row.call_id and body["outcome"] == row.outcome)
