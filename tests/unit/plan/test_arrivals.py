"""Arrivals: schedules, the open loop in the runner, latency from the intended time, warm-up cut."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from claimbench.clock import SystemClock
from claimbench.errors import BenchError
from claimbench.limits.budget import Budget
from claimbench.plan.arrivals import arrival_offsets_s, loaded, scheduled
from claimbench.pricing.money import Money
from claimbench.provider.adapters import as_provider
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.tables import timing
from claimbench.types import (
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    ErrorPolicy,
    LoadSpec,
    Message,
    Request,
    SamplingParams,
    Timing,
)
from claimbench_providers.scripted.provider import ScriptedArm, ScriptedProvider


class ListWriter:
    """Keeps attempts; every row counts as committed at once."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def intent(self, intent: object) -> Future[None]:
        del intent
        return _done()

    def keep(self, row: object, on_fault: object) -> None:
        del on_fault
        if isinstance(row, Attempt):
            self.attempts.append(row)


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


CONSTANT = LoadSpec("open", None, "constant", 50.0)


def test_constant_and_poisson_arrivals_have_the_asked_rate_and_the_seed_decides() -> None:
    assert arrival_offsets_s(CONSTANT, 5, 1) == [0, 0.02, 0.04, 0.06, 0.08]
    poisson = replace(CONSTANT, arrivals="poisson")
    one = arrival_offsets_s(poisson, 5000, 1)
    assert one == arrival_offsets_s(poisson, 5000, 1) != arrival_offsets_s(poisson, 5000, 2)
    gaps = np.diff(one)
    assert gaps.mean() == pytest.approx(0.02, rel=0.06)
    assert gaps.std() == pytest.approx(0.02, rel=0.08)


def test_a_trace_is_replayed_and_a_short_or_falling_one_refused() -> None:
    trace = LoadSpec("open", None, "trace", None, (0.0, 0.5, 0.6))
    assert arrival_offsets_s(trace, 3, 1) == [0.0, 0.5, 0.6]
    with pytest.raises(BenchError, match="3 arrivals for 4"):
        arrival_offsets_s(trace, 4, 1)
    with pytest.raises(BenchError, match="rising"):
        arrival_offsets_s(replace(trace, trace_s=(0.0, 2.0, 1.0)), 3, 1)
    with pytest.raises(BenchError, match="rate_per_s"):
        arrival_offsets_s(LoadSpec("open"), 3, 1)


def test_a_closed_load_sets_the_concurrency_and_no_times() -> None:
    calls = [Call("r", str(i), "t", str(i), 0, "a", 0, i) for i in range(3)]
    assert scheduled(calls, LoadSpec(), 0, 1) == calls
    assert loaded(Arm("a", "p", "m", concurrency=4), LoadSpec(concurrency=2)).concurrency == 2
    assert loaded(Arm("a", "p", "m", concurrency=4), LoadSpec()).concurrency == 4


def test_each_arm_gets_the_whole_load() -> None:
    calls = [Call("r", f"{arm}{i}", "t", str(i), 0, arm, 0, i) for i in range(3) for arm in "ab"]
    times = {(c.arm, c.sample_id): c.scheduled_ns for c in scheduled(calls, CONSTANT, 1000, 1)}
    assert times["a", "2"] == times["b", "2"] == 1000 + 40_000_000


def test_latency_counts_from_the_intended_time() -> None:
    base = Timing(None, 0, 2_000_000_000, 3_000_000_000, None, (), 4_000_000_000, "transport")
    late = replace(base, scheduled_ns=500_000_000)
    assert (timing.late_s(base), timing.late_s(late)) == (0.0, 1.5)
    assert timing.felt_s(late) == timing.e2e_s(late) + timing.late_s(late)


async def test_an_open_loop_does_not_wait_for_answers() -> None:
    clock = SystemClock()
    provider = ScriptedProvider(ScriptedArm(ttft_s=0.2))
    calls = [Call("r", f"a-{i}", "t", f"s{i}", 0, "a", 0, i) for i in range(20)]
    writer = ListWriter()
    runner = Runner(
        RunnerSetup(
            arms={"a": loaded(Arm("a", "x", "m"), CONSTANT)},
            providers={"a": as_provider(provider, None, clock)},
            request=lambda call: Request(call.id, (Message("user", "hi"),), SamplingParams(), 8),
            writer=writer,
            clock=clock,
            budget=Budget(BudgetSpec()),
            money=Money(lambda _a, _r: None, lambda _a, _t: None),
            policy=ErrorPolicy(),
            session=1,
            attempts_before={},
            seed=1,
        )
    )
    begin = clock.monotonic_ns()
    await runner.run(scheduled(calls, CONSTANT, begin, 1))
    attempts = writer.attempts
    assert len(attempts) == 20
    last_sent = max(a.timing.sent_ns for a in attempts)
    assert (
        last_sent < min(a.timing.ended_ns for a in attempts) + 0.4e9
    )  # one at a time would take 4 s
    assert all(a.timing.scheduled_ns <= a.timing.sent_ns for a in attempts)


def test_a_warm_up_is_left_out_of_latency_and_nothing_else() -> None:
    from claimbench.tables.subset import without_warmup
    from claimbench.testing.tables import tables_from_arrays

    _, table = tables_from_arrays({"a": [1.0, 0.0, 1.0]}, e2e_s={"a": [9.0, 1.0, 2.0]})
    rows = table.arms["a"]
    calls = [
        Call("r", str(call_id), "t", str(i), 0, "a", 0, i) for i, call_id in enumerate(rows.call_id)
    ]
    cut = without_warmup(table, calls, 1).arms["a"]
    assert np.isnan(cut.e2e_s[0])
    assert cut.e2e_s[1:].tolist() == [1.0, 2.0]
    assert cut.score.tolist() == rows.score.tolist()
    assert without_warmup(table, calls, 0) is table
