"""Ends exchanges that take too long, with one timer for all of them.

A timer of the event loop costs some 10 microseconds, more the more of them wait, and nearly none is
ever needed.

There is at most one timer, set for the earliest limit known. When it rings, every exchange under
way is looked at: one that broke a limit fails, and the timer is set again for the soonest of the
rest. A connection adds its exchange when it has sent and removes it when it is done; the timer then
stays, for setting one costs more than one that rings for nothing.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from claimbench.errors import Timeout
from claimbench.transport.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Hold limits in seconds. ``connect``: TCP and TLS together. ``total``: from sending to the
    end. None: bounded by ``total``.
    """

    total_s: float = 120.0
    connect_s: float = 10.0
    first_byte_s: float | None = None
    idle_s: float | None = None


class TimeoutTimer:
    """Watch the exchanges under way, each with its limits."""

    def __init__(self) -> None:
        self._running: dict[Exchange, Timeouts] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, exchange: Exchange, timeouts: Timeouts) -> None:
        """Let ``exchange`` fail with :class:`~claimbench.errors.Timeout` once it breaks one of its
        limits.
        """
        self._running[exchange] = timeouts
        limits = (timeouts.total_s, timeouts.first_byte_s, timeouts.idle_s)
        self._look_in(min(limit for limit in limits if limit is not None))

    def remove(self, exchange: Exchange) -> None:
        """Forget ``exchange``; the timer stays, for the next one."""
        self._running.pop(exchange, None)

    def _look_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        # A timer of a loop that has ended will not ring.
        if self._timer is not None and self._loop is loop:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._look)
        self._loop = loop

    def _look(self) -> None:
        self._timer = None
        now_ns = time.monotonic_ns()
        for exchange, timeouts in list(self._running.items()):
            left_s, why = _left(exchange, timeouts, now_ns)
            if left_s > 0:
                self._look_in(left_s)
            else:
                exchange.fail(Timeout(why, billable="unknown"))


def _left(exchange: Exchange, wait: Timeouts, now_ns: int) -> tuple[float, str]:
    """Return the seconds until the first of an exchange's limits, and what to say then."""
    since_sent = (now_ns - exchange.reply.sent_ns) / 1e9
    since_last = (now_ns - exchange.last_ns) / 1e9
    ends = [(wait.total_s - since_sent, f"no end within {wait.total_s:g} s")]
    if wait.first_byte_s is not None and not exchange.began:
        ends.append(
            (wait.first_byte_s - since_sent, f"no first byte within {wait.first_byte_s:g} s")
        )
    if wait.idle_s is not None:
        if exchange.began:
            ends.append((wait.idle_s - since_last, f"no byte for {wait.idle_s:g} s"))
        else:
            ends.append((wait.idle_s, ""))  # its first byte may come at any moment from now on
    return min(ends)
