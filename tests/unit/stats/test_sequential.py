"""Group-sequential looks: bounds against Monte Carlo, repeated p against bounds, the schedule at
cluster boundaries.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from claimbench.stats import sequential


def test_crossing_probability_equals_simulated_paths() -> None:
    t = np.array([0.2, 0.45, 0.7, 1.0])
    bounds = np.array([3.0, 2.5, 2.2, 2.0])
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(200_000, 4)) * np.sqrt(np.diff(t, prepend=0.0))
    z = np.abs(np.cumsum(steps, axis=1)) / np.sqrt(t)
    share = np.maximum.accumulate(z >= bounds, axis=1).mean(axis=0)
    assert sequential.crossing_by_look(bounds, t) == pytest.approx(share, abs=0.002)


def test_nominal_alphas_of_five_looks() -> None:
    found = [sequential.nominal_alpha(b) for b in sequential.obf_bounds(5)]
    assert found == pytest.approx(
        2 * scipy_stats.norm.sf([4.5617, 3.2256, 2.6337, 2.2809, 2.0401]), rel=1e-3
    )


def test_repeated_p_meets_alpha_exactly_at_the_bound() -> None:
    for k, bound in enumerate(sequential.obf_bounds(5), 1):
        assert sequential.repeated_p(bound, k) == pytest.approx(0.05, abs=1e-6)
        assert sequential.repeated_p(-bound - 0.1, k) < 0.05
    t = (0.17, 0.4, 0.66, 1.0)
    for k, bound in enumerate(sequential.lan_demets_obf(t), 1):
        assert sequential.repeated_p(float(bound), k, t) == pytest.approx(0.05, abs=1e-4)
    assert sequential.repeated_p(0.0, 2, t) == 1.0
    assert sequential.repeated_p(40.0, 4, t) == 1e-12
    with pytest.raises(ValueError, match="look 6"):
        sequential.repeated_p(1.0, 6)


def test_one_look_is_the_fixed_design() -> None:
    plan = sequential.plan_looks([1] * 24)
    assert [look.n_items for look in plan.looks] == [24]
    assert plan.method == "fixed"
    assert plan.looks[0].alpha == pytest.approx(0.05, abs=1e-6)


def test_five_equal_looks_of_singletons() -> None:
    plan = sequential.plan_looks([1] * 500)
    assert [look.n_items for look in plan.looks] == [100, 200, 300, 400, 500]
    assert plan.method == "obf"
    assert plan.looks[-1].bound == pytest.approx(2.0401, abs=1e-4)
    assert plan.repeated_p(plan.looks[2].bound, 3) == pytest.approx(0.05, abs=1e-6)
    assert plan.futile(0.5, 3)
    assert not plan.futile(0.5, 1), "no futility at the first look"
    assert not plan.futile(0.5, 5), "nothing is left to save at the last look"


@pytest.mark.parametrize("seed", range(5))
def test_looks_lie_at_cluster_boundaries_and_keep_alpha(seed: int) -> None:
    sizes = np.random.default_rng(seed).integers(1, 9, 40).tolist()
    plan = sequential.plan_looks(sizes)
    ends = np.cumsum(sizes)
    for look in plan.looks:
        assert look.n_items == ends[look.n_clusters - 1]
    assert plan.looks[0].n_items >= 25
    assert plan.looks[0].n_clusters >= 10
    assert plan.looks[-1].n_items == sum(sizes)
    spent = sequential.crossing_probability([look.bound for look in plan.looks], plan.fractions)
    assert spent <= 0.0506


def test_a_first_look_pushed_back_uses_lan_demets() -> None:
    plan = sequential.plan_looks([1] * 60)
    assert [look.n_items for look in plan.looks] == [25, 36, 48, 60]
    assert plan.method == "lan-demets-obf"
    spent = sequential.crossing_probability([look.bound for look in plan.looks], plan.fractions)
    assert spent == pytest.approx(0.05, abs=1e-6)
    big_clusters = sequential.plan_looks([20] * 11)
    assert big_clusters.looks[0].n_clusters >= 10


def test_futility_counts_both_directions() -> None:
    assert sequential.cond_power(-3.0, 0.6, 2.04) == sequential.cond_power(3.0, 0.6, 2.04) > 0.9
    assert sequential.cond_power(2.5, 1.0, 2.04) == 1.0
    assert sequential.cond_power(1.5, 1.0, 2.04) == 0.0


def test_e_process_keeps_its_error_and_refuses_unbounded_bets() -> None:
    rng = np.random.default_rng(3)
    runs = rng.choice([-1.0, 1.0], size=(2000, 300))
    crossed = np.mean([sequential.e_process(run).max() >= 40 for run in runs])
    assert crossed <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 2000)
    assert sequential.e_process(np.full(30, 0.5))[-1] > 40
    with pytest.raises(ValueError, match="need z >= lo"):
        sequential.e_process([-2.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        sequential.e_process([0.5], grid=(1.0,))


def test_bounds_refuse_looks_out_of_order() -> None:
    with pytest.raises(ValueError, match="increase"):
        sequential.crossing_probability([2.0, 2.0], [0.6, 0.5])
    with pytest.raises(ValueError, match="at least one cluster"):
        sequential.plan_looks([])
