"""docs/method_costs.md: every worked example, computed by the product's own functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from claimbench.economics.sides import ApiSide, HostSide, ratio_assumptions, ratio_model
from claimbench.economics.volume.compare import bill_break_even
from claimbench.economics.volume.months import Measured, bill_of
from claimbench.economics.volume.stated import Volume
from claimbench.economics.what_if import break_even, flip_points, tornado
from claimbench.pricing.bill import bill, cost_of_usage, tariff_of
from claimbench.pricing.bounds.ceiling import TokenBound
from claimbench.pricing.doubted import doubt
from claimbench.pricing.hosts import busy_shares, parse_host, parse_training, per_million_tokens
from claimbench.pricing.model import Price, Terms
from claimbench.pricing.price_lists.codec import fx_from_json
from claimbench.pricing.stated.contract import contract_price
from claimbench.provider.usage import normalise_anthropic, normalise_openai
from claimbench.types import Arm, Attempt, Outcome, Timing
from claimbench_reports.view.bill import rounded_parts

from .attempts import cost_of_attempt

PAGE = Path(__file__).resolve().parents[3] / "docs" / "method_costs.md"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Example = Mapping[str, Any]


def examples() -> list[Example]:
    blocks = re.findall(
        r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [YAML(typ="safe").load(block) for block in blocks]


def price_of(e: Example) -> Price:
    return contract_price(Arm("a", "p", "m"), e["price"], "price")


def attempt(e: Example) -> None:
    usages = [normalise_openai(e["openai"])]
    usages += [normalise_anthropic(e["anthropic"])] if "anthropic" in e else []
    for usage in usages:
        assert sum(bill(usage, tariff_of(usage, Terms(price_of(e)), NOW)).values()) == Decimal(
            e["usd"]
        )


def billed(e: Example) -> None:
    cost = cost_of_attempt(
        normalise_openai(e["openai"]), price_of(e), NOW, billed_usd=Decimal(e["billed"])
    )
    assert cost.amount == Decimal(e["usd"]) == sum(cost.components.values())
    assert cost.components["billed_minus_computed"] == Decimal(e["billed_minus_computed"])
    free = cost_of_attempt(normalise_openai(e["openai"]), price_of(e), NOW, billed_usd=Decimal(0))
    assert free.amount == Decimal(e["billed"]) - Decimal(e["billed_minus_computed"])


def unknown_bill(e: Example) -> None:
    bound = TokenBound(e["bound"]["input"], e["bound"]["output"])
    cost = cost_of_attempt(None, price_of(e), NOW, billable="unknown", bound=bound)
    assert (cost.amount, cost.low, cost.high) == (None, Decimal(e["low"]), Decimal(e["high"]))
    assert cost_of_attempt(None, price_of(e), NOW, billable="no", bound=bound).amount == 0


def doubted(e: Example) -> None:
    timing = Timing(None, 0, 0, 1, 1, (1,), 2, "event")
    usage = normalise_openai(e["openai"])
    stated = Attempt("c", 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")
    attempt, _ = doubt(Arm("a", "compatible", "m"), stated)
    cost = cost_of_usage(attempt.usage, Terms(price_of(e)), NOW)
    assert (cost.amount, cost.low, cost.high) == (None, Decimal(e["low"]), Decimal(e["high"]))


def hour(e: Example) -> None:
    assert parse_host(e["host"], "host").per_hour == Decimal(e["usd"])


def month(e: Example) -> None:
    volume = Volume(e["requests_per_month"])
    rate = e["requests_per_hour"]
    arms = [Measured("api", usd_per_request=e["usd_per_request"])] + [
        Measured(name, host=parse_host(e[name], name), requests_per_hour=rate)
        for name in ("rented", "owned")
    ]
    bills = [bill_of(arm, volume) for arm in arms]
    assert [bill.month_usd for bill in bills] == pytest.approx(e["month"], abs=0.01)
    assert [bill.total(36) for bill in bills] == pytest.approx(e["three_years"], abs=0.01)
    assert bills[1].months[0].utilisation == pytest.approx(e["utilisation"], abs=1e-4)
    found = [bill_break_even(arm, arms[0], volume).requests_per_month for arm in arms[1:]]
    assert found == pytest.approx(e["break_even"], abs=1)


def call(e: Example) -> None:
    host = parse_host(e["host"], "host")
    shares = busy_shares([(a * 10**9, b * 10**9) for a, b in e["seconds"]])
    assert shares == e["shares"]
    assert [host.usd(s) for s in shares] == [Decimal(x) for x in e["usd"]]
    assert all(sum(host.parts(s).values()) == host.usd(s) for s in shares)
    assert host.parts(3.0)["idle"] == host.usd(3.0) / 2


def thousand(e: Example) -> None:
    assert parse_host(e["host"], "host").usd_per_1000(e["requests_per_hour"]) == Decimal(e["usd"])


def million(e: Example) -> None:
    got = per_million_tokens(parse_host(e["host"], "host"), *e["prefill"], *e["decode"])
    assert (got.input_usd, got.output_usd) == tuple(Decimal(x) for x in e["usd"])


def training(e: Example) -> None:
    assert parse_training(e["training"], "training").usd_per_request == Decimal(e["usd"])


def currency(e: Example) -> None:
    usage, price = normalise_openai(e["openai"]), price_of(e)
    fx = [fx_from_json(e["fx"])]
    tariff = tariff_of(usage, Terms(price, fx=fx), NOW)
    assert sum(bill(usage, tariff).values()) == Decimal(e["usd"])
    assert cost_of_attempt(usage, price, NOW).amount is None
    late = datetime(2027, 3, 1, tzinfo=UTC)
    assert cost_of_attempt(usage, price, late, fx=fx).amount is None


def breaking_even(e: Example) -> None:
    got = break_even(e["usd_per_hour"], e["api_usd_per_request"], e["capacity_per_hour"])
    assert got.feasible
    for name in ("requests_per_hour", "requests_per_month", "utilisation"):
        assert getattr(got, name) == pytest.approx(e[name], rel=1e-12)


def flip(e: Example) -> None:
    got = flip_points(
        e["r0"],
        e["cost_a"],
        e["cost_b"],
        {"part": e["share"]},
        usd_per_hour=e["usd_per_hour"],
        requests_per_hour=e["requests_per_hour"],
    )
    found = (got.treatment, got.baseline, got.components["part"], got.utilisation)
    assert found == pytest.approx(
        (e["treatment"], e["baseline"], e["component"], e["utilisation"]), rel=1e-12
    )


def moved(e: Example) -> None:
    api = ApiSide(cache_share=0.0, **e["api"])
    host = HostSide(parse_host(e["host"], "host"), e["requests_per_hour"])
    result = tornado(ratio_model(host, api), ratio_assumptions(host, api, "A", "B"), 0.1)
    assert result.base == pytest.approx(e["ratio"], rel=1e-12)
    row = next(r for r in result.rows if r.assumption.key == "b.list_price")
    assert [row.ratio_low, row.ratio_high] == pytest.approx(e["list_price"], rel=1e-12)
    assert [r.width for r in result.rows] == sorted((r.width for r in result.rows), reverse=True)


def rounded(e: Example) -> None:
    total, shown = rounded_parts({name: Decimal(x) for name, x in e["parts"].items()})
    assert total == Decimal(e["total"]) == sum(shown.values())
    assert sorted(shown.values(), reverse=True) == [Decimal(x) for x in e["shown"]]


FORMULAS: Mapping[str, Callable[[Example], None]] = {
    "attempt": attempt, "billed": billed, "unknown_bill": unknown_bill, "doubted": doubted, "hour": hour, "call": call,
    "thousand": thousand, "million": million, "training": training, "currency": currency, "break_even": breaking_even,
    "flip": flip, "tornado": moved, "bill": rounded, "month": month,
}  # fmt: skip


@pytest.mark.parametrize("example", examples(), ids=lambda e: str(e["formula"]))
def test_example(example: Example) -> None:
    FORMULAS[example["formula"]](example)


def test_every_formula_has_an_example() -> None:
    assert {e["formula"] for e in examples()} == set(FORMULAS)
