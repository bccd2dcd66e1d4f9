"""Read the indexes of judged runs: facts, the matrix page by page, single samples, search."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from claimbench.evaluation.preference.labelling import ToLabel
from claimbench_reports.browse.index_file import VERSION, ReportPage

ORIGIN = frozenset(("mark", "files", "rows", "records", "at", "has_judge", "labels_since", "tool"))
"""What an index says of the rows that it was made from; one that does not is none."""

PAGE = 50
"""Samples on one page."""

SCAN_S = 2.0
"""How long a search without an index may look through texts."""

_TRIGRAM = 3


@dataclass(frozen=True, slots=True)
class MatrixFilter:
    """Which samples are listed; None and "" let all through.

    ``pattern`` as :func:`~claimbench_reports.browse.index_file.pattern_of` gives it, or
    ``only:NUMBER`` (that arm alone is wrong); ``slice`` is the number of its name and a value.
    """

    task: int | None = None
    slice: tuple[int, str] | None = None
    outcome: str = ""
    pattern: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One sample: per arm its score (None: missing) and outcome."""

    item: int
    task: str
    name: str
    slices: tuple[str, ...]
    cells: tuple[tuple[float | None, str], ...]


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """One page of the matrix. ``n``: how many samples fit, None where counting took too long;
    ``partial``: the search ran out of time, so that more may fit.
    """

    rows: tuple[MatrixRow, ...]
    n: int | None
    more: bool
    partial: bool = False


class RunIndex:
    """The index of one run, open for reading; used by one thread."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self.origin: Mapping[str, Any] = self._meta("origin")

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """Return what the run's pages say of it as a whole."""
        found: Mapping[str, Any] = self._meta("facts")
        return found

    def report(self) -> ReportPage:
        """Return the report."""
        return ReportPage(**self._meta("report"))

    def verdicts(self) -> list[dict[str, str]]:
        """Return each claim's status, in short."""
        names = ("id", "status", "status_text")
        return [dict(zip(names, row, strict=True)) for row in self._meta("verdicts")]

    def outcomes(self) -> list[str]:
        """Return the outcomes that occur, sorted."""
        return [row[0] for row in self._file.execute("SELECT DISTINCT outcome FROM cells")]

    def slice_values(self, name: int, most: int = 200) -> list[str]:
        """Return the values of a slice, at most ``most``."""
        query = "SELECT DISTINCT value FROM slices WHERE name = ? ORDER BY value LIMIT ?"
        return [row[0] for row in self._file.execute(query, (name, most))]

    def page(self, wanted: MatrixFilter, after: int = -1, limit: int = PAGE) -> MatrixPage:
        """Return the samples beyond number ``after`` that ``wanted`` lets through."""
        where, values, scans = self._where(wanted)
        page = f"SELECT item FROM samples s WHERE {where} AND s.item > ? ORDER BY s.item LIMIT ?"  # noqa: S608 - built of our own words
        count = f"SELECT count(*) FROM samples s WHERE {where}"  # noqa: S608 - likewise
        found: list[int] = []
        n: int | None = None
        with self._limited(scans) as timer:
            try:
                for row in self._file.execute(page, (*values, after, limit + 1)):
                    found.append(row[0])
                n = int(self._file.execute(count, values).fetchone()[0])
            except sqlite3.OperationalError:
                if not timer.over:
                    raise
        rows = tuple(self._row(item) for item in found[:limit])
        return MatrixPage(rows, n, len(found) > limit, timer.over)

    def neighbours(self, item: int) -> tuple[int | None, int | None]:
        """Return the sample before and the one after."""
        n = int(self.facts["matrix"]["n"])
        return (item - 1 if item > 0 else None), (item + 1 if item + 1 < n else None)

    def sample(self, item: int) -> dict[str, Any] | None:
        """Return a whole sample; None if there is none of this number."""
        row = self._file.execute("SELECT doc FROM samples WHERE item = ?", (item,)).fetchone()
        return None if row is None else json.loads(zlib.decompress(row[0]))

    def shown_as(self) -> dict[int, str]:
        """Return by sample the patterns that it fits, as a filter names them, with blanks."""
        found = {}
        query = "SELECT item, pattern, only_wrong FROM samples"
        for item, pattern, only in self._file.execute(query):
            found[item] = pattern if only is None else f"{pattern} only:{only}"
        return found

    def n_to_label(self) -> int:
        """Return how many answers were drawn for people to label."""
        return int(self._file.execute("SELECT count(*) FROM to_label").fetchone()[0])

    def to_label(self, place: int) -> ToLabel | None:
        """Return the drawn answer at a place; None beyond the last."""
        return self._drawn("place = ?", place)

    def drawn_call(self, call_id: str) -> ToLabel | None:
        """Return the drawn answer of a call; None for one that was not drawn."""
        return self._drawn("call_id = ?", call_id)

    def drawn_calls(self) -> list[str]:
        """Return the calls that were drawn, in the order in which people read them."""
        return [row[0] for row in self._file.execute("SELECT call_id FROM to_label ORDER BY place")]

    def _drawn(self, where: str, value: int | str) -> ToLabel | None:
        query = f"SELECT body FROM to_label WHERE {where}"  # noqa: S608 - our own words
        row = self._file.execute(query, (value,)).fetchone()
        return None if row is None else ToLabel(**json.loads(row[0]))

    def _where(self, wanted: MatrixFilter) -> tuple[str, list[Any], bool]:
        """Return the condition, its values, and whether it looks through all texts."""
        parts, values, scans = ["1"], list[Any](), False
        if wanted.task is not None:
            parts.append("s.task = ?")
            values.append(wanted.task)
        if wanted.slice is not None:
            parts.append("s.item IN (SELECT item FROM slices WHERE name = ? AND value = ?)")
            values += wanted.slice
        if wanted.outcome:
            parts.append("s.item IN (SELECT item FROM cells WHERE outcome = ?)")
            values.append(wanted.outcome)
        kind, _, number = wanted.pattern.partition(":")
        if kind == "only":
            parts.append("s.only_wrong = ?")
            values.append(int(number))
        elif wanted.pattern:
            parts.append("s.pattern = ?")
            values.append(wanted.pattern)
        if wanted.text:
            if len(wanted.text) >= _TRIGRAM and self._searchable():
                parts.append("s.item IN (SELECT rowid FROM search WHERE search MATCH ?)")
                values.append('"' + wanted.text.replace('"', '""') + '"')
            else:
                scans = True
                parts.append("s.item IN (SELECT item FROM texts WHERE body LIKE ? ESCAPE char(92))")
                values.append(f"%{_like(wanted.text)}%")
        return " AND ".join(parts), values, scans

    def _searchable(self) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE name = 'search'"
        return self._file.execute(query).fetchone() is not None

    @contextlib.contextmanager
    def _limited(self, scans: bool) -> Iterator[_Timer]:
        timer = _Timer(time.monotonic() + SCAN_S)
        if scans:
            self._file.set_progress_handler(timer.ask, 10_000)
        try:
            yield timer
        finally:
            self._file.set_progress_handler(None, 0)

    def _row(self, item: int) -> MatrixRow:
        query = "SELECT task, name, slices FROM samples WHERE item = ?"
        task, name, slices = self._file.execute(query, (item,)).fetchone()
        query = "SELECT score, outcome FROM cells WHERE item = ? ORDER BY arm"
        cells = tuple((row[0], row[1]) for row in self._file.execute(query, (item,)))
        tasks: Sequence[str] = self.facts["matrix"]["tasks"]
        return MatrixRow(item, tasks[task], name, tuple(json.loads(slices)), cells)

    def _meta(self, key: str) -> Any:
        row = self._file.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"no {key}")
        return json.loads(row[0])


class _Timer:
    """Says to SQLite, when it asks, that the time is over."""

    def __init__(self, until: float) -> None:
        self._until = until
        self.over = False

    def ask(self) -> int:
        self.over = self.over or time.monotonic() > self._until
        return int(self.over)


def _like(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text


@contextlib.contextmanager
def open_index(path: Path) -> Iterator[RunIndex | None]:
    """Open the index at ``path``; None where there is none that this version can read."""
    if not path.is_file():
        yield None
        return
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as file:
        try:
            row = file.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
            index = RunIndex(file) if row is not None and json.loads(row[0]) == VERSION else None
            if index is not None and not index.origin.keys() >= ORIGIN:
                index = None
        except (sqlite3.Error, ValueError, AttributeError):
            index = None
        yield index


def verdicts_in(path: Path) -> list[dict[str, str]]:
    """Return claim, status and its words as the index at ``path`` has them; empty without one."""
    with open_index(path) as index:
        return [] if index is None else index.verdicts()


def set_origin(path: Path, origin: Mapping[str, Any]) -> None:
    """Say of an index that it still holds although the run has new rows: labels alone came."""
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE meta SET value = ? WHERE key = 'origin'", (json.dumps(origin),))
