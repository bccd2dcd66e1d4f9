"""A criterion `accuracy` never rests on a judge's word alone, nor on scores of another kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ClaimContext
from claimbench.decision.choose import Decision, decide
from claimbench.decision.words import headline
from claimbench.types import Criterion, DecisionSpec

N = 120
TASKS = ["free"] * 60 + ["exact"] * 60
JUDGED = frozenset({"free"})


def labels(share: float, n: int) -> np.ndarray:
    """Labels of the first ``n`` answers, ``share`` of them right."""
    found = np.full(N, np.nan)
    found[:n] = np.arange(n) < share * n
    return found


def decided(
    made: Any, context: ClaimContext, task: str | None = None, tasks: Any = None
) -> Decision:
    """By the judge (and the exact scores) a is right everywhere, and b on half."""
    scores = {"a": [1.0] * N, "b": [1.0, 0.0] * (N // 2)}
    run = made.evaluation(scores, context=context, task=tasks or TASKS)
    criterion = Criterion("quality", 1, "accuracy", 0.0, 1.0, task=task)
    found = decide(run, DecisionSpec(criteria=(criterion,)))
    assert found is not None
    return found


@pytest.mark.parametrize("task", ["free", None])
def test_a_judge_without_labels_sets_no_figure(made: Any, task: str | None) -> None:
    found = decided(made, ClaimContext(judged_tasks=JUDGED), task)
    assert (found.outcome, found.arm) == ("tied", None)
    assert "a judge alone scored free" in headline(found)
    assert found.totals is not None
    assert found.totals.total("a") is None


@pytest.mark.parametrize("task", ["free", None])
def test_a_judge_that_is_vouched_for_does(made: Any, task: str | None) -> None:
    found = decided(made, ClaimContext(judged_tasks=JUDGED, trust_judge=True), task)
    assert (found.outcome, found.arm) == ("recommended", "a")


def test_a_task_that_no_judge_scored_stays(made: Any) -> None:
    found = decided(made, ClaimContext(judged_tasks=JUDGED), "exact")
    assert (found.outcome, found.arm) == ("recommended", "a")


@pytest.mark.parametrize(("ours", "theirs", "arm"), [(1.0, 0.3, "a"), (0.2, 0.9, "b")])
def test_once_there_are_labels_they_alone_are_the_scores(
    made: Any, ours: float, theirs: float, arm: str
) -> None:
    people = {"a": labels(ours, 50), "b": labels(theirs, 50)}
    context = ClaimContext(judged_tasks=JUDGED, human_scores=people)
    found = decided(made, context, "free")
    assert (found.outcome, found.arm) == ("recommended", arm)
    assert found.totals is not None
    assert found.totals.measured["a"][0].figure == pytest.approx(ours)
    assert found.totals.items_of(0) == 50


def test_few_labels_decide_nothing(made: Any) -> None:
    people = {"a": labels(1.0, 12), "b": labels(0.0, 12)}
    found = decided(made, ClaimContext(judged_tasks=JUDGED, human_scores=people), "free")
    assert found.outcome == "tied"


def test_a_part_that_people_labelled_does_not_add_up_with_whole_tasks(made: Any) -> None:
    people = {"a": labels(1.0, 50), "b": labels(0.0, 50)}
    found = decided(made, ClaimContext(judged_tasks=JUDGED, human_scores=people))
    assert found.outcome == "tied"
    assert "name a task" in headline(found)


def test_attacks_are_no_part_of_accuracy_unless_their_task_is_named(made: Any) -> None:
    context = ClaimContext(mirrored_tasks={"free": "attack_success"})
    for task, n in ((None, 60), ("free", 60)):
        found = decided(made, context, task)
        assert found.totals is not None
        assert found.totals.items_of(0) == n
