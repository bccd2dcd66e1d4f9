"""Comparisons of two arms' answers, as a run left them, and as arrays over a table's items."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from claimbench.tables.types import BoolArray, FloatArray, IntArray, ItemTable


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair of answers to one item.

    Shares are those of the win that ``one`` got: 1, 0, or 0.5 for a tie. ``by_judge`` holds what
    each judge said in both orders together (None: it left no word); ``flipped`` the judges whose
    word changed with the order, which makes a tie; ``firsts``: judge -> how often in its two
    answers it chose the one shown first. ``by_rule``: decided without a judge. ``people``: rater
    -> share. ``lengths``: characters of both answers, None where a text is not known.
    ``drawn``: people were to label it.
    """

    item: str
    one: str
    two: str
    epoch: int = 0
    by_judge: Mapping[str, float | None] = field(default_factory=dict)
    flipped: frozenset[str] = frozenset()
    firsts: Mapping[str, int] = field(default_factory=dict)
    by_rule: float | None = None
    people: Mapping[str, float] = field(default_factory=dict)
    lengths: tuple[int, int] | None = None
    drawn: bool = False

    @property
    def share(self) -> float:
        """Return the mean share over the panel; nan where a judge left no word."""
        if self.by_rule is not None:
            return self.by_rule
        said = list(self.by_judge.values())
        known = [share for share in said if share is not None]
        return float(np.mean(known)) if known and len(known) == len(said) else math.nan

    @property
    def human(self) -> float:
        """Return the mean share by people; nan where nobody said anything."""
        return float(np.mean(list(self.people.values()))) if self.people else math.nan


@dataclass(frozen=True)
class Comparisons:
    """All pairs of a run. ``tasks``: those compared in pairs; ``similar``: task -> the largest
    difference of similar lengths; ``withheld``: the texts that would tell were taken out.
    """

    rows: tuple[Compared, ...]
    tasks: frozenset[str]
    similar: Mapping[str, float] = field(default_factory=dict)
    withheld: bool = False

    def between(self, items: ItemTable, ours: str, theirs: str, mask: BoolArray) -> PairRows:
        """Return the pairs of two arms over the items of a claim."""
        place = {name: number for number, name in enumerate(items.items)}
        found: dict[int, list[tuple[Compared, bool]]] = {}
        for row in self.rows:
            at = place.get(row.item)
            if at is None or not mask[at] or {row.one, row.two} != {ours, theirs}:
                continue
            found.setdefault(at, []).append((row, row.one != ours))
        return _rows_of(found, self.similar)


@dataclass(frozen=True)
class PairRows:
    """The pairs of two arms, one row per item, epochs averaged; shares are of the treatment.

    ``share`` and ``people`` are nan where unknown. ``difference``: treatment's characters less the
    rival's (nan: unknown); ``relative``: the same as a share of the longer answer, without sign.
    ``similar``: pairs of similar length. By judge: ``flips`` of ``words`` (pairs that it saw in
    both orders), ``firsts`` of ``2 * words`` answers that chose the one shown first, and its own
    shares. ``raters``: the same of people. ``ties``, ``by_rule``: numbers of pairs.
    ``blank``: pairs drawn for people that have no label.
    """

    item: IntArray
    share: FloatArray
    people: FloatArray
    difference: FloatArray
    similar: BoolArray
    words: Mapping[str, int]
    flips: Mapping[str, int]
    firsts: Mapping[str, int]
    shares: Mapping[str, FloatArray]
    raters: Mapping[str, FloatArray]
    ties: int = 0
    by_rule: int = 0
    blank: BoolArray | None = None

    @property
    def judges(self) -> tuple[str, ...]:
        """Return the names of the judges who said anything."""
        return tuple(self.shares)

    def flip_rate(self, judge: str) -> float | None:
        """Return the share of a judge's pairs on which its word changed with the order."""
        seen = self.words.get(judge, 0)
        return self.flips.get(judge, 0) / seen if seen else None


def _rows_of(
    found: Mapping[int, Iterable[tuple[Compared, bool]]], similar: Mapping[str, float]
) -> PairRows:
    order = sorted(found)
    n = len(order)
    share, people, difference = (np.full(n, math.nan) for _ in range(3))
    alike, blank = (np.zeros(n, dtype=np.bool_) for _ in range(2))
    words: dict[str, int] = {}
    flips: dict[str, int] = {}
    firsts: dict[str, int] = {}
    shares: dict[str, dict[int, list[float]]] = {}
    raters: dict[str, dict[int, list[float]]] = {}
    ties = by_rule = 0
    for number, at in enumerate(order):
        mine = list(found[at])
        share[number] = np.mean([_turned(row.share, back) for row, back in mine])
        human = [_turned(row.human, back) for row, back in mine if row.people]
        blank[number] = any(row.drawn and not row.people for row, _ in mine)
        if human and not blank[number]:
            people[number] = np.mean(human)
        known = [
            (row.lengths[1] - row.lengths[0]) if back else (row.lengths[0] - row.lengths[1])
            for row, back in mine
            if row.lengths is not None
        ]
        if len(known) == len(mine):
            difference[number] = np.mean(known)
            alike[number] = all(_alike(row, similar) for row, _ in mine)
        for row, back in mine:
            ties += row.share == 0.5
            by_rule += row.by_rule is not None
            for judge, said in row.by_judge.items():
                if said is None:
                    continue
                if judge in row.firsts:  # it saw both orders
                    words[judge] = words.get(judge, 0) + 1
                    flips[judge] = flips.get(judge, 0) + (judge in row.flipped)
                    firsts[judge] = firsts.get(judge, 0) + row.firsts[judge]
                told = shares.setdefault(judge, {}).setdefault(number, [])
                told.append(_turned(said, back))
            for rater, said in row.people.items():
                told = raters.setdefault(rater, {}).setdefault(number, [])
                told.append(_turned(said, back))
    return PairRows(
        np.asarray(order, dtype=np.int64),
        share,
        people,
        difference,
        alike,
        words,
        flips,
        firsts,
        {judge: _means(said, n) for judge, said in shares.items()},
        {rater: _means(said, n) for rater, said in raters.items()},
        ties,
        by_rule,
        blank,
    )


def _means(said: Mapping[int, Sequence[float]], n: int) -> FloatArray:
    """Return the mean of each item over its epochs; nan where nothing was said."""
    column = np.full(n, math.nan)
    for number, several in said.items():
        column[number] = math.fsum(several) / len(several)
    return column


def _turned(share: float, back: bool) -> float:
    return 1 - share if back else share


def _alike(row: Compared, similar: Mapping[str, float]) -> bool:
    if row.lengths is None:
        return False
    longer = max(row.lengths)
    most = similar.get(row.item.partition("/")[0], 0.0)
    return longer == 0 or abs(row.lengths[0] - row.lengths[1]) <= most * longer
