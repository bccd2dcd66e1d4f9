"""At least 60 bills, each small enough to check by hand, computed twice: by the product and by the
oracle beside this file, which shares no code with it. Rates are written out here as the vendor
states them, so that a change of the price data is seen; equality is exact, which is stricter than
to the last micro-dollar."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from claimbench.pricing.bill import micro
from claimbench.pricing.model import FxRate
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.stated.contract import contract_price
from claimbench.types import Arm, Usage

from .attempts import cost_of_attempt

spec = importlib.util.spec_from_file_location(
    "pricing_oracle", Path(__file__).with_name("pricing_oracle.py")
)
oracle_module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle_module)
oracle = oracle_module.oracle

BOOKS = sorted(
    (Path(__file__).parents[3] / "providers/claimbench_providers/prices").glob("*.[yj]*")
)
NOW = "2026-11-16T12:00"  # a Monday
BUCKETS = {
    "in": "input_fresh",
    "cr": "cache_read",
    "cw5": "cache_write_5m",
    "cw1": "cache_write_1h",
    "img": "image",
    "aud": "audio",
    "tool": "tool_use_input",
    "out": "output_visible",
    "out_reasoning": "output_reasoning",
}

MINI = {"in": "0.25", "out": "2", "cr": "0.025"}
GPT54 = {"in": "2.5", "out": "15", "cr": "0.25"}
HAIKU = {"in": "1", "out": "5", "cr": "0.1", "cw5": "1.25", "cw1": "2"}
SONNET = {"in": "3", "out": "15", "cr": "0.3", "cw5": "3.75", "cw1": "6"}
PRO = {"in": "1.25", "out": "10", "cr": "0.125"}
PRO_LONG = ((200_000, {"in": "2.5", "out": "15", "cr": "0.25"}),)
FLASH = {"in": "0.3", "out": "2.5", "cr": "0.03", "aud": "1"}
DS_OFF = {"in": "0.15", "out": "0.6", "cr": "0.003"}
DS_PEAK = {"in": "0.3", "out": "1.2", "cr": "0.006"}
V4_AUG = {"in": "0.22", "out": "0.66", "cr": "0.007"}
V4_AUG_PEAK = {"in": "0.44", "out": "1.32", "cr": "0.014"}
V4_OLD = {"in": "0.14", "out": "0.28", "cr": "0.0028"}
V3 = {"in": "0.27", "out": "1.1", "cr": "0.07"}
V3_OFF = {"in": "0.135", "out": "0.55", "cr": "0.035"}
QMAX = {"in": "1.2", "out": "6", "cr": "0.24", "cw5": "1.5"}
QMAX_LONG = (
    (32_000, {"in": "2.4", "out": "12", "cr": "0.48", "cw5": "3"}),
    (128_000, {"in": "3", "out": "15", "cr": "0.6", "cw5": "3.75"}),
)
QPLUS = {"in": "0.4", "out": "1.2", "cr": "0.08", "cw5": "0.5"}
QPLUS_LONG = ((256_000, {"in": "1.2", "out": "3.6", "cr": "0.24", "cw5": "1.5"}),)

LIST = [
    # id, model, moment (UTC), tokens, rates, oracle extras, product extras
    ("mini-fresh", "gpt-5-mini", NOW, {"in": 1000, "out": 100}, MINI, {}, {}),
    ("mini-one-token", "gpt-5-mini", NOW, {"in": 1, "out": 1}, MINI, {}, {}),
    ("mini-only-input", "gpt-5-mini", NOW, {"in": 7, "out": 0}, MINI, {}, {}),
    ("mini-only-output", "gpt-5-mini", NOW, {"in": 0, "out": 7}, MINI, {}, {}),
    ("mini-cached", "gpt-5-mini", NOW, {"in": 200, "cr": 800, "out": 50}, MINI, {}, {}),
    ("mini-reasoning", "gpt-5-mini", NOW, {"in": 300, "out": 20, "out_reasoning": 640}, MINI, {}, {}),
    ("mini-all", "gpt-5-mini", NOW, {"in": 11, "cr": 13, "out": 17, "out_reasoning": 19}, MINI, {}, {}),
    ("mini-dated-id", "gpt-5-mini-2025-08-07", NOW, {"in": 1000, "out": 100}, MINI, {}, {}),
    ("mini-compact-date", "gpt-5-mini-20250807", NOW, {"in": 1000, "out": 100}, MINI, {}, {}),
    ("mini-image", "gpt-5-mini", NOW, {"in": 10, "img": 765, "out": 9}, MINI, {}, {}),
    ("mini-flex", "gpt-5-mini", NOW, {"in": 1000, "cr": 10, "out": 100},
     {"in": "0.125", "out": "1", "cr": "0.0125"}, {}, {"tier": "flex"}),
    ("mini-priority", "gpt-5-mini", NOW, {"in": 1000, "cr": 10, "out": 100},
     {"in": "0.45", "out": "3.6", "cr": "0.045"}, {}, {"tier": "priority"}),
    ("mini-batch", "gpt-5-mini", NOW, {"in": 1000, "cr": 10, "out": 100},
     {"in": "0.125", "out": "1", "cr": "0.0125"}, {}, {"tier": "batch"}),
    ("mini-batch-first-day", "gpt-5-mini", "2026-10-14T00:00", {"in": 8, "out": 8},
     {"in": "0.125", "out": "1"}, {}, {"tier": "batch"}),
    ("mini-web-search", "gpt-5-mini", NOW, {"in": 100, "out": 10}, MINI,
     {"fees": ((3, "0.01"),)}, {"fees": (("web_search_requests", 3),)}),
    ("mini-file-search", "gpt-5-mini", NOW, {"in": 100, "out": 10}, MINI,
     {"fees": ((2, "0.0025"),)}, {"fees": (("file_search_requests", 2),)}),
    ("54-short", "gpt-5.4", NOW, {"in": 1000, "out": 10}, GPT54, {}, {}),
    ("54-batch-no-tier", "gpt-5.4", NOW, {"in": 1000, "cr": 1000, "out": 10},
     {"in": "1.25", "out": "7.5", "cr": "0.13"}, {}, {"tier": "batch"}),
    ("54-priority", "gpt-5.4", NOW, {"in": 1000, "cr": 1000, "out": 10},
     {"in": "5", "out": "30", "cr": "0.5"}, {}, {"tier": "priority"}),
    ("o3-before-cut", "o3", "2025-05-20T12:00", {"in": 1000, "out": 1000}, {"in": "10", "out": "40"}, {}, {}),
    ("o3-after-cut", "o3", NOW, {"in": 1000, "out": 1000}, {"in": "2", "out": "8"}, {}, {}),
    ("haiku-fresh", "claude-haiku-4-5", NOW, {"in": 1000, "out": 100}, HAIKU, {}, {}),
    ("haiku-dated", "claude-haiku-4-5-20251001", NOW, {"in": 1000, "out": 100}, HAIKU, {}, {}),
    ("haiku-read", "claude-haiku-4-5", NOW, {"in": 10, "cr": 990, "out": 100}, HAIKU, {}, {}),
    ("haiku-write-5m", "claude-haiku-4-5", NOW, {"in": 10, "cw5": 990, "out": 100}, HAIKU, {}, {}),
    ("haiku-write-1h", "claude-haiku-4-5", NOW, {"in": 10, "cw1": 990, "out": 100}, HAIKU, {}, {}),
    ("haiku-all", "claude-haiku-4-5", NOW,
     {"in": 1, "cr": 2, "cw5": 3, "cw1": 4, "out": 5, "out_reasoning": 6}, HAIKU, {}, {}),
    ("haiku-search", "claude-haiku-4-5", NOW, {"in": 5, "out": 5}, HAIKU,
     {"fees": ((1, "0.01"),)}, {"fees": (("web_search_requests", 1),)}),
    ("haiku-batch", "claude-haiku-4-5", NOW, {"in": 1000, "out": 100}, {"in": "0.5", "out": "2.5"}, {},
     {"tier": "batch"}),
    ("sonnet-old-id", "claude-3-5-sonnet-20241022", NOW, {"in": 77, "cw1": 11, "out": 3}, SONNET, {}, {}),
    ("sonnet-prefix-lab", "anthropic/claude-3-5-sonnet", NOW, {"in": 77, "out": 3}, SONNET, {}, {}),
    ("pro-below", "gemini-2.5-pro", NOW, {"in": 199_999, "out": 10}, PRO, {"over": PRO_LONG}, {}),
    ("pro-at-bound", "gemini-2.5-pro", NOW, {"in": 200_000, "out": 10}, PRO, {"over": PRO_LONG}, {}),
    ("pro-above", "gemini-2.5-pro", NOW, {"in": 200_001, "out": 10}, PRO, {"over": PRO_LONG}, {}),
    ("pro-above-by-cache", "gemini-2.5-pro", NOW, {"in": 1, "cr": 200_000, "out": 10}, PRO, {"over": PRO_LONG}, {}),
    ("pro-above-by-tool", "gemini-2.5-pro", NOW, {"in": 200_000, "tool": 1, "out": 10}, PRO, {"over": PRO_LONG}, {}),
    ("pro-thoughts", "gemini-2.5-pro", NOW, {"in": 500, "out": 20, "out_reasoning": 700}, PRO, {}, {}),
    ("pro-batch-long", "gemini-2.5-pro", NOW, {"in": 200_001, "out": 10}, {"in": "0.625", "out": "5"},
     {"over": ((200_000, {"in": "1.25", "out": "7.5"}),)}, {"tier": "batch"}),
    ("flash-text", "models/gemini-2.5-flash", NOW, {"in": 258, "cr": 2, "out": 7}, FLASH, {}, {}),
    ("flash-audio", "gemini-2.5-flash", NOW, {"in": 10, "aud": 320, "out": 7}, FLASH, {}, {}),
    ("flash-tool", "gemini-2.5-flash", NOW, {"in": 10, "tool": 50, "out": 7}, FLASH, {}, {}),
    ("gemini-rise-eve", "gemini-3.6-flash", "2026-12-31T23:59", {"in": 100, "out": 10},
     {"in": "0.75", "out": "3.75"}, {}, {}),
    ("gemini-rise-day", "gemini-3.6-flash", "2027-01-01T00:00", {"in": 100, "out": 10},
     {"in": "1.5", "out": "7.5"}, {}, {}),
    ("ds-off-peak", "deepseek-flash", NOW, {"in": 1000, "cr": 500, "out": 100}, DS_OFF, {}, {}),
    ("ds-peak", "deepseek-flash", "2026-11-16T02:30", {"in": 1000, "cr": 500, "out": 100}, DS_PEAK, {}, {}),
    ("ds-peak-first-second", "deepseek-flash", "2026-11-16T01:00", {"in": 9, "out": 9}, DS_PEAK, {}, {}),
    ("ds-peak-ended", "deepseek-flash", "2026-11-16T04:00", {"in": 9, "out": 9}, DS_OFF, {}, {}),
    ("ds-second-window", "deepseek-flash", "2026-11-16T09:59", {"in": 9, "out": 9}, DS_PEAK, {}, {}),
    ("ds-sunday", "deepseek-flash", "2026-11-15T02:30", {"in": 9, "out": 9}, DS_OFF, {}, {}),
    ("ds-holiday", "deepseek-flash", "2026-10-01T02:30", {"in": 9, "out": 9}, DS_OFF, {}, {}),
    ("ds-v4-before-peaks", "deepseek-v4-flash", "2026-07-01T02:30", {"in": 9, "cr": 9, "out": 9}, V4_OLD, {}, {}),
    ("ds-v4-eve-of-rise", "deepseek-v4-flash", "2026-08-16T15:59", {"in": 9, "out": 9}, V4_OLD, {}, {}),
    ("ds-v4-rise", "deepseek-v4-flash", "2026-08-16T16:00", {"in": 9, "out": 9}, V4_AUG, {}, {}),
    ("ds-v4-peak-saturday-before-rule", "deepseek-v4-flash", "2026-08-22T02:00", {"in": 9, "out": 9}, V4_AUG_PEAK,
     {}, {}),
    ("ds-v4-sunday-after-rule", "deepseek-v4-flash", "2026-08-23T02:00", {"in": 9, "out": 9}, V4_AUG, {}, {}),
    ("ds-chat-2025-day", "deepseek-chat", "2025-05-20T12:00", {"in": 1000, "cr": 1000, "out": 100}, V3, {}, {}),
    ("ds-chat-2025-night", "deepseek-chat", "2025-05-20T16:30", {"in": 1000, "cr": 1000, "out": 100}, V3_OFF, {}, {}),
    ("ds-chat-2025-after-midnight", "deepseek-chat", "2025-05-21T00:29", {"in": 9, "out": 9}, V3_OFF, {}, {}),
    ("ds-chat-2025-window-ends", "deepseek-chat", "2025-05-21T00:30", {"in": 9, "out": 9}, V3, {}, {}),
    ("qwen-max-tier-0", "qwen3-max", NOW, {"in": 32_000, "out": 5}, QMAX, {"over": QMAX_LONG}, {}),
    ("qwen-max-tier-1", "qwen3-max", NOW, {"in": 32_001, "out": 5}, QMAX, {"over": QMAX_LONG}, {}),
    ("qwen-max-tier-2", "qwen3-max", NOW, {"in": 100_000, "cr": 28_001, "out": 5}, QMAX, {"over": QMAX_LONG}, {}),
    ("qwen-plus-plain", "qwen-plus", NOW, {"in": 900, "cr": 100, "out": 50, "out_reasoning": 0}, QPLUS,
     {"over": QPLUS_LONG}, {}),
    ("qwen-plus-thinking", "qwen-plus", NOW, {"in": 900, "cr": 100, "out": 50, "out_reasoning": 400},
     QPLUS | {"out": "4"}, {}, {}),
    ("qwen-plus-thinking-long", "qwen-plus", NOW, {"in": 256_001, "out": 50, "out_reasoning": 400},
     QPLUS | {"out": "4"}, {"over": ((256_000, {"in": "1.2", "out": "12"}),)}, {}),
]  # fmt: skip

CONTRACT = [
    ("plain", {"input": 3, "output": 15}, {"in": 100, "out": 10}, {"in": "3", "out": "15"}, {}),
    ("float-rates", {"input": 1.1, "output": 0.3}, {"in": 3, "out": 7}, {"in": "1.1", "out": "0.3"}, {}),
    ("text-rates", {"input": "0.0001", "output": "0.0003"}, {"in": 3, "out": 7}, {"in": "0.0001", "out": "0.0003"}, {}),
    ("cache-without-rate-is-input", {"input": 3, "output": 15}, {"in": 1, "cr": 99, "out": 1},
     {"in": "3", "out": "15"}, {}),
    ("all-classes", {"input": 3, "output": 15, "cache_read": 0.3, "cache_write_5m": 3.75, "cache_write_1h": 6},
     {"in": 1, "cr": 2, "cw5": 3, "cw1": 4, "out": 5}, SONNET, {}),
    ("batch-half", {"input": 3, "output": 15, "discount": 0.5}, {"in": 101, "out": 11}, {"in": "3", "out": "15"},
     {"factor": "0.5"}),
    ("discount-15", {"input": 3, "output": 15, "discount": 0.15}, {"in": 101, "out": 11}, {"in": "3", "out": "15"},
     {"factor": "0.85"}),
    ("surcharge-10", {"input": 3, "output": 15, "surcharge": 0.1}, {"in": 101, "out": 11}, {"in": "3", "out": "15"},
     {"factor": "1.1"}),
    ("both", {"input": 3, "output": 15, "surcharge": 0.1, "discount": 0.2}, {"in": 7, "out": 3},
     {"in": "3", "out": "15"}, {"factor": "0.88"}),
    ("per-request", {"input": 3, "output": 15, "per_request": 0.005}, {"in": 7, "out": 3}, {"in": "3", "out": "15"},
     {"per_request": "0.005"}),
    ("reasoning-rate", {"input": 3, "output": 15, "output_reasoning": 7}, {"in": 7, "out": 3, "out_reasoning": 11},
     {"in": "3", "out": "15", "out_reasoning": "7"}, {}),
    ("long-context", {"input": 3, "output": 15, "long_context": {"above": 100, "input": 6, "output": 22.5}},
     {"in": 101, "out": 3}, {"in": "3", "out": "15"}, {"over": ((100, {"in": "6", "out": "22.5"}),)}),
    ("long-context-at", {"input": 3, "output": 15, "long_context": {"above": 100, "input": 6, "output": 22.5}},
     {"in": 100, "out": 3}, {"in": "3", "out": "15"}, {"over": ((100, {"in": "6", "out": "22.5"}),)}),
    ("euro", {"input": 3, "output": 15, "currency": "EUR"}, {"in": 100, "out": 10}, {"in": "3", "out": "15"},
     {"fx": "1.0825"}),
    ("yuan", {"input": 4, "output": 12, "currency": "CNY", "discount": 0.1}, {"in": 333, "out": 77},
     {"in": "4", "out": "12"}, {"fx": "0.1391", "factor": "0.9"}),
]  # fmt: skip

FX = (
    FxRate("EUR", Decimal("1.0825"), date(2026, 11, 13), "made up for this test"),
    FxRate("EUR", Decimal("9.9"), date(2026, 11, 17), "later than the request"),
    FxRate("EUR", Decimal("8.8"), date(2026, 10, 1), "older"),
    FxRate("CNY", Decimal("0.1391"), date(2026, 11, 16), "made up for this test"),
)


@pytest.fixture(scope="module")
def book():
    return PriceBook(BOOKS)


def usage_of(tokens, fees=()):
    return Usage(**{BUCKETS[b]: n for b, n in tokens.items()}, fees=fees)


def check(cost, expected):
    assert cost.amount is not None, cost.why_unknown
    assert Fraction(cost.amount) == expected
    assert sum(cost.components.values(), Decimal(0)) == cost.amount
    assert micro(cost.amount) == Decimal(round(expected * 10**6)) / 10**6


@pytest.mark.parametrize(
    ("model", "at", "tokens", "rates", "theirs", "ours"),
    [r[1:] for r in LIST],
    ids=[r[0] for r in LIST],
)
def test_list_price_bill(book, model, at, tokens, rates, theirs, ours):
    found = book.resolve(model)
    assert found.price is not None, found.why_unknown
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    ours = dict(ours)
    usage = usage_of(tokens, ours.pop("fees", ()))
    check(cost_of_attempt(usage, found.price, moment, **ours), oracle(tokens, rates, **theirs))


@pytest.mark.parametrize(
    ("stated", "tokens", "rates", "theirs"), [r[1:] for r in CONTRACT], ids=[r[0] for r in CONTRACT]
)
def test_contract_bill(stated, tokens, rates, theirs):
    price = contract_price(Arm("a", "openai", "m"), stated, "arms.a.cost.price")
    moment = datetime(2026, 11, 16, 12, tzinfo=UTC)
    check(cost_of_attempt(usage_of(tokens), price, moment, fx=FX), oracle(tokens, rates, **theirs))


def test_there_are_at_least_sixty_bills():
    assert len(LIST) + len(CONTRACT) >= 60
    assert len({r[0] for r in LIST}) == len(LIST)
