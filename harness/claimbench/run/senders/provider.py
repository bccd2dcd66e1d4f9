"""An endpoint's arm whose requests other processes send, as the loop works with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping

from claimbench.errors import ModelError, Network
from claimbench.provider.adapters import EndpointProvider
from claimbench.provider.contract import ArmProvider
from claimbench.run.senders.crew import Crew
from claimbench.run.senders.frames import Sent
from claimbench.run.senders.member import SenderLost
from claimbench.transport.connection import Traffic
from claimbench.types import ArmFacts, Event, Request


class SentProvider(EndpointProvider):
    """Let a crew send what ``inner`` would. ``inner``, the arm's provider in this process, is asked
    what goes out and is never started.
    """

    keeps_timeouts = True

    def __init__(self, inner: ArmProvider, arm: str, crew: Crew) -> None:
        super().__init__(inner)
        self._arm = arm
        self._crew = crew
        self._opened = False

    async def start(self) -> ArmFacts:
        """Start the arm's provider in every sender."""
        self._opened = True
        started = await self._crew.open(self._arm)
        if started.facts is None:
            raise ModelError(started.message, hint=started.hint)
        return started.facts

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Let a sender make one attempt; its events arrive after its end, each with its stamp."""
        member = await self._crew.free()
        if member is None:
            raise Network(self._crew.why_ended or "no sender is left", billable="no")
        number, answer = self._crew.attempt(member, self._arm, request)
        try:
            sent: Sent | None = await answer
        except asyncio.CancelledError:
            member.cancel(number)
            raise
        except SenderLost as lost:
            # Whether it had been sent, and is billed, nobody knows.
            raise Network(str(lost), billable="unknown") from lost
        if sent is None:
            raise Network("the sender was told to stop", billable="unknown")
        for event in sent.events:
            yield event
        if sent.fault is not None:
            raise sent.fault

    async def ended(self) -> str | None:
        """Return why no sender is left; None while there is one."""
        return self._crew.why_ended

    async def close(self) -> None:
        """Leave the crew; the last arm ends it."""
        if self._opened:
            self._opened = False
            await self._crew.close()

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """Return bytes, requests and connections by host, of all senders together."""
        total: dict[str, Traffic] = {}
        for told in self._crew.told:
            for host, one in (told.traffic.get(self._arm) or {}).items():
                mine = total.setdefault(host, Traffic())
                mine.connections += one.connections
                mine.requests += one.requests
                mine.bytes_sent += one.bytes_sent
                mine.bytes_received += one.bytes_received
        return total

    @property
    def unwatched(self) -> str | None:
        """Say which senders' bytes are not counted."""
        lost = self._crew.uncounted
        if lost:
            return "a sender that was lost" if lost == 1 else f"{lost} senders that were lost"
        found: str | None = getattr(self._inner, "unwatched", None)
        return found

    @property
    def connections(self) -> Mapping[str, int]:
        """Return the hosts that the crew's processes connected to."""
        counted: Counter[str] = Counter()
        for told in self._crew.told:
            counted.update(told.connections)
        return counted


def is_an_endpoint(provider: ArmProvider) -> bool:
    """Return whether a crew can send for it: a plain endpoint, wherever its server was started."""
    return isinstance(provider, EndpointProvider)
