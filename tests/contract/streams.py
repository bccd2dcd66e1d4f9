"""Bodies as servers send them, read by our endpoints without a network: what every test of answers
builds on.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from claimbench.clock import SystemClock
from claimbench.provider.attempt import Tried, try_once
from claimbench.provider.contract import ProviderContext
from claimbench.transport.exchange import Reply
from claimbench.types import Arm, Event, Intent, Message, Request, SamplingParams
from claimbench_providers.endpoints import anthropic, compatible, gemini
from claimbench_providers.endpoints.sse import SseEndpoint

PROTOCOLS = ("chat", "responses", "messages", "gemini")
PROMPT = "Which team should answer this ticket, billing or delivery?"


def endpoint(protocol: str) -> SseEndpoint:
    """An endpoint that is not started."""
    makes: dict[str, Callable[[Arm, ProviderContext], SseEndpoint]] = {
        "chat": compatible.create,
        "responses": compatible.create,
        "messages": anthropic.create,
        "gemini": gemini.create,
    }
    options = {"api": "responses"} if protocol == "responses" else {}
    arm = Arm("api", protocol, "m1", base_url="http://127.0.0.1:9/v1", options=options)
    context = ProviderContext(SystemClock(), {}, Path(), Path())
    return makes[protocol](arm, context)


def request(**changes: Any) -> Request:
    """What is asked."""
    values: dict[str, Any] = {"params": SamplingParams(), "max_tokens": 64} | changes
    return Request("c1", (Message("user", PROMPT),), **values)


def reply(
    body: bytes | Sequence[bytes],
    *,
    status: int = 200,
    ctype: str = "text/event-stream",
    fault: Any = None,
    **headers: str,
) -> Reply:
    """A response whose body came in pieces."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = Reply(1, status, {"content-type": ctype} | named)
    found.pieces = [(10 + i, piece) for i, piece in enumerate(pieces)]
    found.ended_ns = 10 + len(pieces)
    found.fault = fault
    return found


class Canned:
    """A provider whose one answer is given."""

    stamp_source = "transport"

    def __init__(self, protocol: str, answer: Reply) -> None:
        self._endpoint = endpoint(protocol)
        self._reply = answer

    async def stream(self, asked: Request) -> AsyncIterator[Event]:
        """Read the answer."""
        for event in self._endpoint._events(self._reply, asked):
            yield event


def tried(protocol: str, answer: Reply, asked: Request | None = None) -> Tried:
    """One attempt that meets ``answer``."""
    asked = asked or request()
    intent = Intent(asked.call_id, 1, 1, None, "2026-01-01T00:00:00+00:00")
    provider: Any = Canned(protocol, answer)
    return asyncio.run(try_once(provider, asked, SystemClock(), intent=intent, queued_ns=0))


def sse(events: Iterable[Any], end: str = "\n") -> bytes:
    """Server-sent events; strings are sent as they are."""
    rows = (e if isinstance(e, str) else json.dumps(e) for e in events)
    return "".join(f"data: {row}{end}{end}" for row in rows).encode()


def chunk(delta: Any = None, finish: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk of a chat completion."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return {"id": "x", "model": "m1", "choices": [choice], **more}


def regular(
    protocol: str, pieces: Sequence[str], usage: Any = None, finish: str | None = "usual"
) -> list[Any]:
    """The events of a whole answer; ``finish`` None: without a reason."""
    if protocol == "chat":
        stop = "stop" if finish == "usual" else finish
        rows: list[Any] = [chunk({"role": "assistant", "content": ""})]
        rows += [chunk({"content": piece}) for piece in pieces]
        rows.append(chunk({}, stop))
        if usage is not None:
            rows.append({"choices": [], "usage": usage})
        return [*rows, "[DONE]"]
    if protocol == "responses":
        rows = [{"type": "response.created", "response": {"id": "r", "model": "m1"}}]
        rows += [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
        end = {"id": "r", "model": "m1", "status": "completed", "usage": usage, "output": []}
        return [*rows, {"type": "response.completed", "response": end}]
    if protocol == "messages":
        stop = "end_turn" if finish == "usual" else finish
        rows = [{"type": "message_start", "message": {"model": "m1", "usage": None}}]
        rows += [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}}
            for p in pieces
        ]
        rows.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage})
        return [*rows, {"type": "message_stop"}]
    stop = "STOP" if finish == "usual" else finish
    rows = [
        {"candidates": [{"content": {"parts": [{"text": p}]}}], "modelVersion": "m1"}
        for p in pieces
    ]
    last = {"candidates": [{"content": {"parts": []}, "finishReason": stop}], "modelVersion": "m1"}
    return [*rows, last | ({} if usage is None else {"usageMetadata": usage})]


def zipped(body: bytes) -> bytes:
    """The body as gzip."""
    return gzip.compress(body)
