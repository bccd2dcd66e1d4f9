"""Which stored calls a route's requests go through, one path a request."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from claimbench.routes.fit import Options, Rows
from claimbench.tables.types import BoolArray, FloatArray, IntArray, ItemTable
from claimbench.types import Cost
from claimbench.types.routes import Decided, RouteSpec

Step = tuple[str, int]
"""An arm and the number of one of its calls."""


@dataclass(frozen=True)
class Checks:
    """What a checker's own calls took: judge's call by the call it judged; seconds and dollars by
    judge's call (absent: unknown).
    """

    call_of: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, Cost] = field(default_factory=dict)

    def usd(self, call_id: str) -> float:
        """Return the dollars of a judge's call; nan where unknown."""
        cost = self.costs.get(call_id)
        return math.nan if cost is None or cost.amount is None else float(cost.amount)


@dataclass(frozen=True, slots=True)
class Path:
    """One request along a route. ``steps`` in the order asked, the last gave the answer unless
    ``answer`` says otherwise; ``checks``: judges' calls between; ``router``: what deciding took.

    ``waits``: the answer might have been passed on, so that nothing of it could be shown before it
    was kept.
    """

    item: int
    epoch: int
    steps: tuple[Step, ...]
    answer: Step
    checks: tuple[str, ...] = ()
    router: Decided | None = None
    waits: bool = False


Chosen = tuple[str | None, ...]
"""By item: the arm that a fitted slice route takes; None where nothing could be learnt."""


@dataclass(frozen=True)
class Found:
    """A route's paths, and of one that is fitted (or a cascade) its requests as the fit sees them.

    ``rows``: of a cascade, one for each request at its first step, kept or passed on to the rest;
    ``thresholds``: of each step, by request. ``options``: score and dollars by request and arm,
    ``answered``: which arm answers, and ``again``: the same, fitted anew on some of the requests;
    None where nothing is fitted. ``items``: the item of each request. ``chosen``: of a fitted slice
    route. ``split``: task whose conversations went different ways, so that it has no path -> how
    many did, in words; ``no_signal``: task of whose answers no signal is known -> which, in words;
    ``withheld``: what it goes by was taken out of the run.
    """

    paths: tuple[Path, ...]
    rows: Rows | None = None
    items: FloatArray | None = None
    thresholds: FloatArray | None = None
    options: Options | None = None
    answered: IntArray | None = None
    again: Callable[[BoolArray], IntArray] | None = None
    chosen: Chosen = ()
    split: Mapping[str, str] = field(default_factory=dict)
    no_signal: Mapping[str, str] = field(default_factory=dict)
    withheld: bool = False


def _by_slice(spec: RouteSpec, items: ItemTable) -> list[Decided | None]:
    column = items.slices.get(spec.slice)
    if column is None:
        return [None] * len(items.items)
    found: list[Decided | None] = []
    for value in column.tolist():
        arm = spec.arms.get(value, spec.otherwise)
        found.append(None if arm is None else Decided(arm))
    return found


def _by_decision(spec: RouteSpec, items: ItemTable) -> list[Decided | None]:
    found: list[Decided | None] = []
    for name, task in zip(items.items, items.task.tolist(), strict=True):
        decided = spec.decided.get((task, name[len(task) + 1 :]))
        if decided is None and spec.otherwise is not None:
            decided = Decided(spec.otherwise)
        found.append(decided)
    return found


def decisions_of(spec: RouteSpec, items: ItemTable) -> list[Decided | None]:
    """Return by item what a route decides whose arms are stated, by slice or by a file."""
    return _by_slice(spec, items) if spec.kind == "slice" else _by_decision(spec, items)


def chosen_arm(spec: RouteSpec, items: ItemTable, chosen: Chosen = ()) -> list[str | None]:
    """Return by item the arm that a route which is no cascade chooses; ``chosen``: those that were
    fitted.
    """
    if spec.choose is not None:
        return list(chosen) or [None] * len(items.items)
    found = decisions_of(spec, items)
    return [None if one is None else one.arm for one in found]
