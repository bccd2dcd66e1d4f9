"""Arms that could still meet everything stand in the sentence; so does why nobody has a total."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ClaimContext
from claimbench.decision.choose import decide
from claimbench.decision.words import headline, lead_lines, settle_line
from claimbench.types import DecisionSpec

N = 400


def sentence(made: Any, shares: dict[str, float], *, criteria: tuple[Any, ...] = ()) -> str:
    scores = {
        arm: [1.0] * int(share * N) + [0.0] * (N - int(share * N)) for arm, share in shares.items()
    }
    run = made.evaluation(scores, usd={arm: [0.002] * N for arm in scores})
    spec = DecisionSpec(
        incumbent=next(iter(shares)),
        requirements=(made.claim("speed", "at least 80% accurate"),),
        criteria=criteria,
    )
    found = decide(run, spec)
    assert found is not None
    return headline(found)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (
            {"incum": 0.81, "cheapo": 0.82, "mid": 0.95, "posh": 0.5},
            "Choose mid: the only one of 4 arms that meets the one requirement; 2 more are still"
            " open (incum, cheapo on speed).",
        ),
        (
            {"incum": 0.81, "mid": 0.95},
            "Choose mid: the only one of 2 arms that meets the one requirement; 1 more is still"
            " open (incum on speed).",
        ),
        (
            {"incum": 0.5, "mid": 0.95},
            "Choose mid: the only one of 2 arms that meets the one requirement.",
        ),
    ],
)
def test_open_arms_are_named_in_the_sentence(
    made: Any, shares: dict[str, float], said: str
) -> None:
    assert sentence(made, shares) == said


def test_a_tie_names_open_arms_too(made: Any) -> None:
    said = sentence(made, {"a": 0.95, "b": 0.96, "c": 0.81})
    assert said.endswith("; 1 more is still open (c on speed).")


@pytest.mark.parametrize("arms", [("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d")])
def test_without_a_volume_the_sentence_says_so_of_all(made: Any, arms: tuple[str, ...]) -> None:
    criteria = (made.criterion("usd_per_month", 1, 10_000, 0),)
    said = sentence(made, dict.fromkeys(arms, 0.95), criteria=criteria)
    assert "no arm has a total" in said
    assert "`volume:" in said
    assert "a has no total" not in said


def test_with_a_volume_one_arm_without_a_bill_is_named(made: Any) -> None:
    run = made.evaluation(
        {"a": [1.0] * N, "b": [1.0] * N},
        usd={"a": [0.002] * N, "b": [float("nan")] * N},
        context=ClaimContext(volume_stated=True),
    )
    criteria = (made.criterion("usd_per_month", 1, 10_000, 0),)
    found = decide(run, DecisionSpec(incumbent="a", requirements=(), criteria=criteria))
    assert found is not None
    assert "`volume:" not in headline(found)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ((340, 330), "more samples would settle it, if the lead over b (2.5 points) is right"),
        ((340, 340), "More samples would hardly settle it"),
        ((340, 339), "More samples would hardly settle it"),
    ],
)
def test_a_tie_says_what_would_settle_it(made: Any, right: tuple[int, int], said: str) -> None:
    rng = np.random.default_rng(3)
    scores = {}
    for arm, k in zip(("a", "b"), right, strict=True):
        scores[arm] = rng.permutation([1.0] * k + [0.0] * (N - k))
    spec = DecisionSpec(criteria=(made.criterion("accuracy", 1, 0.0, 1.0),))
    found = decide(made.evaluation(scores), spec)
    assert found is not None
    assert found.outcome == "tied"
    assert said in (settle_line(found) or "")


@pytest.mark.parametrize(
    ("better", "sure"), [({"b": 40}, "sure: a than b"), ({"b": 2}, "not surely: a than b")]
)
def test_who_dominates_whom_is_said_with_how_surely(
    made: Any, better: dict[str, int], sure: str
) -> None:
    scores = {arm: [1.0] * (N - better.get(arm, 0)) + [0.0] * better.get(arm, 0) for arm in "ab"}
    usd = {"a": [0.001] * N, "b": [0.002] * N}
    criteria = (made.criterion("accuracy", 1, 0.0, 1.0), made.criterion("usd_per_1k", 1, 4.0, 0.0))
    found = decide(made.evaluation(scores, usd=usd), DecisionSpec(criteria=criteria))
    assert found is not None
    (lead, dominance) = lead_lines(found)
    assert lead.startswith("The total of a is higher by ")
    assert "over b (95%: " in lead
    assert dominance.endswith(sure)
