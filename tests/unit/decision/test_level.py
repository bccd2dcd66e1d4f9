"""An interval of a bill is said at the level that it has."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench import stats
from claimbench.decision.choose import Against, Month
from claimbench.decision.words import _bill
from claimbench.economics.volume.outlook import endpoint_figures
from claimbench.pricing.arms import ArmPrice
from claimbench.testing.tables import tables_from_arrays


@pytest.mark.parametrize(
    ("n", "alpha", "level"),
    [(60, 0.05, 0.995), (199, 0.05, 0.995), (200, 0.05, 0.95), (60, 0.1, 0.99), (400, 0.1, 0.9)],
)
def test_few_items_have_the_level_of_the_tail_guard(n: int, alpha: float, level: float) -> None:
    usd = 0.001 + np.arange(n) % 7 * 1e-5
    items, _ = tables_from_arrays({"a": np.ones(n)}, usd={"a": usd})
    found = endpoint_figures("a", ArmPrice("a", None), items)
    assert found.level_at(alpha) == pytest.approx(level)


@pytest.mark.parametrize(("level", "said"), [(0.995, "99.5%"), (0.95, "95%"), (0.99, "99%")])
def test_a_sentence_says_the_level_of_each_interval(level: float, said: str) -> None:
    month = Month(10.0, 9.0, 11.0, "1 request a month", level)
    saved = stats.Interval(50.0, 40.0, 60.0, level, "bill", 9, 9)
    line = _bill(Against("new", month=month, was=month, year=saved), "old")
    assert line is not None
    assert line.count(f"({said}: ") == 3
