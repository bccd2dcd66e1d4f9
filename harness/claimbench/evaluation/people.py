"""What people say of a random sample of a run's judged answers: who was asked about what, and what
came back.

The sample is drawn over items, with the answers of every arm, so that paired differences of judge
and people can be compared; it is stored when it is drawn, so that nobody can choose afterwards
which answers count. What people said is stored beside the run as derived rows; nothing raw changes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from claimbench.stats.agreement import quadratic_kappa
from claimbench.tables.types import BoolArray, FloatArray, ItemTable
from claimbench.types import CallRecord, Outcome, Score, Suite

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore

SAMPLE, LABEL, KEY = "human_sample", "human_label", "people"
"""Kinds and key of the derived rows: ``task/sample_id`` -> its place in the sample; call id -> the
choice.
"""


@dataclass(frozen=True, slots=True)
class People:
    """``sample``: item -> its place in the drawn order; by call id what a person said
    (``choices``), and its score.
    """

    sample: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)


def read_people(store: ResultsStore, run_id: str) -> People:
    """Read what is stored of people's labels; empty for a run that nobody labelled."""
    sample = store.derived(run_id, SAMPLE, KEY, int)
    labels = store.derived(run_id, LABEL, KEY, dict) if sample else {}
    scores = {call: float(row["value"]) for call, row in labels.items()}
    return People(sample, scores, {call: str(row["choice"]) for call, row in labels.items()})


def draw(suite: Suite, records: Sequence[CallRecord], wanted: int, seed: int) -> dict[str, int]:
    """Draw ``wanted`` items of the judged tasks at random, all if there are fewer: item -> place in
    the drawn order.

    Only items that every arm has answered can be drawn, for claims compare what arms did on the
    same item.
    """
    judged = {
        task.name
        for task in suite.tasks
        if task.scorers and (task.judge is not None or task.pairwise is not None)
    }
    bare = {(task.name, s.id) for task in suite.tasks for s in task.samples if not s.scored}
    done: dict[str, set[str]] = {}
    for record in records:
        if (record.call.task, record.call.sample_id) in bare:
            continue
        if record.call.task in judged and record.outcome.answered:
            done.setdefault(f"{record.call.task}/{record.call.sample_id}", set()).add(
                record.call.arm
            )
    arms = set().union(*done.values())
    whole = sorted(item for item, seen in done.items() if seen == arms)
    random.Random(f"{seed}/people").shuffle(whole)  # noqa: S311 - a recorded draw
    return {item: place for place, item in enumerate(whole[:wanted])}


def to_label(people: People, records: Iterable[CallRecord], seed: int) -> list[CallRecord]:
    """Return the answers of the drawn items that a person has to read, item by item, the arms in a
    random order within each.

    An answer that is empty, refused or cut scores 0 by the outcome table and needs nobody.
    """
    if not people.sample:
        return []
    mine = [r for r in records if _item(r) in people.sample and r.outcome is Outcome.OK]
    order = {r.call.id: random.Random(f"{seed}/{r.call.id}").random() for r in mine}  # noqa: S311 - blinds the arms
    return sorted(mine, key=lambda r: (people.sample[_item(r)], order[r.call.id]))


def human_scores(
    people: People, records: Iterable[CallRecord], items: ItemTable
) -> dict[str, FloatArray]:
    """Return people's scores per arm and item of the table: the mean over the item's calls, nan
    where one is not labelled.

    An answer that needs nobody (empty, refused, cut) counts as far as people have labelled in the
    drawn order: counted beyond, it would stand for answers that nobody has read yet.

    Returns:
        arm -> array of the table's length; empty before anybody labelled.
    """
    records = list(records)
    reached = _reached(people, records)
    if reached is None:
        return {}
    at = {item: i for i, item in enumerate(items.items)}
    # arm -> place of the item -> its calls' scores
    labelled: dict[str, dict[int, list[float]]] = {arm: {} for arm in items.arms}
    for record in records:
        place = at.get(_item(record))
        drawn = people.sample.get(_item(record))
        if place is None or drawn is None or drawn > reached or record.outcome.missing:
            continue
        score = people.labels.get(record.call.id, math.nan) if record.outcome is Outcome.OK else 0.0
        labelled[record.call.arm].setdefault(place, []).append(score)
    found: dict[str, FloatArray] = {}
    for arm, by_place in labelled.items():
        found[arm] = np.full(len(at), math.nan)
        for place, scores in by_place.items():
            found[arm][place] = float(np.mean(scores))
    return found


def unlabelled(
    people: People, records: Iterable[CallRecord], items: ItemTable
) -> dict[str, BoolArray]:
    """Return by arm the items that were drawn for people while an answer of theirs has no label."""
    at = {item: i for i, item in enumerate(items.items)}
    found = {arm: np.zeros(len(at), dtype=np.bool_) for arm in items.arms}
    for record in records:
        place = at.get(_item(record))
        if place is None or _item(record) not in people.sample or record.call.arm not in found:
            continue
        if record.outcome is Outcome.OK and record.call.id not in people.labels:
            found[record.call.arm][place] = True
    return found


def _reached(people: People, records: Iterable[CallRecord]) -> int | None:
    """Return the last place of the drawn order that holds a label; None without labels."""
    return max(
        (
            people.sample[_item(record)]
            for record in records
            if record.call.id in people.labels and _item(record) in people.sample
        ),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """A judge against people on the answers that both scored. ``kappa`` None: one of them always
    said the same.
    """

    task: str
    judge: str
    n: int
    same: float
    kappa: float | None


def judge_agreement(
    suite: Suite, people: People, records: Iterable[CallRecord], scores: Iterable[Score]
) -> list[JudgeAgreement]:
    """Measure how each task's judge agrees with people: the share of equal scores, and kappa
    weighted by their distance.
    """
    if not people.labels:
        return []
    task_of = {
        record.call.id: record.call.task for record in records if record.call.id in people.labels
    }
    pairs: dict[str, list[tuple[float, float]]] = {}
    for score in scores:
        if score.scorer == "judge" and score.value is not None and score.call_id in task_of:
            pairs.setdefault(task_of[score.call_id], []).append(
                (score.value, people.labels[score.call_id])
            )
    found = []
    for task in suite.tasks:
        judge, mine = task.judge, pairs.get(task.name, [])
        if judge is None or not mine:
            continue
        ours, theirs = [a for a, _ in mine], [b for _, b in mine]
        same = sum(a == b for a, b in mine) / len(mine)
        found.append(
            JudgeAgreement(task.name, judge.by, len(mine), same, quadratic_kappa(ours, theirs))
        )
    return found


def _item(record: CallRecord) -> str:
    return f"{record.call.task}/{record.call.sample_id}"
