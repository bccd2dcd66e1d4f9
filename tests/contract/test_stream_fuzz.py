"""Streams in any order, shape and state: never a traceback, never a paid answer lost, never a fault
scored as an answer, one outcome per call.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from claimbench.errors import visible
from claimbench.types import Outcome

from .streams import PROTOCOLS, regular, reply, sse, tried, zipped

SHORT = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
LONG = settings(SHORT, max_examples=5_000)

WORDS = st.sampled_from(
    [
        "billing",
        "[DONE]",
        "data: [DONE]\n\n",
        "\r\n",
        '{"error": "x"}',
        "日本 🚀",
        "\ud83d",
        "\x00\x1b[2J",
        "event: error",
        " ",
        "finish_reason",
    ]
)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["stop", "error", "text", "[DONE]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "error", "content", "message", "delta", "usage", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
USAGE = st.none() | st.dictionaries(
    st.sampled_from(
        [
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "input_tokens",
            "output_tokens",
            "promptTokenCount",
            "candidatesTokenCount",
            "totalTokenCount",
            "prompt_tokens_details",
            "cost",
            "cost_in_usd_ticks",
            "promptTokensDetails",
            "cache_creation",
            "server_tool_use",
        ]
    ),
    st.integers(-1, 10**6) | JUNK,
    max_size=6,
)
FAULTS = {
    "chat": [{"error": {"message": "lost"}}, {"choices": [{"finish_reason": "error"}]}],
    "responses": [
        {"type": "error", "message": "lost"},
        {"type": "response.failed", "response": {"error": {"message": "lost"}}},
    ],
    "messages": [{"type": "error", "error": {"message": "lost"}}],
    "gemini": [{"error": {"message": "lost"}}, [{"error": {"message": "lost"}}]],
}


def split(draw: st.DrawFn, body: bytes) -> list[bytes]:
    """The body in random pieces, empty ones too."""
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def with_noise(draw: st.DrawFn, body: bytes) -> bytes:
    """The body behind what servers put between events."""
    noise = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b": hello\n\n", b"\n\n", b"retry: 3\n\n"]))
    return noise + body


def settled(protocol: str, answer: Any) -> Any:
    """The attempt, which is never a bug of ours."""
    found = tried(protocol, answer)
    assert isinstance(found.attempt.outcome, Outcome)
    assert not (found.attempt.error or "").startswith("provider bug")
    assert visible(found.attempt.error or "") == (found.attempt.error or "")
    return found


def check_whole(protocol: str, data: st.DataObject) -> None:
    """A whole answer is one, whatever its books say and however it comes."""
    pieces = ["The team is ", *data.draw(st.lists(WORDS, max_size=5)), "billing"]
    usage = data.draw(USAGE)
    ends = ["usual"] + ([None, "tired"] if protocol in ("chat", "messages") else [])
    rows = regular(protocol, pieces, usage, data.draw(st.sampled_from(ends)))
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    body = with_noise(data.draw, sse(rows, end))
    headers = {}
    if data.draw(st.booleans()):
        body = zipped(body)
        headers["content_encoding"] = data.draw(st.sampled_from(["gzip", "", "x-gzip"]))
    ctype = data.draw(st.sampled_from(["text/event-stream", "text/plain", "application/json", ""]))
    found = settled(protocol, reply(split(data.draw, body), ctype=ctype, **headers))
    assert found.attempt.outcome is Outcome.OK, found.attempt.error
    assert found.answer.text == "".join(pieces)


def check_broken(protocol: str, data: st.DataObject) -> None:
    """An answer that breaks off before its end is none, wherever it breaks."""
    pieces = ["The team is ", *data.draw(st.lists(WORDS, max_size=5)), "billing"]
    rows = regular(protocol, pieces, data.draw(USAGE))
    last = {"chat": 2, "messages": 2, "responses": 1, "gemini": 1}[protocol]
    last += protocol == "chat" and isinstance(rows[-2], dict) and "usage" in rows[-2]
    kept = rows[: data.draw(st.integers(0, len(rows) - last))]
    how = data.draw(st.sampled_from(["cut", "error", "torn", "page", "bare"]))
    body = sse(kept)
    if how == "error":
        body += sse([data.draw(st.sampled_from(FAULTS[protocol]))])
    elif how == "torn":
        body += b'data: {"choices": [{"delta": {"con'
    elif how == "bare":
        body += b'{"error": {"message": "lost", "code": 500}}\n'
    elif how == "page" and not kept:
        body = b"<html>502</html>"
    if data.draw(st.booleans()):
        body = zipped(body)
    found = settled(protocol, reply(split(data.draw, body)))
    assert found.attempt.outcome.missing, (how, found.attempt.outcome, found.answer.text)
    assert found.attempt.error


def changed(draw: st.DrawFn, value: Any, depth: int = 0) -> Any:
    """The value with one part of it replaced."""
    if isinstance(value, dict) and value and (depth == 0 or draw(st.booleans())):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: changed(draw, value[key], depth + 1)}
    if isinstance(value, list) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed(draw, value[at], depth + 1), *value[at + 1 :]]
    return draw(JUNK)


def check_any(protocol: str, data: st.DataObject) -> None:
    """Whatever comes, the call has one outcome, and an answer without words is no right one."""
    rows = regular(protocol, ["The team is ", "billing"], {"prompt_tokens": 20})
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(rows) - 1))
        rows[at] = changed(data.draw, rows[at])
    if data.draw(st.booleans()):
        rows = data.draw(st.permutations(rows))
    body = sse(json.dumps(row) if not isinstance(row, str) else row for row in rows)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(body)))
        body = body[:at] + data.draw(st.binary(max_size=6)) + body[at:]
    found = settled(protocol, reply(split(data.draw, body)))
    if found.attempt.outcome is Outcome.OK:
        assert found.answer.text.strip() or found.answer.tool_calls
        assert found.answer.done is not None


def check_late(protocol: str, data: st.DataObject) -> None:
    """Whatever follows the regular end of an answer, the answer stands."""
    pieces = ["The team is ", *data.draw(st.lists(WORDS, max_size=3)), "billing"]
    rows = regular(protocol, pieces, data.draw(USAGE))
    more = data.draw(st.lists(JUNK, min_size=1, max_size=3))
    if protocol == "chat":
        at = next(i for i, row in enumerate(rows) if _reason(row)) + 1
    else:
        at = len(rows) - (protocol == "messages")
    rows[at:at] = [json.dumps(one) for one in more]
    found = settled(protocol, reply(split(data.draw, sse(rows))))
    assert found.attempt.outcome is Outcome.OK, found.attempt.error
    assert found.answer.text == "".join(pieces)


def _reason(row: Any) -> bool:
    choices = row.get("choices") if isinstance(row, dict) else None
    return bool(choices) and choices[0]["finish_reason"] is not None


CHECKS = {"whole": check_whole, "broken": check_broken, "any": check_any, "late": check_late}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("check", CHECKS)
@seed(20261129)
@SHORT
@given(data=st.data())
def test_streams(check: str, protocol: str, data: st.DataObject) -> None:
    CHECKS[check](protocol, data)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("check", CHECKS)
@LONG
@given(data=st.data())
def test_streams_for_long(check: str, protocol: str, data: st.DataObject) -> None:
    CHECKS[check](protocol, data)


@pytest.mark.parametrize("odd", [[None], ["x"], [3], {"x": [None]}, "many"])
@pytest.mark.parametrize(
    "name", ["promptTokensDetails", "cacheTokensDetails", "prompt_tokens_details", "cost"]
)
@pytest.mark.parametrize("protocol", ["chat", "responses", "messages", "gemini"])
def test_odd_kinds_inside_usage_never_cost_an_answer(protocol: str, name: str, odd: Any) -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "input_tokens": 5,
        "output_tokens": 2,
        "promptTokenCount": 5,
        "candidatesTokenCount": 2,
        "totalTokenCount": 7,
        name: odd,
    }
    outcome = tried(protocol, reply(sse(regular(protocol, ["billing"], usage))))
    assert outcome.attempt.outcome is Outcome.OK, outcome.attempt.error
    assert outcome.answer.text == "billing"


@pytest.mark.parametrize("name", ["candidates", "choices"])
def test_a_null_beside_the_choices_is_none(name: str) -> None:
    protocol = {"candidates": "gemini", "choices": "chat"}[name]
    rows = regular(protocol, ["billing"])
    for row in rows:
        if isinstance(row, dict) and row.get(name):
            row[name] = [None, *row[name], None]
    outcome = tried(protocol, reply(sse(rows)))
    assert outcome.attempt.outcome is Outcome.OK, outcome.attempt.error
    assert outcome.answer.text == "billing"
