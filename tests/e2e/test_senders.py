"""``--senders``: other processes send, and the run keeps one writer, one budget and one gate."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import cluster_runs as on

from claimbench.store.results import ResultsStore

SAMPLES = 40
CONCURRENCY = 6
SUITE = """\
name: sent
version: 1-0
errors: {{backoff_s: 0.05, max_retries: 20}}
load: {{concurrency: {concurrency}}}
tasks:
  - name: one
    dataset: {{path: rows.jsonl, target: a}}
    prompt: [{{user: "{{{{ q }}}}"}}]
    answer: {{type: label, labels: ["yes", "no"], constrain: false}}
    scorers: [label]
    max_tokens: 40
arms:
  - name: api
    provider: {provider}
    model: scripted
    base_url: {url}
    api_key_env: SENDERS_TEST_KEY
    cost: {{price: {{input: 1.0, output: 2.0, source: a test, dated: "2026-01-01"}}}}
    options: {{extra_body: {{script: {{ttft_s: {ttft_s}, gap_s: 0.01, chunks: 3, text: "yes."}}}}}}
"""


@dataclass
class Server:
    port: int

    def truth(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/log") as reply:
            found: list[dict[str, Any]] = json.load(reply)
        return found

    def most_at_once(self) -> int:
        edges = []
        for one in self.truth():
            edges += [(one["received_ns"], 1), (one["end_ns"] or one["received_ns"], -1)]
        most = now = 0
        for _, step in sorted(edges):
            now += step
            most = max(most, now)
        return most


@pytest.fixture
def server() -> Iterator[Server]:
    command = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Server(json.loads(process.stdout.readline())["port"])
        process.terminate()


def begin(
    folder: Path,
    server: Server,
    *words: str,
    ttft_s: float = 0.1,
    provider: str = "compatible",
    samples: int = SAMPLES,
    **how: Any,
) -> subprocess.Popen[str]:
    """Begin a run; ``how``: arguments of the process."""
    folder.mkdir(exist_ok=True)
    rows = [json.dumps({"q": f"q{i}", "a": "yes"}) for i in range(samples)]
    (folder / "rows.jsonl").write_text("\n".join(rows) + "\n")
    url = f"http://127.0.0.1:{server.port}/v1"
    text = SUITE.format(url=url, ttft_s=ttft_s, concurrency=CONCURRENCY, provider=provider)
    (folder / "sent.yaml").write_text(text)
    return again(folder, str(folder / "sent.yaml"), "--no-report", *words, **how)


def again(
    folder: Path, *words: str, env: Mapping[str, str] | None = None, **how: Any
) -> subprocess.Popen[str]:
    keys = {"SENDERS_TEST_KEY": "sk-of-a-test", "PYTHONWARNINGS": "ignore", **(env or {})}
    with (folder / "out.txt").open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "claimbench.cli", "run", *words, "--results", str(folder / "r")],
            env=os.environ | keys,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            **how,
        )


def senders_of(run: subprocess.Popen[str]) -> list[int]:
    """Ids of the senders that this run has started."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if b"claimbench.run.senders.process" in words and int(parent) == run.pid:
            found.append(int(folder.name))
    return sorted(found)


def wait_for_senders(run: subprocess.Popen[str], folder: Path, n: int) -> list[int]:
    """Wait until a run has started its senders; their ids."""
    until = time.monotonic() + 120
    while len(found := senders_of(run)) < n:
        assert run.poll() is None, (folder / "out.txt").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def wait_for(run: subprocess.Popen[str], folder: Path, n: int) -> None:
    until = time.monotonic() + 120
    while len(on.rows(folder / "r", "records")) < n:
        assert run.poll() is None, (folder / "out.txt").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)


def check_whole(folder: Path, samples: int = SAMPLES) -> None:
    records = on.rows(folder / "r", "records")
    assert len({one["call"]["sample_id"] for one in records}) == len(records) == samples
    assert {one["outcome"] for one in records} == {"ok"}
    with ResultsStore.open(folder / "r" / "bench.db") as store:
        store.verify(store.runs()[0].run_id)


@pytest.mark.parametrize("provider", ["compatible", "openai"])
def test_several_senders_are_one_run(tmp_path: Path, server: Server, provider: str) -> None:
    run = begin(tmp_path, server, "--senders", "2", provider=provider)
    assert len(wait_for_senders(run, tmp_path, 2)) == 2
    wait_for(run, tmp_path, 1)
    assert run.wait(120) == 0, (tmp_path / "out.txt").read_text()
    check_whole(tmp_path)
    attempts = on.rows(tmp_path / "r", "attempts")
    assert len(attempts) == SAMPLES
    truth = {one["key"]: one for one in server.truth()}
    assert len(truth) == SAMPLES
    for one in attempts:
        timing = one["timing"]
        assert timing["first_content_ns"] - timing["sent_ns"] >= 0.1e9
        assert len(timing["chunk_ns"]) >= 2
        assert timing["queued_ns"] <= timing["sent_ns"] <= timing["ended_ns"]
        assert one["usage"]["output_visible"]
    sent = sorted(one["timing"]["sent_ns"] for one in attempts)
    received = sorted(one["received_ns"] for one in truth.values())
    assert all(ours <= theirs for ours, theirs in zip(sent, received, strict=True))
    assert server.most_at_once() <= CONCURRENCY, "the slots of an arm are over all senders"
    if provider == "compatible":
        egress = on.rows(tmp_path / "r", "derived where kind = 'egress' and row_id = 'arm/api'")[0]
        assert egress["hosts"][f"127.0.0.1:{server.port}"]["requests"] == SAMPLES
    assert on.gone(lambda: senders_of(run))


def test_a_killed_sender_is_replaced_and_its_calls_are_listed(
    tmp_path: Path, server: Server
) -> None:
    run = begin(tmp_path, server, "--senders", "2", ttft_s=0.5)
    senders = wait_for_senders(run, tmp_path, 2)
    wait_for(run, tmp_path, 3)
    os.kill(senders[0], signal.SIGKILL)
    assert run.wait(120) == 0, (tmp_path / "out.txt").read_text()
    check_whole(tmp_path)
    found = on.outcomes(tmp_path / "r")
    assert found["ok"] == SAMPLES
    assert 1 <= found["network"] <= CONCURRENCY / 2, "those of one sender"
    lost = [one for one in on.rows(tmp_path / "r", "attempts") if one["outcome"] == "network"]
    assert all(one["billable"] == "unknown" and "SIGKILL" in one["error"] for one in lost)
    assert "a sender was lost (killed by SIGKILL)" in (tmp_path / "out.txt").read_text()


def test_a_limit_holds_over_all_senders(tmp_path: Path, server: Server) -> None:
    run = begin(tmp_path, server, "--senders", "3", "--max-cost", "0.0003")
    assert run.wait(120) == 4, (tmp_path / "out.txt").read_text()
    attempts = on.rows(tmp_path / "r", "attempts")
    assert 0 < len(attempts) < SAMPLES
    usages = [one["usage"] for one in attempts]
    spent = sum((one["input_fresh"] + 2.0 * one["output_visible"]) / 1e6 for one in usages)
    largest = max(float(one["reserved_usd"]) for one in attempts)
    assert spent <= 0.0003 < spent + 2 * largest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 4), (signal.SIGKILL, -9)])
def test_a_stopped_run_leaves_no_sender_and_goes_on(
    tmp_path: Path, server: Server, number: signal.Signals, code: int
) -> None:
    run = begin(tmp_path, server, "--senders", "2", ttft_s=0.6)
    there = wait_for_senders(run, tmp_path, 2)
    wait_for(run, tmp_path, 4)
    run.send_signal(number)
    assert run.wait(120) == code, (tmp_path / "out.txt").read_text()
    assert on.gone(lambda: [one for one in there if Path(f"/proc/{one}").exists()])
    before = {one["call"]["id"] for one in on.rows(tmp_path / "r", "records")}
    assert before
    after = again(tmp_path, "--resume", "latest", "--no-report")
    assert len(wait_for_senders(after, tmp_path, 2)) == 2, "a resumed run keeps its senders"
    wait_for(after, tmp_path, len(before) + 1)
    assert after.wait(120) == 0, (tmp_path / "out.txt").read_text()
    check_whole(tmp_path)


def kill(senders: Sequence[int]) -> int:
    """Kill those of the senders that are still there; how many."""
    killed = 0
    for one in senders:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
            killed += 1
    return killed


def others(run: subprocess.Popen[str], folder: Path, than: Sequence[int], n: int) -> list[int]:
    """Wait for ``n`` senders that are none of ``than``."""
    until = time.monotonic() + 120
    while len(found := [one for one in senders_of(run) if one not in than]) < n:
        assert run.poll() is None, (folder / "out.txt").read_text()
        assert time.monotonic() < until
        time.sleep(0.005)
    return found


@pytest.mark.parametrize("moment", ["starting", "starting, and its successor", "all", "twice"])
def test_senders_killed_at_an_awkward_moment_are_replaced(
    tmp_path: Path, server: Server, moment: str
) -> None:
    n = 6 if moment == "all" else 2
    run = begin(tmp_path, server, "--senders", str(n), ttft_s=0.3)
    senders = others(run, tmp_path, [], n)
    if moment.startswith("starting"):
        assert kill(senders[:1]) == 1
        if "successor" in moment:
            kill(others(run, tmp_path, senders, 1))
    else:
        wait_for(run, tmp_path, 2)
        assert kill(senders if moment == "all" else senders[:1]) >= 1
        if moment == "twice":
            kill(others(run, tmp_path, senders, 1))
    assert run.wait(120) == 0, (tmp_path / "out.txt").read_text()
    check_whole(tmp_path)
    text = (tmp_path / "out.txt").read_text()
    lost = on.outcomes(tmp_path / "r")["network"]
    assert lost == sum(map(int, re.findall(r"sent again: (\d+)", text)))
    if moment.startswith("starting"):
        assert lost == 0
        assert "was lost" not in text, "nothing was sent yet"
    assert on.gone(lambda: senders_of(run))


def random_kills(folder: Path, server: Server, kills: int, seed: int) -> None:
    """Kill senders at random moments of one run, those that start among them."""
    draws, samples = random.Random(seed), 12 * kills
    run = begin(folder, server, "--senders", "3", ttft_s=0.3, samples=samples)
    done = 0
    others(run, folder, [], 1)
    while done < kills and run.poll() is None:
        if draws.random() < 0.7:
            wait_for(run, folder, len(on.rows(folder / "r", "records")) + draws.randint(1, 6))
        time.sleep(draws.uniform(0, 0.3))
        if there := senders_of(run):
            done += kill([draws.choice(there)])
    assert run.wait(300) == 0, (folder / "out.txt").read_text()
    assert done >= kills
    check_whole(folder, samples)
    found = on.outcomes(folder / "r")
    assert found["ok"] == samples, "a finished call was made again"
    assert set(found) <= {"ok", "network"}
    asked = len(server.truth())
    assert samples <= asked <= samples + found["network"], "only calls in flight are sent again"
    sys.stdout.write(
        f"{done} senders killed: 0 of {samples} finished calls lost, {found['network']} in flight"
        f" lost with their sender, {asked - samples} asked again\n"
    )


def test_twelve_random_kills_lose_and_repeat_nothing(tmp_path: Path, server: Server) -> None:
    random_kills(tmp_path, server, 12, 1)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_random_kills_lose_and_repeat_nothing(tmp_path: Path, server: Server) -> None:
    random_kills(tmp_path, server, int(os.environ.get("BENCH_KILLS", "60")), 2)


WITHOUT_MEMORY = """\
import os, resource, sys
if "claimbench.run.senders.process" in sys.orig_argv and os.path.exists({flag!r}):
    resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2)
"""


def starving(tmp_path: Path, megabytes: int) -> tuple[Path, dict[str, str]]:
    """A flag, and an environment in which senders get so little memory while the flag is there."""
    folder, flag = tmp_path / "site", tmp_path / "flag"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        WITHOUT_MEMORY.format(flag=str(flag), megabytes=megabytes)
    )
    return flag, {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))


@pytest.mark.parametrize("short_of", ["descriptors", 48, 30])
def test_senders_that_cannot_start_are_one_error_before_anything_is_sent(
    tmp_path: Path, server: Server, short_of: str | int
) -> None:
    """Of descriptors in the driver; or of memory, for a thread of theirs or for all they import."""
    if isinstance(short_of, int):
        flag, env = starving(tmp_path, short_of)
        flag.touch()
        run = begin(tmp_path, server, "--senders", "2", env=env)
    else:
        run = begin(tmp_path, server, "--senders", "30", preexec_fn=few_descriptors)
    code = run.wait(120)
    text = (tmp_path / "out.txt").read_text()
    assert code == 3, text
    assert text.count("error: ") == 1, text
    assert re.search("30 senders cannot be started: Too many open files|Error", text), text
    assert "Traceback" not in text
    assert not on.rows(tmp_path / "r", "runs")
    assert not server.truth()
    assert on.gone(lambda: senders_of(run))


def test_a_run_whose_senders_cannot_be_replaced_ends_in_words_and_goes_on_later(
    tmp_path: Path, server: Server
) -> None:
    flag, env = starving(tmp_path, 30)
    run = begin(tmp_path, server, "--senders", "2", ttft_s=0.5, env=env)
    senders = wait_for_senders(run, tmp_path, 2)
    wait_for(run, tmp_path, 3)
    flag.touch()
    kill(senders)
    assert run.wait(120) == 4, (tmp_path / "out.txt").read_text()
    text = (tmp_path / "out.txt").read_text()
    assert "no sender is left: " in text
    assert "Traceback" not in text
    finished = {one["call"]["id"] for one in on.rows(tmp_path / "r", "records")}
    assert 3 <= len(finished) < SAMPLES
    assert again(tmp_path, "--resume", "latest", "--no-report", env=env).wait(120) == 3
    assert {one["call"]["id"] for one in on.rows(tmp_path / "r", "records")} == finished
    flag.unlink()
    after = again(tmp_path, "--resume", "latest", "--no-report", env=env)
    assert after.wait(120) == 0, (tmp_path / "out.txt").read_text()
    check_whole(tmp_path)
    assert on.outcomes(tmp_path / "r")["ok"] == SAMPLES
