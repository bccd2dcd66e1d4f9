"""Arms whose endpoint refuses them (429), on loopback: the pace, what is said, and how a run ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from claimbench.clock import SystemClock
from claimbench.limits.budget import MAX_AHEAD_OF_LIMITED, Budget
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.provider.contract import ProviderContext
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
    Message,
    NoteKind,
    Request,
    SamplingParams,
)
from claimbench_providers.endpoints import compatible
from claimbench_providers.scripted.replies import ScriptedReply
from claimbench_providers.scripted.server import Server

from .bare_runner import Rows

SAMPLES = 150


def _request(call: Call) -> Request:
    return Request(call.id, (Message("user", call.id),), SamplingParams(), 8, timeout_s=20)


async def _runner(
    folder: Path, script: Callable[[Mapping[str, Any]], ScriptedReply]
) -> tuple[Runner, Callable[[], Any]]:
    """Two arms of one server, which is two endpoints to them: each has a gate of its own."""
    server = Server(script)
    port = await server.start()
    hosts = {"alpha": "127.0.0.1", "beta": "localhost"}
    arms = {
        name: Arm(name, "compatible", name, base_url=f"http://{host}:{port}/v1", concurrency=2)
        for name, host in hosts.items()
    }
    context = ProviderContext(SystemClock(), {}, folder, folder)
    providers = {name: compatible.create(arm, context) for name, arm in arms.items()}
    for provider in providers.values():
        await provider.start()
    runner = Runner(
        RunnerSetup(
            arms=arms,
            providers={
                name: as_provider(provider, None, SystemClock())
                for name, provider in providers.items()
            },
            request=_request,
            writer=Rows(),
            clock=SystemClock(),
            budget=Budget(BudgetSpec()),
            money=Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0)),
            policy=ErrorPolicy(max_retries=1, backoff_s=0.0, stop_arm_after=1000),
            session=1,
            attempts_before={},
            seed=1,
        )
    )

    async def close() -> None:
        for provider in providers.values():
            await provider.close()
        await server.stop()

    return runner, close


def _calls() -> list[Call]:
    return [
        Call("run", f"{arm}{i}", "t", f"s{i}", 0, arm, 1, i)
        for i in range(SAMPLES)
        for arm in ("alpha", "beta")
    ]


async def test_first_attempts_refused_with_retry_after_0_do_not_stall(tmp_path: Path) -> None:
    met: set[str] = set()

    def script(body: Mapping[str, Any]) -> ScriptedReply:
        text = body["messages"][0]["content"]
        if text.startswith("alpha") and text not in met:
            met.add(text)
            return ScriptedReply(status=429, retry_after_s=0.0)
        return ScriptedReply(ttft_s=0.003, chunks=1)

    runner, close = await _runner(tmp_path, script)
    progress = await asyncio.wait_for(runner.run(_calls()), 60)
    await close()
    assert {name: arm.done for name, arm in progress.arms.items()} == {
        "alpha": SAMPLES,
        "beta": SAMPLES,
    }
    assert progress.arms["alpha"].limited == SAMPLES
    assert [arm.errors for arm in progress.arms.values()] == [0, 0]


async def test_who_is_waited_for_is_said_and_a_stop_ends_the_wait(tmp_path: Path) -> None:
    def script(body: Mapping[str, Any]) -> ScriptedReply:
        if body["messages"][0]["content"].startswith("alpha"):
            return ScriptedReply(status=429, retry_after_s=600.0)
        return ScriptedReply(ttft_s=0.001, chunks=1)

    runner, close = await _runner(tmp_path, script)
    going = asyncio.ensure_future(runner.run(_calls()))
    beta = runner.progress.arms["beta"]
    while beta.done < MAX_AHEAD_OF_LIMITED and not going.done():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    assert beta.done <= MAX_AHEAD_OF_LIMITED + 2  # alpha began two
    said = runner.progress.held_back()
    assert said.startswith("alpha rate limited: ")
    assert "next in 5" in said or "next in 600" in said
    assert said.endswith("beta waits for it")
    began = time.monotonic()
    runner.stop("Ctrl-C")
    progress = await asyncio.wait_for(going, 5)
    assert time.monotonic() - began < 2
    await close()
    (note,) = [note for note in progress.notes if note.kind is NoteKind.LIMIT]
    assert note.text.startswith("beta ran up to 10")
    assert "ahead of alpha" in note.text
