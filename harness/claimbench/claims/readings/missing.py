"""Decisions that rest on the calls that did not fail are withdrawn (docs/method.md)."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.readings.failures import (
    MISSING_LIMIT,
    ended_share,
    missing_share,
    shares_text,
)
from claimbench.claims.types import Leaf, Question
from claimbench.claims.words import explain_reason, without_status
from claimbench.tables.types import ItemTable
from claimbench.types import Reading, Reason


def too_many_lost(leaf: Leaf, items: ItemTable, *, scores: bool) -> Reason | None:
    """Return why an arm has too many calls without a result; None where none is above the limit.

    ``scores``: an answer without a score is missing too, as to the claims that rest on scores.
    Turns that were never asked, for the arm itself had ended their conversations, are called that
    where they alone bring an arm above the limit: nothing failed, and nothing can be asked again.
    """
    lost: list[tuple[str, float]] = []
    failed = False
    for arm in leaf.arms:
        share = missing_share(items, arm, leaf.mask, scores=scores)
        if not _above(share):
            continue
        lost.append((arm, share))
        ended = 0.0 if scores else ended_share(items, arm, leaf.mask)
        failed = failed or _above(share - ended)
    if not lost:
        return None
    return Reason("too_many_missing" if failed else "too_many_ended", shares_text(lost))


def _above(share: float) -> bool:
    return share > MISSING_LIMIT + 1e-12


def missing_rule(question: Question, reading: Reading, lost: Reason | None) -> Reading:
    """Withdraw a decision that rests on the calls that did not fail.

    Above 5% without a result nothing is supported; below, nothing stands that the missing calls,
    filled against it, would overturn. Arithmetic on list prices rests on no call.
    """
    if reading.status not in {"supported", "refuted"} or question.name == "list_price":
        return reading
    worst = reading.sensitivity.get("worst_case_missing", reading.status)
    if lost is not None and reading.status == "supported":
        reason = lost
    elif worst != reading.status and not reading.infeasible:
        reason = Reason("missing_sensitive")
    else:
        return reading
    return withdrawn(reading, reason)


def withdrawn(reading: Reading, reason: Reason) -> Reading:
    """Take a decision back for a reason, and keep its numbers."""
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
