"""Tokens of classes that a request cannot have: both readings bound the bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.doubted import doubt
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.provider.usage import normalise_anthropic, normalise_gemini, normalise_openai
from claimbench.types import Arm, Attempt, Outcome, Timing, Usage

AT = datetime(2026, 11, 1, tzinfo=UTC)
PLAIN = {"input": 1, "output": 4}


def arm(provider: str = "compatible", **options: Any) -> Arm:
    return Arm("a", provider, "m", options=options)


def price(**rates: Any) -> ArmPrice:
    terms = {**PLAIN, **rates, "source": "test", "dated": "2026-01-01"}
    return resolve_arm(replace(arm(), cost_model={"price": terms}), PriceBook(use_genai=False))


def attempt(usage: Usage | None) -> Attempt:
    timing = Timing(None, 0, 0, 1, 1, (1,), 2, "event")
    return Attempt("c", 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")


def openai(**inside: int) -> Usage:
    """45 tokens in, 12 out; ``out_``: of the latter."""
    outs = {k.removeprefix("out_"): v for k, v in inside.items() if k.startswith("out_")}
    ins = {k: v for k, v in inside.items() if not k.startswith("out_")}
    return normalise_openai(
        {
            "prompt_tokens": 45,
            "completion_tokens": 12,
            "prompt_tokens_details": ins,
            "completion_tokens_details": outs,
        }
    )


GEMINI = {
    "promptTokenCount": 45,
    "candidatesTokenCount": 12,
    "totalTokenCount": 57,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 1},
        {"modality": "VIDEO", "tokenCount": 44},
    ],
}
FRESH = Decimal("0.000093")
"""45 x 1 + 12 x 4, in dollars a million."""
LEAST = Decimal("0.0000534")
"""1 x 1 + 44 x 0.1 + 12 x 4."""


def costs(
    usage: Usage, by: Arm, **rates: Any
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    marked, _ = doubt(by, attempt(usage))
    found = price(**rates).cost(marked, AT)
    return found.amount, found.low, found.high


@pytest.mark.parametrize(
    ("usage", "rates", "low", "high"),
    [
        (openai(image_tokens=44), {"image": 0.1}, LEAST, FRESH),
        (openai(audio_tokens=44), {"audio": 0.1}, LEAST, FRESH),
        (openai(cache_write_tokens=44), {"cache_write_5m": 0.1}, LEAST, FRESH),
        (normalise_gemini(GEMINI), {"image": 0.1}, LEAST, FRESH),
        (openai(out_audio_tokens=11), {"output_audio": 0.1}, Decimal("0.0000501"), FRESH),
        (openai(image_tokens=44), {"image": 2}, FRESH, Decimal("0.000137")),
    ],
)
def test_both_readings_are_the_ends(
    usage: Usage, rates: dict[str, float], low: Decimal, high: Decimal
) -> None:
    assert costs(usage, arm(), **rates) == (None, low, high)


@pytest.mark.parametrize(
    ("usage", "rates", "amount"),
    [
        (openai(image_tokens=44), {}, FRESH),  # no price of their own
        (openai(image_tokens=44), {"image": 1}, FRESH),
        (openai(cache_write_tokens=44), {"cache_write_5m": 1.25}, Decimal("0.000104")),
        (openai(), {"image": 0.1}, FRESH),
        (openai(cached_tokens=44), {"cache_read": 0.1}, LEAST),  # the gate compares shares of hits
    ],
)
def test_what_makes_no_bill_cheaper_or_may_be_is_believed(
    usage: Usage, rates: dict[str, float], amount: Decimal
) -> None:
    assert costs(usage, arm(), **rates) == (amount, None, None)


def test_a_write_for_an_hour_is_no_way_around() -> None:
    raw = {
        "input_tokens": 1,
        "output_tokens": 12,
        "cache_creation_input_tokens": 44,
        "cache_creation": {"ephemeral_1h_input_tokens": 44},
    }
    usage = normalise_anthropic(raw)
    assert costs(usage, arm("anthropic"), cache_write_1h=0.1) == (None, LEAST, FRESH)
    ours = arm("anthropic", extra_body={"cache_control": {"type": "ephemeral"}})
    assert costs(usage, ours, cache_write_1h=0.1) == (LEAST, None, None)


def test_two_doubts_at_once_have_the_ends_of_both() -> None:
    usage = openai(image_tokens=20, audio_tokens=24)
    low = (1 + 20 * Decimal("0.05") + 24 * Decimal("0.06") + 48) / 10**6
    assert costs(usage, arm(), image=0.05, audio=0.06) == (None, low, FRESH)


@pytest.mark.parametrize(
    "by",
    [
        arm("http"),  # its requests are the suite's own
        arm("replay"),
        arm("own_plugin"),
        arm(extra_body={"messages": [{"content": [{"image_url": {"url": "data:"}}]}]}),
        arm(extra_body={"file_ids": ["f"]}),
        arm(extra_body={"plugins": [{"id": "file-parser"}]}),
    ],
)
def test_who_may_send_pictures_is_believed(by: Arm) -> None:
    assert costs(openai(image_tokens=44), by, image=0.1) == (LEAST, None, None)


def test_an_attempt_without_doubts_stays_the_same_object() -> None:
    for usage in (None, openai(), openai(cached_tokens=44), Usage(source="unknown")):
        plain = attempt(usage)
        assert doubt(arm(), plain) == (plain, None)
    _, said = doubt(arm(), attempt(openai(image_tokens=44)))
    assert said is not None
    assert "44 tokens of image for a request that has none" in said
    assert doubt(arm(), attempt(openai(cache_write_tokens=44)))[1] is None


SPLIT = Usage(input_fresh=45, output_visible=0, output_reasoning=12, fees=(("doubted:output", 12),))


@pytest.mark.parametrize(
    ("rates", "amount", "low", "high"),
    [
        ({"output_reasoning": 0.1}, None, Decimal("0.0000462"), FRESH),
        ({"output_reasoning": 8}, None, FRESH, Decimal("0.000141")),
        ({}, FRESH, None, None),
    ],
)
def test_output_that_is_not_parted_as_it_can_be(
    rates: dict[str, float], amount: Decimal | None, low: Decimal | None, high: Decimal | None
) -> None:
    found = price(**rates).cost(attempt(SPLIT), AT)
    assert (found.amount, found.low, found.high) == (amount, low, high)
    if amount is None:
        assert found.why_unknown == (
            "the usage parts visible output and reasoning as the texts cannot be"
        )


def test_an_unpriced_class_leaves_the_bill_open_as_it_did() -> None:
    amount, _, high = costs(openai(cache_write_tokens=44), arm())
    assert amount is None
    assert high is not None  # no write has a price: as dear as input at most
    assert costs(openai(audio_tokens=44), arm()) == (None, None, None)
