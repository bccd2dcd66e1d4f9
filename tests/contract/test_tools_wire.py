"""Tools on every protocol: what is offered, what was called and what came back, as it goes out; and
the calls of an answer, as they come in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claimbench.claims import gate
from claimbench.pricing.bounds.request_bound import token_bound
from claimbench.types import Arm, Json, Message, Request, ToolCall, ToolSpec, ToolTurn
from claimbench_providers.endpoints.known import provider_of, request_with
from claimbench_providers.llama import tools as llama_tools

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = (ToolSpec("weather", "Of a city.", SCHEMA), ToolSpec("now"))
ASKED = (
    Message("system", "Be brief."),
    Message("user", "Oslo and Rome?"),
    ToolTurn(
        "assistant",
        "I look.",
        calls=(ToolCall("weather", '{"city": "Oslo"}', "c1"), ToolCall("weather", "{}", "c2")),
    ),
    ToolTurn("tool", '{"sky": "grey"}', call_id="c1", name="weather"),
    ToolTurn("tool", "no such city", call_id="c2", name="weather"),
)


def request(**values: Any) -> Request:
    return replace(request_with(tools=TOOLS, **values), messages=ASKED)


def arm(provider: str, model: str, **more: Any) -> Arm:
    return Arm("a", provider, model, **more)


ARMS = {
    "chat": arm("openai", "gpt-4.1"),
    "compatible": arm("compatible", "m", base_url="https://models.example/v1"),
    "litellm": arm("litellm", "openai/gpt-4.1"),
    "responses": arm("openai", "gpt-4.1", options={"api": "responses"}),
    "anthropic": arm("anthropic", "claude-haiku-4-5"),
    "gemini": arm("gemini", "gemini-2.5-flash"),
    "gemini3": arm("gemini", "gemini-3.1-flash-lite"),
}


def body(name: str, **values: Any) -> dict[str, Any]:
    provider: Any = provider_of(ARMS[name])
    if hasattr(provider, "_dialect"):
        found = provider._dialect.body(request(**values))
    elif hasattr(provider, "_endpoint"):
        found = provider._endpoint.dialect.body(request(**values))
    else:
        found = provider.body(request(**values))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["chat", "compatible", "litellm"])
def test_chat_completions(name: str) -> None:
    sent = body(name, tool_choice="required")
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["weather", "now"]
    assert sent["tools"][0]["function"]["parameters"] == SCHEMA
    assert sent["tools"][1]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert sent["tool_choice"] == "required"
    called, first, second = sent["messages"][2:]
    assert called["tool_calls"][0] == {
        "id": "c1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
    }
    assert first == {"role": "tool", "tool_call_id": "c1", "content": '{"sky": "grey"}'}
    assert second["tool_call_id"] == "c2"
    named = body(name, tool_choice="weather")["tool_choice"]
    assert named == {"type": "function", "function": {"name": "weather"}}


def test_responses() -> None:
    sent = body("responses", tool_choice="weather")
    assert sent["tools"][0] == {
        "type": "function",
        "name": "weather",
        "description": "Of a city.",
        "parameters": SCHEMA,
        "strict": False,
    }
    assert sent["tool_choice"] == {"type": "function", "name": "weather"}
    assert [item.get("type", item.get("role")) for item in sent["input"]] == [
        "system",
        "user",
        "assistant",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert sent["input"][5] == {
        "type": "function_call_output",
        "call_id": "c1",
        "output": '{"sky": "grey"}',
    }


def test_messages() -> None:
    sent = body("anthropic", tool_choice="required")
    assert sent["tools"][0] == {
        "name": "weather",
        "description": "Of a city.",
        "input_schema": SCHEMA,
    }
    assert sent["tool_choice"] == {"type": "any"}
    assert body("anthropic", tool_choice="now")["tool_choice"] == {"type": "tool", "name": "now"}
    called, results = sent["messages"][1:]
    assert [block["type"] for block in called["content"]] == ["text", "tool_use", "tool_use"]
    assert called["content"][1]["input"] == {"city": "Oslo"}
    assert results["role"] == "user"
    assert [block["tool_use_id"] for block in results["content"]] == ["c1", "c2"]


@pytest.mark.parametrize("name", ["gemini", "gemini3"])
def test_generate_content(name: str) -> None:
    sent = body(name, tool_choice="weather")
    declared = sent["tools"][0]["functionDeclarations"]
    assert declared[0]["parametersJsonSchema"] == SCHEMA
    assert sent["toolConfig"]["functionCallingConfig"] == {
        "mode": "ANY",
        "allowedFunctionNames": ["weather"],
    }
    user, model, results = sent["contents"]
    assert (user["role"], model["role"], results["role"]) == ("user", "model", "user")
    assert model["parts"][1]["functionCall"] == {"name": "weather", "args": {"city": "Oslo"}}
    assert ("thoughtSignature" in model["parts"][1]) == (name == "gemini3")
    assert results["parts"][0]["functionResponse"]["response"] == {"sky": "grey"}
    assert results["parts"][1]["functionResponse"]["response"] == {"result": "no such city"}


@pytest.mark.parametrize("name", sorted(ARMS))
def test_without_tools_nothing_of_them_is_sent(name: str) -> None:
    provider: Any = provider_of(ARMS[name])
    plain = request_with()
    inner = getattr(provider, "_dialect", None) or getattr(provider, "_endpoint", provider)
    inner = getattr(inner, "dialect", inner)
    sent = inner.body(plain)
    assert not {"tools", "tool_choice", "toolConfig"} & set(sent)
    said = provider.sent(plain)
    assert not {"tools", "tool_choice"} & (set(said.values) | set(said.added))


@pytest.mark.parametrize("name", sorted(ARMS))
def test_what_is_said_to_be_sent_is_the_same_on_every_protocol(name: str) -> None:
    said = provider_of(ARMS[name]).sent(request(tool_choice="required"))
    assert said.values["tools"].startswith("weather, now (")
    assert said.values["tool_choice"] == "required"
    assert not {"tools", "toolConfig"} & set(said.added)
    other = provider_of(ARMS["chat"]).sent(request(tool_choice="required"))
    assert said.values["tools"] == other.values["tools"]


@pytest.mark.parametrize("name", ["compatible", "anthropic", "gemini"])
def test_tools_put_in_by_extra_body_are_not_said_to_be_the_suites(name: str) -> None:
    mine: Json = {"tools": [{"name": "mine"}]}
    changed = replace(ARMS[name], options={"extra_body": mine})
    said = provider_of(changed).sent(request())
    assert said.values.get("tools") != provider_of(ARMS[name]).sent(request()).values["tools"]


@pytest.mark.parametrize(
    ("where", "choice", "word"),
    [
        (arm("ollama", "m"), "auto", "ignores it"),
        (arm("ollama", "m"), "required", "ignores it"),
        (arm("bedrock", "bedrock/m"), "none", "no none"),
    ],
)
def test_a_choice_that_the_api_does_not_take_is_refused_and_not_sent(
    where: Arm, choice: str, word: str
) -> None:
    said = provider_of(where).sent(request(tool_choice=choice))
    assert word in said.refused["tool_choice"]
    assert "tool_choice" not in said.values
    assert said.values["tools"]


def test_arms_that_were_offered_other_tools_are_not_compared() -> None:
    keys = {gate._key(name) for name in ("tools", "tool_choice")}
    assert keys == {"tools", "tool_choice"}


def test_tools_and_results_are_in_the_bound_of_the_bill() -> None:
    bare = token_bound(request_with()).input_tokens
    offered = token_bound(request_with(tools=TOOLS)).input_tokens
    long = (ToolSpec("weather", "x" * 5000, SCHEMA),)
    assert offered > bare + 1000
    assert token_bound(request_with(tools=long)).input_tokens > offered + 4000
    called = replace(request_with(), messages=ASKED)
    assert token_bound(called).input_tokens > bare + len('{"city": "Oslo"}')


@pytest.mark.parametrize(
    ("text", "calls", "rest"),
    [
        (
            '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
            [("weather", '{"city": "Oslo"}')],
            "",
        ),
        (
            'Sure.\n<tool_call>{"name": "now", "arguments": {}}</tool_call>\n'
            '<tool_call>{"name": "weather", "arguments": {"city": "Rome"}}</tool_call>',
            [("now", "{}"), ("weather", '{"city": "Rome"}')],
            "Sure.",
        ),
        ('{"name": "now", "parameters": {}}', [("now", "{}")], ""),
        ('```json\n{"name": "now", "arguments": {}}\n```', [("now", "{}")], ""),
        ('[TOOL_CALLS] [{"name": "now", "arguments": {}}]', [("now", "{}")], ""),
        ('{"name": "elsewhere", "arguments": {}}', [], '{"name": "elsewhere", "arguments": {}}'),
        ("It is raining.", [], "It is raining."),
        ('{"temperature": 3}', [], '{"temperature": 3}'),
    ],
)
def test_answers_of_local_templates_become_calls(
    text: str, calls: list[tuple[str, str]], rest: str
) -> None:
    said, found = llama_tools.read_answer(text, TOOLS, "template")
    assert ([(call.name, call.arguments) for call in found], said) == (calls, rest)
    held = llama_tools.HeldAnswer(request(), "template")
    from claimbench.types import Delta

    events: list[Any] = []
    for char in text:
        events += held.show([Delta(char)])
    events += held.finish()
    streamed = "".join(event.text for event in events if isinstance(event, Delta)).strip()
    made = [(event.name, event.arguments) for event in events if isinstance(event, ToolCall)]
    assert (made, streamed) == (calls, rest)


def test_an_answer_of_the_grammar_is_calls_and_a_text() -> None:
    text = '{"tool_calls": [{"name": "now", "arguments": {}}], "answer": "so"}'
    said, found = llama_tools.read_answer(text, TOOLS, "grammar")
    assert (said, [call.name for call in found]) == ("so", ["now"])
    assert llama_tools.read_answer('{"tool_calls": [], "answer": "no"}', TOOLS, "grammar") == (
        "no",
        [],
    )


def test_a_template_that_knows_no_tools_is_told_them_in_the_system_turn() -> None:
    assert llama_tools.mode_of(request(), "{% if tools %}") == "template"
    assert llama_tools.mode_of(request(), "{{ messages }}") == "grammar"
    assert llama_tools.mode_of(request(tool_choice="none"), "{% if tools %}") == "off"
    assert llama_tools.mode_of(request_with(), "{% if tools %}") == "off"
    spelled = llama_tools.spelled_out(ASKED, TOOLS)
    assert spelled[0].content.startswith("Be brief.")
    assert '"weather"' in spelled[0].content
    assert [m.role for m in spelled] == ["system", "user", "assistant", "user", "user"]
    assert "grey" in spelled[3].content
