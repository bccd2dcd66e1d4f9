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
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from claimbench.errors import BenchError
from claimbench.number_text.plain import plain
from claimbench.types import AnswerSpec, CallRecord, Json, Outcome, Sample, Score, Task


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


JUDGES_EVERY_ANSWER = frozenset({"steering"})
"""Scorers that ask whether an answer is what it must not be: one that was refused, cut or never
came is not.
"""


def judges(scorer: str, outcome: Outcome) -> bool:
    """Return whether a scorer judges an answer of that outcome itself, instead of its being 0."""
    if outcome is Outcome.OK:
        return True
    cut = outcome in CUT and scorer in JUDGES_CUT_ANSWERS
    return cut or (outcome.answered and scorer in JUDGES_EVERY_ANSWER)


class Scorer(Protocol):
    """Judges one answer. ``score`` is called for calls with outcome ok only (but see
    :func:`judges`) and returns a value in [0, 1].
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
class SampleChecker(Protocol):
    """A scorer that can tell before the run that a row lacks what it needs."""

    def check_sample(self, sample: Sample) -> str | None:
        """Say what is wrong with a row for this scorer, or None."""
        ...


@runtime_checkable
class PartsScorer(Protocol):
    """A scorer with sub-scores, which an answer that scores 0 outright gets as zeros."""

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:
        """Return the names of the sub-scores for this sample."""
        ...


@runtime_checkable
class RecordScorer(Protocol):
    """A scorer that needs more of an answer than its text: the tools that it calls."""

    def score_record(self, record: CallRecord, sample: Sample, task: Task) -> Score:
        """Score a finished call with outcome ok."""
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


_THOUGHT_ENDS = re.compile(
    r"</(?:think|thinking|thought|thoughts|reasoning|reflection|seed:think|longcat_think)>"
    r"|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>|<unused95>"
    r"|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
_THOUGHT_BEGINS = re.compile(
    r"\A\s*(?:<(?:think|thinking|thought|thoughts|reasoning|seed:think|longcat_think)>"
    r"|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|begin_of_thought\|>|<unused94>)",
    re.IGNORECASE,
)


def visible(text: str) -> str:
    """Return what follows a model's thoughts: all behind the last closing mark, ``</think>`` and
    its kinds, whether an opening one stands before it or not.

    Thoughts that never end leave nothing.
    """
    end = None
    for found in _THOUGHT_ENDS.finditer(text):
        end = found.end()
    if end is not None:
        return text[end:]
    return "" if _THOUGHT_BEGINS.match(text) else text


def squeeze(text: str) -> str:
    """Return text in one form (:func:`claimbench.number_text.plain.plain`), blanks collapsed and
    trimmed.
    """
    return " ".join(plain(text).split())


def brief(value: Any, limit: int = 80) -> str:
    """Return a value for an explanation, cut to one line."""
    text = value if isinstance(value, str) else repr(value)
    line = " ".join(text.split())
    return f"'{line if len(line) <= limit else line[: limit - 1] + '…'}'"


def outermost(spans: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the ``(start, end, name)`` spans of a text that lie inside no longer one, in its
    order.

    "card" in "lost card" is not a second name.
    """
    found = []
    reach = 0
    longest = (-1, -1)
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        if end > reach:
            reach = end
            longest = (start, end)
        elif (start, end) != longest:
            continue
        found.append((start, end, name))
    return found


def outermost_names(spans: Sequence[tuple[int, int, str]]) -> list[str]:
    """Return the names of :func:`outermost` spans, each once, in the order of the text."""
    return list(dict.fromkeys(name for _, _, name in outermost(spans)))
