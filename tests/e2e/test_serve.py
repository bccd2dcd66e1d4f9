"""Servers that a run starts: measured, stopped, and gone whatever becomes of the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore
from claimbench.types import Outcome

from .conftest import Said, environment
from .forked import BENCH
from .test_cli_run import finished_calls

Bench = Callable[..., Said]
SERVER = Path(__file__).parent / "served_model.py"

SUITE = """\
name: served
version: 1-0
tasks:
  - name: route
    dataset: {{path: rows.jsonl, target: team}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - name: own
    provider: compatible
    model: own-1
    cost: {{host: {{usd_per_hour: 0.2, source: test, dated: 2026-01-01}}}}
    serve: {{command: ["{{python}}", "{server}", "{port}", "{pids}", "{delay}"], ready_within_s: 30, warmup: 2}}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Path]:
    def make(delay_s: float = 0.0, port: str = "{port}") -> Path:
        rows = [json.dumps({"text": f"ticket {i}", "team": "billing"}) for i in range(40)]
        (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
        path = tmp_path / "served.yaml"
        path.write_text(
            SUITE.format(server=SERVER, port=port, pids=tmp_path / "pids", delay=delay_s)
        )
        return path

    return make


def running(folder: Path) -> set[int]:
    """Those of the server, its watcher and its runaway child that still run."""
    pids = {int(line) for line in (folder / "pids").read_text().split()}
    assert len(pids) == 3
    return {pid for pid in pids if _alive(pid)}


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before, or while it is read
        return False


def gone_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not running(folder)


def test_a_served_arm_is_started_warmed_measured_and_stopped(
    suite: Callable[..., Path], bench: Bench
) -> None:
    path = suite()
    said = bench("run", str(path), "--json")
    assert said.code == 0, said.err
    run = said.json["run"]
    log = (path.parent / "results" / run / "own.server.log").read_text()
    assert log.count("served") >= 42  # two to warm up, forty measured, and the health checks
    with ResultsStore.open(path.parent / "results", create=False, read_only=True) as store:
        facts = store.manifest(run).arm_facts["own"]
        assert len(store.finished(run)) == 40
    assert len(facts["details"]["served"]["warmup"]["seconds"]) == 2
    assert facts["load_seconds"] > 0
    assert running(path.parent) == set()


def _begin(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [*BENCH, "run", str(path)],
        cwd=path.parent,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while finished_calls(path.parent / "results") < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(running(path.parent)) == 3
    return process


def test_kill_9_of_the_run_leaves_no_process_behind(suite: Callable[..., Path]) -> None:
    path = suite(delay_s=0.3)
    with _begin(path) as process:
        process.kill()
        process.wait()
        assert gone_within(path.parent, 15)


def test_ctrl_c_leaves_no_process_behind(suite: Callable[..., Path]) -> None:
    path = suite(delay_s=0.3)
    with _begin(path) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 4
        assert running(path.parent) == set()


def test_the_server_goes_when_its_watcher_is_killed(suite: Callable[..., Path]) -> None:
    path = suite(delay_s=0.3)
    with _begin(path) as process:
        server, watcher, runaway = (
            int(line) for line in (path.parent / "pids").read_text().split()
        )
        os.kill(watcher, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while _alive(server) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _alive(server)
        os.kill(runaway, signal.SIGKILL)  # with its watcher dead nobody can know of it
        assert process.wait(120) == 4


def test_a_server_that_dies_stops_its_arm_and_a_resume_asks_what_is_left(
    suite: Callable[..., Path], bench: Bench
) -> None:
    path = suite(delay_s=0.2)
    with _begin(path) as process:
        os.kill(int((path.parent / "pids").read_text().split()[0]), signal.SIGKILL)
        assert process.wait(120) == 4
    assert running(path.parent) == set()
    with ResultsStore.open(path.parent / "results", create=False, read_only=True) as store:
        (run,) = store.runs()
        first = store.sessions(run.run_id)[0]
        assert first.end_reason is not None
        assert first.end_reason.startswith("own: its server was killed by SIGKILL")
        assert all(record.outcome is Outcome.OK for record in store.records(run.run_id))
        done = store.finished(run.run_id)
        assert 2 <= len(done) < 40
    said = bench("run", "--resume", "latest")
    assert said.code == 0, said.err
    with ResultsStore.open(path.parent / "results", create=False, read_only=True) as store:
        assert len(store.finished(run.run_id)) == 40
        assert all(record.outcome is Outcome.OK for record in store.records(run.run_id))
        faults = [attempt for attempt in store.attempts(run.run_id) if not attempt.outcome.answered]
        assert faults, "what the dying server did is on record"
        assert {attempt.call_id for attempt in faults}.isdisjoint(done)


def test_a_server_that_ends_at_once_is_one_clear_error(
    suite: Callable[..., Path], bench: Bench
) -> None:
    path = suite(port="0")
    said = bench("run", str(path))
    assert said.code == 3
    assert "its server ended with code 7 before it was ready" in said.err
    assert "no port, no server" in said.err
    assert running(path.parent) == set()


def test_a_program_that_is_not_installed_is_an_arm_that_is_not_run(
    suite: Callable[..., Path], bench: Bench
) -> None:
    path = suite()
    path.write_text(path.read_text().replace('"{python}"', '"llama-server-of-nobody"'))
    said = bench("run", str(path))
    assert said.code == 3
    assert "own: not run: llama-server-of-nobody is not installed" in said.err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"{port}"', '"{prot}"', "'{prot}' stands for nothing"),
        ("provider: compatible", "provider: llama_cpp", "llama_cpp runs in this process"),
        ("model: own-1", 'model: own-1\n    base_url: "http://127.0.0.1:{port}/x"', None),
        ("model: own-1", 'model: own-1\n    base_url: "http://127.0.0.1:{port}x"', "is no address"),
    ],
)
def test_mistakes_are_found_before_anything_starts(
    suite: Callable[..., Path], bench: Bench, old: str, new: str, says: str | None
) -> None:
    path = suite()
    path.write_text(path.read_text().replace(old, new))
    said = bench("validate", str(path))
    assert (said.code == 0) == (says is None)
    assert says is None or says in said.err
    assert sys.platform != "linux" or not (path.parent / "pids").exists()


def test_a_server_that_does_not_start_is_its_arms_trouble(
    suite: Callable[..., Path], bench: Bench
) -> None:
    path = suite()
    broken = (
        "  - name: broken\n    provider: compatible\n    model: b-1\n"
        "    cost: {host: {usd_per_hour: 0.2, source: test, dated: 2026-01-01}}\n"
        "    serve: {command: ['{python}', -c, 'import sys; sys.exit(\"no GPU here\")']}\n"
        "  - name: absent\n    provider: compatible\n    model: no-such-model\n"
        "    cost: {host: {usd_per_hour: 0.2, source: test, dated: 2026-01-01}}\n"
        "    serve: {command: ['{python}', -c, pass, '{model_path}']}\n"
    )
    path.write_text(path.read_text() + broken)
    said = bench("run", str(path), "--json", "--no-report")
    assert said.code == 0, said.err
    assert "broken: not run: its server" in said.err
    assert "no GPU here" in said.err
    assert "absent: not run:" in said.err
    assert "own: starting its server" in said.err
    with ResultsStore.open(path.parent / "results", create=False, read_only=True) as store:
        manifest = store.manifest(said.json["run"])
        assert manifest.arms_run == ("own",)
        assert "no GPU here" in manifest.arms_not_run["broken"]
        assert len(store.finished(said.json["run"])) == 40
