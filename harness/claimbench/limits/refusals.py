"""How often requests are refused: seldom refusals are no limit, and slow nothing down."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

RECENT, ENOUGH = 200, 20
"""Requests over which refusals are counted, and how many it takes to call them rare."""
TOLERATED = 0.015
"""A share of refusals up to here (or one) teaches nothing: the pause is kept, and then all goes on
as before.
"""
MOST_USUAL = 0.03
"""The largest share of refusals that is taken to come at any rate."""


class RefusalShare:
    """The share of the last :data:`RECENT` requests that were refused, and the share that is usual
    however slowly one asks.
    """

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._usual = 0.0

    def count(self, *, refused: bool) -> None:
        """Count one request that was refused or answered."""
        self._recent.append(refused)

    @property
    def is_rare(self) -> bool:
        """Whether refusals are as seldom as is tolerated, or as they were found to be however
        slowly one asks.
        """
        n = len(self._recent)
        if n < ENOUGH:
            return False
        return sum(self._recent) <= max(1, max(TOLERATED, 2 * self._usual) * n)

    def take_as_usual(self) -> None:
        """Take the present share, up to :data:`MOST_USUAL`, as the one that comes at any rate."""
        self._usual = min(MOST_USUAL, sum(self._recent) / len(self._recent))


@dataclass(slots=True)
class Tally:
    """Answers and refusals under one condition."""

    answered: float = 0.0
    refused: float = 0.0

    def as_bad_as(self, other: Tally) -> bool:
        """Return whether refusals, two at least, are about as frequent here as over both."""
        both = self.answered + other.answered
        return (
            self.refused >= 2
            and self.refused * both >= 0.6 * (self.refused + other.refused) * self.answered
        )

    def forget(self) -> None:
        """Let what was counted weigh half."""
        self.answered /= 2
        self.refused /= 2
