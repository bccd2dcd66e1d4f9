"""The dollars of a claim's items, and what they may have been where calls failed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.claims.readings.failures import failed_calls
from claimbench.claims.readings.runaways import Side
from claimbench.claims.types import Leaf
from claimbench.stats import Interval, PairedMeans
from claimbench.tables.types import ArmItems, BoolArray, FloatArray, ItemTable
from claimbench.types import Reason

UNPRICED_LIMIT = 0.05
"""Share of items without known dollars above which no cost verdict is given."""


@dataclass(frozen=True)
class Dollars:
    """Dollars per request of one arm on a claim's items: known amount, and the bounds where a bill
    is unknown.
    """

    usd: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def has_range(self) -> bool:
        """Return whether some bill is known only within bounds."""
        return bool((np.isnan(self.usd) & ~np.isnan(self.low) & ~np.isnan(self.high)).any())

    @property
    def known(self) -> BoolArray:
        """Return the items with an amount or bounds."""
        return ~np.isnan(self.low) & ~np.isnan(self.high)

    def middle(self) -> FloatArray:
        """Return the amount, or the middle of its bounds."""
        return np.where(np.isnan(self.usd), (self.low + self.high) / 2, self.usd)

    def at(self, end: int | None) -> FloatArray:
        """Return the amounts at the lower end of their bounds (0), the upper (1), or between."""
        return self.middle() if end is None else (self.low, self.high)[end]


def dollars_of(items: ItemTable, arm: str, mask: BoolArray) -> Dollars:
    """Pick the dollars of one arm on the items of ``mask``."""
    rows = items.arms[arm]
    return Dollars(rows.usd[mask], rows.usd_low[mask], rows.usd_high[mask])


def hole(served: BoolArray, known: BoolArray) -> tuple[Reason, ...]:
    """Return the reason why dollars of too few answered requests are known; empty otherwise.

    Args:
        served: items with an answer in every arm of the claim.
        known: those of the same items with an amount or bounds in every arm.
    """
    answered = int(served.sum())
    share = 1 - int((served & known).sum()) / max(answered, 1)
    return (Reason("cost_missing"),) if answered and share > UNPRICED_LIMIT else ()


def dollar_means(
    x: FloatArray, y: FloatArray, codes: stats.IntArray, *, known: bool
) -> PairedMeans:
    """Summarise dollars of two arms; 99.5% always where the largest bill is not ``known``."""
    pm = stats.paired_means(x, y, codes, effective_df=True)
    return pm if known else stats.distrust_tail(pm)


def correct_means(
    costs: tuple[FloatArray, FloatArray],
    scores: tuple[FloatArray, FloatArray],
    codes: stats.IntArray,
    *,
    known: bool,
) -> PairedMeans | None:
    """Summarise dollars per correct answer of two arms; None where one has nothing correct."""
    pm = stats.per_correct_means(costs, scores, codes, effective_df=True)
    return pm if known or pm is None else stats.distrust_tail(pm)


def correct_ratio(pm: PairedMeans | None, n: int) -> Callable[[float], Interval]:
    """Return the interval of dollars per correct answer; unbounded where there is none."""
    if pm is None:
        return lambda alpha: Interval(
            None, -math.inf, math.inf, 1 - alpha, "none", n, n, reasons=("denominator_zero",)
        )
    return lambda alpha: stats.ratio_ci_hull(pm, alpha)


@dataclass(frozen=True)
class Filled:
    """Hold dollars and scores per item with the failed calls filled in."""

    usd_a: FloatArray
    usd_b: FloatArray
    score_a: FloatArray
    score_b: FloatArray
    codes: stats.IntArray


def filled_ends(
    items: ItemTable, leaf: Leaf, planned: BoolArray, sides: tuple[Side, Side]
) -> dict[str, Filled]:
    """Fill failed calls against the claim and for it; empty without failed calls.

    Against: each failed call of ours would have cost the cap (without one, the most that was seen)
    and been wrong, each of theirs the least that was seen and been right.
    """
    arms = (items.arms[leaf.ours], items.arms[leaf.theirs or leaf.ours])
    failed = [failed_calls(rows) for rows in arms]
    if not any((lost[planned] > 0).any() for lost in failed):
        return {}
    found: dict[str, Filled] = {}
    for name, dearer in (("worst", 0), ("best", 1)):
        usd, score = [], []
        for k, (rows, lost, side) in enumerate(zip(arms, failed, sides, strict=True)):
            known = dollars_of(items, side.arm, np.ones(len(planned), dtype=np.bool_)).middle()
            seen = known[planned & ~np.isnan(known)]
            top = max(side.top, float(seen.max()))
            usd.append(_mixed(known, rows, lost, top if k == dearer else float(seen.min())))
            mixed = _mixed(rows.score, rows, lost, 0.0 if k == dearer else 1.0)
            score.append(items.right_of(mixed))
        chosen = planned & ~np.isnan(usd[0]) & ~np.isnan(usd[1])
        found[name] = Filled(
            usd[0][chosen],
            usd[1][chosen],
            score[0][chosen],
            score[1][chosen],
            stats.cluster_codes(items.cluster[chosen]),
        )
    return found


def _mixed(values: FloatArray, rows: ArmItems, lost: stats.IntArray, value: float) -> FloatArray:
    """Return item means in which every lost call counts as ``value``."""
    served = np.where(np.isnan(values), 0, np.maximum(rows.n_finished - rows.n_errors, 1))
    calls = served + lost
    mixed = (np.nan_to_num(values) * served + value * lost) / np.maximum(calls, 1)
    return np.where(lost > 0, mixed, values)
