"""One session of work on a run: arms are started, calls run, looks taken, rows handed on.

The loop (``loop``) measures and records; it never scores, prices or decides, and this package does
not know :mod:`claimbench.evaluation`: what looks and judges need of it is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import callable_package, lazy

if TYPE_CHECKING:
    from claimbench.run.arms import make_arms
    from claimbench.run.loop import Runner
    from claimbench.run.progress import Progress
    from claimbench.run.session import Ended, Job, Order, execute

__all__ = ["Ended", "Job", "Order", "Progress", "Runner", "execute", "make_arms"]
__getattr__ = lazy(
    __name__,
    {
        "Ended": "session",
        "Job": "session",
        "Order": "session",
        "Progress": "progress",
        "Runner": "loop",
        "execute": "session",
        "make_arms": "arms",
    },
)
callable_package(__name__, "claimbench.measuring", "run")
