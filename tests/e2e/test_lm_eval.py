"""Tasks of lm-eval inside a suite: the same scores as lm-eval's own evaluator, with usage and
latency; real model.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.clock import SystemClock
from claimbench.errors import SuiteError
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.provider.contract import InProcessProvider, ProviderContext
from claimbench.store.results import ResultsStore
from claimbench.suite.load import load_suite
from claimbench.types import Arm, Suite

from .conftest import LABELS, Vendor

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
METRIC = "metric_list:\n  - {metric: exact_match, aggregation: mean, higher_is_better: true}\n"
PASSAGE = (
    "A harbour town keeps a long book of every vessel, every cargo and every captain that ever came"
    " to it. " * 8
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("toy_gen", GENERATE), ("toy_mc", CHOICE), ("toy_ppl", ROLLING)):
        (tmp_path / f"{name}.yaml").write_text(text)
    docs = [
        {
            "question": f"What is {a} plus {b}?",
            "answer": str(a + b),
            "passage": PASSAGE,
            "sum": {"size": "big" if a + b > 8 else "small"},
        }
        for a, b in ((1, 2), (2, 2), (5, 5), (7, 1), (9, 3), (4, 4), (3, 8), (6, 0))
    ]
    (tmp_path / "docs.jsonl").write_text("\n".join(json.dumps(d) for d in docs))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def suite_at(
    folder: Path, task: str, model: str = "small.gguf", limit: int = 8, **arm: str
) -> Path:
    given = {
        "provider": "llama_cpp",
        "base_url": "null",
        "options": "{n_ctx: 1024, n_threads: 1}",
        **arm,
    }
    path = folder / f"{task}-suite.yaml"
    path.write_text(SUITE.format(task=task, limit=limit, model=model, **given))
    return path


def test_documents_become_samples(folder: Path) -> None:
    suite = load_suite(suite_at(folder, "toy_gen", limit=3))
    (task,) = suite.tasks
    assert task.name == "toy_gen"
    assert [s.id for s in task.samples] == ["0", "1", "2"]
    assert (
        task.samples[0].input["context"]
        == "Question: What is 1 plus 2?\nAnswer with one number.\nAnswer:"
    )
    assert task.stop == ("\n\n",)
    assert task.max_tokens == 12
    (choice,) = load_suite(suite_at(folder, "toy_mc")).tasks
    assert [pair[1] for pair in choice.samples[0].input["lm_eval_pairs"]] == [
        " 3",
        " a green horse",
        " seventeen ships",
        " nothing at all",
    ]


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


def test_an_unknown_slice_says_so_at_its_line(folder: Path) -> None:
    path = suite_at(folder, "toy_gen")
    path.write_text(path.read_text().replace("    limit: 8\n", "    slices: [sums.size]\n"))
    with pytest.raises(
        SuiteError, match=r"no document of toy_gen.yaml has a field 'sums.size'; did you mean"
    ) as error:
        load_suite(path)
    assert error.value.line == 6


def run(folder: Path, path: Path) -> tuple[Suite, Any]:
    """Run a suite by the command line's own steps and evaluate what is stored."""
    from claimbench.cli import main

    with pytest.raises(SystemExit) as done:
        main(
            [
                "run",
                str(path),
                "--results",
                str(folder / "results"),
                "--no-report",
                "--allow-outside",
            ]
        )
    assert done.value.code == 0
    with ResultsStore.open(folder / "results", read_only=True) as store:
        found = evaluate(read_run(store, store.resolve_run(None)))
    return found.stored.suite, found


def lm_evals_own(
    folder: Path, engine: InProcessProvider, task: str
) -> tuple[list[dict[str, Any]], Any]:
    """lm-eval's evaluator over the same provider through :class:`ProviderLM`; its per-document log."""
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    from claimbench.lmeval.model import ProviderLM
    from claimbench.lmeval.tasks import _config_of
    from claimbench.provider.device import Device
    from claimbench.provider.device_worker import WorkerProvider

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
def engine(small_model: Path, folder: Path) -> InProcessProvider:
    from claimbench_providers.llama.provider import create

    arm = Arm(
        "small",
        "llama_cpp",
        str(small_model),
        device="cpu",
        options={"n_ctx": 1024, "n_threads": 1},
    )
    context = ProviderContext(SystemClock(), os.environ, small_model.parent, small_model.parent)
    return create(arm, context)


def test_the_lines_of_the_suites_page_let_lm_eval_ask_an_endpoint(
    folder: Path, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    from claimbench.lmeval.tasks import _config_of

    docs = [
        {"question": f"ticket #{i} please help", "answer": LABELS[i % 3], "n": i} for i in range(30)
    ]
    (folder / "docs.jsonl").write_text("\n".join(json.dumps(doc) for doc in docs))
    text = (folder / "toy_gen.yaml").read_text()
    (folder / "toy_gen.yaml").write_text(text.partition("filter_list:")[0] + METRIC)
    page = Path(__file__).parents[2] / "docs" / "suites.md"
    (lines,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    for stated, here in (
        ("http://localhost:8000/v1", vendor.url),
        ('tasks=["gsm8k"]', "tasks=[TASK], task_manager=MANAGER, bootstrap_iters=0"),
    ):
        assert lines.count(stated) == 1
        lines = lines.replace(stated, here)
    from lm_eval.tasks import TaskManager

    names: dict[str, Any] = {
        "TASK": _config_of(folder / "toy_gen.yaml"),
        "MANAGER": TaskManager(include_defaults=False),
    }
    exec(compile(lines, "suites.md", "exec"), names)
    assert len(vendor.asked) == 20
    attempts = names["model"].attempts
    assert len(attempts) == 20
    assert all(one.usage is not None and one.timing.ended_ns > 0 for one in attempts)
    said = names["results"]["results"]["toy_gen"]["exact_match,none"]
    assert said == 1
    assert capsys.readouterr().out.rstrip().endswith(" 20")


@pytest.mark.model
@pytest.mark.parametrize(("task", "metric"), [("toy_gen", "exact_match"), ("toy_mc", "acc")])
def test_scores_equal_lm_evals_own(
    folder: Path, small_model: Path, engine: InProcessProvider, task: str, metric: str
) -> None:
    _, found = run(folder, suite_at(folder, task, str(small_model)))
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
def test_results_by_slice_and_a_claim_about_one(folder: Path, small_model: Path) -> None:
    from claimbench.cli import main

    path = suite_at(folder, "toy_gen", str(small_model))
    text = path.read_text().replace("    limit: 8\n", "    slices: [sum.size]\n")
    claim = (
        "claims:\n  - {id: big, kind: accurate, arm: small, threshold: 0.5, slice: {sum.size:"
        " big}}\n"
    )
    path.write_text(text + claim)
    with pytest.raises(SystemExit):
        main(["run", str(path), "--results", str(folder / "results"), "--allow-outside", "--json"])
    with ResultsStore.open(folder / "results", read_only=True) as store:
        found = evaluate(read_run(store, store.resolve_run(None)))
    sizes = found.items.slices["sum.size"].tolist()
    assert sorted(set(sizes)) == ["big", "small"]
    (verdict,) = found.verdicts
    estimate = verdict.readings[0].estimate
    assert estimate is not None
    assert estimate.n == sizes.count("big") == 3
    (report,) = (folder / "results").rglob("report.html")
    assert "sum.size" in report.read_text()


@pytest.mark.model
def test_rolling_is_the_probability_per_byte(folder: Path, small_model: Path) -> None:
    _, found = run(folder, suite_at(folder, "toy_ppl", str(small_model), limit=3))
    score = found.items.arms["small"].score
    assert ((score > 0.1) & (score < 1)).all()


@pytest.mark.model
def test_multiple_choice_equals_an_independent_loop(
    small_model: Path, folder: Path, bare_choices: type[Any]
) -> None:
    """Item by item, choice by choice: the same floats where the same batches are evaluated by the
    same kernels.

    Not so with other kernels or batches, and that is the model's 4-bit arithmetic, not a choice of
    ours: on this model a loop with flash attention against one without is off by up to 0.8 nats
    (4.7%), and one that evaluates each text from its start in one piece by up to 0.13 nats (0.7%).
    So both sides here do without flash attention, evaluate the prefix alone and each rest after it;
    the time is tests/benchmarks' business.
    """
    from claimbench.types import Message, Request, SamplingParams
    from claimbench_providers.llama.provider import create

    options = {"n_ctx": 1024, "n_threads": 1, "flash_attn": "off"}
    arm = Arm("small", "llama_cpp", str(small_model), device="cpu", options=options)
    engine = create(arm, ProviderContext(SystemClock(), os.environ, folder, folder))
    engine.load()
    prefixes = [f"{PASSAGE} Question {i}: what is it? Answer:" for i in range(2)]
    choices = [" a book", " a green horse", " seventeen ships", " nothing at all", " it"]
    ours = []
    for i, prefix in enumerate(prefixes):
        pairs = tuple((prefix, c) for c in choices)
        request = Request(
            str(i), (Message("user", prefix),), SamplingParams(0), 1, continuations=pairs
        )
        ours.append(
            json.loads("".join(e.text for e in engine.generate(request) if hasattr(e, "text")))
        )
    engine.unload()
    loop = bare_choices(small_model, flash_attn=False)
    for prefix, row in zip(prefixes, ours, strict=True):
        theirs = loop.score(prefix, choices)
        assert [r[0] for r in row] == pytest.approx(
            [logprob for logprob, _ in theirs], rel=0, abs=1e-9
        )
        assert [r[1] for r in row] == [greedy for _, greedy in theirs]
    whole = loop.score(prefixes[0], choices, pieces=False)
    assert np.argmax([r[0] for r in ours[0]]) == np.argmax([logprob for logprob, _ in whole])
    loop.close()
