"""Use of rate-limited servers, in simulated time: how much of the allowed rate is used, and how
much is refused.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import ProviderError, RateLimited
from claimbench.limits.budget import Budget
from claimbench.limits.headers import nothing_left_for_s, reset_s
from claimbench.limits.key_gate import history_rows
from claimbench.limits.pacing import Pacer
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.progress import Progress
from claimbench.testing.simulated import LoopClock, run_simulated
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
    Message,
    Outcome,
    RateLimits,
    Request,
    SamplingParams,
    Usage,
)
from claimbench_providers.scripted.provider import ScriptedArm, ScriptedProvider


class Rows:
    """A writer that keeps rows."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def intent(self, row: Any) -> Future[None]:
        self.rows.append(row)
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def keep(self, row: Any, on_fault: Any) -> None:
        del on_fault
        self.rows.append(row)


@dataclass
class Bucket:
    """A server's limit per minute that refills evenly; ``capacity``: units that may be used at
    once.
    """

    per_minute: float
    capacity: float
    retry_after: bool = True
    level: float = field(init=False)
    at_s: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    def take(self, units: float, now_s: float) -> ProviderError | None:
        self.level = min(self.capacity, self.level + (now_s - self.at_s) * self.per_minute / 60)
        self.at_s = now_s
        if self.level >= units:
            self.level -= units
            return None
        wait = (units - self.level) * 60 / self.per_minute
        return RateLimited(
            "slow down",
            retry_after_s=wait if self.retry_after else None,
            http_status=429,
            billable="no",
        )


@dataclass
class Window:
    """A server's limit per fixed minute."""

    per_minute: float
    retry_after: bool = True
    used: float = 0.0
    minute: int = 0

    def take(self, units: float, now_s: float) -> ProviderError | None:
        minute = int(now_s // 60)
        if minute != self.minute:
            self.minute, self.used = minute, 0.0
        if self.used + units <= self.per_minute:
            self.used += units
            return None
        wait = 60 * (minute + 1) - now_s if self.retry_after else None
        return RateLimited("slow down", retry_after_s=wait, http_status=429, billable="no")


@dataclass
class Random:
    """A server that refuses a share of the requests, however slowly they come."""

    share: float
    retry_after_s: float | None
    draw: random.Random = field(default_factory=lambda: random.Random(1))

    def take(self, _units: float, _now_s: float) -> ProviderError | None:
        if self.draw.random() >= self.share:
            return None
        return RateLimited(
            "slow down", retry_after_s=self.retry_after_s, http_status=429, billable="no"
        )


@dataclass
class FirstRefused:
    """A server that refuses the first attempt of every request and takes the second."""

    retry_after_s: float
    met: set[str] = field(default_factory=set)
    seen: list[tuple[float, bool]] = field(default_factory=list)
    tokens: int | None = None

    def fault(self, request: Request, _number: int) -> ProviderError | None:
        refused = request.call_id not in self.met
        self.met.add(request.call_id)
        self.seen.append((asyncio.get_running_loop().time(), refused))
        if not refused:
            return None
        return RateLimited("slow down", retry_after_s=self.retry_after_s, billable="no")


@dataclass
class Server:
    """What a limited endpoint saw: (seconds, refused) per request."""

    limit: Any
    tokens: int | None = None
    seen: list[tuple[float, bool]] = field(default_factory=list)

    def fault(self, request: Request, _number: int) -> ProviderError | None:
        now_s = asyncio.get_running_loop().time()
        error: ProviderError | None = self.limit.take(self.tokens or 1, now_s)
        self.seen.append((now_s, error is not None))
        return error

    def after(self, start_s: float) -> tuple[int, int]:
        """Requests that were answered and refused from ``start_s`` on."""
        refused = [bad for at, bad in self.seen if at >= start_s]
        return len(refused) - sum(refused), sum(refused)


def measure(
    server: Server | FirstRefused, seconds: float, concurrency: int, latency_s: float, **arm: Any
) -> tuple[Progress, Runner]:
    async def main() -> tuple[Progress, Runner]:
        usage = Usage(input_fresh=(server.tokens or 3) - 2, output_visible=2)
        script = ScriptedArm(fault=server.fault, ttft_s=latency_s, usage=lambda _r, _t: usage)
        arms = {"a": Arm("a", "x", "m", concurrency=concurrency, **arm)}
        policy = ErrorPolicy(max_retries=6, stop_arm_after=1000)
        money = Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0))
        runner = Runner(
            RunnerSetup(
                arms=arms,
                providers={"a": as_provider(ScriptedProvider(script), None, LoopClock())},
                request=request_of,
                writer=Rows(),
                clock=LoopClock(),
                budget=Budget(BudgetSpec()),
                money=money,
                policy=policy,
                session=1,
                attempts_before={},
                seed=1,
            )
        )
        asyncio.get_running_loop().call_later(seconds, runner.stop, "time is up")
        progress = await runner.run(
            [Call("run", f"c{i}", "t", f"s{i}", 0, "a", 1, i) for i in range(8_000)]
        )
        return progress, runner

    return run_simulated(main())


def request_of(call: Call) -> Request:
    return Request(call.id, (Message("user", "say"),), SamplingParams(), 8)


LIMITS = {
    "bucket of a second": lambda: Bucket(600, 10),
    "bucket of a minute": lambda: Bucket(600, 600),
    "window": lambda: Window(600),
    "bucket without Retry-After": lambda: Bucket(600, 60, retry_after=False),
    "window without Retry-After": lambda: Window(600, retry_after=False),
    "slow bucket": lambda: Bucket(30, 5),
}


@pytest.mark.parametrize("latency_s", [0.05, 2.0])
@pytest.mark.parametrize("kind", LIMITS)
def test_a_limit_that_nobody_declared_is_found_and_used(kind: str, latency_s: float) -> None:
    server = Server(LIMITS[kind]())
    measure(server, 420, 25, latency_s)
    answered, refused = server.after(60)
    allowed = server.limit.per_minute * 6
    assert answered / allowed >= 0.9, (answered, refused)
    assert refused / (answered + refused) <= 0.02, (answered, refused)


@pytest.mark.parametrize("retry_after_s", [None, 1.0])
@pytest.mark.parametrize("share", [0.005, 0.02])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_refusals_at_random_do_not_slow_a_run_to_nothing(
    seed: int, share: float, retry_after_s: float | None
) -> None:
    """Each refusal is waited for by the whole key, a second or so; apart from that, the arm's
    concurrency is used.
    """
    server = Server(Random(share, retry_after_s, random.Random(seed)))
    measure(server, 240, 8, 1.0)
    answered, refused = server.after(60)
    unpaused_s = server.seen[-1][0] - 60 - 1.0 * refused
    assert answered >= 0.8 * 8 * unpaused_s, (answered, refused)


@pytest.mark.parametrize(
    ("retry_after_s", "concurrency", "least"), [(0.0, 2, 15.0), (0.001, 8, 15.0), (1.0, 8, 0.5)]
)
def test_a_refusal_and_an_answer_per_call_reach_a_steady_pace(
    retry_after_s: float, concurrency: int, least: float
) -> None:
    """Answers a second, from the first minute on; the pause asked for is kept, and nothing more."""
    server = FirstRefused(retry_after_s)
    measure(server, 120, concurrency, 0.05)
    times = [at for at, _ in server.seen]
    assert max(b - a for a, b in itertools.pairwise(times)) <= retry_after_s + 0.5
    for start_s in (30, 60, 90):
        answered = sum(not bad for at, bad in server.seen if start_s <= at < start_s + 30)
        assert answered >= 30 * least, (start_s, answered)


@pytest.mark.parametrize(
    ("kind", "latency_s"), [("bucket of a second", 0.05), ("window", 2.0), ("slow bucket", 2.0)]
)
def test_a_declared_rpm_is_used_and_never_exceeded(kind: str, latency_s: float) -> None:
    server = Server(LIMITS[kind]())
    measure(server, 180, 32, latency_s, limits=RateLimits(rpm=server.limit.per_minute))
    answered, refused = server.after(60)
    assert answered / (server.limit.per_minute * 2) >= 0.9, (answered, refused)
    assert refused <= 0.005 * answered, (answered, refused)


@pytest.mark.parametrize("limit", [Bucket(60_000, 5_000), Window(60_000)])
def test_a_declared_tpm_is_used(limit: Any) -> None:
    server = Server(limit, tokens=120)
    measure(server, 180, 16, 0.5, limits=RateLimits(tpm=60_000))
    answered, refused = server.after(60)
    assert answered * 120 / (60_000 * 2) >= 0.9, (answered, refused)
    assert refused / (answered + refused) <= 0.02, (answered, refused)


def test_the_whole_key_waits_and_the_history_says_so() -> None:
    refuse = deque([True])

    async def main() -> tuple[list[tuple[str, float]], Runner]:
        sent: list[tuple[str, float]] = []

        def fault(request: Request, _number: int) -> ProviderError | None:
            sent.append((request.call_id, asyncio.get_running_loop().time()))
            if request.call_id == "a5" and refuse:
                refuse.pop()
                return RateLimited("slow down", retry_after_s=30, billable="no")
            return None

        script = ScriptedArm(fault=fault, ttft_s=0.2)
        same = {"provider": "x", "model": "m", "concurrency": 2, "api_key_env": "KEY"}
        arms = {name: Arm(name, **same) for name in ("a", "b")} | {
            "other": Arm("other", "y", "m", concurrency=2)
        }
        money = Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0))
        runner = Runner(
            RunnerSetup(
                arms=arms,
                providers={
                    name: as_provider(ScriptedProvider(script), None, LoopClock()) for name in arms
                },
                request=request_of,
                writer=Rows(),
                clock=LoopClock(),
                budget=Budget(BudgetSpec()),
                money=money,
                policy=ErrorPolicy(),
                session=3,
                attempts_before={},
                seed=1,
            )
        )
        calls = [
            Call("run", f"{arm}{i}", "t", f"s{i}", 0, arm, 1, i) for i in range(20) for arm in arms
        ]
        await runner.run(calls)
        return sent, runner

    sent, runner = run_simulated(main())
    refused_at = next(at for name, at in sent if name == "a5")
    within = {name for name, at in sent if refused_at < at < refused_at + 30}
    assert {name[0] for name in within} == {"o"}  # the other key goes on
    rows = history_rows(runner.gates, 3)
    first = rows[min(rows)]
    assert (first["event"], first["pause_s"], first["concurrency"], first["session"]) == (
        "refused",
        30,
        3,
        3,
    )
    assert all(arm.done == 20 for arm in runner.progress.arms.values())


def test_after_a_refusal_without_a_time_one_request_asks_at_a_time() -> None:
    server = Server(Window(60, retry_after=False))
    measure(server, 130, 30, 0.05)
    by_second: dict[int, int] = {}
    for at, bad in server.seen:
        by_second[int(at)] = by_second.get(int(at), 0) + bad
    first = min(second for second, bad in by_second.items() if bad)
    assert all(bad <= 1 for second, bad in by_second.items() if first + 1 < second < 60), by_second
    assert sum(not bad for _, bad in server.seen) >= 2 * 60


def test_ctrl_c_does_not_wait_for_a_pause() -> None:
    async def main() -> float:
        script = ScriptedArm(fault=lambda _r, _n: RateLimited("slow down", retry_after_s=600))
        money = Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0))
        runner = Runner(
            RunnerSetup(
                arms={"a": Arm("a", "x", "m", concurrency=4)},
                providers={"a": as_provider(ScriptedProvider(script), None, LoopClock())},
                request=request_of,
                writer=Rows(),
                clock=LoopClock(),
                budget=Budget(BudgetSpec()),
                money=money,
                policy=ErrorPolicy(),
                session=1,
                attempts_before={},
                seed=1,
            )
        )
        asyncio.get_running_loop().call_later(5, runner.stop, "Ctrl-C")
        await runner.run([Call("run", f"a{i}", "t", f"s{i}", 0, "a", 1, i) for i in range(20)])
        return asyncio.get_running_loop().time()

    assert run_simulated(main()) == pytest.approx(5, abs=0.1)


def test_a_daily_quota_stops_the_arm_instead_of_waiting() -> None:
    async def main() -> Progress:
        script = ScriptedArm(fault=lambda _r, _n: RateLimited("tomorrow", retry_after_s=7200))
        money = Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0))
        runner = Runner(
            RunnerSetup(
                arms={"a": Arm("a", "x", "m")},
                providers={"a": as_provider(ScriptedProvider(script), None, LoopClock())},
                request=request_of,
                writer=rows,
                clock=LoopClock(),
                budget=Budget(BudgetSpec()),
                money=money,
                policy=ErrorPolicy(),
                session=1,
                attempts_before={},
                seed=1,
            )
        )
        return await runner.run(
            [Call("run", f"a{i}", "t", f"s{i}", 0, "a", 1, i) for i in range(20)]
        )

    rows = Rows()
    progress = run_simulated(main())
    assert progress.arms["a"].stopped == "rate_limited: told to wait 7200 s"
    assert rows.rows[-1].outcome is Outcome.RATE_LIMITED


async def test_simulated_time_keeps_the_order_of_sleepers() -> None:
    async def main() -> list[int]:
        order: list[int] = []

        async def sleeper(seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(sleeper(s) for s in (300, 7, 20)))
        return order

    assert await asyncio.to_thread(lambda: run_simulated(main())) == [7, 20, 300]


def test_a_pacer_spends_evenly_and_takes_back() -> None:
    pacer = Pacer(60, margin=0)
    for _ in range(3):
        pacer.spend(1, now_ns=10**12)
    assert pacer.ready_ns() == 10**12 + 3 * 10**9
    pacer.spend(-2, now_ns=10**12)
    assert pacer.ready_ns() == 10**12 + 10**9


@pytest.mark.parametrize(
    ("headers", "in_flight", "wait"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"}, 0, 62.5),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "120ms"}, 4, 0.12),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "120ms"}, 4, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6s"}, 0, 6),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-22T05:00:30Z",
                "Date": "Sun, 22 Nov 2026 05:00:00 GMT",
            },
            0,
            30,
        ),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 0, 12),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1790000000"},
            0,
            None,
        ),  # a time in an unknown unit
        ({"x-ratelimit-remaining-requests": "none"}, 0, None),
        ({}, 0, None),
    ],
)
def test_headers_that_say_nothing_is_left(
    headers: dict[str, str], in_flight: int, wait: float | None
) -> None:
    assert nothing_left_for_s(headers, in_flight) == wait


def test_a_reset_that_cannot_be_read_is_none() -> None:
    assert reset_s("soon", None) is None
    assert reset_s("5 m", None) is None
