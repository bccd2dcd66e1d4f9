"""A price is that of the region, cloud, name and day that are asked for, or unknown with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claimbench.cli.books import bundled_books, price_book
from claimbench.errors import BenchError
from claimbench.pricing.arms import resolve_arm
from claimbench.pricing.model import UnknownPrice
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.price_lists.codec import price_from_json, price_to_json
from claimbench.types import Arm

NOW = datetime(2026, 11, 29, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return price_book()


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://api.moonshot.cn/v1", "kimi-k2-0905-preview"),
        ("https://api.minimaxi.com/v1", "MiniMax-M2"),
        ("https://api.minimax.chat/v1", "MiniMax-M2"),
        ("https://us-east5-aiplatform.googleapis.com/v1", "claude-sonnet-4-5"),
        ("https://europe-west4-aiplatform.googleapis.com/v1", "gemini-2.5-pro"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "gemini-2.5-pro"),
        ("https://bedrock-runtime.eu-central-1.amazonaws.com", "amazon.nova-pro-v1:0"),
        ("https://bedrock-runtime.ap-northeast-1.amazonaws.com", "amazon.nova-lite-v1:0"),
        ("https://bedrock-runtime.us-gov-west-1.amazonaws.com", "amazon.nova-lite-v1:0"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus"),
        ("https://eu.api.openai.com/v1", "gpt-5-mini"),
        ("https://eu-west-1.api.x.ai/v1", "grok-3"),
    ],
)
def test_another_regions_price_is_never_taken(book: PriceBook, url: str, model: str) -> None:
    found = book.resolve(model, base_url=url)
    assert found.price is None
    assert found.why_unknown
    assert found.candidates, "the other region's is offered by name"


@pytest.mark.parametrize(
    ("url", "model", "dollars"),
    [
        ("https://api.moonshot.ai/v1", "kimi-k2-0905-preview", "0.6"),
        ("https://api.minimax.io/v1", "MiniMax-M2", "0.3"),
        ("https://aiplatform.googleapis.com/v1", "claude-sonnet-4-5", "3"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "amazon.nova-pro-v1:0", "0.8"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", "eu.amazon.nova-pro-v1:0", "0.92"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", "global.amazon.nova-2-lite-v1:0", "0.3"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("https://bedrock-runtime.eu-west-3.amazonaws.com", "eu.anthropic.claude-opus-4-7", "5.5"),
        ("https://bedrock-runtime.ap-northeast-1.amazonaws.com", "jp.anthropic.claude-haiku-4-5-20251001-v1:0", "1.1"),
        ("https://ark.cn-beijing.volces.com/api/v3", "doubao-seed-1-6-251015", "0.11875"),
        ("https://ark.ap-southeast.bytepluses.com/api/v3", "seed-1-6-250915", "0.25"),
    ],
)  # fmt: skip
def test_the_regions_own_price_is_taken(
    book: PriceBook, url: str, model: str, dollars: str
) -> None:
    price = book.resolve(model, base_url=url).price
    assert price is not None
    assert str(price.rates_at(NOW)["input"].base) == dollars


@pytest.mark.parametrize(
    "extra",
    [{"vertex_location": "us-east5"}, {"vertex_ai_location": "europe-west1"}],
)
def test_a_client_librarys_region_counts_as_an_address(
    book: PriceBook, extra: dict[str, str]
) -> None:
    arm = Arm("a", "litellm", "vertex_ai/claude-sonnet-4-5", options={"extra": extra})
    assert "Vertex" in (resolve_arm(arm, book).why_unknown or "")
    aws = Arm(
        "a",
        "litellm",
        "bedrock/amazon.nova-pro-v1:0",
        options={"extra": {"aws_region_name": "eu-west-1"}},
    )
    assert "Bedrock in eu-west-1" in (resolve_arm(aws, book).why_unknown or "")
    said = {"list": {"provider": "google", "model": "claude-sonnet-4-5", "surcharge": 0.1}}
    stated = Arm("a", "litellm", "vertex_ai/x", options={"extra": extra}, cost_model=said)
    price = resolve_arm(stated, book)
    assert price.known
    assert price.price is not None
    assert price.price.factor * price.price.rates_at(NOW)["input"].base * 10 == 33


@pytest.mark.parametrize(
    ("name", "dollars"),
    [
        ("mistral-large-latest", "0.5"),
        ("mistral-medium-latest", "1.5"),
        ("codestral-latest", "0.3"),
        ("ministral-3b-latest", "0.1"),
        ("ministral-14b-latest", "0.2"),
        ("devstral-latest", "0.4"),
        ("gemini-flash-latest", "0.75"),
        ("qwen-plus-latest", "0.4"),
        ("gpt-5-nano-2025-08-07", "0.05"),
    ],
)
def test_an_alias_costs_what_its_vendor_says_it_is(
    book: PriceBook, name: str, dollars: str
) -> None:
    price = book.resolve(name).price
    assert price is not None
    assert str(price.rates_at(NOW)["input"].base) == dollars
    assert price.asked_name == name
    assert price_from_json(price_to_json(price)) == price


@pytest.mark.parametrize("name", ["grok-latest", "kimi-latest", "mistral-medium", "deepseek-v3.2"])
def test_a_name_that_sources_do_not_agree_on_is_unknown(book: PriceBook, name: str) -> None:
    found = book.resolve(name)
    assert found.price is None
    assert found.why_unknown


def test_an_alias_has_the_price_of_the_model_that_it_stood_for_on_the_day(book: PriceBook) -> None:
    price = book.resolve("mistral-large-latest").price
    assert price is not None
    assert str(price.rates_at(datetime(2025, 7, 1, tzinfo=UTC))["input"].base) == "2"


@pytest.mark.parametrize(
    ("name", "provider", "day"),
    [
        ("claude-opus-5", None, "2020-01-01"),
        ("gpt-5-mini", None, "2025-08-06"),
        ("gpt-4o", None, "2024-05-12"),
        ("kimi-k3", None, "2025-01-01"),
        ("gemini-2.5-pro", None, "2024-12-31"),
        ("llama-3.3-70b-versatile", "groq", "2019-01-01"),
        ("qwen3-max", "alibaba", "2024-01-01"),
        ("amazon.nova-pro-v1:0", "aws", "2024-01-01"),
    ],
)
def test_before_a_model_came_there_is_no_price(
    book: PriceBook, name: str, provider: str | None, day: str
) -> None:
    price = book.resolve(name, provider=provider).price
    assert price is not None
    with pytest.raises(UnknownPrice, match="no price"):
        price.rates_at(datetime.fromisoformat(day).replace(tzinfo=UTC))
    assert price.rates_at(NOW)


@pytest.mark.parametrize(
    ("name", "seller", "tier"),
    [
        ("gpt-5-mini", "azure", "batch"),
        ("gpt-5-mini", "azure", "priority"),
        ("amazon.nova-lite-v1:0", "aws", "batch"),
        ("amazon.nova-pro-v1:0", "aws", "flex"),
    ],
)
def test_clouds_sell_tiers(book: PriceBook, name: str, seller: str, tier: str) -> None:
    price = book.resolve(name, provider=seller).price
    assert price is not None
    usual, other = (price.rates_at(NOW, one)["input"].base for one in ("standard", tier))
    assert (other > usual) == (tier == "priority")


def test_books_of_programs_say_that_nobody_read_the_page(book: PriceBook) -> None:
    for seller, name in (("volcengine", "doubao-seed-1-6-251015"), ("alibaba", "qwen-plus-latest")):
        price = book.own.prices[seller, name]
        assert any("not read" in note for note in price.notes)
        assert price.dated == "2026-10-26"


def test_a_book_that_is_no_json_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(BenchError, match="not a price book"):
        _ = PriceBook([tmp_path / "b.json"], use_genai=False).own


def test_every_bundled_book_of_a_program_is_json_by_line() -> None:
    for path in bundled_books():
        if path.suffix == ".json":
            assert json.loads(path.read_text())["about"]
            assert max(map(len, path.read_text().splitlines())) < 4_000


def test_an_offer_that_has_ended_has_no_price_and_its_fee_depends_on_the_search(
    book: PriceBook,
) -> None:
    price = book.resolve("sonar").price
    assert price is not None
    with pytest.raises(UnknownPrice, match="no price after 2026-09-27"):
        price.rates_at(NOW)
    before = datetime(2026, 9, 1, tzinfo=UTC)
    for size, dollars in (("low", "0.005"), ("high", "0.012")):
        rates = price.rates_at(before, "standard", {"search_context_size": size})
        assert str(rates["per_request"].base) == dollars
