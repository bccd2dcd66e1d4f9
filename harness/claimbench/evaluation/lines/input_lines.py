"""Arms whose stated input tokens for the same requests are far apart, for the warnings of a report.

No tokenizer of today counts three times what another counts. Prompts of vendors, tools and wordings
of an arm's own may; so may a vendor that miscounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from claimbench.tables.types import BoolArray, CallRows, CallTable, FloatArray, ItemTable

FAR = 3.0
"""Means so many times apart are said."""
MOST_LINES = 3


def input_lines(arms: Sequence[str], items: ItemTable, calls: CallTable) -> list[str]:
    """Say of each two of these arms, the furthest apart first, how far their counts of input are
    apart.
    """
    first = np.ones(len(items.items), dtype=np.bool_)
    if items.turns is not None:  # later turns hold each arm's own answers
        first = items.turns.number <= 1
    means = {arm: _by_item(rows, first) for arm, rows in calls.arms.items() if arm in arms}
    found: list[tuple[float, str]] = []
    for one, other in combinations(means, 2):
        both = np.isfinite(means[one]) & np.isfinite(means[other])
        if not both.any():
            continue
        pair = {name: float(means[name][both].mean()) for name in (one, other)}
        less, more = sorted(pair, key=lambda name: pair[name])
        if pair[more] < FAR * pair[less]:
            continue
        line = (
            f"{less} states {pair[less]:,.0f} input tokens a request on average, {more}"
            f" {pair[more]:,.0f} for the same requests: {pair[more] / max(pair[less], 1):.1f} times"
            " as many. No two tokenizers in use are so far apart; dollars rest on each"
            " vendor's own counts."
        )
        found.append((pair[more] / max(pair[less], 1), line))
    found.sort(key=lambda one: -one[0])
    return [line for _, line in found[:MOST_LINES]]


def _by_item(rows: CallRows, wanted: BoolArray) -> FloatArray:
    """Return the mean count of input of each item; nan where none is known, or none is wanted."""
    known = np.isfinite(rows.n_in)
    at = rows.item[known]
    n = np.bincount(at, minlength=len(wanted))
    total = np.bincount(at, weights=rows.n_in[known], minlength=len(wanted))
    mean = np.full(len(wanted), np.nan)
    np.divide(total, n, out=mean, where=(n > 0) & wanted)
    return mean
