"""``bench init``: conversations -> rows. A list of turns is a conversation, never text of Python.

The last assistant turn is what was right, unless the conversation ends with the user and another
column holds the reference; everything before it is what the model sees: turn by turn where all
conversations have the same roles in the same order, else as one text that names the roles. A system
prompt is sent as one, also where each conversation has its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.suite.table import DataRow, Table
from claimbench.types import Json

CHAT_COLUMNS = ("messages", "conversation", "conversations", "turns", "chat", "dialog", "dialogue")
PROMPT_COLUMNS = ("input", "prompt")
"""Columns of openai-evals and its like, which are conversations only where they hold turns."""
REFERENCES = (
    "ideal",
    "reference",
    "expected",
    "answer",
    "target",
    "completion",
    "response",
    "gold",
)
SHOWN = "conversation_so_far"
ANSWER = "reply"
SYSTEM = "system_prompt"
SYSTEM_ROLE = "system"
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "ai": "assistant"}
_SENT = ("user", "assistant")
_MOST_TURNS = 12


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; ``calls``: it asks for tools."""

    role: str
    text: str
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat log as a table: the columns the model sees, with the role of each where they are sent
    as turns of their own, the constant system prompt, and the column of the reference.
    """

    table: Table
    inputs: tuple[str, ...]
    target: str
    roles: tuple[str, ...] = ()
    system: str | None = None


def turns_of(value: Json) -> list[Turn] | None:
    """Return the turns of a conversation; None where the value is none."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        value = value.get("messages", value.get("turns"))
    if not isinstance(value, list) or not value:
        return None
    turns = []
    for given in value:
        turn = _turn(given)
        if turn is None:
            return None
        turns.append(turn)
    return turns


def _turn(given: Json) -> Turn | None:
    if not isinstance(given, dict):
        return None
    role = given.get("role", given.get("from", given.get("speaker")))
    if not isinstance(role, str) or not role:
        return None
    content = given.get("content", given.get("value", given.get("text")))
    text = _text(content)
    called = _calls(given)
    if text is None and not called:
        return None
    parts = [part for part in (text, called) if part]
    return Turn(_ROLES.get(role.lower(), role.lower()), "\n".join(parts), bool(called))


def _text(content: Json) -> str | None:
    """Return a turn's text: text as it is, typed parts joined; other parts are named, not shown."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = []
    for part in content:
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            parts.append(part["text"])
        elif isinstance(part, dict):
            parts.append(f"[{part.get('type', 'part')}]")
        else:
            return None
    return "\n".join(parts)


def _calls(turn: Mapping[str, Json]) -> str:
    """Return the tools that a turn asks for, one a line."""
    given = turn.get("tool_calls")
    asked = given if isinstance(given, list) else []
    if isinstance(turn.get("function_call"), dict):
        asked = [*asked, {"function": turn["function_call"]}]
    lines = []
    for call in asked:
        function = call.get("function", call) if isinstance(call, dict) else {}
        arguments = function.get("arguments", "")
        told = arguments if isinstance(arguments, str) else json.dumps(arguments)
        lines.append(f"[calls {function.get('name', 'a tool')}({told})]")
    return "\n".join(lines)


def chat_column(table: Table) -> str | None:
    """Return the column that holds conversations; None where there is none."""
    rows = table.rows[:20]
    for column in (*CHAT_COLUMNS, *PROMPT_COLUMNS, *table.columns):
        if column not in table.columns:
            continue
        values = [row.values.get(column) for row in rows]
        if all(isinstance(value, str) for value in values) and column not in CHAT_COLUMNS:
            continue
        if values and all(turns_of(value) is not None for value in values):
            return column
    return None


def unrolled(table: Table, column: str, notes: list[str]) -> Chat:
    """Make a table of a chat log: what the model sees, and what was right."""
    reference = next(
        (name for name in REFERENCES if name in table.columns and name != column), None
    )
    taken: list[tuple[DataRow, list[Turn], Json]] = []
    without = tools = 0
    for row in table.rows:
        turns = turns_of(row.values.get(column)) or []
        last = max((i for i, turn in enumerate(turns) if _replies(turn)), default=0)
        if reference is not None and turns and turns[-1].role != "assistant":
            taken.append((row, turns, _first(row.values.get(reference))))
        elif last > 0:
            taken.append((row, turns[:last], turns[last].text))
        else:
            without += 1
    tools = sum(1 for _, turns, _ in taken if any(t.calls or t.role not in _KNOWN for t in turns))
    notes.append(
        "a chat log: the model sees each conversation up to its last assistant turn"
        f" ({len(taken)} rows)"
    )
    if without:
        notes.append(f"{without} conversations without an assistant's reply left out")
    if tools:
        notes.append(
            f"tools are called in {tools} of {len(taken)} conversations: their calls and results"
            " are sent as text"
        )
    return _as_turns(table, column, taken, reference) or _as_text(table, column, taken, reference)


_KNOWN = ("system", "developer", *_SENT)


def _replies(turn: Turn) -> bool:
    return turn.role == "assistant" and not turn.calls and bool(turn.text.strip())


def _first(value: Json) -> Json:
    """Return the first of a list of references (all of them are equally right)."""
    return value[0] if isinstance(value, list) and value else value


_Taken = Sequence[tuple[DataRow, list[Turn], Json]]


def _split_system(taken: _Taken) -> tuple[str | None, list[list[Turn]]] | None:
    """Return the one system prompt of all conversations and their other turns; None where it
    differs.
    """
    systems = set()
    rest = []
    for _, turns, _ in taken:
        mine = [turn.text for turn in turns if turn.role in ("system", "developer")]
        systems.add("\n".join(mine))
        rest.append([turn for turn in turns if turn.role not in ("system", "developer")])
    if len(systems) != 1:
        return None
    (system,) = systems
    return system or None, rest


def _with_own_system(taken: _Taken) -> tuple[None, list[list[Turn]]]:
    """Return each conversation with its system prompts joined into one first turn: they differ, so
    that they stand in a column of their own.
    """
    rest = []
    for _, turns, _ in taken:
        told = [turn.text for turn in turns if turn.role in ("system", "developer")]
        others = [turn for turn in turns if turn.role not in ("system", "developer")]
        rest.append([Turn(SYSTEM_ROLE, "\n".join(told)), *others] if told else others)
    return None, rest


def _as_turns(table: Table, column: str, taken: _Taken, reference: str | None) -> Chat | None:
    """Return the log with a column a turn; None where roles differ or cannot be sent."""
    split = _split_system(taken) if taken else None
    own_system = split is None
    system, rest = split if split is not None else _with_own_system(taken)
    shapes = {tuple(turn.role for turn in turns) for turns in rest}
    if len(shapes) != 1:
        return None
    (roles,) = shapes
    talk = roles[1:] if own_system else roles
    if not talk or len(talk) > _MOST_TURNS or not set(talk) <= set(_SENT) or talk[-1] != "user":
        return None
    alone = talk == ("user",)
    names = (SHOWN,) if alone else tuple(f"turn_{i}" for i in range(1, len(talk) + 1))
    if own_system:
        if roles[0] != SYSTEM_ROLE:
            return None
        names = (SYSTEM, *names)
    rows = []
    for (row, _, answer), turns in zip(taken, rest, strict=True):
        values = {name: turn.text for name, turn in zip(names, turns, strict=True)}
        rows.append(_row(row, column, reference, values, answer))
    return Chat(_table(table, column, reference, names, rows), names, ANSWER, roles, system)


def _as_text(table: Table, column: str, taken: _Taken, reference: str | None) -> Chat:
    split = _split_system(taken) if taken else None
    system = split[0] if split is not None else None
    rows = []
    for row, turns, answer in taken:
        kept = [t for t in turns if split is None or t.role not in ("system", "developer")]
        shown = "\n".join(f"{turn.role}: {turn.text}" for turn in kept)
        rows.append(_row(row, column, reference, {SHOWN: shown}, answer))
    made = _table(table, column, reference, (SHOWN,), rows)
    return Chat(made, (SHOWN,), ANSWER, (), system)


def _row(
    row: DataRow, column: str, reference: str | None, values: Mapping[str, Json], answer: Json
) -> DataRow:
    rest = {
        k: v
        for k, v in row.values.items()
        if k not in (column, reference) and not k.startswith(f"{column}.")
    }
    return DataRow({**rest, **values, ANSWER: answer}, row.line)


def _table(
    table: Table,
    column: str,
    reference: str | None,
    names: Sequence[str],
    rows: Sequence[DataRow],
) -> Table:
    kept = (
        c for c in table.columns if c not in (column, reference) and not c.startswith(f"{column}.")
    )
    return replace(table, columns=(*kept, *names, ANSWER), rows=tuple(rows))
