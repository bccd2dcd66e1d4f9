"""``pairwise``: models compare the answers of two arms, and each answer's score is the share of its
comparisons that it wins, ties counted half.

The comparisons are planned, sent, paid and stored by :mod:`claimbench.plan.pairs`; here what they
came to becomes a score, so that scoring stays a pure function of the database. Such a score depends
on the other arms of the run: it is no accuracy, and no claim about accuracy uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from claimbench.scorers.base import scored
from claimbench.types import PAIRWISE, Json, PairwiseSpec, Sample, Score, Task

Shares = Mapping[str, tuple[float, int]]
"""Id of an arm's call -> (its mean share of the wins, comparisons behind it)."""


class PairwiseScorer:
    """Scores an answer by the comparisons that it took part in; ``options`` are the checked
    ones.
    """

    name = PAIRWISE
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        from claimbench.scorers.options import read_options
        from claimbench.scorers.preference.options import PairwiseOptions

        checked = read_options(PairwiseOptions, options or {}, self.name)
        self.options = PairwiseSpec.of(checked.model_dump())
        self._won: Shares = {}

    def of_run(self, won: Shares) -> PairwiseScorer:
        """Return the same scorer with what a run's comparisons came to."""
        scorer = copy(self)
        scorer._won = won
        return scorer

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        found = self._won.get(call_id)
        if found is None:
            why = "no comparison with another arm's answer is complete"
            return Score(call_id, self.name, self.version, "unscored", None, why)
        share, times = found
        word = "comparison" if times == 1 else "comparisons"
        return scored(self, call_id, share, f"won {share:.0%} of {times} {word}, ties counted half")
