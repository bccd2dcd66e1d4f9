"""Two arms' bills against each other: from which volume, and from which month, one costs less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from claimbench.economics.volume.months import Bill, Measured, ledger, total_of
from claimbench.economics.volume.stated import Volume
from claimbench.errors import BenchError

GRID = 240
"""Volumes that are tried on the way to a break-even, evenly spaced in their logarithm."""
MOST = 1000
"""A break-even that needs this many machines, or this many times the volume, is none."""


@dataclass(frozen=True, slots=True)
class BillBreakEven:
    """The requests a month from which ``arm`` costs less than ``rival`` over the months reckoned
    with, everything included; None: never. ``always``: whether it stays so at every higher volume
    tried.
    """

    arm: str
    rival: str
    requests_per_month: float | None
    utilisation: float | None = None
    machines: int = 0
    always: bool = True


@dataclass(frozen=True, slots=True)
class Crossover:
    """The month from which ``arm`` has been paid less in all than ``rival``; None: not within the
    months.
    """

    arm: str
    rival: str
    month: int | None


def bill_break_even(arm: Measured, rival: Measured, volume: Volume) -> BillBreakEven:
    """Return from which volume machines cost less than a rival, over all months of ``volume``."""

    def excess(requests: float) -> float:
        at = volume.at(requests)
        ours, theirs = (ledger(one, at, volume.terms(one.arm)) for one in (arm, rival))
        return total_of(ours, at.months) - total_of(theirs, at.months)

    rate = arm.requests_per_hour or rival.requests_per_hour or 0.0
    most = MOST * max(volume.requests, rate * volume.hours / volume.peak_factor)
    most /= max(1.0, (1 + volume.growth) ** (volume.months / 12))
    steps = [most ** (k / GRID) for k in range(GRID + 1)] if most > 1 else [most]
    try:
        signs = [excess(step) <= 0 for step in steps]
    except BenchError:
        return BillBreakEven(arm.arm, rival.arm, None)
    if True not in signs:
        return BillBreakEven(arm.arm, rival.arm, None)
    first = signs.index(True)
    found = steps[0] if first == 0 else _root(excess, steps[first - 1], steps[first])
    month = ledger(arm, volume.at(found), volume.terms(arm.arm))[0]
    return BillBreakEven(
        arm.arm, rival.arm, found, month.utilisation, month.machines, all(signs[first:])
    )


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    """Return where an excess turns to at most 0 between two volumes, to a millionth."""
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        if excess(middle) <= 0:
            high = middle
        else:
            low = middle
    return high


def crossover(arm: Bill, rival: Bill) -> Crossover | None:
    """Return the month in which what was paid for ``arm`` falls to what was paid for ``rival``;
    None where it never was more.
    """
    ours, theirs = (
        list(accumulate(month.cash_usd for month in bill.months)) for bill in (arm, rival)
    )
    dearer = [a > b for a, b in zip(ours, theirs, strict=True)]
    if not dearer[0]:
        return None
    if dearer[-1]:
        return Crossover(arm.arm, rival.arm, None)
    last = max(k for k, more in enumerate(dearer) if more)
    return Crossover(arm.arm, rival.arm, last + 2)
