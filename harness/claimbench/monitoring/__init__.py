"""A run against an earlier one: what held, what regressed, and whether the model changed or varies.

Pairs two runs by task and sample, names what else differs between them, judges accuracy, dollars
and latency as non-inferiority against the baseline, and spends alpha over a series of runs. It
reads evaluated runs and calls no model; nothing of a single run's own verdicts lives here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.monitoring.as_json import comparison_json
    from claimbench.monitoring.compare import compare_runs
    from claimbench.monitoring.named import with_baseline
    from claimbench.monitoring.types import Comparison

__all__ = ["Comparison", "compare_runs", "comparison_json", "with_baseline"]
__getattr__ = lazy(
    __name__,
    {
        "Comparison": "types",
        "compare_runs": "compare",
        "comparison_json": "as_json",
        "with_baseline": "named",
    },
)
