"""Waiting on the event loop for what the store's thread commits, at one wake-up of the loop per
commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future


class Commits:
    """Wait like :func:`asyncio.wrap_future`, for many futures that another thread resolves
    together.

    ``wrap_future`` writes to the loop's wake-up pipe once per future, which under load is most of
    what a commit costs.
    """

    def __init__(self) -> None:
        self._resolved: deque[tuple[asyncio.Future[None], Future[None]]] = deque()
        self._told = False

    def of(self, future: Future[None]) -> asyncio.Future[None]:
        """Return a future of the running loop that ends as ``future`` does. Cancelling it leaves
        ``future`` alone.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def resolved(done: Future[None]) -> None:  # in the other thread, as a rule
            self._resolved.append((waiter, done))
            if not self._told:
                self._told = True
                loop.call_soon_threadsafe(self._pass_on)

        future.add_done_callback(resolved)
        return waiter

    def _pass_on(self) -> None:
        self._told = False  # first, so that what comes from now on wakes the loop again
        while self._resolved:
            waiter, done = self._resolved.popleft()
            if waiter.done():
                continue
            error = done.exception()
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
