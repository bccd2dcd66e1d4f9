"""Nightly runs against one baseline: no series cries wolf oftener than its level, and one with a
drop of twice the margin alarms within five nights.
"""

from __future__ import annotations

import math

import nightly_series as nightly
import pytest


def allowed(reps: int) -> float:
    return nightly.LIMIT + 3 * math.sqrt(nightly.LIMIT * (1 - nightly.LIMIT) / reps)


@pytest.mark.parametrize(
    "series",
    [nightly.Series(n=200), nightly.Series(n=200, drop=nightly.MARGIN)],
    ids=["no change", "at the margin"],
)
def test_few_series_alarm_without_a_regression(series: nightly.Series) -> None:
    reps = 60
    assert nightly.share(series, reps, 10, 10, 3) <= allowed(reps)


def test_a_drop_of_twice_the_margin_alarms_soon() -> None:
    series = nightly.Series(drop=2 * nightly.MARGIN)
    assert nightly.share(series, 20, nightly.SOON, nightly.NIGHTS, 4) >= nightly.WANTED


@pytest.mark.full_stats
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    "series",
    [nightly.Series(), nightly.Series(drop=nightly.MARGIN), nightly.Series(dollars=0.1)],
    ids=["no change", "accuracy at the margin", "dollars at the margin"],
)
def test_500_series_of_30_nights_alarm_within_the_level(series: nightly.Series) -> None:
    assert nightly.share(series, 500, nightly.NIGHTS, nightly.NIGHTS, 1) <= nightly.LIMIT


@pytest.mark.full_stats
@pytest.mark.timeout(7200)
def test_of_500_series_with_twice_the_margin_nine_in_ten_alarm_within_five_nights() -> None:
    series = nightly.Series(drop=2 * nightly.MARGIN)
    assert nightly.share(series, 500, nightly.SOON, nightly.NIGHTS, 1) >= nightly.WANTED
