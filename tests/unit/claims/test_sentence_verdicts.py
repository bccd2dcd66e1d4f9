"""Sentences with their right verdicts on a table whose facts are known: 600 items in two tasks.

Alpha costs 80% of beta, gamma 10%. Accuracy: alpha 94% on t1 and 72% on t2, beta 81% and 80%, gamma
58% and 56%. A sentence may be refused; it may never get a verdict that is not right.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import ClaimError
from claimbench.tables.types import CallTable, ItemTable
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import AnswerSpec, Arm, ClaimSpec, Message, Sample, Task

GOLDEN = Path(__file__).parents[2] / "golden" / "claim_verdicts.tsv"
ARMS = tuple(Arm(name, "p", f"model-{name}") for name in ("alpha", "beta", "gamma"))
TASKS = tuple(
    Task(
        name,
        (Sample("1", {}, "x", "1", {}),),
        (Message("user", ""),),
        (),
        AnswerSpec("label"),
        (),
        4,
    )
    for name in ("t1", "t2")
)
EACH = 300
RIGHT = {"alpha": (282, 216), "beta": (243, 240), "gamma": (174, 167)}
USD = {"alpha": 0.0081, "beta": 0.01015, "gamma": 0.001015}


@cache
def tables() -> tuple[ItemTable, CallTable]:
    rng = np.random.default_rng(20261129)
    scores = {}
    usd = {}
    seconds = {}
    common = rng.lognormal(0, 0.3, 2 * EACH)
    for name, right in RIGHT.items():
        each = [np.repeat([1.0, 0.0], (n, EACH - n)) for n in right]
        scores[name] = np.concatenate([rng.permutation(task) for task in each])
        drawn = common * rng.lognormal(0, 0.2, 2 * EACH)
        usd[name] = USD[name] * drawn / drawn.mean()
        seconds[name] = rng.lognormal(0, 0.3, 2 * EACH) * (0.6 if name == "alpha" else 1.0)
    task = ["t1"] * EACH + ["t2"] * EACH
    return tables_from_arrays(scores, usd=usd, e2e_s=seconds, task=task)


def rows() -> list[tuple[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["sentence"], row["right"]) for row in table]


def status(sentence: str) -> str:
    try:
        claim = parse_claim(ClaimSpec("c", sentence, None, {}), ARMS, TASKS)
    except ClaimError:
        return "refused"
    found = decide_claims([claim], *tables())[0].status
    return "refused" if found == "not_comparable" else found


@pytest.mark.parametrize(("sentence", "right"), rows())
def test_no_sentence_gets_a_wrong_verdict(sentence: str, right: str) -> None:
    assert status(sentence) in {"refused", *right.split("|")}


def test_at_least_85_percent_are_understood() -> None:
    testable = [sentence for sentence, right in rows() if right != "refused"]
    understood = 0
    for sentence in testable:
        try:
            parse_claim(ClaimSpec("c", sentence, None, {}), ARMS, TASKS)
        except ClaimError:
            continue
        understood += 1
    assert understood >= 0.85 * len(testable)
