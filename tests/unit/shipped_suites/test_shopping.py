"""The shopping suite's data keeps the promises of its card: counts, labels, clusters, attributes
read off the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from claimbench.claims.parse import parse_claim
from claimbench.suite.load import load_suite
from claimbench.types import Suite

SUITES = Path(__file__).parents[3] / "suites"
FILES = ("listings", "dev", "examples")
WHY = {
    "accessory", "bundle", "code_switching", "contradiction", "keyword_stuffing", "long", "look_alike", "missing_facts",
    "negation", "number", "typos",
}  # fmt: skip
SLICES = {"language", "difficulty", "why_hard", "department"}
WORDS = {"two": 2, "three": 3, "four": 4}
EACH = re.compile(
    r"EUR (\d+\.\d\d) (?:a|each|per)\b|(\d+[.,]\d\d) EUR (?:je|pro|le|la)\b|je (\d+,\d\d) EUR"
)


def read(name: str) -> list[dict]:
    lines = (SUITES / "shopping" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def shown(row: dict) -> str:
    return f"{row['title']}. {row['text']}"


@pytest.fixture(scope="module")
def listings() -> list[dict]:
    return read("listings")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(SUITES / "shopping.yaml")


def test_no_constant_answer_wins(listings: list[dict], suite: Suite) -> None:
    labels = Counter(row["relevance"] for row in listings)
    assert set(labels) == set(suite.tasks[0].answer.labels)
    assert len(labels) == 4
    assert max(labels.values()) <= 0.3 * len(listings), labels
    for field, most in (
        ("category", 0.2),
        ("brand", 0.3),
        ("pack_count", 0.65),
        ("condition", 0.8),
    ):
        counts = Counter(row["fields"][field] for row in listings)
        assert max(counts.values()) <= most * len(listings), (field, counts)


def test_languages_departments_and_difficulty(listings: list[dict]) -> None:
    languages = Counter(row["language"] for row in listings)
    assert set(languages) == {"en", "de", "fr"}
    assert min(languages.values()) >= 25
    assert min(Counter(row["department"] for row in listings).values()) >= 15
    for row in listings:
        assert (row["difficulty"] == "hard") == (row["why_hard"] in WHY), row["id"]
    assert {row["why_hard"] for row in listings} == WHY | {"none"}


def test_ids_queries_and_texts_are_unique_over_all_files() -> None:
    rows = [row for name in FILES for row in read(name)]
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["query"] for row in rows}) == len({row["query_id"] for row in rows})
    words = [frozenset(re.findall(r"\w+", shown(row).lower())) for row in rows]
    for i, j in combinations(range(len(rows)), 2):
        jaccard = len(words[i] & words[j]) / len(words[i] | words[j])
        assert jaccard <= 0.5, (rows[i]["id"], rows[j]["id"], jaccard)


def test_a_query_is_a_cluster_of_three_or_four_listings(listings: list[dict]) -> None:
    order = [row["query_id"] for row in listings]
    assert set(Counter(order).values()) <= {3, 4}
    for query in set(order):
        rows = [row for row in listings if row["query_id"] == query]
        assert len({(row["query"], row["language"], row["department"]) for row in rows}) == 1, query
        assert sum(row["relevance"] == "exact" for row in rows) == 1, query


@pytest.mark.parametrize("name", FILES)
def test_attributes_stand_in_the_listing_and_prices_add_up(name: str) -> None:
    for row in read(name):
        fields, text = row["fields"], shown(row)
        assert list(fields) == ["category", "brand", "pack_count", "condition"], row["id"]
        assert fields["brand"] is None or fields["brand"] in text, row["id"]
        numbers = {int(n) for n in re.findall(r"\d+", text)} | {
            n for word, n in WORDS.items() if word in text.lower()
        }
        count = fields["pack_count"]
        assert count is None or count in numbers | {a * b for a in numbers for b in numbers}, row[
            "id"
        ]
        assert row["price"] > 0
        for found in EACH.findall(text):
            each = float("".join(found).replace(",", "."))
            assert abs(each * (count or 0) - row["price"]) < 0.005, (row["id"], each, count)


def test_the_suite_loads_with_clusters_slices_and_claims_that_need_no_key(
    suite: Suite, listings: list[dict]
) -> None:
    assert [task.name for task in suite.tasks] == ["match", "attributes", "rank", "goes_with"]
    for task in suite.tasks[:2]:
        assert [sample.id for sample in task.samples] == [row["id"] for row in listings]
        assert [sample.cluster for sample in task.samples] == [row["query_id"] for row in listings]
        assert set(task.samples[0].slices) == SLICES
    local = {arm.name for arm in suite.arms if arm.provider == "llama_cpp"}
    assert local == {"smollm2-local", "qwen-local"}
    claims = [parse_claim(spec, suite.arms, suite.tasks) for spec in suite.claims]
    assert sum({*claim.treatments, *claim.baselines} <= local for claim in claims) >= 4
    assert any("inhouse" in claim.treatments for claim in claims)


def test_examples_cover_every_label_condition_and_language() -> None:
    examples = read("examples")
    assert Counter(row["relevance"] for row in examples) == dict.fromkeys(
        ("exact", "substitute", "complement", "irrelevant"), 2
    )
    assert {row["fields"]["condition"] for row in examples} == {"new", "used", "refurbished"}
    assert {row["language"] for row in examples} == {"en", "de", "fr"}


def test_the_card_states_the_counts(listings: list[dict]) -> None:
    card = (SUITES / "shopping" / "CARD.md").read_text(encoding="utf-8")
    languages = Counter(row["language"] for row in listings)
    hard = sum(row["difficulty"] == "hard" for row in listings)
    queries = len({row["query_id"] for row in listings})
    for figure in (
        f"{len(listings)} listings",
        f"{queries} queries",
        f"{languages['en']} English",
        f"{languages['de']} German",
        f"{languages['fr']} French",
        f"{hard} hard",
        f"{len(read('dev'))} listings on which",
    ):
        assert figure in card, figure
    for label, count in Counter(row["relevance"] for row in listings).items():
        assert re.search(rf"`{label}` \| {count} \|", card), (label, count)
    for why, count in Counter(row["why_hard"] for row in listings).items():
        assert why == "none" or f"`{why}` {count}" in card, (why, count)
