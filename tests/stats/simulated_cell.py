"""One simulated situation, drawn and judged many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
ON_A_FALSE_CONDITION = "void"
"""A decision whose own condition, that no bill is larger than it says, does not hold."""


@dataclass
class Rate:
    """Counts of one cell; ``void``: decided on a condition that does not hold."""

    reps: int = 0
    wrong: int = 0
    decided: int = 0
    void: int = 0

    def add(self, status: str, *, wrong: bool) -> None:
        self.reps += 1
        self.decided += status != "inconclusive"
        self.void += status == ON_A_FALSE_CONDITION
        self.wrong += wrong


@dataclass(frozen=True)
class Cell:
    """One simulated situation: ``draw`` makes a sample and decides it.

    ``fast``: part of the quick tests. ``wrong`` says which decisions are false (none in a cell of
    power). Without a known cap a decision is judged as it is worded: under its condition.
    """

    table: str
    label: str
    draw: Callable[[Rng], str]
    wrong: frozenset[str] = frozenset({"supported", "refuted"})
    fast: bool = False

    def run(self, reps: int, seed: int = 1) -> Rate:
        rng = np.random.default_rng([seed, *f"{self.table}/{self.label}".encode()])
        rate = Rate()
        for _ in range(reps):
            status = self.draw(rng)
            rate.add(status, wrong=status in self.wrong)
        return rate


NEVER: frozenset[str] = frozenset()
FALSE_SUPPORT = frozenset({"supported"})
