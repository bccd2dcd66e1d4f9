"""Time to first token where reasoning came first, in both ways: to the first content of any kind,
and to the first of the answer.

Who sends one character of reasoning at once and then nothing for long is not fast.
"""

from __future__ import annotations

from claimbench.claims.facts.held import Way, asked_of, quantile_asked, quantile_told
from claimbench.claims.types import Leaf
from claimbench.tables.types import CallTable
from claimbench.tables.ways.first_answers import from_answers, reasoned_first

WITH_FIRST_TOKEN = frozenset({"ttft", "latency"})
"""Metrics of claims that hold a time to first token."""
WORDS = ("by the first content of any kind", "by the first of the answer")
"""Both ways in words."""


def to_first_answers(leaf: Leaf, calls: CallTable, widest: CallTable | None) -> list[Way]:
    """Return the times to the first of the answer, and where other waits have to be counted too
    (``widest``) all of them together; empty where no arm of the claim sent reasoning first.
    """
    told = _told(leaf, calls)
    if leaf.claim.metric not in WITH_FIRST_TOKEN or not told:
        return []
    ways = [Way("first_answer_decides", WORDS, _from_answers(leaf, calls), "; ".join(told))]
    if widest is not None:
        words = (WORDS[0], f"{WORDS[1]} and the whole wait")
        whole = _from_answers(leaf, widest)
        told = _told(leaf, widest)
        ways.append(Way("first_answer_decides", words, whole, "; ".join(told)))
    return ways


def _from_answers(leaf: Leaf, calls: CallTable) -> CallTable:
    changed = {arm: from_answers(calls.arms[arm]) for arm in leaf.arms}
    return CallTable({**calls.arms, **changed})


def _told(leaf: Leaf, calls: CallTable) -> list[str]:
    """Say of each arm that sent reasoning first its time to first token in both ways."""
    p = quantile_asked(leaf)
    told: list[str] = []
    for arm in leaf.arms:
        rows = calls.arms[arm]
        mine = asked_of(leaf, rows)
        n = int(reasoned_first(rows)[mine].sum())
        if not n:
            continue
        first = quantile_told(rows, "ttft", mine, p)
        answer = quantile_told(from_answers(rows), "ttft", mine, p)
        told.append(
            f"{arm}: {n:,} of {int(mine.sum()):,} calls sent reasoning first, p{100 * p:g} time to"
            f" first token {first} of any content, {answer} of the answer"
        )
    return told
