"""The support suite's data keeps the promises of its card: counts, labels, clusters, fields read
off the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from claimbench.suite.load import load_suite
from claimbench.types import Suite

SUITES = Path(__file__).parents[3] / "suites"
FILES = ("tickets", "dev", "examples", "extract_examples")
WHY = {
    "two_intents", "negation", "sarcasm", "missing_facts", "code_switching", "typos", "long", "two_numbers", "implicit",
}  # fmt: skip
ORDER = re.compile(r"\b(?:WF|TR)-[A-Z0-9]+")
LOCAL = {"smollm2-local", "qwen-local"}


def read(name: str) -> list[dict]:
    lines = (SUITES / "support" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def tickets() -> list[dict]:
    return read("tickets")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(SUITES / "support.yaml")


def share(rows: list[dict], test) -> float:
    return sum(bool(test(row)) for row in rows) / len(rows)


def test_size_languages_and_difficulty(tickets: list[dict]) -> None:
    assert len(tickets) >= 264
    assert {row["language"] for row in tickets} == {"en", "de"}
    assert 0.28 <= share(tickets, lambda row: row["language"] == "de") <= 0.40
    assert 0.25 <= share(tickets, lambda row: row["difficulty"] == "hard") <= 0.50
    for row in tickets:
        assert (row["difficulty"] == "hard") == (row["why_hard"] in WHY), row["id"]
    assert {row["why_hard"] for row in tickets} == WHY | {"none"}


def test_every_intent_is_well_represented_in_both_languages(
    tickets: list[dict], suite: Suite
) -> None:
    labels = suite.tasks[0].answer.labels
    assert len(labels) == len(set(labels)) == 10
    assert len({label.split("_")[0] for label in labels}) == 10
    counts = Counter(row["intent"] for row in tickets)
    assert set(counts) == set(labels)
    assert max(counts.values()) <= 1.5 * min(counts.values()), counts
    for language in ("en", "de"):
        per_language = Counter(row["intent"] for row in tickets if row["language"] == language)
        assert min(per_language[label] for label in labels) >= 5, (language, per_language)


def test_ids_and_texts_are_unique_over_all_files() -> None:
    rows = [row for name in ("tickets", "dev") for row in read(name)]
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["text"] for row in rows}) == len(rows)


def test_no_near_duplicates_also_not_between_tickets_and_what_the_prompts_were_made_with() -> None:
    rows = [(name, row) for name in FILES for row in read(name)]
    words = [frozenset(re.findall(r"\w+", row["text"].lower())) for _, row in rows]
    for i, j in combinations(range(len(rows)), 2):
        if {rows[i][0], rows[j][0]} == {"examples", "extract_examples"}:
            continue  # both are prompts, of different tasks
        jaccard = len(words[i] & words[j]) / len(words[i] | words[j])
        assert jaccard <= 0.7, (rows[i][1]["id"], rows[j][1]["id"], jaccard)


def test_conversations_are_small_clusters_of_one_customer(tickets: list[dict]) -> None:
    sizes = Counter(row["conversation"] for row in tickets)
    assert len(sizes) >= 110
    assert max(sizes.values()) <= 5
    assert max(sizes.values()) >= 4
    assert sum(size > 1 for size in sizes.values()) >= 90
    owners: dict[str, set[str]] = {}
    for row in tickets:
        for number in ORDER.findall(row["text"]):
            owners.setdefault(number, set()).add(row["conversation"])
    assert {number: who for number, who in owners.items() if len(who) > 1} == {}


@pytest.mark.parametrize("name", FILES)
def test_fields_are_determined_by_the_text(name: str) -> None:
    for row in read(name):
        fields, text = row["fields"], row["text"]
        assert list(fields) == ["order_number", "area", "urgency", "amount"], row["id"]
        numbers = set(ORDER.findall(text))
        assert (
            (fields["order_number"] in numbers) if numbers else (fields["order_number"] is None)
        ), row["id"]
        assert name != "tickets" or len(numbers) < 2 or row["why_hard"] == "two_numbers", row["id"]
        assert fields["area"] in {"shop", "travel", "account"}
        if fields["order_number"]:
            assert fields["area"] == {"WF": "shop", "TR": "travel"}[fields["order_number"][:2]], (
                row["id"]
            )
        assert fields["urgency"] in {"low", "normal", "high"}
        if fields["amount"] is not None:
            plain = re.sub(r"(?<=\d),(?=\d\d\b)", ".", ORDER.sub("", text))
            assert float(fields["amount"]) in {
                float(n) for n in re.findall(r"\d+(?:\.\d+)?", plain)
            }, row["id"]


def test_no_field_is_so_lopsided_that_guessing_is_enough(tickets: list[dict]) -> None:
    assert share(tickets, lambda row: row["fields"]["order_number"] is None) >= 0.15
    assert share(tickets, lambda row: row["fields"]["amount"] is not None) >= 0.10
    assert Counter(row["fields"]["area"] for row in tickets).most_common()[-1][1] >= 30
    assert Counter(row["fields"]["urgency"] for row in tickets).most_common()[-1][1] >= 20
    assert sum(len(set(ORDER.findall(row["text"]))) > 1 for row in tickets) >= 8


def test_the_suite_loads_with_clusters_and_slices(suite: Suite, tickets: list[dict]) -> None:
    assert [task.name for task in suite.tasks] == ["route", "extract"]
    for task in suite.tasks:
        assert [sample.id for sample in task.samples] == [row["id"] for row in tickets]
        assert [sample.cluster for sample in task.samples] == [
            row["conversation"] for row in tickets
        ]
        assert set(task.samples[0].slices) == {"language", "difficulty", "why_hard"}
    assert {arm.name for arm in suite.arms if arm.provider == "llama_cpp"} == LOCAL
    endpoints = [arm for arm in suite.arms if arm.provider != "llama_cpp"]
    assert len(endpoints) >= 4
    assert all(arm.api_key_env is not None for arm in endpoints)


def test_few_shot_covers_every_label_in_both_languages(suite: Suite) -> None:
    examples = read("examples")
    assert {row["intent"] for row in examples} == set(suite.tasks[0].answer.labels)
    assert {row["language"] for row in examples} == {"en", "de"}
    assert {row["language"] for row in read("extract_examples")} == {"en", "de"}


def test_the_card_states_the_counts(tickets: list[dict]) -> None:
    card = (SUITES / "support" / "CARD.md").read_text(encoding="utf-8")
    german = sum(row["language"] == "de" for row in tickets)
    hard = sum(row["difficulty"] == "hard" for row in tickets)
    conversations = len({row["conversation"] for row in tickets})
    for figure in (
        f"{len(tickets)} tickets",
        f"{conversations} conversations",
        f"{german} German",
        f"{hard} hard",
    ):
        assert figure in card, figure
    for label, count in Counter(row["intent"] for row in tickets).items():
        assert re.search(rf"`{label}` \| {count} \|", card), (label, count)
