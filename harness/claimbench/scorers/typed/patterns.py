"""``matches``: the target is a regular expression that the answer has to match.

Patterns come from the data; an answer on which a search takes too many steps is unparsable
(:mod:`claimbench.patterns.timed`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field

from claimbench.patterns.timed import TimedPattern
from claimbench.scorers.base import brief, scored, squeeze, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import right_answers
from claimbench.types import Json, Sample, Score, Task


class MatchesOptions(ScorerOptions):
    """Options of ``matches``."""

    where: Literal["anywhere", "start", "whole"] = "anywhere"
    """Where in the answer the pattern has to be found. whole: it is all of the answer, blanks
    around it left out."""
    ignore_case: bool = False
    """Search without case."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further patterns, any of which is right: lists."""


class MatchesScorer:
    """1 if the answer matches the target's pattern, else 0. ``^`` and ``$`` are line ends."""

    name = "matches"
    version = "3"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(MatchesOptions, options or {}, self.name)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is no
        pattern, or too long a one.
        """
        answer = visible(text).strip()
        flags = re.MULTILINE | (re.IGNORECASE if self._options.ignore_case else 0)
        patterns = [
            compiled(each, flags) for each in right_answers(sample, self._options.aliases, "\0")
        ]
        found = any(self._meets(pattern, answer) for pattern in patterns)
        shown = " or ".join(brief(pattern.pattern) for pattern in patterns[:3])
        word = "matches" if found else "does not match"
        return scored(self, call_id, float(found), f"{brief(answer)} {word} {shown}")

    def _meets(self, pattern: TimedPattern, answer: str) -> bool:
        for form in dict.fromkeys((answer, squeeze(answer))):
            if self._options.where == "whole":
                found = pattern.fullmatch(form)
            elif self._options.where == "start":
                found = pattern.match(form)
            else:
                found = pattern.search(form)
            if found is not None:
                return True
        return False


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: int) -> TimedPattern:
    """Return a pattern of the data, compiled.

    Raises:
        ValueError: it is no pattern, or too long.
    """
    return TimedPattern(pattern, flags)
