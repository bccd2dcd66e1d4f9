"""What adapters of other protocols share on the core's transport: key, connections, one request, its fault."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Protocol

from claimbench.errors import MalformedStream, PluginError, ProviderError
from claimbench.provider import ProviderContext
from claimbench.transport import HttpClient, Reply, Target, Timeouts, Traffic, sse_events
from claimbench.types import Arm, ArmFacts, Done, Event, Json, Meta, Request, StampSource
from claimbench_providers import hosts, keys, openai_wire
from claimbench_providers.chat_endpoint import response_meta

MAX_WARM = 256


class Reader(Protocol):
    """Decoded messages of one response -> events."""

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        """Events of one message; raises ProviderError."""
        ...

    def finish(self) -> Iterator[Event]:
        """The last events; raises IncompleteStream if the answer has no regular end."""
        ...


class SseEndpoint:
    """A :class:`~claimbench.provider.Provider` for a protocol; its adapter gives address, body and reader."""

    stamp_source: StampSource = "transport"
    usual_url = ""
    usual_key: str | None = None

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        self._arm, self._context = arm, context
        self._url = (arm.base_url or self.usual_url).rstrip("/")
        self._client: HttpClient | None = None
        self._past_traffic: Mapping[str, Traffic] = {}
        self._target: Target | None = None

    # --- given by the adapter -------------------------------------------------------------------------------------

    def address(self) -> str:
        """Where requests go."""
        raise NotImplementedError

    def headers(self, key: str | None) -> dict[str, str]:
        """Headers beside the usual ones."""
        raise NotImplementedError

    def body(self, request: Request) -> dict[str, Json]:
        """The request as JSON."""
        raise NotImplementedError

    def reader(self, request: Request, meta: Meta) -> Reader:
        """A reader for one response."""
        raise NotImplementedError

    # --- the provider ---------------------------------------------------------------------------------------------

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """Bytes sent and received by ``host:port`` since ``start``."""
        return self._client.traffic if self._client is not None else self._past_traffic

    def missing(self) -> str | None:
        """See :class:`~claimbench.provider.Provider`."""
        if self._context.offline and not hosts.is_local(self._url):
            return "the run is offline"
        stated = self._arm.api_key_env or self._arm.api_key_file or self._arm.api_key_keyring
        if hosts.is_local(self._url) and not stated:
            return None
        return keys.key_missing(self._arm, self._context, self.usual_key)

    def _key(self) -> str | None:
        if why := self.missing():
            raise PluginError(f"arm {self._arm.name!r} cannot run: {why}")
        return keys.key_of(self._arm, self._context, self.usual_key)

    async def start(self) -> ArmFacts:
        """Open the connections that the arm's concurrency will use; sends no request."""
        await self.close()
        client = HttpClient(self._context.environ, pump=self._context.pump)
        usual = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "claimbench"}
        self._target = client.target(self.address(), usual | self.headers(self._key()))
        self._client = client
        details: dict[str, Json] = {"base_url": self._url, "protocol": self._arm.provider}
        try:
            await client.warm(self._target, min(self._arm.concurrency, MAX_WARM), Timeouts())
        except ProviderError as error:
            details["network"] = {"unreachable": error.message}
        return ArmFacts(details=details)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """One attempt; see :class:`~claimbench.provider.Provider`."""
        if self._client is None or self._target is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        body = json.dumps(self.body(request), ensure_ascii=False, separators=(",", ":"))
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
        reader = self.reader(request, meta)
        for sse in sse_events(reply.pieces):
            if sse.data.startswith("[DONE]"):
                break
            yield from reader.read(sse.event, as_object(sse.data), sse.received_ns)
        try:
            last = list(reader.finish())
        except ProviderError as error:
            if reply.fault is not None:
                raise reply.fault from error
            raise
        yield from last

    async def close(self) -> None:
        """Close the connections; idempotent."""
        client, self._client = self._client, None
        if client is not None:
            self._past_traffic = client.traffic
            await client.close()


def as_object(data: str | bytes) -> dict[str, Any]:
    """A JSON object, or MalformedStream."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise MalformedStream(f"a chunk that is not JSON: {error}: {data[:80]!r}") from error
    if not isinstance(value, dict):
        raise MalformedStream(f"a chunk that is not an object: {data[:80]!r}")
    return value


def _refused(reply: Reply) -> Iterator[Event]:
    """A status other than 200: a fault, or a content filter's answer."""
    body: Json = reply.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        body = json.loads(body)
    if isinstance(body, list) and body:  # Google wraps its errors
        body = body[0]
    if reply.fault is not None and not body:
        raise reply.fault
    if openai_wire.is_filtered(reply.status, body):
        yield Done("content_filter", refusal=True, received_ns=reply.ended_ns)
        return
    raise openai_wire.fault(reply.status, body, reply.headers)
