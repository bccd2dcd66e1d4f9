"""``matches``: the target is a regular expression that the answer has to match.

Patterns come from the data, so those that can take for ever are refused: a repetition inside an
unbounded one, ``(a+)+``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from claimbench.scorers.base import brief, scored, squeeze, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import right_answers
from claimbench.types import Json, Sample, Score, Task

LONGEST_PATTERN = 1000
LONGEST_ANSWER = 5_000
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


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
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(MatchesOptions, options or {}, self.name)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is no
        pattern, or one that may take for ever.
        """
        answer = visible(text).strip()[:LONGEST_ANSWER]
        flags = re.MULTILINE | (re.IGNORECASE if self._options.ignore_case else 0)
        patterns = [
            compiled(each, flags) for each in right_answers(sample, self._options.aliases, "\0")
        ]
        found = any(self._meets(pattern, answer) for pattern in patterns)
        shown = " or ".join(brief(pattern.pattern) for pattern in patterns[:3])
        word = "matches" if found else "does not match"
        return scored(self, call_id, float(found), f"{brief(answer)} {word} {shown}")

    def _meets(self, pattern: re.Pattern[str], answer: str) -> bool:
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
def compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """Return a pattern of the data, compiled.

    Raises:
        ValueError: it is no pattern, too long, or may take for ever.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"the pattern has {len(pattern):,} characters, above {LONGEST_PATTERN:,}")
    try:
        made = re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
    if _may_explode(pattern, flags):
        raise ValueError(f"{pattern!r} repeats a repetition, which may take for ever")
    return made


def _may_explode(pattern: str, flags: int) -> bool:
    from re import _parser  # type: ignore[attr-defined]  # the parser that compile() itself uses

    def inside(items: Any, repeated: bool) -> bool:
        for kind, value in items:
            name = str(kind)
            if name in _REPEATS:
                low, high, body = value
                varies = high != low and int(high) > 10
                if (varies and repeated) or inside(body, repeated or varies):
                    return True
            elif name == "BRANCH":
                if any(inside(branch, repeated) for branch in value[1]) or (
                    repeated and _overlaps(value[1])
                ):
                    return True
            elif (
                isinstance(value, tuple)
                and value
                and hasattr(value[-1], "data")
                and inside(value[-1], repeated)
            ):
                return True
        return False

    return inside(_parser.parse(pattern, flags), False)


def _overlaps(branches: Any) -> bool:
    """Return whether two branches of an alternative may begin alike, as far as one can see."""
    firsts = [str(branch[0]) if len(branch) else "" for branch in branches]
    return len(set(firsts)) < len(firsts) or any(
        "ANY" in first or "IN" in first for first in firsts
    )
