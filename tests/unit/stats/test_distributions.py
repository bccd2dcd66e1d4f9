"""Our distribution functions against scipy's, which they stand in for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from claimbench.stats import distributions as d

LEVELS = [1e-15, 1e-9, 1e-4, 0.0025, 0.025, 0.1, 0.3, 0.5, 0.7, 0.975, 0.9975, 1 - 1e-9]
ROWS = [5, 30, 500, 2_500, 7_000, 20_000, 1_000_000]


def close(n: float) -> float:
    """Tolerance: both lose digits with the number of rows, in differences of log-gammas."""
    return max(1e-12, 1e-14 * n)


@given(st.floats(-37, 37))
def test_the_normal_distribution(z: float) -> None:
    assert d.normal_cdf(z) == pytest.approx(float(special.ndtr(z)), rel=1e-12)


@given(st.floats(1e-300, 1 - 1e-15))
def test_normal_quantiles(p: float) -> None:
    assert d.normal_quantile(p) == pytest.approx(float(special.ndtri(p)), rel=1e-12, abs=1e-14)


def test_the_ends_of_the_normal() -> None:
    assert (d.normal_quantile(0), d.normal_quantile(1)) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="not a probability"):
        d.normal_quantile(1.5)


@pytest.mark.parametrize("df", [1.5, 2, 3, 4.7, 9, 30, 51.3, 99, 500, 2_499, 9_999, 1e6])
@pytest.mark.parametrize("t", [-1e4, -20.0, -5.0, -1.96, -0.5, -0.01, 0.3, 2.0, 7.0])
def test_t(df: float, t: float) -> None:
    assert d.t_cdf(t, df) == pytest.approx(float(special.stdtr(df, t)), rel=close(df), abs=1e-290)


@pytest.mark.parametrize("df", [1, 1.5, 2, 3, 4.7, 9, 30, 51.3, 99, 500, 2_499, 9_999, 1e6])
@pytest.mark.parametrize("p", [*LEVELS, 0.4999])
def test_t_quantiles(df: float, p: float) -> None:
    assert d.t_quantile(p, df) == pytest.approx(
        float(special.stdtrit(df, p)), rel=close(df), abs=1e-12
    )


@given(st.floats(1, 1e5), st.floats(1e-12, 1 - 1e-12))
def test_a_t_quantile_has_its_probability(df: float, p: float) -> None:
    assert d.t_cdf(d.t_quantile(p, df), df) == pytest.approx(p, rel=1e-9)


def test_t_without_bounds() -> None:
    assert d.t_cdf(-math.inf, 5) == d.t_cdf(-1e200, 5) == 0
    assert d.t_cdf(math.inf, 5) == d.t_cdf(1e200, 5) == 1
    assert d.t_cdf(0.0, 5) == d.t_cdf(1e-200, 5) == 0.5
    assert (d.t_quantile(0, 5), d.t_quantile(1, 5)) == (-math.inf, math.inf)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 0.99])
def test_the_binomial_distribution(n: int, p: float) -> None:
    for z in (-7, -3, -1.96, -0.5, 0, 0.5, 2, 3, 7):
        k = round(n * p + z * math.sqrt(n * p * (1 - p)))
        if 0 <= k < n:
            assert d.binomial_cdf(k, n, p) == pytest.approx(
                float(special.bdtr(k, n, p)), rel=close(n)
            )
    assert d.binomial_cdf(-1, n, p) == 0
    assert d.binomial_cdf(n, n, p) == 1


@pytest.mark.parametrize("n", [1, 2, *ROWS])
@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("q", LEVELS)
def test_a_binomial_quantile_is_the_first_that_reaches_it(n: int, p: float, q: float) -> None:
    k = d.binomial_quantile(q, n, p)
    below = 0.0 if k == 0 else float(special.bdtr(k - 1, n, p))
    slack = close(n)
    assert below < q * (1 + slack)
    assert k == n or float(special.bdtr(k, n, p)) >= q * (1 - slack)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("q", LEVELS)
def test_bounds_of_a_share(n: int, q: float) -> None:
    for k in (0.3, 1, 2.5, 0.3 * n, 0.9 * n, n - 1):
        theirs = float(special.betaincinv(k, n - k + 1, q))
        assert d.beta_quantile(q, k, n - k + 1) == pytest.approx(theirs, rel=close(n), abs=1e-200)
        assert d.beta_cdf(theirs, k, n - k + 1) == pytest.approx(q, rel=10 * close(n))
    assert d.beta_cdf(0.0, 2, 3) == d.beta_quantile(0.0, 2, 3) == 0
    assert d.beta_cdf(1.0, 2, 3) == d.beta_quantile(1.0, 2, 3) == 1
