"""A run of two arms, its route, and claims about it: small is cheap and right on most items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.routes.make import Routed, Stored, with_routes
from claimbench.routes.paths import Checks
from claimbench.routes.signals import Answers
from claimbench.tables.types import TurnsOfItems
from claimbench.testing import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Arm,
    Call,
    CallRecord,
    ClaimSpec,
    Outcome,
    Sample,
    Score,
    ScorerSpec,
    Task,
    Verdict,
)
from claimbench.types.money import Cost
from claimbench.types.routes import ROUTE, RouteSpec

N = 120
ARMS = (Arm("small", "p", "m-s"), Arm("big", "p", "m-b"), Arm("cascade", ROUTE, "cascade"))
CASCADE = RouteSpec(
    "cascade", "cascade", first="small", then="big", signal="field", of="sure", below=0.5
)
HALVES = RouteSpec("cascade", "slice", slice="half", arms={"one": "small"}, otherwise="big")
USD = {"small": 0.001, "big": 0.01}


@dataclass(frozen=True)
class World:
    """A run with its route in the tables, and what claims must know of it."""

    routed: Routed
    context: ClaimContext

    def judge(self, text: str, **raw: Any) -> Verdict:
        """Judge one claim."""
        known = {arm.name for arm in ARMS}
        more = [Arm(name, "p", name) for name in self.routed.items.arms if name not in known]
        claim = parse_claim(ClaimSpec("c", text, None, raw), (*ARMS, *more), ())
        (found,) = decide_claims([claim], self.routed.items, self.routed.calls, self.context)
        return found

    def having(self, **context: Any) -> World:
        """Return the same run of which claims know more."""
        return replace(self, context=replace(self.context, **context))


def run_of(
    spec: RouteSpec = CASCADE,
    *,
    talk: Sequence[tuple[str, int]] | None = None,
    task: Sequence[str] | None = None,
    said: Mapping[str, Sequence[str]] | None = None,
    scores: Sequence[Score] = (),
    slices: Mapping[str, Sequence[str]] | None = None,
    right: Mapping[str, Sequence[float]] | None = None,
    withheld: bool = False,
    **columns: Any,
) -> World:
    """Return a run of ``N`` items; small says how sure it is, and is on two of three.

    Args:
        spec: its route.
        talk: conversation and turn of each item.
        task: of each item.
        said: texts of an arm's answers.
        scores: beside those of the tables.
        slices: columns beside ``half``.
        right: scores of an arm's answers.
        withheld: the texts were taken out.
        columns: see :func:`tables_from_arrays`.
    """
    sure = ['{"sure": 0.2}' if i % 3 == 0 else '{"sure": 0.9}' for i in range(N)]
    texts = {"small": sure, "big": sure, **(said or {})}
    values = {
        "small": np.asarray([float(i % 6 != 0) for i in range(N)]),
        "big": np.asarray([float(i % 20 != 7) for i in range(N)]),
        **{arm: np.asarray(mine) for arm, mine in (right or {}).items()},
    }
    names = list(task or ["task"] * N)
    times: dict[str, Any] = {
        "ttft_s": {arm: [0.1 + 0.01 * (i % 7) for i in range(N)] for arm in values},
        "e2e_s": {arm: [1.0 + 0.1 * (i % 7) for i in range(N)] for arm in values},
    }
    items, calls = tables_from_arrays(
        values,
        usd={arm: [USD.get(arm, 0.005)] * N for arm in values},
        task=names,
        slices={"half": ["one" if i < N // 2 else "two" for i in range(N)], **(slices or {})},
        **(times | columns),
    )
    if talk is not None:
        number = np.asarray([turn for _, turn in talk], dtype=np.int64)
        items = replace(items, turns=TurnsOfItems(number, np.asarray([name for name, _ in talk])))
    records: list[CallRecord] = []
    costs: dict[str, Cost] = {}
    for arm, rows in calls.arms.items():
        for i, call_id in enumerate(rows.call_id.tolist()):
            call = Call("r", call_id, names[i], str(i), 1, arm, 0, 0)
            outcome = Outcome(rows.text("outcome", i))
            records.append(CallRecord(call, texts.get(arm, sure)[i], outcome, "stop", 1))
            usd = Decimal(str(USD.get(arm, 0.005)))
            costs[call_id] = Cost(usd, basis="list_price", price_id=f"p:{arm}")
    tasks = [
        Task(
            name,
            tuple(Sample(str(i), {}, None, str(i)) for i in range(N) if names[i] == name),
            (),
            (),
            AnswerSpec("text"),
            (ScorerSpec("exact"),),
            8,
        )
        for name in dict.fromkeys(names)
    ]
    stored = Stored(Answers.of(records, scores, tasks), costs, Checks(), "seed", withheld=withheld)
    found = with_routes([spec], items, calls, stored)
    return World(found, ClaimContext(routes=found.facts))
