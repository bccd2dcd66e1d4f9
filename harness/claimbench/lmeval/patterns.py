"""lm-eval's regular expressions, searched as every scorer's are: theirs search without end.

A task's YAML gives patterns to filters and metrics, which search a model's answers with ``re``.
:func:`install` puts searches that end in the place of ``re`` in those modules of theirs; they find
the same. Python that a task brings, after consent, is not touched.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

from claimbench.patterns.timed import TimedPattern

_SEARCHING = ("lm_eval.filters.extraction", "lm_eval.filters.transformation", "lm_eval.api.metrics")
LONGEST_PATTERN = 200_000
"""Characters; some filters make a pattern of all of a document's choices."""


class EndingSearches:
    """The functions of :mod:`re` that lm-eval's filters and metrics use, whose searches end; all
    else is that of :mod:`re`.

    A search raises :class:`claimbench.patterns.timed.PatternTooLong`; what is no pattern raises
    ValueError.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    def compile(self, pattern: str, flags: int = 0) -> TimedPattern:
        """Return a pattern whose searches end."""
        return _compiled(pattern, int(flags))

    def search(self, pattern: str, text: str, flags: int = 0) -> Any:
        """Return the first match anywhere, or None."""
        return _compiled(pattern, int(flags)).search(text)

    def match(self, pattern: str, text: str, flags: int = 0) -> Any:
        """Return the match at the beginning, or None."""
        return _compiled(pattern, int(flags)).match(text)

    def findall(self, pattern: str, text: str, flags: int = 0) -> list[Any]:
        """Return what every match caught."""
        return _compiled(pattern, int(flags)).findall(text)

    def sub(self, pattern: str, new: str, text: str, flags: int = 0) -> str:
        """Return a text with every match replaced; ``new`` is put in as it is."""
        return _compiled(pattern, int(flags)).replaced(text, new)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, flags: int) -> TimedPattern:
    return TimedPattern(pattern, flags, longest=LONGEST_PATTERN)


def install() -> None:
    """Let lm-eval's filters and metrics search so, from here on."""
    for name in _SEARCHING:
        module = import_module(name)
        if hasattr(module, "re"):
            module.re = EndingSearches()  # type: ignore[attr-defined]
