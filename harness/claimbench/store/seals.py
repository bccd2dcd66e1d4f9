"""The seals of a run: what every table held when its rows were last complete.

Attempts and records carry a chain of their own (:func:`claimbench.store.schema.chain`). The other
tables that a figure rests on do not, and no chain misses what was cut off its end. A seal holds,
for all tables, how many rows a run has and their hash; the seals of a run are chained in turn,
beginning with the run's own hash. One is made in every transaction of
:class:`~claimbench.store.results.ResultsStore` that changes a run: when it is planned, when a
session begins and ends, when something derived is kept. Rows that the writer adds meanwhile are
sealed when the session ends; those of a session that was killed, by the next one.

A seal is no signature: who owns the file can rewrite everything, seals included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain as chained
from itertools import starmap
from json.encoder import encode_basestring_ascii as _quoted
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, func, insert, select

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

CHAINED = (attempts, records)
"""Tables whose rows are chained by a column of their own."""
FOLDED = (calls, intents)
"""Tables with many rows, of which none changes: one hash over all."""
NAMED = (sessions, looks, derived)
"""Tables with few rows: the hash of each, so that the one that differs can be named."""

AT_ONCE = 1_000
"""Rows that are read and hashed at once."""

_KEYS = {sessions: ("n",), looks: ("k",), derived: ("kind", "key", "row_id")}
_ORDER = {calls: (calls.c.call_id,), intents: (intents.c.seq,)}


@dataclass(frozen=True, slots=True)
class Fold:
    """How many rows a table has of a run, and the hash over them."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal as stored: ``folds`` of chained and folded tables, ``named`` rows of the others,
    both by table.
    """

    folds: Mapping[str, Fold]
    named: Mapping[str, Mapping[str, str]]


def seal_run(connection: Connection, run_id: str) -> None:
    """Add a seal over the rows that the run has now; nothing if the newest one says the same."""
    origin = str(
        connection.execute(select(runs.c.sha256).where(runs.c.run_id == run_id)).scalar_one()
    )
    newest = connection.execute(
        select(seals.c.body, seals.c.sha256)
        .where(seals.c.run_id == run_id)
        .order_by(seals.c.seq.desc())
        .limit(1)
    ).one_or_none()
    before = None if newest is None else read_seal(newest.body)
    folds: dict[str, Fold] = {}
    for table in CHAINED:
        folds[table.name] = chained_state(connection, table, run_id, origin)
    for table in FOLDED:
        begun = Fold(0, origin) if before is None else before.folds[table.name]
        # Planned calls never change after the first seal
        done = table is calls and before is not None
        folds[table.name] = begun if done else fold_on(connection, table, run_id, begun)
    named = {table.name: row_hashes(connection, table, run_id) for table in NAMED}
    body = _body(Seal(folds, named))
    if newest is None or newest.body != body:
        last = origin if newest is None else str(newest.sha256)
        row = {"run_id": run_id, "body": body, "sha256": chain(last, body)}
        connection.execute(insert(seals), [row])


def chained_state(connection: Connection, table: Table, run_id: str, origin: str) -> Fold:
    """Return the state of a table that carries its own chain, without reading it."""
    mine = table.c.run_id == run_id
    n = connection.execute(select(func.count()).select_from(table).where(mine)).scalar_one()
    last = select(table.c.sha256).where(mine).order_by(table.c.seq.desc()).limit(1)
    return Fold(int(n), str(connection.execute(last).scalar() or origin))


def fold_on(connection: Connection, table: Table, run_id: str, begun: Fold) -> Fold:
    """Return the state of a folded table: ``begun`` covers its first rows, the rest is read."""
    n, sha256 = begun.rows, begun.sha256
    texts_of = rows_writer(table)
    query = _in_order(table, run_id).offset(begun.rows)
    for rows in connection.execute(query).yield_per(AT_ONCE).partitions():
        sha256 = reduce(chain, texts_of(rows), sha256)
        n += len(rows)
    return Fold(n, sha256)


def folds_at(
    connection: Connection,
    table: Table,
    run_id: str,
    origin: str,
    at: int,
    seen: Callable[[Sequence[Any]], None] | None = None,
) -> tuple[Fold, Fold]:
    """Return the state of a folded table after its first ``at`` rows, and after all of them;
    ``seen`` is given the rows on the way, some at a time, so that they need not be read again.
    """
    begun = Fold(0, origin)
    n, sha256 = 0, origin
    texts_of = rows_writer(table)
    for rows in connection.execute(_in_order(table, run_id)).yield_per(AT_ONCE).partitions():
        if seen is not None:
            seen(rows)
        texts = texts_of(rows)
        if n <= at < n + len(rows):
            sha256 = reduce(chain, texts[: at - n], sha256)
            begun = Fold(at, sha256)
            texts = texts[at - n :]
        sha256 = reduce(chain, texts, sha256)
        n += len(rows)
    whole = Fold(n, sha256)
    return (whole if n <= at else begun), whole


def row_hashes(connection: Connection, table: Table, run_id: str) -> dict[str, str]:
    """Return the hash of each row of a small table, by its key in words."""
    columns = [table.c[name] for name in _KEYS[table]]
    text_of = row_writer(table)
    found: dict[str, str] = {}
    for row in connection.execute(
        select(table).where(table.c.run_id == run_id).order_by(*columns)
    ).all():
        key = " ".join(str(getattr(row, name)) for name in _KEYS[table])
        found[key] = chain("", text_of(row))
    return found


def row_writer(table: Table) -> Callable[[Sequence[Any]], str]:
    """Return what writes a row of ``table`` as one text: a JSON object of its values, without the
    number that the database gave it. The text is hashed: it must never change.
    """
    places = [at for at, column in enumerate(table.columns) if column.name != "seq"]
    names = [f"{_quoted(str(table.columns[at].name))}:" for at in places]

    def text_of(row: Sequence[Any]) -> str:
        parts = [name + _value(row[at]) for name, at in zip(names, places, strict=True)]
        return "{" + ",".join(parts) + "}"

    return text_of


def rows_writer(table: Table) -> Callable[[Sequence[Sequence[Any]]], list[str]]:
    """Return what writes rows as :func:`row_writer` writes each, many at once.

    Their values are texts and whole numbers: msgspec writes those as :mod:`json` does as long as
    all is ASCII. Rows that hold anything else are written value by value.
    """
    names = [str(column.name) for column in table.columns if column.name != "seq"]
    values_of = itemgetter(*(at for at, column in enumerate(table.columns) if column.name != "seq"))
    text_of = row_writer(table)
    row_type = msgspec.defstruct("Row", names, gc=False)
    write = msgspec.json.Encoder().encode_lines

    def texts_of(rows: Sequence[Sequence[Any]]) -> list[str]:
        kept = list(map(values_of, rows))
        if _PLAIN.issuperset(map(type, chained.from_iterable(kept))):
            try:
                lines = write(list(starmap(row_type, kept)))
            except (UnicodeEncodeError, OverflowError):  # half a surrogate pair, a huge number
                pass
            else:
                if lines.isascii() and _DELETE not in lines:
                    return lines.decode().split("\n")[:-1]
        return list(map(text_of, rows))

    return texts_of


_PLAIN = frozenset({str, int, type(None)})
"""Types whose values msgspec writes as :mod:`json` does, texts in ASCII."""
_DELETE = b"\x7f"
"""The one character of ASCII that :mod:`json` escapes and msgspec does not."""


def _value(value: Any) -> str:
    if type(value) is str:
        return _quoted(value)
    return json.dumps(value, default=repr, separators=(",", ":"))


def read_seal(body: str) -> Seal:
    """Read a stored seal.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    stored = json.loads(body)
    folds = {name: Fold(int(rows), str(sha)) for name, (rows, sha) in stored["folds"].items()}
    return Seal(folds, {name: dict(rows) for name, rows in stored["named"].items()})


def _body(seal: Seal) -> str:
    folds = {name: [fold.rows, fold.sha256] for name, fold in seal.folds.items()}
    return json.dumps({"folds": folds, "named": seal.named}, sort_keys=True, separators=(",", ":"))


def _in_order(table: Table, run_id: str) -> Select[Any]:
    if table is not intents:
        return select(table).where(table.c.run_id == run_id).order_by(*_ORDER[table])
    # They are numbered in their order: read so, between the run's first and last, nothing is sorted
    mine = table.alias("mine")
    first, last = (
        select(end(mine.c.seq)).where(mine.c.run_id == run_id).scalar_subquery()
        for end in (func.min, func.max)
    )
    # An expression, which no index answers: an index would lead to the rows in another order
    own = (table.c.run_id + "") == run_id
    return select(table).where(table.c.seq.between(first, last), own).order_by(table.c.seq)
