"""``final_state``: whether an episode has come to what it should: a state, calls, or both.

A target is ``{state: {path: value}, calls: [..], only: true}``. ``state``: what must hold at the
end by dotted paths, nothing else is looked at; ``calls``: calls that must be among those made, as
``tool_call`` reads them, in any order; with ``only`` no other call may be made but those that
change nothing (``calls`` then names every call with an effect). An episode that still called tools
at its last step has failed whatever its state. The parts are those of
:mod:`claimbench.scorers.tools.carried`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claimbench.scorers.base import scored
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.tools.carried import with_carried
from claimbench.scorers.tools.match import call_fault, pairing
from claimbench.scorers.tools.simulation import arguments_of, at_path, same, simulate
from claimbench.scorers.tools.targets import TargetFault, WantedCall, find_tool, read_target
from claimbench.types import (
    AnswerSpec,
    CallRecord,
    Json,
    Sample,
    Score,
    Simulator,
    Task,
    ToolCall,
    ToolSpec,
)

FINAL_STATE = "final_state"
LIMIT = "step_limit"
"""The finish reason of an episode that still called tools at its last step."""
_KEYS = ("state", "calls", "only")


@dataclass(frozen=True, slots=True)
class Final:
    """What an episode must come to."""

    state: Mapping[str, Json]
    calls: tuple[WantedCall, ...]
    only: bool = False


def read_final(target: Json, tools: Sequence[ToolSpec] = ()) -> Final:
    """Read a target; raises :class:`~claimbench.scorers.tools.targets.TargetFault` for one that is
    none.
    """
    value = target
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise TargetFault(f"the target {value!r:.60} is no JSON object") from None
    if not isinstance(value, Mapping):
        raise TargetFault("the target of an episode is {state: {…}, calls: […]}")
    unknown = sorted(str(key) for key in value if key not in _KEYS)
    if unknown:
        raise TargetFault(f"the target has '{unknown[0]}'; it knows state, calls and only")
    state = value.get("state") or {}
    if not isinstance(state, Mapping):
        raise TargetFault("the target's state is a mapping of paths to values")
    calls = read_target(value.get("calls") or [], tools)
    if not state and not calls and "calls" not in value:
        raise TargetFault("the target states neither a state nor calls")
    only = value.get("only", False)
    if not isinstance(only, bool):
        raise TargetFault("the target's `only` is true or false")
    return Final(state, calls or (), only)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a function in place of tools left: the last state, and which calls changed it."""

    state: Json
    changed: tuple[bool, ...]


class FinalStateOptions(ScorerOptions):
    """``final_state`` has none."""


class FinalStateScorer:
    """Scores the end of an episode; the record is the folded one of all its steps."""

    name = FINAL_STATE
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        read_options(FinalStateOptions, options or {}, self.name)
        self._ends: Mapping[str, Ended] = {}

    def of_run(self, ends: Mapping[str, Ended]) -> FinalStateScorer:
        """Return this scorer with what the functions of a run left, by the episode's call."""
        other = FinalStateScorer()
        other._ends = ends
        return other

    def check(self, answer: AnswerSpec) -> str | None:
        """See :class:`claimbench.scorers.base.AnswerChecker`."""
        if answer.kind == "tool_call":
            return None
        return f"the scorer final_state judges answers of type tool_call, not {answer.kind}"

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """An answer alone is no episode."""
        why = "the steps of the episode are not known"
        return Score(call_id, self.name, self.version, "unscored", None, why)

    def score_record(self, record: CallRecord, sample: Sample, task: Task) -> Score:
        """Score an episode by all its calls."""
        score = self._score(record, sample, task)
        return with_carried(score, record.text, record.tool_calls, sample.tools or task.tools)

    def _score(self, record: CallRecord, sample: Sample, task: Task) -> Score:
        call_id = record.call.id
        if task.simulator is None:
            why = "the task has no simulator"
            return Score(call_id, self.name, self.version, "unscored", None, why)
        wanted = read_final(sample.target)
        made = record.tool_calls
        if record.finish_reason == LIMIT:
            why = f"still called tools at step {task.simulator.max_steps}, the last"
            return scored(self, call_id, 0.0, why)
        end = self._end(task.simulator, call_id, made)
        if end is None:
            why = "what the tools' function left is not stored with the run"
            return Score(call_id, self.name, self.version, "unscored", None, why)
        state = end.state
        for path, value in wanted.state.items():
            found = at_path(state, path)
            if not same(found, value):
                why = f"at the end {path} is {found!r:.60}, not {value!r:.60}"
                return scored(self, call_id, 0.0, why)
        tools = sample.tools or task.tools
        given = [arguments_of(call.arguments) for call in made]
        fits = []
        for one in wanted.calls:
            tool = find_tool(one.name, tools)
            faults = [
                call_fault(call.name, arguments, one, tool)
                for call, arguments in zip(made, given, strict=True)
            ]
            fits.append([fault is None for fault in faults])
        partners = pairing(fits)
        if None in partners:
            why = f"never made the call {wanted.calls[partners.index(None)].name} as wanted"
            return scored(self, call_id, 0.0, why)
        if wanted.only:
            for index, call in enumerate(made):
                if index not in partners and end.changed[index]:
                    return scored(self, call_id, 0.0, f"made a call too many: {call.name}")
        return scored(self, call_id, 1.0, f"resolved with {len(made)} calls of tools")

    def _end(self, simulator: Simulator, call_id: str, made: Sequence[ToolCall]) -> Ended | None:
        """Return what an episode came to; ``changed`` of a table: whether a call could have effects
        at all. None where a function's results are not known.
        """
        if simulator.script is not None:
            end = self._ends.get(call_id, Ended(simulator.state, ()))
            return end if len(end.changed) == len(made) else None
        effects = {row.name for row in simulator.table if row.sets}
        idle = {row.name for row in simulator.table if not row.sets}
        changed = tuple(one.name in effects or one.name not in idle for one in made)
        return Ended(simulate(simulator, made).state, changed)
