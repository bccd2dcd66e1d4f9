"""Decisions that have to stand in two ways of counting the same calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.readings.missing import withdrawn
from claimbench.claims.types import Leaf
from claimbench.claims.words import number
from claimbench.tables.types import BoolArray, CallRows, CallTable
from claimbench.types import Reading, Reason

UNFORMED = {"n/a": "not known"}
"""What a reading that could not be formed is called beside one that was decided."""


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to count the times of the same calls, in which a verdict has to stand too.

    ``code``: of the reason where it does not. ``words``: both ways in words, the usual one first.
    ``calls``: the table counted in the other way. ``told``: both figures in words.
    """

    code: str
    words: tuple[str, str]
    calls: CallTable
    told: str


def held(
    readings: Sequence[Reading],
    others: Sequence[Reading],
    code: str,
    ways: tuple[str, str],
    told: str,
) -> list[Reading]:
    """Withdraw each decision that the other way of counting does not bear out.

    Args:
        readings: as decided.
        others: the same readings counted in the other way; one that is not there decided nothing.
        code: of the reason.
        ways: both ways in words, that of ``readings`` first.
        told: both figures in words.
    """
    other = {reading.name: reading.status for reading in others}
    kept: list[Reading] = []
    for reading in readings:
        status = other.get(reading.name, "n/a")
        if reading.status not in {"supported", "refuted"} or status == reading.status:
            kept.append(reading)
            continue
        found = UNFORMED.get(status, status)
        detail = f"{reading.status} {ways[0]}, {found} {ways[1]}; {told}"
        kept.append(withdrawn(reading, Reason(code, detail)))
    return kept


def quantile_asked(leaf: Leaf) -> float:
    """Return the quantile of times that a claim is judged by."""
    return leaf.claim.quantile or (0.95 if leaf.claim.relation in ABSOLUTE else 0.5)


def time_asked(leaf: Leaf) -> tuple[str, float, str]:
    """Return the time that a claim is judged by where its calls waited, its quantile, and both in
    words.
    """
    metric = "ttft" if leaf.claim.metric == "ttft" else "e2e"
    p = quantile_asked(leaf)
    name = "time to first token" if metric == "ttft" else "end-to-end time"
    return metric, p, f"p{100 * p:g} {name}"


def asked_of(leaf: Leaf, rows: CallRows) -> BoolArray:
    """Mark an arm's calls on the items of a claim."""
    found: BoolArray = leaf.mask[rows.item]
    return found


def quantile_told(rows: CallRows, metric: str, mine: BoolArray, p: float) -> str | None:
    """Return a quantile of the known times in words; None where there are none."""
    seconds = getattr(rows, f"{metric}_s")[mine]
    known = seconds[~np.isnan(seconds)]
    if not len(known):
        return None
    return number(float(np.quantile(known, p, method="inverted_cdf")), "seconds")
