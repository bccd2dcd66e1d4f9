"""Scenarios of a month, and what moves the bill."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Measured
from claimbench.economics.volume.scenarios import hit_rate, scenarios
from claimbench.economics.volume.stated import OneOff, SharedPrefix, Terms, Volume
from claimbench.economics.volume.tornado import bill_tornado
from claimbench.pricing.hosts import HostCost

API = Measured("api", usd_per_request=0.000775)
SIDE = ApiSide(1500, 200, 0.0, 0.25, 2.0, cache_rate=0.025, batch_factor=0.5)
RENT = Measured(
    "rent",
    host=HostCost(Decimal(1), usd_per_hour=Decimal("2.5")),
    requests_per_hour=218_500,
)
VOLUME = Volume(2e6)


def with_terms(arm: str, **terms: object) -> Volume:
    return replace(VOLUME, arms={arm: Terms(**terms)})  # type: ignore[arg-type]


def test_a_share_in_batches_costs_what_the_book_says() -> None:
    found = scenarios(API, with_terms("api", batch_share=0.4), SIDE)
    assert found[0].usd == pytest.approx(1550 * (0.6 + 0.4 * 0.5))
    unknown = scenarios(API, with_terms("api", batch_share=0.4), replace(SIDE, batch_factor=None))
    assert (unknown[0].usd, unknown[0].note) == (None, "no batch price is known")


def test_a_shared_prefix_hits_as_often_as_requests_come_while_it_is_kept() -> None:
    prefix = SharedPrefix(1000, 300)
    hits = 1 - math.exp(-2e6 / 730 / 3600 * 300)
    assert hit_rate(VOLUME, prefix) == pytest.approx(hits)
    rates = {"cache_write_5m": 0.3125, "cache_write_1h": 0.5}
    for ttl, written in ((300.0, 0.3125), (3600.0, 0.5)):
        kept = SharedPrefix(1000, ttl)
        found = scenarios(API, with_terms("api", cache=kept), SIDE, rates)[0]
        share = hit_rate(VOLUME, kept)
        each = (share * 0.025 + (1 - share) * written - 0.25) * 1000 / 1e6
        assert found.usd == pytest.approx(2e6 * (0.000775 + each))
    seldom = scenarios(API, replace(with_terms("api", cache=prefix), requests=100), SIDE, rates)[0]
    assert seldom.usd is not None
    assert seldom.usd > 100 * 0.000775  # nearly every request pays for writing it


@pytest.mark.parametrize(
    ("side", "tokens", "said"),
    [
        (None, 1000, "no price of cached tokens"),
        (replace(SIDE, cache_rate=None), 1000, "no price of cached tokens"),
        (SIDE, 5000, "fewer than the prefix"),
    ],
)
def test_a_cache_that_cannot_be_reckoned_says_why(
    side: ApiSide | None, tokens: int, said: str
) -> None:
    found = scenarios(API, with_terms("api", cache=SharedPrefix(tokens, 300)), side)[0]
    assert found.usd is None
    assert said in found.note


def test_the_ends_of_a_span_of_requests_are_scenarios_of_every_arm() -> None:
    volume = replace(VOLUME, low=1e6, high=4e6)
    assert [one.usd for one in scenarios(API, volume)] == [775, 3100]
    assert [one.usd for one in scenarios(RENT, volume)] == [1825, 1825]


def test_what_moves_an_endpoints_bill_is_in_dollars_a_month() -> None:
    bars = {bar.what: bar for bar in bill_tornado(API, VOLUME, SIDE)}
    assert (bars["requests a month"].low_usd, bars["requests a month"].high_usd) == (1240, 1860)
    assert bars["list price or discount"].high_usd == pytest.approx(1860)
    assert bars["output length"].low_usd == pytest.approx(1550 - 160)
    assert bars["batch"].high_usd == pytest.approx(775)
    assert "price per hour" not in bars
    widths = [bar.width for bar in bill_tornado(API, VOLUME, SIDE)]
    assert widths == sorted(widths, reverse=True)


def test_what_moves_a_machines_bill_includes_the_peak_and_what_comes_once() -> None:
    busy = replace(VOLUME, requests=730 * 218_500.0, peak_factor=2.0)
    bars = {bar.what: bar for bar in bill_tornado(RENT, busy)}
    assert bars["busiest hour over a mean hour"].low_usd == pytest.approx(1825)
    assert bars["busiest hour over a mean hour"].high_usd == pytest.approx(4 * 1825)
    assert bars["price per hour"].low_usd == pytest.approx(0.8 * 2 * 1825)
    once = replace(busy, arms={"rent": Terms(one_off=(OneOff("x", 36_000),))})
    bars = {bar.what: bar for bar in bill_tornado(RENT, once)}
    bar = bars["one-off costs and training"]
    assert bar.high_usd - bar.low_usd == pytest.approx(1000)


@pytest.mark.parametrize(
    "volume", [Volume(1.0), replace(VOLUME, growth=-0.5), replace(VOLUME, growth=10)]
)
def test_every_bar_is_finite_at_odd_volumes(volume: Volume) -> None:
    for measured in (API, RENT):
        for bar in bill_tornado(measured, volume, SIDE if measured is API else None):
            assert math.isfinite(bar.low_usd)
            assert math.isfinite(bar.high_usd)


@pytest.mark.parametrize(
    ("requests", "shown"),
    [(1e6, "800,000"), (2e6, "1,600,000"), (1234, "987.2"), (1e10, "8,000,000,000"), (5, "4")],
)
def test_what_is_varied_is_shown_without_an_exponent(requests: float, shown: str) -> None:
    bars = {bar.what: bar for bar in bill_tornado(API, replace(VOLUME, requests=requests), SIDE)}
    assert bars["requests a month"].low_label == shown
