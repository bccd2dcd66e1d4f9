"""Engines against independent computations: brute-force jackknife, scipy and statsmodels tests,
published tables.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from claimbench import stats

RNG = np.random.default_rng(20261122)


def test_cv3_covariance_equals_leaving_clusters_out_one_by_one() -> None:
    cluster = RNG.integers(0, 9, 60)
    a, b = RNG.normal(3, 1, 60), RNG.normal(2, 1, 60)
    pm = stats.paired_means(a, b, [f"doc-{c}" for c in cluster])
    changes = np.array(
        [[a[cluster != c].mean() - a.mean(), b[cluster != c].mean() - b.mean()] for c in range(9)]
    )
    expected = 8 / 9 * changes.T @ changes
    assert pm.cov == pytest.approx((expected[0, 0], expected[0, 1], expected[1, 1]))
    assert (pm.n, pm.n_clusters, pm.df) == (60, 9, 8)


def test_cluster_labels_of_any_type_give_the_same_interval() -> None:
    a, b = RNG.random(12).round(), RNG.random(12).round()
    codes = np.repeat([5, 900_000, -3], 4)
    texts = [str(c) for c in codes]
    dense = stats.cluster_codes(texts)
    found = {(x.lo, x.hi) for x in (stats.difference_ci(a, b, c) for c in (codes, texts, dense))}
    assert len(found) == 1
    single = stats.difference_ci(a, b, list(range(12)))
    assert (single.lo, single.hi) == (stats.difference_ci(a, b).lo, stats.difference_ci(a, b).hi)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stats.paired_means([1.0], [1.0, 0.0]), "same items"),
        (lambda: stats.paired_means([1.0, math.nan], [1.0, 0.0]), "NaN"),
        (lambda: stats.paired_means([1.5, 1.0], [1.0, 0.0], bounded=True), "bounded=False"),
        (lambda: stats.paired_means([1.0, 1.0], [1.0, 0.0], [1]), "one label for each row"),
        (lambda: stats.accuracy_ci([]), "no items"),
        (lambda: stats.accuracy_ci([2.0]), "mean_ci"),
        (lambda: stats.quantile_ci([1.0], 95), "between 0 and 1"),
        (lambda: stats.quantile_ci([], 0.5), "no_valid_data"),
        (lambda: stats.quantile_ratio_ci([0.0] * 9, [1.0] * 9, 0.5), "positive"),
        (lambda: stats.fixed_means([1], [0], [1], [1], [0], [1]), "epochs"),
        (lambda: stats.fixed_means([1], [0], [2], [1, 1], [0], [2]), "one length"),
        (lambda: stats.error_ratio_ci(stats.paired_means([3.0, 4], [1.0, 2])), "bounded=True"),
        (lambda: stats.accuracy_ci([[1.0]]), "one dimension"),
    ],
)
def test_bad_input_names_what_is_wrong(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()  # type: ignore[operator]


def test_one_cluster_gives_no_interval() -> None:
    pm = stats.paired_means([0.2, 0.4], [0.1, 0.9], [7, 7])
    for found in (
        stats.linear_ci(pm),
        stats.contrast_ci_hull(pm),
        stats.ratio_ci_hull(pm),
        stats.fieller_ci(pm),
    ):
        assert (found.lo, found.hi) == (-math.inf, math.inf)
    assert stats.hull_test(pm, (1.0, -1.0)).p == 1.0
    bounded = stats.paired_ci(stats.paired_means([0.2, 0.4], [0.1, 0.9], [7, 7], bounded=True))
    assert (bounded.lo, bounded.hi) == (-1.0, 1.0)


def test_p_by_inversion_equals_the_t_test() -> None:
    a, b = RNG.normal(0.3, 1, 40), RNG.normal(0, 1, 40)
    pm = stats.paired_means(a, b)
    found = stats.p_by_inversion(lambda alpha: stats.linear_ci(pm, alpha=alpha), 0.0)
    assert found == pytest.approx(scipy_stats.ttest_1samp(a - b, 0).pvalue, rel=1e-6)
    assert (
        stats.p_by_inversion(lambda alpha: stats.linear_ci(pm, alpha=alpha), float((a - b).mean()))
        == 1.0
    )
    assert (
        stats.p_by_inversion(lambda alpha: stats.linear_ci(pm, alpha=alpha), 1e6) == stats.P_FLOOR
    )


def test_p_agrees_with_the_displayed_interval_of_clustered_quantiles() -> None:
    x, cluster = RNG.lognormal(size=120), np.repeat(np.arange(12), 10)
    rows = stats.quantile_data(x, 0.5, cluster)
    shown = stats.quantile_interval(rows)
    for threshold in np.linspace(0.3, 3, 60):
        p = stats.p_by_inversion(lambda alpha: stats.quantile_interval(rows, alpha), threshold)
        assert (p <= 0.05) == (not shown.lo <= threshold <= shown.hi)


def test_hull_test_excludes_where_the_contrast_interval_does() -> None:
    a, b = RNG.lognormal(-2, 1, 300), RNG.lognormal(0, 1, 300)
    pm = stats.paired_means(a, b)
    for ratio in np.linspace(0.05, 0.3, 30):
        test = stats.hull_test(pm, (1.0, -ratio))
        interval = stats.contrast_ci_hull(pm, (1.0, -ratio), guard_tail=False)
        assert (test.p < 0.05) == (not interval.lo <= 0 <= interval.hi)


@pytest.mark.parametrize("k", [-6.0, -0.4, 0.0, 0.7, 9.0])
def test_hall_cubic_inverts_in_closed_form(k: float) -> None:
    for t in np.linspace(-8, 8, 33):
        assert stats.hall_inverse(stats.hall_transform(t, k, 30), k, 30) == pytest.approx(
            t, abs=1e-9
        )


def test_skewness_is_scipys() -> None:
    a, b = RNG.lognormal(size=50), RNG.lognormal(size=50)
    pm = stats.paired_means(a, b)
    assert stats.skewness(pm, (1.0, -0.3)) == pytest.approx(
        scipy_stats.skew(a - 0.3 * b, bias=False)
    )


def test_hall_bound_reaches_beyond_fieller_on_the_heavy_side() -> None:
    a = np.r_[np.full(39, 0.1), 8.0]  # one runaway answer
    pm = stats.paired_means(a, np.full(40, 1.0) + RNG.random(40) / 10)
    hull, core = stats.ratio_ci_hull(pm, guard_tail=False), stats.fieller_ci(pm)
    assert hull.hi > core.hi
    assert "tail_dominated" in stats.ratio_ci_hull(pm).reasons


def test_tail_guard_lifts_only_with_many_even_items() -> None:
    even, heavy = np.full(200, 1.0) + RNG.random(200), np.r_[np.full(199, 0.01), 1.0]
    assert stats.tail_alpha(stats.paired_means(even, even), 0.05) == (0.05, ())
    assert stats.tail_alpha(stats.paired_means(even[:199], even[:199]), 0.05) == (
        0.005,
        ("tail_guard",),
    )
    assert stats.tail_alpha(stats.paired_means(heavy, even), 0.05) == (
        0.005,
        ("tail_guard", "tail_dominated"),
    )
    assert stats.tail_alpha(stats.paired_means(heavy, even), 0.05, (0.0, 1.0)) == (0.05, ())


def test_ratio_over_a_baseline_near_zero_is_unbounded_but_its_contrast_decides() -> None:
    b = np.zeros(40)
    b[3] = 1.0
    pm = stats.paired_means(np.full(40, 5.0) + RNG.random(40), b)
    found = stats.ratio_ci_hull(pm)
    assert (found.lo, found.hi, found.reasons[0]) == (-math.inf, math.inf, "denominator_near_zero")
    assert stats.contrast_ci_hull(pm, (1.0, -1.0)).lo > 0


def test_ratio_of_sums_and_log_jackknife() -> None:
    tokens, seconds = RNG.integers(20, 200, 80).astype(float), RNG.lognormal(0, 0.5, 80)
    cluster = np.repeat(np.arange(20), 4)
    log, fieller = (
        stats.log_ratio_ci((tokens, seconds), (1, -1), cluster),
        stats.ratio_ci_hull(stats.paired_means(tokens, seconds, cluster), guard_tail=False),
    )
    assert log.est == fieller.est == pytest.approx(tokens.sum() / seconds.sum())
    assert log.lo == pytest.approx(fieller.lo, rel=0.05)
    gone = stats.log_ratio_ci((np.r_[1.0, np.zeros(19)], np.ones(20)), (1, -1))
    assert (gone.lo, gone.hi, gone.reasons) == (0.0, math.inf, ("denominator_near_zero",))
    assert stats.log_ratio_ci((np.ones(20), np.zeros(20)), (1, -1)).est is None


def test_clopper_pearson_mcnemar_holm_and_fisher_match_the_libraries() -> None:
    for k, n in ((0, 300), (3, 40), (40, 40)):
        exact = scipy_stats.binomtest(k, n).proportion_ci(method="exact")
        found = stats.clopper_pearson(k, n)
        assert (found.lo, found.hi) == pytest.approx((exact.low, exact.high))
        x = np.repeat([1.0, 0.0], [k, n - k])
        assert (stats.accuracy_ci(x, exact=True).lo, stats.accuracy_ci(x, exact=True).hi) == (
            found.lo,
            found.hi,
        )
    clustered = stats.accuracy_ci(x, np.arange(40) // 4, exact=True)
    assert (clustered.method, clustered.hi) == ("clopper-pearson-effective-n", 1.0)
    assert clustered.lo < 1 - 3 / 40
    for n10, n01 in ((0, 0), (5, 1), (30, 41), (7, 7)):
        if n10 + n01:
            assert stats.mcnemar_exact_p(n10, n01) == pytest.approx(
                mcnemar([[10, n10], [n01, 10]], exact=True).pvalue
            )
        else:
            assert stats.mcnemar_exact_p(n10, n01) == 1.0
    p = RNG.random(9) ** 3
    adjusted, rejected = stats.holm(p)
    reject, expected, _, _ = multipletests(p, 0.05, "holm")
    assert adjusted == pytest.approx(expected)
    assert rejected.tolist() == reject.tolist()
    assert stats.holm([])[0].size == 0
    assert stats.fisher_p(8, 100, 1, 100) == pytest.approx(
        scipy_stats.fisher_exact([[8, 92], [1, 99]]).pvalue
    )
    assert stats.fisher_p(0, 0, 1, 100) == 1.0


def test_order_statistic_ranks_are_scipys_at_any_level() -> None:
    x = np.arange(1.0, 238.0)
    for p in (0.1, 0.5, 0.9, 0.95):
        for alpha in (0.2, 0.05, 0.005):
            found = stats.quantile_ci(x, p, alpha=alpha)
            expected = scipy_stats.quantile_test(x, p=p).confidence_interval(1 - alpha)
            low, high = (math.inf if math.isnan(v) else v for v in expected)
            assert (abs(found.lo), found.hi) == (low, high)


def test_quantile_estimate_is_the_inverted_cdf() -> None:
    for n in (7, 40, 100, 1000):
        x = RNG.random(n)
        for p in (0.05, 0.5, 0.9, 0.95, 0.99):
            assert stats.quantile_ci(x, p).est == np.quantile(x, p, method="inverted_cdf")


def test_blocks_widen_a_quantile_and_one_block_says_nothing() -> None:
    block = np.repeat(np.arange(10), 30)
    x = np.exp(RNG.normal(0, 1, 10)[block] + RNG.normal(0, 0.3, 300))
    alone, blocked = stats.quantile_ci(x, 0.5), stats.quantile_ci(x, 0.5, block)
    assert blocked.n_eff is not None
    assert blocked.n_eff < 20
    assert blocked.hi / blocked.lo > alone.hi / alone.lo
    assert stats.quantile_ci(x, 0.5, np.zeros(300, dtype=int)).reasons == (
        "quantile_not_estimable",
    )


def test_timed_out_quantiles_leave_one_sided_ratios() -> None:
    fine = np.linspace(1, 2, 100)
    slow = np.r_[np.linspace(3, 4, 90), np.full(10, np.inf)]
    up, down = stats.quantile_ratio_ci(slow, fine, 0.95), stats.quantile_ratio_ci(fine, slow, 0.95)
    assert (up.est, up.hi, down.est, down.lo) == (None, math.inf, None, 0.0)
    assert up.lo == pytest.approx(3.9 / 2, abs=0.1)
    assert down.hi == pytest.approx(1 / up.lo)
    both = stats.quantile_ratio_ci(slow, slow, 0.95)
    assert (both.lo, both.hi) == (0.0, math.inf)
    assert up.reasons == down.reasons == both.reasons == ("quantile_not_estimable",)
    all_gone = stats.quantile_ci(np.full(50, np.inf), 0.5)
    assert (all_gone.est, all_gone.lo, all_gone.hi) == (None, -math.inf, math.inf)


def test_population_fixed_has_ratios_and_exact_scores_without_noise() -> None:
    rest = ([0.0] * 4, [3] * 4)
    exact = stats.fixed_means([1, 1, 0, 1], *rest, [1, 0, 0, 1], *rest)
    assert (stats.paired_ci(exact).lo, stats.paired_ci(exact).hi) == (0.25, 0.25)
    assert stats.ratio_ci(exact).lo == pytest.approx(1.5)
    noisy = stats.fixed_means([0.9] * 50, [0.09] * 50, [4] * 50, [0.8] * 50, [0.16] * 50, [4] * 50)
    half = 1.959964 * math.sqrt((0.09 + 0.16) / 4 / 50)
    assert stats.paired_ci(noisy).half_width == pytest.approx(half, rel=1e-6)
    assert stats.error_ratio_ci(noisy).est == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("disagree", "expected"),
    [(0.1, (1965, 875, 316, 81)), (0.2, (3927, 1747, 630, 159)), (0.3, (5889, 2619, 944, 238))],
)
def test_items_needed_table(disagree: float, expected: tuple[int, ...]) -> None:
    for gap, n in zip((0.02, 0.03, 0.05, 0.10), expected, strict=True):
        assert stats.items_needed_accuracy(gap, disagree) == n
    doubled = stats.items_needed_accuracy(0.05, disagree, design_effect=2.0)
    assert doubled is not None
    assert abs(doubled - 2 * expected[2]) <= 2


def test_power_is_statsmodels_and_gap_is_its_inverse() -> None:
    for n, effect in ((12, 0.9), (40, 0.3), (4_000, 0.05), (20_000, 0.02)):
        assert stats.t_power(n, effect) == pytest.approx(
            TTestPower().power(effect, n, 0.05), abs=2e-4
        )
    gap = stats.resolvable_gap(630, math.sqrt(0.2))
    assert gap == pytest.approx(0.05, rel=2e-3)
    assert stats.resolvable_gap(2, 1.0) is None
    assert stats.t_power(1, 1.0) == 0.0
    assert stats.items_needed(0.0, 1.0) is None
    assert stats.items_needed(1.0, 0.0) == 2
    assert stats.items_needed(50.0, 1.0) == 2
    assert [stats.items_all_agree(d) for d in (0.02, 0.03, 0.05)] == [189, 125, 73]


def test_n_more_says_when_it_cannot_know() -> None:
    def interval(est: float | None, lo: float, hi: float) -> stats.Interval:
        return stats.Interval(est, lo, hi, 0.95, "given", 100, 100)

    clear = stats.n_more(interval(0.06, -0.01, 0.13), 0.0)
    assert clear.low is not None
    assert clear.high is not None
    assert clear.low <= (clear.n_more or 0) <= clear.high
    wide = stats.n_more(stats.Interval(0.06, -0.04, 0.16, 0.995, "given", 100, 100), 0.0)
    z = stats.z_crit(0.005)
    assert wide.n_more == math.ceil(100 * (0.1 / 0.06) ** 2 * ((z + 0.841621) / z) ** 2 - 100)
    lifted = stats.n_more(
        stats.Interval(0.06, -0.04, 0.16, 0.995, "given", 100, 100), 0.0, alpha=0.05
    )
    assert (lifted.n_more or 0) < (wide.n_more or 0)
    on_it = stats.n_more(interval(0.0, -0.06, 0.06), 0.0)
    assert (on_it.n_more, on_it.high, on_it.capped) == (None, None, True)
    assert stats.n_more(interval(0.001, -0.06, 0.06), 0.0).capped
    assert stats.n_more(interval(None, -math.inf, math.inf), 0.0).n_more is None


def test_variance_components_and_epochs() -> None:
    items, epochs = 4000, 5
    p = RNG.beta(2, 1, items)
    draws = (RNG.random((items, epochs)) < p[:, None]).astype(float)
    parts = stats.variance_components(draws.mean(1), draws.var(1, ddof=1), np.full(items, epochs))
    assert parts is not None
    assert parts.between == pytest.approx(1 / 18, abs=0.006)
    assert parts.within == pytest.approx(1 / 6, abs=0.006)
    assert stats.optimal_epochs(stats.Components(0.05, 0.2), 4.0, 1.0) == 4
    assert stats.optimal_epochs(stats.Components(0.05, 0.0), 4.0, 1.0) == 1
    with pytest.raises(ValueError, match="by hand"):
        stats.optimal_epochs(stats.Components(0.0, 0.2), 4.0, 1.0)
    assert stats.variance_components([1.0, 0.0], [0.0, 0.0], [1, 1]) is None


def test_size_rules_and_margin() -> None:
    assert stats.size_reasons(19, 19) == stats.size_reasons(100, 5) == ("n_too_small",)
    assert stats.size_reasons(20, 6) == ("few_clusters",)
    assert stats.size_reasons(20, 6, few_ok=False) == ("n_too_small",)
    assert stats.size_reasons(20, 12) == ()
    assert stats.delta_star(stats.Interval(0.0, -0.02, 0.03, 0.95, "given", 9, 9)) == 0.02
    assert stats.delta_star(stats.Interval(0.0, 0.01, 0.03, 0.95, "given", 9, 9)) == 0.0


PPI_GOLDEN = [
    (50, 100, 5, -0.23008131550224958, 0.16740947550224955),
    (60, 300, 7, -0.1550367185067342, 0.16279325044494122),
    (200, 37, 4, -0.11828373375400283, 0.10327956286792689),
    (20, 500, 11, -0.2773794426276409, 0.2417370648711692),
    (64, 64, 2, -0.21640637554457046, 0.18515637554457046),
]
"""Labelled, others, the judge's errors, and what ppi-python 0.2.3 gives: ``ppi_mean_ci(...,
alpha=.05)``.
"""


def judged_items(n: int, others: int, step: int) -> tuple[list[float], list[float], list[float]]:
    """Paired differences of -1, 0 and 1 as people and a judge give them; the judge errs on every
    ``step``-th.
    """
    truth = [float(i * 7 % 3 - 1) for i in range(n + others)]
    judge = [-t if i % step == 0 else t for i, t in enumerate(truth)]
    return truth[:n], judge[:n], judge[n:]


@pytest.mark.parametrize(
    ("n", "others", "step", "low", "high"),
    PPI_GOLDEN,
)
def test_judge_correction_is_that_of_ppi_python(
    n: int, others: int, step: int, low: float, high: float
) -> None:
    found = stats.ppi_mean(*judged_items(n, others, step))
    assert (found.lo, found.hi) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    assert found.method == "ppi-mean"
    assert ("few_labels" in found.reasons) is (n < 50)


def test_a_judge_that_never_varies_leaves_the_labels_alone() -> None:
    truth = [1.0, 0.0, 0.0, 1.0, -1.0] * 12
    found = stats.ppi_mean(truth, [0.0] * 60, [0.0] * 100)
    assert found.est == pytest.approx(0.2)
    assert found.half_width == pytest.approx(stats.z_crit(0.05) * np.std(truth) / math.sqrt(60))


def test_t_critical_values() -> None:
    assert stats.t_crit(0.05, math.inf) == pytest.approx(1.959964, abs=1e-6)
    assert stats.t_crit(0.05, 7) == pytest.approx(scipy_stats.t.ppf(0.975, 7))
    assert stats.t_crit(0.05, 0) == math.inf
    assert stats.t_two_sided_p(2.5, 9) == pytest.approx(2 * scipy_stats.t.sf(2.5, 9))
    assert stats.z_crit(0.05) == pytest.approx(-special.ndtri(0.025))
