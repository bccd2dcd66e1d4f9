"""Fields of usage that change the bill: tier, speed and place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from claimbench.pricing.bill import billed_tier, with_place
from claimbench.types import Cost


@pytest.mark.parametrize(
    ("raw", "requested", "tier"),
    [
        ({"service_tier": "default"}, "flex", "standard"),
        ({"service_tier": "standard"}, "priority", "standard"),
        ({"service_tier": "standard"}, "batch", "batch"),
        ({"service_tier": "FLEX"}, "standard", "flex"),
        ({"service_tier": "fast"}, "priority", "priority"),
        ({"service_tier": "priority"}, "fast", "fast"),
        ({"service_tier": "on_demand"}, "flex", "standard"),
        ({"service_tier": "standard", "speed": "fast"}, "standard", "fast"),
        ({"speed": "standard"}, "fast", "standard"),
        ({"speed": "standard"}, "batch", "batch"),
        ({"service_tier": 7}, "flex", "flex"),
        (None, "flex", "flex"),
        ("free", "standard", "standard"),
    ],
)
def test_the_tier_is_the_one_that_was_served(raw: Any, requested: str, tier: str) -> None:
    assert billed_tier(raw, requested) == tier


@pytest.mark.parametrize(
    ("raw", "dollars"),
    [
        ({"inference_geo": "us"}, "1.1"),
        ({"inference_geo": "global"}, "1"),
        ({"inference_geo": "not_available"}, "1"),
        ({"inference_geo": None}, "1"),
        (None, "1"),
    ],
)
def test_the_place_of_inference_is_billed(raw: Any, dollars: str) -> None:
    found = with_place(Cost(Decimal(1), components={"input_fresh": Decimal(1)}), raw)
    assert found.amount == Decimal(dollars) == sum(found.components.values())
    assert with_place(Cost(None), raw).amount is None
