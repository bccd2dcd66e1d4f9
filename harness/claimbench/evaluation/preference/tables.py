"""What a run's comparisons came to, in figures: pairs of arms, judges, people, strata of length,
strengths of three or more arms, and the judges' dollars.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from claimbench import stats
from claimbench.claims.preference.pairs import Comparisons, PairRows
from claimbench.claims.preference.questions import rows_of
from claimbench.claims.types import ClaimContext
from claimbench.plan.pairs import pairs_of
from claimbench.stats import Interval
from claimbench.stats.preference import Strengths, at_equal_length, bradley_terry, length_ci
from claimbench.tables.types import BoolArray, FloatArray, ItemTable
from claimbench.types import Cost

if TYPE_CHECKING:
    from claimbench.evaluation.stored import StoredRun

PANEL = "panel"


@dataclass(frozen=True)
class Tally:
    """Items on which an arm won, tied and lost against another, and the share won with ties as
    half; ``rate`` None: nothing is known. ``who``: a judge, the panel, people, or a stratum.
    """

    who: str
    wins: int
    ties: int
    losses: int
    rate: Interval | None

    @property
    def n(self) -> int:
        """Return the number of items."""
        return self.wins + self.ties + self.losses


@dataclass(frozen=True)
class JudgeTally:
    """What one judge said of a pair of arms. ``seen``: pairs that it was asked in both orders,
    ``flips``: those on which its word changed with the order, ``firsts``: of its ``2 * seen``
    answers, those that chose the one shown first. All 0 for imported votes, whose orders are not
    known.
    """

    tally: Tally
    seen: int
    flips: int
    firsts: int


@dataclass(frozen=True)
class PairTable:
    """Two arms' comparisons, from the side of ``one``.

    ``panel``: the judges together; ``no_word``: items on which some judge left no word;
    ``by_rule``: pairs decided without a judge. ``strata``: the panel's, by which answer was longer;
    ``equal_length``: the rate that a regression gives at equal length. ``people``: their labels.
    """

    one: str
    two: str
    n: int
    panel: Tally
    no_word: int
    by_rule: int
    judges: tuple[JudgeTally, ...]
    strata: tuple[Tally, ...]
    equal_length: Interval | None
    people: Tally | None


@dataclass(frozen=True)
class JudgeBill:
    """What a judge's comparisons of a task cost: calls, dollars (None: unknown for all of them),
    and how many calls' dollars are unknown.
    """

    judge: str
    calls: int
    usd: Decimal | None
    unknown: int


@dataclass(frozen=True)
class TaskPairs:
    """All comparisons of one task. ``strengths``: Bradley-Terry over three arms or more, by the
    judges, or by people where no judge said anything (``by_judges``).
    """

    task: str
    pairs: tuple[PairTable, ...]
    strengths: Strengths | None
    by_judges: bool
    bills: tuple[JudgeBill, ...]


def pair_tables(
    items: ItemTable, ctx: ClaimContext, arms: Sequence[str], alpha: float, seed: int
) -> tuple[TaskPairs, ...]:
    """Return the tables of each task that was compared in pairs; empty where none was."""
    pairs = ctx.pairs
    if pairs is None or not pairs.rows:
        return ()
    found: list[TaskPairs] = []
    for task in sorted(pairs.tasks):
        tables = [
            _table(one, two, rows, items, alpha)
            for one, two, rows in compared_arms(pairs, items, arms, task)
        ]
        if tables:
            strengths, by_judges = strengths_of(pairs, items, task, alpha, seed)
            found.append(TaskPairs(task, tuple(tables), strengths, by_judges, ()))
    return tuple(found)


def compared_arms(
    pairs: Comparisons, items: ItemTable, arms: Sequence[str], task: str
) -> Iterator[tuple[str, str, PairRows]]:
    """Yield the pairs of arms that were compared in a task, with their comparisons."""
    for one, two in combinations(arms, 2):
        rows = rows_of(pairs, items, one, two, task)
        if len(rows.item):
            yield one, two, rows


def judge_bills(stored: StoredRun, costs: Mapping[str, Cost]) -> dict[str, tuple[JudgeBill, ...]]:
    """Return by task what each judge's comparisons cost; ``costs``: by judge's call."""
    compared = pairs_of(stored.calls, stored.suite)
    calls: dict[tuple[str, str], list[Decimal | None]] = {}
    asked = {attempt.call_id for attempt in stored.judging.attempts}
    for call in stored.judging.calls:
        if call.id in compared and call.id in asked:
            cost = costs.get(call.id)
            amount = None if cost is None else cost.amount
            calls.setdefault((call.task, call.arm), []).append(amount)
    found: dict[str, tuple[JudgeBill, ...]] = {}
    for (task, judge), amounts in sorted(calls.items()):
        known = [amount for amount in amounts if amount is not None]
        usd = sum(known, Decimal(0)) if known else None
        bill = JudgeBill(judge, len(amounts), usd, len(amounts) - len(known))
        found[task] = (*found.get(task, ()), bill)
    return found


def _table(one: str, two: str, rows: PairRows, items: ItemTable, alpha: float) -> PairTable:
    cluster = items.cluster[rows.item]

    def tally(who: str, share: FloatArray, chosen: BoolArray) -> Tally:
        said: BoolArray = chosen & ~np.isnan(share)
        mine = share[said]
        rate = win_rate(share, said, cluster, alpha) if len(mine) else None
        wins, losses = int((mine > 0.5).sum()), int((mine < 0.5).sum())
        return Tally(who, wins, len(mine) - wins - losses, losses, rate)

    everywhere = np.ones(len(rows.item), dtype=np.bool_)
    known = ~np.isnan(rows.share) & ~np.isnan(rows.difference)
    strata = (
        (f"{one}'s answer is longer", known & ~rows.similar & (rows.difference > 0)),
        ("of similar length", known & rows.similar),
        (f"{two}'s answer is longer", known & ~rows.similar & (rows.difference < 0)),
    )
    judges = [
        JudgeTally(
            tally(name, share, everywhere),
            rows.words.get(name, 0),
            rows.flips.get(name, 0),
            rows.firsts.get(name, 0),
        )
        for name, share in rows.shares.items()
    ]
    people = tally("people", rows.people, everywhere)
    by_judges = bool(rows.shares) or rows.by_rule > 0
    return PairTable(
        one=one,
        two=two,
        n=len(rows.item),
        panel=tally(PANEL, rows.share, everywhere),
        no_word=int(np.isnan(rows.share).sum()) if by_judges else 0,
        by_rule=rows.by_rule,
        judges=tuple(judges),
        strata=tuple(tally(who, rows.share, chosen) for who, chosen in strata if chosen.any()),
        equal_length=rate_at_equal_length(rows, cluster, alpha),
        people=people if people.n else None,
    )


def win_rate(values: FloatArray, chosen: BoolArray, cluster: np.ndarray, alpha: float) -> Interval:
    """Return the mean share won over the chosen pairs, with its interval over clusters."""
    codes = stats.cluster_codes(cluster[chosen])
    return stats.accuracy_ci(values[chosen], codes, alpha=alpha)


def rate_at_equal_length(rows: PairRows, cluster: np.ndarray, alpha: float) -> Interval | None:
    """Return the share won by the judges that a regression gives at equal length; None: no fit."""
    known = ~np.isnan(rows.share) & ~np.isnan(rows.difference)
    fit = at_equal_length(
        rows.share[known], rows.difference[known], stats.cluster_codes(cluster[known])
    )
    return None if fit is None else length_ci(fit, alpha)


def strengths_of(
    pairs: Comparisons, items: ItemTable, task: str, alpha: float, seed: int
) -> tuple[Strengths | None, bool]:
    """Return the Bradley-Terry strengths of three or more arms in a task (None: fewer, or nothing
    said), and whether they are the judges', not people's.
    """
    place = dict(zip(items.items, items.cluster.tolist(), strict=True))
    mine = [row for row in pairs.rows if row.item in place and row.item.startswith(f"{task}/")]
    by_judges = [row for row in mine if not math.isnan(row.share)]
    chosen = by_judges or [row for row in mine if row.people]
    if not chosen:
        return None, False
    found = bradley_terry(
        [row.one for row in chosen],
        [row.two for row in chosen],
        np.array([row.share if by_judges else row.human for row in chosen]),
        [place[row.item] for row in chosen],
        alpha=alpha,
        seed=seed,
    )
    return found, bool(by_judges)


def with_bills(
    tables: Iterable[TaskPairs], bills: Mapping[str, tuple[JudgeBill, ...]]
) -> tuple[TaskPairs, ...]:
    """Return the tables with what the judges' words cost."""
    return tuple(replace(one, bills=bills.get(one.task, ())) for one in tables)
