"""The providers that a suite can name: what the working of each rests on, and what a suite's
parameters become there.

The table of ``docs/providers.md`` and of ``bench providers`` is found by asking the providers, the
same ones and with the same values that the contract test sends to a server
(``tests/contract/test_sent.py``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import PARAMETERS, Sent
from claimbench.types import Arm, Json, Message, Request, SamplingParams, ToolSpec

STANDING = {
    "live": "live",
    "stand-in": "tested against a stand-in",
    "untested": "untested",
}
"""A provider's status -> the words for it: what its working rests on."""


OWN_APIS = {
    "openai": ["chat", "responses"],
    "compatible": ["chat", "responses"],
    "litellm": ["chat"],
    "http": [],
}
"""Provider that is no vendor of the catalogue -> the APIs that it speaks."""


def known_providers() -> list[dict[str, Any]]:
    """Return one row per provider: name, title, protocol, address, key, whether it is set, status,
    source, day, APIs, note.
    """
    from claimbench_providers.endpoints.vendors import catalogue

    own = [
        ("llama_cpp", "llama.cpp in this process", "in process", None, None, "live"),
        (
            "openai",
            "OpenAI, by its SDK",
            "openai",
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
            "stand-in",
        ),
        ("compatible", "any OpenAI-compatible endpoint", "compatible", None, None, "stand-in"),
        ("litellm", "what only litellm reaches (extra)", "litellm", None, None, "stand-in"),
        ("http", "a whole system, by templates", "its own", None, None, "stand-in"),
    ]
    rows: list[dict[str, Any]] = [
        {"name": n, "title": t, "protocol": p, "base_url": u, "key": k, "status": s}
        | {"apis": OWN_APIS.get(n, []), "source": None, "checked": None, "note": None}
        for n, t, p, u, k, s in own
    ]
    for vendor in catalogue().values():
        rows.append(
            {
                "name": vendor.name,
                "title": vendor.title,
                "protocol": vendor.protocol,
                "base_url": vendor.base_url,
                "key": vendor.key,
                "status": vendor.status,
                "apis": list(vendor.apis),
                "source": vendor.source,
                "checked": None if vendor.checked is None else str(vendor.checked),
                "note": vendor.note,
            }
        )
    for row in rows:
        row["key_set"] = None if row["key"] is None else bool(os.environ.get(str(row["key"])))
    return rows


TOOLS = (ToolSpec("look_up", "Look a word up.", {"type": "object", "properties": {"word": {}}}),)
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["label"],
    "additionalProperties": False,
}

EFFORTS = ("low", "none", "2048")
"""A word, off, and a number of tokens."""

_TURNS = (Message("user", "Is water wet?"),)

ASKING: Mapping[str, Json] = {"q": "{{ prompt }}", "limit": "{{ max_tokens | tojson }}"}
READING: Mapping[str, Json] = {
    name: f"{{{{ {name} | tojson }}}}"
    for name in ("temperature", "top_p", "seed", "stop", "reasoning_effort", "schema")
}
"""What the request of a system holds that takes every parameter, beside :data:`ASKING`."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: an arm, and how it is called in the table."""

    title: str
    arm: Arm


def examples() -> list[Example]:
    """Return the rows: every provider that a suite can name, with a model of each family that
    differs.
    """
    from claimbench_providers.endpoints.vendors import catalogue

    compatible = "https://models.example/v1"
    system = "https://desk.example/answer"
    rows = [
        ("llama_cpp", "a GGUF file", {}),
        ("openai", "gpt-4.1", {}),
        ("openai", "gpt-5-mini", {}),
        ("openai", "gpt-5.4-mini", {}),
        ("openai", "gpt-4.1", {"options": {"api": "responses"}}),
        ("compatible", "any", {"base_url": compatible}),
        ("compatible", "any, on this machine", {"base_url": "http://127.0.0.1:8000/v1"}),
        ("litellm", "openai/gpt-4.1", {}),
        ("litellm", "openai/gpt-5-mini", {}),
        ("http", "a system that takes all", {"base_url": system, "options": _http(**READING)}),
        ("http", "a system that takes the question", {"base_url": system, "options": _http()}),
        ("anthropic", "claude-haiku-4-5", {}),
        ("anthropic", "claude-sonnet-4-6", {}),
        ("anthropic", "claude-opus-5", {}),
        ("gemini", "gemini-2.5-flash", {}),
        ("gemini", "gemini-3.1-flash-lite", {}),
        ("vertex", "gemini-3.1-flash-lite", {"base_url": compatible}),
        ("bedrock", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", {}),
        ("bedrock", "bedrock/amazon.nova-2-lite-v1:0", {}),
        ("bedrock", "bedrock/openai.gpt-oss-120b-1:0", {}),
        ("deepseek", "deepseek-v4-flash", {}),
        ("moonshot", "kimi-k2.6", {}),
        ("xai", "grok-4.3", {}),
        ("xai", "grok-4-fast-reasoning", {}),
    ]
    done = {name for name, _, _ in rows}
    for vendor in catalogue().values():
        if vendor.name not in done:
            extra = {} if vendor.base_url else {"base_url": compatible}
            rows.append((vendor.name, "any", extra))
    found = []
    for name, model, more in rows:
        arm = Arm("a", name, model, **more)  # type: ignore[arg-type]
        api = " (Responses)" if arm.options.get("api") == "responses" else ""
        found.append(Example(f"{name}, {model}{api}", arm))
    return found


def _http(**reading: Json) -> dict[str, Json]:
    return {"body": {**ASKING, **reading}, "response": {"answer": "text"}}


def request_with(**values: Any) -> Request:
    """Return a request that sets the parameters given, by the names of a suite, and no other."""
    names = ("temperature", "top_p", "seed", "reasoning_effort")
    params = SamplingParams(**{name: values[name] for name in names if name in values})
    constrained = values.get("answer_constraint")
    return Request(
        "c1",
        _TURNS,
        params,
        max_tokens=values.get("max_tokens", 4096),
        seed=values.get("seed", 7),
        stop=tuple(values.get("stop", ())),
        answer_schema=SCHEMA if constrained else None,
        tools=values.get("tools", TOOLS if "tool_choice" in values else ()),
        tool_choice=values.get("tool_choice"),
    )


def provider_of(arm: Arm) -> Any:
    """Return the arm's provider, with no key, no file and no connection."""
    from claimbench_providers.endpoints import compatible, litellm, openai_sdk, vendors
    from claimbench_providers.endpoints.http import provider as http
    from claimbench_providers.llama import provider as llama

    factories: dict[str, Any] = {
        "llama_cpp": llama.create,
        "openai": openai_sdk.create,
        "compatible": compatible.create,
        "litellm": litellm.create,
        "http": http.create,
    }
    context = ProviderContext(SystemClock(), {}, Path(), Path())
    return factories.get(arm.provider, vendors.create)(arm, context)


def cell(arm: Arm, parameter: str) -> str:
    """Return what becomes of one parameter: sent, refused, or what in its place."""
    provider = provider_of(arm)
    if parameter == "reasoning_effort":
        return _effort(provider, arm)
    if parameter == "answer_constraint":
        kind = provider.constraint(request_with(answer_constraint=True))
        return "not sent" if kind == "none" else str(kind)
    value: Any = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ("\n",),
        "max_tokens": 4096,
        "tools": TOOLS,
        "tool_choice": "required",
    }[parameter]
    said: Sent = provider.sent(request_with(**{parameter: value}))
    if parameter not in said.refused:
        return "sent"
    quiet = provider.sent(request_with(reasoning_effort="none", **{parameter: value}))
    if not {parameter, "reasoning_effort"} & quiet.refused.keys():
        return "sent with effort none"
    if parameter == "stop" and without(arm, "stop").here:
        return "refused; with omit cut here"
    return "refused"


def without(arm: Arm, parameter: str) -> Sent:
    """Return what is sent once the arm omits a parameter that is set."""
    values: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ("\n",),
        "reasoning_effort": "low",
    }
    omitting = replace(arm, options={**arm.options, "omit": [parameter]})
    said: Sent = provider_of(omitting).sent(request_with(**{parameter: values[parameter]}))
    return said


def _effort(provider: Any, arm: Arm) -> str:
    """Say which kinds of effort go out: words, none, a number of tokens."""
    if arm.provider == "llama_cpp":
        return "what the template reads"
    kinds = {"low": "words", "none": "none", "2048": "tokens"}
    taken = [
        kinds[effort]
        for effort in EFFORTS
        if "reasoning_effort" not in provider.sent(request_with(reasoning_effort=effort)).refused
    ]
    return f"sent: {', '.join(taken)}" if taken else "refused"


def parameter_matrix() -> list[dict[str, str]]:
    """Return one row per provider and family: ``provider`` and a cell per parameter."""
    return [
        {"provider": one.title} | {name: cell(one.arm, name) for name in PARAMETERS}
        for one in examples()
    ]


def matrix_markdown() -> str:
    """Return the table for the documentation."""
    rows = parameter_matrix()
    lines = [
        "| provider, model | " + " | ".join(f"`{name}`" for name in PARAMETERS) + " |",
        "|---" * (len(PARAMETERS) + 1) + "|",
    ]
    for row in rows:
        lines.append(
            "| " + " | ".join([row["provider"], *(row[name] for name in PARAMETERS)]) + " |"
        )
    return "\n".join(lines)
