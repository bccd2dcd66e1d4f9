"""One connection: opened and, with TLS, verified before any request; read on the event loop,
stamped at the socket.

TLS runs over memory BIOs, so that the socket stays ours and the kernel's receive times can be had
for it too. A decrypted piece carries the time of the read that completed its record.

The way of a byte::

    out: request() -> encrypt -> socket; what the socket does not take at once waits in ``_unsent``
    in:  pump -> _readable (stamp) -> decrypt -> Exchange.feed -> parser -> Reply.pieces
    gone: _lost -> close, then the exchange ends with a fault, or the client forgets an idle one

``_exchange`` says the state: None while idle, set while busy. ``_closed`` is final.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from claimbench.errors import ConnectTimeout, Network
from claimbench.transport import stamps as transport_stamps
from claimbench.transport.exchange import Exchange, Limits, Reply
from claimbench.transport.proxy import Proxy
from claimbench.transport.pump import Pump
from claimbench.transport.timeouts import Timeouts
from claimbench.types import StampSource

READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """Say where connections go: connections of one origin are interchangeable."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None


@dataclass(slots=True)
class Traffic:
    """Count bytes on the wire of one origin, TLS and HTTP heads included, and how many connections
    were opened.
    """

    connections: int = 0
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Tls:
    """Speak TLS as a client, over memory BIOs."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is done, False when bytes of the peer are
        needed.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> bytes:
        """Return the bytes to put on the wire for ``data``."""
        self._object.write(data)
        return self.outgoing.read()

    def decrypt(self, data: bytes) -> tuple[bytes, bool]:
        """Return the plain bytes that ``data`` completes, and whether the peer ended the connection
        properly.
        """
        self.incoming.write(data)
        plain = bytearray()
        try:
            while piece := self._object.read(READ_BYTES):
                plain += piece
        except ssl.SSLWantReadError:
            return bytes(plain), False
        except ssl.SSLZeroReturnError:
            return bytes(plain), True
        return bytes(plain), True


class Connection:
    """Hold an open connection, idle or with one exchange on it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        tls: Tls | None,
        traffic: Traffic,
        pump: Pump,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._tls = tls
        self._traffic = traffic
        self._pump = pump
        self._kernel = transport_stamps.enable(sock)
        self._exchange: Exchange | None = None
        self._unsent = b""
        self._closed = False
        self.connect_ns: int | None = None
        self.tls_ns: int | None = None
        self.fresh = True
        self.on_idle_end: Callable[[Connection], None] = lambda _connection: None
        pump.add(sock, self._readable)

    @property
    def closed(self) -> bool:
        """Return True if it can carry nothing more."""
        return self._closed

    @property
    def stamp_source(self) -> StampSource:
        """Say where its stamps come from."""
        return "kernel" if self._kernel else "transport"

    async def request(self, data: bytes, limits: Limits, timeouts: Timeouts) -> Reply:
        """Send ``data`` and wait for the whole response; faults stand in the reply, with what came
        before them.
        """
        self._pump.look_if_due()
        wire = data if self._tls is None else self._tls.encrypt(data)
        reply = Reply(time.monotonic_ns(), stamp_source=self.stamp_source)
        if self.fresh:
            reply.connect_ns = self.connect_ns
            reply.tls_ns = self.tls_ns
        self.fresh = False
        exchange = Exchange(self._loop, limits, reply)
        self._exchange = exchange
        self._traffic.requests += 1
        self._send(wire)
        self._pump.watch.add(exchange, timeouts)
        try:
            return await exchange.done
        finally:
            self._pump.watch.remove(exchange)
            self._exchange = None
            self._pump.look_if_due()
            if not exchange.reusable or self._unsent:
                self.close()

    def close(self) -> None:
        """Close the socket; idempotent."""
        if not self._closed:
            self._closed = True
            self._pump.remove(self._sock)
            if not self._loop.is_closed():
                self._loop.remove_writer(self._sock.fileno())
            self._sock.close()

    def _send(self, data: bytes) -> None:
        self._traffic.bytes_sent += len(data)
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._lost(error)
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._sock.fileno(), self._writable)

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._sock.fileno())

    def _readable(self) -> None:
        if self._closed:  # by another reader of the same look
            return
        try:
            data, ancillary, _, _ = self._sock.recvmsg(READ_BYTES, transport_stamps.ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        now_ns = time.monotonic_ns()
        if not data:
            self._lost(None)
            return
        self._traffic.bytes_received += len(data)
        exchange = self._exchange
        stamp_ns = transport_stamps.arrival_ns(ancillary, now_ns) if self._kernel else None
        if stamp_ns is None or (exchange is not None and stamp_ns < exchange.last_ns):
            # No stamp, or one from before the request left: the wall clock was stepped.
            stamp_ns = now_ns
            if self._kernel and exchange is not None:
                exchange.reply.stamp_source = "transport"
        if self._tls is None:
            self._take(data, stamp_ns)
        else:
            self._take_encrypted(data, stamp_ns)

    def _take(self, data: bytes, stamp_ns: int) -> None:
        exchange = self._exchange
        if exchange is None:  # nothing was asked: the peer is confused
            self._lost(None)
            return
        exchange.feed(data, stamp_ns)

    def _take_encrypted(self, data: bytes, stamp_ns: int) -> None:
        assert self._tls is not None  # noqa: S101 - the caller has looked
        try:
            plain, ended = self._tls.decrypt(data)
        except ssl.SSLError as error:
            self._lost(OSError(f"TLS: {error.reason or error}"))
            return
        if plain:
            self._take(plain, stamp_ns)
        if ended:
            self._lost(None)

    def _lost(self, error: OSError | None) -> None:
        exchange = self._exchange
        self.close()
        if exchange is None:
            self.on_idle_end(self)
        else:
            exchange.end(error)


async def dial(
    origin: Origin, context: ssl.SSLContext | None, timeouts: Timeouts, traffic: Traffic, pump: Pump
) -> Connection:
    """Open a connection, with TLS if ``context`` is given.

    Raises:
        ConnectTimeout: TCP, proxy or TLS took longer than ``timeouts.connect_s``.
        Network: no address, nobody listening, a refusing proxy, or a certificate that does not
            verify.
    """
    where = f"{origin.host}:{origin.port}"
    sock: socket.socket | None = None
    try:
        async with asyncio.timeout(timeouts.connect_s):
            sock, connect_ns = await _tcp(origin)
            traffic.connections += 1
            if origin.proxy is not None and context is not None:
                await _tunnel(sock, origin, origin.proxy, traffic)
            start_ns = time.monotonic_ns()
            tls = (
                await _handshake(sock, Tls(context, origin.host), traffic)
                if context is not None
                else None
            )
            tls_ns = time.monotonic_ns() - start_ns if tls is not None else None
    except TimeoutError as error:
        _close(sock)
        raise ConnectTimeout(
            f"no connection to {where} within {timeouts.connect_s:g} s", billable="no"
        ) from error
    except ssl.SSLCertVerificationError as error:
        _close(sock)
        hint = "is base_url right? for a certificate authority of your own set SSL_CERT_FILE"
        raise Network(
            f"{where}: the certificate does not verify: {error.verify_message}",
            hint=hint,
            billable="no",
        ) from error
    except (OSError, ssl.SSLError) as error:
        _close(sock)
        hint = "is the server running, and base_url right?"
        raise Network(f"no connection to {where}: {error}", hint=hint, billable="no") from error
    except BaseException:
        _close(sock)
        raise
    connection = Connection(asyncio.get_running_loop(), sock, tls, traffic, pump)
    connection.connect_ns = connect_ns
    connection.tls_ns = tls_ns
    return connection


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        sock.close()


async def _tcp(origin: Origin) -> tuple[socket.socket, int]:
    """Return a connected socket and how long its TCP handshake took (about one round trip; the
    name's look-up not counted).
    """
    loop = asyncio.get_running_loop()
    host, port = (
        (origin.proxy.host, origin.proxy.port) if origin.proxy else (origin.host, origin.port)
    )
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    problem: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start_ns = time.monotonic_ns()
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            problem = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock, time.monotonic_ns() - start_ns
    raise problem


async def _tunnel(sock: socket.socket, origin: Origin, proxy: Proxy, traffic: Traffic) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"Host: {host}:{origin.port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    loop = asyncio.get_running_loop()
    data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    traffic.bytes_sent += len(data)
    await loop.sock_sendall(sock, data)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # byte by byte: what follows belongs to TLS
        byte = await loop.sock_recv(sock, 1)
        if not byte or len(answer) > 64 * 1024:
            raise OSError(f"the proxy {proxy.host}:{proxy.port} gave no answer to CONNECT")
        answer += byte
    traffic.bytes_received += len(answer)
    status = answer.split(b"\r\n", 1)[0].decode("latin-1")
    if not status.startswith(("HTTP/1.1 2", "HTTP/1.0 2")):
        raise OSError(f"the proxy {proxy.host}:{proxy.port} refused: {status}")


async def _handshake(sock: socket.socket, tls: Tls, traffic: Traffic) -> Tls:
    loop = asyncio.get_running_loop()
    done = False
    while not done:
        try:
            done = tls.handshake()
        finally:
            if out := tls.outgoing.read():
                traffic.bytes_sent += len(out)
                # An alert to a peer that has gone: the handshake's error counts.
                with contextlib.suppress(OSError):
                    await loop.sock_sendall(sock, out)
        if not done:
            data = await loop.sock_recv(sock, 16 * 1024)
            if not data:
                raise OSError("the server closed the connection during the TLS handshake")
            traffic.bytes_received += len(data)
            tls.incoming.write(data)
    return tls
