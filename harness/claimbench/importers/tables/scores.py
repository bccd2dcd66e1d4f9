"""Columns of scores of the tables of an import, on one scale.

Ends that nobody states are found in the data of all files that share items: the same mark in two
of them is the same score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.importers import direction
from claimbench.importers.columns.score_names import GRADES
from claimbench.importers.imported import ImportFault
from claimbench.importers.tables.cells import (
    HIGHEST_MARK,
    Cell,
    Numbers,
    Scale,
    fault_of,
    rating_of,
    read_numbers,
    text_cell,
    to_scores,
)
from claimbench.importers.tables.own_rows import own_score
from claimbench.importers.tables.roles import TableRoles
from claimbench.suite.datasets import Table


@dataclass(frozen=True, slots=True)
class RowNames:
    """What each row of a table is of: its arm, task and item; ``has_tasks``: the table tells the
    tasks, else all rows are of one that is called after the file.
    """

    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    items: tuple[str, ...]
    has_tasks: bool

    def keys(self) -> frozenset[tuple[str, str]]:
        """Return what another file has to share to be about the same items: those of files of one
        arm pair by the item alone.
        """
        by_item = not self.has_tasks and len(set(self.arms)) == 1
        tasks = ("",) * len(self.tasks) if by_item else self.tasks
        return frozenset(zip(tasks, self.items, strict=True))


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """The column of scores of one table, as numbers whose scale is not known yet."""

    path: Path
    column: str
    cells: tuple[Cell, ...]
    numbers: Numbers
    rows: RowNames
    own: bool

    def marks(self) -> list[float]:
        """Return the numbers that are there."""
        return [number for number in self.numbers.values if number is not None]


def score_column(
    path: Path, table: Table, roles: TableRoles, decimal: str, rows: RowNames
) -> ScoreColumn | None:
    """Return a table's column of scores; None where it has none.

    Raises:
        ImportFault: a cell that is no score.
    """
    if "score" not in roles.of:
        return None
    column = roles.of["score"][0]
    cells = []
    for row in table.rows:  # a faulty row has no score, whatever stands in its cell
        bad = fault_of(roles.value(row, "error")) is not None
        cells.append(Cell(None if bad else roles.value(row, "score"), row.line))
    numbers = read_numbers(str(path), column, cells, decimal)
    return ScoreColumn(path, column, tuple(cells), numbers, rows, roles.own)


def found_scales(columns: Sequence[ScoreColumn | None], stated: Scale | None) -> list[Scale | None]:
    """Return each column's scale as found in the data, one for all files that share items; None
    where nothing is found.

    Raises:
        ImportFault: scores of which some seem to be of another scale than the others.
    """
    scales: list[Scale | None] = [None] * len(columns)
    for group in _groups(columns):
        there = list(group.values())
        rating = None
        if not any(one.numbers.percent or one.numbers.words for one in there):
            rating = rating_of([mark for one in there for mark in one.marks()])
        _refuse_uneven(there, stated, rating)
        for index in group:
            scales[index] = rating
    return scales


def _groups(columns: Sequence[ScoreColumn | None]) -> list[dict[int, ScoreColumn]]:
    """Put together the columns of one name that share items, by their places; our own exports need
    no scale.
    """
    groups: list[tuple[set[tuple[str, str]], dict[int, ScoreColumn]]] = []
    for index, one in enumerate(columns):
        if one is None or one.own:
            continue
        keys = set(one.rows.keys())
        members = {index: one}
        apart = []
        for known, before in groups:
            if next(iter(before.values())).column == one.column and known & keys:
                keys |= known
                members = {**before, **members}
            else:
                apart.append((known, before))
        groups = [*apart, (keys, members)]
    return [members for _, members in groups]


def _refuse_uneven(
    columns: Sequence[ScoreColumn], stated: Scale | None, rating: Scale | None
) -> None:
    """Refuse an arm's (or a task's) scores between 0 and 1 beside others' that go above, as shares
    stand beside per cent, and right and wrong beside marks.
    """
    if stated is None and rating is None:
        return  # what is above 1 is an error then
    for marks in (_marks(columns, by_task=False), _marks(columns, by_task=True)):
        for name, mine in marks.items():
            others = [mark for one, several in marks.items() if one != name for mark in several]
            if max(mine) > 1 or max(mine) <= 0 or max(others, default=0.0) <= 1:
                continue
            if _is_uneven(mine, others, stated):
                seen = one_of([f"{mark:g}" for mark in sorted(set(mine))], 4)
                raise ImportFault(
                    f"{columns[0].path}: column {columns[0].column!r}: {name} has only scores"
                    f" between 0 and 1 ({seen}), others go up to {max(others):g}: are they of one"
                    " scale?",
                    hint="write all scores one way, or state the scale's ends: --scale 1..5",
                )


def _is_uneven(mine: Sequence[float], others: Sequence[float], stated: Scale | None) -> bool:
    if stated is None:
        return min(others) > 0
    if 0 not in (stated.worst, stated.best):
        return False  # what is below the scale is an error anyway
    are_shares = any(mark != int(mark) for mark in mine)
    return are_shares or max(stated.worst, stated.best) > HIGHEST_MARK


def _marks(columns: Sequence[ScoreColumn], *, by_task: bool) -> dict[str, list[float]]:
    """Return the plain numbers of each arm of each file, or of each task."""
    found: dict[str, list[float]] = defaultdict(list)
    for one in columns:
        if one.numbers.percent or one.numbers.words:
            continue
        of = f" of {one.path.name}" if len(columns) > 1 else ""
        for arm, task, mark in zip(one.rows.arms, one.rows.tasks, one.numbers.values, strict=True):
            if mark is not None:
                found[f"the task {task}" if by_task else f"{arm}{of}"].append(mark)
    return found


def scores_of(
    column: ScoreColumn, table: Table, roles: TableRoles, scale: Scale | None, rating: Scale | None
) -> tuple[str, list[float | None], list[str]]:
    """Return the metric's name, each row's score, and what was assumed.

    Raises:
        ImportFault: a score outside the scale, or grades whose direction is not stated.
    """
    path, name = column.path, column.column
    lower = _points_down(table, name)
    try:
        read = to_scores(str(path), name, column.cells, column.numbers, scale, rating)
    except ImportFault as fault:
        if not lower or "is not between" not in str(fault):
            raise
        raise ImportFault(
            f"{fault.message}; lower {name} is better, and it can be above 1",
            hint="give the values that count 0 and 1, the worst first: --scale 2..0",
        ) from None
    values, notes = list(read.values), list(read.notes)
    if scale is None and notes and GRADES.search(name):
        raise ImportFault(
            f"{path}: {name!r} holds grades: is 1 the best (as in Germany) or the worst?",
            hint="say it, the worst first: --scale 6..1, or --scale 1..6",
        )
    turned_by_scale = scale is not None and scale.worst > scale.best
    if lower and not turned_by_scale:
        values = [None if value is None else 1 - value for value in values]
        return direction.inverted(name), values, [*notes, direction.said(path.name, name)]
    if roles.own:
        values = [own_score(roles, row, v) for row, v in zip(table.rows, values, strict=True)]
    return name, values, notes


def _points_down(table: Table, column: str) -> bool:
    """Tell whether lower is better: by a column that says so for every row, else by the name."""
    for name in table.columns:
        last = name.rpartition(".")[2].casefold()
        if last in ("lower_is_better", "higher_is_better"):
            told = {text_cell(row.values.get(name)).casefold() for row in table.rows}
            if told in ({"true"}, {"false"}):
                return (told == {"true"}) == (last == "lower_is_better")
    return direction.lower_is_better(column.rpartition(".")[2])
