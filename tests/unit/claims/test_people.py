"""Once people labelled a judge's answers, the judge alone sets no figure of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench import stats
from claimbench.claims.people import (
    corrected_accuracy,
    corrected_difference,
    labelled_tasks,
    people_table,
)
from claimbench.claims.slices import slice_differences
from claimbench.claims.verdicts import ClaimContext, decide_claims, parse_claim
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
N = 200
KIND = {"A": np.ones(N), "B": np.ones(N)}
"""A judge that finds everything good."""
USD = {"A": np.full(N, 0.001), "B": np.full(N, 0.002)}


def labels(share: Mapping[str, float], n: int) -> dict[str, np.ndarray]:
    """The first ``n`` items labelled, of which so many are right."""
    found = {}
    for arm, right in share.items():
        found[arm] = np.full(N, math.nan)
        found[arm][:n] = np.arange(n) < round(right * n)
    return found


def table(**more: Any) -> tuple[Any, Any]:
    return tables_from_arrays(KIND, usd=USD, **more)


def context(n: int, right: float = 0.2, other: float = 0.5) -> ClaimContext:
    items, _ = table()
    tasks = frozenset(np.unique(items.task).tolist())
    return ClaimContext(judged_tasks=tasks, human_scores=labels({"A": right, "B": other}, n))


def judge(text: str, ctx: ClaimContext) -> Verdict:
    items, calls = table()
    return decide_claims(
        [parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())], items, calls, ctx
    )[0]


@pytest.mark.parametrize("n", [30, 100])
def test_an_absolute_accuracy_uses_the_labels(n: int) -> None:
    verdict = judge("A is at least 90% accurate", context(n))
    assert verdict.status == "refuted"
    estimate = verdict.readings[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(0.2, abs=0.02)
    assert {flag.code for flag in verdict.flags} & {"human_labels_only", "judge_corrected"}


def test_without_labels_a_judge_decides_no_limit() -> None:
    ctx = replace(context(30), human_scores={})
    assert "judge_uncorrected" in {
        reason.code for reason in judge("A is at least 90% accurate", ctx).reasons
    }


@pytest.mark.parametrize(
    "text",
    [
        "A is 30% more accurate than B",
        "A makes 50% fewer errors than B",
        "A costs less per correct answer than B",
        "A costs under $1 per 1,000 correct answers",
    ],
)
def test_ratios_and_dollars_per_correct_come_from_the_labels(text: str) -> None:
    verdict = judge(text, context(60))
    for reading in verdict.readings:
        assert all(reason.code != "judge_uncorrected" for reason in reading.reasons), reading.name
    by_name = {reading.name: reading for reading in verdict.readings}
    if "per_correct" in by_name:
        found = by_name["per_correct"].estimate
        assert found is not None
        assert found.value == pytest.approx((0.001 / 0.2) / (0.002 / 0.5))
    if "per_1k_correct" in by_name:
        found = by_name["per_1k_correct"].estimate
        assert found is not None
        assert found.value == pytest.approx(1000 * 0.001 / 0.2)
    if "relative" in by_name:
        found = by_name["relative"].estimate
        assert found is not None
        assert found.value == pytest.approx(0.2 / 0.5)


def test_the_correction_is_ppi_where_labels_change_the_judge() -> None:
    rng = np.random.default_rng(5)
    truth = (rng.random(N) < 0.6).astype(float)
    said = np.where(rng.random(N) < 0.8, truth, 1 - truth)
    items, _ = tables_from_arrays({"A": said, "B": said})
    human = np.where(np.arange(N) < 80, truth, math.nan)
    tasks = frozenset(np.unique(items.task).tolist())
    ctx = ClaimContext(judged_tasks=tasks, human_scores={"A": human, "B": human})
    every = np.ones(N, dtype=np.bool_)
    found = corrected_accuracy(items, "A", every, ctx)
    assert found is not None
    assert found.flag.code == "judge_corrected"
    theirs = stats.ppi_mean(truth[:80], said[:80], said[80:], 0.05)
    assert (found.at(0.05).est, found.at(0.05).lo) == pytest.approx((theirs.est, theirs.lo))


@pytest.mark.parametrize("right", [0.0, 1.0, 0.98])
def test_near_all_right_or_all_wrong_the_labels_stand_alone(right: float) -> None:
    items, _ = table()
    found = corrected_accuracy(items, "A", np.ones(N, dtype=np.bool_), context(100, right))
    assert found is not None
    assert found.flag.code == "human_labels_only"
    interval = found.at(0.05)
    assert interval.lo < interval.hi
    assert 0 <= interval.lo <= round(100 * right) / 100 <= interval.hi <= 1


def test_a_table_of_people_leaves_other_tasks_as_they_are() -> None:
    items, _ = table()
    ctx = context(30)
    seen = people_table(items, ctx)
    assert np.isnan(seen.arms["A"].score[30:]).all()
    assert seen.arms["A"].score[:30].sum() == 6
    other = replace(ctx, judged_tasks=frozenset({"elsewhere"}))
    assert labelled_tasks(items, other) == frozenset()
    assert people_table(items, other) is items
    every = np.ones(N, dtype=np.bool_)
    assert corrected_difference(items, "A", "B", every, other) is None


def test_slices_are_compared_by_people() -> None:
    half = np.where(np.arange(N) % 2 == 0, "even", "odd")
    items, _ = table(slices={"half": half})
    human = {arm: (np.arange(N) % 2 == 0).astype(float) for arm in KIND}
    ctx = replace(context(30), human_scores=human)
    assert slice_differences(items)[0].difference == 0
    assert slice_differences(people_table(items, ctx))[0].difference == 1
