"""A contract that bills requests: tokens do not matter, known or not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.pricing.arms import resolve_arm
from claimbench.pricing.bounds.ceiling import TokenBound
from claimbench.pricing.frozen import freeze, thaw
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.types import Arm, Attempt, Outcome, Timing, Usage
from claimbench.types.calls import Billable

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def priced(**price: Any) -> Any:
    arm = Arm("desk", "http", "desk-3", base_url="https://d.example/x", cost_model={"price": price})
    return resolve_arm(arm, PriceBook(use_genai=False))


@pytest.mark.parametrize("usage", [
    None, Usage(source="unknown"), Usage(input_fresh=1_000_000, output_visible=9),
])  # fmt: skip
def test_every_request_costs_the_same(usage: Usage | None) -> None:
    cost = priced(per_request=0.004).served_cost(usage, None, NOW)
    assert cost.amount == Decimal("0.004")
    assert cost.components == {"per_request": Decimal("0.004")}


def test_discounts_hold() -> None:
    assert priced(per_request=0.01, discount=0.25).served_cost(None, None, NOW).amount == (
        Decimal("0.0075")
    )


def test_the_reservation_is_the_price() -> None:
    found = priced(per_request=0.004)
    assert found.why_unbounded(NOW) is None
    assert found.why_unbounded(NOW, TokenBound(10**9, 10**9)) is None


def test_tokens_with_a_rate_still_need_usage() -> None:
    found = priced(per_request=0.004, input=1, output=2)
    assert found.served_cost(None, None, NOW).amount is None
    used = Usage(input_fresh=1000, output_visible=500)
    assert found.served_cost(used, None, NOW).amount == Decimal("0.006")


@pytest.mark.parametrize("price", [
    {"per_request": 0.004, "input": 1}, {"per_request": 0.004, "web_search": 1}, {"web_search": 1},
])  # fmt: skip
def test_half_a_contract_is_refused(price: dict[str, Any]) -> None:
    with pytest.raises(BenchError, match="lacks"):
        priced(**price)


def test_no_list_price_per_token_is_made_of_it() -> None:
    found = priced(per_request=0.004).price
    assert found.per_request_only
    assert set(found.rates_at(NOW)) == {"per_request"}


def test_the_frozen_price_is_the_same() -> None:
    found = priced(per_request=0.004)
    frozen = freeze([found], NOW)
    back = thaw(frozen.text, frozen.sha256)["desk"]
    assert back.price is not None
    assert back.price.per_request_only
    assert back.served_cost(None, None, NOW).amount == Decimal("0.004")


def test_nothing_is_no_price() -> None:
    assert priced(per_request=0).basis is None


@pytest.mark.parametrize(
    ("billable", "known", "ends"),
    [
        ("unknown", None, (Decimal(0), Decimal("0.004"))),
        ("yes", Decimal("0.004"), (None, None)),
        ("no", Decimal(0), (None, None)),
    ],
)
def test_a_fee_is_in_doubt_where_nobody_knows_whether_it_fell_due(
    billable: Billable, known: Decimal | None, ends: tuple[Decimal | None, Decimal | None]
) -> None:
    timing = Timing(None, 0, 0, None, None, (), 0, "transport")
    lost = Attempt("c", 1, 1, timing, Outcome.NETWORK, None, None, None, None, billable)
    cost = priced(per_request=0.004).cost(lost, NOW)
    assert (cost.amount, (cost.low, cost.high)) == (known, ends)
