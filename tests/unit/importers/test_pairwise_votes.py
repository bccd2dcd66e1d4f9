"""Votes on pairs, true to the published formats: the same win rates and agreement as counted by
hand.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.preference.summary import preference_lines
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec

MODELS = ("gpt-4", "vicuna-13b", "llama-13b")


def human_judgments(n: int = 240) -> list[dict[str, Any]]:
    """Rows as MT-bench's human judgements have them, by a model of our own."""
    drawn = random.Random(3)
    rows = []
    for question in range(81, 81 + n):
        one, two = drawn.sample(MODELS, 2)
        better = "model_a" if MODELS.index(one) < MODELS.index(two) else "model_b"
        other = "model_b" if better == "model_a" else "model_a"
        for rater in ("expert_1", "expert_2"):
            roll = drawn.random()
            word = better if roll < 0.7 else "tie" if roll < 0.85 else other
            rows.append(
                {
                    "question_id": question,
                    "model_a": one,
                    "model_b": two,
                    "winner": word,
                    "judge": rater,
                    "turn": 1,
                }
            )
        rows.append(
            {
                "question_id": question,
                "model_a": one,
                "model_b": two,
                "winner": better,
                "judge": "['gpt-4', 'pair-v2']",
                "turn": 1,
            }
        )
    return rows


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def by_hand(rows: list[dict[str, Any]], one: str, two: str) -> float:
    """The win rate of ``one`` over ``two`` by people: raters averaged within a question."""
    shares = defaultdict(list)
    for row in rows:
        if {row["model_a"], row["model_b"]} != {one, two} or "gpt" in row["judge"]:
            continue
        won = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}[row["winner"]]
        shares[row["question_id"]].append(won if row["model_a"] == one else 1 - won)
    means = [sum(each) / len(each) for each in shares.values()]
    return sum(means) / len(means)


@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_the_published_table_is_reproduced(tmp_path: Path, name: str) -> None:
    rows = human_judgments()
    imported = read_files([written(tmp_path / name, rows)], ImportOptions(), None)
    assert imported.kind == "pairwise"
    claim = ClaimSpec("c", "people prefer gpt-4 over llama-13b", None, {})
    run = build_run(imported, name="v", claims=[claim], book=PriceBook(), clock=SystemClock())
    with ResultsStore.open(tmp_path / "results") as store:
        found = evaluate(read_run(store, store_run(store, run)))
    assert found.verdicts[0].status == "supported"
    estimate = found.verdicts[0].readings[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(by_hand(rows, "gpt-4", "llama-13b"))
    lines = preference_lines(found.items, found.context, MODELS, 0.05, 0)
    for one, two in (("gpt-4", "vicuna-13b"), ("vicuna-13b", "llama-13b")):
        told = next(line for line in lines if f"{one} won against {two}" in line)
        assert f"by people {by_hand(rows, one, two):.1%}" in told
    both = [row for row in rows if "gpt" not in row["judge"]]
    same = sum(a["winner"] == b["winner"] for a, b in zip(both[::2], both[1::2], strict=True))
    assert 0.3 < same / 240 < 0.9
    assert any("people among themselves" in line for line in lines)
    assert any("the judge gpt-4 says what people say on" in line for line in lines)
    assert any(line.startswith("votes: Bradley-Terry") for line in lines)
    assert not any("changed with the order" in line for line in lines), "orders are not known"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"winner": "nobody"}, "line 2: the winner is 'nobody'"),
        ({"winner": ""}, "line 2: the winner is ''"),
        ({"model_b": "gpt-4", "model_a": "gpt-4"}, "both answers are of 'gpt-4'"),
        ({"model_a": ""}, "the column 'model_a' is empty"),
        ({"question_id": ""}, "the column 'question_id' is empty"),
    ],
)
def test_a_row_that_is_no_vote_is_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    rows = human_judgments(3)
    rows[0] |= change
    with pytest.raises(ImportFault, match=said):
        read_files([written(tmp_path / "v.csv", rows)], ImportOptions(), "pairwise")


@pytest.mark.parametrize("drop", ["question_id", "model_a", "winner"])
def test_a_column_that_is_missing_is_named(tmp_path: Path, drop: str) -> None:
    rows = [{k: v for k, v in row.items() if k != drop} for row in human_judgments(3)]
    role = drop.replace("question_id", "question")
    with pytest.raises(ImportFault, match=f"no column for {role}"):
        read_files([written(tmp_path / "v.csv", rows)], ImportOptions(), "pairwise")


def test_battles_with_conversations_know_the_lengths(tmp_path: Path) -> None:
    def talk(answer: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": "hi"}, {"role": "assistant", "content": answer}]

    rows = [
        {
            "question_id": f"q{i}",
            "model_a": "x",
            "model_b": "y",
            "winner": "tie (bothbad)",
            "judge": f"arena_user_{i}",
            "conversation_a": talk("a" * 9),
            "conversation_b": talk("b"),
        }
        for i in range(3)
    ]
    imported = read_files([written(tmp_path / "arena.jsonl", rows)], ImportOptions(), None)
    assert {call.text for call in imported.calls} == {"a" * 9, "b"}
    assert {vote.share for vote in imported.votes} == {0.5}
    assert all(vote.is_person for vote in imported.votes)


@pytest.mark.parametrize(
    ("voted", "told"),
    [
        ([("a", "b"), ("b", "c"), ("a", "c")], ""),
        ([("a", "b"), ("b", "c")], "on 1 of 3 pairs"),
        ([("b", "c"), ("a", "b"), ("c", "b")], "on 1 of 3 pairs"),
        ([("a", "b")], ""),
    ],
)
def test_pairs_that_nobody_voted_on_are_counted(
    tmp_path: Path, voted: list[tuple[str, str]], told: str
) -> None:
    path = tmp_path / "votes.csv"
    rows = (f"1,{one},{two},model_a,expert_1\n" for one, two in voted)
    path.write_text("question_id,model_a,model_b,winner,judge\n" + "".join(rows))
    notes = " ".join(read_files([path], ImportOptions()).notes)
    assert ("nobody voted" in notes) == bool(told)
    assert told in notes
