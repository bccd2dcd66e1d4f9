"""A second opinion on accuracy comparisons of few items: the probability, by a paired beta model,
that what a reading asks is true. It is shown beside the verdict and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claimbench.claims.fields import MIRRORED
from claimbench.claims.readings.accuracy import paired_scores
from claimbench.claims.types import Leaf, Question
from claimbench.claims.words import number
from claimbench.stats.paired_beta import PairCounts, pair_counts, probability
from claimbench.tables.types import ItemTable
from claimbench.types import Reading, SecondOpinion

FEWER_THAN = 100
"""Items from which on no second opinion is given: there both ways of counting agree."""
JUDGED = frozenset({"judge_corrected", "human_labels_only"})


def with_second_opinion(
    readings: Sequence[Reading], found: Sequence[Question], leaf: Leaf, items: ItemTable
) -> list[Reading]:
    """Give each reading of an accuracy comparison its second opinion, where the model fits.

    It takes fewer than 100 items, each its own cluster, each right or wrong in both arms, and
    scores that count as they are (no people's labels in place of a judge's).
    """
    counts = _counts(leaf, items)
    if counts is None:
        return list(readings)
    out: list[Reading] = []
    for question, reading in zip(found, readings, strict=True):
        judged = any(flag.code in JUDGED for flag in question.flags)
        likely = None if judged or reading.status == "n/a" else _likely(question, counts)
        if likely is None or leaf.theirs is None:
            out.append(reading)
            continue
        margin = leaf.claim.margin
        opinion = SecondOpinion(
            probability=likely,
            that=_asked(question, leaf.ours, leaf.theirs),
            better_by_margin=probability(counts, (1.0, -1.0), margin),
            margin=margin,
            n=counts.n,
        )
        out.append(replace(reading, second_opinion=opinion))
    return out


def _counts(leaf: Leaf, items: ItemTable) -> PairCounts | None:
    if leaf.claim.kind != "accuracy" or leaf.claim.metric in MIRRORED:
        return None
    if leaf.theirs is None or leaf.claim.population != "super":
        return None
    scores = paired_scores(items, leaf)
    n = len(scores.a)
    if not 0 < n < FEWER_THAN or len(np.unique(scores.cluster)) < n:
        return None
    return pair_counts(scores.a, scores.b)


def _likely(question: Question, counts: PairCounts) -> float | None:
    """Return the probability of what the question asks; None for a kind of number that the model
    does not speak of.
    """
    if question.window is not None:
        low, high = question.window
        above, beyond = _at_least(question, counts, low), _at_least(question, counts, high)
        if above is None or beyond is None:
            return None
        inside = abs(above - beyond)
        return inside if question.side == "within" else 1 - inside
    at_least = _at_least(question, counts, question.threshold)
    if at_least is None:
        return None
    return at_least if question.side in (">=", ">") else 1 - at_least


def _at_least(question: Question, counts: PairCounts, value: float) -> float | None:
    """Return the probability that the question's number is at least ``value``."""
    if question.is_difference:
        return probability(counts, (1.0, -1.0), value)
    if question.name == "relative":
        return probability(counts, (1.0, -value))
    if question.name == "error_reduction":
        return 1 - probability(counts, (-1.0, value), value - 1)
    return None


def _asked(question: Question, ours: str, theirs: str) -> str:
    """Say what the reading asks, as a statement that is true or not."""
    scale = question.scale
    if question.side == "within" and question.window is not None:
        low, high = (number(x, scale, figures=4, signed=scale == "points") for x in question.window)
        between = f"between {low} and {high}"
    else:
        between = ""
    shown = number(abs(question.threshold), scale, figures=4)
    if question.is_difference:
        if between:
            return f"{ours} minus {theirs} lies {between} points"
        if question.threshold == 0:
            return f"{ours} is more accurate than {theirs}"
        word = "more" if question.threshold > 0 else "less"
        edge = (
            "at least" if (question.threshold > 0) == (question.side in (">=", ">")) else "at most"
        )
        return f"{ours} is {edge} {shown} points {word} accurate than {theirs}"
    edge = between or f"{'at least' if question.side in ('>=', '>') else 'at most'} {shown}"
    if question.name == "error_reduction":
        return f"{ours} makes {edge} of {theirs}'s errors"
    return f"{ours}'s accuracy is {edge} of {theirs}'s"


def second_opinion_text(opinion: SecondOpinion) -> str:
    """Say a second opinion in a sentence that cannot be taken for the verdict."""
    text = (
        f"Second opinion, deciding nothing (paired beta model, {opinion.n} items): probability that"
        f" {opinion.that}: {_chance(opinion.probability)}"
    )
    points = number(opinion.margin, "points")
    return f"{text}; better by the margin of {points} points: {_chance(opinion.better_by_margin)}."


def _chance(probability: float) -> str:
    """A probability with two digits that never claims to be certain."""
    if probability < 0.005:
        return "below 0.01"
    return "above 0.99" if probability > 0.995 else f"{probability:.2f}"
