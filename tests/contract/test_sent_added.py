"""What an arm adds to its requests: every switch of thinking is told, what replaces the suite's own
is refused, and headers count.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from claimbench.claims import gate
from claimbench.clock import SystemClock
from claimbench.errors import PluginError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent
from claimbench.types import Arm, Json
from claimbench_providers.endpoints import litellm
from claimbench_providers.endpoints.known import examples, provider_of, request_with
from claimbench_providers.endpoints.sending.efforts import switches_in

SWITCHES: tuple[dict[str, Json], ...] = (
    {"thinking": {"type": "disabled"}},
    {"thinking": {"type": "adaptive"}},
    {"thinking": {"type": "enabled", "budget_tokens": 2048}},
    {"output_config": {"effort": "high"}},
    {"reasoning_effort": "high"},
    {"reasoning": {"enabled": False}},
    {"reasoning": {"max_tokens": 2048}},
    {"enable_thinking": False},
    {"enable_thinking": True},
    {"thinking_budget": 512},
    {"chat_template_kwargs": {"enable_thinking": False}},
    {"chat_template_kwargs": {"thinking": True}},
    {"chat_template_kwargs": {"thinking_budget": 512}},
    {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
    {"generationConfig": {"thinkingConfig": {"thinkingLevel": "high"}}},
)
VENDORS = {
    one.title: one.arm for one in examples() if one.arm.provider not in ("llama_cpp", "http")
}


def adding(arm: Arm, extra: dict[str, Json]) -> Any:
    name = "extra" if arm.provider in ("litellm", "bedrock") else "extra_body"
    return provider_of(replace(arm, options={**arm.options, name: extra}))


def body_of(provider: Any, **asked: Any) -> dict[str, Json]:
    inner = getattr(provider, "_endpoint", provider)
    inner = getattr(inner, "dialect", getattr(inner, "_dialect", inner))
    body: dict[str, Json] = inner.body(request_with(**asked))
    return body | getattr(provider, "_extra", {})


def told(said: Sent) -> str:
    return json.dumps([said.values, said.added], sort_keys=True)


def pairs() -> list[dict[str, Json]]:
    """Every switch alone and every two of them, those of one field put together."""
    found = list(SWITCHES)
    for one, two in combinations(SWITCHES, 2):
        both: dict[str, Any] = json.loads(json.dumps(one))
        for name, value in two.items():
            mine = both.get(name)
            both[name] = mine | value if isinstance(mine, dict) else value  # type: ignore[operator]
        found.append(both)
    return found


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("effort", ["low", "none", "2048"])
def test_no_two_requests_that_think_differently_are_told_alike(vendor: str, effort: str) -> None:
    known: dict[str, str] = {}
    usual = provider_of(VENDORS[vendor]).sent(request_with(reasoning_effort=effort))
    for extra in ({}, *pairs()):
        provider = adding(VENDORS[vendor], extra)
        said = provider.sent(request_with(reasoning_effort=effort))
        word = str(said.values.get("reasoning_effort"))
        if ", with" not in word and word != usual.values.get("reasoning_effort"):
            continue  # one switch alone is read as the word that it means, whoever's it is
        body = body_of(provider, reasoning_effort=effort)
        switches = json.dumps(switches_in(body), sort_keys=True)
        assert known.setdefault(told(said), switches) == switches
    assert len(known) > len(SWITCHES)


AN_ADDRESS = "https://x.example/v1"
BESIDE: list[tuple[Arm, dict[str, Json], str]] = [
    (
        Arm("a", "vllm", "m", base_url=AN_ADDRESS),
        {"chat_template_kwargs": {"enable_thinking": False}},
        "low, with chat_template_kwargs.enable_thinking false",
    ),
    (
        Arm("a", "anthropic", "claude-sonnet-4-6"),
        {"thinking": {"type": "adaptive"}},
        'low, with thinking.type "adaptive"',
    ),
    (
        Arm("a", "anthropic", "claude-sonnet-4-6"),
        {"thinking": {"type": "enabled", "budget_tokens": 9000}},
        'low, with thinking.budget_tokens 9000 and thinking.type "enabled"',
    ),
    (
        Arm("a", "openrouter", "m"),
        {"reasoning": {"enabled": False}},
        "low, with reasoning.enabled false",
    ),
    (
        Arm("a", "vllm", "m", base_url=AN_ADDRESS),
        {"chat_template_kwargs": {"reasoning_effort": "high"}},
        'low, with chat_template_kwargs.reasoning_effort "high"',
    ),
    (
        Arm("a", "gemini", "gemini-3.1-flash-lite"),
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
        "low, with generationConfig.thinkingConfig.thinkingBudget 0",
    ),
    (
        Arm("a", "openai", "gpt-5-mini", options={"api": "responses"}),
        {"thinking": None},
        "low, with thinking null",
    ),
]


@pytest.mark.parametrize(("arm", "extra", "told_as"), BESIDE)
def test_a_switch_beside_the_effort_is_told_and_compared(
    arm: Arm, extra: dict[str, Json], told_as: str
) -> None:
    plain, more = provider_of(arm), adding(arm, extra)
    said = [one.sent(request_with(reasoning_effort="low")) for one in (plain, more)]
    assert [one.values["reasoning_effort"] for one in said] == ["low", told_as]
    assert said[1].added == {}
    one, two = ({"sent": {"t": one.as_json()}} for one in said)
    (found,) = gate._sent_differently("accuracy", ("a", one), ("b", two), ["t"])
    assert found[0] == "reasoning_effort"


@pytest.mark.parametrize(("extra", "word"), [
    ({"reasoning_effort": "low"},
     "low, without chat_template_kwargs.enable_thinking and chat_template_kwargs.reasoning_effort"),
    ({"chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 512}}, "512"),
    ({"chat_template_kwargs": {"enable_thinking": False}}, "none"),
    ({"reasoning_effort": None}, "the default, with reasoning_effort null"),
])  # fmt: skip
def test_an_effort_of_the_arms_own_is_held_against_the_servers_way(
    extra: dict[str, Json], word: str
) -> None:
    arm = Arm("a", "vllm", "m", base_url=AN_ADDRESS)
    assert adding(arm, extra).sent(request_with()).values["reasoning_effort"] == word


REPLACING: list[tuple[str, dict[str, Json]]] = [
    ("anthropic", {"extra_body": {"system": "Think in steps"}}),
    ("anthropic", {"extra_body": {"messages": []}}),
    ("anthropic", {"extra_body": {"model": "claude-opus-5"}}),
    ("compatible", {"extra_body": {"messages": []}}),
    ("compatible", {"extra_body": {"model": "dearer"}}),
    ("openai", {"extra_body": {"input": "x"}, "api": "responses"}),
    ("gemini", {"extra_body": {"systemInstruction": {"parts": []}}}),
    ("gemini", {"extra_body": {"system_instruction": {"parts": []}}}),
    ("gemini", {"extra_body": {"contents": []}}),
    ("litellm", {"extra": {"messages": []}}),
    ("litellm", {"extra": {"extra_body": {"messages": []}}}),
    ("litellm", {"extra": {"api_base": "https://elsewhere.example"}}),
    ("litellm", {"extra": {"base_url": "https://elsewhere.example"}}),
    ("litellm", {"extra": {"api_key": "k"}}),
    ("litellm", {"extra": {"custom_llm_provider": "azure"}}),
    ("litellm", {"extra": {"mock_response": "yes"}}),
    ("bedrock", {"extra": {"model": "bedrock/other"}}),
]


@pytest.mark.parametrize(("provider", "options"), REPLACING)
def test_what_would_replace_what_the_suite_declares_is_refused(
    provider: str, options: dict[str, Json]
) -> None:
    with pytest.raises(PluginError, match="would replace") as found:
        provider_of(Arm("a", provider, "openai/m", base_url=AN_ADDRESS, options=options))
    assert found.value.hint
    assert found.value.option in ("extra_body", "extra")


@pytest.mark.parametrize("provider", ["anthropic", "compatible", "gemini", "litellm"])
@pytest.mark.parametrize("name", ["system", "messages", "max_tokens", "responseSchema"])
def test_what_is_no_parameter_cannot_be_omitted(provider: str, name: str) -> None:
    with pytest.raises(PluginError, match="omit"):
        provider_of(Arm("a", provider, "m", base_url=AN_ADDRESS, options={"omit": [name]}))


@pytest.mark.parametrize(("provider", "options", "kind"), [
    ("compatible", {"extra_body": {"response_format": {"type": "json_object"}}},
     'json_schema, with response_format {"type": "json_object"}'),
    ("compatible", {"extra_body": {"response_format": None}},
     "json_schema, with response_format null"),
    ("openai", {"api": "responses", "extra_body": {"text": {"format": {"type": "text"}}}},
     'json_schema, with text.format {"type": "text"}'),
    ("gemini", {"extra_config": {"responseMimeType": "text/plain"}},
     'json_schema, with generationConfig.responseMimeType "text/plain"'),
    ("gemini", {"extra_body": {"generationConfig": {"responseMimeType": "text/plain"}}},
     'json_schema, with generationConfig.responseMimeType "text/plain"'),
])  # fmt: skip
def test_an_answers_space_of_the_arms_own_is_told(
    provider: str, options: dict[str, Json], kind: str
) -> None:
    arm = Arm("a", provider, "m", base_url=AN_ADDRESS, options=options)
    said = provider_of(arm).sent(request_with(answer_constraint=True))
    assert said.values["answer_constraint"] == kind
    assert said.added == {}


def test_what_stands_beside_an_answers_space_is_told_by_its_name() -> None:
    options: dict[str, Json] = {"api": "responses", "extra_body": {"text": {"verbosity": "low"}}}
    said = provider_of(Arm("a", "openai", "m", options=options)).sent(request_with())
    assert said.added == {"text.verbosity": "low"}
    assert said.values["answer_constraint"] == "none"


def test_fields_of_our_own_stay_beside_those_of_the_arm() -> None:
    extra: Json = {"generationConfig": {"topK": 3}}
    said = adding(Arm("a", "gemini", "gemini-2.5-flash"), extra).sent(request_with(temperature=0.5))
    assert said.values["temperature"] == 0.5
    assert said.added == {"generationConfig.topK": 3}


@pytest.mark.parametrize(("declared", "variables", "effort", "added"), [
    (None, {}, None, {}),
    ("low", {}, "low", {}),
    (None, {"enable_thinking": False}, "none", {}),
    (None, {"enable_thinking": True}, "on", {}),
    (None, {"reasoning_effort": "high"}, "high", {}),
    ("low", {"enable_thinking": False}, "low, with enable_thinking false", {}),
    ("low", {"enable_thinking": True}, "low", {}),
    ("none", {"enable_thinking": False}, "none", {}),
    ("none", {"enable_thinking": True}, "none, with enable_thinking true", {}),
    ("2048", {"enable_thinking": False}, "2048, with enable_thinking false", {}),
    ("low", {"reasoning_effort": "high"}, "high", {}),
    (None, {"reasoning_effort": "high", "enable_thinking": False},
     "high, with enable_thinking false", {}),
    (None, {"thinking_budget": 64, "tone": "dry"}, None,
     {"template_vars.thinking_budget": 64, "template_vars.tone": "dry"}),
])  # fmt: skip
def test_every_variable_of_a_local_template_is_told(
    declared: str | None, variables: dict[str, Json], effort: str | None, added: dict[str, Json]
) -> None:
    arm = Arm("a", "llama_cpp", "x.gguf", options={"template_vars": variables})
    said = provider_of(arm).sent(request_with(reasoning_effort=declared))
    assert (said.values.get("reasoning_effort"), said.added) == (effort, added)


HEADERS: dict[str, Json] = {
    "anthropic-beta": "context-1m",
    "X-Portkey-Config": "pc-1",
    "X-Title": "mine",
    "Authorization": "Bearer k",
    "x-api-key": "k",
    "OpenAI-Organization": "o",
}
TOLD = {"headers.anthropic-beta": "context-1m", "headers.x-portkey-config": "pc-1"}


@pytest.mark.parametrize("provider", ["openai", "compatible", "anthropic", "gemini"])
def test_headers_that_can_change_answers_are_told_and_keys_are_not(provider: str) -> None:
    options = {"headers": HEADERS}
    said = provider_of(Arm("a", provider, "m", base_url=AN_ADDRESS, options=options))
    assert said.sent(request_with()).added == TOLD


@pytest.mark.parametrize("name", ["headers", "extra_headers"])
def test_litellms_headers_are_told_too(name: str) -> None:
    arm = Arm("a", "litellm", "openai/m", options={"extra": {name: HEADERS}})
    assert provider_of(arm).sent(request_with()).added == TOLD


def test_fields_that_litellm_passes_on_are_told_by_their_own_names() -> None:
    extra: Json = {"extra_body": {"top_k": 3, "reasoning_effort": "high"}, "timeout": 3}
    said = provider_of(Arm("a", "litellm", "openai/m", options={"extra": extra}))
    found = said.sent(request_with(reasoning_effort="low"))
    assert found.added == {"top_k": 3}
    assert found.values["reasoning_effort"] == "high"


@pytest.mark.parametrize(("model", "options", "environ", "address"), [
    ("bedrock/m", {"aws_bedrock_runtime_endpoint": "https://vpce.example"}, {},
     "https://vpce.example"),
    ("bedrock/m", {}, {"AWS_BEDROCK_RUNTIME_ENDPOINT": "https://env.example"},
     "https://env.example"),
    ("bedrock/m", {}, {}, "http://127.0.0.1:9/v1"),
    ("openai/m", {"aws_bedrock_runtime_endpoint": "https://vpce.example"}, {},
     "http://127.0.0.1:9/v1"),
])  # fmt: skip
def test_where_litellm_sends_is_what_it_is_told(
    model: str, options: dict[str, Json], environ: dict[str, str], address: str
) -> None:
    context = ProviderContext(SystemClock(), environ, Path(), Path(), offline=True)
    arm = Arm("a", "litellm", model, base_url="http://127.0.0.1:9/v1", options={"extra": options})
    made = litellm.create(arm, context)
    assert made.goes_to() == address
    away = made.missing()
    assert (away is not None and "offline" in away) == ("example" in address)


@pytest.mark.parametrize("there", ["https://proxy.example", "http://10.0.0.5"])
async def test_litellm_s_facts_name_where_bedrock_is_and_its_own_sign_in_holds(there: str) -> None:
    environ = {"AWS_BEDROCK_RUNTIME_ENDPOINT": there, "AWS_ACCESS_KEY_ID": "a"}
    context = ProviderContext(SystemClock(), environ, Path(), Path())
    arm = Arm("a", "litellm", "bedrock/us.amazon.nova-lite-v1:0")
    made = litellm.create(arm, context)
    facts = await made.start()
    assert facts.details["base_url"] == there
    call = made._arguments(request_with())
    assert "api_key" not in call
