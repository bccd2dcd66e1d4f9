"""Rank acceptability and the smallest change of weights, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from claimbench.decision.weights import acceptability, smallest_move


def by_force(values: dict[str, list[float]], k: int, draws: int = 200_000) -> dict[str, float]:
    weights = np.random.default_rng(7).exponential(size=(draws, k))
    weights /= weights.sum(axis=1, keepdims=True)
    totals = weights @ np.array(list(values.values())).T
    best = totals.argmax(axis=1)
    return {name: float((best == i).mean()) for i, name in enumerate(values)}


@pytest.mark.parametrize("k", [2, 3, 4, 6])
@pytest.mark.parametrize("seed", range(6))
def test_acceptability_is_that_of_brute_force(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {f"arm{i}": rng.random(k).tolist() for i in range(2 + seed % 4)}
    found, forced = acceptability(values), by_force(values, k)
    assert sum(found.values()) == pytest.approx(1)
    for name, share in forced.items():
        assert found[name] == pytest.approx(share, abs=0.006)


def test_arms_that_are_the_same_share_their_part() -> None:
    values = {"a": [0.5, 0.5, 0.5], "b": [0.5, 0.5, 0.5], "c": [0.1, 0.1, 0.1]}
    found = acceptability(values)
    assert found == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})
    assert acceptability({"a": [0.4], "b": [0.4]}) == {"a": 0.5, "b": 0.5}


def test_one_criterion_leaves_no_choice_of_weights() -> None:
    assert acceptability({"a": [0.4], "b": [0.6]}) == {"a": 0.0, "b": 1.0}


def least_by_programme(gain: np.ndarray, w: np.ndarray) -> float | None:
    """min sum |w' - w| / 2 with gain . w' <= 0, w' on the simplex."""
    k = len(w)
    c = np.concatenate([np.zeros(k), np.full(k, 0.5)])
    upper = [
        [*gain, *np.zeros(k)],
        *([*np.eye(k)[i], *-np.eye(k)[i]] for i in range(k)),
        *([*-np.eye(k)[i], *-np.eye(k)[i]] for i in range(k)),
    ]
    bounds_up = [0.0, *w, *-w]
    done = linprog(
        c,
        A_ub=upper,
        b_ub=bounds_up,
        A_eq=[[1.0] * k + [0.0] * k],
        b_eq=[1.0],
        bounds=[(0, 1)] * (2 * k),
    )
    return float(done.fun) if done.status == 0 else None


@pytest.mark.parametrize("seed", range(40))
def test_the_smallest_change_is_that_of_the_linear_programme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = 2 + seed % 5
    values = {f"arm{i}": rng.random(k).tolist() for i in range(2 + seed % 3)}
    weights = rng.random(k) + 0.05
    w = weights / weights.sum()
    winner = max(values, key=lambda name: float(w @ np.array(values[name])))
    names = [f"c{i}" for i in range(k)]
    found = smallest_move(values, weights.tolist(), names, winner)
    wanted = [
        least
        for rival in values
        if rival != winner
        and (least := least_by_programme(np.array(values[winner]) - values[rival], w)) is not None
    ]
    if not wanted:
        assert found is None
    else:
        assert found is not None
        assert found.moved == pytest.approx(min(wanted), abs=1e-7)
        assert sum(part for _, part in found.taken) == pytest.approx(found.moved)


def test_a_winner_in_everything_is_not_moved() -> None:
    values = {"a": [0.9, 0.8], "b": [0.5, 0.7]}
    assert smallest_move(values, [1, 1], ["x", "y"], "a") is None
