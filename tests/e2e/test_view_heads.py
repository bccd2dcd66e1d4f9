"""``bench view`` answers a head of every length, however it arrives, and ends quietly."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore

from .viewing import Viewer, viewing


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    folder = tmp_path_factory.mktemp("heads")
    with ResultsStore.open(folder / "results"):
        pass
    with viewing(folder) as found:
        yield found


def head(viewer: Viewer, address: int = 0, field: int = 0) -> bytes:
    lines = [f"GET /?q={'a' * address} HTTP/1.1", f"Host: 127.0.0.1:{viewer.port}"]
    if field:
        lines.append(f"X-Long: {'a' * field}")
    return "\r\n".join([*lines, f"Cookie: {viewer.cookie}", "", ""]).encode()


def status(viewer: Viewer, raw: bytes, piece: int = 1 << 20) -> int:
    """Send bytes in pieces; return the status that comes back."""
    with socket.create_connection(("127.0.0.1", viewer.port), timeout=20) as link:
        for at in range(0, len(raw), piece):
            link.sendall(raw[at : at + piece])
            if piece < len(raw):
                time.sleep(0.005)
        got = b""
        while b"\r\n" not in got:
            more = link.recv(4096)
            assert more, "closed without an answer"
            got += more
    return int(got.split()[1])


SIZES = (4_100, 8_000, 9_000, 12_000, 16_370, 16_400, 20_000, 70_000, 300_000, 3_000_000)


@pytest.mark.parametrize("size", SIZES)
def test_an_address_of_every_length_is_refused_with_an_answer(viewer: Viewer, size: int) -> None:
    assert status(viewer, head(viewer, address=size)) == 414
    assert status(viewer, head(viewer, address=size), piece=max(3_000, size // 20)) == 414


@pytest.mark.parametrize("size", SIZES)
def test_a_header_of_every_length_gets_an_answer(viewer: Viewer, size: int) -> None:
    wanted = 200 if size < 16_000 else 431
    assert status(viewer, head(viewer, field=size)) == wanted
    assert status(viewer, head(viewer, field=size), piece=max(3_000, size // 20)) == wanted


def test_many_headers_that_are_too_long_together_are_refused(viewer: Viewer) -> None:
    lines = "".join(f"X-{n}: {'b' * 200}\r\n" for n in range(400))
    raw = head(viewer)[:-2] + lines.encode() + b"\r\n"
    assert status(viewer, raw) == 431
    assert status(viewer, raw, piece=9_000) == 431


def test_a_head_that_is_taken_is_not_counted_to_the_next(viewer: Viewer) -> None:
    raw = head(viewer, address=3_000, field=8_000)
    with socket.create_connection(("127.0.0.1", viewer.port), timeout=20) as link:
        for _ in range(4):
            link.sendall(raw)
            got = b""
            while b"</html>" not in got:
                more = link.recv(65_536)
                assert more
                got += more
            assert got.startswith(b"HTTP/1.1 200")


def test_a_long_head_keeps_nobody_else_from_the_pages(viewer: Viewer) -> None:
    with socket.create_connection(("127.0.0.1", viewer.port), timeout=20) as link:
        link.sendall(head(viewer, address=100_000)[:50_000])
        assert viewer.ask("/").status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_without_a_word(tmp_path: Path, number: int) -> None:
    with ResultsStore.open(tmp_path / "results"):
        pass
    with viewing(tmp_path) as found:
        assert found.ask("/").status == 200
        found.process.send_signal(number)
        out, err = found.process.communicate(timeout=30)
        assert found.process.returncode == 0
        assert out == ""
        assert err.strip() in ("", "Ctrl-C ends it.")


def test_the_printed_address_opens_a_second_browser(viewer: Viewer) -> None:
    for _ in range(3):
        reply = viewer.ask(f"/?token={viewer.token}", headers={"Cookie": None})
        assert reply.status == 303
    refused = viewer.ask("/?token=guessed", headers={"Cookie": None})
    assert refused.status == 403
    assert "none of this server's" in refused.text
