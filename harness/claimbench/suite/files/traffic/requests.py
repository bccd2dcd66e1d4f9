"""What every log of requests becomes: one request with its answer, dollars, tokens and times."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from claimbench.suite.files.settings import stated_effort, stated_settings
from claimbench.suite.files.values import digest, disjoint, get, mapping, moment, number, seconds
from claimbench.types import Json, SamplingParams, Usage


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as a log tells it; None is what the log does not tell.

    ``line`` is the line or the number of the record. ``turns`` are the messages that were sent
    (``role``, ``content``). ``cached``: a proxy answered from its own cache, so that neither
    dollars nor seconds are the model's. ``group`` ties requests together (a session), ``kind``
    tells applications apart where the log does. ``parent`` is the id of the record around it: two
    instrumentations of one call tell it twice.
    """

    id: str
    line: int
    model: str
    provider: str = "unknown"
    sent: datetime | None = None
    e2e_s: float | None = None
    ttft_s: float | None = None
    usage: Usage | None = None
    usd: Decimal | None = None
    turns: tuple[Mapping[str, Json], ...] = ()
    answer: str | None = None
    error: str | None = None
    finish: str | None = None
    model_returned: str | None = None
    cached: bool = False
    group: str = ""
    kind: str = ""
    params: SamplingParams = field(default_factory=SamplingParams)
    max_tokens: int | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    parent: str = ""

    @property
    def prompt_key(self) -> str:
        """Return a hash of the messages that were sent; empty where the log has none."""
        if not self.turns:
            return ""
        return digest([[turn.get("role"), _key(turn)] for turn in self.turns])


def _key(turn: Mapping[str, Json]) -> Json:
    """Return what a turn says: content and the tools that it asks for."""
    return [turn.get("content"), turn.get("tool_calls")]


def parsed(value: Json) -> Json:
    """Return a cell that holds JSON as text (as CSV has it) parsed; anything else as it is."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def cell_number(value: Json) -> float | None:
    """Return a number, also one that stands as text in a CSV; None for anything else."""
    if isinstance(value, str):
        try:
            return number(float(value.strip()))
        except ValueError:
            return None
    return None if isinstance(value, bool) else number(value)


def count(value: Json) -> int | None:
    """Return a count of tokens, also as text; None for anything else."""
    found = cell_number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def truth(value: Json) -> bool:
    """Tell a true cell: true, "True", "1", "yes"."""
    return value is True or str(value).strip().casefold() in ("true", "1", "yes")


def when(value: Json) -> datetime | None:
    """Return a moment of a log: ISO 8601 with a T or a blank, or Unix time in s, ms, µs or ns."""
    stamp = cell_number(value)
    if stamp is None:
        return moment(value.strip().removesuffix(" UTC") if isinstance(value, str) else value)
    while stamp >= 4_102_444_800:  # beyond 2100 in seconds: a finer unit
        stamp /= 1000
    return moment(stamp)


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from start to end; None where one is unknown or they stand the wrong
    way round.
    """
    return None if start is None or end is None else seconds((end - start).total_seconds())


def tokens(
    total_in: int | None,
    total_out: int | None,
    cached: int | None = None,
    written: int | None = None,
    reasoning: int | None = None,
) -> Usage | None:
    """Return disjoint buckets from totals that include cached input and reasoning; None where the
    totals are unknown or the input is 0, which says "not counted".

    An input that is less than its cached part cannot include it (Anthropic's own counts): it is
    fresh input then.
    """
    if not total_in or total_out is None:
        return None
    if (cached or 0) + (written or 0) > total_in:
        total_in += (cached or 0) + (written or 0)
    return disjoint(total_in, total_out, cached, written, reasoning)


def turns_of(value: Json) -> tuple[Mapping[str, Json], ...]:
    """Return the messages of a request: a list of turns, an object that holds one, or a text."""
    value = parsed(value)
    for key in ("messages", "input", "prompt"):
        if isinstance(value, dict) and value.get(key) is not None:
            system = value.get("system", value.get("instructions"))
            inner = turns_of(value[key])
            text = text_of_content(system) if system is not None else None
            return ({"role": "system", "content": text}, *inner) if text else inner
    if isinstance(value, str) and value.strip():
        return ({"role": "user", "content": value},)
    if not isinstance(value, list) or not value:
        return ()
    if all(isinstance(turn, dict) and isinstance(turn.get("role"), str) for turn in value):
        return tuple(value)
    return ()


def text_of_content(content: Json) -> str | None:
    """Return a message's text: text as it is, the text parts of a list; None for none."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return text_of_content(content.get("text", content.get("content")))
    if isinstance(content, list):
        texts = [text_of_content(part) for part in content]
        found = [text for text in texts if text]
        return "\n".join(found) if found else None
    return None


def reply_of(value: Json) -> tuple[str | None, str | None]:
    """Return the answer's text and finish reason of a response: a chat completion, a message, a
    list of output items, or a text. Tool calls are told as JSON.
    """
    value = parsed(value)
    if isinstance(value, str):
        return value, None
    choice = get(value, "choices", 0)
    if choice is not None:
        text = _message_text(get(choice, "message")) or text_of_content(get(choice, "text"))
        reason = get(choice, "finish_reason")
        return text, reason if isinstance(reason, str) else None
    if isinstance(value, list):
        texts = [_message_text(part) for part in value]
        found = [text for text in texts if text]
        return ("\n".join(found) if found else None), None
    if isinstance(value, dict):
        if "output" in value and "role" not in value:
            return reply_of(value["output"])
        stop = value.get("stop_reason")
        return _message_text(value), stop if isinstance(stop, str) else None
    return None, None


def _message_text(message: Any) -> str | None:
    text = text_of_content(get(message, "content"))
    if text:
        return text
    calls = get(message, "tool_calls") or get(message, "function_call")
    if calls:
        return json.dumps(calls, ensure_ascii=False)
    return text_of_content(message) if isinstance(message, str) else text


def sampling(settings: Json) -> SamplingParams:
    """Return the sampling of a request's parameters, as far as they stand there."""
    told = mapping(parsed(settings))
    seed = count(told.get("seed"))
    return SamplingParams(
        cell_number(told.get("temperature")),
        cell_number(told.get("top_p")),
        seed,
        stated_effort(told),
    )


def other_settings(settings: Json) -> dict[str, Json]:
    """Return what else a request's parameters set that bears on its answer."""
    return stated_settings(parsed(settings))


def cap(settings: Json) -> int | None:
    """Return the most tokens that a request asked for."""
    told = mapping(parsed(settings))
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        found = count(told.get(name))
        if found:
            return found
    return None


def first_of(row: Mapping[str, Json], names: Sequence[str]) -> Json:
    """Return the first cell that holds something."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None
