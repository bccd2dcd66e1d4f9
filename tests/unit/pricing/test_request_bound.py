"""The most that a request can be billed for, whatever its arm adds to it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bounds.request_bound import (
    PICTURE_TOKENS,
    TOOLS_TOKENS,
    TokenBound,
    token_bound,
)
from claimbench.pricing.model import Era, Price, Rate, UnknownPrice
from claimbench.types import Arm, Message, Request, SamplingParams

NOW = datetime(2026, 11, 29, tzinfo=UTC)
REQUEST = Request("c", (Message("user", "Is water wet?"),), SamplingParams(), max_tokens=20)
PLAIN = token_bound(REQUEST)


def bound(options: dict[str, Any], model: str = "m") -> TokenBound:
    return token_bound(REQUEST, Arm("a", "compatible", model, options=options))


@pytest.mark.parametrize(
    ("options", "output"),
    [
        ({"extra_body": {"max_tokens": 4000}}, 4000),
        ({"extra_body": {"max_tokens": 5}}, 20),
        ({"extra_body": {"max_completion_tokens": 300}}, 300),
        ({"extra_body": {"max_output_tokens": 300}}, 300),
        ({"extra_body": {"generationConfig": {"maxOutputTokens": 300}}}, 300),
        ({"extra_config": {"maxOutputTokens": 300}}, 300),
        ({"extra_body": {"inferenceConfig": {"maxTokens": 300}}}, 300),
        ({"extra_body": {"options": {"num_predict": 300}}}, 300),
        ({"extra": {"extra_body": {"max_tokens": 300}}}, 300),
        ({"extra_body": {"n": 4}}, 80),
        ({"extra_body": {"n": 4, "max_tokens": 100}}, 400),
        ({"extra_config": {"candidateCount": 3}}, 60),
        ({"extra_body": {"thinking_budget": 1000}}, 1020),
        ({"extra_body": {"chat_template_kwargs": {"thinking_budget": 1000}}}, 1020),
        ({"extra_body": {"thinking": {"type": "enabled", "budget_tokens": 1000}}}, 1020),
        ({"extra": {"num_retries": 2}}, 60),
        ({"extra_body": {"thinking_budget": -1, "seed": 3, "user": "max_tokens"}}, 20),
        ({"headers": {"max_tokens": "9999"}}, 20),
        ({}, 20),
    ],
)
def test_every_limit_of_the_answer_that_goes_out_counts(
    options: dict[str, Any], output: int
) -> None:
    assert bound(options).output_tokens == output
    assert bound(options).open is None


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"extra_body": {"metadata": {"x": "y" * 4000}}}, 4000),
        ({"extra_body": {"tools": [{"type": "function", "function": {"name": "f"}}]}}, TOOLS_TOKENS),
        ({"extra_body": {"tools": [{"name": "f", "input_schema": {}}]}}, TOOLS_TOKENS),
        ({"extra_body": {"tools": [{"functionDeclarations": [{"name": "f"}]}]}}, TOOLS_TOKENS),
        ({"extra_body": {"messages": [{"content": [{"image_url": {"url": "https://x"}}]}]}}, PICTURE_TOKENS),
        ({"extra_body": {"contents": [{"parts": [{"inlineData": {"data": "AAAA"}}]}]}}, PICTURE_TOKENS),
        ({"extra_body": {"input": [{"type": "input_image", "image_url": "https://x"}]}}, PICTURE_TOKENS),
        ({"extra_body": {"note": "\ud83d"}}, 1),
    ],
)  # fmt: skip
def test_every_byte_of_the_body_counts(options: dict[str, Any], more: int) -> None:
    assert bound(options).input_tokens >= PLAIN.input_tokens + more


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "mcp", "server_url": "https://x"}]},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"codeExecution": {}}, {"functionDeclarations": []}]},
        {"web_search_options": {}},
        {"enable_search": True},
        {"search_parameters": {"mode": "on"}},
        {"plugins": [{"id": "web"}]},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"cachedContent": "cachedContents/1"},
        {"prompt": {"id": "pmpt_1"}},
        {"messages": [{"content": [{"file": {"file_id": "f"}}]}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": "gs://x"}}]}]},
        {"messages": [{"content": [{"video_url": {"url": "https://x"}}]}]},
        {"max_tokens": None},
        {"max_tokens": -1},
        {"max_completion_tokens": "many"},
        {"model": "dearer-1"},
        {"models": ["a", "b"]},
        {"fallbacks": ["other"]},
    ],
)
def test_what_the_server_may_add_has_no_bound(fields: dict[str, Any]) -> None:
    found = bound({"extra_body": fields})
    assert found.open
    price = Price(
        "p", "m", "v", (Era(None, {"input": Rate(Decimal(1)), "output": Rate(Decimal(4))}),)
    )
    arm = ArmPrice("a", "list_price", price)
    assert arm.reserve(REQUEST, NOW, Arm("a", "x", "m", options={"extra_body": fields})) is None
    assert arm.why_unbounded(NOW, found) == found.open
    assert arm.why_unbounded(NOW) is None, "its price is known all the same"


@pytest.mark.parametrize(
    "fields",
    [
        {"enable_search": False},
        {"search_parameters": {"mode": "off"}},
        {"tools": []},
        {"plugins": []},
        {"model": "m"},
        {"web_search_options": None},
        {"metadata": {"plan": "web_search"}},
        {"tools": [{"type": "function", "function": {"parameters": {"properties": {"file_id": {"type": "string"}}}}}]},
    ],
)  # fmt: skip
def test_what_adds_nothing_has_a_bound(fields: dict[str, Any]) -> None:
    assert bound({"extra_body": fields}).open is None


def test_a_model_that_searches_by_its_name_has_no_bound() -> None:
    assert bound({}, "openai/gpt-5-mini:online").open


def test_an_hour_long_cache_write_is_reserved_at_its_own_rate() -> None:
    rates = {"input": "5", "output": "25", "cache_write_5m": "6.25", "cache_write_1h": "10"}
    price = Price("p", "m", "v", (Era(None, {k: Rate(Decimal(v)) for k, v in rates.items()}),))
    arm = ArmPrice("a", "list_price", price)
    control = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    long = Arm("a", "x", "m", options={"extra_body": {"system": [{"text": "x", **control}]}})
    short = Arm("a", "x", "m", options={"extra_body": {"cache_control": {"ttl": "5m"}}})
    for who, rate in ((long, 10), (short, Decimal("6.25"))):
        size = token_bound(REQUEST, who)
        usd = (size.input_tokens * rate + size.output_tokens * 25) / Decimal(1_000_000)
        assert arm.reserve(REQUEST, NOW, who) == usd


def test_a_class_without_a_price_cannot_be_bounded() -> None:
    price = Price(
        "p", "m", "v", (Era(None, {"input": Rate(Decimal(1)), "output": Rate(Decimal(4))}),)
    )
    arm = ArmPrice("a", "list_price", price)
    spoken = {"messages": [{"content": [{"input_audio": {"data": "AAAA"}}]}]}
    speaking = {"modalities": ["text", "audio"]}
    for fields in (spoken, speaking):
        who = Arm("a", "x", "m", options={"extra_body": fields})
        assert arm.reserve(REQUEST, NOW, who) is None
        with pytest.raises(UnknownPrice, match="audio"):
            raise UnknownPrice(arm.why_unbounded(NOW, token_bound(REQUEST, who)))
