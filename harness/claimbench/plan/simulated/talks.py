"""Conversations with a simulated user as one record each: what judges, people and scripts read.

An arm's answers stay calls of their own; the conversation goes by the id of its first. It is read
when it is over, as a transcript of both sides after the task's prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from claimbench.plan.call_ids import helper_call_id
from claimbench.scorers.tools.final_state import LIMIT
from claimbench.types import Call, CallRecord, Outcome, Sample, Suite, Task

Samples = Mapping[tuple[str, str], Sample]


def is_talk(task: Task) -> bool:
    """Tell whether a task holds conversations with a simulated user and without tools."""
    return task.user is not None and task.simulator is None


def as_read(
    suite: Suite, records: Sequence[CallRecord], between: Iterable[CallRecord]
) -> Sequence[CallRecord]:
    """Return the arms' records as judges, people and scripts read them: of a conversation with a
    simulated user one, whose text is the transcript, once it is over; all others as they are.

    Args:
        suite: its tasks say which those are.
        records: the arms' records.
        between: what simulated users said.
    """
    tasks = {task.name: task for task in suite.tasks if is_talk(task)}
    if not tasks:
        return records
    samples = {(task.name, sample.id): sample for task in tasks.values() for sample in task.samples}
    users = {record.call.id: record for record in between if record.call.role == "user"}
    found: list[CallRecord] = []
    steps: dict[tuple[str, str, int, str], list[CallRecord]] = {}
    for record in records:
        call = record.call
        sample = samples.get((call.task, call.sample_id))
        if sample is None or sample.turn is None:
            found.append(record)
            continue
        key = call.task, sample.turn.conversation, call.epoch, call.arm
        steps.setdefault(key, []).append(record)
    for (task_name, *_), mine in steps.items():
        mine.sort(key=lambda record: step_number(record.call, samples))
        first = mine[0].call if step_number(mine[0].call, samples) == 1 else None
        whole = whole_record(first, mine, tasks[task_name], samples)
        if whole is not None:
            found.append(replace(whole, text=_transcript(tasks[task_name], mine, users)))
    return found


def _transcript(task: Task, steps: Sequence[CallRecord], users: Mapping[str, CallRecord]) -> str:
    stop = "" if task.user is None else task.user.stop
    parts: list[str] = []
    for step in steps:
        said = users.get(helper_call_id("user", step.call.id))
        words = "" if said is None or said.attempt == 0 else said.text.replace(stop, "").strip()
        if words:
            parts.append(f"user: {words}")
        if step.attempt > 0 and step.text:
            parts.append(f"assistant: {step.text}")
    return "\n\n".join(parts)


def step_number(call: Call, samples: Samples) -> int:
    """Return the number of a step in its episode; 0: it is none."""
    turn = samples[call.task, call.sample_id].turn
    return 0 if turn is None else turn.number


def whole_record(
    call: Call | None, steps: Sequence[CallRecord], task: Task, samples: Samples
) -> CallRecord | None:
    """Return the record of an episode; None while it is not over.

    Where a user is simulated, its text is all that the arm said, in order. One that a user, or a
    function in place of tools, could not go on with is ``cancelled``: nothing is known of the arm.
    """
    asked = [record for record in steps if record.attempt > 0]
    if call is None or not asked:
        return None
    asked.sort(key=lambda record: step_number(record.call, samples))
    last = asked[-1]
    at = step_number(last.call, samples)
    goes_on = last.outcome is Outcome.OK and (bool(last.tool_calls) or task.user is not None)
    outcome, error = last.outcome, last.error
    if goes_on and at < task.steps:
        after = next((one for one in steps if step_number(one.call, samples) == at + 1), None)
        if after is None:
            return None  # its next step was not asked yet
        if after.outcome.missing:
            outcome, error = after.outcome, after.error
    goes_on = goes_on and bool(last.tool_calls)
    said = [record.text for record in asked if record.text]
    return replace(
        last,
        call=call,
        text="\n\n".join(said) if task.user is not None else last.text,
        outcome=outcome,
        error=error,
        tool_calls=tuple(made for record in asked for made in record.tool_calls),
        finish_reason=LIMIT if goes_on else last.finish_reason,
        attempt=1,
    )
