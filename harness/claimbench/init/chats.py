"""``bench init``: conversations -> rows. A list of turns is a conversation, never text of Python.

The last assistant turn is what was right, unless the conversation ends with the user and another
column holds the reference; everything before it is what the model sees, turn by turn: in columns
where all conversations have the same roles in the same order, else as a list of turns in each row.
A system prompt is sent as one, also where each conversation has its own. Tools' calls and results
stay in their places as text, for a request of ours offers no tools.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.errors import SuiteError
from claimbench.suite.table import DataRow, Table
from claimbench.types import Json

CHAT_COLUMNS = (
    *("messages", "conversation", "conversations", "turns", "chat", "dialog", "dialogue"),
    "contents",
)
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
_SYSTEM_COLUMNS = ("system", "system_prompt", "system_message", "systemInstruction", "instructions")
"""Columns beside a conversation that hold its system prompt (ShareGPT as LLaMA-Factory has it)."""
SYSTEM_ROLE = "system"
_ROLES = {
    **dict.fromkeys(("human", "customer", "client", "visitor", "prompter", "query"), "user"),
    **dict.fromkeys(("gpt", "bot", "ai", "chatgpt", "model", "agent", "chatbot"), "assistant"),
    **dict.fromkeys(
        ("function", "observation", "ipython", "tool_response", "function_response"), "tool"
    ),
    "developer": "system",
}
_CALLING = ("function_call", "tool_call")
"""Roles of ShareGPT whose text is a call of a tool."""
_SENT = ("user", "assistant")
_CONTENTS = ("content", "value", "text", "parts")
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


OWN_TURNS = ("turns",)
""":attr:`Chat.roles` where the one column holds each row's own list of turns."""


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
    if all(isinstance(one, str) and one.strip() for one in value):
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
    content = next((given[k] for k in _CONTENTS if k in given), None)
    text = _text(content)
    called = _calls(given)
    if text is None and not called:
        return None
    named = _ROLES.get(role.lower(), role.lower())
    if named in _CALLING:
        return Turn("assistant", f"[calls {text}]", calls=True)
    if named == "tool" and text is not None:
        name = given.get("name")
        text = f"[result of {name if isinstance(name, str) and name else 'the tool'}] {text}"
    parts = [part for part in (text, called) if part]
    return Turn(named, "\n".join(parts), bool(called))


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


def first_turns(table: Table, notes: list[str]) -> Table:
    """Return a table whose ``turns`` are lists of what a user asks one after the other (MT-bench)
    with the first question and its reference; without a reference nothing is right or wrong.

    Raises:
        SuiteError: such lists without a column of references.
    """
    column = next((c for c in ("turns", "prompts") if c in table.columns), None)
    if column is None or not all(_questions(row.values.get(column)) for row in table.rows):
        return table
    reference = next((c for c in REFERENCES if c in table.columns), None)
    if reference is None:
        raise SuiteError(
            f"'{column}' holds a user's questions, and no column a right answer to them",
            path=table.path,
            line=table.rows[0].line if table.rows else 1,
            hint="add a column 'reference' with an answer for each row, to compare with",
        )
    rows = []
    for row in table.rows:
        asked = row.values[column]
        answered = _first(row.values.get(reference))
        values = {k: v for k, v in row.values.items() if k not in (column, reference)}
        rows.append(DataRow({**values, "question": asked[0], "answer": answered}, row.line))
    several = sum(len(row.values[column]) > 1 for row in table.rows)
    if several:
        notes.append(
            f"{several} rows have further turns, which depend on the model's own first answer: the"
            " first alone is measured"
        )
    kept = [c for c in table.columns if c not in (column, reference)]
    return replace(table, columns=(*kept, "question", "answer"), rows=tuple(rows))


def _questions(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def unrolled(table: Table, column: str, notes: list[str]) -> Chat:
    """Make a table of a chat log: what the model sees, and what was right."""
    reference = next(
        (name for name in REFERENCES if name in table.columns and name != column), None
    )
    taken: list[tuple[DataRow, list[Turn], Json]] = []
    without = tools = 0
    beside = next((c for c in _SYSTEM_COLUMNS if c in table.columns), None)
    for row in table.rows:
        turns = turns_of(row.values.get(column)) or []
        told = _system_text(row.values.get(beside)) if beside is not None else None
        if isinstance(told, str) and told.strip() and all(t.role != SYSTEM_ROLE for t in turns):
            turns = [Turn(SYSTEM_ROLE, told), *turns]
        last = max((i for i, turn in enumerate(turns) if _replies(turn)), default=0)
        if reference is not None and turns and turns[-1].role != "assistant":
            taken.append((row, turns, _first(row.values.get(reference))))
        elif last > 0:
            taken.append((row, turns[:last], turns[last].text))
        else:
            without += 1
    if not taken:
        raise SuiteError(
            f"{len(table.rows)} conversations in '{column}', and no reply of the assistant that"
            " could be right",
            path=table.path,
            line=table.rows[0].line if table.rows else 1,
            hint=f"add a column of references, called as one of {', '.join(REFERENCES[:4])}",
        )
    tools = sum(1 for _, turns, _ in taken if any(t.calls or t.role == "tool" for t in turns))
    notes.append(
        "a chat log: the model sees each conversation up to its last assistant turn"
        f" ({len(taken)} rows)"
    )
    if without:
        notes.append(f"{without} conversations without an assistant's reply left out")
    if tools:
        notes.append(
            f"tools are called in {tools} of {len(taken)} conversations: their calls and results"
            " are sent as text in their turns"
        )
    log = _Log(table, column, reference)
    if any(turn.role not in _KNOWN for _, turns, _ in taken for turn in turns):
        notes.append("turns of other roles than user and assistant: sent as one text")
        return _as_text(log, taken)
    return _as_turns(log, taken) or _as_conversation(log, taken, notes)


def _system_text(value: Json) -> str | None:
    """Return a system prompt that stands beside a conversation: a text, or parts as Gemini's."""
    return _text(value.get("parts") if isinstance(value, dict) else value)


_KNOWN = ("system", "tool", *_SENT)


@dataclass(frozen=True, slots=True)
class _Log:
    """A table of conversations, the column that holds them, and that of the references."""

    table: Table
    column: str
    reference: str | None


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
        mine = [turn.text for turn in turns if turn.role == SYSTEM_ROLE]
        systems.add("\n".join(mine))
        rest.append([turn for turn in turns if turn.role != SYSTEM_ROLE])
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
        told = [turn.text for turn in turns if turn.role == SYSTEM_ROLE]
        others = [turn for turn in turns if turn.role != SYSTEM_ROLE]
        rest.append([Turn(SYSTEM_ROLE, "\n".join(told)), *others] if told else others)
    return None, rest


def _as_turns(log: _Log, taken: _Taken) -> Chat | None:
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
        rows.append(_row(log, row, values, answer))
    return Chat(_table(log, names, rows), names, ANSWER, roles, system)


def _as_conversation(log: _Log, taken: _Taken, notes: list[str]) -> Chat:
    """Return the log with one column that holds each row's own list of turns."""
    split = _split_system(taken) if taken else None
    system = split[0] if split is not None else None
    rows = []
    unsent = greeted = 0
    for row, turns, answer in taken:
        kept = [t for t in turns if split is None or t.role != SYSTEM_ROLE]
        sent = _joined(kept)
        if not sent or sent[-1]["role"] != "user":
            unsent += 1
            continue
        greeted += next(one["role"] for one in sent if one["role"] != SYSTEM_ROLE) == "assistant"
        conversation: Json = [dict(one) for one in sent]
        rows.append(_row(log, row, {SHOWN: conversation}, answer))
    notes.append(
        "each row holds its own turns, for roles or lengths differ (or tools are called, or the"
        " conversations are long)"
    )
    if unsent:
        notes.append(f"{unsent} conversations whose next turn is not the assistant's left out")
    if greeted:
        notes.append(
            f"{greeted} conversations begin with the assistant: some endpoints refuse them"
        )
    return Chat(_table(log, (SHOWN,), rows), (SHOWN,), ANSWER, OWN_TURNS, system)


def _joined(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """Return turns as they are sent: a tool's result as the user's, turns of one role after the
    other as one, for many models' templates want user and assistant to take turns.
    """
    made: list[dict[str, str]] = []
    for turn in turns:
        role = "user" if turn.role == "tool" else turn.role
        if made and made[-1]["role"] == role:
            made[-1]["content"] += f"\n\n{turn.text}"
        else:
            made.append({"role": role, "content": turn.text})
    return made


def _as_text(log: _Log, taken: _Taken) -> Chat:
    """Return the log with each conversation as one text that names who speaks."""
    split = _split_system(taken) if taken else None
    system = split[0] if split is not None else None
    rows = []
    for row, turns, answer in taken:
        kept = [t for t in turns if split is None or t.role != SYSTEM_ROLE]
        shown = "\n".join(f"{turn.role}: {turn.text}" for turn in kept)
        rows.append(_row(log, row, {SHOWN: shown}, answer))
    return Chat(_table(log, (SHOWN,), rows), (SHOWN,), ANSWER, (), system)


def _row(log: _Log, row: DataRow, values: Mapping[str, Json], answer: Json) -> DataRow:
    rest = {k: v for k, v in row.values.items() if _kept(log, k)}
    return DataRow({**rest, **values, ANSWER: answer}, row.line)


def _table(log: _Log, names: Sequence[str], rows: Sequence[DataRow]) -> Table:
    kept = (c for c in log.table.columns if _kept(log, c))
    return replace(log.table, columns=(*kept, *names, ANSWER), rows=tuple(rows))


def _kept(log: _Log, column: str) -> bool:
    """Tell a column that stays beside the conversation."""
    return column not in (log.column, log.reference) and not column.startswith(f"{log.column}.")
