"""Stopping when decided: O'Brien-Fleming looks, repeated intervals and p-values, futility, an
optional e-process.

At look k compute the ordinary interval of any engine at level 1 - alpha_k and read the verdict off
it: that repeated interval is what is displayed. All probabilities are of the canonical joint normal
law of z_1..z_K with information fractions t (corr(z_i, z_j) = sqrt(t_i/t_j)), by numeric recursion;
no tables.

The picture, for five equally spaced looks and alpha 0.05 (bound = 2.040 * sqrt(5 / k))::

    |z|
    4.56  *  look 1: only an overwhelming difference stops the run
    3.23     *  look 2: from here on the run may also stop as futile
    2.63        *
    2.28           *
    2.04              *  the end of the plan: hardly above 1.96 of a single look
          1  2  3  4  5

Above the stars the claim is decided; the chance that |z| is ever above them without an effect is
alpha. Below them the run goes on, unless |z| is so small that the bound of the last look is out of
reach (conditional power below 10 %): then it stops as futile, and nothing is decided. Stopping so
is never binding: it can only lose power, not alpha.

A look at a bound ``b`` shows the ordinary interval at level ``1 - 2 * Phi(-b)`` (the repeated
interval), so that interval and decision agree. A repeated p-value is the alpha whose star would lie
exactly on the |z| that was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from claimbench.stats.arrays import FloatArray
from claimbench.stats.distributions import normal_cdf, normal_quantile
from claimbench.stats.root_finding import brentq

LOOKS = 5
FIRST_LOOK_ITEMS = 25
FIRST_LOOK_CLUSTERS = 10
FUTILITY = 0.10
_EDGE = 8.5
"""|z| beyond which the normal has no mass worth integrating."""


def equal_looks(k: int) -> FloatArray:
    """Return the information fractions of ``k`` equally spaced looks."""
    return np.arange(1, k + 1) / k


def crossing_by_look(
    bounds: Sequence[float] | FloatArray, t: Sequence[float] | FloatArray
) -> FloatArray:
    """Return P(|z_j| >= bound_j at some look j <= k) under no effect, for each k.

    Recursion on the density of the score u = z*sqrt(t) over the continuation region (Armitage et
    al.), by 160-point Gauss-Legendre quadrature: error below 1e-9 for up to 10 looks.
    """
    b = np.minimum(np.asarray(bounds, dtype=np.float64), _EDGE)
    info = np.asarray(t, dtype=np.float64)
    if b.shape != info.shape or (np.diff(info) <= 0).any() or info[0] <= 0 or info[-1] > 1 + 1e-12:
        raise ValueError("information fractions must increase within (0, 1], one for each bound")
    out = np.empty(len(b))
    nodes, weights = _quadrature()
    # u: where the score lies, given that no bound was crossed so far; mass: quadrature weight times
    # density there. Each look spreads the mass by one normal step and cuts it at its own bound.
    u = b[0] * math.sqrt(info[0]) * nodes
    mass = b[0] * math.sqrt(info[0]) * weights * _phi(u / math.sqrt(info[0])) / math.sqrt(info[0])
    out[0] = 2 * normal_cdf(-b[0])
    for k in range(1, len(b)):
        sd, edge = math.sqrt(info[k] - info[k - 1]), float(b[k]) * math.sqrt(info[k])
        above = np.asarray([normal_cdf((at - edge) / sd) for at in u.tolist()])
        # Below the lower bound: the same numbers reversed, for the nodes lie symmetrically.
        out[k] = out[k - 1] + float(mass @ (above + above[::-1]))
        if k + 1 < len(b):
            new = edge * nodes
            mass = edge * weights * (_phi((new[:, None] - u[None, :]) / sd) / sd @ mass)
            u = new
    return out


def crossing_probability(
    bounds: Sequence[float] | FloatArray, t: Sequence[float] | FloatArray | None = None
) -> float:
    """Return P(any bound is crossed) under no effect; equal spacing where ``t`` is None."""
    return float(crossing_by_look(bounds, equal_looks(len(bounds)) if t is None else t)[-1])


def obf_constant(k: int, alpha: float = 0.05) -> float:
    """Return the constant c of the O'Brien-Fleming bounds c*sqrt(K/k), two-sided ``alpha``: 2.040
    for 5 looks.
    """
    t = equal_looks(k)
    return brentq(
        lambda c: crossing_probability(c / np.sqrt(t), t) - alpha, 0.01, 8.0, xtol=1e-10, rtol=1e-12
    )


def obf_bounds(k: int, alpha: float = 0.05) -> FloatArray:
    """Return the z bounds of ``k`` equally spaced looks."""
    return obf_constant(k, alpha) / np.sqrt(equal_looks(k))


def obf_spending(t: float, alpha: float = 0.05) -> float:
    """Return the Lan-DeMets O'Brien-Fleming-type spending, two-sided: 4 * (1 - Phi(z_{alpha/4}/sqrt
    t)), alpha at t = 1.
    """
    return 4 * normal_cdf(normal_quantile(alpha / 4) / math.sqrt(min(t, 1.0)))


def lan_demets_obf(t: Sequence[float] | FloatArray, alpha: float = 0.05) -> FloatArray:
    """Return the z bounds for looks at information fractions ``t`` (increasing, in (0, 1])."""
    info = np.asarray(t, dtype=np.float64)
    bounds = np.empty(len(info))
    spent = 0.0
    for k in range(len(info)):
        target = obf_spending(float(info[k]), alpha)

        def gap(bound: float, k: int = k, spent: float = spent, target: float = target) -> float:
            found = crossing_by_look(np.append(bounds[:k], bound), info[: k + 1])
            return float(found[-1] - (found[-2] if k else 0.0)) - (target - spent)

        bounds[k] = _EDGE if gap(_EDGE) >= 0 else brentq(gap, 0.0, _EDGE, xtol=1e-9)
        spent = target
    return bounds


def pocock_spending(t: float, alpha: float = 0.05) -> float:
    """Return the Lan-DeMets Pocock-type spending: alpha * ln(1 + (e - 1) t), alpha at t = 1.

    It spends early, where O'Brien and Fleming's spends next to nothing: for looks of which each has
    to find by itself what is new since the last.
    """
    return alpha * math.log1p((math.e - 1) * min(max(t, 0.0), 1.0))


def separate_levels(looks: int, alpha: float = 0.05) -> FloatArray:
    """Return the levels of ``looks`` looks at data that do not accumulate: what
    :func:`pocock_spending` has left for each, so that they sum to ``alpha``.

    The chance that any of them errs is at most ``alpha`` whatever their dependence (Bonferroni's
    inequality); looks at one baseline err together, so that it is less.
    """
    if looks < 1:
        raise ValueError(f"a plan has at least one look, not {looks}")
    spent = [pocock_spending(k / looks, alpha) for k in range(looks + 1)]
    return np.diff(np.asarray(spent, dtype=np.float64))


def nominal_alpha(bound: float) -> float:
    """Return the two-sided alpha of the ordinary interval at a look with z bound ``bound``."""
    return 2 * normal_cdf(-bound)


def repeated_p(z: float, k: int, looks: int | Sequence[float] = LOOKS) -> float:
    """Return the repeated p-value of ``z`` at look ``k`` (from 1): the smallest overall alpha whose
    design rejects there.

    ``looks`` = number of equally spaced looks (O'Brien-Fleming), or the information fractions
    (Lan-DeMets). Keep the running minimum over looks and give that to Holm.
    """
    size = looks if isinstance(looks, int) else len(looks)
    if not 1 <= k <= size:
        raise ValueError(f"look {k} of {size} does not exist")
    if isinstance(looks, int):
        t = equal_looks(looks)
        return crossing_probability(abs(z) * math.sqrt(k / looks) / np.sqrt(t), t)
    info = np.asarray(looks[:k], dtype=np.float64)

    def gap(log_alpha: float) -> float:
        return float(lan_demets_obf(info, math.exp(log_alpha))[-1]) - abs(z)

    low, high = math.log(1e-12), math.log(0.999)
    if gap(low) <= 0:
        return 1e-12
    if gap(high) >= 0:
        return 1.0
    return math.exp(brentq(gap, low, high, xtol=1e-7))


def cond_power(z: float, t: float, z_final: float) -> float:
    """Return P(crossing ``z_final`` at the end in either direction) if the trend seen at fraction
    ``t`` goes on.

    The larger of the two directions: Phi((z/sqrt(t) - z_final)/sqrt(1-t)), with z or -z.
    """
    if t >= 1:
        return float(abs(z) >= z_final)
    return normal_cdf((abs(z) / math.sqrt(t) - z_final) / math.sqrt(1 - t))


def futile(z: float, t: float, z_final: float, look: int) -> bool:
    """Return whether to stop for futility (non-binding): from look 2, conditional power under the
    current trend below 10 %.
    """
    return look >= 2 and t < 1 and cond_power(z, t, z_final) < FUTILITY


def e_process(
    z: npt.ArrayLike, grid: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5), lo: float = -1.0
) -> FloatArray:
    """Return the running betting e-value of H0: mean(z) <= 0: mean over bets of prod(1 + bet
    z/|lo|), independent z >= ``lo``.

    For open-ended monitoring of singletons only (exact, needs no n_max, weak). Reject where it
    reaches 2/alpha; run it on z and on -z for both directions.
    """
    # No command offers it: its user is the golden vector EPROC (tests/golden/claims_golden.json).
    values = np.asarray(z, dtype=np.float64)
    if lo >= 0 or (values < lo - 1e-12).any():
        raise ValueError(
            f"bets need z >= lo with lo < 0, got a minimum of {values.min()} and lo = {lo}"
        )
    bets = np.asarray(grid, dtype=np.float64)
    if bets.size == 0 or bets.min() <= 0 or bets.max() >= 1:
        raise ValueError("each bet lies strictly between 0 and 1")
    logs = np.cumsum(np.log1p(bets[:, None] * values[None, :] / abs(lo)), axis=1)
    return np.asarray(np.exp(logs).mean(axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """One look: after how many items and clusters, at what share of the planned items, with which
    bound and alpha.
    """

    number: int
    n_items: int
    n_clusters: int
    t: float
    bound: float
    alpha: float


@dataclass(frozen=True, slots=True)
class LookPlan:
    """The frozen schedule. ``method``: ``obf`` (equal spacing), ``lan-demets-obf``, or ``fixed``
    (one look).
    """

    looks: tuple[PlannedLook, ...]
    method: str

    @property
    def fractions(self) -> tuple[float, ...]:
        """Return the information fractions of the looks."""
        return tuple(look.t for look in self.looks)

    def repeated_p(self, z: float, number: int) -> float:
        """Return :func:`repeated_p` at look ``number`` under this plan's method."""
        return repeated_p(
            z, number, len(self.looks) if self.method != "lan-demets-obf" else self.fractions
        )

    def futile(self, z: float, number: int) -> bool:
        """Return :func:`futile` at look ``number`` of this plan."""
        return futile(z, self.looks[number - 1].t, self.looks[-1].bound, number)


def plan_looks(cluster_sizes: Sequence[int], looks: int = LOOKS, alpha: float = 0.05) -> LookPlan:
    """Place ``looks`` looks at cluster boundaries of items in their (seeded random) order.

    Args:
        cluster_sizes: items of each cluster, in running order (1s for independent items).
        looks: how many to plan; those that fall together, or before 25 items and 10 clusters, are
            merged.
        alpha: overall two-sided alpha.

    Equal O'Brien-Fleming bounds where the boundaries leave the overall alpha within 0.0005 of
    ``alpha`` (checked by the recursion at the actual fractions); Lan-DeMets otherwise.
    """
    ends = np.cumsum(np.asarray(cluster_sizes, dtype=np.int64))
    if len(ends) == 0 or min(cluster_sizes) < 1:
        raise ValueError("a plan needs at least one cluster, each of at least one item")
    n_max = int(ends[-1])
    first = max(int(np.searchsorted(ends, FIRST_LOOK_ITEMS)), FIRST_LOOK_CLUSTERS - 1)
    at: list[int] = []
    for k in range(1, looks + 1):
        index = max(int(np.searchsorted(ends, n_max * k / looks)), first)
        if index < len(ends) - 1 and (not at or index > at[-1]):
            at.append(index)
    at.append(len(ends) - 1)
    t = ends[at] / n_max
    bounds = obf_bounds(len(at), alpha)
    method = "obf" if len(at) > 1 else "fixed"
    uneven = np.abs(t - equal_looks(len(at))).max() > 0.05
    if uneven or crossing_probability(bounds, t) > alpha + 0.0005:
        bounds = lan_demets_obf(t, alpha)
        method = "lan-demets-obf"
    planned: list[PlannedLook] = []
    for index, share, bound in zip(at, t.tolist(), bounds.tolist(), strict=True):
        planned.append(
            PlannedLook(
                number=len(planned) + 1,
                n_items=int(ends[index]),
                n_clusters=index + 1,
                t=share,
                bound=bound,
                alpha=nominal_alpha(bound),
            )
        )
    return LookPlan(tuple(planned), method)


@lru_cache(maxsize=1)
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """160 Gauss-Legendre nodes on (-1, 1) and their weights; only runs with looks need them."""
    nodes, weights = np.polynomial.legendre.leggauss(160)
    return nodes, weights


def _phi(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-x * x / 2) / math.sqrt(2 * math.pi), dtype=np.float64)
