"""OpenRouter: the CSV of the activity page with one row per generation, and answers of its
generation API.

``cost_total`` is in dollars; what a key of one's own was billed elsewhere stands beside it
(``byok_usage_inference``). Neither prompts nor answers are in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from claimbench.suite.files.traffic import requests as shared
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import dollars
from claimbench.types import Json

NAME = "openrouter"


def knows(row: Mapping[str, Json]) -> bool:
    """Recognise a row."""
    names = row.keys()
    csv = {"tokens_prompt", "tokens_completion"} <= names and bool(
        {"generation_id", "cost_total", "total_cost"} & names
    )
    return csv or is_daily(row)


def is_daily(row: Mapping[str, Json]) -> bool:
    """Recognise a row of the activity API: sums of a day, no single requests."""
    return {"date", "requests", "prompt_tokens", "provider_name"} <= row.keys()


def read(row: Mapping[str, Json], line: int) -> LoggedRequest | None:
    """Read one row."""
    ttft = _seconds(shared.first_of(row, ("time_to_first_token_ms", "latency")))
    whole = _seconds(shared.first_of(row, ("generation_time_ms", "generation_time")))
    if ttft is not None and whole is not None and whole < ttft:
        whole += ttft  # the time of the generation alone: it cannot end before it began
    finish = shared.first_of(row, ("finish_reason_normalized", "finish_reason"))
    cancelled = shared.truth(row.get("cancelled"))
    reason = str(finish).casefold() if finish is not None else None
    error = "cancelled" if cancelled else ("finish reason: error" if reason == "error" else None)
    return LoggedRequest(
        id=str(shared.first_of(row, ("generation_id", "id")) or f"record {line}"),
        line=line,
        model=str(shared.first_of(row, ("model_permaslug", "model")) or "unknown"),
        provider="openrouter",
        sent=shared.when(row.get("created_at")),
        e2e_s=whole,
        ttft_s=ttft if shared.truth(row.get("streamed")) else None,
        usage=shared.tokens(
            shared.count(shared.first_of(row, ("native_tokens_prompt", "tokens_prompt"))),
            shared.count(shared.first_of(row, ("native_tokens_completion", "tokens_completion"))),
            shared.count(shared.first_of(row, ("native_tokens_cached", "tokens_cached"))),
            None,
            shared.count(shared.first_of(row, ("native_tokens_reasoning", "tokens_reasoning"))),
        ),
        usd=_paid(row),
        error=error,
        finish=reason,
        kind=str(row.get("app_name") or ""),
    )


def _paid(row: Mapping[str, Json]) -> Decimal | None:
    here = dollars(shared.first_of(row, ("cost_total", "total_cost")))
    elsewhere = dollars(row.get("byok_usage_inference"))
    if here is None or elsewhere is None:
        return here if elsewhere is None else elsewhere
    return here + elsewhere


def _seconds(value: Json) -> float | None:
    millis = shared.cell_number(value)
    return millis / 1000 if millis is not None and millis > 0 else None
