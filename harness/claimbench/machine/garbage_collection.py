"""Keeps Python's garbage collector from stopping the clock's reader, and numpy from starting
threads.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import AsyncIterator

THRESHOLDS = (20_000, 20, 50)
"""Objects made before a first look, and looks of each kind before the next larger one: some
megabytes at most.
"""


@contextlib.asynccontextmanager
async def collector_at_rest() -> AsyncIterator[None]:
    """Set everything that is alive aside from garbage collection while the block runs.

    A full collection walks all objects of all imported packages, which takes some 120 ms; socket
    reads that wait for it are merged, and only the last one's arrival time survives. What the block
    itself makes is still collected, in fewer and larger steps.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def load_numpy() -> None:
    """Load numpy without its threads for large matrices: ours are small, and starting them takes
    time.

    The library reads the variable while it is loaded. It is taken back at once, so that no server
    which a run starts inherits it; a variable that the user set stays as it is.
    """
    if BLAS_THREADS in os.environ:
        return
    os.environ[BLAS_THREADS] = "1"
    try:
        import numpy  # noqa: F401
    finally:
        del os.environ[BLAS_THREADS]
