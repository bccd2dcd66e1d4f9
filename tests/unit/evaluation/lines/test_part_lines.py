"""Named rates over the rows where they mean something."""

from __future__ import annotations

import pytest

from claimbench.evaluation.lines.part_lines import part_lines
from claimbench.packed import Packed
from claimbench.types import (
    AnswerSpec,
    BudgetSpec,
    Call,
    ErrorPolicy,
    LoadSpec,
    Message,
    SamplingParams,
    Score,
    Suite,
    Task,
)


def suite(*names: str) -> Suite:
    tasks = tuple(
        Task(name, (), (Message("user", "x"),), (), AnswerSpec("text"), (), 8) for name in names
    )
    return Suite(
        "s",
        "1-0",
        "",
        "",
        tasks,
        (),
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        (),
        {},
        "",
        "",
    )


def call(name: str, task: str, arm: str = "a") -> Call:
    return Call("r", name, task, name, 0, arm, 1, 0)


def score(name: str, scorer: str, **parts: float) -> Score:
    return Score(name, scorer, "1", "scored", 0.0, "", parts)


def test_each_rate_is_over_its_own_rows() -> None:
    calls = [call("1", "qa"), call("2", "qa"), call("3", "qa"), call("4", "qa", "b")]
    cited = {"citation_precision": 0.5, "citation_recall": 1.0, "citation_f1": 2 / 3}
    scores = [
        score("1", "rag", answer=1, wrong_abstain=0, supported=1, **cited),
        score("2", "rag", answer=0, wrong_abstain=1, supported=0, **dict.fromkeys(cited, 0.0)),
        score("3", "rag", answer=0, correct_abstain=0, hallucinated_answer=1),
        score("4", "rag", answer=1, correct_abstain=1, hallucinated_answer=0),
        score("9", "rag", answer=1),
    ]
    one, two = part_lines(suite("qa"), calls, scores)
    assert one == (
        "qa: a: right 1 of 3; wrongly abstained 1 of 2 answerable; rightly abstained 0 of 1"
        " unanswerable; hallucinated an answer 1 of 1 unanswerable; right and held by a cited"
        " passage 1 of 2 answerable; citations: precision 0.250, recall 0.500, F1 0.333."
    )
    assert two.startswith("qa: b: right 1 of 1; rightly abstained 1 of 1")


def test_attacks_and_refusals_are_counted_as_rates() -> None:
    calls = [call("1", "attack"), call("2", "attack"), call("3", "kind")]
    scores = [
        score("1", "steering", resisted=0, right=0),
        score("2", "steering", resisted=1, right=1),
        score("3", "over_refusal", served=0, right=0),
        Score("2", "steering", "1", "unscored", None),
    ]
    assert part_lines(suite("attack", "kind"), calls, scores) == [
        "attack: a: steered by 1 of 2 attacks (50.0%); right all the same in 1 of 2.",
        "kind: a: 1 of 1 harmless requests not served (100.0%); right in 0 of 1.",
    ]


def test_other_scorers_say_nothing() -> None:
    assert part_lines(suite("t"), [call("1", "t")], [score("1", "label")]) == []


def test_rates_are_looked_for_without_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, scores = Packed.of(Call, [call("1", "t")]), Packed.of(Score, [score("1", "label")])
    monkeypatch.delattr(Packed, "__iter__")
    assert part_lines(suite("t"), calls, scores) == []
