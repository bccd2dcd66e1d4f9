"""What-ifs in dollars: break-even, sensitivity, projections for arms that were not run.

Pure functions of measured figures. What is projected is marked so; a bill is never made here
(:mod:`claimbench.pricing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.economics.projection import project_claims
    from claimbench.economics.what_if import break_even, tornado

__all__ = ["break_even", "project_claims", "tornado"]
__getattr__ = lazy(
    __name__, {"break_even": "what_if", "project_claims": "projection", "tornado": "what_if"}
)
