"""Arms that share a machine take turns in blocks, each at its own concurrency."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.limits.budget import Budget
from claimbench.plan.machines import block_size, machine_of, shared_machines
from claimbench.pricing.hosts import busy_shares
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.machine_turns import MachineTurns
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
    Message,
    Request,
    SamplingParams,
    ServeSpec,
)
from claimbench_providers.scripted.provider import ScriptedProvider

FREE = Money(reserve=lambda _arm, _request: Decimal(0), cost=lambda _arm, _attempt: Decimal(0))


class Rows:
    """A writer that keeps nothing."""

    def intent(self, _intent: Any) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def keep(self, _row: Any, _on_fault: Any) -> None:
        """Keep nothing."""


def make_calls(arms: list[str], n: int) -> list[Call]:
    return [
        Call("run", f"{name}-{i}", "task", f"s{i}", 0, name, seed=1, position=i * len(arms) + j)
        for i in range(n)
        for j, name in enumerate(arms)
    ]


def request_of(call: Call) -> Request:
    return Request(
        call.id, (Message("user", f"say {call.sample_id}"),), SamplingParams(), 8, timeout_s=5
    )


class Server:
    """A server that counts what it serves at once, and whose."""

    def __init__(self) -> None:
        self.now: list[str] = []
        self.most: dict[str, int] = {}
        self.mixed = False
        self.order: list[str] = []


class OnServer:
    """A provider of an arm on that server."""

    stamp_source = "transport"

    def __init__(self, name: str, server: Server, inner: Any) -> None:
        self._name = name
        self._server = server
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def stream(self, request: Any) -> Any:
        server = self._server
        server.now.append(self._name)
        server.order.append(self._name)
        server.mixed |= len(set(server.now)) > 1
        server.most[self._name] = max(server.most.get(self._name, 0), len(server.now))
        try:
            await asyncio.sleep(0.001)
            async for event in self._inner.stream(request):
                yield event
        finally:
            server.now.remove(self._name)


async def served(arms: dict[str, Arm], n: int, **over: Any) -> tuple[Server, Any]:
    server = Server()
    setup = RunnerSetup(
        arms=arms,
        providers={
            name: as_provider(OnServer(name, server, ScriptedProvider()), None, FakeClock())
            for name in arms
        },
        request=request_of,
        writer=Rows(),
        clock=FakeClock(),
        budget=Budget(BudgetSpec()),
        money=FREE,
        policy=ErrorPolicy(max_retries=0),
        session=1,
        attempts_before={},
        seed=1,
    )
    runner = Runner(replace(setup, **over))
    return server, await asyncio.wait_for(runner.run(make_calls(list(arms), n)), 30)


def arm(name: str, concurrency: int = 1, **more: Any) -> Arm:
    stated = {"base_url": "http://127.0.0.1:9/v1", "cost_model": {"host": {"usd_per_hour": 1}}}
    return Arm(name, "compatible", name, concurrency=concurrency, **{**stated, **more})


async def test_arms_of_one_server_never_run_together_and_keep_their_own_concurrency() -> None:
    arms = {"a": arm("a", 8), "b": arm("b", 4), "c": arm("c", 1)}
    server, progress = await served(arms, 120)
    assert progress.done == 360
    assert not server.mixed
    assert server.most == {"a": 8, "b": 4, "c": 1}


async def test_the_same_calls_of_all_arms_are_in_the_same_block() -> None:
    server, _ = await served({"a": arm("a", 4), "b": arm("b", 2)}, 96)
    turns = [x for k, x in enumerate(server.order) if k == 0 or server.order[k - 1] != x]
    assert turns == ["a", "b"] * (len(turns) // 2)
    assert len(turns) == 2 * 6


async def test_an_endpoint_beside_a_shared_machine_runs_on() -> None:
    arms = {"a": arm("a", 2), "b": arm("b", 2), "far": arm("far", 2, cost_model={})}
    server, progress = await served(arms, 60)
    assert progress.done == 180
    assert server.mixed


async def test_an_arm_that_is_given_up_keeps_nobody_waiting() -> None:
    budget = Budget(BudgetSpec(per_arm_usd={"a": Decimal("0.5")}))
    money = replace(FREE, reserve=lambda one, _request: Decimal(one.name == "a"))
    arms = {"a": arm("a", 4), "b": arm("b", 4)}
    _, progress = await served(arms, 64, budget=budget, money=money)
    assert progress.arms["a"].stopped is not None
    assert progress.arms["b"].done == 64


@pytest.mark.parametrize("lengths", [(300, 10), (7, 7), (1, 50), (64, 63)])
async def test_arms_with_different_numbers_of_calls_all_come_to_their_end(
    lengths: tuple[int, int],
) -> None:
    turns = MachineTurns(dict(zip("ab", lengths, strict=True)), 16)

    async def lane(name: str, total: int) -> None:
        for index in range(total):
            assert await turns.enter(name, index)
            await asyncio.sleep(0)
            turns.leave(name, index)

    lanes = [lane(name, total) for name, total in zip("ab", lengths, strict=True)]
    await asyncio.wait_for(asyncio.gather(*lanes), 10)


def test_a_machine_is_a_device_a_server_of_the_run_or_the_address_of_a_host() -> None:
    serve = ServeSpec(("x",), "http://127.0.0.1/health", 1.0, 0, {})
    assert machine_of(arm("a")) == machine_of(arm("b", base_url="http://127.0.0.1:9/other/v1"))
    assert machine_of(arm("a", base_url="http://127.0.0.1:8/v1")) != machine_of(arm("a"))
    assert machine_of(arm("a", cost_model={})) is None
    assert machine_of(arm("a", device="gpu")) == "device gpu"
    assert machine_of(arm("a", base_url=None, serve=serve)) == "this machine"
    assert shared_machines([arm("a"), arm("b"), arm("c", device="x")]).keys() == {"a", "b"}
    assert not shared_machines([arm("a"), arm("b", base_url="http://other:1/v1")])


@pytest.mark.parametrize(
    ("calls", "concurrency", "size"), [(300, 32, 96), (300, 1, 8), (600, 8, 64), (10, 64, 192)]
)
def test_a_block_is_three_to_eight_times_the_concurrency(
    calls: int, concurrency: int, size: int
) -> None:
    assert block_size(calls, concurrency) == size


class Simulated(asyncio.SelectorEventLoop):
    """A loop whose time passes only while everybody sleeps, and then at once."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        select = self._selector.select

        def advance(timeout: float | None = None) -> Any:
            self._now += timeout or 0.0
            return select(0)

        self._selector.select = advance

    def time(self) -> float:
        return self._now


async def seconds_of(concurrency: dict[str, int], n: int) -> dict[str, float]:
    """Return the machine seconds that each arm's calls are charged on one simulated GPU server."""
    loop = asyncio.get_running_loop()
    size = block_size(n, max(concurrency.values()))
    turns = MachineTurns(dict.fromkeys(concurrency, n), size)
    spans: list[tuple[str, int, int]] = []
    serving = 0

    async def answer(name: str) -> None:
        nonlocal serving
        began = loop.time()
        serving += 1
        for _ in range(10):  # a token takes longer the more are decoded at once
            await asyncio.sleep(0.01 * (1 + 0.07 * (serving - 1)))
        serving -= 1
        spans.append((name, round(began * 1e9), round(loop.time() * 1e9)))

    async def lane(name: str, queue: list[int]) -> None:
        while queue:
            index = queue.pop(0)
            assert await turns.enter(name, index)
            await answer(name)
            turns.leave(name, index)

    lanes = []
    for name, count in concurrency.items():
        queue = list(range(n))
        lanes += [lane(name, queue) for _ in range(count)]
    await asyncio.gather(*lanes)
    shares = busy_shares([(start, end) for _, start, end in spans])
    charged = dict.fromkeys(concurrency, 0.0)
    for (name, _, _), share in zip(spans, shares, strict=True):
        charged[name] += share
    return charged


def simulated(concurrency: dict[str, int], n: int) -> dict[str, float]:
    with asyncio.Runner(loop_factory=Simulated) as runner:
        return runner.run(seconds_of(concurrency, n))


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize(
    "concurrency",
    [
        {"a": 32, "b": 32, "c": 32, "d": 32, "e": 32},
        {"a": 1, "b": 32, "c": 32, "d": 8, "e": 4},
        {"a": 1, "b": 2},
        {"a": 64, "b": 16, "c": 16},
    ],
)
def test_arms_that_share_a_simulated_gpu_are_charged_what_each_is_alone(
    concurrency: dict[str, int], n: int
) -> None:
    together = simulated(concurrency, n)
    for name, count in concurrency.items():
        alone = simulated({name: count}, n)[name]
        assert together[name] == pytest.approx(alone, rel=0.1)
