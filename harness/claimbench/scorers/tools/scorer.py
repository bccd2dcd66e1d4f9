"""``tool_call``: whether an answer calls the right tools, with the right arguments, and nothing
else.

What counts are the calls that the protocol carries, not calls described in words. Calls made side
by side count in any order unless ``ordered``; a row whose target is an empty list is right if
nothing is called. The value is 1 or 0; ``parts`` say how far it came: ``names``, the share of the
wanted functions that were called, and ``calls``, the share of the wanted calls that were made; the
parts of :mod:`claimbench.scorers.tools.carried` say whether calls were left in the text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import Field

from claimbench.scorers.base import scored, unparsable
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.tools.carried import with_carried
from claimbench.scorers.tools.match import Rules, call_fault, pairing
from claimbench.scorers.tools.simulation import RepeatedKey, once_each
from claimbench.scorers.tools.targets import TargetFault, WantedCall, find_tool, read_target
from claimbench.types import AnswerSpec, CallRecord, Json, Sample, Score, Task, ToolCall, ToolSpec

TOOL_CALL = "tool_call"


class ToolCallOptions(ScorerOptions):
    """Options of ``tool_call``."""

    strict_types: bool = Field(default=True)
    """A type must be the schema's: "5" is no number and 5.0 no integer (5 is a number). false:
    numbers and booleans as text, and whole numbers with a point, count."""
    fold_strings: bool = Field(default=True)
    """Compare texts as BFCL does: without case, blanks and , . / - _ * ^. false: as they are."""
    ordered: bool = Field(default=False)
    """Several calls must come in the target's order. Left out: in any."""


class ToolCallScorer:
    """Scores the tools that an answer calls."""

    name = TOOL_CALL
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self.options = read_options(ToolCallOptions, options or {}, self.name)
        self._rules = Rules(self.options.strict_types, self.options.fold_strings)

    def check(self, answer: AnswerSpec) -> str | None:
        """See :class:`claimbench.scorers.base.AnswerChecker`."""
        if answer.kind == "tool_call":
            return None
        return f"the scorer tool_call judges answers of type tool_call, not {answer.kind}"

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.PartsScorer`."""
        return ("calls", "names")

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """Score an answer of which only the text is known: it calls nothing."""
        return self._said(call_id, text, (), sample, task)

    def score_record(self, record: CallRecord, sample: Sample, task: Task) -> Score:
        """Score a finished call by the tools that it calls."""
        return self._said(record.call.id, record.text, record.tool_calls, sample, task)

    def _said(
        self, call_id: str, text: str, made: Sequence[ToolCall], sample: Sample, task: Task
    ) -> Score:
        score = self._score(call_id, text, made, sample, task)
        return with_carried(score, text, made, sample.tools or task.tools)

    def _score(
        self, call_id: str, text: str, made: Sequence[ToolCall], sample: Sample, task: Task
    ) -> Score:
        tools = sample.tools or task.tools
        try:
            wanted = read_target(sample.target)
        except TargetFault as fault:
            return Score(call_id, self.name, self.version, "unscored", None, str(fault))
        if wanted is None:
            called = any(find_tool(call.name, tools) is not None for call in made)
            why = f"calls {_names(made)}" if made else f"calls nothing: {text.strip()!r:.60}"
            return scored(self, call_id, float(called), why)
        if not wanted:
            why = f"calls {_names(made)}, and nothing was to be called" if made else "calls nothing"
            return scored(self, call_id, float(not made), why)
        if not made:
            parts = {"calls": 0.0, "names": 0.0}
            return scored(self, call_id, 0.0, f"calls nothing: {text.strip()!r:.60}", parts)
        decoded: list[Json] = []
        for call in made:
            try:
                decoded.append(json.loads(call.arguments or "{}", object_pairs_hook=once_each))
            except RepeatedKey as error:
                why = f"the arguments of {call.name} {error}: {call.arguments!r:.60}"
                return unparsable(self, call_id, why, {"calls": 0.0, "names": 0.0})
            except (ValueError, RecursionError):
                why = f"the arguments of {call.name} are no JSON: {call.arguments!r:.60}"
                return unparsable(self, call_id, why, {"calls": 0.0, "names": 0.0})
        return self._compare(call_id, made, decoded, wanted, tools)

    def _compare(
        self,
        call_id: str,
        made: Sequence[ToolCall],
        decoded: Sequence[Json],
        wanted: Sequence[WantedCall],
        tools: Sequence[ToolSpec],
    ) -> Score:
        faults: list[list[str | None]] = []
        for one in wanted:
            tool = find_tool(one.name, tools)
            row = [
                call_fault(call.name, arguments, one, tool, self._rules)
                for call, arguments in zip(made, decoded, strict=True)
            ]
            faults.append(row)
        if self.options.ordered:
            partners = [
                i if i < len(made) and faults[i][i] is None else None for i in range(len(wanted))
            ]
        else:
            partners = pairing([[fault is None for fault in row] for row in faults])
        matched = sum(partner is not None for partner in partners)
        parts = {"calls": matched / len(wanted), "names": _share_of_names(made, wanted)}
        if len(made) != len(wanted):
            why = f"makes {len(made)} calls ({_names(made)}), not {len(wanted)}"
            return scored(self, call_id, 0.0, why, parts)
        if matched == len(wanted):
            return scored(self, call_id, 1.0, f"calls {_names(made)}", parts)
        at = partners.index(None)
        row = faults[at]
        near = next((fault for fault in row if fault and ": " in fault), row[0])
        why = f"wanted {wanted[at].name}: {near or 'in another order'}"
        return scored(self, call_id, 0.0, why, parts)


def _names(made: Sequence[ToolCall]) -> str:
    return ", ".join(call.name for call in made)[:100]


def _share_of_names(made: Sequence[ToolCall], wanted: Sequence[WantedCall]) -> float:
    asked = Counter(call.name.replace(".", "_") for call in wanted)
    called = Counter(call.name.replace(".", "_") for call in made)
    return sum((asked & called).values()) / len(wanted)
