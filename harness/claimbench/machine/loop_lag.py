"""How late the event loop is: sampled while calls are in flight, so that a busy client is seen and
said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from claimbench.clock import Clock

EVERY_S = 0.02
KEEP = 100_000


class LagMeter:
    """Collects how much later than asked for a short sleep returned, in milliseconds."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []

    def summary(self) -> Mapping[str, float]:
        """Return ``p50``, ``p99``, ``max`` (ms) and ``n``; empty if nothing was sampled."""
        if not self._late_ms:
            return {}
        ordered = sorted(self._late_ms)
        last = len(ordered) - 1
        return {
            "p50": ordered[last // 2],
            "p99": ordered[round(last * 0.99)],
            "max": ordered[last],
            "n": float(len(ordered)),
        }

    @contextlib.asynccontextmanager
    async def running(self, clock: Clock) -> AsyncIterator[None]:
        """Sample until the block ends."""
        task = asyncio.ensure_future(self._sample(clock))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _sample(self, clock: Clock) -> None:
        while len(self._late_ms) < KEEP:
            before = clock.monotonic_ns()
            await asyncio.sleep(EVERY_S)
            self._late_ms.append(max(0.0, (clock.monotonic_ns() - before) / 1e6 - EVERY_S * 1e3))
