r"""Regular expressions of a suite or of its data, which may not search for ever.

Patterns come from a party to the dispute, answers from a model: ``(\w+\s?)+$`` on 35 characters
takes longer than anybody waits. The ``regex`` package reads the patterns of ``re`` and keeps a time
limit (docs/decisions/0020-answer-types.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import regex

SEARCH_S = 2.0
"""Longest time that one search may take."""
MOST_TIMEOUTS = 3
"""After so many a search gets a tenth of the time: what 10,000 rows cost is bounded too, and the
other answers are read all the same."""
LONGEST_PATTERN = 10_000


class PatternTooLong(ValueError):
    """A search took longer than it may on the text that it was given."""


class TimedPattern:
    """A compiled pattern whose searches end.

    ``pattern`` and ``groups`` are as those of :class:`re.Pattern`.

    Raises:
        ValueError: it is no regular expression of Python's, or too long.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise ValueError(
                f"the pattern has {len(pattern):,} characters, above {LONGEST_PATTERN:,}"
            )
        try:
            self.groups = re.compile(pattern, flags).groups
            self._compiled: Any = regex.compile(pattern, _flags(flags) | regex.VERSION0)
        except (re.error, regex.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
        self.pattern = pattern
        self._timeouts = 0

    def search(self, text: str) -> Any:
        """Return the first match anywhere, or None; raises PatternTooLong."""
        return self._in_time(lambda left_s: self._compiled.search(text, timeout=left_s))

    def match(self, text: str) -> Any:
        """Return the match at the beginning, or None; raises PatternTooLong."""
        return self._in_time(lambda left_s: self._compiled.match(text, timeout=left_s))

    def fullmatch(self, text: str) -> Any:
        """Return the match of the whole text, or None; raises PatternTooLong."""
        return self._in_time(lambda left_s: self._compiled.fullmatch(text, timeout=left_s))

    def finditer(self, text: str) -> Iterator[Any]:
        """Give every match in order; raises PatternTooLong."""
        found = self._in_time(lambda left_s: list(self._compiled.finditer(text, timeout=left_s)))
        yield from found

    def _in_time(self, work: Callable[[float], Any]) -> Any:
        often = self._timeouts >= MOST_TIMEOUTS
        limit_s = SEARCH_S / 10 if often else SEARCH_S
        try:
            return work(limit_s)
        except TimeoutError:
            self._timeouts += 1
            before = f", after {SEARCH_S:g} s {MOST_TIMEOUTS} times" if often else ""
            raise PatternTooLong(
                f"too long: the pattern {self.pattern!r:.80} took over {limit_s:g} s{before}"
            ) from None


def _flags(flags: int) -> int:
    pairs = ((re.IGNORECASE, regex.IGNORECASE), (re.MULTILINE, regex.MULTILINE))
    return sum(int(theirs) for ours, theirs in pairs if flags & ours)
