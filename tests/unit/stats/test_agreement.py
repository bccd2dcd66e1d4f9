"""Graded relevance and rankings: formulas against independent ones, and what the scorers read."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.scorers import Scorer, ScorerOptionError, load
from claimbench.stats.agreement import (
    against,
    ceiling,
    ndcg,
    ndcg_of_predictions,
    quadratic_kappa,
    reciprocal_rank,
)
from claimbench.types import AnswerSpec, Json, Sample, Score, ScorerSpec, Task

GRADES = st.lists(st.integers(0, 3), min_size=2, max_size=30)


def kappa_by_matrix(ours: list[int], theirs: list[int]) -> float | None:
    """Textbook form: observed and expected matrices with quadratic weights."""
    n, k = len(ours), 4
    observed = [
        [sum((a, b) == (i, j) for a, b in zip(ours, theirs, strict=True)) for j in range(k)]
        for i in range(k)
    ]
    weights = [[(i - j) ** 2 for j in range(k)] for i in range(k)]
    rows, columns = [ours.count(i) for i in range(k)], [theirs.count(j) for j in range(k)]
    cells = list(itertools.product(range(k), repeat=2))
    expected = sum(weights[i][j] * rows[i] * columns[j] / n for i, j in cells)
    return (
        1 - sum(weights[i][j] * observed[i][j] for i, j in cells) / expected if expected else None
    )


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_kappa_is_the_textbooks(pairs: list[tuple[int, int]]) -> None:
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    wanted = kappa_by_matrix(ours, theirs)
    found = quadratic_kappa(ours, theirs)
    assert (found is None) == (wanted is None)
    if wanted is not None:
        assert found == pytest.approx(wanted, abs=1e-9)


def test_kappa_that_chance_explains_is_unknown() -> None:
    assert quadratic_kappa([1, 1], [1, 1]) is None
    assert quadratic_kappa([], []) is None
    with pytest.raises(ValueError, match="2 grades against 1"):
        quadratic_kappa([1, 2], [1])


def test_ndcg_of_a_known_case() -> None:
    # 3, 2, 3, 0, 1, 2 (Wikipedia's example, with gains 2^g - 1)
    order = [3, 2, 3, 0, 1, 2]
    gains = [7, 3, 7, 0, 1, 3]
    wanted = sum(g / math.log2(r + 2) for r, g in enumerate(gains))
    best = sum(g / math.log2(r + 2) for r, g in enumerate(sorted(gains, reverse=True)))
    assert ndcg(order, order) == pytest.approx(wanted / best)
    assert ndcg([0, 0], [0, 0]) is None
    assert ndcg([0, 3], [0, 3], k=1) == 0


@given(GRADES, st.integers(0, 10_000))
def test_tied_predictions_count_with_their_mean(true: list[int], seed: int) -> None:
    rng = random.Random(seed)
    predicted = [rng.randrange(2) for _ in true]
    found = ndcg_of_predictions(predicted, true)
    if not any(true):
        assert found is None
        return
    if len(true) <= 6:  # the mean over all orders of the tied ones
        orders = [
            p
            for p in itertools.permutations(range(len(true)))
            if _descends([predicted[i] for i in p])
        ]
        every = [ndcg([true[i] for i in p], true) or 0.0 for p in orders]
        assert found == pytest.approx(sum(every) / len(every))
    assert ndcg_of_predictions(true, true) == pytest.approx(1)


def _descends(values: list[int]) -> bool:
    return values == sorted(values, reverse=True)


def test_reciprocal_rank() -> None:
    assert reciprocal_rank([0, 1, 3]) == 0.5
    assert reciprocal_rank([0, 1, 3], relevant_from=2) == pytest.approx(1 / 3)
    assert reciprocal_rank([0, 0]) == 0


def test_the_ceiling_is_what_raters_reach() -> None:
    found = ceiling({"a": [3, 2, 0, None], "b": [3, 1, 0, 1], "c": [3, 2, 1, 1]}, [3, 2, 0, 1])
    assert found.raters["a"].n == 3
    assert found.raters["a"].exact == 1
    assert found.raters["b"].exact == 0.75
    assert found.pairs is not None
    assert found.pairs.n == 3 + 3 + 4
    assert found.pairs.exact == pytest.approx((2 + 2 + 2) / 10)
    assert against([], []) is None
    found2 = against([3, 0, 0], [3, 0, 1], ["q", "q", "r"])
    assert found2 is not None
    assert (found2.n_queries, found2.ndcg) == (2, 1.0)


def scorer(name: str, **options: Json) -> Scorer:
    (made,) = load([ScorerSpec(name, options)])
    return made


RANK = Task("t", (), (), (), AnswerSpec("text"), (), 16)
TARGET = {"A1": 3, "B2": 0, "C3": 1}


def ranked(text: str, target: Json = None, **options: Json) -> Score:
    sample = Sample("1", {"docs": ["A1", "B2", "C3"]}, TARGET if target is None else target, "1")
    return scorer("ranking", **options).score("c", text, sample, RANK)


@pytest.mark.parametrize(
    "text",
    [
        "A1, C3, B2",
        '["A1", "C3", "B2"]',
        "1. a1\n2. c3\n3. b2",
        "Best: A1 > C3 > B2 (A1 fits)",
        '["A1","C3"]',
    ],
)
def test_a_perfect_order_scores_one(text: str) -> None:
    assert ranked(text).value == pytest.approx(1.0)


def test_orders_are_told_apart() -> None:
    best, swapped, left_out = ranked("A1 C3 B2"), ranked("C3 A1 B2"), ranked("C3")
    assert best.value == 1
    ideal = 7 + 1 / math.log2(3)
    assert swapped.value == pytest.approx((1 + 7 / math.log2(3)) / ideal)
    assert left_out.value == pytest.approx(1 / ideal)
    assert "2 left out" in left_out.explanation
    assert ranked("B2, A1", metric="mrr").value == 0.5
    assert ranked('["Z9", "A1"]', metric="mrr").value == 0.5, "an invented candidate takes a place"
    assert ranked("no idea").status == "unparsable"
    assert ranked("C3 B2 A1", ["A1"], candidates="docs", metric="mrr").value == pytest.approx(1 / 3)


def test_nothing_relevant_is_unscored_not_zero() -> None:
    with pytest.raises(ValueError, match="no candidate of this sample is relevant"):
        ranked("A1", {"A1": 0, "B2": 0})
    with pytest.raises(ValueError, match="neither"):
        ranked("A1", 3)


GRADED = Task("t", (), (), (), AnswerSpec("label", ("0", "1", "2", "3")), (), 4)


def graded(
    text: str, target: Json = "2", ratings: tuple[Json, ...] = (2, 2, 3), **options: Json
) -> Score:
    row = {f"r{i}": value for i, value in enumerate(ratings)}
    return scorer("graded", raters=list(row), **options).score(
        "c", text, Sample("1", row, target, "1"), GRADED
    )


def test_grades_against_final_rating_and_raters() -> None:
    right, near = graded("2"), graded("Grade: 3")
    assert right.parts == {
        "exact": 1,
        "within_one": 1,
        "closeness": 1,
        "raters": 2 / 3,
        "ceiling": 1 / 3,
    }
    assert near.value == 0
    assert near.parts["closeness"] == pytest.approx(2 / 3)
    assert near.parts["raters"] == pytest.approx(1 / 3)
    assert graded("3", metric="closeness").value == pytest.approx(2 / 3)
    assert graded("7").status == "unparsable"
    assert graded("7").parts["ceiling"] == pytest.approx(1 / 3)
    assert "ceiling" not in graded("2", ratings=(2, "", None)).parts
    assert "raters" not in graded("2", ratings=()).parts


def test_graded_refuses_what_it_cannot_judge() -> None:
    with pytest.raises(ValueError, match="no grade from 0 to 3"):
        graded("2", "5")
    made = scorer("graded", raters=["x"])
    with pytest.raises(ValueError, match="no column 'x'"):
        made.score("c", "2", Sample("1", {}, "2", "1"), GRADED)
    assert made.check(AnswerSpec("label", ("good", "bad")))  # type: ignore[attr-defined]
    assert made.check(AnswerSpec("label", ("1", "2"))) is None  # type: ignore[attr-defined]
    with pytest.raises(ScorerOptionError, match="unknown option 'rater'"):
        scorer("graded", rater=["x"])


def test_a_run_says_what_people_and_arms_reach() -> None:
    from claimbench.evaluation.lines.agreement import agreement_lines
    from claimbench.suite.load import suite_from_json
    from claimbench.types import Call, CallRecord, Outcome

    rows = [("q1", 3, (3, 3)), ("q1", 0, (0, 1)), ("q2", 2, (2, 2)), ("q2", 1, (1, 1))]
    samples = [
        {"id": str(i), "input": {"r1": a, "r2": b}, "target": str(final), "cluster": query}
        for i, (query, final, (a, b)) in enumerate(rows)
    ]
    task = {
        "name": "t",
        "samples": samples,
        "prompt": [],
        "few_shot": [],
        "max_tokens": 4,
        "answer": {"kind": "label", "labels": ["0", "1", "2", "3"]},
        "scorers": [{"name": "graded", "options": {"raters": ["r1", "r2"]}}],
    }
    suite = suite_from_json(
        {
            "schema": 1,
            "name": "s",
            "version": "1-0",
            "description": "",
            "path": "s",
            "tasks": [task],
            "arms": [],
            "sampling": {},
            "epochs": 1,
            "order_seed": 1,
            "load": {},
            "budget": {},
            "claims": [],
            "errors": {},
            "margin": 0.03,
            "alpha": 0.05,
            "population": "super",
            "stop": "never",
            "allow": [],
            "thresholds": {},
            "file_sha256": "",
            "measured_sha256": "",
        }
    )
    said = ["3", "0", "2", "no idea"]
    records = [
        CallRecord(Call("r", str(i), "t", str(i), 0, "model", 0, i), text, Outcome.OK, "stop", 1)
        for i, text in enumerate(said)
    ]
    people, model = agreement_lines(suite, records)
    assert "r1 100%, r2 75% of items" in people
    assert "each other on 75%" in people
    assert "ceiling" in people
    assert "same grade 100%" in model
    assert "n 3; sorting by its grades gives NDCG@10 1.000 over 2 queries" in model
