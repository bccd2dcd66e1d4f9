"""Asking people: the answers they are shown, and keeping what they say. ``bench labels`` and the
pages of ``bench view`` do it by the same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from claimbench.errors import BenchError
from claimbench.evaluation.people import KEY, LABEL, SAMPLE, People, draw, to_label
from claimbench.evaluation.preference.labelling import ToLabel, pairs_to_label
from claimbench.evaluation.stored import StoredRun
from claimbench.plan.fences import asked_text
from claimbench.plan.prompts import target_text
from claimbench.plan.turns import Turns

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore


def check_judged(stored: StoredRun) -> None:
    """Raise BenchError for a run that no judge scored: nothing of it is labelled."""
    if not any(call.role == "judge" for call in stored.judging.calls):
        raise BenchError(
            f"run {stored.manifest.run_id} has no judge",
            hint="labels correct the scores of a judge",
        )


def draw_more(store: ResultsStore, stored: StoredRun, items: int) -> People:
    """Draw ``items`` samples, or keep a larger draw of before, and store the draw with the run.

    Raises:
        BenchError: the run has no judge, nothing can be drawn, or answers came after the first
            draw.
    """
    check_judged(stored)
    before = stored.people.sample
    seed = stored.manifest.seed
    drawn = draw(stored.suite, stored.as_read(), max(items, len(before)), seed)
    if not drawn:
        raise BenchError("no sample was answered by every arm, so there is nothing to label")
    if not set(before.items()) <= set(drawn.items()):
        raise BenchError(
            "more answers came after the first draw, and another draw would not go with its labels",
            hint="label what was drawn first, or make a new run",
        )
    store.save_derived(stored.manifest.run_id, SAMPLE, KEY, drawn)
    return People(drawn, stored.people.labels, stored.people.choices)


def answers_to_label(
    stored: StoredRun, people: People, mask: Callable[[str], str]
) -> list[ToLabel]:
    """Return the drawn answers, pairs first, in the order in which people read them, masked."""
    tasks = {task.name: task for task in stored.suite.tasks}
    samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
    turns = Turns(stored.suite, stored.records)
    found: list[ToLabel] = pairs_to_label(stored, people, mask)
    for record in to_label(people, stored.as_read(), stored.manifest.seed):
        if tasks[record.call.task].judge is None:
            continue
        call, task = record.call, tasks[record.call.task]
        sample, judge = samples[call.task, call.sample_id], task.judge
        earlier = [one.text for one in turns.earlier(call) or ()]
        assert judge is not None  # noqa: S101 - only judged tasks are drawn from
        one = ToLabel(
            call_id=call.id,
            task=call.task,
            sample_id=call.sample_id,
            request=mask(asked_text(task, sample, earlier)),
            target=mask(target_text(sample.target)),
            answer=mask(record.said),
            choices=judge.choices,
            label=people.choices.get(call.id, ""),
        )
        found.append(one)
    return found


def save_label(store: ResultsStore, run_id: str, answer: ToLabel, choice: str) -> None:
    """Keep what a person said of one drawn answer; said again, the last word counts.

    Raises:
        BenchError: ``choice`` is none of the judge's.
    """
    if choice not in answer.choices:
        raise BenchError(
            f"{choice!r:.60} is no choice of the judge",
            hint=f"one of: {', '.join(answer.choices)}",
        )
    row = {"choice": choice, "value": answer.choices[choice]}
    store.save_derived(run_id, LABEL, KEY, {answer.call_id: row})
