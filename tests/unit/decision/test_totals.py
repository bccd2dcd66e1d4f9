"""Totals: what a figure is worth, and intervals that cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from claimbench.decision.values import Totals, value_of
from claimbench.types import Criterion


@pytest.mark.parametrize(
    ("figure", "worst", "best", "worth"),
    [
        (0.6, 0.6, 0.9, 0.0),
        (0.75, 0.6, 0.9, 0.5),
        (0.95, 0.6, 0.9, 1.0),
        (0.1, 0.6, 0.9, 0.0),
        (2.0, 4.0, 0.0, 0.5),
        (9.0, 4.0, 0.0, 0.0),
        (math.inf, 4.0, 0.5, 0.0),
    ],
)
def test_a_value_is_linear_and_clipped(
    figure: float, worst: float, best: float, worth: float
) -> None:
    criterion = Criterion("c", 1, "accuracy", worst, best)
    assert value_of(figure, criterion) == pytest.approx(worth)


def test_a_total_is_recomputed_by_hand(made: Any) -> None:
    evaluation = made.evaluation(
        {"a": [1, 1, 1, 0], "b": [1, 0, 0, 0]},
        usd={"a": [0.002] * 4, "b": [0.001] * 4},
        e2e_s={"a": [1.0, 1, 1, 1], "b": [2.0, 2, 2, 2]},
    )
    criteria = [
        made.criterion("accuracy", 50, 0.0, 1.0),
        made.criterion("usd_per_1k", 30, 4.0, 0.0),
        made.criterion("e2e_p50_s", 20, 4.0, 0.0),
    ]
    totals = Totals(evaluation, criteria, ["a", "b"])
    assert totals.total("a") == pytest.approx(50 * 0.75 + 30 * 0.5 + 20 * 0.75)
    assert totals.total("b") == pytest.approx(50 * 0.25 + 30 * 0.75 + 20 * 0.5)
    lead = totals.difference("a", "b", 0.05)
    assert lead is not None
    assert lead.est == pytest.approx((totals.total("a") or 0) - (totals.total("b") or 0))


def test_an_unknown_figure_is_no_total(made: Any) -> None:
    evaluation = made.evaluation(
        {"a": [1, 1], "b": [1, 0]}, usd={"a": [0.1, math.nan], "b": [0.1, 0.1]}
    )
    totals = Totals(evaluation, [made.criterion("usd_per_1k", 1, 400, 0)], ["a", "b"])
    assert totals.total("a") is None
    assert totals.measured["a"][0].why == "the dollars of 1 of 2 samples are not known"
    assert totals.total("b") is not None
    assert totals.difference("a", "b", 0.05) is None


def test_dollars_a_month_need_a_volume(made: Any) -> None:
    evaluation = made.evaluation({"a": [1, 1]}, usd={"a": [0.1, 0.1]})
    criteria = [made.criterion("usd_per_month", 1, 400, 0)]
    assert Totals(evaluation, criteria, ["a"]).total("a") is None
    with_volume = Totals(evaluation, criteria, ["a"], lambda _arm, mean: 1000 * mean)
    assert with_volume.total("a") == pytest.approx(75)


@pytest.mark.parametrize("clusters", [40, 120])
def test_the_interval_of_a_difference_covers(made: Any, clusters: int) -> None:
    """Two arms with clustered scores and dollars; the truth is known from the model."""
    rng = np.random.default_rng(clusters)
    criteria = [
        made.criterion("accuracy", 60, 0.0, 1.0),
        made.criterion("usd_per_1k", 40, 4.0, 0.0),
    ]
    truth = 100 * (0.6 * (0.75 - 0.65) + 0.4 * ((4 - 1.5) / 4 - (4 - 1.0) / 4))
    hits, tries = 0, 200
    for _ in range(tries):
        ease = np.repeat(rng.normal(0, 0.1, clusters), 2)
        n = 2 * clusters
        a = (rng.random(n) < np.clip(0.75 + ease, 0, 1)).astype(float)
        b = (rng.random(n) < np.clip(0.65 + ease, 0, 1)).astype(float)
        usd = {
            "a": rng.gamma(4, 1.5e-3 / 4, n),
            "b": rng.gamma(4, 1.0e-3 / 4, n),
        }
        evaluation = made.evaluation(
            {"a": a, "b": b}, usd=usd, cluster=[f"c{i // 2}" for i in range(n)]
        )
        lead = Totals(evaluation, criteria, ["a", "b"]).difference("a", "b", 0.05)
        assert lead is not None
        hits += lead.lo <= truth <= lead.hi
    assert hits / tries >= 0.92  # .95 less two standard errors of 200 tries


@pytest.mark.parametrize("seed", [1])
def test_quantiles_widen_the_interval(made: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    times = {"a": rng.lognormal(0, 0.5, n), "b": rng.lognormal(0.2, 0.5, n)}
    evaluation = made.evaluation({"a": [1.0] * n, "b": [1.0] * n}, e2e_s=times)
    totals = Totals(evaluation, [made.criterion("e2e_p95_s", 1, 6.0, 0.0)], ["a", "b"])
    lead = totals.difference("a", "b", 0.05)
    assert lead is not None
    assert lead.lo < lead.est < lead.hi
    p95 = {arm: float(np.sort(x)[math.ceil(0.95 * n) - 1]) for arm, x in times.items()}
    assert lead.est == pytest.approx(100 * (p95["b"] - p95["a"]) / 6)


@pytest.mark.parametrize(
    ("right", "n", "scale"),
    [((28, 23), 30, (0.8, 0.9)), ((20, 16), 20, (0.85, 0.95)), ((40, 36), 40, (0.93, 0.97))],
)
def test_a_lead_beyond_both_ends_of_a_scale_is_not_certain(
    made: Any, right: tuple[int, int], n: int, scale: tuple[float, float]
) -> None:
    """The exact test of as many pairs in disagreement is not below .05 either."""
    scores = {arm: [1.0] * k + [0.0] * (n - k) for arm, k in zip(("a", "b"), right, strict=True)}
    totals = Totals(made.evaluation(scores), [made.criterion("accuracy", 1, *scale)], ["a", "b"])
    lead = totals.difference("a", "b", 0.05)
    assert lead is not None
    assert lead.est == pytest.approx(100)
    assert lead.lo < 0
    assert lead.p > 0.05


@pytest.mark.parametrize("n", [2, 6, 20])
def test_answers_that_are_all_right_leave_a_total_unsure(made: Any, n: int) -> None:
    run = made.evaluation({"a": [1.0] * n, "b": [1.0] * n})
    totals = Totals(run, [made.criterion("accuracy", 1, 0.0, 1.0)], ["a", "b"])
    for found in (totals.interval("a", 0.05), totals.difference("a", "b", 0.05)):
        assert found is not None
        assert found.hi - found.lo > 300 / (n + 20)
        assert found.p == 1 or found.est == 100


def test_an_end_without_bound_is_the_whole_way_to_it(made: Any) -> None:
    """A 95th percentile of few calls has no upper bound: the worst end is not excluded."""
    n = 40
    times = {"a": np.linspace(0.4, 0.6, n), "b": np.linspace(0.7, 0.9, n)}
    run = made.evaluation({"a": [1.0] * n, "b": [1.0] * n}, e2e_s=times)
    totals = Totals(run, [made.criterion("e2e_p95_s", 1, 4.0, 0.0)], ["a", "b"])
    lone = totals.interval("a", 0.05)
    assert lone is not None
    assert lone.lo <= 0
