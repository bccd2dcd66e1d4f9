"""The harness on a simulated provider, for ``bench doctor``; nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

from claimbench.clock import SystemClock
from claimbench.limits.budget import Budget
from claimbench.pricing.money import Money
from claimbench.run.loop import Runner
from claimbench.store.results import ResultsStore
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
    Manifest,
    Message,
    Request,
    SamplingParams,
)


async def run_simulated(folder: Path, n: int) -> int:
    """Send ``n`` calls to a scripted provider through the loop and the store; return the number of
    records left.
    """
    from claimbench_providers.scripted.provider import ScriptedProvider

    calls = [
        Call("self-test", f"call-{i}", "task", f"s{i}", 0, "simulated", seed=0, position=i)
        for i in range(n)
    ]
    clock = SystemClock()
    with ResultsStore.open(folder) as store, store.lock_run("self-test"):
        store.create_run(bare_manifest("self-test", "simulated", clock.utc().isoformat()), calls)
        session = store.start_session("self-test", host={})
        writer = store.writer("self-test")
        runner = Runner(
            {"simulated": Arm("simulated", "scripted", "simulated", concurrency=16)},
            {"simulated": ScriptedProvider()},
            lambda call: Request(call.id, (Message("user", "hello"),), SamplingParams(), 8),
            writer,
            clock,
            Budget(BudgetSpec()),
            Money(lambda _arm, _request: None, lambda _arm, _attempt: None),
            ErrorPolicy(),
            session=session.n,
            attempts_before={},
            seed=0,
        )
        await runner.run(calls)
        writer.flush()
        writer.close()
        store.end_session("self-test", session.n, "finished", {})
        store.verify("self-test")
        return sum(1 for _ in store.records("self-test"))


def bare_manifest(run_id: str, arm: str, created_utc: str) -> Manifest:
    """Return a manifest of a run that measures nothing: rows need one to lie under."""
    return Manifest(
        run_id=run_id,
        schema=1,
        created_utc=created_utc,
        tool_version="",
        suite_name="self-test",
        suite_version="0-0",
        suite_path="",
        file_sha256="",
        measured_sha256="",
        plan_sha256="",
        price_book_sha256=None,
        suite={},
        arms_run=(arm,),
        arms_not_run={},
        arm_facts={},
        limit=None,
        claims=(),
        git={},
        packages={},
        host={},
        seed=0,
    )
