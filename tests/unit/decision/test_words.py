"""Shares in words, also those above all."""

from __future__ import annotations

import pytest

from claimbench.decision.words import _share


@pytest.mark.parametrize(("share", "text"), [
    (0.5, "50.0%"), (0.9995, "99.950%"), (0.99999, "99.9990%"), (1.0, "100.0000%"), (1.0001, "100.0%"),
    (1.5, "150.0%"), (23.4, "2340.0%"), (0.0, "0.0%"), (-0.2, "-20.0%"),
])  # fmt: skip
def test_a_share_is_written_whatever_its_size(share: float, text: str) -> None:
    assert _share(share) == text
