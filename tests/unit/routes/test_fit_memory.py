"""A fit of three steps sums requests some at a time: the same means, in little memory."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

from claimbench.routes.fit import BLOCK, Options, best_thresholds, mean_by_cuts
from claimbench.types.routes import FitSpec


def options(n: int, steps: int = 3) -> Options:
    rng = np.random.default_rng(7)
    return Options(
        rng.random((n, steps + 1)),
        rng.random((n, steps + 1)) / 1000,
        rng.random((n, steps)),
        rng.random((n, steps)) < 0.1,
        np.arange(n),
    )


@pytest.mark.parametrize("n", [1, 50, BLOCK, BLOCK + 1, 2 * BLOCK + 17])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_means_are_those_of_each_request_by_itself(n: int, steps: int) -> None:
    some = options(n, steps)
    cuts = [np.array([-np.inf, 0.3, np.inf]), np.array([0.5, 0.9]), np.array([0.2, 0.7])][:steps]
    found = mean_by_cuts(some, some.score, cuts)
    for place in itertools.product(*(range(len(each)) for each in cuts)):
        at = np.array([cuts[k][place[k]] for k in range(steps)])
        answered = some.answered(np.tile(at, (n, 1)))
        expected = some.score[np.arange(n), answered].mean()
        assert found[place] == pytest.approx(expected, abs=1e-12)


def test_a_fit_of_three_steps_holds_little() -> None:
    n = 20_000
    some = options(n)
    tracemalloc.start()
    try:
        best_thresholds(some, FitSpec(keep=0.9), np.full(3, np.nan))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6
