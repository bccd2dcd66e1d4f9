"""No verdict about time stands on the attempt that answered alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.tables.types import CallTable, ItemTable
from claimbench.tables.waits import retried, waited_s, whole_rows
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.1, N)


def tables(waited: float, share: float = 1.0) -> tuple[ItemTable, CallTable]:
    """A answers in 5 ms after ``waited`` seconds on a share of its calls, B in 64 ms."""
    times = {"A": 0.005 * NOISE, "B": 0.064 * NOISE[::-1]}
    sent = {"A": np.arange(N) * 3.75, "B": np.arange(N) * 3.75 + 1}
    items, calls = tables_from_arrays(
        {a: np.ones(N) for a in "AB"}, ttft_s=times, e2e_s=times, sent_utc_s=sent
    )
    again = np.arange(N) < share * N
    rows = calls.arms["A"]
    rows = rows.but(
        n_attempts=np.where(again, 2, 1),
        e2e_with_retries_s=rows.e2e_s + np.where(again, waited, 0.0),
    )
    return items, CallTable({**calls.arms, "A": rows})


def judged(made: tuple[ItemTable, CallTable], text: str, **options: Any) -> Verdict:
    claim = parse_claim(ClaimSpec("c", text, None, options), ARMS, ())
    return decide_claims([claim], *made, ClaimContext())[0]


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("A is 3 times faster than B", "e2e"),
        ("A is 3 times faster than B", "ttft"),
        ("A has a p95 end-to-end time under 40 ms", "e2e"),
        ("A has a p95 time to first token under 40 ms", "ttft"),
    ],
)
def test_a_verdict_that_leaves_the_wait_out_is_none(text: str, metric: str) -> None:
    assert judged(tables(0.0), text, metric=metric).status == "supported"
    found = judged(tables(0.045), text, metric=metric)
    assert found.status == "inconclusive"
    assert "retries_decide" in reason_codes(found.reasons)
    assert "240 of 240 calls retried" in found.sentence
    assert "from the first send" in found.sentence


def test_a_verdict_that_stands_in_both_ways_says_that_calls_were_retried() -> None:
    found = judged(tables(0.002), "A is 3 times faster than B", metric="e2e")
    assert found.status == "supported"
    (flag,) = [flag for flag in found.flags if flag.code == "calls_retried"]
    assert "240 of 240 calls retried" in flag.detail


def test_a_few_retries_decide_no_median() -> None:
    found = judged(tables(0.045, share=0.05), "A is 3 times faster than B", metric="e2e")
    assert found.status == "supported"
    slow = judged(tables(1.0, share=0.2), "A has a p95 end-to-end time under 40 ms", metric="e2e")
    assert slow.status == "inconclusive"


def test_refuted_needs_both_ways_too() -> None:
    verdict = judged(tables(0.1), "B is faster than A", metric="e2e")
    assert verdict.status == "inconclusive"
    assert "retries_decide" in reason_codes(verdict.reasons)


def test_the_whole_wait_of_a_call_that_was_cut_has_no_end() -> None:
    _, calls = tables(0.045)
    rows = calls.arms["A"]
    cut = np.where(np.arange(N) == 0, np.inf, rows.e2e_s)
    rows = rows.but(e2e_s=cut, e2e_with_retries_s=cut + 0.045)
    assert np.isposinf(waited_s(rows)[0])
    np.testing.assert_allclose(waited_s(rows)[1:], 0.045)
    np.testing.assert_allclose(whole_rows(rows).ttft_s[1:], rows.ttft_s[1:] + 0.045)
    assert retried(rows).all()
    assert whole_rows(calls.arms["B"]) is calls.arms["B"]
