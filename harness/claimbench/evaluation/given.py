"""Scores and dollars of a run whose texts were taken out: stated by whoever had the texts.

They are derived rows of the run, put there when a redacted bundle is opened
(:mod:`claimbench.evidence`). Where they are, nothing is scored anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claimbench.pricing.calls import RunCosts
from claimbench.store.results import ResultsStore
from claimbench.types import Cost, Score

SCORE, COST, KEY = "given score", "given cost", "bundle"
"""Kinds and key of the derived rows: place in the order of scores; call id."""


@dataclass(frozen=True, slots=True)
class Given:
    """``scores`` in their order; ``costs``: call id -> dollars that rest on a text that is not
    there.
    """

    scores: tuple[Score, ...]
    costs: Mapping[str, Cost]

    def over(self, found: RunCosts) -> RunCosts:
        """Return costs with those that rest on missing texts as they were given."""
        mine = {call: self.costs.get(call, cost) for call, cost in found.calls.items()}
        return RunCosts(found.attempts, mine)


def read_given(store: ResultsStore, run_id: str) -> Given | None:
    """Read what was given with a run; None for a run that has its texts."""
    scores = store.derived(run_id, SCORE, KEY, Score)
    costs = store.derived(run_id, COST, KEY, Cost)
    return Given(tuple(scores.values()), costs) if scores or costs else None
