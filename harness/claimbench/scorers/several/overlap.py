"""``squad``: an extracted answer by SQuAD's own rules, exact match or F1 over words.

Normalised as the official evaluations of SQuAD do (lower case, no ASCII punctuation, no a, an,
the, blanks collapsed); the best of several right answers counts. Those rules are English: other
scripts without blanks are one word each, so that F1 is their exact match.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from claimbench.scorers.base import brief, scored, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import right_answers
from claimbench.types import Json, Sample, Score, Task

_PUNCTUATION = str.maketrans("", "", string.punctuation)


class SquadOptions(ScorerOptions):
    """Options of ``squad``."""

    metric: Literal["f1", "exact"] = "f1"
    """What the score is; the other one is a part."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further right answers: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several answers in one cell."""


class SquadScorer:
    """SQuAD's F1 or exact match against the best of the right answers."""

    name = "squad"
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(SquadOptions, options or {}, self.name)

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return the two metrics."""
        return ("exact", "f1")

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        answer = visible(text)
        right = right_answers(sample, self._options.aliases, self._options.separator)
        parts = {
            "exact": max(float(normal(answer) == normal(each)) for each in right),
            "f1": max(f1(answer, each) for each in right),
        }
        why = f"{brief(normal(answer))} against {' or '.join(map(brief, right[:5]))}"
        return scored(self, call_id, parts[self._options.metric], why, parts)


def normal(text: str) -> str:
    """Return text as SQuAD compares it."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def f1(answer: str, right: str) -> float:
    """Return the harmonic mean of precision and recall over words, each as often as it stands;
    where one is nothing, whether both are.
    """
    ours = normal(answer).split()
    theirs = normal(right).split()
    if not ours or not theirs:
        return float(ours == theirs)
    same = sum((Counter(ours) & Counter(theirs)).values())
    if not same:
        return 0.0
    precision = same / len(ours)
    recall = same / len(theirs)
    return 2 * precision * recall / (precision + recall)
