"""The same request through ``compatible`` and through the openai SDK: the same answer, usage and
kind of fault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.errors import MalformedStream, Network, PluginError, ProviderError
from claimbench.provider.attempt import try_once
from claimbench.provider.contract import ProviderContext
from claimbench.tables.timing import opened_s
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Intent,
    Message,
    Meta,
    Outcome,
    Request,
    SamplingParams,
    UsageReport,
)
from claimbench_providers.endpoints import anthropic, compatible, gemini
from claimbench_providers.endpoints import openai_sdk as openai
from claimbench_providers.scripted.server import Server

from .events import events_of

REQUEST = Request(
    "c1",
    (Message("user", "say a few words"),),
    SamplingParams(temperature=0.0),
    16,
    seed=7,
    timeout_s=5,
)


@pytest.fixture
async def server() -> AsyncIterator[str]:
    made = Server()
    port = await made.start()
    yield f"http://127.0.0.1:{port}/v1"
    await made.stop()


async def answers(
    create: Callable[[Arm, ProviderContext], Any],
    url: str,
    request: Request = REQUEST,
    **options: Any,
) -> tuple[list[Event], ProviderError | None]:
    context = ProviderContext(SystemClock(), {"KEY": "test"}, Path(), Path())
    provider = create(
        Arm("a", "x", "gpt-4o", base_url=url, api_key_env="KEY", options=options), context
    )
    return await events_of(provider, request)


def told(events: list[Event]) -> dict[str, Any]:
    """What an attempt says, its stamps and the transport's facts apart."""
    metas = [e for e in events if isinstance(e, Meta)]
    return {
        "answer": "".join(e.text for e in events if isinstance(e, Delta) and e.kind == "answer"),
        "reasoning": "".join(
            e.text for e in events if isinstance(e, Delta) and e.kind == "reasoning"
        ),
        "tools": [(e.name, e.arguments, e.id) for e in events if type(e).__name__ == "ToolCall"],
        "usage": [(e.usage, e.raw) for e in events if isinstance(e, UsageReport)],
        "done": [(e.finish_reason, e.refusal) for e in events if isinstance(e, Done)],
        "model": [m.model_returned for m in metas if m.model_returned is not None],
        "order": [type(e).__name__ for e in events if not isinstance(e, Meta)],
    }


SCRIPTS: list[dict[str, Any]] = [
    {},
    {"chunks": 7, "ttft_s": 0.02, "gap_s": 0.005},
    {"text": "Ünïcödé 😀 across the pieces", "chunks": 9, "crlf": True},
    {"reasoning": 3, "chunks": 2},
    {"tool": "lookup", "finish_reason": "tool_calls"},
    {"refusal": "I cannot."},
    {"finish_reason": "length"},
    {"finish_reason": "content_filter"},
    {"framing": "length"},
    {"framing": "close"},
    {"done": False},
    {"usage": "absent"},
    {"model": "gpt-4o-2024-08-06"},
    {"usage": "contradictory"},
    {"usage": "wrong_total"},
    {"finish_reason": None},
]


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
async def test_regular_answers_are_the_same(server: str, script: dict[str, Any]) -> None:
    ours, fault = await answers(compatible.create, server, extra_body={"script": script})
    sdk, sdk_fault = await answers(openai.create, server, extra_body={"script": script})
    assert fault is None
    assert sdk_fault is None
    assert told(ours) == told(sdk)
    assert told(ours)["done"]


FAULTS: list[dict[str, Any]] = [
    {"chunks": 4, "close_after": 2},
    {"chunks": 4, "error_after": 2},
    {"finish_reason": None, "done": False, "usage": "absent"},
    {"finish_reason": "error"},
    {"status": 401},
    {"status": 404},
    {"status": 429, "retry_after_s": 3},
    {"status": 429, "error_code": "insufficient_quota"},
    {"status": 400, "error_code": "context_length_exceeded"},
    {"status": 503},
    {"status": 302},
    {"rpm": 0},
]


@pytest.mark.parametrize("script", FAULTS, ids=str)
async def test_faults_are_the_same(server: str, script: dict[str, Any]) -> None:
    ours, fault = await answers(compatible.create, server, extra_body={"script": script})
    sdk, sdk_fault = await answers(openai.create, server, extra_body={"script": script})
    assert fault is not None
    assert sdk_fault is not None
    assert type(fault) is type(sdk_fault)
    assert fault.billable == sdk_fault.billable
    assert sdk_fault.http_status in (None, fault.http_status)
    assert fault.retry_after_s == (
        pytest.approx(sdk_fault.retry_after_s, abs=1) if sdk_fault.retry_after_s else None
    )
    assert told(ours)["answer"] == told(sdk)["answer"]


@pytest.mark.parametrize("style", ["varied", "echo", "static"])
async def test_a_server_that_others_wrote_gives_the_same_through_both(style: str) -> None:
    from llmock.simulation import MockResponseSettings
    from llmock.testing import LLMockServer

    with LLMockServer(responses=MockResponseSettings(response_style=style)) as mock:
        ours, fault = await answers(compatible.create, mock.base_url())
        sdk, sdk_fault = await answers(openai.create, mock.base_url())
    assert fault is None
    assert sdk_fault is None
    assert told(ours) == told(sdk)
    assert told(ours)["answer"]


async def test_what_is_sent_is_the_same() -> None:
    from aiohttp import web

    seen: list[tuple[str, dict[str, Any]]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers["Authorization"], await request.json()))
        return web.Response(text='data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n')

    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/"
    request = Request(
        "c",
        REQUEST.messages,
        SamplingParams(0.2, 0.9, 3),
        5,
        stop=("x",),
        answer_schema={"type": "object"},
    )
    for create in (compatible.create, openai.create):
        await answers(create, url, request, headers={"X-Team": "t"})
    await runner.cleanup()
    assert seen[0] == seen[1]
    assert seen[0][0] == "Bearer test"


async def test_a_whole_completion_from_a_server_that_does_not_stream_is_read(server: str) -> None:
    from aiohttp import web

    whole = {
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "all"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
    app = web.Application()

    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(whole)

    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    events, fault = await answers(
        compatible.create, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    )
    await runner.cleanup()
    assert fault is None
    assert told(events)["answer"] == "all"
    assert told(events)["usage"][0][0].output_visible == 1


@pytest.mark.parametrize("framing", ["short_length"])
async def test_a_wrong_content_length_is_said(server: str, framing: str) -> None:
    _, fault = await answers(compatible.create, server, extra_body={"script": {"framing": framing}})
    assert isinstance(fault, MalformedStream)
    assert "Content-Length" in fault.message


async def test_an_answer_cut_by_too_long_a_content_length_counts_if_it_is_complete(
    server: str,
) -> None:
    events, fault = await answers(
        compatible.create, server, extra_body={"script": {"framing": "long_length"}}
    )
    assert fault is None
    assert told(events)["done"] == [("stop", False)]


@pytest.mark.alone
async def test_stamps_are_the_servers_truth_and_the_first_answer_is_apart_from_the_reasoning(
    server: str,
) -> None:
    script = {"ttft_s": 0.06, "gap_s": 0.02, "chunks": 3, "reasoning": 2}
    context = ProviderContext(SystemClock(), {}, Path(), Path())
    provider = compatible.create(
        Arm("a", "x", "m", base_url=server, options={"extra_body": {"script": script}}), context
    )
    facts = await provider.start()
    assert facts.details["network"]["connect_ms"] > 0
    clock = SystemClock()
    tried = await try_once(
        provider,
        REQUEST,
        clock,
        intent=Intent("c", 1, 1, None, ""),
        queued_ns=clock.monotonic_ns(),
        turn=_no_turn(),
    )
    traffic = provider.traffic
    await provider.close()
    timing = tried.attempt.timing
    assert tried.attempt.outcome is Outcome.OK
    assert timing.first_content_ns is not None
    assert timing.first_answer_ns is not None
    assert len(timing.chunk_ns) == 5
    assert 0.06 <= (timing.first_content_ns - timing.sent_ns) / 1e9 < 0.3
    assert timing.first_answer_ns == timing.chunk_ns[2]
    assert timing.ended_ns >= timing.chunk_ns[-1]
    assert timing.stamp_source in ("kernel", "transport")
    (counted,) = traffic.values()
    assert counted.requests == 1
    assert counted.bytes_sent > 0
    assert counted.bytes_received > 0


def _no_turn() -> Any:
    import contextlib

    return contextlib.nullcontext()


async def test_a_dead_endpoint_does_not_fail_the_start_but_each_call() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    events, fault = await answers(compatible.create, f"http://127.0.0.1:{port}/v1")
    assert events == []
    assert isinstance(fault, Network)
    assert fault.billable == "no"


async def test_a_key_with_a_line_break_is_refused_before_anything_is_sent(server: str) -> None:
    context = ProviderContext(SystemClock(), {"KEY": "secret\n"}, Path(), Path())
    provider = compatible.create(Arm("a", "x", "m", base_url=server, api_key_env="KEY"), context)
    with pytest.raises(PluginError, match="Authorization") as caught:
        await provider.start()
    assert "secret" not in str(caught.value)


async def test_a_slow_trickle_ends_at_the_suites_timeout_with_what_came(server: str) -> None:
    request = Request("c", REQUEST.messages, SamplingParams(), 16, timeout_s=2)
    script = {"chunks": 50, "trickle_s": 0.0005, "gap_s": 0.001}
    events, fault = await answers(compatible.create, server, request, extra_body={"script": script})
    assert fault is not None
    assert fault.outcome is Outcome.MODEL_TIMEOUT
    assert told(events)["answer"].startswith("w0 ")


@pytest.mark.parametrize("create", [compatible.create, anthropic.create, gemini.create])
async def test_each_call_tells_how_long_it_waited_for_a_connection_of_its_own(
    create: Callable[[Arm, ProviderContext], Any],
) -> None:
    opened = await _openings(create, closes=True)
    assert opened[0] == 0  # it lay ready
    assert all(one is not None and one > 0 for one in opened[1:]), opened
    assert await _openings(create, closes=False) == [0.0] * 3


async def test_a_client_that_tells_nothing_of_its_connections_leaves_that_unknown() -> None:
    assert await _openings(openai.create, closes=True) == [None] * 3


async def _openings(
    create: Callable[[Arm, ProviderContext], Any], *, closes: bool
) -> list[float | None]:
    """Seconds in which each of three calls in turn waited for its connection to be opened."""
    from aiohttp import web

    async def handle(_request: web.Request) -> web.Response:
        reply = web.json_response({"error": {"message": "no"}}, status=400)
        if closes:
            reply.force_close()
        return reply

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    clock = SystemClock()
    provider = create(
        Arm("a", "x", "m", base_url=url, api_key_env="KEY"),
        ProviderContext(clock, {"KEY": "test"}, Path(), Path()),
    )
    await provider.start()
    found = []
    for number in range(1, 4):
        intent = Intent("c", number, 1, None, "")
        tried = await try_once(
            provider, REQUEST, clock, intent=intent, queued_ns=clock.monotonic_ns(), turn=_no_turn()
        )
        found.append(opened_s(tried.attempt.timing))
    await provider.close()
    await runner.cleanup()
    return found
