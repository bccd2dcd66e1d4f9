"""Host cost, golden dollar vectors, break-even, flip points, tornado, throughput, projection."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from claimbench.economics import what_if as e
from claimbench.economics.projection import (
    TokenBasis,
    project_arm,
    project_claims,
    project_ratio,
    token_basis,
)
from claimbench.economics.sides import ApiSide, HostSide, ratio_assumptions, ratio_model, throughput
from claimbench.errors import BenchError
from claimbench.pricing.arms import resolve_arm
from claimbench.pricing.hosts import (
    busy_shares,
    host_to_json,
    parse_host,
    parse_training,
    per_million_tokens,
)
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.provider import usage as u
from claimbench.types import Arm, Claim

GOLDEN = {
    v["id"]: v
    for v in json.loads((Path(__file__).parents[2] / "golden/claims_golden.json").read_text())[
        "vectors"
    ]
    if v["id"].startswith("USD-")
}
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
EMPTY = PriceBook(use_genai=False)


def close(value, vector, key):
    assert float(value) == pytest.approx(vector["expected"][key], abs=vector["tol"])


class TestGoldenDollars:
    def normalise(self, data):
        usage = data["usage"]
        if data["kind"] == "anthropic":
            return u.normalise_anthropic(usage)
        if data["kind"] == "gemini":
            return u.normalise_gemini(usage)
        nested = {
            "prompt_tokens": usage["prompt_tokens"],
            "completion_tokens": usage["completion_tokens"],
            "prompt_tokens_details": {"cached_tokens": usage["cached_tokens"]},
            "completion_tokens_details": {"reasoning_tokens": usage["reasoning_tokens"]},
        }
        return u.normalise_openai(nested)

    @pytest.mark.parametrize("name", ["USD-openai", "USD-anthropic", "USD-gemini"])
    def test_api(self, name):
        vector = GOLDEN[name]
        rates = vector["input"]["price"]
        stated = {
            "input": rates["in"],
            "output": rates["out"],
            "cache_read": rates["cache_read"],
            "cache_write_5m": rates["cache_write"],
        }
        usage = self.normalise(vector["input"])

        def usd(**more):
            arm = Arm("a", "openai", "m", cost_model={"price": {**stated, **more}})
            return resolve_arm(arm, EMPTY).list_cost(usage, NOW).amount

        close(usd(), vector, "usd")
        close(usd(discount=0.5), vector, "usd_batch50")
        close(usd() * 1000, vector, "usd_per_1k")

    def test_owned_rate(self):
        v = GOLDEN["USD-owned-rate"]
        i = v["input"]
        host = parse_host(
            {
                "purchase_usd": i["capex"],
                "residual_usd": i["resid"],
                "lifetime_years": i["life_h"] / 8760,
                "watts": i["watts"],
                "pue": i["pue"],
                "usd_per_kwh": i["usd_kwh"],
                "staff_usd_per_hour": i["opex_h"],
            },
            "host",
        )
        close(host.per_hour, v, "usd_per_h")
        assert set(host.parts_per_hour) == {"depreciation", "energy", "staff"}

    def test_local_per_thousand(self):
        v = GOLDEN["USD-local-1k"]
        host = parse_host(
            {"usd_per_hour": v["input"]["rate"], "utilisation": v["input"]["util"]}, "host"
        )
        close(host.usd_per_1000(v["input"]["req_h"]), v, "usd_per_1k")
        # the same by seconds: one request is 3600/R busy seconds
        close(host.usd(3600 / v["input"]["req_h"]) * 1000, v, "usd_per_1k")

    def test_break_even(self):
        v = GOLDEN["USD-break-even"]
        got = e.break_even(
            v["input"]["rate"], v["input"]["api_usd_per_req"], v["input"]["capacity"]
        )
        close(got.requests_per_hour, v, "req_per_h")
        close(got.utilisation, v, "utilisation")
        assert got.feasible is v["expected"]["feasible"]
        assert got.requests_per_month == pytest.approx(got.requests_per_hour * 730)

    def test_every_dollar_vector_is_used(self):
        assert len(GOLDEN) == 6


class TestHost:
    def test_parts_add_up_exactly(self):
        host = parse_host(
            {
                "purchase_usd": 9999,
                "lifetime_years": 3,
                "watts": 333,
                "usd_per_kwh": 0.146,
                "utilisation": 0.3,
                "staff_usd_per_hour": 0.07,
            },
            "h",
        )
        for seconds in (0.001, 1.7, 3600.0):
            parts = host.parts(seconds)
            assert sum(parts.values()) == host.usd(seconds)
            assert parts["idle"] > 0
        busy = parse_host({**host_to_json(host), "include_idle": False}, "h")
        assert "idle" not in busy.parts(1.7)
        assert sum(busy.parts(1.7).values()) == busy.usd(1.7) < host.usd(1.7)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({}, "either usd_per_hour"),
            ({"usd_per_hour": 1, "purchase_usd": 1}, "either usd_per_hour"),
            ({"purchase_usd": 1}, "needs lifetime_years"),
            ({"usd_per_hour": 0}, r"\$0 per hour"),
            ({"usd_per_hour": -1}, "at least 0"),
            ({"usd_per_hour": "cheap"}, "not an amount"),
            ({"usd_per_hour": float("nan")}, "finite"),
            ({"usd_per_hour": 1, "utilisation": 0}, "utilisation must lie"),
            ({"usd_per_hour": 1, "utilisation": 1.5}, "utilisation must lie"),
            ({"usd_per_hour": 1, "watts": 5}, "needs usd_per_kwh"),
            ({"usd_per_hour": 1, "watts_source": "guess"}, "stated, measured or modelled"),
            ({"usd_per_huor": 1}, "did you mean 'usd_per_hour'"),
            ({"purchase_usd": 1, "residual_usd": 2, "lifetime_years": 3}, "larger than purchase"),
        ],
    )
    def test_bad_hosts(self, data, message):
        with pytest.raises(BenchError, match=message):
            parse_host(data, "arms.x.cost.host")

    def test_no_utilisation_is_said(self):
        assert parse_host({"usd_per_hour": 1}, "h").notes
        assert not parse_host({"usd_per_hour": 1, "utilisation": 1}, "h").notes

    def test_input_and_output_apart(self):
        """inference-perf #139: $/1M = $/h / (tok/s x 3600) x 1e6; InferenceX #552: input and output
        apart.
        """
        host = parse_host({"usd_per_hour": 3.6, "utilisation": 1}, "h")
        got = per_million_tokens(
            host, prefill_s=10, input_tokens=10_000, decode_s=50, output_tokens=1_000
        )
        assert got.input_usd == Decimal("1")  # 1,000 tok/s at $0.001/s
        assert got.output_usd == Decimal("50")  # 20 tok/s
        assert per_million_tokens(host, 0, 0, 1, 0).input_usd is None

    def test_concurrent_calls_share_the_machine(self):
        """Charging every call its whole duration would bill a concurrent server several times over."""
        s = 1_000_000_000
        assert busy_shares([(0, 2 * s), (0, 2 * s)]) == [1.0, 1.0]
        assert busy_shares([(0, 2 * s), (2 * s, 3 * s)]) == [2.0, 1.0]
        assert busy_shares([(s, 3 * s), (0, 2 * s)]) == [1.5, 1.5]
        assert busy_shares([(5, 5)]) == [0.0]
        assert busy_shares([]) == []
        spans = [(i * 300_000_000, i * 300_000_000 + s) for i in range(10)]
        assert math.fsum(busy_shares(spans)) == pytest.approx(3.7)

    def test_training_is_amortised(self):
        assert parse_training({"usd": 40, "requests": 100_000}, "t").usd_per_request == Decimal(
            "0.0004"
        )
        with pytest.raises(BenchError, match="over how many requests"):
            parse_training({"usd": 40}, "t")


class TestEconomics:
    def test_break_even_infeasible(self):
        assert not e.break_even(2.5, 0.001, 1800).feasible
        assert "cannot pay off" in e.break_even(2.5, 0.001, 1800).sentence
        never = e.break_even(2.5, 0.001, 1800, local_marginal_usd=0.001)
        assert (never.requests_per_hour, never.feasible) == (None, False)

    def test_flip_points_put_the_ratio_on_the_threshold(self):
        a, b, r0 = 0.004, 0.02, 0.1
        got = e.flip_points(
            r0, a, b, {"output": 0.8, "input": 0.2}, usd_per_hour=2.0, requests_per_hour=2000
        )
        assert a * got.treatment / b == pytest.approx(r0)
        assert a / (b * got.baseline) == pytest.approx(r0)
        assert got.components["output"] == pytest.approx(0.375)
        assert got.components["input"] is None  # no factor on a fifth of the cost reaches a half
        assert got.utilisation == pytest.approx(2.0 / (2000 * r0 * b))
        assert got.utilisation_feasible
        assert e.flip_points(0.1, 0.0, 1.0, {"x": 1.0}).treatment is None

    def sides(self):
        api = ApiSide(1000, 100, 0.2, 3.0, 15.0, 0.3, 0.5)
        host = HostSide(
            parse_host({"usd_per_hour": 1.0, "utilisation": 0.5}, "h"), 3000, 2500, 3500
        )
        return host, api

    def test_sides_at_base_are_the_bills(self):
        host, api = self.sides()
        assert api.usd({}, "b") == pytest.approx((800 * 3 + 200 * 0.3 + 100 * 15) / 1e6)
        assert host.usd({}, "a") == pytest.approx(float(host.host.usd_per_1000(3000)) / 1000)

    def test_tornado(self):
        host, api = self.sides()
        model, rows = ratio_model(host, api), ratio_assumptions(host, api, "qwen", "gpt")
        base = model({})
        got = e.tornado(model, rows, threshold=base * 1.5)
        widths = [r.width for r in got.rows]
        assert widths == sorted(widths, reverse=True)
        assert got.rows[0].assumption.key == "a.utilisation"
        assert got.label == "conditional"
        assert "a.utilisation" in got.flipped_by
        assert got.all_favourable < base < got.all_adverse
        for row in got.rows:
            assert got.all_favourable <= min(row.ratio_low, row.ratio_high)
            assert max(row.ratio_low, row.ratio_high) <= got.all_adverse
        robust = e.tornado(
            model, rows, threshold=got.all_adverse * 2, interval=(base * 0.9, base * 1.1)
        )
        assert (robust.label, robust.flipped_by) == ("robust", ())
        thin = e.tornado(
            model, rows, threshold=got.all_adverse * 1.01, interval=(base * 0.9, base * 1.1)
        )
        assert thin.label == "undecided"

    def test_owned_host_assumptions(self):
        stated = {
            "purchase_usd": 12000,
            "lifetime_years": 3,
            "watts": 450,
            "usd_per_kwh": 0.15,
            "utilisation": 0.4,
        }
        host = HostSide(parse_host(stated, "h"), 1800.0)
        keys = {a.key for a in host.assumptions("a", "x")}
        assert keys == {"a.utilisation", "a.lifetime_years", "a.kwh_price", "a.watts"}
        assert host.usd({}, "a") == pytest.approx(float(host.host.usd_per_1000(1800)) / 1000)

    def test_throughput_interval(self):
        draw = random.Random(7)
        seconds = [draw.uniform(0.5, 1.5) for _ in range(200)]
        estimate, flags = throughput(seconds)
        assert estimate.value == pytest.approx(3600 * 200 / math.fsum(seconds))
        assert estimate.n_clusters in (11, 12)
        assert estimate.low < estimate.value < estimate.high
        assert flags == ("short_blocks",)
        assert throughput([100.0, 90.0] * 40)[1] == ()
        few, _ = throughput([1.0, 1.0, 1.0])
        assert few.low is None
        assert "time blocks" in few.why_no_interval
        assert throughput([])[0].value is None


class TestProjection:
    def test_range_and_ratio(self):
        arm = Arm("gpt", "openai", "m", cost_model={"price": {"input": 3, "output": 15}})
        got = project_arm(resolve_arm(arm, EMPTY), TokenBasis(1000, 100, 9), NOW)
        assert (got.usd, got.low, got.high) == (
            Decimal("0.0045"),
            Decimal("0.00315"),
            Decimal("0.0066"),
        )
        ratio = project_ratio("qwen", "gpt", {"qwen": 0.00045}, {"gpt": got})
        assert ratio["ratio"] == pytest.approx(0.1)
        assert ratio["low"] == pytest.approx(0.00045 / 0.0066)
        assert ratio["high"] == pytest.approx(0.00045 / 0.00315)
        assert ratio["label"] == "projected, not measured"
        assert project_ratio("a", "b", {"a": 1.0, "b": 1.0}, {}) is None

    def test_unknown_price_projects_nothing(self):
        arm = resolve_arm(Arm("x", "openai", "nope"), EMPTY)
        got = project_arm(arm, TokenBasis(1000, 100, 9), NOW)
        assert got.usd is None
        assert project_ratio("qwen", "x", {"qwen": 1.0}, {"x": got})["ratio"] is None

    def test_claims(self):
        prices = {
            name: resolve_arm(
                Arm(name, "openai", "m", cost_model={"price": {"input": 3, "output": 15}}), EMPTY
            )
            for name in ("gpt", "claude")
        }
        claim = Claim("c", "t", None, "cheaper", "cost", ("qwen",), ("gpt", "claude"), "<=", 0.1)
        got = project_claims([claim], prices, {"qwen": 0.001}, TokenBasis(10, 1, 3), NOW)
        assert len(got["c"]["pairs"]) == 2
        json.dumps(got, allow_nan=False)
        assert project_claims([claim], prices, {"qwen": 0.001}, None, NOW) == {}

    def test_basis(self):
        n_in, n_out = np.asarray([10.0, 20.0, math.nan]), np.asarray([1.0, 5.0])
        assert token_basis([n_in], [n_out, np.asarray([100.0])]) == TokenBasis(15.0, 5.0, 2)
        assert token_basis([], []) is None
