"""Wrong verdicts of the claim checker's guards by simulation: a quick set with fixed seeds, every
cell on request (``make stats``). Held to the limit plus three Monte-Carlo standard errors.
"""

from __future__ import annotations

import math

import claim_cells
import pytest

CELLS = list(claim_cells.cells())
QUICK = [cell for cell in CELLS if cell.fast]


def allowed(reps: int) -> float:
    limit = claim_cells.LIMIT
    return limit + 3 * math.sqrt(limit * (1 - limit) / reps)


def name_of(cell: claim_cells.Cell) -> str:
    return f"{cell.table}-{cell.label}".replace(" ", "_")


@pytest.mark.parametrize("cell", QUICK, ids=name_of)
def test_quick_cells_keep_the_limit(cell: claim_cells.Cell) -> None:
    rate = cell.run(400)
    assert rate.wrong / rate.reps <= allowed(400)
    if not cell.wrong:
        assert rate.decided >= 0.8 * rate.reps  # the price must leave something to decide


@pytest.mark.full_stats
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_every_cell_keeps_the_limit(cell: claim_cells.Cell) -> None:
    rate = cell.run(2000)
    assert rate.wrong / rate.reps <= allowed(2000)


def test_without_a_cap_only_the_condition_keeps_the_limit() -> None:
    """The control: were it not for its condition, a third of these decisions would be wrong."""
    free = next(c for c in CELLS if c.table == "cost, cap unknown" and c.label == "1% at 50x, n=50")
    rate = free.run(400)
    assert rate.void / rate.reps > 0.2
