"""Every protocol against a server nobody here wrote (llmock): same prompt, same answer, same
tokens, same faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llmock.scenarios import Fail, StreamFault
from llmock.testing import LLMockServer

from claimbench.clock import SystemClock
from claimbench.errors import (
    Auth,
    IncompleteStream,
    MalformedStream,
    Network,
    PluginError,
    RateLimited,
    ServerFault,
)
from claimbench.provider.contract import Provider, ProviderContext
from claimbench.provider.usage import normalise_anthropic, normalise_gemini
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Message,
    Meta,
    Request,
    SamplingParams,
    UsageReport,
)
from claimbench_providers.endpoints import anthropic, gemini, vendors

from .events import events_of

FACES = {
    "openai": ("openai", "gpt-4o", "OPENAI_API_KEY"),
    "compatible": ("openai", "gpt-4o", None),
    "responses": ("openai", "gpt-4o", None),
    "anthropic": ("anthropic", "claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
    "gemini": ("gemini", "gemini-2.5-flash", "GEMINI_API_KEY"),
    "mistral": ("mistral", "mistral-large-latest", "MISTRAL_API_KEY"),
    "groq": ("groq", "llama-3.3-70b-versatile", "GROQ_API_KEY"),
    "together": ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "TOGETHER_API_KEY"),
    "xai": ("xai", "grok-4", "XAI_API_KEY"),
}


@pytest.fixture(scope="module")
def mock() -> Iterator[LLMockServer]:
    with LLMockServer() as server:
        yield server


@pytest.fixture(autouse=True)
def clean(mock: LLMockServer) -> None:
    mock.state.scenarios.clear()


def make(face: str, mock: LLMockServer, folder: Path) -> Provider:
    path, model, key = FACES[face]
    context = ProviderContext(SystemClock(), {key: "test-key"} if key else {}, folder, folder)
    # Mistral sends usage unasked and refuses to be asked; llmock's Mistral face wants to be asked.
    options: dict[str, Any] = {"stream_usage": True} if face == "mistral" else {}
    if face == "responses":
        face, options = "compatible", {"api": "responses"}
    arm = Arm("arm", face, model, base_url=mock.base_url(path), api_key_env=key, options=options)
    if face in ("openai", "compatible", "anthropic", "gemini"):
        from importlib import import_module

        name = {"openai": "openai_sdk"}.get(face, face)
        made: Provider = import_module(f"claimbench_providers.endpoints.{name}").create(
            arm, context
        )
        return made
    return vendors.create(arm, context)  # type: ignore[return-value]


def ask(text: str = "How do I reset my password?", **changes: Any) -> Request:
    turns = (Message("system", "Be brief."), Message("user", text))
    values: dict[str, Any] = {"max_tokens": 64, "timeout_s": 20.0, "seed": None} | changes
    return Request("c1", turns, SamplingParams(0.0, seed=values["seed"]), **values)


def text_of(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta))


@pytest.mark.parametrize("face", FACES)
async def test_a_regular_answer(face: str, mock: LLMockServer, tmp_path: Path) -> None:
    events, fault = await events_of(make(face, mock, tmp_path), ask())
    assert fault is None
    text = text_of(events)
    assert len(text) > 10
    done = [e for e in events if isinstance(e, Done)]
    assert [d.finish_reason for d in done] == ["stop"]
    usage = [e.usage for e in events if isinstance(e, UsageReport)]
    assert len(usage) == 1
    assert usage[0].input_total
    assert usage[0].output_total
    meta = next(e for e in events if isinstance(e, Meta))
    assert meta.http_status == 200
    if face != "openai":
        stamps = [e.received_ns for e in events if isinstance(e, Delta)]
        assert None not in stamps
        assert meta.sent_ns is not None
        assert all(a <= b for a, b in zip([meta.sent_ns, *stamps], stamps, strict=False))  # type: ignore[operator]


async def test_the_same_prompt_gives_the_same_answer_through_every_face(
    mock: LLMockServer, tmp_path: Path
) -> None:
    said = {}
    for face in FACES:
        events, fault = await events_of(make(face, mock, tmp_path), ask())
        assert fault is None
        usage = next(e.usage for e in events if isinstance(e, UsageReport))
        said[face] = (text_of(events), usage.input_total, usage.output_total)
    # llmock words its answer by the model's name, so the texts are held against the mock's own not
    # streamed ones below; the tokens of the prompt are the same everywhere.
    assert len({tokens for _, tokens, _ in said.values()}) == 1, said
    assert said["openai"] == said["compatible"] == said["responses"]


FAULTS = [
    (Fail(status=401), Auth),
    (Fail(status=429, retry_after=2), RateLimited),
    (Fail(status=503), ServerFault),
    (StreamFault(kind="truncate", after_chunks=3), IncompleteStream),
    (StreamFault(kind="disconnect", after_chunks=3), (IncompleteStream, Network)),
    (StreamFault(kind="malformed", after_chunks=3), MalformedStream),
]


@pytest.mark.parametrize("number", range(len(FAULTS)))
@pytest.mark.parametrize("face", FACES)
async def test_faults(face: str, number: int, mock: LLMockServer, tmp_path: Path) -> None:
    behaviour, wanted = FAULTS[number]
    mock.state.scenarios.add(behaviour)
    events, fault = await events_of(
        make(face, mock, tmp_path), ask("Tell me a long story about parcels, please.")
    )
    assert isinstance(fault, wanted), fault
    assert not [e for e in events if isinstance(e, Done)]
    if isinstance(fault, RateLimited):
        assert fault.retry_after_s == 2


# What llmock does not do: cache classes, thinking, tools apart, refusals, errors inside a 200.


def read(reader: Any, rows: list[dict[str, Any]]) -> list[Event]:
    events = [
        event
        for at, row in enumerate(rows)
        for event in reader.read(row.get("type", "message"), row, at + 1)
    ]
    return [*events, *reader.finish()]


START = {"input_tokens": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 20, "output_tokens": 1,
         "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15}}  # fmt: skip


def test_anthropic_usage_classes_thinking_tools_and_stamps() -> None:
    rows = [
        {"type": "message_start", "message": {"model": "claude-x", "usage": START}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": "hm"},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "yes"}},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "t1", "name": "look"},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"a":'},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": "1}"},
        },
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 40},
        },
        {"type": "message_stop"},
    ]
    events = read(anthropic.MessageReader(Meta(http_status=200)), rows)
    kinds = [(type(e).__name__, e.received_ns) for e in events]
    assert kinds == [
        ("Meta", 1),
        ("Delta", 3),
        ("Delta", 4),
        ("ToolCall", 5),
        ("UsageReport", 8),
        ("Done", 8),
    ]
    usage = next(e for e in events if isinstance(e, UsageReport)).usage
    assert (usage.input_fresh, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h) == (
        10,
        90,
        5,
        15,
    )
    assert usage.output_total == 40
    assert usage == normalise_anthropic({**START, "output_tokens": 40})


@pytest.mark.parametrize(("reason", "finish", "refusal"), [
    ("end_turn", "stop", False), ("max_tokens", "length", False), ("refusal", "content_filter", True),
])  # fmt: skip
def test_anthropic_stop_reasons(reason: str, finish: str, refusal: bool) -> None:
    events = read(
        anthropic.MessageReader(Meta()),
        [{"type": "message_delta", "delta": {"stop_reason": reason}}],
    )
    assert events[-1] == Done(finish, refusal=refusal, received_ns=1)


def test_an_error_event_inside_a_200_is_a_fault_of_its_own_kind() -> None:
    rows = [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]
    with pytest.raises(ServerFault, match="Overloaded"):
        read(anthropic.MessageReader(Meta()), rows)
    with pytest.raises(RateLimited):
        read(gemini.GeminiReader(Meta()), [{"error": {"code": 429, "message": "quota"}}])


def test_gemini_usage_thoughts_and_stamps() -> None:
    first = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 80,
        "thoughtsTokenCount": 7,
        "totalTokenCount": 107,
    }
    last = first | {"candidatesTokenCount": 5, "totalTokenCount": 112}
    thought = {"content": {"parts": [{"text": "hm", "thought": True}]}}
    answer = {"content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}
    rows = [
        {
            "candidates": [thought],
            "usageMetadata": first,
            "modelVersion": "gemini-x",
            "responseId": "r1",
        },
        {"candidates": [answer], "usageMetadata": last},
    ]
    events = read(gemini.GeminiReader(Meta(http_status=200)), rows)
    assert [(e.text, e.kind, e.received_ns) for e in events if isinstance(e, Delta)] == [
        ("hm", "reasoning", 1),
        ("yes", "answer", 2),
    ]
    usage = next(e for e in events if isinstance(e, UsageReport)).usage
    assert (usage.input_fresh, usage.cache_read, usage.output_visible, usage.output_reasoning) == (
        20,
        80,
        5,
        7,
    )
    assert usage == normalise_gemini(last)


@pytest.mark.parametrize("row", [
    {"promptFeedback": {"blockReason": "SAFETY"}},
    {"candidates": [{"finishReason": "SAFETY"}]},
    {"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]},
])  # fmt: skip
def test_what_gemini_blocks_is_a_refusal(row: dict[str, Any]) -> None:
    assert read(gemini.GeminiReader(Meta()), [row])[-1] == Done(
        "content_filter", refusal=True, received_ns=1
    )


def test_requests_say_what_the_suite_says(tmp_path: Path) -> None:
    context = ProviderContext(SystemClock(), {}, tmp_path, tmp_path)
    request = ask(stop=("\n",), seed=7, labels=("a", "b"))
    body = anthropic.create(Arm("a", "anthropic", "m"), context).body(request)
    assert body == {
        "model": "m",
        "max_tokens": 64,
        "stream": True,
        "system": "Be brief.",
        "temperature": 0.0,
        "stop_sequences": ["\n"],
        "messages": [{"role": "user", "content": "How do I reset my password?"}],
    }
    made = gemini.create(Arm("a", "gemini", "m", options={"structured": True}), context)
    body = made.body(request)
    assert body["generationConfig"] == {
        "maxOutputTokens": 64,
        "temperature": 0.0,
        "seed": 7,
        "stopSequences": ["\n"],
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": ["a", "b"]},
    }
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert made.constraint(request) == "json_schema"


# The catalogue


def test_every_catalogue_entry_is_complete_dated_and_installed() -> None:
    from importlib.metadata import entry_points

    installed = {point.name for point in entry_points(group="claimbench.providers")}
    for vendor in vendors.catalogue().values():
        assert vendor.name in installed
        assert vendor.status in ("live", "stand-in", "untested")
        assert vendor.dated == "2026-11-22"
        assert vendor.source.startswith("https://")
        assert vendor.checked is None or str(vendor.checked) <= vendor.dated
        assert set(vendor.apis) <= {"chat", "responses"}
        assert vendor.base_url is not None or vendor.note
        assert vendor.protocol in ("compatible", "anthropic", "gemini", "litellm")


def test_a_vendor_without_an_address_of_its_own_says_what_is_needed(tmp_path: Path) -> None:
    context = ProviderContext(SystemClock(), {}, tmp_path, tmp_path)
    with pytest.raises(PluginError, match="azure needs a base_url"):
        vendors.create(Arm("a", "azure", "m"), context)
    made = vendors.create(Arm("a", "deepseek", "deepseek-chat"), context)
    assert made.missing() == "DEEPSEEK_API_KEY is not set"


def test_litellm_is_not_imported_before_it_is_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from claimbench.clock import SystemClock\nfrom"
        " claimbench.provider.contract import ProviderContext; from claimbench.types import"
        " Arm\nfrom claimbench_providers.endpoints import litellm\ncontext = ProviderContext(SystemClock(),"
        " {}, Path(), Path())\nassert litellm.create(Arm('a', 'litellm', 'bedrock/m'),"
        " context).missing() is None\nassert not {'litellm', 'boto3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
