"""Figures of arms whose conversations were over before all their turns were asked."""

from __future__ import annotations

import numpy as np

from claimbench.testing.tables import tables_from_arrays
from claimbench_reports.view import measure
from claimbench_reports.view.arms import _missing

N = 60
OVER = np.tile([False, False, True], N // 3)


def test_dollars_of_fewer_turns_are_no_exact_figure() -> None:
    items, _ = tables_from_arrays(
        {"a": np.where(OVER, 0.0, 1.0), "b": np.ones(N)},
        usd={"a": np.where(OVER, np.nan, 2e-5), "b": np.full(N, 2e-5)},
        outcome={"a": np.where(OVER, "ended", "ok").tolist(), "b": ["ok"] * N},
    )
    scope = measure.ItemScope(np.ones(N, dtype=np.bool_), np.arange(N), 0.05)
    shown = {arm: measure.usd_1k("x", items.arms[arm], scope) for arm in "ab"}
    assert shown["a"].text == shown["b"].text
    assert shown["b"].interval.startswith("exactly")
    assert (shown["a"].interval, shown["a"].low) == ("", None)
    assert shown["a"].note == "40 of 60 turns: the others were not asked"
    correct = measure.usd_1k_correct("x", items.arms["a"], scope)
    assert measure.UNASKED in correct.note
    assert "exactly" not in correct.interval


def test_a_turn_is_missing_or_not_asked_and_never_both() -> None:
    ends = np.array(["ok"] * N, dtype="<U20")
    ends[:4], ends[4:12], ends[12:22] = "server_fault", "cancelled", "ended"
    score = np.where(np.arange(N) < 12, np.nan, 1.0)
    items, _ = tables_from_arrays({"a": score}, outcome={"a": ends.tolist()})
    arm, everything = items.arms["a"], np.ones(N, dtype=np.bool_)
    missing = _missing("x", arm, everything)
    assert (missing.value, int(arm.n_ended.sum())) == (12, 10)
    assert missing.note == "8 of them turns that a fault before them kept from being asked"
