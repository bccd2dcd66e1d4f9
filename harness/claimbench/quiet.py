"""Keeps Python's garbage collector from stopping the clock's reader."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator

THRESHOLDS = (20_000, 20, 50)
"""Objects made before a first look, and looks of each kind before the next larger one: some megabytes at most."""


@contextlib.asynccontextmanager
async def collector_at_rest() -> AsyncIterator[None]:
    """Set everything that is alive aside from garbage collection while the block runs.

    A full collection walks all objects of all imported packages, which takes some 120 ms; socket reads that wait for
    it are merged, and only the last one's arrival time survives. What the block itself makes is still collected, in
    fewer and larger steps.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
