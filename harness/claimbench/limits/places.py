"""How many requests of one key may be under way at once: fewer after refusals, more again with
answers.
"""

from __future__ import annotations

import asyncio

from claimbench.limits.learned_rate import HOLD

CUT = 0.8
"""Places after a refusal, as a share of what they were."""


class Places:
    """``most`` places at first and at most; ``limit`` of them may be taken now.

    Answers add a quarter of a place each up to ``ceiling``, the number that was under way when the
    server refused; beyond it, after :data:`~claimbench.limits.learned_rate.HOLD` answers, one place
    for as many answers as there are places.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self.limit = max(1, most)
        """Requests that may be under way at once, one at least."""
        self._ceiling = float(most)
        self.taken = 0
        self._freed = asyncio.Event()

    def take(self) -> None:
        """Count one more request as under way."""
        self.taken += 1

    def leave(self) -> None:
        """Count one request less, and let others look for the place."""
        self.taken -= 1
        self._freed.set()

    def wake(self) -> None:
        """Let everybody who waits for a place look again."""
        self._freed.set()

    async def wait(self) -> None:
        """Return when a place may have become free."""
        self._freed.clear()
        await self._freed.wait()

    def cut(self, *, at_random: bool) -> None:
        """Leave fewer places after a refusal; one ``at_random`` says nothing of how many are too
        many.
        """
        self._ceiling = float(self._most) if at_random else max(1.0, float(self.taken))
        self._set(max(1.0, self._limit * CUT))

    def grow(self, since_cut: int) -> None:
        """Count an answer, the number ``since_cut`` since the last refusal, towards more places."""
        if self._limit >= self._most:
            return
        if self._limit < self._ceiling:
            self._set(min(self._most, self._limit + 0.25))
        elif since_cut >= HOLD:
            self._set(min(self._most, self._limit + 1 / self._limit))

    def _set(self, limit: float) -> None:
        self._limit = limit
        self.limit = max(1, int(limit))
