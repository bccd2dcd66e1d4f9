"""A loopback vendor for end-to-end tests: OpenAI's wire format, answers by rule, and a log of what
it was sent.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from . import forked

if TYPE_CHECKING:
    from .nightly import Nightly

LABELS = ("billing", "delivery", "tech")


@dataclass
class Vendor:
    """What the server does and has seen. ``right`` is the share of tickets it answers rightly, in
    percent.

    ``more_tokens``: ticket number -> input tokens billed beyond its words; ``too_long``: which
    tickets do not fit the context; ``down``: for which it is overloaded; ``hold_after``: how many
    requests are answered before all others are held, so that a run is killed while it is held;
    ``usage``: fields added to every usage.
    """

    right: int = 80
    delay_s: float = 0.0
    status: int = 200
    message: str = "refused by the test"
    model: str | None = None
    fingerprint: str | None = None
    out_tokens: int = 2
    more_tokens: Callable[[int], int] = lambda _number: 0
    too_long: Callable[[int], bool] = lambda _number: False
    down: Callable[[int], bool] = lambda _number: False
    hold_after: int | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        text = body["messages"][-1]["content"]
        self.asked.append(text)
        self.bodies.append(json.dumps(body, ensure_ascii=False))
        self.keys.add(request.headers.get("Authorization", ""))
        if self.hold_after is not None and len(self.asked) > self.hold_after:
            return await self.let_go()
        if self.status != 200:
            headers = {"Retry-After": "0"} if self.status == 429 else {}
            return web.json_response(
                {"error": {"message": self.message}}, status=self.status, headers=headers
            )
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        number = int(text.split("#")[1].split()[0])
        if self.down(number):
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        if self.too_long(number):
            fault = {
                "message": "This model's maximum context length is 8 tokens",
                "code": "context_length_exceeded",
            }
            return web.json_response({"error": fault}, status=400)
        answer = self.reply(number, text)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        head = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.model or body["model"],
        }
        if self.fingerprint is not None:
            head["system_fingerprint"] = self.fingerprint
        deltas = [
            {"role": "assistant", "content": ""},
            {"content": answer[:4]},
            {"content": answer[4:]},
        ]
        for delta in deltas:
            await self._send(
                response, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            )
        await self._send(
            response, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        )
        usage = {
            "prompt_tokens": len(text.split()) + 20 + self.more_tokens(number),
            "completion_tokens": self.out_tokens,
        }
        usage["total_tokens"] = usage["prompt_tokens"] + self.out_tokens
        usage |= self.usage
        await self._send(response, {**head, "choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def let_go(self) -> web.Response:
        """Wait until nothing is held any more: whoever asked has been killed meanwhile."""
        while self.hold_after is not None:  # noqa: ASYNC110 - the test sets it, on another thread
            await asyncio.sleep(0.02)
        return web.Response(status=503)

    def reply(self, number: int, _text: str) -> str:
        """What is answered to ticket ``number``."""
        return LABELS[number % 3] if number % 100 < self.right else LABELS[(number + 1) % 3]

    async def models(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization", ""))
        if self.status != 200:
            return web.json_response({"error": {"message": self.message}}, status=self.status)
        return web.json_response({"object": "list", "data": [{"id": "big-1"}, {"id": "small-1"}]})

    async def _send(self, response: web.StreamResponse, chunk: dict[str, Any]) -> None:
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """The server, on a thread of its own."""
    yield from _serve(Vendor())


@pytest.fixture
def rival() -> Iterator[Vendor]:
    """A second one."""
    yield from _serve(Vendor(right=50))


def _serve(vendor: Vendor) -> Iterator[Vendor]:
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", vendor.handle)
        app.router.add_get("/v1/models", vendor.models)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(10)
    yield vendor
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


SUITE = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 2, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: route
    dataset: {{path: tickets.jsonl, id: id, target: team, cluster: person}}
    prompt: [{{system: "One label."}}, {{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: good, provider: openai, model: big-1, base_url: "{good}", weights: proprietary, api_key_env: GOOD_KEY,
     concurrency: 4, cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: cheap, provider: openai, model: small-1, base_url: "{cheap}", weights: open,
     concurrency: 4, cost: {{price: {{input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: cheaper, claim: "90% cheaper than good", arm: cheap}}
  - {{id: as-good, claim: "as accurate as good", arm: cheap}}
"""


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor, rival: Vendor) -> Path:
    """A suite of 120 tickets on the two servers."""
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please help",
            "team": LABELS[i % 3],
            "person": f"p{i // 2}",
        }
        for i in range(120)
    ]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "desk.yaml"
    path.write_text(SUITE.format(good=vendor.url, cheap=rival.url))
    return path


@dataclass
class Said:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Said]:
    """Run ``bench`` as a process in ``tmp_path``, as a user would (forked.py)."""

    def run(*args: str, env: dict[str, str] | None = None, timeout: float = 120) -> Said:
        done = forked.run(args, cwd=tmp_path, env=environment(env), timeout=timeout)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without anybody's keys."""
    import os

    kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    return {**kept, "GOOD_KEY": "sk-test-canary-4711-abcdefgh", **(extra or {})}


@pytest.fixture
def nightly(
    tmp_path: Path,
    vendor: Vendor,
    bench: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
) -> Nightly:
    from .nightly import Nightly

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCH_RESULTS", raising=False)
    return Nightly(tmp_path, vendor, bench)
