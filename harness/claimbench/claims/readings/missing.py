"""Decisions that rest on the calls that did not fail are withdrawn (docs/method.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimbench.claims.readings.failures import (
    MISSING_LIMIT,
    answered_text,
    missing_share,
    shares_text,
)
from claimbench.claims.types import Leaf, Question
from claimbench.claims.words import explain_reason, without_status
from claimbench.tables.types import ItemTable
from claimbench.types import Reading, Reason


def lost_calls(leaf: Leaf, items: ItemTable, *, scores: bool) -> tuple[tuple[str, float], ...]:
    """Return (arm, share of its calls without a result) of each arm above the limit.

    ``scores``: an answer without a score is missing too, as to the claims that rest on scores.
    """
    lost: list[tuple[str, float]] = []
    for arm in (leaf.ours, leaf.theirs):
        if arm is not None:
            share = missing_share(items, arm, leaf.mask, scores=scores)
            if share > MISSING_LIMIT + 1e-12:
                lost.append((arm, share))
    return tuple(lost)


def missing_rule(
    question: Question, reading: Reading, lost: Sequence[tuple[str, float]]
) -> Reading:
    """Withdraw a decision that rests on the calls that did not fail.

    Above 5% without a result nothing is supported; below, nothing stands that the missing calls,
    filled against it, would overturn. Arithmetic on list prices rests on no call.
    """
    if reading.status not in {"supported", "refuted"} or question.name == "list_price":
        return reading
    worst = reading.sensitivity.get("worst_case_missing", reading.status)
    if lost and reading.status == "supported":
        reason = Reason("too_many_missing", shares_text(lost))
    elif worst != reading.status and not reading.infeasible:
        reason = Reason("missing_sensitive")
    else:
        return reading
    said = without_status(reading.sentence).rstrip(".")
    strict = (
        {"strict_threshold": "inconclusive"} if "strict_threshold" in reading.sensitivity else {}
    )
    return replace(
        reading,
        sensitivity={**reading.sensitivity, **strict},
        status="inconclusive",
        reasons=(*reading.reasons, reason),
        sentence=f"Inconclusive: {said}, but {explain_reason(reason)}.",
    )


def missing_flags(leaf: Leaf, items: ItemTable) -> tuple[Reason, ...]:
    """Flag the share of calls that failed, for it qualifies every number of the arm."""
    text = answered_text(items, leaf)
    return (Reason("failed_calls", text),) if text else ()
