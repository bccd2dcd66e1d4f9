"""Server-sent events, proxies by environment, kernel stamps: the parts of the transport without a
network.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

import pytest

from claimbench.errors import MalformedStream, PluginError
from claimbench.transport import stamps as transport_stamps
from claimbench.transport.client import HttpClient
from claimbench.transport.proxy import Proxy, proxy_for
from claimbench.transport.sse import SseParser, sse_events

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n"
    b"data: one\r\n\r\n"
    b"event: error\rdata:two\rdata: three\r\r"
    b"id: 7\nretry: 10\nunknown\ndata\n\n"
    b"data: \xe2\x82\xac \xf0\x9f\x98\x80\n\n"
    b"event: dropped\n\n"
    b"data: [DONE]"
)
EVENTS = [
    ("message", "one"),
    ("error", "two\nthree"),
    ("message", ""),
    ("message", "€ 😀"),
    ("message", "[DONE]"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_events_are_the_same_however_the_stream_is_torn(size: int) -> None:
    pieces = [(i, STREAM[i : i + size]) for i in range(0, len(STREAM), size)]
    assert [(sse.event, sse.data) for sse in sse_events(pieces)] == EVENTS


def test_every_split_in_two_gives_the_same_events() -> None:
    for cut in range(1, len(STREAM)):
        found = sse_events([(1, STREAM[:cut]), (2, STREAM[cut:])])
        assert [(sse.event, sse.data) for sse in found] == EVENTS, cut


def test_an_event_bears_the_stamp_of_the_piece_that_completed_it() -> None:
    pieces = [(10, b"data: a"), (20, b"\n\ndata: b\n\nda"), (30, b"ta: c\n"), (40, b"\n")]
    assert [(sse.data, sse.received_ns) for sse in sse_events(pieces)] == [
        ("a", 20),
        ("b", 20),
        ("c", 40),
    ]


@pytest.mark.parametrize("data", [b"data: " + b"x" * 200, b"data: xxxxxxxxxx\n" * 20])
def test_a_line_or_event_without_end_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedStream, match="longer than 100 bytes"):
        list(SseParser(max_line_bytes=100).feed(data, 1))


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(MalformedStream, match="UTF-8"):
        list(sse_events([(1, b"data: \xff\n\n")]))


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, ("https", "api.x.com", 443), None),
        ({"HTTPS_PROXY": "http://p:3128"}, ("https", "api.x.com", 443), Proxy("p", 3128)),
        ({"HTTPS_PROXY": "http://p:3128"}, ("http", "api.x.com", 80), None),
        (
            {"http_proxy": "p:1", "HTTP_PROXY": "http://q:2"},
            ("http", "api.x.com", 80),
            Proxy("p", 1),
        ),
        ({"HTTP_PROXY": "http://q:2", "REQUEST_METHOD": "GET"}, ("http", "api.x.com", 80), None),
        (
            {"ALL_PROXY": "http://u%40:p@q"},
            ("https", "x.com", 443),
            Proxy("q", 80, "Basic dUA6cA=="),
        ),
        ({"ALL_PROXY": "http://q", "NO_PROXY": "*"}, ("https", "x.com", 443), None),
        ({"ALL_PROXY": "http://q", "NO_PROXY": "a.com, .x.com"}, ("https", "api.x.com", 443), None),
        (
            {"ALL_PROXY": "http://q", "NO_PROXY": "x.com"},
            ("https", "notx.com", 443),
            Proxy("q", 80),
        ),
        (
            {"ALL_PROXY": "http://q", "NO_PROXY": "x.com:8443"},
            ("https", "x.com", 443),
            Proxy("q", 80),
        ),
        ({"ALL_PROXY": "http://q", "NO_PROXY": "x.com:8443"}, ("https", "x.com", 8443), None),
        ({"ALL_PROXY": "http://q", "no_proxy": "10.0.0.0/8,::1"}, ("http", "10.1.2.3", 80), None),
        ({"ALL_PROXY": "http://q", "no_proxy": "10.0.0.0/8,::1"}, ("http", "::1", 80), None),
        (
            {"ALL_PROXY": "http://q", "no_proxy": "localhost,"},
            ("http", "127.0.0.1", 80),
            Proxy("q", 80),
        ),
    ],
)
def test_the_environment_chooses_the_proxy(
    environ: dict[str, str], url: tuple[str, str, int], proxy: Proxy | None
) -> None:
    assert proxy_for(*url, environ) == proxy


@pytest.mark.parametrize("value", ["socks5://p:1080", "https://p:1", "http://", "http://p:port"])
def test_a_proxy_that_is_none_is_an_error_that_does_not_repeat_its_password(value: str) -> None:
    with pytest.raises(PluginError, match=r"^HTTPS_PROXY is not the address") as caught:
        proxy_for("https", "x.com", 443, {"HTTPS_PROXY": value})
    assert value not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x:port/", "x.com/v1"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(PluginError, match="not an"):
        HttpClient({}).target(url, {})


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer k\n"}, {"X:": "v"}, {"X": "“quoted”"}]
)
def test_a_header_that_http_does_not_allow_is_refused_without_showing_it(
    headers: dict[str, str],
) -> None:
    with pytest.raises(PluginError, match="does not allow") as caught:
        HttpClient({}).target("http://x/", headers)
    assert "Bearer" not in str(caught.value)


def test_a_head_names_the_host_as_the_address_does() -> None:
    client = HttpClient({"http_proxy": "http://u:p@proxy:1", "no_proxy": "here"})
    assert client.target("https://x.com:443/v1/a?b=c", {}).head.startswith(
        b"POST /v1/a?b=c HTTP/1.1\r\nHost: x.com\r\n"
    )
    assert b"Host: [::1]:8000\r\n" in client.target("http://[::1]:8000/v1", {}).head
    assert b"Host: xn--bcher-kva.example\r\n" in client.target("https://bücher.example/v1", {}).head
    proxied = client.target("http://x.com/v1", {})
    assert proxied.head.startswith(b"POST http://x.com/v1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " in proxied.head
    assert b"Proxy-Authorization" not in client.target("http://here/v1", {}).head
    assert "secret" not in repr(client.target("http://here/", {"Authorization": "secret"}))


@pytest.mark.skipif(sys.platform != "linux", reason="kernel receive times are Linux's")
def test_the_kernels_stamp_does_not_move_with_a_late_reader() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        server, _ = listener.accept()
        with server:
            if not transport_stamps.enable(client):
                pytest.skip("no SO_TIMESTAMPING here")
            for _ in range(100):  # the kernel begins to stamp a moment after the first socket asks
                server.send(b"first")
                _, ancillary, _, _ = client.recvmsg(100, transport_stamps.ANCILLARY_BYTES)
                if transport_stamps.arrival_ns(ancillary, time.monotonic_ns()) is not None:
                    break
                time.sleep(0.02)
            before = time.monotonic_ns()
            server.send(b"x")
            after = time.monotonic_ns()
            time.sleep(0.05)
            _, ancillary, _, _ = client.recvmsg(100, transport_stamps.ANCILLARY_BYTES)
            stamp = transport_stamps.arrival_ns(ancillary, time.monotonic_ns())
    assert stamp is not None
    assert before - 1_000_000 <= stamp <= after + 20_000_000


def test_a_stamp_from_the_future_or_none_at_all_is_no_stamp() -> None:
    now = time.monotonic_ns()
    ahead = struct.pack("@qq", int(time.time()) + 1000, 0) + bytes(32)
    assert transport_stamps.arrival_ns([(socket.SOL_SOCKET, 37, ahead)], now) is None
    assert transport_stamps.arrival_ns([(socket.SOL_SOCKET, 37, bytes(48))], now) is None
    assert transport_stamps.arrival_ns([], now) is None


def test_waiting_between_two_clocks_moves_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine lets a process wait 5 ms between any two of its steps."""
    real_time, offset = time.monotonic_ns, 10**18
    waits = iter([5_000_000, 0] * 3)
    late = 0

    def monotonic_ns() -> int:
        return real_time() + late

    def time_ns() -> int:
        nonlocal late
        late += next(waits)
        return real_time() + late + offset

    came = real_time()
    wall = came + offset
    stamp = [(socket.SOL_SOCKET, 37, struct.pack("@qqqqqq", *divmod(wall, 10**9), 0, 0, 0, 0))]
    monkeypatch.setattr(time, "monotonic_ns", monotonic_ns)
    monkeypatch.setattr(time, "time_ns", time_ns)
    for _ in range(3):
        found = transport_stamps.arrival_ns(stamp, monotonic_ns())
        assert found is not None
        assert abs(found - came) < 1_000_000
