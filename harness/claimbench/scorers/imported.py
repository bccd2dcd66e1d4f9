"""``imported``: the score that another tool gave, as it stands in an imported file. Not for suites
of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.scorers.base import scored
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.types import Json, Sample, Score, Task


class ImportedOptions(ScorerOptions):
    """Options of ``imported``."""

    metric: str
    """The other tool's metric that is judged."""
    judge: str = ""
    """What says that a model as judge gave it."""


class ImportedScorer:
    """Returns what the tool said of the call; its other metrics are parts."""

    name = "imported"
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._metric = read_options(ImportedOptions, options or {}, self.name).metric

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a call that was not
        imported.
        """
        found = sample.metadata.get("imported", {}).get(call_id)
        if found is None:
            raise ValueError("this call was not imported")
        scores: dict[str, float] = found["scores"]
        bare = self._metric.partition(",")[0]
        value = scores.get(self._metric, scores.get(bare))
        if value is None:
            raise ValueError(f"the file gives no {self._metric}")
        others = {k: v for k, v in scores.items() if k not in (self._metric, bare)}
        return scored(
            self, call_id, value, found.get("why") or f"{self._metric} as imported", others
        )
