"""One HTTP/1.1 exchange: the bytes of a request, and what its response holds, piece by piece with
its stamps.

States of an exchange::

    sent      nothing has come        (began is False)
    in head   bytes, no whole head    (began)
    in body   status and headers known (_in_body)
    whole     all that the length, the last chunk or the closing says (_complete)

``done`` is resolved once, from any state, and ``reply.fault`` then says why, None if the body is
whole. Bytes after the whole response set ``reply.excess``: the server and its length disagree. The
connection may be used again only if ``reusable``, which is set by a whole response alone and taken
back by anything odd after it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httptools

from claimbench.errors import IncompleteStream, MalformedStream, Network, PluginError, ProviderError
from claimbench.types import StampSource

AFTER_DONE_S = 0.5
"""How long the end of a body may stay out after its ``[DONE]`` before it is taken as whole."""

_DONE_LINE = re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\][ \t]*[\r\n]*\Z")
"""The protocol's last word: a line of its own, and nothing after it. Inside a string of JSON there
is no raw line break, so that an answer cannot say it.
"""
_TAIL_BYTES = 64

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what a response may hold, in bytes."""

    head_bytes: int = 256 * 1024
    body_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class Reply:
    """Hold a response, complete or cut short by ``fault``.

    ``pieces``: ``(received_ns, bytes)`` of the body, transfer coding removed. ``connect_ns`` /
    ``tls_ns``: durations, where this request opened its connection. ``excess``: more bytes came
    than the response's own length says.
    """

    sent_ns: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    stamp_source: StampSource = "transport"
    ended_ns: int | None = None
    connect_ns: int | None = None
    tls_ns: int | None = None
    excess: bool = False
    fault: ProviderError | None = None

    @property
    def body(self) -> bytes:
        """Return the whole body."""
        return b"".join(piece for _, piece in self.pieces)


def request_head(method: str, target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request without its Content-Length and closing blank line.

    Raises:
        PluginError: a header that could not be sent as it is (a line break in a key read from a
            file, for example).
    """
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers.items():
        if not _TOKEN.match(name) or not _VALUE.match(value):
            raise PluginError(
                f"the header {name!r} has characters that HTTP does not allow",
                hint="does the key end in a line break, or hold a blank?",
            )
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


class Exchange:
    """Take the bytes of one response as they arrive; ``done`` is resolved with the :class:`Reply`.

    The parser only undoes the framing. What the body says is read after the end, so that nothing
    stands between the socket and the next stamp.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits, reply: Reply) -> None:
        self.done: asyncio.Future[Reply] = loop.create_future()
        self.reply = reply
        self.reusable = False
        self.last_ns = reply.sent_ns
        self._loop = loop
        self._said_done = False
        self._tail = b""
        self._limits = limits
        self._parser: Any = httptools.HttpResponseParser(self)
        self._stamp = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._in_body = False
        self._complete = False

    def _whole(self) -> bool:
        return self._complete

    @property
    def began(self) -> bool:
        """Return True if any byte of the response has come."""
        return self._head_bytes > 0

    def feed(self, data: bytes, received_ns: int) -> None:
        """Take what one read gave."""
        if self._whole():
            self.reply.excess = True
            self.reusable = False
            return
        self._stamp = received_ns
        self.last_ns = received_ns
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self._whole():
                self.reply.excess = True
                self.reusable = False
            else:
                self.fail(
                    MalformedStream(
                        f"the response is not HTTP/1.1: {error}",
                        http_status=self.reply.status or None,
                    )
                )
        except httptools.HttpParserUpgrade:
            self.fail(MalformedStream("the server switched to another protocol"))
        if not self._in_body and self._head_bytes > self._limits.head_bytes:
            self.fail(
                MalformedStream(
                    f"the response's head is longer than {self._limits.head_bytes:,} bytes"
                )
            )
        elif self._body_bytes > self._limits.body_bytes:
            self.fail(
                MalformedStream(
                    f"the response's body is longer than {self._limits.body_bytes:,} bytes"
                )
            )
        if self._whole():
            self._finish(None)
        elif self._said_done:  # some servers leave the connection hanging after their last word
            self._loop.call_later(AFTER_DONE_S, self._after_done)

    def end(self, error: OSError | None) -> None:
        """End because the peer closed the connection, or it broke."""
        self.reusable = False
        if self._in_body and error is None and self._until_close():
            self._complete = True
            self._finish(None)
        elif not self.began:
            what = (
                f"the connection broke: {error}"
                if error
                else "the server closed the connection without an answer"
            )
            self.fail(Network(what, billable="unknown"))
        else:
            self.fail(
                IncompleteStream(
                    self._short(error), http_status=self.reply.status or None, billable="unknown"
                )
            )

    def fail(self, fault: ProviderError) -> None:
        """End with ``fault``; what has come so far is kept."""
        self.reusable = False
        self._finish(fault)

    def stop_waiting(self) -> None:
        """Take the body as whole although it has not ended; the connection is then unfit for
        more.
        """
        if not self.done.done():
            self.reusable = False
            self._finish(None)

    def _after_done(self) -> None:
        """Stop waiting if nothing came after the last word."""
        if self._said_done:
            self.stop_waiting()

    def _finish(self, fault: ProviderError | None) -> None:
        if not self.done.done():
            self.reply.fault = fault
            self.reply.ended_ns = self.last_ns
            self.done.set_result(self.reply)

    def _until_close(self) -> bool:
        headers = self.reply.headers
        return (
            "content-length" not in headers
            and "chunked" not in headers.get("transfer-encoding", "").lower()
        )

    def _short(self, error: OSError | None) -> str:
        wanted = self.reply.headers.get("content-length")
        seen = (
            f"{self._body_bytes} of {wanted} bytes"
            if wanted
            else f"{self._body_bytes} bytes of the body"
        )
        why = f": {error}" if error else ""
        return f"the connection closed in the middle of the response, after {seen}{why}"

    # --- called by the parser ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Note a second response: the server and its Content-Length disagree."""
        if self._complete:
            self.reply.excess = True
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header, name in lower case; repeated ones are joined."""
        if self._complete or self._in_body:  # a second response, or a trailer
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers = self.reply.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """Note that the head is whole; forget an interim one (1xx)."""
        if self._complete:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self.reply.headers.clear()
            return
        self.reply.status = status
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._complete:
            return
        self._body_bytes += len(body)
        self.reply.pieces.append((self._stamp, body))
        tail = (
            (self._tail + body)[-_TAIL_BYTES:] if len(body) < _TAIL_BYTES else body[-_TAIL_BYTES:]
        )
        self._tail = tail
        self._said_done = b"[DONE]" in tail and _DONE_LINE.search(tail) is not None

    def on_message_complete(self) -> None:
        """Note that the response is whole."""
        if self._in_body and not self._complete:
            self._complete = True
            self.reusable = self._parser.should_keep_alive() and not self._until_close()
