"""A host's amounts in another currency: dollars at a dated rate, or unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.types import Arm

TODAY = datetime.now(UTC).date()


def price(host: dict[str, Any], age: int = 3, usd_per_unit: float = 1.16) -> ArmPrice:
    fx = [
        {
            "currency": "EUR",
            "usd_per_unit": usd_per_unit,
            "dated": str(TODAY - timedelta(days=age)),
            "source": "ECB",
        }
    ]
    arm = Arm("gpu", "compatible", "m", cost_model={"host": host, "fx": fx})
    return resolve_arm(arm, PriceBook(use_genai=False))


@pytest.mark.parametrize(
    ("host", "per_hour"),
    [
        ({"currency": "EUR", "per_hour": 2.5}, "2.9"),
        ({"currency": "eur", "per_hour": "2.50", "staff_per_hour": 1}, "4.06"),
        ({"per_hour": 2.5}, "2.5"),
        ({"usd_per_hour": 2.5}, "2.5"),
        ({"currency": "USD", "usd_per_hour": 2.5}, "2.5"),
        (
            {
                "currency": "EUR",
                "purchase": 8760,
                "lifetime_years": 1,
                "watts": 1000,
                "per_kwh": 0.2,
            },
            "1.392",
        ),
    ],
)
def test_amounts_become_dollars_at_the_dated_rate(host: dict[str, Any], per_hour: str) -> None:
    found = price(host)
    assert found.host is not None
    assert found.host.per_hour == Decimal(per_hour)
    if str(host.get("currency", "USD")).upper() == "EUR":
        assert "1 EUR = $1.16" in (found.host.source or "")


@pytest.mark.parametrize(
    "host", [{"currency": "EUR", "per_hour": 2.5}, {"currency": "CHF", "per_hour": 1}]
)
def test_without_a_fresh_rate_the_dollars_are_unknown(host: dict[str, Any]) -> None:
    found = price(host, age=200)
    assert not found.known
    assert host["currency"] in (found.why_unknown or "")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ({"currency": "EUR", "usd_per_hour": 2.5}, "usd_per_hour is in dollars"),
        ({"currency": "EUR", "purchase_usd": 1, "lifetime_years": 1}, "purchase_usd is in dollars"),
        ({"per_hour": 2, "usd_per_hour": 2}, "both per_hour and usd_per_hour"),
        ({"currency": "EUR", "per_hour": -1}, "at least 0"),
        ({"currency": "EUR", "per_huor": 1}, "did you mean 'per_hour'"),
    ],
)
def test_a_contradiction_is_an_error(host: dict[str, Any], said: str) -> None:
    with pytest.raises(BenchError, match=said):
        price(host)
