"""Targets with a unit or a sign get the scorer that keeps it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.init.propose import propose_suite, write_proposal
from claimbench.scorers.base import Scorer
from claimbench.scorers.numbers import NumericScorer
from claimbench.scorers.text import RegexScorer
from claimbench.suite.load import load_suite
from claimbench.types import Task

N = 24


def proposed(tmp_path: Path, target: Callable[[int], str]) -> tuple[Task, tuple[str, ...]]:
    path = tmp_path / "d.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "answer"])
        rows.writerows([f"How much is number {i}?", target(i)] for i in range(N))
    made = propose_suite(path)
    suite = load_suite(write_proposal(made, tmp_path / "out"))
    return suite.tasks[0], made.notes


def scorer(task: Task) -> dict[str, Any]:
    (one,) = task.scorers
    return {"name": one.name, **one.options}


@pytest.mark.parametrize(
    "target",
    [
        lambda i: f"{i + 0.5} m",
        lambda i: f"{i - 10.5} °C",
        lambda i: f"−{i + 1} °F",
        lambda i: f"{i + 1},{i:03d} kg",
        lambda i: f"{10 * i + 5} km/h",
        lambda i: f"{i + 1}{'km' if i % 2 else ' m'}",
        lambda i: f"{i + 1} kg" if i % 2 else f"{i}.5 g",
        lambda i: f"{i + 2} minutes",
        lambda i: f"{i + 1} hours {i} minutes",
    ],
    ids=["m", "celsius", "minus", "thousands", "km/h", "two units", "mass", "words", "compound"],
)
def test_numbers_with_units_are_compared_as_quantities(
    tmp_path: Path, target: Callable[[int], str]
) -> None:
    task, _ = proposed(tmp_path, target)
    assert scorer(task) == {"name": "quantity"}
    assert "its unit" in str(task.prompt)


def test_a_decimal_comma_of_quantities_is_stated(tmp_path: Path) -> None:
    task, _ = proposed(tmp_path, lambda i: f"{i + 1},5 m" if i else "1,500 m")
    assert scorer(task) == {"name": "quantity", "decimal": ","}


@pytest.mark.parametrize(
    "target",
    [
        lambda i: f"{i + 1} m" if i % 2 else f"{i + 1} kg",
        lambda i: f"{i + 1} m" if i % 2 else f"{i + 1}",
        lambda i: f"{i % 12 + 1} {'am' if i < 12 else 'pm'}",
        lambda i: f"{i}-{i + 2} m",
        lambda i: f"about {i} m, or so",
        lambda i: f"{i + 1} apples",
    ],
    ids=["dimensions", "some without", "clock", "range", "words", "no unit"],
)
def test_what_is_no_quantity_is_compared_as_text(
    tmp_path: Path, target: Callable[[int], str]
) -> None:
    task, _ = proposed(tmp_path, target)
    assert scorer(task)["name"] == "exact"


def test_few_repeated_amounts_are_labels(tmp_path: Path) -> None:
    task, _ = proposed(tmp_path, lambda i: f"{1 + i % 3} l")
    assert scorer(task)["name"] == "label"


@pytest.mark.parametrize(
    ("negative", "read"),
    [
        ("({n},037.50)", "-{n},037.50"),
        ("({n})", "-{n}"),
        ("(${n}.25)", "-${n}.25"),
        ("{n},037.50-", "-{n},037.50"),
        ("{n}.5−", "-{n}.5"),
        ("( {n}.5 )", "-{n}.5"),
    ],
)
def test_negative_numbers_of_accounts_get_a_sign(tmp_path: Path, negative: str, read: str) -> None:
    task, notes = proposed(tmp_path, lambda i: (negative if i % 2 else "{n}.5").format(n=i + 1))
    assert scorer(task) == {"name": "numeric"}
    targets = {sample.target for sample in task.samples}
    assert read.format(n=12) in targets or read.format(n=14) in targets
    assert not any("(" in str(one) for one in targets)
    assert any("are negative numbers" in note for note in notes)


@pytest.mark.parametrize(
    ("box", "inside", "name"),
    [
        (r"so it is $\boxed{{{n}}}$.", "{n}", "numeric"),
        (r"and then $x=\boxed{{\frac{{{n}}}{{7}}}}$. Done.", r"\frac{{{n}}}{{7}}", "numeric"),
        (r"first \boxed{{9}}, no: \boxed{{{n}.5}}", "{n}.5", "numeric"),
        (r"thus $\boxed{{x^{{{n}}}+1}}$", "x^{{{n}}}+1", "regex"),
        (r"$$\boxed {{ \text{{town }}{n} }}$$", r"\text{{town }}{n}", "regex"),
        (r"\boxed{{\frac{{x^{{{n}}}}}{{y}}}}", r"\frac{{x^{{{n}}}}}{{y}}", "regex"),
    ],
)
def test_the_boxed_answer_of_a_worked_solution_is_the_target(
    tmp_path: Path, box: str, inside: str, name: str
) -> None:
    def solution(i: int) -> str:
        return f"We compute step by step, as usual, what {i} gives, " + box.format(n=i + 2)

    task, _ = proposed(tmp_path, solution)
    assert scorer(task)["name"] == name
    assert r"\boxed{}" in str(task.prompt)
    options = {key: value for key, value in scorer(task).items() if key != "name"}
    one: Scorer = NumericScorer(options) if name == "numeric" else RegexScorer(options)
    for sample in task.samples:
        i = int(sample.id) - 1
        assert sample.target == inside.format(n=i + 2)
        assert one.score("", solution(i), sample, task).value == 1
        wrong = solution(i + 1) + f" (not {inside.format(n=i + 2)})"
        assert one.score("", wrong, sample, task).value == 0


def test_solutions_of_which_one_has_no_box_are_compared_as_they_were(tmp_path: Path) -> None:
    task, _ = proposed(tmp_path, lambda i: rf"so \boxed{{{i}}}" if i else "it is nothing")
    assert scorer(task)["name"] == "exact"
