"""Closing an attempt's events stops its request, as cancelling does, whichever protocol it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Arm, Event, Message, Request, SamplingParams
from claimbench_providers.endpoints import anthropic, compatible, gemini

ARMS = {
    "chat": (compatible.create, {}),
    "responses": (compatible.create, {"api": "responses"}),
    "anthropic": (anthropic.create, {}),
    "gemini": (gemini.create, {}),
}
REQUEST = Request("c1", (Message("user", "hello"),), SamplingParams(), 16, timeout_s=60)


@dataclass
class Slow:
    """A server that begins an answer and never ends it."""

    url: str = ""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": wait\n\n")
        self.began.set()
        try:
            await asyncio.sleep(600)
        finally:
            self.left.set()
        return response


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    made = Slow()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


@pytest.fixture(params=ARMS)
async def provider(
    request: pytest.FixtureRequest, slow: Slow, tmp_path: Path
) -> AsyncIterator[Any]:
    create, options = ARMS[request.param]
    context = ProviderContext(SystemClock(), {}, tmp_path, tmp_path)
    made = create(Arm("a", request.param, "m", base_url=slow.url, options=dict(options)), context)
    await made.start()
    yield made
    await made.close()


async def consume(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


async def test_closing_from_another_task_stops_the_request_and_ends_the_events(
    provider: Any, slow: Slow
) -> None:
    stream = provider.stream(REQUEST)
    reader = asyncio.ensure_future(consume(stream))
    await slow.began.wait()
    await stream.aclose()
    await asyncio.wait_for(slow.left.wait(), 30)
    assert await reader == []
    await stream.aclose()  # again, which is nothing
    assert await consume(stream) == []


async def test_a_reader_cancelled_by_others_meanwhile_stays_cancelled(
    provider: Any, slow: Slow
) -> None:
    stream = provider.stream(REQUEST)
    reader = asyncio.ensure_future(consume(stream))
    await slow.began.wait()
    closing = asyncio.ensure_future(stream.aclose())
    reader.cancel()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.wait_for(slow.left.wait(), 30)


async def test_cancelling_the_reader_stops_the_request(provider: Any, slow: Slow) -> None:
    reader = asyncio.ensure_future(consume(provider.stream(REQUEST)))
    await slow.began.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.wait_for(slow.left.wait(), 30)


async def test_closing_before_the_first_event_sends_nothing(provider: Any, slow: Slow) -> None:
    stream = provider.stream(REQUEST)
    await stream.aclose()
    assert await consume(stream) == []
    assert not slow.began.is_set()
