"""An evaluation made of arrays, for decisions: a suite, two tables, no run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ClaimContext
from claimbench.evaluation.evaluate import NO_COSTS, Evaluation
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Criterion, DecisionSpec, Requirement


class Made:
    """Make evaluations and decisions."""

    def evaluation(
        self,
        scores: Mapping[str, Sequence[float]],
        *,
        not_run: Mapping[str, str] | None = None,
        urls: Mapping[str, str] | None = None,
        alpha: float = 0.05,
        context: ClaimContext | None = None,
        decision: DecisionSpec | None = None,
        **columns: Any,
    ) -> Any:
        items, calls = tables_from_arrays(scores, **columns)
        names = [*scores, *(not_run or {})]
        arms = tuple(
            Arm(name, "compatible", name, cost_model={}, base_url=(urls or {}).get(name))
            for name in names
        )
        suite = SimpleNamespace(
            arms=arms,
            tasks=(),
            margin=0.03,
            options={},
            alpha=alpha,
            population="super",
            path="s.yaml",
            decision=decision,
        )
        manifest = SimpleNamespace(
            arms_not_run=dict(not_run or {}),
            arm_facts={},
            created_utc="2026-11-29T00:00:00+00:00",
            options={},
        )
        stored: Any = SimpleNamespace(suite=suite, manifest=manifest, volume_after=False)
        held = context or ClaimContext()
        return Evaluation(stored, {}, (), NO_COSTS, items, calls, held, ())

    def coins(self, n: int, share: float, seed: int) -> list[float]:
        return (np.random.default_rng(seed).random(n) < share).astype(float).tolist()

    def claim(self, name: str, text: str) -> Requirement:
        return Requirement(name, claim=text)

    def criterion(self, metric: str, weight: float, worst: float, best: float) -> Criterion:
        return Criterion(metric, weight, metric, worst, best)


@pytest.fixture
def made() -> Made:
    return Made()
