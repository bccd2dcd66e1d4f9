"""Votes on pairs that were imported: who said what of which pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimbench.plan.pairs import VOTES, VOTES_KEY

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore


@dataclass(frozen=True, slots=True)
class Vote:
    """One imported vote on a pair: the share of the win that the pair's first arm got."""

    rater: str
    is_person: bool
    share: float


def read_votes(store: ResultsStore, run_id: str) -> dict[str, tuple[Vote, ...]]:
    """Read the imported votes of a run by pair; empty for a run that has none."""
    found: dict[str, list[Vote]] = {}
    for key, row in store.derived(run_id, VOTES, VOTES_KEY, dict).items():
        pair, _, _ = key.partition("/")
        vote = Vote(str(row["rater"]), bool(row["person"]), float(row["share"]))
        found.setdefault(pair, []).append(vote)
    return {pair: tuple(votes) for pair, votes in found.items()}
