"""The harness on a simulated provider, for ``bench doctor``; nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

from claimbench.clock import SystemClock
from claimbench.limits.budget import Budget
from claimbench.machine.manifest import bare_manifest
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.store.results import ResultsStore
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
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
            RunnerSetup(
                arms={"simulated": Arm("simulated", "scripted", "simulated", concurrency=16)},
                providers={"simulated": as_provider(ScriptedProvider(), None, clock)},
                request=lambda call: Request(
                    call.id, (Message("user", "hello"),), SamplingParams(), 8
                ),
                writer=writer,
                clock=clock,
                budget=Budget(BudgetSpec()),
                money=Money(lambda _arm, _request: None, lambda _arm, _attempt: None),
                policy=ErrorPolicy(),
                session=session.n,
                attempts_before={},
                seed=0,
            )
        )
        await runner.run(calls)
        writer.flush()
        writer.close()
        store.end_session("self-test", session.n, "finished", {})
        store.verify("self-test")
        return sum(1 for _ in store.records("self-test"))
