"""An arm whose engines run on a cluster, as the loop works with it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from claimbench.clock import Clock
from claimbench.errors import Network, Timeout
from claimbench.provider.contract import InProcessProvider
from claimbench.provider.device import Device
from claimbench.provider.sent import Sent, sent_by
from claimbench.run.cluster.connection import EngineLost, Need, RayCluster
from claimbench.run.cluster.node import (
    NodeSetup,
    Reply,
    as_row,
    cores_of,
    on_the_drivers_clock,
)
from claimbench.run.cluster.pool import Member, Pool
from claimbench.types import (
    ArmFacts,
    ConstraintKind,
    Done,
    Event,
    Json,
    Meta,
    Request,
    StampSource,
)

MOST_LANES = 256
"""Lanes of a pool that may grow; as many engines work at once at most."""
GRACE_S = 15.0
"""What an engine may take beyond a call's time limit before it counts as hung: it looks at the time
between tokens, and a long prompt is one step.
"""


@dataclass
class Room:
    """Let as many calls in as ``most`` allows at the moment, in order of asking."""

    most: int = 1
    _inside: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def __aenter__(self) -> None:
        """Wait for a place."""
        if self._inside < self.most and not self._waiting:
            self._inside += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()
            elif place in self._waiting:  # else somebody who left has passed over it
                self._waiting.remove(place)
            raise

    async def __aexit__(self, *_: object) -> None:
        """Leave it."""
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self.resize(self.most)

    def resize(self, most: int) -> None:
        """Let in whom a new size has room for."""
        self.most = most
        while self._waiting and self._inside < self.most:
            place = self._waiting.popleft()
            if not place.done():
                self._inside += 1
                place.set_result(None)


class PoolProvider:
    """Run an :class:`InProcessProvider` on the nodes of a cluster.

    ``engine`` is the arm's own provider in this process: it is asked what goes out with a request
    and is never loaded.
    """

    stamp_source: StampSource = "in_process"
    device: Device | None = None
    remote = False
    keeps_timeouts = True
    unwatched = "the connections of Ray"

    def __init__(
        self,
        engine: InProcessProvider,
        setup: NodeSetup,
        cluster: RayCluster,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        arm = setup.arm
        self._engine = engine
        self._clock = clock
        self._cluster = cluster
        self._opened = False
        self._replicas = 1 if arm.replicas is None else arm.replicas
        gpus = 0 if arm.resources is None else arm.resources.gpus
        self._pool = Pool(setup, cluster, Need(cores_of(arm), gpus), self._replicas, say)
        self._pool.changed = self._resize
        self.room = Room()
        self.lanes_ahead = (self._replicas or MOST_LANES) + 1 - arm.concurrency
        if not self._replicas:
            cluster.growing += 1

    def missing(self) -> str | None:
        """Return None: the nodes say what they lack, once they are asked."""
        return None

    def constraint(self, request: Request) -> ConstraintKind:
        """See :meth:`Provider.constraint`."""
        return self._engine.constraint(request)

    def sent(self, request: Request) -> Sent | None:
        """Return what the engines are told; None for one that does not say."""
        return sent_by(self._engine, request)

    def goes_to(self) -> str:
        """Return whom prompts go to."""
        return self._cluster.address

    async def start(self) -> ArmFacts:
        """Connect, and start the arm's engines."""
        await self._cluster.open()
        self._opened = True
        facts = await self._pool.start()
        members = list(self._pool.members)
        loads = [member.facts.load_seconds or 0.0 for member in members]
        nodes = [as_row(member.node, member.facts) for member in members]
        details: dict[str, Json] = {**facts.details, "engine": "ray", "nodes": nodes}
        return replace(facts, load_seconds=sum(loads), details=details)

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        """Tell the engines which prompts come under ``key``; seconds that they took together."""
        return await self._pool.share_prefix(key, requests)

    async def ended(self) -> str | None:
        """Return why no engine is left and none will come; None while there is hope."""
        return self._pool.why_ended

    async def close(self) -> None:
        """End the engines; the last arm disconnects."""
        if self._opened:
            self._opened = False
            await self._pool.close()
            await self._cluster.close()

    def node_rows(self) -> list[dict[str, Json]]:
        """Return what is known of every engine's node."""
        return self._pool.rows()

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Make one attempt on an engine; its events arrive after its end."""
        member = await self._pool.acquire(request.prefix_key)
        if member is None:
            raise Network(self._pool.why_ended or "no engine is left", billable="no")
        place = member.node.place
        handed_ns = self._clock.monotonic_ns()
        reply: Reply | None = None
        try:
            yield Meta(sent_ns=handed_ns, received_ns=handed_ns, place=place)
            reply = await self._asked(member, request)
        except EngineLost as lost:
            self._pool.lose(member, str(lost))
            what = f"the engine on node {place.node} was lost: {lost}"
            raise Network(what, billable="no") from lost
        finally:
            self._pool.release(member, answered=reply is not None and reply.fault is None)
        back_ns = self._clock.monotonic_ns()
        events, took_ns = on_the_drivers_clock(reply.events, place, handed_ns)
        for event in events:
            if isinstance(event, Done) and took_ns is not None:
                between = max(0.0, (back_ns - handed_ns - took_ns) / 1e6)
                event = replace(event, timings={**event.timings, "transit_ms": between})
            yield event
        if reply.fault is not None:
            raise reply.fault
        if reply.cancelled:
            raise Network("the engine was told to stop", billable="no")

    async def _asked(self, member: Member, request: Request) -> Reply:
        attempt = asyncio.ensure_future(member.engine.attempt(request))
        try:
            done, _ = await asyncio.wait({attempt}, timeout=request.timeout_s + GRACE_S)
        except asyncio.CancelledError:
            await self._stop(member, attempt, request)
            raise
        if done:
            return attempt.result()
        await self._stop(member, attempt, request)
        raise Timeout(f"no end within {request.timeout_s:g} s", billable="no")

    async def _stop(self, member: Member, attempt: asyncio.Future[Reply], request: Request) -> None:
        """Let an engine end what it does; one that does not is given up with its process."""
        told: asyncio.Future[Any] = asyncio.ensure_future(member.engine.stop(request.call_id))
        both: list[asyncio.Future[Any]] = [told, attempt]
        await asyncio.wait(both, timeout=GRACE_S)
        if not attempt.done():
            await asyncio.wait([attempt], timeout=GRACE_S)
        for one in both:
            if one.done() and not one.cancelled():
                one.exception()  # looked at, so that nobody warns of it
            else:
                one.cancel()
        if attempt.cancelled() or not attempt.done():
            self._pool.lose(member, f"it did not stop {request.call_id} when it was told to")

    def _resize(self) -> None:
        members = len(self._pool.members)
        self.room.resize(MOST_LANES if self._pool.why_ended is not None else max(1, members) + 1)
