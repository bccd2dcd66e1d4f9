"""``lm_eval``: lm-eval's own filters and metrics on one document. Made by suites that say
``lm_eval:``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from claimbench.lmeval.tasks import INPUT_PAIRS, score_doc, scoring_task
from claimbench.scorers.base import brief, scored
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.types import Json, Sample, Score, Task


class LmEvalOptions(ScorerOptions):
    """Options of ``lm_eval``."""

    task: str
    """The task's name, or the path of its YAML."""
    metric: str
    """Its metric, or metric and filter: exact_match,strict-match."""
    config: dict[str, Any] | None = None
    """The task's configuration as it was run; null: it holds Python code and is loaded again."""
    higher_is_better: bool = True
    """False: lm-eval says that lower is better; the score is 1 - metric."""


class LmEvalScorer:
    """The value of lm-eval's metric; its other metrics from 0 to 1 are parts."""

    name = "lm_eval"
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(LmEvalOptions, options or {}, self.name)
        self._theirs: Any = None

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError where lm-eval gives no
        such metric.
        """
        doc = sample.input["doc"]
        if self._theirs is None:
            self._theirs = scoring_task(self._options.task, self._options.config, doc)
        if INPUT_PAIRS in sample.input:
            results = [(pair[0], bool(pair[1])) for pair in json.loads(text)]
            if self._theirs.OUTPUT_TYPE == "loglikelihood_rolling":
                values = score_doc(self._theirs, doc, [logprob for logprob, _ in results])
            else:
                values = score_doc(self._theirs, doc, results)
            shown = ", ".join(f"{logprob:.3f}" for logprob, _ in results)
        else:
            values, shown = score_doc(self._theirs, doc, [text]), brief(text)
        wanted = self._options.metric
        key = next((k for k in values if wanted in (k, k.partition(",")[0])), None)
        if key is None:
            raise ValueError(
                f"lm-eval gives no {wanted}; it gives {', '.join(values) or 'nothing'}"
            )
        parts = {k: v for k, v in values.items() if k != key and 0 <= v <= 1}
        if not self._options.higher_is_better:
            if values[key] > 1:  # an error rate without an upper bound: 1 - x would mean nothing
                raise ValueError(f"lm-eval gives {key} = {values[key]:.4g}, beyond 1")
            return scored(self, call_id, 1 - values[key], f"1 - {key} of {shown}", parts)
        return scored(self, call_id, values[key], f"{key} of {shown}", parts)
