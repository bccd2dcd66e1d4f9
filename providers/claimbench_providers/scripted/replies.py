"""Say what the scripted server says: scripts, and the bytes of the answers that follow them. No
clock, no sockets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
}


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """Say how one request is answered. Times in seconds; the default is an instant, regular answer.

    ``text`` is the answer, cut into ``chunks`` pieces; without it each piece is one token-like
    word. ``reasoning`` pieces come before it. ``usage``: right, absent, contradictory (more cached
    than given), or totals that do not add up (``wrong_total``). ``framing``: chunked, length (a
    right Content-Length), short_length / long_length (a wrong one), or close (the end of the
    connection is the end). ``close_after``: break off after so many pieces; ``error_after``: an
    error event in the 200 after so many; ``torn_after``: a piece that is no JSON. ``trickle_s``:
    byte by byte with this pause. ``hang``: never close the body after [DONE]. ``crlf``: CRLF line
    ends, comments and a split ``data:`` field.
    """

    ttft_s: float = 0.0
    gap_s: float = 0.0
    chunks: int = 1
    text: str | None = None
    reasoning: int = 0
    finish_reason: str | None = "stop"
    refusal: str | None = None
    tool: str | None = None
    usage: Literal["right", "absent", "contradictory", "wrong_total"] = "right"
    framing: Literal["chunked", "length", "short_length", "long_length", "close"] = "chunked"
    close_after: int | None = None
    error_after: int | None = None
    torn_after: int | None = None
    trickle_s: float | None = None
    hang: bool = False
    done: bool = True
    crlf: bool = False
    status: int | None = None
    retry_after_s: float | None = None
    error_code: str | None = None
    rpm: int | None = None
    model: str | None = None


def script_of(request: Mapping[str, Any]) -> ScriptedReply:
    """The request's ``script`` field.

    Raises:
        ValueError: a field that scripts do not have.
    """
    given = request.get("script") or {}
    known = {item.name for item in fields(ScriptedReply)}
    if unknown := set(given) - known:
        raise ValueError(
            f"a script has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}"
        )
    return ScriptedReply(**given)


def plain_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole JSON response."""
    data = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Scripted')}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


class ReplyBytes:
    """The bytes of one answer: a head, then ``steps`` steps, the last of which holds the end."""

    def __init__(self, request: Mapping[str, Any], script: ScriptedReply) -> None:
        self.script = script
        self._pieces = _pieces(script)
        ends = (script.close_after, script.error_after, script.torn_after)
        limits = [limit for limit in ends if limit is not None]
        shown = min([len(self._pieces), *limits])
        self._cut = bool(limits) and shown <= min(limits)
        self._pieces = self._pieces[:shown]
        self.steps = max(1, len(self._pieces))
        self.closes = script.framing in ("close", "long_length") or script.close_after is not None
        self._model = script.model or str(request.get("model", "scripted"))
        prompt = sum(
            len(str(m.get("content", "")).split())
            for m in request.get("messages", ())
            if isinstance(m, dict)
        )
        self._usage = _usage(script, prompt)
        asked = request.get("stream_options")
        self._tells_usage = (
            script.usage != "absent"
            and isinstance(asked, dict)
            and bool(asked.get("include_usage"))
        )
        self._opening = json.dumps(
            {"id": "scripted", "object": "chat.completion.chunk", "model": self._model}
        )[:-1]

    def due_ns(self, index: int) -> int:
        """Return when step ``index`` is due after the request was received, ns."""
        return round((self.script.ttft_s + index * self.script.gap_s) * 1e9)

    def is_content(self, index: int) -> bool:
        """Tell whether step ``index`` holds content."""
        return index < len(self._pieces)

    def head(self, received_ns: int) -> bytes:
        """The response's head; ``received_ns`` goes into a header of its own."""
        script = self.script
        lines = [
            "HTTP/1.1 200 OK",
            "Content-Type: text/event-stream",
            f"X-Received-Ns: {received_ns}",
        ]
        if script.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif script.framing == "close":
            lines.append("Connection: close")
        else:
            zeros = b"".join(self._events(index, 10**15) for index in range(self.steps))
            off = {"length": 0, "short_length": -40, "long_length": 40}[script.framing]
            lines.append(f"Content-Length: {len(zeros) + off}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def step(self, index: int, now_ns: int) -> bytes:
        """The bytes of step ``index``, stamped ``now_ns`` (padded, so that lengths are known
        ahead).
        """
        data = self._events(index, now_ns)
        if self.script.framing != "chunked":
            return data
        framed = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        last = index == self.steps - 1 and not self.script.hang and self.script.close_after is None
        return framed + b"0\r\n\r\n" if last else framed

    def _events(self, index: int, now_ns: int) -> bytes:
        parts = []
        if index == 0:
            parts.append(self._chunk('{"role":"assistant","content":""}', now_ns))
        if index < len(self._pieces):
            parts.append(self._chunk(self._pieces[index], now_ns))
        if index == self.steps - 1:
            parts += self._tail(now_ns)
        text = "".join(parts)
        return (text.replace("\n", "\r\n") if self.script.crlf else text).encode()

    def _tail(self, now_ns: int) -> list[str]:
        script = self.script
        if self._cut:
            if script.close_after is not None:
                return []
            if script.torn_after is not None:
                return ['data: {"id": "scripted", "choices": [{"del\n\n', "data: [DONE]\n\n"]
            return [
                'data: {"error":{"message":"scripted fault","type":"server_error","code":null}}\n\n'
            ]
        parts = []
        if script.finish_reason is not None:
            parts.append(self._chunk("{}", now_ns, json.dumps(script.finish_reason)))
        if self._tells_usage:
            parts.append(
                f'data: {self._opening}, "choices":[],"usage":{json.dumps(self._usage)}}}\n\n'
            )
        if script.done:
            parts.append("data: [DONE]\n\n")
        return parts

    def _chunk(self, delta: str, now_ns: int, finish: str = "null") -> str:
        choice = f'"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]'
        if self.script.crlf:
            return (
                f": keep alive\ndata: {self._opening},\ndata:"
                f' "server_ns":{now_ns:>16},{choice}}}\n\n'
            )
        return f'data: {self._opening}, "server_ns":{now_ns:>16},{choice}}}\n\n'


def _pieces(script: ScriptedReply) -> list[str]:
    """The delta of each content chunk, as JSON."""
    if script.text is None:
        words = [f"w{i} " for i in range(script.chunks)]
    else:
        size = max(1, -(-len(script.text) // max(1, script.chunks)))
        words = [script.text[i : i + size] for i in range(0, len(script.text), size)]
    pieces = [json.dumps({"reasoning_content": f"r{i} "}) for i in range(script.reasoning)]
    if script.refusal is not None:
        return [*pieces, json.dumps({"refusal": script.refusal})]
    if script.tool is not None:
        call = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": script.tool, "arguments": ""},
        }
        rest = [{"index": 0, "function": {"arguments": part}} for part in ('{"a"', ": 1}")]
        return [*pieces, *(json.dumps({"tool_calls": [item]}) for item in (call, *rest))]
    return [*pieces, *(json.dumps({"content": word}) for word in words)]


def _usage(script: ScriptedReply, prompt: int) -> dict[str, Any]:
    said = script.text if script.refusal is None else script.refusal
    visible = script.chunks if said is None else max(1, len(said.split()))
    output = visible + script.reasoning
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "completion_tokens_details": {"reasoning_tokens": script.reasoning},
    }
    if script.usage == "contradictory":
        usage["prompt_tokens_details"] = {"cached_tokens": prompt + 10}
    if script.usage == "wrong_total":
        usage["total_tokens"] = prompt + output + 1
    return usage
