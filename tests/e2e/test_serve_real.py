"""A run that starts llama-cpp-python's own server with a real model: measured to its end, and
nothing left running.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore

from .conftest import Said, environment
from .forked import BENCH
from .test_cli_run import finished_calls

pytestmark = pytest.mark.model

SUITE = """\
name: served
version: 1-0
sampling: {{temperature: 0, seed: 7}}
errors: {{timeout_s: 240}}
tasks:
  - name: route
    dataset: {{path: rows.jsonl, target: team}}
    prompt: [{{user: "Billing or tech? {{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - name: own
    provider: compatible
    model: {model}
    cost: {{host: {{usd_per_hour: 0.2, source: test, dated: 2026-01-01}}}}
    serve:
      command: ["{{python}}", -m, llama_cpp.server, --model, "{file}", --model_alias, "{{model}}", --host, 127.0.0.1,
                --port, "{{port}}", --n_ctx, "512", --n_threads, "1", --n_threads_batch, "1"]
      ready_within_s: 240
      warmup: 1
"""


@pytest.fixture
def suite(tmp_path: Path, small_model: Path) -> Callable[[int], Path]:
    def make(rows: int) -> Path:
        texts = [
            json.dumps({"text": f"Invoice {i} is wrong.", "team": "billing"}) for i in range(rows)
        ]
        (tmp_path / "rows.jsonl").write_text("\n".join(texts) + "\n")
        path = tmp_path / "served.yaml"
        path.write_text(SUITE.format(model=mark(tmp_path), file=small_model))
        return path

    return make


def mark(folder: Path) -> str:
    """The model's name in this test, by which its server is known among all processes."""
    return f"smol-{folder.parent.name}-{folder.name}"


def serving(folder: Path) -> list[int]:
    """Processes of the server and its watcher that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            ended = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if mark(folder) in words and not ended:
            found.append(int(entry.name))
    return found


def test_a_real_server_is_started_measured_and_stopped(
    suite: Callable[[int], Path], bench: Callable[..., Said], tmp_path: Path
) -> None:
    said = bench("run", str(suite(4)), "--json", timeout=280)
    assert said.code == 0, said.err
    run = said.json["run"]
    log = (tmp_path / "results" / run / "own.server.log").read_text()
    assert (
        log.count('"POST /v1/chat/completions HTTP/1.1" 200') == 5
    )  # one to warm up, four measured
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        facts = store.manifest(run).arm_facts["own"]
        calls = store.finished(run)
    assert len(calls) == 4
    assert len(facts["details"]["served"]["warmup"]["seconds"]) == 1
    assert facts["load_seconds"] > 0
    assert serving(tmp_path) == []


def test_kill_9_of_the_run_leaves_no_real_server_behind(
    suite: Callable[[int], Path], tmp_path: Path
) -> None:
    path = suite(400)
    with subprocess.Popen(
        [*BENCH, "run", str(path)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 240
        while finished_calls(tmp_path / "results") < 1 and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.1)
        assert len(serving(tmp_path)) == 2
        process.kill()
        process.wait()
    deadline = time.monotonic() + 60
    while serving(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert serving(tmp_path) == []
