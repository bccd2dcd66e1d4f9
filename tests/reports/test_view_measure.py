"""Figures of one arm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from claimbench.testing.tables import tables_from_arrays
from claimbench_reports.view.measure import (
    ItemScope,
    call_scope,
    missing,
    output_speed,
    quality,
    usd_1k,
    usd_1k_correct,
)

N = 30


@pytest.mark.parametrize(("n_answered", "text"), [(0, "no answers"), (1, None), (N, None)])
def test_dollars_per_request_need_an_answer(n_answered: int, text: str | None) -> None:
    """A machine's failed calls cost its time; that is in the bill, and no price of a request."""
    score = [1.0] * n_answered + [math.nan] * (N - n_answered)
    items, _ = tables_from_arrays({"own": score}, usd={"own": np.linspace(1e-4, 2e-4, N)})
    found = usd_1k("x", items.arms["own"], ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05))
    assert (found.value is None) == (text is not None)
    if text is not None:
        assert found.text == text
    else:
        assert found.value == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("n_failed", "text"), [(0, "not scored"), (4, "not scored"), (N, "no answers")]
)
def test_an_arm_that_nobody_scored_has_answers_all_the_same(n_failed: int, text: str) -> None:
    """As a log of traffic: dollars and times, and no word on quality."""
    items, _ = tables_from_arrays({"own": [math.nan] * N}, usd={"own": [1e-4] * N})
    failed = np.arange(N) < n_failed
    ones = np.ones(N, dtype=int)
    arm = replace(
        items.arms["own"],
        n_finished=ones,
        n_errors=failed.astype(int),
        n_missing=ones,
        n_calls=ones,
    )
    scope = ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05)
    assert quality("x", arm, scope).text == text
    shown = missing("x", arm, scope.mask)
    assert (shown.value, "nothing was scored" in shown.note) == (n_failed, True)


@pytest.mark.parametrize(
    ("known", "text", "note"),
    [
        (0, "unknown", "known for 0 of 30"),
        (9, "unknown", "known for 9 of 30"),
        (14, "unknown", "known for 14 of 30"),
        (21, "$0.1", "known for 21 of 30"),
        (N, "$0.1", ""),
    ],
)
def test_dollars_known_of_some_items_are_no_figure_of_all(known: int, text: str, note: str) -> None:
    usd = np.where(np.arange(N) < known, 1e-4, math.nan)
    items, _ = tables_from_arrays({"own": [1.0] * N}, usd={"own": usd})
    scope = ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05)
    found = usd_1k("x", items.arms["own"], scope)
    assert found.text.startswith(text)
    assert note in found.note
    assert bool(note) == ("known for" in found.note)
    assert (usd_1k_correct("x", items.arms["own"], scope).value is None) == (2 * known < N)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (0, ""),
        (1, "1 of 30 items without a score left out, and their about $0.0001 of $0.003"),
        (10, "10 of 30 items without a score left out, and their about $0.001 of $0.003"),
    ],
)
def test_dollars_per_correct_answer_say_what_they_leave_out(lost: int, said: str) -> None:
    score = [math.nan] * lost + [1.0] * (N - lost)
    items, _ = tables_from_arrays({"own": score}, usd={"own": [1e-4] * N})
    ones = np.ones(N, dtype=int)
    arm = replace(items.arms["own"], n_finished=ones, n_errors=0 * ones)
    found = usd_1k_correct("x", arm, ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05))
    assert found.note == said


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lost", [0, 1, N])
def test_output_speed_of_answers_that_timed_out_is_silent(lost: int) -> None:
    e2e = np.where(np.arange(N) < lost, math.inf, 2.0)
    ttft = np.where(np.arange(N) < lost, math.inf, 1.0)
    _, calls = tables_from_arrays({"own": [1.0] * N})
    rows = replace(calls.arms["own"], e2e_s=e2e, ttft_s=ttft, n_out=np.full(N, 11.0))
    scope = call_scope(rows, np.arange(N), np.ones(N, dtype=bool), 0.05)
    found = output_speed("x", scope)
    assert found.value == (None if lost == N else pytest.approx(10))
