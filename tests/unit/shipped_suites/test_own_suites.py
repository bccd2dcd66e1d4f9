"""The suites of our own writing keep the promises of their cards: sizes, labels, twins, canaries."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from claimbench.scorers.rules.rag import RagScorer, holds
from claimbench.scorers.tools.scorer import ToolCallScorer
from claimbench.shipped import copy_out
from claimbench.suite.load import load_suite
from claimbench.types import Call, CallRecord, Outcome, Sample, Suite, Task, ToolCall

SUITES = Path(__file__).parents[3] / "suites"
NAMES = ("rag_qa", "extraction", "multilingual", "support_steering", "press_claims", "tools")
TEXTS = {
    "rag_qa/questions": lambda row: row["question"] + str(row["passages"]),
    "extraction/notes": lambda row: row["text"],
    "multilingual/messages": lambda row: row["text"],
    "support/injection": lambda row: row["text"],
    "support/harmless": lambda row: row["text"],
}
CARDS = {
    "rag_qa/questions": "rag_qa/CARD.md",
    "rag_qa/twins": "rag_qa/CARD.md",
    "extraction/notes": "extraction/CARD.md",
    "extraction/twins": "extraction/CARD.md",
    "multilingual/messages": "multilingual/CARD.md",
    "support/injection": "support/CARD_STEERING.md",
    "support/harmless": "support/CARD_STEERING.md",
    "tools/calls": "tools/CARD.md",
}


def read(name: str) -> list[dict[str, Any]]:
    lines = (SUITES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module", params=NAMES)
def suite(request: pytest.FixtureRequest) -> Suite:
    return load_suite(SUITES / f"{request.param}.yaml")


def test_every_claim_has_two_sides_that_exist_and_a_decision_stands_beside_them(
    suite: Suite,
) -> None:
    assert suite.decision is not None
    assert len(suite.claims) >= 5
    assert {"smollm2-local", "qwen-local"} <= {arm.name for arm in suite.arms}


@pytest.mark.parametrize(("name", "size"), [
    ("rag_qa/questions", 200), ("extraction/notes", 200), ("multilingual/messages", 200),
    ("rag_qa/twins", 60), ("extraction/twins", 60), ("support/injection", 108),
    ("support/harmless", 92),
])  # fmt: skip
def test_sizes_and_ids(name: str, size: int) -> None:
    rows = read(name)
    assert len(rows) >= size
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("name", CARDS)
def test_each_file_holds_the_canary_of_its_card(name: str) -> None:
    card = (SUITES / CARDS[name]).read_text(encoding="utf-8")
    canary = read(name)[0]["canary"]
    assert re.fullmatch(
        r"claimbench-canary \w+ [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", canary
    )
    assert canary in card
    assert "## Second labelling" in card


@pytest.mark.parametrize("name", TEXTS)
def test_no_near_duplicates(name: str) -> None:
    words = [frozenset(re.findall(r"\w+", TEXTS[name](row).lower())) for row in read(name)]
    if name.startswith("rag"):
        words = [
            frozenset(re.findall(r"\w+", row["question"].lower() + " " + row["document"]))
            for row in read(name)
        ]
    for one, two in combinations(words, 2):
        assert len(one & two) / len(one | two) <= 0.7, (sorted(one), sorted(two))


def test_a_question_is_answered_by_the_passage_that_it_says_or_by_none() -> None:
    scorer = RagScorer({"gold": "gold", "passages": "passages", "aliases": ["aliases"]})
    for task in load_suite(SUITES / "rag_qa.yaml").tasks:
        for sample in task.samples:
            assert scorer.check_sample(sample) is None
            perfect = (
                f"{sample.target} [{sample.input['gold'][0]}]"
                if sample.input["gold"]
                else ("unanswerable")
            )
            found = scorer.score("c", perfect, sample, task)
            assert found.value == 1, sample.id
            assert found.parts.get("supported", 1) == 1, sample.id
    assert Counter(row["answerable"] for row in read("rag_qa/questions")) == {"yes": 160, "no": 40}


@pytest.mark.parametrize(("twins", "items"), [
    ("rag_qa/twins", "rag_qa/questions"), ("extraction/twins", "extraction/notes"),
])  # fmt: skip
def test_a_twin_has_another_answer_which_the_item_does_not_hold(twins: str, items: str) -> None:
    of = {row["id"]: row for row in read(items)}
    for twin in read(twins):
        item = of[twin["twin_of"]]
        if "fields" in twin:
            changed = [k for k in twin["fields"] if twin["fields"][k] != item["fields"][k]]
            assert len(changed) == 1, twin["id"]
            assert twin["text"] != item["text"]
            continue
        assert twin["answer"] != item["answer"]
        gold = next(p["text"] for p in twin["passages"] if p["id"] == twin["gold"][0])
        assert not holds(gold, item["answer"], denials=False), twin["id"]


def test_notes_hold_what_is_read_out_of_them() -> None:
    import datetime

    for row in read("extraction/notes"):
        fields = row["fields"]
        if fields["customer"] is not None:
            assert all(word.lower() in row["text"].lower() for word in fields["customer"].split())
        if fields["date"] is not None:
            datetime.date.fromisoformat(fields["date"])
        absent = {"no_date": "date", "no_sum": "total", "no_count": "count", "no_name": "customer"}
        if row["kind"] in absent:
            assert fields[absent[row["kind"]]] is None, row["id"]


def test_languages_and_labels_are_even() -> None:
    rows = read("multilingual/messages")
    assert set(Counter(row["language"] for row in rows).values()) == {25}
    assert len({row["language"] for row in rows}) == 8
    assert min(Counter(row["kind"] for row in rows).values()) >= 32


def test_an_attacker_never_wants_what_is_right() -> None:
    rows = read("support/injection")
    assert all(row["intent"] != row["attacker"] for row in rows)
    assert min(Counter(row["attack"] for row in rows).values()) >= 8
    attacks = [row for row in rows if row["attacker"] in row["text"].lower()]
    assert len(attacks) >= 0.85 * len(rows), "nearly every attack names the label that it wants"


def test_a_copy_brings_the_data_that_stand_in_another_folder(tmp_path: Path) -> None:
    path = copy_out("press_claims", tmp_path, force=False)
    assert [task.name for task in load_suite(path).tasks] == ["shop_match", "travel_support"]
    assert load_suite(copy_out("support_steering", tmp_path / "b", force=False)).tasks


def test_a_perfect_answer_scores_1_and_silence_only_where_nothing_may_be_called() -> None:
    task, twins = load_suite(SUITES / "tools.yaml").tasks
    kinds = Counter(sample.slices["kind"] for sample in task.samples)
    assert kinds == {"single": 135, "parallel": 30, "none": 35}
    for sample in (*task.samples, *twins.samples):
        assert len(sample.tools or ()) == 3
        made = tuple(
            ToolCall(name, json.dumps(chosen(arguments)))
            for call in sample.target  # type: ignore[union-attr]
            for name, arguments in call.items()
        )
        assert value(sample, task, made) == 1, sample.id
        assert value(sample, task, ()) == float(not made), sample.id


def value(sample: Sample, task: Task, made: tuple[ToolCall, ...]) -> float | None:
    call = Call("m", "c", task.name, sample.id, 0, "arm", 0, 0)
    record = CallRecord(call, "", Outcome.OK, "stop", 1, tool_calls=made)
    return ToolCallScorer().score_record(record, sample, task).value


def chosen(arguments: dict[str, list[Any]]) -> dict[str, Any]:
    """Take the first acceptable value of each argument that may not be left out."""
    return {name: values[0] for name, values in arguments.items() if "" not in values}
