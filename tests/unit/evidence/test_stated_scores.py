"""Scores that no verifier makes anew are listed, one line a task and scorer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.evidence.bundle import not_recomputable


def evaluation(*scorers: str, labels: Any = (), energy: Any = None, verdicts: Any = ()) -> Any:
    task = SimpleNamespace(name="t", scorers=[SimpleNamespace(name=name) for name in scorers])
    people = SimpleNamespace(labels=labels)
    stored = SimpleNamespace(suite=SimpleNamespace(tasks=[task]), people=people, energy=energy)
    return SimpleNamespace(stored=stored, verdicts=verdicts)


@pytest.mark.parametrize("name", ["python", "judge", "imported", "lm_eval"])
def test_a_scorer_that_is_taken_as_stored_is_listed(name: str) -> None:
    (line,) = not_recomputable(evaluation("exact", name), "full")
    assert line.startswith(f"scores of {name} on t: ")


def test_what_is_made_anew_is_not_listed() -> None:
    assert not_recomputable(evaluation("exact", "regex", "label"), "full") == []


def test_labels_and_electricity_are_stated() -> None:
    found = not_recomputable(evaluation("exact", labels=("x",), energy=1), "full")
    assert [line.split(":")[0] for line in found] == ["labels of people", "electricity"]


@pytest.mark.parametrize(
    ("treatments", "baselines", "listed"),
    [(("a",), ("baseline:a",), 1), (("baseline:a",), (), 1), (("a",), ("b",), 0)],
)
def test_a_claim_that_rests_on_another_run_is_listed(
    treatments: Any, baselines: Any, listed: int
) -> None:
    claim = SimpleNamespace(id="c", treatments=treatments, baselines=baselines, parts=())
    found = not_recomputable(evaluation(verdicts=[SimpleNamespace(claim=claim)]), "full")
    assert len(found) == listed
    assert all(line.startswith("claim c: it names an arm of a baseline") for line in found)
