"""Texts of a suite arrive as YAML means them."""

from pathlib import Path

from claimbench.suite.load import load_suite

SUITE = """\
name: t
version: 1-0
description: >-
  one line
  folded into one
tasks:
  - name: a
    dataset: {path: d.jsonl, target: y}
    prompt:
      - system: >-
          Answer
          in one word.
      - user: "{{ x }}"
    answer: {type: text}
    scorers: [exact]
arms:
  - {name: m, provider: llama_cpp, model: some-model}
"""


def test_a_folded_text_has_no_marks_of_the_yaml_library(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SUITE)
    (tmp_path / "d.jsonl").write_text('{"x": "hello", "y": "world"}\n')
    suite = load_suite(tmp_path / "s.yaml")
    assert suite.description == "one line folded into one"
    assert suite.tasks[0].prompt[0].content == "Answer in one word."
