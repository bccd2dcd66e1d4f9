"""The corpus of answers: what models write in many languages, with the score that is right.

``tests/golden/answers.jsonl`` was written from the rules of the scripts and from models' habits;
where a row and the code differ, the code is wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from claimbench.scorers import load
from claimbench.types import AnswerSpec, Sample, ScorerSpec, Task

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "golden" / "answers.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
KINDS = {"label": "label", "numeric": "number", "json_fields": "json"}


def test_the_corpus_is_wide() -> None:
    assert len(ROWS) >= 400
    assert len({row["lang"] for row in ROWS}) >= 12
    assert Counter(row["scorer"] for row in ROWS).keys() >= KINDS.keys()


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['lang']}-{row['scorer']}-{row['answer'][:24]!a}"
)
def test_an_answer_gets_its_right_score(row: dict[str, Any]) -> None:
    (scorer,) = load([ScorerSpec(row["scorer"], row.get("options", {}))])
    answer = AnswerSpec(KINDS.get(row["scorer"], "text"), tuple(row.get("labels", ())))  # type: ignore[arg-type]
    task = Task("t", (), (), (), answer, (), 16)
    found = scorer.score("c", row["answer"], Sample("1", {}, row["target"], "1"), task)
    assert (found.status, found.value) == (row["status"], row["score"]), (
        f"{row['answer']!r} for {row['target']!r}: {found.explanation}"
    )
