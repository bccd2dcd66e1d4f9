"""No verdict about speed per token stands on a vendor's own counts of tokens alone."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.tables.text_sizes import MARKS
from claimbench.tables.types import CallRows, CallTable, ItemTable
from claimbench.tables.ways.token_counts import by_characters, impossible, within_text
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.1, N)
CHARS = 66


def with_counts(
    rows: CallRows, tokens: float, chars: float, source: str, reasoning: float = np.nan
) -> CallRows:
    """The same calls with so many tokens and characters each."""
    seconds = rows.e2e_s - rows.ttft_s
    return rows.but(
        n_out=np.full(N, tokens),
        n_reasoning=np.full(N, reasoning),
        tpot_s=seconds / (tokens - 1),
        n_chars=np.full(N, chars),
        most_tokens=np.full(N, chars + MARKS),
        stamp_source=np.asarray([source] * N, dtype=np.str_),
    )


def tables(
    tokens: float,
    chars: float = CHARS,
    pace: float = 1.0,
    source: str = "kernel",
    reasoning: float = np.nan,
) -> tuple[ItemTable, CallTable]:
    """B says 12 tokens for 66 characters in 0.12 s, A ``tokens`` for ``chars``, so much faster."""
    first = {"A": 0.05 * NOISE, "B": 0.05 * NOISE[::-1]}
    ends = {"A": 0.05 * NOISE + 0.12 / pace * NOISE, "B": (0.05 + 0.12) * NOISE[::-1]}
    sent = {"A": np.arange(N) * 3.75, "B": np.arange(N) * 3.75 + 1}
    items, calls = tables_from_arrays(
        {a: np.ones(N) for a in "AB"}, ttft_s=first, e2e_s=ends, sent_utc_s=sent
    )
    return items, CallTable(
        {
            "A": with_counts(calls.arms["A"], tokens, chars, source, reasoning),
            "B": with_counts(calls.arms["B"], 12, CHARS, "kernel"),
        }
    )


def judged(made: tuple[ItemTable, CallTable], text: str) -> Verdict:
    claim = parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())
    return decide_claims([claim], *made, ClaimContext())[0]


SPEED = "A has twice the throughput of B"
LIMIT = "A has a p50 time per output token under 4 ms"


def test_more_tokens_for_the_same_text_are_no_speed() -> None:
    assert judged(tables(12, pace=3), SPEED).status == "supported"
    found = judged(tables(60), SPEED)
    assert found.status == "inconclusive"
    assert "tokens_decide" in reason_codes(found.reasons)
    assert "at a median of 60 tokens" in found.sentence
    assert "a character at a median of 66 characters" in found.sentence


def test_fewer_tokens_refute_no_speed() -> None:
    found = judged(tables(4, pace=3), SPEED)
    assert found.status == "inconclusive"
    assert "tokens_decide" in reason_codes(found.reasons)


def test_hidden_reasoning_is_no_speed_of_what_came_after_it() -> None:
    for text in (SPEED, LIMIT):
        found = judged(tables(1012, reasoning=1000), text)
        assert found.status == "inconclusive"
        assert "tokens_decide" in reason_codes(found.reasons)
        assert "tokens_impossible" not in reason_codes(found.reasons)


@pytest.mark.parametrize("text", [SPEED, LIMIT])
def test_more_tokens_than_bytes_are_no_count(text: str) -> None:
    found = judged(tables(200), text)
    assert found.status == "inconclusive"
    assert "tokens_impossible" in reason_codes(found.reasons)
    assert "240 of 240 calls count more output tokens than their text can have" in found.sentence
    assert "not known by the text that came" in found.sentence


def test_a_limit_is_judged_with_no_more_tokens_than_bytes() -> None:
    assert judged(tables(60), LIMIT).status == "supported"
    few = tables(50, chars=8)  # 40 at most are possible, and the vendor says that it thought aloud
    rows = few[1].arms["A"]
    rows = rows.but(n_reasoning=np.full(N, 30.0), first_answer_s=rows.ttft_s + 0.01)
    made = few[0], CallTable({**few[1].arms, "A": rows})
    assert judged(made, "A has a p50 time per output token under 2.8 ms").status == "inconclusive"
    assert judged(made, LIMIT).status == "supported"


@pytest.mark.parametrize("text", [SPEED, LIMIT])
def test_counts_of_this_machine_are_its_own(text: str) -> None:
    of_limit = judged(tables(200, source="in_process"), text)
    if text == LIMIT:
        assert of_limit.status == "supported"
    else:  # the other arm's vendor counts
        assert "tokens_decide" in reason_codes(of_limit.reasons)


def test_texts_that_were_withheld_bear_nothing_out() -> None:
    items, calls = tables(60)
    rows = calls.arms["A"].but(n_chars=None, most_tokens=None)
    assert judged((items, CallTable({**calls.arms, "A": rows})), SPEED).status == "supported"
    none = np.full(N, np.nan)
    rows = calls.arms["A"].but(n_chars=none, most_tokens=none)
    assert judged((items, CallTable({**calls.arms, "A": rows})), SPEED).status == "inconclusive"


def test_calls_without_text_stay_out_and_cut_ones_stay_last() -> None:
    rows = tables(60)[1].arms["A"]
    chars, most = np.full(N, float(CHARS)), np.full(N, float(CHARS + MARKS))
    tokens, speed = np.full(N, 60.0), rows.tpot_s.copy()
    chars[0] = most[0] = np.nan
    speed[1] = np.inf
    tokens[2] = np.nan  # no usage: the text counts all the same
    tokens[3] = 1
    odd = rows.but(n_chars=chars, most_tokens=most, n_out=tokens, tpot_s=speed)
    found = by_characters(odd).tpot_s
    assert np.isnan(found[[0, 3]]).all()
    assert np.isposinf(found[1])
    seconds = rows.e2e_s - rows.ttft_s
    np.testing.assert_allclose(found[[2, 4]], seconds[[2, 4]] / CHARS)
    bounded = within_text(odd).tpot_s
    assert np.isnan(bounded[[0, 2, 3]]).all()
    np.testing.assert_allclose(bounded[4], seconds[4] / 59)
    assert not impossible(odd).any()
