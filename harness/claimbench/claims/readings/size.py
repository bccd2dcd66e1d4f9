"""The smallest sample that any reading may be decided on."""

from __future__ import annotations

from claimbench import stats
from claimbench.types import Reason


def size_block(n: int, n_clusters: int) -> tuple[Reason, ...]:
    """Return the reason that forbids a decision on ``n`` items in ``n_clusters`` groups, if any.

    The other code of :func:`claimbench.stats.size_reasons`, ``few_clusters``, only warns: it is
    a flag of the finding, counted over all its readings.
    """
    found = stats.size_reasons(n, n_clusters)
    return tuple(Reason(code) for code in found if code == "n_too_small")
