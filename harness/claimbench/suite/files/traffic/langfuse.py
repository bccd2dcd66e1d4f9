"""Langfuse: observations as its tables, its blob storage and its API export them.

Buckets of ``usageDetails`` are disjoint: ``input`` is without what came from a cache. Seconds are
taken from the moments, for ``latency`` is in seconds in one export and in milliseconds in another.
"""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.suite.files.traffic import requests as shared
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import dollars, mapping
from claimbench.types import Json, Usage

NAME = "langfuse"
_COSTS = ("totalCost", "calculatedTotalCost", "total_cost", "calculated_total_cost")


def knows(row: Mapping[str, Json]) -> bool:
    """Recognise a row."""
    names = row.keys()
    traced = bool({"traceId", "trace_id"} & names)
    timed = bool({"startTime", "start_time"} & names) and "type" in names
    told = {"usageDetails", "usage_details", "costDetails", "usage", *_COSTS} & names
    return traced and timed and bool(told)


def read(row: Mapping[str, Json], line: int) -> LoggedRequest | None:
    """Read one row; None for an observation that is no generation (a span, an event, a tool)."""
    if str(row.get("type") or "").upper() != "GENERATION":
        return None
    start = shared.when(shared.first_of(row, ("startTime", "start_time")))
    end = shared.when(shared.first_of(row, ("endTime", "end_time")))
    first = shared.when(shared.first_of(row, ("completionStartTime", "completion_start_time")))
    answer, finish = shared.reply_of(row.get("output"))
    failed = str(row.get("level") or "").upper() == "ERROR"
    told = shared.first_of(row, ("statusMessage", "status_message"))
    settings = shared.first_of(row, ("modelParameters", "model_parameters"))
    model = shared.first_of(row, ("providedModelName", "provided_model_name", "model"))
    costs = mapping(shared.parsed(shared.first_of(row, ("costDetails", "cost_details"))))
    usd = dollars(shared.first_of(row, _COSTS))
    return LoggedRequest(
        id=str(row.get("id") or f"record {line}"),
        line=line,
        model=str(model or "unknown"),
        sent=start,
        e2e_s=shared.between(start, end),
        ttft_s=shared.between(start, first),
        usage=_usage(row),
        usd=usd if usd is not None else dollars(costs.get("total")),
        turns=shared.turns_of(row.get("input")),
        answer=None if failed else answer,
        error=str(told or "level ERROR") if failed else None,
        finish=finish,
        group=str(shared.first_of(row, ("sessionId", "session_id")) or ""),
        kind=str(row.get("name") or ""),
        params=shared.sampling(settings),
        max_tokens=shared.cap(settings),
        settings=shared.other_settings(settings),
        scores=_scores(row.get("scores")),
        parent=str(shared.first_of(row, ("parentObservationId", "parent_observation_id")) or ""),
    )


def _usage(row: Mapping[str, Json]) -> Usage | None:
    given = shared.first_of(row, ("usageDetails", "usage_details", "usage"))
    told = mapping(shared.parsed(given))
    if str(told.get("unit") or "TOKENS").upper() != "TOKENS":
        return None  # characters, seconds, images
    n_in = shared.count(told.get("input", told.get("input_tokens")))
    n_out = shared.count(told.get("output", told.get("output_tokens")))
    if n_in is None or n_out is None or n_in + n_out == 0:
        return None
    several = [
        told.get(k) for k in ("input_cached_tokens", "cache_read_input_tokens", "input_cache")
    ]
    read = next((n for n in map(shared.count, several) if n is not None), None)
    wrote = shared.count(told.get("cache_creation_input_tokens", told.get("input_cache_creation")))
    thought = shared.count(told.get("output_reasoning_tokens", told.get("reasoning_tokens")))
    if read and shared.count(told.get("total")) == n_in + n_out:
        # this writer's totals include what was cached and thought
        return shared.tokens(n_in, n_out, read, wrote, thought)
    return Usage(
        input_fresh=n_in,
        cache_read=read,
        cache_write_5m=wrote,
        output_visible=n_out,
        output_reasoning=thought,
    )


def _scores(value: Json) -> dict[str, float]:
    """Return the numeric scores of an observation, the mean of several of one name."""
    found: dict[str, float] = {}
    for name, given in mapping(shared.parsed(value)).items():
        listed = given if isinstance(given, list) else [given]
        numbers = [n for n in map(shared.cell_number, listed) if n is not None]
        if numbers and len(numbers) == len(listed):
            found[name] = sum(numbers) / len(numbers)
    return found
