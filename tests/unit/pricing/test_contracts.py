"""Contracts: every class, tier and step that a vendor's offer can have; and single figures set by
hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.frozen import freeze, thaw
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.stated.changes import change_rates, parse_change
from claimbench.types import Arm, Attempt, Outcome, Timing, Usage

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BOOK = PriceBook((), use_genai=False)
MILLION = 1_000_000


def contract(options: dict[str, Any] | None = None, **price: Any) -> ArmPrice:
    stated = {"input": 1, "output": 4} | price
    arm = Arm("a", "openai", "m", options=options or {}, cost_model={"price": stated})
    return resolve_arm(arm, BOOK)


def bill(price: ArmPrice, raw: Any = None, **usage: Any) -> Decimal | None:
    timing = Timing(None, 0, 0, None, None, (), 1_000_000_000, "transport")
    counts = {"input_fresh": 0, "output_visible": 0, "output_reasoning": 0} | usage
    attempt = Attempt("c", 1, 1, timing, Outcome.OK, 200, Usage(**counts), raw or {}, None, "yes")
    return price.cost(attempt, NOW).amount


@pytest.mark.parametrize(
    ("rate", "usage", "dollars"),
    [
        ({"audio": 32}, {"audio": MILLION}, 32),
        ({"image": 7}, {"image": MILLION}, 7),
        ({"output_audio": 64}, {"fees": (("output_audio_tokens", MILLION),)}, 64),
        ({"output_image": 30}, {"fees": (("output_image_tokens", MILLION),)}, 30),
        ({"web_search": 0.01}, {"fees": (("web_search_requests", 3),)}, "0.03"),
        ({"code_execution": 0.05}, {"fees": (("code_execution_requests", 2),)}, "0.1"),
        ({"tool_use_input": 2}, {"tool_use_input": MILLION}, 2),
        ({"cache_write_1h": 2}, {"cache_write_1h": MILLION}, 2),
        ({"output_reasoning": 9}, {"output_reasoning": MILLION}, 9),
        ({"per_request": 0.005}, {}, "0.005"),
    ],
)
def test_a_contract_prices_every_class(
    rate: dict[str, Any], usage: dict[str, Any], dollars: Any
) -> None:
    assert bill(contract(**rate), **usage) == Decimal(str(dollars))


@pytest.mark.parametrize("usage", [{"audio": 5}, {"fees": (("web_search_requests", 3),)}])
def test_a_class_without_a_rate_is_unknown(usage: dict[str, Any]) -> None:
    assert bill(contract(), **usage) is None


def test_long_context_has_as_many_steps_as_the_offer() -> None:
    steps = [
        {"above": 200_000, "input": 2, "output": 6},
        {"above": 32_000, "input": "1.5"},
    ]
    price = contract(long_context=steps)
    for tokens, rate in ((32_000, "1"), (32_001, "1.5"), (200_000, "1.5"), (200_001, "2")):
        assert bill(price, input_fresh=tokens) == tokens * Decimal(rate) / MILLION
    one = contract(long_context={"above": 100, "output": 8})
    assert bill(one, input_fresh=101, output_visible=10) == Decimal(101 + 80) / MILLION


SECTIONS = {
    "batch": {"input": "0.5", "output": 2},
    "flex": {"input": "0.6", "output": "2.4"},
    "priority": {"input": 2, "output": 8},
}


@pytest.mark.parametrize(
    ("asked", "served", "per_million"),
    [
        (None, None, "1"),
        (None, "default", "1"),
        (None, "priority", "2"),
        ("priority", "priority", "2"),
        ("priority", "default", "1"),
        ("priority", None, "2"),
        ("flex", None, "0.6"),
        ("flex", "default", "1"),
    ],
)
def test_a_contract_has_tiers(asked: str | None, served: str | None, per_million: str) -> None:
    options = {"extra_body": {"service_tier": asked}} if asked else {}
    raw = {"service_tier": served} if served else {}
    price = contract(options, **SECTIONS)
    assert bill(price, raw, input_fresh=MILLION) == Decimal(per_million)
    again = thaw(*[getattr(freeze([price], NOW), name) for name in ("text", "sha256")])["a"]
    assert bill(again, raw, input_fresh=MILLION) == Decimal(per_million)


def test_a_contract_may_bill_everything_as_a_batch() -> None:
    assert bill(contract(tier="batch", **SECTIONS), input_fresh=MILLION) == Decimal("0.5")
    assert bill(contract(tier="batch", discount=0.1, **SECTIONS), input_fresh=MILLION) == Decimal(
        "0.45"
    )


def test_a_contracts_reservation_holds_the_usual_rates_of_a_flex_request() -> None:
    from claimbench.types import Request, SamplingParams

    request = Request("c", (), SamplingParams(), max_tokens=1_000)
    flex = contract({"extra_body": {"service_tier": "flex"}}, **SECTIONS)
    usual = contract(**SECTIONS)
    assert flex.reserve(request, NOW) == usual.reserve(request, NOW)


@pytest.mark.parametrize(
    ("price", "word"),
    [
        ({"tier": "batch"}, "no batch rates"),
        ({"tier": "cheap"}, "no such price tier"),
        ({"batch": 3}, "must be a mapping"),
        ({"batch": {"inptu": 1}}, "did you mean 'input'"),
        ({"web_serach": 1}, "did you mean 'web_search'"),
        ({"long_context": [{"input": 2}]}, "from how many"),
        ({"long_context": "long"}, "must be a mapping"),
        ({"long_context": {"above": True, "input": 2}}, "from how many"),
        ({"audio": -1}, "at least 0"),
    ],
)
def test_a_contract_that_cannot_be_read_is_one_error(price: dict[str, Any], word: str) -> None:
    with pytest.raises(BenchError, match=word):
        contract(**price)


def changed(price: ArmPrice, *texts: str) -> ArmPrice:
    changes = [parse_change(text, ["a"]) for text in texts]
    return change_rates({"a": price}, changes, {"a": Arm("a", "openai", "m")})["a"]


HOST = {"host": {"purchase_usd": 35_000, "lifetime_years": 3, "watts": 1000, "usd_per_kwh": 0.2, "utilisation": 0.5}}  # fmt: skip


def machine() -> ArmPrice:
    return resolve_arm(Arm("a", "compatible", "m", cost_model=HOST), BOOK)


@pytest.mark.parametrize(
    "text",
    ["residual_usd=5000", "lifetime_years=5", "pue=1.3", "staff_usd_per_hour=1", "watts=500", "usd_per_kwh=0.4", "purchase_usd=1", "utilisation=0.9"],
)  # fmt: skip
def test_every_figure_of_a_machine_can_be_set(text: str) -> None:
    old, new = machine(), changed(machine(), f"a.{text}")
    assert old.host is not None
    assert new.host is not None
    name, _, value = text.partition("=")
    assert getattr(new.host, name) == Decimal(value)
    assert new.host.usd(3600) != old.host.usd(3600)


def test_training_can_be_set_and_added() -> None:
    both = changed(machine(), "a.training_usd=3000", "a.training_requests=2000000")
    assert both.training is not None
    assert both.training.usd_per_request == Decimal("0.0015")
    dearer = changed(both, "a.training_usd=6000")
    assert dearer.training is not None
    assert dearer.training.usd_per_request == Decimal("0.003")
    with pytest.raises(BenchError, match="states no training"):
        changed(machine(), "a.training_usd=3000")


def test_discounts_surcharges_and_exchange_rates_can_be_set() -> None:
    assert bill(changed(contract(), "a.discount=0.15"), input_fresh=MILLION) == Decimal("0.85")
    assert bill(changed(contract(), "a.surcharge=0.1"), input_fresh=MILLION) == Decimal("1.1")
    both = changed(contract(), "a.input=2", "a.discount=0.5")
    assert bill(both, input_fresh=MILLION, output_visible=MILLION) == 3
    euros = contract(currency="EUR")
    assert bill(euros, input_fresh=MILLION) is None
    assert bill(changed(euros, "a.usd_per_unit=1.2"), input_fresh=MILLION) == Decimal("1.2")
    for text, word in (
        ("a.usd_per_unit=1.2", "in USD"),
        ("a.discount=1", "below 1"),
        ("a.watts=3", "no watts"),
    ):
        with pytest.raises(BenchError, match=word):
            changed(contract(), text)


def test_rates_of_fees_and_media_can_be_set() -> None:
    new = changed(contract(), "a.web_search=0.01", "a.audio=32", "a.per_request=0.002")
    found = bill(new, audio=MILLION, fees=(("web_search_requests", 1),))
    assert found == Decimal("32.012")
