"""Chains of three arms and arms by slice, fitted: wrong verdicts out of fold, none in sample."""

from __future__ import annotations

import math

import pytest
from chain_simulation import NAMES, Cell, tally, truth, verdicts

from claimbench.types.routes import ChooseSpec, FitSpec

LIMIT = 0.056
CELLS = (
    Cell(200, FitSpec(keep=0.95), "accuracy"),
    Cell(200, FitSpec(max_usd_per_1k=10.0), "cost"),
    Cell(240, ChooseSpec(NAMES), "accuracy"),
    Cell(400, FitSpec(max_usd_per_1k=10.0), "accuracy", 4),
    Cell(400, ChooseSpec(NAMES), "accuracy", 4),
    Cell(240, ChooseSpec(NAMES, keep=0.95), "cost"),
)


def allowed(reps: int) -> float:
    """The limit and three Monte-Carlo standard errors."""
    return LIMIT + 3 * math.sqrt(LIMIT * (1 - LIMIT) / reps)


@pytest.mark.parametrize("cell", CELLS[:3], ids=str)
def test_out_of_fold_verdicts_are_seldom_wrong_quick(cell: Cell) -> None:
    found = tally(cell, 60)
    assert set(found) <= {"supported", "refuted", "inconclusive"}
    assert 1 - found["inconclusive"] / 60 <= allowed(60), found


@pytest.mark.full_stats
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_out_of_fold_verdicts_are_seldom_wrong(cell: Cell) -> None:
    found = tally(cell, 1000)
    assert 1 - found["inconclusive"] / 1000 <= allowed(1000), found


@pytest.mark.parametrize("cell", [CELLS[0], CELLS[2]], ids=str)
@pytest.mark.parametrize("stated", [0.5, 0.6, 0.7])
def test_what_was_chosen_on_the_answers_reaches_no_verdict(cell: Cell, stated: float) -> None:
    found = {verdicts(cell, seed, "after", stated) for seed in range(4)}
    assert found == {"not_comparable"}


@pytest.mark.parametrize("cell", [CELLS[0], CELLS[2]], ids=str)
def test_what_is_fitted_out_of_fold_may_be_declared_after(cell: Cell) -> None:
    assert verdicts(cell, 3, "after") != "not_comparable"


def test_the_truth_of_a_cell_is_where_its_arms_are() -> None:
    assert -0.3 < truth(CELLS[0]) < 0
    assert 0 < truth(CELLS[2]) < 0.1
