"""LiteLLM: rows of its table ``LiteLLM_SpendLogs`` (the proxy's ``/spend/logs``, an export of the
database), and its ``StandardLoggingPayload`` (the objects that its S3, GCS and file loggers write).

``spend`` is what LiteLLM computed from its price map; 0 means that it knew no price.
"""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.suite.files.traffic import requests as shared
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import dollars, get, mapping
from claimbench.types import Json, Usage

NAME = "litellm"
_ASKED = ("", "completion", "acompletion", "text_completion", "atext_completion")
_ALSO = ("responses", "aresponses", "anthropic_messages", "agenerate_content", "pass_through")


def knows(row: Mapping[str, Json]) -> bool:
    """Recognise a row."""
    names = row.keys()
    table = {"request_id", "spend", "startTime", "prompt_tokens"} <= names
    payload = {"response_cost", "startTime", "prompt_tokens", "model"} <= names
    return table or payload


def read(row: Mapping[str, Json], line: int) -> LoggedRequest | None:
    """Read one row; None for one that asked no language model for text (embeddings, images)."""
    kind = str(row.get("call_type") or "")
    if not kind.startswith((*_ASKED[1:], *_ALSO)) and kind not in _ASKED:
        return None
    meta = mapping(shared.parsed(row.get("metadata")))
    asked = _asked(row)
    start, end = shared.when(row.get("startTime")), shared.when(row.get("endTime"))
    first = shared.when(row.get("completionStartTime"))
    e2e = shared.between(start, end)
    ttft = shared.between(start, first)
    if ttft is not None and (e2e is None or ttft >= e2e):
        ttft = None  # LiteLLM writes the end there where nothing was streamed
    answer, finish = shared.reply_of(row.get("response"))
    hit = shared.truth(row.get("cache_hit"))
    settings = row.get("model_parameters") or asked
    error = _error(row, meta)
    return LoggedRequest(
        id=str(shared.first_of(row, ("request_id", "id", "trace_id")) or f"record {line}"),
        line=line,
        model=_model(row),
        provider=str(row.get("custom_llm_provider") or "unknown"),
        sent=start,
        e2e_s=None if hit else e2e,
        ttft_s=None if hit else ttft,
        usage=None if hit else _usage(row, meta),
        usd=None if hit else dollars(shared.first_of(row, ("spend", "response_cost"))),
        turns=shared.turns_of(row.get("messages")) or shared.turns_of(asked),
        answer=None if error else answer,
        error=error,
        finish=finish,
        model_returned=_text(get(shared.parsed(row.get("response")), "model")),
        cached=hit,
        group=str(row.get("session_id") or ""),
        kind=_kind(row),
        params=shared.sampling(settings),
        max_tokens=shared.cap(settings),
        settings=shared.other_settings(settings),
    )


def _asked(row: Mapping[str, Json]) -> Json:
    """Return the request as the proxy received it, where it was stored."""
    asked = shared.parsed(row.get("proxy_server_request"))
    return get(asked, "body") or asked


def _model(row: Mapping[str, Json]) -> str:
    name = str(shared.first_of(row, ("model", "model_group")) or "unknown")
    provider = str(row.get("custom_llm_provider") or "")
    return name.removeprefix(f"{provider}/") if provider else name


def _kind(row: Mapping[str, Json]) -> str:
    tags = shared.parsed(row.get("request_tags"))
    shown = (
        [t for t in tags if isinstance(t, str) and not t.startswith("User-Agent")]
        if (isinstance(tags, list))
        else []
    )
    return ", ".join(sorted(shown))


def _error(row: Mapping[str, Json], meta: Mapping[str, Json]) -> str | None:
    status = str(row.get("status") or meta.get("status") or "").casefold()
    if status in ("", "success"):
        return None
    told = get(meta, "error_information", "error_message") or row.get("error_str")
    return str(told or f"status {status}")


def _usage(row: Mapping[str, Json], meta: Mapping[str, Json]) -> Usage | None:
    given = mapping(meta.get("usage_object")) or mapping(
        get(shared.parsed(row.get("response")), "usage")
    )
    more = mapping(meta.get("additional_usage_values")) or given
    detail = get(more, "prompt_tokens_details", "cached_tokens")
    told = [shared.count(detail), shared.count(more.get("cache_read_input_tokens"))]
    cached = [n for n in told if n is not None]
    return shared.tokens(
        shared.count(row.get("prompt_tokens")),
        shared.count(row.get("completion_tokens")),
        max(cached, default=None),
        shared.count(more.get("cache_creation_input_tokens")),
        shared.count(get(more, "completion_tokens_details", "reasoning_tokens")),
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
