"""Both ways to an endpoint (SDK, own transport): a third-party mock vendor for faults, a script for
other replies.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.errors import (
    Auth,
    BadRequest,
    ConnectTimeout,
    ContextOverflow,
    IncompleteStream,
    MalformedStream,
    Network,
    PluginError,
    ProviderError,
    RateLimited,
    ServerFault,
    Timeout,
)
from claimbench.provider.contract import Provider, ProviderContext
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Meta,
    Request,
    SamplingParams,
    ToolCall,
    UsageReport,
)
from claimbench_providers.endpoints import openai_sdk as openai

Ask = Callable[..., Request]


def delta(**fields: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m-2026-01-01",
        "choices": [fields],
    }


def said(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return delta(index=0, delta={"content": text, **more}, finish_reason=finish)


def used(**usage: Any) -> dict[str, Any]:
    return {**delta(), "choices": [], "usage": usage}


async def ask(provider: Provider, request: Request) -> list[Event]:
    return [event async for event in provider.stream(request)]


def text_of(events: list[Event], kind: str = "answer") -> str:
    return "".join(e.text for e in events if isinstance(e, Delta) and e.kind == kind)


# Faults, as a vendor would send them

FAULTS: list[tuple[str, dict[str, Any], type[ProviderError], str]] = [
    ("fail", {"status": 500}, ServerFault, "no"),
    ("fail", {"status": 503}, ServerFault, "no"),
    ("fail", {"status": 401}, Auth, "no"),
    ("fail", {"status": 403}, Auth, "no"),
    ("fail", {"status": 404}, BadRequest, "no"),
    ("fail", {"status": 429, "code": "insufficient_quota"}, Auth, "no"),
    ("context_overflow", {}, ContextOverflow, "no"),
    ("disconnect", {"after_chunks": 2}, IncompleteStream, "unknown"),
    ("truncate", {"after_chunks": 2}, IncompleteStream, "unknown"),
    ("corrupt", {"after_chunks": 2}, MalformedStream, "unknown"),
    ("stall", {"after_chunks": 2, "seconds": 1.5}, Timeout, "unknown"),
]


@pytest.mark.parametrize(("fault", "arguments", "error", "billable"), FAULTS)
async def test_each_fault_is_its_error(
    llmock: Any,
    endpoint: Any,
    request_for: Ask,
    fault: str,
    arguments: dict[str, Any],
    error: type[ProviderError],
    billable: str,
) -> None:
    getattr(llmock, fault)(**arguments)
    allowed = request_for(timeout_s=0.7 if issubclass(error, Timeout) else 60.0)
    async with endpoint(llmock.base_url()) as provider:
        with pytest.raises(error) as caught:
            await ask(provider, allowed)
        assert caught.value.billable == billable
        events = await ask(provider, request_for())  # the next attempt is not harmed
    assert isinstance(events[-1], Done)


async def test_a_rate_limit_says_when_to_come_back_and_is_not_retried_by_the_sdk(
    llmock: Any, endpoint: Any, request_for: Ask
) -> None:
    llmock.rate_limit(times=5, retry_after=30.5)
    async with endpoint(llmock.base_url()) as provider:
        started = time.monotonic()
        with pytest.raises(RateLimited) as caught:
            await ask(provider, request_for())
        assert time.monotonic() - started < 30
    assert caught.value.retry_after_s == 30.5
    assert caught.value.http_status == 429


async def test_a_whole_answer_with_usage_and_a_tool_call(
    llmock: Any, endpoint: Any, request_for: Ask
) -> None:
    llmock.call_tool("lookup", {"order": 7})
    async with endpoint(llmock.base_url()) as provider:
        assert isinstance(provider, Provider)
        events = await ask(provider, request_for())
    (call,) = [e for e in events if isinstance(e, ToolCall)]
    assert (call.name, call.arguments) == ("lookup", '{"order": 7}')
    assert isinstance(events[0], Meta)
    assert events[0].http_status == 200
    (report,) = [e for e in events if isinstance(e, UsageReport)]
    assert report.usage.input_total == report.raw["prompt_tokens"]
    assert report.usage.output_total == report.raw["completion_tokens"]
    assert isinstance(events[-1], Done)
    assert events[-1].finish_reason == "tool_calls"


async def test_cancelling_the_attempt_drops_the_connection(
    llmock: Any, endpoint: Any, request_for: Ask
) -> None:
    llmock.stall(after_chunks=3, seconds=20)
    async with endpoint(llmock.base_url()) as provider:
        started = time.monotonic()
        attempt = asyncio.ensure_future(ask(provider, request_for()))
        await asyncio.sleep(0.5)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert time.monotonic() - started < 20


async def test_a_dead_endpoint_is_a_network_fault_that_costs_nothing(
    endpoint: Any, request_for: Ask
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with endpoint(f"http://127.0.0.1:{port}/v1") as provider:
        with pytest.raises(Network, match="no connection") as caught:
            await ask(provider, request_for())
    assert caught.value.billable == "no"


async def test_a_host_that_does_not_take_the_connection_is_a_connect_timeout(
    endpoint: Any, request_for: Ask
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [
            socket.socket() for _ in range(4)
        ]  # fills the backlog, so that the next SYN stays unanswered
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        async with endpoint(
            f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect_timeout_s=0.4
        ) as provider:
            with pytest.raises(ConnectTimeout) as caught:
                await ask(provider, request_for(connect_timeout_s=0.3))
        for one in waiting:
            one.close()
    assert caught.value.billable == "no"


# What is sent


async def test_the_request_says_what_the_suite_says_and_no_more(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    script.chunks = [said("ok", "stop")]
    async with endpoint(script.url, model="gpt-4.1-mini") as provider:
        facts = await provider.start()
        await ask(provider, request_for("Hi", stop=("\n",)))
        await ask(provider, request_for("Hi", params=SamplingParams(), seed=None))
    assert script.asked[0] == {
        "model": "gpt-4.1-mini",
        "messages": [
            {"role": "system", "content": "You are helpful."},
            {"role": "user", "content": "Hi"},
        ],
        "max_tokens": 12,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 7,
        "stop": ["\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert set(script.asked[1]) == {"model", "messages", "max_tokens", "stream", "stream_options"}
    assert facts.details["parameters_omitted"] == []


@pytest.mark.parametrize("model", ["gpt-5-mini", "o4-mini", "openai/gpt-5.1"])
async def test_reasoning_models_get_the_parameters_they_take(
    script: Any, endpoint: Any, request_for: Ask, model: str
) -> None:
    script.chunks = [
        said("one two", None),
        said(" three\nfour", None),
        said(" five", "stop"),
        used(prompt_tokens=1),
    ]
    async with endpoint(script.url, model=model) as provider:
        facts = await provider.start()
        events = await ask(provider, request_for(stop=("\n",)))
    sent = script.asked[0]
    assert sent["max_completion_tokens"] == 12
    assert not {"max_tokens", "temperature", "top_p", "stop"} & set(sent)
    assert facts.details["parameters_omitted"] == []
    said_sent = provider.sent(request_for(stop=("\n",)))
    assert set(said_sent.refused) == {"temperature", "top_p", "stop"}
    assert said_sent.here == ("stop",)
    assert text_of(events) == "one two three", "the stop string still ends the answer"


async def test_a_schema_is_enforced_and_labels_only_when_asked(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    script.chunks = [said("x", "stop")]
    async with endpoint(script.url) as provider:
        assert provider.constraint(request_for(labels=("yes", "no"))) == "none"
        assert provider.constraint(request_for(answer_schema=schema)) == "json_schema"
        await ask(provider, request_for(answer_schema=schema))
        await ask(provider, request_for(answer_schema={**schema, "required": []}))
        await ask(provider, request_for(labels=("yes", "no")))
    strict = [
        body.get("response_format", {}).get("json_schema", {}).get("strict")
        for body in script.asked
    ]
    assert strict == [True, False, None]
    async with endpoint(script.url, structured=False) as provider:
        assert provider.constraint(request_for(answer_schema=schema)) == "none"


async def test_an_enforced_label_arrives_bare(script: Any, endpoint: Any, request_for: Ask) -> None:
    script.chunks = [said('{"la'), said('bel": "re'), said("f\\u00fcnd"), said('"}', "stop")]
    async with endpoint(script.url, structured=True) as provider:
        request = request_for(labels=("refünd", "other"))
        assert provider.constraint(request) == "json_schema"
        events = await ask(provider, request)
    assert text_of(events) == "refünd"
    enum = script.asked[0]["response_format"]["json_schema"]["schema"]["properties"]["label"][
        "enum"
    ]
    assert enum == ["refünd", "other"]


# What comes back


async def test_reasoning_is_kept_apart_and_another_model_is_on_record(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    script.headers = {"x-request-id": "req-9", "x-ratelimit-remaining-requests": "41"}
    details = {"reasoning_tokens": 4}
    usage = used(
        prompt_tokens=10, completion_tokens=6, total_tokens=16, completion_tokens_details=details
    )
    script.chunks = [
        said("", reasoning_content="Let me "),
        said("", reasoning="think."),
        said("Yes"),
        said("", "stop"),
        usage,
        "[DONE]",
    ]
    async with endpoint(script.url, model="m") as provider:
        events = await ask(provider, request_for())
    assert text_of(events, "reasoning") == "Let me think."
    assert text_of(events) == "Yes"
    (meta,) = [e for e in events if isinstance(e, Meta)]
    assert (meta.model_returned, meta.request_id) == ("m-2026-01-01", "req-9")
    assert meta.rate_limits == {"x-ratelimit-remaining-requests": "41"}
    (report,) = [e for e in events if isinstance(e, UsageReport)]
    assert (report.usage.output_visible, report.usage.output_reasoning) == (2, 4)


async def test_usage_that_contradicts_itself_is_unknown_and_said(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    cached = {"cached_tokens": 50}
    script.chunks = [
        said("Yes", "stop"),
        used(prompt_tokens=10, completion_tokens=1, prompt_tokens_details=cached),
    ]
    async with endpoint(script.url) as provider:
        events = await ask(provider, request_for())
    report = next(e for e in events if isinstance(e, UsageReport))
    assert report.usage.source == "unknown"
    assert report.raw["prompt_tokens_details"] == cached
    assert isinstance(events[-1], Done)
    assert "usage that cannot be relied on" in events[-1].remarks[0]


async def test_no_usage_stays_unknown(script: Any, endpoint: Any, request_for: Ask) -> None:
    script.chunks = [said("Yes", "stop"), "[DONE]"]
    async with endpoint(script.url) as provider:
        events = await ask(provider, request_for())
    assert not [e for e in events if isinstance(e, UsageReport)]
    assert isinstance(events[-1], Done)


@pytest.mark.parametrize(
    ("chunks", "finish"),
    [
        (
            [said("", None, refusal="I cannot "), said("", "stop", refusal="help with that.")],
            "stop",
        ),
        ([said("Well", None), said("", "content_filter")], "content_filter"),
    ],
)
async def test_a_refusal_is_marked(
    script: Any, endpoint: Any, request_for: Ask, chunks: Any, finish: str
) -> None:
    script.chunks = chunks
    async with endpoint(script.url) as provider:
        done = (await ask(provider, request_for()))[-1]
    assert isinstance(done, Done)
    assert (done.finish_reason, done.refusal) == (finish, True)


async def test_a_prompt_filter_is_a_refusal_and_not_a_broken_request(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    script.status, script.body = 400, {"error": {"code": "content_filter", "message": "filtered"}}
    async with endpoint(script.url) as provider:
        events = await ask(provider, request_for())
    assert isinstance(events[0], Meta)
    assert events[0].http_status == 400
    assert isinstance(events[-1], Done)
    assert (events[-1].finish_reason, events[-1].refusal) == ("content_filter", True)


async def test_an_error_inside_a_stream_is_a_server_fault(
    script: Any, endpoint: Any, request_for: Ask
) -> None:
    script.chunks = [said("Yes"), {"error": {"message": "overloaded", "type": "server_error"}}]
    async with endpoint(script.url) as provider:
        with pytest.raises(ServerFault, match="overloaded"):
            await ask(provider, request_for())


# Before anything is sent


@pytest.mark.parametrize(
    ("arm", "environ", "why"),
    [
        ({}, {}, "OPENAI_API_KEY is not set"),
        ({}, {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY is not set"),
        ({}, {"OPENAI_API_KEY": "k"}, None),
        (
            {"base_url": "https://api.deepseek.com"},
            {"OPENAI_API_KEY": "k"},
            "DEEPSEEK_API_KEY is not set",
        ),
        (
            {"base_url": "https://llm.example.com/v1"},
            {},
            "no key variable is known for llm.example.com",
        ),
        (
            {"base_url": "https://llm.example.com/v1", "api_key_env": "MY_KEY"},
            {"MY_KEY": "k"},
            None,
        ),
        ({"base_url": "http://localhost:8000/v1"}, {}, None),
        (
            {"base_url": "http://192.168.1.9:8000/v1", "api_key_env": "MY_KEY"},
            {},
            "MY_KEY is not set",
        ),
    ],
)
async def test_a_key_is_missing_or_not_needed(
    tmp_path: Path, arm: dict[str, Any], environ: dict[str, str], why: str | None
) -> None:
    context = ProviderContext(SystemClock(), environ, tmp_path, tmp_path)
    provider = openai.create(Arm("gpt", "openai", "gpt-5-mini", **arm), context)
    seen = provider.missing()
    assert seen is None if why is None else why in str(seen)
    if why is not None:
        with pytest.raises(PluginError, match="'gpt' cannot run"):
            await provider.start()


def test_a_wrong_option_or_address_is_named(tmp_path: Path) -> None:
    context = ProviderContext(SystemClock(), {}, tmp_path, tmp_path)
    with pytest.raises(PluginError, match="did you mean `token_parameter`"):
        openai.create(Arm("a", "openai", "m", options={"tokens_parameter": "max_tokens"}), context)
    with pytest.raises(PluginError, match="not an address"):
        openai.create(Arm("a", "openai", "m", base_url="localhost:8000"), context)
