"""Do what every protocol shares on the core's transport: key, connections, one request, its events
and its fault.

An adapter gives address, headers, body and a reader of messages (:class:`SseEndpoint`). Connections
are opened before a request's time starts, and every piece is stamped at the socket, by the kernel
where it can (``stamp_source`` "kernel", else "transport"). What the pieces say is read after the
response has ended: events then come all at once, with the stamps of their arrival. Closing the
stream stops a request that is under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import orjson

from claimbench.errors import (
    IncompleteStream,
    MalformedStream,
    PluginError,
    ProviderError,
    why_unreadable,
)
from claimbench.provider.contract import ProviderContext
from claimbench.transport.client import HttpClient, Reply, Target, Timeouts, Traffic
from claimbench.types import (
    Arm,
    ArmFacts,
    ConstraintKind,
    Done,
    Event,
    Json,
    Meta,
    Request,
    StampSource,
)
from claimbench_providers import keys
from claimbench_providers.endpoints import faults as wire_faults
from claimbench_providers.endpoints.chat import response_meta
from claimbench_providers.endpoints.reading.bodies import (
    BodyReader,
    Message,
    TornBody,
    inflated,
    page_words,
)
from claimbench_providers.endpoints.reading.content import SHAPE_ERRORS

MAX_WARM = 256
"""Connections opened ahead, at most; the rest open as they are needed, before their request's time
starts.
"""


class Reader(Protocol):
    """Decoded messages of one response -> events."""

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        ...

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterable[Event]:
        """Events of one message; raises ProviderError."""
        ...

    def finish(self) -> Iterator[Event]:
        """Yield the last events; raise IncompleteStream if the answer has no regular end."""
        ...

    def marked(self) -> None:
        """Note that the body said that it is whole: by the protocol's last word, or by being one
        value.
        """
        ...


class Stoppable:
    """An attempt's events; ``aclose`` also stops a request that another task is waiting for, as
    cancelling it would.

    An async generator cannot do that: closing it while somebody waits for its next event is an
    error; and one per attempt costs the loop as much as fetching. ``send`` gives the reply,
    ``read`` its events.
    """

    def __init__(
        self, send: Callable[[], Awaitable[Reply]], read: Callable[[Reply], Iterator[Event]]
    ) -> None:
        self._send = send
        self._read = read
        self._events: Iterator[Event] | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._stopped: asyncio.Event | None = None

    def __aiter__(self) -> AsyncIterator[Event]:
        """Itself."""
        return self

    async def __anext__(self) -> Event:
        """The next event; the first one sends the request."""
        if self._events is None:
            self._events = iter(())  # nothing more, should it not come to an answer
            self._events = await self._sent()
        for event in self._events:
            return event
        raise StopAsyncIteration

    async def _sent(self) -> Iterator[Event]:
        self._waiting = asyncio.current_task()
        try:
            return self._read(await self._send())
        except asyncio.CancelledError:
            if self._stopped is None or self._waiting is None or self._waiting.uncancel():
                raise
            return iter(())
        finally:
            self._waiting = None
            if self._stopped is not None:
                self._stopped.set()

    async def aclose(self) -> None:
        """Stop the request if one is under way, and give no more events; idempotent."""
        if self._waiting is None:
            self._events = iter(())
            return
        if self._stopped is None:
            self._stopped = asyncio.Event()
            self._waiting.cancel()
        await self._stopped.wait()


class SseEndpoint:
    """A :class:`~claimbench.provider.contract.Provider` for a protocol; its adapter gives address,
    body and reader.
    """

    stamp_source: StampSource = "transport"
    keeps_timeouts = True
    usual_url = ""
    usual_key: str | None = None
    ends_with_body = False
    """A whole HTTP body is a whole answer: its protocol has no last word of its own."""
    method = "POST"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        self._arm = arm
        self._context = context
        self._url = (arm.base_url or self.usual_url).rstrip("/")
        self._client: HttpClient | None = None
        self._past_traffic: Mapping[str, Traffic] = {}
        self._target: Target | None = None

    # --- given by the adapter ---------------------------------------------------------------------

    def address(self) -> str:
        """Return the address that requests go to."""
        raise NotImplementedError

    def headers(self, key: str | None) -> dict[str, str]:
        """Return headers beside the usual ones; one of the same name replaces a usual one."""
        raise NotImplementedError

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.contract.Provider`."""
        raise NotImplementedError

    def body(self, request: Request) -> dict[str, Json]:
        """Return the request as JSON."""
        raise NotImplementedError

    def reader(self, request: Request, meta: Meta) -> Reader:
        """Return a reader for one response."""
        raise NotImplementedError

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer of a server that does not stream, as one message that the reader
        understands.
        """
        return answer

    def details(self) -> dict[str, Json]:
        """Return what the manifest says of the arm's requests."""
        return {"protocol": self._arm.provider}

    def goes_to(self) -> str:
        """Return the address that prompts are sent to."""
        return self.address()

    # --- the provider -----------------------------------------------------------------------------

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """Return the bytes sent and received by ``host:port`` since ``start``."""
        return self._client.traffic if self._client is not None else self._past_traffic

    def missing(self) -> str | None:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return keys.why_missing(self._arm, self._context, self._url, self.usual_key)

    def key(self) -> str | None:
        """Return the key; None for an endpoint that needs none.

        Raises:
            PluginError: the arm cannot run here.
        """
        return keys.required_key(self._arm, self._context, self._url, self.usual_key)

    async def start(self) -> ArmFacts:
        """Open the connections that the arm's concurrency will use; sends no request.

        An endpoint that cannot be reached is not an error here: each call then meets, and records,
        its fault.
        """
        sent = self.sent_headers()
        await self.close()
        client = HttpClient(self._context.environ, pump=self._context.pump)
        self._target = client.target(self.address(), sent, self.method)
        self._client = client
        network: dict[str, Json] = {}
        try:
            wait = Timeouts(connect_s=self._context.connect_timeout_s)
            opened = await client.warm(self._target, min(self._arm.concurrency, MAX_WARM), wait)
        except ProviderError as error:
            network["unreachable"] = error.message
        else:
            network["connect_ms"] = _least_ms([c.connect_ns for c in opened])
            network["tls_ms"] = _least_ms([c.tls_ns for c in opened])
        return ArmFacts(details={"base_url": self._url, "network": network, **self.details()})

    def sent_headers(self) -> dict[str, str]:
        """Return every header of a request, the key's included.

        Raises:
            PluginError: the arm cannot run here.
        """
        given = self.headers(self.key())
        replaced = {name.lower() for name in given}
        usual = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "User-Agent": "claimbench",
        }
        return {n: value for n, value in usual.items() if n.lower() not in replaced} | given

    def stream(self, request: Request) -> Stoppable:
        """One attempt; see :class:`~claimbench.provider.contract.Provider`."""
        return Stoppable(lambda: self._send(request), lambda reply: self._events(reply, request))

    async def _send(self, request: Request) -> Reply:
        if self._client is None or self._target is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        timeouts = Timeouts(total_s=request.timeout_s, connect_s=request.connect_timeout_s)
        return await self._client.send(self._target, as_json(self.body(request)), timeouts)

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
        if not 200 <= reply.status < 300:
            yield meta
            yield from _refused(reply, self.address())
            return
        reader = self.reader(request, meta)
        body = BodyReader(reply.headers, self.whole)
        late: str | None = None
        try:
            for name, data, received_ns in _messages(body, reply):
                yield from reader.read(name, data, received_ns)
        except (ProviderError, *SHAPE_ERRORS) as error:
            if not reader.complete or reply.excess or isinstance(error, TornBody):
                raise _stream_fault(error, reply) from error
            late = after_end(error)
        if reply.fault is None and (body.marked or self.ends_with_body):
            reader.marked()
        try:
            yield from with_remark(reader.finish(), late)
        except IncompleteStream as error:
            raise reply.fault or wire_faults.says(body.words) or error from error
        except SHAPE_ERRORS as error:
            raise odd_shape(error) from error

    async def close(self) -> None:
        """Close the connections; idempotent."""
        client = self._client
        self._client = None
        if client is not None:
            self._past_traffic = client.traffic
            await client.close()


def as_json(body: Mapping[str, Json]) -> bytes:
    """The bytes of a request; half a surrogate pair is written as an escape, for UTF-8 cannot hold
    it.
    """
    try:
        return orjson.dumps(body)
    except TypeError:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def _stream_fault(error: Exception, reply: Reply) -> ProviderError:
    """Return the fault of a stream that cannot be read to its end."""
    if not isinstance(error, ProviderError):
        return odd_shape(error)
    if not isinstance(error, MalformedStream):
        return error
    if reply.excess:
        return MalformedStream("the server sent more bytes than its Content-Length says")
    return reply.fault or error  # a torn last piece is a consequence


def after_end(error: Exception) -> str:
    """Return what is to be said of a fault that came after the regular end of an answer: the answer
    stands all the same.
    """
    fault = error if isinstance(error, ProviderError) else odd_shape(error)
    return f"sends something more after the end of an answer, which stands: {fault.message}"


def with_remark(events: Iterable[Event], remark: str | None) -> Iterable[Event]:
    """Return the last events of an answer, its end with a remark."""
    return events if remark is None else _remarked(events, remark)


def _remarked(events: Iterable[Event], remark: str) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Done):
            event = replace(event, remarks=(*event.remarks, remark))
        yield event


def odd_shape(error: Exception) -> MalformedStream:
    """Return the fault of a message whose parts are of other kinds than the protocol says."""
    return MalformedStream(
        f"a chunk of a shape that the protocol does not have: {why_unreadable(error)}"
    )


def _messages(body: BodyReader, reply: Reply) -> Iterator[Message]:
    for received_ns, piece in reply.pieces:
        yield from body.feed(piece, received_ns)
    yield from body.finish()
    if reply.excess and not body.marked:
        raise MalformedStream("the last event is missing")


def _least_ms(durations_ns: list[int | None]) -> float | None:
    known = [ns for ns in durations_ns if ns is not None]
    return round(min(known) / 1e6, 3) if known else None


def _refused(reply: Reply, asked: str) -> Iterator[Event]:
    """Yield a content filter's answer, or raise the fault that a status other than 200 is."""
    raw = inflated(reply.body, reply.headers)
    body: Json = raw.decode("utf-8", "replace")
    if raw.lstrip()[:1] == b"<":
        body = page_words(raw)
    with contextlib.suppress(ValueError, RecursionError):
        body = json.loads(raw)
    if isinstance(body, list) and body:  # Google wraps its errors
        body = body[0]
    if reply.fault is not None and not body:
        raise reply.fault
    if wire_faults.is_filtered(reply.status, body):
        yield Done("content_filter", refusal=True, received_ns=reply.ended_ns)
        return
    raise wire_faults.fault(reply.status, body, reply.headers, asked)
