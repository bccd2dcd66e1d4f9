"""Subjects of the provider contract: real weights in process, the same weights behind HTTP, and a
mock vendor.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Arm, Delta, Event, Message, Request, SamplingParams
from claimbench_providers.endpoints import compatible
from claimbench_providers.endpoints import openai_sdk as openai
from claimbench_providers.llama import provider as llama_cpp
from claimbench_providers.models import catalogue as models

SMALL = "smollm2-135m-instruct-q4_1"
CONTEXT = 512


def make_context(folder: Path, **environ: str) -> ProviderContext:
    return ProviderContext(SystemClock(), environ, models.cache_dir(), folder)


def make_request(text: str = "Count from one to ten in words.", **changes: Any) -> Request:
    seed = changes.get("seed", 7)
    values: dict[str, Any] = {
        "call_id": "c1",
        "messages": (Message("system", "You are helpful."), Message("user", text)),
        "params": SamplingParams(changes.pop("temperature", 0.0), top_p=1.0, seed=seed),
        "max_tokens": 12,
        "seed": 7,
        "prefix_key": "task",
        "timeout_s": 60.0,
    }
    return Request(**{**values, **changes})


def text_of(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta) and e.kind == "answer")


@pytest.fixture
def request_for() -> Callable[..., Request]:
    return make_request


# In process


@pytest.fixture(scope="session")
def engine(
    small_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[llama_cpp.LlamaCppProvider]:
    arm = Arm("local", "llama_cpp", SMALL, options={"n_ctx": CONTEXT, "n_threads": 1})
    provider = llama_cpp.create(arm, make_context(tmp_path_factory.mktemp("suite")))
    provider.load()
    yield provider
    provider.unload()


# Behind HTTP


class LlamaServer:
    """Chat completions over HTTP by llama-cpp-python's own high-level loop: an engine we did not
    write.
    """

    def __init__(self, path: Path) -> None:
        from llama_cpp import Llama

        self._llama = Llama(str(path), n_ctx=CONTEXT, n_threads=1, flash_attn=True, verbose=False)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        try:
            stream = self._llama.create_chat_completion(
                body["messages"],
                max_tokens=body["max_tokens"],
                temperature=body.get("temperature", 0),
                top_p=body.get("top_p", 1),
                top_k=0,
                min_p=0,
                seed=body.get("seed"),
                stop=body.get("stop"),
                stream=True,
            )
            first = next(stream)
        except ValueError as error:  # llama-cpp-python's word for a prompt that is too long
            return web.json_response({"error": {"message": str(error)}}, status=400)
        prompt = sum(
            len(self._llama.tokenize(m["content"].encode(), add_bos=False))
            for m in body["messages"]
        )
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        written = 0
        try:
            await response.write(b"data: " + json.dumps(first).encode() + b"\n\n")
            for chunk in stream:
                written += bool(chunk["choices"][0]["delta"].get("content"))
                await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
                await asyncio.sleep(0)
            usage = {
                "prompt_tokens": prompt,
                "completion_tokens": written,
                "total_tokens": prompt + written,
            }
            last = {**first, "choices": [], "usage": usage}
            await response.write(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
        except ConnectionResetError:
            stream.close()
        return response


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def serve(handler: Handler) -> Iterator[str]:
    """Run a chat-completions handler on a loopback port in a thread of its own; gives the base URL."""
    ready, ports = threading.Event(), []
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handler)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports.append(runner.addresses[0][1])
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{ports[0]}/v1"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture(scope="session")
def llama_server(small_model: Path) -> Iterator[str]:
    with serve(LlamaServer(small_model).handle) as url:
        yield url


@dataclass
class Script:
    """What the scripted server answers next, and what it was asked."""

    chunks: list[Any] = field(default_factory=list)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        if self.status != 200:
            return web.json_response(self.body, status=self.status, headers=self.headers)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", **self.headers})
        await response.prepare(request)
        for chunk in self.chunks:
            data = chunk if isinstance(chunk, str) else json.dumps(chunk)
            await response.write(f"data: {data}\n\n".encode())
        return response


@pytest.fixture
def script() -> Iterator[Script]:
    made = Script()
    with serve(made.handle) as url:
        made.url = url
        yield made


@asynccontextmanager
async def started(
    url: str,
    folder: Path,
    model: str = "any",
    kind: str = "openai",
    connect_timeout_s: float = 10.0,
    **options: Any,
) -> AsyncIterator[openai.OpenAIProvider | compatible.CompatibleProvider]:
    arm = Arm("remote", kind, model, base_url=url, options=options)
    create = compatible.create if kind == "compatible" else openai.create
    provider = create(arm, replace(make_context(folder), connect_timeout_s=connect_timeout_s))
    await provider.start()
    try:
        yield provider
    finally:
        await provider.close()


@pytest.fixture(params=["openai", "compatible"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """``async with endpoint(url, model=..., **options) as provider``, for each of the two ways to
    an endpoint.
    """
    return lambda url, model="any", **options: started(
        url, tmp_path, model, request.param, **options
    )


# The subjects


@dataclass
class Subject:
    """A started provider under contract. ``stream`` gives a fresh attempt."""

    name: str
    stream: Callable[[Request], AsyncIterator[Event]]

    async def ask(self, request: Request) -> list[Event]:
        return [event async for event in self.stream(request)]


def in_process(provider: llama_cpp.LlamaCppProvider) -> Callable[[Request], AsyncIterator[Event]]:
    async def stream(request: Request) -> AsyncIterator[Event]:
        events = provider.generate(request)
        try:
            for event in events:
                yield event
        finally:
            events.close()  # type: ignore[attr-defined]  # generators have it

    return stream


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.model)
        for name in ("llama_cpp", "openai", "compatible")
    ]
)
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    """Every provider that answers with a real model."""
    if request.param == "llama_cpp":
        yield Subject("llama_cpp", in_process(request.getfixturevalue("engine")))
        return
    async with started(
        request.getfixturevalue("llama_server"), tmp_path, kind=request.param
    ) as provider:
        yield Subject(request.param, provider.stream)


@pytest.fixture(params=["answer text"])
def answer(request: pytest.FixtureRequest) -> Callable[[list[Event]], str]:
    """The visible text of an attempt."""
    return text_of
