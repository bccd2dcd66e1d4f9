"""A latency verdict on a remote arm names the time that it speaks of, unless three sessions at
different hours were measured.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.2, N)
FAST = {"A": 0.2 * NOISE, "B": 0.5 * NOISE[::-1]}
NINE = 1_795_942_800.0  # 2026-11-29 09:00 UTC
REMOTE = ClaimContext(devices={"A": None, "B": None})


def judged(context: ClaimContext, text: str = "A is faster than B", **columns: Any) -> Verdict:
    sent = NINE + np.arange(N) * 3.75
    given = {"ttft_s": FAST, "sent_utc_s": {"A": sent, "B": sent + 1}, **columns}
    items, calls = tables_from_arrays({a: np.ones(N) for a in "AB"}, **given)
    claim = parse_claim(ClaimSpec("c", text, None, {"metric": "ttft"}), ARMS, ())
    return decide_claims([claim], items, calls, context)[0]


def test_one_session_of_a_remote_arm_is_said_of_its_window() -> None:
    found = judged(REMOTE)
    window = "in this 15-minute window (2026-11-29 09:00 to 09:14 UTC)"
    assert (found.status, found.qualifier) == ("supported", window)
    assert window in found.sentence
    assert window in found.readings[0].sentence
    assert "it holds that A's p50 time to first token is below B's in that time." in found.sentence
    assert "single_session" in reason_codes(found.flags)


def test_arms_on_this_machine_speak_of_all_times() -> None:
    for context in (ClaimContext(devices={"A": "cpu", "B": "cpu"}), ClaimContext()):
        found = judged(context)
        assert (found.status, found.qualifier) == ("supported", "")
    here = ClaimContext(devices={"A": None, "B": None}, loopback=frozenset("AB"))
    assert judged(here).qualifier == ""


@pytest.mark.parametrize(
    ("hours", "lifted"), [((9, 14, 20), True), ((9, 33, 57), False), ((9, 14, 38), False)]
)
def test_three_sessions_at_different_hours_lift_it(hours: tuple[int, ...], lifted: bool) -> None:
    third = N // 3
    starts = np.repeat([NINE + 3600 * (h - 9) for h in hours], third)
    sent = starts + np.tile(np.arange(third) * 10.0, 3)
    calls = {
        arm: {"session": np.repeat([1, 2, 3], third), "block": (np.arange(N) // 6)} for arm in "AB"
    }
    found = judged(REMOTE, sent_utc_s={"A": sent, "B": sent + 1}, calls=calls)
    assert found.status == "supported"
    assert (found.qualifier == "") == lifted
    if not lifted:
        assert found.qualifier.startswith("in these ")


def test_times_that_nobody_knows_give_no_verdict() -> None:
    unknown = {a: np.full(N, math.nan) for a in "AB"}
    found = judged(REMOTE, "A's p95 TTFT is under 2 s", sent_utc_s=unknown)
    assert found.status == "inconclusive"
    assert "window_unknown" in reason_codes(found.reasons)


def test_load_that_lasts_is_undecided_and_says_so() -> None:
    wave = np.exp(np.sin(np.arange(N) / N * 2 * math.pi))
    found = judged(ClaimContext(), ttft_s={"A": FAST["A"] * wave, "B": FAST["B"]})
    assert found.status == "inconclusive"
    assert "autocorrelated" in reason_codes(found.reasons)
    assert found.readings[0].n_more is None


@pytest.mark.parametrize("waves", [0.5, 1.0, 2.0])
def test_of_its_own_window_no_load_that_lasts_leaves_a_verdict_undecided(waves: float) -> None:
    wave = np.exp(0.3 * np.sin(np.arange(N) / N * waves * 2 * math.pi))
    load = {"A": FAST["A"] * wave, "B": FAST["B"] * wave[::-1]}
    found = judged(REMOTE, ttft_s=load)
    assert found.status == "supported"
    assert found.qualifier.startswith("in this 15-minute window")
    assert "autocorrelated" in reason_codes(judged(ClaimContext(), ttft_s=load).reasons)


def test_a_second_opinion_stands_beside_small_comparisons_alone() -> None:
    rng = np.random.default_rng(2)
    for n, shown in ((60, True), (120, False)):
        a, b = (rng.random(n) < 0.9).astype(float), (rng.random(n) < 0.7).astype(float)
        items, calls = tables_from_arrays({"A": a, "B": b})
        claim = parse_claim(ClaimSpec("c", "A is more accurate than B", None, {}), ARMS, ())
        found = decide_claims([claim], items, calls)[0].readings[0].second_opinion
        assert (found is not None) == shown
        if found is not None:
            assert found.that == "A is more accurate than B"
            assert 0 < found.better_by_margin < found.probability < 1
            assert found.n == n
