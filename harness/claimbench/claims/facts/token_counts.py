"""Speed per token in both ways: by a vendor's own counts of tokens, and by the text that came.

Who counts five tokens a word is no faster. Two arms are compared by the seconds that a character of
their texts took; the speed of one is judged with no more tokens than its text has bytes.
"""

from __future__ import annotations

import numpy as np

from claimbench.claims.facts.held import Way, asked_of, quantile_asked, quantile_told
from claimbench.claims.types import Leaf
from claimbench.tables.types import BoolArray, CallRows, CallTable, FloatArray
from claimbench.tables.ways.token_counts import (
    by_characters,
    impossible,
    own_counts,
    within_text,
    without_speed,
)

WITH_TOKENS = frozenset({"tpot", "latency"})
"""Metrics of claims that hold a time per token."""
MOST_IMPOSSIBLE = 0.05
"""Share of an arm's calls with impossible counts from which its speed per token is not known."""


def by_text(leaf: Leaf, calls: CallTable) -> list[Way]:
    """Return the speed per token by the text that came; empty where this machine counted the
    tokens of every arm of the claim, and where the tables hold no texts. Texts that were withheld
    bear nothing out.
    """
    arms = {arm: calls.arms[arm] for arm in leaf.arms}
    counted = [arm for arm, rows in arms.items() if not own_counts(rows)]
    if leaf.claim.metric not in WITH_TOKENS or not counted:
        return []
    if any(rows.n_chars is None for rows in arms.values()):
        return []
    ways: list[Way] = []
    unknown = {arm: told for arm in counted if (told := _impossible(leaf, arms[arm]))}
    words = ("by the counts of tokens", "by the text that came")
    if unknown:
        none = {arm: without_speed(arms[arm]) for arm in unknown}
        told = "; ".join(f"{arm}: {text}" for arm, text in unknown.items())
        ways.append(Way("tokens_impossible", words, _changed(calls, none), told))
    other = within_text if leaf.theirs is None else by_characters
    of_text = {arm: other(rows) for arm, rows in arms.items()}
    told = "; ".join(_told(leaf, arm, arms[arm], of_text[arm]) for arm in leaf.arms)
    return [*ways, Way("tokens_decide", words, _changed(calls, of_text), told)]


def _changed(calls: CallTable, arms: dict[str, CallRows]) -> CallTable:
    return CallTable({**calls.arms, **arms})


def _timed(leaf: Leaf, rows: CallRows) -> BoolArray:
    """Mark the calls of a claim that have a time per token."""
    return asked_of(leaf, rows) & np.isfinite(rows.tpot_s)


def _median(values: FloatArray | None, mine: BoolArray) -> str:
    known = np.empty(0) if values is None else values[mine & np.isfinite(values)]
    return f"{float(np.median(known)):,.0f}" if len(known) else "unknown"


def _impossible(leaf: Leaf, rows: CallRows) -> str:
    """Say how many calls of an arm count more tokens than their text can have; empty where few."""
    timed = _timed(leaf, rows)
    found = impossible(rows) & timed
    n, of = int(found.sum()), int(timed.sum())
    if n <= MOST_IMPOSSIBLE * of:
        return ""
    return (
        f"{n:,} of {of:,} calls count more output tokens than their text can have (median"
        f" {_median(rows.n_out, found)}, and at most {_median(rows.most_tokens, found)} are"
        " possible)"
    )


def _told(leaf: Leaf, arm: str, rows: CallRows, of_text: CallRows) -> str:
    """Say an arm's speed in both ways."""
    p, mine, timed = quantile_asked(leaf), asked_of(leaf, rows), _timed(leaf, rows)
    ours, theirs = (quantile_told(one, "tpot", mine, p) for one in (rows, of_text))
    text = f"{arm}: p{100 * p:g} {ours} a token at a median of {_median(rows.n_out, timed)} tokens"
    if leaf.theirs is None:
        return f"{text}, {theirs} with no more tokens than the bytes of its text"
    return f"{text}, {theirs} a character at a median of {_median(rows.n_chars, timed)} characters"
