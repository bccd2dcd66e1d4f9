"""A server of chat completions that follows a script and knows what it did and when: ``bench doctor
--calibrate``.

``python -m claimbench_providers.scripted.server [--port N]`` prints ``{"port": N}`` once it listens
on 127.0.0.1.

A request says in its ``script`` field how it is to be answered (:class:`ScriptedReply`); the
suite's ``extra_body`` option carries it there. Every chunk holds ``server_ns``, the monotonic clock
as the chunk was handed to the kernel; on one machine that is the client's clock too, so it is the
truth that a client's stamps can be held against. ``GET /log`` gives the truth of all requests since
the last ``DELETE /log``: ``key`` (the last message's text), ``received_ns`` (the kernel's receive
time of the request's end, where there is one), ``chunk_ns`` and ``end_ns``. ``GET /stats``:
requests, connections and process CPU seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import httptools

from claimbench.transport import stamps as transport_stamps
from claimbench_providers.scripted.replies import ReplyBytes, ScriptedReply, plain_reply, script_of

READ_BYTES = 64 * 1024


@dataclass(slots=True)
class Truth:
    """Note what the server did for one request."""

    key: str
    received_ns: int
    chunk_ns: list[int]
    end_ns: int | None = None


class Server:
    """Listens on 127.0.0.1; one instance per process or test. ``script``: request -> how to answer
    it.
    """

    def __init__(self, script: Callable[[Mapping[str, Any]], ScriptedReply] = script_of) -> None:
        self.script = script
        self.log: list[Truth] = []
        self.requests = 0
        self.connections = 0
        self.recent: deque[int] = deque()
        self._open: set[_Connection] = set()
        self._listener: socket.socket | None = None

    async def start(self, port: int = 0) -> int:
        """Begin to listen; gives the port."""
        self._listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept)
        return int(self._listener.getsockname()[1])

    async def stop(self) -> None:
        """Close everything; idempotent."""
        listener = self._listener
        self._listener = None
        if listener is not None:
            asyncio.get_running_loop().remove_reader(listener.fileno())
            listener.close()
        for connection in tuple(self._open):
            connection.close()

    def _accept(self) -> None:
        assert self._listener is not None  # noqa: S101 - the reader is removed with it
        while True:
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            self.connections += 1
            self._open.add(_Connection(self, sock))

    def forget(self, connection: _Connection) -> None:
        """A connection has been closed."""
        self._open.discard(connection)

    def over_limit(self, rpm: int, now_ns: int) -> float | None:
        """Seconds until another request fits ``rpm`` per minute; None if this one does, which is
        then counted.
        """
        while self.recent and now_ns - self.recent[0] > 60_000_000_000:
            self.recent.popleft()
        if len(self.recent) < rpm:
            self.recent.append(now_ns)
            return None
        return max(0.0, 60 - (now_ns - self.recent[0]) / 1e9)


class _Connection:
    """One client; requests are answered one after another."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._kernel = transport_stamps.enable(sock)
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = bytearray()
        self._closing = False
        self._closed = False
        self._reset()
        self._loop.add_reader(sock.fileno(), self._readable)

    def _reset(self) -> None:
        self._parser: Any = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []

    def close(self) -> None:
        """Close the socket and forget what was to be sent."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        self._server.forget(self)

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._sock.recvmsg(READ_BYTES, transport_stamps.ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, ancillary = b"", []
        if not data:
            self.close()
            return
        now_ns = time.monotonic_ns()
        arrived = transport_stamps.arrival_ns(ancillary, now_ns) if self._kernel else None
        self._received_ns = arrived if arrived is not None else now_ns
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.send(plain_reply(400, {"error": {"message": "not HTTP/1.1"}}))
            self.close()

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        method, url, body = self._parser.get_method(), self._url, b"".join(self._body)
        self._loop.call_soon(self._reset)  # not from within the parser's own callback
        if url.endswith(b"/chat/completions"):
            self._chat(body)
        else:
            self.send(self._about(method, url))

    def _about(self, method: bytes, url: bytes) -> bytes:
        server = self._server
        if url == b"/log" and method == b"DELETE":
            server.log.clear()
            server.recent.clear()
            return plain_reply(200, {"ok": True})
        if url == b"/log":
            names = [item.name for item in fields(Truth)]
            rows: list[dict[str, Any]] = []
            for truth in server.log:
                rows.append({name: getattr(truth, name) for name in names})
            return plain_reply(200, rows)
        if url == b"/stats":
            facts = {
                "requests": server.requests,
                "connections": server.connections,
                "cpu_s": time.process_time(),
            }
            return plain_reply(200, facts)
        return plain_reply(404, {"error": {"message": f"no {url.decode('latin-1')} here"}})

    def _chat(self, body: bytes) -> None:
        server = self._server
        server.requests += 1
        try:
            request = json.loads(body)
            script = server.script(request)
        except (ValueError, TypeError) as error:
            self.send(plain_reply(400, {"error": {"message": f"not a request: {error}"}}))
            return
        now_ns = time.monotonic_ns()
        refused = script.status
        retry_after = script.retry_after_s
        if script.rpm is not None and (wait := server.over_limit(script.rpm, now_ns)) is not None:
            refused, retry_after = 429, wait
        if refused is not None:
            headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
            said = {"message": f"scripted {refused}", "type": "scripted", "code": script.error_code}
            self.send(plain_reply(refused, {"error": said}, headers))
            return
        truth = Truth(_key(request), self._received_ns, [])
        server.log.append(truth)
        answer = ReplyBytes(request, script)
        if script.ttft_s == 0 and script.gap_s == 0 and script.trickle_s is None:
            self._at_once(answer, truth)
        else:
            self._next(answer, truth, 0)

    def _at_once(self, answer: ReplyBytes, truth: Truth) -> None:
        now_ns = time.monotonic_ns()
        parts = [answer.head(self._received_ns)]
        for index in range(answer.steps):
            parts.append(answer.step(index, now_ns))
            truth.chunk_ns += [now_ns] * answer.is_content(index)
        truth.end_ns = now_ns
        self.send(b"".join(parts))
        self._ended(answer)

    def _next(self, answer: ReplyBytes, truth: Truth, index: int) -> None:
        """Wait until step ``index`` is due by the request's own time line, so that lateness does
        not add up.
        """
        due = truth.received_ns + answer.due_ns(index)
        delay = (due - time.monotonic_ns()) / 1e9
        self._timer = self._loop.call_later(max(0.0, delay), self._do, answer, truth, index)

    def _do(self, answer: ReplyBytes, truth: Truth, index: int) -> None:
        last = index + 1 >= answer.steps
        now_ns = time.monotonic_ns()
        data = answer.step(index, now_ns)
        if index == 0:
            data = answer.head(truth.received_ns) + data
        if answer.is_content(index):
            truth.chunk_ns.append(now_ns)
        if last:
            truth.end_ns = now_ns
        if answer.script.trickle_s is not None:
            self._trickle(data, 0, answer, truth, index)
            return
        self.send(data)
        if last:
            self._ended(answer)
        else:
            self._next(answer, truth, index + 1)

    def _trickle(
        self, data: bytes, sent: int, answer: ReplyBytes, truth: Truth, index: int
    ) -> None:
        """Send byte by byte."""
        if sent < len(data):
            self.send(data[sent : sent + 1])
            pause = answer.script.trickle_s or 0.0
            self._timer = self._loop.call_later(
                pause, self._trickle, data, sent + 1, answer, truth, index
            )
        elif index + 1 >= answer.steps:
            self._ended(answer)
        else:
            self._next(answer, truth, index + 1)

    def _ended(self, answer: ReplyBytes) -> None:
        if answer.closes:
            self._closing = True
            if not self._unsent:
                self.close()

    def send(self, data: bytes) -> None:
        """Hand ``data`` to the kernel, at once as far as it takes it."""
        if self._closed:
            return
        if not self._unsent:
            try:
                data = data[self._sock.send(data) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self.close()
                return
        if data:
            self._unsent += data
            self._loop.add_writer(self._sock.fileno(), self._writable)

    def _writable(self) -> None:
        try:
            del self._unsent[: self._sock.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if not self._unsent:
            self._loop.remove_writer(self._sock.fileno())
            if self._closing:
                self.close()


def _key(request: dict[str, Any]) -> str:
    messages = request.get("messages")
    return str(messages[-1].get("content", "")) if isinstance(messages, list) and messages else ""


async def serve(port: int, server: Server | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = server or Server()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    print(json.dumps({"port": await server.start(port)}), flush=True)  # noqa: T201 - how the parent learns the port
    await stopped.wait()
    await server.stop()


def main() -> None:
    """Entry point of ``python -m claimbench_providers.scripted.server``."""
    parser = argparse.ArgumentParser(
        description="A scripted server of chat completions on 127.0.0.1."
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
