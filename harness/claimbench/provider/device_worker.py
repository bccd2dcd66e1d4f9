"""Engines that run in this process: one worker thread per device, which makes the stamps.

Arms that share a device take turns, one call at a time. The thread runs a whole attempt and hands
its events over in one piece, so that nothing between the engine and the stamp can be delayed by the
event loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from claimbench.clock import Clock
from claimbench.errors import Timeout
from claimbench.provider.contract import InProcessProvider, Interruptible, SharesPrefixes
from claimbench.provider.device import Device
from claimbench.provider.sent import Sent, sent_by
from claimbench.types import ArmFacts, ConstraintKind, Event, Meta, Request, StampSource


class WorkerProvider:
    """Run an :class:`InProcessProvider` as an :class:`ArmProvider`, with its stamps made on
    the device's thread.
    """

    stamp_source: StampSource = "in_process"
    lanes_ahead = 1  # the next call is prepared while this one has the device
    remote = False

    def __init__(self, engine: InProcessProvider, device: Device, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self.device: Device | None = device
        self._device = device

    def missing(self) -> str | None:
        """See :meth:`Provider.missing`."""
        return self._engine.missing()

    def constraint(self, request: Request) -> ConstraintKind:
        """See :meth:`Provider.constraint`."""
        return self._engine.constraint(request)

    def sent(self, request: Request) -> Sent | None:
        """Return what the engine is told; None for one that does not say."""
        return sent_by(self._engine, request)

    async def start(self) -> ArmFacts:
        """Load the model on the device's thread."""
        before = self._clock.monotonic_ns()
        facts = await self._device.run(self._engine.load)
        return replace(facts, load_seconds=(self._clock.monotonic_ns() - before) / 1e9)

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        """Tell the engine which prompts come under ``key`` and let it compute what they share;
        seconds it took.

        One token is generated for the first request and thrown away, so that no measured call pays
        for the prefix of all: it belongs to loading the model.
        """
        engine = self._engine
        if not isinstance(engine, SharesPrefixes):
            return 0.0
        before = self._clock.monotonic_ns()
        await self._device.run(lambda: engine.share_prefix(key, requests))
        first = replace(requests[0], max_tokens=1)
        await self._device.run(lambda: self._attempt(first, threading.Event()))
        return (self._clock.monotonic_ns() - before) / 1e9

    async def ended(self) -> str | None:
        """Return None: no server was started."""
        return None

    async def close(self) -> None:
        """Free the model."""
        await self._device.run(self._engine.unload)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Make one attempt; the events arrive after its end, each with the time at which the engine
        gave it.
        """
        cancel = threading.Event()
        attempt = asyncio.ensure_future(self._device.run(lambda: self._attempt(request, cancel)))
        try:
            events, fault = await asyncio.shield(attempt)
        except asyncio.CancelledError:
            cancel.set()
            if isinstance(self._engine, Interruptible):
                self._engine.interrupt()
            await asyncio.wait([attempt])  # the turn may not pass on while the engine still works
            raise
        for event in events:
            yield event
        if fault is not None:
            raise fault

    def _attempt(
        self, request: Request, cancel: threading.Event
    ) -> tuple[list[Event], Exception | None]:
        now = self._clock.monotonic_ns
        started_ns = now()
        events: list[Event] = [Meta(sent_ns=started_ns, received_ns=started_ns)]
        deadline = started_ns + round(request.timeout_s * 1e9)
        stream = self._engine.generate(request)
        try:
            for event in stream:
                stamp = now()
                events.append(replace(event, received_ns=stamp))
                if cancel.is_set():
                    break
                if stamp > deadline:
                    return events, Timeout(f"no end within {request.timeout_s:g} s", billable="no")
        except Exception as error:  # noqa: BLE001 - handed to the attempt, which is where faults are sorted
            return events, error
        finally:
            stream.close()  # type: ignore[attr-defined]  # generators have it; the protocol says Iterator
        return events, None
