"""Whether arms can be compared on a criterion, by the rules that claims on the same thing pass: the
comparability gate, the least sample, and the share of calls without a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from claimbench.claims import gate
from claimbench.claims.facts import uncarried
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.fields import MIRRORED
from claimbench.claims.readings import latency
from claimbench.claims.readings.missing import too_many_lost
from claimbench.claims.readings.size import size_block
from claimbench.claims.types import Leaf
from claimbench.claims.words import explain_reason
from claimbench.decision.values import DOLLARS, Totals
from claimbench.evaluation.evaluate import Evaluation
from claimbench.stats.arrays import BoolArray
from claimbench.types import Claim, Criterion, Reason

MOST_TOLD = 2
"""Reasons that a sentence names."""


def incomparable(
    evaluation: Evaluation, totals: Totals, i: int, leader: str, candidates: Sequence[str]
) -> str:
    """Say why the leader cannot be compared with another candidate on criterion ``i``, at most
    :data:`MOST_TOLD` reasons; empty where it can with all.
    """
    found = [
        _told(reason)
        for rival in candidates
        if rival != leader
        for reason in _reasons(evaluation, totals, i, (leader, rival))
    ]
    told = list(dict.fromkeys(found))
    more = len(told) - MOST_TOLD
    return "; ".join([*told[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _told(reason: Reason) -> str:
    """Say a reason, and how to accept it where a suite may."""
    told = explain_reason(reason)
    accepted = reason.code in gate.ALLOWABLE and "allow: [" not in told
    return f"{told}; to allow it: `allow: [{reason.code}]`" if accepted else told


def _reasons(
    evaluation: Evaluation, totals: Totals, i: int, arms: tuple[str, str]
) -> Iterator[Reason]:
    criterion, items, calls = totals.criteria[i], evaluation.items, evaluation.calls
    context = evaluation.context
    leaf = _leaf(criterion, arms, totals.asked_of(i), evaluation.stored.suite.alpha)
    kind = leaf.claim.kind
    measured = asked_arms(arms, context)
    if uncarried.CODE not in context.allow:
        for arm in measured:
            left = uncarried.calls_in_text(arm, leaf, items, context)
            if left is not None:
                yield left
    mirrored = context.mirrored_tasks.get(criterion.task or "", "")
    on = mirrored if kind == "accuracy" and mirrored in MIRRORED else kind
    refused, _ = gate.all_breaches(on, arms, measured, items, calls, leaf.mask, context)
    yield from refused
    if criterion.metric != "success_rate":  # there a call without a result is what is counted
        lost = too_many_lost(leaf, items, scores=kind == "accuracy")
        if lost is not None:
            yield lost
    if kind == "latency":
        for question in latency.questions(items, calls, leaf, context):
            yield from question.blocked
    else:
        yield from size_block(items, totals.mask_of(i))


def _leaf(criterion: Criterion, arms: tuple[str, str], mask: BoolArray, alpha: float) -> Leaf:
    """Return the claim that one arm is ahead of another on a criterion, on some items."""
    kind, metric, relation, quantile = "accuracy", "accuracy", "more", None
    if criterion.metric in DOLLARS:
        kind, metric, relation = "cost", "usd", "less"
    elif criterion.metric.endswith("_s"):
        metric, _, rank = criterion.metric.removesuffix("_s").partition("_p")
        kind, relation, quantile = "latency", "less", int(rank) / 100
    claim = Claim(
        id=criterion.name,
        text="",
        source=None,
        kind=kind,
        metric=metric,
        treatments=(arms[0],),
        baselines=(arms[1],),
        relation=relation,
        threshold=None,
        task=criterion.task,
        quantile=quantile,
        alpha=alpha,
    )
    return Leaf(claim, *arms, mask)
