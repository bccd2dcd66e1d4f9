"""A whole system behind HTTP: what goes out, what is read, and what its faults become."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.clock import SystemClock
from claimbench.errors import (
    Auth,
    BadRequest,
    IncompleteStream,
    MalformedStream,
    PluginError,
    RateLimited,
    ServerFault,
)
from claimbench.provider.contract import ProviderContext
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Message,
    Meta,
    Request,
    SamplingParams,
    UsageReport,
)
from claimbench_providers.endpoints.http.paths import PathError, read_path
from claimbench_providers.endpoints.http.provider import create

from .events import events_of

REQUEST = Request(
    "c1",
    (
        Message("system", "Be brief."),
        Message("user", "one?"),
        Message("assistant", "1"),
        Message("user", 'where is "WF-1"?'),
    ),
    SamplingParams(temperature=0.0),
    16,
    timeout_s=5,
    row={"ticket": "t7", "lines": ["a", "b"]},
)
BODY = {
    "question": "{{ prompt }}",
    "ticket": "{{ row.ticket }}",
    "lines": "{{ row.lines | tojson }}",
    "temperature": "{{ temperature | tojson }}",
    "top_p": "{{ top_p | tojson }}",
    "k": 5,
}


class System:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.reply: Any = {"result": {"text": "In Kiel."}}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.stream: list[str] | None = None
        self.breaks = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.seen.append(
            (request.method, request.path_qs, dict(request.headers), json.loads(raw or b"null"))
        )
        if self.stream is not None:
            response = web.StreamResponse(headers={"content-type": "text/event-stream"})
            await response.prepare(request)
            for piece in self.stream:
                await response.write(piece.encode())
                await asyncio.sleep(0.002)
            if self.breaks and request.transport is not None:
                request.transport.close()
            return response
        return web.json_response(self.reply, status=self.status, headers=self.headers)


@pytest.fixture
async def system() -> AsyncIterator[tuple[System, str]]:
    made = System()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}/answer"
    await runner.cleanup()


def arm(url: str, response: Any = None, **options: Any) -> Arm:
    stated = {"body": BODY, "response": response or {"answer": "result.text"}, **options}
    return Arm("desk", "http", "desk-3", base_url=url, api_key_env="DESK", options=stated)


def provider(one: Arm) -> Any:
    return create(one, ProviderContext(SystemClock(), {"DESK": "k-1"}, Path(), Path()))


async def ask(one: Arm, request: Request = REQUEST) -> tuple[list[Event], Any]:
    return await events_of(provider(one), request)


def text(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta))


async def test_a_request_is_the_template_filled(system: tuple[System, str]) -> None:
    made, url = system
    events, fault = await ask(arm(url))
    assert fault is None
    assert text(events) == "In Kiel."
    assert isinstance(events[-1], Done)
    method, path, headers, body = made.seen[0]
    assert (method, path) == ("POST", "/answer")
    assert headers["Authorization"] == "Bearer k-1"
    assert headers["Accept"] == "application/json"
    assert body == {
        "question": 'where is "WF-1"?',
        "ticket": "t7",
        "lines": ["a", "b"],
        "temperature": 0.0,
        "k": 5,
    }


async def test_stamps_are_those_of_the_transport(system: tuple[System, str]) -> None:
    _, url = system
    events, _ = await ask(arm(url))
    meta = next(e for e in events if isinstance(e, Meta))
    assert meta.sent_ns is not None
    assert all(e.received_ns > meta.sent_ns for e in events if isinstance(e, Delta))


async def test_the_key_stands_where_its_place_is(system: tuple[System, str]) -> None:
    made, url = system
    await ask(arm(url, headers={"X-Api-Key": "{key}", "X-Team": "buyers"}))
    headers = made.seen[0][2]
    assert headers["X-Api-Key"] == "k-1"
    assert headers["X-Team"] == "buyers"
    assert "Authorization" not in headers


async def test_a_get_asks_by_its_query(system: tuple[System, str]) -> None:
    made, url = system
    one = arm(url, body=None, method="GET", query={"q": "{{ prompt }}", "n": 3})
    events, fault = await ask(one)
    assert (fault, text(events)) == (None, "In Kiel.")
    assert made.seen[0][:2] == ("GET", "/answer?q=where+is+%22WF-1%22%3F&n=3")


async def test_all_turns_go_out_where_the_template_reads_them(system: tuple[System, str]) -> None:
    made, url = system
    one = arm(url, body={"turns": "{{ messages | tojson }}"}, omit=["temperature"])
    await ask(one)
    assert [turn["role"] for turn in made.seen[0][3]["turns"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert provider(one).sent(REQUEST).added == {}
    assert provider(arm(url)).sent(REQUEST).added == {"turns_left_out": 3}


PARTS = {
    "answer": "out[0].text",
    "citations": "out[0].docs[*].id",
    "usage": {"input": "meta.in", "output": "meta.out", "cached": "meta.cached"},
    "cost": "meta.usd",
    "model": "meta.model",
    "id": "meta.trace",
    "finish": "meta.why",
}


async def test_everything_that_the_system_says_is_read(system: tuple[System, str]) -> None:
    made, url = system
    made.reply = {
        "out": [{"text": "In Kiel.", "docs": [{"id": "doc-1"}, {"id": "doc-4"}]}],
        "meta": {
            "in": 120,
            "out": 9,
            "cached": 20,
            "usd": "0.0031",
            "model": "desk-3.1",
            "trace": 77,
            "why": "length",
        },
    }
    events, fault = await ask(arm(url, PARTS))
    assert fault is None
    assert text(events) == "In Kiel.\n(source: doc-1) (source: doc-4)"
    report = next(e for e in events if isinstance(e, UsageReport))
    assert report.billed_usd == Decimal("0.0031")
    assert (report.usage.input_fresh, report.usage.cache_read, report.usage.output_visible) == (
        100,
        20,
        9,
    )
    metas = [e for e in events if isinstance(e, Meta)]
    assert (metas[-1].model_returned, metas[-1].request_id) == ("desk-3.1", "77")
    assert events[-1].finish_reason == "length"  # type: ignore[union-attr]


@pytest.mark.parametrize(("meta", "usage", "billed", "said"), [
    ({"in": "many", "out": 9}, None, None, "no count"),
    ({"in": 10, "out": 9, "cached": 11}, None, None, "more than all"),
    ({"in": 0, "out": 9}, None, None, None),
    ({"in": 10, "out": 9, "usd": "free"}, 10, None, "no dollars"),
    ({"in": 10, "out": 9, "usd": -1}, 10, None, "no dollars"),
    ({"in": 10, "out": 9, "usd": True}, 10, None, "no dollars"),
    ({"usd": 0.002}, None, Decimal("0.002"), None),
])  # fmt: skip
async def test_what_cannot_be_is_unknown_and_said(
    system: tuple[System, str], meta: Any, usage: Any, billed: Any, said: str | None
) -> None:
    made, url = system
    made.reply = {"out": [{"text": "x", "docs": []}], "meta": meta}
    events, fault = await ask(arm(url, PARTS))
    assert fault is None
    report = next(e for e in events if isinstance(e, UsageReport))
    assert report.usage.input_total == usage
    assert report.billed_usd == billed
    remarks = " ".join(events[-1].remarks)  # type: ignore[union-attr]
    assert (said in remarks) if said else "usage" not in remarks


async def test_a_stream_gives_its_pieces(system: tuple[System, str]) -> None:
    made, url = system
    made.stream = [
        'data: {"d": "In "}\n\n',
        "event: ping\ndata: {}\n\n",
        'data: {"d": "Kiel."}\n\n',
        'data: {"end": {"docs": ["doc-1"], "tokens": {"in": 5, "out": 2}}}\n\n',
    ]
    paths = {
        "delta": "d",
        "citations": "end.docs",
        "usage": {"input": "end.tokens.in", "output": "end.tokens.out"},
    }
    events, fault = await ask(arm(url, paths))
    assert fault is None
    pieces = [e for e in events if isinstance(e, Delta)]
    assert [e.text for e in pieces] == ["In ", "Kiel.", "\n(source: doc-1)"]
    assert pieces[0].received_ns < pieces[1].received_ns  # type: ignore[operator]
    assert made.seen[0][2]["Accept"] == "text/event-stream"


async def test_a_stream_that_breaks_off_is_no_answer(system: tuple[System, str]) -> None:
    made, url = system
    made.stream = ['data: {"d": "In "}\n\n']
    made.breaks = True
    _, fault = await ask(arm(url, {"delta": "d"}))
    assert isinstance(fault, IncompleteStream)


async def test_stop_strings_cut_here_where_they_are_omitted(system: tuple[System, str]) -> None:
    from dataclasses import replace

    _, url = system
    one = arm(url, omit=["stop"])
    request = replace(REQUEST, stop=(" K",))
    events, _ = await ask(one, request)
    assert text(events) == "In"
    said = provider(one).sent(request)
    assert said.here == ("stop",)
    assert "stop" in provider(arm(url)).sent(request).refused


@pytest.mark.parametrize(("status", "reply", "kind"), [
    (401, {"error": "no"}, Auth),
    (403, {"error": "no"}, Auth),
    (429, {"error": "slow"}, RateLimited),
    (400, {"detail": "what?"}, BadRequest),
    (404, {"detail": "where?"}, BadRequest),
    (500, {"error": "down"}, ServerFault),
    (503, "down", ServerFault),
    (200, {"error": {"message": "index is down"}}, ServerFault),
    (200, {"detail": "index is down"}, ServerFault),
    (200, {"result": {"texts": ["x"]}}, MalformedStream),
    (200, {"result": None}, MalformedStream),
    (200, [1, 2], MalformedStream),
])  # fmt: skip
async def test_faults_become_outcomes(
    system: tuple[System, str], status: int, reply: Any, kind: type[Exception]
) -> None:
    made, url = system
    made.status, made.reply = status, reply
    events, fault = await ask(arm(url))
    assert type(fault) is kind
    assert text(events) == ""


async def test_a_redirect_is_not_followed(system: tuple[System, str]) -> None:
    made, url = system
    made.status, made.headers = 302, {"Location": "https://other.example/x"}
    _, fault = await ask(arm(url))
    assert isinstance(fault, BadRequest)
    assert "other.example" in fault.message
    assert len(made.seen) == 1


async def test_a_missing_answer_says_what_was_there_and_shows_none_of_it(
    system: tuple[System, str],
) -> None:
    made, url = system
    made.reply = {"result": {"texts": ["secret words"]}, "n": 3}
    _, fault = await ask(arm(url))
    assert "answer: result.text" in fault.message
    assert "{result: {texts: [" in fault.message
    assert "secret" not in fault.message


@pytest.mark.parametrize("empty", [None, "", [], {}])
async def test_an_empty_answer_is_an_answer(system: tuple[System, str], empty: Any) -> None:
    made, url = system
    made.reply = {"result": {"text": empty}}
    events, fault = await ask(arm(url))
    assert fault is None
    assert text(events) in ("", "[]", "{}")


async def test_an_error_path_is_an_error_whatever_else_is_there(system: tuple[System, str]) -> None:
    made, url = system
    made.reply = {"result": {"text": "half"}, "fail": "index is down"}
    _, fault = await ask(arm(url, {"answer": "result.text", "error": "fail"}))
    assert isinstance(fault, ServerFault)
    made.reply = {"result": {"text": "whole"}, "fail": None}
    events, fault = await ask(arm(url, {"answer": "result.text", "error": "fail"}))
    assert (text(events), fault) == ("whole", None)


@pytest.mark.parametrize(("more", "said"), [
    ({"body": {"q": "hello"}}, "holds nothing of the question"),
    ({"body": {"q": "{{ promt }}"}}, "undefined template variable 'promt'"),
    ({"body": {"q": "{{ prompt"}}, "the template is broken"),
    ({"body": "{{ prompt }}"}, "must be a mapping"),
    ({"method": "GET"}, "a GET has no body"),
    ({"method": "DELETE"}, "one of POST, GET"),
    ({"headers": {"Authorization": "Bearer sk"}}, "sent as a secret"),
    ({"headers": {"X-Api-Key": "abc"}}, "sent as a secret"),
    ({"response": {"answer": "a..b"}}, "cannot be read from"),
    ({"response": {"answer": "a["}}, "cannot be read from"),
    ({"response": {"cost": "a"}}, "does not say where the answer stands"),
    ({"response": {"answr": "a"}}, "no part 'answr'"),
    ({"response": {"answer": "a", "usage": {"input": "b"}}}, "needs input and output"),
    ({"response": {"answer": 3}}, "must be a path"),
    ({"boddy": {}}, "knows no option `boddy`"),
])  # fmt: skip
def test_mistakes_are_said_before_anything_is_sent(more: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError, match=r".") as caught:
        provider(arm("http://127.0.0.1:1/x", **more))
    assert said in caught.value.message


def test_an_address_is_needed_and_a_key_or_none() -> None:
    with pytest.raises(PluginError, match="needs a base_url"):
        provider(Arm("a", "http", "m"))
    far = "https://desk.example/answer"
    options = {"body": BODY, "response": {"answer": "x"}}
    unnamed = provider(Arm("a", "http", "m", base_url=far, options=options))
    assert "no_key: true" in str(unnamed.missing())
    open_one = provider(Arm("a", "http", "m", base_url=far, options={**options, "no_key": True}))
    assert open_one.missing() is None
    assert "Authorization" not in open_one.headers(open_one.key())


def test_a_column_that_is_not_there_is_said_before_anything_is_sent() -> None:
    one = arm("http://127.0.0.1:1/x", body={"q": "{{ prompt }}{{ row.nothing }}"})
    with pytest.raises(PluginError, match="nothing"):
        provider(one).sent(REQUEST)


@pytest.mark.parametrize(("path", "found"), [
    ("$", [{"a": [{"b": 1}, {"b": 2}], "c.d": 3}]),
    ("a[0].b", [1]),
    ("$.a[-1].b", [2]),
    ("a[*].b", [1, 2]),
    ('$["c.d"]', [3]),
    ("a[5].b", []),
    ("x", []),
    ("a.b", []),
])  # fmt: skip
def test_paths(path: str, found: list[Any]) -> None:
    assert read_path(path).found({"a": [{"b": 1}, {"b": 2}], "c.d": 3}) == found


@pytest.mark.parametrize("path", ["", "a..b", "$..a", "a b", "a[x]", "a[1", "$a", "a.", ".", "[]"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(PathError):
        read_path(path)
