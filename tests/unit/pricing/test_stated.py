"""Amounts as suites, price books and the command line state them: read exactly, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from claimbench.errors import BenchError
from claimbench.pricing.price_lists.codec import price_from_json
from claimbench.pricing.stated.values import LEAST_USD, MOST_USD, read_amount


@pytest.mark.parametrize("value", [0, "0", "1.25", 1.25, 1e-9, str(LEAST_USD), str(MOST_USD)])
def test_an_amount_is_read_as_written(value: float | str) -> None:
    assert read_amount(value, "price") == Decimal(str(value))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1e308, "more than all the money there is"),
        ("1e-400", "less than any price is"),
        (5e-324, "less than any price is"),
        ("nan", "finite amount"),
        ("inf", "finite amount"),
        ("-1e-400", "at least 0"),
        (True, "not an amount"),
        ([1], "not an amount"),
        ("a dollar", "not an amount"),
    ],
)
def test_what_no_money_can_be_is_refused(value: object, said: str) -> None:
    with pytest.raises(BenchError, match=said):
        read_amount(value, "price")  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [1e308, "1e-400", "nan", -1])
def test_a_price_s_factor_is_an_amount_too(factor: object) -> None:
    price = {"id": "x", "model": "m", "provider": "p", "eras": [], "factor": factor}
    with pytest.raises(BenchError, match="x: factor"):
        price_from_json(price)
