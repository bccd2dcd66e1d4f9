"""promptfoo: which results rest on an assertion that a model grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from claimbench.importers.json_values import as_list, get
from claimbench.importers.judges.names import says_judge
from claimbench.types import Json

_BY_A_MODEL = frozenset({"moderation", "classifier", "pi"})
"""Types that a model decides, and whose names mean other things elsewhere."""
WHOLE = ("pass", "score")
"""Scores of a result that all its assertions make."""


def judge_of_row(row: Mapping[str, Json], metric: str) -> str:
    """Return the type of the assertion by which a model gave the score; empty where none did."""
    listed = [*_assertions(get(row, "testCase", "assert"))]
    for part in as_list(get(row, "gradingResult", "componentResults")):
        listed += _assertions([get(part, "assertion")])
    for one in listed:
        kind = str(get(one, "type") or "")
        graded = says_judge(kind) or kind.removeprefix("not-") in _BY_A_MODEL
        if graded and (metric in WHOLE or get(one, "metric") == metric):
            return kind
    return ""


def _assertions(given: Json) -> Iterator[Json]:
    """Yield assertions, and those of sets of them."""
    for one in as_list(given):
        yield one
        yield from _assertions(get(one, "assert"))
