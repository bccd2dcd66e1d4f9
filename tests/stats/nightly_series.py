"""Simulates nightly runs against one baseline: how often a series without change ever alarms, and
how soon one with a drop does. Run it as a script for the table of docs/method_stats.md.

Decisions are the product's own: of accuracy, dollars and latency
(:func:`claimbench.monitoring.judging.judge`, on tables), and where the series is ``watched`` of
changed models too (:func:`claimbench.monitoring.drift.drifts_of`), each at half of alpha, as
``bench compare --every --fail-on-change`` makes them.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass

import numpy as np

from claimbench import stats
from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.types import ClaimContext
from claimbench.monitoring.compare import look_at
from claimbench.monitoring.drift import Answer, Answers, Sides, drifts_of
from claimbench.monitoring.judging import Tables, judge
from claimbench.monitoring.types import Margins, PairedArm
from claimbench.testing import tables_from_arrays

LIMIT = 0.056
NIGHTS = 30
SOON = 5
WANTED = 0.90
ARMS = ("one", "two")
MARGIN = 0.05
DOLLARS = 0.1
LATENCY = 0.2
SECONDS_APART = 3.0
Nights = dict[str, list[np.ndarray]]
"""Scores by arm: BASE's, then those of each night."""


@dataclass(frozen=True)
class Series:
    """A suite of ``n`` samples, two arms; ``drop`` of the first arm's accuracy from the first night
    on, ``dollars`` and ``slower`` by which its bill and its times rise.

    ``changing``: share of samples whose answer varies from call to call. ``watched``: a changed
    model is an alarm too.
    """

    n: int = 600
    drop: float = 0.0
    dollars: float = 0.0
    slower: float = 0.0
    accuracy: float = 0.85
    changing: float = 0.2
    margin: float = MARGIN
    watched: bool = False


DEARER = Series(dollars=DOLLARS, watched=True)
SLOWER = Series(slower=LATENCY, watched=True)


def first_alarm(series: Series, nights: int, planned: int, rng: np.random.Generator) -> int:
    """Simulate one series; return the first night that alarms (from 1), 0 where none does."""
    chance = {arm: _chances(series, rng) for arm in ARMS}
    scores: Nights = {arm: [_night(chance[arm], series, 0.0, rng)] for arm in ARMS}
    usd = {arm: rng.lognormal(-5, 0.3, series.n) for arm in ARMS}
    usual = {arm: rng.lognormal(0, 0.2, series.n) for arm in ARMS}
    times = {baseline_arm(arm): usual[arm] * _waits(series, rng) for arm in ARMS}
    bills = {baseline_arm(arm): usd[arm] for arm in ARMS}
    for night in range(1, nights + 1):
        for arm in ARMS:
            first = arm == ARMS[0]
            scores[arm].append(_night(chance[arm], series, series.drop if first else 0.0, rng))
            noise = rng.lognormal(0, 0.1, series.n) / np.exp(0.005)
            bills[arm] = usd[arm] * noise * (1 + (series.dollars if first else 0.0))
            slower = series.slower if first else 0.0
            times[arm] = usual[arm] * _waits(series, rng) * (1 + slower)
        alpha = look_at(night, planned, 0.05).alpha / (2 if series.watched else 1)
        if _regressed(series, scores, bills, times, alpha):
            return night
        if series.watched and changed_arms(scores, alpha):
            return night
    return 0


def _waits(series: Series, rng: np.random.Generator) -> np.ndarray:
    return rng.lognormal(0, 0.35, series.n)


def _regressed(
    series: Series,
    scores: Nights,
    bills: dict[str, np.ndarray],
    times: dict[str, np.ndarray],
    alpha: float,
) -> bool:
    """Tell whether any measure of the last night regressed."""
    last = {arm: nights[-1] for arm, nights in scores.items()}
    last |= {baseline_arm(arm): nights[0] for arm, nights in scores.items()}
    if not any(_may_alarm(last, bills, times, arm, series.margin, alpha) for arm in ARMS):
        return False
    sent = np.arange(series.n) * SECONDS_APART
    items, calls = tables_from_arrays(
        last, usd=bills, e2e_s=times, sent_utc_s=dict.fromkeys(last, sent)
    )
    context = ClaimContext(other_runs=frozenset(map(baseline_arm, ARMS)))
    tables = Tables(items, calls, context, np.ones(series.n, dtype=np.bool_))
    pairs = [PairedArm(arm, arm) for arm in ARMS]
    margins = Margins(series.margin, DOLLARS, LATENCY)
    found = judge(tables, pairs, margins, "super", alpha)
    return any(one.state == "regressed" for one in found)


def changed_arms(scores: Nights, alpha: float) -> list[str]:
    """Return the arms whose model is said to have changed in the last night."""
    if not any(_may_change(np.stack(nights)) for nights in scores.values()):
        return []
    sides: dict[str, Sides] = {}
    for arm, nights in scores.items():
        base, *between, new = (_answers(one) for one in nights)
        sides[arm] = Sides(base, new, between)
    return [one.arm for one in drifts_of(sides, alpha) if one.state == "changed"]


def _answers(scores: np.ndarray) -> Answers:
    """Return a night's answers: one text where right, a longer one where wrong."""
    found: dict[str, list[Answer]] = {}
    for i, score in enumerate(scores.tolist()):
        text = "right" if score else "otherwise"
        found[f"t/{i}"] = [Answer(text, score, math.log1p(len(text)), None)]
    return found


def _may_change(nights: np.ndarray) -> bool:
    """Tell whether BASE and the last night lie further apart than two random nights by three
    standard deviations: else no alarm is possible at levels this small (the largest is 0.0014 for
    six lenses, so that 3.5 are needed), and nothing more is computed.
    """
    k = len(nights)
    right = nights.sum(axis=0)
    apart = 2 * right * (k - right) / (k * (k - 1))  # of each sample, any two of its answers
    excess = float((nights[0] != nights[-1]).sum() - apart.sum())
    return k > 2 and excess > 3 * math.sqrt(float((apart * (1 - apart)).sum()))


def _may_alarm(
    scores: dict[str, np.ndarray],
    bills: dict[str, np.ndarray],
    times: dict[str, np.ndarray],
    arm: str,
    margin: float,
    alpha: float,
) -> bool:
    """Tell whether an interval that is narrower than the product's lies beyond its margin, or the
    percentile itself does: else no alarm is possible, and nothing more is computed. A hundred times
    faster.
    """
    old = baseline_arm(arm)
    score = stats.paired_means(scores[arm], scores[old], bounded=True)
    worse = stats.linear_ci(score, alpha=alpha).hi < -margin
    usd = stats.paired_means(bills[arm], bills[old])
    dearer = stats.linear_ci(usd, (1.0, -(1 + DOLLARS)), alpha).lo > 0
    before, now = (stats.quantile_data(times[name], 0.95).est for name in (old, arm))
    return worse or dearer or now > (1 + LATENCY) * before


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
        ("no change, models watched", Series(watched=True), NIGHTS),
        ("dollars up by exactly the margin, models watched", DEARER, NIGHTS),
        ("p95 up by exactly the margin, models watched", SLOWER, NIGHTS),
        ("no change", Series(), NIGHTS),
        ("accuracy worse by exactly the margin", Series(drop=MARGIN), NIGHTS),
        ("accuracy worse by twice the margin", Series(drop=2 * MARGIN), SOON),
        ("the same, models watched", Series(drop=2 * MARGIN, watched=True), SOON),
    )
    for name, series, nights in cells:
        began = time.monotonic()
        found = share(series, reps, nights, NIGHTS, 1)
        took = time.monotonic() - began
        sys.stdout.write(f"{name}: {found:.3f} of {reps} within {nights} nights ({took:.0f} s)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
