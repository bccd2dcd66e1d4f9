"""Claims that name a run: `baseline:ARM` is an arm, in its sentence and nowhere else."""

from __future__ import annotations

import pytest

from claimbench.claims.other_runs import names_baseline
from claimbench.claims.parse import parse_claim
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec

ARMS = (
    Arm("beta-mini", "compatible", "m1"),
    Arm("alpha", "compatible", "m2", weights="open"),
    Arm("beta", "compatible", "m3"),
)


def read(text: str, **raw: str) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("beta-mini is cheaper than baseline:beta-mini", "beta-mini", "baseline:beta-mini"),
        ("beta is faster than baseline:beta-mini", "beta", "baseline:beta-mini"),
        ("alpha is as accurate as Baseline:alpha", "alpha", "baseline:alpha"),
        ("baseline:alpha is more accurate than alpha", "baseline:alpha", "alpha"),
    ],
)
def test_an_arm_of_the_baseline_is_read_in_a_sentence(text: str, ours: str, theirs: str) -> None:
    claim = read(text)
    assert (claim.treatments, claim.baselines) == ((ours,), (theirs,))
    assert names_baseline([claim])


def test_an_arm_of_the_baseline_is_read_in_a_field() -> None:
    claim = read("20% cheaper", arm="beta", than="baseline:beta")
    assert claim.baselines == ("baseline:beta",)


def test_every_part_may_name_another() -> None:
    claim = read("alpha is more accurate than baseline:alpha and 10% cheaper than beta")
    assert [part.baselines for part in claim.parts] == [("baseline:alpha",), ("beta",)]
    assert names_baseline([claim])


@pytest.mark.parametrize("text", ["alpha is cheaper than every other model", "alpha beats beta"])
def test_other_arms_are_those_of_the_run(text: str) -> None:
    claim = read(text)
    assert not names_baseline([claim])
    assert set(claim.baselines) <= {"beta", "beta-mini"}


def test_an_arm_that_nobody_has_is_an_error() -> None:
    with pytest.raises(ClaimError, match="baseline:zeta"):
        read("alpha is cheaper than baseline:zeta")
