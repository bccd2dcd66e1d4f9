"""The decision of a suite file: every mistake has its line, and what it says is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from claimbench.decision.gates import check_decision
from claimbench.errors import ClaimError, SuiteError
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.suite.purpose.decision import load_decision
from claimbench.types import Suite

SUITE = """name: s
version: 1-0
tasks:
  - name: t
    dataset: {path: d.csv, target: y}
    prompt: [{user: "{{ x }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: one, provider: p, model: m}
  - {name: two, provider: p, model: n}
"""
GOOD = """decision:
  incumbent: one
  requirements:
    - {name: quality, claim: as accurate as one, task: t}
    - {name: licence, fact: licence, is: [mit]}
    - {name: paper, attested: {two: {text: ISO 27001, dated: 2026-03-01, file: iso.txt}}}
  criteria:
    - {name: quality, weight: 2, metric: accuracy, worst: 0.5, best: 1}
  facts: {two: {licence: mit}}
"""

Load = Callable[[str], Suite]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "d.csv").write_text("x,y\n" + "".join(f"q{i},a\n" for i in range(4)))
    (tmp_path / "iso.txt").write_text("certificate")

    def made(decision: str) -> Suite:
        (tmp_path / "s.yaml").write_text(SUITE + decision)
        suite = load_suite(tmp_path / "s.yaml", providers={"p"})
        check_decision(suite)
        return suite

    return made


def test_a_decision_is_kept_with_its_suite(load: Load) -> None:
    suite = load(GOOD)
    assert suite.decision is not None
    paper = suite.decision.requirements[2].attested["two"]
    assert len(paper.sha256 or "") == 64
    assert suite_from_json(suite_to_json(suite)).decision == suite.decision


def test_a_decision_does_not_change_what_is_measured(load: Load) -> None:
    assert load(GOOD).measured_sha256 == load("").measured_sha256


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("incumbent: one", "incumbent: onne", 13, "unknown arm 'onne'"),
        ("task: t", "task: tt", 15, "unknown task 'tt'"),
        ("fact: licence", "fact: license", 16, "unknown fact 'license'"),
        ("dated: 2026-03-01", "dated: 2199-01-01", 17, "lies in the future"),
        ("file: iso.txt", "file: gone.txt", 17, "gone.txt"),
        ("file: iso.txt", "file: ../iso.txt", 17, "leaves the suite's folder"),
        ("attested: {two:", "attested: {three:", 17, "unknown arm 'three'"),
        ("is: [mit]", "is: []", 16, "fact and is belong together"),
        ("worst: 0.5, best: 1", "worst: 1, best: 0.5", 19, "of accuracy more is better"),
        ("worst: 0.5, best: 1", "worst: 1, best: 1", 19, "no scale lies between them"),
        ("worst: 0.5, best: 1", "worst: 50, best: 95", 19, "is a share"),
        ("weight: 2", "weight: 0", 19, "weight"),
        ("weight: 2", "weight: .inf", 19, "not a finite number"),
        ("metric: accuracy", "metric: acuracy", 19, "metric"),
        ("facts: {two:", "facts: {tow:", 20, "unknown arm 'tow'"),
        ("dated: 2026-03-01", "dated: 2026-02-31", 17, "2026-02-31"),
    ],
)
def test_a_mistake_has_its_line(load: Load, old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError, match=f"s.yaml:{line}: ") as caught:
        load(GOOD.replace(old, new, 1))
    assert said in str(caught.value)


@pytest.mark.parametrize("claim", ["as acurate as one", "as good as three", "nice"])
def test_a_claim_that_cannot_be_read_has_its_line(load: Load, claim: str) -> None:
    with pytest.raises(ClaimError, match=r"s.yaml:15: "):
        load(GOOD.replace("as accurate as one", claim))


def test_an_empty_decision_is_none(load: Load) -> None:
    with pytest.raises(SuiteError, match="needs requirements, criteria or both"):
        load("decision: {incumbent: one}\n")


def test_two_of_one_name_are_refused(load: Load) -> None:
    with pytest.raises(SuiteError, match="two requirements are called 'licence'"):
        load(GOOD.replace("name: quality, claim", "name: licence, claim"))


@pytest.mark.parametrize("inside", [True, False])
def test_a_file_of_its_own(load: Load, tmp_path: Path, inside: bool) -> None:
    suite = load("")
    text = GOOD if inside else "\n".join(row[2:] for row in GOOD.splitlines()[1:])
    (tmp_path / "dec.yaml").write_text(text)
    found = load_decision(tmp_path / "dec.yaml", suite)
    assert [one.name for one in found.requirements] == ["quality", "licence", "paper"]
    (tmp_path / "dec.yaml").write_text(text.replace("incumbent: one", "incumbent: no"))
    with pytest.raises(SuiteError, match=r"dec.yaml:[12]: unknown arm 'no'"):
        load_decision(tmp_path / "dec.yaml", suite)
