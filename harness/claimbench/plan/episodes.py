"""Episodes: a model works in steps with tools that a table or a function stands in for, and with a
user whom a model plays, until it calls nothing and nobody asks on.

What a table gives follows from the calls alone (:mod:`claimbench.scorers.tools.simulation`); what a
function gave, and a user said, is read from their records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from claimbench.plan.turns import Step
from claimbench.scorers.own_code.tools import answered_of
from claimbench.scorers.tools.simulation import result_text, simulate
from claimbench.types import Json, Message, Task, ToolCall, ToolTurn


def step_messages(task: Task, steps: Sequence[Step]) -> list[Message]:
    """Return the turns of the steps so far: what the model said and called, and what came back."""
    results = _results(task, steps)
    messages: list[Message] = []
    for number, step in enumerate(steps, start=1):
        record = step.record
        if not record.tool_calls and step.user is not None:
            messages += [Message("assistant", record.text), Message("user", step.user.text)]
            continue
        calls = []
        for index, call in enumerate(record.tool_calls, start=1):
            identity = call.id or f"call_{number}_{index}"
            calls.append(ToolCall(call.name, call.arguments, identity))
        messages.append(ToolTurn("assistant", record.text, calls=tuple(calls)))
        for ours, theirs in zip(calls, record.tool_calls, strict=True):
            messages.append(
                ToolTurn(
                    "tool",
                    result_text(next(results)),
                    call_id=ours.id or "",
                    name=ours.name,
                    call_id_is_own=theirs.id is not None,
                )
            )
    return messages


def _results(task: Task, steps: Sequence[Step]) -> Iterator[Json]:
    """Yield what the calls of the steps gave, in their order."""
    if task.simulator is None:
        return
    if task.simulator.script is None:
        made = [call for step in steps for call in step.record.tool_calls]
        yield from simulate(task.simulator, made).results
        return
    for step in steps:
        if step.record.tool_calls and step.tool is not None:
            yield from answered_of(step.tool.text).results


SHORT_RESULT = 10
"""A function's typical result is taken as this part of the longest that the suite allows."""


def assumed_messages(
    task: Task, said: Sequence[str], user_says: str = "", *, at_most: bool = False
) -> list[Message]:
    """Return turns of as many steps as there are texts, for estimates: each calls one tool and gets
    the longest result of the table, or is answered by the user, whichever is more.
    """
    longest = ""
    if task.simulator is not None:
        table = task.simulator.table
        longest = max((result_text(row.result) for row in table), key=len, default="")
        if (script := task.simulator.script) is not None:
            longest = "x" * (script.max_result // (1 if at_most else SHORT_RESULT))
    messages: list[Message] = []
    for text in said:
        if task.user is not None and len(user_says) >= len(longest):
            messages += [Message("assistant", text), Message("user", user_says)]
            continue
        messages += [
            ToolTurn("assistant", "", calls=(ToolCall("tool", text, "call"),)),
            ToolTurn("tool", longest, call_id="call", name="tool"),
        ]
    return messages
