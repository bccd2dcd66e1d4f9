"""Dollars per 1,000 requests are one number in every place that shows them: a call that failed at
$0 is no request, one that failed and was charged is.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from claimbench.cli import _guarded
from claimbench.cli.books import price_book
from claimbench.decision.choose import decide
from claimbench.decision.words import headline, items_line
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.evaluation.thresholds import METRICS
from claimbench.plan.order import make_plan
from claimbench.pricing.frozen import freeze_suite
from claimbench.store.results import ResultsStore
from claimbench.suite.load import load_suite, suite_to_json
from claimbench.types import Attempt, CallRecord, Manifest, Outcome, Timing, Usage
from claimbench_reports.view.measure import ItemScope, usd_1k
from claimbench_reports.view.series import cost_parts

N = 40
SUITE = """name: tiny
version: 1-0
description: arms whose calls fail in different ways
tasks:
  - name: t
    dataset: {path: d.jsonl, target: label}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b], constrain: false}
    scorers: [label]
    max_tokens: 4
arms:
  - {name: whole, provider: openai, model: m1, cost: {price: {input: 1, output: 4}}}
  - {name: free, provider: openai, model: m2, cost: {price: {input: 2, output: 8}}}
  - {name: charged, provider: openai, model: m3, cost: {price: {input: 2, output: 8}}}
  - {name: cut, provider: openai, model: m4, cost: {price: {input: 2, output: 8}}}
decision:
  incumbent: whole
  criteria:
    - {name: quality, weight: 50, metric: accuracy, worst: 0.5, best: 1}
    - {name: dollars, weight: 50, metric: usd_per_1k, worst: 2, best: 0}
"""
STARTED = datetime(2026, 11, 16, 2, 30, tzinfo=UTC)
SECOND = 1_000_000_000
LOST = {"free": 3, "charged": 2, "cut": 1}
"""Calls that fail, by arm: at $0; charged as their usage says; cut off, so that nobody knows."""


class Fixed:
    def monotonic_ns(self):
        return 0

    def utc(self):
        return STARTED


def attempt_of(call, session, sent, number):
    timing = Timing(
        None, sent, sent, sent + 1000, sent + 1000, (sent + 1000,), sent + SECOND // 100, "sdk"
    )
    usage = Usage(input_fresh=100 + number % 7, output_visible=10, output_reasoning=0)
    place = N - 1 - number if call.arm == "cut" else number  # not where another arm fails too
    if place >= LOST.get(call.arm, 0):
        return Attempt(call.id, 1, session, timing, Outcome.OK, 200, usage, None, None, "yes")
    if call.arm == "free":
        return Attempt(
            call.id, 1, session, timing, Outcome.SERVER_FAULT, 500, None, None, None, "no"
        )
    if call.arm == "charged":
        return Attempt(
            call.id, 1, session, timing, Outcome.SERVER_FAULT, 200, usage, None, None, "yes"
        )
    lost = Outcome.SERVER_FAULT
    tried = Attempt(call.id, 1, session, timing, lost, 200, None, None, None, "unknown")
    return replace(tried, reserved_usd=Decimal("0.01"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    lines = [json.dumps({"text": f"x{i}", "label": "a"}) for i in range(N)]
    (folder / "d.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "s.yaml").write_text(SUITE)
    suite = load_suite(folder / "s.yaml")
    book = freeze_suite(suite, price_book(), STARTED)
    run_id = "20261116T023000Z-abcdef"
    plan = make_plan(suite, run_id, [arm.name for arm in suite.arms])
    manifest = Manifest(
        run_id=run_id,
        schema=1,
        created_utc=STARTED.isoformat(),
        tool_version="0",
        suite_name=suite.name,
        suite_version=suite.version,
        suite_path=suite.path,
        file_sha256=suite.file_sha256,
        measured_sha256=suite.measured_sha256,
        plan_sha256="",
        price_book_sha256=book.sha256,
        suite=suite_to_json(suite),
        arms_run=tuple(a.name for a in suite.arms),
        arms_not_run={},
        arm_facts={},
        limit=None,
        claims=(),
        git={},
        packages={},
        host={},
        seed=42,
        options={"price_book": book.text},
    )
    with ResultsStore.open(folder / "results") as store:
        store.create_run(manifest, plan.calls)
        session = store.start_session(run_id, clock=Fixed(), host={})
        numbers = {}
        with store.writer(run_id) as writer:
            for k, call in enumerate(plan.calls):
                number = numbers[call.arm] = numbers.get(call.arm, -1) + 1
                sent = session.monotonic_origin_ns + k * SECOND // 100
                tried = attempt_of(call, session.n, sent, number)
                writer.attempt(tried)
                text = "a" if tried.outcome is Outcome.OK else ""
                writer.record(CallRecord(call, text, tried.outcome, "stop", 1))
        store.end_session(run_id, session.n, "finished", {})
    return folder / "results"


@pytest.fixture(scope="module")
def evaluation(results):
    with ResultsStore.open(results) as store:
        return evaluate(read_run(store, store.resolve_run(None)))


def expected(evaluation, arm):
    """Dollars per 1,000 requests of an arm, from its bill and its calls alone."""
    costs = [
        evaluation.costs.calls[one.call.id]
        for one in evaluation.stored.records
        if one.call.arm == arm
    ]
    requests = N - (LOST["free"] if arm == "free" else 0)
    if any(cost.amount is None for cost in costs):
        return None
    return float(1000 * sum(cost.amount for cost in costs) / requests)


@pytest.mark.parametrize("arm", ["whole", "free", "charged", "cut"])
def test_every_place_says_the_same_dollars(results, evaluation, capsys, arm):
    wanted = expected(evaluation, arm)
    assert (wanted is None) == (arm == "cut")
    items, rows = evaluation.items, evaluation.items.arms[arm]
    scope = ItemScope(np.ones(N, dtype=bool), np.arange(N), 0.05)
    shown = usd_1k("x", rows, scope)
    _guarded(["reprice", "--results", str(results), "--book", "installed", "--json"])
    repriced = json.loads(capsys.readouterr().out)["arms"][arm]["old"]["usd_per_1000"]
    gate = METRICS["usd_per_1k"][1](rows, evaluation.calls.arms[arm])
    if wanted is None:
        assert (shown.value, repriced) == (None, None)
        assert math.isnan(gate)
        return
    parts = cost_parts(
        SimpleNamespace(
            suite=evaluation.stored.suite,
            records=evaluation.stored.records,
            costs=evaluation.costs.calls,
            items=items,
        )
    )
    said = {
        "report": shown.value,
        "reprice": float(repriced),
        "gate": gate,
        "components": sum(one.usd_1k.value for one in parts if one.arm == arm),
    }
    assert said == dict.fromkeys(said, pytest.approx(wanted))


def test_bounds_of_an_unknown_bill_are_over_the_same_requests(results, evaluation, capsys):
    _guarded(["reprice", "--results", str(results), "--book", "installed"])
    text = capsys.readouterr().out
    line = next(one for one in text.splitlines() if one.startswith("  cut:"))
    low, high = (float(part.strip(" $")) for part in line.split("unknown, ")[-1].split(" to "))
    bill = evaluation.costs.by_arm(one.call for one in evaluation.stored.records)["cut"]
    wanted = [float(1000 * end / N) for end in (bill.low, bill.high)]
    assert wanted[0] < wanted[1]
    assert [low, high] == pytest.approx(wanted, abs=1e-6)


def test_rows_of_an_export_sum_to_the_same_dollars(results, evaluation, tmp_path):
    out = tmp_path / "rows.csv"
    _guarded(["export", "--results", str(results), "--format", "csv", "--output", str(out)])
    with out.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["arm"] == "free"]
    requests = [row for row in rows if row["outcome"] == "ok" or float(row["cost_usd"]) > 0]
    total = sum(float(row["cost_usd"]) for row in rows)
    assert 1000 * total / len(requests) == pytest.approx(expected(evaluation, "free"))


def test_a_decision_knows_what_failed_at_nothing_and_names_what_it_does_not_know(evaluation):
    found = decide(evaluation)
    assert found is not None
    assert set(found.why_no_total) == {"cut"}
    assert found.totals.measured["free"][1].figure == pytest.approx(
        1000 * np.nanmean(evaluation.items.arms["free"].usd), rel=0.02
    )
    assert found.against["free"].dollars is not None
    assert "cut has no total (the dollars of 1 of 37 samples are not known)" in headline(found)
    scored = int(
        np.all([~np.isnan(one.score) for one in evaluation.items.arms.values()], axis=0).sum()
    )
    assert f"quality on the {scored} samples that all arms have a score of" in items_line(found, N)
    assert "dollars on the 37 samples that all arms answered or charged for" in items_line(found, N)
