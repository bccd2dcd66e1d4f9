"""The lean streaming HTTP/1.1 client behind the measured path.

Connections are opened (and, with TLS, verified) before a request's clock starts and are kept open
between requests; every read is stamped once, at the socket, before anything is parsed
(:mod:`~claimbench.transport.stamps`); bodies are read to their end with only the framing undone, so
that the event loop gets back to the sockets at once. It follows no redirect (a key must not travel
to a host nobody named), retries nothing, and asks for no compression.

Who owns what, and what ends it::

    HttpClient      one per provider; owns its connections. Ended by close().
      Connection    a socket, with TLS if asked for.   opened -> idle -> busy -> idle ... -> closed
        Exchange    one request and its response; exists while the connection is busy.
          Reply     what came, with a stamp per piece; outlives all of the above.
    Pump            one per run; reads the sockets of all connections. Owns no socket.
      TimeoutTimer  one per pump; fails the exchanges that take too long. Owns no exchange.

A connection is *opened* by ``dial`` (TCP, proxy tunnel, TLS) before any stamp is made. It lies
*idle* in the client's pool, is *busy* from ``request`` until its exchange is done, and goes back to
the pool only if the response ended where its own length says and the server keeps the connection;
otherwise it is *closed*. A peer that ends an idle connection closes it too, and the client forgets
it. An exchange is done exactly once, by the first of: its response is whole, its peer is gone, its
bytes are not HTTP, a limit of size or time is broken, or nothing follows ``[DONE]``. A caller that
is cancelled takes the connection with it, which tells the server to stop.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from claimbench.errors import PluginError
from claimbench.transport.connection import Connection, Origin, Traffic, dial
from claimbench.transport.exchange import Limits, Reply, request_head
from claimbench.transport.proxy import proxy_for
from claimbench.transport.pump import Pump
from claimbench.transport.sse import Sse, sse_events
from claimbench.transport.timeouts import Timeouts

__all__ = ["HttpClient", "Limits", "Reply", "Sse", "Target", "Timeouts", "Traffic", "sse_events"]

WARM_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Target:
    """Say where a kind of request goes, with its head ready to be sent; made by
    :meth:`HttpClient.target`.
    """

    origin: Origin
    head: bytes = field(repr=False)  # it holds the key


class HttpClient:
    """Send requests over a pool of connections. One per provider; every method belongs to the event
    loop it was first used on.

    Clients that share a ``pump`` read each other's sockets while they are busy
    (:mod:`~claimbench.transport.pump`). ``traffic`` counts bytes, requests and connections by
    ``host:port``: what left the machine, and where to.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        context: ssl.SSLContext | None = None,
        pump: Pump | None = None,
    ) -> None:
        self._environ = environ
        self._pump = pump or Pump()
        self._limits = limits
        self._context = context
        self._idle: dict[Origin, list[Connection]] = {}
        self._open: set[Connection] = set()
        self.traffic: dict[str, Traffic] = {}

    def target(self, url: str, headers: Mapping[str, str], method: str = "POST") -> Target:
        """Resolve an address and its proxy once, and write the request's head.

        Raises:
            PluginError: not an http(s) address, a proxy that is none, or a header that HTTP does
                not allow.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise PluginError(f"{url!r} is not an address: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PluginError(
                f"{url!r} is not an http(s) address", hint="it looks like https://host/v1"
            )
        host = (
            parts.hostname.encode("idna").decode()
            if not parts.hostname.isascii()
            else parts.hostname
        )
        usual = 443 if parts.scheme == "https" else 80
        proxy = proxy_for(parts.scheme, host, port or usual, self._environ)
        shown = f"[{host}]" if ":" in host else host
        shown = shown if port in (None, usual) else f"{shown}:{port}"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {"Accept-Encoding": "identity", **headers}
        if proxy is not None and parts.scheme == "http":
            # A plain request goes to the proxy with its whole address.
            path = f"http://{shown}{path}"
            if proxy.authorization:
                sent["Proxy-Authorization"] = proxy.authorization
        return Target(
            Origin(parts.scheme, host, port or usual, proxy),
            request_head(method, path, shown, sent),
        )

    async def warm(self, target: Target, count: int, timeouts: Timeouts) -> list[Connection]:
        """Open connections until ``count`` lie ready; gives the new ones. No request waits for
        them, so none has their opening in its reply.

        Raises:
            ProviderError: one could not be opened; those that could stay.
        """
        made: list[Connection] = []
        while (missing := count - len(self._idle.get(target.origin, ()))) > 0:
            batch = [self._dial(target.origin, timeouts) for _ in range(min(missing, WARM_AT_ONCE))]
            results = await asyncio.gather(*batch, return_exceptions=True)
            for result in results:
                if isinstance(result, Connection):
                    result.fresh = False
                    self._keep(target.origin, result)
                    made.append(result)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        return made

    async def send(self, target: Target, body: bytes, timeouts: Timeouts) -> Reply:
        """Send one request on a connection that is open before ``reply.sent_ns``; return the whole
        response.

        Faults after the request left stand in ``reply.fault``, with what came before them.
        Cancelling closes the connection, which tells the server to stop.

        Raises:
            ConnectTimeout, Network: no connection; nothing was sent.
        """
        connection = self._take(target.origin) or await self._dial(target.origin, timeouts)
        data = b"%bContent-Length: %d\r\n\r\n%b" % (target.head, len(body), body)
        try:
            return await connection.request(data, self._limits, timeouts)
        finally:
            if connection.closed:
                self._open.discard(connection)
            else:
                self._keep(target.origin, connection)

    async def close(self) -> None:
        """Close every connection; idempotent."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()

    def _take(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        self._idle.setdefault(origin, []).append(connection)

    async def _dial(self, origin: Origin, timeouts: Timeouts) -> Connection:
        traffic = self.traffic.setdefault(f"{origin.host}:{origin.port}", Traffic())
        connection = await dial(origin, self._tls(origin), timeouts, traffic, self._pump)
        connection.on_idle_end = lambda ended: self._forget(origin, ended)
        self._open.add(connection)
        return connection

    def _forget(self, origin: Origin, connection: Connection) -> None:
        self._open.discard(connection)
        idle = self._idle.get(origin, [])
        if connection in idle:
            idle.remove(connection)

    def _tls(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        if self._context is None:
            self._context = ssl.create_default_context(
                cafile=self._environ.get("SSL_CERT_FILE") or None,
                capath=self._environ.get("SSL_CERT_DIR") or None,
            )
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context
