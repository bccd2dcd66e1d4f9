"""The money bugs that users of other tools report, each as a test that cites its thread (design
notes 2.A and 3.4).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.pricing import bill as p
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.bounds import ceiling
from claimbench.pricing.calls import cost_run
from claimbench.pricing.frozen import freeze, thaw
from claimbench.pricing.model import TIERS
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.provider import usage as u
from claimbench.types import (
    Arm,
    Attempt,
    Call,
    Message,
    Outcome,
    Request,
    SamplingParams,
    Session,
    Timing,
    Usage,
)

from .attempts import cost_of_attempt

BOOKS = sorted(
    (Path(__file__).parents[3] / "providers/claimbench_providers/prices").glob("*.[yj]*")
)
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def book():
    return PriceBook(BOOKS)


def contract(**rates):
    arm = Arm(
        "a",
        "openai",
        "m",
        cost_model={"price": {"input": 3, "output": 15, "cache_read": 0.3, **rates}},
    )
    return resolve_arm(arm, PriceBook(use_genai=False)).price


def reserve(request, price):
    return ArmPrice("a", "list_price", price=price).reserve(request, NOW)


def cost(usage, price, **more):
    return cost_of_attempt(usage, price, NOW, **more)


def attempt(
    number=1, *, usage=None, outcome=Outcome.OK, billable="yes", sent=0, ended=1_000_000_000, **more
):
    timing = Timing(None, sent, sent, None, None, (), ended, "in_process")
    return Attempt("c1", number, 1, timing, outcome, 200, usage, None, None, billable, **more)


def call(arm="a", call_id="c1"):
    return Call("r", call_id, "t", "s", 0, arm, 0, 0)


SESSION = Session("r", 1, "2026-11-16T12:00:00+00:00", 0, {})


class TestCachedTokens:
    def test_openai_cached_tokens_are_not_billed_twice(self):
        """BerriAI/litellm #6215, #19532; Aider-AI/aider #5516: cached tokens added on top of
        prompt_tokens.
        """
        raw = {
            "prompt_tokens": 1000,
            "completion_tokens": 0,
            "prompt_tokens_details": {"cached_tokens": 800},
        }
        got = cost(u.normalise_openai(raw), contract())
        assert got.amount == Decimal("0.00084")  # 200 x 3 + 800 x 0.3, per million

    def test_anthropic_cached_tokens_are_not_subtracted(self):
        """BerriAI/litellm #15945: input_tokens excludes the cache; subtracting it bills too little."""
        raw = {"input_tokens": 200, "cache_read_input_tokens": 800, "output_tokens": 0}
        assert cost(u.normalise_anthropic(raw), contract()).amount == Decimal("0.00084")

    def test_both_protocols_agree_on_the_same_request(self):
        """zerostack #172: 15 to 20 times too little where the two conventions were mixed."""
        openai = {
            "prompt_tokens": 1000,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 800},
        }
        anthropic = {"input_tokens": 200, "cache_read_input_tokens": 800, "output_tokens": 9}
        gemini = {
            "promptTokenCount": 1000,
            "cachedContentTokenCount": 800,
            "candidatesTokenCount": 9,
        }
        deepseek = {
            "prompt_tokens": 1000,
            "completion_tokens": 9,
            "prompt_cache_hit_tokens": 800,
            "prompt_cache_miss_tokens": 200,
        }
        bills = [
            cost(usage, contract()).amount
            for usage in (
                u.normalise_openai(openai),
                u.normalise_anthropic(anthropic),
                u.normalise_gemini(gemini),
                u.normalise_openai(deepseek),
            )
        ]
        assert set(bills) == {Decimal("0.000975")}

    def test_cache_writes_without_a_price_are_unknown_not_free(self):
        """BerriAI/litellm #37631: Azure cache writes billed at 0."""
        got = cost(Usage(input_fresh=10, cache_write_5m=990, output_visible=1), contract())
        assert got.amount is None
        assert "no cache_write_5m price" in got.why_unknown
        assert got.low == 0

    def test_one_hour_writes_have_their_own_price(self):
        """UKGovernmentBEIS/inspect_ai #4703, BerriAI/litellm #15055: 1 h writes billed at the 5 min
        rate.
        """
        price = contract(cache_write_5m=3.75, cache_write_1h=6)
        assert cost(
            Usage(input_fresh=0, cache_write_1h=1000, output_visible=0), price
        ).amount == Decimal("0.006")
        short_only = contract(cache_write_5m=3.75)
        got = cost(Usage(input_fresh=0, cache_write_1h=1000, output_visible=0), short_only)
        assert got.amount is None
        assert "cache_write_1h" in got.why_unknown

    def test_cold_cost_is_all_fresh(self):
        """Warm prefix caches make a later arm look cheap (design notes 3.4)."""
        warm = Usage(input_fresh=200, cache_read=800, cache_write_5m=5, output_visible=1)
        cold = p.as_cold(warm)
        assert (cold.input_fresh, cold.cache_read, cold.input_total) == (
            1005,
            None,
            warm.input_total,
        )


class TestTiers:
    def test_long_context_tier_holds_for_the_whole_request(self):
        """inspect_ai #4816, tokscale #862: not only the tokens above the bound are dearer."""
        price = contract(long_context={"above": 272_000, "input": 6, "output": 22.5})
        at = cost(Usage(input_fresh=272_000, output_visible=1000), price)
        above = cost(Usage(input_fresh=272_001, output_visible=1000), price)
        assert at.amount == Decimal("0.831")
        assert above.amount == Decimal("1.654506")

    def test_cached_tokens_count_towards_the_bound(self):
        """BerriAI/litellm #39861: the tier goes by the whole prompt, cached part included."""
        price = contract(
            long_context={"above": 272_000, "input": 6, "output": 22.5, "cache_read": 0.6}
        )
        got = cost(Usage(input_fresh=1, cache_read=272_000, output_visible=0), price)
        assert got.amount == Decimal("0.163206")

    def test_flex_and_batch_cost_half(self, book):
        """BerriAI/litellm #13810: flex shown at twice the bill."""
        price = book.resolve("gpt-5-mini").price
        usage = Usage(input_fresh=1000, output_visible=100)
        bills = {
            tier: cost(usage, price, tier=tier).amount for tier in ("standard", "flex", "batch")
        }
        assert bills["flex"] == bills["batch"] == bills["standard"] / 2

    def test_a_tier_the_book_lacks_is_unknown(self, book):
        """genai-prices ignores an unknown context; the standard price would then pose as that
        tier's.
        """
        price = book.resolve("claude-haiku-4-5").price
        got = cost(Usage(input_fresh=1000, output_visible=100), price, tier="flex")
        assert got.amount is None
        assert "no 'flex' price" in got.why_unknown

    def test_a_tier_before_its_recorded_start_is_unknown(self, book):
        price = book.resolve("gpt-5-mini").price
        early = datetime(2026, 10, 13, 23, 59, tzinfo=UTC)
        assert (
            cost_of_attempt(
                Usage(input_fresh=1, output_visible=1), price, early, tier="batch"
            ).amount
            is None
        )

    def test_served_tier_wins_over_the_requested_one(self):
        """BerriAI/litellm #35925: an endpoint that served at standard bills standard."""
        assert p.billed_tier({"service_tier": "standard"}, "priority") == "standard"
        assert p.billed_tier({"service_tier": "priority"}, "standard") == "priority"
        assert p.billed_tier({"service_tier": "standard"}, "batch") == "batch"
        assert p.billed_tier(None, "flex") == "flex"
        assert p.billed_tier({"service_tier": "auto"}, "flex") == "flex"
        assert set(TIERS) == {"standard", "batch", "flex", "priority", "fast"}


class TestReasoning:
    def test_reasoning_is_output_once(self):
        """BerriAI/litellm #18599: reasoning is inside completion_tokens; adding it bills it twice."""
        raw = {
            "prompt_tokens": 0,
            "completion_tokens": 700,
            "completion_tokens_details": {"reasoning_tokens": 500},
        }
        got = cost(u.normalise_openai(raw), contract())
        assert got.amount == Decimal("0.0105")
        assert got.components == {
            "output_visible": Decimal("0.003"),
            "output_reasoning": Decimal("0.0075"),
        }

    def test_gemini_thoughts_are_billed(self):
        """simonw/llm-gemini #75, mozilla-ai/any-llm #1290: candidates exclude thoughts."""
        raw = {
            "promptTokenCount": 0,
            "candidatesTokenCount": 200,
            "thoughtsTokenCount": 500,
            "totalTokenCount": 700,
        }
        assert cost(u.normalise_gemini(raw), contract()).amount == Decimal("0.0105")

    def test_a_reasoning_price_without_a_count_is_unknown(self):
        """BerriAI/litellm #10567: a separate reasoning price needs the split."""
        price = contract(output_reasoning=60)
        assert cost(Usage(input_fresh=1, output_visible=9), price).amount is None
        assert (
            cost(Usage(input_fresh=1, output_visible=9, output_reasoning=0), price).amount
            is not None
        )

    def test_a_thinking_price_without_a_count_is_unknown(self, book):
        got = cost(Usage(input_fresh=1, output_visible=9), book.resolve("qwen-plus").price)
        assert got.amount is None
        assert "thinking" in got.why_unknown

    def test_sixteen_token_cap_on_a_reasoning_model(self):
        """Design notes 3.4: all 16 tokens went into reasoning, nothing visible; the bill is 16
        output tokens.
        """
        raw = {
            "prompt_tokens": 5,
            "completion_tokens": 16,
            "completion_tokens_details": {"reasoning_tokens": 16},
        }
        usage = u.normalise_openai(raw)
        assert (usage.output_visible, usage.output_reasoning) == (0, 16)
        assert cost(usage, contract()).amount == Decimal("0.000255")


class TestUnknownIsNeverZero:
    @pytest.mark.parametrize(
        "model",
        ["gpt-5-mini-2099-01-01", "gpt-5-nano-2099-01-01", "claude-haiku-4-5-20990101", "gemini-2.5-pro-foo",
         "gpt-5-mini-latest", "claude-haiku-4-5-preview", "no-such-model"],
    )  # fmt: skip
    def test_unknown_ids_have_no_price(self, book, model):
        """amd/gaia#3741, promptfoo #940, langflow-e2e#1211: $0.00 "looks measured"; suffixes must
        not guess either.
        """
        arm = resolve_arm(
            Arm("x", "openai", model, cost_model={"list": {"provider": _lab(model)}}), book
        )
        assert arm.price is None
        assert not arm.known
        got = arm.cost(attempt(usage=Usage(input_fresh=10, output_visible=10)), NOW)
        assert got.amount is None
        assert got.why_unknown
        assert got.amount != 0

    def test_latest_and_preview_resolve_where_the_source_lists_them(self, book):
        assert book.resolve("claude-3-5-haiku-latest").price.model == "claude-3-5-haiku-latest"
        assert book.resolve("gemini-3-flash-preview").price.model == "gemini-3-flash-preview"
        assert book.resolve("gpt-5-chat-latest").price.model == "gpt-5"

    def test_unknown_price_does_not_plot_as_free(self):
        """agentic-coding-harness-benchmarks#186: a null cost plotted as a free model on the
        frontier.
        """
        known = p.Cost(Decimal("0.1"), basis="list_price")
        unknown = p.Cost(None, why_unknown="price unknown", low=Decimal(0))
        total = p.sum_costs([known, unknown])
        assert total.amount is None
        assert (total.low, total.high) == (Decimal("0.1"), None)

    def test_free_offers_are_no_price(self, book):
        """A free tier appears as $0; "100 % cheaper" must not be built on it."""
        arm = resolve_arm(
            Arm("x", "openai", "openai/gpt-oss-120b:free", base_url="https://openrouter.ai/api/v1"),
            book,
        )
        assert not arm.known
        assert "free" in arm.why_unknown
        mine = Arm("x", "openai", "m", cost_model={"price": {"input": 0, "output": 0}})
        assert not resolve_arm(mine, book).known

    def test_self_hosted_endpoint_gets_no_invented_price(self, book):
        """archestra #6906: a self-hosted model priced at a flat $50 per million."""
        arm = resolve_arm(
            Arm("x", "openai", "gpt-5-mini", base_url="http://localhost:8000/v1"), book
        )
        assert not arm.known
        assert "localhost" in arm.why_unknown

    def test_open_weights_without_a_seller_list_the_candidates(self, book):
        """gpt-oss-120b alone resolves to a $0.039 price in the source; nobody's first-party API
        sells it.
        """
        for name in ("gpt-oss-120b", "openai/gpt-oss-120b"):
            found = book.resolve(name)
            assert found.price is None
            assert any(c.startswith("groq:") for c in found.candidates)

    def test_a_suite_without_usage_is_unknown_with_a_range(self):
        """swamp-club/swamp#1101: a run reported at $0.00 because no usage came."""
        bound = ceiling.TokenBound(1000, 100)
        got = cost(Usage(source="unknown"), contract(), bound=bound)
        assert (got.amount, got.low, got.high) == (None, 0, Decimal("0.0045"))
        assert got.why_unknown == "the provider reported no usage"


def _lab(model):
    return "anthropic" if "claude" in model else "google" if "gemini" in model else "openai"


class TestHistory:
    def test_o3_in_may_2025_cost_forty(self, book):
        """mozilla-ai/any-llm #994, models.dev #4006: a library without history says $8."""
        may = datetime(2025, 5, 20, 12, tzinfo=UTC)
        price = book.resolve("o3").price
        assert cost_of_attempt(Usage(input_fresh=0, output_visible=10**6), price, may).amount == 40
        assert cost(Usage(input_fresh=0, output_visible=10**6), price).amount == 8

    def test_peak_prices_do_not_leak_into_the_past(self, book):
        """pydantic/genai-prices #582: its daily windows apply to dates before they existed."""
        july = datetime(2026, 7, 1, 2, tzinfo=UTC)
        price = book.genai.find("deepseek", "deepseek-v4-pro")
        assert price.rates_at(july)["input"].base == Decimal("0.435")

    def test_an_own_entry_is_never_overwritten(self, tmp_path):
        """meclaw #377: overwriting a price silently rewrites every number computed with it."""
        entry = """book: b
prices:
  - {id: x, model: m, provider: s, source: here, dated: 2026-01-01, eras: [{start: 2026-01-01, rates: {input: 1}}]}
"""
        for name in ("one.yaml", "two.yaml"):
            (tmp_path / name).write_text(entry)
        with pytest.raises(Exception, match="already has an entry"):
            _ = PriceBook([tmp_path / "one.yaml", tmp_path / "two.yaml"], use_genai=False).own

    def test_no_price_before_the_first_era_and_after_the_end(self, book):
        price = book.resolve("deepseek-chat").price
        for moment in (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 9, 10, tzinfo=UTC), NOW):
            assert (
                cost_of_attempt(Usage(input_fresh=1, output_visible=1), price, moment).amount
                is None
            )

    def test_holiday_calendar_has_an_end(self, book):
        got = cost_of_attempt(
            Usage(input_fresh=1, output_visible=1),
            book.resolve("deepseek-flash").price,
            datetime(2027, 1, 4, 2, tzinfo=UTC),
        )
        assert got.amount is None
        assert "holiday calendar ends" in got.why_unknown


class TestBilled:
    def test_billed_cost_is_preferred_and_the_difference_kept(self):
        """inspect_ai #4739: take the provider's own figure; show how far the computed one was off."""
        got = cost(
            Usage(input_fresh=1000, output_visible=0), contract(), billed_usd=Decimal("0.0031")
        )
        assert (got.amount, got.basis) == (Decimal("0.0031"), "billed")
        assert got.components == {
            "input_fresh": Decimal("0.003"),
            "billed_minus_computed": Decimal("0.0001"),
        }

    def test_billed_cost_stands_alone_where_the_price_is_unknown(self):
        got = cost(Usage(input_fresh=1000, output_visible=0), None, billed_usd=Decimal("0.0031"))
        assert (got.amount, got.components) == (Decimal("0.0031"), {"billed": Decimal("0.0031")})

    def test_byok_fee_and_upstream_are_summed_only_with_ones_own_key(self):
        """inspect_ai #4739 (the double-sum trap), preloop #224, yvgude/lean-ctx #746."""
        details = {"upstream_inference_cost": 0.002}
        assert u.billed_usd({"cost": 0.002, "is_byok": False, "cost_details": details}) == Decimal(
            "0.002"
        )
        assert u.billed_usd({"cost": 0.0001, "is_byok": True, "cost_details": details}) == Decimal(
            "0.0021"
        )

    def test_a_zero_bill_is_an_allowance_not_a_price(self):
        got = cost(Usage(input_fresh=1000, output_visible=0), contract(), billed_usd=Decimal(0))
        assert (got.amount, got.basis) == (Decimal("0.003"), "list_price")


class TestRetriesAndUnknownBills:
    def test_rate_limited_then_success(self):
        """Design notes 3.4: 429 then success - the refused attempt is free, the second billed once."""
        prices = {"a": thaw(freeze([_contract_arm()], NOW).text)["a"]}
        usage = Usage(input_fresh=1000, output_visible=0)
        tries = [attempt(1, outcome=Outcome.RATE_LIMITED, billable="no"), attempt(2, usage=usage)]
        got = cost_run(prices, [SESSION], [call()], tries).calls["c1"]
        assert (got.amount, got.basis) == (Decimal("0.003"), "list_price")

    def test_a_billed_failure_counts(self):
        """SWE-agent: a reply that failed to parse was still billed; retries add up."""
        prices = {"a": _contract_arm()}
        usage = Usage(input_fresh=1000, output_visible=0)
        tries = [
            attempt(1, usage=usage, outcome=Outcome.INCOMPLETE_STREAM),
            attempt(2, usage=usage),
        ]
        assert cost_run(prices, [SESSION], [call()], tries).calls["c1"].amount == Decimal("0.006")

    def test_an_attempt_that_may_have_been_billed_carries_a_range(self):
        prices = {"a": _contract_arm()}
        usage = Usage(input_fresh=1000, output_visible=0)
        lost = attempt(1, outcome=Outcome.NETWORK, billable="unknown", reserved_usd=Decimal("0.01"))
        got = cost_run(prices, [SESSION], [call()], [lost, attempt(2, usage=usage)]).calls["c1"]
        assert (got.amount, got.low, got.high) == (None, Decimal("0.003"), Decimal("0.013"))
        exact = cost_run(
            prices,
            [SESSION],
            [call()],
            [lost, attempt(2, usage=usage)],
            bounds=lambda _: ceiling.TokenBound(100, 10),
        ).calls["c1"]
        assert exact.high == Decimal("0.003") + Decimal("0.00045")

    def test_replayed_answers_cost_what_they_would_have(self):
        """promptfoo: a cached reply costs 0, so a cost assertion passes. Provenance is no input of
        the bill.
        """
        usage = Usage(input_fresh=1000, output_visible=0)
        assert (
            cost_run({"a": _contract_arm()}, [SESSION], [call()], [attempt(usage=usage)])
            .calls["c1"]
            .amount
            > 0
        )


def _contract_arm():
    return resolve_arm(
        Arm("a", "openai", "m", cost_model={"price": {"input": 3, "output": 15}}), PriceBook()
    )


class TestReservation:
    def request(self, text, max_tokens=10):
        return Request("c", (Message("user", text),), SamplingParams(), max_tokens)

    def test_bytes_bound_the_tokens(self):
        bound = ceiling.token_bound(self.request("äöü€😀"))
        assert bound.input_tokens >= len("äöü€😀".encode())
        assert bound.output_tokens == 10

    def test_reservation_is_never_below_the_bill(self, book):
        price = book.resolve("deepseek-flash").price
        request = self.request("hello " * 50, 100)
        reserved = reserve(request, price)
        peak = datetime(2026, 11, 16, 2, tzinfo=UTC)
        worst = Usage(
            input_fresh=ceiling.token_bound(request).input_tokens,
            output_visible=0,
            output_reasoning=100,
        )
        assert reserved >= cost_of_attempt(worst, price, peak).amount

    def test_reservation_takes_the_long_tier_and_dear_classes(self):
        price = contract(
            cache_write_5m=3.75, output_reasoning=60, long_context={"above": 5, "input": 6}
        )
        reserved = reserve(self.request("x" * 100, 10), price)
        n = ceiling.token_bound(self.request("x" * 100, 10)).input_tokens
        assert reserved == (n * Decimal(6) + 10 * Decimal(60)) / 10**6

    def test_unknown_price_reserves_nothing_and_says_so(self):
        """i-have-adhd #181: a budget is decorative when the cost is unknown."""
        assert reserve(self.request("x"), None) is None
