"""``serve: {engine: ...}``: each recipe starts its engine as that documents it, waits where that says
that it is ready, and finds the model under its name.
"""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claimbench.store.results import ResultsStore

from .conftest import Said

STAND_IN = Path(__file__).parent / "engine_stand_in.py"
PROGRAMS = {"llama_server": "llama-server", "vllm": "vllm", "ollama": "ollama"}
MODELS = {
    "llama_server": "./tiny.gguf",
    "vllm": "org/tiny",
    "sglang": "org/tiny",
    "ollama": "tiny:1b",
}
MORE = {
    "llama_server": "[-c, '512']",
    "vllm": "[--max-model-len, '512']",
    "sglang": "[]",
    "ollama": "[]",
}
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
    model: "{model}"
    cost: {{host: {{usd_per_hour: 0.2, source: test, dated: 2026-01-01}}}}
    serve: {{engine: {engine}, args: {more}, ready_within_s: 30, warmup: 1}}
"""


def install(engine: str, folder: Path) -> None:
    """Put a stand-in where the recipe finds the engine: a program, or a module of Python."""
    if engine == "sglang":
        (folder / "sglang").mkdir()
        (folder / "sglang" / "__init__.py").write_text("")
        text = f"import runpy, sys\nsys.argv[1:1] = ['sglang']\nrunpy.run_path({str(STAND_IN)!r})\n"
        (folder / "sglang" / "launch_server.py").write_text(text)
        return
    program = folder / PROGRAMS[engine]
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" {engine} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def run(
    tmp_path: Path, bench: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    def start(engine: str, *, installed: bool = True) -> Said:
        programs = tmp_path / "bin"
        programs.mkdir()
        if installed:
            install(engine, programs)
        kept = [entry for entry in sys.path if entry]
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        monkeypatch.setenv("PYTHONPATH", ":".join([str(programs), *kept]))
        rows = [json.dumps({"text": f"ticket {i}", "team": "billing"}) for i in range(4)]
        (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
        (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
        suite = tmp_path / "served.yaml"
        suite.write_text(SUITE.format(engine=engine, model=MODELS[engine], more=MORE[engine]))
        return bench("run", str(suite), "--json", "--no-report")

    return start


@pytest.mark.parametrize("engine", ["llama_server", "vllm", "sglang", "ollama"])
def test_an_engine_is_started_as_it_documents_and_answers(
    run: Callable[..., Said], tmp_path: Path, engine: str
) -> None:
    said = run(engine)
    assert said.code == 0, said.err
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        facts = store.manifest(said.json["run"]).arm_facts["own"]
        assert len(store.finished(said.json["run"])) == 4
    assert len(facts["details"]["served"]["warmup"]["seconds"]) == 1
    assert facts["load_seconds"] >= 0.5


@pytest.mark.parametrize("engine", ["llama_server", "ollama"])
def test_an_engine_that_is_not_installed_is_named(run: Callable[..., Said], engine: str) -> None:
    said = run(engine, installed=False)
    assert said.code == 3
    assert f"{PROGRAMS[engine]} is not installed" in said.err
