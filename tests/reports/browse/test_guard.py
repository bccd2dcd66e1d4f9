"""Who gets a page: the guard of ``bench view``, asked directly."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from claimbench_reports.browse import guard
from claimbench_reports.browse.guard import HEADERS, MOST_BODY, MOST_QUERY, Guard, Keys
from claimbench_reports.browse.server import hosts_of

KEYS = Keys(
    *(f"{name:_<20}aB3-_xY9zQ7wE5rT1uI2oP4" for name in ("token", "once", "cookie", "csrf"))
)
"""Like those that a server draws; fixed, for they stand in the names of tests."""
HOSTS = hosts_of("127.0.0.1", 8123)
ORIGIN = "http://127.0.0.1:8123"


class Reply:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.form: Mapping[str, str] | None = None
        self.reached = False


def make() -> tuple[Guard, Reply]:
    reply = Reply()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        reply.reached = True
        reply.form = scope.get("state", {}).get("form")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    return Guard(app, KEYS, HOSTS), reply


def ask(
    path: str = "/",
    query: str = "",
    method: str = "GET",
    body: bytes = b"",
    made: tuple[Guard, Reply] | None = None,
    logged_in: bool = True,
    **headers: str | list[str] | None,
) -> Reply:
    guarded, reply = made or make()
    sent: dict[str, str | list[str] | None] = {"host": "127.0.0.1:8123"}
    if logged_in:
        sent["cookie"] = f"{guarded._cookie_name}={KEYS.cookie}"
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    raw = []
    for name, value in sent.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        raw += [(name.encode(), one.encode()) for one in values]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": raw,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}

    asyncio.run(guarded(scope, receive, send))
    return reply


def form(fields: str = "", **headers: str | list[str] | None) -> Reply:
    sent: dict[str, str | list[str] | None] = {
        "origin": ORIGIN,
        "content_type": "application/x-www-form-urlencoded",
    }
    body = (f"csrf={KEYS.csrf}" + fields).encode()
    return ask("/runs/r/labels", method="POST", body=body, **{**sent, **headers})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8123",
        "127.0.0.1",
        "127.0.0.1:8124",
        "127.0.0.1.:8123",
        "localhost.:8123",
        "LOCALHOST.EVIL.EXAMPLE:8123",
        "[::1]:8123",
        "[::ffff:127.0.0.1]:8123",
        "0.0.0.0:8123",
        "127.1:8123",
        "2130706433:8123",
        "127.0.0.1:8123@evil.example",
        "evil.example, 127.0.0.1:8123",
        "127.0.0.1:08123",
        "",
        None,
        ["127.0.0.1:8123", "evil.example"],
    ],
)
def test_another_host_gets_nothing(host: str | list[str] | None) -> None:
    for query in ("", f"token={KEYS.token}"):
        reply = ask(query=query, host=host)
        assert reply.status == 421
        assert not reply.reached
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "LocalHost:8123"])
def test_its_own_names_are_taken_in_any_case(host: str) -> None:
    assert ask(host=host).reached


def test_an_ipv6_server_is_named_in_brackets() -> None:
    assert hosts_of("::1", 80) == ("[::1]:80", "localhost:80", "[::1]", "localhost")


def test_the_token_becomes_a_cookie_and_leaves_the_address() -> None:
    reply = ask("/runs/r", f"q=a&token={KEYS.token}", logged_in=False)
    assert reply.status == 303
    assert reply.headers["location"] == "/runs/r?q=a"
    cookie = reply.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert KEYS.token not in cookie


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "///x", "\\\\x"])
def test_the_way_back_never_leads_to_another_host(path: str) -> None:
    to = ask(path, f"token={KEYS.token}", logged_in=False).headers["location"]
    assert to.startswith("/")
    assert not to.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "query",
    [
        "token=",
        "token=x",
        f"token={KEYS.token[:-1]}",
        f"token={KEYS.token}x",
        f"token={KEYS.token.swapcase()}",
        f"token={KEYS.cookie}",
        f"token={KEYS.csrf}",
        f"token={KEYS.token}&token={KEYS.token}",
        "token=%00%ff%u1234",
    ],
)
def test_a_guessed_token_opens_nothing(query: str) -> None:
    reply = ask(query=query, logged_in=False)
    assert (reply.status, reply.reached) == (403, False)
    assert "set-cookie" not in reply.headers


def test_the_browsers_own_token_counts_once() -> None:
    made = make()
    assert ask(query=f"token={KEYS.once}", logged_in=False, made=made).status == 303
    assert ask(query=f"token={KEYS.once}", logged_in=False, made=made).status == 403
    assert ask(query=f"token={KEYS.token}", logged_in=False, made=made).status == 303


def test_words_are_compared_in_constant_time_and_are_long() -> None:
    assert "compare_digest" in inspect.getsource(guard._same)
    assert " == self._keys" not in inspect.getsource(Guard)
    assert len({KEYS.token, KEYS.once, KEYS.cookie, KEYS.csrf}) == 4
    assert min(map(len, (KEYS.token, KEYS.once, KEYS.cookie, KEYS.csrf))) >= 43
    assert KEYS.token not in repr(KEYS)


@pytest.mark.parametrize(
    "cookie", [None, "", "x", "bench_view=1", "a=b; ;;", 'q="', "\x01", KEYS.cookie]
)
def test_without_its_cookie_there_is_no_page(cookie: str | None) -> None:
    reply = ask(cookie=cookie)
    assert (reply.status, reply.reached) == (403, False)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_a_page_of_another_site_gets_nothing_even_with_the_cookie(site: str) -> None:
    assert not ask(sec_fetch_site=site).reached
    assert ask(sec_fetch_site="same-origin").reached
    assert ask(sec_fetch_site="none").reached


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"])
def test_other_methods_are_refused(method: str) -> None:
    reply = ask(method=method)
    assert (reply.status, reply.reached) == (405, False)
    assert "access-control-allow-origin" not in reply.headers


def test_head_is_let_through_and_takes_no_token() -> None:
    assert ask(method="HEAD").reached
    assert ask(method="HEAD", query=f"token={KEYS.token}", logged_in=False).status == 403


def test_a_huge_address_is_refused() -> None:
    assert ask(query="q=" + "x" * MOST_QUERY).status == 414
    assert ask(path="/" + "x" * MOST_QUERY).status == 414


def test_a_form_of_its_own_page_is_taken() -> None:
    reply = form("&call=c1&choice=good")
    assert reply.reached
    assert reply.form == {"call": "c1", "choice": "good"}
    assert form(content_type="application/x-www-form-urlencoded; charset=utf-8").reached


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "http://evil.example:8123",
        "https://127.0.0.1:8123",
        "http://127.0.0.1:8123.evil.example",
        "http://localhost:8123",
        "http://127.0.0.1:8124",
        "http://127.0.0.1:8123/",
        [ORIGIN, "http://evil.example"],
    ],
)
def test_a_form_from_elsewhere_changes_nothing(origin: str | list[str] | None) -> None:
    assert (form(origin=origin).status, form(origin=origin).reached) == (403, False)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
        "x/x, text/plain",
    ],
)
def test_a_body_that_is_no_form_changes_nothing(kind: str | None) -> None:
    assert form(content_type=kind).status == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"csrf=",
        b"csrf=guess&call=1",
        b"call=1",
        f"csrf={KEYS.token}".encode(),
        f"csrf={KEYS.csrf}&csrf={KEYS.csrf}".encode(),
        f"csrf=x&csrf={KEYS.csrf}".encode(),
        f"csrf={KEYS.csrf}&call=1&call=2".encode(),
        f"CSRF={KEYS.csrf}".encode(),
    ],
)
def test_a_form_without_its_word_changes_nothing(body: bytes) -> None:
    reply = ask(
        "/runs/r/labels",
        method="POST",
        body=body,
        origin=ORIGIN,
        content_type="application/x-www-form-urlencoded",
    )
    assert (reply.status, reply.reached) == (403, False)


def test_a_form_too_long_or_unreadable_is_refused() -> None:
    assert form("&x=" + "y" * MOST_BODY).status == 413
    assert form("&x=1" * 60).status == 400
    assert form("&x=%ff").status == 400


def test_a_form_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.05)
    guarded, reply = make()
    raw = {
        "host": "127.0.0.1:8123",
        "origin": ORIGIN,
        "content-type": guard.FORM,
        "cookie": f"{guarded._cookie_name}={KEYS.cookie}",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in raw.items()],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(30)
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]

    asyncio.run(guarded(scope, receive, send))
    assert (reply.status, reply.reached) == (408, False)


def test_every_answer_has_the_headers() -> None:
    for reply in (ask(), ask(logged_in=False), ask(host="evil.example"), form(origin="null")):
        assert {name: reply.headers[name] for name in HEADERS} == dict(HEADERS)
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "no-store" in HEADERS["cache-control"]
    assert HEADERS["x-content-type-options"] == "nosniff"
