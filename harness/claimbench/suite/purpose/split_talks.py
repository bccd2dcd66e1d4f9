"""Routes that would send the turns of one conversation to different arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claimbench.types import Sample, Suite, Task
from claimbench.types.routes import RouteSpec


def splitting_routes(suite: Suite, routes: Sequence[RouteSpec]) -> list[str]:
    """Say of each route that splits conversations, or may, that no verdict rests on it there."""
    lines: list[str] = []
    for route in routes:
        for task in suite.tasks:
            talks = _conversations(task)
            why = _split(route, task.name, talks) if talks else ""
            if why:
                lines.append(
                    f"{suite.path}: the route '{route.name}' {why} in {task.name}: no claim about"
                    " it is decided where a conversation asks more than one arm"
                )
    return lines


def _conversations(task: Task) -> list[list[Sample]]:
    """Return a task's conversations of two turns or more; steps of episodes are none."""
    found: dict[str, list[Sample]] = {}
    for sample in () if task.steps else task.samples:
        if sample.turn is not None and sample.turn.last > 1:
            found.setdefault(sample.turn.conversation, []).append(sample)
    return list(found.values())


def _split(route: RouteSpec, task: str, talks: Sequence[Sequence[Sample]]) -> str:
    """Say how a route's parts of a conversation may go different ways; empty where they do not."""
    if route.kind == "cascade":
        return "may pass single turns on"
    if route.choose is not None:
        values = {sample.id: sample.slices.get(route.slice, "") for sample in _all(talks)}
        return "may choose the arm turn by turn" if _differ(values, talks) else ""
    chosen: dict[str, str | None] = {}
    for sample in _all(talks):
        if route.kind == "slice":
            value = str(sample.slices.get(route.slice, ""))
            chosen[sample.id] = route.arms.get(value, route.otherwise)
        else:
            decided = route.decided.get((task, sample.id))
            chosen[sample.id] = route.otherwise if decided is None else decided.arm
    return "sends turns of one conversation to different arms" if _differ(chosen, talks) else ""


def _all(talks: Sequence[Sequence[Sample]]) -> list[Sample]:
    return [sample for talk in talks for sample in talk]


def _differ(values: Mapping[str, object], talks: Sequence[Sequence[Sample]]) -> bool:
    return any(len({values[sample.id] for sample in talk}) > 1 for talk in talks)
