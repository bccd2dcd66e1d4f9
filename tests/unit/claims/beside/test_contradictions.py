"""Figures of dated snapshots that cannot all be true decide nothing."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from claimbench.claims.beside.adoption import adoption_finding
from claimbench.claims.beside.contradictions import contradictions, hub_of
from claimbench.claims.language.adoption.read import read_adoption
from claimbench.errors import SuiteError
from claimbench.suite.adoption.families import read_families
from claimbench.suite.adoption.snapshots import (
    Stated,
    read_snapshot,
    snapshot_json,
    snapshot_of,
    snapshot_text,
)
from claimbench.types import reason_codes
from claimbench.types.adoption import Adoption, HubModel, Snapshot

TABLE = read_families()
LAST = date(2026, 11, 28)
QWEN, LLAMA = "Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B"


def row(
    recent: int | None = None, ever: int | None = None, name: str = QWEN, **more: Any
) -> HubModel:
    return HubModel(name, recent, ever, tags=("transformers",), task="text-generation", **more)


def shown(days_before: int, *rows: HubModel, name: str = "", **said: Any) -> Snapshot:
    """A snapshot of so many days before the last."""
    day = (LAST - timedelta(days=days_before)).isoformat()
    said = {"source": "https://huggingface.co/models", "sha256": "0" * 64, **said}
    named = name or f"p{days_before}.csv"
    return Snapshot(named, date=day, models=rows, **said)


@pytest.mark.parametrize(
    ("days", "earlier", "later", "clash"),
    [
        # more than 30 days: the gain holds the last 30 days
        (88, (5000, 90000), (7000, 91500), True),
        (31, (5000, 90000), (7000, 96999), True),
        (31, (5000, 90000), (7000, 97000), False),
        # fewer than 30 days: the last 30 days hold the gain
        (1, (5000, 90000), (7000, 591500), True),
        (20, (5000, 90000), (7000, 97001), True),
        (29, (5000, 90000), (7000, 97000), False),
        # 30 days: an hour more or less decides, so that both can be
        (30, (8000, 90000), (7000, 96000), False),
        (30, (8000, 90000), (7000, 98000), False),
        # all time less 30 days is a count of all time too
        (1, (5000, 90000), (7000, 91999), True),
        (1, (5000, 90000), (7000, 92000), False),
        (30, (5000, 90000), (7000, 91999), True),
        (20, (5000, 90000), (1000, 90500), False),
        # a count of all time falls; one of 30 days may
        (9, (None, 90000), (None, 89999), True),
        (9, (5000, None), (10, None), False),
        # one count in each
        (9, (5000, None), (None, 4999), True),
        (9, (5000, None), (None, 5000), False),
        (31, (5000, None), (7000, 11999), True),
        (31, (5000, None), (7000, 12000), False),
        (29, (5000, None), (7000, 7000), False),
        (31, (None, 90000), (7000, None), False),
        # one day
        (0, (5000, 90000), (7000, 90000), True),
        (0, (5000, 90000), (5000, 90001), True),
        (0, (5000, 90000), (5000, 90000), False),
        (0, (5000, None), (None, 4999), True),
        (0, (None, 4999), (5000, None), True),
    ],
)
def test_two_counts_of_one_repository(
    days: int, earlier: tuple[Any, Any], later: tuple[Any, Any], clash: bool
) -> None:
    one, two = shown(days, row(*earlier), name="a.csv"), shown(0, row(*later), name="b.csv")
    found = contradictions([one, two])
    assert (found is not None) == clash
    if found is not None:
        assert found.code == "snapshots_contradict"
        for said in (QWEN, "a.csv", "b.csv", one.date, two.date):
            assert said in str(found.detail)


def test_the_sentence_has_both_figures_rows_and_dates() -> None:
    one = shown(88, row(5000, 90000, line=2), name="p1.csv")
    two = shown(0, row(7000, 91500, line=3), name="p2.csv")
    found = contradictions([two, one])
    assert found is not None
    assert found.detail == (
        "Qwen/Qwen3-8B has 90,000 downloads of all time in p1.csv (2026-09-01, line 2) and 91,500"
        " in p2.csv (2026-11-28, line 3), 1,500 more in 88 days, and the second says 7,000 in the"
        " last 30 of these days"
    )


def test_history_that_is_true_never_contradicts_itself() -> None:
    """Downloads by day, counted on any three days: no rule speaks."""
    by_day = [(7 * day * day + 13 * (day % 5)) % 400 for day in range(120)]
    by_day[60:70] = [0] * 10
    taken: list[Snapshot] = []
    for day in (30, 31, 45, 60, 61, 75, 90, 91, 119):
        recent = sum(by_day[max(0, day - 29) : day + 1])
        taken.append(shown(119 - day, row(recent, sum(by_day[: day + 1]))))
    assert contradictions(taken) is None


def test_each_two_of_three_snapshots_are_compared_in_any_order() -> None:
    first = shown(88, row(5000, 90000))
    silent = shown(50, row(6000, 6000, LLAMA))
    last = shown(0, row(7000, 91500))
    for taken in permutations([first, silent, last]):
        assert contradictions(taken) is not None


@pytest.mark.parametrize("claim", ["Qwen overtook Llama in downloads", "Qwen has 40% of downloads"])
def test_no_claim_is_decided_by_them(claim: str) -> None:
    one = shown(88, row(5000, 90000), row(6000, 91000, LLAMA), complete=True)
    two = shown(0, row(7000, 91500), row(6000, 98000, LLAMA), complete=True)
    ask = read_adoption(claim, TABLE, [QWEN, LLAMA])
    assert ask is not None
    found = adoption_finding(ask, Adoption((one, two), TABLE), "2026-11-29", 0.05)
    assert found.status == "not_comparable"
    assert reason_codes(found.reasons) == {"snapshots_contradict"}


def test_pages_of_one_hub_are_compared_and_two_hubs_are_not() -> None:
    one = shown(9, row(5, 90), source="https://huggingface.co/models?sort=trending")
    for source in ("https://www.hf.co/models?sort=downloads", "huggingface.co/api/models"):
        assert contradictions([one, shown(0, row(5, 80), source=source)]) is not None
    assert contradictions([one, shown(0, row(5, 80), source="https://modelscope.cn")]) is None
    assert hub_of("Hub page ") == "hub page"


def test_an_overtaking_between_two_hubs_is_none() -> None:
    ask = read_adoption("Qwen overtook Llama in downloads", TABLE, [QWEN, LLAMA])
    assert ask is not None
    there = "https://modelscope.cn/models"
    one = shown(60, row(5000, 90000), row(6000, 91000, LLAMA), complete=True, source=there)
    two = shown(0, row(7000, 99500), row(6000, 98000, LLAMA), complete=True)
    found = adoption_finding(ask, Adoption((one, two), TABLE), "2026-11-29", 0.05)
    assert reason_codes(found.reasons) == {"hubs_differ"}
    same = shown(60, *one.models, complete=True)
    found = adoption_finding(ask, Adoption((same, two), TABLE), "2026-11-29", 0.05)
    assert found.status == "supported"


def test_a_repository_is_not_listed_before_it_was_created() -> None:
    later = shown(0, row(7, 10, created="2026-11-20"))
    assert contradictions([shown(20, row(5, 8)), later]) is not None
    assert contradictions([shown(9, row(5, 8)), later]) is None  # a day of another time zone
    assert contradictions([shown(20, row(5, 8, LLAMA)), later]) is None


def test_likes_may_fall() -> None:
    assert contradictions([shown(9, row(likes=9)), shown(0, row(likes=1))]) is None


A, B, C = (row(name=f"Qwen/{letter}") for letter in "abc")


def test_one_list_of_one_day_has_one_order() -> None:
    def listed(*rows: HubModel, **said: Any) -> Snapshot:
        return shown(0, *rows, order="trending", **said)

    found = contradictions([listed(A, B, C), listed(A, C, B)])
    assert found is not None
    assert "place 2 of the list by trending" in str(found.detail)
    assert contradictions([listed(A, B, C), listed(A, B)]) is None
    assert contradictions([listed(A, B), listed(B, A, source="https://hf.co/api")]) is None
    scored = [row(name=f"Qwen/{letter}", trending=5.0) for letter in "ab"]
    assert contradictions([listed(*scored), listed(*scored[::-1])]) is None  # they tie
    other = [row(name="Qwen/a", trending=4.0)]
    assert contradictions([listed(*scored), listed(*other)]) is not None


def test_ranks_agree_with_counts_of_the_day() -> None:
    listed = shown(0, A, B, C, name="top.csv", order="downloads")
    counts = [row(5, name="Qwen/a"), row(2, name="Qwen/b"), row(3, name="Qwen/c")]
    counted = shown(0, *counts, name="all.csv", source="https://hf.co/all")
    for pair in ([listed, counted], [counted, listed]):
        found = contradictions(pair)
        assert found is not None
        assert "Qwen/b stands above Qwen/c" in str(found.detail)
    assert contradictions([listed, shown(0, *counts[:2], source="https://hf.co/all")]) is None
    assert contradictions([listed, shown(3, *counts)]) is None


def test_a_complete_file_lacks_none_of_the_day() -> None:
    whole = shown(0, A, B, complete=True, source="https://hf.co/all")
    assert contradictions([whole, shown(0, A, C)]) is not None
    assert contradictions([shown(0, A, C), whole]) is not None
    assert contradictions([whole, shown(1, A, C)]) is None
    assert contradictions([whole, shown(0, B)]) is None


@pytest.mark.parametrize(
    ("one", "two", "code"),
    [
        ({"total": 9}, {}, "totals_contradict"),
        ({"total_all": 99}, {}, "totals_contradict"),
        ({"total": 300, "total_all": 299}, {}, "totals_contradict"),
        ({}, {"total": 9}, "totals_contradict"),
        ({"total": 10}, {"total": 11}, "snapshots_contradict"),
        ({"total_all": 100}, {"total_all": 101}, "snapshots_contradict"),
        ({"total": 10, "total_all": 100}, {"total": 10}, None),
    ],
)
def test_a_hub_s_own_sums(one: dict[str, int], two: dict[str, int], code: str | None) -> None:
    found = contradictions([shown(0, row(10, 100), **one), shown(0, row(10, 100), **two)])
    assert (found.code if found else None) == code


@pytest.mark.parametrize("column", ["createdAt", "lastModified"])
def test_a_list_shows_nothing_of_after_its_day(tmp_path, column: str) -> None:
    file = tmp_path / "p.csv"
    file.write_text(f"id,downloads,{column}\n{QWEN},5,2026-11-20T08:00:00.000Z\n")
    with pytest.raises(SuiteError, match="2026-11-20, and the list is of 2026-11-18"):
        read_snapshot(file, "p.csv", Stated("hub", "2026-11-18"))
    found = read_snapshot(file, "p.csv", Stated("hub", "2026-11-19"))
    assert snapshot_of(snapshot_json(found)) == found
    assert (found.models[0].created is not None) == (column == "createdAt")


def test_a_kept_file_is_checked_as_a_fresh_one(tmp_path) -> None:
    file = tmp_path / "kept.json"
    file.write_text(snapshot_text(shown(0, row(7, 6, line=1))))
    with pytest.raises(SuiteError, match="6 downloads of all time and 7 of 30 days"):
        read_snapshot(file, "kept.json", Stated())
