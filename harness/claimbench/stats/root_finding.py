"""Brent's method. scipy has it too, but loading its solvers takes a quarter of a second of every
command.
"""

from __future__ import annotations

import math
from collections.abc import Callable

ITERATIONS = 200


def brentq(
    function: Callable[[float], float],
    low: float,
    high: float,
    *,
    xtol: float = 2e-12,
    rtol: float = 8.9e-16,
) -> float:
    """Find the root of ``function`` between ``low`` and ``high``, where its signs differ.

    Inverse quadratic interpolation or the secant while they shorten the bracket well, else
    bisection. Source: Brent (1973), Algorithms for Minimization without Derivatives, chapter 4
    ("zero").

    Args:
        function: continuous between the ends.
        low: one end.
        high: the other end.
        xtol: how far the answer may be from a root, absolutely.
        rtol: the same, as a share of the answer.

    Raises:
        ValueError: the signs at the ends are the same, or a value is nan.
        RuntimeError: a function so flat that the steps do not end.
    """
    previous, best, f_previous, f_best = low, high, function(low), function(high)
    if f_previous == 0:
        return low
    if not f_previous * f_best <= 0:
        raise ValueError(f"no change of sign between {low} ({f_previous}) and {high} ({f_best})")
    other, f_other = previous, f_previous
    step = before = best - previous
    for _ in range(ITERATIONS):
        if (f_best > 0) == (f_other > 0):  # keep the root between best and other
            other, f_other = previous, f_previous
            step = before = best - previous
        if abs(f_other) < abs(f_best):
            previous, best, other = best, other, best
            f_previous, f_best, f_other = f_best, f_other, f_best
        tolerance = (xtol + rtol * abs(best)) / 2
        half = (other - best) / 2
        if abs(half) <= tolerance or f_best == 0:
            return best
        if abs(before) >= tolerance and abs(f_previous) > abs(f_best):
            trial = _interpolated(best, previous, other, f_best, f_previous, f_other)
            if abs(2 * trial) < min(3 * abs(half) - tolerance, abs(before)) and trial * half > 0:
                before, step = step, trial
            else:
                before = step = half
        else:
            before = step = half
        previous, f_previous = best, f_best
        best += step if abs(step) > tolerance else math.copysign(tolerance, half)
        f_best = function(best)
        if math.isnan(f_best):
            raise ValueError(f"the function is nan at {best}")
    raise RuntimeError(f"no root to within {xtol} after {ITERATIONS} steps; the last was {best}")


def _interpolated(
    best: float, previous: float, other: float, f_best: float, f_previous: float, f_other: float
) -> float:
    """The step from ``best`` that the secant takes, or the parabola through all three points."""
    ratio = f_best / f_previous
    if previous == other:
        p, q = (other - best) * ratio, 1 - ratio
    else:
        a, b = f_previous / f_other, f_best / f_other
        p = ratio * ((other - best) * a * (a - b) - (best - previous) * (b - 1))
        q = (a - 1) * (b - 1) * (ratio - 1)
    return -p / q if q else math.inf
