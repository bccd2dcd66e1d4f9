"""A table that stands in for tools: what each call gives, and the state that calls leave.

A pure function of the calls, so that a resumed run, a report and ``verify`` see the same results,
and the same final state, without asking anybody. The first row of the table that fits counts: its
function, its arguments (those it names), and what must hold of the state (``when``). What it sets
holds from then on.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimbench.types import Json, SimulatedCall, Simulator, ToolCall

ARGUMENT = "$argument"
"""In a result or an effect, ``{$argument: name}`` stands for what the call gave."""
UNREADABLE = {"error": "the arguments are no JSON object"}


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of the calls of an episode: a result for each, and the state they left."""

    results: tuple[Json, ...]
    state: Json


def simulate(simulator: Simulator, calls: Iterable[ToolCall]) -> Simulated:
    """Answer ``calls`` in their order."""
    state = copy.deepcopy(simulator.state)
    results: list[Json] = []
    for call in calls:
        given = arguments_of(call.arguments)
        if given is None:
            results.append(UNREADABLE)
            continue
        row = next((r for r in simulator.table if _fits(r, call.name, given, state)), None)
        if row is None:
            results.append(simulator.otherwise)
            continue
        for path, value in row.sets.items():
            state = _with(state, path.split("."), _filled(value, given))
        results.append(_filled(row.result, given))
    return Simulated(tuple(results), state)


class RepeatedKey(ValueError):
    """A call gives one argument twice: which of them is meant nobody can tell."""


def once_each(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    """Return an object of JSON.

    Raises:
        RepeatedKey: a key stands in it twice.
    """
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKey(f"give {key!r} twice")
        found[key] = value
    return found


def arguments_of(text: str) -> dict[str, Json] | None:
    """Return the arguments of a call; None where its text is no JSON object."""
    try:
        value = json.loads(text or "{}", object_pairs_hook=once_each)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _fits(row: SimulatedCall, name: str, given: Mapping[str, Json], state: Json) -> bool:
    if row.name != name:
        return False
    for key, value in (row.arguments or {}).items():
        if key not in given or not same(given[key], value):
            return False
    return all(same(at_path(state, path), value) for path, value in row.when.items())


def same(one: Json, other: Json) -> bool:
    """Tell whether two JSON values are the same: texts without case and blanks at their ends, whole
    numbers with or without a point, booleans only themselves.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().casefold() == other.strip().casefold()
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def at_path(state: Json, path: str) -> Json:
    """Return what stands at a dotted path of a state; None where nothing does."""
    found: Any = state
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _with(state: Json, steps: Sequence[str], value: Json) -> Json:
    whole = dict(state) if isinstance(state, Mapping) else {}
    if len(steps) == 1:
        whole[steps[0]] = value
    else:
        whole[steps[0]] = _with(whole.get(steps[0]), steps[1:], value)
    return whole


def _filled(value: Json, given: Mapping[str, Json]) -> Json:
    if isinstance(value, Mapping):
        if set(value) == {ARGUMENT}:
            return given.get(str(value[ARGUMENT]))
        return {key: _filled(inner, given) for key, inner in value.items()}
    return [_filled(inner, given) for inner in value] if isinstance(value, list) else value


def result_text(result: Json) -> str:
    """Return a result as the model is shown it."""
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
