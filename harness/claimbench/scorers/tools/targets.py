"""Targets of tool calls: what a row says is right, read once and checked against the tools.

A target is a list of calls, in any order, each of one of two shapes:

* ``{name, arguments: {parameter: value}, optional: {parameter: value}}`` - each value as it must
  be, or ``{any_of: [..]}`` for several that are right; what stands under ``optional`` may be left
  out;
* ``{function: {parameter: [value, …]}}`` - BFCL's possible answers; ``""`` among them means that
  the parameter may be left out.

An empty list means that nothing may be called; the text ``any`` that something must be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claimbench.types import Json, ToolSpec

ANY = "any"
_KEYS = ("name", "arguments", "optional")


class TargetFault(ValueError):
    """A target is none; the text says why."""


@dataclass(frozen=True, slots=True)
class WantedCall:
    """One call that is right.

    ``possible``: parameter -> acceptable values, of which ``""`` allows to leave it out (BFCL's
    words); None: ``arguments`` and ``optional`` say it.
    """

    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    optional: Mapping[str, Json] = field(default_factory=dict)
    possible: Mapping[str, Sequence[Json]] | None = None


def read_target(target: Json, tools: Sequence[ToolSpec] = ()) -> tuple[WantedCall, ...] | None:
    """Read a target; None for one that any call satisfies.

    Args:
        target: a list of calls, ``any``, or JSON text of a list.
        tools: the tools of the row; where given, names and parameters must be theirs.

    Raises:
        TargetFault: it is no list of calls, or calls what is not there.
    """
    value = target
    if isinstance(value, str):
        if value.strip().lower() == ANY:
            return None
        try:
            value = json.loads(value)
        except ValueError:
            raise TargetFault(
                f"the target {value!r:.60} is neither a list of calls nor JSON of one; [] where"
                " nothing is to be called"
            ) from None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        raise TargetFault(f"the target is a {type(value).__name__}, not a list of calls")
    wanted = tuple(_call(one, number) for number, one in enumerate(value, start=1))
    if tools:
        for call in wanted:
            _check(call, tools)
    return wanted


def _call(value: Json, number: int) -> WantedCall:
    if not isinstance(value, Mapping) or not value:
        raise TargetFault(f"call {number} of the target is {value!r:.60}, not {{name, arguments}}")
    if isinstance(value.get("name"), str) and set(value) <= set(_KEYS):
        given = {key: value.get(key) or {} for key in ("arguments", "optional")}
        for key, mapping in given.items():
            if not isinstance(mapping, Mapping):
                raise TargetFault(f"call {number} of the target: its {key} are no mapping")
        return WantedCall(value["name"], given["arguments"], given["optional"])
    if len(value) == 1:
        ((name, possible),) = value.items()
        lists = isinstance(possible, Mapping) and all(
            isinstance(values, list) for values in possible.values()
        )
        if lists:
            return WantedCall(str(name), possible=possible)
    unknown = sorted(str(key) for key in value if key not in _KEYS)
    what = f"has '{unknown[0]}'" if unknown else "has no name"
    raise TargetFault(
        f"call {number} of the target {what}; it is {{name, arguments, optional}} or"
        " {function: {parameter: [values]}}"
    )


def _check(call: WantedCall, tools: Sequence[ToolSpec]) -> None:
    tool = find_tool(call.name, tools)
    if tool is None:
        known = ", ".join(one.name for one in tools)
        raise TargetFault(f"the target calls '{call.name}', which is no tool here (tools: {known})")
    known_parameters = tool.parameters.get("properties")
    if not isinstance(known_parameters, Mapping):
        return
    for name in (*call.arguments, *call.optional, *(call.possible or ())):
        if name not in known_parameters:
            raise TargetFault(
                f"the target gives {call.name} the parameter '{name}', which it does not have"
                f" ({', '.join(map(str, known_parameters)) or 'it has none'})"
            )


def find_tool(name: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the tool of a name; dots and underscores are the same, for some APIs take no dots."""
    return next((tool for tool in tools if same_name(tool.name, name)), None)


def same_name(one: str, other: str) -> bool:
    """Tell whether two names of functions are the same, dots taken for underscores."""
    return one == other or one.replace(".", "_") == other.replace(".", "_")
