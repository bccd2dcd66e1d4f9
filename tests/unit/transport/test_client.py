"""The HTTP client against peers that misbehave: framing, limits, times, TLS, proxies, the pool."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from claimbench.errors import ConnectTimeout, IncompleteStream, MalformedStream, Network, Timeout
from claimbench.transport.client import HttpClient, Limits, Reply, Timeouts
from claimbench.transport.pump import Pump

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = Timeouts(total_s=5, connect_s=2)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def peer(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await handler(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        await asyncio.sleep(0.01)  # lets the aborted transports close their sockets


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.startswith(b"Content-Length")
    )
    return head + await reader.readexactly(length)


def says(*parts: bytes, pause_s: float = 0.0, close: bool = True, times: int = 1) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            await read_request(reader)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
        if not close:
            await reader.read()

    return handler


async def ask(handler: Handler, timeouts: Timeouts = QUICK, limits: Limits | None = None) -> Reply:
    async with peer(handler) as port:
        client = HttpClient({}, limits=limits or Limits())
        try:
            return await client.send(
                client.target(f"http://127.0.0.1:{port}/v1", {}), b"{}", timeouts
            )
        finally:
            await client.close()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        (OK.replace(b"2\r", b"3\r") + b"!",),
        (CHUNKED + b"2;a=b\r\nok\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n",),
        tuple(bytes([byte]) for byte in CHUNKED + b"3\r\nok!\r\n0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\nok!",),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!"),
    ],
    ids=["length", "chunked", "byte by byte", "until close", "after 100"],
)
async def test_every_framing_gives_the_same_body(parts: tuple[bytes, ...]) -> None:
    reply = await ask(says(*parts))
    assert (reply.status, reply.body, reply.fault) == (200, b"ok!", None)


async def test_pieces_are_stamped_as_they_arrive() -> None:
    start = time.monotonic_ns()
    reply = await ask(says(CHUNKED, b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n", pause_s=0.05))
    stamps = [stamp for stamp, _ in reply.pieces]
    assert start <= reply.sent_ns <= stamps[0]
    assert stamps[1] - stamps[0] == pytest.approx(50e6, abs=45e6)
    assert stamps == sorted(stamps)
    assert reply.stamp_source in ("kernel", "transport")


@pytest.mark.parametrize(
    ("parts", "fault", "text"),
    [
        ((OK.replace(b"2\r", b"5\r"),), IncompleteStream, "after 2 of 5 bytes"),
        ((CHUNKED + b"5\r\nab",), IncompleteStream, "after 2 bytes of the body"),
        ((b"HTTP/1.1 200 OK\r\nContent-Le",), IncompleteStream, "closed in the middle"),
        ((), Network, "without an answer"),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), MalformedStream, "not HTTP/1.1"),
        ((CHUNKED + b"zz\r\nab\r\n",), MalformedStream, "not HTTP/1.1"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nab",), MalformedStream, "not HTTP/1.1"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5000,), MalformedStream, "head is longer"),
        ((CHUNKED + b"fff\r\n" + b"x" * 4095 + b"\r\n",), MalformedStream, "body is longer"),
    ],
)
async def test_a_broken_response_is_a_clear_fault(
    parts: tuple[bytes, ...], fault: type, text: str
) -> None:
    reply = await ask(says(*parts), limits=Limits(head_bytes=2000, body_bytes=2000))
    assert isinstance(reply.fault, fault)
    assert text in str(reply.fault)
    assert reply.fault.billable == "unknown"


@pytest.mark.parametrize(
    ("parts", "pause", "timeouts", "text"),
    [
        ((b"",), 0.5, Timeouts(total_s=0.1), "no end within 0.1 s"),
        ((b"",), 0.5, Timeouts(first_byte_s=0.1), "no first byte within 0.1 s"),
        ((CHUNKED + b"1\r\na\r\n", b""), 0.3, Timeouts(idle_s=0.1), "no byte for 0.1 s"),
        (
            (CHUNKED, *[b"1\r\na\r\n"] * 50),
            0.02,
            Timeouts(total_s=0.2, idle_s=0.5),
            "no end within 0.2 s",
        ),
    ],
    ids=["total", "first byte", "idle", "slow trickle"],
)
async def test_too_slow_a_response_is_a_timeout_that_keeps_what_came(
    parts: tuple[bytes, ...], pause: float, timeouts: Timeouts, text: str
) -> None:
    start = time.monotonic()
    reply = await ask(says(*parts, pause_s=pause), timeouts)
    assert isinstance(reply.fault, Timeout)
    assert text in str(reply.fault)
    assert time.monotonic() - start < 2
    assert bool(reply.body) == (len(parts) > 1)


def hanging() -> Handler:
    async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    return handler


async def test_a_short_limit_ends_first_though_a_long_one_was_there_before() -> None:
    async with peer(hanging()) as port:
        client = HttpClient({})
        target = client.target(f"http://127.0.0.1:{port}/v1", {})
        ended: list[float] = []

        async def send(total_s: float) -> Reply:
            reply = await client.send(target, b"{}", Timeouts(total_s=total_s))
            ended.append(total_s)
            return reply

        replies = await asyncio.gather(*(send(total_s) for total_s in (0.6, 0.1, 0.3)))
        await client.close()
    assert ended == [0.1, 0.3, 0.6]
    assert [str(reply.fault) for reply in replies] == [
        f"no end within {s} s" for s in ("0.6", "0.1", "0.3")
    ]


def test_limits_hold_on_the_next_loop_too_although_a_timer_of_the_last_one_never_rang() -> None:
    pump = Pump()

    async def once(handler: Handler, total_s: float) -> Reply:
        async with peer(handler) as port:
            client = HttpClient({}, pump=pump)
            try:
                target = client.target(f"http://127.0.0.1:{port}/v1", {})
                return await client.send(target, b"{}", Timeouts(total_s=total_s))
            finally:
                await client.close()

    assert asyncio.run(once(says(OK), 0.2)).fault is None
    assert isinstance(asyncio.run(once(hanging(), 0.3)).fault, Timeout)


async def test_a_body_that_never_ends_after_its_last_word_is_whole() -> None:
    reply = await ask(says(CHUNKED + b"e\r\ndata: [DONE]\n\n\r\n"[:-2] + b"\r\n", close=False))
    assert reply.fault is None
    assert b"[DONE]" in reply.body


async def test_connections_are_kept_and_opened_before_the_clock() -> None:
    async with peer(says(OK, times=5, close=False)) as port:
        client = HttpClient({})
        target = client.target(f"http://127.0.0.1:{port}/", {})
        opened = await client.warm(target, 2, QUICK)
        assert len(opened) == 2
        assert all(
            c.connect_ns is not None and c.connect_ns > 0 and c.tls_ns is None for c in opened
        )
        replies = [await client.send(target, b"x" * 100, QUICK) for _ in range(3)]
        traffic = client.traffic[f"127.0.0.1:{port}"]
        assert (traffic.connections, traffic.requests, traffic.bytes_received) == (
            2,
            3,
            3 * len(OK),
        )
        assert traffic.bytes_sent > 300
        assert [one.connect_ns for one in replies] == [None] * 3  # no request waited for them
        await client.close()


async def test_an_idle_connection_that_the_server_closed_is_not_used_again() -> None:
    async with peer(says(OK)) as port:  # closes after one answer, without saying so
        client = HttpClient({})
        target = client.target(f"http://127.0.0.1:{port}/", {})
        for _ in range(3):
            assert (await client.send(target, b"", QUICK)).body == b"ok"
            await asyncio.sleep(0.02)
        assert client.traffic[f"127.0.0.1:{port}"].connections == 3
        await client.close()


async def test_more_bytes_than_the_length_says_are_noticed_and_end_the_connection() -> None:
    async with peer(says(OK + b"HTTP/1.1 200 OK\r\n", times=2)) as port:
        client = HttpClient({})
        target = client.target(f"http://127.0.0.1:{port}/", {})
        reply = await client.send(target, b"", QUICK)
        assert (reply.body, reply.excess) == (b"ok", True)
        assert (await client.send(target, b"", QUICK)).body == b"ok"
        assert client.traffic[f"127.0.0.1:{port}"].connections == 2
        await client.close()


async def test_a_cancelled_request_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()
        closed.set()

    async with peer(handler) as port:
        client = HttpClient({})
        task = asyncio.ensure_future(
            client.send(client.target(f"http://127.0.0.1:{port}/", {}), b"", QUICK)
        )
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 2)
        await client.close()


async def test_a_large_request_is_sent_whole() -> None:
    got = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        got = len(await read_request(reader))
        writer.write(OK)

    body = b"x" * 8_000_000
    async with peer(handler) as port:
        client = HttpClient({})
        reply = await client.send(client.target(f"http://127.0.0.1:{port}/", {}), body, QUICK)
        await client.close()
    assert reply.body == b"ok"
    assert got > len(body)


async def test_nobody_listening_is_a_fault_that_costs_nothing(unused_port: int) -> None:
    client = HttpClient({})
    with pytest.raises(Network, match=r"no connection to 127\.0\.0\.1") as caught:
        await client.send(client.target(f"http://127.0.0.1:{unused_port}/", {}), b"", QUICK)
    assert caught.value.billable == "no"


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            key,
            "-out",
            cert,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text(key.read_text() + cert.read_text())
    return both


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_tls_is_verified_and_stamped_like_the_rest(certificate: Path) -> None:
    pieces = (CHUNKED, b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n")
    async with peer(says(*pieces, pause_s=0.03, times=2), server_context(certificate)) as port:
        client = HttpClient({"SSL_CERT_FILE": str(certificate)})
        target = client.target(f"https://localhost:{port}/", {})
        first = await client.send(target, b"{}", QUICK)
        second = await client.send(target, b"{}", QUICK)
        await client.close()
    assert first.body == second.body == b"ab"
    assert first.tls_ns is not None
    assert first.connect_ns is not None
    assert second.tls_ns is None
    assert first.pieces[1][0] - first.pieces[0][0] == pytest.approx(30e6, abs=25e6)


async def test_a_certificate_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with peer(says(OK), server_context(certificate)) as port:
        client = HttpClient({})
        with pytest.raises(Network, match="certificate does not verify"):
            await client.send(client.target(f"https://localhost:{port}/", {}), b"", QUICK)
        trusting = HttpClient({"SSL_CERT_FILE": str(certificate)})
        with pytest.raises(
            Network, match="certificate does not verify"
        ):  # right authority, wrong name
            await trusting.send(trusting.target(f"https://127.0.0.1:{port}/", {}), b"", QUICK)


async def test_a_server_without_tls_is_a_network_fault(certificate: Path) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with peer(plain) as port:
        client = HttpClient({})
        with pytest.raises(Network, match="no connection to localhost"):
            await client.send(client.target(f"https://localhost:{port}/", {}), b"", QUICK)


async def test_a_server_that_is_silent_in_the_handshake_is_a_connect_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with peer(silent) as port:
        client = HttpClient({})
        with pytest.raises(ConnectTimeout, match=r"within 0\.2 s") as caught:
            await client.send(
                client.target(f"https://localhost:{port}/", {}), b"", Timeouts(connect_s=0.2)
            )
    assert caught.value.billable == "no"


def connect_proxy(
    port: int, seen: list[bytes], status: bytes = b"200 Connection established"
) -> Handler:
    """A proxy that connects everybody to ``port``."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if not status.startswith(b"200"):
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                with contextlib.suppress(OSError):
                    while data := await source.read(65536):
                        sink.write(data)
            finally:
                sink.close()

        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    return handler


async def test_tls_goes_through_a_proxy_that_never_sees_the_key(certificate: Path) -> None:
    seen: list[bytes] = []
    async with (
        peer(says(OK), server_context(certificate)) as port,
        peer(connect_proxy(port, seen)) as proxy,
    ):
        client = HttpClient(
            {"SSL_CERT_FILE": str(certificate), "https_proxy": f"http://u:p@127.0.0.1:{proxy}"}
        )
        target = client.target("https://localhost:444/", {"Authorization": "Bearer secret"})
        assert (await client.send(target, b"", QUICK)).body == b"ok"
        await client.close()
    assert seen[0].startswith(
        b"CONNECT localhost:444 HTTP/1.1\r\nHost: localhost:444\r\nProxy-Authorization: Basic "
    )
    assert b"secret" not in seen[0]


async def test_a_proxy_that_refuses_is_named() -> None:
    async with peer(connect_proxy(0, [], b"407 Proxy Authentication Required")) as proxy:
        client = HttpClient({"https_proxy": f"http://127.0.0.1:{proxy}"})
        with pytest.raises(Network, match=r"refused: HTTP/1\.1 407"):
            await client.send(client.target("https://x.example/", {}), b"", QUICK)


async def test_a_plain_request_goes_to_the_proxy_with_its_whole_address() -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)

    async with peer(handler) as proxy:
        client = HttpClient({"http_proxy": f"http://127.0.0.1:{proxy}"})
        reply = await client.send(client.target("http://x.example:8000/v1", {}), b"{}", QUICK)
        await client.close()
    assert reply.body == b"ok"
    assert seen[0].startswith(b"POST http://x.example:8000/v1 HTTP/1.1\r\nHost: x.example:8000\r\n")
