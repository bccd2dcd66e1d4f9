"""Prices that depend on the hour: said, blended over a week's traffic, and a range where a calendar
has ended.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from claimbench.cli.books import price_book
from claimbench.errors import BenchError
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.bill import cost_of_usage
from claimbench.pricing.model import FxRate, Terms
from claimbench.pricing.price_lists.codec import price_from_json
from claimbench.pricing.remarks import remarks
from claimbench.pricing.stated.values import moment_of
from claimbench.pricing.traffic import blended, groups, read_profile
from claimbench.types import Arm, Attempt, Outcome, Request, SamplingParams, Timing, Usage

PEAK = datetime(2026, 11, 27, 2, tzinfo=UTC)
OFF = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER_PEAK = datetime(2027, 1, 8, 2, tzinfo=UTC)
LATER_OFF = datetime(2027, 1, 8, 12, tzinfo=UTC)
LATER_SUNDAY = datetime(2027, 1, 10, 2, tzinfo=UTC)
USAGE = Usage(input_fresh=1_000, output_visible=100, output_reasoning=0)
TOLD = Decimal("0.000858")
"""1,000 tokens in at $0.66 and 100 out at $1.98."""


@pytest.fixture(scope="module")
def arm() -> ArmPrice:
    deepseek = Arm("d", "deepseek", "deepseek-v4-pro", base_url="https://api.deepseek.com")
    return resolve_arm(deepseek, price_book())


def attempt(usage: Usage | None) -> Attempt:
    timing = Timing(None, 0, 0, None, None, (), 1_000_000_000, "transport")
    return Attempt(
        "c", 1, 1, timing, Outcome.OK, 200, usage, {}, None, "yes", reserved_usd=Decimal(9)
    )


@pytest.mark.parametrize(
    ("moment", "times"), [(PEAK, 2), (OFF, 1), (LATER_OFF, 1), (LATER_SUNDAY, 1)]
)
def test_an_hour_that_is_known_has_its_price(arm: ArmPrice, moment: datetime, times: int) -> None:
    assert arm.cost(attempt(USAGE), moment).amount == TOLD * times


@pytest.mark.parametrize("later", [LATER_PEAK, datetime(2031, 6, 3, 9, 59, tzinfo=UTC)])
def test_after_the_calendars_end_a_peak_hour_is_a_range(arm: ArmPrice, later: datetime) -> None:
    found = arm.cost(attempt(USAGE), later)
    assert found.amount is None
    assert (found.low, found.high) == (TOLD, 2 * TOLD), "not what was reserved"
    assert "2026-12-31" in (found.why_unknown or "")


def test_after_the_calendars_end_the_dearest_hour_is_reserved(arm: ArmPrice) -> None:
    request = Request("c", (), SamplingParams(), max_tokens=100)
    before, after = (arm.reserve(request, moment) for moment in (PEAK, LATER_PEAK))
    assert before is not None
    assert before == after
    assert arm.why_unbounded(LATER_PEAK) is None, "a run in 2027 is no exception"


def test_the_range_of_a_price_in_doubt_is_in_dollars_with_the_place_of_inference(
    arm: ArmPrice,
) -> None:
    assert arm.price is not None
    terms = Terms(
        replace(arm.price, currency="EUR", factor=Decimal("0.5")),
        fx=(FxRate("EUR", Decimal(2), date(2027, 1, 1), "x"),),
    )
    found = cost_of_usage(USAGE, terms, LATER_PEAK)
    assert (found.low, found.high) == (TOLD, 2 * TOLD)


def test_tokens_that_are_known_bound_a_price_that_is_not(arm: ArmPrice) -> None:
    """The range is usage times rates, never what was set aside."""
    assert arm.price is not None
    gone = replace(arm.price, eras=(replace(arm.price.eras[0], end=OFF),))
    found = ArmPrice("a", "list_price", gone).cost(attempt(USAGE), LATER_OFF)
    assert found.amount is None
    assert found.high is None
    fee = replace(USAGE, fees=(("web_search_requests", 3),))
    assert ArmPrice("a", "list_price", arm.price).cost(attempt(fee), OFF).high is None


def test_the_hour_and_the_calendars_end_are_said(arm: ArmPrice) -> None:
    said = " ".join(remarks(arm, OFF))
    assert "depends on the hour" in said
    assert "$1.32" in said
    assert "$0.66" in said
    assert "2026-12-31" in said
    assert "has ended" in " ".join(remarks(arm, LATER_OFF))
    plain = resolve_arm(Arm("a", "openai", "gpt-5-mini"), price_book())
    assert remarks(plain, OFF) == []


def test_what_a_price_takes_for_granted_is_said() -> None:
    book = price_book()
    cost = {"list": {"provider": "azure"}}
    azure = resolve_arm(Arm("a", "openai", "gpt-5-mini", cost_model=cost), book)
    assert "Global Standard" in " ".join(remarks(azure, OFF))
    glm = Arm("a", "compatible", "glm-5.2", base_url="https://open.bigmodel.cn/api/paas/v4")
    assert "CNY" in " ".join(remarks(resolve_arm(glm, book), OFF))
    seed = Arm("a", "openai", "doubao-seed-1-8-251228", cost_model={"list": {"provider": "ark"}})
    said = " ".join(remarks(resolve_arm(seed, book), OFF))
    assert "CNY" in said
    assert "not read" in said


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("mon-fri 09-18 = 80, else = 20", 168),
        ("mon-fri 9-18=80%", 45),
        ("sat-mon = 1", 72),
        ("22-02 = 5, 08-20 = 95", 16 * 7),
        ("sun 00-24 = 1 +08:00", 24),
        ("Mon-Sun = 1 UTC", 168),
    ],
)
def test_a_profile_is_read(text: str, hours: int) -> None:
    profile = read_profile(text)
    assert sum(share > 0 for share in profile.shares) == hours
    assert abs(sum(profile.shares) - 1) < Decimal("1e-20")
    moments = profile.moments(date(2026, 11, 27))
    assert len(moments) == 2 * hours
    assert abs(sum(share for _, share in moments) - 1) < Decimal("1e-20")


@pytest.mark.parametrize(
    "text",
    ["", "fri", "mon-fri 9-18", "xyz = 3", "9-9 = 1", "25-26 = 1", "mon = 0", "mon 9-12 = 1, mon 11-13 = 2", "else=", "mon = a", "mon=1 +25"],
)  # fmt: skip
def test_a_profile_that_cannot_be_read_is_one_error(text: str) -> None:
    with pytest.raises(BenchError, match="--traffic"):
        read_profile(text)


def test_a_blend_is_the_mean_over_the_hours_of_the_traffic(arm: ArmPrice) -> None:
    price = arm.price
    assert price is not None
    for text, peak_share in (
        ("mon-fri 09-12 = 1 +08:00", Decimal(1)),
        ("mon-fri 09-18 = 1 +08:00", Decimal(7) / 9),
        ("sat-sun = 1 +08:00", Decimal(0)),
        ("mon-sun = 1", Decimal(7 * 5) / 168),
    ):
        hours = groups(price, read_profile(text).moments(date(2026, 11, 23)))
        assert len(hours) <= 3
        mean = blended([(arm.cost(attempt(USAGE), at), share) for at, share in hours])
        assert mean.amount is not None
        assert abs(mean.amount - TOLD * (1 + peak_share)) < Decimal("1e-15")


def test_a_blend_over_hours_in_doubt_is_a_range(arm: ArmPrice) -> None:
    price = arm.price
    assert price is not None
    hours = groups(price, read_profile("mon-fri 09-18 = 1 +08:00").moments(date(2027, 1, 4)))
    mean = blended([(arm.cost(attempt(USAGE), at), share) for at, share in hours])
    assert mean.amount is None
    assert mean.low is not None
    assert mean.high is not None
    assert abs(mean.low - TOLD) < Decimal("1e-15")
    assert abs(mean.high - TOLD * Decimal(16) / 9) < Decimal("1e-15")


def test_a_blend_over_a_week_in_which_the_price_changes_has_both(arm: ArmPrice) -> None:
    price = arm.price
    assert price is not None
    hours = groups(price, read_profile("mon-sun = 1").moments(date(2026, 8, 13)))
    amounts = {arm.cost(attempt(USAGE), at).amount for at, _ in hours}
    assert Decimal("0.000522") in amounts, "before 2026-08-16 16:00"
    assert TOLD in amounts
    assert 2 * TOLD in amounts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-27", date(2026, 11, 27)),
        ("2026-11-27T02:00:00Z", PEAK),
        ("2026-11-27T10:00+08:00", PEAK),
        ("2026-11-26T18:00-08:00", PEAK),
    ],
)
def test_a_moment_has_a_zone(text: str, found: Any) -> None:
    assert moment_of(text) == found
    if isinstance(found, datetime):
        assert moment_of(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-11-27T02:00", "2026-13-01", "now", "2026-11-27T25:00Z", "0001-01-01T00:00+08:00"])  # fmt: skip
def test_a_moment_without_a_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(BenchError):
        moment_of(text)


def test_a_window_in_doubt_survives_freezing(arm: ArmPrice) -> None:
    from claimbench.pricing.frozen import freeze, thaw

    book = freeze([arm], OFF)
    again = thaw(book.text, book.sha256)["d"]
    assert again.cost(attempt(USAGE), LATER_PEAK).high == 2 * TOLD
    assert again.price == arm.price
    assert price_from_json({"id": "x", "model": "x", "provider": "x", "eras": []}).since is None


def test_a_price_that_was_read_long_ago_is_said() -> None:
    plain = resolve_arm(Arm("a", "openai", "gpt-5-mini"), price_book())
    assert remarks(plain, datetime(2027, 2, 1, tzinfo=UTC)) == []
    said = remarks(plain, datetime(2027, 2, 20, tzinfo=UTC))
    assert said == ["the price was read on 2026-11-10, 102 days before"]
    assert plain.price is not None
    undated = replace(plain, price=replace(plain.price, dated=None))
    assert remarks(undated, OFF) == ["nobody says when the price was read"]
