"""Worlds of three arms: chains with calibrated sureness, and arms chosen by slice; claims about
fitted routes, and how often they are wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.routes.by_slice import out_of_fold
from claimbench.routes.fit import Options, best_thresholds
from claimbench.routes.make import Stored, with_routes
from claimbench.routes.paths import Checks
from claimbench.routes.signals import Answers
from claimbench.testing import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Arm,
    Call,
    CallRecord,
    ClaimSpec,
    Outcome,
    Sample,
    ScorerSpec,
    Task,
)
from claimbench.types.money import Cost
from claimbench.types.routes import ROUTE, ChooseSpec, FitSpec, RouteSpec, StageSpec

USD = (0.001, 0.005, 0.02)
NAMES = ("a", "b", "c")
RIGHT_LAST = 0.9
BY_SLICE = np.asarray([[0.80, 0.72, 0.60], [0.60, 0.72, 0.74], [0.70, 0.66, 0.70]])
"""Chance to be right by slice and arm: clear, close and level choices."""


@dataclass(frozen=True)
class Cell:
    """``n`` items in clusters of ``size``; what is fitted, and what the claim is about."""

    n: int
    aim: FitSpec | ChooseSpec
    kind: str
    size: int = 1

    def __str__(self) -> str:
        what = "slice" if isinstance(self.aim, ChooseSpec) else "chain"
        return f"{what}-{self.kind}-{self.n}x{self.size}"


@dataclass(frozen=True)
class World:
    """One draw: sureness by item and step (or the slice of each), who is right, and how likely."""

    sure: np.ndarray
    column: np.ndarray
    right: np.ndarray
    chance: np.ndarray
    cluster: np.ndarray


def world(cell: Cell, n: int, rng: np.random.Generator) -> World:
    """Draw items whose sureness (or slice) is shared in part within a cluster."""
    groups = n // cell.size
    cluster = np.repeat(np.arange(groups), cell.size)
    if isinstance(cell.aim, ChooseSpec):
        column = np.repeat(rng.integers(0, 3, groups), cell.size)
        chance = BY_SLICE[column]
        sure = np.zeros((n, 2))
    else:
        column = np.zeros(n, dtype=int)
        shared = np.repeat(rng.random((groups, 2)), cell.size, axis=0)
        sure = np.asarray([0.3, 0.5]) + 0.5 * (0.5 * shared + 0.5 * rng.random((n, 2)))
        chance = np.column_stack([sure, np.full(n, RIGHT_LAST)])
    right = (rng.random((n, 3)) < chance).astype(float)
    return World(sure, column, right, chance, cluster)


def options(cell: Cell, seen: World) -> Options:
    n = len(seen.cluster)
    if isinstance(cell.aim, ChooseSpec):
        none = np.zeros((n, 0))
        return Options(seen.right, np.tile(USD, (n, 1)), none, none.astype(bool), seen.cluster)
    spent = np.tile(np.cumsum(USD), (n, 1))
    return Options(seen.right, spent, -seen.sure, np.zeros((n, 2), bool), seen.cluster)


@cache
def truth(cell: Cell) -> float:
    """The expected figure of a rule that is fitted on four fifths of such data."""
    rng = np.random.default_rng(5)
    many = world(cell, 40_000 // cell.size * cell.size, rng)
    whole = options(cell, many)
    part_n = cell.n * 4 // 5 // cell.size * cell.size
    found = []
    for _ in range(400):
        part = options(cell, seen := world(cell, part_n, rng))
        if isinstance(cell.aim, ChooseSpec):
            # fitted on all of the part, asked of one row of each slice in a fold of its own
            asked = Options(
                np.vstack([part.score, np.zeros((3, 3))]),
                np.vstack([part.usd, np.tile(USD, (3, 1))]),
                np.zeros((part_n + 3, 0)),
                np.zeros((part_n + 3, 0), bool),
                np.r_[np.zeros(part_n, int), np.ones(3, int)],
            )
            column = np.r_[seen.column, [0, 1, 2]].astype(str)
            two = ChooseSpec(cell.aim.among, cell.aim.keep, 2)
            of_slice = out_of_fold(asked, column, two, "s")[-3:]
            arm = of_slice[many.column]
        else:
            at = best_thresholds(part, cell.aim, np.full(2, np.nan))
            arm = whole.answered(np.tile(at, (len(many.cluster), 1)))
        if cell.kind == "accuracy":
            # by the chances, not by the draw
            found.append(whole.of_arm(many.chance, arm).mean() - many.chance[:, 2].mean())
        else:
            found.append(whole.of_arm(whole.usd, arm).mean() / USD[2])
    return float(np.mean(found))


def verdicts(cell: Cell, seed: int, declared: str = "before", stated: float | None = None) -> str:
    """Judge one claim on one world, its threshold at the truth: any decision is wrong."""
    seen = world(cell, cell.n, np.random.default_rng(seed))
    ids = [str(i) for i in range(cell.n)]
    clusters = [str(c) for c in seen.cluster]
    items, calls = tables_from_arrays(
        {name: seen.right[:, k] for k, name in enumerate(NAMES)},
        usd={name: np.full(cell.n, USD[k]) for k, name in enumerate(NAMES)},
        cluster=clusters,
        slices={"kind": [str(value) for value in seen.column]},
    )
    samples = tuple(Sample(i, {}, None, c) for i, c in zip(ids, clusters, strict=True))
    task = Task("task", samples, (), (), AnswerSpec("text"), (ScorerSpec("exact"),), 8)
    records, costs = [], {}
    for arm, usd in zip(NAMES, USD, strict=True):
        for i in ids:
            call = Call("r", f"{arm}-{i}", "task", i, 1, arm, 0, 0)
            records.append(CallRecord(call, "x", Outcome.OK, "stop", 1))
            costs[call.id] = Cost(Decimal(str(usd)))
    made = with_routes(
        [spec_of(cell, seen, ids, declared, stated)],
        items,
        calls,
        Stored(Answers.of(records, (), (task,)), costs, Checks(), f"s{seed}"),
    )
    arms = [Arm(name, "p", name) for name in NAMES] + [Arm("route", ROUTE, "route")]
    at = truth(cell)
    if cell.kind == "accuracy":
        raw = {"kind": "accuracy", "relation": "more_by", "threshold": at, "unit": "points"}
        raw |= {"arm": "route", "than": "c"}
        if at <= 0:
            raw = {"kind": "accuracy", "relation": "as", "arm": "route", "than": "c"}
            raw |= {"margin": -at}
    else:
        raw = {"kind": "cost", "relation": "less_by", "threshold": 1 - at, "arm": "route"}
        raw |= {"than": "c", "reading": "per_request"}
    claim = parse_claim(ClaimSpec("c", "", None, raw), arms, ())
    found = decide_claims([claim], made.items, made.calls, ClaimContext(routes=made.facts))
    return found[0].status


def spec_of(
    cell: Cell, seen: World, ids: list[str], declared: str, stated: float | None
) -> RouteSpec:
    """The fitted route, or with ``stated`` one whose thresholds (or arms) were chosen."""
    if isinstance(cell.aim, ChooseSpec):
        if stated is not None:
            best = {
                str(v): NAMES[int(seen.right[seen.column == v].mean(0).argmax())] for v in range(3)
            }
            return RouteSpec("route", "slice", slice="kind", arms=best, declared=declared)  # type: ignore[arg-type]
        return RouteSpec("route", "slice", slice="kind", choose=cell.aim, declared=declared)  # type: ignore[arg-type]
    below = "fit" if stated is None else stated
    values = [
        {("task", i): float(s) for i, s in zip(ids, seen.sure[:, k], strict=True)} for k in (0, 1)
    ]
    return RouteSpec(
        "route",
        "cascade",
        first="a",
        then="b",
        signal="file",
        of="a.csv",
        below=below,  # type: ignore[arg-type]
        fit=cell.aim if stated is None else None,
        values=values[0],
        later=(StageSpec("c", signal="file", of="b.csv", below=below, values=values[1]),),  # type: ignore[arg-type]
        declared=declared,  # type: ignore[arg-type]
    )


def tally(cell: Cell, reps: int) -> Counter[str]:
    """Count the verdicts of ``reps`` worlds."""
    return Counter(verdicts(cell, 1000 + k) for k in range(reps))
