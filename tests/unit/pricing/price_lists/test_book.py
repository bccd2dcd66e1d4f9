"""Resolution, the frozen book, wrong cost mappings, repricing; parity with genai-prices where it
can be trusted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import BenchError, IntegrityError
from claimbench.pricing.arms import resolve_arm
from claimbench.pricing.bill import bill, tariff_of
from claimbench.pricing.calls import MachineFacts, cost_run
from claimbench.pricing.frozen import freeze, thaw
from claimbench.pricing.model import FxRate, Terms, UnknownPrice, usd_rate
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.price_lists.codec import price_from_json, price_to_json
from claimbench.pricing.stated.changes import change_rates, parse_change
from claimbench.types import Arm, Attempt, Call, Outcome, Session, Timing, Usage

BOOKS = sorted(
    (Path(__file__).parents[4] / "providers/claimbench_providers/prices").glob("*.[yj]*")
)
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def book():
    return PriceBook(BOOKS)


@pytest.mark.parametrize(
    ("model", "options", "seller", "expected"),
    [
        ("gpt-5-mini", {}, "openai", "gpt-5-mini"),
        ("openai/gpt-5-mini", {}, "openai", "gpt-5-mini"),
        ("GPT-5-Mini", {}, "openai", "gpt-5-mini"),
        ("azure/gpt-5-mini", {}, "azure", "gpt-5-mini"),
        ("openrouter/openai/gpt-5-mini", {}, "openrouter", "openai/gpt-5-mini"),
        (
            "openai/gpt-5-mini",
            {"base_url": "https://openrouter.ai/api/v1"},
            "openrouter",
            "openai/gpt-5-mini",
        ),
        ("gemini/gemini-2.5-flash", {}, "google", "gemini-2.5-flash"),
        ("grok-4", {"provider": "xai"}, "x-ai", None),
        (
            "deepseek-flash",
            {"base_url": "https://api.deepseek.com/v1"},
            "deepseek",
            "deepseek-flash",
        ),
        ("kimi-k2-0905-preview", {"base_url": "https://api.moonshot.ai/v1"}, "moonshotai", None),
        ("gpt-5", {"base_url": "https://mine.openai.azure.com/openai/v1"}, "azure", None),
        (
            "qwen-max",
            {"base_url": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"},
            "alibaba",
            "qwen-max",
        ),
        ("claude-opus-4-5-20251101", {}, "anthropic", "claude-opus-4-5"),
    ],
)
def test_resolution(book, model, options, seller, expected):
    found = book.resolve(model, **options)
    assert found.price is not None, found.why_unknown
    assert found.price.provider == seller
    assert expected is None or found.price.model == expected
    assert found.price.source
    assert found.price.dated


@pytest.mark.parametrize(
    ("model", "options", "why"),
    [
        ("gpt-5-mini", {"provider": "opnai"}, "no seller 'opnai'"),
        (
            "gpt-5-mini",
            {"base_url": "https://api.openai.com.evil.example/v1"},
            "no seller in the price book",
        ),
        (
            "kimi-k2",
            {"base_url": "https://api.moonshot.evil.example/v1"},
            "no seller in the price book",
        ),
        (
            "qwen-max",
            {"base_url": "https://dashscope.aliyuncs.com/compatible-mode/v1"},
            "at alibaba-cn",
        ),
        ("ernie-4.5", {}, "at baidu"),
        ("doubao-seed-1-6", {}, "at volcengine"),
        ("claude-3-5-sonnet-20990101", {}, "no price for"),
        ("meta-llama/Llama-3.3-70B-Instruct", {}, "names no seller"),
        ("deepseek-r1-distill-qwen-7b", {}, "names no seller"),
    ],
)
def test_unknown(book, model, options, why):
    found = book.resolve(model, **options)
    assert found.price is None
    assert why in found.why_unknown


def test_every_alias_names_a_model_and_none_is_idle(book):
    for (seller, name), target in book.own.aliases.items():
        assert book.genai.find(seller, target) is not None, target
        assert book.genai.find(seller, name) is None, f"{name} no longer needs an alias"


def test_own_books_are_complete(book):
    assert book.own.prices
    for price in book.own.prices.values():
        assert price.source.startswith("https://")
        date.fromisoformat(price.dated)
        assert price_from_json(price_to_json(price)) == price


def test_parity_with_the_source_on_plain_prices(book):
    """Same dollars as genai-prices' own arithmetic for every plain token-priced model of three
    labs, now.
    """
    from genai_prices import Usage as Theirs
    from genai_prices import calc_price

    compared = 0
    for seller in ("openai", "anthropic", "google"):
        for name in sorted(set(book.genai.names(seller))):
            price = book.genai.find(seller, name)
            if price is None:
                assert name.endswith("-latest"), "only names that move resolve to nothing"
                continue
            usage = Usage(
                input_fresh=1200, cache_read=300, output_visible=200, output_reasoning=100
            )
            try:
                ours = sum(bill(usage, tariff_of(usage, Terms(price), NOW)).values(), Decimal(0))
            except UnknownPrice:
                continue
            tokens = Theirs(input_tokens=1500, cache_read_tokens=300, output_tokens=300)
            try:
                theirs = calc_price(tokens, name, provider_id=seller, genai_request_timestamp=NOW)
            except LookupError:
                continue  # an id that its own pattern does not match
            if theirs.model.id != price.model:
                continue  # its first pattern match is another model; ours is by exact name
            assert ours == theirs.total_price, (seller, name)
            compared += 1
    assert compared > 150


class TestFx:
    RATES = (
        FxRate("EUR", Decimal("1.1"), date(2026, 11, 1), "a"),
        FxRate("EUR", Decimal("1.2"), date(2026, 11, 10), "b"),
    )

    def test_latest_on_or_before_the_day(self):
        assert usd_rate(self.RATES, "EUR", NOW).usd_per_unit == Decimal("1.2")
        assert usd_rate(
            self.RATES, "EUR", datetime(2026, 11, 9, tzinfo=UTC)
        ).usd_per_unit == Decimal("1.1")
        assert usd_rate((), "USD", NOW) is None

    @pytest.mark.parametrize(
        "moment", [datetime(2026, 10, 31, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)]
    )
    def test_no_rate_of_that_time_is_unknown(self, moment):
        with pytest.raises(UnknownPrice, match="no dated, sourced rate for EUR"):
            usd_rate(self.RATES, "EUR", moment)

    def test_an_arm_in_yuan_without_a_rate_is_unknown(self, book):
        arm = Arm(
            "a", "openai", "m", cost_model={"price": {"input": 1, "output": 2, "currency": "CNY"}}
        )
        got = resolve_arm(arm, book).cost(_attempt(), NOW)
        assert got.amount is None
        assert "CNY" in got.why_unknown

    def test_a_rate_needs_date_and_source(self, book):
        cost = {
            "price": {"input": 1, "output": 2, "currency": "CNY"},
            "fx": [{"currency": "CNY", "usd_per_unit": 0.1}],
        }
        with pytest.raises(BenchError, match="needs dated, source"):
            resolve_arm(Arm("a", "openai", "m", cost_model=cost), book)


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ({"list": {}, "host": {}}, "one of list, price and host"),
        ({"lst": {}}, "did you mean 'list'"),
        ({"list": {"teir": "batch"}}, "did you mean 'tier'"),
        ({"list": {"tier": "bulk"}}, "no such price tier"),
        ({"list": {"context": "x"}}, "must be a mapping"),
        ({"price": {"input": 1}}, "lacks output"),
        ({"price": {"input": -1, "output": 1}}, "at least 0"),
        ({"price": {"input": 1, "output": 1, "discount": 15}}, "share below 1"),
        (
            {"price": {"input": 1, "output": 1, "long_context": {"input": 2}}},
            "from how many input tokens",
        ),
        ({"price": 5}, "must be a mapping"),
        ({"fx": "EUR"}, "must be a list"),
    ],
)
def test_wrong_cost_mappings(book, cost, message):
    with pytest.raises(BenchError, match=message):
        resolve_arm(Arm("a", "openai", "gpt-5-mini", cost_model=cost), book)


def test_arm_defaults(book):
    assert resolve_arm(Arm("a", "openai", "gpt-5-mini"), book).price.provider == "openai"
    local = resolve_arm(Arm("a", "llama_cpp", "x.gguf", device="cpu"), book)
    assert not local.known
    assert "cost.host" in local.why_unknown
    batch = resolve_arm(
        Arm("a", "openai", "gpt-5-mini", cost_model={"list": {"tier": "batch", "discount": 0.1}}),
        book,
    )
    got = batch.cost(_attempt(), NOW)
    assert got.amount == Decimal("0.9") * (1000 * Decimal("0.125") + 100) / 10**6
    assert got.price_id == "genai-prices-0.2.3:openai/gpt-5-mini[batch]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prices: []", "not a price book"),
        ("book: x\nprises: []", "unknown keys"),
        ("book: [", "not YAML"),
        ("book: x\nprices: [{id: a, model: m, provider: p, eras: [{start: 2026-01-01, rates: {input: 1}}]}]",
         "lacks source, dated"),
        ("book: x\nprices: [{id: a, model: m, provider: p, source: s, dated: 2026-01-01, eras: [{rates: {input: 1}}]}]",
         "needs its start"),
        ("book: x\nprices: [{id: a, model: m, provider: p, source: s, dated: 2026-01-01, eras: [{start: 2026-02-01, "
         "rates: {input: 1}}, {start: 2026-01-01, rates: {input: 1}}]}]", "follow each other"),
        ("book: x\nprices: [{id: a, model: m, provider: p, source: s, dated: 2026-01-01, eras: [{start: 2026-02-01, "
         "rates: {inputs: 1}}]}]", "no such price class"),
    ],
)  # fmt: skip
def test_bad_books(tmp_path, text, message):
    path = tmp_path / "b.yaml"
    path.write_text(text)
    with pytest.raises(BenchError, match=message):
        _ = PriceBook([path], use_genai=False).own


# --- frozen book and repricing --------------------------------------------------------------------

SESSION = Session("r", 1, "2026-11-16T02:30:00+00:00", 0, {})


def _attempt(call_id="c0", sent=0, seconds=1.0, **more):
    timing = Timing(None, sent, sent, None, None, (), sent + round(seconds * 1e9), "in_process")
    usage = Usage(input_fresh=1000, output_visible=100)
    return Attempt(call_id, 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes", **more)


def _arms():
    return {
        "gpt": Arm("gpt", "openai", "gpt-5-mini"),
        "ds": Arm("ds", "openai", "deepseek-flash", base_url="https://api.deepseek.com"),
        "qwen": Arm(
            "qwen",
            "llama_cpp",
            "q.gguf",
            cost_model={
                "host": {"usd_per_hour": 0.2, "utilisation": 0.5, "include_load": True},
                "training": {"usd": 10, "requests": 10_000},
            },
        ),
        "odd": Arm("odd", "openai", "nobody-sells-this"),
    }


def _run(n=4):
    calls = [Call("r", f"{arm}{i}", "t", str(i), 0, arm, 0, i) for i in range(n) for arm in _arms()]
    return calls, [_attempt(c.id, sent=k * 10**9) for k, c in enumerate(calls)]


def test_frozen_book_round_trip_and_hash(book):
    prices = [resolve_arm(a, book) for a in _arms().values()]
    frozen = freeze(prices, NOW, ["x"])
    assert thaw(frozen.text, frozen.sha256) == {p.arm: p for p in prices}
    assert freeze(list(thaw(frozen.text).values()), NOW, ["x"]) == frozen
    with pytest.raises(IntegrityError):
        thaw(frozen.text.replace("0.25", "0.24"), frozen.sha256)


def test_run_costs_by_arm(book):
    prices = {n: resolve_arm(a, book) for n, a in _arms().items()}
    calls, attempts = _run()
    costs = cost_run(prices, [SESSION], calls, attempts, machines=MachineFacts({"qwen": 8.0}))
    assert costs.calls["gpt0"].amount == Decimal("0.00045")
    assert (
        costs.calls["ds0"].amount == (1000 * Decimal("0.3") + 100 * Decimal("1.2")) / 10**6
    )  # 02:30 UTC, Monday
    host = prices["qwen"].host
    assert costs.calls["qwen0"].amount == host.usd(1.0) + Decimal("0.001") + (
        host.usd(8.0) / 4
    ).quantize(host.usd(1))
    assert costs.calls["qwen0"].basis == "host_time"
    assert costs.calls["odd0"].amount is None
    for cost in costs.calls.values():
        if cost.amount is not None:
            assert sum(cost.components.values(), Decimal(0)) == cost.amount
    total = costs.total(c.id for c in calls if c.arm == "gpt")
    assert total.amount == Decimal("0.0018")


def test_reprice_as_of_another_day_keeps_the_time_of_day(book):
    prices = {n: resolve_arm(a, book) for n, a in _arms().items()}
    calls, attempts = _run()

    def ds(as_of=None):
        return cost_run(prices, [SESSION], calls, attempts, as_of=as_of).by_arm(calls)["ds"].amount

    assert ds(date(2026, 11, 15)) * 2 == ds()  # a Sunday
    assert ds(date(2025, 1, 1)) is None


def test_reprice_single_rates(book):
    arms = _arms()
    prices = {n: resolve_arm(a, book) for n, a in arms.items()}
    texts = ["gpt.output=8", "ds.input=1", "qwen.usd_per_hour=0.4", "odd.input=1", "odd.output=2"]
    changes = [parse_change(t, list(arms)) for t in texts]
    new = change_rates(prices, changes, arms)
    calls, attempts = _run()
    was, got = (cost_run(p, [SESSION], calls, attempts).by_arm(calls) for p in (prices, new))
    assert got["gpt"].amount == 4 * (1000 * Decimal("0.25") + 100 * 8) / 10**6
    assert (
        got["ds"].amount == 4 * (Decimal(1000) + 100 * Decimal("1.2")) / 10**6
    )  # set at every hour
    rentals = [float(costs["qwen"].components["rental"]) for costs in (was, got)]
    assert rentals[1] == pytest.approx(2 * rentals[0])
    assert got["odd"].amount == 4 * (Decimal(1000) + 200) / 10**6
    assert "output=8" in got["gpt"].price_id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpt=8", "ARM.RATE=AMOUNT"),
        ("gtp.output=8", "did you mean 'gpt'"),
        ("gpt.outptu=8", "did you mean 'output'"),
        ("gpt.output=much", "not an amount"),
        ("gpt.output=-1", "at least 0"),
    ],
)
def test_bad_price_options(text, message):
    with pytest.raises(BenchError, match=message):
        parse_change(text, ["gpt", "qwen"])


def test_rates_of_the_wrong_kind(book):
    arms = _arms()
    prices = {n: resolve_arm(a, book) for n, a in arms.items()}
    for text, message in (
        ("qwen.output=1", "a local arm has no output"),
        ("gpt.watts=1", "an API arm has no watts"),
    ):
        with pytest.raises(BenchError, match=message):
            change_rates(prices, [parse_change(text, list(arms))], arms)


def test_another_book_stands_in(tmp_path, book):
    path = tmp_path / "b.yaml"
    path.write_text(
        "book: mine\nprices:\n  - {id: mine, model: deepseek-flash, provider: deepseek, source: s,"
        " dated: 2026-01-01, eras: [{start: 2026-01-01, rates: {input: 9, output: 9}}]}\n"
    )
    other = PriceBook(BOOKS, first=[path])
    assert other.resolve("deepseek-flash").price.id == "mine"
    assert other.resolve("deepseek-v4-pro").price == book.resolve("deepseek-v4-pro").price


@pytest.mark.parametrize(
    ("provider", "cost", "word"),
    [
        ("tau2", {"list": {}}, "who sold org/m is not known, only that it was asked through tau2"),
        ("unknown", {"list": {}}, "who sold org/m is not known"),
        ("hf", {}, "only that it was asked through hf"),
        ("my_own", {}, "only that it was asked through my_own"),
        ("tau2", {"list": {"provider": "opnai"}}, "no seller 'opnai'"),
        ("openai", {}, "no price for 'org/m' at openai"),
    ],
)
def test_a_provider_that_sells_nothing_is_no_seller_that_lacks(
    provider: str, cost: dict[str, Any], word: str
) -> None:
    arm = Arm(name="a", provider=provider, model="org/m", cost_model=cost)
    price = resolve_arm(arm, PriceBook())
    assert not price.known
    assert word in str(price.why_unknown)
    assert ("no seller" in str(price.why_unknown)) == ("no seller" in word)
