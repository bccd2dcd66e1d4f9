"""``judge``: a model reads the answer and names one of the suite's choices; each choice is worth a
score.

The judge's own call is planned, sent, paid and stored like any other
(:mod:`claimbench.plan.judges`); here its stored answer becomes a score, so that scoring stays a
pure function of the database. Whatever went wrong with the judge (a fault, a refusal, an answer
that names no choice) leaves the score ``unscored``: it says nothing about what was judged. An
answer so long that the judge cannot take it in is the answer's own doing, and unparsable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy

from claimbench.scorers.base import scored, unparsable
from claimbench.scorers.labels import LabelScorer
from claimbench.types import (
    JUDGE,
    PAIRWISE,
    CallRecord,
    Json,
    JudgeSpec,
    Outcome,
    Sample,
    Score,
    Task,
)

FLOOD = 20_000
"""Characters: a judge that has no room for a shorter answer was short of room by itself."""


class JudgeScorer:
    """Scores an answer by the choice that its judge named; ``options`` are the checked ones."""

    name = JUDGE
    version = "3"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        from claimbench.scorers.options import JudgeOptions, read_options

        checked = read_options(JudgeOptions, options or {}, self.name)
        self.options = JudgeSpec.of(checked.model_dump())
        self._said: Mapping[str, CallRecord] = {}
        self._reader = LabelScorer()

    def of_run(self, said: Mapping[str, CallRecord]) -> JudgeScorer:
        """Return the same scorer with what a run's judges left, by id of the call judged."""
        scorer = copy(self)
        scorer._said = said
        return scorer

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        said = self._said.get(call_id)
        if said is None:
            return self._unscored(call_id, f"the judge {self.options.by} has not answered")
        if said.outcome is Outcome.CONTEXT_OVERFLOW and _floods(text, sample):
            why = f"{len(text):,} characters, too long for the judge {self.options.by}"
            return unparsable(self, call_id, why)
        if said.outcome is not Outcome.OK:
            why = f": {said.error}" if said.error else ""
            return self._unscored(
                call_id, f"the judge {self.options.by} gave no answer ({said.outcome.value}{why})"
            )
        choice = self.choice(said.text)
        if choice is None:
            return self._unscored(
                call_id, f"the answer of the judge {self.options.by} names no choice, or several"
            )
        return scored(
            self, call_id, self.options.choices[choice], f"{self.options.by} says {choice}"
        )

    def choice(self, text: str) -> str | None:
        """Return the one choice that an answer names; None if it names none or several."""
        found = self._reader.read(text, tuple(self.options.choices))
        return found[0] if len(found) == 1 else None

    def _unscored(self, call_id: str, why: str) -> Score:
        return Score(call_id, self.name, self.version, "unscored", None, why)


def _floods(text: str, sample: Sample) -> bool:
    """Return whether the answer, and not its row, is most of what a judge had to read."""
    row = sum(len(str(value)) for value in (*sample.input.values(), sample.target))
    return len(text) > max(FLOOD, row)


def check_judges(tasks: Iterable[Task]) -> None:
    """Check the judges' options of tasks that were stored and may have been changed since.

    Raises:
        ScorerOptionError: options that no suite could have stated.
    """
    for task in tasks:
        for spec in task.scorers:
            if spec.name == JUDGE:
                JudgeScorer(spec.options)
            elif spec.name == PAIRWISE:
                from claimbench.scorers.preference import PairwiseScorer

                PairwiseScorer(spec.options)
