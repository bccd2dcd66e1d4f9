"""Two thousand calls, a fifth of the attempts faulty: what a run must look like all the same (in
simulated time).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import Clock
from claimbench.errors import (
    ConnectTimeout,
    IncompleteStream,
    MalformedStream,
    Network,
    ProviderError,
    RateLimited,
    ServerFault,
)
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.limits.budget import Budget
from claimbench.machine import provenance
from claimbench.plan.order import make_plan
from claimbench.plan.prompts import build_request
from claimbench.pricing.run import pricing_for
from claimbench.provider.adapters import as_provider
from claimbench.run.arms import Arms
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.manifest import manifest_of
from claimbench.run.progress import Progress
from claimbench.store.results import ResultsStore
from claimbench.suite.load import load_suite
from claimbench.testing.simulated import LoopClock, run_simulated
from claimbench.types import Delta, Done, Event, Outcome, Request, Suite, Usage, UsageReport
from claimbench_providers.scripted.provider import ScriptedArm, ScriptedProvider

N = 1000
LABELS = ("billing", "delivery", "tech")
SUITE = """\
name: chaos
version: 1-0
errors: {max_retries: 4, backoff_s: 0.5, timeout_s: 30, stop_arm_after: 50}
tasks:
  - name: route
    dataset: {path: rows.csv, target: team, id: id}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [billing, delivery, tech], constrain: false}
    scorers: [label]
    max_tokens: 8
arms:
  - {name: a, provider: openai, model: m, concurrency: 16,
     cost: {price: {input: 1, output: 4, source: t, dated: 2026-01-01}}}
  - {name: b, provider: openai, model: m2, concurrency: 4,
     cost: {price: {input: 2, output: 8, source: t, dated: 2026-01-01}}}
claims: [{claim: "b is as accurate as a"}]
"""


def load(folder: Path) -> Suite:
    rows = [f"t{i},ticket #{i},{LABELS[i % 3]}" for i in range(N)]
    (folder / "rows.csv").write_text("id,text,team\n" + "\n".join(rows) + "\n")
    (folder / "chaos.yaml").write_text(SUITE)
    return load_suite(folder / "chaos.yaml")


def answer(request: Request) -> str:
    number = int(request.messages[-1].content.split("#")[1])
    return LABELS[number % 3] if number % 10 < 8 else LABELS[(number + 1) % 3]  # 80% are right


FAULTS: tuple[ProviderError | Exception | str, ...] = (
    Network("the connection broke", billable="unknown"),
    ConnectTimeout("no connection", billable="no"),
    RateLimited("slow down", retry_after_s=0.2, http_status=429, billable="no"),
    RateLimited("slow down", http_status=429, billable="no"),
    ServerFault("overloaded", http_status=529, billable="no"),
    MalformedStream("a chunk that is not JSON"),
    ZeroDivisionError("a bug of the provider's"),
    "half",  # the stream stops in the middle of the right answer, without a word
    "error event",
    "silent half",
)


class ChaosProvider(ScriptedProvider):
    """Follows the script, and now and then does not. A fault may come after half an answer."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__(ScriptedArm(answer=answer, ttft_s=0.3, gap_s=0.05, chunks=3, usage=usage))
        self._rng, self._share = random.Random(seed), share
        self.met: Counter[str] = Counter()

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        fault = self._rng.choice(FAULTS) if self._rng.random() < self._share else None
        self.met[str(fault)[:20]] += fault is not None
        if isinstance(fault, Exception):
            await asyncio.sleep(0.1)
            raise fault
        seen = 0
        async for event in super().stream(request):
            if fault is not None and seen == 2:
                if fault == "half":
                    raise IncompleteStream(
                        "the connection closed in the middle", billable="unknown"
                    )
                if fault == "error event":
                    raise ServerFault("an error inside the stream", http_status=200)
                return
            seen += isinstance(event, Delta)
            yield event


def usage(request: Request, _text: str) -> Usage:
    return Usage(input_fresh=len(request.messages[-1].content), output_visible=3)


def measure(
    suite: Suite, folder: Path, share: float, **arms: Any
) -> tuple[ResultsStore, str, Progress, float, Budget]:
    store = ResultsStore.open(folder, create=True)

    async def main() -> tuple[str, Progress, float, Budget]:
        clock: Clock = LoopClock()
        providers = {arm.name: ChaosProvider(i, share) for i, arm in enumerate(suite.arms)} | arms
        hosted = {name: as_provider(made, None, clock) for name, made in providers.items()}
        ready = Arms(hosted, {}, {}, {})
        from claimbench.pricing.price_lists.book import PriceBook

        pricing = pricing_for(suite, PriceBook(use_genai=False), clock)
        run_id = provenance.new_run_id()
        plan = make_plan(suite, run_id, list(providers))
        store.create_run(
            manifest_of(suite, plan, ready, pricing.book, run_id, clock, {}), plan.calls
        )
        store.start_session(run_id, host={}, clock=clock)
        task = suite.tasks[0]
        samples = {sample.id: sample for sample in task.samples}
        by_name = {arm.name: arm for arm in suite.arms}
        writer = store.writer(run_id)
        budget = Budget(suite.budget)
        runner = Runner(
            RunnerSetup(
                arms=by_name,
                providers=ready.ready,
                request=lambda call: build_request(
                    suite, task, samples[call.sample_id], by_name[call.arm], call
                ),
                writer=writer,
                clock=clock,
                budget=budget,
                money=pricing.money,
                policy=suite.errors,
                session=1,
                attempts_before={},
                seed=5,
            )
        )
        try:
            progress = await runner.run(plan.calls)
        finally:
            writer.flush()
            writer.close()
        return run_id, progress, asyncio.get_running_loop().time(), budget

    run_id, progress, seconds, budget = run_simulated(main())
    return store, run_id, progress, seconds, budget


def right(store: ResultsStore, run_id: str) -> dict[str, bool]:
    """Call id -> whether its answer is the right one, over the answered calls."""
    found = {}
    for record in store.records(run_id, replaced=True):
        if record.outcome.answered:
            number = int(record.call.sample_id[1:])
            found[record.call.sample_id + record.call.arm] = record.text == LABELS[number % 3]
    return found


def test_two_thousand_calls_with_a_fifth_of_faults(tmp_path: Path) -> None:
    suite = load(tmp_path)
    calm, calm_id, _, _, _ = measure(suite, tmp_path / "calm", 0.0)
    store, run_id, progress, _seconds, budget = measure(suite, tmp_path / "chaos", 0.2)
    records, attempts = list(store.records(run_id, replaced=True)), list(store.attempts(run_id))

    # The run ended by itself; every call has exactly one outcome, that of its last attempt.
    assert progress.ended is None
    assert all(arm.stopped is None for arm in progress.arms.values())
    assert Counter(Counter(r.call.id for r in records).values()) == {1: 2 * N}
    last = {a.call_id: a for a in attempts}
    assert all(
        r.outcome is last[r.call.id].outcome and r.attempt == last[r.call.id].number
        for r in records
    )
    faulty = sum(not a.outcome.answered for a in attempts)
    assert 0.17 < faulty / len(attempts) < 0.23
    assert {a.outcome for a in attempts if a.outcome.missing} >= {
        Outcome.NETWORK,
        Outcome.CONNECT_TIMEOUT,
        Outcome.RATE_LIMITED,
        Outcome.SERVER_FAULT,
        Outcome.MALFORMED_STREAM,
        Outcome.INCOMPLETE_STREAM,
    }

    # No answer was made of a fault: what was answered is, call by call, what the calm run answered.
    calm_right, chaos_right = right(calm, calm_id), right(store, run_id)
    assert len(calm_right) == 2 * N
    assert len(chaos_right) > 1980
    assert all(calm_right[call] == chaos_right[call] for call in chaos_right)
    missing = [r for r in records if r.outcome.missing]
    scores = {score.call_id: score for score in evaluate(read_run(store, run_id)).scores}
    assert all(scores[r.call.id].value is None for r in missing if r.call.id in scores)

    # No dollar twice: the sum over attempts, each priced once, is what the tables and the budget
    # say.
    paid = [a for a in attempts if a.usage is not None]
    assert len({(a.call_id, a.number) for a in attempts}) == len(attempts)
    assert Counter(a.call_id for a in paid).most_common(1)[0][1] == 1
    rates = {"a": (1, 4), "b": (2, 8)}
    owner = {r.call.id: r.call.arm for r in records}
    want = sum(
        Decimal(
            rates[owner[a.call_id]][0] * (a.usage.input_fresh or 0) + rates[owner[a.call_id]][1] * 3
        )
        / 10**6
        for a in paid
        if a.usage is not None
    )
    unbilled = sum(
        (a.reserved_usd or Decimal(0)) for a in attempts if a.usage is None and a.billable != "no"
    )
    assert sum((arm.spent_usd for arm in progress.arms.values()), Decimal(0)) == want
    assert (
        budget.spent_usd == want + unbilled
    )  # what nobody can know counts as its reservation, once
    store.verify(run_id)


def test_accuracy_on_the_answered_calls_equals_the_calm_runs(tmp_path: Path) -> None:
    suite = replace(
        load(tmp_path), errors=replace(load(tmp_path).errors, max_retries=0, stop_arm_after=10_000)
    )
    store, run_id, _, _, _ = measure(suite, tmp_path / "chaos", 0.2)
    found = evaluate(read_run(store, run_id))
    chaos = right(store, run_id)
    assert 1500 < len(chaos) < 1700  # without retries a fifth is missing
    for arm in ("a", "b"):
        items = found.items.arms[arm]
        answered = [ok for call, ok in chaos.items() if call.endswith(arm)]
        scored = items.score[items.score == items.score]
        assert len(scored) == len(answered)
        assert scored.mean() == pytest.approx(sum(answered) / len(answered))
        assert abs(scored.mean() - 0.8) < 0.03
        assert int(items.n_missing.sum()) == N - len(answered)


def test_a_dead_arm_is_given_up_while_the_other_goes_on(tmp_path: Path) -> None:
    suite = load(tmp_path)
    dead = ChaosProvider(1, 0.0)
    dead.script.fault = lambda _request, _number: Network("refused", billable="no")
    store, run_id, progress, _, _ = measure(suite, tmp_path / "dead", 0.05, b=dead)
    assert progress.arms["b"].stopped is not None
    assert progress.arms["a"].done == N
    verdict = evaluate(read_run(store, run_id)).verdicts[0]
    assert verdict.status in ("inconclusive", "not_comparable")


def test_the_faults_of_this_file_can_fail_a_run() -> None:
    """The provider does what it is told: a share of 1 leaves nothing answered."""
    provider = ChaosProvider(3, 1.0)

    async def main() -> list[str]:
        ends = []
        for _ in range(40):
            done = False
            try:
                async for event in provider.stream(Request("c", (_message(),), suite_params(), 8)):
                    done = done or isinstance(event, Done | UsageReport)
            except (ProviderError, ZeroDivisionError):
                pass
            ends.append("done" if done else "cut")
        return ends

    assert set(run_simulated(main())) == {"cut"}
    assert len(provider.met) >= 6


def _message() -> Any:
    from claimbench.types import Message

    return Message("user", "ticket #4")


def suite_params() -> Any:
    from claimbench.types import SamplingParams

    return SamplingParams()
