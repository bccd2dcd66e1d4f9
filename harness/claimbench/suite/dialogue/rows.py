"""What a row of a file asks beyond one question: its turns, its tools, and a target of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claimbench.errors import SuiteError
from claimbench.scorers.tools.final_state import read_final
from claimbench.scorers.tools.targets import TargetFault, read_target
from claimbench.suite.datasets import DataRow, parse_json
from claimbench.suite.dialogue.conversations import (
    TARGET,
    ConversationFault,
    expanded,
    read_turns,
)
from claimbench.suite.dialogue.tools import WORDS, ToolFault, read_tools
from claimbench.suite.schema import DatasetModel
from claimbench.types import Json, Sample, ToolSpec, Turn


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A turn of a row, as a row of its own: all user turns in the place of the conversation, and
    the turn's target in that of the row's.
    """

    row: DataRow
    scored: bool


def turns_of(row: DataRow, column: str, dataset: DatasetModel, path: str) -> list[AskedTurn]:
    """Return the turns of a row whose conversation stands in ``column``.

    Raises:
        SuiteError: the row holds no conversation, or nothing to score in it.
    """
    wanted = dataset.target
    has_own = bool(wanted) and not all(is_blank(row.values.get(key)) for key in wanted)
    value = row.values.get(column)
    if isinstance(value, str) and value.lstrip().startswith("["):  # a cell of a CSV file
        value = parse_json(value, path, row.line)
    try:
        turns = read_turns(value)
        scored = expanded(turns, has_own)
    except ConversationFault as fault:
        raise SuiteError(str(fault), path=path, line=row.line) from None
    said = {**row.values, column: [turn.text for turn in turns]}
    found = []
    for turn, is_scored in zip(turns, scored, strict=True):
        values = said
        if turn.target is not None:
            if len(wanted) > 1 or dataset.choices is not None:
                what = "a turn states a target, and the task's are choices or several columns"
                raise SuiteError(what, path=path, line=row.line)
            values = {**said, (wanted[0] if wanted else TARGET): turn.target}
        found.append(AskedTurn(replace(row, values=values), is_scored))
    return found


def row_tools(row: DataRow, column: str | None, path: str) -> tuple[ToolSpec, ...]:
    """Return the tools of a row; none where the task's are all there are.

    Raises:
        SuiteError: what stands there is no list of tools.
    """
    value = None if column is None else row.values.get(column)
    if isinstance(value, str) and value.strip():
        value = parse_json(value, path, row.line)
    try:
        return () if value is None or value == "" else read_tools(value)
    except ToolFault as fault:
        raise SuiteError(str(fault), path=path, line=row.line) from None


def check_target(row: DataRow, target: Json, tools: Sequence[ToolSpec], path: str) -> None:
    """Raise unless a target is a list of calls of the row's tools."""
    try:
        read_target(target, tools)
    except TargetFault as fault:
        raise SuiteError(str(fault), path=path, line=row.line) from None


def check_offered(
    samples: Sequence[Sample], tools: Sequence[ToolSpec], choice: str | None, path: str
) -> None:
    """Raise unless each row has tools, and among them the one that must be called.

    Raises:
        SuiteError: at the row's line.
    """
    for sample in samples:
        offered = sample.tools or tools
        line = sample.metadata.get("line")
        if not offered:
            what = "the row has no tools, and its answer is calls of them"
            raise SuiteError(what, path=path, line=line)
        names = [tool.name for tool in offered]
        if choice is not None and choice not in (*WORDS, *names):
            what = f"tool_choice '{choice}' is no tool of this row ({', '.join(names)})"
            raise SuiteError(what, path=path, line=line)


def check_final(row: DataRow, target: Json, tools: Sequence[ToolSpec], path: str) -> None:
    """Raise unless a target says what an episode must come to."""
    try:
        read_final(target, tools)
    except TargetFault as fault:
        raise SuiteError(str(fault), path=path, line=row.line) from None


def steps_of(sample: Sample, steps: int) -> list[Sample]:
    """Return the steps of an episode: the first bears its score."""
    found = []
    for number in range(1, steps + 1):
        turn = Turn(sample.id, number, steps, scored=number == 1)
        target = sample.target if number == 1 else None
        name = sample.id if number == 1 else f"{sample.id}:{number}"
        found.append(replace(sample, id=name, target=target, turn=turn))
    return found


def is_blank(value: Json) -> bool:
    """Tell whether a cell holds nothing: null, or a text without a sign."""
    return value is None or (isinstance(value, str) and not value.strip())
