"""An event loop whose time is simulated: sleeping costs nothing, and the order of things stays what
it would be.

Shipped for tests of ours and of plugins: hours of pauses, rate limits and pacing pass in seconds,
without a race. Real sockets and threads do not keep to simulated time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Polls the real sockets, and moves the time on where the loop would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self.now_s += timeout
        elif not ready and timeout is None:
            return super().select(None)  # only another thread can bring something
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Return the simulated seconds."""
        return self._simulated.now_s


class LoopClock:
    """A :class:`~claimbench.clock.Clock` on the time of the running loop."""

    def monotonic_ns(self) -> int:
        """Return the loop's time; see :class:`~claimbench.clock.Clock`."""
        return round(asyncio.get_running_loop().time() * 1e9) + 1_000_000_000

    def utc(self) -> datetime:
        """Return the loop's time from 2026 on; see :class:`~claimbench.clock.Clock`."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
            seconds=asyncio.get_running_loop().time()
        )

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Sleep on the loop; see :class:`~claimbench.clock.Clock`."""
        delay = (monotonic_ns - self.monotonic_ns()) / 1e9
        if delay > 0:
            await asyncio.sleep(
                max(delay, 1e-6)
            )  # less than the loop's resolution would move nothing


def run_simulated(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on a :class:`SimulatedLoop`; return its result."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
