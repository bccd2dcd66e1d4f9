"""A suite's function in place of tools: ``answer(name, arguments, state)`` gives a result and the
next state, both JSON.

Whoever calls has asked for consent (:mod:`claimbench.trust`). Each call is asked twice and must
give the same both times: what a model was shown has to follow from its calls and the state, for a
run that is resumed, and anybody who repeats it, starts from these alone. Nothing else is kept
between two calls (:mod:`claimbench.scorers.own_code.child`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from claimbench.error_words import show
from claimbench.scorers.own_code.process import ScorerFails, ScorerProcess
from claimbench.scorers.own_code.reading import ScorerFile
from claimbench.scorers.tools.simulation import UNREADABLE, arguments_of, result_text
from claimbench.types import Json, Simulator, SimulatorScript, ToolCall

MOST_NESTED = 500
"""How deep a result and a state may nest: they are kept as JSON, which Python reads and writes only
some way down, and the less the deeper its own stack is.
"""


class ToolFails(Exception):
    """The function gave no result; the text says why, with its file and line where known."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the calls of one step came to: a result for each, whether it changed the state, and the
    state after them.
    """

    results: tuple[Json, ...]
    changed: tuple[bool, ...]
    state: Json

    def as_text(self) -> str:
        """Return it as a record keeps it; :func:`answered_of` reads it."""
        kept = {"results": self.results, "changed": self.changed, "state": self.state}
        return json.dumps(kept, ensure_ascii=False)


def answered_of(text: str) -> Answered:
    """Read what :meth:`Answered.as_text` wrote; raises ValueError where it is none."""
    kept = json.loads(text)
    try:
        results, changed = tuple(kept["results"]), tuple(map(bool, kept["changed"]))
        return Answered(results, changed, kept["state"])
    except (TypeError, KeyError) as error:
        raise ValueError(f"no results of tools: {text!r:.60}") from error


def script_file(script: SimulatorScript) -> ScorerFile:
    """Return a simulator's script as what consent is given for."""
    return ScorerFile(script.file, script.function, script.source, script.takes_row)


class ToolProcess:
    """The process of one task's function; used by one thread at a time."""

    def __init__(self, simulator: Simulator) -> None:
        assert simulator.script is not None  # noqa: S101 - its caller's
        self._simulator = simulator
        self._script = simulator.script
        script = script_file(simulator.script)
        self._process = ScorerProcess(script, simulator.script.seconds, gives_json=True)

    def answer(
        self,
        calls: Sequence[ToolCall],
        state: Json,
        row: Mapping[str, Json],
        offered: Collection[str],
    ) -> Answered:
        """Answer the calls of one step in their order.

        Raises:
            ToolFails: the function raised, took too much, gave what is no result, or gave two
                results for the same call.
        """
        results: list[Json] = []
        changed: list[bool] = []
        for call in calls:
            given = arguments_of(call.arguments)
            after = state
            if given is None:
                results.append(UNREADABLE)
            elif call.name not in offered:
                results.append(self._simulator.otherwise)
            else:
                result, after = self._ask(call.name, given, state, row)
                results.append(result)
            changed.append(after != state)
            state = after
        return Answered(tuple(results), tuple(changed), state)

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _ask(
        self, name: str, given: Mapping[str, Json], state: Json, row: Mapping[str, Json]
    ) -> tuple[Json, Json]:
        asked: list[Json] = [name, dict(given), state]
        if self._script.takes_row:
            asked.append(dict(row))
        said = f"{self._script.file}: {self._script.function}({name!r}, …)"
        try:
            first, second = self._process.ask(asked), self._process.ask(asked)
        except ScorerFails as fault:
            raise ToolFails(f"{fault}; it was asked for {name}{show(dict(given))}") from None
        except (TypeError, ValueError) as error:
            raise ToolFails(f"{said}: its arguments are no JSON: {error}") from None
        except RecursionError:
            raise ToolFails(f"{said}: its arguments or what it gave nest too deeply") from None
        if _nests_deeper(first, MOST_NESTED):
            raise ToolFails(f"{said} gave what nests more than {MOST_NESTED} deep")
        if first != second:
            raise ToolFails(
                f"{said} gave two results for the same call and state: {show(first)} and"
                f" {show(second)}; it may use its arguments alone, no clock and no chance"
            )
        if not isinstance(first, list) or len(first) != 2:
            raise ToolFails(f"{said} gave {show(first)}, not a pair: result, state")
        length = len(result_text(first[0]))
        if length > self._script.max_result:
            raise ToolFails(
                f"{said} gave a result of {length:,} characters, above max_result:"
                f" {self._script.max_result:,}"
            )
        return first[0], first[1]


def _nests_deeper(value: Json, most: int) -> bool:
    level = [value]
    for _ in range(most):
        inner: list[Json] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level = inner
    return bool(level)
