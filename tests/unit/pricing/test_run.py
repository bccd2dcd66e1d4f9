"""Where dollars meet the run: tiers from the wire, cold prompts, meters, unit prices, bills that
add up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.economics.unit_prices import unit_prices
from claimbench.plan.prompts import chilled
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import billed_tier
from claimbench.pricing.calls import machine_shares
from claimbench.pricing.energy import Energy, combined, metered
from claimbench.pricing.hosts import parse_host
from claimbench.pricing.run import unmetered, with_meter
from claimbench.pricing.stated.contract import contract_price
from claimbench.provider.usage import hides_reasoning
from claimbench.types import (
    Arm,
    Attempt,
    Call,
    Message,
    Meta,
    Outcome,
    Session,
    Timing,
    Usage,
    UsageReport,
)
from claimbench_providers.endpoints.chat import response_meta
from claimbench_providers.endpoints.reading.chunks import ChunkReader
from claimbench_reports.view.bill import MICRO, rounded_parts

SECOND = 1_000_000_000


def usage_of(*chunks, hidden=False):
    reader = ChunkReader(Meta(), hidden_reasoning=hidden, label=False)
    events = [event for chunk in chunks for event in reader.read(chunk)]
    events += reader.finish()
    return next(e for e in events if isinstance(e, UsageReport))


END = {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


@pytest.mark.parametrize(("served", "asked", "billed"), [("default", "flex", "standard"), ("flex", "standard", "flex"),
                                                         ("priority", "priority", "priority")])  # fmt: skip
def test_the_tier_beside_the_usage_is_billed(served, asked, billed):
    report = usage_of(
        {**END, "service_tier": served}, {"choices": [], "usage": USAGE, "service_tier": served}
    )
    assert report.raw == {**USAGE, "service_tier": served}
    assert billed_tier(report.raw, asked) == billed


def test_without_a_tier_usage_is_verbatim_and_a_tier_inside_it_wins():
    assert usage_of(END, {"choices": [], "usage": USAGE}).raw == USAGE
    inside = {**USAGE, "service_tier": "flex"}
    assert (
        usage_of({**END, "service_tier": "default"}, {"choices": [], "usage": inside}).raw == inside
    )


def test_hidden_reasoning_is_known_by_host():
    hidden = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 20}
    assert usage_of(END, {"choices": [], "usage": hidden}, hidden=True).usage.output_reasoning == 8
    assert hides_reasoning("https://generativelanguage.googleapis.com/v1beta/openai/")
    assert not hides_reasoning("https://api.openai.com/v1")


@pytest.mark.parametrize(("headers", "provenance"), [
    ({"cf-aig-cache-status": "HIT"}, "provider_cached"),
    ({"x-portkey-cache-status": "SEMANTIC HIT"}, "provider_cached"),
    ({"helicone-cache": "MISS"}, "measured"), ({}, "measured"),
])  # fmt: skip
def test_gateway_caches(headers, provenance):
    assert response_meta(200, headers).provenance == provenance


def test_cold_prompts_differ_by_run_or_call_and_by_nothing_else():
    turns = (Message("system", "Be short."), Message("user", "Hi"))
    call = Call("run-1", "c", "t", "s", 0, "a", 1, 0)
    assert chilled(turns, None, call) == turns
    by_run = chilled(turns, "run", call)
    assert by_run[0].content.endswith("]\nBe short.")
    assert by_run[1:] == turns[1:]
    assert chilled(turns, "run", replace(call, sample_id="z", arm="b", epoch=3)) == by_run
    assert chilled(turns, "run", replace(call, run_id="run-2")) != by_run
    by_call = chilled(turns, "call", call)
    assert chilled(turns, "call", replace(call, arm="b")) == by_call
    others = [
        replace(call, sample_id="z"),
        replace(call, epoch=1),
        replace(call, task="u"),
        replace(call, run_id="r"),
    ]
    assert len({by_call, by_run, *(chilled(turns, "call", other) for other in others)}) == 6


def test_a_meter_runs_only_where_a_price_depends_on_it_and_is_read_after_an_error():
    read = []
    meter = SimpleNamespace(
        start=lambda: None, stop=lambda: Energy(0.1, 3600.0, "measured", {}, "read")
    )

    def failing():
        with metered(True, read.append, lambda: meter):
            raise RuntimeError

    with metered(False, read.append, lambda: pytest.fail("no meter was asked for")):
        pass
    assert read == []
    with pytest.raises(RuntimeError):
        failing()
    assert [e.watts for e in read] == [pytest.approx(100)]


def test_sessions_are_metered_together():
    one = Energy(0.1, 3600.0, "measured", {"cpu": (0.1, "measured")}, "read from meters")
    two = Energy(0.2, 1800.0, "modelled", {"cpu": (0.2, "modelled")}, "no meter")
    lost = Energy(None, None, "unavailable", {}, "not installed")
    both = combined([one, lost, two])
    assert (both.watts, both.source) == (pytest.approx(200), "modelled")
    assert both.parts == {"cpu": (pytest.approx(0.3), "modelled")}
    assert combined([one, lost]).source == "measured"
    assert combined([lost]) == lost
    assert combined([]) is None


@pytest.mark.parametrize(("figures", "watts"), [
    ({"usd_per_kwh": 0.5}, 100), ({"usd_per_kwh": 0.5, "watts": 70}, 70), ({}, None),
])  # fmt: skip
def test_stated_watts_stand_and_a_meter_fills_the_gap(figures, watts):
    price = ArmPrice("a", "host_time", host=parse_host({"usd_per_hour": 1, **figures}, "h"))
    found = with_meter({"a": price}, Energy(0.1, 3600.0, "modelled", {}, "no meter: cpu"))["a"].host
    assert found.watts == watts
    assert found.watts_source == ("modelled" if watts == 100 else "stated")
    assert unmetered(price) == (watts == 100)


def attempt(call_id, sent, first, ended, usage):
    timing = Timing(None, sent, sent, first, first, (first,), ended, "transport")
    return Attempt(call_id, 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")


def test_a_moment_of_a_shared_machine_is_charged_once_over_its_arms():
    calls = {arm: Call("r", arm, "t", "s", 0, arm, 1, 0) for arm in ("a", "b", "c")}
    rows = [attempt(arm, 0, SECOND, 4 * SECOND, Usage()) for arm in calls]
    host = parse_host({"usd_per_hour": 3.6}, "h")
    prices = {arm: ArmPrice(arm, "host_time", host=host) for arm in calls}
    apart = machine_shares(prices, calls, rows)
    assert [round(apart[k], 9) for k in range(3)] == [4, 4, 4]
    shared = machine_shares(prices, calls, rows, {"a": "gpu", "b": "gpu"})
    assert [round(shared[k], 9) for k in range(3)] == [2, 2, 4]


def streamed(one, pieces=3):
    """An attempt whose answer came in pieces, the first of them at its first content."""
    first = one.timing.first_content_ns
    stamps = tuple(first + k * SECOND for k in range(pieces))
    return replace(one, timing=replace(one.timing, chunk_ns=stamps))


@pytest.mark.parametrize(
    ("pieces", "engine", "apart"),
    [
        (1, {}, False),
        (2, {}, False),
        (3, {}, True),
        (1, {"prompt_ms": 1000.0, "predicted_ms": 4000.0}, True),
    ],
)
def test_prices_per_token_need_prefill_and_decoding_apart(pieces, engine, apart):
    calls = [Call("r", f"c{i}", "t", f"s{i}", 0, "own", 1, i) for i in range(4)]
    usage = Usage(input_fresh=600, output_visible=100)
    rows = [streamed(attempt(c.id, 0, SECOND, 5 * SECOND, usage), pieces) for c in calls]
    rows = [replace(row, timing=replace(row.timing, engine=engine)) for row in rows]
    rented = ArmPrice("own", "host_time", host=parse_host({"usd_per_hour": 3.6}, "h"))
    session = Session("r", 1, datetime(2026, 11, 1, tzinfo=UTC).isoformat(), 0, {})
    found = {u.what: u for u in unit_prices({"own": rented}, [session], calls, rows)}
    assert ("input tokens" in found) == apart
    assert ("output tokens" in found) == apart
    if not apart:
        assert found["input and output tokens"].usd is None
        assert "not separable" in found["input and output tokens"].note


def test_unit_prices_of_a_machine_and_of_a_cold_cache():
    calls = [
        Call("r", f"{arm}{i}", "t", f"s{i}", 0, arm, 1, i)
        for arm in ("own", "api")
        for i in range(2)
    ]
    usage = Usage(input_fresh=600, cache_read=400, output_visible=100)
    rows = [
        streamed(attempt(c.id, 0, SECOND, 5 * SECOND, usage)) for c in calls
    ]  # each arm's two calls at once
    rented = ArmPrice(
        "own", "host_time", host=parse_host({"usd_per_hour": 3.6, "utilisation": 0.5}, "h")
    )
    rates = {"input": 1, "output": 4, "cache_read": 0.1}
    api = ArmPrice("api", "list_price", price=contract_price(Arm("api", "p", "m"), rates, "p"))
    session = Session("r", 1, datetime(2026, 11, 1, tzinfo=UTC).isoformat(), 0, {})
    found = {
        (u.arm, u.what): (u.usd, u.per)
        for u in unit_prices({"own": rented, "api": api}, [session], calls, rows)
    }
    # 5 s of machine time at $0.002 a paid second: a fifth of it prefill of 1,200 tokens, the rest
    # 200 tokens out
    assert found["own", "input tokens"] == (
        pytest.approx(Decimal("0.002") / 1200 * 10**6),
        "1M tokens",
    )
    assert found["own", "output tokens"] == (Decimal("0.008") / 200 * 10**6, "1M tokens")
    # 1,440 requests per busy hour
    assert found["own", "at 50% utilisation"] == (Decimal(5), "1,000 requests")
    assert found["own", "at 10% utilisation"] == (Decimal(25), "1,000 requests")
    assert found["api", "nothing cached"] == (Decimal("1.4"), "1,000 requests")
    assert {arm for arm, what in found if what == "nothing cached"} == {"api"}


@given(st.dictionaries(st.sampled_from("abcdefg"), st.decimals(-5, 5, places=12), max_size=7))
def test_shown_parts_add_up_to_the_shown_total_whatever_they_are(parts):
    total, shown = rounded_parts(parts)
    assert sum(shown.values(), Decimal(0)) == total
    assert abs(total - sum(parts.values(), Decimal(0))) <= MICRO / 2
    assert all(abs(shown[name] - amount) <= MICRO for name, amount in parts.items())


def test_plan_asks_the_same_books_as_a_run(tmp_path, capsys):
    """An arm that only our own entries price (qwen-plus) has dollars before a run too."""
    from claimbench.cli import _guarded

    (tmp_path / "d.jsonl").write_text('{"text": "x", "label": "a"}\n')
    (tmp_path / "s.yaml").write_text(
        "name: s\nversion: 1-0\ntasks:\n  - name: t\n    dataset: {path: d.jsonl, target: label}\n "
        "   prompt: [{user: '{{ text }}'}]\n    answer: {type: label, labels: [a, b], constrain:"
        " false}\n    scorers: [label]\n    max_tokens: 4\narms:\n  - {name: q, provider: openai,"
        " model: qwen-plus, base_url: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',"
        " cost: {list: {context: {mode: plain}}}}\n"
    )
    assert _guarded(["plan", str(tmp_path / "s.yaml")]) == 0
    out = capsys.readouterr().out
    assert "dollars unknown" not in out
    assert "reserved at most $" in out
