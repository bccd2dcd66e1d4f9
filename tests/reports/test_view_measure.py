"""Figures of one arm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from claimbench.testing.tables import tables_from_arrays
from claimbench_reports.view.measure import ItemScope, usd_1k

N = 30


@pytest.mark.parametrize(("n_answered", "text"), [(0, "no answers"), (1, None), (N, None)])
def test_dollars_per_request_need_an_answer(n_answered: int, text: str | None) -> None:
    """A machine's failed calls cost its time; that is in the bill, and no price of a request."""
    score = [1.0] * n_answered + [math.nan] * (N - n_answered)
    items, _ = tables_from_arrays({"own": score}, usd={"own": np.linspace(1e-4, 2e-4, N)})
    found = usd_1k("x", items.arms["own"], ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05))
    assert (found.value is None) == (text is not None)
    if text is not None:
        assert found.text == text
    else:
        assert found.value == pytest.approx(0.15)
