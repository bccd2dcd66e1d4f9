"""Columns that tell the right answers: a route that goes by one knows what it should find out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from claimbench.types import Json, Suite, Task
from claimbench.types.routes import RouteSpec

FEWEST_ROWS = 10
"""Below, a column that never has two targets is no sign."""


def told_by(rows: Iterable[tuple[str, str, str]]) -> tuple[str, int] | None:
    """Return the first task in which a column tells the target of every row, and its rows.

    It does where no value of the column ever has two targets, with fewer values than rows.
    ``rows``: (task, value of the column, target) of each.
    """
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    count: dict[str, int] = defaultdict(int)
    for task, value, target in rows:
        seen[task][value].add(target)
        count[task] += 1
    for task, by_value in seen.items():
        if count[task] < FEWEST_ROWS or len(by_value) >= count[task]:
            continue
        pure = all(len(found) == 1 for found in by_value.values())
        if pure and len(set.union(*by_value.values())) > 1:
            return task, count[task]
    return None


def is_target(tasks: Sequence[Task], column: str) -> str | None:
    """Return the task whose target, or a field of it, a column of slices is; None where it is of
    none.
    """
    for task in tasks:
        rows = [
            (str(sample.slices[column]), _field(sample.target, column))
            for sample in task.samples
            if sample.scored and column in sample.slices
        ]
        if len({value for value, _ in rows}) > 1 and all(a == b for a, b in rows):
            return task.name
    return None


def _field(target: Json, column: str) -> str:
    found = target.get(column) if isinstance(target, Mapping) else target
    return str(found)


def leaking_routes(suite: Suite, routes: Sequence[RouteSpec]) -> list[str]:
    """Say of each route by slice whose column tells the right answers that no verdict will rest on
    it.
    """
    lines: list[str] = []
    for route in routes:
        if route.kind != "slice":
            continue
        told = told_by(
            (task.name, str(sample.slices.get(route.slice, "")), repr(sample.target))
            for task in suite.tasks
            for sample in task.samples
            if sample.scored
        )
        if told is not None:
            lines.append(
                f"{suite.path}: the route '{route.name}' goes by the column {route.slice}, which"
                f" tells the target of every one of {told[1]} rows of {told[0]}: no claim about it"
                " will be decided"
            )
    return lines
