"""The `compare` block of a suite: what it keeps, and mistakes by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.errors import SuiteError
from claimbench.monitoring.settings import settings_of
from claimbench.suite.codec import sample_sha256, suite_from_json, suite_to_json, task_sha256
from claimbench.suite.load import load_suite

SUITE = """\
name: s
version: 1-0
tasks:
  - name: route
    dataset: {path: rows.csv, target: team}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: one, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1"}
  - {name: two, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1"}
"""
ROWS = "text,team\nhello,a\nworld,b\n"


def load(folder: Path, block: str, suite: str = SUITE, rows: str = ROWS) -> object:
    (folder / "rows.csv").write_text(rows)
    (folder / "s.yaml").write_text(suite + block)
    return load_suite(folder / "s.yaml")


def test_what_is_stated_is_stored_with_the_run(tmp_path: Path) -> None:
    block = "compare: {baseline: old, runs: 9, common: 0.5, margins: {dollars: off, ttft_p95: 0.3}, arms: {one: uno}}"
    suite = load(tmp_path, block)
    again = suite_from_json(suite_to_json(suite))  # type: ignore[arg-type]
    found = settings_of(again)
    assert (found.baseline, found.runs, found.common) == ("old", 9, 0.5)
    assert (found.margins.accuracy, found.margins.dollars) == (0.03, None)
    assert (found.margins.time, found.margins.latency) == ("ttft_p95", 0.3)
    assert found.arms == {"one": "uno"}


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("compare: {arms: {three: one}}", "unknown arm 'three'"),
        ("compare: {arms: {one: x, two: x}}", "several arms"),
        ("compare: {margins: {e2e_p50: 0.1, e2e_p95: 0.1}}", "one latency is judged"),
        ("compare: {margins: {latency: off, e2e_p95: 0.1}}", "one latency is judged"),
        ("compare: {margins: {accuracy: 2}}", "accuracy"),
        ("compare: {margins: {acuracy: 0.02}}", "acuracy"),
        ("compare: {margins: {dollars: .inf}}", "finite"),
        ("compare: {runs: 0}", "runs"),
        ("compare: {common: 0}", "common"),
        ('compare: {baseline: "a\\nb"}', "one line"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, block: str, told: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, block)
    assert told in str(caught.value)
    assert "s.yaml:12" in str(caught.value)


def test_a_comparison_changes_nothing_that_is_measured(tmp_path: Path) -> None:
    plain, with_block = load(tmp_path, ""), load(tmp_path, "compare: {runs: 3}")
    assert plain.measured_sha256 == with_block.measured_sha256  # type: ignore[attr-defined]


def test_a_sample_hashes_by_question_and_target_and_a_task_by_the_rest(tmp_path: Path) -> None:
    before = load(tmp_path, "").tasks[0]  # type: ignore[attr-defined]
    after = load(tmp_path, "", rows=ROWS.replace("world", "there")).tasks[0]  # type: ignore[attr-defined]
    same = [
        sample_sha256(a) == sample_sha256(b)
        for a, b in zip(before.samples, after.samples, strict=True)
    ]
    assert same == [True, False]
    assert task_sha256(before) == task_sha256(after)
    asked = SUITE.replace('user: "{{ text }}"', 'user: "Team? {{ text }}"')
    other = load(tmp_path, "", asked).tasks[0]  # type: ignore[attr-defined]
    assert task_sha256(before) != task_sha256(other)
