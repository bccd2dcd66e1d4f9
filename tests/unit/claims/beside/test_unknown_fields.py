"""Adoption: what a row does not tell is taken both ways; no way of counting vanishes for it."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import pytest

from claimbench.claims.beside.adoption import adoption_finding, adoption_sentence
from claimbench.claims.beside.counting import Place
from claimbench.claims.beside.places import count_first
from claimbench.claims.language.adoption.read import read_adoption
from claimbench.suite.adoption.families import read_families
from claimbench.types import reason_codes
from claimbench.types.adoption import Adoption, HubModel, Snapshot

DAY = "2026-11-28"
TABLE = read_families()
TOP_FIVE = "four of the top five trending models are Chinese"
ROWS: list[dict[str, Any]] = [
    {"id": "Qwen/Qwen3-8B", "downloads": 900, "trending": 50},
    {"id": "deepseek-ai/DeepSeek-V3", "downloads": 800, "trending": 40},
    {"id": "BAAI/bge-m3", "downloads": 700, "trending": 30, "task": "sentence-similarity"},
    {"id": "moonshotai/Kimi-K2", "downloads": 600, "trending": 20},
    {"id": "meta-llama/Llama-4", "downloads": 500, "trending": 10},
    {"id": "google/gemma-3-4b", "downloads": 400, "trending": 9},
    {"id": "mistralai/Mistral-7B", "downloads": 300, "trending": 8},
]


def snapshot(changes: dict[int, dict[str, Any]], date: str = DAY, **said: Any) -> Snapshot:
    models: list[HubModel] = []
    for at, row in enumerate(ROWS):
        full = {"task": "text-generation", "tags": ("safetensors",), **row}
        full["downloads_all"] = 10 * full["downloads"]
        full |= {**changes.get(-1, {}), **changes.get(at, {})}
        models.append(HubModel(**full))
    said = {"order": "trending", **said}
    return Snapshot(f"{date}.json", "hub", date, "0" * 64, tuple(models), **said)


def judged(claim: str, *snapshots: Snapshot):
    ask = read_adoption(claim, TABLE, [row["id"] for row in ROWS])
    assert ask is not None
    return adoption_finding(ask, Adoption(snapshots, TABLE), DAY, 0.05)


@pytest.mark.parametrize("silent", [{5: {"task": None}}, {6: {"task": None}}])
def test_one_silent_row_drops_no_way_that_refutes(silent: dict[int, dict[str, Any]]) -> None:
    assert judged(TOP_FIVE, snapshot({})).status == "inconclusive"
    assert judged(TOP_FIVE, snapshot(silent)).status == "inconclusive"


@pytest.mark.parametrize(
    ("silent", "code"),
    [
        ({2: {"task": None}, 6: {"task": "sentence-similarity"}}, "embeddings_unknown"),
        ({0: {"tags": ()}, 2: {"task": "text-generation"}}, "format_unknown"),
        ({4: {"id": "unsloth/q", "tags": ()}, 2: {"task": "text-generation"}}, "family_unknown"),
    ],
)
def test_a_silent_row_that_could_turn_it_is_not_comparable(
    silent: dict[int, dict[str, Any]], code: str
) -> None:
    found = judged(TOP_FIVE, snapshot(silent))
    assert (found.status, code in reason_codes(found.reasons)) == ("not_comparable", True)


def test_a_field_that_no_row_holds_leaves_ways_out_and_says_which() -> None:
    found = judged(TOP_FIVE, snapshot({-1: {"task": None}}))
    assert found.status == "supported"
    said = adoption_sentence(found)
    assert "Could not be asked: 6 ways (without embeddings)" in said


@pytest.mark.parametrize(
    ("claim", "missing", "status"),
    [
        ("China has more than 50% of downloads this month", {6: {"downloads": None}}, "supported"),
        ("China has more than 70% of downloads this month", {6: {"downloads": None}}, "unknown"),
        ("Qwen is the most downloaded family", {6: {"downloads": None}}, "supported"),
        ("Qwen has more downloads than Kimi", {3: {"downloads": None}}, "supported"),
        ("Qwen has more downloads than Kimi", {0: {"downloads": None}}, "supported"),
        (
            "Qwen has more downloads than Kimi",
            {0: {"downloads": None, "downloads_all": None}},
            "unknown",
        ),
        ("Qwen has more downloads than Kimi", {3: {"downloads_all": None}}, "unknown"),
    ],
)
def test_a_missing_count_is_bounded(
    claim: str, missing: dict[int, dict[str, Any]], status: str
) -> None:
    order = None if "all" in str(missing) else "downloads"
    found = judged(claim, snapshot(missing, order=order, complete=True))
    if "downloads this month" not in claim and status == "supported":
        # all-time counts stand in full, so the month's bounds decide with them
        assert found.status in {"supported", "inconclusive"}
        month = [r for r in found.readings if r.name.startswith("30 days, own, with embeddings")]
        assert {r.status for r in month} == {"supported"}
        return
    assert found.status == ("not_comparable" if status == "unknown" else status)
    assert status != "unknown" or "counts_unknown" in reason_codes(found.reasons)


def test_a_count_missing_at_the_newest_date_is_not_replaced_by_an_older_one() -> None:
    fewer = {"downloads": 100, "downloads_all": 8150}
    before = snapshot({0: fewer}, "2026-10-30", order=None, complete=True)
    middle = snapshot({}, "2026-11-10", order=None, complete=True)
    last = snapshot({0: {"downloads": None}}, order=None, complete=True)
    claim = "Qwen overtook Kimi in downloads this month"
    assert judged(claim, before, middle).status == "supported"
    assert judged(claim, before, middle, last).status == "not_comparable"


@pytest.mark.parametrize("seed", range(12))
def test_the_first_rows_are_counted_over_every_completion(seed: int) -> None:
    places: list[Place] = []
    whose: dict[str, bool | None] = {}
    for at in range(6):
        code = (seed * 31 + at * at * 7 + at * seed) % 12
        whose[f"m{at}"] = (True, False, None)[code % 3]
        places.append(Place(HubModel(f"m{at}"), float(9 - (at + seed % 2) // 2), code in {1, 5, 6}))
    n = min(3, sum(not place.doubtful for place in places))
    counts: set[int] = set()
    for kept in product((True, False), repeat=6):
        rows = [p for p, keep in zip(places, kept, strict=True) if keep or not p.doubtful]
        for order in permutations(rows):
            values = [p.value or 0.0 for p in order]
            if values != sorted(values, reverse=True):
                continue
            head = [whose[p.model.id] for p in order[:n]]
            counts |= {head.count(True), head.count(True) + head.count(None)}
    assert count_first(places, n, lambda m: whose[m.id]) == (min(counts), max(counts))


def test_a_row_without_a_value_may_tie_with_its_neighbours() -> None:
    whose = {"a": False, "x": True, "b": False}
    values = {"a": 9.0, "x": None, "b": 5.0}
    places = [Place(HubModel(name), values[name], False) for name in whose]
    assert count_first(places, 1, lambda m: whose[m.id]) == (0, 1)
    assert count_first(places, 2, lambda m: whose[m.id]) == (0, 1)
    assert count_first(places, 3, lambda m: whose[m.id]) == (1, 1)
