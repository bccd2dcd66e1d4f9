"""Turn the body of a 200 into messages, whatever its type says: events, one JSON value, lines of
JSON, or a page that is no answer.

Content codings are undone here (a proxy may compress although it was asked not to). A protocol's
last word counts only as the whole data of an event.
"""

from __future__ import annotations

import html
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from claimbench.errors import MalformedStream, ServerFault, visible, why_unreadable
from claimbench.transport.exchange import Limits
from claimbench.transport.sse import Sse, SseParser

DONE = "[DONE]"
MOST_DIGITS = 400
MOST_BYTES = Limits().body_bytes
"""Bytes that a body may have once inflated."""
IDLE = frozenset({"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive"})
"""Events that only keep the connection open."""


class Message(NamedTuple):
    """Hold one message: its event's name, its data and when it was received."""

    event: str
    data: dict[str, Any]
    received_ns: int


class TornBody(MalformedStream):
    """A body whose content coding is broken: nothing in it can be relied on."""


def _as_it_is(answer: dict[str, Any]) -> dict[str, Any]:
    return answer


class BodyReader:
    """Feed it the pieces of one body; it gives the messages that each completes.

    ``marked``: the body said that it is whole: by its last word, or because it is one JSON value.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        whole: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is,
    ) -> None:
        self.marked = False
        self._inflate = Inflater(headers.get("content-encoding", ""))
        self._whole = whole
        self._start = b""
        self._mode = ""
        self._parser = SseParser()
        self._parts: list[bytes] = []
        self._last_ns = 0

    @property
    def words(self) -> str:
        """Return what the server wrote outside of any event, as it can be shown."""
        return visible(self._parser.stray.decode("utf-8", "replace").strip())[:500]

    def feed(self, piece: bytes, received_ns: int) -> Iterable[Message]:
        """Yield the messages that ``piece`` completes.

        Raises:
            MalformedStream: the bytes are not what their coding or the format says.
        """
        self._last_ns = received_ns
        if self.marked:
            return ()
        text = self._inflate.push(piece)
        if self._mode == "":
            text = self._choose(text)
        if self._mode == "events":
            return self._events(self._parser.feed(text, received_ns))
        self._parts.append(text)
        return ()

    def finish(self) -> Iterator[Message]:
        """Yield what is left at the end of the body.

        Raises:
            MalformedStream: a torn or unreadable body.
            ServerFault: the body is a web page.
        """
        if self.marked:
            return
        rest = self._inflate.finish()
        if self._mode == "":
            rest = self._choose(rest, last=True)
        if self._mode == "events":
            yield from self._events(self._parser.feed(rest, self._last_ns))
            yield from self._events(self._parser.finish())
            if not self.marked:
                yield from self._stray()
            return
        body = b"".join(self._parts) + rest
        if self._mode == "page":
            raise ServerFault(f"the server answered with a web page: {page_words(body)}")
        yield from self._json(body)

    def _choose(self, text: bytes, *, last: bool = False) -> bytes:
        """Decide by the first character what the body is."""
        self._start += text
        seen = self._start.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not seen and not last:
            return b""
        modes = {b"{": "json", b"[": "json", b"<": "page"}
        self._mode = modes.get(seen[:1], "events")
        text = self._start
        self._start = b""
        return text

    def _events(self, events: Iterable[Sse]) -> Iterator[Message]:
        for sse in events:
            data = sse.data
            if data.startswith("{") and sse.event not in IDLE:  # as nearly all are
                try:
                    value = orjson.loads(data)
                except ValueError:
                    pass  # read below, or said what is wrong with it
                else:
                    yield Message(sse.event, value, sse.received_ns)
                    continue
            if data.startswith(DONE[:1]) and data.strip() == DONE:
                self.marked = True
                return
            if sse.event in IDLE or not data.strip():
                continue
            try:
                message = as_object(data)
            except MalformedStream:
                if "\n" not in data:
                    raise
                yield from self._unparted(sse)
                if self.marked:
                    return
            else:
                yield Message(sse.event, message, sse.received_ns)

    def _unparted(self, sse: Sse) -> Iterator[Message]:
        """Yield the messages of events that no empty line parts: one per line of data."""
        for line in sse.data.split("\n"):
            if line.strip() == DONE:
                self.marked = True
                return
            if line.strip():
                yield Message(sse.event, as_object(line), sse.received_ns)

    def _stray(self) -> Iterator[Message]:
        """Yield objects that stand bare between the events: servers put errors there."""
        for line in self._parser.stray.splitlines():
            if line.startswith(b"{"):
                try:
                    value = orjson.loads(line)
                except ValueError:
                    continue
                yield Message("", value, self._last_ns)

    def _json(self, body: bytes) -> Iterator[Message]:
        text = body.removeprefix(b"\xef\xbb\xbf").strip()
        try:
            value = json_value(text)
        except MalformedStream:
            rows = [line for line in text.splitlines() if line.strip()]
            if len(rows) < 2:
                raise
            values = [as_object(row) for row in rows]
            yield from (Message("", self._whole(row), self._last_ns) for row in values)
            self.marked = True
            return
        rows_of = value if isinstance(value, list) else [value]
        for row in rows_of:
            if not isinstance(row, dict):
                raise not_an_object(text)
            yield Message("", self._whole(row), self._last_ns)
        self.marked = True


class Inflater:
    """Undo the content coding of a body, piece by piece, up to a bound.

    What says that it is compressed and is not passes unchanged, and what says nothing and is gzip
    is inflated: proxies do both.
    """

    def __init__(self, coding: str) -> None:
        codings = {part.strip().lower() for part in coding.split(",")} - {"", "identity"}
        self._unknown = ", ".join(sorted(codings - {"gzip", "x-gzip", "deflate"}))
        self._deflate = "deflate" in codings
        self._head = b""
        self._undo: Any = None
        self._plain = False
        self._size = 0

    def push(self, piece: bytes) -> bytes:
        """Return what one more piece holds.

        Raises:
            TornBody: an unknown coding, a broken one, or more than :data:`MOST_BYTES`.
        """
        if self._plain:
            return piece
        if self._undo is None:
            self._head += piece
            if len(self._head) < 2:
                return b""
            piece = self._head
            self._head = b""
            if not self._begin(piece):
                return piece
        return self._inflated(piece)

    def finish(self) -> bytes:
        """Return what was held back."""
        if self._undo is None:
            rest = self._head
            self._head = b""
            return rest
        if not self._undo.eof:
            raise TornBody("the compressed body is cut short")
        return b""

    def _begin(self, head: bytes) -> bool:
        if head[:2] == b"\x1f\x8b":
            self._undo = zlib.decompressobj(31)
        elif self._deflate and head.lstrip()[:1] not in (b"d", b"{", b"[", b":", b"e"):
            zlib_head = head[0] & 15 == 8 and (head[0] * 256 + head[1]) % 31 == 0
            self._undo = zlib.decompressobj(15 if zlib_head else -15)
        elif self._unknown and not head.lstrip().startswith((b"data", b"event", b"{", b"[", b":")):
            raise TornBody(
                f"the server compressed the stream ({visible(self._unknown)}) although it was"
                " asked not to"
            )
        else:
            self._plain = True
            return False
        return True

    def _inflated(self, piece: bytes) -> bytes:
        out: list[bytes] = []
        try:
            while piece:
                if self._undo.eof:  # a further member of the same stream
                    if piece[:2] != b"\x1f\x8b":
                        break
                    self._undo = zlib.decompressobj(31)
                out.append(self._undo.decompress(piece, MOST_BYTES + 1 - self._size))
                self._size += len(out[-1])
                if self._size > MOST_BYTES:
                    raise TornBody(f"the body inflates to more than {MOST_BYTES:,} bytes")
                piece = self._undo.unused_data or self._undo.unconsumed_tail
        except zlib.error as error:
            raise TornBody(f"the compressed body cannot be inflated: {error}") from error
        return b"".join(out)


def inflated(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole body without its content coding; as it came where that cannot be undone."""
    inflater = Inflater(headers.get("content-encoding", ""))
    try:
        return inflater.push(body) + inflater.finish()
    except MalformedStream:
        return body


def page_words(body: bytes) -> str:
    """Return the words of a web page, for an error."""
    text = body[:20_000].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^>]*>", " ", text)
    return visible(" ".join(html.unescape(text).split()))[:300] or "an empty page"


def as_object(data: str | bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        MalformedStream: it is none.
    """
    value = json_value(data)
    if not isinstance(value, dict):
        raise not_an_object(data)
    return value


def json_value(data: str | bytes) -> Any:
    """Return a JSON value; half surrogate pairs, NaN, bare control characters and numbers of any
    length are taken, which orjson refuses.

    Raises:
        MalformedStream: it is none.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        pass
    try:
        return json.loads(data, parse_int=_whole_number, strict=False)
    except (ValueError, RecursionError) as error:
        why = why_unreadable(error)
        raise MalformedStream(f"a chunk that is not JSON: {why}: {data[:80]!r}") from error


def _whole_number(digits: str) -> int | str:
    """Return a number; as text where it has more digits than any number of a message."""
    return int(digits) if len(digits) <= MOST_DIGITS else digits[:MOST_DIGITS] + "..."


def not_an_object(data: str | bytes) -> MalformedStream:
    """Return the fault of a message that is no object."""
    return MalformedStream(f"a chunk that is not an object: {data[:80]!r}")


def word(value: Any) -> str | None:
    """Return a name that a message holds; None where it is no text."""
    return value if isinstance(value, str) else None
