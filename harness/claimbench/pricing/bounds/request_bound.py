"""The most that a request can be billed for: its tokens, from the bytes of the body that is sent,
and what else its arm adds to it.

Nothing is guessed: where a field lets the server add what the body does not hold (its own tools,
stored conversations, files behind an address), :attr:`TokenBound.open` says so, and no limit of
dollars can be kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from claimbench.types import Arm, Json, Message, Request, ToolSpec, ToolTurn

ADDING = ("extra_body", "extra", "extra_config")
"""Options of an arm whose fields go out in the body of every request."""

OUTPUT_LIMITS = frozenset(
    {
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxOutputTokens",
        "maxTokens",
        "max_new_tokens",
        "num_predict",
        "n_predict",
        "max_tokens_to_sample",
    }
)
ANSWERS = frozenset(
    {"n", "best_of", "candidateCount", "candidate_count", "num_return_sequences", "numChoices"}
)
"""Fields that ask for several answers, each as long as the limit allows."""
RESENT = frozenset({"num_retries", "max_retries"})
"""Fields by which a client library sends again by itself."""
THINKING = frozenset(
    {"thinking_budget", "thinkingBudget", "budget_tokens", "thinking_token_budget"}
)
"""Tokens of thinking; with some vendors they come on top of the answer's limit."""

OPENING = {
    "previous_response_id": "an earlier response kept by the server",
    "conversation": "a conversation kept by the server",
    "cachedContent": "cached content kept by the server",
    "cached_content": "cached content kept by the server",
    "container": "a container kept by the server",
    "mcp_servers": "tools of other servers",
    "web_search_options": "a web search",
    "search_parameters": "a web search",
    "enable_search": "a web search",
    "web_search": "a web search",
    "plugins": "the gateway's plugins",
    "tool_resources": "files kept by the server",
    "file_id": "a file kept by the server",
    "file_ids": "a file kept by the server",
    "vector_store_ids": "files kept by the server",
    "fileUri": "a file behind an address",
    "file_uri": "a file behind an address",
    "file_url": "a file behind an address",
    "file_data": "a document, whose pages may be billed as pictures",
    "video_url": "a video",
    "models": "other models to fall back on",
    "fallbacks": "other models to fall back on",
}
"""Fields with which the server bills what the body does not hold -> what that is."""

CACHING = frozenset({"cache_control", "cache_point", "cachePoint", "caching", "prompt_cache_key"})
"""Fields that ask for a cache to be written or read."""

OWN_TOOLS = frozenset({"function", "custom"})
"""Kinds of tools that the server only announces to the model: their bytes are in the body."""
SERVER_TOOLS = frozenset(
    {
        "googleSearch",
        "google_search",
        "googleSearchRetrieval",
        "google_search_retrieval",
        "urlContext",
        "url_context",
        "codeExecution",
        "code_execution",
        "fileSearch",
        "file_search",
        "googleMaps",
        "google_maps",
        "computerUse",
        "computer_use",
        "retrieval",
        "enterpriseWebSearch",
    }
)
PICTURES = frozenset({"image_url", "input_image", "image", "inlineData", "inline_data"})
TOOLS_TOKENS = 1_000
"""What a vendor writes before a list of tools; the longest documented is 735 tokens (Anthropic)."""
PICTURE_TOKENS = 50_000
"""More than any vendor documents for one picture (gpt-4o-mini at high detail: 48,169)."""


@dataclass(frozen=True, slots=True)
class TokenBound:
    """The most that a request can be billed: input tokens (the UTF-8 bytes of its body bound them)
    and output tokens.

    ``classes``: price classes that it may be billed at besides the usual ones. ``open``: why
    nothing bounds the request's bill; None where the figures do.
    """

    input_tokens: int
    output_tokens: int
    classes: tuple[str, ...] = ()
    open: str | None = None


def token_bound(request: Request, arm: Arm | None = None) -> TokenBound:
    """Bound a request's tokens without a tokenizer.

    No tokenizer in use makes more tokens than bytes, and the bytes counted are those of the whole
    JSON body - roles, punctuation, schema, and what ``arm`` adds - which outweigh the few tokens a
    chat template adds per message.
    """
    body = {
        "messages": [_as_sent(message) for message in request.messages],
        "prompt": request.prompt,
        "stop": list(request.stop),
        "labels": list(request.labels),
        "schema": None if request.answer_schema is None else dict(request.answer_schema),
    }
    size = _bytes(body)
    if request.tools:
        size += TOOLS_TOKENS + _bytes([_tool_as_sent(tool) for tool in request.tools])
    if arm is None:
        return TokenBound(size, request.max_tokens)
    added = _added_by(arm)
    if added.nothing:
        return TokenBound(size, request.max_tokens, open=added.open)
    output = max(request.max_tokens, added.limit) * added.most_answers + added.beside
    size += added.size
    return TokenBound(size * added.times, output * added.times, added.named, added.open)


@dataclass(frozen=True, slots=True)
class AddedClasses:
    """What an arm's own fields add to every request beside text: price ``classes`` of tokens;
    ``caches``: they ask for a cache; ``open``: as in :class:`TokenBound`.
    """

    classes: tuple[str, ...] = ()
    caches: bool = False
    open: str | None = None


def added_classes(arm: Arm) -> AddedClasses:
    """Return what of an arm's own fields is billed in other classes than plain text."""
    added = _added_by(arm)
    return AddedClasses(added.named, added.caches, added.open)


def _as_sent(message: Message) -> dict[str, Json]:
    """Return a message at the length of the longest protocol's."""
    sent: dict[str, Json] = {"role": message.role, "content": message.content}
    if isinstance(message, ToolTurn):
        sent["calls"] = [
            {"id": call.id, "type": "function", "function": [call.name, call.arguments]}
            for call in message.calls
        ]
        sent["functionResponse"] = [message.call_id, message.name, "thoughtSignature" * 3]
    return sent


def _tool_as_sent(tool: ToolSpec) -> Json:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": dict(tool.parameters),
        "strict": False,
    }
    return {"type": "function", "function": function}


@dataclass(slots=True)
class _Added:
    """What an arm's own fields add to every request."""

    size: int = 0
    limits: list[int] = field(default_factory=lambda: [0])
    answers: list[int] = field(default_factory=lambda: [1])
    resent: list[int] = field(default_factory=lambda: [0])
    beside: int = 0
    """Output tokens that no limit counts: thinking of its own budget, a rejected prediction."""
    classes: set[str] = field(default_factory=set)
    caches: bool = False
    open: str | None = None
    nothing: bool = True
    limit: int = 0
    most_answers: int = 1
    times: int = 1
    named: tuple[str, ...] = ()
    """What the lists above come to; the same for all requests of the arm."""

    def sum_up(self) -> None:
        """Work out what every request asks."""
        self.limit = max(self.limits)
        self.most_answers = max(self.answers)
        self.times = 1 + max(self.resent)
        self.named = tuple(sorted(self.classes))


_ADDED: dict[int, tuple[Arm, _Added]] = {}
"""What arms add, by identity: an arm never changes, and is asked for each of its requests."""
_MOST_ARMS = 512


def _added_by(arm: Arm) -> _Added:
    known = _ADDED.get(id(arm))
    if known is not None and known[0] is arm:
        return known[1]
    if len(_ADDED) >= _MOST_ARMS:
        _ADDED.clear()
    _ADDED[id(arm)] = (arm, _added(arm))
    return _ADDED[id(arm)][1]


def _added(arm: Arm) -> _Added:
    found = _Added()
    fields: dict[str, Any] = {}
    for name in ADDING:
        value = arm.options.get(name)
        if isinstance(value, Mapping) and value:
            fields[name] = value
    for part in fields.values():
        _named_otherwise(part, arm, found)
        nested = part.get("extra_body")
        if isinstance(nested, Mapping):
            _named_otherwise(nested, arm, found)
    if arm.model.endswith(":online"):
        found.open = "the bill of a web search is not bounded by what is sent"
    if not fields:
        return found
    found.nothing = False
    found.size = _bytes(fields)
    for name, value in _fields(fields):
        _read_number(name, value, found)
        _read_classes(name, value, found)
        _read_open(name, value, found)
    found.sum_up()
    return found


def _named_otherwise(fields: Mapping[str, Any], arm: Arm, found: _Added) -> None:
    model = fields.get("model")
    if isinstance(model, str) and model != arm.model:
        found.open = found.open or f"the request names another model ({model!r}) than is priced"


def _fields(value: Json) -> Iterator[tuple[str, Json]]:
    """Yield every field of a JSON value, at any depth, but those inside the schemas of tools."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name), inner
            if name not in ("parameters", "input_schema", "inputSchema", "json_schema", "schema"):
                yield from _fields(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _fields(inner)


def _read_number(name: str, value: Json, found: _Added) -> None:
    """Read a field that says how many tokens may come back, and how often."""
    known = OUTPUT_LIMITS | ANSWERS | THINKING | RESENT
    if name not in known:
        return
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if name in OUTPUT_LIMITS:
        if number is None or number < 0:
            found.open = found.open or f"{name}: {value!r} takes away the limit of the answer"
        else:
            found.limits.append(number)
    elif number is not None and number > 0:
        if name in ANSWERS:
            found.answers.append(number)
        elif name in RESENT:
            found.resent.append(number)
        else:
            found.beside += number


def _read_classes(name: str, value: Json, found: _Added) -> None:
    """Read a field that has tokens billed at further rates, or at none that bytes bound."""
    if name in CACHING:
        found.caches = True
    if name == "ttl" and value != "5m":
        found.classes.add("cache_write_1h")
    elif name in PICTURES:
        found.size += PICTURE_TOKENS
        found.classes.add("image")
    elif name == "input_audio":
        found.classes.add("audio")
    elif name in ("modalities", "responseModalities", "response_modalities"):
        kinds = {str(kind).lower() for kind in value} if isinstance(value, Sequence) else set()
        found.classes |= {f"output_{kind}" for kind in kinds & {"audio", "image"}}
    elif name == "prediction":
        found.beside += _bytes(value)


def _read_open(name: str, value: Json, found: _Added) -> None:
    """Read a field that lets the server bill what the body does not hold."""
    if name in ("tools", "toolConfig"):
        found.size += TOOLS_TOKENS
        for tool in value if isinstance(value, Sequence) else ():
            kind = _server_tool(tool)
            if kind is not None and found.open is None:
                found.open = f"what the server's tool {kind!r} reads and costs is not bounded"
        return
    if name in OPENING and value not in (None, False, [], "", "none"):
        if isinstance(value, Mapping) and value.get("mode") == "off":
            return
        if found.open is None:
            found.open = f"{name}: what {OPENING[name]} adds is not bounded by what is sent"
    elif name == "prompt" and isinstance(value, Mapping):
        found.open = found.open or "prompt: a prompt kept by the server is not bounded"


def _server_tool(tool: Json) -> str | None:
    """Return the name of a tool that runs at the server; None for one that is only announced."""
    if not isinstance(tool, Mapping):
        return None
    for name in tool:
        if name in SERVER_TOOLS:
            return str(name)
    kind = tool.get("type")
    if isinstance(kind, str) and kind not in OWN_TOOLS:
        return kind
    return None


def _bytes(value: Json) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:  # half a surrogate pair, which goes out as an escape
        return len(json.dumps(value, default=str))
