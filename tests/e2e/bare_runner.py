"""A runner of one arm that stores nothing, bills nothing, and keeps its attempts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

from claimbench.clock import SystemClock
from claimbench.limits.budget import Budget
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.types import Arm, Attempt, BudgetSpec, Call, ErrorPolicy, Request


class Rows:
    """A writer that keeps the attempts."""

    def __init__(self) -> None:
        self.attempts: list[Any] = []

    def intent(self, _row: Any) -> Future[None]:
        """Committed at once, as far as the runner can tell."""
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def keep(self, row: Any, _on_fault: Any) -> None:
        """Keep it, if it is an attempt."""
        if isinstance(row, Attempt):
            self.attempts.append(row)


def bare_runner(
    arm: Arm, provider: Any, request: Callable[[Call], Request], max_retries: int
) -> tuple[Runner, Rows]:
    """The runner, and where its attempts will be."""
    rows = Rows()
    runner = Runner(
        RunnerSetup(
            arms={arm.name: arm},
            providers={arm.name: as_provider(provider, None, SystemClock())},
            request=request,
            writer=rows,
            clock=SystemClock(),
            budget=Budget(BudgetSpec()),
            money=Money(reserve=lambda _a, _r: Decimal(0), cost=lambda _a, _t: Decimal(0)),
            policy=ErrorPolicy(max_retries=max_retries),
            session=1,
            attempts_before={},
            seed=1,
        )
    )
    return runner, rows


def planned(n: int) -> list[Call]:
    """Calls of arm "a"."""
    return [Call("run", f"c{i}", "t", f"s{i}", 0, "a", 1, i) for i in range(n)]
