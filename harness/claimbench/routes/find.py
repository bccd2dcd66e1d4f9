"""A route through a run's stored calls: its paths, by the kind of the route."""

from __future__ import annotations

from dataclasses import replace

from claimbench.routes import by_slice
from claimbench.routes.cascade import Cascade
from claimbench.routes.paths import Checks, Found, Path, decisions_of
from claimbench.routes.signals import Answers
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types.routes import Decided, RouteSpec


def paths_of(
    spec: RouteSpec,
    items: ItemTable,
    calls: CallTable,
    answers: Answers,
    checks: Checks,
    seed: str,
) -> Found:
    """Return the paths of a route through a run's stored calls.

    A request whose calls are not all stored has no path: it is missing, never wrong.
    """
    if spec.kind == "cascade":
        return Cascade(spec, items, calls, answers, checks, seed).found()
    found = Found(())
    if spec.choose is None:
        chosen = decisions_of(spec, items)
    else:
        found = by_slice.fitted(spec, items, seed)
        chosen = [None if arm is None else Decided(arm) for arm in found.chosen]
        chosen = chosen or [None] * len(items.items)
    paths: list[Path] = []
    for arm in spec.parts:
        rows = calls.arms.get(arm)
        if rows is None:
            continue
        for number, item in enumerate(rows.item.tolist()):
            decided = chosen[item]
            if decided is not None and decided.arm == arm:
                step = (arm, number)
                router = decided if spec.kind == "decisions" else None
                paths.append(Path(item, int(rows.epoch[number]), (step,), step, router=router))
    return replace(found, paths=tuple(sorted(paths, key=lambda path: (path.epoch, path.item))))
