"""Statistics of comparisons in pairs, against known truths."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claimbench import stats
from claimbench.stats.preference import (
    at_equal_length,
    bradley_terry,
    corrected_by_error_rates,
    error_rates,
    krippendorff_alpha,
    length_ci,
)
from claimbench.stats.two_way import over_wordings, over_wordings_ci


def judged(
    rng: np.random.Generator, n: int, *, truth: float, place: float, length: float
) -> tuple[np.ndarray, np.ndarray]:
    """Shares and differences in length of pairs that a judge sees in both orders: on a share
    ``place`` it names the first place, on a share ``length`` the longer answer, else the better.
    """
    difference = rng.normal(60, 100, n)
    better = rng.random(n) < truth
    roll = rng.random(n)
    said = np.where(roll < place, 0.5, np.where(roll < place + length, difference > 0, better))
    return said.astype(float), difference


@pytest.mark.parametrize("truth", [0.5, 0.65])
@pytest.mark.parametrize("place", [0.0, 0.2])
def test_a_liking_for_length_and_for_the_first_place_is_taken_out(
    truth: float, place: float
) -> None:
    rng = np.random.default_rng(5)
    length = 0.3
    rates, raw, held, runs = [], [], 0, 200
    # what is left when the judge's habits take their share of the pairs, each way equally
    target = (1 - place - length) * truth + (place + length) / 2
    for _ in range(runs):
        share, difference = judged(rng, 200, truth=truth, place=place, length=length)
        fit = at_equal_length(share, difference)
        assert fit is not None
        interval = length_ci(fit)
        rates.append(fit.rate)
        raw.append(share.mean())
        held += interval.lo <= target <= interval.hi
    assert np.mean(rates) == pytest.approx(target, abs=0.02)
    assert np.mean(raw) > target + 0.05, "the raw rate is biased, so there was something to do"
    assert held / runs >= 0.90


@pytest.mark.long
@pytest.mark.parametrize("clusters", [25, 60])
def test_coverage_at_equal_length_with_clusters(clusters: int) -> None:
    rng = np.random.default_rng(8)
    held, runs = 0, 2000
    for _ in range(runs):
        share, difference = judged(rng, clusters * 4, truth=0.6, place=0.1, length=0.2)
        fit = at_equal_length(share, difference, np.repeat(np.arange(clusters), 4))
        assert fit is not None
        found = length_ci(fit)
        held += found.lo <= 0.7 * 0.6 + 0.15 <= found.hi
    assert held / runs >= 0.94


@pytest.mark.parametrize(
    "difference",
    [np.zeros(50), np.linspace(1, 90, 50), -np.linspace(1, 90, 50)],
    ids=["alike", "longer", "shorter"],
)
def test_lengths_that_do_not_cross_say_nothing_about_equal_length(difference: np.ndarray) -> None:
    assert at_equal_length(np.tile([0.0, 1.0], 25), difference) is None


@pytest.mark.parametrize("n", [0, 5, 19])
def test_few_pairs_are_not_regressed(n: int) -> None:
    assert at_equal_length(np.zeros(n), np.arange(n) - n / 2) is None


def test_strengths_give_back_the_chances_that_made_the_wins() -> None:
    rng = np.random.default_rng(2)
    power = {"a": 1.0, "b": 0.0, "c": -1.0}
    first, second, share, cluster = [], [], [], []
    for item in range(900):
        one, two = (("a", "b"), ("b", "c"), ("a", "c"))[item % 3]
        won = rng.random() < 1 / (1 + math.exp(power[two] - power[one]))
        first.append(one)
        second.append(two)
        share.append(float(won))
        cluster.append(str(item // 3))
    found = bradley_terry(first, second, np.array(share), cluster, seed=1, draws=100)
    assert found is not None
    for name, strength in power.items():
        low, high = found.low[name], found.high[name]
        assert low is not None
        assert high is not None
        assert low <= 1 / (1 + math.exp(-strength)) <= high
        assert low < found.chance[name] < high
    again = bradley_terry(first, second, np.array(share), cluster, seed=1, draws=100)
    assert again == found, "the bootstrap follows from its seed"


@pytest.mark.parametrize("always", [1.0, 0.0])
def test_an_arm_that_never_loses_has_a_finite_strength(always: float) -> None:
    found = bradley_terry(
        ["a", "a", "b"] * 10, ["b", "c", "c"] * 10, np.full(30, always), [str(i) for i in range(30)]
    )
    assert found is not None
    assert all(0 < chance < 1 for chance in found.chance.values())


def test_two_arms_or_arms_that_never_met_have_no_strengths() -> None:
    one = [str(i) for i in range(8)]
    assert bradley_terry(["a"] * 8, ["b"] * 8, np.ones(8), one) is None
    assert bradley_terry(["a", "c"] * 4, ["b", "d"] * 4, np.ones(8), one) is None


def test_alpha_is_one_in_full_agreement_near_none_by_chance_and_unknown_without_variety() -> None:
    rng = np.random.default_rng(0)
    one = rng.choice([0.0, 0.5, 1.0], 400)
    assert krippendorff_alpha([one, one]) == pytest.approx(1.0)
    chance = krippendorff_alpha([one, rng.choice([0.0, 0.5, 1.0], 400)])
    assert chance is not None
    assert abs(chance) < 0.15
    assert krippendorff_alpha([np.ones(9), np.ones(9)]) is None
    assert krippendorff_alpha([one]) is None
    gaps = [np.array([1.0, math.nan]), np.array([math.nan, 0.0])]
    assert krippendorff_alpha(gaps) is None


def test_an_accuracy_is_corrected_by_sensitivity_and_specificity() -> None:
    rng = np.random.default_rng(3)
    truth, sens, spec = 0.6, 0.9, 0.75
    held, runs, centre = 0, 400, []
    for _ in range(runs):
        right = rng.random(500) < truth
        said = np.where(right, rng.random(500) < sens, rng.random(500) >= spec).astype(float)
        rates = error_rates(right[:120].astype(float), said[:120])
        assert rates is not None
        found = corrected_by_error_rates(said[120:], rates)
        assert found is not None
        centre.append(found.est)
        held += found.lo <= truth <= found.hi
    assert np.mean(centre) == pytest.approx(truth, abs=0.01)
    assert 0.93 <= held / runs <= 1.0
    naive = truth * sens + (1 - truth) * (1 - spec)
    assert abs(naive - truth) > 0.03, "without correction it would be off"


@pytest.mark.parametrize(
    ("people", "judge"),
    [([1.0] * 60, [1.0] * 60), ([1.0, 0.0] * 9, [1.0, 0.0] * 9), ([1.0, 0.0] * 30, [0.5] * 60)],
    ids=["no wrong answer", "too few", "grades"],
)
def test_error_rates_that_cannot_be_known_are_none(people: list[float], judge: list[float]) -> None:
    assert error_rates(people, judge) is None


def test_a_judge_no_better_than_chance_corrects_nothing() -> None:
    rates = error_rates([1.0, 0.0] * 30, [1.0, 1.0] * 30)
    assert rates is not None
    assert corrected_by_error_rates(np.ones(50), rates) is None


@pytest.mark.parametrize(("wordings", "least"), [(2, 0.97), (3, 0.94), (5, 0.94)])
def test_an_interval_over_wordings_holds_their_spread(wordings: int, least: float) -> None:
    rng = np.random.default_rng(1)
    item, wording = rng.normal(0, 1, 3000), rng.normal(0, 0.8, 300)
    truth = (1 / (1 + np.exp(-(0.8 + item[:, None] + wording[None, :])))).mean()
    held, alone, runs = 0, 0, 600
    for _ in range(runs):
        logit = 0.8 + rng.normal(0, 1, 100)[:, None] + rng.normal(0, 0.8, wordings)[None, :]
        scores = (rng.random((100, wordings)) < 1 / (1 + np.exp(-logit))).astype(float)
        found = over_wordings(scores)
        assert found is not None
        ends = over_wordings_ci(found)
        held += ends.lo <= truth <= ends.hi
        one = stats.accuracy_ci(scores[:, 0])
        alone += one.lo <= truth <= one.hi
    assert held / runs >= least
    assert alone / runs < 0.8, "the interval over one wording does not hold it"


@pytest.mark.parametrize("shape", [(50, 1), (1, 3), (50,)])
def test_one_wording_or_one_item_gives_nothing(shape: tuple[int, ...]) -> None:
    assert over_wordings(np.ones(shape)) is None
