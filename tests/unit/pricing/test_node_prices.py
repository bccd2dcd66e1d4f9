"""Dollars of nodes: a price by kind of node, a machine charged once, and what an hour of several
kinds is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from claimbench.errors import BenchError
from claimbench.evaluation.dollars.node_prices import on_nodes
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.calls import machine_shares
from claimbench.pricing.hosts import host_to_json, parse_host
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.stated.changes import change_rates, parse_change
from claimbench.types import Arm, Attempt, Call, Outcome, Place, Timing, Usage

SECOND = 10**9
NOW = datetime(2026, 11, 29, tzinfo=UTC)
HOST = {"usd_per_hour": 3.6, "nodes": {"big": 7.2, "small": {"usd_per_hour": 1.8}}}


def price(host: dict[str, Any], arm: str = "a") -> ArmPrice:
    return ArmPrice(arm, "host_time", host=parse_host(host, "h"))


def attempt(
    call_id: str, start_s: float, end_s: float, node_type: str | None, machine: str = "m"
) -> Attempt:
    sent, ended = round(start_s * SECOND), round(end_s * SECOND)
    timing = Timing(None, sent, sent, ended, ended, (ended,), ended, "in_process")
    place = None if node_type is None else Place("n", machine, node_type, "c", 5)
    return Attempt(call_id, 1, 1, timing, Outcome.OK, None, Usage(), None, None, "yes", place=place)


def call(name: str, arm: str = "a") -> Call:
    return Call("r", name, "t", name, 0, arm, 1, 0)


@pytest.mark.parametrize(
    ("node_type", "usd"),
    [("big", "0.002"), ("small", "0.0005"), ("another", "0.001"), (None, "0.001")],
)
def test_an_attempt_costs_what_its_kind_of_node_does(node_type: str | None, usd: str) -> None:
    cost = price(HOST).cost(attempt("c", 0, 1, node_type), NOW)
    assert cost.amount == Decimal(usd)


def test_the_arms_use_holds_for_every_kind_of_node() -> None:
    found = price({**HOST, "utilisation": 0.5}).cost(attempt("c", 0, 1, "big"), NOW)
    assert found.amount == Decimal("0.004")
    left_out = price({**HOST, "utilisation": 0.5, "include_idle": False})
    assert left_out.cost(attempt("c", 0, 1, "big"), NOW).amount == Decimal("0.002")


def test_what_is_frozen_comes_back() -> None:
    host = parse_host(HOST, "h")
    assert parse_host(host_to_json(host), "h") == host
    assert "nodes" not in host_to_json(parse_host({"usd_per_hour": 1}, "h"))


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "is not a mapping of node types"),
        ({}, "is not a mapping of node types"),
        ({"big": 0}, r"\$0 per hour"),
        ({"big": "dear"}, "big"),
        ({"big": {"per_second": 1}}, "per_second"),
        ({"big": {"usd_per_hour": 1, "utilisation": 0.5}}, "utilisation"),
        ({"big": {"purchase_usd": 1000}}, "lifetime_years"),
    ],
)
def test_prices_of_nodes_that_are_none_are_refused_by_name(nodes: Any, words: str) -> None:
    with pytest.raises(BenchError, match=words):
        parse_host({"usd_per_hour": 1, "nodes": nodes}, "arms.a.cost.host")


def test_nodes_are_in_the_hosts_currency() -> None:
    day = str((datetime.now(UTC) - timedelta(days=2)).date())
    fx = [{"currency": "EUR", "usd_per_unit": 1.2, "dated": day, "source": "ECB"}]
    nodes = {"big": 5, "small": {"per_hour": 1, "staff_per_hour": 1}}
    host = {"currency": "EUR", "per_hour": 2, "nodes": nodes}
    arm = Arm("a", "llama_cpp", "m", cost_model={"host": host, "fx": fx})
    found = resolve_arm(arm, PriceBook(use_genai=False)).host
    assert found is not None
    assert found.per_hour == Decimal("2.4")
    assert found.at("big").per_hour == Decimal("6.0")
    assert found.at("small").per_hour == Decimal("2.4")


def test_a_machine_is_charged_once_whatever_nodes_and_arms_share_it() -> None:
    rows = [
        attempt("a1", 0, 4, "big", "one"),
        attempt("a2", 0, 4, "big", "one"),
        attempt("b1", 2, 4, "big", "one"),
        attempt("a3", 0, 4, "big", "two"),
        attempt("a4", 0, 4, None),
    ]
    calls = {c.id: c for c in (*map(call, ["a1", "a2", "a3", "a4"]), call("b1", "b"))}
    prices = {"a": price(HOST), "b": price(HOST, "b")}
    shares = machine_shares(prices, calls, rows)
    assert sum(shares[k] for k in range(3)) == pytest.approx(4)
    assert shares[2] == pytest.approx(2 / 3)
    assert shares[3] == shares[4] == pytest.approx(4)


@pytest.mark.parametrize(
    ("kinds", "per_hour"),
    [
        ([("big", 1), ("big", 9)], "7.2"),
        ([("small", 3)], "1.8"),
        ([("another", 3)], "3.6"),
        ([("big", 1), ("small", 3)], "3.15"),
        ([("big", 1), ("another", 1)], "5.4"),
        ([("big", 0), ("small", 0)], "4.5"),
    ],
)
def test_an_hour_of_the_arm_is_the_mean_of_its_nodes_by_time(
    kinds: list[tuple[str, float]], per_hour: str
) -> None:
    rows = [attempt(f"c{i}", 0, s, kind) for i, (kind, s) in enumerate(kinds)]
    calls = [call(row.call_id) for row in rows]
    prices = {"a": price(HOST)}
    found = on_nodes(prices, prices, calls, rows)["a"]
    assert found.host is not None
    assert found.host.per_hour == Decimal(per_hour)
    for row in rows:  # and each call keeps the price of its own node
        assert found.cost(row, NOW).amount == prices["a"].cost(row, NOW).amount


def test_what_this_machines_meter_saw_says_nothing_of_nodes() -> None:
    bare = price({"usd_per_hour": 1, "usd_per_kwh": 0.5})
    assert bare.host is not None
    metered = replace(bare, host=replace(bare.host, watts=Decimal(1000)))
    on_node = on_nodes({"a": metered}, {"a": bare}, [call("c")], [attempt("c", 0, 1, "big")])
    here = on_nodes({"a": metered}, {"a": bare}, [call("c")], [attempt("c", 0, 1, None)])
    assert on_node["a"].host is not None
    assert here["a"].host is not None
    assert on_node["a"].host.per_hour == Decimal(1)
    assert here["a"].host.per_hour == Decimal("1.5")


def test_one_figure_does_not_reprice_several_kinds_of_node() -> None:
    arms = {"a": Arm("a", "llama_cpp", "m")}
    change = parse_change("a.usd_per_hour=9", ["a"])
    with pytest.raises(BenchError, match="priced by node type"):
        change_rates({"a": price(HOST)}, [change], arms)
    use = parse_change("a.utilisation=0.5", ["a"])
    found = change_rates({"a": price(HOST)}, [use], arms)["a"]
    assert found.cost(attempt("c", 0, 1, "big"), NOW).amount == Decimal("0.004")
