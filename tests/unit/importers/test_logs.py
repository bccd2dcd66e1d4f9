"""Logs of requests without scores: arms with dollars, tokens and times. Every file here is our
own, minimal and true to its format.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importers.test_tables import judged

from claimbench.errors import BenchError
from claimbench.importers.detect import kind_of, read_files
from claimbench.importers.imported import Imported, ImportOptions
from claimbench.suite.files.traffic.requests import tokens

PLAIN = ImportOptions()


def put(path: Path, value: Any) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(one) for one in value) + "\n")
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(value[0]))
            writer.writeheader()
            for row in value:
                cells = {
                    k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()
                }
                writer.writerow(cells)
    else:
        path.write_text(json.dumps(value))
    return path


# --- LiteLLM: litellm 1.83.0, proxy/schema.prisma, model LiteLLM_SpendLogs


def litellm_row(i: int, model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"chatcmpl-{model}-{i}",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.002,
        "total_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "startTime": f"2026-09-01T{8 + i // 60:02}:{i % 60:02}:00.000Z",
        "endTime": f"2026-09-01T{8 + i // 60:02}:{i % 60:02}:00.{900 - i * 37 % 100}Z",
        "completionStartTime": f"2026-09-01T{8 + i // 60:02}:{i % 60:02}:00.300Z",
        "model": model,
        "model_group": model,
        "custom_llm_provider": "openai",
        "metadata": {
            "user_api_key_alias": "team-a",
            "additional_usage_values": {
                "prompt_tokens_details": {"cached_tokens": 40},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
        },
        "cache_hit": "False",
        "status": "success",
        "session_id": f"s{i // 2}",
        "messages": [
            {"role": "system", "content": "Sort tickets."},
            {"role": "user", "content": f"ticket {i}"},
        ],
        "response": {
            "model": f"{model}-2026",
            "choices": [{"message": {"content": "billing"}, "finish_reason": "stop"}],
        },
        **more,
    }


@pytest.mark.parametrize("name", ["spend.jsonl", "spend.json", "spend.csv"])
def test_litellm_spend_logs_give_dollars_tokens_and_times(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, [litellm_row(i) for i in range(6)])
    assert kind_of(path) == "litellm"
    found = read_files([path], PLAIN)
    call = found.calls[0]
    assert call.billed_usd == Decimal("0.002")
    assert call.latency_s == pytest.approx(0.9)
    assert call.ttft_s == pytest.approx(0.3)
    assert call.text == "billing"
    assert call.model_returned == "gpt-4o-2026"
    assert call.usage is not None
    assert (call.usage.input_fresh, call.usage.cache_read) == (60, 40)
    assert (call.usage.output_visible, call.usage.output_reasoning) == (15, 5)
    assert found.samples[0].cluster == "s0"
    assert "88dc28d0" not in repr(found)
    assert "dollars are computed by LiteLLM from its price map" in found.notes


def test_litellms_own_cache_costs_and_times_nothing_and_a_zero_is_unknown(tmp_path: Path) -> None:
    rows = [
        litellm_row(0, cache_hit="True", spend=0.0),
        litellm_row(1, spend=0.0),
        litellm_row(2, completionStartTime="2026-09-01T08:02:00.900Z"),
        litellm_row(3, status="failure", response={}),
        litellm_row(4, call_type="aembedding"),
    ]
    found = read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)
    assert [c.billed_usd for c in found.calls] == [None, None, *[Decimal("0.002")] * 2]
    assert found.calls[0].latency_s is None
    assert found.calls[0].usage is None
    assert found.calls[2].ttft_s is None
    assert found.calls[3].error == "status failure"
    assert len(found.calls) == 4
    assert any("answered from a cache" in note for note in found.notes)
    assert any("1 records that are no request" in note for note in found.notes)


def test_requests_of_two_models_pair_by_what_was_asked(tmp_path: Path) -> None:
    rows = [litellm_row(i, m) for i in range(40) for m in ("gpt-4o", "gpt-4o-mini")]
    for row in rows:
        row["spend"] = 0.0002 if row["model"] == "gpt-4o-mini" else 0.002
    path = put(tmp_path / "s.jsonl", rows)
    found = read_files([path], PLAIN)
    assert len(found.samples) == 40
    (verdict,) = judged(tmp_path, [path], "gpt-4o-mini is 50% cheaper than gpt-4o").verdicts
    assert verdict.status == "supported"


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        ("gpt-4o costs under $3 per 1000 requests", "supported"),
        ("gpt-4o costs under $1 per 1000 requests", "refuted"),
        ("gpt-4o answers 95% of requests within 2 s", "supported"),
        ("gpt-4o answers 95% of requests within 0.5 s", "refuted"),
        ("gpt-4o is at least 90% accurate", "inconclusive"),
    ],
)
def test_a_log_without_scores_is_judged_on_dollars_and_times(
    tmp_path: Path, claim: str, outcome: str
) -> None:
    tokens = {"total_tokens": 565, "prompt_tokens": 480, "completion_tokens": 85}  # $0.002
    rows = [litellm_row(i, messages={}, response={}, **tokens) for i in range(120)]
    done = judged(tmp_path, [put(tmp_path / "s.jsonl", rows)], claim)
    assert done.verdicts[0].status == outcome
    assert not done.scores


def test_a_log_whose_dollars_its_tokens_do_not_come_to_decides_none(tmp_path: Path) -> None:
    rows = [litellm_row(i, messages={}, response={}) for i in range(120)]  # $0.0004 by its tokens
    claim = "gpt-4o costs under $1 per 1000 requests"
    done = judged(tmp_path, [put(tmp_path / "s.jsonl", rows)], claim)
    assert done.verdicts[0].status == "inconclusive"
    assert "charges_decide" in {reason.code for reason in done.verdicts[0].reasons}


def test_models_without_a_request_in_common_are_said_to_have_none(tmp_path: Path) -> None:
    rows = [litellm_row(i, m, messages={}) for i in range(3) for m in ("a", "b")]
    found = read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)
    assert any("a and b have no item in common" in note for note in found.notes)


# --- OpenRouter: columns of the activity export of September 2026


def generation(i: int, **more: Any) -> dict[str, Any]:
    return {
        "generation_id": f"gen-{i}",
        "created_at": "2026-04-13T10:00:00Z",
        "cost_total": 0.0012,
        "cost_web_search": 0,
        "cost_cache": 0,
        "cost_file_processing": 0,
        "byok_usage_inference": 0,
        "tokens_prompt": 100,
        "tokens_completion": 30,
        "tokens_reasoning": 10,
        "tokens_cached": 20,
        "model_permaslug": "openai/gpt-4o-mini",
        "provider_name": "OpenAI",
        "variant": "standard",
        "cancelled": "false",
        "streamed": "true",
        "user": "",
        "finish_reason_raw": "stop",
        "finish_reason_normalized": "stop",
        "generation_time_ms": 1500,
        "time_to_first_token_ms": 400,
        "api_key_name": "Primary",
        "app_name": "shop",
        **more,
    }


def test_openrouters_activity_gives_dollars_tokens_and_times(tmp_path: Path) -> None:
    rows = [
        generation(0),
        generation(1, cancelled="true"),
        generation(2, byok_usage_inference=0.01),
    ]
    found = read_files([put(tmp_path / "activity.csv", rows)], PLAIN)
    assert found.kind == "openrouter"
    assert found.arms[0].name == "gpt-4o-mini"
    assert found.arms[0].provider == "openrouter"
    call = found.calls[0]
    assert (call.billed_usd, call.latency_s, call.ttft_s) == (Decimal("0.0012"), 1.5, 0.4)
    assert call.usage is not None
    assert (call.usage.input_fresh, call.usage.cache_read) == (80, 20)
    assert (call.usage.output_visible, call.usage.output_reasoning) == (20, 10)
    assert found.calls[1].error == "cancelled"
    assert found.calls[2].billed_usd == Decimal("0.0112")
    assert "Primary" not in repr(found)


def test_sums_of_days_are_refused_with_what_to_export(tmp_path: Path) -> None:
    row = {
        "date": "2026-08-24",
        "model": "openai/gpt-4.1",
        "provider_name": "OpenAI",
        "usage": 0.015,
        "requests": 5,
        "prompt_tokens": 50,
        "completion_tokens": 125,
    }
    with pytest.raises(BenchError, match="sums of days") as fault:
        read_files([put(tmp_path / "a.json", [row, row])], PLAIN)
    assert "generations" in str(fault.value.hint)


# --- Langfuse: github.com/langfuse/langfuse at 6275144 (database-read-stream/types.ts)


def observation(i: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"obs-{i}",
        "traceId": "t1",
        "type": "GENERATION",
        "name": "triage",
        "startTime": "2026-09-01T10:00:00.000Z",
        "endTime": "2026-09-01T10:00:02.000Z",
        "completionStartTime": "2026-09-01T10:00:00.500Z",
        "level": "DEFAULT",
        "statusMessage": None,
        "providedModelName": "gpt-4o",
        "modelParameters": {"temperature": 0, "max_tokens": 50},
        "usageDetails": {"input": 80, "input_cached_tokens": 20, "output": 12, "total": 112},
        "costDetails": {"input": 0.001, "output": 0.002, "total": 0.003},
        "totalCost": 0.003,
        "latency": 2000,
        "sessionId": "c1",
        "input": [{"role": "user", "content": f"ticket {i}"}],
        "output": {"role": "assistant", "content": "billing"},
        **more,
    }


@pytest.mark.parametrize("name", ["obs.json", "obs.jsonl", "obs.csv"])
def test_langfuse_observations_give_dollars_tokens_and_times(tmp_path: Path, name: str) -> None:
    rows = [observation(0), observation(1, type="SPAN"), observation(2, level="ERROR")]
    found = read_files([put(tmp_path / name, rows)], PLAIN)
    assert found.kind == "langfuse"
    call = found.calls[0]
    assert (call.billed_usd, call.latency_s, call.ttft_s) == (Decimal("0.003"), 2.0, 0.5)
    assert call.text == "billing"
    assert call.usage is not None
    assert (call.usage.input_fresh, call.usage.cache_read) == (80, 20)
    assert found.calls[1].error == "level ERROR"
    assert len(found.calls) == 2
    assert found.arms[0].params.temperature == 0


@pytest.mark.parametrize(
    ("details", "fresh"),
    [
        ({"input": 80, "input_cached_tokens": 20, "output": 12, "total": 112}, 80),
        ({"input": 100, "input_cached_tokens": 20, "output": 12, "total": 112}, 80),
        ({"input": 80, "cache_read_input_tokens": 20, "output": 12}, 80),
    ],
)
def test_cached_tokens_of_langfuse_are_counted_once(
    tmp_path: Path, details: dict[str, int], fresh: int
) -> None:
    path = put(tmp_path / "obs.json", [observation(0, usageDetails=details)])
    usage = read_files([path], PLAIN).calls[0].usage
    assert usage is not None
    assert (usage.input_fresh, usage.cache_read, usage.output_total) == (fresh, 20, 12)


@pytest.mark.parametrize(
    ("total", "read", "fresh"), [(100, 40, 60), (10, 40, 10), (40, 40, 0), (100, 0, 100)]
)
def test_an_input_that_cannot_include_its_cache_is_fresh(total: int, read: int, fresh: int) -> None:
    usage = tokens(total, 5, read)
    assert usage is not None
    assert (usage.input_fresh, usage.cache_read) == (fresh, read)


def test_langfuses_api_and_its_scores(tmp_path: Path) -> None:
    rows = [observation(i, scores={"correct": [i % 2], "length": [40]}) for i in range(8)]
    path = put(tmp_path / "obs.json", {"data": rows, "meta": {"page": 1}})
    found = read_files([path], PLAIN)
    assert found.metrics == {"requests": "correct"}
    assert found.aggregates[0].value == 0.5


# --- OpenTelemetry: OTLP in JSON; semantic conventions of generative AI 1.28 to 1.37


def attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    if isinstance(value, list):
        return {
            "key": key,
            "value": {"arrayValue": {"values": [{"stringValue": v} for v in value]}},
        }
    return {"key": key, "value": {"stringValue": value}}


def span(i: int, told: dict[str, Any], **more: Any) -> dict[str, Any]:
    start = 1_788_000_000_000_000_000 + i * 10**10
    return {
        "traceId": f"trace{i}",
        "spanId": f"span{i}",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_250_000_000),
        "attributes": [attribute(k, v) for k, v in told.items()],
        "status": {},
        **more,
    }


COMMON: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.response.finish_reasons": ["stop"],
}


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    scope = {"scope": {"name": "openai"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [scope]}]}


GENERATIONS: list[Callable[[int], dict[str, Any]]] = [
    lambda i: span(
        i,
        {
            **COMMON,
            "gen_ai.input.messages": json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": f"ticket {i}"}]}]
            ),
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [{"type": "text", "content": "billing"}]}]
            ),
        },
    ),
    lambda i: span(
        i,
        {
            **COMMON,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": f"ticket {i}",
            "gen_ai.completion.0.content": "billing",
        },
    ),
    lambda i: span(
        i,
        COMMON,
        events=[
            {
                "name": "gen_ai.user.message",
                "attributes": [attribute("content", f"ticket {i}")],
            },
            {
                "name": "gen_ai.choice",
                "attributes": [attribute("message", json.dumps({"content": "billing"}))],
            },
        ],
    ),
]


@pytest.mark.parametrize("made", GENERATIONS)
@pytest.mark.parametrize("lines", [False, True])
def test_opentelemetry_spans_of_three_generations_are_requests(
    tmp_path: Path, made: Callable[[int], dict[str, Any]], lines: bool
) -> None:
    other = span(9, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"})
    documents = [otlp(made(0), other), otlp(made(1))]
    path = tmp_path / ("traces.jsonl" if lines else "traces.json")
    put(path, documents if lines else otlp(made(0), other, made(1)))
    found = read_files([path], PLAIN)
    assert found.kind == "otel"
    assert len(found.calls) == 2
    call = found.calls[0]
    assert call.latency_s == 1.25
    assert call.text == "billing"
    assert found.samples[0].shown == "user: ticket 0"
    assert call.usage is not None
    assert (call.usage.input_total, call.usage.output_total) == (100, 20)
    assert call.finish_reason == "stop"
    assert found.arms[0].params.temperature == 0.5


def test_spans_as_the_console_exporter_prints_them(tmp_path: Path) -> None:
    spans = []
    for i in range(2):
        spans.append(
            {
                "name": "chat gpt-4o",
                "context": {"trace_id": f"0x{i}", "span_id": f"0x{i}a", "trace_state": "[]"},
                "start_time": "2026-09-01T10:00:00.000000Z",
                "end_time": "2026-09-01T10:00:01.500000Z",
                "status": {"status_code": "ERROR" if i else "UNSET"},
                "attributes": {**COMMON, "gen_ai.system": "openai"},
                "events": [],
            }
        )
    path = tmp_path / "spans.json"
    path.write_text("\n".join(json.dumps(one, indent=4) for one in spans))
    found = read_files([path], PLAIN)
    assert found.kind == "otel"
    assert [c.latency_s for c in found.calls] == [1.5, 1.5]
    assert found.calls[1].error == "status ERROR"


# --- load generators


def times(found: Imported) -> tuple[float, float]:
    calls = [c for c in found.calls if c.error is None]
    ends = [c.latency_s for c in calls if c.latency_s is not None]
    firsts = [c.ttft_s for c in calls if c.ttft_s is not None]
    return sum(ends) / len(ends), sum(firsts) / len(firsts)


def test_vllm_bench_serve_gives_its_mean_times(tmp_path: Path) -> None:
    # vllm-project/vllm, benchmarks/serve.py, --save-result --save-detailed
    result: dict[str, Any] = {
        "backend": "vllm",
        "model_id": "org/model",
        "num_prompts": 3,
        "request_rate": "inf",
        "max_concurrency": 8,
        "completed": 2,
        "request_throughput": 3.0,
        "mean_ttft_ms": 200.0,
        "p99_ttft_ms": 290.0,
        "mean_e2el_ms": 450.0,
        "input_lens": [10, 20, 30],
        "output_lens": [3, 3, 0],
        "ttfts": [0.1, 0.3, 0.0],
        "itls": [[0.1, 0.1], [0.2, 0.1], []],
        "generated_texts": ["a", "b", ""],
        "errors": ["", "", "Bad Gateway"],
    }
    path = put(tmp_path / "vllm.json", result)
    found = read_files([path], PLAIN)
    assert found.kind == "vllm-bench"
    assert times(found) == pytest.approx((0.45, 0.2))
    assert found.calls[2].error == "Bad Gateway"
    assert any("reported by the load generator" in note for note in found.notes)
    for key in ("ttfts", "itls", "errors", "generated_texts", "input_lens", "output_lens"):
        del result[key]
    short = read_files([put(path, result)], PLAIN)
    assert short.calls == ()
    assert ("ttft mean (s, reported)", 0.2) in [(a.metric, a.value) for a in short.aggregates]
    assert any("--save-detailed" in note for note in short.notes)


def test_guidellm_gives_its_mean_times_with_an_arm_per_load(tmp_path: Path) -> None:
    # vllm-project/guidellm at ee7a774, schemas/request_stats.py
    def benchmark(rate: int, slower: float) -> dict[str, Any]:
        rows = []
        for i in range(3):
            rows.append(
                {
                    "type_": "generative_request_stats",
                    "request_id": f"r{i}",
                    "output": "text",
                    "info": {"status": "completed"},
                    "request_start_time": 1_788_000_000.0 + i,
                    "request_end_time": 1_788_000_001.0 + i,
                    "request_latency": 1.0 * slower,
                    "time_to_first_token_ms": 250.0 * slower,
                    "prompt_tokens": 128,
                    "output_tokens": 64,
                }
            )
        failed = {"request_id": "x", "info": {"error": "timeout"}}
        return {
            "type_": "generative_benchmark",
            "config": {
                "strategy": {"type_": "constant", "rate": rate},
                "backend": {"model": "org/model"},
            },
            "metrics": {},
            "requests": {"successful": rows, "errored": [failed], "incomplete": [failed]},
        }

    one = put(tmp_path / "g1.json", {"metadata": {"version": 2}, "benchmarks": [benchmark(1, 1.0)]})
    found = read_files([one], PLAIN)
    assert found.kind == "guidellm"
    assert times(found) == pytest.approx((1.0, 0.25))
    assert [c.error for c in found.calls] == [None, None, None, "timeout"]
    two = {"benchmarks": [benchmark(1, 1.0), benchmark(5, 2.0)]}
    arms = [a.name for a in read_files([put(tmp_path / "g2.json", two)], PLAIN).arms]
    assert arms == ["model constant 1", "model constant 5"]


def test_aiperf_gives_its_mean_times_without_the_warm_up(tmp_path: Path) -> None:
    # ai-dynamo/aiperf at db4f639, docs/tutorials/working-with-profile-exports.md
    def record(i: int, **more: Any) -> dict[str, Any]:
        return {
            "metadata": {
                "session_num": i,
                "x_request_id": f"r{i}",
                "request_start_ns": 1_788_000_000_000_000_000 + i,
                "benchmark_phase": "profiling",
                "was_cancelled": False,
            },
            "metrics": {
                "request_latency": {"value": 300.0, "unit": "ms"},
                "time_to_first_token": {"value": 100_000_000, "unit": "ns"},
                "input_sequence_length": {"value": 550, "unit": "tokens"},
                "output_sequence_length": {"value": 9, "unit": "tokens"},
            },
            "error": None,
            **more,
        }

    rows = [record(i) for i in range(4)]
    rows[0]["metadata"]["benchmark_phase"] = "warmup"
    rows[3] |= {"metrics": {}, "error": {"code": 499, "message": "cancelled by us"}}
    found = read_files([put(tmp_path / "profile_export.jsonl", rows)], PLAIN)
    assert found.kind == "aiperf"
    assert times(found) == pytest.approx((0.3, 0.1))
    assert len(found.calls) == 3
    assert found.calls[2].error == "cancelled by us"
    summary = {
        "request_latency": {"unit": "ms", "avg": 300.0, "p99": 400.0},
        "time_to_first_token": {"unit": "ms", "avg": 100.0},
        "input_config": {"endpoint": {"model_names": ["org/model"]}},
    }
    short = read_files([put(tmp_path / "profile_export_aiperf.json", summary)], PLAIN)
    assert ("e2e mean (s, reported)", 0.3) in [(a.metric, a.value) for a in short.aggregates]


def test_an_arm_of_a_load_generator_is_judged_as_reported(tmp_path: Path) -> None:
    n = 120
    result = {
        "model_id": "org/model",
        "input_lens": [10] * n,
        "output_lens": [3] * n,
        "ttfts": [0.1 + i * 37 % 100 / 10_000 for i in range(n)],
        "itls": [[0.05, 0.05]] * n,
        "errors": [""] * n,
        "start_times": [5000.0 + 60 * i for i in range(n)],
        "date": "20260901-120000",
        "duration": 7201.0,
    }
    path = put(tmp_path / "v.json", result)
    done = judged(tmp_path, [path], "model answers 95% of requests within 1 s")
    assert done.verdicts[0].status == "supported"
    told = done.stored.manifest.options["imported"]["notes"]
    assert any("reported by the load generator" in note for note in told)


# --- what is broken


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([litellm_row(0), {"a": 1}], "s.jsonl:2: a record that is none of LiteLLM's"),
        ([litellm_row(0), litellm_row(0)], "s.jsonl:2: the request"),
        ([litellm_row(0, call_type="aembedding")], "no request of a language model"),
    ],
)
def test_a_log_that_is_broken_is_refused_with_its_record(
    tmp_path: Path, rows: list[Any], said: str
) -> None:
    with pytest.raises(BenchError) as fault:
        read_files([put(tmp_path / "s.jsonl", rows)], PLAIN)
    assert said in str(fault.value)


def test_a_broken_line_of_a_log_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "s.jsonl", [litellm_row(0), litellm_row(1)])
    path.write_text(path.read_text() + '{"request_id": "cut')
    with pytest.raises(BenchError, match=r"s\.jsonl:3: not JSON"):
        read_files([path], PLAIN)
