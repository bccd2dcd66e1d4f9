"""Records to tables: outcomes, epochs, cached answers, dollars, clocks of several sessions,
clusters, blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from claimbench.evaluation import frames
from claimbench.tables import timing as tm
from claimbench.tables.build import CallTable, ItemTable, build_tables
from claimbench.tables.rows import time_blocks
from claimbench.types import (
    AnswerSpec,
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    CallRecord,
    Cost,
    ErrorPolicy,
    LoadSpec,
    Manifest,
    Message,
    Outcome,
    Sample,
    SamplingParams,
    Score,
    ScorerSpec,
    Session,
    Suite,
    Task,
    Timing,
    Usage,
)

S = 1_000_000_000


def make_timing(
    sent: int = 0, first: int | None = 1, end: int = 5, chunks: tuple[int, ...] = ()
) -> Timing:
    seconds = None if first is None else first * S
    return Timing(
        None,
        sent * S,
        sent * S,
        seconds,
        seconds,
        tuple(c * S for c in chunks),
        end * S,
        "in_process",
    )


def make_task(name: str = "t", samples: Sequence[Sample] = ()) -> Task:
    return Task(
        name,
        tuple(samples),
        (Message("user", "{{ x }}"),),
        (),
        AnswerSpec("label", ("a",)),
        (ScorerSpec("label"),),
        8,
    )


def make_sample(
    name: str, text: str | None = None, cluster: str | None = None, **slices: str
) -> Sample:
    return Sample(name, {"x": name if text is None else text}, "a", cluster or name, slices)


def make_suite(tasks: Sequence[Task]) -> Suite:
    arms = (Arm("A", "p", "m"), Arm("B", "p", "n"))
    return Suite(
        "s",
        "1-0",
        "",
        "s.yaml",
        tuple(tasks),
        arms,
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        (),
        {},
        "f",
        "m",
    )


def make_manifest(arms: tuple[str, ...] = ("A", "B")) -> Manifest:
    return Manifest(
        "r",
        1,
        "2026-01-01T00:00:00+00:00",
        "0",
        "s",
        "1-0",
        "s.yaml",
        "f",
        "m",
        "p",
        None,
        {},
        arms,
        {},
        {},
        None,
        (),
        {},
        {},
        {},
        1,
    )


class Bench:
    """Collects calls and what became of them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.suite = make_suite(tasks)
        self.calls: list[Call] = []
        self.records: list[CallRecord] = []
        self.attempts: list[Attempt] = []
        self.scores: list[Score] = []
        self.costs: dict[str, Cost] = {}

    def add(
        self,
        arm: str,
        sample: str,
        outcome: Outcome | None = Outcome.OK,
        value: float | None = 1.0,
        **kw: Any,
    ) -> Call:
        call = Call(
            "r",
            f"c{len(self.calls)}",
            kw.get("task", "t"),
            sample,
            kw.get("epoch", 1),
            arm,
            0,
            len(self.calls),
        )
        self.calls.append(call)
        if outcome is None:
            return call
        timings = kw.get("timings", [make_timing()])
        for number, (timing, session) in enumerate(
            zip(timings, kw.get("sessions", [1] * len(timings)), strict=True), 1
        ):
            usage = Usage(input_fresh=10, cache_read=2, output_visible=kw.get("n_out", 5))
            self.attempts.append(
                Attempt(call.id, number, session, timing, outcome, 200, usage, {}, None, "yes")
            )
        self.records.append(
            CallRecord(call, "a", outcome, "stop", len(timings), kw.get("provenance", "measured"))
        )
        if value is not None:
            self.scores.append(Score(call.id, "label", "1", kw.get("status", "scored"), value))
        if "cost" in kw:
            self.costs[call.id] = kw["cost"]
        return call

    def tables(self) -> tuple[ItemTable, CallTable]:
        sessions = [
            Session("r", 1, "2026-01-01T00:00:00+00:00", 0, {}),
            Session("r", 2, "2026-01-01T01:00:00+00:00", 7 * S, {}),
        ]
        return build_tables(
            self.suite,
            make_manifest(),
            sessions,
            self.calls,
            self.records,
            self.attempts,
            self.scores,
            self.costs,
        )


def one_task(n: int = 3) -> Bench:
    return Bench([make_task("t", [make_sample(f"s{i}") for i in range(n)])])


@pytest.mark.parametrize(
    ("outcome", "score", "e2e"),
    [
        (Outcome.OK, 1.0, 5.0),
        (Outcome.EMPTY, 0.0, 5.0),
        (Outcome.REFUSED, 0.0, 5.0),
        (Outcome.TRUNCATED, 0.0, 5.0),
        (Outcome.MODEL_TIMEOUT, 0.0, math.inf),
        (Outcome.SERVER_FAULT, math.nan, math.nan),
        (Outcome.RATE_LIMITED, math.nan, math.nan),
        (Outcome.AUTH, math.nan, math.nan),
    ],
)
def test_outcome_table(outcome: Outcome, score: float, e2e: float) -> None:
    bench = one_task(1)
    bench.add("A", "s0", outcome)
    items, calls = bench.tables()
    np.testing.assert_equal(items.arms["A"].score[0], score)
    np.testing.assert_equal(calls.arms["A"].e2e_s[0], e2e)
    assert items.arms["A"].n_missing[0] == int(math.isnan(score))
    np.testing.assert_equal(
        items.arms["A"].score_errors_wrong[0], 0.0 if math.isnan(score) else score
    )


def test_timeout_after_the_first_token_keeps_its_ttft() -> None:
    bench = one_task(2)
    bench.add("A", "s0", Outcome.MODEL_TIMEOUT)
    bench.add("A", "s1", Outcome.MODEL_TIMEOUT, timings=[make_timing(first=None)])
    calls = bench.tables()[1].arms["A"]
    assert calls.ttft_s.tolist() == [1.0, math.inf]
    assert calls.tpot_s.tolist() == [math.inf, math.inf]


def test_what_is_the_same_of_all_calls_of_an_arm_is_kept_once() -> None:
    bench = one_task(3)
    for k, first in enumerate((1, 2, 3)):
        bench.add("A", f"s{k}", timings=[make_timing(first=first)])
        bench.add("B", f"s{k}", timings=[make_timing(first=1)])
    calls = bench.tables()[1]
    mine, other = calls.arms["A"], calls.arms["B"]
    assert mine.session.strides == (0,)
    assert mine.session.tolist() == other.session.tolist() == [1, 1, 1]
    assert mine.ttft_s.tolist() == [1.0, 2.0, 3.0]
    assert mine.first_answer_s is mine.ttft_s
    assert other.ttft_s.strides == (0,)


def test_unfinished_and_unplanned() -> None:
    bench = one_task(2)
    bench.add("A", "s0", None)
    bench.add("A", "s1")
    items, _ = bench.tables()
    assert items.items == ("t/s0", "t/s1")
    assert items.arms["A"].n_missing.tolist() == [1, 0]
    assert items.arms["A"].score_errors_wrong.tolist() == [0.0, 1.0]
    assert items.arms["B"].n_calls.tolist() == [0, 0]
    assert np.isnan(items.arms["B"].score).all()
    assert np.isnan(items.arms["B"].score_errors_wrong).all()


def test_epochs_are_averaged_and_cached_copies_are_no_draws() -> None:
    bench = one_task(2)
    for epoch, value in enumerate((1.0, 0.0, 1.0), 1):
        bench.add("A", "s0", value=value, epoch=epoch)
    bench.add("A", "s1", value=1.0, epoch=1)
    bench.add("A", "s1", value=1.0, epoch=2, provenance="provider_cached")
    items, calls = bench.tables()
    arm = items.arms["A"]
    assert arm.score.tolist() == pytest.approx([2 / 3, 1.0])
    assert arm.n_epochs.tolist() == [3, 1]
    assert arm.score_var[0] == pytest.approx(1 / 3)
    assert math.isnan(arm.score_var[1])
    assert arm.n_cached.tolist() == [0, 1]
    assert np.isnan(calls.arms["A"].ttft_s).tolist() == [False, False, False, False, True]


def test_unscored_is_missing_and_unparsable_is_wrong() -> None:
    bench = one_task(3)
    bench.add("A", "s0", value=None)
    bench.add("A", "s1", value=0.0, status="unparsable")
    bench.add("A", "s2", value=math.nan, status="unscored")
    arm = bench.tables()[0].arms["A"]
    np.testing.assert_equal(arm.score, [math.nan, 0.0, math.nan])
    assert arm.n_unparsable.tolist() == [0, 1, 0]


def test_dollars_unknown_stays_unknown_and_a_range_is_kept() -> None:
    bench = one_task(3)
    bench.add("A", "s0", cost=Cost(Decimal("0.01"), basis="list_price", price_id="p1"))
    bench.add("A", "s1", cost=Cost(None, low=Decimal(0), high=Decimal("0.02")))
    bench.add("A", "s2", cost=Cost(None, why_unknown="no price"))
    arm = bench.tables()[0].arms["A"]
    np.testing.assert_allclose(arm.usd, [0.01, math.nan, math.nan])
    np.testing.assert_allclose(arm.usd_low, [0.01, 0.0, math.nan])
    np.testing.assert_allclose(arm.usd_high, [0.01, 0.02, math.nan])
    assert (arm.price_ids, arm.cost_bases, arm.cost_why_unknown) == (
        ("p1",),
        ("list_price",),
        ("no price",),
    )


def test_a_free_fault_is_no_request_but_a_billed_one_is() -> None:
    bench = one_task(2)
    bench.add("A", "s0", Outcome.SERVER_FAULT, cost=Cost(Decimal(0)))
    bench.add("A", "s1", Outcome.SERVER_FAULT, cost=Cost(Decimal("0.03")))
    np.testing.assert_allclose(bench.tables()[0].arms["A"].usd, [math.nan, 0.03])


def test_sessions_are_placed_on_one_utc_line() -> None:
    bench = one_task(2)
    bench.add("A", "s0", timings=[make_timing(sent=2, first=3, end=4)])
    bench.add("A", "s1", timings=[make_timing(sent=8, first=9, end=10)], sessions=[2])
    sent = bench.tables()[1].arms["A"].sent_utc_s
    assert sent[1] - sent[0] == pytest.approx(3600 + 1 - 2)


def test_retries_count_in_the_time_with_retries_only() -> None:
    bench = one_task(1)
    bench.add("A", "s0", timings=[make_timing(0, None, 1), make_timing(3, 4, 6)])
    calls = bench.tables()[1].arms["A"]
    assert calls.e2e_s[0] == 3.0
    assert calls.ttft_s[0] == 1.0
    assert calls.e2e_with_retries_s[0] == 6.0
    assert calls.busy_s[0] == 4.0


def test_retry_after_a_restart_does_not_mix_clocks() -> None:
    bench = one_task(1)
    bench.add(
        "A", "s0", timings=[make_timing(100, None, 101), make_timing(8, 9, 10)], sessions=[1, 2]
    )
    assert bench.tables()[1].arms["A"].e2e_with_retries_s[0] == pytest.approx(3.0)


def test_clusters_twins_and_tasks_on_the_same_inputs() -> None:
    route = make_task(
        "route", [make_sample("1", "x", "c1"), make_sample("2", "y"), make_sample("3", "y")]
    )
    extract = make_task("extract", [make_sample("1", "x", "c1")])
    other = make_task("other", [make_sample("1", "unrelated")])
    bench = Bench([route, extract, other])
    for task in (route, extract, other):
        for sample in task.samples:
            bench.add("A", sample.id, task=task.name)
    items, calls = bench.tables()
    cluster = dict(zip(items.items, items.cluster.tolist(), strict=True))
    assert cluster["route/2"] == cluster["route/3"]
    assert cluster["route/1"] == cluster["extract/1"]
    assert cluster["other/1"] not in {cluster["route/1"], cluster["route/2"]}
    assert calls.arms["A"].cluster.tolist() == items.cluster.tolist()


def test_slices_and_frames() -> None:
    bench = Bench([make_task("t", [make_sample("s0", language="de"), make_sample("s1")])])
    bench.add("A", "s0")
    bench.add("A", "s1")
    items, calls = bench.tables()
    assert items.slices["language"].tolist() == ["de", ""]
    frame = frames.items(items)
    assert frame[frame.arm == "A"].score.tolist() == [1.0, 1.0]
    assert frames.calls(calls, items.items).item.tolist() == ["t/s0", "t/s1"]
    assert frames.attempts(bench.attempts, bench.calls).arm.tolist() == ["A", "A"]


def test_blocks_never_span_sessions_and_are_a_minute_at_most() -> None:
    sent = np.asarray([0.0, 70.0, 3600.0, 3700.0, 5000.0])
    block, length = time_blocks(sent, np.full(5, 1.0), np.asarray([1, 1, 2, 2, 2]))
    assert length == 60.0
    assert block.tolist() == [0, 1, 2, 3, 25]
    block, length = time_blocks(np.arange(24.0), np.full(24, 1.0), np.ones(24, dtype=np.int64))
    assert length == 2.0
    assert len(set(block.tolist())) == 12
    assert time_blocks(np.full(3, math.nan), np.full(3, math.nan), np.zeros(3, dtype=np.int64))[
        0
    ].tolist() == [0, 0, 0]


def test_timing_formulas() -> None:
    t = Timing(1 * S, 2 * S, 3 * S, 4 * S, 5 * S, (4 * S, 5 * S, 7 * S), 8 * S, "kernel")
    assert (tm.ttft_s(t), tm.first_answer_s(t), tm.e2e_s(t), tm.queue_s(t), tm.felt_s(t)) == (
        1.0,
        2.0,
        5.0,
        1.0,
        7.0,
    )
    assert tm.tpot_s(t, 5) == 1.0
    assert tm.tpot_s(t, 1) is None
    assert tm.tpot_s(t, None) is None
    assert tm.chunk_gaps_s(t) == (1.0, 2.0)
