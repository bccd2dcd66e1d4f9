"""Simulates nightly runs against one baseline: how often a series without change ever alarms, and
how soon one with a drop does. Run it as a script for the table of docs/method_stats.md.

Decisions are the product's own (:func:`claimbench.monitoring.judging.judge`), on tables.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.types import ClaimContext
from claimbench.monitoring.compare import look_at
from claimbench.monitoring.judging import Tables, judge
from claimbench.monitoring.types import Margins, PairedArm
from claimbench.testing import tables_from_arrays

LIMIT = 0.056
NIGHTS = 30
SOON = 5
WANTED = 0.90
ARMS = ("one", "two")
MARGIN = 0.05


@dataclass(frozen=True)
class Series:
    """A suite of ``n`` samples, two arms; ``drop`` of the first arm's accuracy from the first night
    on, ``dollars`` by which its bill rises.

    ``changing``: share of samples whose answer varies from call to call.
    """

    n: int = 600
    drop: float = 0.0
    dollars: float = 0.0
    accuracy: float = 0.85
    changing: float = 0.2
    margin: float = MARGIN


def first_alarm(series: Series, nights: int, planned: int, rng: np.random.Generator) -> int:
    """Simulate one series; return the first night that regresses (from 1), 0 where none does."""
    chance = {arm: _chances(series, rng) for arm in ARMS}
    base = {arm: _night(chance[arm], series, 0.0, rng) for arm in ARMS}
    usd = {arm: rng.lognormal(-5, 0.3, series.n) for arm in ARMS}
    margins = Margins(series.margin, 0.1, None)
    for night in range(1, nights + 1):
        scores = {baseline_arm(arm): base[arm] for arm in ARMS}
        bills = {baseline_arm(arm): usd[arm] for arm in ARMS}
        for arm in ARMS:
            first = arm == ARMS[0]
            scores[arm] = _night(chance[arm], series, series.drop if first else 0.0, rng)
            noise = rng.lognormal(0, 0.1, series.n) / np.exp(0.005)
            bills[arm] = usd[arm] * noise * (1 + (series.dollars if first else 0.0))
        alpha = look_at(night, planned, 0.05).alpha
        if not any(_may_alarm(scores, bills, arm, series.margin, alpha) for arm in ARMS):
            continue
        items, calls = tables_from_arrays(scores, usd=bills)
        context = ClaimContext(other_runs=frozenset(map(baseline_arm, ARMS)))
        tables = Tables(items, calls, context, np.ones(series.n, dtype=np.bool_))
        pairs = [PairedArm(arm, arm) for arm in ARMS]
        found = judge(tables, pairs, margins, "super", alpha)
        if any(one.state == "regressed" for one in found):
            return night
    return 0


def _may_alarm(
    scores: dict[str, np.ndarray],
    bills: dict[str, np.ndarray],
    arm: str,
    margin: float,
    alpha: float,
) -> bool:
    """Tell whether an interval that is narrower than the product's lies beyond its margin: else no
    alarm is possible, and nothing more is computed. A hundred times faster.
    """
    old = baseline_arm(arm)
    score = stats.paired_means(scores[arm], scores[old], bounded=True)
    worse = stats.linear_ci(score, alpha=alpha).hi < -margin
    usd = stats.paired_means(bills[arm], bills[old])
    return worse or stats.linear_ci(usd, (1.0, -1.1), alpha).lo > 0


def _chances(series: Series, rng: np.random.Generator) -> np.ndarray:
    """Return each sample's chance of a right answer: most are settled, some vary."""
    right = (rng.random(series.n) < series.accuracy).astype(np.float64)
    varies = rng.random(series.n) < series.changing
    return np.where(
        varies, rng.beta(4 * series.accuracy, 4 * (1 - series.accuracy), series.n), right
    )


def _night(chance: np.ndarray, series: Series, drop: float, rng: np.random.Generator) -> np.ndarray:
    """Answer every sample once; ``drop`` of all answers are right ones that turn wrong."""
    right = rng.random(series.n) < chance
    lost = rng.random(series.n) < drop / series.accuracy
    return (right & ~lost).astype(np.float64)


def share(series: Series, reps: int, nights: int, planned: int, seed: int) -> float:
    """Return the share of ``reps`` series that alarm within ``nights``."""
    rng = np.random.default_rng(seed)
    return float(np.mean([first_alarm(series, nights, planned, rng) > 0 for _ in range(reps)]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reps", type=int, default=500)
    reps = parser.parse_args().reps
    cells = (
        ("no change", Series(), NIGHTS),
        ("accuracy worse by exactly the margin", Series(drop=MARGIN), NIGHTS),
        ("dollars up by exactly the margin", Series(dollars=0.1), NIGHTS),
        ("accuracy worse by twice the margin", Series(drop=2 * MARGIN), SOON),
    )
    for name, series, nights in cells:
        began = time.monotonic()
        found = share(series, reps, nights, NIGHTS, 1)
        took = time.monotonic() - began
        sys.stdout.write(f"{name}: {found:.3f} of {reps} within {nights} nights ({took:.0f} s)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
