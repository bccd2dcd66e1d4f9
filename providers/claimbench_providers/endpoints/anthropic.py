"""Anthropic's Messages API on the core's transport: usage by cache class, thinking apart, exact
stamps.

Options of an arm: ``headers`` (further HTTP headers), ``extra_body`` (further fields, e.g.
``thinking``), ``omit`` (parameters not to send). Prefill and schema enforcement are not used: an
arm's ``constraint`` is "none".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from claimbench.errors import IncompleteStream
from claimbench.provider.contract import ProviderContext
from claimbench.provider.usage import merge_anthropic, normalise_anthropic
from claimbench.types import (
    Arm,
    ConstraintKind,
    Delta,
    Done,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
    UsageReport,
)
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.faults import error_chunk
from claimbench_providers.endpoints.sse import Reader, SseEndpoint

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def create(arm: Arm, context: ProviderContext) -> AnthropicProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return AnthropicProvider(arm, context)


class AnthropicProvider(SseEndpoint):
    """See the module."""

    usual_url = "https://api.anthropic.com"
    usual_key = "ANTHROPIC_API_KEY"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        super().__init__(arm, context)
        options = ArmOptions(arm, ("headers", "extra_body", "omit", "accept_model"))
        self._headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self._extra = dict(options.mapping("extra_body"))
        self._omit = options.texts("omit")

    def address(self) -> str:
        """``/v1/messages``; a base address that ends in /v1 is taken as it is."""
        return f"{self._url.removesuffix('/v1')}/v1/messages"

    def headers(self, key: str | None) -> dict[str, str]:
        """The key and the API's version."""
        return {
            "anthropic-version": "2023-06-01",
            **({"x-api-key": key} if key else {}),
            **self._headers,
        }

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Answers are not constrained."""
        return "none"

    def body(self, request: Request) -> dict[str, Json]:
        """The request; system turns stand apart, there is no seed."""
        turns = [
            {"role": m.role, "content": m.content} for m in request.messages if m.role != "system"
        ]
        if request.prompt is not None:
            turns = [{"role": "user", "content": request.prompt}]
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        optional: dict[str, Json] = {
            "system": system or None,
            "temperature": request.params.temperature,
            "top_p": request.params.top_p,
            "stop_sequences": list(request.stop) or None,
        }
        body: dict[str, Json] = {
            "model": self._arm.model,
            "max_tokens": request.max_tokens,
            "messages": turns,
            "stream": True,
        }
        body |= {
            name: value
            for name, value in optional.items()
            if value is not None and name not in self._omit
        }
        return body | self._extra

    def reader(self, request: Request, meta: Meta) -> Reader:  # noqa: ARG002 - the protocol's
        """A reader of message events."""
        return MessageReader(meta)


class MessageReader:
    """Events of one message stream."""

    def __init__(self, meta: Meta) -> None:
        self._meta = meta
        self._usage: Json = None
        self._usage_ns: int | None = None
        self._finish: str | None = None
        self._end_ns: int | None = None
        self._tools: dict[int, tuple[str, str | None, list[str], int]] = {}

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        """Events of one message."""
        kind = data.get("type", event)
        if kind == "error":
            raise error_chunk(data.get("error") or data)
        if kind == "message_start":
            message = data.get("message") or {}
            self._usage = message.get("usage")
            yield self._meta.named(message.get("model"), None, received_ns)
        elif kind == "content_block_start":
            yield from self._block(data, received_ns)
        elif kind == "content_block_delta":
            yield from self._delta(data, received_ns)
        elif kind == "message_delta":
            if data.get("usage"):
                self._usage = merge_anthropic(self._usage, data["usage"])
                self._usage_ns = received_ns
            reason = (data.get("delta") or {}).get("stop_reason")
            if reason is not None:
                self._finish = FINISH_REASONS.get(str(reason), str(reason))
                self._end_ns = received_ns
        elif kind == "message":  # of a server that does not stream
            yield from self._whole(data, received_ns)

    def _whole(self, message: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        yield self._meta.named(message.get("model"), None, received_ns)
        for place, block in enumerate(message.get("content") or ()):
            yield from self._block({"index": place, "content_block": block}, received_ns)
            if block.get("type") == "tool_use":
                self._tools[place][2].append(json.dumps(block.get("input") or {}))
        self._usage = message.get("usage")
        self._usage_ns = received_ns
        self._end_ns = received_ns
        reason = message.get("stop_reason")
        self._finish = None if reason is None else FINISH_REASONS.get(str(reason), str(reason))

    def _block(self, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        block = data.get("content_block") or {}
        if block.get("type") == "tool_use":
            self._tools[int(data.get("index") or 0)] = (
                str(block.get("name") or ""),
                block.get("id"),
                [],
                received_ns,
            )
        elif block.get("type") == "text" and block.get("text"):
            yield Delta(block["text"], "answer", received_ns)
        elif block.get("type") == "thinking" and block.get("thinking"):
            yield Delta(block["thinking"], "reasoning", received_ns)

    def _delta(self, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        delta = data.get("delta") or {}
        if delta.get("type") == "text_delta" and delta.get("text"):
            yield Delta(delta["text"], "answer", received_ns)
        elif delta.get("type") == "thinking_delta" and delta.get("thinking"):
            yield Delta(delta["thinking"], "reasoning", received_ns)
        elif delta.get("type") == "input_json_delta":
            tool = self._tools.get(int(data.get("index") or 0))
            if tool is not None:
                tool[2].append(delta.get("partial_json") or "")

    def finish(self) -> Iterator[Event]:
        """Tool calls, usage, Done."""
        if self._finish is None:
            raise IncompleteStream("the stream ended without a stop reason")
        for name, identity, pieces, stamp in (tool for _, tool in sorted(self._tools.items())):
            yield ToolCall(name, "".join(pieces), identity, stamp)
        if self._usage is not None:
            yield UsageReport(normalise_anthropic(self._usage), self._usage, None, self._usage_ns)
        yield Done(self._finish, refusal=self._finish == "content_filter", received_ns=self._end_ns)
