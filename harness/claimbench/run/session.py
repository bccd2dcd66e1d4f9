"""One session of work on a run: make or resume it, start the arms, run the loop, end cleanly.

What a run is stands in its manifest before the first request leaves; the manifest never changes
afterwards. A later session may only go on with exactly what the manifest says.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from claimbench.claims.beside.parsing import decided_without_arms
from claimbench.clock import Clock
from claimbench.errors import BenchError, RunIncomplete, StoreError
from claimbench.limits.budget import Budget
from claimbench.limits.key_gate import history_rows
from claimbench.machine import provenance
from claimbench.machine.calibration import read_last
from claimbench.machine.garbage_collection import collector_at_rest
from claimbench.machine.loop_lag import LagMeter
from claimbench.packed import Packed, columns
from claimbench.plan.arrivals import loaded, scheduled
from claimbench.plan.judges import JudgeRequests
from claimbench.plan.order import make_plan
from claimbench.plan.prompts import Requests
from claimbench.pricing.energy import Energy, metered
from claimbench.pricing.run import Pricing
from claimbench.privacy.key_guard import KeyGuard
from claimbench.run.arms import Arms, none_ready, start_arms
from claimbench.run.conversations import TurnsInOrder, read_turns
from claimbench.run.interim_looks import Segments, WholePlan
from claimbench.run.judging import JudgedRunner
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.manifest import check_resumable, manifest_of, seen_before
from claimbench.run.progress import (
    Progress,
    Runs,
    in_end_reason,
    note_clock_jump,
    stopped_arms,
    tell_earlier,
)
from claimbench.run.records import hopeless
from claimbench.run.simulated.helpers import Between, between_of
from claimbench.run.spending import (
    Earlier,
    Limits,
    kept_limits,
    new_limits,
    refuse_unknown_cost,
    resumed_limits,
    save_limits,
    save_worst,
    spec_to_json,
    spending,
    spending_notes,
)
from claimbench.store.notes import save_notes
from claimbench.store.place import DatabaseUrl, Place
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.suite.purpose.cluster_address import LOCAL
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    Intent,
    Json,
    Note,
    NoteKind,
    Outcome,
    Session,
    Suite,
)

Show = Callable[[Progress], contextlib.AbstractAsyncContextManager[None]]
"""Shows the progress of a session while its block runs."""


@dataclass(frozen=True, slots=True)
class Order:
    """Hold what the user asked for; a :class:`Job` adds what the process has made of it.

    ``arms``: names, empty = all. ``max_cost_usd`` replaces the suite's limit. ``until_decided``
    turns on looks. ``retry_missing``: a resumed run asks the calls that failed again, too.
    ``wait_idle_s``: how long to wait for a busy machine before local arms start; None: not at all.
    """

    results: Place
    arms: tuple[str, ...] = ()
    limit: int | None = None
    max_cost_usd: Decimal | None = None
    allow_unknown_cost: bool = False
    until_decided: bool = False
    retry_missing: bool = False
    wait_idle_s: float | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """Hold what a session left. ``why`` is None if the plan was finished; ``sent_again`` were in
    flight at a crash.
    """

    run_id: str
    why: str | None
    progress: Progress
    sent_again: tuple[Intent, ...]
    resumed: bool


def _unheard(_what: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Job:
    """Hold everything a session works with. ``segments`` (run id -> segments) is given when it may
    stop before the plan is done.
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
    say: Callable[[str], None] = _unheard
    """Told what is done before the first call is sent."""


async def execute(job: Job, resume: str | None = None) -> Ended:
    """Run the job's suite, or go on with run ``resume``, to its end or until stopped.

    Raises:
        BenchError: nothing can run, an unknown price without permission, a changed suite, or a
            store that fails.
    """
    suite, arms, store = job.suite, job.arms, job.store
    try:
        if not arms.ready and not decided_without_arms(suite):
            raise none_ready(arms)
        spec = _limits(job, resume)
        allowed = job.order.allow_unknown_cost
        at_work = _arms_at_work(job)
        unlimited = refuse_unknown_cost(job.pricing, at_work, spec, allowed=allowed)
        await _wait_idle(job)
        run_id = resume if resume is not None else provenance.new_run_id()
        with store.lock_run(run_id):
            arms.log_to(store.run_folder(run_id))
            await start_arms(arms, suite, run_id, job.say)
            if resume is not None:
                store.verify(resume)
                for remark in check_resumable(store.manifest(run_id), suite, arms):
                    job.say(f"note: {remark}")
                calls: Sequence[Call] = store.calls(run_id)
            else:
                plan = make_plan(suite, run_id, list(arms.ready), job.order.limit)
                book = job.pricing.book
                options = {**job.order.options, "budget": spec_to_json(spec)}
                options |= seen_before(suite, store)
                store.create_run(
                    manifest_of(suite, plan, arms, book, run_id, job.clock, options), plan.calls
                )
                calls = plan.calls
            if job.began is not None:
                job.began(run_id)
            limits = Limits(spec, unlimited)
            with _incomplete_without_server(store, run_id):
                return await _work(job, run_id, calls, limits, resumed=resume is not None)
    finally:
        await arms.close()


@contextlib.contextmanager
def _incomplete_without_server(store: ResultsStore, run_id: str) -> Iterator[None]:
    """Say of a run whose server failed that it is incomplete, and how it goes on.

    Raises:
        RunIncomplete: in place of the first StoreError; what was tried after it failed likewise.
    """
    try:
        yield
    except StoreError as error:
        if not isinstance(store.path, DatabaseUrl):
            raise
        first, earlier = error, error.__context__
        while earlier is not None:
            first = earlier if isinstance(earlier, StoreError) else first
            earlier = earlier.__context__
        onward = f"bench run --resume {run_id} --results {store.path}"
        hint = f"{first.hint}\ngo on with: {onward}" if first.hint else f"go on with: {onward}"
        raise RunIncomplete(first.message, hint=hint) from error


def _limits(job: Job, resume: str | None) -> BudgetSpec:
    """Return the limits of this session: a new run's, or those of the run that goes on."""
    order = job.order
    if resume is None:
        return new_limits(job.suite, order.max_cost_usd)
    kept = kept_limits(job.store, job.store.manifest(resume))
    overrides = [str(text) for text in order.options.get("overrides") or ()]
    spec, said = resumed_limits(job.suite, kept, order.max_cost_usd, overrides)
    for line in said:
        job.say(line)
    return spec


async def _wait_idle(job: Job) -> None:
    """Say before a run of local arms that the machine is busy, and wait for it if that was asked
    for.

    Raises:
        BenchError: it is still busy after the time that the order allows.
    """
    if not any(_works_here(job, arm) for arm in _arms_at_work(job).values()):
        return
    busy = provenance.excess_load(provenance.session_facts())
    if busy is None:
        return
    job.say(f"note: the machine is busy ({busy}):")
    job.say("  local arms will seem slower and dearer than they are")
    if job.order.wait_idle_s is None:
        job.say("  --wait-idle waits for it; Ctrl-C stops, and the run can go on later")
        return
    most = f"{job.order.wait_idle_s:g} s"
    job.say(f"  waiting until it is idle, at most {most}")
    began_ns = job.clock.monotonic_ns()
    until_ns = began_ns + round(job.order.wait_idle_s * 1e9)
    while busy is not None:
        now_ns = job.clock.monotonic_ns()
        if now_ns >= until_ns:
            raise BenchError(
                f"the machine is still busy after {most} ({busy})",
                hint="nothing was sent; stop what runs beside, or give --wait-idle more seconds",
            )
        await job.clock.sleep_until(min(until_ns, now_ns + IDLE_POLL_NS))
        busy = provenance.excess_load(provenance.session_facts())
    job.say(f"  idle after {(job.clock.monotonic_ns() - began_ns) / 1e9:.0f} s")


def _works_here(job: Job, arm: Arm) -> bool:
    """Return whether the arm's model runs on this machine, in this process or in a server of it."""
    address = (job.suite.options.get("engine") or {}).get("address")
    on_nodes = address not in (None, *LOCAL)
    return arm.serve is not None or (arm.device is not None and not on_nodes)


IDLE_POLL_NS = 2_000_000_000
"""How often the load of the machine is looked at."""


def _retried(job: Job, run_id: str, calls: Sequence[Call]) -> tuple[set[str], list[Note]]:
    """Return the ids of the calls that failed in earlier sessions and are asked again, and what to
    say of them.

    What a look has seen stays as it was: its decision rests on it.
    """
    if not job.order.retry_missing:
        return set(), []
    from claimbench.claims.looks.schedule import seen_items

    failed, looks = job.store.missing(run_id), job.store.looks(run_id)
    seen = seen_items(calls, looks[-1]) if looks else set()
    mine = []
    for call in calls:
        at_work = call.role != "subject" or call.arm in job.arms.ready
        if call.id in failed and at_work:
            mine.append(call)
    again = {call.id for call in mine if f"{call.task}/{call.sample_id}" not in seen}
    were_asked = [call for call in mine if failed[call.id] is not Outcome.CANCELLED]
    notes: list[Note] = []
    left = hopeless(job.store, run_id, calls) & again
    if left:
        again -= left
        were_asked = [call for call in were_asked if call.id not in left]
        text = (
            f"not asked again: {len(left)} calls whose prompts the endpoint does not take (too"
            " long, or refused as a request), as it did others: they could only fail again"
        )
        notes.append(Note(NoteKind.RETRY, text))
    if asked := sum(call.id in again for call in were_asked):
        text = f"asked again: {asked} calls that had failed in an earlier session"
        notes.append(Note(NoteKind.RETRY, text))
    if kept := len(were_asked) - asked:
        text = (
            f"not asked again: {kept} calls that had failed, because a look was taken with them"
            " missing"
        )
        notes.append(Note(NoteKind.RETRY, text))
    return again, notes


@dataclass(frozen=True, slots=True)
class _Work:
    """Hold one session that is ready to run, and what is measured beside its calls."""

    session: Session
    runner: Runner
    runs: Runs
    """The runner, or the runner with the judges after it."""
    remaining: Sequence[Call]
    writer: RunWriter
    budget: Budget
    arms: Arms
    earlier: Earlier
    between: Between | None = None
    energies: list[Energy] = field(default_factory=list)
    lag: LagMeter = field(default_factory=LagMeter)


async def _work(
    job: Job, run_id: str, calls: Sequence[Call], limits: Limits, *, resumed: bool
) -> Ended:
    """Run what is left of the run's ``calls`` in one session, and store what became of it."""
    again = tuple(job.store.unfinished_intents(run_id))
    work = _prepared(job, run_id, calls, again, limits)
    progress = work.runner.progress
    progress.left_usd = lambda: work.budget.left_usd
    if resumed:
        earlier = work.earlier
        tell_earlier(progress, earlier.charged, earlier.more, earlier.open, earlier.in_doubt)
    started_utc = job.clock.utc()
    started_ns = job.clock.monotonic_ns()
    why: str | None = "stopped by an error"
    try:
        await _sent(job, work)
        why = progress.ended
        if why is None:
            why = stopped_arms(progress)
            progress.notes[:] = [in_end_reason(note) for note in progress.notes]
    finally:
        note_clock_jump(progress, job.clock, started_utc.timestamp(), started_ns)
        progress.notes += spending_notes(work.budget)
        lag = await job.arms.lag_of_senders() or work.lag.summary()
        _end(job.store, work, why or "finished", lag)
    return Ended(run_id, why, progress, again, resumed)


def _prepared(
    job: Job, run_id: str, calls: Sequence[Call], again: Sequence[Intent], limits: Limits
) -> _Work:
    """Start a session of the run: read what earlier ones left, and make what this one needs."""
    suite, store, clock = job.suite, job.store, job.clock
    arms = _arms_at_work(job)
    money = job.pricing.money
    earlier, attempts_before = spending(store, run_id, calls, again, arms, money)
    budget = Budget(limits.spec, earlier.spent, earlier.worst)
    if not job.order.allow_unknown_cost:
        money = replace(money, why_open=lambda arm: job.pricing.why_open(arm, budget.limited))
        if budget.limited:
            money = replace(money, why_beyond=job.pricing.why_beyond)
    host = provenance.session_facts()
    calibration = read_last(store.folder, host["host"])
    session = store.start_session(run_id, clock=clock, host=host, calibration=calibration)
    save_limits(store, run_id, session.n, limits.spec)
    retried, notes = _retried(job, run_id, calls)
    notes += limits.notes
    if any(_works_here(job, arm) for arm in arms.values()) and (busy := provenance.busy_note(host)):
        notes.append(Note(NoteKind.BUSY, busy))
    finished = store.finished(run_id) - retried
    turns, before = read_turns(store, run_id, suite, retried)
    asked = Requests(suite, turns)
    requests = JudgeRequests(suite, calls, arms=asked) if suite.helpers else asked
    between = between_of(suite, calls, turns, before)
    writer = store.writer(run_id)
    seed = suite.order_seed + session.n
    runner = Runner(
        RunnerSetup(
            arms=arms,
            providers=job.arms.providers,
            request=requests,
            writer=writer,
            clock=clock,
            budget=budget,
            money=money,
            policy=suite.errors,
            session=session.n,
            attempts_before=attempts_before,
            seed=seed,
            clean=job.guard.clean,
            turns=TurnsInOrder(turns, writer, before, between) if turns else None,
        )
    )
    runner.progress.notes += notes
    runs: Runs = runner
    if isinstance(requests, JudgeRequests) and suite.judges:
        runs = JudgedRunner(runner, requests, calls, store, writer, retried)
    # The judges' calls come later: they depend on the answers.
    mine = _left(calls, finished, job.arms.ready)
    remaining = scheduled(mine, suite.load, clock.monotonic_ns(), seed)
    return _Work(session, runner, runs, remaining, writer, budget, job.arms, earlier, between)


def _left(
    calls: Sequence[Call], finished: Collection[str], ready: Collection[str]
) -> Sequence[Call]:
    """Return the arms' calls that are to be made, packed."""
    keep = [
        role == "subject" and call_id not in finished and arm in ready
        for call_id, arm, role in columns(calls, "id", "arm", "role")
    ]
    if all(keep):
        return calls
    return Packed.of(Call, itertools.compress(calls, keep))


def _arms_at_work(job: Job) -> dict[str, Arm]:
    """Return the arms that run, under the suite's load, judges and simulated users, by name."""
    arms: dict[str, Arm] = {}
    for arm in job.suite.arms:
        if arm.name in job.arms.ready:
            arms[arm.name] = loaded(arm, job.suite.load)
    for helper in job.suite.helpers:
        arms[helper.name] = helper
    return arms


async def _sent(job: Job, work: _Work) -> None:
    """Send the session's calls, watched by whoever measures or shows something meanwhile."""
    async with (
        job.show(work.runner.progress),
        collector_at_rest(),
        work.lag.running(job.clock),
        _signals(work.runner),
    ):
        with metered(job.pricing.metered, work.energies.append):
            segments = WholePlan() if job.segments is None else job.segments(work.session.run_id)
            await segments.run(work.runs, work.remaining, work.writer)


def _end(store: ResultsStore, work: _Work, why: str, lag: Mapping[str, float]) -> None:
    """Commit what is queued and store what else is known of the session; that too where the rows
    could not be kept.
    """
    run_id, n = work.session.run_id, work.session.n
    if work.between is not None:
        work.between.close()
    try:
        work.writer.flush()
    finally:
        work.writer.close()
        store.save_derived(run_id, "rate_limits", str(n), history_rows(work.runner.gates, n))
        save_notes(store, run_id, n, work.runner.progress.notes)
        save_worst(store, run_id, n, work.budget)
        energies = dict(zip(["energy"], work.energies, strict=False))
        store.save_derived(run_id, "energy", str(n), energies)
        if rows := work.arms.node_rows():
            store.save_derived(run_id, "nodes", str(n), rows)
        store.end_session(run_id, n, why, lag)


@contextlib.asynccontextmanager
async def _signals(runner: Runner) -> AsyncIterator[None]:
    """Stop at Ctrl-C or SIGTERM: the first lets calls in flight end, the second cancels them."""
    loop = asyncio.get_running_loop()
    asked = 0

    def stop(name: str) -> None:
        nonlocal asked
        asked += 1
        runner.stop(f"stopped by {name}")
        if asked == 1:
            text = "stopping: calls in flight may end; press Ctrl-C again to cancel them"
            runner.progress.notes.append(Note(NoteKind.STOPPING, text))

    wanted = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    handled: list[signal.Signals] = []
    for number, name in wanted.items():
        # Not in the main thread, or not on this system: no handlers.
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, stop, name)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
