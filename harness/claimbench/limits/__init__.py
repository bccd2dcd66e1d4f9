"""What may be sent, and when: the budget, one gate per key, pacing between arms.

Nothing here knows a provider or a price; dollars and clocks are handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.limits.budget import Budget, Pace, backoff_s
    from claimbench.limits.key_gate import KeyGate
    from claimbench.limits.pacing import ArmPace

__all__ = ["ArmPace", "Budget", "KeyGate", "Pace", "backoff_s"]
__getattr__ = lazy(
    __name__,
    {
        "ArmPace": "pacing",
        "Budget": "budget",
        "KeyGate": "key_gate",
        "Pace": "budget",
        "backoff_s": "budget",
    },
)
