"""OpenAI's Responses API: recorded shapes of its events, with faults; a server that others wrote;
what is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.errors import (
    Auth,
    BadRequest,
    ContextOverflow,
    IncompleteStream,
    MalformedStream,
    PluginError,
    ProviderError,
    RateLimited,
    ServerFault,
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
from claimbench_providers.endpoints import compatible, vendors
from claimbench_providers.endpoints import openai_sdk as openai
from claimbench_providers.endpoints.responses_wire import ResponseReader

from .events import events_of

HEAD = {
    "id": "resp_1",
    "object": "response",
    "status": "in_progress",
    "model": "gpt-5-mini-2025-08-07",
    "output": [],
}
USAGE = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 0},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 24},
    "total_tokens": 150,
}
CREATED = {
    "type": "response.created",
    "sequence_number": 0,
    "response": {**HEAD, "service_tier": "auto"},
}
ITEM = {"item_id": "msg_1", "output_index": 1, "content_index": 0}


def said(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", **ITEM, "delta": text, "logprobs": []}


def ended(kind: str = "completed", **more: Any) -> dict[str, Any]:
    response = {**HEAD, "status": kind, "usage": USAGE, "service_tier": "default", **more}
    return {"type": f"response.{kind}", "response": response}


def read(rows: list[dict[str, Any]], *, label: bool = False) -> list[Event]:
    reader = ResponseReader(Meta(http_status=200), hidden_reasoning=False, label=label)
    found: list[Event] = []
    for number, row in enumerate(rows):
        found += reader.read(row, 10 + number)
    if not reader.complete:
        raise IncompleteStream("cut")
    return [*found, *reader.finish()]


def outcome(events: list[Event]) -> tuple[Outcome, str]:
    answer = CollectedAnswer()
    for event in events:
        answer.take(event, 0)
    return classify(answer), answer.text


def test_an_answer_with_reasoning_usage_tier_model_and_id() -> None:
    reasoning = {
        "type": "response.reasoning_summary_text.delta",
        "item_id": "rs_1",
        "summary_index": 0,
        "delta": "Hm.",
    }
    events = read(
        [
            CREATED,
            {"type": "response.in_progress", "response": HEAD},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"id": "rs_1", "type": "reasoning"},
            },
            reasoning,
            {
                "type": "response.output_item.added",
                "output_index": 1,
                "item": {"id": "msg_1", "type": "message"},
            },
            said("Yes"),
            said(", it is."),
            {"type": "response.output_text.done", **ITEM, "text": "Yes, it is."},
            {"type": "response.some_future_event"},
            ended(),
        ]
    )
    metas = [e for e in events if isinstance(e, Meta)]
    assert [(m.model_returned, m.request_id, m.received_ns) for m in metas] == [
        (HEAD["model"], "resp_1", 10)
    ]
    assert [(e.text, e.kind, e.received_ns) for e in events if isinstance(e, Delta)] == [
        ("Hm.", "reasoning", 13),
        ("Yes", "answer", 15),
        (", it is.", "answer", 16),
    ]
    report = next(e for e in events if isinstance(e, UsageReport))
    used = report.usage
    assert (used.input_fresh, used.cache_read, used.output_visible, used.output_reasoning) == (
        20,
        100,
        6,
        24,
    )
    assert report.raw == {**USAGE, "service_tier": "default"}
    assert events[-1] == Done("stop", received_ns=19)
    assert outcome(events) == (Outcome.OK, "Yes, it is.")


def test_a_refusal_is_one_whatever_the_status_says() -> None:
    refused = {"type": "response.refusal.delta", **ITEM, "delta": "I cannot."}
    events = read([CREATED, refused, ended()])
    assert events[-1] == Done("stop", refusal=True, received_ns=12)
    assert outcome(events) == (Outcome.REFUSED, "I cannot.")


@pytest.mark.parametrize(("reason", "seen"), [
    ("max_output_tokens", Outcome.TRUNCATED),
    ("content_filter", Outcome.REFUSED),
    (None, Outcome.TRUNCATED),
])  # fmt: skip
def test_an_incomplete_response_says_why(reason: str | None, seen: Outcome) -> None:
    events = read(
        [
            CREATED,
            said("Yes"),
            ended("incomplete", incomplete_details=reason and {"reason": reason}),
        ]
    )
    assert outcome(events) == (seen, "Yes")
    assert any(isinstance(e, UsageReport) for e in events)


def test_reasoning_that_used_up_all_tokens_is_truncated_and_not_empty() -> None:
    events = read(
        [CREATED, ended("incomplete", incomplete_details={"reason": "max_output_tokens"})]
    )
    assert outcome(events) == (Outcome.TRUNCATED, "")


@pytest.mark.parametrize(("code", "message", "error"), [
    ("server_error", "The server had an error", ServerFault),
    ("rate_limit_exceeded", "Rate limit reached", RateLimited),
    ("insufficient_quota", "You exceeded your current quota", Auth),
    ("context_length_exceeded", "Your input exceeds the context window", ContextOverflow),
    ("invalid_prompt", "no such prompt id", BadRequest),
    ("invalid_prompt", "maximum context length is 8192 tokens", ContextOverflow),
])  # fmt: skip
@pytest.mark.parametrize("shape", ["failed", "error", "error object"])
def test_faults_inside_a_200(
    shape: str, code: str, message: str, error: type[ProviderError]
) -> None:
    fault = {"code": code, "message": message, "param": None}
    rows = {
        "failed": ended("failed", error=fault, usage=None),
        "error": {"type": "error", "sequence_number": 3, **fault},
        "error object": {"type": "error", "sequence_number": 3, "error": fault},
    }
    with pytest.raises(error, match=message):
        read([CREATED, said("Yes"), rows[shape]])


@pytest.mark.parametrize(("code", "message"), [
    ("invalid_prompt", "Invalid prompt: your prompt was flagged as potentially violating our usage policy."),
    ("bio_policy", "blocked"),
    ("content_filter", "filtered"),
])  # fmt: skip
def test_a_policy_block_is_a_refusal_and_no_fault(code: str, message: str) -> None:
    events = read([CREATED, ended("failed", error={"code": code, "message": message}, usage=None)])
    assert outcome(events) == (Outcome.REFUSED, "")


def test_function_calls_bear_the_stamp_of_their_first_piece() -> None:
    call = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_7",
        "name": "lookup",
        "arguments": "",
    }
    pieces = [
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": part}
        for part in ('{"a', '":1}')
    ]
    done = {
        "type": "response.function_call_arguments.done",
        "item_id": "fc_1",
        "arguments": '{"a":1}',
    }
    events = read(
        [CREATED, {"type": "response.output_item.added", "item": call}, *pieces, done, ended()]
    )
    assert [e for e in events if isinstance(e, ToolCall)] == [
        ToolCall("lookup", '{"a":1}', "call_7", 11)
    ]
    assert events[-1] == Done("tool_calls", received_ns=15)


def test_an_enforced_label_arrives_bare() -> None:
    events = read([CREATED, said('{"la'), said('bel": "ref'), said('und"}'), ended()], label=True)
    assert outcome(events) == (Outcome.OK, "refund")


def test_another_model_at_the_end_is_on_record() -> None:
    events = read([CREATED, said("Yes"), ended(model="gpt-5-nano")])
    assert [e.model_returned for e in events if isinstance(e, Meta)] == [
        HEAD["model"],
        "gpt-5-nano",
    ]


@pytest.mark.parametrize("rows", [
    [CREATED, said("Yes")],
    [CREATED, said("Yes"), {"type": "response.output_text.done", **ITEM, "text": "Yes"}],
    [CREATED, {"type": "response.queued", "response": {**HEAD, "status": "queued"}}],
])  # fmt: skip
def test_a_stream_without_its_last_event_is_incomplete(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(IncompleteStream):
        read(rows)


@pytest.mark.parametrize("row", [{"no": "type"}, {"choices": []}])
def test_what_is_no_event_is_malformed(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedStream, match="without a type"):
        read([row])


def test_usage_that_contradicts_itself_is_unknown_and_said() -> None:
    events = read([CREATED, said("Yes"), ended(usage={**USAGE, "total_tokens": 7})])
    report = next(e for e in events if isinstance(e, UsageReport))
    assert (report.usage.source, report.raw["total_tokens"]) == ("unknown", 7)
    assert "usage that cannot be relied on" in events[-1].remarks[0]


# What is sent


def ask(**changes: Any) -> Request:
    turns = (Message("system", "Be brief."), Message("user", "Hi"))
    values: dict[str, Any] = {
        "params": SamplingParams(0.0, 0.9),
        "max_tokens": 64,
        "timeout_s": 20.0,
    } | changes
    return Request("c1", turns, **values)


def made(folder: Path, arm: Arm, **environ: str) -> compatible.CompatibleProvider:
    context = ProviderContext(SystemClock(), environ, folder, folder)
    create = {"openai": openai.create, "compatible": compatible.create}.get(
        arm.provider, vendors.create
    )
    provider = create(arm, context)
    assert isinstance(provider, compatible.CompatibleProvider)
    return provider


SCHEMA = {
    "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False,
}  # fmt: skip


def test_the_request_says_what_the_suite_says_and_that_nothing_is_kept(tmp_path: Path) -> None:
    provider = made(tmp_path, Arm("a", "openai", "gpt-4.1", options={"api": "responses"}))
    assert provider.address() == "https://api.openai.com/v1/responses"
    assert provider.body(ask(seed=7, stop=("\n",))) == {
        "model": "gpt-4.1",
        "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_output_tokens": 64,
        "temperature": 0.0,
        "top_p": 0.9,
        "store": False,
        "stream": True,
    }
    about = provider.details()
    assert (about["api"], about["parameters_omitted"]) == ("responses", [])
    said_sent = provider.sent(ask(params=SamplingParams(0.0, 0.9, 7), seed=7, stop=("\n",)))
    assert set(said_sent.refused) == {"seed", "stop"}
    assert said_sent.here == ("stop",)


def test_a_reasoning_models_request(tmp_path: Path) -> None:
    options: dict[str, Json] = {
        "api": "responses",
        "extra_body": {"reasoning": {"summary": "auto"}, "store": True},
        "structured": True,
    }
    provider = made(
        tmp_path,
        Arm("a", "compatible", "gpt-5-mini", base_url="https://x.example/v1", options=options),
    )
    body = provider.body(
        ask(params=SamplingParams(0.0, reasoning_effort="low"), labels=("yes", "no"))
    )
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["store"] is True
    assert not {"temperature", "top_p"} & set(body)
    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "answer", True)
    assert form["schema"]["properties"]["label"]["enum"] == ["yes", "no"]
    assert provider.constraint(ask(answer_schema=SCHEMA)) == "json_schema"
    assert provider.body(ask(answer_schema=SCHEMA))["text"]["format"]["schema"] == SCHEMA


@pytest.mark.parametrize(("arm", "says"), [
    (Arm("a", "openai", "m", options={"api": "response"}), "one of chat, responses"),
    (Arm("a", "compatible", "m", base_url="https://x.example/v1", options={"api": "responses", "stream_usage": True}), "`api: responses`"),
    (Arm("a", "mistral", "m", options={"api": "responses"}), "no Responses API"),
    (Arm("a", "gemini", "m", options={"api": "responses"}), "knows no option `api`"),
])  # fmt: skip
def test_an_api_that_is_not_there_is_one_clear_error(tmp_path: Path, arm: Arm, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        made(tmp_path, arm)


def test_every_vendor_that_has_the_api_is_asked_at_its_own_address(tmp_path: Path) -> None:
    having = [vendor for vendor in vendors.catalogue().values() if "responses" in vendor.apis]
    assert {"azure", "xai", "groq", "openrouter", "vllm"} <= {vendor.name for vendor in having}
    for vendor in having:
        base_url = vendor.base_url or "https://resource.openai.azure.com/openai/v1"
        arm = Arm(
            "a",
            vendor.name,
            "m",
            base_url=None if vendor.base_url else base_url,
            options={"api": "responses"},
        )
        provider = made(tmp_path, arm, **({vendor.key: "k"} if vendor.key else {}))
        assert provider.address() == f"{base_url}/responses"
        assert provider.missing() is None


# A server that others wrote


async def told_by(
    url: str, folder: Path, request: Request, **options: Json
) -> tuple[list[Event], Exception | None]:
    arm = Arm("a", "compatible", "gpt-4o", base_url=url, options={"api": "responses", **options})
    return await events_of(made(folder, arm), request)


async def test_the_mock_vendor_says_the_same_streamed_and_whole(
    llmock: Any, tmp_path: Path
) -> None:
    streamed, fault = await told_by(llmock.base_url(), tmp_path, ask())
    whole, no_fault = await told_by(
        llmock.base_url(), tmp_path, ask(), extra_body={"stream": False}
    )
    assert fault is None
    assert no_fault is None
    assert outcome(streamed) == outcome(whole)
    assert outcome(streamed)[0] is Outcome.OK
    reports = [
        next(e for e in events if isinstance(e, UsageReport)).usage for events in (streamed, whole)
    ]
    assert reports[0] == reports[1]
    assert reports[0].input_total
    stamps = [e.received_ns for e in streamed if isinstance(e, Delta)]
    assert len(stamps) > 2
    assert None not in stamps


async def test_stop_strings_end_the_answer_here(llmock: Any, tmp_path: Path) -> None:
    _, text = outcome((await told_by(llmock.base_url(), tmp_path, ask()))[0])
    stop = text[10:14]
    seen = outcome((await told_by(llmock.base_url(), tmp_path, ask(stop=(stop,))))[0])
    assert seen == (Outcome.OK, text[: text.index(stop)])


FAULTS: list[tuple[str, dict[str, Any], type[ProviderError]]] = [
    ("fail", {"status": 500}, ServerFault),
    ("fail", {"status": 401}, Auth),
    ("rate_limit", {"retry_after": 2}, RateLimited),
    ("context_overflow", {}, ContextOverflow),
    ("truncate", {"after_chunks": 6}, IncompleteStream),
    ("disconnect", {"after_chunks": 6}, IncompleteStream),
    ("corrupt", {"after_chunks": 6}, MalformedStream),
]


@pytest.mark.parametrize(("fault", "arguments", "error"), FAULTS)
async def test_the_mock_vendors_faults(
    llmock: Any, tmp_path: Path, fault: str, arguments: dict[str, Any], error: type[ProviderError]
) -> None:
    getattr(llmock, fault)(**arguments)
    _, seen = await told_by(llmock.base_url(), tmp_path, ask())
    assert isinstance(seen, error)
