"""Scorers of answers that several texts make right, held against their reference, item by item."""

from __future__ import annotations

import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.scorers import Scorer, ScorerOptionError
from claimbench.scorers.labels import LabelScorer
from claimbench.scorers.several.contains import ContainsScorer
from claimbench.scorers.several.label_set import LabelSetScorer
from claimbench.scorers.several.overlap import SquadScorer
from claimbench.scorers.text import ExactScorer
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

LABELS = ("billing", "delivery", "tech")


def score(scorer: Scorer, text: str, target: Json, **columns: Json) -> Score:
    task = Task("t", (), (), (), AnswerSpec("label", LABELS), (), 16)
    return scorer.score("c", text, Sample("1", columns, target, "1"), task)


# -- SQuAD: the functions of the official evaluate-v1.1.py, as published ---------------------------


def normalize_answer(s: str) -> str:
    def remove_articles(text: str) -> str:
        return re.sub(r"\b(a|an|the)\b", " ", text)

    def remove_punc(text: str) -> str:
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return " ".join(remove_articles(remove_punc(s.lower())).split())


def official_f1(prediction: str, ground_truth: str) -> float:
    prediction_tokens = normalize_answer(prediction).split()
    ground_truth_tokens = normalize_answer(ground_truth).split()
    if len(ground_truth_tokens) == 0 or len(prediction_tokens) == 0:
        return int(ground_truth_tokens == prediction_tokens)
    common = Counter(prediction_tokens) & Counter(ground_truth_tokens)
    num_same = sum(common.values())
    if num_same == 0:
        return 0
    precision = 1.0 * num_same / len(prediction_tokens)
    recall = 1.0 * num_same / len(ground_truth_tokens)
    return (2 * precision * recall) / (precision + recall)


_WORDS = st.lists(
    st.sampled_from(["the", "A", "an", "Eiffel", "tower.", "Tower", "in", "Paris,", "x-y", "été"]),
    max_size=7,
).map(" ".join)


@given(_WORDS, _WORDS, st.lists(_WORDS, max_size=2))
def test_squad_is_the_official_evaluation(answer: str, target: str, more: list[str]) -> None:
    right = [target, *(each for each in more if each)]
    found = score(SquadScorer({"aliases": ["more"]}), answer, target, more=list(more))
    exact = max(normalize_answer(answer) == normalize_answer(each) for each in right)
    assert found.parts == {"exact": exact, "f1": max(official_f1(answer, r) for r in right)}
    assert found.value == found.parts["f1"]


@pytest.mark.parametrize(
    ("answer", "target", "value"),
    [("", "", 1), ("the", "A.", 1), ("...", "an", 1), ("", "Paris", 0), ("Paris", "the", 0)],
)
def test_answers_of_nothing_are_right_where_nothing_is(
    answer: str, target: str, value: float
) -> None:
    found = score(SquadScorer({}), answer, target)
    assert found.parts == {"exact": value, "f1": value}


# -- several right answers -------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "more", "value"), [
    ("Paris", "City of Light|Paname", 1), ("Paname", "City of Light|Paname", 1), ("Paname", ["Paname"], 1),
    ("Rome", ["Paname"], 0), ("Paname", None, 0), ("Paname", "", 0), ("City of Light|Paname", "City of Light|Paname", 0),
])  # fmt: skip
def test_exact_takes_aliases(text: str, more: Json, value: float) -> None:
    assert score(ExactScorer({"aliases": ["more"]}), text, "Paris", more=more).value == value


def test_label_takes_aliases() -> None:
    scorer = LabelScorer({"aliases": ["also"]})
    assert score(scorer, "It is tech.", "billing", also="tech").value == 1
    assert score(scorer, "It is delivery.", "billing", also="tech").value == 0
    with pytest.raises(ValueError, match="no column 'also'"):
        score(scorer, "tech", "billing")


# -- contains --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "target", "options", "value"), [
    ("It is Paris.", "Paris", {}, 1), ("It is paris.", "Paris", {}, 0), ("It is paris.", "Paris", {"ignore_case": True}, 1),
    ("Parisian", "Paris", {}, 0), ("Parisian", "Paris", {"words": False}, 1), ("答案是北京。", "北京", {}, 1),
    ("Paris it is", "Paris", {"where": "start"}, 1), ("It is Paris", "Paris", {"where": "start"}, 0),
    ("It is Paris", "Paris", {"where": "end"}, 1), ("Paris, Paris", "Paris", {"where": "end"}, 1),
    ("Paris and Rome", "Paris", {"aliases": ["more"], "of": "all"}, 1), ("Paris", "Paris", {"aliases": ["more"], "of": "all"}, 0),
    ("Rome", "Paris", {"aliases": ["more"]}, 1), ("Oslo", "Paris", {"aliases": ["more"], "of": "none"}, 1),
    ("Rome", "Paris", {"aliases": ["more"], "of": "none"}, 0), ("والسلام", "لا", {}, 0), ("l’eau", "l'eau", {}, 1),
    ("", "Paris", {}, 0), ("x" * 50_000 + " Paris", "Paris", {"words": False, "where": "end"}, 1),
])  # fmt: skip
def test_contains(text: str, target: str, options: dict[str, Json], value: float) -> None:
    assert score(ContainsScorer(options), text, target, more=["Rome"]).value == value


# -- several labels at once ------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "target", "f1", "subset"), [
    ("billing, tech", "tech; billing", 1, 1), ("billing", "billing;tech", 2 / 3, 0), ('["billing", "tech"]', ["billing", "tech"], 1, 1),
    ("billing and not tech", "billing", 1, 1), ("delivery", "billing", 0, 0), ("none", "", 1, 1), ("None.", "none", 1, 1),
    ("none", "billing", 0, 0), ("billing", "", 0, 0), ("- Billing\n- Tech", "billing;tech", 1, 1), ("[]", "", 1, 1),
    ("Labels: billing, tech", "billing;tech", 1, 1),
])  # fmt: skip
def test_label_sets(text: str, target: Json, f1: float, subset: float) -> None:
    found = score(LabelSetScorer({"labels": list(LABELS)}), text, target)
    assert (found.status, found.value) == ("scored", pytest.approx(f1))
    assert found.parts["subset"] == subset


def test_label_sets_that_cannot_be_read() -> None:
    scorer = LabelSetScorer({"labels": list(LABELS)})
    assert score(scorer, "I cannot say", "tech").status == "unparsable"
    assert score(scorer, '["tech", "x"]', "tech").status == "unparsable"
    with pytest.raises(ValueError, match="none of the labels"):
        score(scorer, "tech", "teck")
    with pytest.raises(ScorerOptionError, match="labels"):
        LabelSetScorer({})


@given(st.sets(st.sampled_from(LABELS)), st.sets(st.sampled_from(LABELS)))
def test_label_sets_are_scikit_learns_samples_f1(ours: set[str], theirs: set[str]) -> None:
    """F1 per item over the indicator vectors, 1 where both are empty (zero_division=1)."""
    both = [(name in ours, name in theirs) for name in LABELS]
    hits = sum(a and b for a, b in both)
    wrong = sum(a != b for a, b in both)
    expected = 2 * hits / (2 * hits + wrong) if hits or wrong else 1.0
    text = ", ".join(sorted(ours)) or "none"
    found = score(LabelSetScorer({"labels": list(LABELS)}), text, sorted(theirs))
    assert found.value == pytest.approx(expected)
