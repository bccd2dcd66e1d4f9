"""Tasks of lm-eval inside a suite: the same scores as lm-eval's own evaluator, with usage and latency; real model."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.clock import SystemClock
from claimbench.errors import SuiteError
from claimbench.evaluate import evaluate, read_run
from claimbench.provider import InProcessProvider, ProviderContext
from claimbench.store import ResultsStore
from claimbench.suite import load_suite
from claimbench.types import Arm, Suite

# lm-eval and datasets warn about much of their own; that is not ours to fail on
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

GENERATE = """task: toy_gen
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{question}}\\nAnswer with one number.\\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], max_gen_toks: 12, do_sample: false}
filter_list:
  - name: first-number
    filter:
      - {function: regex, regex_pattern: "(\\\\d+)"}
      - {function: take_first}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}
metadata: {version: 1.0}
"""
CHOICE = """task: toy_mc
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{passage}} Question: {{question}} Answer:"
doc_to_choice: "{{[answer, 'a green horse', 'seventeen ships', 'nothing at all']}}"
doc_to_target: 0
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
ROLLING = """task: toy_ppl
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list:
  - {metric: byte_perplexity, aggregation: weighted_perplexity, higher_is_better: false}
metadata: {version: 1.0}
"""
SUITE = """name: field
version: 1-0
sampling: {{temperature: 0, seed: 1}}
tasks:
  - lm_eval: {task}.yaml
    limit: {limit}
arms:
  - {{name: small, provider: {provider}, model: {model}, base_url: {base_url}, options: {options}}}
"""
PASSAGE = "A harbour town keeps a long book of every vessel, every cargo and every captain that ever came to it. " * 8


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("toy_gen", GENERATE), ("toy_mc", CHOICE), ("toy_ppl", ROLLING)):
        (tmp_path / f"{name}.yaml").write_text(text)
    docs = [{"question": f"What is {a} plus {b}?", "answer": str(a + b), "passage": PASSAGE}
            for a, b in ((1, 2), (2, 2), (5, 5), (7, 1), (9, 3), (4, 4), (3, 8), (6, 0))]  # fmt: skip
    (tmp_path / "docs.jsonl").write_text("\n".join(json.dumps(d) for d in docs))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The small model, under a name with the suffix that a suite takes for a path."""
    from claimbench_providers import models

    files = models.cached_files(models.catalog()["smollm2-135m-instruct-q4_1"], models.cache_dir())
    if not files:
        pytest.skip("model not pulled: run `make models`")
    return files[0]


def suite_at(folder: Path, task: str, model: str = "small.gguf", limit: int = 8, **arm: str) -> Path:
    given = {"provider": "llama_cpp", "base_url": "null", "options": "{n_ctx: 1024, n_threads: 2}", **arm}
    path = folder / f"{task}-suite.yaml"
    path.write_text(SUITE.format(task=task, limit=limit, model=model, **given))
    return path


def test_documents_become_samples(folder: Path) -> None:
    suite = load_suite(suite_at(folder, "toy_gen", limit=3))
    (task,) = suite.tasks
    assert task.name == "toy_gen"
    assert [s.id for s in task.samples] == ["0", "1", "2"]
    assert task.samples[0].input["context"] == "Question: What is 1 plus 2?\nAnswer with one number.\nAnswer:"
    assert task.stop == ("\n\n",)
    assert task.max_tokens == 12
    (choice,) = load_suite(suite_at(folder, "toy_mc")).tasks
    assert [pair[1] for pair in choice.samples[0].input["lm_eval_pairs"]] == [
        " 3", " a green horse", " seventeen ships", " nothing at all"
    ]  # fmt: skip


def test_an_endpoint_is_refused_for_log_probabilities(folder: Path) -> None:
    path = suite_at(folder, "toy_mc", model="gpt-5-mini", provider="openai", options="{}")
    with pytest.raises(SuiteError, match="needs log-probabilities of given answers") as error:
        load_suite(path)
    assert error.value.line == 5
    load_suite(suite_at(folder, "toy_gen", model="gpt-5-mini", provider="openai", options="{}"))


def test_an_unknown_task_says_so_at_its_line(folder: Path) -> None:
    path = suite_at(folder, "toy_gen")
    path.write_text(path.read_text().replace("toy_gen.yaml", "no_such_task_of_lm_eval"))
    with pytest.raises(SuiteError, match="lm-eval cannot load 'no_such_task_of_lm_eval'"):
        load_suite(path)


def run(folder: Path, path: Path) -> tuple[Suite, Any]:
    """Run a suite by the command line's own steps and evaluate what is stored."""
    from claimbench.cli import main

    with pytest.raises(SystemExit) as done:
        main(["run", str(path), "--results", str(folder / "results"), "--no-report", "--allow-outside"])
    assert done.value.code == 0
    with ResultsStore.open(folder / "results", read_only=True) as store:
        found = evaluate(read_run(store, store.resolve_run(None)))
    return found.stored.suite, found


def lm_evals_own(folder: Path, engine: InProcessProvider, task: str) -> tuple[list[dict[str, Any]], Any]:
    """lm-eval's evaluator over the same provider through :class:`ProviderLM`; its per-document log."""
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    from claimbench.lm import ProviderLM
    from claimbench.lm_tasks import _config_of
    from claimbench.worker import Device, WorkerProvider

    clock = SystemClock()
    model = ProviderLM(WorkerProvider(engine, Device("cpu"), clock), clock)
    model.start()
    try:
        results = simple_evaluate(
            model=model,
            tasks=[_config_of(folder / f"{task}.yaml")],
            task_manager=TaskManager(include_defaults=False),
            log_samples=True,
            bootstrap_iters=0,
            limit=8,
        )
        assert results is not None
        return sorted(results["samples"][task], key=lambda s: s["doc_id"]), model
    finally:
        model.close()


@pytest.fixture
def engine(model_path: Path, folder: Path) -> InProcessProvider:
    from claimbench_providers.llama_cpp import create

    arm = Arm("small", "llama_cpp", str(model_path), device="cpu", options={"n_ctx": 1024, "n_threads": 2})
    context = ProviderContext(SystemClock(), os.environ, model_path.parent, model_path.parent)
    return create(arm, context)


@pytest.mark.model
@pytest.mark.parametrize(("task", "metric"), [("toy_gen", "exact_match"), ("toy_mc", "acc")])
def test_scores_equal_lm_evals_own(
    folder: Path, model_path: Path, engine: InProcessProvider, task: str, metric: str
) -> None:
    _, found = run(folder, suite_at(folder, task, str(model_path)))
    theirs, model = lm_evals_own(folder, engine, task)
    ours = {r.call.sample_id: r for r in found.stored.records}
    assert found.items.arms["small"].score.tolist() == [sample[metric] for sample in theirs]
    for sample in theirs:
        resps = sample["resps"]
        text = ours[str(sample["doc_id"])].text
        if task == "toy_gen":
            assert text == resps[0][0]
        else:
            assert json.loads(text) == [[pytest.approx(r[0][0], abs=1e-9), r[0][1]] for r in resps]
    rows = found.calls.arms["small"]
    assert (rows.n_in > 0).all()
    assert (rows.e2e_s > 0).all()
    assert all(a.usage is not None for a in model.attempts)


@pytest.mark.model
def test_rolling_is_the_probability_per_byte(folder: Path, model_path: Path) -> None:
    _, found = run(folder, suite_at(folder, "toy_ppl", str(model_path), limit=3))
    score = found.items.arms["small"].score
    assert ((score > 0.1) & (score < 1)).all()


@pytest.mark.model
def test_multiple_choice_costs_little_more_than_a_bare_loop(
    model_path: Path, engine: InProcessProvider, record_property: Callable[[str, object], None]
) -> None:
    """Equal to an independent in-process loop item by item, in at most 1.15 x its time (best of three)."""
    from claimbench.types import Message, Request, SamplingParams

    engine.load()
    prefixes = [f"{PASSAGE} Question {i}: what is it? Answer:" for i in range(4)]
    choices = [" a book", " a green horse", " seventeen ships", " nothing at all"]
    params = SamplingParams(temperature=0)

    def ours() -> list[Any]:
        out = []
        for i, prefix in enumerate(prefixes):
            pairs = tuple((prefix, c) for c in choices)
            events = engine.generate(Request(str(i), (Message("user", prefix),), params, 1, continuations=pairs))
            out.append(json.loads("".join(e.text for e in events if hasattr(e, "text"))))
        return out

    def best(work: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
        times, result = [], []
        for _ in range(3):
            started = time.perf_counter()
            result = work()
            times.append(time.perf_counter() - started)
        return min(times), result

    our_s, our_rows = best(ours)
    engine.unload()
    loop_s, loop_rows = best(bare_loop(model_path, prefixes, choices))
    record_property("ratio", our_s / loop_s)
    for row, other in zip(our_rows, loop_rows, strict=True):
        # the loop evaluates its tokens in other batches, which rounds differently on 4-bit weights
        assert [r[0] for r in row] == pytest.approx([o[0] for o in other], rel=0.06)
        assert np.argmax([r[0] for r in row]) == np.argmax([o[0] for o in other])
    assert our_s <= 1.15 * loop_s


def bare_loop(path: Path, prefixes: list[str], choices: list[str]) -> Callable[[], list[Any]]:
    """Log-probabilities with llama-cpp-python alone; the prefix of each item evaluated once."""
    from llama_cpp import Llama

    llm = Llama(str(path), n_ctx=1024, n_threads=2, n_threads_batch=2, logits_all=True, verbose=False)

    def work() -> list[Any]:
        found = []
        for prefix in prefixes:
            head = llm.tokenize(prefix.encode())
            llm.reset()
            llm.eval(head)
            row = []
            for choice in choices:
                tail = llm.tokenize((prefix + choice).encode())[len(head) :]
                llm.n_tokens = len(head)
                llm._ctx.kv_cache_seq_rm(-1, len(head), -1)
                llm.eval(tail)
                total = 0.0
                for i, token in enumerate(tail):
                    logits = llm.scores[len(head) + i - 1].astype(np.float64)
                    total += logits[token] - logits.max() - np.log(np.exp(logits - logits.max()).sum())
                row.append([total])
            found.append(row)
        return found

    return work
