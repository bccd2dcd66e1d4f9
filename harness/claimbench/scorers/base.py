"""What a scorer is, and what the built-in ones share.

A scorer is a pure function of the answer's text, the sample and its own options: the same record
scores the same for ever, so that a run can be scored again from its database. It is made by a
*factory* named in the entry-point group ``claimbench.scorers``: ``factory(options) -> Scorer``,
which raises :class:`ScorerOptionError` for options it does not know
(:mod:`claimbench.scorers.options` reads those of the built-in ones). ``version`` changes whenever a
score could.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from claimbench.errors import BenchError
from claimbench.types import AnswerSpec, Json, Outcome, Sample, Score, Task


class ScorerOptionError(BenchError):
    """A scorer's options are wrong; ``option`` names the one, ``known`` all there are."""

    def __init__(
        self, message: str, *, option: str | None = None, known: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=f"options: {', '.join(known)}" if known else None)
        self.option = option
        self.known = known


CUT = frozenset({Outcome.TRUNCATED, Outcome.EMPTY})
JUDGES_CUT_ANSWERS = frozenset({"lm_eval"})
"""Scorers of another tool's rules, by which an answer that was cut or is empty is scored as it
stands.
"""


class Scorer(Protocol):
    """Judges one answer. ``score`` is called for calls with outcome ok only and returns a value in
    [0, 1].
    """

    @property
    def name(self) -> str:
        """Return the entry point's name."""
        ...

    @property
    def version(self) -> str:
        """Return the version, which changes whenever the same answer could get another score."""
        ...

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """Score ``text``; an answer that cannot be read is ``unparsable`` with value 0.0."""
        ...


@runtime_checkable
class AnswerChecker(Protocol):
    """A scorer that can tell before the run that it does not fit a task."""

    def check(self, answer: AnswerSpec) -> str | None:
        """Say why this scorer cannot judge such answers, or None."""
        ...


@runtime_checkable
class PartsScorer(Protocol):
    """A scorer with sub-scores, which an answer that scores 0 outright gets as zeros."""

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:
        """Return the names of the sub-scores for this sample."""
        ...


ScorerFactory = Callable[[Mapping[str, Json]], Scorer]


def scored(
    scorer: Scorer,
    call_id: str,
    value: float,
    explanation: str,
    parts: Mapping[str, float] | None = None,
) -> Score:
    """Make a score of an answer that could be read."""
    return Score(call_id, scorer.name, scorer.version, "scored", value, explanation, parts or {})


def unparsable(
    scorer: Scorer, call_id: str, explanation: str, parts: Mapping[str, float] | None = None
) -> Score:
    """Make the score of an answer that could not be read: 0.0, counted apart."""
    return Score(call_id, scorer.name, scorer.version, "unparsable", 0.0, explanation, parts or {})


def visible(text: str) -> str:
    """Return the answer without a leading ``<think>…</think>``, which some local models write into
    their text.
    """
    return re.sub(r"\A\s*<think>.*?</think>", "", text, count=1, flags=re.DOTALL)


def squeeze(text: str) -> str:
    """Return text in one normal form of Unicode, blanks collapsed and trimmed."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def brief(value: Any, limit: int = 80) -> str:
    """Return a value for an explanation, cut to one line."""
    text = value if isinstance(value, str) else repr(value)
    line = " ".join(text.split())
    return f"'{line if len(line) <= limit else line[: limit - 1] + '…'}'"


def outermost_names(spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """Return the names of ``(start, end, name)`` spans of a text, each once, in the order of the
    text.

    A span that lies inside a longer one does not count: "card" in "lost card" is not a second name.
    """
    found: dict[str, None] = {}
    for start, end, name in sorted(spans):
        inside = any(
            first <= start and end <= last and last - first > end - start
            for first, last, _ in spans
        )
        if not inside:
            found[name] = None
    return list(found)
