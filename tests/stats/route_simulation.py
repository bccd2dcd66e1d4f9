"""Worlds of two arms whose sureness is calibrated: claims about fitted routes, and how often wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.routes.fit import Rows, best_threshold
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
from claimbench.types.routes import ROUTE, FitSpec, RouteSpec

SMALL, BIG, RIGHT_BIG = 0.001, 0.02, 0.9
"""Dollars of the two arms' requests, and how often the dear one is right."""


@dataclass(frozen=True)
class Cell:
    """``n`` items in clusters of ``size``; what the fit aims at, and what the claim is about."""

    n: int
    aim: FitSpec
    kind: str
    size: int = 1

    def __str__(self) -> str:
        aim = next(
            k for k in ("keep", "share", "max_usd_per_1k") if getattr(self.aim, k) is not None
        )
        return f"{self.kind}-{aim}-{self.n}x{self.size}"


def world(n: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sureness (shared in part within a cluster), and whether each arm is right."""
    groups = n // size
    sure = 0.4 + 0.6 * (0.5 * np.repeat(rng.random(groups), size) + 0.5 * rng.random(n))
    return sure, (rng.random(n) < sure).astype(float), (rng.random(n) < RIGHT_BIG).astype(float)


def fitted_rows(n: int, size: int, rng: np.random.Generator) -> tuple[Rows, np.ndarray]:
    sure, small, big = world(n, size, rng)
    rows = Rows(
        -sure,
        np.zeros(n, dtype=bool),
        small,
        big,
        np.full(n, SMALL),
        np.full(n, SMALL + BIG),
        np.repeat(np.arange(n // size), size),
    )
    return rows, sure


@cache
def truth(cell: Cell) -> float:
    """The expected figure of a rule that is fitted on four fifths of such data."""
    rng = np.random.default_rng(5)
    _, sure = fitted_rows(200_000, cell.size, rng)
    order = np.argsort(sure)
    ranked = sure[order]
    # calibrated: passed on, a request is right RIGHT_BIG of the time, kept, its sureness
    kept_after = np.r_[np.cumsum(ranked[::-1])[::-1], 0.0]
    found = []
    for _ in range(1500):
        part, _ = fitted_rows(cell.n * 4 // 5 // cell.size * cell.size, cell.size, rng)
        least = -best_threshold(part, cell.aim)
        k = int(np.searchsorted(ranked, least))
        share = k / len(ranked)
        if cell.kind == "accuracy":
            found.append(share * RIGHT_BIG + kept_after[k] / len(ranked) - RIGHT_BIG)
        else:
            found.append((SMALL + share * BIG) / BIG)
    return float(np.mean(found))


def verdicts(
    cell: Cell, seed: int, declared: str = "before", threshold: float | None = None
) -> str:
    """Judge one claim on one world, its threshold at the truth: any decision is wrong."""
    rng = np.random.default_rng(seed)
    sure, small, big = world(cell.n, cell.size, rng)
    ids = [str(i) for i in range(cell.n)]
    clusters = [str(i // cell.size) for i in range(cell.n)]
    items, calls = tables_from_arrays(
        {"small": small, "big": big},
        usd={"small": np.full(cell.n, SMALL), "big": np.full(cell.n, BIG)},
        cluster=clusters,
    )
    samples = tuple(Sample(i, {}, None, c) for i, c in zip(ids, clusters, strict=True))
    task = Task("task", samples, (), (), AnswerSpec("text"), (ScorerSpec("exact"),), 8)
    records, costs = [], {}
    for arm, usd in (("small", SMALL), ("big", BIG)):
        for i in ids:
            call = Call("r", f"{arm}-{i}", "task", i, 1, arm, 0, 0)
            records.append(CallRecord(call, "x", Outcome.OK, "stop", 1))
            costs[call.id] = Cost(Decimal(str(usd)))
    spec = RouteSpec(
        "route",
        "cascade",
        first="small",
        then="big",
        signal="file",
        of="sure.csv",
        below="fit" if threshold is None else threshold,
        fit=cell.aim if threshold is None else None,
        values={("task", i): float(s) for i, s in zip(ids, sure, strict=True)},
        declared=declared,  # type: ignore[arg-type]
    )
    made = with_routes(
        [spec], items, calls, Stored(Answers.of(records, (), (task,)), costs, Checks(), f"s{seed}")
    )
    arms = [Arm(name, "p", name) for name in ("small", "big")] + [Arm("route", ROUTE, "route")]
    at = truth(cell)
    if cell.kind == "accuracy":
        raw = {"kind": "accuracy", "relation": "as", "arm": "route", "than": "big", "margin": -at}
    else:
        raw = {
            "kind": "cost",
            "relation": "less_by",
            "threshold": 1 - at,
            "arm": "route",
            "than": "big",
            "reading": "per_request",
        }
    claim = parse_claim(ClaimSpec("c", "", None, raw), arms, ())
    found = decide_claims([claim], made.items, made.calls, ClaimContext(routes=made.facts))
    return found[0].status


def tally(cell: Cell, reps: int) -> Counter[str]:
    """Count the verdicts of ``reps`` worlds."""
    return Counter(verdicts(cell, 1000 + k) for k in range(reps))
