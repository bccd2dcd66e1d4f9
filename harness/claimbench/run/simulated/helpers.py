"""Between two steps of an episode: the simulated user is asked, or a function answers in place of
tools. What came of it is a record like any other, so that a session that goes on starts from it.

It is done in the lane of the arm whose step is due, before that step is queued: no call of a user
waits in a queue of its own, so that nobody waits in a circle, and nothing of it is in the arm's
latency. A function works in a thread, for the loop must not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from claimbench.plan.call_ids import helper_call_id
from claimbench.plan.simulated.helpers import roles_between
from claimbench.plan.turns import NOT_ASKED, Step, Turns
from claimbench.scorers.own_code.tools import ToolFails, ToolProcess, answered_of
from claimbench.types import Call, CallRecord, Json, Outcome, Suite, Task

Ask = Callable[[Call], Awaitable[bool]]
"""Asks a simulated user; False: its call was not finished, a later session makes it."""
Keep = Callable[[CallRecord], None]


class Between:
    """Make what a step of an episode waits for.

    Args:
        suite: its tasks say what comes between.
        calls: the planned calls between steps, by id.
        turns: what was said and called so far.
        recorded: outcomes of calls that are asked again, by id: they are not written twice alike.
    """

    def __init__(
        self,
        suite: Suite,
        calls: Mapping[str, Call],
        turns: Turns,
        recorded: Mapping[str, CallRecord],
    ) -> None:
        self._tasks = {task.name: task for task in suite.tasks if roles_between(task)}
        self._samples = {
            (task.name, sample.id): sample
            for task in self._tasks.values()
            for sample in task.samples
        }
        self._calls = calls
        self._turns = turns
        self._recorded = recorded
        self._processes: dict[str, ToolProcess] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._ask: Ask | None = None
        self._is_gone: Callable[[str], bool] = lambda _name: False

    def serve(self, ask: Ask, is_gone: Callable[[str], bool]) -> None:
        """Take who asks simulated users, and who knows whether one is asked no more."""
        self._ask = ask
        self._is_gone = is_gone

    def close(self) -> None:
        """End the processes of functions."""
        for process in self._processes.values():
            process.close()

    def is_stuck(self, call: Call) -> bool:
        """Tell whether the user of an arm's call is asked no more: its episode cannot go on."""
        task = self._tasks.get(call.task)
        return task is not None and task.user is not None and self._is_gone(task.user.by)

    async def made(self, call: Call, keep: Keep) -> bool:
        """Make what comes before a step whose earlier steps went well; False where it could not be
        finished now.
        """
        task = self._tasks.get(call.task)
        steps = () if task is None else self._turns.steps_before(call)
        if task is None or not steps:
            return True
        called = bool(steps[-1].record.tool_calls)
        for role in roles_between(task):
            if self._turns.helper(call, role) is not None:
                continue
            planned = self._calls[helper_call_id(role, call.id)]
            if called is not (role == "tool"):
                why = "the step before called tools" if called else "the step before called none"
                keep(_unneeded(planned, f"not needed: {why}"))
            elif role == "tool":
                keep(await self._tools(task, steps, planned))
            elif task.user is not None and (turns := _user_turns(steps)) >= task.user.max_turns:
                keep(_unneeded(planned, f"{NOT_ASKED}the user has had its {turns} turns"))
            elif self._ask is None or not await self._ask(planned):
                return False
        return True

    def passed_over(self, record: CallRecord, keep: Keep) -> None:
        """Record what would have come before a step that is not asked as not made either."""
        task = self._tasks.get(record.call.task)
        for role in () if task is None else roles_between(task):
            planned = self._calls.get(helper_call_id(role, record.call.id))
            if planned is None or self._turns.helper(record.call, role) is not None:
                continue
            before = self._recorded.get(planned.id)
            if before is not None and before.outcome is record.outcome:
                self._turns.keep(before)
                continue
            keep(CallRecord(planned, "", record.outcome, None, 0, error=record.error))

    async def _tools(self, task: Task, steps: Sequence[Step], planned: Call) -> CallRecord:
        assert task.simulator is not None  # noqa: S101 - else nothing of the kind is planned
        state: Json = task.simulator.state
        for step in steps[:-1]:
            if step.record.tool_calls and step.tool is not None:
                state = answered_of(step.tool.text).state
        sample = self._samples[planned.task, planned.sample_id]
        offered = {tool.name for tool in sample.tools or task.tools}
        process = self._processes.setdefault(task.name, ToolProcess(task.simulator))
        calls = steps[-1].record.tool_calls
        try:
            async with self._locks.setdefault(task.name, asyncio.Lock()):
                given = await asyncio.to_thread(process.answer, calls, state, sample.input, offered)
        except ToolFails as fault:
            why = f"{NOT_ASKED}the tools failed: {fault}"
            return CallRecord(planned, "", Outcome.CANCELLED, None, 0, error=why)
        return CallRecord(planned, given.as_text(), Outcome.OK, None, 0)


def _user_turns(steps: Sequence[Step]) -> int:
    """Count the turns that the user had before a step; the prompt is its first."""
    return 1 + sum(step.user is not None and step.user.attempt > 0 for step in steps)


def _unneeded(planned: Call, why: str) -> CallRecord:
    return CallRecord(planned, "", Outcome.ENDED, None, 0, error=why)


def between_of(
    suite: Suite, calls: Iterable[Call], turns: Turns, recorded: Mapping[str, CallRecord]
) -> Between | None:
    """Return what works between the steps of a plan's calls; None where nothing has to."""
    if not any(roles_between(task) for task in suite.tasks):
        return None
    mine = {call.id: call for call in calls if call.role in ("user", "tool")}
    return Between(suite, mine, turns, recorded)
