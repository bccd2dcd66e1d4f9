"""From measured dollars to a decision: break-even volume, flip points, and what moves the ratio
most.

Pure functions of floats: these are what-ifs, not bills. Formulas: docs/method.md, "Dollars". A
sampling interval and a range of assumptions are never merged into one interval; both stand beside
each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

HOURS_PER_MONTH = 730.0
"""8,760 hours a year / 12."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The volume from which a machine of one's own is cheaper than the API.

    ``utilisation`` is that volume's share of the machine's capacity; above 1 it cannot pay off on
    this hardware.
    """

    requests_per_hour: float | None
    requests_per_month: float | None
    utilisation: float | None
    feasible: bool
    sentence: str


def break_even(
    usd_per_hour: float,
    api_usd_per_request: float,
    capacity_per_hour: float,
    local_marginal_usd: float = 0.0,
) -> BreakEven:
    """Return the break-even load q* = H/(c_api - c_local,marginal) requests/h and utilisation u* =
    q*/R.

    Args:
        usd_per_hour: H, what the machine costs whether it works or not.
        api_usd_per_request: the API arm's mean dollars per request.
        capacity_per_hour: R, requests/h sustained at the load measured.
        local_marginal_usd: what one more request costs on the machine, on top of H.
    """
    saved = api_usd_per_request - local_marginal_usd
    if saved <= 0:
        return BreakEven(
            None, None, None, False, "never: the API costs no more than one more local request"
        )
    q = usd_per_hour / saved
    u = q / capacity_per_hour if capacity_per_hour > 0 else math.inf
    if u > 1:
        text = (
            f"cannot pay off on this hardware: {q:,.0f} requests/h needed, {capacity_per_hour:,.0f}"
            " possible"
        )
        return BreakEven(q, q * HOURS_PER_MONTH, u, False, text)
    text = f"from {q * HOURS_PER_MONTH:,.0f} requests a month ({q:,.1f}/h, {u:.1%} of its capacity)"
    return BreakEven(q, q * HOURS_PER_MONTH, u, True, text)


@dataclass(frozen=True, slots=True)
class FlipPoints:
    """Hold where a claim "cost ratio <= r0" turns, all else as measured. None: no such value.

    ``treatment``/``baseline``: factor on all prices of that arm. ``components``: factor on one part
    of the treatment's cost. ``utilisation``: of the treatment's machine; above 1 it cannot be
    reached.
    """

    treatment: float | None
    baseline: float | None
    components: Mapping[str, float | None]
    utilisation: float | None = None
    utilisation_feasible: bool = False


def flip_points(
    r0: float,
    cost_a: float,
    cost_b: float,
    shares_a: Mapping[str, float] | None = None,
    *,
    usd_per_hour: float | None = None,
    requests_per_hour: float | None = None,
) -> FlipPoints:
    """Return the price multipliers m_A* = r0 C_B/C_A and m_B* = 1/m_A*.

    A component of share s: 1 + (m_A* - 1)/s; u* = H/(R r0 c_B).

    Args:
        r0: the claim's threshold on the ratio A/B ("90 % cheaper": 0.1).
        cost_a: mean dollars per request of the treatment.
        cost_b: of the baseline.
        shares_a: component -> its share of the treatment's cost.
        usd_per_hour: H of the treatment's machine, with ``requests_per_hour`` its measured
            throughput R.
        requests_per_hour: see ``usd_per_hour``.
    """
    if cost_a <= 0 or cost_b <= 0 or r0 <= 0:
        return FlipPoints(None, None, dict.fromkeys(shares_a or {}))
    m = r0 * cost_b / cost_a
    components: dict[str, float | None] = {}
    for name, share in (shares_a or {}).items():
        factor = 1 + (m - 1) / share if share > 0 else None
        components[name] = factor if factor is not None and factor > 0 else None
    u = None
    if usd_per_hour is not None and requests_per_hour:
        u = usd_per_hour / (requests_per_hour * r0 * cost_b)
    return FlipPoints(m, 1 / m, components, u, u is not None and u <= 1)


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption behind a cost ratio and how far it may be off. ``key`` names it to the
    model.
    """

    key: str
    label: str
    low: float
    base: float
    high: float


@dataclass(frozen=True, slots=True)
class TornadoRow:
    """The ratio at both ends of one assumption, the others at base. ``flips``: the verdict differs
    at an end.
    """

    assumption: Assumption
    ratio_low: float
    ratio_high: float
    flips: bool

    @property
    def width(self) -> float:
        """Return how far the ratio moves."""
        return abs(self.ratio_high - self.ratio_low)


@dataclass(frozen=True, slots=True)
class Tornado:
    """Rows, widest first, the two corners, and what they mean for the verdict.

    ``robust``: it holds for the statistical interval at the all-adverse corner. ``conditional``:
    some row flips it; ``flipped_by`` names them. ``undecided``: neither - it holds row by row, not
    at the corner.
    """

    base: float
    rows: tuple[TornadoRow, ...]
    all_favourable: float
    all_adverse: float
    label: Literal["robust", "conditional", "undecided"]
    flipped_by: tuple[str, ...]


def tornado(
    model: Callable[[Mapping[str, float]], float],
    assumptions: Sequence[Assumption],
    threshold: float,
    *,
    at_most: bool = True,
    interval: tuple[float, float] | None = None,
) -> Tornado:
    """Vary one assumption at a time, then all at once to the bad and to the good side.

    Args:
        model: values by key -> cost ratio treatment/baseline; must be monotone in each, so that two
            evaluations give the corners.
        assumptions: what may be off. One whose low equals its high says nothing and is left out.
        threshold: r0 of the claim.
        at_most: the claim says ratio <= r0 (else >= r0).
        interval: the ratio's statistical interval at base; it is moved with the ratio to the
            adverse corner.
    """
    base_values = {a.key: a.base for a in assumptions}
    base = model(base_values)

    def holds(ratio: float) -> bool:
        return ratio <= threshold if at_most else ratio >= threshold

    rows, bad, good = [], dict(base_values), dict(base_values)
    for a in assumptions:
        if a.low == a.high:
            continue
        low, high = model(base_values | {a.key: a.low}), model(base_values | {a.key: a.high})
        flips = holds(low) != holds(base) or holds(high) != holds(base)
        rows.append(TornadoRow(a, low, high, flips))
        adverse_is_high = (high >= low) == at_most
        bad[a.key], good[a.key] = (a.high, a.low) if adverse_is_high else (a.low, a.high)
    rows.sort(key=lambda r: -r.width)
    adverse, favourable = model(bad), model(good)
    flipped = tuple(r.assumption.key for r in rows if r.flips)
    end = base if interval is None else interval[1] if at_most else interval[0]
    worst = end * adverse / base if base > 0 else adverse
    if flipped:
        label: Literal["robust", "conditional", "undecided"] = "conditional"
    else:
        label = "robust" if holds(worst) and holds(base) else "undecided"
    return Tornado(base, tuple(rows), favourable, adverse, label, flipped)
