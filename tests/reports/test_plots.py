"""Labels of the small drawings stay inside them."""

from __future__ import annotations

import re

import pytest

from claimbench_reports.charts.plots import CHAR, WIDTH, _anchor


@pytest.mark.parametrize("label", ["124%", "claimed: at least 130%", "claimed: at least +29.5 pts"])
@pytest.mark.parametrize("at", range(26, WIDTH - 25, 6))
def test_a_label_stays_inside(at: int, label: str) -> None:
    found = re.fullmatch(r'x="([\d.]+)" text-anchor="(\w+)"', _anchor(at, label))
    assert found is not None
    wide = len(label) * CHAR
    left = float(found[1]) - {"start": 0, "middle": wide / 2, "end": wide}[found[2]]
    assert left >= -1e-9
    assert left + wide <= WIDTH + 1e-9
