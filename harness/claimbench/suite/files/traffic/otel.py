"""OpenTelemetry: spans with the attributes ``gen_ai.*``, as OTLP in JSON (an exporter's or a
collector's file) or as the SDK's console exporter prints them.

Three generations of the semantic conventions are read: messages as one attribute
(``gen_ai.input.messages``), as numbered ones (``gen_ai.prompt.0.content``), and as events
(``gen_ai.user.message``). Spans of embeddings, tools and agents are no requests of a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from claimbench.suite.files.traffic import requests as shared
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import as_list, dollars, get, mapping
from claimbench.types import Json, Usage

NAME = "otel"
_CHAT = ("chat", "text_completion", "completion", "generate_content", "generate", "responses")
_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(role|content|finish_reason)\Z")
_EVENT = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message\Z")


def spans_of(row: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield the spans of one object of OTLP; the object itself where it is a span or none."""
    if isinstance(row.get("resourceSpans"), list):
        for resource in row["resourceSpans"]:
            yield from spans_of(mapping(resource))
        return
    scopes = row.get("scopeSpans", row.get("instrumentationLibrarySpans"))
    if not isinstance(scopes, list):
        yield dict(row)
        return
    for scope in scopes:
        for span in as_list(get(scope, "spans")):
            yield mapping(span)


def knows(row: Mapping[str, Json]) -> bool:
    """Recognise a span, of whatever kind."""
    if "resourceSpans" in row or "scopeSpans" in row:
        return True
    ids = {"spanId", "span_id"} & row.keys() or isinstance(get(row, "context", "span_id"), str)
    return "attributes" in row and bool(ids)


def read(row: Mapping[str, Json], line: int) -> LoggedRequest | None:
    """Read one span; None for one that is no request of a model."""
    told = _attributes(row.get("attributes"))
    kind = str(told.get("gen_ai.operation.name") or told.get("llm.request.type") or "")
    model = told.get("gen_ai.request.model") or told.get("gen_ai.response.model")
    asks = kind in _CHAT or (not kind and any(k.startswith("gen_ai.usage.") for k in told))
    if not isinstance(model, str) or not asks:
        return None
    events = _events(row)
    turns, answer, finish = _conversation(told, events)
    start = shared.when(shared.first_of(row, ("startTimeUnixNano", "start_time")))
    end = shared.when(shared.first_of(row, ("endTimeUnixNano", "end_time")))
    error = _error(row, told)
    trace = row.get("traceId") or get(row, "context", "trace_id") or row.get("trace_id")
    span = row.get("spanId") or get(row, "context", "span_id") or row.get("span_id")
    returned = told.get("gen_ai.response.model")
    cost = shared.first_of(told, ("gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.usage.cost"))
    return LoggedRequest(
        id=str(span or told.get("gen_ai.response.id") or f"record {line}"),
        line=line,
        model=model,
        provider=str(told.get("gen_ai.provider.name") or told.get("gen_ai.system") or "unknown"),
        sent=start,
        e2e_s=shared.between(start, end),
        ttft_s=_first_token(told),
        usage=_usage(told),
        usd=dollars(cost),
        turns=turns,
        answer=None if error else answer,
        error=error,
        finish=finish,
        model_returned=returned if isinstance(returned, str) else None,
        group=str(told.get("gen_ai.conversation.id") or told.get("session.id") or trace or ""),
        kind=str(told.get("gen_ai.agent.name") or ""),
        params=shared.sampling(_settings(told)),
        max_tokens=shared.count(told.get("gen_ai.request.max_tokens")),
        settings=shared.other_settings(_settings(told)),
        parent=str(shared.first_of(row, ("parentSpanId", "parent_id", "parent_span_id")) or ""),
    )


def _attributes(given: Json) -> dict[str, Json]:
    """Return attributes as a mapping; OTLP has a list of key and typed value."""
    if isinstance(given, dict):
        return given
    found: dict[str, Json] = {}
    for entry in given if isinstance(given, list) else []:
        key = get(entry, "key")
        if isinstance(key, str):
            found[key] = _value(get(entry, "value"))
    return found


def _value(given: Any) -> Json:
    """Return a typed value of OTLP; whole numbers stand there as text."""
    if not isinstance(given, dict):
        return given
    if "intValue" in given:
        return shared.count(given["intValue"])
    if "arrayValue" in given:
        listed = get(given, "arrayValue", "values")
        return [_value(v) for v in listed] if isinstance(listed, list) else []
    if "kvlistValue" in given:
        return _attributes(get(given, "kvlistValue", "values"))
    return next(iter(given.values()), None)


def _events(row: Mapping[str, Json]) -> list[tuple[str, dict[str, Json]]]:
    listed = row.get("events")
    made = []
    for event in listed if isinstance(listed, list) else []:
        made.append((str(get(event, "name")), _attributes(get(event, "attributes"))))
    return made


def _conversation(
    told: Mapping[str, Json], events: list[tuple[str, dict[str, Json]]]
) -> tuple[tuple[Mapping[str, Json], ...], str | None, str | None]:
    """Return the turns that were sent, the answer and why it ended."""
    merged = {**{k: v for _, attributes in events for k, v in attributes.items()}, **told}
    reasons = shared.parsed(merged.get("gen_ai.response.finish_reasons"))
    finish = reasons[0] if isinstance(reasons, list) and reasons else None
    if merged.get("gen_ai.input.messages") is not None:
        system = _parts(shared.parsed(merged.get("gen_ai.system_instructions")))
        turns = _messages(merged["gen_ai.input.messages"])
        if system:
            turns = [{"role": "system", "content": system}, *turns]
        out = _messages(merged.get("gen_ai.output.messages"))
        answer = str(out[-1]["content"]) if out else None
    else:
        turns, answer, numbered = _numbered(told)
        finish = finish or numbered
        if not turns:
            turns, answer = _from_events(events)
    return tuple(turns), answer, finish if isinstance(finish, str) else None


def _messages(given: Json) -> list[dict[str, Json]]:
    listed = shared.parsed(given)
    made: list[dict[str, Json]] = []
    for message in listed if isinstance(listed, list) else []:
        text = _parts(get(message, "parts")) or shared.text_of_content(get(message, "content"))
        made.append({"role": str(get(message, "role") or "user"), "content": text or ""})
    return made


def _parts(given: Json) -> str:
    """Return the parts of a message as text; a tool that is called is told as JSON."""
    texts = []
    for part in given if isinstance(given, list) else []:
        if get(part, "type") in ("tool_call", "tool_call_response"):
            texts.append(json.dumps(part, ensure_ascii=False))
            continue
        text = shared.text_of_content(part)
        if text and get(part, "type") != "reasoning":
            texts.append(text)
    return "\n".join(texts)


def _numbered(told: Mapping[str, Json]) -> tuple[list[dict[str, Json]], str | None, str | None]:
    sides: dict[str, dict[int, dict[str, Json]]] = {"prompt": {}, "completion": {}}
    for name, value in told.items():
        found = _NUMBERED.match(name)
        if found is not None:
            sides[found.group(1)].setdefault(int(found.group(2)), {})[found.group(3)] = value
    turns = []
    for _, turn in sorted(sides["prompt"].items()):
        turns.append({"role": turn.get("role") or "user", "content": turn.get("content") or ""})
    last = sides["completion"].get(0, {})
    answer, finish = last.get("content"), last.get("finish_reason")
    return (
        turns,
        answer if isinstance(answer, str) else None,
        finish if isinstance(finish, str) else None,
    )


def _from_events(
    events: list[tuple[str, dict[str, Json]]],
) -> tuple[list[dict[str, Json]], str | None]:
    turns: list[dict[str, Json]] = []
    answer = None
    for name, told in events:
        role = _EVENT.match(name)
        if role is not None:
            text = shared.text_of_content(shared.parsed(told.get("content")))
            turns.append({"role": role.group(1), "content": text or ""})
        elif name == "gen_ai.choice":
            answer = shared.text_of_content(get(shared.parsed(told.get("message")), "content"))
    return turns, answer


def _usage(told: Mapping[str, Json]) -> Usage | None:
    def counted(*names: str) -> int | None:
        return shared.count(shared.first_of(told, [f"gen_ai.usage.{name}" for name in names]))

    return shared.tokens(
        counted("input_tokens", "prompt_tokens"),
        counted("output_tokens", "completion_tokens"),
        counted("cache_read.input_tokens", "cache_read_input_tokens"),
        counted("cache_creation.input_tokens", "cache_creation_input_tokens"),
        counted("reasoning.output_tokens", "reasoning_tokens", "output_tokens.reasoning"),
    )


def _first_token(told: Mapping[str, Json]) -> float | None:
    """Return the seconds to the first token, where an instrumentation tells them."""
    names = ("gen_ai.server.time_to_first_token", "gen_ai.response.time_to_first_chunk")
    found = shared.cell_number(shared.first_of(told, names))
    return found if found is not None and found > 0 else None


def _settings(told: Mapping[str, Json]) -> dict[str, Json]:
    mark = "gen_ai.request."
    return {name.removeprefix(mark): v for name, v in told.items() if name.startswith(mark)}


def _error(row: Mapping[str, Json], told: Mapping[str, Json]) -> str | None:
    code = get(row, "status", "code") or get(row, "status", "status_code")
    if code not in (2, "2", "ERROR", "STATUS_CODE_ERROR") and not told.get("error.type"):
        return None
    message = get(row, "status", "message") or get(row, "status", "description")
    return str(message or told.get("error.type") or "status ERROR")
