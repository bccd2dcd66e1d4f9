"""Time, behind a protocol, so that tests can own it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Monotonic nanoseconds for durations, UTC for provenance and prices, and a sleep on the same
    time line.
    """

    def monotonic_ns(self) -> int:
        """Return nanoseconds on a clock that never goes back; comparable in one process only."""
        ...

    def utc(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Return at, or as soon as possible after, ``monotonic_ns``."""
        ...


def this_day() -> str:
    """Return today's date in UTC, ISO 8601."""
    return datetime.now(UTC).date().isoformat()


class SystemClock:
    """The real clock."""

    def monotonic_ns(self) -> int:
        """Return the system's monotonic nanoseconds; see :class:`Clock`."""
        return time.monotonic_ns()

    def utc(self) -> datetime:
        """Return the system's time; see :class:`Clock`."""
        return datetime.now(UTC)

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Sleep on the running loop; see :class:`Clock`."""
        delay = (monotonic_ns - time.monotonic_ns()) / 1e9
        if delay > 0:
            await asyncio.sleep(delay)


class FakeClock:
    """A clock that only moves when slept on or told to; shipped for tests of ours and of
    plugins.
    """

    def __init__(self, start_utc: datetime | None = None, start_ns: int = 1_000_000_000) -> None:
        self._utc = start_utc or datetime(2026, 1, 1, tzinfo=UTC)
        self._start_ns = start_ns
        self._now_ns = start_ns

    def monotonic_ns(self) -> int:
        """Return where the clock was moved to; see :class:`Clock`."""
        return self._now_ns

    def utc(self) -> datetime:
        """Return where the clock was moved to; see :class:`Clock`."""
        return self._utc + timedelta(microseconds=(self._now_ns - self._start_ns) / 1000)

    def advance(self, seconds: float) -> None:
        """Move time forward by ``seconds``."""
        self._now_ns += round(seconds * 1e9)

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Move the time instead of waiting; see :class:`Clock`."""
        self._now_ns = max(self._now_ns, monotonic_ns)
        await asyncio.sleep(0)
