"""Say which reasoning effort a body asks for, in whichever vendor's words.

Vendors have several switches for one thing, and a body may hold more than one of them: every switch
counts, for one that stands beside the effort can turn thinking off or on all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from claimbench.types import Json

Path = tuple[str, ...]

LEVELS: tuple[Path, ...] = (
    ("output_config", "effort"),
    ("reasoning_effort",),
    ("reasoning", "effort"),
    ("generationConfig", "thinkingConfig", "thinkingLevel"),
    ("chat_template_kwargs", "reasoning_effort"),
)
BUDGETS: tuple[Path, ...] = (
    ("thinking", "budget_tokens"),
    ("thinking_budget",),
    ("reasoning", "max_tokens"),
    ("chat_template_kwargs", "thinking_budget"),
    ("generationConfig", "thinkingConfig", "thinkingBudget"),
)
ON_OR_OFF: tuple[Path, ...] = (
    ("enable_thinking",),
    ("chat_template_kwargs", "enable_thinking"),
    ("chat_template_kwargs", "thinking"),
    ("reasoning", "enabled"),
)
SWITCH: Path = ("thinking", "type")
"""Off, on, or a way of thinking (adaptive)."""
HOLDERS: tuple[Path, ...] = (("thinking",), ("generationConfig", "thinkingConfig"))
"""Fields that are switches whole, whatever stands in them."""
SHOWN_ONLY: tuple[Path, ...] = (("generationConfig", "thinkingConfig", "includeThoughts"),)
"""Fields of theirs that only say whether thoughts are handed over."""

EFFORT_FIELDS = tuple(".".join(path) for path in (*LEVELS, *BUDGETS, *ON_OR_OFF, *HOLDERS))
"""Names of all switches, as bodies have them."""

ON = (True, "enabled")


def effort_in(body: Mapping[str, Json]) -> str | None:
    """Return the reasoning effort that a body asks for, in one word; None where it asks for none.

    Of several switches the one that counts most says it: off, a level, a budget, on.
    """
    return _read(body)[0]


def effort_said(
    body: Mapping[str, Json],
    declared: str | None,
    part: Mapping[str, Json],
    write: Callable[[str], Mapping[str, Json]],
) -> str | None:
    """Return the reasoning effort that a body asks for, with every switch that the word alone
    would not set, and every one that it would and that is not there; None where it asks for none.

    Args:
        body: as it goes out.
        declared: the suite's effort.
        part: the part of the body that says it; empty where it is not sent.
        write: gives the part of a body by which this endpoint is told an effort; empty where it
            has none for it.
    """
    there = switches_in(body)
    if not there:
        return None
    usual = switches_in(part)
    if declared is not None and usual and usual.items() <= there.items():
        word, read = declared, ""
    else:
        found, read = _read(body)
        word = "the default" if found is None else found
        usual = switches_in(write(word)) if found is not None else {}
    told = {name for name, value in usual.items() if there.get(name, _NOTHING) == value}
    if not told:
        usual = {}
        told = _implied(there, read)
    beside = [f"{name} {json.dumps(there[name])}" for name in sorted(there) if name not in told]
    absent = [name for name in sorted(usual) if name not in there]
    if beside:
        word += f" (by {read})" if read and not usual else ""
        word += f", with {' and '.join(beside)}"
    if absent:
        word += f", without {' and '.join(absent)}"
    return word


_NOTHING = object()


def switches_in(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return every switch of thinking in a body: its name -> its value."""
    found: dict[str, Json] = {}
    for path in (*LEVELS, *BUDGETS, *ON_OR_OFF):
        holder = _at(body, path[:-1])
        if isinstance(holder, Mapping) and path[-1] in holder:
            found[".".join(path)] = holder[path[-1]]
    hidden = {".".join(path) for path in SHOWN_ONLY}
    for path in HOLDERS:
        outer = _at(body, path[:-1])
        if not isinstance(outer, Mapping) or path[-1] not in outer:
            continue
        held = outer[path[-1]]
        if not isinstance(held, Mapping):
            found[".".join(path)] = held
            continue
        for name, value in held.items():
            if (inner := ".".join((*path, str(name)))) not in hidden:
                found[inner] = value
    return found


def _read(body: Mapping[str, Json]) -> tuple[str | None, str]:
    """Return the effort in one word, and the name of the switch that says it."""
    switched = _at(body, SWITCH)
    if switched == "disabled":
        return "none", ".".join(SWITCH)
    for path in LEVELS:
        if (found := _at(body, path)) is not None:
            return str(found).lower(), ".".join(path)
    for path in BUDGETS:
        if (found := _at(body, path)) is not None:
            return "none" if found == 0 else str(found), ".".join(path)
    for path in ON_OR_OFF:
        if (found := _at(body, path)) is not None:
            return "on" if found else "none", ".".join(path)
    return (None, "") if switched is None else (str(switched), ".".join(SWITCH))


def _implied(there: Mapping[str, Json], read: str) -> set[str]:
    """Return the switches that one of them says: itself, and with a budget that thinking is on,
    where that stands beside it in the same field.
    """
    if read not in {".".join(path) for path in BUDGETS} or not there[read]:
        return {read}
    holder = read.rpartition(".")[0]
    names = {".".join(path) for path in (*ON_OR_OFF, SWITCH)} & there.keys()
    same = {name for name in names if name.rpartition(".")[0] == holder}
    return {read} | {name for name in same if there[name] in ON}


def _at(body: Json, path: Path) -> Json:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body
