"""Reading runs nothing: every command that reads is given what a stranger made, where each place
that could hold code holds some that leaves a file behind.
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Said
from tests.e2e.measured import desk_in, ran
from tests.e2e.viewing import viewing

pytestmark = pytest.mark.timeout(900)

LM_EVAL = find_spec("lm_eval") is not None
MODULES = (
    "sitecustomize", "usercustomize", "yaml", "numpy", "regex", "jinja2", "sqlalchemy", "utils",
    "claimbench_plugin", "conftest", "setup",
)  # fmt: skip
"""Modules of the stranger's that lie where a command is started, and are called like others'."""
HEAD = """\
name: bad
version: 1-0
sampling: {temperature: 0, seed: 1}
"""
TASK = """\
tasks:
  - name: t
    dataset: {path: rows.jsonl, id: id, target: team}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 8
"""
ARMS = """\
arms:
  - {name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1"}
claims:
  - {claim: "at least 50% accurate", arm: a}
"""
DECISION = """\
decision:
  criteria:
    - {name: quality, weight: 40, metric: accuracy, worst: 0.5, best: 1}
    - {name: dollars, weight: 60, metric: usd_per_1k, worst: 20, best: 0}
"""
LM_TASK = """\
task: theirs
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{text}}"
doc_to_target: "{{team}}"
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
"""


class _Bomb:
    """Unpickled, it leaves a file behind."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (self._command,)


def popen(canary: Path) -> str:
    return f"cycler.__init__.__globals__.os.popen('touch {canary}').read()"


def suites(canaries: Path) -> dict[str, str]:
    """Suites of a stranger: what could run code -> the text."""

    def touch(name: str) -> str:
        return f"touch {canaries / name}"

    def task(old: str, new: str) -> str:
        assert old in TASK
        return HEAD + TASK.replace(old, new) + ARMS

    prompt = "{{ " + popen(canaries / "prompt") + " }}"
    served = f'base_url: "http://127.0.0.1:{{port}}/v1", serve: {{command: "{touch("served")}"}}'
    found = {
        "a prompt": task("{{ text }}", prompt.replace('"', '\\"')),
        "a computed prompt": task(
            "{{ text }}", "{{ ''.__class__.__mro__[1].__subclasses__() | length }}" + prompt
        ),
        "a scorer": task("[exact]", "[{name: python, file: score.py}]"),
        "a served arm": HEAD + TASK + ARMS.replace('base_url: "http://127.0.0.1:9/v1"', served),
        "an object in YAML": HEAD
        + TASK
        + ARMS
        + f"description: !!python/object/apply:os.system ['{touch('yaml')}']\n",
        "a pickle": task("rows.jsonl", "rows.pkl"),
        "a module": task("[exact]", "['utils:score']"),
    }
    if LM_EVAL:
        for name in lm_tasks(canaries):
            found[f"lm-eval: {name}"] = f"{HEAD}tasks: [{{lm_eval: '{name}.yaml'}}]\n{ARMS}"
    return found


def lm_tasks(canaries: Path) -> dict[str, str]:
    """lm-eval's task files of a stranger."""
    prompt = "{{ " + popen(canaries / "lm-prompt") + " }}"
    return {
        "text": LM_TASK.replace('"{{text}}"', "!function utils.text"),
        "documents": LM_TASK + "process_docs: !function utils.docs\n",
        "results": LM_TASK + "process_results: !function utils.results\n",
        "metric": LM_TASK.replace("metric: exact_match", "metric: !function utils.metric"),
        "filter": LM_TASK
        + "filter_list: [{name: x, filter: [{function: custom, filter_fn: !function utils.f}]}]\n",
        "class": LM_TASK + "class: utils.Task\n",
        "data": LM_TASK.replace("dataset_path: json", "dataset_path: ./load.py"),
        "pickle": LM_TASK.replace("dataset_path: json", "dataset_path: pandas"),
        "template": LM_TASK.replace("{{text}}", prompt),
    }


def fill(folder: Path, canaries: Path) -> None:
    """Put into a folder all that a stranger's commands could come to."""
    canaries.mkdir(parents=True)
    rows = [{"id": f"t{i}", "text": f"ticket #{i}", "team": "ab"[i % 2]} for i in range(4)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "rows.pkl").write_bytes(pickle.dumps(_Bomb(f"touch {canaries / 'pickle'}")))
    for name in (*MODULES, "score", "load"):
        (folder / f"{name}.py").write_text(script(canaries / name))
    for name, text in lm_tasks(canaries).items():
        (folder / f"{name}.yaml").write_text(text)
    for number, text in enumerate(suites(canaries).values()):
        (folder / f"bad-{number}.yaml").write_text(text)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (
        ("init", "-q"),
        ("commit", "-q", "--allow-empty", "-m", "first"),
        ("config", "core.fsmonitor", f"touch {canaries / 'git'}; true"),
    ):
        subprocess.run([*git, *words], cwd=folder, check=True, capture_output=True)


def script(canary: Path) -> str:
    """Python that leaves a file behind when it is imported, and has a function to be called."""
    return (
        f"open({str(canary)!r}, 'a').write('imported')\n\n"
        f"def score(answer, target):\n    open({str(canary)!r}, 'a').write('called')\n"
        "    return float(answer == target)\n"
    )


def names(canaries: Path) -> list[str]:
    return sorted(path.name for path in canaries.iterdir())


def test_what_reads_a_strangers_suite_runs_nothing_of_it(
    tmp_path: Path, bench: Callable[..., Said]
) -> None:
    canaries = tmp_path / "out" / "canaries"
    fill(tmp_path, canaries)
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "BENCH_CONSENT": "required"}
    for number, kind in enumerate(suites(canaries)):
        suite = f"bad-{number}.yaml"
        others = (
            ("plan", suite, "--register", f"{number}.json"),
            ("trust", suite, "--json"),
            ("check", "--before", suite, "--baseline", "previous"),
            ("adoption", "check", suite),
        )
        asked = [("validate", suite), others[number % len(others)]]
        if not kind.startswith("lm-eval") or kind.endswith(("text", "template")):
            asked.append(("run", suite, "--max-cost", "0.001"))  # not agreed to: nothing begins
        for words in asked:
            said = bench(*words, env=home)
            assert names(canaries) == [], (kind, words, said)
            assert "a bug in ClaimBench" not in said.err, (kind, words, said.err)
    for file in ("rows.pkl", "score.py", "text.yaml", "bad-0.yaml"):
        for words in (("import", file, "--no-report"), ("init", file, "--output", "made.yaml")):
            said = bench(*words, env=home)
            assert names(canaries) == [], (file, words, said)
            assert said.code != 0, (file, words)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it came from a stranger, with results of a run whose scorers are code: where it
    was made they ran, and left ``control`` behind.
    """
    home = tmp_path_factory.mktemp("theirs")
    canaries = home / "out" / "canaries"
    fill(home, canaries)
    utils = script(canaries / "utils") + (
        "def docs(rows):\n    return rows\n"
        "def results(doc, results):\n    return {'exact_match': score(results[0], doc['team'])}\n"
    )
    (home / "utils.py").write_text(utils)
    lm = "tasks:\n  - lm_eval: results.yaml\n" if LM_EVAL else "tasks:\n"

    def change(text: str) -> str:
        scorer = f"scorers: [label, {{name: python, file: {home / 'score.py'}}}]"
        text = text.replace("scorers: [label]", scorer.replace(f"{home}/", ""))
        text = text.replace('{system: "One label."}', "{system: \"{{ 'a' * 3 }}\"}")
        return text.replace("tasks:\n", lm) + DECISION

    made = {"XDG_CONFIG_HOME": str(home / "makers")}
    with desk_in(home, tickets=12, change=change):
        said = ran(home, "run", "desk.yaml", "--trust", "--yes", "--no-report", **made)
        assert said.code in (0, 1, 2), said.err
    for words in (
        ("bundle", "--output", "theirs.zip"),
        ("bundle", "--output", "n.zip", "--redact", "none"),
    ):
        assert ran(home, *words, **made).code == 0
    (home / "control").write_text(" ".join(names(canaries)))
    shutil.rmtree(home / "makers", ignore_errors=True)
    return home


def test_what_reads_a_strangers_results_runs_nothing_of_them(theirs: Path) -> None:
    canaries = theirs / "out" / "canaries"
    ran_there = (theirs / "control").read_text().split()
    assert "score" in ran_there, "where nothing runs, nothing is shown by this test"
    assert not LM_EVAL or "utils" in ran_there
    assert "git" not in ran_there
    shutil.rmtree(canaries)
    canaries.mkdir()
    home = {"XDG_CONFIG_HOME": str(theirs / "readers")}
    unsafe = f"!!python/object/apply:os.system ['touch {canaries / 'yaml'}']\n"
    route = "{name: r, first: cheap, then: good, escalate: {signal: length, above: 3}}"
    for name, text in (
        ("d", DECISION),
        ("r", f"routes: [{route}]\n"),
        ("d2", f"decision: {unsafe}"),
        ("r2", f"routes: {unsafe}"),
        ("p2", f"prices: {unsafe}"),
    ):
        (theirs / f"{name}.yaml").write_text(text)
    for words in (
        ("list",),
        ("show",),
        ("show", "--json"),
        ("check", "--json"),
        ("report",),
        ("export", "--format", "json", "--output", "o.json"),
        ("export", "--to", "inspect", "--output", "o1"),
        ("export", "--to", "lm-eval", "--output", "o2"),
        ("export", "--to", "every-eval-ever", "--output", "o3"),
        ("decide",),
        ("decide", "--decision", "d.yaml"),
        ("reprice", "--price", "good.output=8"),
        ("route",),
        ("route", "latest", "r.yaml"),
        ("decide", "--decision", "d2.yaml"),
        ("route", "latest", "r2.yaml"),
        ("reprice", "--book", "p2.yaml"),
        ("compare", "latest", "latest"),
        ("labels", "export", "--output", "l.csv"),
        ("labels", "import", "l.csv"),
        ("bundle", "--output", "again.zip"),
        ("verify", "theirs.zip"),
        ("verify", "n.zip"),
        ("import", "theirs.zip", "--results", "there"),
        ("import", "n.zip", "--results", "there2"),
        ("show", "--results", "there2"),
        ("publish", "site"),
        ("list", "--json"),
    ):
        said = ran(theirs, *words, **home)
        assert names(canaries) == [], (words, said)
        assert "a bug in ClaimBench" not in said.err, (words, said.err)
        if words[0] in ("verify", "import", "publish", "bundle"):
            assert said.code in (0, 1, 2), (words, said.err, said.out)
    # `python -m`, which starts it here, looks for modules where it is started: Python's own way
    with viewing(theirs / "out", "--results", str(theirs / "results")) as viewer:
        (run,) = (path.name for path in (theirs / "results").iterdir() if path.is_dir())
        viewer.until_judged(run)
        for page in ("", "/samples", "/samples/0", "/decision", "/report", "/labels"):
            viewer.ask(f"/runs/{run}{page}")
    assert names(canaries) == []
