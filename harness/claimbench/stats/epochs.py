"""What several epochs of one item come to: their mean, or what a suite declares instead.

``median``: the middle score, the mean of the two middle ones of an even number. ``max``: the best
one; for scores of 0 and 1, ``at_least@1``. ``mode``: the most frequent score, the lowest of those
that tie. ``pass@k``: the chance that one of k answers is right, ``1 - C(n - c, k) / C(n, k)`` of n
with c right (Chen et al. 2021, unbiased). ``pass^k``: the chance that all of k are,
``C(c, k) / C(n, k)`` (Yao et al. 2024, "tau-bench", arXiv 2406.12045, section 3: E over tasks of
C(c, k) / C(n, k); unbiased, for it is the share of all choices of k epochs without a wrong one);
its interval is that of a mean over items. ``at_least@k``: 1 where k epochs or more are right. Right
is a score of 1.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from claimbench.stats.arrays import BoolArray, FloatArray, IntArray

REDUCER = re.compile(r"mean|median|max|mode|(?:pass|at_least)@([1-9]\d{0,3})|pass\^([1-9]\d{0,3})")
"""How a reducer is written."""
FULL = 1 - 1e-9


def needed_epochs(rule: str) -> int:
    """Return how many epochs a reducer needs."""
    found = REDUCER.fullmatch(rule)
    if found is None:
        raise ValueError(f"no reducer is called {rule!r}")
    return int(found.group(1) or found.group(2) or 1)


def reduced(rule: str, scores: Sequence[float], missing: int = 0) -> float:
    """Return one item's score by ``rule``; nan where its epochs do not tell.

    Args:
        rule: mean, median, max, mode, pass@k, pass^k or at_least@k.
        scores: of the epochs that have one.
        missing: epochs without a score, which may have been right or wrong.
    """
    n = len(scores)
    if n == 0:
        return math.nan
    if rule == "mean":
        return math.fsum(scores) / n
    if rule == "median":
        low, high = (float(np.median([*scores, *[end] * missing])) for end in (0.0, 1.0))
        return low if low == high else math.nan
    if rule == "max":
        best = max(scores)
        return best if best >= FULL or not missing else math.nan
    if rule == "mode":
        counts = Counter(scores)
        most = max(counts.values())
        return min(score for score, count in counts.items() if count == most)
    k = needed_epochs(rule)
    right = sum(score >= FULL for score in scores)
    if rule.startswith("pass^"):
        return math.nan if n < k else math.comb(right, k) / math.comb(n, k)
    if rule.startswith("pass"):
        return math.nan if n < k else 1 - math.comb(n - right, k) / math.comb(n, k)
    if right >= k:
        return 1.0
    return math.nan if right + missing >= k else 0.0


def reduced_items(
    rules: Sequence[str],
    item: IntArray,
    score: FloatArray,
    chosen: BoolArray,
    missing: IntArray,
) -> FloatArray:
    """Return the score of every item whose rule is not the mean; nan for all others.

    Args:
        rules: by item.
        item: of each call.
        score: of each call.
        chosen: the calls that count, bool per call.
        missing: by item, epochs that may have been right or wrong.
    """
    of_item: list[list[float]] = [[] for _ in rules]
    for at, value in zip(item[chosen].tolist(), score[chosen].tolist(), strict=True):
        of_item[at].append(value)
    found = [
        math.nan if rule == "mean" else reduced(rule, scores, int(lost))
        for rule, scores, lost in zip(rules, of_item, missing.tolist(), strict=True)
    ]
    return np.asarray(found, dtype=np.float64)
