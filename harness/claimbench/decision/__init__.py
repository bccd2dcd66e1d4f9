"""Whom to choose: requirements, criteria and weights of a suite, held against an evaluated run.

Nothing is recommended that misses a requirement or leaves one open. Everything here is a pure
function of an evaluation; what is shown of it is made elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.decision.choose import Decision, decide

__all__ = ["Decision", "decide"]
__getattr__ = lazy(__name__, {"Decision": "choose", "decide": "choose"})
