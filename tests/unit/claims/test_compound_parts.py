"""A compound's parts are printed at the level that decided the whole."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.verdicts import decide_claims
from claimbench.testing import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, reason_codes

N = 200
ARMS = (Arm("small", "openai", "s"), Arm("big", "openai", "b"))


def verdict_of(gain: int, others: int):
    """Judge a compound whose accuracy part rests on ``gain`` items, beside other claims."""
    rng = np.random.default_rng(7)
    big = [0.0] * (gain + 2) + [1.0] * (N - gain - 2)
    small = [1.0] * gain + [0.0, 0.0] + [1.0] * (N - gain - 2)
    small[-1] = 0.0
    dollars = {"small": list(1 + 0.01 * rng.random(N)), "big": list(10 + 0.01 * rng.random(N))}
    items, calls = tables_from_arrays({"small": small, "big": big}, usd=dollars)
    text = "small is 40% cheaper and more accurate than big"
    texts = [text] + [f"small is at least {98.1 + i / 10:.1f}% accurate" for i in range(others)]
    claims = [
        parse_claim(ClaimSpec(f"c{i}", text, None, {}), ARMS, ()) for i, text in enumerate(texts)
    ]
    return decide_claims(claims, items, calls)[0]


@pytest.mark.parametrize("gain", range(5, 13))
@pytest.mark.parametrize("others", [0, 6])
def test_what_is_printed_of_the_parts_agrees_with_the_whole(gain: int, others: int) -> None:
    whole = verdict_of(gain, others)
    statuses = {part.status for part in whole.parts}
    if whole.status == "supported":
        assert statuses == {"supported"}
    else:
        assert whole.status == "inconclusive"
        assert "inconclusive" in statuses
        assert "undecided: part 2 of 2" in whole.sentence


def test_a_part_that_only_many_claims_open_says_so() -> None:
    opened = [
        part
        for gain in range(5, 13)
        for alone, many in [(verdict_of(gain, 0), verdict_of(gain, 6))]
        if (alone.status, many.status) == ("supported", "inconclusive")
        for part in many.parts
        if part.status == "inconclusive"
    ]
    assert opened
    assert all(reason_codes(part.reasons) & {"multiplicity", "not_at_its_level"} for part in opened)
