"""``bench init``: targets that hold lists of objects or of lists, which no answer is compared with:
calls of tools, marks within texts, records of an annotation tool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from claimbench.errors import SuiteError
from claimbench.init.columns import UsableRow
from claimbench.suite.datasets import parse_json
from claimbench.types import Json

MARKS_HINT = (
    'write the text and what is marked in it, such as {"text": "…", "target": {"place": "Rome"}}'
)
_CALLS_HINT = (
    "a request offers no tools here: write what the question is and the one call as an object, such"
    ' as {"text": "…", "target": {"name": "weather", "city": "Rome"}}, and the tools into the text'
)
_OTHER_HINT = (
    "name another column with --target, or write the right answer of each row as a text, a number,"
    " a list of texts or one object"
)


def refuse_nested(items: Sequence[UsableRow], path: str, column: str) -> None:
    """Refuse targets that are lists of objects or of lists; SQuAD's answers are taken for texts
    before.

    Raises:
        SuiteError: how many are, what they look like, and what can be made of them.
    """
    nested = []
    for item in items:
        parts = _parts(item.target, path, item.line)
        if any(isinstance(part, dict | list) for part in parts):
            nested.append((item, *_told(parts)))
    # a list that stands as text can be an answer of its own, such as a matrix
    nested = [n for n in nested if isinstance(n[0].target, list) or n[2] is not _OTHER_HINT]
    if not nested:
        return
    item, what, hint = nested[0]
    raise SuiteError(
        f"{_how_many(len(nested), len(items))}{_named(column)} are lists of {what}",
        path=path,
        line=item.line,
        hint=hint,
    )


def refuse_the_same(items: Sequence[UsableRow], path: str, column: str) -> None:
    """Refuse lists or objects that are one and the same in every row.

    Raises:
        SuiteError: there is nothing to measure.
    """
    if len(items) < 2 or not all(isinstance(item.target, dict | list) for item in items):
        return
    told = {json.dumps(item.target, sort_keys=True, default=str) for item in items}
    if len(told) == 1:
        raise SuiteError(
            f"every target is {next(iter(told))[:80]}: there is nothing to measure",
            path=path,
            line=1,
            hint=f"'{column}' was read as the right answer; --target names another"
            if column
            else None,
        )


def mixed_targets(items: Sequence[UsableRow], path: str, column: str) -> SuiteError:
    """Return the error for objects or lists beside plain targets, or empty ones."""
    nested = [item for item in items if isinstance(item.target, dict | list)]
    return SuiteError(
        f"{_how_many(len(nested), len(items))}{_named(column)} are objects or lists"
        + (" and the others are not" if len(nested) < len(items) else " without fields or texts"),
        path=path,
        line=nested[0].line,
        hint=_OTHER_HINT,
    )


def _named(column: str) -> str:
    return f" in '{column}'" if column else ""


def _how_many(n: int, of: int) -> str:
    return f"all {of} targets" if n == of else f"{n} of {of} targets"


def _parts(target: Json, path: str, line: int) -> list[Json]:
    if isinstance(target, str) and target.lstrip().startswith("["):
        try:
            target = parse_json(target, path, line)
        except SuiteError:
            return []
    return target if isinstance(target, list) else []


def _told(parts: Sequence[Json]) -> tuple[str, str]:
    """Return what the parts of a target are, and what to do about it."""
    first = next(part for part in parts if isinstance(part, dict | list))
    if isinstance(first, list):
        marks = len(first) >= 3 and all(isinstance(n, int) for n in first[:2])
        return ("marks (from, to, name)", MARKS_HINT) if marks else ("lists", _OTHER_HINT)
    keys = first.keys()
    if "function" in keys or ("name" in keys and keys & {"arguments", "parameters", "args"}):
        return "calls of tools", _CALLS_HINT
    if keys & {"start", "start_offset", "start_char"}:
        return "marks (from, to, name)", MARKS_HINT
    return f"objects with {', '.join(list(keys)[:6])}", _OTHER_HINT
