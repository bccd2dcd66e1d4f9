"""What a verdict says of its data: rows that are missing, reasons that are true, remedies that
work.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims, parse_claim
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"), Arm("C", "p", "mc"))
N = 200


def judged(text: str, scores: dict[str, Any], **columns: Any) -> Verdict:
    raw = columns.pop("raw", {})
    absent = columns.pop("absent", {})
    twins = columns.pop("twins", frozenset())
    context = columns.pop("context", None)
    items, calls = tables_from_arrays(scores, **columns)
    arms = dict(items.arms)
    for arm, rows in absent.items():
        none = np.isin(np.arange(len(items.items)), rows)
        kept = {name: np.where(none, 0, getattr(arms[arm], name)) for name in COUNTS}
        arms[arm] = replace(arms[arm], **kept)
    items = replace(items, arms=arms, twins=twins)
    claim = parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())
    return decide_claims([claim], items, calls, context)[0]


COUNTS = ("n_calls", "n_finished", "n_missing", "n_errors", "n_epochs")


def without(score: np.ndarray, rows: list[int]) -> np.ndarray:
    left = score.astype(float).copy()
    left[rows] = math.nan
    return left


# --- rows that one arm does not have --------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "A is more accurate than B",
        "A is at least 90% accurate",
        "A is 40% cheaper than B",
        "A is as accurate as B",
    ],
)
def test_deleted_rows_are_missing_calls(text: str) -> None:
    b = (np.arange(N) % 5 < 3).astype(float)
    a = (np.arange(N) % 10 < 7).astype(float)
    wrong = [int(i) for i in np.flatnonzero(a == 0)]
    usd = {"A": np.linspace(0.5, 0.6, N), "B": np.linspace(1.0, 1.2, N)}
    gone = without(usd["A"], wrong)
    found = judged(
        text,
        {"A": without(a, wrong), "B": b},
        usd=usd | {"A": gone},
        absent={"A": wrong},
        raw={"reading": "per_request"} if "cheaper" in text else {},
    )
    assert found.status == "inconclusive"
    assert "too_many_missing" in reason_codes(found.reasons)
    assert f"60 of {N} of A" in found.sentence


def test_few_absent_rows_are_filled_against_the_claim() -> None:
    b = (np.arange(N) % 10 < 8).astype(float)
    a = np.minimum(b + (np.arange(N) % 20 == 9), 1.0)
    lacking = [10, 20, 30, 40, 50, 60]
    whole = judged("A is more accurate than B", {"A": a, "B": b})
    found = judged(
        "A is more accurate than B", {"A": without(a, lacking), "B": b}, absent={"A": lacking}
    )
    assert whole.status == "supported"
    assert found.status == "inconclusive"
    assert "missing_sensitive" in reason_codes(found.reasons)


def test_a_task_that_an_arm_was_not_asked_is_no_missing_call() -> None:
    task = ["one"] * 100 + ["two"] * 100
    other = list(range(100, 200))
    a = without(np.ones(N), other)
    b = (np.arange(N) % 2).astype(float)
    found = judged("A is more accurate than B", {"A": a, "B": b}, task=task, absent={"A": other})
    assert found.status == "supported"
    assert "absent_items" not in reason_codes(found.flags)


def test_a_third_arms_items_are_none_of_two_others() -> None:
    more = list(range(100, 200))
    scores = {
        "A": without(np.ones(N), more),
        "B": without((np.arange(N) % 2).astype(float), more),
        "C": np.ones(N),
    }
    found = judged("A is more accurate than B", scores, absent={"A": more, "B": more})
    assert found.status == "supported"


def test_arms_without_a_common_item_say_so() -> None:
    first, last = list(range(100)), list(range(100, 200))
    scores = {"A": without(np.ones(N), first), "B": without(np.ones(N), last)}
    found = judged("A is more accurate than B", scores, absent={"A": first, "B": last})
    assert reason_codes(found.reasons) == {"no_common_items"}
    assert "100 items of A, 100 others of B" in found.sentence


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("A is the best", "C"),
        ("A is the cheapest", "C"),
        ("A is better than B and C", "C"),
        ("B is the best", "A"),
    ],
)
def test_of_several_rivals_the_nearest_is_named(text: str, nearest: str) -> None:
    draw, n = np.random.default_rng(1), 1300
    scores = {arm: (draw.random(n) < p).astype(float) for arm, p in RIGHT.items()}
    usd = {arm: x * draw.uniform(0.9, 1.1, n) for arm, x in (("A", 1.0), ("B", 90.0), ("C", 2.0))}
    found = judged(text, scores, usd=usd, raw={"reading": "per_request"} if "cheap" in text else {})
    if text.startswith("A"):
        assert found.status == "supported"
        assert found.headline is not None
        assert found.headline.startswith(f"A against {nearest}: ")
    else:
        assert found.status == "refuted"


RIGHT = {"A": 0.9, "B": 0.55, "C": 0.72}


# --- remedies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "margin"), [(20, 0.03), (80, 0.03), (40, 0.05), (100, 0.02)])
def test_where_the_arms_agree_the_items_named_decide(n: int, margin: float) -> None:
    def at(size: int) -> Verdict:
        ones = {"A": np.ones(size), "B": np.ones(size)}
        return judged("A is as accurate as B", ones, raw={"margin": margin})

    found = at(n)
    assert found.status == "inconclusive"
    assert found.readings[0].n_more is not None
    needed = n + int(found.readings[0].n_more[0])
    assert at(needed).status == "supported"
    assert at(needed - 2).status == "inconclusive"


def test_a_remedy_in_groups_says_how_many_groups() -> None:
    draw = np.random.default_rng(4)
    groups = np.repeat(np.arange(20), 40)
    right = draw.random((20, 2)) < (0.9, 0.6)
    scores = {"A": right[groups, 0].astype(float), "B": right[groups, 1].astype(float)}
    found = judged(
        "A is more accurate than B",
        scores,
        cluster=[str(k) for k in groups],
        twins=frozenset(map(str, range(20))),
    )
    assert "800 items form 20 groups because their inputs are equal" in found.sentence
    if found.readings[0].n_more is not None and found.status == "inconclusive":
        assert "more groups of items" in found.sentence


# --- reasons --------------------------------------------------------------------------------------


def test_a_reason_of_one_reading_names_it() -> None:
    usd = {"A": np.full(10, 0.1), "B": np.linspace(0.9, 1.1, 10)}
    found = judged("A is 80% cheaper than B", {"A": np.ones(10), "B": np.zeros(10)}, usd=usd)
    assert "(of dollars per correct answer)" in found.sentence
    assert "too few items or independent groups for any verdict;" in found.sentence


def test_unknown_times_are_no_different_times() -> None:
    unknown = {"A": np.full(N, math.nan), "B": np.full(N, math.nan)}
    ones = {"A": np.ones(N), "B": np.ones(N)}
    times = {"A": np.linspace(0.1, 0.2, N), "B": np.linspace(1, 2, N)}
    found = judged("A is faster than B", ones, ttft_s=times, sent_utc_s=unknown)
    assert "send_times_unknown" in reason_codes(found.reasons)
    assert "not measured at the same times" not in found.sentence


@pytest.mark.parametrize("why", ["small", "missing", "groups"])
def test_what_forbids_a_verdict_forbids_the_strict_one(why: str) -> None:
    n = 10 if why == "small" else N
    a = np.where(np.arange(n) % 10 < 8, 1.0, 0.0)
    b = np.where(np.arange(n) % 10 < 2, 1.0, 0.0)
    columns: dict[str, Any] = {}
    if why == "missing":
        a = without(a, list(range(0, n, 5)))
    if why == "groups":
        columns["cluster"] = ["one"] * 100 + [str(i) for i in range(100)]
    found = judged("A is 30 points more accurate than B", {"A": a, "B": b}, **columns)
    assert found.status == "inconclusive"
    assert "without rounding" not in found.sentence


def test_one_task_of_several_has_no_second_opinion_on_the_claim() -> None:
    task = ["one"] * 150 + ["two"] * 50
    a, b = np.ones(N), (np.arange(N) % 2).astype(float)
    found = judged("A is up to 5 points better than B", {"A": a, "B": b}, task=task)
    assert found.status == "supported"
    assert all(reading.second_opinion is None for reading in found.readings)


def test_a_compound_says_once_that_it_was_declared_after() -> None:
    usd = {"A": np.linspace(0.1, 0.2, N), "B": np.linspace(1, 2, N)}
    ones, half = np.ones(N), (np.arange(N) % 2).astype(float)
    found = judged(
        "A is cheaper than B and A is more accurate than B",
        {"A": ones, "B": half},
        usd=usd,
        raw={"declared": "after"},
        context=ClaimContext(),
    )
    assert found.sentence.count("Declared after the data were seen") <= 1
