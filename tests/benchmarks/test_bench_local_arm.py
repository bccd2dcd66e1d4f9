"""What a run adds to a local model: our loop, store and worker against a bare llama-cpp-python
loop, in one process.

Both ask the same 100 short requests in small blocks that take turns, so that whatever else the
machine does meets both; the figure is the median of the ratios of neighbouring blocks.

``pytest tests/benchmarks -k local_arm --benchmark-enable``
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.limits.budget import Budget
from claimbench.machine import provenance
from claimbench.machine.garbage_collection import collector_at_rest
from claimbench.plan.order import make_plan
from claimbench.plan.prompts import build_request
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.run import pricing_for
from claimbench.provider.contract import ProviderContext
from claimbench.run.arms import make_arms, start_arms
from claimbench.run.loop import Runner, RunnerSetup
from claimbench.run.manifest import manifest_of
from claimbench.store.results import ResultsStore
from claimbench.types import (
    AnswerSpec,
    Arm,
    BudgetSpec,
    Call,
    ErrorPolicy,
    LoadSpec,
    Message,
    Request,
    Sample,
    SamplingParams,
    ScorerSpec,
    Suite,
    Task,
)
from claimbench_providers.llama import provider as llama_cpp
from claimbench_providers.models import catalogue as models

MODEL = "smollm2-135m-instruct-q4_1"
LABELS = ("billing", "delivery", "tech", "praise")
SYSTEM = (
    "You sort the e-mails of a shop. Answer with one word: billing for anything about money,"
    " delivery for parcels, tech for the site and the app, praise for thanks."
)
THINGS = (
    "invoice",
    "parcel",
    "app",
    "refund",
    "courier",
    "password",
    "card",
    "box",
    "login",
    "thanks",
)
N, BLOCK, TARGET = 100, 10, 1.05
HOST = {
    "host": {
        "usd_per_hour": 0.2,
        "utilisation": 0.5,
        "source": "a benchmark",
        "dated": "2026-01-01",
    }
}


def suite_of(kind: str) -> Suite:
    mails = [f"Mail {i}: my {THINGS[i % 10]} is wrong for {i % 7 + 2} days." for i in range(N)]
    samples = tuple(
        Sample(f"s{i}", {"text": mail}, LABELS[i % 4], f"s{i}") for i, mail in enumerate(mails)
    )
    answer = AnswerSpec("label", LABELS, constrain=True) if kind == "label" else AnswerSpec("text")
    prompt = (Message("system", SYSTEM), Message("user", "{{ text }}"))
    scorer = ScorerSpec("label" if kind == "label" else "exact")
    task = Task("route", samples, prompt, (), answer, (scorer,), 12)
    options = {"n_ctx": 1024, "n_threads": 2, "flash_attn": "on"}
    arm = Arm("local", "llama_cpp", MODEL, device="cpu", cost_model=HOST, options=options)
    return Suite(
        name="local",
        version="1-0",
        description="",
        path="local.yaml",
        tasks=(task,),
        arms=(arm,),
        sampling=SamplingParams(temperature=0.0),
        epochs=1,
        order_seed=1,
        load=LoadSpec(),
        budget=BudgetSpec(),
        claims=(),
        errors=ErrorPolicy(timeout_s=120),
        margin=0.03,
        alpha=0.05,
        population="super",
        stop="never",
        allow=(),
        thresholds={},
        file_sha256="f",
        measured_sha256="m",
    )


class Bare:
    """What a careful programmer writes: one Llama, its own prefix reuse, the grammar made once."""

    def __init__(self, path: Path, kind: str) -> None:
        import llama_cpp as library

        from claimbench_providers.llama.grammar import labels_grammar

        self._llama = library.Llama(
            str(path),
            n_ctx=1024,
            n_batch=512,
            n_threads=2,
            n_threads_batch=2,
            flash_attn=True,
            verbose=False,
        )
        self._grammar = (
            library.LlamaGrammar.from_string(labels_grammar(LABELS), verbose=False)
            if kind == "label"
            else None
        )

    def ask(self, request: Request) -> tuple[str, int]:
        """The answer and its tokens."""
        messages: Any = [{"role": m.role, "content": m.content} for m in request.messages]
        said: Any = self._llama.create_chat_completion(
            messages, grammar=self._grammar, max_tokens=request.max_tokens, temperature=0.0
        )
        return str(said["choices"][0]["message"]["content"]), int(
            said["usage"]["completion_tokens"]
        )

    def close(self) -> None:
        self._llama.close()


Answer = tuple[str, int]
Blocks = Callable[[Sequence[Call]], float]


@contextmanager
def ours(
    folder: Path, suite: Suite, answers: dict[str, Answer]
) -> Iterator[tuple[Sequence[Call], Blocks]]:
    """The planned calls, and what runs a part of them through runner, worker and store and gives
    the seconds.
    """
    clock, run_id = SystemClock(), provenance.new_run_id()
    loop = asyncio.new_event_loop()
    context = ProviderContext(clock, {}, models.cache_dir(), folder)
    arms = make_arms(suite, (), {"llama_cpp": llama_cpp.create}, context)
    pricing = pricing_for(suite, PriceBook([]), clock)
    by_name = {arm.name: arm for arm in suite.arms}
    samples = {sample.id: sample for sample in suite.tasks[0].samples}

    def request(call: Call) -> Request:
        return build_request(
            suite, suite.tasks[0], samples[call.sample_id], by_name[call.arm], call
        )

    with ResultsStore.open(folder / "bench.db") as store:
        loop.run_until_complete(start_arms(arms, suite, run_id))
        plan = make_plan(suite, run_id, ["local"], None)
        store.create_run(
            manifest_of(suite, plan, arms, pricing.book, run_id, clock, {}), plan.calls
        )
        session = store.start_session(run_id, clock=clock, host={})
        with store.writer(run_id) as writer:
            runner = Runner(
                RunnerSetup(
                    arms=by_name,
                    providers=arms.ready,
                    request=request,
                    writer=writer,
                    clock=clock,
                    budget=Budget(BudgetSpec()),
                    money=pricing.money,
                    policy=suite.errors,
                    session=session.n,
                    attempts_before={},
                    seed=1,
                )
            )

            async def block(part: Sequence[Call]) -> None:
                async with collector_at_rest():
                    await runner.run(part)

            def timed(part: Sequence[Call]) -> float:
                start = time.perf_counter()
                loop.run_until_complete(block(part))
                return time.perf_counter() - start

            yield plan.calls, timed
            writer.flush()
            tokens = {
                a.call_id: a.usage.output_total or 0
                for a in store.attempts(run_id)
                if a.usage is not None
            }
            answers.update({r.call.id: (r.text, tokens[r.call.id]) for r in store.records(run_id)})
        store.end_session(run_id, session.n, "finished", {})
    loop.run_until_complete(arms.close())
    loop.close()


@pytest.mark.model
@pytest.mark.benchmark(group="a local arm")
@pytest.mark.parametrize("kind", ["label", "text"])
def test_bench_local_arm(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    benchmark: Any,
    show: Callable[[str], None],
) -> None:
    if not request.config.getoption("benchmark_enable"):
        pytest.skip("a measurement of minutes: make bench")
    files = models.cached_files(models.catalog()[MODEL], models.cache_dir())
    if not files:
        pytest.skip("model not pulled: run `make models`")
    suite, found, said = suite_of(kind), dict[str, Answer](), dict[str, Answer]()
    bare, pairs = Bare(files[0], kind), list[tuple[float, float]]()
    requests: dict[str, Request] = {}
    samples = {sample.id: sample for sample in suite.tasks[0].samples}

    def raw(part: Sequence[Call]) -> float:
        start = time.perf_counter()
        for call in part:
            said[call.id] = bare.ask(requests[call.id])
        return time.perf_counter() - start

    with ours(tmp_path, suite, found) as (calls, run):
        for call in calls:
            requests[call.id] = build_request(
                suite, suite.tasks[0], samples[call.sample_id], suite.arms[0], call
            )
        raw(calls[:2])

        def measure() -> None:
            for turn, at in enumerate(range(0, N, BLOCK)):
                part = calls[at : at + BLOCK]
                if turn % 2:
                    other, mine = raw(part), run(part)
                else:
                    mine, other = run(part), raw(part)
                pairs.append((mine, other))

        benchmark.pedantic(measure, rounds=1, iterations=1)
    bare.close()
    work = sum(found[call.id][1] for call in calls) / sum(said[call.id][1] for call in calls)
    assert 0.95 <= work <= 1.05, f"{work:.2f} x the tokens: the two loops do not do the same work"
    if (
        kind == "label"
    ):  # free text of so small a model turns on rounding, which differs with where a batch is cut
        assert sum(found[call.id][0] == said[call.id][0] for call in calls) >= 0.95 * N
    ratios = sorted(mine / other for mine, other in pairs[1:])  # the first block warms both up
    middle = statistics.median(ratios)
    total = sum(m for m, _ in pairs[1:]) / sum(o for _, o in pairs[1:])
    benchmark.extra_info.update(ratio=middle, ratio_of_sums=total, ratios=ratios)
    each = 1000 * sum(o for _, o in pairs[1:]) / (N - BLOCK)
    show(
        f"{kind}: {middle:.3f} x a bare loop (target {TARGET}; blocks {ratios[0]:.2f} to {ratios[-1]:.2f}, "
        f"of sums {total:.3f}; {each:.0f} ms a request)"
    )
    assert middle <= TARGET
