"""The loop: admit -> intent -> attempt -> append. It measures and records; it never scores, prices
or judges.

Order of the steps for one call: wait for the pace and for the budget, commit the intent, take the
device's turn (or the arm's slot), try, append the attempt, retry what may be retried, append the
record. A call is finished when its record is committed.

What a call passes, and who owns it::

    lane     a task of its arm, as many as its concurrency (one more prepares the next call of a
             device). Owned by Runner.run; takes the arm's next call until its queue is empty.
             An open loop has one task that starts each call at its time instead of lanes.
      pace   one per run() (limits.budget.Pace): a lane waits while its arm is too far ahead of the
             slowest (further where that one is rate limited: limits.held_back). An arm that is
             given up leaves it, so that nobody waits for it.
      gate   one per key (limits.key_gate): how many requests and tokens the endpoint takes. Shared
             by the arms of the key; entered and left once per attempt. Devices have none.
      budget one per session (limits.budget.Budget): reserves the most an attempt can cost, settled
             by what it did cost. None is left: the arm is given up.
      turns  one per machine that arms share (run.machine_turns): a block of calls is one arm's, at
             its own concurrency.
      turn   one per device of this process: held from sending to the end of an attempt.

What ends it:

* an arm is *given up* (``ArmProgress.stopped``) when every further call would fail: its own lanes
  start nothing more, the others go on;
* the runner is *stopping* (``_stopping``) after :meth:`Runner.stop`: calls in flight may end, and a
  second stop cancels them;
* the store fails (``_fatal``): nothing more is sent, and ``run`` raises its error.

Each sets ``_halts`` of the arms it concerns and wakes their gates, which ends the pause before a
retry and the wait at a gate; the pace lets go of an arm whose lanes have ended. A call that was
begun and not finished has no record: a later session asks it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from claimbench.clock import Clock
from claimbench.errors import BenchError, StoreError
from claimbench.limits.budget import MAX_ITEMS_AHEAD, Budget, Pace, Reservation, backoff_s
from claimbench.limits.held_back import HeldBack, make_gates
from claimbench.limits.key_gate import Ticket
from claimbench.limits.pacing import ArmPace
from claimbench.plan.arrivals import MAX_IN_FLIGHT
from claimbench.plan.call_queue import CallQueue, queues_of
from claimbench.pricing.money import Money
from claimbench.provider.attempt import Tried, try_once
from claimbench.provider.contract import ArmProvider
from claimbench.run.commit_waiter import Commits
from claimbench.run.conversations import Keeps, TurnsInOrder, side_by_side
from claimbench.run.health import judge_health
from claimbench.run.machine_turns import MachineTurns, room_of, turn_of, turns_of
from claimbench.run.progress import ArmProgress, Progress
from claimbench.run.records import (
    LONGEST_WAIT_S,
    checked_model,
    counted,
    record_of,
    said_by,
)
from claimbench.types import (
    Arm,
    Attempt,
    Call,
    ErrorPolicy,
    Intent,
    Note,
    NoteKind,
    Outcome,
    Request,
)

LOST = frozenset({Outcome.NETWORK, Outcome.INCOMPLETE_STREAM})
"""What a call meets whose server has ended."""


def _unheard(_call: Call, _attempt: Attempt) -> None:
    """Nobody listens to attempts."""


def _as_it_is(tried: Tried) -> Tried:
    return tried


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSetup:
    """Hold everything a :class:`Runner` works with.

    Attributes:
        arms: by name; judges are arms here.
        providers: started, by the names of the arms.
        request: makes what a call sends.
        writer: keeps intents, attempts and records.
        clock: makes all stamps but those of the providers.
        budget: holds what may still be spent.
        money: bounds a request's cost, and gives an attempt's.
        policy: retries and patience.
        session: number of the run's session.
        attempts_before: attempt numbers that earlier sessions used, by call id.
        seed: of the jitter of retries.
        on_attempt: called after each attempt.
        clean: takes keys out of what is stored.
        turns: lets turns of conversations wait for one another; None: there are none.
    """

    arms: Mapping[str, Arm]
    providers: Mapping[str, ArmProvider]
    request: Callable[[Call], Request]
    writer: Keeps
    clock: Clock
    budget: Budget
    money: Money
    policy: ErrorPolicy
    session: int
    attempts_before: Mapping[str, int]
    seed: int
    on_attempt: Callable[[Call, Attempt], None] = _unheard
    clean: Callable[[Tried], Tried] = _as_it_is
    turns: TurnsInOrder | None = None


class Runner:
    """Run calls. One instance per session."""

    def __init__(self, setup: RunnerSetup) -> None:
        self._arms = setup.arms
        self._providers = setup.providers
        self._request = setup.request
        self._turns_in_order = setup.turns
        self._writer = setup.turns or setup.writer
        self._clock = setup.clock
        self._budget = setup.budget
        self._money = setup.money
        self._policy = setup.policy
        self._session = setup.session
        self._attempts_before = setup.attempts_before
        self._on_attempt = setup.on_attempt
        self._clean = setup.clean
        self._rng = random.Random(setup.seed)  # noqa: S311 - jitter of retries
        self._stopping: str | None = None
        self._fatal: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._commits = Commits()
        self._remarked: set[tuple[str, str]] = set()
        self._halts = {name: asyncio.Event() for name in setup.arms}
        self._paces = {name: ArmPace(arm.limits) for name, arm in setup.arms.items()}
        self._turns = {name: turn_of(provider) for name, provider in setup.providers.items()}
        self._machines: dict[str, MachineTurns] = {}
        self._gate_of, self.gates = make_gates(
            setup.arms,
            {name for name, provider in setup.providers.items() if provider.remote},
            setup.policy,
            setup.clock,
        )
        progress = {name: ArmProgress(0) for name in setup.arms}
        self.progress = Progress(progress, setup.clock.monotonic_ns())
        self._held_back = HeldBack(self._gate_of, self.gates, progress)
        self.progress.held_back = self._held_back.said
        if setup.turns is not None and setup.turns.between is not None:
            setup.turns.between.serve(self._ask_user, self._is_gone)

    def stop(self, reason: str) -> None:
        """Start nothing more; what is in flight may end. A second call cancels what is in
        flight.
        """
        if self._stopping is not None:
            for task in self._tasks:
                task.cancel()
        self._stopping = self._stopping or reason
        self._wake_all()

    def _wake_all(self) -> None:
        for name in self._arms:
            self._wake(name)

    def _wake(self, name: str) -> None:
        """End the waiting of an arm that was halted."""
        self._halts[name].set()
        if name in self._machines:
            self._machines[name].gave_up(name)
        if name in self._gate_of:
            self.gates[self._gate_of[name]].wake()

    async def _sleep_until(self, arm: Arm, ns: int) -> None:
        """Sleep until ``ns``, or until the arm is halted."""
        if self._halts[arm.name].is_set():
            return
        sleeping = asyncio.ensure_future(self._clock.sleep_until(ns))
        halted = asyncio.ensure_future(self._halts[arm.name].wait())
        try:
            await asyncio.wait({sleeping, halted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            halted.cancel()

    async def run(self, calls: Sequence[Call]) -> Progress:
        """Run ``calls`` (a part of a plan) to the end, or until stopped.

        Raises:
            StoreError: the store could not keep what was measured; nothing more was sent.
        """
        self._loop = asyncio.get_running_loop()
        remote = {name for name, provider in self._providers.items() if provider.remote}
        queues = queues_of(
            self._arms, side_by_side(calls, self._arms, self._turns_in_order, remote)
        )
        for name, queue in queues.items():
            state = self.progress.arms[name]
            state.planned = state.done + len(queue)
        self._machines, longest = turns_of(self._arms, queues, remote)
        pace = Pace(
            {name: len(queue) for name, queue in queues.items() if queue},
            MAX_ITEMS_AHEAD + 2 * longest,
            self._held_back.limited,
        )
        self._held_back.watch(pace)
        lanes: list[Coroutine[Any, Any, None]] = []
        for name, queue in queues.items():
            arm = self._arms[name]
            if queue and queue.first.scheduled_ns is not None:
                lanes.append(self._arrivals(arm, queue))
            else:
                lanes += [self._lane(arm, queue, len(queue), pace) for _ in self._lanes(name)]
        self._tasks = {asyncio.ensure_future(lane) for lane in lanes}
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.progress.notes += self._held_back.notes()
        for task in self._tasks:
            if not task.cancelled() and task.exception() is not None:
                self._fatal = self._fatal or task.exception()
        if self._fatal is not None:
            raise self._fatal
        self.progress.ended = self._stopping
        return self.progress

    def _lanes(self, name: str) -> range:
        """Return one lane per concurrent call, and those that prepare the next calls meanwhile."""
        return range(self._arms[name].concurrency + self._providers[name].lanes_ahead)

    def _halted(self, arm: Arm) -> bool:
        return self._stopping is not None or self.progress.arms[arm.name].stopped is not None

    async def _lane(self, arm: Arm, queue: CallQueue, total: int, pace: Pace) -> None:
        try:
            while queue and not self._halted(arm):
                call = queue.popleft()
                number = total - len(queue) - 1
                await pace.wait(arm.name, number)
                if self._halted(arm):
                    return
                final = await self._on_machine(arm, call, number)
                if final is None:
                    continue
                self._judge_health(arm, call, final)
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError) and self._stopping is None:
                self.stop(f"{type(error).__name__}: {error}")
            raise
        finally:
            if self._halted(arm):
                self._wake(arm.name)
                await pace.gave_up(arm.name)

    async def _on_machine(self, arm: Arm, call: Call, number: int) -> Attempt | None:
        """Make a call in the turn of its arm, where the arm shares its machine."""
        turns = self._machines.get(arm.name)
        if turns is None:
            async with room_of(self._providers[arm.name]):
                return await self._call(arm, call)
        if not await turns.enter(arm.name, number):
            return None
        try:
            return await self._call(arm, call)
        finally:
            turns.leave(arm.name, number)

    async def _arrivals(self, arm: Arm, queue: CallQueue) -> None:
        """Open loop: start each call at its intended time, however many are still in flight."""
        running: set[asyncio.Task[None]] = set()
        try:
            while queue and not self._halted(arm):
                await self._clock.sleep_until(queue.first.scheduled_ns or 0)
                if self._halted(arm):
                    break
                if len(running) >= MAX_IN_FLIGHT:
                    self._stop_arm(
                        arm,
                        f"saturated: {len(running)} calls in flight and more arriving than are"
                        " answered",
                    )
                    break
                task = asyncio.ensure_future(self._arrived(arm, queue.popleft()))
                running.add(task)
                task.add_done_callback(running.discard)
            while running:
                await asyncio.wait(set(running))
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            raise

    async def _arrived(self, arm: Arm, call: Call) -> None:
        try:
            final = await self._call(arm, call)
            if final is not None:
                self._judge_health(arm, call, final)
        except BenchError as error:
            self._fatal = self._fatal or error
            self.stop(f"{type(error).__name__}: {error}")

    async def _ask_user(self, call: Call) -> bool:
        """Make a simulated user's call in the lane of the arm that waits for it; False if it was
        not finished.
        """
        arm = self._arms[call.arm]
        self.progress.arms[arm.name].planned += 1
        async with room_of(self._providers[arm.name]):
            final = None if self._halted(arm) else await self._call(arm, call)
        if final is not None:
            self._judge_health(arm, call, final)
        return final is not None

    def _is_gone(self, name: str) -> bool:
        return self._halted(self._arms[name])

    def _judge_health(self, arm: Arm, call: Call, final: Attempt) -> None:
        """Give an arm up, or say what is odd, by how its call ended."""
        why, remark = judge_health(self.progress.arms[arm.name], self._policy, call, final)
        if why is not None:
            self._stop_arm(arm, why)
        if remark is not None:
            self._remark(arm, (remark,))

    def _stop_arm(self, arm: Arm, why: str) -> None:
        state = self.progress.arms[arm.name]
        if state.stopped is None:
            state.stopped = why
            text = f"{arm.name} stopped: {why}"
            self.progress.notes.append(Note(NoteKind.ARM_STOPPED, text, arm.name))
            self._wake(arm.name)

    async def _call(self, arm: Arm, call: Call) -> Attempt | None:
        """Make all attempts of one call and return the final one; None if it was not finished
        (stopped, or out of budget).
        """
        state, order = self.progress.arms[arm.name], self._turns_in_order
        halt = self._halts[arm.name]
        if order and await order.passes_over(call, halt, state, self._store_failed):
            return None
        request = self._request(call)
        before = self._attempts_before.get(call.id, 0)
        failed = 0
        while True:
            queued_ns = self._clock.monotonic_ns()
            tried = await self._admitted(arm, call, request, before + failed + 1, queued_ns)
            if tried is None or tried.attempt.outcome is Outcome.CANCELLED:
                return None
            outcome = tried.attempt.outcome
            state.limited += outcome is Outcome.RATE_LIMITED
            if outcome in LOST and (why := await self._providers[arm.name].ended()) is not None:
                # Nothing of this call is the model's doing: a later session asks it again.
                self._stop_arm(arm, why)
                return None
            long_wait = (tried.retry_after_s or 0.0) > LONGEST_WAIT_S
            again = outcome.retryable and not tried.lasting and not long_wait
            if not again or failed >= self._policy.max_retries:
                record = record_of(call, tried)
                self._writer.keep(record, self._store_failed)
                self.progress.recent.append(record)
                state.done += 1
                state.errors += outcome.missing
                if long_wait:
                    self._stop_arm(
                        arm, f"{outcome.value}: told to wait {tried.retry_after_s:.0f} s"
                    )
                return tried.attempt
            failed += 1
            state.retries += 1
            pause = backoff_s(self._policy, failed, tried.retry_after_s, self._rng)
            await self._sleep_until(arm, self._clock.monotonic_ns() + round(pause * 1e9))
            if self._halted(arm):
                return None

    async def _admitted(
        self, arm: Arm, call: Call, request: Request, number: int, queued_ns: int
    ) -> Tried | None:
        """Make one attempt, once its key and the budget allow it; None if they never do."""
        gate = self.gates[self._gate_of[arm.name]] if arm.name in self._gate_of else None
        ticket: Ticket | None = None
        pace = self._paces[arm.name]
        if gate is not None:
            characters = sum(len(message.content) for message in request.messages)
            characters += len(request.prompt or "") + len(request.tool_text)
            ticket = await gate.enter(
                pace,
                characters,
                request.max_tokens,
                lambda ns: self._sleep_until(arm, ns),
                lambda: self._halted(arm),
            )
            if ticket is None:
                return None
        tried: Tried | None = None
        try:
            base = self._money.reserve(arm, request)
            if base is None and (why := self._money.why_open(arm)) is not None:
                self._stop_arm(arm, f"what a request would cost is unknown now: {why}")
                return None
            closed = call.scheduled_ns is None
            held = await self._budget.reserve(arm.name, base, alone_first=closed)
            if held is None:
                self._out_of_budget(arm, base)
                return None
            if self._halted(arm):  # while it waited
                self._budget.release(arm.name, held)
                return None
            tried = await self._attempt(arm, call, request, number, queued_ns, held)
            return tried
        finally:
            if gate is not None and ticket is not None:
                gate.leave(pace, ticket, said_by(tried))
                self._held_back.left(arm.name)

    async def _attempt(
        self,
        arm: Arm,
        call: Call,
        request: Request,
        number: int,
        queued_ns: int,
        held: Reservation,
    ) -> Tried:
        now = self._clock.utc().isoformat()
        intent = Intent(call.id, number, self._session, held.amount, now)
        cost: Decimal | None = None
        charged: Decimal | None = None
        answered = False
        try:
            await self._commits.of(self._writer.intent(intent))
            tried = await try_once(
                self._providers[arm.name],
                request,
                self._clock,
                intent=intent,
                queued_ns=queued_ns,
                scheduled_ns=call.scheduled_ns,
                turn=self._turns[arm.name],
            )
            tried = self._clean(checked_model(arm, tried))
            attempt, doubt = self._money.doubt(arm, tried.attempt)
            if attempt is not tried.attempt:
                tried = replace(tried, attempt=attempt)
            self._remark(arm, tried.remarks if doubt is None else [*tried.remarks, doubt])
            self._writer.keep(tried.attempt, self._store_failed)
            cost = self._money.cost(arm, tried.attempt)
            answered = tried.attempt.outcome.answered
            at_prices = self._money.at_prices(arm, tried.attempt, None)
            charged = counted(tried.attempt, cost, at_prices)
        finally:
            billed = charged if self._money.bills(arm) else Decimal(0)
            self._budget.settle(arm.name, held, billed, answered=answered)
        if charged is None and (why := self._money.why_beyond(arm, tried.attempt)) is not None:
            self._stop_arm(arm, f"what it bills is unknown, and no limit holds it: {why}")
        state = self.progress.arms[arm.name]
        state.pay(cost, billed, held.amount)
        self._on_attempt(call, tried.attempt)
        return tried

    def _remark(self, arm: Arm, remarks: Sequence[str]) -> None:
        """Say what is odd about an endpoint, each kind of it once per arm."""
        for remark in remarks:
            kind = (arm.name, remark.partition(":")[0])
            if kind not in self._remarked:
                self._remarked.add(kind)
                text = f"{arm.name}: {remark}"
                self.progress.notes.append(Note(NoteKind.ENDPOINT, text, arm.name))

    def _out_of_budget(self, arm: Arm, base: Decimal | None) -> None:
        self._stop_arm(arm, self._budget.why_spent(arm.name, base))

    def _store_failed(self, error: StoreError) -> None:
        """Send nothing more, since the store could not keep what was handed to it; called from the
        store's thread.
        """
        self._fatal = self._fatal or error
        if self._stopping is None and self._loop is not None:
            self._stopping = "the store failed"
            self._loop.call_soon_threadsafe(self._wake_all)
