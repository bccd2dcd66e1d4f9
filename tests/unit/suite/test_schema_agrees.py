"""The published JSON Schema and ``bench validate`` say the same of a file's form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from claimbench.errors import SuiteError
from claimbench.suite.load import json_schema, load_suite

REPO = Path(__file__).resolve().parents[3]
SUITES = sorted(REPO.glob("suites/**/*.y*ml"))
HEAD = "name: s\nversion: 1-0\n"
TASKS = """\
tasks:
  - name: t
    dataset: {path: rows.csv, id: id, target: y}
    prompt: [{user: "{{ x }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
"""
ARMS = 'arms: [{name: one, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1"}]\n'
ADOPTION = "adoption: {snapshots: [snapshot.json]}\n"
CLAIM = "claims: [{claim: most of the top two trending models are Chinese}]\n"
MINIMAL = {
    "measured": (HEAD + TASKS + ARMS, True),
    "bare snapshots": (HEAD + ADOPTION, True),
    "snapshots and a claim": (HEAD + ADOPTION + CLAIM, True),
    "snapshots and a run": (HEAD + TASKS + ARMS + ADOPTION, True),
    "nothing": (HEAD, False),
    "no arms": (HEAD + TASKS, False),
    "no tasks": (HEAD + ARMS, False),
    "snapshots and arms": (HEAD + ARMS + ADOPTION, False),
    "snapshots and judges": (HEAD + ADOPTION + ARMS.replace("arms", "judges"), False),
    "snapshots and users": (HEAD + ADOPTION + ARMS.replace("arms", "simulated_users"), False),
    "empty snapshots": (HEAD + "adoption:\n" + CLAIM, False),
    "no name": ("version: 1-0\n" + ADOPTION, False),
    "no version": ("name: s\n" + TASKS + ARMS, False),
    "an unknown key": (HEAD + ADOPTION + "adopted: 1\n", False),
}


def valid(text: str) -> bool:
    validator = Draft202012Validator(json_schema())
    # dates are dates to YAML and text to the schema
    return validator.is_valid(json.loads(json.dumps(yaml.safe_load(text), default=str)))


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.name)
def test_every_shipped_suite_is_valid_by_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if "version:" not in text or "name:" not in text.partition("tasks:")[0]:
        pytest.skip("no suite")
    assert valid(text)


@pytest.mark.parametrize("kind", MINIMAL)
def test_a_minimal_file_is_valid_for_both_or_for_neither(tmp_path: Path, kind: str) -> None:
    text, right = MINIMAL[kind]
    (tmp_path / "rows.csv").write_text("id,x,y\n1,q,a\n2,w,b\n")
    rows = [{"id": f"qwen/m{rank}", "trendingScore": 9 - rank, "rank": rank} for rank in (1, 2)]
    snapshot = {"source": "https://hub", "date": "2026-11-28", "order": "trending", "rows": rows}
    (tmp_path / "snapshot.json").write_text(json.dumps(snapshot))
    (tmp_path / "s.yaml").write_text(text)
    assert valid(text) == right
    try:
        load_suite(tmp_path / "s.yaml")
        loaded = True
    except SuiteError as error:
        # what only reading the snapshot can tell is no matter of the schema
        loaded = "snapshot" in str(error)
    assert loaded == right
