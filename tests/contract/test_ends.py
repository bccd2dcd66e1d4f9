"""Where an answer ends, which of several it is, and what comes after it: alike on every protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.provider.thinking import part
from claimbench.types import Outcome
from claimbench_providers.endpoints.faults import is_filter_chunk, is_filtered

from .streams import PROTOCOLS, chunk, regular, reply, sse, tried

PIECES = ["The team is ", "billing"]
USAGE = {"prompt_tokens": 20, "completion_tokens": 5}
WORDLESS: dict[str, tuple[str, list[Any]]] = {
    "only the last word": ("chat", ["[DONE]"]),
    "a role and the last word": ("chat", [chunk({"role": "assistant"}), "[DONE]"]),
    "no choices": ("chat", [{"id": "x", "choices": [], "usage": USAGE}, "[DONE]"]),
    "usage alone": ("chat", [{"id": "x", "usage": USAGE}]),
    "blank text": ("chat", [chunk({"content": " \n"}), "[DONE]"]),
    "thoughts alone": ("chat", [chunk({"reasoning_content": "hm"}), "[DONE]"]),
    "a message without blocks": (
        "messages",
        [{"type": "message_start", "message": {"model": "m1"}}, {"type": "message_stop"}],
    ),
    "a response without output": (
        "responses",
        [{"type": "response.created", "response": {"id": "r"}}, "[DONE]"],
    ),
    "no candidates": ("gemini", [{"usageMetadata": {"promptTokenCount": 9}}]),
}


@pytest.mark.parametrize("name", WORDLESS)
def test_neither_a_word_nor_a_reason_is_no_answer(name: str) -> None:
    protocol, rows = WORDLESS[name]
    found = tried(protocol, reply(sse(rows)))
    assert found.attempt.outcome is Outcome.INCOMPLETE_STREAM
    whole = [json.dumps(row) for row in rows if not isinstance(row, str)]
    if len(whole) == 1 and protocol in ("chat", "gemini"):
        found = tried(protocol, reply(whole[0].encode(), ctype="application/json"))
        assert found.attempt.outcome is Outcome.INCOMPLETE_STREAM


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_empty_answer_with_a_reason_is_the_models_and_its_tokens_are_said(protocol: str) -> None:
    usage = {
        "chat": {"prompt_tokens": 20, "completion_tokens": 7},
        "responses": {"input_tokens": 20, "output_tokens": 7},
        "messages": {"input_tokens": 20, "output_tokens": 7},
        "gemini": {"promptTokenCount": 20, "candidatesTokenCount": 7},
    }[protocol]
    found = tried(protocol, reply(sse(regular(protocol, [], usage))))
    assert found.attempt.outcome is Outcome.EMPTY
    assert any("billed 7 output tokens" in remark for remark in found.remarks)


def choices(*numbered: tuple[Any, str]) -> list[dict[str, Any]]:
    return [
        {"index": index, "delta": {"content": text}, "finish_reason": "stop"}
        for index, text in numbered
    ]


ORDERS: dict[str, list[Any]] = {
    "one piece, backwards": [{"choices": choices((1, "tech"), (0, "billing"))}],
    "pieces, backwards": [{"choices": choices((1, "tech"))}, {"choices": choices((0, "billing"))}],
    "in order": [{"choices": choices((0, "billing"), (1, "tech"))}],
    "the same number twice": [{"choices": choices((0, "billing"), (0, "tech"))}],
    "no numbers": [{"choices": choices((None, "billing"), (None, "tech"))}],
    "numbers as text": [{"choices": choices(("1", "tech"), ("0", "billing"))}],
    "three": [{"choices": choices((2, "a"), (1, "b"), (0, "billing"))}],
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_first_choice_counts_in_whatever_order_they_come(order: str) -> None:
    found = tried("chat", reply(sse([*ORDERS[order], "[DONE]"])))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")
    assert any("more than one choice" in remark for remark in found.remarks)


def test_a_whole_body_with_its_choices_backwards() -> None:
    rows = [
        {"index": index, "message": {"content": text}, "finish_reason": "stop"}
        for index, text in ((1, "tech"), (0, "billing"))
    ]
    body = json.dumps({"choices": rows}).encode()
    assert tried("chat", reply(body, ctype="application/json")).answer.text == "billing"


@pytest.mark.parametrize("numbers", [[3, 3, 3], [0, 1, 2], [1, 2, 3]])
def test_odd_numbers_of_one_answer_lose_no_piece(numbers: list[int]) -> None:
    pieces = ["bil", "ling", ""]
    rows = [
        {"choices": [{"index": index, "delta": {"content": piece}, "finish_reason": None}]}
        for index, piece in zip(numbers, pieces, strict=True)
    ]
    if numbers == [1, 2, 3]:
        rows[0]["choices"][0]["index"] = 0
    rows[-1]["choices"][0]["finish_reason"] = "stop"
    found = tried("chat", reply(sse([*rows, "[DONE]"])))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")


def test_geminis_candidates_count_by_their_numbers_too() -> None:
    rows = [
        {"index": i, "content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
        for i, text in ((1, "tech"), (0, "billing"))
    ]
    found = tried("gemini", reply(sse([{"candidates": rows, "modelVersion": "m1"}])))
    assert found.answer.text == "billing"
    assert any("more than one choice" in remark for remark in found.remarks)


LATE: dict[str, Any] = {
    "an error": {"type": "error", "error": {"message": "overloaded", "type": "x"}},
    "a shape": {"type": "message_delta", "delta": [1], "choices": "none", "candidates": "none"},
    "no JSON": '{"usage": ',
    "a number of 5000 digits": '{"choices": [], "usage": {"prompt_tokens": ' + "9" * 5000 + "}}",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("late", LATE)
def test_what_comes_after_the_end_takes_no_answer_away(protocol: str, late: str) -> None:
    rows = regular(protocol, PIECES)
    rows.insert(len(rows) - 1 if protocol in ("chat", "messages") else len(rows), LATE[late])
    found = tried(protocol, reply(sse(rows)))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "The team is billing")


def test_an_error_after_the_end_is_said_and_one_before_it_is_a_fault() -> None:
    rows = regular("chat", PIECES)
    error = {"error": {"message": "overloaded"}}
    (said,) = tried("chat", reply(sse([*rows[:-1], error]))).remarks
    assert "overloaded" in said
    early = tried("chat", reply(sse([*rows[:2], error, *rows[2:]])))
    assert early.attempt.outcome is Outcome.SERVER_FAULT


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_any_success_is_read(protocol: str, status: int) -> None:
    found = tried(protocol, reply(sse(regular(protocol, PIECES)), status=status))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "The team is billing")


@pytest.mark.parametrize(
    ("status", "body"), [(204, b""), (202, b'{"status": "queued", "id": "7"}')]
)
def test_a_success_without_an_answer_is_a_fault_whose_cost_is_not_known(
    status: int, body: bytes
) -> None:
    found = tried("chat", reply(body, status=status, ctype="application/json"))
    assert found.attempt.outcome.missing
    assert found.attempt.billable != "no"


@pytest.mark.parametrize("choice", [None, 7, "text", []])
def test_a_choice_that_is_none_is_said_in_our_words(choice: Any) -> None:
    body = json.dumps({"choices": [choice]}).encode()
    found = tried("chat", reply(body, ctype="application/json"))
    assert found.attempt.outcome is Outcome.MALFORMED_STREAM
    assert "TypeError" not in str(found.attempt.error)


@pytest.mark.parametrize("digits", [401, 5000, 100_000])
def test_a_number_of_any_length_costs_no_answer(digits: int) -> None:
    usage = f'{{"prompt_tokens": {"9" * digits}, "completion_tokens": 3}}'
    choice = '{"index": 0, "message": {"content": "billing"}, "finish_reason": "stop"}'
    body = f'{{"choices": [{choice}], "usage": {usage}}}'.encode()
    found = tried("chat", reply(body, ctype="application/json"))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "billing")
    assert found.attempt.usage is not None
    assert found.attempt.usage.source == "unknown"


MODERATED = {"error": {"code": 403, "message": "Your input was flagged for violence"}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_moderated_prompt_is_a_refusal_under_403_and_in_a_stream(protocol: str) -> None:
    body = json.dumps(MODERATED).encode()
    found = tried(protocol, reply(body, status=403, ctype="application/json"))
    assert found.attempt.outcome is Outcome.REFUSED
    in_stream = MODERATED | ({"type": "error"} if protocol in ("responses", "messages") else {})
    assert tried(protocol, reply(sse([in_stream]))).attempt.outcome is Outcome.REFUSED


@pytest.mark.parametrize(("status", "message", "filtered"), [
    (403, "requires moderation and your input was flagged", True),
    (403, "This prompt violates our content policy", True),
    (403, "Your account has been flagged for violations of the content policy", False),
    (403, "Request blocked: it violates a security rule", False),
    (451, "the content of the request was moderated", True),
    (422, "input content is unsafe", True),
    (403, "Your key may not use this model", False),
    (403, "Country, region, or territory not supported", False),
    (401, "Your input was flagged", False),
])  # fmt: skip
def test_only_words_about_content_make_a_refusal(status: int, message: str, filtered: bool) -> None:
    assert is_filtered(status, {"error": {"message": message}}) is filtered


def test_a_filters_code_in_a_stream() -> None:
    assert is_filter_chunk({"code": "content_filter", "message": "no"})
    assert not is_filter_chunk({"code": "rate_limit_exceeded", "message": "policy"})


@pytest.mark.parametrize("text", [
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final "
    "<|constrain|>JSON<|message|>billing",
    "<|channel|>final<|constrain|>json<|message|>billing<|return|>",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final <|constrain|> "
    "response_format<|message|>billing<|return|>",
    "<|think|>hm<|end|><|begin|>assistant<|content|>billing<|end|>",
    "<|inner_prefix|>hm<|inner_suffix|>billing",
    "[unused16]hm[unused17]billing",
    '<think time="3">hm</think >billing',
    "<thinking mode='x'>hm</thinking>\nbilling",
    '<details type="reasoning" done="true"><summary>Thought</summary>hm</details>\nbilling',
    "<scratchpad>hm</scratchpad>billing",
    "<internal_thought>hm</internal_thought>billing",
    "<cot>hm</cot>\n\nbilling",
    "<inner_monologue>hm</inner_monologue>billing",
    "Here is my thought process: hm\nHere is my response: billing",
])  # fmt: skip
def test_thinking_is_parted_by_the_marks_of_more_families(text: str) -> None:
    assert part(text)[1].strip() == "billing"


@pytest.mark.parametrize("text", [
    "The tag <think time> is not one", "<details>billing</details>", "<cot>no end",
    "a < b and c > d", "Set <thoughts> first, then </thoughts>.", "[unused1]billing",
])  # fmt: skip
def test_what_is_no_mark_stays(text: str) -> None:
    assert part(text) == ("", text)


def test_events_that_no_empty_line_parts_are_read_line_by_line() -> None:
    body = sse(regular("chat", PIECES, USAGE)).replace(b"\n\n", b"\n")
    found = tried("chat", reply(body))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, "The team is billing")
    assert found.attempt.usage is not None
    assert found.attempt.usage.input_fresh == 20


@pytest.mark.parametrize("odd", ["\x0b", "\x00", "\t", "\x1b", "\u2028", "\x85"])
def test_bare_control_characters_in_a_piece_lose_no_answer(odd: str) -> None:
    row = '{"choices": [{"index": 0, "delta": {"content": "bill%sing"}, "finish_reason": "stop"}]}'
    found = tried("chat", reply(f"data: {row % odd}\n\ndata: [DONE]\n\n".encode()))
    assert (found.attempt.outcome, found.answer.text) == (Outcome.OK, f"bill{odd}ing")


@pytest.mark.parametrize(("protocol", "reason", "outcome"), [
    ("messages", "pause_turn", Outcome.TRUNCATED),
    ("chat", "repetition", Outcome.TRUNCATED),
    ("gemini", "MALFORMED_FUNCTION_CALL", Outcome.OK),
    ("gemini", "MALFORMED_RESPONSE", Outcome.SERVER_FAULT),
    ("chat", "USER_CANCEL", Outcome.SERVER_FAULT),
    ("chat", "COMPLETE", Outcome.OK),
])  # fmt: skip
def test_reasons_of_more_vendors(protocol: str, reason: str, outcome: Outcome) -> None:
    found = tried(protocol, reply(sse(regular(protocol, PIECES, None, reason))))
    assert found.attempt.outcome is outcome
    assert not [remark for remark in found.remarks if "not known" in remark]
