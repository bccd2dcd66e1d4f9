"""``contains``: the answer holds, begins or ends with the right text; any, all or none of several.

Compared in one Unicode form, blanks collapsed. A right text that begins or ends with a letter or
digit is found as whole words of its script only, and a number not inside another one (100 in
100,000), unless ``words`` is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from claimbench.number_text.plain import typographic
from claimbench.scorers.base import brief, scored, squeeze, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import right_answers
from claimbench.scorers.reading.words import occurrences, strict_words
from claimbench.types import Json, Sample, Score, Task


class ContainsOptions(ScorerOptions):
    """Options of ``contains``."""

    where: Literal["anywhere", "start", "end"] = "anywhere"
    """Where in the answer the text stands."""
    of: Literal["any", "all", "none"] = "any"
    """How many of the target and its aliases have to be there."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further texts: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several texts in one cell."""
    ignore_case: bool = False
    """Compare without case."""
    words: bool = True
    """Find whole words only."""


class ContainsScorer:
    """1 if the answer holds what it should, else 0."""

    name = "contains"
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(ContainsOptions, options or {}, self.name)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`."""
        answer = typographic(visible(text))
        wanted = right_answers(sample, self._options.aliases, self._options.separator)
        there = [each for each in wanted if self._holds(answer, each)]
        right = {
            "any": bool(there),
            "all": len(there) == len(wanted),
            "none": not there,
        }[self._options.of]
        why = f"{self._options.of} of {', '.join(map(brief, wanted))}: holds {len(there)}"
        return scored(self, call_id, float(right), why)

    def _holds(self, answer: str, wanted: str) -> bool:
        words = strict_words(answer)
        sought = strict_words(squeeze(typographic(wanted)))
        whole = words.folded if self._options.ignore_case else words.kept
        form = sought.folded if self._options.ignore_case else sought.kept
        if not form:
            return False
        if self._options.words:
            places = [start for start, _ in occurrences(sought.folded, words, percent=True)]
        else:
            places = [whole.find(form)] if form in whole else []
            if self._options.where == "end":
                places = [len(whole) - len(form)] if whole.endswith(form) else []
        ends = {"anywhere": None, "start": 0, "end": len(whole) - len(form)}[self._options.where]
        return any(
            whole.startswith(form, place) and (ends is None or place == ends) for place in places
        )
