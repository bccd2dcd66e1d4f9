"""Records, scores and costs become two tables: one row per item, one row per call.

Pairing lives here, and so do durations; pandas does not (see :mod:`claimbench.evaluation.frames`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.tables.build import build_tables
    from claimbench.tables.types import CallTable, ItemTable

__all__ = ["CallTable", "ItemTable", "build_tables"]
__getattr__ = lazy(__name__, {"CallTable": "types", "ItemTable": "types", "build_tables": "build"})
