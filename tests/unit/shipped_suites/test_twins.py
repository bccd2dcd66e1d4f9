"""Twins in other words: the same task and the same right answer, and words that are new."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from claimbench.suite.load import load_suite

SUITES = Path(__file__).parents[3] / "suites"
SAME = {
    "multilingual/twins": ("multilingual/messages", ("language", "kind")),
    "support/injection_twins": ("support/injection", ("language", "attack", "intent", "attacker")),
    "tools/twins": ("tools/calls", ("domain", "kind", "function", "ground_truth")),
    "support/twins": ("support/tickets", ("language", "difficulty", "intent", "fields")),
    "shopping/twins": (
        "shopping/listings",
        ("query_id", "language", "department", "price", "relevance", "fields"),
    ),
}
SHOWN = {
    "multilingual/twins": ("text",),
    "support/injection_twins": ("text",),
    "tools/twins": ("question",),
    "support/twins": ("text",),
    "shopping/twins": ("query", "title", "text"),
}


def read(name: str) -> list[dict[str, Any]]:
    lines = (SUITES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def twins(name: str) -> list[dict[str, Any]]:
    return [row for row in read(name) if row.get("wording", "twin") == "twin"]


def words(text: str) -> frozenset[str]:
    """Return the words of a text; of Chinese, which has no blanks, its signs."""
    return frozenset(re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", text.lower()))


def overlap(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two)


@pytest.mark.parametrize("name", SAME)
def test_sixty_items_have_one_twin_each_with_their_targets(name: str) -> None:
    items, keys = SAME[name]
    of = {row["id"]: row for row in read(items)}
    found = twins(name)
    assert len(found) == 60
    assert len({row["twin_of"] for row in found}) == 60
    for row in found:
        for key in keys:
            assert row[key] == of[row["twin_of"]][key], (row["id"], key)


@pytest.mark.parametrize("name", SAME)
def test_the_words_of_a_twin_are_new(name: str) -> None:
    items, _ = SAME[name]
    of = {row["id"]: row for row in read(items)}
    texts = {}
    for row in twins(name):
        mine = words(" ".join(said(row[key]) for key in SHOWN[name]))
        theirs = words(" ".join(said(of[row["twin_of"]][key]) for key in SHOWN[name]))
        assert overlap(mine, theirs) <= 0.6, (row["id"], sorted(mine), sorted(theirs))
        texts[row["id"]] = mine
    for one, two in combinations(texts, 2):
        assert overlap(texts[one], texts[two]) <= 0.7, (one, two)


def said(value: Any) -> str:
    return value if isinstance(value, str) else str(value[0][0]["content"])


@pytest.mark.parametrize("name", ["support/twins", "shopping/twins"])
def test_an_original_stands_beside_its_twin_word_by_word(name: str) -> None:
    items, _ = SAME[name]
    of = {row["id"]: row for row in read(items)}
    rows = read(name)
    assert Counter(row["wording"] for row in rows) == {"original": 60, "twin": 60}
    for row in rows:
        if row["wording"] == "original":
            source = of[row["id"]]
            assert all(row[key] == source[key] for key in source if key not in ("id", "canary"))
        assert row["pair"] == row.get("twin_of", row["id"])


@pytest.mark.parametrize(("name", "card"), [
    ("multilingual/twins", "multilingual/CARD.md"), ("tools/twins", "tools/CARD.md"),
    ("support/injection_twins", "support/CARD_STEERING.md"), ("support/twins", "support/CARD.md"),
    ("support/replies", "support/CARD_DESK.md"), ("support/talks", "support/CARD_DESK.md"),
    ("support/lookups", "support/CARD_DESK.md"), ("shopping/twins", "shopping/CARD.md"),
    ("shopping/ranking", "shopping/CARD.md"),
    ("shopping/pairs", "shopping/CARD.md"),
])  # fmt: skip
def test_each_new_file_holds_the_canary_of_its_card(name: str, card: str) -> None:
    canary = read(name)[0]["canary"]
    text = (SUITES / card).read_text(encoding="utf-8")
    pattern = r"claimbench-canary \w+ [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(pattern, canary)
    assert canary in text
    assert "## Second labelling" in text


def test_what_is_read_out_of_a_twin_stands_in_it() -> None:
    for row in twins("support/twins"):
        number, amount = row["fields"]["order_number"], row["fields"]["amount"]
        assert number is None or number in row["text"], row["id"]
        if amount is not None:
            said = re.findall(r"\d+(?:[.,]\d+)?", row["text"])
            assert amount in [float(one.replace(",", ".")) for one in said], row["id"]
    for row in twins("shopping/twins"):
        brand = row["fields"]["brand"]
        assert brand is None or brand in f"{row['title']} {row['text']}", row["id"]


@pytest.mark.parametrize("name", ["multilingual", "tools", "support_steering"])
def test_claims_do_not_pool_items_and_their_twins(name: str) -> None:
    """A claim about accuracy names its task, or its twins would count an item twice."""
    suite = load_suite(SUITES / f"{name}.yaml")
    assert "twins" in [task.name for task in suite.tasks]
    for claim in suite.claims:
        cost_or_time = re.search("cheap|fast|refuses", claim.text)
        assert cost_or_time or claim.raw.get("task"), claim.id


def test_every_claim_about_published_wording_is_made_of_the_twins_too() -> None:
    suite = load_suite(SUITES / "twins.yaml")
    sides: dict[str, set[tuple[str, str]]] = {"original": set(), "twin": set()}
    for claim in suite.claims:
        wording = claim.raw["slice"]["wording"]  # type: ignore[index,call-overload]
        sides[wording].add((claim.text, str(claim.raw["task"])))  # type: ignore[index]
    assert sides["original"] == sides["twin"] != set()
