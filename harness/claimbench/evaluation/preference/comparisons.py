"""Judges' stored answers on pairs, and people's, -> comparisons. Pure: no model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.evaluation.preference.votes import Vote
from claimbench.plan.call_ids import pair_call_id, pair_id
from claimbench.plan.pairs import FIRST, SECOND, TIE, WORDS, by_rule, paired_subjects, panels
from claimbench.scorers.labels import LabelScorer
from claimbench.types import Call, CallRecord, Outcome

if TYPE_CHECKING:
    from claimbench.evaluation.stored import StoredRun

PEOPLE = "people"
"""Name of the rater that ``bench labels`` stands for."""
_SHARE = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5}


def comparisons_of(stored: StoredRun) -> Comparisons | None:
    """Collect every pair of a run; None where no task is compared in pairs."""
    suite = stored.suite
    specs = {task.name: task.pairwise for task in suite.tasks if task.pairwise is not None}
    if not specs:
        return None
    tasks = frozenset(specs)
    similar = {name: spec.similar_length for name, spec in specs.items() if spec is not None}
    if stored.given is not None:
        return Comparisons((), tasks, similar, withheld=True)
    reader = _Words({record.call.id: record for record in stored.judging.records})
    records = {record.call.id: record for record in stored.as_read()}
    compared = panels(suite)
    labels = stored.people.labels
    paired = [
        (one, two, pair_id(one.id, two.id)) for one, two in paired_subjects(suite, stored.calls)
    ]
    labelled = {one.task for one, _, identity in paired if identity in labels}
    rows: list[Compared] = []
    for one, two, identity in paired:
        votes = stored.votes.get(identity, ())
        first, second = records.get(one.id), records.get(two.id)
        label = labels.get(identity)
        row = _compared(one, two, compared.get(one.task, ()), reader, (first, second))
        rule = _rule_of_drawn(stored, one, first, second)
        if rule is None:
            row = replace(row, drawn=True)
        elif one.task in labelled:
            label = rule[0]  # it needs nobody: an empty answer loses to people too
        if votes or label is not None:
            row = _with_people(row, votes, label)
        if row.people or row.by_judge or row.by_rule is not None or not stored.votes:
            rows.append(row)
    return Comparisons(tuple(rows), tasks, similar)


def _rule_of_drawn(
    stored: StoredRun, call: Call, first: CallRecord | None, second: CallRecord | None
) -> tuple[float | None, str] | None:
    """Return what decides a pair without people; None where it was drawn and they have to."""
    drawn = f"{call.task}/{call.sample_id}" in stored.people.sample
    if not drawn or first is None or second is None:
        return None, "not drawn"
    return by_rule(first, second)


class _Words:
    """Reads what judges said of pairs."""

    def __init__(self, said: Mapping[str, CallRecord]) -> None:
        self._said = said
        self._labels = LabelScorer()

    def of(self, first: str, second: str, judge: str) -> str | None:
        """Return the one word that a judge said of two calls in this order; None without."""
        record = self._said.get(pair_call_id(first, second, judge))
        if record is None or record.outcome is not Outcome.OK:
            return None
        found = self._labels.read(record.text, WORDS)
        return found[0] if len(found) == 1 else None


def _compared(
    one: Call,
    two: Call,
    judges: tuple[str, ...],
    reader: _Words,
    records: tuple[CallRecord | None, CallRecord | None],
) -> Compared:
    item = f"{one.task}/{one.sample_id}"
    lengths = None
    decided: float | None = None
    first, second = records
    if first is not None and second is not None:
        rule = by_rule(first, second) if judges else None
        if rule is not None:
            decided = rule[0]
        elif first.text or second.text:
            lengths = (len(first.text.strip()), len(second.text.strip()))
    by_judge: dict[str, float | None] = {}
    flipped: set[str] = set()
    firsts: dict[str, int] = {}
    for judge in judges if decided is None else ():
        words = reader.of(one.id, two.id, judge), reader.of(two.id, one.id, judge)
        shares = _share_of(words[0]), _share_of(words[1])
        if shares[0] is None or shares[1] is None:
            by_judge[judge] = None
            continue
        forth, back = shares[0], 1 - shares[1]
        by_judge[judge] = forth if forth == back else 0.5
        firsts[judge] = words.count(FIRST)
        if forth != back:
            flipped.add(judge)
    return Compared(
        item,
        one.arm,
        two.arm,
        one.epoch,
        by_judge,
        frozenset(flipped),
        firsts,
        decided,
        {},
        lengths,
    )


def _share_of(word: str | None) -> float | None:
    return None if word is None else _SHARE[word]


def _with_people(row: Compared, votes: tuple[Vote, ...], label: float | None) -> Compared:
    people = {vote.rater: vote.share for vote in votes if vote.is_person}
    if label is not None:
        people[PEOPLE] = label
    judges: dict[str, float | None] = dict(row.by_judge)
    judges |= {vote.rater: vote.share for vote in votes if not vote.is_person}
    return replace(row, by_judge=judges, people=people)


def shares_by_call(stored: StoredRun, found: Comparisons | None) -> dict[str, tuple[float, int]]:
    """Map each arm's call in a task of pairs to its mean share of the wins (by the panel, or by
    people where no judge said anything), and the number of comparisons behind it.
    """
    if found is None:
        return {}
    calls = {
        (f"{call.task}/{call.sample_id}", call.epoch, call.arm): call.id for call in stored.calls
    }
    sums: dict[str, list[float]] = {}
    for row in found.rows:
        share = row.share if row.by_judge or row.by_rule is not None else row.human
        if share != share:  # nan: some judge left no word
            continue
        for arm, mine in ((row.one, share), (row.two, 1 - share)):
            sums.setdefault(calls[row.item, row.epoch, arm], []).append(mine)
    return {call: (sum(mine) / len(mine), len(mine)) for call, mine in sums.items()}
