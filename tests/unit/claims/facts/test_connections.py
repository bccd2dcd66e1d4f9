"""No verdict about time stands on leaving out the wait for connections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.evaluation.lines.connection_lines import connection_lines
from claimbench.evaluation.thresholds import METRICS
from claimbench.tables.types import CallTable, ItemTable
from claimbench.tables.waits import from_opening, opens_often, whole_rows
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.1, N)


def tables(opened: float | None, share: float = 1.0, waited: float = 0) -> tuple[ItemTable, Any]:
    """A answers in 5 ms after ``opened`` seconds for a connection on a share of its calls, B in 64 ms.

    ``waited``: seconds of attempts before.
    """
    times = {"A": 0.005 * NOISE, "B": 0.064 * NOISE[::-1]}
    sent = {"A": np.arange(N) * 3.75, "B": np.arange(N) * 3.75 + 1}
    items, calls = tables_from_arrays(
        {a: np.ones(N) for a in "AB"}, ttft_s=times, e2e_s=times, sent_utc_s=sent
    )
    if opened is None:
        return items, calls
    rows = calls.arms["A"]
    rows = rows.but(
        opened_s=np.where(np.arange(N) < share * N, opened, 0.0),
        n_attempts=np.full(N, 2 if waited else 1),
        e2e_with_retries_s=rows.e2e_s + waited,
    )
    kept = calls.arms["B"].but(opened_s=np.full(N, np.nan))  # nobody tells
    return items, CallTable({"A": rows, "B": kept})


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
def test_a_verdict_that_leaves_the_opening_out_is_none(text: str, metric: str) -> None:
    for before in (tables(None), tables(0.0)):
        assert judged(before, text, metric=metric).status == "supported"
    found = judged(tables(0.045), text, metric=metric)
    assert found.status == "inconclusive"
    assert "connections_decide" in reason_codes(found.reasons)
    assert "240 of 240 calls opened a connection of their own, in 0.045 s (median)" in (
        found.sentence
    )


def test_refuted_needs_both_ways_too() -> None:
    verdict = judged(tables(0.1), "B is faster than A", metric="e2e")
    assert verdict.status == "inconclusive"
    assert "connections_decide" in reason_codes(verdict.reasons)


def test_a_verdict_that_stands_in_both_ways_says_that_connections_were_opened() -> None:
    found = judged(tables(0.002), "A is 3 times faster than B", metric="e2e")
    assert found.status == "supported"
    (flag,) = [flag for flag in found.flags if flag.code == "connections_opened"]
    assert "in 0.002 s (median)" in flag.detail


def test_the_first_calls_of_a_run_may_open_theirs() -> None:
    made = tables(9.0, share=0.05)
    found = judged(made, "A has a p95 end-to-end time under 40 ms", metric="e2e")
    assert found.status == "supported"
    assert not found.flags or "connections_opened" not in reason_codes(found.flags)
    assert connection_lines(made[1], "AB") == []
    rows = made[1].arms["A"]
    assert not opens_often(rows)
    assert whole_rows(rows) is rows
    assert from_opening(rows).e2e_s[0] > 9


def test_retries_and_connections_count_together() -> None:
    text = "A has a p50 end-to-end time under 40 ms"
    assert judged(tables(0.02), text, metric="e2e").status == "supported"
    assert judged(tables(0.0, waited=0.02), text, metric="e2e").status == "supported"
    assert judged(tables(0.02, waited=0.02), text, metric="e2e").status == "inconclusive"


def test_thresholds_and_warnings_hold_the_wait() -> None:
    _, calls = tables(0.045)
    rows = calls.arms["A"]
    assert METRICS["e2e_p50_s"][1](None, rows) > 0.045  # type: ignore[arg-type]
    (line,) = connection_lines(calls, "AB")
    assert line.startswith("A: 240 of 240 calls opened a connection of their own, in 0.045 s")


def test_calls_left_out_as_warm_up_do_not_count() -> None:
    rows = tables(0.5, share=0.1)[1].arms["A"]
    assert opens_often(rows)
    warm = np.arange(N) < 0.1 * N
    blank = {name: np.where(warm, np.nan, getattr(rows, name)) for name in ("e2e_s", "opened_s")}
    assert not opens_often(rows.but(**blank))
