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
KINDS = {"label": "label", "choice": "label", "numeric": "number", "json_fields": "json"}
TYPES = {
    "label",
    "choice",
    "numeric",
    "json_fields",
    "exact",
    "date",
    "quantity",
    "list",
    "contains",
    "squad",
    "matches",
    "label_set",
    "checks",
    "text_overlap",
}


def test_the_corpus_is_wide() -> None:
    assert len(ROWS) >= 3000
    assert len({row["lang"] for row in ROWS}) >= 60
    assert Counter(row["scorer"] for row in ROWS).keys() >= TYPES
    for kind in ("label", "choice", "date", "quantity", "list", "contains", "text_overlap"):
        assert len({row["lang"] for row in ROWS if row["scorer"] == kind}) >= 12, kind


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['lang']}-{row['scorer']}-{row['answer'][:24]!a}"
)
def test_an_answer_gets_its_right_score(row: dict[str, Any]) -> None:
    if row["scorer"] == "text_overlap":
        pytest.importorskip("sacrebleu")
    (scorer,) = load([ScorerSpec(row["scorer"], row.get("options", {}))])
    answer = AnswerSpec(KINDS.get(row["scorer"], "text"), tuple(row.get("labels", ())))  # type: ignore[arg-type]
    task = Task("t", (), (), (), answer, (), 16)
    sample = Sample("1", row.get("input", {}), row["target"], "1")
    found = scorer.score("c", row["answer"], sample, task)
    assert (found.status, found.value) == (row["status"], pytest.approx(row["score"])), (
        f"{row['answer']!r} for {row['target']!r}: {found.explanation}"
    )
