"""One session of work on a run: make or resume it, start the arms, run the loop, end cleanly.

What a run is stands in its manifest before the first request leaves; the manifest never changes afterwards. A later
session may only go on with exactly what the manifest says.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from claimbench import provenance
from claimbench.clock import Clock
from claimbench.errors import BenchError, IntegrityError, ModelError, ProviderError
from claimbench.lag import LagMeter
from claimbench.limits import Budget
from claimbench.plan import Plan, make_plan
from claimbench.prompts import build_request
from claimbench.provider import Provider, ProviderContext, ProviderFactory
from claimbench.runner import Money, Progress, Runner
from claimbench.store import Intent, ResultsStore, RunWriter
from claimbench.suite import suite_to_json
from claimbench.types import Arm, ArmFacts, Call, Json, Manifest, Request, Suite
from claimbench.worker import Device, as_provider

CLOCK_JUMP_S = 5.0
"""Wall and monotonic time may drift apart by this much within a session before it is said."""

Show = Callable[[Progress], contextlib.AbstractAsyncContextManager[None]]


class Segments(Protocol):
    """Cuts a plan at looks and says after each whether to go on."""

    async def run(self, runner: Runner, remaining: Sequence[Call], store: ResultsStore, writer: RunWriter) -> None:
        """Run ``remaining`` part by part until decided or done."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for on the command line.

    ``arms``: names, empty = all. ``max_cost_usd`` replaces the suite's limit. ``until_decided`` turns on looks.
    """

    results: Path
    arms: tuple[str, ...] = ()
    limit: int | None = None
    max_cost_usd: Decimal | None = None
    allow_unknown_cost: bool = False
    until_decided: bool = False
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pricing:
    """The frozen price book of a run (text and hash), and what the loop asks of it.

    ``unpriced``: arms that could cost dollars nobody can bound, with the reason.
    """

    book: str
    sha256: str
    money: Money
    unpriced: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a session left. ``why`` is None if the plan was finished; ``sent_again`` were in flight at a crash."""

    run_id: str
    why: str | None
    progress: Progress
    sent_again: tuple[Intent, ...]
    resumed: bool


@dataclass(slots=True)
class Arms:
    """The arms of a run: those that work here, and why the others do not."""

    ready: dict[str, Provider]
    facts: dict[str, ArmFacts]
    not_run: dict[str, str]
    devices: dict[str, Device]

    async def close(self) -> None:
        """Free models and connections, whatever happened."""
        for provider in self.ready.values():
            with contextlib.suppress(ProviderError, BenchError):
                await provider.close()
        for device in self.devices.values():
            device.close()


def make_arms(
    suite: Suite,
    wanted: Sequence[str],
    factories: Mapping[str, ProviderFactory],
    context: ProviderContext,
) -> Arms:
    """Make providers for ``wanted`` (names; empty = all); an arm that lacks a key is noted, not an error.

    Raises:
        BenchError: an arm that the suite does not have.
    """
    from difflib import get_close_matches

    names = [arm.name for arm in suite.arms]
    for name in wanted:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the suite has: {', '.join(names)}"
            raise BenchError(f"--arm {name}: the suite {suite.name!r} has no such arm", hint=hint)
    arms = Arms({}, {}, {}, {})
    for arm in suite.arms:
        if wanted and arm.name not in wanted:
            arms.not_run[arm.name] = "not asked for (--arm)"
            continue
        if arm.device is not None and arm.device not in arms.devices:
            arms.devices[arm.device] = Device(arm.device)
        device = arms.devices.get(arm.device) if arm.device is not None else None
        provider = as_provider(factories[arm.provider](arm, context), device, context.clock)
        missing = provider.missing()
        if missing is not None:
            arms.not_run[arm.name] = missing
        else:
            arms.ready[arm.name] = provider
    return arms


async def _start(arms: Arms) -> None:
    for name, provider in arms.ready.items():
        try:
            arms.facts[name] = await provider.start()
        except ModelError as error:
            raise ModelError(f"arm {name}: {error.message}", hint=error.hint) from error


def _none_ready(arms: Arms) -> BenchError:
    reasons = "; ".join(f"{name}: {why}" for name, why in arms.not_run.items())
    return BenchError(f"no arm can run here: {reasons}", hint="set a key, pull a model, or choose arms with --arm")


def _manifest(
    suite: Suite, order: Order, plan: Plan, arms: Arms, pricing: Pricing, run_id: str, clock: Clock
) -> Manifest:
    facts: dict[str, Json] = {
        name: {
            "model_returned": fact.model_returned,
            "model_sha256": fact.model_sha256,
            "load_seconds": fact.load_seconds,
            "details": {**fact.details, "answer_constraint": _constraint(suite, name, arms.ready[name])},
        }
        for name, fact in arms.facts.items()
    }
    return Manifest(
        run_id=run_id,
        schema=1,
        created_utc=clock.utc().isoformat(),
        tool_version=provenance.tool_version(),
        suite_name=suite.name,
        suite_version=suite.version,
        suite_path=suite.path,
        file_sha256=suite.file_sha256,
        measured_sha256=suite.measured_sha256,
        plan_sha256=plan.sha256,
        price_book_sha256=pricing.sha256,
        suite=suite_to_json(suite),
        arms_run=tuple(arms.ready),
        arms_not_run=dict(arms.not_run),
        arm_facts=facts,
        limit=order.limit,
        claims=tuple({"id": claim.id, "text": claim.text, "raw": dict(claim.raw)} for claim in suite.claims),
        git=provenance.git_state(Path(suite.path).parent),
        packages=provenance.package_versions(),
        host=provenance.host_facts(),
        seed=suite.order_seed,
        options={**order.options, "price_book": pricing.book, "samples": plan.samples},
    )


def _constraint(suite: Suite, arm_name: str, provider: Provider) -> str:
    """How the arm's provider enforces the tasks' answer spaces: one word, or one per task where they differ."""
    arm = next(arm for arm in suite.arms if arm.name == arm_name)
    kinds = {}
    for task in suite.tasks:
        call = Call("", "", task.name, task.samples[0].id, 0, arm_name, 0, 0)
        kinds[task.name] = provider.constraint(build_request(suite, task, task.samples[0], arm, call))
    if len(set(kinds.values())) == 1:
        return str(next(iter(kinds.values())))
    return ", ".join(f"{task}: {kind}" for task, kind in kinds.items())


def check_resumable(manifest: Manifest, suite: Suite, arms: Arms) -> None:
    """Refuse to go on with anything that is not what the manifest says, naming the difference.

    Raises:
        IntegrityError: the measured suite, an arm's settings or a model file has changed.
    """
    frozen = {arm["name"]: arm for arm in manifest.suite["arms"]}
    hint = "start a new run, or go back to what the run was started with"
    if suite.measured_sha256 != manifest.measured_sha256:
        old, new = manifest.measured_sha256[:12], suite.measured_sha256[:12]
        what = f"the measured suite (data, prompts, scorers or sampling) has changed: {old} -> {new}"
        raise IntegrityError(f"run {manifest.run_id} cannot be resumed: {what}", hint=hint)
    for arm in suite_to_json(suite)["arms"]:
        before = frozen.get(arm["name"])
        if arm["name"] not in manifest.arms_run or before is None:
            continue
        for key in (*_frozen_keys(before, arm),):
            raise IntegrityError(
                f"run {manifest.run_id} cannot be resumed: arm {arm['name']}: {key} has changed: "
                f"{before.get(key)!r} -> {arm.get(key)!r}",
                hint=hint,
            )
    for name, fact in arms.facts.items():
        stored = manifest.arm_facts.get(name) or {}
        if stored.get("model_sha256") != fact.model_sha256:
            raise IntegrityError(
                f"run {manifest.run_id} cannot be resumed: arm {name}: the model file has changed: "
                f"{str(stored.get('model_sha256'))[:12]} -> {str(fact.model_sha256)[:12]}",
                hint=hint,
            )


def _frozen_keys(before: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[str]:
    for key in sorted({*before, *now} - {"concurrency", "cost_model", "api_key_env"}):
        if before.get(key) != now.get(key):
            yield key


def _spent(store: ResultsStore, run_id: str, arms: Mapping[str, Arm], money: Money) -> dict[str, Decimal]:
    """Dollars gone in earlier sessions: attempts at their cost or reservation, in-flight intents at theirs."""
    owner = {call.id: call.arm for call in store.calls(run_id)}
    spent: dict[str, Decimal] = {}

    def add(arm: str, amount: Decimal | None) -> None:
        if amount is not None:
            spent[arm] = spent.get(arm, Decimal(0)) + amount

    for attempt in store.attempts(run_id):
        arm = owner[attempt.call_id]
        if arm not in arms or not money.bills(arms[arm]):
            continue
        cost = money.cost(arms[arm], attempt)
        add(arm, cost if cost is not None else attempt.reserved_usd)
    for intent in store.unfinished_intents(run_id):
        add(owner[intent.call_id], intent.reserved_usd)
    return spent


async def execute(
    suite: Suite,
    order: Order,
    arms: Arms,
    pricing: Pricing,
    store: ResultsStore,
    clock: Clock,
    show: Show,
    *,
    resume: str | None = None,
    segments: Segments | None = None,
) -> Ended:
    """Run ``suite``, or go on with run ``resume``, to its end or until stopped.

    ``segments`` cuts the plan at looks and decides whether to go on (stopping when decided).

    Raises:
        BenchError: nothing can run, an unknown price without permission, a changed suite, or a store that fails.
    """
    if not arms.ready:
        raise _none_ready(arms)
    unpriced = {name: why for name, why in pricing.unpriced.items() if name in arms.ready}
    if unpriced and not order.allow_unknown_cost:
        listed = "; ".join(f"{name}: {why}" for name, why in unpriced.items())
        raise BenchError(
            f"what a run would cost is unknown: {listed}",
            hint="give the arm a price in the suite (cost: price:), or run with --allow-unknown-cost",
        )
    try:
        await _start(arms)
        run_id = resume if resume is not None else provenance.new_run_id()
        if resume is not None:
            check_resumable(store.manifest(run_id), suite, arms)
        plan = make_plan(suite, run_id, list(arms.ready), order.limit)
        with _claimed(
            store, run_id, None if resume else _manifest(suite, order, plan, arms, pricing, run_id, clock), plan
        ):
            return await _work(suite, order, arms, pricing, store, clock, show, run_id, segments, resume is not None)
    finally:
        await arms.close()


@contextlib.contextmanager
def _claimed(store: ResultsStore, run_id: str, manifest: Manifest | None, plan: Plan) -> Iterator[None]:
    with store.lock_run(run_id):
        if manifest is not None:
            store.create_run(manifest, plan.calls)
        yield


async def _work(
    suite: Suite,
    order: Order,
    arms: Arms,
    pricing: Pricing,
    store: ResultsStore,
    clock: Clock,
    show: Show,
    run_id: str,
    segments: Segments | None,
    resumed: bool,
) -> Ended:
    finished = store.finished(run_id)
    again = tuple(store.unfinished_intents(run_id))
    by_name = {arm.name: arm for arm in suite.arms if arm.name in arms.ready}
    limit = order.max_cost_usd if order.max_cost_usd is not None else suite.budget.max_cost_usd
    budget = Budget(replace(suite.budget, max_cost_usd=limit), _spent(store, run_id, by_name, pricing.money))
    before: dict[str, int] = {}
    for attempt in store.attempts(run_id):
        before[attempt.call_id] = max(before.get(attempt.call_id, 0), attempt.number)
    for intent in again:
        before[intent.call_id] = max(before.get(intent.call_id, 0), intent.attempt_number)
    session = store.start_session(run_id, clock=clock, host=provenance.session_facts())
    remaining = [call for call in store.calls(run_id) if call.id not in finished and call.arm in arms.ready]
    writer = store.writer(run_id)
    runner = Runner(
        by_name,
        arms.ready,
        _requests(suite),
        writer,
        clock,
        budget,
        pricing.money,
        suite.errors,
        session=session.n,
        attempts_before=before,
        seed=suite.order_seed + session.n,
    )
    lag = LagMeter()
    started_utc, started_ns = clock.utc(), clock.monotonic_ns()
    why: str | None = "stopped by an error"
    try:
        async with show(runner.progress), lag.running(clock), _signals(runner):
            if segments is None:
                await runner.run(remaining)
            else:
                await segments.run(runner, remaining, store, writer)
        why = runner.progress.ended or _stopped_arms(runner.progress)
    finally:
        _note_clock_jump(runner.progress, clock, started_utc.timestamp(), started_ns)
        for arm, reserved, cost in budget.overruns:
            runner.progress.notes.append(f"{arm} billed ${cost} where at most ${reserved} was reserved")
        try:
            writer.flush()
        finally:
            writer.close()
            store.end_session(run_id, session.n, why or "finished", lag.summary())
    return Ended(run_id, why, runner.progress, again, resumed)


def _requests(suite: Suite) -> Callable[[Call], Request]:
    tasks = {task.name: task for task in suite.tasks}
    samples = {(task.name, sample.id): sample for task in suite.tasks for sample in task.samples}
    arms = {arm.name: arm for arm in suite.arms}

    def request(call: Call) -> Request:
        return build_request(suite, tasks[call.task], samples[call.task, call.sample_id], arms[call.arm], call)

    return request


def _stopped_arms(progress: Progress) -> str | None:
    stopped = [f"{name}: {arm.stopped}" for name, arm in progress.arms.items() if arm.stopped is not None]
    faults = [f"{name}: {arm.errors} calls failed" for name, arm in progress.arms.items() if arm.errors]
    return "; ".join(stopped or faults) or None


def _note_clock_jump(progress: Progress, clock: Clock, started_utc: float, started_ns: int) -> None:
    wall, steady = clock.utc().timestamp() - started_utc, (clock.monotonic_ns() - started_ns) / 1e9
    if abs(wall - steady) > CLOCK_JUMP_S:
        progress.notes.append(
            f"the system clock jumped by {wall - steady:+.0f} s during the session; durations are not affected, "
            "but times of day and prices by date may be"
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
            runner.progress.notes.append("stopping: calls in flight may end; press Ctrl-C again to cancel them")

    wanted = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    handled: list[signal.Signals] = []
    for number, name in wanted.items():
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in this thread: no handlers
            loop.add_signal_handler(number, stop, name)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
