"""The litellm provider with the real litellm: answers, usage, faults, no retries; Bedrock's frames
on loopback.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.clock import SystemClock
from claimbench.errors import (
    Auth,
    BadRequest,
    ContextOverflow,
    IncompleteStream,
    Network,
    ProviderError,
    RateLimited,
    ServerFault,
    Timeout,
)
from claimbench.provider.attempt import CollectedAnswer, classify
from claimbench.provider.contract import ProviderContext
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Json,
    Message,
    Meta,
    Outcome,
    Request,
    SamplingParams,
    ToolCall,
    UsageReport,
)
from claimbench_providers.endpoints import litellm, vendors
from claimbench_providers.scripted.server import Server

from .events import events_of

# litellm's own use of what pydantic and others call deprecated
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
GREEDY = SamplingParams(temperature=0.0)
REQUEST = Request("c1", (Message("user", "say a few words"),), GREEDY, 16, seed=7, timeout_s=20)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    made.port = await made.start()  # type: ignore[attr-defined]
    yield made
    await made.stop()


async def answers(
    url: str, model: str = "openai/gpt-4o", **options: Json
) -> tuple[list[Event], ProviderError | None]:
    context = ProviderContext(SystemClock(), {}, Path(), Path())
    provider = litellm.create(Arm("a", "litellm", model, base_url=url, options=options), context)
    return await events_of(provider, REQUEST)


async def scripted(
    server: Any, script: dict[str, Json]
) -> tuple[list[Event], ProviderError | None]:
    return await answers(
        f"http://127.0.0.1:{server.port}/v1", extra={"extra_body": {"script": script}}
    )


def outcome(events: list[Event]) -> tuple[Outcome, str]:
    answer = CollectedAnswer()
    for event in events:
        answer.take(event, 0)
    return classify(answer), answer.text


async def test_a_whole_answer_with_usage_and_no_stamps_of_its_own(server: Any) -> None:
    events, fault = await scripted(server, {"chunks": 4, "text": "one two three four"})
    assert fault is None
    assert outcome(events) == (Outcome.OK, "one two three four")
    usage = next(e for e in events if isinstance(e, UsageReport)).usage
    assert (usage.input_total, usage.output_total) == (4, 4)
    assert all(e.received_ns is None for e in events if isinstance(e, Delta))
    assert next(e for e in events if isinstance(e, Meta)).model_returned == "gpt-4o"
    assert sum(isinstance(e, Done) for e in events) == 1
    assert litellm.LitellmProvider.stamp_source == "sdk"


async def test_what_litellm_counts_itself_is_no_usage(server: Any) -> None:
    events, fault = await scripted(server, {"usage": "absent"})
    assert fault is None
    assert isinstance(events[-1], Done)
    assert not [e for e in events if isinstance(e, UsageReport)]


async def test_tool_calls_and_the_end_by_length(server: Any) -> None:
    events, _ = await scripted(server, {"tool": "lookup", "finish_reason": "tool_calls"})
    assert [e.name for e in events if isinstance(e, ToolCall)] == ["lookup"]
    events, _ = await scripted(server, {"finish_reason": "length"})
    assert outcome(events)[0] is Outcome.TRUNCATED
    events, _ = await scripted(server, {"finish_reason": "content_filter"})
    assert outcome(events)[0] is Outcome.REFUSED


FAULTS: list[tuple[dict[str, Json], type[ProviderError]]] = [
    ({"status": 401}, Auth),
    ({"status": 404}, BadRequest),
    ({"status": 429, "retry_after_s": 3}, RateLimited),
    ({"status": 400, "error_code": "context_length_exceeded"}, ContextOverflow),
    ({"status": 503}, ServerFault),
    ({"chunks": 4, "close_after": 2}, IncompleteStream),
    ({"chunks": 4, "error_after": 2}, ServerFault),
    ({"finish_reason": None}, IncompleteStream),
]


@pytest.mark.parametrize(("script", "error"), FAULTS, ids=str)
async def test_each_fault_is_its_error_and_nothing_is_sent_twice(
    server: Any, script: dict[str, Json], error: type[ProviderError]
) -> None:
    _, fault = await scripted(server, script)
    assert type(fault) is error
    assert server.requests == 1
    if error is RateLimited:
        assert fault.retry_after_s == 3


async def test_a_filtered_prompt_is_a_refusal(server: Any) -> None:
    events, fault = await scripted(server, {"status": 400, "error_code": "content_filter"})
    assert fault is None
    assert outcome(events)[0] is Outcome.REFUSED


async def test_a_dead_endpoint_is_a_network_fault() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    _, fault = await answers(f"http://127.0.0.1:{port}/v1")
    assert isinstance(fault, Network)


async def test_too_slow_is_a_timeout(server: Any) -> None:
    _, fault = await answers(
        f"http://127.0.0.1:{server.port}/v1",
        extra={"extra_body": {"script": {"ttft_s": 30}}, "timeout": 0.5},
    )
    assert isinstance(fault, Timeout)
    assert server.requests == 1


# Bedrock: its event-stream frames from a server of our own, since no stand-in speaks them


def frame(kind: str, payload: dict[str, Any], message: str = "event") -> bytes:
    """One message of AWS's event stream
    (docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).
    """
    named = {
        f":{'exception' if message == 'exception' else 'event'}-type": kind,
        ":message-type": message,
    }
    headers = b"".join(
        bytes([len(name)])
        + name.encode()
        + b"\x07"
        + struct.pack("!H", len(value))
        + value.encode()
        for name, value in {**named, ":content-type": "application/json"}.items()
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    whole = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + data
    return whole + struct.pack("!I", zlib.crc32(whole))


class Bedrock:
    """ConverseStream on loopback: two pieces of text, the end, the usage; or a refusal by status."""

    def __init__(self) -> None:
        self.status, self.stop, self.cut, self.url = 200, "end_turn", False, ""
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            (request.path, request.headers.get("Authorization", ""), await request.json())
        )
        if self.status != 200:
            return web.json_response({"message": "refused by the test"}, status=self.status)
        response = web.StreamResponse(
            headers={"Content-Type": "application/vnd.amazon.eventstream"}
        )
        await response.prepare(request)
        await response.write(frame("messageStart", {"role": "assistant"}))
        for text in ("Yes", ", it is."):
            await response.write(
                frame("contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0})
            )
        if self.cut:
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(frame("contentBlockStop", {"contentBlockIndex": 0}))
        await response.write(frame("messageStop", {"stopReason": self.stop}))
        usage = {
            "inputTokens": 21,
            "outputTokens": 5,
            "totalTokens": 126,
            "cacheReadInputTokens": 100,
        }
        await response.write(frame("metadata", {"usage": usage, "metrics": {"latencyMs": 7}}))
        return response


@pytest.fixture
async def bedrock() -> AsyncIterator[Bedrock]:
    made = Bedrock()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


MODEL = "bedrock/anthropic.claude-3-haiku-20240307-v1:0"


async def converse(bedrock: Bedrock) -> tuple[list[Event], ProviderError | None]:
    context = ProviderContext(
        SystemClock(), {"AWS_BEARER_TOKEN_BEDROCK": "bedrock-token"}, Path(), Path()
    )
    extra = {"aws_bedrock_runtime_endpoint": bedrock.url, "aws_region_name": "us-east-1"}
    arm = Arm(
        "a", "bedrock", MODEL, api_key_env="AWS_BEARER_TOKEN_BEDROCK", options={"extra": extra}
    )
    provider = vendors.create(arm, context)
    assert isinstance(provider, litellm.LitellmProvider)
    assert provider.missing() is None
    return await events_of(provider, REQUEST)


async def test_bedrocks_converse_stream(bedrock: Bedrock) -> None:
    events, fault = await converse(bedrock)
    assert fault is None
    assert outcome(events) == (Outcome.OK, "Yes, it is.")
    ((path, authorization, body),) = bedrock.asked
    assert path == "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream"
    assert authorization == "Bearer bedrock-token"
    assert body["messages"] == [{"role": "user", "content": [{"text": "say a few words"}]}]
    assert body["inferenceConfig"]["maxTokens"] == 16
    usage = next(e for e in events if isinstance(e, UsageReport)).usage
    assert (usage.input_fresh, usage.cache_read, usage.output_total) == (21, 100, 5)


async def test_bedrocks_ends(bedrock: Bedrock) -> None:
    bedrock.stop = "max_tokens"
    assert outcome((await converse(bedrock))[0])[0] is Outcome.TRUNCATED
    bedrock.stop = "guardrail_intervened"
    assert outcome((await converse(bedrock))[0])[0] is Outcome.REFUSED


@pytest.mark.parametrize(
    ("status", "error"), [(403, Auth), (429, RateLimited), (503, ServerFault), (None, None)]
)
async def test_bedrocks_faults_are_sent_once(
    bedrock: Bedrock, status: int | None, error: type[ProviderError] | None
) -> None:
    bedrock.status, bedrock.cut = status or 200, status is None
    _, fault = await converse(bedrock)
    assert isinstance(fault, error or IncompleteStream)
    assert len(bedrock.asked) == 1
