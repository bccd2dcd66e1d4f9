"""The engines of one arm on a cluster: who is free, who holds which prefix, who was lost.

::

    starting --placed, loaded--> free <--release-- busy
        |                         |                 |
        +--no room, no model      +--process ended--+--> lost: its call ends as `network` and
                                                         is sent again; another is started

A task's samples stay on the engines that hold its prefix while others are free to take other tasks;
no engine idles while a call waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from claimbench.errors import IntegrityError, ModelError
from claimbench.run.cluster.connection import (
    EngineLost,
    Need,
    RayCluster,
    RemoteEngine,
    check_version,
)
from claimbench.run.cluster.node import NodeFacts, NodeSetup, as_row
from claimbench.types import ArmFacts, Json, Request

PASSED_OVER = 8
"""How often a call may be passed over for one whose prefix an engine holds."""
LOOK_S = 2.0
"""How often a pool that may grow looks for room, seconds."""
MOST_LOST = 20
"""Engines lost one after another, with nothing answered in between, after which none is started."""


@dataclass(eq=False)
class Member:
    """One engine that has its model."""

    engine: RemoteEngine
    node: NodeFacts
    facts: ArmFacts
    keys: list[str] = field(default_factory=list)
    """Tasks that it has answered, the last one last."""
    served: int = 0
    lost: str | None = None
    watch: asyncio.Task[None] | None = None


@dataclass
class _Waiting:
    key: str
    found: asyncio.Future[Member]
    passed_over: int = 0


@dataclass
class Pool:
    """The engines of one arm. ``replicas`` 0: as many as fit."""

    setup: NodeSetup
    cluster: RayCluster
    need: Need
    replicas: int
    say: Callable[[str], None]
    members: list[Member] = field(default_factory=list)
    gone: list[Member] = field(default_factory=list)
    why_ended: str | None = None
    """Why no engine is left and none will come."""
    changed: Callable[[], None] = lambda: None
    """Told when the number of engines changes."""
    _free: list[Member] = field(default_factory=list)
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _groups: dict[str, Sequence[Request]] = field(default_factory=dict)
    _starting: set[asyncio.Task[None]] = field(default_factory=set)
    _pausing: int = 0
    """Those of ``_starting`` that were refused and wait before others take their place."""
    _keeper: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _lost_in_a_row: int = 0
    _refused: str = ""
    _closing: bool = False

    @property
    def arm(self) -> str:
        """Return the arm's name."""
        return self.setup.arm.name

    # Starting

    async def start(self) -> ArmFacts:
        """Start the first engines; return what the first of them knows.

        Raises:
            BenchError: no engine could be placed or loaded.
        """
        wanted = self.replicas or await self._share_of_room()
        found = await asyncio.gather(
            *(self._begin(self.cluster.wait_s) for _ in range(wanted)), return_exceptions=True
        )
        faults = [one for one in found if isinstance(one, BaseException)]
        if not self.members:
            raise faults[0] if faults else ModelError(f"no engine of {self.arm} was started")
        for fault in faults:
            if isinstance(fault, IntegrityError):
                raise fault
        if faults:
            self.say(f"{self.arm}: {len(self.members)} of {wanted} engines: {faults[0]}")
        self._keeper = asyncio.ensure_future(self._keep())
        return self.members[0].facts

    async def _share_of_room(self) -> int:
        room = await self.cluster.room(self.need)
        return max(1, room // max(1, self.cluster.growing))

    async def _begin(self, wait_s: float) -> Member:
        """Start one engine, tell it the prefixes, and take it in.

        Raises:
            ModelError: no node has room, or the engine cannot load its model.
            IntegrityError: its model is another one than that of the others.
        """
        engine = self.cluster.start(self.setup, self.need)
        try:
            try:
                node = await asyncio.wait_for(engine.look(), wait_s)
            except TimeoutError:
                raise ModelError(
                    f"no node of the cluster had {self.need.words} free within {wait_s:g} s",
                    hint="`ray status` shows what is free; lower the arm's resources or replicas,"
                    " or give engine.wait_s more seconds",
                ) from None
            if (why := check_version(node)) is not None:
                raise ModelError(why, hint="install the same version on every node")
            loaded = await engine.load()
            if loaded.facts is None:
                place = f"on node {node.place.node}: {loaded.message}"
                raise ModelError(place, hint=loaded.hint)
            self._check_same(node, loaded.facts)
            told: set[str] = set()
            while missing := [key for key in self._groups if key not in told]:
                for key in missing:  # more may come meanwhile
                    await engine.share_prefix(key, self._groups[key])
                    told.add(key)
        except EngineLost as lost:
            engine.kill()
            hint = "does the node have the same ClaimBench, Python and Ray?"
            raise ModelError(f"an engine ended while it started: {lost}", hint=hint) from lost
        except BaseException:
            engine.kill()
            raise
        member = Member(engine, node, loaded.facts)
        member.watch = asyncio.ensure_future(self._watch(member))
        self.members.append(member)
        self._free.append(member)
        self._hand_out()
        self.changed()
        return member

    def _check_same(self, node: NodeFacts, facts: ArmFacts) -> None:
        for other in (*self.members, *self.gone):
            if other.facts.model_sha256 != facts.model_sha256:
                ours, theirs = str(other.facts.model_sha256)[:12], str(facts.model_sha256)[:12]
                raise IntegrityError(
                    f"the nodes hold different files of {self.setup.arm.model}: {ours} on"
                    f" {other.node.place.node}, {theirs} on {node.place.node}",
                    hint="pull the model anew on the nodes (bench models pull)",
                )
            return

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        """Tell every engine, and those to come, which prompts come under ``key``; seconds that they
        took together.
        """
        self._groups[key] = requests
        found = await asyncio.gather(
            *(member.engine.share_prefix(key, requests) for member in list(self.members)),
            return_exceptions=True,
        )
        return sum(one for one in found if isinstance(one, float))

    # Handing out

    async def acquire(self, key: str) -> Member | None:
        """Wait for an engine; None once none is left and none will come."""
        if self.why_ended is not None:
            return None
        one = _Waiting(key, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._hand_out()
        try:
            return await one.found
        except asyncio.CancelledError:
            if one.found.done() and not one.found.cancelled() and one.found.exception() is None:
                self.release(one.found.result())
            raise
        except EngineLost:
            return None

    def release(self, member: Member, *, answered: bool = False) -> None:
        """Give an engine back."""
        if answered:
            member.served += 1
            self._lost_in_a_row = 0
        if member.lost is None and member in self.members and member not in self._free:
            self._free.append(member)
            self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            waiting, member = self._next_pair()
            if waiting.found.done():  # cancelled meanwhile
                continue
            self._free.remove(member)
            if waiting.key in member.keys:
                member.keys.remove(waiting.key)
            member.keys.append(waiting.key)
            waiting.found.set_result(member)

    def _next_pair(self) -> tuple[_Waiting, Member]:
        """Take the next call and choose its engine: of those that hold its prefix, else the one
        that holds fewest.

        An engine is not taken from a task whose calls wait too, while another call can have it.
        """
        first = self._waiting[0]
        holders = [member for member in self._free if first.key in member.keys]
        if not holders and first.passed_over < PASSED_OVER:
            for waiting in self._waiting:
                mine = [member for member in self._free if waiting.key in member.keys]
                if mine and len(self._free) == 1:
                    first.passed_over += 1
                    self._waiting.remove(waiting)
                    return waiting, mine[0]
        self._waiting.popleft()
        if holders:
            return first, max(holders, key=lambda one: one.keys.index(first.key) - len(one.keys))
        return first, min(self._free, key=lambda one: len(one.keys))

    # Losing and healing

    async def _watch(self, member: Member) -> None:
        how = await member.engine.ended()
        self.lose(member, how)

    def lose(self, member: Member, how: str) -> None:
        """Take an engine out whose process has ended; idempotent."""
        if member.lost is not None or self._closing:
            return
        member.lost = how
        self._lost_in_a_row += 1
        if member in self.members:
            self.members.remove(member)
            self.gone.append(member)
        if member in self._free:
            self._free.remove(member)
        member.engine.kill()
        self.say(f"{self.arm}: the engine on node {member.node.place.node} was lost: {how}")
        self._wake.set()
        self.changed()

    async def _keep(self) -> None:
        """Start engines where some were lost, and, where the pool may grow, as nodes join."""
        while not self._closing and self.why_ended is None:
            if self._lost_in_a_row >= MOST_LOST:
                self._end(f"{self._lost_in_a_row} engines were lost one after another")
                return
            wanted = await self._wanted()
            for _ in range(wanted):
                self._starting.add(asyncio.ensure_future(self._replace()))
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_S)

    async def _wanted(self) -> int:
        """Return how many engines to start now."""
        there = len(self.members) + len(self._starting)
        if self.replicas:
            return max(0, self.replicas - there)
        if self._starting:
            return 0
        if not self.members:
            return 1
        try:
            return min(1, await self.cluster.free(self.need))
        except (RuntimeError, OSError):
            return 0

    async def _replace(self) -> None:
        task = asyncio.current_task()
        try:
            member = await self._begin(self.cluster.wait_s)
            self._refused = ""
            self.say(f"{self.arm}: an engine was started on node {member.node.place.node}")
        except (ModelError, IntegrityError) as error:
            if str(error) != self._refused:
                self._refused = str(error)
                self.say(f"{self.arm}: no further engine: {error}")
            if self.members or len(self._starting) - self._pausing > 1:
                self._pausing += 1
                try:
                    await asyncio.sleep(LOOK_S)
                finally:
                    self._pausing -= 1
            else:  # nobody else is under way: every start was refused
                self._end(error.message)
        finally:
            if task is not None:
                self._starting.discard(task)
            self._wake.set()

    def _end(self, why: str) -> None:
        self.why_ended = f"no engine is left on the cluster: {why}"
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.found.done():
                waiting.found.set_exception(EngineLost(why))
        self.changed()

    async def close(self) -> None:
        """End every engine."""
        self._closing = True
        tasks = [task for task in (self._keeper, *self._starting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        everyone = [*self.members, *self.gone]
        watching = [member.watch for member in everyone if member.watch is not None]
        for watch in watching:
            watch.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await asyncio.gather(
            *(member.engine.close() for member in self.members), return_exceptions=True
        )

    def rows(self) -> list[dict[str, Json]]:
        """Return what is known of every engine's node, lost ones too."""
        found: list[dict[str, Json]] = []
        for member in (*self.members, *self.gone):
            row = as_row(member.node, member.facts)
            found.append({**row, "answered": member.served, "lost": member.lost})
        return found
