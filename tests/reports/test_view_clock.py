"""Which clock made an arm's times, and how a local engine's own counters stand beside ours."""

from __future__ import annotations

from dataclasses import replace

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.build import build_view
from claimbench_reports.view.clock import clocks
from claimbench_reports.view.inputs import ReportData

ENGINE = {"prompt_n": 100.0, "predicted_n": 11.0, "prompt_ms": 198.0, "predicted_ms": 990.0}


def test_an_engines_own_speeds_stand_beside_ours(data: ReportData) -> None:
    local = data.suite.arms[0].name
    calls = {
        record.call.id
        for record in data.records
        if record.call.arm == local and record.outcome.answered
    }
    told = [a for a in data.attempts if a.call_id in calls and a.outcome.answered]
    assert told

    def stamped(engine: dict[str, float]) -> ReportData:
        attempts = []
        for attempt in data.attempts:
            if attempt not in told:
                attempts.append(attempt)
                continue
            first = attempt.timing.sent_ns + 200_000_000
            timing = replace(
                attempt.timing,
                first_content_ns=first,
                chunk_ns=(first, first + 1_000_000_000),
                stamp_source="in_process",
                engine=engine,
            )
            attempts.append(replace(attempt, timing=timing))
        return replace(data, attempts=tuple(attempts))

    every = dict(clocks(stamped(ENGINE)))[f"Clock of {local}"]
    assert every["times stamped around the engine, in our process"] == f"{len(told)} calls"
    assert every["prefill, tokens per second"] == (
        f"500.0 by our stamps, 505.1 by the engine's own counters (-1.0%; {len(told)} calls)"
    )
    assert every["decode, tokens per second"] == (
        f"10.0 by our stamps, 10.1 by the engine's own counters (-1.0%; {len(told)} calls)"
    )
    page = render_html(build_view(stamped(ENGINE), Redactor()))
    assert "500.0 by our stamps, 505.1 by the engine" in page
    assert set(dict(clocks(stamped({})))[f"Clock of {local}"]) == {
        "times stamped around the engine, in our process"
    }


def test_an_arm_without_answers_has_no_clock(data: ReportData) -> None:
    assert clocks(replace(data, attempts=())) == []
