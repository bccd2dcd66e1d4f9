"""Brent's method, imported when it is first needed: scipy's solvers take a quarter of a second to load."""

from __future__ import annotations

from collections.abc import Callable


def brentq(
    function: Callable[[float], float], low: float, high: float, *, xtol: float = 2e-12, rtol: float = 8.9e-16
) -> float:
    """The root of ``function`` between ``low`` and ``high``, where its signs differ; see ``scipy.optimize.brentq``."""
    from scipy import optimize

    return float(optimize.brentq(function, low, high, xtol=xtol, rtol=rtol))
