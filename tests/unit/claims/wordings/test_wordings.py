"""Claims over all wordings of a prompt: how they are read, and that the interval holds the spread."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.language.say import read_as
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import ClaimError
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Claim, ClaimSpec, VariantSpec, Verdict

WORDINGS = ("", "formal", "short", "polite", "blunt")


def name_of(base: str, wording: str) -> str:
    return f"{base}@prompt={wording}" if wording else base


def arm(base: str, wording: str) -> Arm:
    variant = VariantSpec(base, {"prompt": wording}) if wording else None
    return Arm(name_of(base, wording), "p", f"m-{base}", variant=variant)


ARMS = tuple(arm(base, wording) for base in ("alpha", "beta") for wording in WORDINGS)
PROFILES = {
    one.name: {
        "variant": {
            "base": one.name if one.variant is None else one.variant.base,
            "factors": {} if one.variant is None else dict(one.variant.factors),
        }
    }
    for one in ARMS
}
CTX = ClaimContext(profiles=PROFILES)


def parse(text: str, arms: tuple[Arm, ...] = ARMS) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, {}), arms, ())


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("alpha is as accurate as beta over all wordings",
         "alpha/wordings's accuracy is at most 3 points below beta/wordings's"),
        ("alpha is more accurate than beta across all prompts",
         "alpha/wordings's accuracy is above beta/wordings's"),
        ("Whatever the wording, alpha is as accurate as beta",
         "alpha/wordings's accuracy is at most 3 points below beta/wordings's"),
        ("alpha is at least 80% accurate over all its prompt templates",
         "alpha/wordings's accuracy is at least 80%"),
        ("alpha is not as accurate as beta over all wordings",
         "alpha/wordings's accuracy is more than 3 points below beta/wordings's"),
    ],
)  # fmt: skip
def test_sentences(text: str, reading: str) -> None:
    assert read_as(parse(text)) == reading


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alpha is 30% more accurate than beta over all wordings", "only accuracy is judged"),
        ("alpha is cheaper than beta over all wordings", "only accuracy is judged"),
        ("alpha is as accurate as beta over some wordings", "'over' compares a second time"),
        ("alpha is as accurate as beta over most prompts", "'over' compares a second time"),
    ],
)
def test_what_cannot_be_read_over_wordings_is_refused(text: str, says: str) -> None:
    with pytest.raises(ClaimError) as caught:
        parse(text)
    assert says in caught.value.message


def test_one_wording_alone_is_an_error() -> None:
    with pytest.raises(ClaimError, match="share one wording alone"):
        parse("alpha is as accurate as beta over all wordings", (*ARMS[:5], ARMS[5]))


def decided(text: str, rights: dict[str, list[float]], n: int, seed: int) -> Verdict:
    """Judge a claim on items whose wordings have these accuracies; items share their luck."""
    rng = np.random.default_rng(seed)
    luck = rng.random(n)
    scores = {}
    for base, of in rights.items():
        for wording, right in zip(WORDINGS, of, strict=False):
            own = np.where(rng.random(n) < 0.7, luck, rng.random(n))
            scores[name_of(base, wording)] = (own < right).astype(float)
    items, calls = tables_from_arrays(scores)
    return decide_claims([parse(text)], items, calls, CTX)[0]


def test_wordings_that_disagree_leave_open_what_one_alone_would_settle() -> None:
    rights = {"alpha": [0.9, 0.9, 0.5, 0.9, 0.6], "beta": [0.8] * 5}
    over = decided("alpha is more accurate than beta over all wordings", rights, 800, 1)
    alone = decided("alpha is more accurate than beta", rights, 800, 1)
    assert alone.status == "supported"
    assert over.status == "inconclusive"
    assert over.readings[0].estimate is not None
    assert over.readings[0].estimate.value == pytest.approx(-0.04, abs=0.03)
    assert [flag.detail for flag in over.flags if flag.code == "over_wordings"] == ["5 wordings"]


def test_wordings_that_agree_settle_it() -> None:
    rights = {"alpha": [0.9, 0.91, 0.9, 0.89, 0.9], "beta": [0.7, 0.71, 0.7, 0.7, 0.69]}
    assert decided("alpha is more accurate than beta over all wordings", rights, 600, 2).status == (
        "supported"
    )
    assert decided("beta is as accurate as alpha over all wordings", rights, 600, 2).status == (
        "refuted"
    )
    level = decided("alpha is at least 80% accurate over all wordings", rights, 600, 2)
    assert level.status == "supported"


def test_two_wordings_and_few_items_decide_nothing() -> None:
    two = {"alpha": [0.9, 0.9], "beta": [0.7, 0.7]}
    assert decided("alpha is more accurate than beta over all wordings", two, 300, 3).status == (
        "inconclusive"
    )
    perfect = {"alpha": [1.0] * 5, "beta": [1.0] * 5}
    few = decided("alpha is at least 99% accurate over all wordings", perfect, 30, 4)
    assert few.status == "inconclusive", "thirty right answers in a row do not show 99%"


def test_wrong_verdicts_are_rare_where_wordings_are_drawn() -> None:
    """Every run draws its wordings: alpha is as good as beta on average over all there are, and
    "more accurate" is wrong to support, or to refute.
    """
    rng = np.random.default_rng(5)
    wrong, runs = 0, 150
    for seed in range(runs):
        rights = {
            base: (0.75 + 0.12 * (rng.random(5) - 0.5)).tolist() for base in ("alpha", "beta")
        }
        found = decided("alpha is more accurate than beta over all wordings", rights, 400, seed)
        wrong += found.status != "inconclusive"
    assert wrong / runs <= 0.056, f"{wrong} of {runs}"
