"""Our price book and litellm's map, compared on every model that both know.

``known_differences.json`` lists every rate on which they are more than 1 % apart, with which is
right and why. A difference that is not listed fails here: look at the vendor's page, mend a book or
add a line.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.cli.books import price_book
from claimbench.cli.commands.prices import _all_prices
from claimbench.pricing.model import Era, Price, Rate
from claimbench.pricing.price_lists.second_opinion import (
    SELLERS,
    SecondOpinion,
    compare_all,
    load_second_opinion,
)

LIST = Path(__file__).with_name("known_differences.json")
AT = datetime(2026, 11, 29, 16, tzinfo=UTC)
"""An hour at which DeepSeek's price is the usual one."""


def listed() -> set[tuple[str, str, str, Decimal, Decimal]]:
    return {
        (row["seller"], row["model"], rate["rate"], Decimal(rate["ours"]), Decimal(rate["theirs"]))
        for row in json.loads(LIST.read_text())
        for rate in row["rates"]
    }


def test_every_difference_says_which_is_right_and_why() -> None:
    for row in json.loads(LIST.read_text()):
        assert row["right"] in ("ours", "theirs", "unknown"), row
        assert len(row["why"]) > 20, row
        assert row["rates"], row
        for rate in row["rates"]:
            low, high = sorted((Decimal(rate["ours"]), Decimal(rate["theirs"])))
            assert high - low > high / 100, row


def test_where_the_other_source_is_right_the_book_follows_it() -> None:
    assert [row["model"] for row in json.loads(LIST.read_text()) if row["right"] == "theirs"] == []


def test_no_difference_is_new() -> None:
    second = load_second_opinion()
    if second is None:
        pytest.skip("litellm is not installed")
    book, compared, found = price_book(), 0, set()
    for seller in SELLERS:
        differences, n = compare_all(list(_all_prices(book, seller)), second, AT)
        compared += n
        found |= {(d.seller, d.model, d.rate, d.ours, d.theirs) for d in differences}
    assert compared > 300
    new = sorted(found - listed())
    assert not new, f"{second.label}: {new}"


@pytest.mark.parametrize(
    ("asked", "model", "entries", "compared"),
    [
        ("big-latest", "big-1", {"acme/big-latest": 2, "acme/big-1": 1}, 2),
        ("big-latest", "big-1", {"acme/big-1": 1}, None),
        ("big-2026", "big-1", {"acme/big-1": 1}, 1),
        ("BIG-1", "big-1", {"big-1": 1}, 1),
        ("big-1", "big-1", {"other/big-1": 1}, None),
    ],
)
def test_the_second_opinion_looks_up_the_name_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    model: str,
    entries: dict[str, int],
    compared: int | None,
) -> None:
    monkeypatch.setitem(SELLERS, "acme", "acme")
    rows = {
        key: {
            "litellm_provider": key.partition("/")[0] if "/" in key else "acme",
            "input_cost_per_token": n / 1e6,
        }
        for key, n in entries.items()
    }
    price = Price(
        "p", model, "acme", (Era(None, {"input": Rate(Decimal(5)), "output": Rate(Decimal(1))}),)
    )
    found = SecondOpinion("map", rows).differences(price, asked, AT)
    assert (None if found is None else found[0].theirs) == compared
