"""Which of a suite's parameters reach which endpoint and model, and how each is written.

A fact here has one of two sources: the vendor's documentation, or the error that its API gives.
What a host takes without a word and then ignores counts as not carried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from claimbench.provider.sent import Sent, asked
from claimbench.types import Arm, Json, Request
from claimbench_providers import hosts
from claimbench_providers.endpoints.sending.additions import (
    NO_PARAMETERS,
    constraint_said,
    headers_told,
    opened,
)
from claimbench_providers.endpoints.sending.efforts import EFFORT_FIELDS, effort_said

Fragment = dict[str, Json]
Body = Mapping[str, Json]

REASONING_FAMILY = re.compile(r"(?:^|/)(?:gpt-5(?!.*chat)|o[1-9](?:-|$))")
"""OpenAI's models that take ``max_completion_tokens`` and refuse temperature, top_p and stop."""

SAMPLES_WITHOUT_REASONING = re.compile(r"(?:^|/)gpt-5\.[1-5](?!\d)")
"""Those of them that take temperature and top_p once ``reasoning_effort`` is none."""

WORDS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class NotCarried(Exception):
    """A value that the endpoint has no way to take; the text says why."""


Effort = Callable[[str, str], Fragment]
"""(effort, model) -> the part of the body that says it; raises :class:`NotCarried`."""


def tokens_of(effort: str) -> int | None:
    """Return a budget in tokens, where the effort is one."""
    return int(effort) if effort.isdecimal() else None


def _word(effort: str, model: str = "") -> str:
    if tokens_of(effort) is not None:
        raise NotCarried(f"it takes a word ({', '.join(WORDS)}), not a number of tokens")
    if REASONING_FAMILY.search(model):
        later = re.search(r"gpt-5\.\d", model)
        if effort == "none" and not later:
            raise NotCarried(f"{model} always reasons; its least is minimal, of o models low")
        if effort == "minimal" and later:
            raise NotCarried(f"{model} has no minimal; its least is none")
    return effort


def effort_word(effort: str, model: str) -> Fragment:
    """Write OpenAI's own field."""
    return {"reasoning_effort": _word(effort, model)}


def effort_object(effort: str, model: str) -> Fragment:
    """Write the Responses API's field."""
    return {"reasoning": {"effort": _word(effort, model)}}


def effort_openai(effort: str, model: str) -> Fragment:
    """Write OpenAI's own field, for models that reason."""
    if re.match(r"(gpt-3|gpt-4|chatgpt-4)", model):
        raise NotCarried(f"{model} does not reason, and its API refuses the field")
    return effort_word(effort, model)


def effort_object_openai(effort: str, model: str) -> Fragment:
    """Write the Responses API's field, for models that reason."""
    effort_openai(effort, model)
    return effort_object(effort, model)


def effort_switch(effort: str, model: str) -> Fragment:  # noqa: ARG001 - the kind's
    """Write ``thinking``, and the level beside it (DeepSeek, Volcengine Ark)."""
    if _word(effort) == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": effort}


def effort_kimi(effort: str, model: str) -> Fragment:
    """Write Kimi's: K3 has levels, K2 a switch."""
    if re.match(r"kimi-k[3-9]", model):
        if _word(effort) in ("none", "minimal"):
            raise NotCarried(f"{model} always thinks; it takes low, high or max")
        return {"reasoning_effort": effort}
    if _word(effort) == "none":
        return {"thinking": {"type": "disabled"}}
    raise NotCarried(f"{model} has a switch (none) and no levels")


def effort_qwen(effort: str, model: str) -> Fragment:  # noqa: ARG001 - the kind's
    """Write DashScope's: a switch, or a budget in tokens."""
    budget = tokens_of(effort)
    if effort == "none":
        return {"enable_thinking": False}
    if budget is not None:
        return {"enable_thinking": True, "thinking_budget": budget}
    raise NotCarried("it takes none, or a number of tokens to think for, and no words")


FIXED_GROK = re.compile(r"grok-(?:2|3(?!-mini)|4(?:$|-|\.(?:1|20)(?:$|-))|code|build)")
"""xAI's models that refuse an effort: their names say whether they reason."""
NO_STOP_GROK = re.compile(r"grok-(?:3-mini|4(?:$|-|\.(?:1|20)(?:$|-)))(?!.*non-reasoning)")
"""Those that reason, and refuse stop texts."""


def effort_grok(effort: str, model: str) -> Fragment:
    """Write xAI's: a word, for the models that have levels."""
    word = _word(effort)
    if FIXED_GROK.match(model):
        raise NotCarried(f"{model} has no levels: xAI's API refuses the field")
    taken = ("low", "high") if model.startswith("grok-3-mini") else WORDS
    if word not in taken or word in ("minimal", "max"):
        raise NotCarried(f"{model} does not take {word}")
    return {"reasoning_effort": word}


def effort_template(effort: str, model: str) -> Fragment:  # noqa: ARG001 - the kind's
    """Write the variables that chat templates read, for servers that render one.

    The field of OpenAI's API stands beside them where older servers take it too: gpt-oss has no
    template that reads it.
    """
    if effort == "none":
        return {"chat_template_kwargs": {"enable_thinking": False}}
    budget = tokens_of(effort)
    if budget is not None:
        return {"chat_template_kwargs": {"enable_thinking": True, "thinking_budget": budget}}
    said: Fragment = {"chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": effort}}
    return said | ({"reasoning_effort": effort} if effort in ("low", "medium", "high") else {})


def no_effort(why: str) -> Effort:
    """Refuse every effort."""

    def refuse(effort: str, model: str) -> Fragment:  # noqa: ARG001 - the kind's
        raise NotCarried(why)

    return refuse


@dataclass(frozen=True)
class Rules:
    """How one host, server or vendor takes what a suite says.

    Attributes:
        seed: the name of its field; None: it takes none.
        effort: how reasoning effort is written.
        refused: parameters that it does not take -> why.
        structured: whether ``response_format`` does anything there.
        no_choice: choices of tools that it does not take -> why; under ``*`` every one.
    """

    seed: str | None = "seed"
    effort: Effort = effort_word
    refused: Mapping[str, str] | None = None
    structured: bool = True
    no_choice: Mapping[str, str] | None = None


OPENAI = Rules(effort=effort_openai)
TEMPLATES = Rules(effort=effort_template)
DEEPSEEK = Rules(seed=None, effort=effort_switch)
VOLCENGINE = Rules(seed=None, effort=effort_switch)
MOONSHOT = Rules(seed=None, effort=effort_kimi)
MISTRAL = Rules(seed="random_seed")
QWEN = Rules(effort=effort_qwen)
XAI = Rules(effort=effort_grok)
CLAUDE_AS_OPENAI = Rules(
    seed=None,
    effort=no_effort("Anthropic's OpenAI layer ignores it; provider: anthropic carries it"),
    structured=False,
)

BY_VENDOR: Mapping[str, Rules] = {
    "deepseek": DEEPSEEK,
    "volcengine": VOLCENGINE,
    "moonshot": MOONSHOT,
    "mistral": MISTRAL,
    "dashscope": QWEN,
    "xai": XAI,
    "qianfan": Rules(effort=no_effort("no field for it is known; extra_body can send one")),
    "vllm": TEMPLATES,
    "sglang": TEMPLATES,
    "llama_server": TEMPLATES,
    "ollama": Rules(no_choice={"*": "Ollama's API takes no tool_choice: it ignores it"}),
    "tgi": Rules(effort=no_effort("the server has no field for it; extra_body can send one")),
}
"""Names of the catalogue that differ from OpenAI's own way."""

BY_HOST: tuple[tuple[str, Rules], ...] = (
    (r"api\.openai\.com$", OPENAI),
    (r"api\.deepseek\.com$", DEEPSEEK),
    (r"ark\.[\w.-]+\.(volces|bytepluses)\.com$", VOLCENGINE),
    (r"api\.moonshot\.(ai|cn)$", MOONSHOT),
    (r"api\.mistral\.ai$", MISTRAL),
    (r"dashscope[\w-]*\.aliyuncs\.com$|\.maas\.aliyuncs\.com$", QWEN),
    (r"(?:^|\.)api\.x\.ai$", XAI),
    (r"qianfan\.baidubce\.com$", BY_VENDOR["qianfan"]),
    (r"api\.anthropic\.com$", CLAUDE_AS_OPENAI),
)
"""Host names -> rules, whatever the provider is called in the suite."""


def rules_for(provider: str, url: str) -> Rules:
    """Return the rules of an OpenAI-compatible endpoint, by its host and else by its vendor's name.

    A server on this machine or network, of which nothing else is known, renders a chat template.
    """
    host = hosts.host_of(url)
    for pattern, rules in BY_HOST:
        if re.search(pattern, host):
            return rules
    if provider in BY_VENDOR:
        return BY_VENDOR[provider]
    return TEMPLATES if hosts.is_local(url) else Rules()


SERVERS = {"ollama": "ollama", "llama-server": "llama_server", "vllm": "vllm"}
"""Programs of servers -> their names in the catalogue."""
OLLAMA_PORT = 11434


def server_of(arm: Arm) -> str:
    """Return the catalogue's name of the server that an arm of no vendor shows, by the program that
    it starts or by its usual port; else the arm's provider.
    """
    if arm.provider not in ("compatible", "openai"):
        return arm.provider
    if arm.serve is not None and arm.serve.command:
        program = arm.serve.command[0].replace("\\", "/").rpartition("/")[2]
        return SERVERS.get(program.removesuffix(".exe"), arm.provider)
    if arm.base_url and hosts.is_local(arm.base_url) and hosts.port_of(arm.base_url) == OLLAMA_PORT:
        return "ollama"
    return arm.provider


def chat_refusals(model: str, rules: Rules, request: Request) -> dict[str, str]:
    """Return what a chat-completions endpoint does not take of what ``request`` asks for."""
    wanted = asked(request)
    effort = request.params.reasoning_effort
    refused: dict[str, str] = dict(rules.refused or {})
    if rules.seed is None:
        refused["seed"] = "the API takes no seed"
    if REASONING_FAMILY.search(model):
        sampled = SAMPLES_WITHOUT_REASONING.search(model) and effort == "none"
        if not sampled:
            why = f"{model} refuses it"
            if SAMPLES_WITHOUT_REASONING.search(model):
                why += " unless reasoning_effort is none"
            refused |= {"temperature": why, "top_p": why}
        refused["stop"] = f"{model} refuses it; with it omitted, answers are cut here"
    if rules is MOONSHOT and re.match(r"kimi-", model):
        why = f"{model} takes no sampling parameters but its own"
        refused |= {"temperature": why, "top_p": why}
    if rules is XAI and NO_STOP_GROK.match(model):
        refused["stop"] = f"{model} refuses it; with it omitted, answers are cut here"
    if rules is DEEPSEEK and effort != "none" and model != "deepseek-chat":
        why = "DeepSeek ignores it while the model thinks: say reasoning_effort: none"
        refused |= {"temperature": why, "top_p": why}
    choice = request.tool_choice or ""
    why_not = (rules.no_choice or {}).get("*") or (rules.no_choice or {}).get(choice)
    if why_not is not None:
        refused["tool_choice"] = why_not
    return {name: why for name, why in refused.items() if name in wanted}


OPENED = ("generationConfig", "chat_template_kwargs", "output_config", "reasoning", "text")
"""Fields that hold parameters, looked at one by one."""


@dataclass(frozen=True)
class Writing:
    """How one protocol writes parameters: parameter -> the path of its field in the body.

    ``constraint``: fields that carry the answer's space. ``cut_here``: stop strings are applied on
    this machine where they are not sent.
    """

    fields: Mapping[str, tuple[str, ...]]
    constraint: tuple[str, ...] = ()
    cut_here: bool = False


@dataclass(frozen=True)
class Parts:
    """Where the parts of a body come from.

    Attributes:
        effort: the part that says the declared effort; empty if it is not sent.
        write: gives the part by which the endpoint is told an effort; raises :class:`NotCarried`.
        tools: the part that says the tools.
        given: the fields that the arm adds by itself.
        headers: the headers that the arm adds by itself.
    """

    effort: Fragment
    write: Callable[[str], Fragment]
    tools: Fragment
    given: Body
    headers: Mapping[str, str]


def read_sent(
    body: Body,
    request: Request,
    writing: Writing,
    parts: Parts,
    *,
    constraint: str,
    refused: Mapping[str, str],
    omit: tuple[str, ...],
) -> Sent:
    """Read out of a body what it sends.

    Args:
        body: as it goes out, with what the arm adds.
        request: what was asked.
        writing: the protocol's fields.
        parts: where the body comes from.
        constraint: how the answer's space is enforced.
        refused: what cannot be carried, and why.
        omit: what the arm leaves out.
    """
    wanted = asked(request)
    values: dict[str, Json] = {}
    for name, path in writing.fields.items():
        value = _at(body, *path)
        if value is not None:
            values[name] = value
    for name in ("tools", "tool_choice"):
        path = writing.fields.get(name, (name,))
        part = parts.tools.get(path[0])
        if part is not None and _holds(body, {path[0]: part}):
            values[name] = wanted[name]
    if "seed" in values and values["seed"] == request.seed:
        values["seed"] = request.params.seed
    declared = request.params.reasoning_effort
    said = effort_said(body, declared, parts.effort, _without_refusal(parts.write))
    if said is not None:
        values["reasoning_effort"] = said
    own = opened(parts.given, OPENED)
    values["answer_constraint"] = constraint_said(constraint, writing.constraint, own)
    here: tuple[str, ...] = ()
    if writing.cut_here and "stop" in wanted and "stop" not in values:
        values["stop"] = wanted["stop"]
        here = ("stop",)
    return Sent(
        values=values,
        added=_added(body, writing) | headers_told(parts.headers),
        refused={name: why for name, why in refused.items() if name not in omit},
        omitted=tuple(name for name in wanted if name in omit),
        here=here,
    )


def _without_refusal(write: Callable[[str], Fragment]) -> Callable[[str], Fragment]:
    """Return ``write`` for any effort: one that the endpoint does not take has no part."""

    def part_of(effort: str) -> Fragment:
        try:
            return write(effort)
        except NotCarried:
            return {}

    return part_of


def _added(body: Body, writing: Writing) -> dict[str, Json]:
    known = {".".join(path) for path in writing.fields.values()}
    known |= {*EFFORT_FIELDS, *NO_PARAMETERS, *writing.constraint}
    return {name: value for name, value in opened(body, OPENED).items() if name not in known}


def _at(body: Any, *path: str) -> Json:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    found: Json = body
    return found


def _holds(body: Any, part: Any) -> bool:
    """Tell whether every field of ``part`` stands in ``body`` with the same value."""
    if isinstance(part, Mapping):
        return isinstance(body, Mapping) and all(
            name in body and _holds(body[name], value) for name, value in part.items()
        )
    return bool(body == part)


MERGED = (
    "generationConfig",
    "thinkingConfig",
    "chat_template_kwargs",
    "output_config",
    "reasoning",
    "text",
)
"""Fields that hold parameters of ours and of ``extra_body`` side by side."""


def merged(body: Body, part: Body) -> dict[str, Json]:
    """Return ``body`` with the fields of ``part``; those of :data:`MERGED` are put together."""
    whole = dict(body)
    for name, value in part.items():
        ours = whole.get(name)
        if name in MERGED and isinstance(ours, Mapping) and isinstance(value, Mapping):
            whole[name] = merged(ours, value)
        else:
            whole[name] = value
    return whole


def effort_fragment(
    effort: Effort, request: Request, model: str, omit: tuple[str, ...]
) -> tuple[Fragment, str | None]:
    """Return the part of the body that says the declared effort, and why there is none."""
    declared = request.params.reasoning_effort
    if declared is None or "reasoning_effort" in omit:
        return {}, None
    try:
        return effort(declared, model), None
    except NotCarried as why:
        return {}, str(why)
