"""Time per output token without a vendor's word for its tokens: by the text that came."""

from __future__ import annotations

import numpy as np

from claimbench.tables.types import BoolArray, CallRows, FloatArray
from claimbench.tables.ways.first_answers import reasoned_first

OWN_COUNTS = "in_process"
"""Stamp source of arms whose tokens this machine counts itself."""


def own_counts(rows: CallRows) -> bool:
    """Tell whether an arm's tokens were counted here, not by its vendor."""
    return len(rows.item) > 0 and rows.text("stamp_source", 0) == OWN_COUNTS


def by_characters(rows: CallRows) -> CallRows:
    """Return an arm's calls with the seconds per character of the text after the first token as
    time per token: its ratio between two arms is free of counts. Calls without text stay out, and
    so do those of fewer than two tokens; where no tokens are stated the text counts.
    """
    chars = _known(rows.n_chars, rows)
    seconds = rows.e2e_s - rows.ttft_s
    found = np.full(len(rows.item), np.nan)
    told = np.isnan(rows.n_out) & (seconds > 0)
    np.divide(seconds, chars, out=found, where=(chars > 0) & (told | (rows.n_out >= 2)))
    found = np.where(np.isposinf(rows.tpot_s), np.inf, found)
    return rows.but(tpot_s=found, n_out=chars + 1)


def within_text(rows: CallRows) -> CallRows:
    """Return an arm's calls with no more output tokens than their text can have, and without those
    of reasoning that was not shown: they came before the first token. Calls without text stay out.
    """
    most = _known(rows.most_tokens, rows)
    hidden = np.where(reasoned_first(rows), 0.0, np.nan_to_num(rows.n_reasoning))
    tokens = np.where(np.isnan(most), np.nan, np.minimum(rows.n_out - hidden, most))
    found = np.full(len(rows.item), np.nan)
    np.divide(rows.e2e_s - rows.ttft_s, tokens - 1, out=found, where=tokens >= 2)
    found = np.where(np.isposinf(rows.tpot_s), np.inf, found)
    return rows.but(tpot_s=found, n_out=tokens)


def without_speed(rows: CallRows) -> CallRows:
    """Return an arm's calls without any time per token."""
    return rows.but(tpot_s=np.full(len(rows.item), np.nan))


def impossible(rows: CallRows) -> BoolArray:
    """Return which calls count more tokens, stated reasoning apart, than their text can have."""
    visible = rows.n_out - np.nan_to_num(rows.n_reasoning)
    return np.asarray(visible > _known(rows.most_tokens, rows))


def _known(column: FloatArray | None, rows: CallRows) -> FloatArray:
    return np.full(len(rows.item), np.nan) if column is None else column
