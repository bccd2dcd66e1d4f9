"""The loop: order, retries, budget, stopping, turns; on scripted providers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import (
    Auth,
    ConnectTimeout,
    MalformedStream,
    Network,
    ProviderError,
    RateLimited,
    StoreError,
    UnknownShape,
)
from claimbench.limits.budget import (
    MAX_AHEAD_OF_LIMITED,
    MAX_ITEMS_AHEAD,
    Budget,
    Overrun,
    Pace,
    backoff_s,
)
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.progress import Open, Progress
from claimbench.types import (
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    CallRecord,
    ErrorPolicy,
    Message,
    Outcome,
    Request,
    SamplingParams,
)
from claimbench_providers.scripted.provider import ScriptedArm, ScriptedEngine, ScriptedProvider


class ListWriter:
    """A writer that keeps rows in lists, in the order of commit."""

    def __init__(self, fail_after: int | None = None) -> None:
        self.rows: list[tuple[str, Any]] = []
        self._fail_after = fail_after

    def _append(self, kind: str, row: Any) -> Future[None]:
        future: Future[None] = Future()
        if self._fail_after is not None and len(self.rows) >= self._fail_after:
            future.set_exception(StoreError("the disk is full"))
        else:
            self.rows.append((kind, row))
            future.set_result(None)
        return future

    def intent(self, intent: Any) -> Future[None]:
        return self._append("intent", intent)

    def keep(self, row: Attempt | CallRecord, on_fault: Callable[[StoreError], None]) -> None:
        error = self._append("attempt" if isinstance(row, Attempt) else "record", row).exception()
        if isinstance(error, StoreError):
            on_fault(error)

    def of(self, kind: str) -> list[Any]:
        return [row for name, row in self.rows if name == kind]


def make_calls(arms: list[str], n: int) -> list[Call]:
    return [
        Call("run", f"{arm}-{i}", "task", f"s{i}", 0, arm, seed=1, position=i * len(arms) + j)
        for i in range(n)
        for j, arm in enumerate(arms)
    ]


def request_of(call: Call) -> Request:
    return Request(
        call.id, (Message("user", f"say {call.sample_id}"),), SamplingParams(), 8, timeout_s=5
    )


FREE = Money(reserve=lambda _arm, _request: Decimal(0), cost=lambda _arm, _attempt: Decimal(0))


def make_runner(providers: dict[str, Any], writer: ListWriter, **over: Any) -> Runner:
    arms = {name: Arm(name, "x", "m", concurrency=over.pop(f"c_{name}", 1)) for name in providers}
    settings: dict[str, Any] = {
        "budget": Budget(BudgetSpec()),
        "money": FREE,
        "policy": ErrorPolicy(max_retries=2, backoff_s=0.5),
        "session": 1,
        "attempts_before": {},
        "seed": 1,
    } | over
    budget, money, policy = (settings.pop(key) for key in ("budget", "money", "policy"))
    return Runner(
        RunnerSetup(
            arms=arms,
            providers={
                name: as_provider(made, None, FakeClock()) for name, made in providers.items()
            },
            request=request_of,
            writer=writer,
            clock=FakeClock(),
            budget=budget,
            money=money,
            policy=policy,
            **settings,
        )
    )


async def run(
    providers: dict[str, Any], n: int, **over: Any
) -> tuple[ListWriter, Progress, Runner]:
    writer = over.pop("writer", None) or ListWriter()
    runner = make_runner(providers, writer, **over)
    progress = await runner.run(make_calls(list(providers), n))
    return writer, progress, runner


async def test_every_call_leaves_one_record_after_its_intent_and_attempt() -> None:
    writer, progress, _ = await run({"a": ScriptedProvider(), "b": ScriptedProvider()}, 30)
    assert progress.done == 60
    for arm in "ab":
        for i in range(30):
            kinds = [kind for kind, row in writer.rows if _id(row) == f"{arm}-{i}"]
            assert kinds == ["intent", "attempt", "record"]


def _id(row: Any) -> str:
    return row.call.id if isinstance(row, CallRecord) else row.call_id


async def test_a_fault_is_retried_as_an_attempt_of_its_own_and_never_becomes_an_answer() -> None:
    script = ScriptedArm(
        fault=lambda _r, number: Network("reset", billable="no") if number < 3 else None
    )
    writer, _, _ = await run({"a": ScriptedProvider(script)}, 4)
    assert [r.outcome for r in writer.of("record")] == [Outcome.OK] * 4
    assert [a.number for a in writer.of("attempt")] == [1, 2, 3] * 4
    assert {a.outcome for a in writer.of("attempt") if a.number < 3} == {Outcome.NETWORK}


async def test_a_call_that_fails_every_try_is_missing_not_wrong() -> None:
    script = ScriptedArm(
        fault=lambda r, _n: ConnectTimeout("no route") if r.call_id == "a-1" else None
    )
    writer, progress, _ = await run({"a": ScriptedProvider(script)}, 3)
    outcomes = {r.call.id: r.outcome for r in writer.of("record")}
    assert outcomes["a-1"] is Outcome.CONNECT_TIMEOUT
    assert outcomes["a-1"].missing
    assert progress.arms["a"].errors == 1


async def test_an_answer_that_nobody_can_read_is_not_paid_twice() -> None:
    odd = ScriptedProvider(
        ScriptedArm(fault=lambda r, _n: UnknownShape("blocks") if r.call_id == "a-1" else None)
    )
    writer, _, _ = await run({"a": odd}, 3)
    outcomes = {r.call.id: r.outcome for r in writer.of("record")}
    assert outcomes["a-1"] is Outcome.MALFORMED_STREAM
    assert [a.number for a in writer.of("attempt")] == [1, 1, 1]


async def test_another_fault_of_a_stream_is_asked_again() -> None:
    torn = ScriptedProvider(
        ScriptedArm(fault=lambda _r, number: MalformedStream("torn") if number == 1 else None)
    )
    writer, _, _ = await run({"a": torn}, 2)
    assert [a.number for a in writer.of("attempt")] == [1, 2, 1, 2]


async def test_a_bug_in_a_provider_is_an_outcome_and_the_run_goes_on() -> None:
    script = ScriptedArm(
        fault=lambda r, n: ZeroDivisionError("oops") if r.call_id == "a-0" and n == 1 else None
    )
    writer, _, _ = await run({"a": ScriptedProvider(script)}, 2)
    first = writer.of("attempt")[0]
    assert first.outcome is Outcome.SERVER_FAULT
    assert "ZeroDivisionError: oops" in first.error
    assert [r.outcome for r in writer.of("record")] == [Outcome.OK, Outcome.OK]


async def test_a_refused_key_stops_the_arm_and_not_the_others() -> None:
    bad = ScriptedProvider(ScriptedArm(fault=lambda _r, _n: Auth("bad key", billable="no")))
    _, progress, _ = await run({"bad": bad, "good": ScriptedProvider()}, 40)
    assert len(bad.script.sent) == 1
    assert progress.arms["good"].done == 40
    assert "auth" in (progress.arms["bad"].stopped or "")


async def test_an_endpoint_that_never_answers_is_given_up_early() -> None:
    dead = ScriptedProvider(ScriptedArm(fault=lambda _r, _n: Network("refused", billable="no")))
    _, progress, _ = await run({"dead": dead}, 50)
    assert progress.arms["dead"].stopped is not None
    assert len(dead.script.sent) == 3 * 3  # three calls, three tries each


async def test_an_endpoint_that_has_answered_gets_more_patience() -> None:
    flaky = ScriptedProvider(
        ScriptedArm(fault=lambda r, _n: None if r.call_id == "f-0" else Network("refused"))
    )
    _, progress, _ = await run(
        {"f": flaky}, 50, policy=ErrorPolicy(max_retries=0, stop_arm_after=10)
    )
    assert progress.arms["f"].stopped is not None
    assert len(flaky.script.sent) == 11


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (ScriptedArm(answer=lambda _r: ""), Outcome.EMPTY),
        (ScriptedArm(finish_reason="length"), Outcome.TRUNCATED),
        (ScriptedArm(finish_reason="content_filter"), Outcome.REFUSED),
        (ScriptedArm(finish_reason=None), Outcome.INCOMPLETE_STREAM),
    ],
)
async def test_what_the_model_did_is_its_outcome(script: ScriptedArm, outcome: Outcome) -> None:
    writer, _, _ = await run({"a": ScriptedProvider(script)}, 1, policy=ErrorPolicy(max_retries=0))
    assert writer.of("record")[0].outcome is outcome


async def test_another_model_than_asked_for_stops_the_arm() -> None:
    other = ScriptedProvider(ScriptedArm(model_returned="something-else-7b"))
    writer, progress, _ = await run({"a": other}, 10)
    assert writer.of("record")[0].outcome is Outcome.BAD_REQUEST
    assert "'m'" in writer.of("attempt")[0].error
    assert "something-else-7b" in writer.of("attempt")[0].error
    assert len(other.script.sent) == 1
    assert progress.arms["a"].stopped is not None


@pytest.mark.parametrize("returned", ["m", "m-2026-05-01", "lab/m", "models/m"])
async def test_a_dated_or_prefixed_id_of_the_same_model_is_the_same_model(returned: str) -> None:
    _, progress, _ = await run({"a": ScriptedProvider(ScriptedArm(model_returned=returned))}, 2)
    assert progress.arms["a"].stopped is None


async def test_in_process_arms_of_one_device_take_turns() -> None:
    device, clock = Device("cpu"), FakeClock()
    engine = ScriptedEngine()
    arms = {name: WorkerProvider(engine, device, clock) for name in ("a", "b")}
    writer, progress, _ = await run(arms, 20)
    device.close()
    assert progress.done == 40
    assert engine.most_running == 1
    order = [row.call_id[0] for row in writer.of("attempt")]
    assert order.count("a") == order.count("b") == 20
    assert "aaa" not in "".join(order)
    assert "bbb" not in "".join(order)


async def test_no_arm_runs_far_ahead_of_the_slowest() -> None:
    ahead = 0
    fast, slow = ScriptedProvider(), ScriptedProvider(ScriptedArm(ttft_s=0.002))

    class Watch(ListWriter):
        def keep(self, row: Attempt | CallRecord, on_fault: Callable[[StoreError], None]) -> None:
            nonlocal ahead
            super().keep(row, on_fault)
            done = [r.call.arm for r in self.of("record")]
            ahead = max(ahead, done.count("fast") - done.count("slow"))

    await run({"fast": fast, "slow": slow}, 80, writer=Watch())
    assert 10 < ahead <= 26


async def test_pace_knows_nothing_of_an_arm_without_calls() -> None:
    pace = Pace({"judge": 2}, ahead=1)
    await pace.gave_up("an arm that stopped before its answers were judged")
    await pace.wait("judge", 0)
    await pace.wait("judge", 1)


async def test_pace_does_not_wait_for_an_arm_that_gave_up() -> None:
    pace = Pace({"a": 100, "b": 100}, ahead=5)
    waiting = asyncio.ensure_future(pace.wait("a", 50))
    await asyncio.sleep(0)
    assert not waiting.done()
    await pace.gave_up("b")
    await asyncio.wait_for(waiting, 1)


async def test_a_rival_of_a_limited_arm_runs_ahead_by_a_bounded_amount() -> None:
    limited = False
    pace = Pace({"a": 300, "b": 300}, limited=lambda arm: arm == "b" and limited)
    started = 0

    async def lane() -> None:
        nonlocal started
        while started < 300:
            await pace.wait("a", started)
            started += 1

    going = asyncio.ensure_future(lane())
    await asyncio.sleep(0)
    assert (started, pace.held, pace.ran_ahead) == (MAX_ITEMS_AHEAD, {"a": "b"}, {})
    limited = True
    pace.wake()
    await asyncio.sleep(0.01)
    assert started == MAX_AHEAD_OF_LIMITED
    assert pace.ran_ahead == {"a": ("b", MAX_AHEAD_OF_LIMITED)}
    limited = False
    await pace.wait("b", 0)
    await asyncio.sleep(0.01)
    assert started == MAX_AHEAD_OF_LIMITED
    going.cancel()


async def test_an_arms_own_calls_in_flight_never_hold_it_back() -> None:
    most = running = 0

    class Crowded(ScriptedProvider):
        async def stream(self, request: Request) -> Any:
            nonlocal most, running
            running += 1
            most = max(most, running)
            async for event in super().stream(request):
                yield event
            running -= 1

    await run({"a": Crowded(ScriptedArm(ttft_s=0.01))}, 200, c_a=100)
    assert most == 100


async def test_the_budget_is_reserved_before_sending_and_never_exceeded() -> None:
    money = Money(reserve=lambda _a, _r: Decimal("0.10"), cost=lambda _a, _t: Decimal("0.07"))
    budget = Budget(BudgetSpec(max_cost_usd=Decimal("1.00")))
    provider = ScriptedProvider()
    _, progress, _ = await run({"a": provider}, 50, budget=budget, money=money, c_a=4)
    assert budget.spent_usd <= Decimal("1.00")
    assert len(provider.script.sent) == 13  # 13 x 0.07 = 0.91; a 14th could have cost 0.10 more
    assert "budget" in (progress.arms["a"].stopped or "")


async def test_a_provider_that_bills_more_than_was_reserved_is_noted() -> None:
    money = Money(reserve=lambda _a, _r: Decimal("0.10"), cost=lambda _a, _t: Decimal("0.15"))
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(10)))
    await run({"a": ScriptedProvider()}, 2, budget=budget, money=money)
    # the second is reserved as the first was billed, and is no surprise
    assert budget.overruns == [Overrun("a", Decimal("0.10"), Decimal("0.15"))]
    assert budget.worst == {"a": Decimal("1.5")}


async def test_an_arm_whose_price_is_unknown_now_stops_before_it_sends() -> None:
    provider = ScriptedProvider()
    money = Money(lambda _a, _r: None, lambda _a, _t: None, why_open=lambda _a: "no rate today")
    _, progress, _ = await run({"a": provider}, 5, money=money)
    assert provider.script.sent == []
    assert "no rate today" in (progress.arms["a"].stopped or "")


async def test_a_price_that_ends_within_a_run_stops_the_arm_and_no_other() -> None:
    left = {"a": 3, "b": 99}

    def reserve(arm: Arm, _request: Request) -> Decimal | None:
        left[arm.name] -= 1
        return None if left[arm.name] < 0 else Decimal("0.1")

    money = Money(reserve, lambda _a, _t: Decimal("0.1"), why_open=lambda _a: "the rate is stale")
    one, other = ScriptedProvider(), ScriptedProvider()
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(10)))
    _, progress, _ = await run({"a": one, "b": other}, 5, budget=budget, money=money)
    assert len(one.script.sent) == 3
    assert len(other.script.sent) == 5
    assert "the rate is stale" in (progress.arms["a"].stopped or "")
    assert progress.arms["b"].stopped is None


async def test_where_unknown_cost_is_allowed_a_spent_limit_still_stops_the_arm() -> None:
    money = Money(lambda _a, _r: None, lambda _a, _t: Decimal("0.4"))
    provider = ScriptedProvider()
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(1)))
    _, progress, _ = await run({"a": provider}, 9, budget=budget, money=money)
    assert len(provider.script.sent) == 3
    assert "spent" in (progress.arms["a"].stopped or "")


async def test_an_unknown_bill_counts_as_its_reservation() -> None:
    money = Money(reserve=lambda _a, _r: Decimal("0.10"), cost=lambda _a, _t: None)
    budget = Budget(BudgetSpec(max_cost_usd=Decimal(1)))
    _, progress, _ = await run({"a": ScriptedProvider()}, 3, budget=budget, money=money)
    assert budget.spent_usd == Decimal("0.30")
    assert progress.arms["a"].open == Open(3, Decimal("0.30"))


async def test_stopping_lets_calls_in_flight_end_and_starts_nothing_more() -> None:
    provider = ScriptedProvider(ScriptedArm(ttft_s=0.01))
    writer = ListWriter()
    runner = make_runner({"a": provider}, writer, c_a=3)
    task = asyncio.ensure_future(runner.run(make_calls(["a"], 100)))
    await asyncio.sleep(0.03)
    runner.stop("stopped by a test")
    progress = await task
    assert progress.ended == "stopped by a test"
    assert len(writer.of("record")) == len(writer.of("intent")) < 100


async def test_stopping_twice_cancels_what_is_in_flight() -> None:
    provider = ScriptedProvider(ScriptedArm(ttft_s=30))
    writer = ListWriter()
    runner = make_runner({"a": provider}, writer)
    task = asyncio.ensure_future(runner.run(make_calls(["a"], 3)))
    await asyncio.sleep(0.02)
    runner.stop("once")
    runner.stop("twice")
    await asyncio.wait_for(task, 2)
    assert len(writer.of("intent")) == 1
    assert [a.outcome for a in writer.of("attempt")] == [Outcome.CANCELLED]
    assert writer.of("record") == []


async def test_a_store_that_fails_ends_the_run_with_its_error() -> None:
    provider = ScriptedProvider()
    with pytest.raises(StoreError, match="disk is full"):
        await run({"a": provider}, 50, writer=ListWriter(fail_after=20))
    assert len(provider.script.sent) < 10


def test_retry_after_is_honoured_whole() -> None:
    import random

    policy = ErrorPolicy(backoff_s=1, backoff_max_s=4)
    assert backoff_s(policy, 1, 37.5, random.Random(1)) == 37.5
    for failed, ceiling in ((1, 1), (2, 2), (3, 4), (9, 4)):
        pauses = [backoff_s(policy, failed, None, random.Random(seed)) for seed in range(50)]
        assert ceiling / 2 <= min(pauses) <= max(pauses) <= ceiling


async def test_a_rate_limited_call_waits_as_long_as_it_is_told() -> None:
    clock_before = FakeClock().monotonic_ns()
    script = ScriptedArm(
        fault=lambda _r, n: (
            RateLimited("slow down", retry_after_s=20, billable="no") if n == 1 else None
        )
    )
    writer = ListWriter()
    runner = make_runner({"a": ScriptedProvider(script)}, writer)
    await runner.run(make_calls(["a"], 1))
    first, second = writer.of("attempt")
    assert second.timing.sent_ns - first.timing.ended_ns >= 20e9
    assert first.timing.sent_ns >= clock_before
    assert isinstance(RateLimited("x"), ProviderError)
