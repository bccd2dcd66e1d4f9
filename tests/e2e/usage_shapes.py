"""Usage objects as vendors and gateways send them, with the bill of each worked out by hand.

Prices of the arms: 1 dollar per million input tokens, 4 output, 0.1 cache reads, 1.25 and 2 cache
writes of five minutes and of an hour. Bills are in micro-dollars a call; where a shape leaves the
bill open, ``exact`` is False, and the range that is shown must hold ``micro``, the truth.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
Write = Callable[[Json, str | None], None]


@dataclass(frozen=True)
class Shape:
    """One way of stating usage. ``where``: in a chunk of its own (last), beside the end (same), in
    the choice (choice), in every chunk as it grows (every), in parts (deltas), or nowhere (none).
    """

    name: str
    protocol: str
    usage: Any
    micro: float
    exact: bool = True
    where: str = "last"


def chat(prompt: Any, completion: Any, **more: Any) -> Json:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    return usage | {"total_tokens": prompt + completion} | more


def cached(n: int, **more: Any) -> Json:
    return {"prompt_tokens_details": {"cached_tokens": n, **more}}


def thought(n: int) -> Json:
    return {"completion_tokens_details": {"reasoning_tokens": n}}


PLAIN = 1000 + 50 * 4
ZERO_TIMED = {"queue_time": 0.05, "prompt_time": 0.01}
EXPLICIT = {
    "cache_creation_input_tokens": 500,
    "cache_creation": {"ephemeral_5m_input_tokens": 500},
    "cache_type": "ephemeral",
}
DOLLARS = {
    "input_tokens_cost": 0.001,
    "output_tokens_cost": 0.00005,
    "request_cost": 0.005,
    "total_cost": 0.00605,
}
SHAPES = [
    Shape("openai", "chat", chat(1000, 50, **cached(400), **thought(30)), 600 + 40 + 200),
    Shape("openai_write", "chat", chat(1000, 50, **cached(400, cache_write_tokens=100)), 865),
    Shape("deepseek", "chat", chat(1000, 50, prompt_cache_hit_tokens=640, prompt_cache_miss_tokens=360), 624),
    Shape("moonshot", "chat", chat(1000, 50, cached_tokens=256), 744 + 25.6 + 200),
    Shape("qwen_implicit", "chat", chat(1000, 50, **cached(256)), 969.6),
    Shape("qwen_explicit", "chat", chat(1000, 50, **cached(0, **EXPLICIT)), 500 + 625 + 200),
    Shape("mistral", "chat", chat(1000, 50, num_cached_tokens=0, **cached(192)), 808 + 19.2 + 200),
    Shape("grok", "chat", {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1350, **thought(300), **cached(300)}, 700 + 30 + 1400),
    Shape("openrouter", "chat", chat(1000, 50, cost=0.00123), 1230),
    Shape("perplexity", "chat", chat(1000, 50, search_context_size="low", cost=DOLLARS), 6050),
    Shape("xai_ticks", "chat", chat(1000, 50, cost_in_usd_ticks=12_300_000), 1230),
    Shape("groq", "chat", chat(1000, 50, queue_time=0.05, total_time=0.3), PLAIN),
    Shape("floats", "chat", chat(1000.0, 50.0), PLAIN),
    Shape("twice", "chat", chat(1000, 50), PLAIN, where="twice"),
    Shape("same_chunk", "chat", chat(1000, 50), PLAIN, where="same"),
    Shape("in_the_choice", "chat", chat(1000, 50), PLAIN, where="choice"),
    Shape("grows", "chat", chat(1000, 50), PLAIN, where="every"),
    Shape("tier_default", "chat", chat(1000, 50, service_tier="default"), PLAIN),
    Shape("anthropic", "messages", ({"input_tokens": 600, "cache_read_input_tokens": 400, "output_tokens": 1}, {"output_tokens": 50}), 840),
    Shape("anthropic_writes", "messages", ({"input_tokens": 100, "cache_creation_input_tokens": 900, "cache_creation": {"ephemeral_5m_input_tokens": 700, "ephemeral_1h_input_tokens": 200}, "output_tokens": 1}, {"output_tokens": 50}), 100 + 875 + 400 + 200),
    Shape("anthropic_geo", "messages", ({"input_tokens": 1000, "inference_geo": "us", "output_tokens": 1}, {"output_tokens": 50}), 1320),
    Shape("anthropic_cumulative", "messages", ({"input_tokens": 1000, "output_tokens": 1}, {"input_tokens": 1000, "output_tokens": 50}), PLAIN),
    Shape("gemini", "gemini", {"promptTokenCount": 1000, "candidatesTokenCount": 50, "thoughtsTokenCount": 300, "totalTokenCount": 1350, "cachedContentTokenCount": 400}, 600 + 40 + 1400),
    Shape("gemini_tool", "gemini", {"promptTokenCount": 1000, "candidatesTokenCount": 50, "toolUsePromptTokenCount": 240, "totalTokenCount": 1290}, 1440),
    Shape("gemini_no_candidates", "gemini", {"promptTokenCount": 1000, "thoughtsTokenCount": 300, "totalTokenCount": 1300}, 2200),
    Shape("responses", "responses", {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 400}, "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 1050}, 840),
    # What does not say it: unknown, and the range holds what was really billed.
    Shape("null_usage", "chat", None, 90, exact=False),
    Shape("none", "chat", None, 90, exact=False, where="none"),
    Shape("empty", "chat", {}, 90, exact=False),
    Shape("zeros", "chat", chat(0, 0), 90, exact=False),
    Shape("zeros_timed", "chat", chat(0, 0, **ZERO_TIMED), 90, exact=False),
    Shape("zeros_speculated", "chat", chat(0, 0, acceptance_rate=0.7, num_sources_used=0), 90, exact=False),
    Shape("zeros_stamped", "chat", chat(0, 0, start_time=1.7e9, end_time=1.7e9, cost=0), 90, exact=False),
    Shape("prompt_only", "chat", {"prompt_tokens": 40, "total_tokens": 40}, 48, exact=False),
    Shape("completion_zero", "chat", chat(40, 0), 48, exact=False),
    Shape("completion_only", "chat", {"completion_tokens": 2}, 48, exact=False),
    Shape("negative", "chat", {"prompt_tokens": 40, "completion_tokens": -5, "total_tokens": 35}, 48, exact=False),
    Shape("strings", "chat", {"prompt_tokens": "forty", "completion_tokens": "two"}, 48, exact=False),
    Shape("cached_above", "chat", chat(40, 2, **cached(500)), 48, exact=False),
    Shape("reasoning_above", "chat", chat(40, 2, **thought(500)), 48, exact=False),
    Shape("total_differs", "chat", {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 17}, 48, exact=False),
    Shape("deltas", "chat", None, 90, exact=False, where="deltas"),
    Shape("list", "chat", [1, 2], 48, exact=False),
]  # fmt: skip


def by_name() -> dict[str, Shape]:
    return {shape.name: shape for shape in SHAPES}


def serve() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server that answers "yes" to everything, and the log of its calls."""
    log: list[str] = []
    shapes = by_name()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(size))
            shape = shapes[self.path.split("/")[1]]
            log.append(shape.name)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            ANSWERS[shape.protocol](shape, str(body.get("model", "m")), self._write)
            self.close_connection = True

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _write(self, event: Any, name: str | None = None) -> None:
            if name:
                self.wfile.write(f"event: {name}\n".encode())
            data = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(b"data: " + data.encode() + b"\n\n")
            self.wfile.flush()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", log
    server.shutdown()
    server.server_close()


def _chat(shape: Shape, model: str, write: Write) -> None:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": model}

    def chunk(text: str, end: str | None = None, **more: Any) -> Json:
        delta = {"content": text} if text else {}
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}], **more}

    if shape.where == "every":
        for text, n in (("y", 20), ("es", 35)):
            write(chunk(text, usage=chat(1000, n)), None)
        write(chunk("", "stop", usage=shape.usage), None)
    elif shape.where == "deltas":  # each chunk states its own part, so that the last is least
        write(chunk("y", usage=chat(40, 1)), None)
        write(chunk("es", usage=chat(0, 1)), None)
        write(chunk("", "stop", usage=chat(0, 1)), None)
    else:
        write(chunk("yes"), None)
        end = chunk("", "stop")
        if shape.where in ("same", "twice"):
            end["usage"] = shape.usage
        if shape.where == "choice":
            end["choices"][0]["usage"] = shape.usage
        write(end, None)
        if shape.where in ("last", "twice"):
            write({**head, "choices": [], "usage": shape.usage}, None)
    write("[DONE]", None)  # type: ignore[arg-type]


def _messages(shape: Shape, model: str, write: Write) -> None:
    start, delta = shape.usage
    message = {"id": "m", "type": "message", "role": "assistant", "model": model, "content": []}
    block = {"type": "text", "text": ""}
    text = {"type": "text_delta", "text": "yes"}
    events: list[Json] = [
        {"type": "message_start", "message": {**message, "usage": start}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": text},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": delta},
        {"type": "message_stop"},
    ]
    for event in events:
        write(event, event["type"])


def _gemini(shape: Shape, model: str, write: Write) -> None:
    part = {"content": {"parts": [{"text": "yes"}]}, "index": 0, "finishReason": "STOP"}
    head = {"modelVersion": model, "responseId": "r"}
    write({"candidates": [part], **head, "usageMetadata": shape.usage}, None)


def _responses(shape: Shape, model: str, write: Write) -> None:
    reply = {"id": "r", "object": "response", "model": model, "output": []}
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    write({"type": "response.created", "response": {**reply, "status": "in_progress"}}, None)
    write({"type": "response.output_text.delta", "delta": "yes", **place}, None)
    done = {**reply, "status": "completed", "usage": shape.usage}
    write({"type": "response.completed", "response": done}, None)


ANSWERS = {"chat": _chat, "messages": _messages, "gemini": _gemini, "responses": _responses}
