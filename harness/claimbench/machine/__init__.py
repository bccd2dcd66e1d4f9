"""This machine: what it is, how busy it is, how well its clock and event loop keep time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.machine.checks import Check
    from claimbench.machine.loop_lag import LagMeter

__all__ = ["Check", "LagMeter"]
__getattr__ = lazy(__name__, {"Check": "checks", "LagMeter": "loop_lag"})
