"""What comes back: every kind of oddity with its siblings, over every protocol."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import IncompleteStream, ServerFault, visible
from claimbench.provider.usage import billed_usd, normalise_gemini, normalise_openai
from claimbench.transport.client import Limits
from claimbench.types import Outcome
from claimbench_providers.endpoints.faults import LONGEST_RETRY_S, fault, retry_after
from claimbench_providers.endpoints.reading import bodies
from claimbench_providers.endpoints.reading.ends import end_of

from .streams import PROTOCOLS, chunk, regular, reply, sse, tried, zipped

USAGES: dict[str, dict[str, Any]] = {
    "chat": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
    "responses": {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25},
    "messages": {"input_tokens": 20, "output_tokens": 5},
    "gemini": {"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "text",
    [
        "I end with [DONE].",
        "[DONE]",
        "data: [DONE]\n\nbilling",
        'event: error\ndata: {"error": "no"}\n\n',
        "message_stop response.completed",
    ],
)
def test_marks_of_the_protocol_inside_an_answer_are_text(protocol: str, text: str) -> None:
    body = sse(regular(protocol, [text[:4], text[4:]], USAGES[protocol]))
    for pieces in ([body], [body[i : i + 7] for i in range(0, len(body), 7)]):
        found = tried(protocol, reply(pieces))
        assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, text)
        assert found.remarks == ()


def test_marks_in_reasoning_and_tool_arguments_are_text() -> None:
    call = {"index": 0, "id": "t", "function": {"name": "f", "arguments": '{"a": "[DONE]"}'}}
    rows = [
        chunk({"reasoning_content": "say [DONE]"}),
        chunk({"tool_calls": [call]}),
        chunk({"content": "ok"}, "tool_calls"),
        "[DONE]",
    ]
    found = tried("chat", reply(sse(rows)))
    assert found.answer.reasoning == "say [DONE]"
    assert found.answer.tool_calls[0].arguments == '{"a": "[DONE]"}'
    assert found.attempt.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("content", "answer", "reasoning"),
    [
        ([{"type": "text", "text": "billing"}], "billing", ""),
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "billing"},
            ],
            "billing",
            "hm",
        ),
        ([{"type": "output_text", "text": "bil"}, "ling"], "billing", ""),
        ({"type": "text", "text": "billing"}, "billing", ""),
        ({"parts": [{"text": "billing"}]}, "billing", ""),
        ([{"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "b"}], "b", ""),
        ([{"type": "reasoning", "summary": [{"text": "hm"}]}, {"text": "b"}], "b", "hm"),
        ([{"type": "text", "text": {"value": "b", "annotations": []}}], "b", ""),
    ],
)
def test_content_in_blocks_is_read(content: Any, answer: str, reasoning: str) -> None:
    for rows in (
        [chunk({"content": content}), chunk({}, "stop"), "[DONE]"],
        [{"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}, "[DONE]"],
    ):
        found = tried("chat", reply(sse(rows)))
        assert (found.answer.text, found.answer.reasoning) == (answer, reasoning)
        assert found.attempt.outcome is Outcome.OK


@pytest.mark.parametrize(
    "content", [7, [7], {"type": "hologram", "light": "x"}, [{"x": "y"}], True]
)
def test_content_of_an_unknown_shape_is_malformed_and_never_empty(content: Any) -> None:
    found = tried("chat", reply(sse([chunk({"content": content}), chunk({}, "stop"), "[DONE]"])))
    assert found.attempt.outcome is Outcome.MALFORMED_STREAM


@pytest.mark.parametrize(
    ("reason", "kind", "meaning"),
    [
        ("stop", "end", "stop"),
        ("EOS", "end", "stop"),
        ("end_turn", "end", "stop"),
        ("COMPLETE", "end", "stop"),
        ("model_length", "end", "length"),
        ("MAX_TOKENS", "end", "length"),
        ("context window exceeded", "end", "length"),
        ("SAFETY", "end", "content_filter"),
        ("guardrail_intervened", "end", "content_filter"),
        ("sensitive", "end", "content_filter"),
        ("tool-calls", "end", "tool_calls"),
        ("error", "fault", "error"),
        ("insufficient_system_resource", "fault", "insufficient_system_resource"),
        ("abort", "fault", "abort"),
        ({"type": "stop", "matched": 2}, "end", "stop"),
        ("", "none", None),
        (None, "none", None),
        ("null", "none", None),
        ("FINISH_REASON_UNSPECIFIED", "none", None),
        ("tired", "unknown", "tired"),
        ("compaction", "unknown", "compaction"),
    ],
)
def test_finish_reasons_are_a_closed_table(reason: Any, kind: str, meaning: str | None) -> None:
    assert (end_of(reason).kind, end_of(reason).reason) == (kind, meaning)


def test_an_unknown_reason_is_an_end_that_is_said() -> None:
    found = tried("chat", reply(sse([chunk({"content": "b"}), chunk({}, "tired"), "[DONE]"])))
    assert found.attempt.outcome is Outcome.OK
    assert "'tired'" in found.remarks[0]


@pytest.mark.parametrize("reason", ["", "null", None, "stop"])
def test_a_reason_in_every_chunk_is_no_end_of_an_answer_that_was_cut(reason: Any) -> None:
    rows = [chunk({"content": "bil"}, reason), chunk({"content": "li"}, reason)]
    found = tried("chat", reply(sse(rows)))
    assert found.attempt.outcome is Outcome.INCOMPLETE_STREAM
    whole = [*rows, chunk({"content": "ng"}, reason), "[DONE]"]
    found = tried("chat", reply(sse(whole)))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


@pytest.mark.parametrize("protocol", ["chat", "messages"])
def test_no_reason_with_the_last_word_is_an_end_said(protocol: str) -> None:
    found = tried(protocol, reply(sse(regular(protocol, ["b"], USAGES[protocol], None))))
    assert found.attempt.outcome is Outcome.OK
    assert found.remarks == ("ends its answers without a finish reason; they are taken as whole",)
    found = tried(protocol, reply(sse(regular(protocol, ["b"], None, None)[:-1])))
    assert found.attempt.outcome is Outcome.INCOMPLETE_STREAM


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_fault_as_a_reason_keeps_the_usage(protocol: str) -> None:
    if protocol == "responses":
        end = {"status": "cancelled", "usage": USAGES[protocol]}
        rows: list[Any] = [{"type": "response.completed", "response": end}]
    else:
        rows = regular(protocol, ["b"], USAGES[protocol], "error")
    found = tried(protocol, reply(sse(rows)))
    assert found.attempt.outcome is Outcome.SERVER_FAULT
    assert found.attempt.usage is not None


@pytest.mark.parametrize("ctype", ["application/json", "text/plain", "text/event-stream", ""])
def test_a_whole_answer_is_read_whatever_its_type(ctype: str) -> None:
    message = {"role": "assistant", "content": "billing"}
    answer = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": USAGES["chat"],
    }
    for text in (json.dumps(answer), json.dumps(answer, indent=2), "\ufeff" + json.dumps(answer)):
        found = tried("chat", reply(text.encode(), ctype=ctype))
        assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


def test_whole_answers_of_the_other_protocols() -> None:
    part = {"type": "output_text", "text": "b"}
    for protocol, answer in (
        (
            "responses",
            {"object": "response", "output": [{"type": "message", "content": [part]}]},
        ),
        ("messages", {"type": "message", "content": [{"type": "text", "text": "b"}]}),
        ("messages", {"type": "message", "content": "b", "stop_reason": "end_turn"}),
        ("gemini", [{"candidates": [{"content": {"parts": [{"text": "b"}]}}]}]),
    ):
        found = tried(protocol, reply(json.dumps(answer).encode(), ctype="text/plain"))
        assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "b"), protocol


def test_lines_of_json_are_read() -> None:
    rows = [chunk({"content": "bil"}), chunk({"content": "ling"}, "stop")]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    found = tried("chat", reply(body, ctype="application/x-ndjson"))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (b'{"error":{"message":"KV cache full","code":503}}\n', "server_fault", "KV cache full"),
        (sse([{"object": "error", "message": "broken", "code": 500}]), "server_fault", "broken"),
        (sse([{"detail": "Model not loaded"}]), "server_fault", "Model not loaded"),
        (sse([{"detail": [{"loc": ["x"], "msg": "bad x"}]}]), "server_fault", "bad x"),
        (sse([{"error": "out of memory"}]), "server_fault", "out of memory"),
        (sse([{"error": "slow down", "code": 429}]), "rate_limited", "slow down"),
        (sse([{"errors": [{"message": "a"}, {"message": "b"}]}]), "server_fault", "a; b"),
        (
            sse(
                [{"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": None}]
            ),
            "server_fault",
            "login fail",
        ),
        (sse([{"choices": [{"error": {"message": "gone", "code": 502}}]}]), "server_fault", "gone"),
        (
            sse([{"object": "error", "message": "max context length is 8", "code": 400}]),
            "context_overflow",
            "max context length",
        ),
        (
            b"<html><head><title>x</title></head><body>502 Bad Gateway</body>",
            "server_fault",
            "502 Bad Gateway",
        ),
        (b"upstream connect error", "server_fault", "upstream connect error"),
        (sse([chunk({"content": "b"})]) + b'{"error": "lost"}\n', "server_fault", "lost"),
        (sse([chunk({"content": "b"})]) + b"Internal Error\n", "server_fault", "Internal Error"),
    ],
)
def test_errors_in_a_200_are_faults_in_the_servers_words(
    body: bytes, outcome: str, words: str
) -> None:
    found = tried("chat", reply(body))
    assert (found.attempt.outcome.value, found.attempt.error is not None) == (outcome, True)
    assert words in (found.attempt.error or "")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_errors_in_a_200_of_every_protocol(protocol: str) -> None:
    for error in ({"error": {"message": "no"}}, {"type": "error", "error": {"message": "no"}}):
        found = tried(protocol, reply(sse([error])))
        assert found.attempt.outcome is Outcome.SERVER_FAULT
        assert "no" in (found.attempt.error or "")


def test_control_characters_of_a_server_are_shown_and_not_sent() -> None:
    words = "\x1b[2Jgone\r\n\u202efdp\x00\ud800"
    found = tried("chat", reply(sse([{"error": {"message": words}}])))
    error = found.attempt.error or ""
    assert error.isprintable()
    assert "\\x1b[2Jgone" in error
    assert "\\u202e" in error
    assert visible("naïve 日本 🚀") == "naïve 日本 🚀"
    assert len(str(ServerFault("x" * 10_000))) == 2000


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "", "identity"])
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_compressed_body_is_inflated(coding: str, size: int) -> None:
    body = zipped(sse(regular("chat", ["bil", "ling"], USAGES["chat"])))
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    found = tried("chat", reply(pieces, content_encoding=coding))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


def test_deflate_plain_bodies_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    body = sse(regular("chat", ["billing"]))
    raw = zlib.compressobj(wbits=-15)
    for sent in (zlib.compress(body), raw.compress(body) + raw.flush(), body):
        found = tried("chat", reply(sent, content_encoding="deflate"))
        assert found.answer.text == "billing"
    assert tried("chat", reply(body, content_encoding="gzip")).answer.text == "billing"
    torn = tried("chat", reply(zipped(body)[:-12], content_encoding="gzip"))
    assert torn.attempt.outcome is Outcome.MALFORMED_STREAM
    monkeypatch.setattr(bodies, "MOST_BYTES", 1000)
    found = tried("chat", reply(zipped(b"\n" * 5000), content_encoding="gzip"))
    assert "inflates to more than 1,000 bytes" in (found.attempt.error or "")
    assert Limits().body_bytes < 2**30
    odd = tried("chat", reply(b"\x1b\x00\x01\x02", content_encoding="br"))
    assert "(br)" in (odd.attempt.error or "")


def test_an_error_that_is_compressed_is_read() -> None:
    body = zipped(b'{"error": {"message": "no such model"}}')
    found = tried("chat", reply(body, status=400, content_encoding="gzip"))
    assert "no such model" in (found.attempt.error or "")


# Thinking


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<thought>", "</thought>"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("◁think▷", "◁/think▷"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|channel>thought\n", "<channel|>"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
    ],
)
def test_thinking_is_parted_from_the_answer(opening: str, closing: str) -> None:
    for text in (f"{opening}delivery? No.{closing}\n\nbilling", f"delivery? {closing}billing"):
        found = tried("chat", reply(sse(regular("chat", [text[:9], text[9:], ""]))))
        assert found.answer.text == "billing"
        assert "delivery?" in found.answer.reasoning
        assert found.answer.first_answer_ns == found.answer.chunk_ns[1]
    never = tried("chat", reply(sse(regular("chat", [opening + "delivery"], None, "length"))))
    assert (never.answer.text, never.attempt.outcome) == ("", Outcome.TRUNCATED)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "<|channel|>analysis<|message|>delivery?<|end|><|start|>assistant<|channel|>final"
            "<|message|>billing<|return|>",
            "billing",
        ),
        ("analysisIs it delivery? No.assistantfinalbilling", "billing"),
        ("<|channel|>analysis<|message|>never done", ""),
        ("a</think>b</think>billing", "billing"),
        ("Close it with `</think>`.", "Close it with `</think>`."),
        ("1 < 2 and [x]", "1 < 2 and [x]"),
        ("<reasoning>r</reasoning>billing", "billing"),
        ("the field </reasoning> is odd", "the field </reasoning> is odd"),
    ],
)
def test_formats_that_name_their_answer(text: str, answer: str) -> None:
    found = tried("chat", reply(sse(regular("chat", [text]))))
    assert found.answer.text == answer


# Usage


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "change",
    [
        {"total_tokens": 26, "totalTokenCount": 26, "cache_creation_input_tokens": -1},
        {"prompt_tokens": "many", "input_tokens": "many", "promptTokenCount": "many"},
        {"prompt_tokens": {}, "input_tokens": [], "promptTokenCount": {"a": 1}},
        {"completion_tokens": -5, "output_tokens": -5, "candidatesTokenCount": -5},
    ],
)
def test_usage_that_does_not_add_up_leaves_the_answer(protocol: str, change: Any) -> None:
    known = USAGES[protocol]
    extra = {k: v for k, v in change.items() if k in known or protocol == "messages"}
    usage = known | extra
    found = tried(protocol, reply(sse(regular(protocol, ["billing"], usage))))
    attempt = found.attempt
    assert (attempt.outcome, found.answer.text) == (Outcome.OK, "billing")
    assert attempt.usage is not None
    assert attempt.usage.source == "unknown"
    assert attempt.usage_raw == usage
    assert len(found.remarks) == 1


@pytest.mark.parametrize("usage", ["free", 7, [1], True, {"a": "b"}, {"total_tokens": {}}])
def test_usage_of_any_shape_leaves_the_answer(usage: Any) -> None:
    found = tried("chat", reply(sse(regular("chat", ["billing"], usage))))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


@pytest.mark.parametrize(
    ("usage", "unknown"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 5}, "input"),
        ({"prompt_tokens": 1, "completion_tokens": 5}, "input"),
        ({"prompt_tokens": 20, "completion_tokens": 0}, "output"),
        ({"prompt_tokens": 20, "completion_tokens": 10**12}, "output"),
        ({"prompt_tokens": 10**10, "completion_tokens": 5}, "input"),
    ],
)
def test_counts_that_cannot_be_are_unknown(usage: Any, unknown: str) -> None:
    found = tried("chat", reply(sse(regular("chat", ["the team is billing"], usage))))
    counted = found.attempt.usage
    assert counted is not None
    assert (counted.input_total is None, counted.output_total is None) == (
        unknown == "input",
        unknown == "output",
    )
    assert "usage that cannot be" in found.remarks[0]


def test_counts_as_text_are_read() -> None:
    usage = {"prompt_tokens": "20", "completion_tokens": "5", "total_tokens": "25"}
    found = tried("chat", reply(sse(regular("chat", ["billing"], usage))))
    assert found.attempt.usage is not None
    assert found.attempt.usage.input_total == 20


def test_reports_per_chunk_are_no_totals() -> None:
    def used(prompt: int, completion: int) -> dict[str, Any]:
        return {"prompt_tokens": prompt, "completion_tokens": completion}

    for counts in ([(20, 1), (0, 1), (0, 1)], [(20, 1), (20, 1), (20, 1)]):
        rows = [chunk({"content": "bi "}, usage=used(*pair)) for pair in counts]
        found = tried("chat", reply(sse([*rows, chunk({}, "stop"), "[DONE]"])))
        assert found.attempt.outcome is Outcome.OK
        assert found.attempt.usage is not None
        assert found.attempt.usage.source == "unknown"
        assert len(found.attempt.usage_raw["reports"]) == 3
    growing = [chunk({"content": "bi "}, usage=used(20, n)) for n in (1, 2, 3)]
    found = tried("chat", reply(sse([*growing, chunk({}, "stop"), "[DONE]"])))
    assert found.attempt.usage is not None
    assert found.attempt.usage.output_total == 3


def test_usage_in_the_choice_is_read() -> None:
    rows = [chunk({"content": "billing"}), chunk({}, "stop"), "[DONE]"]
    rows[1]["choices"][0]["usage"] = USAGES["chat"]  # type: ignore[index]
    found = tried("chat", reply(sse(rows)))
    assert found.attempt.usage is not None
    assert found.attempt.usage.input_total == 20


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        ({"cost": 0.0123}, "0.0123"),
        ({"cost": {"input_tokens_cost": 1, "total_cost": 0.006}}, "0.006"),
        ({"cost": {"input_tokens_cost": 1}}, None),
        ({"cost_in_usd_ticks": 37756000}, "0.0037756"),
        ({"cost": "0.5"}, "0.5"),
        ({}, None),
    ],
)
def test_what_a_provider_says_it_billed(usage: Any, dollars: str | None) -> None:
    assert billed_usd(usage) == (None if dollars is None else Decimal(dollars))
    body = sse(regular("chat", ["billing"], USAGES["chat"] | usage))
    assert tried("chat", reply(body)).attempt.billed_usd == billed_usd(usage)


def test_a_bill_stands_where_the_counts_do_not() -> None:
    usage = USAGES["chat"] | {"total_tokens": 99, "cost": 0.01}
    found = tried("chat", reply(sse(regular("chat", ["billing"], usage))))
    assert found.attempt.billed_usd == Decimal("0.01")
    wrong = USAGES["chat"] | {"cost": "a lot"}
    found = tried("chat", reply(sse(regular("chat", ["billing"], wrong))))
    assert found.attempt.billed_usd is None
    assert found.attempt.usage is not None
    assert found.attempt.usage.input_total == 20


def test_caches_of_qwen_and_gemini() -> None:
    details = {
        "cached_tokens": 0,
        "cache_creation_input_tokens": 15,
        "cache_creation": {"ephemeral_5m_input_tokens": 15},
        "cache_type": "ephemeral",
    }
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": details}
    found = normalise_openai(usage)
    assert (found.input_fresh, found.cache_write_5m) == (5, 15)
    read = normalise_openai(
        usage | {"prompt_tokens_details": {"cached_tokens": 15, "cache_type": "ephemeral"}}
    )
    assert (read.input_fresh, read.cache_read) == (5, None)
    assert read.fees == (("explicit_cache_read_tokens", 15),)
    raw = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 30,
        "candidatesTokenCount": 5,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 60},
            {"modality": "IMAGE", "tokenCount": 40},
        ],
    }
    assert normalise_gemini(raw).input_fresh is None
    split = raw | {"cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 30}]}
    assert (normalise_gemini(split).input_fresh, normalise_gemini(split).image) == (30, 40)
    mixed = raw | {"cacheTokensDetails": [{"modality": "IMAGE", "tokenCount": 30}]}
    assert normalise_gemini(mixed).input_fresh is None


# Waits and addresses


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (str(LONGEST_RETRY_S), LONGEST_RETRY_S),
        ("inf", None),
        ("1e300", None),
        ("-5", None),
        ("nan", None),
        ("9" * 400, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_waits_are_finite_and_sensible(value: str, seconds: float | None) -> None:
    date = "Mon, 02 Nov 2026 10:00:00 GMT"
    assert retry_after({"Retry-After": value, "Date": date}) == seconds


def test_a_redirection_says_where_from_and_where_to() -> None:
    asked = "http://user:secret@h/v1/chat/completions?key=secret"
    error = fault(307, "", {"location": "/v2/chat/completions"}, asked)
    assert "from http://h/v1/chat/completions to http://h/v2/chat/completions" in error.message
    assert "http://h/v2)" in (error.hint or "")
    assert "secret" not in error.message + (error.hint or "")
    bare = fault(404, {}, {}, "http://h/chat/completions")
    assert "/v1 at its end" in (bare.hint or "")
    twice = fault(404, {}, {}, "http://h/v1/chat/completions/chat/completions")
    assert "end before /chat/completions" in (twice.hint or "")


def test_a_broken_connection_after_the_end_loses_nothing() -> None:
    lost = IncompleteStream("the connection broke")
    found = tried("chat", reply(sse(regular("chat", ["billing"])), fault=lost))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")
