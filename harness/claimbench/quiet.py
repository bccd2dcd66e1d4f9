"""Keeps Python's garbage collector from stopping the clock's reader."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def collector_at_rest() -> AsyncIterator[None]:
    """Set everything that is alive aside from garbage collection while the block runs.

    A full collection walks all objects of all imported packages, which takes some 120 ms; socket reads that wait for
    it are merged, and only the last one's arrival time survives. What the block itself makes is still collected.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
