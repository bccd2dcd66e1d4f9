"""The test of exchangeable answers: its size, its power, and what it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.monitoring.exchange import Deal, exchange_test

RNG = np.random.default_rng(5)


def deal(base: list[int], new: list[int]) -> Deal:
    codes = np.asarray([*base, *new])
    return Deal((codes[:, None] != codes[None, :]).astype(np.float64), len(base))


def share_below(level: float, epochs: tuple[int, int], moved: float, reps: int) -> float:
    """How often 40 samples with answers of their own noise are called changed."""
    rejected = 0
    for _ in range(reps):
        deals = []
        for _ in range(40):
            odds = RNG.dirichlet([1.0, 0.5, 0.2])
            now = odds[::-1] if RNG.random() < moved else odds
            deals.append(
                deal(
                    RNG.choice(3, epochs[0], p=odds).tolist(),
                    RNG.choice(3, epochs[1], p=now).tolist(),
                )
            )
        found = exchange_test(deals, RNG, 199)
        assert found is not None
        rejected += found.p <= level
    return rejected / reps


@pytest.mark.parametrize("epochs", [(3, 3), (2, 5), (4, 1)])
def test_a_model_that_only_varies_is_called_changed_at_the_level_and_no_oftener(
    epochs: tuple[int, int],
) -> None:
    reps = 300
    limit = 0.05 + 3 * (0.05 * 0.95 / reps) ** 0.5
    assert share_below(0.05, epochs, 0.0, reps) <= limit


def test_a_model_that_changed_is_found() -> None:
    assert share_below(0.05, (3, 3), 0.5, 40) > 0.9


def test_one_answer_in_each_run_tells_nothing() -> None:
    assert exchange_test([deal([0], [1])] * 50, RNG) is None
    assert exchange_test([deal([], [1, 2])] * 50, RNG) is None


def test_equal_answers_everywhere_are_no_evidence() -> None:
    found = exchange_test([deal([0, 0, 0], [0, 0, 0])] * 30, RNG, 99)
    assert found is not None
    assert (found.observed, found.expected, found.p) == (0.0, 0.0, 1.0)


def test_answers_that_never_repeat_are_no_evidence_of_a_change() -> None:
    found = exchange_test([deal([0, 1, 2], [3, 4, 5])] * 30, RNG, 99)
    assert found is not None
    assert found.p == 1.0


def test_many_repeats_are_dealt_at_random_and_come_to_the_same() -> None:
    settled, moved = deal([0] * 20, [0] * 20), deal([0] * 20, [1] * 20)
    for one, p in ((settled, 1.0), (moved, 1 / 200)):
        found = exchange_test([one] * 5, RNG, 199)
        assert found is not None
        assert found.p == pytest.approx(p)
