"""A suite becomes calls: order, ids, prompts, arrivals, judges' calls, and what they may cost.

A plan is a pure function of suite and seed, so that a resumed run plans the same. Nothing here
sends anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import callable_package, lazy

if TYPE_CHECKING:
    from claimbench.plan.arrivals import scheduled
    from claimbench.plan.order import make_plan
    from claimbench.plan.prompts import Requests

__all__ = ["Requests", "make_plan", "scheduled"]
__getattr__ = lazy(__name__, {"Requests": "prompts", "make_plan": "order", "scheduled": "arrivals"})
callable_package(__name__, "claimbench.measuring", "plan")
