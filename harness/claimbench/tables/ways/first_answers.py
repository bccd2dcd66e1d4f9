"""The first token of the answer itself, where reasoning came before it."""

from __future__ import annotations

import math

import numpy as np

from claimbench.tables.types import BoolArray, CallRows
from claimbench.tables.waits import NOTHING_S


def reasoned_first(rows: CallRows) -> BoolArray:
    """Return which calls sent reasoning before their answer, or instead of one. Other tools' files
    (imports) do not tell both.
    """
    came = np.isfinite(rows.ttft_s)
    if rows.first_answer_s is rows.ttft_s or not came.any():
        return np.zeros(len(rows.item), dtype=np.bool_)
    told = rows.stamp_source != "reported"
    none = np.isnan(rows.first_answer_s)
    later = none | (rows.first_answer_s > rows.ttft_s + NOTHING_S)
    return np.asarray(came & told & later)


def from_answers(rows: CallRows) -> CallRows:
    """Return an arm's calls with the time to the first token of the answer as that to the first
    token; inf, the last rank, where reasoning came and no answer.
    """
    later = reasoned_first(rows)
    if not later.any():
        return rows
    answer = np.where(np.isnan(rows.first_answer_s), math.inf, rows.first_answer_s)
    return rows.but(ttft_s=np.where(later, answer, rows.ttft_s))
