"""What a multiple-choice task of lm-eval costs through us: against a bare loop that reuses each
item's prefix.

Ours is lm-eval's own interface (``ProviderLM``) with stamps, usage and the worker thread; theirs is
llama-cpp-python alone. 4 choices an item, about 230 tokens of shared prefix; blocks of items take
turns, and the figure is the median of the ratios of neighbouring blocks. Both evaluate the same
batches, so the log-probabilities are the same floats.

``pytest tests/benchmarks -k multiple_choice --benchmark-enable``
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.types import Arm
from claimbench_providers.llama import provider as llama_cpp
from claimbench_providers.models import catalogue as models

MODEL = "smollm2-135m-instruct-q4_1"
PASSAGE = (
    "A harbour town keeps a long book of every vessel, every cargo and every captain that ever came"
    " to it. " * 10
)
CHOICES = (" a book", " a green horse", " seventeen ships", " nothing at all")
N, BLOCK, TARGET = 100, 5, 1.15


@pytest.mark.model
@pytest.mark.benchmark(group="multiple choice")
@pytest.mark.filterwarnings("ignore")  # lm-eval's own
def test_bench_multiple_choice(
    enabled: None,
    tmp_path: Path,
    benchmark: Any,
    show: Callable[[str], None],
    bare_choices: type[Any],
) -> None:
    from lm_eval.api.instance import Instance

    from claimbench.lmeval.model import ProviderLM

    files = models.cached_files(models.catalog()[MODEL], models.cache_dir())
    if not files:
        pytest.skip("model not pulled: run `make models`")
    contexts = [f"{i} tales. {PASSAGE} Question {i}: what is it? Answer:" for i in range(N)]
    options = {"n_ctx": 1024, "n_threads": 2, "flash_attn": "off"}
    arm, clock = (
        Arm("local", "llama_cpp", str(files[0]), device="cpu", options=options),
        SystemClock(),
    )
    engine = llama_cpp.create(arm, ProviderContext(clock, os.environ, tmp_path, tmp_path))
    lm = ProviderLM(WorkerProvider(engine, Device("cpu"), clock), clock)
    lm.start()
    loop = bare_choices(files[0], flash_attn=False, n_threads=2)
    pairs: list[tuple[float, float]] = []
    found: dict[str, list[tuple[float, bool]]] = {}
    said: dict[str, list[tuple[float, bool]]] = {}

    def ours(part: list[str]) -> float:
        requests = [
            Instance("loglikelihood", {}, (context, choice), i, ("t", i, 1))
            for i, context in enumerate(part)
            for choice in CHOICES
        ]
        start = time.perf_counter()
        answers = lm.loglikelihood(requests)
        spent = time.perf_counter() - start
        found.update(
            {c: answers[i * len(CHOICES) : (i + 1) * len(CHOICES)] for i, c in enumerate(part)}
        )
        return spent

    def theirs(part: list[str]) -> float:
        start = time.perf_counter()
        said.update({context: loop.score(context, CHOICES) for context in part})
        return time.perf_counter() - start

    def measure() -> None:
        for turn, at in enumerate(range(0, N, BLOCK)):
            part = contexts[at : at + BLOCK]
            if turn % 2:
                other, mine = theirs(part), ours(part)
            else:
                mine, other = ours(part), theirs(part)
            pairs.append((mine, other))

    benchmark.pedantic(measure, rounds=1, iterations=1)
    lm.close()
    engine.unload()
    loop.close()
    for context in contexts:
        assert [r[0] for r in found[context]] == pytest.approx(
            [r[0] for r in said[context]], rel=0, abs=1e-9
        )
        assert [r[1] for r in found[context]] == [r[1] for r in said[context]]
    ratios = sorted(mine / other for mine, other in pairs[1:])  # the first block warms both up
    middle = statistics.median(ratios)
    total = sum(m for m, _ in pairs[1:]) / sum(o for _, o in pairs[1:])
    benchmark.extra_info.update(ratio=middle, ratio_of_sums=total, ratios=ratios)
    each = 1000 * sum(m for m, _ in pairs[1:]) / (N - BLOCK)
    show(
        f"multiple choice: {middle:.3f} x a bare loop (target {TARGET}; blocks {ratios[0]:.2f} to {ratios[-1]:.2f}, "
        f"of sums {total:.3f}; {each:.0f} ms an item of {len(CHOICES)} choices)"
    )
    assert middle <= TARGET
