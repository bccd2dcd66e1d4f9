"""All right answers of a sample: its target, and those in further columns."""

from __future__ import annotations

from collections.abc import Sequence

from claimbench.types import Json, Sample


def right_answers(sample: Sample, columns: Sequence[str], separator: str) -> list[str]:
    """Return the target and the aliases, each once.

    A column holds a list, or a text whose parts ``separator`` parts; an empty one adds nothing.

    Raises:
        ValueError: a column that is not there.
    """
    found = {as_text(sample.target): None}
    for column in columns:
        if column not in sample.input:
            raise ValueError(f"there is no column '{column}' with further right answers")
        for alias in parts_of(sample.input[column], separator):
            found[alias] = None
    return list(found)


def parts_of(value: Json, separator: str) -> list[str]:
    """Return the items of a list, or the parts of a text, without empty ones."""
    if value is None:
        return []
    items = value if isinstance(value, list) else str(value).split(separator)
    texts = [as_text(item).strip() for item in items if item is not None]
    return [text for text in texts if text]


def as_text(target: Json) -> str:
    """Return a target as text, booleans and null as in JSON."""
    if target is None or isinstance(target, bool):
        return {None: "null", True: "true", False: "false"}[target]
    return str(target)
