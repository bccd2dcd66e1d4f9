"""Leads of one arm's total over another's with known truth, on scales that do and do not clip."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from claimbench.claims.types import ClaimContext
from claimbench.decision.spread import Difference
from claimbench.decision.values import Totals
from claimbench.evaluation.evaluate import NO_COSTS, Evaluation
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Criterion

SLACK = 1e-9
"""Points by which an end may miss a truth that lies on it: sums differ by rounding."""


@dataclass(frozen=True)
class Case:
    """Two arms of ``right`` answers, which agree by luck on ``agree`` of the ``n`` items; mean
    dollars of 1,000 requests. ``scale`` and ``usd_scale``: worst and best; ``weights`` of both.
    """

    right: tuple[float, float]
    scale: tuple[float, float]
    n: int
    agree: float
    weights: tuple[float, float] = (1.0, 0.0)
    usd: tuple[float, float] = (1.0, 1.2)
    usd_scale: tuple[float, float] = (4.0, 0.0)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Return the criteria that count."""
        made = (
            Criterion("quality", self.weights[0], "accuracy", *self.scale),
            Criterion("dollars", self.weights[1], "usd_per_1k", *self.usd_scale),
        )
        return tuple(one for one in made if one.weight > 0)

    @property
    def truth(self) -> float:
        """Return the first arm's lead in points."""
        both = ((self.right, self.scale), (self.usd, self.usd_scale))
        leads = [_worth(x[0], *ends) - _worth(x[1], *ends) for x, ends in both]
        return 100 * float(np.dot(self.weights, leads)) / sum(self.weights)


def _worth(figure: float, worst: float, best: float) -> float:
    return float(np.clip((figure - worst) / (best - worst), 0, 1))


def lead(case: Case, seed: int) -> Difference:
    """Draw one run, and return the first arm's lead."""
    rng = np.random.default_rng([seed, case.n])
    luck = rng.random(case.n)
    other = np.where(rng.random(case.n) < case.agree, luck, rng.random(case.n))
    scores = {
        "a": (luck < case.right[0]).astype(float),
        "b": (other < case.right[1]).astype(float),
    }
    usd = {arm: rng.gamma(4, mean / 4000, case.n) for arm, mean in zip("ab", case.usd, strict=True)}
    items, calls = tables_from_arrays(scores, usd=usd)
    stored: Any = SimpleNamespace(suite=SimpleNamespace(alpha=0.05))
    run = Evaluation(stored, {}, (), NO_COSTS, items, calls, ClaimContext(), ())
    found = Totals(run, case.criteria, ("a", "b")).difference("a", "b", 0.05)
    assert found is not None
    return found


def rates(case: Case, tries: int) -> tuple[float, float]:
    """Return how often the interval covers the truth, and how often a lead is taken for certain
    that is none or lies the other way.
    """
    covered = wrong = 0
    for seed in range(tries):
        found, truth = lead(case, seed), case.truth
        covered += found.lo - SLACK <= truth <= found.hi + SLACK
        wrong += found.p <= 0.05 and found.est * truth <= SLACK
    return covered / tries, wrong / tries
