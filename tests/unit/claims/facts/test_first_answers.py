"""No verdict about the first token stands on a token of reasoning alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.tables.types import CallTable, ItemTable
from claimbench.tables.ways.first_answers import from_answers, reasoned_first
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.1, N)


def tables(thought_s: float | None, **more: Any) -> tuple[ItemTable, CallTable]:
    """A's first token comes in 5 ms and its answer ``thought_s`` later (None: never), B's in 64 ms;
    both end at 400 ms.
    """
    times = {"A": 0.005 * NOISE, "B": 0.064 * NOISE[::-1]}
    ends = {"A": 0.4 * NOISE, "B": 0.4 * NOISE[::-1]}
    sent = {"A": np.arange(N) * 3.75, "B": np.arange(N) * 3.75 + 1}
    items, calls = tables_from_arrays(
        {a: np.ones(N) for a in "AB"}, ttft_s=times, e2e_s=ends, sent_utc_s=sent
    )
    rows = calls.arms["A"]
    answer = np.full(N, np.nan) if thought_s is None else rows.ttft_s + thought_s
    rows = rows.but(
        first_answer_s=answer, stamp_source=np.asarray(["kernel"] * N, dtype=np.str_), **more
    )
    return items, CallTable({**calls.arms, "A": rows})


def judged(made: tuple[ItemTable, CallTable], text: str, **options: Any) -> Verdict:
    claim = parse_claim(ClaimSpec("c", text, None, options), ARMS, ())
    return decide_claims([claim], *made, ClaimContext())[0]


TEXTS = [
    "A has 3 times faster time to first token than B",
    "A has a median time to first token under 50 ms",
    "A has a p95 time to first token under 50 ms",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("thought_s", [0.25, None])
def test_a_dot_of_reasoning_is_no_first_token(text: str, thought_s: float | None) -> None:
    assert judged(tables(0.0), text).status == "supported"
    found = judged(tables(thought_s), text)
    assert found.status == "inconclusive"
    assert "first_answer_decides" in reason_codes(found.reasons)
    assert "240 of 240 calls sent reasoning first" in found.sentence
    assert "of any content" in found.sentence


def test_refuted_needs_both_ways_too() -> None:
    found = judged(tables(0.25), "B has faster time to first token than A")
    assert found.status == "inconclusive"
    assert "first_answer_decides" in reason_codes(found.reasons)


def test_reasoning_that_is_quick_keeps_the_verdict() -> None:
    assert judged(tables(0.01), TEXTS[0]).status == "supported"


def test_the_end_is_judged_as_before() -> None:
    found = judged(tables(0.25), "A is faster than B", metric="e2e")
    assert "first_answer_decides" not in reason_codes(found.reasons)


def test_reasoning_and_a_wait_for_a_retry_count_together() -> None:
    text = "A has a median time to first token under 50 ms"
    again = np.full(N, 2)
    ends = tables(0.03)[1].arms["A"].e2e_s
    waited = {"n_attempts": again, "e2e_with_retries_s": ends + 0.03}
    assert judged(tables(0.03), text).status == "supported"
    assert judged(tables(0.0, **waited), text).status == "supported"
    found = judged(tables(0.03, **waited), text)
    assert found.status == "inconclusive"
    assert "first_answer_decides" in reason_codes(found.reasons)


def test_other_tools_files_tell_no_first_answer() -> None:
    reported = np.asarray(["reported"] * N, dtype=np.str_)
    rows = tables(None)[1].arms["A"].but(stamp_source=reported)
    assert not reasoned_first(rows).any()
    assert from_answers(rows) is rows


def test_a_call_without_an_answer_has_the_last_rank() -> None:
    rows = tables(None)[1].arms["A"]
    first = rows.ttft_s.copy()
    first[0] = np.nan  # nothing to see came at all
    found = from_answers(rows.but(ttft_s=first)).ttft_s
    assert np.isnan(found[0])
    assert np.isposinf(found[1:]).all()
