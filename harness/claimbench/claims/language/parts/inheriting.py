"""What a later part of a sentence leaves out and takes from an earlier one: where, and of what."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.parts.places import Clause
from claimbench.claims.language.parts.statements import (
    Statement,
    metric_of,
    reading_of,
    same_side,
)

_NAMES_ITSELF = re.compile(
    rf"(?:{'|'.join(words.NOUNS[dim] for dim in ('time', 'rate', 'cost'))})"
    r"|\b(?:answer|respon|take|taking|need|finish|return|generat|process|deliver|cost|charg|sav)"
)
"""A noun or a verb that says of itself what is measured; "costs less" after it is as before."""
_BARE = re.compile(r"(?:at |in |within )?<[du]\d+>")
_OF_MONTHS = frozenset({"bill", "save", "payback"})


def inherit_places(said: Sequence[Statement]) -> None:
    """Give "above 90% on t1 but below 95%" the place of its first half for the second."""
    for earlier, later in itertools.pairwise(said):
        one = same_side(earlier.dim, later.dim)
        kind = (earlier.way == "level") == (later.way == "level")
        rivals = not later.theirs or later.theirs == earlier.theirs
        placed = later.tasks or later.slice is not None or later.modifier
        if not (one and kind and rivals) or placed:
            continue
        if later.quantile is not None and earlier.quantile not in {None, later.quantile}:
            continue
        later.tasks = earlier.tasks
        later.slice = earlier.slice
        if later.dim in {"time", "rate"}:
            later.quantile = later.quantile or earlier.quantile


def inherit_measures(clause: Clause, before: Sequence[Statement]) -> None:
    """Give "e2e latency at p99 is below beta's and under 1 s" its time and percentile twice.

    A part that names no quantity is said of that of its subject, or of the one before it: its time
    (first token, per token, whole), its percentile, its price (list, request, right answer).

    Args:
        clause: whose statements are completed.
        before: what the clauses before it say: "alpha's ttft is 1 s and beta's 2 s".
    """
    known = list(before) if not clause.dim else []
    for later in clause.statements:
        earlier = next((s for s in reversed(known) if same_side(s.dim, later.dim)), None)
        again = earlier is not None and earlier.led and _says_again(earlier, later)
        if earlier is not None and (again or _leaves_out(later, clause.dim)):
            _take_measure(earlier, later)
        known.append(later)


def _leaves_out(statement: Statement, subject: str) -> bool:
    """Tell whether a statement does not say itself what is measured."""
    if statement.way in _OF_MONTHS or statement.per or _NAMES_ITSELF.search(statement.text):
        return False
    of_subject = bool(subject) and same_side(subject, statement.dim)
    return of_subject or not statement.rule.dim or bool(_BARE.fullmatch(statement.text))


def _says_again(earlier: Statement, later: Statement) -> bool:
    """Tell whether words come again: "cheaper per request than beta and cheaper than gamma"."""
    alike = earlier.way == later.way == "comp" and earlier.dim == later.dim
    return alike and not _NAMES_ITSELF.search(later.text)


def _take_measure(earlier: Statement, later: Statement) -> None:
    later.led = True
    if later.dim in {"time", "rate"} and later.share is None:
        later.metric = later.metric or earlier.metric or metric_of(earlier.text)
        later.quantile = later.quantile or earlier.quantile
    elif later.dim == "cost":
        later.reading = later.reading or earlier.reading or reading_of(earlier.text)
