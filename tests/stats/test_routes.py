"""Routes whose threshold is fitted: wrong verdicts out of fold, and none in sample."""

from __future__ import annotations

import math

import pytest
from route_simulation import Cell, tally, truth, verdicts

from claimbench.types.routes import FitSpec

LIMIT = 0.056
CELLS = (
    Cell(200, FitSpec(share=0.3), "accuracy"),
    Cell(200, FitSpec(keep=0.95), "accuracy"),
    Cell(200, FitSpec(keep=0.95), "cost"),
    Cell(400, FitSpec(max_usd_per_1k=10.0), "accuracy", 4),
    Cell(400, FitSpec(share=0.4), "cost", 4),
)


def allowed(reps: int) -> float:
    """The limit and three Monte-Carlo standard errors."""
    return LIMIT + 3 * math.sqrt(LIMIT * (1 - LIMIT) / reps)


@pytest.mark.parametrize("cell", CELLS[:3], ids=str)
def test_out_of_fold_verdicts_are_seldom_wrong_quick(cell: Cell) -> None:
    found = tally(cell, 80)
    assert set(found) <= {"supported", "refuted", "inconclusive"}
    assert 1 - found["inconclusive"] / 80 <= allowed(80), found


@pytest.mark.full_stats
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_out_of_fold_verdicts_are_seldom_wrong(cell: Cell) -> None:
    found = tally(cell, 2000)
    assert 1 - found["inconclusive"] / 2000 <= allowed(2000), found


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_a_threshold_chosen_on_the_answers_reaches_no_verdict(threshold: float) -> None:
    cell = CELLS[0]
    found = {verdicts(cell, seed, "after", threshold) for seed in range(5)}
    assert found == {"not_comparable"}


def test_a_threshold_declared_before_is_judged() -> None:
    assert verdicts(CELLS[1], 3, "before", 0.7) != "not_comparable"


def test_the_truth_of_a_cell_is_between_its_arms() -> None:
    assert -0.3 < truth(CELLS[0]) < 0
