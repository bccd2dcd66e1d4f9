"""The other ways to count the same run, in each of which a recommendation has to stand too.

They are those of claims: dollars at prices beside what vendors say they charged, times from the
first send, from the opening of connections and to the first of the answer, failed calls filled
against the arm, and criteria that no claim could compare counted against it; last all together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claimbench.claims.facts import connections, first_answers, retries
from claimbench.decision.comparable import incomparable
from claimbench.decision.values import DOLLARS, Doubt, Totals
from claimbench.evaluation.evaluate import Evaluation
from claimbench.stats.arrays import BoolArray
from claimbench.tables.priced import at_prices
from claimbench.tables.types import CallRows, CallTable
from claimbench.tables.waits import opens_often, retried, waits_for_opening, whole_waits
from claimbench.tables.ways.first_answers import from_answers, reasoned_first

PRICES = ("by what vendors say that they charged", "at their prices")
FAILED = ("by the calls that did not fail", "whatever the failed calls would have given")
TOGETHER = ("each way alone", "all ways together")


@dataclass(frozen=True)
class Way:
    """One other way to count a run.

    ``words``: both ways in words, the usual one first. ``told``: what of the run makes it another.
    ``regated``: requirements have to be decided anew; else they stand in this way already.
    """

    words: tuple[str, str]
    evaluation: Evaluation
    doubt: Doubt | None = None
    told: str = ""
    regated: bool = False


def ways_of(
    evaluation: Evaluation, totals: Totals | None, leader: str, candidates: Sequence[str]
) -> list[Way]:
    """Return every other way in which the leader among the candidates has to be ahead too.

    Args:
        evaluation: of the run.
        totals: of the arms; None where no criteria are declared.
        leader: the arm that is ahead.
        candidates: arms that meet every requirement, the leader among them.
    """
    ways: list[Way] = []
    priced = _priced(evaluation)
    if priced is not None:
        ways.append(Way(PRICES, priced, regated=True))
    if totals is None or len(candidates) < 2:
        return ways
    timed = _timed_ways(evaluation, totals, candidates)
    ways += timed
    doubts = _doubts(evaluation, totals, leader, candidates)
    ways += doubts
    if len(ways) > 1:
        whole = evaluation if priced is None else priced
        if timed:  # the last holds the longest waits
            whole = replace(whole, calls=_same_arms(whole.calls, timed[-1].evaluation.calls))
        failed = any(way.doubt is not None and way.doubt.failed for way in doubts)
        spoilt = frozenset(i for way in doubts if way.doubt for i in way.doubt.spoilt)
        told = "; ".join(way.words[1] for way in ways)
        doubt = Doubt(leader, failed, spoilt) if doubts else None
        ways.append(Way(TOGETHER, whole, doubt, told, regated=priced is not None))
    return ways


def _priced(evaluation: Evaluation) -> Evaluation | None:
    """Return the evaluation with dollars at prices; None where no vendor says anything else."""
    arms = [arm for arm, rows in evaluation.items.arms.items() if rows.n_finished.any()]
    tables = at_prices(evaluation.items, evaluation.calls, arms)
    if tables is None:
        return None
    bills = replace(evaluation.context, bills=evaluation.context.bills_at_prices, charges={})
    return replace(evaluation, items=tables[0], calls=tables[1], context=bills)


def _same_arms(calls: CallTable, waits: CallTable) -> CallTable:
    """Return the calls of one table with the durations of another."""
    names = ("ttft_s", "first_answer_s", "e2e_s")
    return CallTable(
        {
            arm: rows.but(**{name: getattr(waits.arms[arm], name) for name in names})
            for arm, rows in calls.arms.items()
        }
    )


def _timed_ways(evaluation: Evaluation, totals: Totals, arms: Sequence[str]) -> list[Way]:
    """Return the other ways to count times, each with what the run shows of it; the last with the
    longest waits.
    """
    of_times = [i for i, one in enumerate(totals.criteria) if one.metric.endswith("_s")]
    if not of_times:
        return []
    calls = evaluation.calls
    mask = np.logical_or.reduce([totals.mask_of(i) for i in of_times])
    ways: list[Way] = []
    whole = whole_waits(calls, arms, mask)
    if whole is not None:
        told = _told(calls, arms, mask, retried, "calls retried")
        ways.append(Way(retries.WORDS, replace(evaluation, calls=whole), told=told))
    opening = waits_for_opening(calls, arms, mask)
    if opening is not None:
        often = [a for a in arms if opens_often(calls.arms[a], mask[calls.arms[a].item])]
        told = "; ".join(
            f"{arm}: {connections.openings_told(calls.arms[arm], mask[calls.arms[arm].item])}"
            for arm in often
        )
        ways.append(Way(connections.WORDS, replace(evaluation, calls=opening), told=told))
    if not any(totals.criteria[i].metric.startswith("ttft") for i in of_times):
        return ways
    told = _told(calls, arms, mask, reasoned_first, "calls reasoned first")
    if told:
        words = first_answers.WORDS
        for table in (calls, opening or whole):
            if table is not None:
                made = {arm: from_answers(table.arms[arm]) for arm in arms}
                answers = CallTable({**table.arms, **made})
                ways.append(Way(words, replace(evaluation, calls=answers), told=told))
                words = words[0], f"{words[1]} and the whole wait"
    return ways


def _told(
    calls: CallTable,
    arms: Sequence[str],
    mask: BoolArray,
    which: Callable[[CallRows], BoolArray],
    what: str,
) -> str:
    """Say how many calls of each arm are such; empty where none is."""
    told = []
    for arm in arms:
        rows = calls.arms[arm]
        mine = mask[rows.item]
        n = int((which(rows) & mine).sum())
        if n:
            told.append(f"{arm}: {n:,} of {int(mine.sum()):,} {what}")
    return "; ".join(told)


def _doubts(
    evaluation: Evaluation, totals: Totals, leader: str, candidates: Sequence[str]
) -> list[Way]:
    """Return the ways in which failed calls, and criteria that cannot be compared, count against
    the leader.
    """
    ways: list[Way] = []
    lost = _lost(evaluation, totals, candidates)
    if lost:
        ways.append(Way(FAILED, evaluation, Doubt(leader, failed=True), lost))
    spoilt: dict[int, str] = {}
    for i, criterion in enumerate(totals.criteria):
        why = incomparable(evaluation, totals, i, leader, candidates)
        if why:
            spoilt[i] = f"{criterion.name} cannot be compared: {why}"
    if spoilt:
        names = " and ".join(totals.criteria[i].name for i in spoilt)
        words = ("by the figures as they are", f"with {names} counted against it")
        doubt = Doubt(leader, spoilt=frozenset(spoilt))
        ways.append(Way(words, evaluation, doubt, "; ".join(spoilt.values())))
    return ways


def _lost(evaluation: Evaluation, totals: Totals, candidates: Sequence[str]) -> str:
    """Say how many calls of each candidate have no result, where a criterion rests on results."""
    if all(one.metric in DOLLARS or one.metric == "success_rate" for one in totals.criteria):
        return ""
    told = []
    for arm in candidates:
        rows = evaluation.items.arms[arm]
        n, planned = int(rows.n_missing.sum()), int(np.maximum(rows.n_calls, rows.n_finished).sum())
        if n:
            told.append(f"{arm}: {n:,} of {planned:,} calls without a result")
    return "; ".join(told)
