"""One session of work on a run: make or resume it, start the arms, run the loop, end cleanly.

What a run is stands in its manifest before the first request leaves; the manifest never changes
afterwards. A later session may only go on with exactly what the manifest says.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from claimbench.clock import Clock
from claimbench.errors import BenchError
from claimbench.limits.budget import Budget
from claimbench.limits.key_gate import history_rows
from claimbench.machine import provenance
from claimbench.machine.calibration import read_last
from claimbench.machine.garbage_collection import collector_at_rest
from claimbench.machine.loop_lag import LagMeter
from claimbench.plan.arrivals import loaded, scheduled
from claimbench.plan.judges import JudgeRequests
from claimbench.plan.order import make_plan
from claimbench.plan.prompts import Requests
from claimbench.pricing.energy import Energy, metered
from claimbench.pricing.money import Money
from claimbench.pricing.run import Pricing
from claimbench.privacy.key_guard import KeyGuard
from claimbench.run.arms import Arms, check_resumable, manifest_of, none_ready, start_arms
from claimbench.run.interim_looks import Segments
from claimbench.run.judging import JudgedRunner
from claimbench.run.loop import Runner, RunnerSetup, Runs
from claimbench.run.progress import Progress
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.store.schema import NOTES
from claimbench.types import Arm, Attempt, Call, Intent, Json, Outcome, Session, Suite

CLOCK_JUMP_S = 5.0
"""Wall and monotonic time may drift apart by this much within a session before it is said."""

Show = Callable[[Progress], contextlib.AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for on the command line.

    ``arms``: names, empty = all. ``max_cost_usd`` replaces the suite's limit. ``until_decided``
    turns on looks. ``retry_missing``: a resumed run asks the calls that failed again, too.
    """

    results: Path
    arms: tuple[str, ...] = ()
    limit: int | None = None
    max_cost_usd: Decimal | None = None
    allow_unknown_cost: bool = False
    until_decided: bool = False
    retry_missing: bool = False
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a session left. ``why`` is None if the plan was finished; ``sent_again`` were in flight
    at a crash.
    """

    run_id: str
    why: str | None
    progress: Progress
    sent_again: tuple[Intent, ...]
    resumed: bool


def _spent(
    attempts: Iterable[Attempt],
    again: Iterable[Intent],
    calls: Sequence[Call],
    arms: Mapping[str, Arm],
    money: Money,
) -> dict[str, Decimal]:
    """Dollars gone in earlier sessions: attempts at their cost or reservation, in-flight intents at
    theirs.
    """
    owner = {call.id: call.arm for call in calls}
    spent: dict[str, Decimal] = {}

    def add(arm: str, amount: Decimal | None) -> None:
        if amount is not None:
            spent[arm] = spent.get(arm, Decimal(0)) + amount

    for attempt in attempts:
        arm = owner[attempt.call_id]
        if arm not in arms or not money.bills(arms[arm]):
            continue
        cost = money.cost(arms[arm], attempt)
        add(arm, cost if cost is not None else attempt.reserved_usd)
    for intent in again:
        add(owner[intent.call_id], intent.reserved_usd)
    return spent


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a session works with. ``segments`` (run id -> segments) is given when it may stop
    once decided.
    """

    suite: Suite
    order: Order
    arms: Arms
    pricing: Pricing
    store: ResultsStore
    clock: Clock
    show: Show
    segments: Callable[[str], Segments] | None = None
    began: Callable[[str], None] | None = None
    """Told the run's id once the run exists, before anything of it is sent."""
    guard: KeyGuard = field(default_factory=KeyGuard)


async def execute(job: Job, resume: str | None = None) -> Ended:
    """Run the job's suite, or go on with run ``resume``, to its end or until stopped.

    Raises:
        BenchError: nothing can run, an unknown price without permission, a changed suite, or a
            store that fails.
    """
    suite, arms, store = job.suite, job.arms, job.store
    try:
        if not arms.ready:
            raise none_ready(arms)
        _refuse_unknown_cost(job)
        run_id = resume if resume is not None else provenance.new_run_id()
        with store.lock_run(run_id):
            arms.log_to(store.run_folder(run_id))
            await start_arms(arms, suite, run_id)
            if resume is not None:
                check_resumable(store.manifest(run_id), suite, arms)
                calls: Sequence[Call] = store.calls(run_id)
            else:
                plan = make_plan(suite, run_id, list(arms.ready), job.order.limit)
                book, options = job.pricing.book, job.order.options
                store.create_run(
                    manifest_of(suite, plan, arms, book, run_id, job.clock, options), plan.calls
                )
                calls = plan.calls
            if job.began is not None:
                job.began(run_id)
            return await _work(job, run_id, calls, resumed=resume is not None)
    finally:
        await arms.close()


def _refuse_unknown_cost(job: Job) -> None:
    unpriced = {
        name: why for name, why in job.pricing.unpriced.items() if name in job.arms.providers
    }
    if unpriced and not job.order.allow_unknown_cost:
        listed = "; ".join(f"{name}: {why}" for name, why in unpriced.items())
        raise BenchError(
            f"what a run would cost is unknown: {listed}",
            hint=(
                "give the arm a price in the suite (cost: price:), or run with --allow-unknown-cost"
            ),
        )


def _attempts_before(attempts: Iterable[Attempt], again: Iterable[Intent]) -> dict[str, int]:
    """The highest attempt number used so far, by call; what was in flight counts."""
    before: dict[str, int] = {}
    for attempt in attempts:
        before[attempt.call_id] = max(before.get(attempt.call_id, 0), attempt.number)
    for intent in again:
        before[intent.call_id] = max(before.get(intent.call_id, 0), intent.attempt_number)
    return before


def _from_earlier(
    job: Job, run_id: str, calls: Sequence[Call], again: Sequence[Intent], arms: Mapping[str, Arm]
) -> tuple[Budget, dict[str, int]]:
    """The budget with what earlier sessions spent, and the attempt numbers that they used, by call.

    Both from one reading of their attempts, which are let go: of a long run they are many.
    """
    attempts = tuple(job.store.attempts(run_id))
    limit = (
        job.order.max_cost_usd
        if job.order.max_cost_usd is not None
        else job.suite.budget.max_cost_usd
    )
    spent = _spent(attempts, again, calls, arms, job.pricing.money)
    return Budget(replace(job.suite.budget, max_cost_usd=limit), spent), _attempts_before(
        attempts, again
    )


def _retried(job: Job, run_id: str, calls: Sequence[Call]) -> tuple[set[str], list[str]]:
    """Ids of the calls that failed in earlier sessions and are asked again, and what to say of
    them.

    What a look has seen stays as it was: its decision rests on it.
    """
    if not job.order.retry_missing:
        return set(), []
    from claimbench.claims.look_schedule import seen_items

    failed, looks = job.store.missing(run_id), job.store.looks(run_id)
    seen = seen_items(calls, looks[-1]) if looks else set()
    mine = [c for c in calls if c.id in failed and (c.role == "judge" or c.arm in job.arms.ready)]
    again = {call.id for call in mine if f"{call.task}/{call.sample_id}" not in seen}
    were_asked = [call for call in mine if failed[call.id] is not Outcome.CANCELLED]
    notes = []
    if asked := sum(call.id in again for call in were_asked):
        notes.append(f"asked again: {asked} calls that had failed in an earlier session")
    if kept := len(were_asked) - asked:
        notes.append(
            f"not asked again: {kept} calls that had failed, because a look was taken with them"
            " missing"
        )
    return again, notes


async def _work(job: Job, run_id: str, calls: Sequence[Call], *, resumed: bool) -> Ended:
    suite, arms, store, clock = job.suite, job.arms, job.store, job.clock
    again = tuple(store.unfinished_intents(run_id))
    by_name = {arm.name: loaded(arm, suite.load) for arm in suite.arms if arm.name in arms.ready}
    by_name |= {judge.name: judge for judge in suite.judges}
    requests = JudgeRequests(suite, calls) if suite.judges else Requests(suite)
    budget, before = _from_earlier(job, run_id, calls, again, by_name)
    host = provenance.session_facts()
    calibration = read_last(store.path.parent, host["host"])
    session = store.start_session(run_id, clock=clock, host=host, calibration=calibration)
    retried, retry_notes = _retried(job, run_id, calls)
    finished = store.finished(run_id) - retried
    remaining = [
        call for call in calls if call.id not in finished and call.arm in arms.ready
    ]  # judges' come later
    writer = store.writer(run_id)
    runner = Runner(
        RunnerSetup(
            arms=by_name,
            providers=arms.providers,
            request=requests,
            writer=writer,
            clock=clock,
            budget=budget,
            money=job.pricing.money,
            policy=suite.errors,
            session=session.n,
            attempts_before=before,
            seed=suite.order_seed + session.n,
            clean=job.guard.clean,
        )
    )
    remaining = scheduled(remaining, suite.load, clock.monotonic_ns(), suite.order_seed + session.n)
    runs: Runs = runner
    if isinstance(requests, JudgeRequests):
        runs = JudgedRunner(runner, requests, calls, store, writer, retried)
    busy = provenance.busy_note(host) if any(arm.device for arm in by_name.values()) else None
    runner.progress.notes += [*retry_notes, *([busy] if busy is not None else [])]
    lag = LagMeter()
    started_utc, started_ns = clock.utc(), clock.monotonic_ns()
    energies: list[Energy] = []
    why: str | None = "stopped by an error"
    try:
        async with (
            job.show(runner.progress),
            collector_at_rest(),
            lag.running(clock),
            _signals(runner),
        ):
            with metered(job.pricing.metered, energies.append):
                if job.segments is None:
                    await runs.run(remaining)
                else:
                    await job.segments(run_id).run(runs, remaining, store, writer)
        why = runner.progress.ended or _stopped_arms(runner.progress)
    finally:
        _note_clock_jump(runner.progress, clock, started_utc.timestamp(), started_ns)
        for arm, reserved, cost in budget.overruns:
            runner.progress.notes.append(
                f"{arm} billed ${cost} where at most ${reserved} was reserved"
            )
        _end(store, writer, session, runner, energies, lag, why or "finished")
    return Ended(run_id, why, runner.progress, again, resumed)


def _end(
    store: ResultsStore,
    writer: RunWriter,
    session: Session,
    runner: Runner,
    energies: Sequence[Energy],
    lag: LagMeter,
    why: str,
) -> None:
    """Commit what is queued and store what else is known of the session; that too where the rows
    could not be kept.
    """
    run_id, n = session.run_id, session.n
    try:
        writer.flush()
    finally:
        writer.close()
        store.save_derived(run_id, "rate_limits", str(n), history_rows(runner.gates, n))
        store.save_derived(
            run_id, NOTES, str(n), {str(i): note for i, note in enumerate(runner.progress.notes)}
        )
        store.save_derived(run_id, "energy", str(n), dict(zip(["energy"], energies, strict=False)))
        store.end_session(run_id, n, why, lag.summary())


def _stopped_arms(progress: Progress) -> str | None:
    stopped = [
        f"{name}: {arm.stopped}" for name, arm in progress.arms.items() if arm.stopped is not None
    ]
    faults = [
        f"{name}: {arm.errors} calls failed" for name, arm in progress.arms.items() if arm.errors
    ]
    return "; ".join(stopped or faults) or None


def _note_clock_jump(progress: Progress, clock: Clock, started_utc: float, started_ns: int) -> None:
    wall, steady = clock.utc().timestamp() - started_utc, (clock.monotonic_ns() - started_ns) / 1e9
    if abs(wall - steady) > CLOCK_JUMP_S:
        progress.notes.append(
            f"the system clock jumped by {wall - steady:+.0f} s during the session; durations are"
            " not affected, but times of day and prices by date may be"
        )


@contextlib.asynccontextmanager
async def _signals(runner: Runner) -> AsyncIterator[None]:
    """The first Ctrl-C or SIGTERM lets calls in flight end; the second cancels them."""
    loop = asyncio.get_running_loop()
    asked = 0

    def stop(name: str) -> None:
        nonlocal asked
        asked += 1
        runner.stop(f"stopped by {name}")
        if asked == 1:
            runner.progress.notes.append(
                "stopping: calls in flight may end; press Ctrl-C again to cancel them"
            )

    wanted = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    handled: list[signal.Signals] = []
    for number, name in wanted.items():
        with contextlib.suppress(
            NotImplementedError, ValueError, RuntimeError
        ):  # not in this thread: no handlers
            loop.add_signal_handler(number, stop, name)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
