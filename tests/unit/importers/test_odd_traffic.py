"""Logs of requests with the odd rows that production has: dollars and seconds equal a plain sum
over the rows that a person would count, and what is unknown is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importers.test_logs import (
    COMMON,
    PLAIN,
    generation,
    litellm_row,
    observation,
    otlp,
    put,
    span,
)

from claimbench.importers.detect import read_files
from claimbench.importers.imported import Imported


def dollars(found: Imported) -> Decimal:
    return sum((call.billed_usd for call in found.calls if call.billed_usd), Decimal())


def seconds(found: Imported) -> float:
    return sum(call.latency_s for call in found.calls if call.latency_s)


def said(found: Imported, words: str) -> bool:
    return any(words in note for note in found.notes)


def test_litellms_odd_rows(tmp_path: Path) -> None:
    rows = [
        litellm_row(0, spend=0.001),
        litellm_row(1, spend="2.5e-05"),
        litellm_row(2, spend="$0.003"),
        litellm_row(3, spend=0),
        litellm_row(4, spend=None),
        litellm_row(5, spend=-1),
        litellm_row(6, spend=0.004, cache_hit=True),
        litellm_row(7, spend=0.0, cache_hit="True"),
        litellm_row(8, cache_hit="None", spend=0.002),
        litellm_row(9, status="failure", spend=0.0, response={}, endTime=None),
        litellm_row(10, prompt_tokens=None, completion_tokens=None, spend=0.001),
        litellm_row(11, endTime="2026-09-01T08:00:00.000Z", spend=0.001),
        litellm_row(12, model="", model_group=None, spend=0.001),
        litellm_row(13, completionStartTime="2026-09-01T08:00:00.000Z", spend=0.001),
    ]
    found = read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)
    # 0.001 + 0.000025 + 0.003 + 0.002 + 0.001 * 4; caches, 0, null and below 0 have none
    assert dollars(found) == Decimal("0.010025")
    whole = [i for i in range(14) if i not in (6, 7, 9, 11)]
    assert seconds(found) == pytest.approx(sum(0.9 - i * 37 % 100 / 1000 for i in whole), abs=2)
    assert said(found, "2 of 14 requests answered from a cache")
    assert said(found, "4 of 14 requests without dollars")
    assert said(found, "1 requests name no model")
    assert said(found, "1 of 14 requests with a fault")
    assert found.calls[13].ttft_s is None


def test_the_seconds_of_litellm_are_the_sum_of_its_moments(tmp_path: Path) -> None:
    rows = [litellm_row(i) for i in range(40)]
    found = read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)
    total = 0.0
    for row in rows:
        total += float(row["endTime"][17:-1]) - float(row["startTime"][17:-1])
    assert seconds(found) == pytest.approx(total)
    assert dollars(found) == Decimal("0.08")


def test_openrouters_odd_rows(tmp_path: Path) -> None:
    rows = [
        generation(0, cost_total="0.0012"),
        generation(1, cost_total=0),
        generation(2, cost_total="", byok_usage_inference="0.002"),
        generation(3, cancelled="true", cost_total="0.0005"),
        generation(4, finish_reason_normalized="error", cost_total=0),
        generation(5, streamed="false", cost_total="1e-6"),
        generation(6, generation_time_ms="", cost_total="0.001"),
        generation(7, generation_time_ms="-5", cost_total="0.001"),
        generation(8, tokens_prompt="", tokens_completion="", cost_total="0.001"),
        generation(9, model_permaslug="", cost_total="0.001"),
    ]
    found = read_files([put(tmp_path / "a.csv", rows)], PLAIN)
    assert dollars(found) == Decimal("0.007701")
    assert seconds(found) == pytest.approx(8 * 1.5)
    assert [call.error for call in found.calls[3:5]] == ["cancelled", "finish reason: error"]
    assert found.calls[5].ttft_s is None
    assert said(found, "2 of 10 requests without dollars")
    assert said(found, "2 of 10 requests without a time")
    assert said(found, "1 of 10 requests without tokens")
    assert said(found, "name no model")


def test_langfuses_odd_rows(tmp_path: Path) -> None:
    rows = [
        observation(0),
        observation(1, totalCost=None),
        observation(2, totalCost=0, costDetails={}),
        observation(3, level="ERROR", statusMessage="429", endTime=None),
        observation(4, usageDetails=None),
        observation(5, usageDetails={"input": 300, "output": 40, "unit": "CHARACTERS"}),
        observation(6, endTime="2026-09-01T09:59:00.000Z"),
        observation(7, type="SPAN"),
        observation(8, completionStartTime=None),
        observation(9, providedModelName=None),
    ]
    found = read_files([put(tmp_path / "o.jsonl", rows)], PLAIN)
    assert dollars(found) == Decimal("0.024")
    assert seconds(found) == pytest.approx(14)
    assert said(found, "2 of 9 requests without tokens")
    assert said(found, "2 of 9 requests without a time")
    assert said(found, "1 records that are no request")
    assert said(found, "name no model")
    assert found.calls[3].error == "429"


def test_opentelemetrys_odd_rows(tmp_path: Path) -> None:
    spans = [
        span(0, {**COMMON, "gen_ai.usage.cost": 0.002}),
        span(1, {**COMMON, "gen_ai.usage.cost": 0.0}),
        span(2, {k: v for k, v in COMMON.items() if "usage" not in k}),
        span(3, COMMON, status={"code": 2, "message": "timeout"}),
        span(4, COMMON, endTimeUnixNano="0"),
        span(5, {"http.method": "GET"}),
        span(6, {**COMMON, "gen_ai.operation.name": "embeddings"}),
    ]
    found = read_files([put(tmp_path / "t.json", otlp(*spans))], PLAIN)
    assert dollars(found) == Decimal("0.002")
    assert seconds(found) == pytest.approx(4 * 1.25)
    assert found.calls[3].error == "timeout"
    assert said(found, "2 records that are no request")


TOLD: dict[str, Callable[[str, int], dict[str, Any]]] = {
    "parentSpanId": lambda parent, i: span(i, COMMON, parentSpanId=parent),
    "parent_id": lambda parent, i: span(i, COMMON, parent_id=parent),
}


@pytest.mark.parametrize("key", TOLD)
def test_a_call_that_two_instrumentations_tell_counts_once(tmp_path: Path, key: str) -> None:
    spans = [span(0, COMMON), TOLD[key]("span0", 1), span(2, COMMON)]
    found = read_files([put(tmp_path / "t.json", otlp(*spans))], PLAIN)
    assert len(found.calls) == 2
    assert seconds(found) == pytest.approx(2.5)
    assert said(found, "1 records left out that tell a request")


def test_the_record_around_counts_where_the_one_inside_has_no_tokens(tmp_path: Path) -> None:
    bare = {k: v for k, v in COMMON.items() if "usage" not in k}
    bare["gen_ai.operation.name"] = "chat"
    spans = [span(0, COMMON), span(1, bare, parentSpanId="span0"), span(2, COMMON)]
    found = read_files([put(tmp_path / "t.json", otlp(*spans))], PLAIN)
    assert [call.usage is not None for call in found.calls] == [True, True]


def test_a_call_of_another_model_inside_is_its_own(tmp_path: Path) -> None:
    inner = observation(1, providedModelName="gpt-4o-mini", parentObservationId="obs-0")
    found = read_files([put(tmp_path / "o.jsonl", [observation(0), inner])], PLAIN)
    assert len(found.calls) == 2
    inner["providedModelName"] = "gpt-4o"
    found = read_files([put(tmp_path / "o.jsonl", [observation(0), inner])], PLAIN)
    assert [call.billed_usd for call in found.calls] == [Decimal("0.003")]


def test_retries_of_one_request_are_a_fault_and_an_answer(tmp_path: Path) -> None:
    rows = [
        litellm_row(0, request_id="first", status="failure", spend=0.0, response={}),
        litellm_row(0, request_id="second"),
        litellm_row(1),
    ]
    found = read_files([put(tmp_path / "s.json", json.loads(json.dumps(rows)))], PLAIN)
    assert [call.error is None for call in found.calls] == [False, True, True]
    assert dollars(found) == Decimal("0.004")
