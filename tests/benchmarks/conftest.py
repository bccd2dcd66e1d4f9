"""A scripted server in a process of its own, whole runs against it, and a bare aiohttp loop to be
held against.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.cli import COLLECTOR
from claimbench.clock import SystemClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.run import pricing_for
from claimbench.provider.contract import ProviderContext
from claimbench.run.arms import Elsewhere, make_arms
from claimbench.run.progress import Progress
from claimbench.run.session import Job, Order, execute
from claimbench.store.results import ResultsStore
from claimbench.types import (
    AnswerSpec,
    Arm,
    BudgetSpec,
    ErrorPolicy,
    LoadSpec,
    Message,
    Sample,
    SamplingParams,
    ScorerSpec,
    Suite,
    Task,
)
from claimbench_providers.endpoints import compatible
from claimbench_providers.models.context import node_context

PRICE = {
    "price": {
        "input": 1.0,
        "output": 2.0,
        "currency": "USD",
        "source": "a benchmark",
        "dated": "2026-01-01",
    }
}


def peak_mb() -> float:
    """The most memory this process has held, MB.

    VmHWM begins anew with each program; ``ru_maxrss`` does not: after fork and exec it still holds
    the parent's peak, so a child of a large pytest would report pytest's.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")


@dataclass(frozen=True)
class Errors:
    """Reported minus true, milliseconds."""

    ttft: np.ndarray[Any, Any]
    e2e: np.ndarray[Any, Any]

    def line(self) -> str:
        figures = [(name, getattr(self, name)) for name in ("ttft", "e2e")]
        return ", ".join(
            f"{n} mean {v.mean():+.2f} median {np.quantile(v, 0.5):+.2f} p95 {np.quantile(v, 0.95):.2f}"
            f" p99 {np.quantile(v, 0.99):.2f} max {v.max():.2f}"
            for n, v in figures
        )


@dataclass(frozen=True)
class Ran:
    """What a run left, and what it cost."""

    stamps: Mapping[str, tuple[int, int, int]]
    wall_s: float
    send_s: float
    cpu_s: float
    n: int


class ScriptedServer:
    """A handle on the server's process."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._root = f"http://127.0.0.1:{port}"

    def truth(self) -> dict[str, dict[str, Any]]:
        with urllib.request.urlopen(f"{self._root}/log") as reply:
            return {row["key"]: row for row in json.load(reply)}

    def forget(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self._root}/log", method="DELETE")).close()

    def errors(self, stamps: Mapping[str, tuple[int, int, int]]) -> Errors:
        """Hold (sent, first content, end) of each key against the server's truth."""
        truth = self.truth()
        pairs = [(ours, truth[key]) for key, ours in stamps.items()]
        ttft = [(o[1] - o[0]) - (t["chunk_ns"][0] - t["received_ns"]) for o, t in pairs]
        e2e = [(o[2] - o[0]) - (t["end_ns"] - t["received_ns"]) for o, t in pairs]
        return Errors(np.array(ttft) / 1e6, np.array(e2e) / 1e6)


@pytest.fixture
def enabled(request: pytest.FixtureRequest) -> None:
    """Minutes of measuring are for ``make bench``; the rest of the tests only check that this file
    can be read.
    """
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("a measurement of minutes: make bench")


@pytest.fixture
def server(enabled: None) -> Iterator[ScriptedServer]:
    command = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield ScriptedServer(json.loads(process.stdout.readline())["port"])
        process.terminate()


def suite_of(url: str, n: int, concurrency: int, script: Mapping[str, Any], provider: str) -> Suite:
    samples = tuple(Sample(f"s{i}", {"text": f"call {i}"}, "yes", f"s{i}") for i in range(n))
    answer = AnswerSpec("label", ("yes", "no"), constrain=False)
    task = Task(
        "route", samples, (Message("user", "{{ text }}"),), (), answer, (ScorerSpec("label"),), 16
    )
    options = {"extra_body": {"script": dict(script)}}
    arm = Arm(
        "a", provider, "m", concurrency=concurrency, base_url=url, cost_model=PRICE, options=options
    )
    return Suite(
        name="clock",
        version="1-0",
        description="",
        path="clock.yaml",
        tasks=(task,),
        arms=(arm,),
        sampling=SamplingParams(temperature=0.0),
        epochs=1,
        order_seed=1,
        load=LoadSpec(concurrency=concurrency),
        budget=BudgetSpec(),
        claims=(),
        errors=ErrorPolicy(timeout_s=60),
        margin=0.03,
        alpha=0.05,
        population="super",
        stop="never",
        allow=(),
        thresholds={},
        file_sha256="f",
        measured_sha256="m",
    )


@contextlib.contextmanager
def collector_of_bench() -> Iterator[None]:
    """Python looks for garbage as seldom as under the command ``bench``; for the bare loop too."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTOR)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.asynccontextmanager
async def unseen(_progress: Progress) -> AsyncIterator[None]:
    yield


async def whole_run(
    folder: Path,
    url: str,
    n: int,
    concurrency: int,
    script: Mapping[str, Any],
    create: Any = compatible.create,
    senders: int | None = None,
) -> Ran:
    """Run, score, price and judge ``n`` calls as ``bench run`` does; ``create``: the provider's
    factory; ``senders``: processes that send.
    """
    suite, clock = suite_of(url, n, concurrency, script, "x"), SystemClock()
    context = ProviderContext(clock, {}, folder, folder)
    with ResultsStore.open(folder / "bench.db") as store:
        elsewhere = None if senders is None else Elsewhere(node_context, senders=senders)
        arms = make_arms(suite, (), {"x": create}, context, elsewhere)
        pricing = pricing_for(suite, PriceBook([]), clock)
        start, cpu = time.perf_counter(), time.process_time()
        ended = await execute(Job(suite, Order(folder), arms, pricing, store, clock, unseen))
        assert ended.why is None, ended.why
        stored = read_run(store, ended.run_id, verified=True)  # as the command does
        evaluation = evaluate(stored)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert len(evaluation.scores) == n
    assert all(score.status == "scored" for score in evaluation.scores)
    assert all(cost.amount is not None for cost in evaluation.costs.calls.values())
    key = {call.id: f"call {call.sample_id[1:]}" for call in stored.calls}
    stamps = {}
    for attempt in stored.attempts:
        timing = attempt.timing
        assert timing.first_content_ns is not None, attempt
        stamps[key[attempt.call_id]] = (timing.sent_ns, timing.first_content_ns, timing.ended_ns)
    spans = [attempt.timing for attempt in stored.attempts]
    sending = (max(t.ended_ns for t in spans) - min(t.sent_ns for t in spans)) / 1e9
    return Ran(stamps, wall, sending, cpu, n)


async def aiohttp_loop(url: str, n: int, concurrency: int, script: Mapping[str, Any]) -> Ran:
    """What a careful programmer writes: one session, a semaphore's worth of workers, lines as they
    come.
    """
    import aiohttp

    stamps: dict[str, tuple[int, int, int]] = {}
    todo = iter(range(n))
    start, cpu = time.perf_counter(), time.process_time()

    async def worker(session: aiohttp.ClientSession) -> None:
        for i in todo:
            body = {
                "model": "m",
                "stream": True,
                "max_tokens": 16,
                "stream_options": {"include_usage": True},
                "messages": [{"role": "user", "content": f"call {i}"}],
                "script": dict(script),
            }
            sent, first, text = time.monotonic_ns(), 0, []
            async with session.post(f"{url}/chat/completions", json=body) as response:
                async for line in response.content:
                    if not line.startswith(b"data: {"):
                        continue
                    chunk = json.loads(line[6:])
                    if chunk["choices"] and (
                        content := chunk["choices"][0]["delta"].get("content")
                    ):
                        first = first or time.monotonic_ns()
                        text.append(content)
            stamps[f"call {i}"] = (sent, first, time.monotonic_ns())

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(concurrency)))
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return Ran(stamps, wall, wall, cpu, n)


@pytest.fixture
def run_ours(tmp_path: Path, server: ScriptedServer) -> Callable[..., Ran]:
    """``run_ours(n, concurrency, script, senders)``: a whole run on the measured path."""
    count = iter(range(1000))

    def run(n: int, concurrency: int, script: Mapping[str, Any], senders: int | None = None) -> Ran:
        folder = tmp_path / f"run{next(count)}"
        folder.mkdir()
        with collector_of_bench():
            work = whole_run(folder, server.url, n, concurrency, script, senders=senders)
            return asyncio.run(work)

    return run


@pytest.fixture
def run_aiohttp(server: ScriptedServer) -> Callable[..., Ran]:
    """The same calls by a bare aiohttp loop."""

    def run(n: int, concurrency: int, script: Mapping[str, Any]) -> Ran:
        with collector_of_bench():
            return asyncio.run(aiohttp_loop(server.url, n, concurrency, script))

    return run


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line past pytest's capture."""

    def line(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return line
