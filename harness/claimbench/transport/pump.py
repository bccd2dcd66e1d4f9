"""Reads all sockets soon, also while the event loop has many other things to do.

When hundreds of calls end together, one turn of the loop runs all their work before it looks at a
socket again, and segments that arrive meanwhile are merged into one read: of their arrival times
only the last survives. So the sockets hang on a selector of their own, which is looked at on every
turn of the loop and, in between, whenever a call begins or ends and the last look is older than
:data:`OFTEN_NS`.

The pump exists in two states. *Empty*: no selector, no place on the loop. *At work*: one selector
with all sockets, which itself hangs on the event loop as a single reader. The first ``add`` brings
it to work, the last ``remove`` empties it again, so that it outlives an event loop. A look may be
nested in the work of a call (``look_if_due``): a reader must therefore do nothing but take bytes
and resolve futures.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import time
from collections.abc import Callable

from claimbench.transport.timeouts import TimeoutTimer

OFTEN_NS = 1_000_000
"""A look costs some 3 microseconds; chunks of one answer rarely follow one another within a
millisecond.
"""


class Pump:
    """Read sockets as soon as they have something. Shared by all clients of a run; belongs to the
    loop of its first socket.
    """

    def __init__(self) -> None:
        self._selector: selectors.DefaultSelector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_ns = 0
        self.watch = TimeoutTimer()

    def add(self, sock: socket.socket, read: Callable[[], None]) -> None:
        """Call ``read`` soon after ``sock`` has something to be read, until removed."""
        if self._selector is None:
            self._selector = selectors.DefaultSelector()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._selector.fileno(), self.look)
        self._selector.register(sock, selectors.EVENT_READ, read)

    def remove(self, sock: socket.socket) -> None:
        """Forget ``sock``, before it is closed; the last one takes the selector with it."""
        if self._selector is None or self._loop is None:
            return
        self._selector.unregister(sock)
        if not self._selector.get_map():
            if not self._loop.is_closed():
                self._loop.remove_reader(self._selector.fileno())
            self._selector.close()
            self._selector = None
            self._loop = None

    def look(self) -> None:
        """Read every socket that has something."""
        if self._selector is None:
            return
        for key, _ in self._selector.select(0):
            key.data()  # a reader whose socket another one of them has just closed does nothing
        self._last_ns = time.monotonic_ns()

    def look_if_due(self) -> None:
        """Do the same, if the last look is older than :data:`OFTEN_NS`."""
        if time.monotonic_ns() - self._last_ns > OFTEN_NS:
            self.look()
