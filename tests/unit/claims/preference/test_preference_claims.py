"""Claims about preference: what their sentences ask, and what comparisons make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.language.say import read_as, read_back, words_of
from claimbench.claims.parse import parse_claim
from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.claims.verdicts import ClaimContext, decide_claims
from claimbench.errors import ClaimError
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Claim, ClaimSpec, Verdict, reason_codes

ARMS = (Arm("alpha", "p", "ma"), Arm("beta", "p", "mb"))
THREE = (*ARMS, Arm("gamma", "p", "mg"))


def parse(text: str, arms: tuple[Arm, ...] = ARMS, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), arms, ())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("alpha is preferred over beta", "alpha's win rate against beta is more than 50%"),
        ("preferred over beta", "alpha's win rate against beta is more than 50%"),
        (
            "alpha's answers are preferred to beta's",
            "alpha's win rate against beta is more than 50%",
        ),
        ("alpha wins 60% of head-to-heads", "alpha's win rate against beta is at least 60%"),
        (
            "alpha wins more than 55% of matchups vs beta",
            "alpha's win rate against beta is more than 55%",
        ),
        ("alpha has a 60% win rate against beta", "alpha's win rate against beta is at least 60%"),
        (
            "alpha's win rate over beta is at most 40%",
            "alpha's win rate against beta is at most 40%",
        ),
        (
            "alpha wins between 55% and 65% of comparisons against beta",
            "alpha's win rate against beta is between 55% and 65%",
        ),
        ("people prefer alpha to beta", "alpha's win rate by people against beta is more than 50%"),
        (
            "two thirds of users prefer alpha over beta",
            "alpha's win rate by people against beta is at least 66.6667%",
        ),
        ("alpha is not preferred over beta", "alpha's win rate against beta is at most 50%"),
        ("alpha is as preferred as beta", "alpha's win rate against beta is at least 47%"),
    ],
)
def test_a_sentence_is_read_and_its_reading_read_back(text: str, asked: str) -> None:
    claim = parse(text)
    assert claim.kind == "preference"
    assert read_as(claim) == asked
    assert words_of(read_back(asked)) == asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alpha is preferred over delta", "no arm is called 'delta'"),
        ("alpha wins 160% of head-to-heads", "no share of comparisons"),
        ("alpha wins up to 60% of head-to-heads", "does not say how many at least"),
        ("alpha is preferred over alpha", "itself"),
        ("nobody prefers alpha", "not understood"),
    ],
)
def test_a_sentence_that_cannot_be_tested_says_why(text: str, said: str) -> None:
    with pytest.raises(ClaimError, match=said):
        parse(text)


def test_of_three_arms_the_rival_has_to_be_named() -> None:
    with pytest.raises(ClaimError, match="compared with which arm"):
        parse("alpha wins 60% of head-to-heads", THREE)
    claim = parse("alpha is preferred over every other model", THREE)
    assert claim.baselines == ("beta", "gamma")


@pytest.mark.parametrize(
    "text",
    [
        "alpha is preferred over beta and 60% cheaper",
        "alpha is 60% cheaper than beta and preferred by people",
    ],
)
def test_a_preference_joins_other_statements(text: str) -> None:
    claim = parse(text)
    assert sorted(part.kind for part in claim.parts) == ["cost", "preference"]
    assert {part.treatments for part in claim.parts} == {("alpha",)}


def test_fields_say_the_same_as_words() -> None:
    claim = parse("", kind="preference", relation="wins", threshold=0.6, arm="alpha", than="beta")
    assert read_as(claim) == "alpha's win rate against beta is at least 60%"


# --- verdicts -------------------------------------------------------------------------------------

N = 120


def compared(
    share: float,
    *,
    flips: float = 0.0,
    judges: int = 2,
    people: int = 0,
    longer: float = 0.0,
    missing: int = 0,
    seed: int = 0,
) -> Comparisons:
    """Pairs of which alpha wins a share; judges flip on some; people label the first ones alike."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(N):
        won = float(i % 100 < 100 * share)
        names = [f"j{k}" for k in range(judges)]
        flipped = frozenset(n for n in names if i < flips * N)
        said: dict[str, float | None] = {n: 0.5 if n in flipped else won for n in names}
        if i < missing:
            said["j0"] = None
        size = int(rng.integers(200, 400))
        rows.append(
            Compared(
                f"task/{i}",
                "alpha",
                "beta",
                0,
                said,
                flipped,
                dict.fromkeys(names, 1),
                None,
                {"people": won} if i < people else {},
                (int(size + 500 * longer), int(rng.integers(200, 400))),
            )
        )
    return Comparisons(tuple(rows), frozenset({"task"}), {"task": 0.2})


def judge(text: str, pairs: Comparisons | None, **more: Any) -> Verdict:
    items, calls = tables_from_arrays(
        {"alpha": np.full(N, 0.5), "beta": np.full(N, 0.5)},
        usd={"alpha": np.full(N, 0.001), "beta": np.full(N, 0.002)},
    )
    ctx = ClaimContext(pairs=pairs, headline_pairs=frozenset({"task"}), **more)
    return decide_claims([parse(text)], items, calls, ctx)[0]


def test_a_panel_decides_what_judges_prefer_and_says_so() -> None:
    verdict = judge("alpha is preferred over beta", compared(0.75))
    assert verdict.status == "supported"
    assert "judges_only" in reason_codes(verdict.flags)
    assert "ties counted half" in verdict.sentence
    assert {r.name for r in verdict.readings} == {"win_rate", "length_controlled", "similar_length"}
    back = judge("beta is preferred over alpha", compared(0.75))
    assert back.status == "refuted"
    ours, theirs = verdict.readings[0].estimate, back.readings[0].estimate
    assert ours is not None
    assert theirs is not None
    assert ours.value == pytest.approx(1 - (theirs.value or 0))


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (compared(0.9, flips=0.3), "unstable_judges"),
        (compared(0.9, judges=1), "one_judge"),
        (compared(0.9, longer=1.0), "lengths_apart"),
        (compared(0.9, missing=12), "pairs_missing"),
    ],
)
def test_what_forbids_a_decision_is_named(pairs: Comparisons, code: str) -> None:
    verdict = judge("alpha is preferred over beta", pairs)
    assert verdict.status == "inconclusive"
    assert code in reason_codes(verdict.reasons)


@pytest.mark.parametrize("flips", [0.0, 0.1, 0.24])
def test_flips_below_the_limit_are_ties(flips: float) -> None:
    verdict = judge("alpha is preferred over beta", compared(0.9, flips=flips))
    assert verdict.status == "supported"
    estimate = verdict.readings[0].estimate
    assert estimate is not None
    expected = np.mean([0.5 if i < flips * N else float(i % 100 < 90) for i in range(N)])
    assert estimate.value == pytest.approx(float(expected))


def test_what_people_prefer_needs_people() -> None:
    text = "people prefer alpha over beta"
    without = judge(text, compared(0.9))
    assert without.status == "inconclusive"
    assert "people_needed" in reason_codes(without.reasons)
    assert judge(text, compared(0.9, people=30)).status == "supported"
    corrected = judge(text, compared(0.75, people=100))
    assert "judge_corrected" in reason_codes(corrected.flags)


def test_people_overrule_judges_that_only_like_length() -> None:
    pairs = compared(0.9, people=60)
    rows = tuple(replace(row, people={"people": 0.0} if row.people else {}) for row in pairs.rows)
    verdict = judge("alpha is preferred over beta", replace(pairs, rows=rows))
    assert verdict.status != "supported"


@pytest.mark.parametrize(
    ("pairs", "code"),
    [(None, "no_pairs"), (Comparisons((), frozenset({"task"}), withheld=True), "pairs_withheld")],
)
def test_without_comparisons_nothing_can_be_said(pairs: Comparisons | None, code: str) -> None:
    verdict = judge("alpha is preferred over beta", pairs)
    assert verdict.status == "not_comparable"
    assert code in reason_codes(verdict.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "alpha is more accurate than beta",
        "alpha is at least 50% accurate",
        "alpha is as accurate as beta",
    ],
)
def test_a_share_of_wins_is_no_accuracy(text: str) -> None:
    verdict = judge(text, compared(0.9))
    assert verdict.status == "not_comparable"
    assert "preference_is_not_accuracy" in reason_codes(verdict.reasons)


def test_dollars_are_judged_per_request_alone() -> None:
    verdict = judge("alpha is cheaper than beta", compared(0.9))
    assert "per_correct" not in {reading.name for reading in verdict.readings}


@pytest.mark.parametrize("first_place", [0.0, 0.2])
def test_equal_arms_are_rarely_called_different(first_place: float) -> None:
    rng = np.random.default_rng(4)
    wrong, runs = 0, 60
    for _ in range(runs):
        rows = []
        for i in range(N):
            said: dict[str, float | None] = {}
            flipped = set()
            for name in ("j0", "j1"):
                if rng.random() < first_place:
                    said[name] = 0.5
                    flipped.add(name)
                else:
                    said[name] = float(rng.random() < 0.5)
            sizes = rng.integers(200, 400, 2)
            rows.append(
                Compared(
                    f"task/{i}",
                    "alpha",
                    "beta",
                    0,
                    said,
                    frozenset(flipped),
                    dict.fromkeys(said, 1),
                    None,
                    {},
                    (int(sizes[0]), int(sizes[1])),
                )
            )
        pairs = Comparisons(tuple(rows), frozenset({"task"}), {"task": 0.2})
        wrong += judge("alpha is preferred over beta", pairs).status == "supported"
    assert wrong / runs <= 0.07
