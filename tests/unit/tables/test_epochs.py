"""Epochs of an item come to one score by the task's reducer; one draw, whatever they were."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from claimbench.stats.epochs import reduced_items
from claimbench.tables.items import _reduced
from claimbench.testing.tables import tables_from_arrays

SCORES = np.asarray([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1]], dtype=np.float64)


def reduced(rule: str, scores: np.ndarray, missing: int = 0) -> list[float]:
    n, epochs = scores.shape
    item = np.repeat(np.arange(n), epochs)
    flat = scores.ravel()
    lost = np.full(n, missing)
    return reduced_items([rule] * n, item, flat, ~np.isnan(flat), lost).tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mode", [1, 0, 0, 1]),
        ("at_least@2", [1, 0, 0, 1]),
        ("pass@1", [2 / 3, 1 / 3, 0, 1]),
        ("pass@2", [1, 2 / 3, 0, 1]),
        ("pass^1", [2 / 3, 1 / 3, 0, 1]),
        ("pass^2", [1 / 3, 0, 0, 1]),
        ("pass^3", [0, 0, 0, 1]),
        ("mean", [math.nan] * 4),
    ],
)
def test_items_by_rule(rule: str, expected: list[float]) -> None:
    assert reduced(rule, SCORES) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_pass_hat_is_unbiased(k: int) -> None:
    chance, epochs = 0.7, 6
    expected = sum(
        math.comb(epochs, right)
        * chance**right
        * (1 - chance) ** (epochs - right)
        * reduced(f"pass^{k}", np.asarray([[1.0] * right + [0.0] * (epochs - right)]))[0]
        for right in range(epochs + 1)
    )
    assert expected == pytest.approx(chance**k)


def test_a_missing_epoch_leaves_open_what_it_could_turn() -> None:
    scores = SCORES.copy()
    scores[1, 2] = math.nan
    assert math.isnan(reduced("at_least@2", scores, missing=1)[1])
    assert reduced("at_least@2", scores, missing=1)[0] == 1


def test_a_reduced_item_is_one_draw_in_the_table() -> None:
    items, _ = tables_from_arrays({"A": SCORES.mean(axis=1)})
    _, calls = tables_from_arrays({"A": SCORES.ravel()})
    rows = replace(calls.arms["A"], item=np.repeat(np.arange(4), 3))
    plain = replace(items.arms["A"], n_epochs=np.full(4, 3))
    every = np.ones(12, dtype=np.bool_)
    found = _reduced(plain, rows, every, every, [*["at_least@2"] * 3, "mean"])
    assert found.score.tolist() == pytest.approx([1, 0, 0, 1])
    assert found.score_errors_wrong.tolist() == pytest.approx([1, 0, 0, 1])
    assert found.n_epochs.tolist() == [1, 1, 1, 3]
    assert np.isnan(found.score_var[:3]).all()
    assert found.usd.tolist() == pytest.approx(plain.usd.tolist(), nan_ok=True)
