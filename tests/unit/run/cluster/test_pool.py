"""The pool and the room without a cluster: engines are doubles that end when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimbench._version import __version__
from claimbench.clock import SystemClock
from claimbench.errors import IntegrityError, ModelError, Network
from claimbench.provider.contract import ProviderContext
from claimbench.run.cluster import pool as pools
from claimbench.run.cluster.connection import EngineLost, Need
from claimbench.run.cluster.node import (
    NodeFacts,
    NodeSetup,
    Reply,
    cores_of,
    on_the_drivers_clock,
    usual_type,
    with_threads,
)
from claimbench.run.cluster.pool import Pool
from claimbench.run.cluster.provider import PoolProvider, Room
from claimbench.run.senders.frames import Started
from claimbench.types import (
    Arm,
    ArmFacts,
    Delta,
    Done,
    Meta,
    Place,
    Request,
    Resources,
    SamplingParams,
)
from claimbench_providers.scripted.provider import ScriptedEngine

ARM = Arm("a", "scripted", "m")


def context(folder: str) -> ProviderContext:
    return ProviderContext(SystemClock(), {}, Path(folder), Path(folder))


class FakeEngine:
    """An engine on a node; ``die`` ends its process."""

    def __init__(self, cluster: FakeCluster, number: int) -> None:
        self.cluster = cluster
        self.number = number
        self.dead: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.asked: list[str] = []
        self.prefixes: list[str] = []
        self.stopped: list[str] = []
        self.killed = False

    async def _or_dead(self, work: Any) -> Any:
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, self.dead}, return_when=asyncio.FIRST_COMPLETED)
        if self.dead.done():
            task.cancel()
            raise EngineLost(self.dead.result())
        return task.result()

    def die(self, how: str = "killed") -> None:
        if not self.dead.done():
            self.dead.set_result(how)

    async def look(self) -> NodeFacts:
        await self._or_dead(self.cluster.place())
        place = Place(f"n{self.number}", "machine", "a", "clock")
        return NodeFacts(place, self.cluster.version, {})

    async def load(self) -> Started:
        if self.cluster.load_fault is not None:
            return Started(None, self.cluster.load_fault)
        sha = self.cluster.hashes.get(self.number, "one")
        return Started(ArmFacts(model_sha256=sha, load_seconds=1.0))

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        self.prefixes.append(key)
        return 0.5

    async def attempt(self, request: Request) -> Reply:
        self.asked.append(request.call_id)
        return await self._or_dead(self._answer(request))  # type: ignore[no-any-return]

    async def _answer(self, request: Request) -> Reply:
        await asyncio.sleep(self.cluster.seconds)
        # the node's clock began a thousand seconds later than the driver's
        now = SystemClock().monotonic_ns() + 10**12
        events = (
            Meta(sent_ns=now - 5_000_000, received_ns=now - 5_000_000),
            Delta(f"by {self.number}", received_ns=now - 1_000_000),
            Done("stop", received_ns=now),
        )
        return Reply(events)

    async def ended(self) -> str:
        return await asyncio.shield(self.dead)

    async def stop(self, call_id: str) -> None:
        self.stopped.append(call_id)

    async def close(self) -> None:
        self.kill()

    def kill(self) -> None:
        self.killed = True
        self.die("ended by the driver")


class FakeCluster:
    def __init__(self, room: int = 2, wait_s: float = 0.2) -> None:
        self.address = "fake"
        self.wait_s = wait_s
        self.growing = 1
        self.slots = room
        self.engines: list[FakeEngine] = []
        self.version = __version__
        self.load_fault: str | None = None
        self.hashes: dict[int, str] = {}
        self.seconds = 0.0
        self.opened = 0

    @property
    def alive(self) -> list[FakeEngine]:
        return [one for one in self.engines if not one.dead.done()]

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.opened -= 1

    async def room(self, need: Need) -> int:
        return self.slots

    async def free(self, need: Need) -> int:
        return self.slots - len(self.alive)

    async def place(self) -> None:
        for _ in range(1000):
            if len(self.alive) <= self.slots:
                return
            await asyncio.sleep(0.01)

    def start(self, setup: NodeSetup, need: Need) -> FakeEngine:
        made = FakeEngine(self, len(self.engines))
        self.engines.append(made)
        return made


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "LOOK_S", 0.02)


def pool_of(cluster: FakeCluster, replicas: int = 2) -> tuple[Pool, list[str]]:
    said: list[str] = []
    setup = NodeSetup(ARM, lambda _arm, _context: ScriptedEngine(), context, ".")
    return Pool(setup, cluster, Need(1, 0), replicas, said.append), said  # type: ignore[arg-type]


def provider_of(cluster: FakeCluster, replicas: int | None = 2) -> PoolProvider:
    arm = replace(ARM, replicas=replicas)
    setup = NodeSetup(arm, lambda _arm, _context: ScriptedEngine(), context, ".")
    return PoolProvider(
        ScriptedEngine(),
        setup,
        cluster,
        SystemClock(),
        lambda _text: None,  # type: ignore[arg-type]
    )


def request(call_id: str, key: str = "t", timeout_s: float = 5.0) -> Request:
    return Request(call_id, (), SamplingParams(), 4, prefix_key=key, timeout_s=timeout_s)


async def until(true: Any) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def test_a_lost_engine_is_replaced_and_told_the_prefixes() -> None:
    cluster = FakeCluster()
    pool, said = pool_of(cluster)
    await pool.start()
    await pool.share_prefix("t", [request("c")])
    cluster.engines[0].die("out of memory")
    await until(lambda: len(pool.members) == 2 and len(cluster.engines) == 3)
    assert cluster.engines[2].prefixes == ["t"]
    assert any("lost: out of memory" in line for line in said)
    rows = pool.rows()
    assert [row["lost"] for row in rows].count("out of memory") == 1
    await pool.close()
    assert all(one.killed for one in cluster.engines)


@pytest.mark.parametrize("key_count", [1, 2, 3])
async def test_calls_of_a_task_stay_on_its_engine_while_it_is_free(key_count: int) -> None:
    cluster = FakeCluster(3)
    pool, _ = pool_of(cluster, 3)
    await pool.start()
    keys = [f"t{number}" for number in range(key_count)]
    seen: dict[str, set[int]] = {key: set() for key in keys}
    for _ in range(4):
        for key in keys:
            member = await pool.acquire(key)
            assert member is not None
            seen[key].add(member.engine.number)  # type: ignore[attr-defined]
            pool.release(member, answered=True)
    assert all(len(numbers) == 1 for numbers in seen.values())
    assert len(set.union(*seen.values())) == key_count, "tasks are spread over free engines"
    await pool.close()


async def test_no_engine_idles_while_a_call_waits_and_nobody_is_passed_over_for_ever() -> None:
    cluster = FakeCluster(1)
    pool, _ = pool_of(cluster, 1)
    await pool.start()
    first = await pool.acquire("x")
    assert first is not None
    order: list[str] = []

    async def take(key: str) -> None:
        member = await pool.acquire(key)
        assert member is not None
        order.append(key)
        await asyncio.sleep(0)
        pool.release(member)

    tasks = [asyncio.ensure_future(take("y"))]
    await asyncio.sleep(0)
    tasks += [asyncio.ensure_future(take("x")) for _ in range(30)]
    await asyncio.sleep(0)
    pool.release(first)
    await asyncio.gather(*tasks)
    assert order[0] == "x", "the engine holds its prefix"
    assert order.index("y") <= pools.PASSED_OVER
    await pool.close()


async def test_a_cancelled_wait_gives_its_engine_to_the_next() -> None:
    cluster = FakeCluster(1)
    pool, _ = pool_of(cluster, 1)
    await pool.start()
    held = await pool.acquire("t")
    assert held is not None
    waits = [asyncio.ensure_future(pool.acquire("t")) for _ in range(3)]
    await asyncio.sleep(0)
    waits[0].cancel()
    pool.release(held)
    waits[1].cancel()  # its engine had just been handed to it, or was about to be
    member = await asyncio.wait_for(waits[2], 1)
    assert member is held
    await pool.close()


async def test_without_room_the_pool_ends_in_words_and_lets_everybody_go() -> None:
    cluster = FakeCluster(1)
    pool, said = pool_of(cluster, 1)
    await pool.start()
    held = await pool.acquire("t")
    waiting = asyncio.ensure_future(pool.acquire("t"))
    await asyncio.sleep(0)
    cluster.slots = 0
    cluster.engines[0].die("the node died")
    assert await asyncio.wait_for(waiting, 3) is None
    assert held is not None
    assert pool.why_ended is not None
    assert "no node of the cluster had 1 core free within 0.2 s" in pool.why_ended
    assert any("lost: the node died" in line for line in said)
    await pool.close()


@pytest.mark.parametrize("replicas", [1, 2, 3])
async def test_a_pool_whose_engines_cannot_be_replaced_ends_and_starts_none_any_more(
    replicas: int,
) -> None:
    cluster = FakeCluster(replicas)
    pool, _ = pool_of(cluster, replicas)
    await pool.start()
    waiting = [asyncio.ensure_future(pool.acquire("t")) for _ in range(replicas + 1)]
    await asyncio.sleep(0)
    cluster.load_fault = "m is not there"
    for one in cluster.alive:
        one.die("the node died")
    assert await asyncio.wait_for(waiting[-1], 30) is None
    assert pool.why_ended is not None
    assert "m is not there" in pool.why_ended
    await until(lambda: not pool._starting)
    started = len(cluster.engines)
    for _ in range(20):
        await asyncio.sleep(pools.LOOK_S)
    assert len(cluster.engines) == started
    await pool.close()


async def test_a_pool_that_grows_takes_what_joins_and_asks_for_nothing_that_is_not_there() -> None:
    cluster = FakeCluster(2)
    pool, _ = pool_of(cluster, 0)
    await pool.start()
    assert len(pool.members) == 2
    await asyncio.sleep(0.2)
    assert len(cluster.engines) == 2, "a pending engine would be demand that buys nodes"
    cluster.slots = 4
    await until(lambda: len(pool.members) == 4)
    await pool.close()


async def test_two_growing_pools_share_the_room() -> None:
    cluster = FakeCluster(4)
    cluster.growing = 2
    pool, _ = pool_of(cluster, 0)
    await pool.start()
    assert len(pool.members) == 2
    await pool.close()


async def test_nodes_with_other_models_are_refused() -> None:
    cluster = FakeCluster()
    cluster.hashes = {1: "two"}
    pool, _ = pool_of(cluster)
    with pytest.raises(IntegrityError, match="different files of m"):
        await pool.start()
    await pool.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "0.0.1"}, "has ClaimBench 0.0.1, this process"),
        ({"load_fault": "m is not there"}, "on node n0: m is not there"),
        ({"slots": 0}, "no node of the cluster had 1 core free"),
    ],
)
async def test_what_keeps_engines_from_starting_is_said(
    change: dict[str, Any], message: str
) -> None:
    cluster = FakeCluster()
    for name, value in change.items():
        setattr(cluster, name, value)
    pool, _ = pool_of(cluster, 1)
    with pytest.raises(ModelError, match=message):
        await pool.start()
    assert all(one.killed for one in cluster.engines)


async def test_engines_that_die_again_and_again_end_the_pool() -> None:
    cluster = FakeCluster(1, wait_s=5)
    pool, _ = pool_of(cluster, 1)
    await pool.start()
    for _ in range(1000):
        for one in cluster.alive:
            if any(member.engine is one for member in pool.members):
                one.die()
        if pool.why_ended is not None:
            break
        await asyncio.sleep(0.005)
    assert pool.why_ended is not None
    assert "lost one after another" in pool.why_ended
    assert len(cluster.engines) <= pools.MOST_LOST + 1
    await pool.close()


async def test_durations_are_the_nodes_and_the_start_is_the_drivers() -> None:
    cluster = FakeCluster()
    provider = provider_of(cluster)
    await provider.start()
    before = SystemClock().monotonic_ns()
    events = [event async for event in provider.stream(request("c"))]
    after = SystemClock().monotonic_ns()
    head = [event for event in events if isinstance(event, Meta)][-1]
    delta = next(event for event in events if isinstance(event, Delta))
    done = next(event for event in events if isinstance(event, Done))
    assert head.sent_ns is not None
    assert before <= head.sent_ns <= after
    assert delta.received_ns == head.sent_ns + 4_000_000
    assert done.received_ns == head.sent_ns + 5_000_000
    assert head.place is not None
    assert head.place.offset_ns is not None
    assert head.place.offset_ns > 9 * 10**11, "the node's own stamp can be made again"
    assert done.timings["transit_ms"] >= 0
    await provider.close()
    assert cluster.opened == 0


async def test_a_call_on_a_lost_engine_is_a_network_fault_that_names_the_node() -> None:
    cluster = FakeCluster()
    cluster.seconds = 5.0
    provider = provider_of(cluster, 1)
    await provider.start()

    async def call() -> list[Any]:
        return [event async for event in provider.stream(request("c"))]

    under_way = asyncio.ensure_future(call())
    await until(lambda: cluster.engines[0].asked)
    cluster.engines[0].die("segmentation fault")
    with pytest.raises(Network, match="on node n0 was lost: segmentation fault") as caught:
        await under_way
    assert caught.value.billable == "no"
    assert await provider.ended() is None, "another engine comes"
    cluster.seconds = 0.0
    assert len(await call()) == 4
    await provider.close()


async def test_a_cancelled_call_tells_its_engine_and_leaves_it_usable() -> None:
    cluster = FakeCluster()
    cluster.seconds = 0.3
    provider = provider_of(cluster, 1)
    await provider.start()

    async def call(name: str) -> list[Any]:
        return [event async for event in provider.stream(request(name))]

    under_way = asyncio.ensure_future(call("c1"))
    await until(lambda: cluster.engines[0].asked)
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert cluster.engines[0].stopped == ["c1"]
    assert len(await call("c2")) == 4
    assert len(cluster.engines) == 1
    await provider.close()


async def test_a_room_lets_in_as_many_as_it_has_places_for() -> None:
    room = Room(2)
    inside = 0
    most = 0

    async def visit() -> None:
        nonlocal inside, most
        async with room:
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(0.01)
            finally:
                inside -= 1

    visits = [asyncio.ensure_future(visit()) for _ in range(12)]
    await asyncio.sleep(0.005)
    visits[5].cancel()  # while it waits
    visits[0].cancel()  # while it is inside
    room.resize(4)
    await asyncio.gather(*visits, return_exceptions=True)
    assert 3 <= most <= 4
    async with room, room, room, room:
        pass


async def test_calls_that_are_cancelled_together_while_they_wait_for_a_place_are_cancelled() -> (
    None
):
    room = Room(1)

    async def visit() -> None:
        async with room:
            await asyncio.sleep(60)

    visits = [asyncio.ensure_future(visit()) for _ in range(4)]
    await asyncio.sleep(0)
    for one in visits:
        one.cancel()
    room.resize(2)  # passes over those that wait no more
    found = await asyncio.gather(*visits, return_exceptions=True)
    assert [type(one) for one in found] == [asyncio.CancelledError] * 4
    async with room, room:
        pass


def test_events_without_a_head_keep_their_stamps() -> None:
    place = Place("n", "m", "t", "c")
    assert on_the_drivers_clock([], place, 5) == ([], None)
    bare = [Delta("x", received_ns=7)]
    assert on_the_drivers_clock(bare, place, 5) == (bare, None)


@pytest.mark.parametrize(
    ("resources", "options", "cores"),
    [
        (None, {}, 1),
        (None, {"n_threads": 4}, 4),
        (Resources(3), {"n_threads": 4}, 3),
        (Resources(None, 1), {}, 1),
    ],
)
def test_cores_are_stated_or_those_of_the_threads(
    resources: Resources | None, options: dict[str, Any], cores: int
) -> None:
    arm = replace(ARM, provider="llama_cpp", resources=resources, options=options)
    assert cores_of(arm) == cores
    assert with_threads(arm).options["n_threads"] == options.get("n_threads", cores)
    assert "n_threads" not in with_threads(replace(ARM, resources=resources)).options


def test_a_node_that_nobody_named_is_what_it_has() -> None:
    host = {"cpu": "EPYC", "cores": 8}
    assert usual_type(host, {}) == "EPYC x 8 cores"
    assert usual_type(host, {"ray.io/accelerator-type": "H100"}) == "H100 x 8 cores"
    assert usual_type({}, {}) == "unknown processor x ? cores"


@pytest.mark.parametrize(
    ("need", "resources", "fits"),
    [
        (Need(2, 0), {"CPU": 5.0}, 2),
        (Need(1, 1), {"CPU": 8.0, "GPU": 2.0}, 2),
        (Need(1, 1), {"CPU": 8.0}, 0),
        (Need(4, 0), {}, 0),
    ],
)
def test_how_many_fit_a_node(need: Need, resources: dict[str, float], fits: int) -> None:
    assert need.fits(resources) == fits
