"""Durations of many calls at once are those that :mod:`claimbench.tables.timing` defines for one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimbench.tables import timing as tm
from claimbench.tables.dollars import costs_in_order
from claimbench.tables.joined import joined
from claimbench.tables.rows import arm_rows, strings
from claimbench.tables.types import CallRows, FloatArray
from claimbench.types import Attempt, Call, CallRecord, Cost, Outcome, Timing, Usage

STAMP = st.integers(0, 2**62)
LATER = st.one_of(st.none(), st.integers(0, 10**12))


@st.composite
def calls(draw: st.DrawFn) -> tuple[CallRecord, tuple[Attempt, ...]]:
    """A finished call with nothing, one or several attempts behind it."""
    outcome = draw(
        st.sampled_from(
            [Outcome.OK, Outcome.MODEL_TIMEOUT, Outcome.TRUNCATED, Outcome.SERVER_FAULT]
        )
    )
    call = Call("r", draw(st.uuids()).hex, "t", "s", 0, "a", 0, 1)
    attempts = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        sent = draw(STAMP)
        first, answer = draw(LATER), draw(LATER)
        timing = Timing(
            draw(st.one_of(st.none(), STAMP)),
            sent - draw(st.integers(0, sent)),
            sent,
            None if first is None else sent + first,
            None if answer is None else sent + answer,
            (),
            sent + draw(st.integers(0, 10**12)),
            draw(st.sampled_from(["transport", "reported"])),
            draw(st.one_of(st.none(), st.integers(0, 10**10))),
            draw(st.one_of(st.none(), st.integers(0, 10**10))),
        )
        usage = draw(
            st.one_of(st.none(), st.builds(Usage, input_fresh=LATER, output_visible=LATER))
        )
        attempts.append(Attempt(call.id, number, 1, timing, outcome, 200, usage, None, None, "yes"))
    record = CallRecord(
        call, "x", outcome, None, len(attempts), draw(st.sampled_from(["measured", "replayed"]))
    )
    return record, tuple(attempts)


def tables_of(
    found: list[tuple[CallRecord, tuple[Attempt, ...]]],
) -> tuple[CallRows, FloatArray]:
    """The rows of finished calls, and the service time of each; attempts lie in no order."""
    tries = [attempt for _, attempts in found for attempt in reversed(attempts)]
    left = joined([record for record, _ in found], tries, (), {("t", "s"): 0}, {}, {}, None)
    mine = left.of_arm("a")
    mine["call_id"] = mine["call_id"].texts()
    assert mine["call_id"] == [record.call.id for record, _ in found]
    mine["usd"], costs = costs_in_order([Cost(None) for _ in found])
    rows, beside = arm_rows(mine, strings(["cluster"]), costs)
    return rows, beside.service_s


def _opened(first: Timing, final: Timing) -> float:
    """What a call waited for the connection of its first attempt; an open loop's times hold it."""
    if final.scheduled_ns is not None:
        return 0.0
    seconds = tm.opened_s(replace(first, scheduled_ns=None))
    return math.nan if seconds is None else seconds


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(calls(), max_size=6))
def test_durations_of_many_calls(found: list[tuple[CallRecord, tuple[Attempt, ...]]]) -> None:
    many, whole = tables_of(found)
    for k, (record, attempts) in enumerate(found):
        if not attempts:
            assert math.isnan(many.queue_s[k])
            assert np.isnan(
                [many.ttft_s[k], many.e2e_s[k], many.tpot_s[k], many.felt_s[k], whole[k]]
            ).all()
            continue
        final = attempts[-1]
        t, usage, late = final.timing, final.usage, tm.late_s(final.timing)
        timed = (
            record.provenance == "measured"
            and t.stamp_source != "reported"
            and record.outcome.answered
        )
        cut = record.outcome is Outcome.MODEL_TIMEOUT

        def meant(seconds: float | None, timed: bool = timed, cut: bool = cut) -> float:
            if not timed or (seconds is None and not cut):
                return math.nan
            return math.inf if cut or seconds is None else seconds

        def first(seconds: float | None, timed: bool = timed) -> float:
            return seconds if timed and seconds is not None else meant(seconds)

        n_out = None if usage is None else usage.output_total
        together = (t.ended_ns - attempts[0].timing.sent_ns) / tm.NS_PER_S
        want = {
            "ttft_s": first(tm.ttft_s(t)) + late,
            "first_answer_s": first(tm.first_answer_s(t)) + late,
            "tpot_s": meant(tm.tpot_s(t, n_out)),
            "e2e_s": meant(tm.e2e_s(t)) + late,
            "e2e_with_retries_s": meant(together),
            "felt_s": meant(tm.felt_s(t)),
            "queue_s": tm.queue_s(t),
            "opened_s": _opened(attempts[0].timing, final=t) if timed else math.nan,
        }
        for name, value in want.items():
            np.testing.assert_equal(getattr(many, name)[k], value, err_msg=name)
        np.testing.assert_equal(whole[k], meant(tm.e2e_s(t)))
