"""Our root finder against scipy's, which it stands in for."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from claimbench.stats.root_finding import brentq

FUNCTIONS: list[tuple[Callable[[float], float], float, float]] = [
    (lambda x: x**2 - 2, 0.0, 2.0),
    (lambda x: math.cos(x) - x, 0.0, 1.0),
    (lambda x: math.exp(x) - 1e6, 0.0, 100.0),
    (lambda x: math.atan(x - 3) - 1e-9, -50.0, 1e4),
    (lambda x: (x - 1) * (1 + (x - 1) ** 2), 5.0, -3.0),
    (lambda x: -1.0 if x < 0.3 else 1.0, 0.0, 1.0),
    (lambda x: 1e-300 * (x - 0.25), 0.0, 1.0),
]


@pytest.mark.parametrize(("function", "low", "high"), FUNCTIONS)
def test_the_root_is_scipys(function: Callable[[float], float], low: float, high: float) -> None:
    theirs = optimize.brentq(function, low, high, xtol=1e-14, rtol=1e-14)
    assert brentq(function, low, high, xtol=1e-14, rtol=1e-14) == pytest.approx(theirs, rel=1e-12)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 50), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_a_monotone_function_has_its_root_found(
    root: float, steep: float, below: float, above: float
) -> None:
    def function(x: float) -> float:
        return math.tanh((x - root) * steep) + 0.1 * (x - root)

    assert brentq(function, root - below, root + above, xtol=1e-12) == pytest.approx(root, abs=1e-9)


def test_few_calls_are_needed() -> None:
    calls = 0

    def function(x: float) -> float:
        nonlocal calls
        calls += 1
        return math.exp(x) - 5

    assert brentq(function, 0.0, 10.0) == pytest.approx(math.log(5))
    assert calls < 20


@pytest.mark.parametrize("function", [lambda x: x * x + 1, lambda _x: math.nan])
def test_an_end_without_a_change_of_sign_is_an_error(function: Callable[[float], float]) -> None:
    with pytest.raises(ValueError, match="no change of sign"):
        brentq(function, -1.0, 2.0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 0.0)])
def test_a_root_at_an_end_is_found(low: float, high: float) -> None:
    assert brentq(lambda x: x, low, high) == 0.0
