"""The test of exchangeable answers: its size, its power, and what it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.monitoring.exchange import Deal, exchange_test

RNG = np.random.default_rng(5)


def deal(base: list[int], new: list[int], between: list[int] | None = None) -> Deal:
    codes = np.asarray([*base, *new, *(between or [])])
    distance = (codes[:, None] != codes[None, :]).astype(np.float64)
    return Deal(distance, len(base), len(new))


def share_below(
    level: float, epochs: tuple[int, int], moved: float, reps: int, nights: str = ""
) -> float:
    """How often 40 samples with answers of their own noise are called changed; ``nights``: which
    model answers in each run between, "b" as in BASE and "n" as in NEW.
    """
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
                    [int(RNG.choice(3, p=odds if who == "b" else now)) for who in nights],
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


@pytest.mark.parametrize("nights", ["b", "bbb", "b" * 12])
def test_runs_between_leave_the_level_as_it_is(nights: str) -> None:
    reps = 300
    limit = 0.05 + 3 * (0.05 * 0.95 / reps) ** 0.5
    assert share_below(0.05, (1, 1), 0.0, reps, nights) <= limit


def settled(nights: str) -> list[Deal]:
    """Sixty samples of which half have another answer since the model changed, without noise."""
    moved = deal([0], [1], [0 if who == "b" else 1 for who in nights])
    same = deal([0], [0], [0 for _ in nights])
    return [moved, same] * 30


@pytest.mark.parametrize("nights", ["b", "n", "bn", "bbn", "bnnn", "bbbbbb", "n" * 12])
def test_a_change_is_found_in_every_night_that_follows_it(nights: str) -> None:
    found = exchange_test(settled(nights), RNG, 9_999)
    assert found is not None
    assert found.observed == 0.5
    assert found.p < 0.001
    assert share_below(0.05, (1, 1), 1.0, 20, "bb" + nights) > 0.5


@pytest.mark.parametrize("nights", ["n", "bn", "bnn", "nbbn"])
def test_a_model_that_changed_and_came_back_is_not_called_changed(nights: str) -> None:
    moved = deal([0], [0], [0 if who == "b" else 1 for who in nights])
    found = exchange_test([moved] * 30, RNG, 999)
    assert found is not None
    assert found.observed == 0.0
    assert found.p == 1.0


def test_runs_between_are_not_dealt_beside_repeats() -> None:
    with pytest.raises(ValueError, match="one answer in BASE"):
        deal([0, 1], [0], [1])


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
