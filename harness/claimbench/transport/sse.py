"""Server-sent events out of stamped pieces of a body, by the WHATWG rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from claimbench.errors import MalformedStream

MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_STRAY_BYTES = 8 * 1024
FIELDS = frozenset({b"data", b"event", b"id", b"retry"})


class Sse(NamedTuple):
    """Hold one event: its name ("message" by default), its data, and when the piece that completed
    it was received.
    """

    event: str
    data: str
    received_ns: int


class SseParser:
    """Parse pieces as they came, and give back the events that each completes.

    Takes LF, CRLF and CR as line ends (also torn between pieces), several ``data:`` lines, comments
    and a byte order mark. Lines that are no field of the format are kept in ``stray``, as far as
    :data:`MAX_STRAY_BYTES`: servers put errors there. ``finish`` gives an event that the end of
    the stream cut short of its blank line, as many servers do.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._rest = b""
        self._after_cr = False
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0
        self._started = False
        self._last_ns = 0
        self.stray = b""

    def feed(self, piece: bytes, received_ns: int) -> Iterable[Sse]:
        """Return the events completed by ``piece``; go through them before the next is fed.

        Raises:
            MalformedStream: a line or an event longer than allowed, or data that is not UTF-8.
        """
        self._last_ns = received_ns
        simple = None
        if not self._rest and not self._data and piece.startswith(b"data: {"):
            simple = self._simple(piece, received_ns)
        return self._by_lines(piece, received_ns) if simple is None else simple

    def _by_lines(self, piece: bytes, received_ns: int) -> Iterator[Sse]:
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r")
        text = self._rest + piece if self._rest else piece
        if not self._started and text:
            if b"\xef\xbb\xbf".startswith(text):
                self._rest = text
                return
            self._started = True
            text = text.removeprefix(b"\xef\xbb\xbf")
        lines = text.splitlines(keepends=True)
        self._rest = b""
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            self._rest = lines.pop()
            self._check(len(self._rest))
        for line in lines:
            event = self._line(line.rstrip(b"\r\n"), received_ns)
            if event is not None:
                yield event

    def _simple(self, piece: bytes, received_ns: int) -> list[Sse] | None:
        """Return the events of a piece as nearly all servers send it: whole events of one ``data``
        line each, LF ends.
        """
        if (
            not piece.endswith((b"}\n\n", b"data: [DONE]\n\n"))
            or b"\r" in piece
            or self._event
            or len(piece) > self._max
        ):
            return None
        blocks = piece[:-2].split(b"\n\n")
        for block in blocks:
            if not block.startswith(b"data: ") or b"\n" in block:
                return None
        self._after_cr = False
        self._started = True
        try:
            return [Sse("message", block[6:].decode(), received_ns) for block in blocks]
        except UnicodeDecodeError as error:
            raise MalformedStream(f"the stream is not UTF-8: {error}") from error

    def finish(self) -> Iterator[Sse]:
        """Yield what stands unfinished at the end of the stream."""
        rest = self._rest
        self._rest = b""
        if rest:
            self._line(rest, self._last_ns)
        event = self._line(b"", self._last_ns)
        if event is not None:
            yield event

    def _check(self, size: int) -> None:
        if size > self._max:
            raise MalformedStream(
                f"a line or event of the stream is longer than {self._max:,} bytes"
            )

    def _line(self, line: bytes, received_ns: int) -> Sse | None:
        if not line:
            return self._dispatch(received_ns)
        if line[0] == 58:  # a comment, as servers send to keep the connection open
            return None
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._size += len(value)
            self._check(self._size)
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name not in FIELDS and len(self.stray) < MAX_STRAY_BYTES:
            self.stray = (self.stray + line + b"\n")[:MAX_STRAY_BYTES]
        return None

    def _dispatch(self, received_ns: int) -> Sse | None:
        parts, event = self._data, self._event
        self._event = ""
        if not parts:
            return None
        self._data = []
        self._size = 0
        raw = parts[0] if len(parts) == 1 else b"\n".join(parts)
        try:
            return Sse(event or "message", raw.decode(), received_ns)
        except UnicodeDecodeError as error:
            raise MalformedStream(f"the stream is not UTF-8: {error}") from error


def sse_events(
    pieces: Iterable[tuple[int, bytes]], max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[Sse]:
    """Yield the events of ``(received_ns, bytes)`` pieces."""
    parser = SseParser(max_line_bytes)
    for received_ns, piece in pieces:
        yield from parser.feed(piece, received_ns)
    yield from parser.finish()
