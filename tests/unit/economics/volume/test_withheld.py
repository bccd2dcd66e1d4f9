"""Dollars that a vendor withholds leave an arm a range."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.economics.volume.outlook import endpoint_figures
from claimbench.pricing.arms import ArmPrice
from claimbench.testing.tables import tables_from_arrays

N = 200
USD = np.full(N, 0.001)


@pytest.mark.parametrize(
    ("gone", "high", "open_"),
    [
        (0, 0.004, None),
        (1, 0.004, (0.000995, 0.001015)),
        (100, 0.002, (0.0005, 0.0015)),
        (N, 0.004, (0.0, 0.004)),
    ],
)
def test_an_arm_is_open_as_far_as_amounts_are_withheld(
    gone: int, high: float, open_: tuple[float, float] | None
) -> None:
    usd, low, top = USD.copy(), USD.copy(), USD.copy()
    usd[:gone], low[:gone], top[:gone] = np.nan, 0.0, high
    items, _ = tables_from_arrays(
        {"A": np.ones(N)}, usd={"A": usd}, usd_low={"A": low}, usd_high={"A": top}
    )
    figures = endpoint_figures("A", ArmPrice("A", None), items)
    assert figures.open == (None if open_ is None else pytest.approx(open_))
    ends, whole = figures.ends_at(0.05), figures.interval_at(0.05)
    assert ends is not None
    assert whole == (ends[0][0], ends[1][1])
    if open_ is not None:
        assert ends[0][0] <= open_[0] + 1e-12 <= open_[1] <= ends[1][1] + 1e-12


def test_amounts_without_bounds_leave_no_bill_above_five_percent() -> None:
    usd = USD.copy()
    usd[:20] = np.nan
    items, _ = tables_from_arrays({"A": np.ones(N)}, usd={"A": usd})
    assert endpoint_figures("A", ArmPrice("A", None), items).measured is None
