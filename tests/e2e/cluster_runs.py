"""What tests of clusters share: a cluster of several raylets, runs of the command line on it, and
kills.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENGINE_PROCESS = "ray::_RemoteNode"


def plugin(folder: Path) -> Path:
    """Lay the paced engine out as pip would install it."""
    about = folder / "paced_engine-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(HERE / "paced_engine.py", folder)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: paced-engine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[claimbench.providers]\npaced = paced_engine:create\n")
    return folder


def environment(plugins: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(plugins)]),
        "PYTHONWARNINGS": "ignore",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
    }


@dataclass
class Nodes:
    """A cluster in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    env: dict[str, str] = field(repr=False)

    @classmethod
    def up(cls, plugins: Path, *nodes: str) -> Nodes:
        env = environment(plugins)
        log = plugins / "cluster.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "ray_nodes.py"), *nodes],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, f"the cluster did not come up:\n{log.read_text()[-2000:]}"
        return cls(process, address, env)

    def tell(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        assert said, f"the cluster could not: {line}"
        return said

    def down(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(200)  # killed, it would leave its nodes
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@dataclass
class Bench:
    """One ``bench run`` under way on a cluster."""

    process: subprocess.Popen[str]
    results: Path
    output: Path

    @classmethod
    def begin(cls, nodes: Nodes, results: Path, *words: str) -> Bench:
        command = [sys.executable, "-m", "claimbench.cli", "run", *words]
        output = results.with_name(f"{results.name}.txt")
        with output.open("a") as file:
            process = subprocess.Popen(
                [*command, "--address", nodes.address, "--results", str(results)],
                env=nodes.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return cls(process, results, output)

    def ended(self, timeout_s: float = 400.0) -> tuple[int, str]:
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no end within {timeout_s} s:\n{self.text}") from None
        return code, self.text

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for_records(self, n: int, timeout_s: float = 300.0) -> None:
        until = time.monotonic() + timeout_s
        while len(rows(self.results, "records")) < n:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < until, f"no {n} records in {timeout_s} s:\n{self.text}"
            time.sleep(0.1)


def rows(results: Path, table: str) -> list[dict[str, Any]]:
    path = results / "bench.db"
    if not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = connection.execute(f"select body from {table}").fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return []
    return [json.loads(body) for (body,) in found]


def answers(results: Path) -> dict[tuple[str, str, int], tuple[str, str]]:
    """Item -> its answer and outcome; a call that has two records fails."""
    found = {}
    for row in rows(results, "records"):
        call = row["call"]
        key = (call["task"], call["sample_id"], call["epoch"])
        assert key not in found, f"{key} has two records"
        found[key] = (row["text"], row["outcome"])
    return found


def outcomes(results: Path) -> Counter[str]:
    return Counter(row["outcome"] for row in rows(results, "attempts"))


def processes(beginning: str) -> list[int]:
    """Ids of the processes whose title begins so."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            title = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if folder.name.isdigit() and title.startswith(beginning):
            found.append(int(folder.name))
    return sorted(found)


def kill_an_engine() -> int:
    """Kill one engine that works, by SIGKILL; its process id."""
    until = time.monotonic() + 240
    while not (found := processes(ENGINE_PROCESS + ".attempt")):
        assert time.monotonic() < until, "no engine works"
        time.sleep(0.05)
    os.kill(found[0], signal.SIGKILL)
    return found[0]


def gone(look: Callable[[], list[int]], timeout_s: float = 240.0) -> bool:
    until = time.monotonic() + timeout_s
    while look():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def suite(folder: Path, *, samples: int, arm: str) -> Path:
    """A suite of two tasks with this arm."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"q": f"question {i}", "a": "yes" if i % 2 else "no"}) for i in range(samples)
    ]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    task = """\
  - name: {name}
    dataset: {{path: rows.jsonl, target: a}}
    prompt: [{{user: "{words}{{{{ q }}}}"}}]
    answer: {{type: label, labels: ["yes", "no"]}}
    scorers: [label]
    max_tokens: 4
"""
    text = "name: cluster\nversion: 1-0\nerrors: {backoff_s: 0.05}\nsampling: {temperature: 0}\ntasks:\n"
    text += task.format(name="one", words="") + task.format(name="two", words="Again: ")
    path = folder / "cluster.yaml"
    path.write_text(f"{text}arms:\n{arm}")
    return path


PACED = """\
  - name: slow
    provider: paced
    model: paced
    weights: open
    replicas: {replicas}
    cost: {{host: {{usd_per_hour: 1.0, nodes: {{a: 2.0, b: {{usd_per_hour: 3.0}}}}}}}}
    options: {{seconds: {seconds}}}
"""
SMALL = """\
  - name: small
    provider: llama_cpp
    model: smollm2-135m-instruct-q4_1
    replicas: 2
    options: {n_ctx: 512, n_threads: 1}
"""
