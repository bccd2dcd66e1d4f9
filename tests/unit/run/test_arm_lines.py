"""An arm carries the lines of the suite file it was read from: errors name them, nothing stores
them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from claimbench.cli.common import provider_factories
from claimbench.errors import PluginError, SuiteError
from claimbench.run.arms import at_its_line, check_arms
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import Suite
from claimbench_providers.models.context import provider_context

SUITE = """\
name: desk
version: 1-0
tasks:
  - name: reply
    dataset: {path: rows.jsonl, id: id, target: right}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 32
arms:
  - name: one
    provider: compatible
    model: a-1
    base_url: "http://localhost:1/v1"
  - name: two
    provider: compatible
    model: b-1
    base_url: "http://localhost:1/v1"
    options:
      accept_model: [b-1]
      stream_usage: true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [{"id": f"s{i}", "text": f"question {i}", "right": "yes"} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "desk.yaml"
    path.write_text(SUITE)
    return path


def refused(suite: Suite, arm: str, option: str | None) -> BaseException:
    """Return the error of an arm (by name) that its provider does not take."""
    with (
        pytest.raises((SuiteError, PluginError)) as caught,
        at_its_line(suite, next(one for one in suite.arms if one.name == arm)),
    ):
        raise PluginError("not so", hint="but so", option=option)
    return caught.value


@pytest.mark.parametrize(
    ("arm", "option", "line"),
    [
        ("one", None, 11),
        ("two", None, 15),
        ("two", "accept_model", 20),
        ("two", "stream_usage", 21),
        ("two", "not stated", 15),
    ],
)
def test_an_error_names_the_line_that_was_loaded(
    file: Path, arm: str, option: str | None, line: int
) -> None:
    suite = load_suite(file)
    file.write_text("# changed since\n" * 50)
    error = refused(suite, arm, option)
    assert isinstance(error, SuiteError)
    assert (error.path, error.line, error.hint) == (str(file), line, "but so")


def test_an_arm_of_no_file_raises_what_its_provider_said(file: Path) -> None:
    suite = load_suite(file)
    bare = replace(suite, arms=tuple(replace(arm, line=None) for arm in suite.arms))
    assert isinstance(refused(bare, "one", None), PluginError)


def test_lines_are_not_compared_not_measured_and_not_stored(file: Path) -> None:
    suite = load_suite(file)
    file.write_text(SUITE.replace("arms:", "\n\n\narms:"))
    moved = load_suite(file)
    assert moved.arms[1].line == 18
    assert moved.arms == suite.arms
    assert moved.measured_sha256 == suite.measured_sha256
    assert replace(moved, file_sha256=suite.file_sha256) == suite
    stored = suite_to_json(suite)
    assert stored["arms"] == suite_to_json(moved)["arms"]
    assert not {"line", "option_lines"} & stored["arms"][1].keys()
    assert stored["arms"][1]["options"] == {"accept_model": ["b-1"], "stream_usage": True}
    read = suite_from_json(json.loads(json.dumps(stored)))
    assert read == suite
    assert read.arms[1].line is None


def test_all_that_arms_refuse_is_told_in_one_round(file: Path) -> None:
    text = file.read_text().replace(
        "tasks:", "sampling: {seed: 7, temperature: 2, top_p: 0.5}\ntasks:", 1
    )
    for name, model in (("three", "claude-opus-5"), ("four", "claude-haiku-4-5")):
        text += f"  - {{name: {name}, provider: anthropic, model: {model}}}\n"
    file.write_text(text)
    suite = load_suite(file)
    with pytest.raises(SuiteError) as caught:
        check_arms(
            suite, provider_factories([arm.provider for arm in suite.arms]), provider_context(suite)
        )
    told = f"{caught.value} {caught.value.hint}"
    assert "seed 7: the Messages API takes no seed; nor temperature 2" in told
    assert "omit: [seed, temperature, top_p]" in told
    assert f"{file}:{text.count(chr(10))}: arm 'four' cannot be sent" in told
