"""Nightly runs against one baseline: no series cries wolf oftener than its level, and one with a
drop of twice the margin alarms within five nights.
"""

from __future__ import annotations

import math

import nightly_series as nightly
import numpy as np
import pytest


def allowed(reps: int) -> float:
    return nightly.LIMIT + 3 * math.sqrt(nightly.LIMIT * (1 - nightly.LIMIT) / reps)


@pytest.mark.parametrize(
    "series",
    [
        nightly.Series(n=200, watched=True),
        nightly.Series(n=200, slower=nightly.LATENCY, watched=True),
        nightly.Series(n=200, drop=nightly.MARGIN),
    ],
    ids=["no change", "latency at the margin", "accuracy at the margin"],
)
def test_few_series_alarm_without_a_regression(series: nightly.Series) -> None:
    reps = 60
    assert nightly.share(series, reps, 10, 10, 3) <= allowed(reps)


def test_a_drop_of_twice_the_margin_alarms_soon() -> None:
    series = nightly.Series(drop=2 * nightly.MARGIN)
    assert nightly.share(series, 20, nightly.SOON, nightly.NIGHTS, 4) >= nightly.WANTED


@pytest.mark.parametrize("first", [2, 5])
def test_a_change_that_no_margin_sees_alarms_in_every_night_after_it(first: int) -> None:
    """A fifth of the samples turn, as many to right as to wrong: no measure regresses."""
    series = nightly.Series()
    rng = np.random.default_rng(5)
    chance = (rng.random(series.n) < 0.5).astype(np.float64)
    turned = np.where(np.arange(series.n) % 5 == 0, 1 - chance, chance)
    nights = [chance if night < first else turned for night in range(first + 6)]
    nights = [np.abs(one - (rng.random(series.n) < 0.03)) for one in nights]
    for last in range(2, len(nights)):
        found = nightly.changed_arms({"one": nights[: last + 1]}, 0.001)
        assert found == (["one"] if last >= first else [])


@pytest.mark.full_stats
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    "series",
    [
        nightly.Series(watched=True),
        nightly.DEARER,
        nightly.SLOWER,
        nightly.Series(),
        nightly.Series(drop=nightly.MARGIN),
    ],
    ids=[
        "no change, models watched",
        "dollars at the margin, models watched",
        "latency at the margin, models watched",
        "no change",
        "accuracy at the margin",
    ],
)
def test_500_series_of_30_nights_alarm_within_the_level(series: nightly.Series) -> None:
    assert nightly.share(series, 500, nightly.NIGHTS, nightly.NIGHTS, 1) <= nightly.LIMIT


@pytest.mark.full_stats
@pytest.mark.timeout(7200)
def test_of_500_series_with_twice_the_margin_nine_in_ten_alarm_within_five_nights() -> None:
    series = nightly.Series(drop=2 * nightly.MARGIN)
    assert nightly.share(series, 500, nightly.SOON, nightly.NIGHTS, 1) >= nightly.WANTED
