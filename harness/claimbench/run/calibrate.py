"""Measures the harness's own clock error: whole runs against a server, and an engine, whose truth
is known.

The server is the scripted one of the providers package, in a process of its own (whoever calls this
starts it: the core knows no provider). It reports when each request reached its socket and when it
handed each chunk to the kernel, on the monotonic clock that all processes of a machine share. The
error is what our stamps say minus that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from claimbench.clock import SystemClock
from claimbench.errors import BenchError
from claimbench.limits.budget import Budget
from claimbench.machine import provenance
from claimbench.machine.calibration import SCHEMA
from claimbench.machine.manifest import bare_manifest
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.provider.contract import (
    ContinuationScore,
    InProcessProvider,
    Provider,
    ProviderContext,
    ProviderFactory,
)
from claimbench.provider.device import Device
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.store.results import ResultsStore
from claimbench.transport.client import HttpClient, Timeouts
from claimbench.types import (
    Arm,
    ArmFacts,
    Attempt,
    BudgetSpec,
    Call,
    ConstraintKind,
    Delta,
    Done,
    ErrorPolicy,
    Event,
    Json,
    Message,
    Request,
    SamplingParams,
)

CONCURRENCIES = (1, 8, 32, 128)
PACE: dict[str, Json] = {"ttft_s": 0.1, "gap_s": 0.01, "chunks": 16}
"""The calibration's load: TTFT 100 ms, then 15 gaps of 10 ms."""

WARM_UP = 2

Truths = Mapping[str, tuple[int, int, int]]
"""Message -> (received, first chunk, end), ns."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Hold reported minus true, milliseconds, of one way to take stamps at one concurrency."""

    provider: str
    source: str
    concurrency: int
    n: int
    ttft_mean_ms: float
    ttft_p99_ms: float
    e2e_mean_ms: float
    e2e_p99_ms: float


@dataclass
class PacedEngine:
    """Run at a known pace, in process, and note when it gave what."""

    pace: Mapping[str, Json]
    truth: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Return None: nothing is."""
        return None

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Return "none": answers are not constrained."""
        return "none"

    def load(self) -> ArmFacts:
        """Load nothing."""
        return ArmFacts()

    def generate(self, request: Request) -> Iterator[Event]:
        """Sleep, note the time, give a piece."""
        start = time.monotonic_ns()
        first = 0
        end = 0
        for i in range(int(self.pace["chunks"])):
            time.sleep(float(self.pace["gap_s"] if i else self.pace["ttft_s"]))
            end = time.monotonic_ns()
            first = first or end
            yield Delta("w ")
        end = time.monotonic_ns()
        self.truth[request.messages[-1].content] = (start, first, end)
        yield Done("stop")

    def loglikelihood(self, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
        """Raise NotImplementedError: not offered."""
        raise NotImplementedError

    def unload(self) -> None:
        """Free nothing."""


def percentile(values: Sequence[float], p: float) -> float:
    """Return the order statistic of rank ceil(p n)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(p * len(ordered)) - 1)]


def errors_of(
    provider: str, concurrency: int, attempts: Mapping[str, Attempt], truth: Truths
) -> Errors:
    """Hold attempts (by message) against the truth.

    Raises:
        BenchError: an attempt failed, or the truth does not know it.
    """
    ttft, e2e, sources = [], [], set()
    for key, attempt in attempts.items():
        timing = attempt.timing
        if timing.first_content_ns is None or key not in truth:
            raise BenchError(
                f"calibration of {provider}: a call failed:"
                f" {attempt.error or attempt.outcome.value}"
            )
        received, first, end = truth[key]
        ttft.append((timing.first_content_ns - timing.sent_ns - (first - received)) / 1e6)
        e2e.append((timing.ended_ns - timing.sent_ns - (end - received)) / 1e6)
        sources.add(timing.stamp_source)
    # A first read may come before the kernel begins to stamp; what most attempts have is what the
    # source is.
    source = max(sources, key=lambda s: sum(a.timing.stamp_source == s for a in attempts.values()))
    n = len(ttft)
    return Errors(
        provider,
        source,
        concurrency,
        n,
        sum(ttft) / n,
        percentile([abs(v) for v in ttft], 0.99),
        sum(e2e) / n,
        percentile([abs(v) for v in e2e], 0.99),
    )


async def measure(
    name: str,
    made: Provider | InProcessProvider,
    concurrency: int,
    n: int,
    truth: Callable[[], AsyncIterator[Truths]],
) -> Errors:
    """Send ``n`` calls at ``concurrency`` through the loop and the store; hold the stamps against
    the truth.

    Two calls more are sent first and left out: an SDK loads most of itself with its first request.
    """
    clock, device = SystemClock(), Device("calibration")
    provider = as_provider(made, device, clock)
    calls = [
        Call("calibration", f"c{i}", "t", f"{name} {concurrency} {i}", 0, name, 0, i)
        for i in range(n + WARM_UP)
    ]
    attempts: dict[str, Attempt] = {}
    try:
        await provider.start()
        with tempfile.TemporaryDirectory() as folder, ResultsStore.open(Path(folder)) as store:
            created_utc = clock.utc().isoformat()
            store.create_run(bare_manifest("calibration", name, created_utc), calls)
            session = store.start_session("calibration", host={})
            with store.writer("calibration") as writer:
                runner = Runner(
                    RunnerSetup(
                        arms={name: Arm(name, name, "scripted", concurrency=concurrency)},
                        providers={name: provider},
                        request=lambda call: Request(
                            call.id, (Message("user", call.sample_id),), SamplingParams(), 64
                        ),
                        writer=writer,
                        clock=clock,
                        budget=Budget(BudgetSpec()),
                        money=Money(lambda _arm, _request: None, lambda _arm, _attempt: None),
                        policy=ErrorPolicy(max_retries=0),
                        session=session.n,
                        attempts_before={},
                        seed=0,
                        on_attempt=lambda call, attempt: attempts.__setitem__(
                            call.sample_id, attempt
                        ),
                    )
                )
                await runner.run(calls[:WARM_UP])
                attempts.clear()
                await runner.run(calls[WARM_UP:])
    finally:
        await provider.close()
        device.close()
    if len(attempts) < n:
        raise BenchError(f"calibration of {name}: only {len(attempts)} of {n} calls were answered")
    async for known in truth():
        return errors_of(name, concurrency, attempts, known)
    raise BenchError("the scripted server told no truth")


async def _server_truth(base_url: str) -> AsyncIterator[Truths]:
    client = HttpClient({})
    root = base_url.removesuffix("/v1")
    try:
        reply = await client.send(
            client.target(f"{root}/log", {}, "GET"), b"", Timeouts(total_s=30)
        )
        rows = json.loads(reply.body)
        await client.send(client.target(f"{root}/log", {}, "DELETE"), b"", Timeouts(total_s=30))
    finally:
        await client.close()
    yield {
        row["key"]: (row["received_ns"], row["chunk_ns"][0], row["end_ns"])
        for row in rows
        if row["chunk_ns"]
    }


async def calibrate(
    factories: Mapping[str, ProviderFactory],
    base_url: str,
    *,
    concurrencies: Sequence[int] = CONCURRENCIES,
    pace: Mapping[str, Json] = PACE,
    calls: Callable[[int], int] = lambda concurrency: max(20, 3 * concurrency),
    show: Callable[[Errors], None] = lambda _errors: None,
) -> dict[str, Json]:
    """Measure every way to take stamps: each of ``factories`` (by provider name) at each
    concurrency, and in process.

    ``base_url``: the scripted server. ``calls``: how many at a concurrency. Gives what
    :mod:`claimbench.machine.calibration` stores.

    Raises:
        BenchError: a call of the calibration failed.
    """
    rows: list[Errors] = []
    engine = PacedEngine(pace)

    async def engine_truth() -> AsyncIterator[Truths]:
        yield engine.truth

    rows.append(await measure("in_process", engine, 1, calls(1), engine_truth))
    show(rows[-1])
    options = {"extra_body": {"script": dict(pace)}}
    for name, factory in factories.items():
        for concurrency in concurrencies:
            arm = Arm(
                name, name, "scripted", base_url=base_url, concurrency=concurrency, options=options
            )
            context = ProviderContext(SystemClock(), {"no_proxy": "*"}, Path(), Path())
            made = factory(arm, context)
            rows.append(
                await measure(
                    name, made, concurrency, calls(concurrency), lambda: _server_truth(base_url)
                )
            )
            show(rows[-1])
            await asyncio.sleep(0)
    return as_json(rows, pace)


def as_json(rows: Sequence[Errors], pace: Mapping[str, Json]) -> dict[str, Json]:
    """Return what :mod:`claimbench.machine.calibration` stores; of two providers with one stamp
    source the larger error counts.
    """
    errors: dict[str, dict[str, Json]] = {}
    for row in rows:
        by_level = errors.setdefault(row.source, {})
        before = by_level.get(str(row.concurrency))
        if before is not None and before["ttft_p99_ms"] >= row.ttft_p99_ms:
            continue
        by_level[str(row.concurrency)] = {
            "provider": row.provider,
            "n": row.n,
            "ttft_mean_ms": round(row.ttft_mean_ms, 4),
            "ttft_p99_ms": round(row.ttft_p99_ms, 4),
            "e2e_mean_ms": round(row.e2e_mean_ms, 4),
            "e2e_p99_ms": round(row.e2e_p99_ms, 4),
        }
    return {
        "schema": SCHEMA,
        "measured_utc": SystemClock().utc().isoformat(timespec="seconds"),
        "tool_version": provenance.tool_version(),
        "host": provenance.host_facts()["host"],
        "load": dict(pace),
        "errors": errors,
    }


@contextlib.contextmanager
def server_process(command: Sequence[str]) -> Iterator[str]:
    """Start the scripted server (it prints ``{"port": N}``) and give its base URL; stopped when the
    block ends.

    Raises:
        BenchError: it did not start.
    """
    import subprocess

    with subprocess.Popen(list(command), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            line = process.stdout.readline()
            if not line:
                raise BenchError(f"the scripted server did not start: {' '.join(command)}")
            yield f"http://127.0.0.1:{json.loads(line)['port']}/v1"
        finally:
            process.terminate()
