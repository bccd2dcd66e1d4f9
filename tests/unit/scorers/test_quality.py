"""What a task's score is called in a verdict: accuracy only where it is a share of right answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.verdicts import ClaimContext, decide_claims, parse_claim
from claimbench.scorers.quality import is_share, quality_name
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import AnswerSpec, Arm, ClaimSpec, ScorerSpec, Task

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))


def task(name: str, reduce: str | None = None, **options: Any) -> Task:
    spec = ScorerSpec(name, options)
    return Task("t", (), (), (), AnswerSpec("text"), (spec,), 16, reduce=reduce)


@pytest.mark.parametrize(
    ("name", "options", "called"),
    [
        ("label", {}, "accuracy"),
        ("date", {}, "accuracy"),
        ("squad", {"metric": "exact"}, "accuracy"),
        ("squad", {}, "SQuAD's F1"),
        ("label_set", {"metric": "subset"}, "accuracy"),
        ("label_set", {}, "F1 of the labels, by item"),
        ("text_overlap", {}, "chrF"),
        ("text_overlap", {"metric": "rougeL"}, "ROUGE-L"),
        ("json_fields", {}, "share of right fields"),
        ("judge", {"choices": {"good": 1, "bad": 0}}, "accuracy"),
        ("judge", {"choices": {"good": 1, "partly": 0.5, "bad": 0}}, "the judge's score"),
        ("lm_eval", {"metric": "error_rate,none", "higher_is_better": False}, "1 - error_rate"),
        ("checks", {"of": ["contains", "exact"], "headline": "all"}, "accuracy"),
        ("checks", {"of": ["contains", "exact"]}, "weighted share of checks"),
        ("checks", {"of": ["squad"], "headline": "all"}, "SQuAD's F1"),
        ("checks", {"of": ["exact", "squad"], "headline": "exact"}, "accuracy"),
        ("checks", {"of": ["squad", "exact"], "headline": "squad"}, "SQuAD's F1"),
        ("checks", {"of": ["squad", "squad"], "headline": "squad 2"}, "SQuAD's F1"),
        (
            "checks",
            {"of": [{"scorer": "squad", "name": "a", "metric": "exact"}, "squad"], "headline": "a"},
            "accuracy",
        ),
        ("checks", {"of": [{"scorer": "text_overlap", "not": True}]}, "1 - chrF"),
        ("checks", {"of": ["exact", "squad"], "headline": "all"}, "lowest of the checks"),
        ("checks", {"of": ["exact", "squad"], "headline": "any"}, "highest of the checks"),
        ("checks", {"of": ["exact", "squad"]}, "weighted share of checks"),
        ("checks", {"of": [{"scorer": "squad", "at_least": 0.5}], "headline": "any"}, "accuracy"),
        ("someones_plugin", {}, "someones_plugin"),
    ],
)
def test_names(name: str, options: dict[str, Any], called: str) -> None:
    assert quality_name(task(name, **options)) == called
    assert is_share(called) == (called == "accuracy")


def test_pass_at_k_is_no_accuracy_and_mode_is() -> None:
    assert quality_name(task("label", "pass@3")) == "pass@3"
    assert quality_name(task("label", "mode")) == "accuracy"


@pytest.mark.parametrize("graded", [True, False])
def test_a_verdict_names_a_score_that_is_no_share(graded: bool) -> None:
    rng = np.random.default_rng(2)
    scores = {arm: rng.random(60) for arm in ("A", "B")}
    if not graded:
        scores = {arm: (values > 0.5).astype(float) for arm, values in scores.items()}
    items, calls = tables_from_arrays(scores)
    ctx = ClaimContext(qualities={str(items.task[0]): "chrF"})
    claim = parse_claim(ClaimSpec("c", "A is more accurate than B", None, {}), ARMS, ())
    (verdict,) = decide_claims([claim], items, calls, ctx)
    named = [flag.detail for flag in verdict.flags if flag.code == "quality_is"]
    assert named == (["chrF"] if graded else [])
    assert ("another mean (chrF)" in verdict.sentence) == graded
