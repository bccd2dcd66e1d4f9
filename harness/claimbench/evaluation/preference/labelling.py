"""Pairs of answers as people are shown them: no arm is named, the order is drawn for each pair.

People label pairs in the file and on the pages where they label answers: a pair is one row, its two
answers stand in one text, and its choices are first, second and tie.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claimbench.plan.call_ids import pair_id
from claimbench.plan.fences import asked_text
from claimbench.plan.pairs import FIRST, SECOND, TIE, by_rule, paired_subjects

if TYPE_CHECKING:
    from claimbench.evaluation.people import People
    from claimbench.evaluation.stored import StoredRun


@dataclass(frozen=True, slots=True)
class ToLabel:
    """One answer, or a pair of them, as people see it: no arm is named. ``choices``: name -> score;
    ``label``: what was said before, empty for nothing.
    """

    call_id: str
    task: str
    sample_id: str
    request: str
    target: str
    answer: str
    choices: Mapping[str, float]
    label: str


def pairs_to_label(stored: StoredRun, people: People, mask: Callable[[str], str]) -> list[ToLabel]:
    """Return the pairs of the drawn items that a person has to read, in the drawn order, keys
    masked. A pair that needs no judge (no answer, or one text twice) needs no person.

    The score of a choice is the share of the win that the pair's first arm (in the suite's order)
    gets, whichever answer stands first.
    """
    tasks = {task.name: task for task in stored.suite.tasks}
    samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
    records = {record.call.id: record for record in stored.as_read()}
    seed = stored.manifest.seed
    found: list[tuple[tuple[int, float], ToLabel]] = []
    for one, two in paired_subjects(stored.suite, stored.calls):
        place = people.sample.get(f"{one.task}/{one.sample_id}")
        first, second = records.get(one.id), records.get(two.id)
        if place is None or first is None or second is None or by_rule(first, second) is not None:
            continue
        identity = pair_id(one.id, two.id)
        drawn = random.Random(f"{seed}/{identity}")  # noqa: S311 - blinds the arms
        turned = drawn.random() < 0.5
        shown = (second.text, first.text) if turned else (first.text, second.text)
        task, sample = tasks[one.task], samples[one.task, one.sample_id]
        row = ToLabel(
            call_id=identity,
            task=one.task,
            sample_id=one.sample_id,
            request=mask(asked_text(task, sample)),
            target="which answer is better?",
            answer=mask(f"--- first ---\n{shown[0]}\n\n--- second ---\n{shown[1]}"),
            choices={FIRST: float(not turned), SECOND: float(turned), TIE: 0.5},
            label=people.choices.get(identity, ""),
        )
        found.append(((place, drawn.random()), row))
    return [row for _, row in sorted(found, key=lambda each: each[0])]
