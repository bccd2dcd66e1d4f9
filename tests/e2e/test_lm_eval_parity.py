"""One generate_until task three ways on a real model: identical per-item results.

lm-eval's own command line through ``llama_cpp.server``, a `compatible` arm through the same server,
and the engine in this process. Three things that would make them differ are held equal, each found
by a difference:

* the server's default ``repeat_penalty`` is 1.1: both clients send 1.0, which is what the engine does;
* the server keeps what a prompt shares with the one before, and a prompt evaluated in other pieces rounds otherwise on
  4-bit weights: the questions begin with different words, so every prompt shares just the chat template's beginning;
* the server computes without flash attention, so the arm does too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.store.results import ResultsStore

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow, pytest.mark.model]

TASK = """task: qa
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}} Answer with one number."
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], max_gen_toks: 16, temperature: 0.0, repeat_penalty: 1.0}
filter_list:
  - name: first-number
    filter:
      - {function: regex, regex_pattern: "(\\\\d+)"}
      - {function: take_first}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
QUESTIONS = (
    ("How many days does a week have?", "7"),
    ("What is 2 plus 2?", "4"),
    ("Tell me how many legs a spider has.", "8"),
    ("In a dozen there are how many eggs?", "12"),
    ("Count the months of a year.", "12"),
    ("Write ten as a numeral.", "10"),
    ("Minutes of an hour: how many?", "60"),
    ("Name the number after 4.", "5"),
)
SUITE = """name: parity
version: 1-0
sampling: {{temperature: 0}}
tasks:
  - lm_eval: qa.yaml
arms:
  - {{name: inside, provider: llama_cpp, model: {model}, options: {{n_ctx: 512, n_threads: 1, flash_attn: "off"}},
     cost: {{host: {{usd_per_hour: 0.2, source: test, dated: 2026-01-01}}}}}}
  - name: served
    provider: compatible
    model: small
    base_url: http://127.0.0.1:{port}/v1
    options: {{extra_body: {{repeat_penalty: 1.0}}}}
    cost: {{host: {{usd_per_hour: 0.2, source: test, dated: 2026-01-01}}}}
"""


@pytest.fixture(scope="module")
def server(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a ``llama_cpp.server`` that has answered once, so that its cache holds the
    template's beginning.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [
        sys.executable,
        "-m",
        "llama_cpp.server",
        "--model",
        str(small_model),
        "--port",
        str(port),
    ]
    command += [
        "--host",
        "127.0.0.1",
        "--n_ctx",
        "512",
        "--n_threads",
        "1",
        "--n_threads_batch",
        "1",
    ]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=sealed())
    try:
        body = {"messages": [{"role": "user", "content": "Zero."}], "max_tokens": 1}
        for _ in range(240):
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                ask(port, body)
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail(f"the server did not answer:\n{log.read_text()[-2000:]}")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def ask(port: int, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=120
    ) as reply:
        reply.read()


def sealed(folder: Path | None = None) -> dict[str, str]:
    """An environment from which nothing reaches the network: what tries ends at a closed port of
    this machine.
    """
    nowhere = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"
    )
    mine = {
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }
    caches = (
        {}
        if folder is None
        else {"HF_HOME": str(folder / "hf"), "HF_DATASETS_CACHE": str(folder / "cache")}
    )
    return {**os.environ, **nowhere, **mine, **caches}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("parity")
    (made / "qa.yaml").write_text(TASK)
    (made / "docs.jsonl").write_text(
        "\n".join(json.dumps({"question": q, "answer": a}) for q, a in QUESTIONS)
    )
    return made


@pytest.fixture(scope="module")
def theirs(folder: Path, server: int) -> Path:
    """lm-eval's own results file."""
    url = f"http://127.0.0.1:{server}/v1/chat/completions"
    command = [
        sys.executable,
        "-m",
        "lm_eval",
        "run",
        "--model",
        "local-chat-completions",
        "--tasks",
        "qa.yaml",
    ]
    command += ["--model_args", f"model=small,base_url={url},num_concurrent=1,max_retries=1"]
    command += ["--apply_chat_template", "--output_path", "theirs", "--log_samples"]
    done = subprocess.run(
        command, cwd=folder, env=sealed(folder), capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = (folder / "theirs").rglob("results_*.json")
    return path


@pytest.fixture(scope="module")
def ours(folder: Path, server: int, small_model: Path) -> Evaluation:
    """The same task in a suite with both arms."""
    (folder / "suite.yaml").write_text(SUITE.format(model=small_model, port=server))
    bench(folder, "run", "suite.yaml", "--no-report", "--allow-outside")
    with ResultsStore.open(folder / "results", read_only=True) as store:
        return evaluate(read_run(store, store.resolve_run(None)))


def bench(folder: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "claimbench.cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=sealed(folder), capture_output=True, text=True, timeout=280
    )
    assert done.returncode == code, done.stderr[-3000:]
    return done.stdout


def lines_of(results: Path) -> list[dict[str, Any]]:
    (path,) = results.parent.glob("samples_qa_*.jsonl")
    return sorted(
        (json.loads(line) for line in path.read_text().splitlines()),
        key=lambda line: int(line["doc_id"]),
    )


@pytest.mark.parametrize("arm", ["served", "inside"])
def test_identical_per_item_results(theirs: Path, ours: Evaluation, arm: str) -> None:
    records = {int(r.call.sample_id): r for r in ours.stored.records if r.call.arm == arm}
    lines = lines_of(theirs)
    assert len(lines) == len(records) == len(QUESTIONS)
    assert [records[i].text for i in range(len(lines))] == [line["resps"][0][0] for line in lines]
    assert ours.items.arms[arm].score.tolist() == [line["exact_match"] for line in lines]
    assert 0 < ours.items.arms[arm].score.mean() < 1, "all right or all wrong would prove little"
    rows = ours.calls.arms[arm]
    assert (rows.ttft_s > 0).all()
    assert (rows.e2e_s > rows.ttft_s).all()
    assert (rows.usd > 0).all()
    told = rows.n_in > 0  # the server's streams tell no tokens: unknown, and not counted by us
    assert told.all() if arm == "inside" else np.isnan(rows.n_in).all()


def test_written_for_lm_eval_it_is_lm_evals_file(
    folder: Path, theirs: Path, ours: Evaluation
) -> None:
    assert ours.items.arms
    bench(folder, "export", "--to", "lm-eval", "--arm", "served", "--output", "exported")
    (mine,) = (folder / "exported").rglob("results_*.json")
    told, said = json.loads(mine.read_text()), json.loads(theirs.read_text())
    model_only = {
        "tokenizer_pad_token",
        "tokenizer_eos_token",
        "tokenizer_bos_token",
        "eot_token_id",
        "max_length",
    }
    assert set(said) - set(told) <= model_only
    for key in ("exact_match,first-number", "exact_match_stderr,first-number"):
        assert told["results"]["qa"][key] == pytest.approx(said["results"]["qa"][key], rel=1e-12)
    assert told["n-samples"] == said["n-samples"]
    for line, other in zip(lines_of(mine), lines_of(theirs), strict=True):
        assert set(other) <= set(line)
        for key in (
            "doc",
            "target",
            "resps",
            "filtered_resps",
            "filter",
            "metrics",
            "exact_match",
            "doc_hash",
            "prompt_hash",
            "target_hash",
        ):
            assert line[key] == other[key], key


def test_both_files_pair_by_item(folder: Path, theirs: Path, ours: Evaluation) -> None:
    assert ours.items.arms
    bench(folder, "export", "--to", "lm-eval", "--arm", "inside", "--output", "again")
    (mine,) = (folder / "again").rglob("results_*.json")
    files = [str(mine), str(theirs), "--arm", "we", "--arm", "they", "--results", "both"]
    said = bench(folder, "import", *files, "--claim", "we is as accurate as they", "--json", code=2)
    assert json.loads(said.splitlines()[-1])["aggregates"]
    with ResultsStore.open(folder / "both", read_only=True) as store:
        both = evaluate(read_run(store, store.resolve_run(None)))
    (verdict,) = both.verdicts
    assert verdict.status == "inconclusive", verdict.sentence
    assert both.items.arms["we"].score.tolist() == both.items.arms["they"].score.tolist()
