"""Paths into JSON: ``result.answers[0].text``, ``sources[*].id``, ``$["odd name"]``.

A small part of JSONPath that can only look: names, places (also from the end: ``[-1]``), and ``*``
for every item of a list or every value of an object. ``$`` alone is the whole value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVERY = None
"""The step ``[*]``."""
Step = str | int | None
_STEP = re.compile(
    r"""(?:\.|^)(?P<name>[^\s.\[\]*"'$]+)|(?P<star>\.\*|^\*)"""
    r"""|\[(?:(?P<place>-?\d{1,9})|(?P<every>\*)|"(?P<double>[^"]*)"|'(?P<single>[^']*)')\]"""
)
LONGEST = 500


class PathError(ValueError):
    """A path that cannot be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path, read once."""

    text: str
    steps: tuple[Step, ...]

    def found(self, value: Any) -> list[Any]:
        """Return every value that the path leads to, in order; empty where it leads nowhere."""
        values = [value]
        for step in self.steps:
            values = [inner for one in values for inner in _inside(one, step)]
        return values

    def first(self, value: Any) -> Any:
        """Return the first value that the path leads to; None where it leads nowhere."""
        return next(iter(self.found(value)), None)


def read_path(text: str) -> Path:
    """Read a path.

    Raises:
        PathError: it is none; with the place where it stops being one.
    """
    written = text.strip()
    if not written or len(written) > LONGEST:
        raise PathError("a path is a text such as result.answers[0].text")
    rest = written.removeprefix("$")
    if written.startswith("$") and rest and (rest[0] not in ".[" or rest.startswith("..")):
        raise PathError(f"{text!r}: behind $ stands one . or [")
    if written.startswith("$.") and len(rest) > 1:
        rest = rest[1:]
    steps: list[Step] = []
    at = 0
    while at < len(rest):
        # `^` of the pattern is the start of the text alone
        match = _STEP.match(rest, at)
        if match is None:
            raise PathError(
                f"{text!r}: cannot be read from {rest[at:]!r} on; names stand behind dots, places"
                ' in brackets, odd names in quotes: a.b[0]["c d"][*]'
            )
        steps.append(_step(match))
        at = match.end()
    return Path(written, tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["place"] is not None:
        return int(match["place"])
    if match["every"] or match["star"]:
        return EVERY
    return next(match[name] for name in ("name", "double", "single") if match[name] is not None)


def _inside(value: Any, step: Step) -> list[Any]:
    if isinstance(step, str):
        return [value[step]] if isinstance(value, Mapping) and step in value else []
    if step is EVERY:
        if isinstance(value, Mapping):
            return list(value.values())
        return list(value) if isinstance(value, list) else []
    if isinstance(value, list) and -len(value) <= step < len(value):
        return [value[step]]
    return []


def shape(value: Any, depth: int = 2) -> str:
    """Return what a value holds, for an error: names and kinds, no contents."""
    if isinstance(value, Mapping):
        if depth == 0:
            return "{…}"
        named = [f"{name}: {shape(inner, depth - 1)}" for name, inner in list(value.items())[:12]]
        return "{" + ", ".join(named) + (", …" if len(value) > 12 else "") + "}"
    if isinstance(value, list):
        return f"[{shape(value[0], depth - 1) if depth else '…'}] ({len(value)})" if value else "[]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "text" if isinstance(value, str) else "number"
