"""Calls between the steps of episodes: a simulated user's turn, or a function's results.

One belongs to each step of an arm after the first, and its id follows from that step's: planned
with the run, kept as a record of its own, never made twice. What a step turns out not to need is
recorded as not needed, so that "finished" means the same for every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimbench.plan.call_ids import helper_call_id
from claimbench.types import Call, Role, Suite, Task


def roles_between(task: Task) -> tuple[Role, ...]:
    """Return what may come between two steps of a task; nothing where a table or nobody answers."""
    found: list[Role] = []
    if task.simulator is not None and task.simulator.script is not None:
        found.append("tool")
    if task.user is not None:
        found.append("user")
    return tuple(found)


def helper_calls(suite: Suite, subjects: Sequence[Call], first: int) -> list[Call]:
    """Plan what comes before each step of the arms' calls but the first ones, in their order.

    Args:
        suite: the suite; which task has a user or a function.
        subjects: the arms' calls.
        first: position of the first of them in the plan.
    """
    tasks = {task.name: (task, roles_between(task)) for task in suite.tasks if roles_between(task)}
    if not tasks:
        return []
    later: set[tuple[str, str]] = set()
    for task, _ in tasks.values():
        for sample in task.samples:
            if sample.turn is not None and sample.turn.number > 1:
                later.add((task.name, sample.id))
    found: list[Call] = []
    for call in subjects:
        if (call.task, call.sample_id) not in later:
            continue
        task, roles = tasks[call.task]
        for role in roles:
            found.append(
                replace(
                    call,
                    id=helper_call_id(role, call.id),
                    arm=task.user.by if role == "user" and task.user is not None else call.arm,
                    position=first + len(found),
                    role=role,
                )
            )
    return found


def subjects_between(suite: Suite, calls: Sequence[Call]) -> dict[str, Call]:
    """Map the id of each call between steps to the arm's call that it comes before."""
    roles = {task.name: roles_between(task) for task in suite.tasks}
    found: dict[str, Call] = {}
    if not any(roles.values()):
        return found
    for call in calls:
        if call.role == "subject":
            for role in roles.get(call.task, ()):
                found[helper_call_id(role, call.id)] = call
    return found
