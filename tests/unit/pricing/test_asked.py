"""What an arm asks for that changes its bill is set aside before it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.asked import Asked, asked_by, tier_named
from claimbench.pricing.bounds.ceiling import token_bound
from claimbench.pricing.frozen import freeze, thaw
from claimbench.pricing.model import Era, Price, Rate, Variant
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.run import pricing_from
from claimbench.pricing.stated.contract import contract_price
from claimbench.types import Arm, Attempt, Message, Outcome, Request, SamplingParams, Timing, Usage

NOW = datetime(2026, 11, 29, tzinfo=UTC)
RATES = {"input": Rate(Decimal(1)), "output": Rate(Decimal(4))}
TWICE = {"input": Rate(Decimal(2)), "output": Rate(Decimal(8))}
HALF = {"input": Rate(Decimal("0.5")), "output": Rate(Decimal(2))}
PRICE = Price(
    "book/model",
    "model",
    "vendor",
    (Era(None, RATES),),
    variants=(
        Variant({"service_tier": "priority"}, TWICE),
        Variant({"service_tier": "flex"}, HALF),
        Variant({"speed": "fast"}, {"input": Rate(Decimal(6)), "output": Rate(Decimal(24))}),
    ),
)
REQUEST = Request(
    "c", (Message("user", "Is water wet?"),), SamplingParams(), max_tokens=100, seed=0
)

ARMS: list[tuple[str, dict[str, Any], Asked]] = [
    ("openai", {"extra_body": {"service_tier": "priority"}}, Asked("priority")),
    ("compatible", {"extra_body": {"service_tier": "flex"}}, Asked("flex")),
    ("compatible", {"extra_body": {"service_tier": "auto"}}, Asked()),
    ("anthropic", {"extra_body": {"inference_geo": "us"}}, Asked(None, "us")),
    ("anthropic", {"extra_body": {"inference_geo": "US", "speed": "fast"}}, Asked("fast", "us")),
    ("anthropic", {"extra_body": {"service_tier": "standard_only"}}, Asked("standard")),
    ("gemini", {"extra_body": {"serviceTier": "SERVICE_TIER_PRIORITY"}}, Asked("priority")),
    ("gemini", {"extra_body": {"service_tier": "flex"}}, Asked("flex")),
    (
        "vertex",
        {"headers": {"X-Vertex-AI-LLM-Shared-Request-Type": "priority"}},
        Asked("priority"),
    ),
    ("bedrock", {"extra": {"serviceTier": {"type": "priority"}}}, Asked("priority")),
    ("litellm", {"extra": {"extra_body": {"service_tier": "priority"}}}, Asked("priority")),
    ("openai", {"extra_body": "priority"}, Asked()),
    ("openai", {}, Asked()),
]


@pytest.mark.parametrize(("provider", "options", "asked"), ARMS)
def test_what_an_arm_asks_for_is_read_in_every_vendors_words(provider, options, asked):
    assert asked_by(Arm("a", provider, "m", options=options)) == asked


def attempt(raw: dict[str, Any], tokens_in: int) -> Attempt:
    usage = Usage(input_fresh=tokens_in, output_visible=REQUEST.max_tokens)
    timing = Timing(None, 0, 0, None, None, (), 1_000_000_000, "transport")
    return Attempt("c", 1, 1, timing, Outcome.OK, 200, usage, raw, None, "yes")


SERVED = [
    {"service_tier": "priority"},
    {"service_tier": "default"},
    {"service_tier": "flex"},
    {"trafficType": "ON_DEMAND_PRIORITY"},
    {"speed": "fast"},
    {"inference_geo": "us"},
    {"inference_geo": "us", "speed": "fast"},
    {"inference_geo": "global"},
    {},
]


@pytest.mark.parametrize(("provider", "options", "asked"), ARMS)
def test_no_bill_is_above_its_reservation_for_what_was_asked(provider, options, asked):
    arm = ArmPrice("a", "list_price", PRICE, tier=asked.tier or "standard", asked=asked)
    reserved = arm.reserve(REQUEST, NOW)
    bound = token_bound(REQUEST).input_tokens
    for raw in SERVED:
        of_place = raw.get("inference_geo") == "us" and asked.place != "us"
        tier = (
            "fast"
            if "speed" in raw
            else tier_named(raw.get("service_tier") or raw.get("trafficType"))
        )
        if of_place or tier not in (None, "standard", asked.tier):
            continue  # asked for by nobody
        billed = arm.cost(attempt(raw, bound), NOW)
        assert billed.amount is not None
        assert reserved is not None
        assert billed.amount <= reserved, raw


def test_a_bound_of_an_unknown_bill_holds_what_was_asked():
    arm = ArmPrice("a", "list_price", PRICE, tier="fast", asked=Asked("fast", "us"))
    unknown = replace(attempt({}, 1), usage=None)
    found = arm.cost(unknown, NOW, bound=token_bound(REQUEST))
    assert found.amount is None
    assert found.high == arm.reserve(REQUEST, NOW)


def test_the_place_that_was_asked_is_billed_where_the_usage_is_silent():
    arm = ArmPrice("a", "list_price", PRICE, asked=Asked(None, "us"))
    plain = ArmPrice("a", "list_price", PRICE)
    asked, usual = (one.cost(attempt({}, 50), NOW).amount for one in (arm, plain))
    assert asked == usual * Decimal("1.1")
    assert arm.cost(attempt({"inference_geo": "global"}, 50), NOW).amount == usual


def test_a_tier_without_a_price_cannot_be_bounded_and_is_said():
    price = replace(PRICE, variants=())
    for asked, tier in ((Asked("priority"), "priority"), (Asked("fast"), "standard")):
        arm = ArmPrice("a", "list_price", price, tier=tier, asked=asked)
        assert arm.reserve(REQUEST, NOW) is None
        pricing = pricing_from(freeze([arm], NOW), SystemClock())
        assert asked.tier in pricing.unpriced["a"]
    assert not pricing_from(
        freeze([ArmPrice("a", "list_price", price)], NOW), SystemClock()
    ).unpriced


def test_a_contract_states_the_rates_of_what_its_arm_asks_for():
    options = {"extra_body": {"service_tier": "priority"}}
    cost = {"price": {"input": 1, "output": 4}}
    arm = resolve_arm(Arm("a", "openai", "m", options=options, cost_model=cost), PriceBook(()))
    for raw in ({"service_tier": "priority"}, {"service_tier": "default"}, {}):
        found = arm.cost(attempt(raw, 50), NOW).amount
        assert found == Decimal(50 + 400) / 1_000_000
        assert found <= arm.reserve(REQUEST, NOW)
    assert arm.cost(attempt({"service_tier": "flex"}, 50), NOW).amount is None


def test_what_was_asked_is_frozen_with_the_prices_and_silent_arms_freeze_as_before():
    asked = ArmPrice("a", "list_price", PRICE, asked=Asked("priority", "us"))
    silent = ArmPrice("b", "list_price", PRICE)
    book = freeze([asked, silent], NOW)
    assert thaw(book.text, book.sha256)["a"].asked == Asked("priority", "us")
    assert thaw(book.text)["b"].asked == Asked()
    assert '"asked"' not in freeze([silent], NOW).text


def test_a_contract_price_has_no_tiers_of_its_own():
    price = contract_price(Arm("a", "openai", "m"), {"input": 1, "output": 4}, "cost.price")
    assert price.id == "suite:a"
