"""Puts the simulation driver on the path and keeps the full simulations out of ordinary runs (``-m
full_stats``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "full_stats" in str(config.option.markexpr):
        return
    left_out = [item for item in items if item.get_closest_marker("full_stats")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
