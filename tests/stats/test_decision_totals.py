"""The interval of a lead covers, and certainty is not made by clipping."""

from __future__ import annotations

import math

import pytest
from decision_simulation import Case, lead, rates

COVER = 0.94
WRONG = 0.05
CASES = {
    "nothing clips": Case((0.75, 0.65), (0.0, 1.0), 100, 0.5),
    "nothing clips, dollars too": Case((0.75, 0.65), (0.0, 1.0), 100, 0.5, (60, 40)),
    "beyond both ends": Case((0.93, 0.80), (0.8, 0.9), 30, 0.0),
    "both on the best end": Case((0.9, 0.9), (0.8, 0.9), 30, 0.5),
    "both on the best end, alike": Case((0.9, 0.9), (0.5, 0.9), 200, 0.9),
    "both beyond the best end": Case((0.95, 0.95), (0.5, 0.9), 60, 0.5),
    "both below the worst end": Case((0.8, 0.7), (0.9, 1.0), 50, 0.2),
    "on both ends": Case((0.9, 0.8), (0.8, 0.9), 60, 0.5),
    "one within, one below": Case((0.85, 0.75), (0.8, 0.9), 200, 0.5),
    "near all right": Case((0.99, 0.97), (0.9, 1.0), 100, 0.5),
    "a narrow scale": Case((0.97, 0.97), (0.96, 0.99), 400, 0.9),
    "two that clip": Case(
        (0.9, 0.9), (0.5, 0.9), 100, 0.5, (50, 50), usd=(1.2, 1.2), usd_scale=(4.0, 1.2)
    ),
    "dollars clip": Case((0.85, 0.75), (0.8, 0.9), 100, 0.5, (50, 50), usd_scale=(1.2, 1.0)),
}


def slack(share: float, tries: int) -> float:
    """Three Monte-Carlo standard errors."""
    return 3 * math.sqrt(share * (1 - share) / tries)


@pytest.mark.parametrize("name", list(CASES))
def test_the_interval_of_a_lead_covers_quick(name: str) -> None:
    covered, wrong = rates(CASES[name], 80)
    assert covered >= COVER - slack(COVER, 80)
    assert wrong <= WRONG + slack(WRONG, 80)


@pytest.mark.full_stats
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", list(CASES))
def test_the_interval_of_a_lead_covers(name: str) -> None:
    covered, wrong = rates(CASES[name], 4000)
    assert covered >= COVER
    assert wrong <= WRONG + slack(WRONG, 4000)


def test_a_clear_lead_is_found_where_nothing_clips() -> None:
    """The interval is not wide for want of sharpness: power stays."""
    case = Case((0.9, 0.7), (0.0, 1.0), 200, 0.5)
    assert sum(lead(case, seed).p <= 0.05 for seed in range(40)) >= 36
