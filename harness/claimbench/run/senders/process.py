"""The process of a sender: ``python -m claimbench.run.senders.process FD``. It ends when the driver
does.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import socket
import sys
from dataclasses import replace
from typing import Any, cast

from claimbench.clock import Clock, SystemClock
from claimbench.errors import BenchError, ProviderError, ServerFault, Timeout, visible
from claimbench.machine.garbage_collection import collector_at_rest
from claimbench.machine.loop_lag import LagMeter
from claimbench.privacy.egress import ConnectionCounter
from claimbench.provider.adapters import as_provider
from claimbench.provider.attempt import AsyncGeneratorLike, time_limit
from claimbench.provider.contract import ArmProvider
from claimbench.run.senders.frames import SenderSetup, Sent, Started, Told, frame, read
from claimbench.types import Event, Meta, Request

UNSENDABLE = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError)
"""What pickle raises for a value that is bound to its process."""


class Sender:
    """Answer what the driver asks."""

    def __init__(self, setup: SenderSetup, writer: asyncio.StreamWriter) -> None:
        self._clock: Clock = SystemClock()
        self._writer = writer
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._fault: BaseException | None = None
        self._lag = LagMeter()
        self._watch = ConnectionCounter(only=setup.only)
        self._watch.install()
        context = replace(
            setup.context(setup.suite_dir),
            offline=setup.offline,
            connect_timeout_s=setup.connect_timeout_s,
        )
        self._providers: dict[str, ArmProvider] = {
            name: as_provider(factory(arm, context), None, self._clock)
            for name, (arm, factory) in setup.arms.items()
        }

    async def work(self, reader: asyncio.StreamReader) -> None:
        """Do what comes until the driver is gone."""
        async with self._lag.running(self._clock), collector_at_rest():
            with contextlib.suppress(EOFError):
                while True:
                    number, word, *rest = await read(reader)
                    if word == "cancel":
                        task = self._tasks.get(rest[0])
                        if task is not None:
                            task.cancel()
                        continue
                    task = asyncio.ensure_future(self._answer(number, word, rest))
                    self._tasks[number] = task
                    task.add_done_callback(self._ended)
        if self._fault is not None:
            raise self._fault
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for provider in self._providers.values():
            with contextlib.suppress(ProviderError, BenchError):
                await provider.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let go of the driver where a question cannot be answered: it must not wait for ever."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fault = self._fault or fault
            self._writer.transport.abort()

    async def _answer(self, number: int, word: str, rest: list[Any]) -> None:
        try:
            found: object = None
            if word == "attempt":
                found = await self._attempt(*rest)
            elif word == "start":
                found = await self._start(rest[0])
            elif word == "tell":
                found = self._tell()
            self._writer.write(_framed(number, word, found))
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write(frame((number, None)))
        finally:
            self._tasks.pop(number, None)

    async def _start(self, arm: str) -> Started:
        try:
            return Started(await self._providers[arm].start())
        except BenchError as error:
            return Started(None, error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - the driver sorts it, as it does an attempt's
            why = f"a sender could not start it: {type(error).__name__}: {error}"
            return Started(None, visible(why))

    async def _attempt(self, arm: str, request: Request) -> Sent:
        """Make one attempt; every event has a stamp, made here where the provider made none."""
        provider, now = self._providers[arm], self._clock.monotonic_ns
        sent_ns = now()
        events: list[Event] = [Meta(sent_ns=sent_ns, received_ns=sent_ns)]
        try:
            async with time_limit(provider, request):
                stream = provider.stream(request)
                async with contextlib.aclosing(cast("AsyncGeneratorLike", stream)):
                    async for event in stream:
                        events.append(_stamped(event, now(), sent_ns))
        except ProviderError as fault:
            return Sent(tuple(events), _plain(fault))
        except TimeoutError:
            return Sent(tuple(events), Timeout("no end within the suite's timeout"))
        except Exception as error:  # noqa: BLE001 - a part of the attempt, which is where faults are sorted
            bug = ServerFault(f"provider bug: {type(error).__name__}: {error}")
            return Sent(tuple(events), bug)
        return Sent(tuple(events))

    def _tell(self) -> Told:
        traffic = {}
        for name, provider in self._providers.items():
            known = getattr(provider, "traffic", None)
            if known is not None:
                traffic[name] = dict(known)
        return Told(traffic, dict(self._watch.connections), dict(self._lag.summary()))


def _framed(number: int, word: str, found: object) -> bytes:
    """Return the answer to a question as bytes. A plugin's values may be such that they cannot
    leave: then an error of the question's own kind does, and of what it counted, nothing.
    """
    try:
        return frame((number, found))
    except UNSENDABLE as error:
        why = f"cannot be handed on: {type(error).__name__}: {error}"
    instead: Sent | Started | None = None
    if word == "attempt":
        instead = Sent((), ServerFault(f"provider bug: what it gave {why}"))
    elif word == "start":
        instead = Started(None, visible(f"provider bug: what it said of itself {why}"))
    return frame((number, instead))


def _plain(fault: ProviderError) -> ProviderError:
    """Return a fault as one of ours: a plugin's own class may not be read again by the driver."""
    kind = next(one for one in type(fault).__mro__ if one.__module__ == ProviderError.__module__)
    plain: ProviderError = kind(
        str(fault.message),
        hint=None if fault.hint is None else str(fault.hint),
        http_status=fault.http_status,
        retry_after_s=fault.retry_after_s,
        billable=fault.billable,
    )
    plain.outcome, plain.lasting = fault.outcome, fault.lasting
    return plain


def _stamped(event: Event, came_ns: int, sent_ns: int) -> Event:
    if event.received_ns is None:
        event = replace(event, received_ns=came_ns)
    if isinstance(event, Meta) and event.sent_ns is None:
        event = replace(event, sent_ns=sent_ns)
    return event


async def _main(descriptor: int) -> None:
    sock = socket.socket(fileno=descriptor)
    reader, writer = await asyncio.open_connection(sock=sock, limit=2**20)
    setup = await read(reader)
    await Sender(setup, writer).work(reader)
    writer.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver says when to end
    with contextlib.suppress(EOFError):
        asyncio.run(_main(int(sys.argv[1])))
