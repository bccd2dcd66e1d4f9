"""One piece of hardware that engines of this process share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Device:
    """Hold one piece of hardware: a thread, and a turn that is passed on in order of asking."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.turn = asyncio.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"bench-{name}")

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the device's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        self._pool.shutdown(wait=True)
