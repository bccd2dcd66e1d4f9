"""Properties that hold for any data: symmetry, scale, order of rows, ties, no NaN, no false
certainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimbench import stats
from claimbench.stats import Interval

FEW = settings(max_examples=25, deadline=None)
scores = st.sampled_from([0.0, 0.25, 0.5, 1.0])
binary = st.sampled_from([0.0, 1.0])
money = st.floats(1e-6, 1e3, allow_nan=False)


Arms = tuple[np.ndarray, np.ndarray, list[int]]
"""Item values of both arms and a cluster label for each item."""


@st.composite
def paired(draw: st.DrawFn, value: st.SearchStrategy[float], least: int = 1) -> Arms:
    rows = draw(st.lists(st.tuples(value, value, st.integers(0, 12)), min_size=least, max_size=30))
    return np.array([r[0] for r in rows]), np.array([r[1] for r in rows]), [r[2] for r in rows]


def close(found: Interval, lo: float, hi: float) -> None:
    assert (found.lo, found.hi) == (
        pytest.approx(lo, rel=1e-6, abs=1e-9),
        pytest.approx(hi, rel=1e-6, abs=1e-9),
    )


def intervals_of_scores(a: np.ndarray, b: np.ndarray, cluster: list[int]) -> list[Interval]:
    pm = stats.paired_means(a, b, cluster, bounded=True)
    return [
        stats.paired_ci(pm),
        stats.paired_ci(pm, (1.0, -1.3)),
        stats.ratio_ci(pm),
        stats.error_ratio_ci(pm),
        stats.accuracy_ci(a, cluster),
    ]


def intervals_of_costs(a: np.ndarray, b: np.ndarray, cluster: list[int]) -> list[Interval]:
    pm = stats.paired_means(a, b, cluster)
    return [
        stats.contrast_ci_hull(pm),
        stats.ratio_ci_hull(pm),
        stats.mean_ci(a, cluster),
        stats.log_ratio_ci((a, b), (1, -1), cluster),
        stats.quantile_ci(a, 0.5, cluster),
        stats.quantile_ci(a, 0.95, cluster),
        stats.quantile_ratio_ci(a, b, 0.5, cluster, cluster),
    ]


@FEW
@given(paired(scores))
def test_swapping_arms_negates_the_difference_and_inverts_ratios(
    data: Arms,
) -> None:
    a, b, cluster = data
    pm = stats.paired_means(a, b, cluster, bounded=True)
    swapped = stats.paired_means(b, a, cluster, bounded=True)
    one = stats.paired_ci(pm)
    close(stats.paired_ci(swapped), -one.hi, -one.lo)
    for ratio in (stats.ratio_ci, stats.error_ratio_ci):
        found = ratio(pm)
        if found.bounded and found.lo > 1e-6:
            close(ratio(swapped), 1 / found.hi, 1 / found.lo)


@FEW
@given(paired(money, least=4))
def test_swapping_arms_inverts_cost_and_latency_ratios(data: Arms) -> None:
    a, b, cluster = data
    pm, swapped = stats.paired_means(a, b, cluster), stats.paired_means(b, a, cluster)
    one = stats.contrast_ci_hull(pm)
    close(stats.contrast_ci_hull(swapped), -one.hi, -one.lo)
    pairs = (
        (stats.ratio_ci_hull(pm), stats.ratio_ci_hull(swapped)),
        (
            stats.log_ratio_ci((a, b), (1, -1), cluster),
            stats.log_ratio_ci((b, a), (1, -1), cluster),
        ),
        (stats.quantile_ratio_ci(a, b, 0.5), stats.quantile_ratio_ci(b, a, 0.5)),
    )
    for found, back in pairs:
        if found.bounded and found.lo > 1e-9 * (found.est or 1.0):
            assert back.lo == pytest.approx(1 / found.hi, rel=1e-5)
            assert back.hi == pytest.approx(1 / found.lo, rel=1e-5)


@FEW
@given(paired(money, least=4), st.sampled_from([1e-6, 0.37, 1000.0]))
def test_scaling_both_arms_dollars_changes_no_ratio(data: Arms, factor: float) -> None:
    a, b, cluster = data
    for engine in (
        lambda x, y: stats.ratio_ci_hull(stats.paired_means(x, y, cluster)),
        lambda x, y: stats.cost_per_correct_ratio_ci(x, a > 1, y, b > 1, cluster),
        lambda x, y: stats.quantile_ratio_ci(x, y, 0.5),
    ):
        one, other = engine(a, b), engine(a * factor, b * factor)
        assert one.reasons == other.reasons
        close(other, one.lo, one.hi)


@FEW
@given(paired(binary), binary)
def test_a_tie_changes_neither_sign_nor_mcnemar(data: Arms, tie: float) -> None:
    a, b, _ = data
    more_a, more_b = np.append(a, tie), np.append(b, tie)
    before, after = (stats.difference_ci(x, y) for x, y in ((a, b), (more_a, more_b)))
    assert before.est is not None
    assert after.est is not None
    assert np.sign(round(before.est, 9)) == np.sign(round(after.est, 9))

    def p(x: np.ndarray, y: np.ndarray) -> float:
        return stats.mcnemar_exact_p(
            int(((x == 1) & (y == 0)).sum()), int(((x == 0) & (y == 1)).sum())
        )

    assert p(a, b) == p(more_a, more_b)


@FEW
@given(paired(scores), paired(money), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(scored: Arms, paid: Arms, random: object) -> None:
    seed = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    cases: list[tuple[Callable[..., list[Interval]], Arms]] = [
        (intervals_of_scores, scored),
        (intervals_of_costs, paid),
    ]
    for engine, (a, b, cluster) in cases:
        order = seed.permutation(len(a))
        for one, other in zip(
            engine(a, b, cluster),
            engine(a[order], b[order], list(np.array(cluster)[order])),
            strict=True,
        ):
            close(other, one.lo, one.hi)
            assert one.reasons == other.reasons


@FEW
@given(paired(scores), paired(money))
def test_no_nan_and_the_estimate_lies_inside(scored: Arms, paid: Arms) -> None:
    for found in intervals_of_scores(*scored) + intervals_of_costs(*paid):
        assert not math.isnan(found.lo)
        assert not math.isnan(found.hi)
        assert found.lo <= found.hi
        if found.est is not None:
            slack = 1e-9 * max(1.0, abs(found.est))
            assert found.lo - slack <= found.est <= found.hi + slack
        elif not found.bounded:
            assert found.reasons


@FEW
@given(paired(scores), paired(money, least=3))
def test_no_zero_width_but_where_costs_agree_exactly(scored: Arms, paid: Arms) -> None:
    for found in intervals_of_scores(*scored):
        assert found.hi > found.lo
    a, b, _ = paid
    pm = stats.paired_means(a, b)
    contrast = a - b * float(a.mean() / b.mean())
    spread = float(np.ptp(contrast)) / float(a.mean())
    if spread > 1e-6:
        ratio = stats.ratio_ci_hull(pm)
        assert ratio.hi > ratio.lo


def test_equal_costs_may_have_zero_width() -> None:
    pm = stats.paired_means(np.full(30, 0.001), np.full(30, 0.01))
    found = stats.ratio_ci_hull(pm)
    assert found.est == pytest.approx(0.1)
    assert (found.lo, found.hi) == (pytest.approx(0.1), pytest.approx(0.1))
    alone = stats.ratio_ci_hull(stats.paired_means([0.001], [0.01]))
    assert not alone.bounded, "one item says nothing about its spread"


@FEW
@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-2, 2), st.floats(0, 1))
def test_a_stricter_threshold_never_turns_refuted_into_supported(
    lo: float, width: float, threshold: float, harder: float
) -> None:
    hi = lo + width
    if stats.verdict(lo, hi, threshold, ">=") == "refuted":
        assert stats.verdict(lo, hi, threshold + harder, ">=") == "refuted"
    if stats.verdict(lo, hi, threshold, "<=") == "refuted":
        assert stats.verdict(lo, hi, threshold - harder, "<=") == "refuted"


@FEW
@given(paired(scores, least=2), paired(money, least=4), st.floats(1e-6, 0.5), st.floats(1.05, 1.9))
def test_intervals_are_nested_in_alpha(
    scored: Arms,
    paid: Arms,
    alpha: float,
    factor: float,
) -> None:
    pm = stats.paired_means(*scored, bounded=True)
    costs = stats.paired_means(*paid)
    rows = stats.quantile_data(paid[0], 0.5)
    engines: list[Callable[[float], Interval]] = [
        lambda x: stats.paired_ci(pm, alpha=x),
        lambda x: stats.ratio_ci(pm, x),
        lambda x: stats.ratio_ci_hull(costs, x),
        lambda x: stats.contrast_ci_hull(costs, (1.0, -0.5), x),
        lambda x: stats.quantile_interval(rows, x),
    ]
    for engine in engines:
        wide, narrow = engine(alpha), engine(min(alpha * factor, 0.95))
        slack = 1e-9 * max(1.0, abs(narrow.est or 1.0))
        assert wide.lo <= narrow.lo + slack
        assert wide.hi >= narrow.hi - slack
