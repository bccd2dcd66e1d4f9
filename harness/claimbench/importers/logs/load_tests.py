"""What load generators measured: files of GuideLLM, AIPerf and ``vllm bench serve``.

Requests of a load generator are made up, so that they pair with nothing: an arm's latency is
judged against a bound, and against another arm's as two samples. All times are the tool's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.imported import (
    Aggregate,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import as_list, get, mapping, moment, number, seconds
from claimbench.importers.logs.arms import TASK, imported_log
from claimbench.suite.files.traffic import requests as shared
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.types import Json, Usage

VLLM = "vllm-bench"
GUIDELLM = "guidellm"
AIPERF = "aiperf"
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}


def is_vllm(value: Json) -> bool:
    """Recognise a result of ``vllm bench serve``."""
    summary = {"request_throughput", "mean_ttft_ms", "completed"} <= mapping(value).keys()
    return summary or {"ttfts", "itls", "input_lens"} <= mapping(value).keys()


def is_guidellm(value: Json) -> bool:
    """Recognise a report of GuideLLM."""
    first = get(value, "benchmarks", 0)
    return isinstance(get(first, "requests"), dict) and "metrics" in mapping(first)


def is_aiperf(value: Json) -> bool:
    """Recognise a line of AIPerf's ``profile_export.jsonl``."""
    told = mapping(get(value, "metadata"))
    return "metrics" in mapping(value) and ("request_start_ns" in told or "benchmark_phase" in told)


def is_aiperf_summary(value: Json) -> bool:
    """Recognise AIPerf's ``profile_export_aiperf.json``."""
    return isinstance(get(value, "request_latency", "avg"), int | float) and isinstance(
        get(value, "request_latency", "unit"), str
    )


def read_vllm(path: Path, options: ImportOptions) -> Imported:
    """Read a result of ``vllm bench serve``; raises ImportFault."""
    data = json_values.load_json(path, json_values.read_bytes(path))
    model = str(get(data, "model_id") or path.stem)
    firsts, gaps = get(data, "ttfts"), get(data, "itls")
    if not isinstance(firsts, list) or not isinstance(gaps, list) or len(firsts) != len(gaps):
        return _summary(path, VLLM, model, _vllm_figures(data), "--save-result --save-detailed")
    requests = []
    sent = _vllm_moments(data, len(firsts))
    for i, first in enumerate(firsts):
        error = get(data, "errors", i)
        listed = gaps[i] if isinstance(gaps[i], list) else [None]
        steps = [step for step in map(number, listed) if step is not None and step >= 0]
        whole = len(steps) == len(listed)
        ttft = seconds(first)
        failed = str(error) if error else None if ttft is not None else "no first token"
        requests.append(
            LoggedRequest(
                id=f"request {i + 1}",
                line=i + 1,
                model=model,
                provider="vllm",
                sent=sent[i],
                e2e_s=ttft + sum(steps) if whole and ttft is not None and not failed else None,
                ttft_s=None if failed else ttft,
                usage=shared.tokens(
                    shared.count(get(data, "input_lens", i)),
                    shared.count(get(data, "output_lens", i)),
                ),
                answer=str(get(data, "generated_texts", i) or ""),
                error=failed,
            )
        )
    note = _reported(path, requests)
    return imported_log(path, VLLM, requests, options, [note, *_load(path, data)])


def _vllm_moments(data: Json, n: int) -> list[datetime | None]:
    """Return when each request was sent, where the file has start times: they count from a boot, so
    the first is set to the run's date (its end) less its duration.
    """
    listed = get(data, "start_times")
    starts = [number(one) for one in listed] if isinstance(listed, list) else []
    known = [one for one in starts if one is not None]
    if len(known) != n or not known:
        return [None] * n
    if moment(known[0]) is not None:
        return [moment(one) for one in known]
    try:
        ended = datetime.strptime(str(get(data, "date")), "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return [None] * n
    began = ended - timedelta(seconds=seconds(get(data, "duration")) or 0.0)
    offsets = [one - min(known) for one in known]
    if max(offsets) > json_values.YEAR_S:
        return [None] * n
    return [began + timedelta(seconds=offset) for offset in offsets]


def _load(path: Path, data: Json) -> list[str]:
    told = [
        f"{name} {get(data, name)}"
        for name in ("request_rate", "max_concurrency", "backend")
        if get(data, name) is not None
    ]
    return [f"{path.name}: measured under {', '.join(told)}"] if told else []


def _vllm_figures(data: Json) -> dict[str, float]:
    found = {}
    for name in ("ttft", "tpot", "itl", "e2el"):
        for part in ("mean", "median", "p99"):
            value = number(get(data, f"{part}_{name}_ms"))
            if value is not None:
                found[f"{name} {part}"] = value / 1000
    return found


def read_guidellm(path: Path, options: ImportOptions) -> Imported:
    """Read a report of GuideLLM: each of its benchmarks (loads) is an arm; raises ImportFault."""
    data = json_values.load_json(path, json_values.read_bytes(path))
    listed = get(data, "benchmarks")
    benchmarks = [mapping(one) for one in listed] if isinstance(listed, list) else []
    requests: list[LoggedRequest] = []
    model = _guidellm_model(data) or path.stem
    names = [_guidellm_load(one, i) for i, one in enumerate(benchmarks, start=1)]
    for name, benchmark in zip(names, benchmarks, strict=True):
        arm = model if len(benchmarks) == 1 else f"{model} {name}"
        for status in ("successful", "errored"):
            given = get(benchmark, "requests", status)
            for i, row in enumerate(given if isinstance(given, list) else []):
                requests.append(_guidellm_request(mapping(row), arm, status, name, i))
    if not requests:
        raise ImportFault(
            f"{path}: the report holds no single requests",
            hint="write it as JSON with the requests (guidellm benchmark --output-path x.json)",
        )
    left = sum(len(as_list(get(b, "requests", "incomplete"))) for b in benchmarks)
    notes = [_reported(path, requests)]
    if left:
        notes.append(f"{path.name}: {left} requests that were cut off at the end left out")
    return imported_log(path, GUIDELLM, requests, options, notes)


def _guidellm_model(data: Json) -> str | None:
    for place in (
        ("benchmarks", 0, "config", "backend", "model"),
        ("benchmarks", 0, "benchmarker", "backend", "model"),
        ("benchmarks", 0, "worker", "backend_model"),
        ("config", "model"),
        ("config", "backend_kwargs", "model"),
        ("args", "model"),
    ):
        found = get(data, *place)
        if isinstance(found, str) and found:
            return found
    return None


def _guidellm_load(benchmark: Mapping[str, Json], n: int) -> str:
    for place in (("config", "strategy"), ("scheduler", "strategy"), ("args", "strategy")):
        strategy = mapping(get(benchmark, *place))
        kind = strategy.get("type_") or strategy.get("type")
        if kind:
            rate = (
                strategy.get("rate") or strategy.get("streams") or strategy.get("max_concurrency")
            )
            return f"{kind} {rate}" if rate else f"{kind} {n}"
    return f"load {n}"


def _guidellm_request(
    row: Mapping[str, Json], arm: str, status: str, load: str, i: int
) -> LoggedRequest:
    start = number(row.get("request_start_time", row.get("start_time")))
    end = number(row.get("request_end_time", row.get("end_time")))
    latency = seconds(row.get("request_latency"))
    if latency is None and start is not None and end is not None:
        latency = seconds(end - start)
    ttft = number(row.get("time_to_first_token_ms"))
    failed = status != "successful"
    output = row.get("output")
    return LoggedRequest(
        id=f"{load} {row.get('request_id') or i + 1}",
        line=i + 1,
        model=arm,
        provider="guidellm",
        sent=moment(start),
        e2e_s=None if failed else latency,
        ttft_s=None if failed or ttft is None else seconds(ttft / 1000),
        usage=shared.tokens(
            shared.count(row.get("prompt_tokens")),
            shared.count(row.get("output_tokens")),
            shared.count(row.get("cached_tokens")),
        ),
        answer=output if isinstance(output, str) else None,
        error=str(get(row, "info", "error") or "errored") if failed else None,
    )


def read_aiperf(path: Path, options: ImportOptions) -> Imported:
    """Read AIPerf's records, or its summary; raises ImportFault."""
    raw = json_values.read_bytes(path)
    if path.suffix.lower() == ".json":
        data = json_values.load_json(path, raw)
        named = get(data, "input_config", "endpoint", "model_names", 0)
        figures = {}
        for name, short in (("request_latency", "e2e"), ("time_to_first_token", "ttft")):
            for part in ("avg", "p50", "p95", "p99"):
                found = _measure({"value": get(data, name, part), "unit": get(data, name, "unit")})
                if found is not None:
                    figures[f"{short} {'mean' if part == 'avg' else part}"] = found
        return _summary(path, AIPERF, str(named or path.stem), figures, "profile_export.jsonl")
    requests = []
    model = path.parent.name or path.stem
    for line, row in json_values.json_lines(path, raw):
        if not is_aiperf(row):
            raise ImportFault(f"{path}:{line}: not a record of AIPerf (no metadata and metrics)")
        told = mapping(row["metadata"])
        if told.get("benchmark_phase") not in (None, "profiling"):
            continue  # warm-up
        measured = mapping(row.get("metrics"))
        error = row.get("error")
        failed = bool(error) or bool(told.get("was_cancelled"))
        why = get(error, "message") or (error if isinstance(error, str) else None)
        requests.append(
            LoggedRequest(
                id=f"record {line}",
                line=line,
                model=model,
                provider="aiperf",
                sent=shared.when(told.get("request_start_ns")),
                e2e_s=None if failed else _measure(measured.get("request_latency")),
                ttft_s=None if failed else _measure(measured.get("time_to_first_token")),
                usage=_aiperf_usage(measured),
                error=str(why or "cancelled") if failed else None,
                group=str(told.get("conversation_id") or told.get("x_correlation_id") or ""),
            )
        )
    if not requests:
        raise ImportFault(f"{path}: no record of the profiling phase")
    return imported_log(path, AIPERF, requests, options, [_reported(path, requests)])


def _aiperf_usage(measured: Mapping[str, Json]) -> Usage | None:
    n_in = shared.count(get(measured, "input_sequence_length", "value"))
    n_out = shared.count(get(measured, "output_sequence_length", "value"))
    thought = shared.count(get(measured, "reasoning_token_count", "value"))
    return shared.tokens(n_in, n_out, None, None, thought)


def _measure(given: Json) -> float | None:
    """Return a measure in seconds by its unit."""
    value = number(get(given, "value"))
    scale = _UNITS.get(str(get(given, "unit")))
    return None if value is None or scale is None else seconds(value * scale)


def _reported(path: Path, requests: list[LoggedRequest]) -> str:
    """Say the tool's own mean, for it can be compared with what the tool printed."""
    ends = [r.e2e_s for r in requests if r.e2e_s is not None]
    firsts = [r.ttft_s for r in requests if r.ttft_s is not None]
    shown = [f"{len(requests)} requests"]
    if ends:
        shown.append(f"mean time {sum(ends) / len(ends):.6g} s")
    if firsts:
        shown.append(f"mean time to first token {sum(firsts) / len(firsts):.6g} s")
    return f"{path.name}: reported by the load generator, not measured here: {', '.join(shown)}"


def _summary(
    path: Path, kind: str, model: str, figures: Mapping[str, float], wanted: str
) -> Imported:
    """Return an arm of summary figures alone: nothing can be judged on it, and that is said."""
    if not figures:
        raise ImportFault(f"{path}: neither single requests nor figures of latency in it")
    name = model.rpartition("/")[2]
    told = [
        Aggregate(name, TASK, f"{metric} (s, reported)", value, None, None, note="a summary")
        for metric, value in figures.items()
    ]
    note = (
        f"{path.name}: summary figures without single requests: no claim can be judged on them;"
        f" the tool writes those with {wanted}"
    )
    arm = ImportedArm(name, kind, model, path.name)
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    return Imported(kind, (arm,), (), (), tuple(told), (note,), {}, files)
