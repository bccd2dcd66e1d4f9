"""Latency under load that lasts, and differences between slices: wrong verdicts by simulation."""

from __future__ import annotations

import math

import latency_simulation as latency
import pytest
import slice_simulation as slices

LIMIT = 0.056


def allowed(limit: float, reps: int) -> float:
    """The limit and three Monte-Carlo standard errors."""
    return limit + 3 * math.sqrt(limit * (1 - limit) / reps)


QUICK = (
    latency.Cell("15 min", "limit", 300.0),
    latency.Cell("60 min", "p50", 60.0),
    latency.Cell("60 min", "limit", 900.0),
    latency.Cell("15 min", "limit", 900.0, window=True),
)


@pytest.mark.parametrize("cell", QUICK, ids=str)
def test_lasting_load_quick(cell: latency.Cell) -> None:
    tally = latency.run_cell(cell, 300)
    assert tally.share("wrong") <= allowed(LIMIT, 300), tally


def test_blocks_of_a_minute_alone_are_wrong_far_too_often() -> None:
    """The control: the same runs without joined blocks."""
    tally = latency.run_cell(latency.Cell("15 min", "limit", 900.0), 200)
    assert tally.share("plain") > 0.3


def test_without_lasting_load_an_hour_still_decides() -> None:
    assert latency.run_cell(latency.Cell("60 min", "p50", 1.0), 100).share("found") > 0.75


@pytest.mark.full_stats
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cell", list(latency.cells()), ids=str)
def test_lasting_load_full(cell: latency.Cell) -> None:
    tally = latency.run_cell(cell, 2000)
    assert tally.share("wrong") <= allowed(LIMIT, 2000), tally


@pytest.mark.parametrize(
    "cell", [slices.Cell(0.95, 20), slices.Cell(0.98, 10), slices.Cell(0.80, 60, 3)], ids=str
)
def test_slices_quick(cell: slices.Cell) -> None:
    check_slices(cell, 600)


@pytest.mark.full_stats
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cell", list(slices.cells()), ids=str)
def test_slices_full(cell: slices.Cell) -> None:
    check_slices(cell, 2000)


def check_slices(cell: slices.Cell, reps: int) -> None:
    at_five, at_many, _ = slices.run_cell(cell, reps)
    assert at_five <= allowed(LIMIT, reps)
    assert at_many <= allowed(0.05 / 32, reps)
