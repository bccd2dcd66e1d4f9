"""Every endpoint that speaks chat completions, through the core's own transport: the measured path.

Options of an arm and all semantics are those of the ``openai`` provider (:mod:`claimbench_providers.openai`), with
which it shares everything but the bytes' way. What differs is the clock: connections are opened before a request's time
starts, and every piece is stamped at the socket, by the kernel where it can (``stamp_source`` "kernel", else
"transport"). What the pieces say is read after the response has ended.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from claimbench.errors import MalformedStream, ProviderError
from claimbench.provider import ProviderContext
from claimbench.transport import HttpClient, Reply, Target, Timeouts, Traffic, sse_events
from claimbench.types import Arm, ArmFacts, ConstraintKind, Done, Event, Json, Request, StampSource
from claimbench_providers import openai_wire
from claimbench_providers.chat_endpoint import AnswerReader, ChatEndpoint, response_meta

MAX_WARM = 256
"""Connections opened ahead, at most; the rest open as they are needed, before their request's time starts."""


def create(arm: Arm, context: ProviderContext) -> CompatibleProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return CompatibleProvider(arm, context)


class CompatibleProvider:
    """A :class:`~claimbench.provider.Provider` over :class:`claimbench.transport.HttpClient`."""

    stamp_source: StampSource = "transport"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        self._endpoint = ChatEndpoint(arm, context)
        self._context = context
        self._concurrency = arm.concurrency
        self._client: HttpClient | None = None
        self._past_traffic: Mapping[str, Traffic] = {}
        self._target: Target | None = None

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """Bytes sent and received by ``host:port`` since ``start``."""
        return self._client.traffic if self._client is not None else self._past_traffic

    def missing(self) -> str | None:
        """Why the arm cannot run here: a key that is not set, or a host whose key variable nobody named."""
        return self._endpoint.missing()

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.Provider`."""
        return self._endpoint.constraint(request)

    async def start(self) -> ArmFacts:
        """Open the connections that the arm's concurrency will use; sends no request.

        An endpoint that cannot be reached is not an error here: each call then meets, and records, its fault.
        """
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "claimbench"}
        key = self._endpoint.key()
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        await self.close()
        client = HttpClient(self._context.environ, pump=self._context.pump)
        replaced = {name.lower() for name in self._endpoint.headers}
        sent = {name: value for name, value in headers.items() if name.lower() not in replaced}
        self._target = client.target(
            self._endpoint.url.rstrip("/") + "/chat/completions", sent | self._endpoint.headers
        )
        self._client = client
        network: dict[str, Json] = {}
        try:
            opened = await client.warm(self._target, min(self._concurrency, MAX_WARM), Timeouts())
        except ProviderError as error:
            network["unreachable"] = error.message
        else:
            network["connect_ms"] = _least_ms([c.connect_ns for c in opened])
            network["tls_ms"] = _least_ms([c.tls_ns for c in opened])
        details = {"base_url": self._endpoint.url, "network": network, **self._endpoint.dialect.describe()}
        return ArmFacts(details=details)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.Provider`."""
        if self._client is None or self._target is None:
            raise self._endpoint.not_started()
        body = json.dumps(self._endpoint.dialect.body(request), ensure_ascii=False, separators=(",", ":"))
        timeouts = Timeouts(total_s=request.timeout_s, connect_s=request.connect_timeout_s)
        reply = await self._client.send(self._target, body.encode("utf-8", "backslashreplace"), timeouts)
        for event in self._events(reply, request):
            yield event

    def _events(self, reply: Reply, request: Request) -> Iterator[Event]:
        if reply.status == 0:
            raise reply.fault or MalformedStream("no response")
        meta = response_meta(
            reply.status,
            reply.headers,
            connect_ns=reply.connect_ns,
            tls_ns=reply.tls_ns,
            sent_ns=reply.sent_ns,
            stamp_source=reply.stamp_source,
        )
        if reply.status != 200:
            yield meta
            yield from _refused(reply)
            return
        reader = self._endpoint.answer(request, meta)
        try:
            yield from _chunks(reply, reader)
        except MalformedStream as error:
            if reply.excess:
                raise MalformedStream("the server sent more bytes than its Content-Length says") from error
            if reply.fault is None:
                raise
            raise reply.fault from error  # the torn last piece is a consequence
        if reply.fault is not None and not reader.complete:
            raise reply.fault
        yield from reader.finish()

    async def close(self) -> None:
        """Close the connections; idempotent."""
        client, self._client = self._client, None
        if client is not None:
            self._past_traffic = client.traffic
            await client.close()


def _least_ms(durations_ns: list[int | None]) -> float | None:
    known = [ns for ns in durations_ns if ns is not None]
    return round(min(known) / 1e6, 3) if known else None


def _refused(reply: Reply) -> Iterator[Event]:
    """A status other than 200: a fault, or the content filter's answer."""
    body: Json = reply.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        body = json.loads(body)
    if reply.fault is not None and not body:
        raise reply.fault
    if openai_wire.is_filtered(reply.status, body):
        yield Done("content_filter", refusal=True, received_ns=reply.ended_ns)
        return
    raise openai_wire.fault(reply.status, body, reply.headers)


def _chunks(reply: Reply, reader: AnswerReader) -> Iterator[Event]:
    """Events of a 200: a stream of chunks, or one whole completion from a server that does not stream."""
    if coding := reply.headers.get("content-encoding", "identity").lower().replace("identity", ""):
        raise MalformedStream(f"the server compressed the stream ({coding}) although it was asked not to")
    if reply.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        yield from reader.read(_as_chunk(_json(reply.body)), reply.ended_ns)
        return
    for sse in sse_events(reply.pieces):
        if sse.data.startswith("[DONE]"):
            return
        chunk = _json(sse.data)
        if sse.event == "error" and "error" not in chunk:
            raise openai_wire.error_chunk(chunk)
        yield from reader.read(chunk, sse.received_ns)
    if reply.excess:
        raise MalformedStream("the last event is missing")


def _json(data: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise MalformedStream(f"a chunk that is not JSON: {error}: {data[:80]!r}") from error
    if not isinstance(value, dict):
        raise MalformedStream(f"a chunk that is not an object: {data[:80]!r}")
    return value


def _as_chunk(whole: dict[str, Any]) -> dict[str, Any]:
    """A whole completion in the shape of one chunk."""
    choices = whole.get("choices")
    if not isinstance(choices, list):
        return whole
    return whole | {"choices": [{**choice, "delta": choice.get("message") or {}} for choice in choices]}
