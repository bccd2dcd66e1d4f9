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

from claimbench.provider.contract import ProviderContext
from claimbench.provider.usage import merge_anthropic, normalise_anthropic
from claimbench.types import (
    Arm,
    ConstraintKind,
    Delta,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
)
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.bodies import IDLE
from claimbench_providers.endpoints.chat_wire import word
from claimbench_providers.endpoints.content import texts, unknown_shape
from claimbench_providers.endpoints.ends import NO_END, done_of, end_of
from claimbench_providers.endpoints.faults import error_chunk, error_in
from claimbench_providers.endpoints.sse import Reader, SseEndpoint
from claimbench_providers.endpoints.usages import UsageReports


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
    """Read the events of one message stream."""

    def __init__(self, meta: Meta) -> None:
        self._meta = meta
        self._merged: Json = None
        self._reports = UsageReports()
        self._end = NO_END
        self._marked = False
        self._end_ns: int | None = None
        self._tools: dict[int, tuple[str, str | None, list[str], int]] = {}

    def marked(self) -> None:
        """Note that the body is whole."""
        self._marked = True

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        """Yield the events of one message.

        Raises:
            ProviderError: an error, or a message that the protocol does not have.
        """
        kind = data.get("type", event)
        if kind == "message_start":
            message = data.get("message") or {}
            self._merged = message.get("usage")
            self._reports.take(self._merged, received_ns)
            yield self._meta.named(word(message.get("model")), None, received_ns)
        elif kind == "content_block_start":
            yield from self._block(data, received_ns)
        elif kind == "content_block_delta":
            yield from self._delta(data.get("delta") or {}, data, received_ns)
        elif kind == "message_delta":
            self._later(data, received_ns)
        elif kind == "message_stop":
            self._marked = True
            self._end_ns = self._end_ns or received_ns
        elif kind == "message" and "content" in data:  # of a server that does not stream
            yield from self._whole(data, received_ns)
        elif kind == "error" or error_in(data) is not None:
            raise error_chunk(error_in(data) or dict(data))
        elif kind not in IDLE and kind != "content_block_stop" and "content" in data:
            raise unknown_shape(dict(data))

    def _later(self, data: Mapping[str, Any], received_ns: int) -> None:
        if isinstance(data.get("usage"), Mapping):
            merged = merge_anthropic(self._merged, data["usage"])
            self._merged = merged
            self._reports.take(merged, received_ns)
        elif data.get("usage"):
            self._reports.take(data["usage"], received_ns)
        end = end_of((data.get("delta") or {}).get("stop_reason"))
        if end.kind != "none":
            self._end = end
            self._end_ns = received_ns

    def _whole(self, message: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        yield self._meta.named(word(message.get("model")), None, received_ns)
        content = message.get("content") or ()
        if isinstance(content, str):
            content = ({"type": "text", "text": content},)
        for place, block in enumerate(content):
            yield from self._block({"index": place, "content_block": block}, received_ns)
            if block.get("type") == "tool_use":
                self._tools[place][2].append(json.dumps(block.get("input") or {}))
        self._reports.take(message.get("usage"), received_ns)
        self._end_ns = received_ns
        self._end = end_of(message.get("stop_reason"))

    def _block(self, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        block = data.get("content_block") or {}
        if block.get("type") == "tool_use":
            self._tools[int(data.get("index") or 0)] = (
                str(block.get("name") or ""),
                word(block.get("id")),
                [],
                received_ns,
            )
        else:
            yield from self._texts(block, received_ns)

    def _texts(self, block: Any, received_ns: int) -> Iterator[Event]:
        for text, kind in texts(block):
            self._reports.text_came()
            self._end_ns = received_ns
            yield Delta(text, kind, received_ns)

    def _delta(
        self, delta: Mapping[str, Any], data: Mapping[str, Any], received_ns: int
    ) -> Iterator[Event]:
        if delta.get("type") == "input_json_delta":
            tool = self._tools.get(int(data.get("index") or 0))
            if tool is not None:
                tool[2].append(delta.get("partial_json") or "")
        else:
            yield from self._texts(delta, received_ns)

    def finish(self) -> Iterator[Event]:
        """Yield tool calls, usage, Done.

        Raises:
            IncompleteStream: there is neither a stop reason nor the last event.
            ServerFault: the stop reason says that the server gave up.
        """
        for name, identity, pieces, stamp in (tool for _, tool in sorted(self._tools.items())):
            yield ToolCall(name, "".join(pieces), identity, stamp)
        usage, said = self._reports.report(normalise_anthropic)
        if usage is not None:
            yield usage
        yield done_of(self._end, self._marked, said, self._end_ns, "a stop reason")
