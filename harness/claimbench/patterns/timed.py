r"""Regular expressions of a suite or of its data, which may not search for ever.

Patterns come from a party to the dispute, answers from a model: ``(\w+\s?)+$`` on 35 characters
takes longer than anybody waits. The ``regex`` package reads the patterns of ``re`` and keeps a time
limit. A search that comes to it is done again in counted steps (:mod:`claimbench.patterns`),
which no text makes many: what is found depends on the pattern and the text alone, not on the
machine nor on other answers (docs/decisions/0020-answer-types.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any

import regex

from claimbench.patterns.machine import Search, TooManySteps
from claimbench.patterns.program import (
    Program,
    TooLarge,
    compiled,
    examined,
    flags_of,
    reads_otherwise,
)

SEARCH_S = 1.0
"""Longest time of a search that can be done again in steps."""
SHORT_SEARCH_S = 0.02
"""The same, once a pattern came to its limit :data:`MOST_TIMEOUTS` times: what 10,000 rows cost is
bounded too."""
MOST_TIMEOUTS = 3
LONG_SEARCH_S = 10.0
"""Longest time of a last try, where the steps were too many."""
MOST_STEPS = 10_000_000
"""Most steps of one search, some seconds' work."""
LONGEST_PATTERN = 10_000
LONGEST_WRITTEN_OUT = 70_000
"""With its repeats written out: some 3 s to compile."""


class PatternTooLong(ValueError):
    """A search takes more steps than it may on the text that it was given."""


class TimedPattern:
    """A compiled pattern whose searches end.

    ``pattern`` and ``groups`` are as those of :class:`re.Pattern`; matches have ``group``,
    ``groups`` and ``span`` of :class:`re.Match`.

    Args:
        pattern: as of :mod:`re`.
        flags: of :mod:`re`.
        longest: so many characters the pattern may have.

    Raises:
        ValueError: it is no regular expression of Python's, or too long.
    """

    def __init__(self, pattern: str, flags: int = 0, *, longest: int = LONGEST_PATTERN) -> None:
        if len(pattern) > longest:
            raise ValueError(f"the pattern has {len(pattern):,} characters, above {longest:,}")
        try:
            self.groups = re.compile(pattern, flags).groups
            length, asks_for_groups = examined(pattern, flags)
            if length > LONGEST_WRITTEN_OUT:
                raise ValueError(f"the pattern {pattern!r:.80} repeats too much inside repeats")
            self._compiled: Any = regex.compile(pattern, flags_of(flags) | regex.VERSION0)
        except (re.error, regex.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
        self.pattern = pattern
        self._flags = flags
        self._in_steps_first = asks_for_groups or reads_otherwise(pattern)
        self._timeouts = 0

    def search(self, text: str) -> Any:
        """Return the first match anywhere, or None; raises PatternTooLong."""
        return self._done(
            text,
            lambda left_s: self._compiled.search(text, timeout=left_s),
            lambda steps: next(steps.every(), None),
        )

    def match(self, text: str) -> Any:
        """Return the match at the beginning, or None; raises PatternTooLong."""
        return self._done(
            text,
            lambda left_s: self._compiled.match(text, timeout=left_s),
            lambda steps: steps.at(0),
        )

    def fullmatch(self, text: str) -> Any:
        """Return the match of the whole text, or None; raises PatternTooLong."""
        return self._done(
            text,
            lambda left_s: self._compiled.fullmatch(text, timeout=left_s),
            lambda steps: steps.at(0),
            whole=True,
        )

    def finditer(self, text: str) -> Iterator[Any]:
        """Give every match in order; raises PatternTooLong."""
        found: list[Any] = self._done(
            text,
            lambda left_s: list(self._compiled.finditer(text, timeout=left_s)),
            lambda steps: list(steps.every()),
        )
        yield from found

    def findall(self, text: str) -> list[Any]:
        """Return what every match caught, as :func:`re.findall` does; raises PatternTooLong."""
        found: list[Any] = []
        for match in self.finditer(text):
            caught = tuple(each or "" for each in match.groups())
            found.append(match.group() if not caught else caught if self.groups > 1 else caught[0])
        return found

    def replaced(self, text: str, new: str) -> str:
        """Return a text with every match replaced by another text; raises PatternTooLong."""
        kept, done = [], 0
        for match in self.finditer(text):
            begin, end = match.span()
            kept += [text[done:begin], new]
            done = end
        return "".join((*kept, text[done:]))

    def _done(
        self,
        text: str,
        in_time: Callable[[float], Any],
        in_steps: Callable[[Search], Any],
        *,
        whole: bool = False,
    ) -> Any:
        """Do a search in its time, or else in steps: both find the same."""
        if not self._in_steps_first or self._program is None:
            often = self._timeouts >= MOST_TIMEOUTS
            try:
                return in_time(SHORT_SEARCH_S if often else SEARCH_S)
            except TimeoutError:
                self._timeouts += 1
        program = self._program
        if program is not None:
            with suppress(TooManySteps):
                return in_steps(Search(program, text, MOST_STEPS, whole=whole))
        if not self._in_steps_first or program is None:
            with suppress(TimeoutError):
                return in_time(LONG_SEARCH_S)
        raise PatternTooLong(
            f"too long: the pattern {self.pattern!r:.80} takes over {MOST_STEPS:,} steps on"
            f" {len(text):,} characters"
        )

    @cached_property
    def _program(self) -> Program | None:
        """The pattern as a program; None: it is too large, and time alone bounds its searches."""
        try:
            return compiled(self.pattern, self._flags)
        except (TooLarge, RecursionError):
            return None
