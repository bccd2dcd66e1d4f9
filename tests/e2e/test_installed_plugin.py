"""A provider and a scorer of somebody else's package, installed by pip as a user would install it.

The package imports only the addresses that docs/architecture.md names for plugins:
``claimbench.types``, ``claimbench.errors``, ``claimbench.provider``, ``claimbench.scorers.base``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bench = Callable[..., Any]

PROVIDER = """\
from claimbench.errors import PluginError, ServerFault
from claimbench.provider import InProcessProvider, Provider, ProviderContext
from claimbench.types import Arm, ArmFacts, Delta, Done, Request, Usage, UsageReport


class Echo:
    stamp_source = "sdk"

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.tries = 0

    def missing(self) -> str | None:
        return None

    def constraint(self, request: Request) -> str:
        return "none"

    async def start(self) -> ArmFacts:
        return ArmFacts(model_returned="echo-1")

    async def stream(self, request: Request):
        self.tries += 1
        if self.tries == 1:
            raise ServerFault("busy for once", http_status=503, billable="no")
        words = request.messages[-1].content + self.suffix
        yield Delta(words)
        yield UsageReport(Usage(input_fresh=3, output_visible=len(words.split())))
        yield Done("stop")

    async def close(self) -> None:
        pass


def create(arm: Arm, context: ProviderContext) -> Provider | InProcessProvider:
    if not isinstance(context, ProviderContext):
        raise PluginError("no context")
    return Echo(str(arm.options.get("suffix", "")))
"""

SCORER = """\
from claimbench.scorers.base import Scorer, ScorerOptionError
from claimbench.types import Sample, Score, Task


class Polite:
    name, version = "polite", "1"

    def __init__(self, options) -> None:
        if unknown := set(options) - {"words"}:
            raise ScorerOptionError("unknown option", option=min(unknown), known=("words",))
        self.words = options.get("words", ["please", "thank"])

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        found = [word for word in self.words if word in text.lower()]
        value = float(bool(found))
        return Score(call_id, self.name, self.version, "scored", value, f"found {found}")


def create(options) -> Scorer:
    return Polite(options)
"""

ENTRY_POINTS = """\
[claimbench.providers]
echo_of_theirs = polite_echo.echo:create

[claimbench.scorers]
polite = polite_echo.polite:create
"""

SUITE = """\
name: manners
version: 1-0
tasks:
  - name: chat
    dataset: {path: d.jsonl, target: wanted}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [polite]
    max_tokens: 16
arms:
  - {name: kind, provider: echo_of_theirs, model: e, options: {suffix: " Thank you."}, cost: {price: {input: 1, output: 2}}}
  - {name: rude, provider: echo_of_theirs, model: e, cost: {price: {input: 1, output: 2}}}
claims:
  - {id: manners, claim: "more accurate than rude", arm: kind, than: rude}
"""


READ = """
import json, sys
import claimbench

run = claimbench.open_run(sys.argv[1])
calls = run.calls()[["arm", "text", "score", "n_attempts", "n_in", "n_out"]]
faults = run.attempts().query("outcome != 'ok'")[["arm", "outcome", "http_status", "error"]]
verdicts = run.verdicts()[["claim", "status", "value"]]
print(json.dumps([frame.to_dict("records") for frame in (calls, faults, verdicts)]))
"""
"""Whoever reads the run scores it again, so the scorer must be installed there as well."""


def write_wheel(folder: Path) -> Path:
    """A wheel as any build backend would make it; none need be installed for this."""
    info = "polite_echo-0.1.dist-info"
    files = {
        "polite_echo/__init__.py": "",
        "polite_echo/echo.py": PROVIDER,
        "polite_echo/polite.py": SCORER,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: polite-echo\nVersion: 0.1\nRequires-Dist: claimbench\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": ENTRY_POINTS,
    }
    record = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.append(f"{name},sha256={digest.decode()},{len(text.encode())}\n")
    files[f"{info}/RECORD"] = "".join(record) + f"{info}/RECORD,,\n"
    wheel = folder / "polite_echo-0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


@pytest.fixture
def plugin_environment(tmp_path: Path) -> dict[str, str]:
    """The environment in which the package is installed, beside everything that is installed."""
    target = tmp_path / "site"
    wheel = write_wheel(tmp_path)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    command += ["--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    assert (target / "polite_echo" / "echo.py").is_file()
    places = [str(target), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(place for place in places if place)}


def test_an_installed_package_brings_a_provider_and_a_scorer(
    bench: Bench, tmp_path: Path, plugin_environment: dict[str, str]
) -> None:
    n = 40
    rows = [f'{{"text": "Answer {i}.", "wanted": "yes"}}\n' for i in range(n)]
    (tmp_path / "d.jsonl").write_text("".join(rows), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    said = bench("run", "suite.yaml", env=plugin_environment)
    assert said.code in (0, 1, 2), said.err
    asked = [sys.executable, "-c", READ, str(tmp_path / "results")]
    env = {**os.environ, **plugin_environment}
    done = subprocess.run(asked, check=True, capture_output=True, text=True, env=env)
    calls, faults, verdicts = json.loads(done.stdout)
    assert len(calls) == 2 * n
    assert all(call["text"].endswith(" Thank you.") == (call["arm"] == "kind") for call in calls)
    assert all(call["score"] == float(call["arm"] == "kind") for call in calls)
    assert {(call["n_in"], call["n_out"]) for call in calls} == {(3, 2), (3, 4)}
    assert sorted(call["n_attempts"] for call in calls) == [1] * (2 * n - 2) + [2, 2]
    assert sorted(fault.pop("arm") for fault in faults) == ["kind", "rude"]
    assert (
        faults == [{"outcome": "server_fault", "http_status": 503.0, "error": "busy for once"}] * 2
    )
    assert verdicts == [{"claim": "manners", "status": "supported", "value": 1.0}]
    assert said.code == 0
