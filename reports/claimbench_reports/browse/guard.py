"""Who may ask: everything that a request must show before a page is made.

A page in the same browser, another user of the machine, or a name that was pointed at this address
must get nothing. So each request has to name this server as its host (DNS rebinding), and to bring
the cookie that the first address, with its token, was exchanged for; whatever changes something has
to come from a page of this server and to bring the word that its form held.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_QUERY = 4_096
"""Bytes of path and query; nothing of ours comes near it."""

MOST_HEAD = 16_384
"""Bytes of all headers."""

LONG_ADDRESS = "The address is too long."
LONG_HEAD = "The headers are too long."

MOST_BODY = 65_536
BODY_S = 10.0
"""How long the body of a form may take to arrive."""

FORM = "application/x-www-form-urlencoded"

HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    # Not no-referrer: under it browsers send "Origin: null" with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
DENIED_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def _word() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of one server: of the address that is printed (it counts while the server lives,
    for a second browser too), of the one that a browser is started with (other users may see it
    among the processes, so it counts once), of the cookie, of the forms.
    """

    token: str = field(default_factory=_word, repr=False)
    once: str = field(default_factory=_word, repr=False)
    cookie: str = field(default_factory=_word, repr=False)
    csrf: str = field(default_factory=_word, repr=False)


class Refused(Exception):
    """A request that gets no page: its status, and why in one line."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = dict(headers or {})


class Guard:
    """Wraps an application: lets through what may ask, with the form's fields of a POST in
    ``scope["state"]["form"]``, and adds the headers that every answer has.

    Args:
        app: the application.
        keys: the server's secrets.
        hosts: the values of the header Host that are this server's, in lower case.
    """

    def __init__(self, app: App, keys: Keys, hosts: Sequence[str]) -> None:
        self._app = app
        self._keys = keys
        self._hosts = frozenset(hosts)
        self._once_is_used = False
        # Cookies are shared by all ports of a host: each server needs a name of its own
        self._cookie_name = f"bench_view_{secrets.token_hex(4)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _guarded(message["headers"])}
            await send(message)

        try:
            cookie = self._check(scope)
            if cookie is not None:
                await _answer(send_guarded, 303, "", cookie)
                return
            if scope["method"] == "POST":
                scope.setdefault("state", {})["form"] = await self._form(scope, receive)
        except Refused as refused:
            await _answer(send_guarded, refused.status, refused.words, refused.headers)
            return
        await self._app(scope, receive, send_guarded)

    def _check(self, scope: Scope) -> dict[str, str] | None:
        """Return the headers that exchange a token for the cookie; None for a request that has it.

        Raises:
            Refused: the request may not ask.
        """
        headers = _headers(scope)
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise Refused(421, "This is not the host that you asked for.")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_QUERY:
            raise Refused(414, LONG_ADDRESS)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEAD:
            raise Refused(431, LONG_HEAD)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            raise Refused(405, "Only GET, HEAD and POST.", {"allow": "GET, HEAD, POST"})
        site = headers.get("sec-fetch-site", ["none"])[0]
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == "token"]
        if tokens and scope["method"] == "GET":
            if len(tokens) != 1 or not self._knows(tokens[0]):
                raise Refused(
                    403,
                    "That token is none of this server's: open the address that it printed.",
                )
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            return {
                "location": _local(scope["path"]) + (f"?{rest}" if rest else ""),
                "set-cookie": (
                    f"{self._cookie_name}={self._keys.cookie}; Path=/; HttpOnly; SameSite=Strict"
                ),
            }
        if not self._has_cookie(headers):
            raise Refused(403, "Open the address that bench view printed, with its token.")
        if site not in ("none", "same-origin"):
            raise Refused(403, "Another page asked for this; open it yourself.")
        return None

    def _knows(self, token: str) -> bool:
        printed, once = _same(token, self._keys.token), _same(token, self._keys.once)
        fresh = once and not self._once_is_used
        self._once_is_used = self._once_is_used or once
        return printed or fresh

    def _has_cookie(self, headers: Mapping[str, list[str]]) -> bool:
        for value in headers.get("cookie", []):
            try:
                jar = SimpleCookie(value)
            except CookieError:
                continue
            found = jar.get(self._cookie_name)
            if found is not None and _same(found.value, self._keys.cookie):
                return True
        return False

    async def _form(self, scope: Scope, receive: Receive) -> dict[str, str]:
        """Return the fields of a form that a page of this server sent.

        Raises:
            Refused: it is from elsewhere, or is no form, or is too long.
        """
        headers = _headers(scope)
        host = headers["host"][0].lower()
        if headers.get("origin") != [f"http://{host}"]:
            raise Refused(403, "Only pages of this server may change something.")
        kinds = headers.get("content-type", [""])
        if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != FORM:
            raise Refused(415, "Only forms.")
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(receive)
        except TimeoutError:
            raise Refused(408, "The form took too long.", {"connection": "close"}) from None
        try:
            pairs = parse_qsl(
                body.decode("utf-8"), keep_blank_values=True, max_num_fields=50, errors="strict"
            )
        except ValueError:
            raise Refused(400, "The form cannot be read.") from None
        fields = dict(pairs)
        if len(fields) != len(pairs) or not _same(fields.pop("csrf", ""), self._keys.csrf):
            raise Refused(403, "The form is not one of this server's; reload its page.")
        return fields


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The form broke off.")
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BODY:
            raise Refused(413, "The form is too long.", {"connection": "close"})
        if not message.get("more_body", False):
            return body


def _same(given: str, known: str) -> bool:
    """Compare in a time that does not tell where the two differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())


def _local(path: str) -> str:
    """Return a path that a browser cannot take for another host."""
    return quote("/" + path.lstrip("/\\"), safe="/")


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _guarded(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with those that all have; its own policy stays."""
    names = {name.lower() for name, _ in headers}
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    if b"content-security-policy" not in names:
        added.append((b"content-security-policy", DENIED_CSP.encode()))
    return [*headers, *(pair for pair in added if pair[0] not in names)]


def refusal(refused: Refused) -> bytes:
    """Return the whole answer of a request that never becomes one, as bytes; the connection ends
    with it.
    """
    body = f"{refused.words}\n".encode()
    fields = {
        **HEADERS,
        "content-security-policy": DENIED_CSP,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _answer(send: Send, status: int, words: str, headers: Mapping[str, str]) -> None:
    body = f"{words}\n".encode() if words else b""
    fields = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        **headers,
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
