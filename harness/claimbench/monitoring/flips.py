"""Samples whose score flipped between two runs, beside those that repeats alone would flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median_low

import numpy as np

from claimbench.claims.other_runs import baseline_arm
from claimbench.monitoring.judging import Tables
from claimbench.monitoring.types import Flips
from claimbench.tables.types import CallRows, FloatArray

SHOWN = 50
"""Samples that moved most, by name."""
ALIKE = 1e-9


Nights = Sequence[Mapping[str, float]]
"""Scores by item (``task/sample``) of BASE, of each run between and of NEW, in their order."""


def flips(arm: str, tables: Tables, nights: Nights = ()) -> Flips | None:
    """Count, over the common samples, how often an answer of NEW scores otherwise than one of BASE.

    With several epochs it is the expected number for one draw of each: per sample the share of
    pairs that differ. ``by_repeats`` is the same between two draws of one run, the mean of the runs
    that repeat; where neither does, that of ``nights``. None where no sample has a score in both.
    """
    was = _draws(tables.calls.arms[baseline_arm(arm)], tables)
    now = _draws(tables.calls.arms[arm], tables)
    shared = sorted(was.keys() & now.keys())
    if not shared:
        return None
    worse = better = 0.0
    within: list[float] = []
    moved: list[tuple[float, int, float, float]] = []
    for item in shared:
        before, after = was[item], now[item]
        gaps = after[None, :] - before[:, None]
        worse += float((gaps < -ALIKE).mean())
        better += float((gaps > ALIKE).mean())
        repeats = [_within(scores) for scores in (before, after) if len(scores) > 1]
        if repeats:
            within.append(sum(repeats) / len(repeats))
        one, two = float(before.mean()), float(after.mean())
        if abs(two - one) > ALIKE:
            moved.append((-abs(two - one), item, one, two))
    names = tables.items.items
    share = float(np.mean(within)) if within else _by_night([names[i] for i in shared], nights)
    by_repeats = None if share is None else len(shared) * share
    most = tuple((names[item], one, two) for _, item, one, two in sorted(moved)[:SHOWN])
    return Flips(arm, len(shared), worse, better, by_repeats, most)


def _by_night(items: Sequence[str], nights: Nights) -> float | None:
    """Return the share of items that two runs score otherwise that follow each other, the middle
    one of all such pairs (of an even number the lower); None where there are fewer than two.

    A model that changed once stands in one of these pairs, and between most runs of a series.
    """
    if len(nights) <= 2:
        return None
    shares: list[float] = []
    for one, two in pairwise(nights):
        gaps = [abs(two[item] - one[item]) for item in items if item in one and item in two]
        if gaps:
            shares.append(sum(gap > ALIKE for gap in gaps) / len(gaps))
    return median_low(shares) if len(shares) > 1 else None


def _within(scores: FloatArray) -> float:
    """Return the share of pairs of one run's answers that score otherwise."""
    n = len(scores)
    differ = np.abs(scores[None, :] - scores[:, None]) > ALIKE
    return float(differ.sum()) / (n * (n - 1))


def _draws(rows: CallRows, tables: Tables) -> dict[int, FloatArray]:
    """Return the scores of each common item's answers; a cached answer is a copy, not a draw."""
    keep = tables.common[rows.item] & ~np.isnan(rows.score) & ~rows.cached
    found: dict[int, list[float]] = {}
    for item, score in zip(rows.item[keep].tolist(), rows.score[keep].tolist(), strict=True):
        found.setdefault(item, []).append(score)
    return {item: np.asarray(scores, dtype=np.float64) for item, scores in found.items()}


def all_flips(
    arms: Sequence[str], tables: Tables, nights: Mapping[str, Nights]
) -> tuple[Flips, ...]:
    """Return the flips of every arm that has any score in both runs; ``nights``: by arm."""
    found = [flips(arm, tables, nights.get(arm, ())) for arm in arms]
    return tuple(one for one in found if one is not None)
