"""Ranking and pairs of the shopping suite: grades, balance, and a score that tells orders apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from claimbench.scorers.loading import load
from claimbench.suite.load import load_suite
from claimbench.types import Suite, Task

SUITES = Path(__file__).parents[3] / "suites"
NAMES = ["L1", "L2", "L3", "L4", "L5"]


def read(name: str) -> list[dict[str, Any]]:
    lines = (SUITES / "shopping" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(SUITES / "shopping.yaml")


def task_of(suite: Suite, name: str) -> Task:
    return next(task for task in suite.tasks if task.name == name)


def test_each_query_has_one_best_listing_and_each_place_holds_it_as_often() -> None:
    rows = read("ranking")
    assert len(rows) == 40
    best = Counter()  # type: Counter[str]
    for row in rows:
        assert [one["name"] for one in row["candidates"]] == NAMES
        assert sorted(row["grades"].values()) == [0, 0, 1, 2, 3], row["id"]
        best.update(name for name, grade in row["grades"].items() if grade == 3)
    assert set(best.values()) == {8}
    assert set(Counter(row["language"] for row in rows)) == {"en", "de", "fr"}
    assert len({row["query"] for row in rows}) == 40
    asked = {row["query"] for name in ("listings", "dev", "examples") for row in read(name)}
    assert not asked & {row["query"] for row in rows}


def test_the_right_order_scores_1_and_the_reverse_least(suite: Suite) -> None:
    task = task_of(suite, "rank")
    (scorer,) = load(task.scorers)
    for sample in task.samples:
        grades = dict(sample.target)  # type: ignore[arg-type]
        order = sorted(grades, key=lambda name: -grades[name])
        right = scorer.score("c", json.dumps(order), sample, task)
        assert (right.value, right.parts["mrr"]) == (1, 1), sample.id
        swapped = [order[1], order[0], *order[2:]]
        second = scorer.score("c", json.dumps(swapped), sample, task)
        assert second.value < 1, sample.id  # type: ignore[operator]
        assert second.parts["mrr"] == 0.5
        worst = scorer.score("c", json.dumps(order[::-1]), sample, task)
        assert worst.value == pytest.approx(0.479, abs=0.001)
        assert scorer.score("c", "I like them all.", sample, task).status == "unparsable"


def test_relations_are_even_and_no_pair_stands_twice(suite: Suite) -> None:
    rows = read("pairs")
    task = task_of(suite, "goes_with")
    assert Counter(row["relation"] for row in rows) == dict.fromkeys(task.answer.labels, 30)
    pairs = {frozenset((row["first"], row["second"])) for row in rows}
    assert len(pairs) == len(rows) == 90
    words = [
        frozenset(re.findall(r"\w+", f"{row['first']} {row['second']}".lower())) for row in rows
    ]
    for one, two in combinations(words, 2):
        assert len(one & two) / len(one | two) <= 0.7, (sorted(one), sorted(two))


def test_every_reading_of_more_accurate_is_a_claim_and_sometimes_a_share_of_workloads(
    suite: Suite,
) -> None:
    read_as = [
        (claim.raw["arm"], claim.raw["reading"]) for claim in suite.claims if "reading" in claim.raw
    ]
    for arm in ("qwen-local", "inhouse"):
        found = {reading for one, reading in read_as if one == [arm]}
        assert found == {"relative", "points", "error_reduction"}
    free = [c for c in suite.claims if "sometimes" in c.text and "task" not in c.raw]
    assert {c.raw["arm"][0] for c in free} == {"inhouse", "qwen-local", "smollm2-local"}
