"""From what a run left to its verdicts: scores, costs, tables, claims, people's labels.

Everything here is a pure function of stored rows and never calls a model. Nothing here knows how
calls are sent (:mod:`claimbench.run`), and the loop knows nothing of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun, read_run

__all__ = ["Evaluation", "StoredRun", "read_run"]
__getattr__ = lazy(
    __name__, {"Evaluation": "evaluate", "StoredRun": "stored", "read_run": "stored"}
)
