"""The bill of a month: the worked example of the review, and what each term does to it."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from claimbench.economics.volume.compare import bill_break_even, crossover
from claimbench.economics.volume.months import (
    Bill,
    Measured,
    bill_of,
    ledger,
    machines_needed,
    usage,
)
from claimbench.economics.volume.stated import Commitment, OneOff, Terms, Volume
from claimbench.errors import BenchError
from claimbench.pricing.hosts import HostCost

RATE = 218_500.0
API = Measured("api", usd_per_request=0.000775)
RENTED = HostCost(Decimal(1), usd_per_hour=Decimal("2.5"))
OWNED = HostCost(
    Decimal(1),
    purchase_usd=Decimal(35_000),
    residual_usd=Decimal(5_000),
    lifetime_years=Decimal(3),
    watts=Decimal(1000),
    pue=Decimal("1.3"),
    usd_per_kwh=Decimal("0.2"),
    staff_usd_per_hour=Decimal(1),
)
RENT = Measured("rent", host=RENTED, requests_per_hour=RATE)
OWN = Measured("own", host=OWNED, requests_per_hour=RATE)
TWO_MILLION = Volume(2_000_000)


def of(measured: Measured, volume: Volume = TWO_MILLION, **terms: object) -> Bill:
    return bill_of(measured, replace(volume, arms={measured.arm: Terms(**terms)}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measured", "month", "three_years"),
    [(API, 1_550, 55_800), (RENT, 1_825, 65_700), (OWN, 1_753.13, 63_112.8)],
)
def test_the_worked_example_is_reproduced(
    measured: Measured, month: float, three_years: float
) -> None:
    bill = of(measured)
    assert bill.month_usd == pytest.approx(month, abs=0.01)
    assert bill.total(36) == pytest.approx(three_years, abs=0.01)
    assert bill.total(12) == pytest.approx(12 * month, abs=0.05)


def test_the_worked_example_needs_one_machine_used_to_an_eightieth() -> None:
    month = of(RENT).months[0]
    assert (month.machines, round(month.utilisation or 0, 4)) == (1, 0.0125)


@pytest.mark.parametrize(("measured", "millions"), [(RENT, 2.355), (OWN, 2.262)])
def test_the_worked_example_breaks_even_where_the_review_says(
    measured: Measured, millions: float
) -> None:
    found = bill_break_even(measured, API, TWO_MILLION)
    assert found.requests_per_month is not None
    assert round(found.requests_per_month / 1e6, 3) == millions
    assert found.machines == 1


def test_a_machine_is_paid_when_bought_and_its_residual_comes_at_the_end_of_its_life() -> None:
    bill = of(OWN)
    assert bill.months[0].cash_usd == pytest.approx(35_000 + 730 * 1.26)
    assert bill.cash(12) == pytest.approx(35_000 + 12 * 730 * 1.26)
    assert bill.cash(36) == pytest.approx(bill.total(36), abs=0.01)
    assert of(OWN, replace(TWO_MILLION, months=37)).months[36].cash_usd > 35_000


@pytest.mark.parametrize(
    ("growth", "month", "factor"), [(0.2, 13, 1.2), (-0.5, 25, 0.25), (9, 7, math.sqrt(10))]
)
def test_growth_is_that_of_a_year_and_the_first_month_is_as_stated(
    growth: float, month: int, factor: float
) -> None:
    months = of(API, replace(TWO_MILLION, growth=growth)).months
    assert months[0].usd == pytest.approx(1_550)
    assert months[month - 1].usd == pytest.approx(1_550 * factor)


@pytest.mark.parametrize(
    ("terms", "usd"),
    [
        (Terms(), 1550),
        (Terms(tiers=((1e6, 0.1),)), 775 + 697.5),
        (Terms(tiers=((1e6, 0.1), (1.5e6, 0.5))), 775 + 387.5 * 0.9 + 387.5 * 0.5),
        (Terms(free_requests=500_000), 1162.5),
        (Terms(free_requests=5e6), 0),
        (Terms(free_usd=1000), 550),
        (Terms(commitment=Commitment(0.2, usd_per_month=1000)), 1240),
        (Terms(commitment=Commitment(0.2, usd_per_month=2000)), 2000),
        (Terms(discount=0.15), 1317.5),
        (Terms(tiers=((1e6, 0.1),), free_usd=472.5, discount=0.5), 500),
    ],
)
def test_tiers_allowances_commitments_and_discounts_in_that_order(terms: Terms, usd: float) -> None:
    assert usage(2e6, 0.000775, terms) == pytest.approx(usd)


@pytest.mark.parametrize(
    ("requests", "peak", "spare", "machines"),
    [
        (2e6, 4, 0, 1),
        (2e6, 4, 1, 2),
        (730 * RATE, 1, 0, 1),
        (730 * RATE, 4, 0, 4),
        (730 * RATE * 1.01, 1, 2, 4),
    ],
)
def test_machines_are_those_of_the_peak_and_the_spare_ones(
    requests: float, peak: float, spare: int, machines: int
) -> None:
    volume = Volume(requests, peak_factor=peak, spare_machines=spare)
    assert machines_needed(requests, RATE, volume, Terms()) == machines


def test_more_machines_cost_more_and_are_used_less_than_their_peak() -> None:
    bill = of(RENT, Volume(730 * RATE, peak_factor=4))
    assert bill.month_usd == pytest.approx(4 * 1825)
    assert bill.months[0].utilisation == pytest.approx(0.25)


def test_a_machine_that_scales_to_zero_is_paid_by_its_busy_hours() -> None:
    bill = of(RENT, scales_to_zero=True)
    assert bill.month_usd == pytest.approx(2e6 / RATE * 2.5)
    assert bill.months[0].utilisation == pytest.approx(1)


def test_committed_machines_are_paid_at_all_times_and_cost_less() -> None:
    assert of(RENT, commitment=Commitment(0.4, machines=1)).month_usd == pytest.approx(1095)
    assert of(RENT, commitment=Commitment(0.4, machines=3)).month_usd == pytest.approx(3 * 1095)
    with_zero = of(RENT, commitment=Commitment(0.4, machines=1), scales_to_zero=True)
    assert with_zero.month_usd == pytest.approx(1095)


def test_bought_machines_stay_when_fewer_are_needed_and_rented_ones_go() -> None:
    shrinking = Volume(730 * RATE, peak_factor=4, growth=-0.75)
    assert of(RENT, shrinking).months[-1].machines == 1
    assert of(OWN, shrinking).months[-1].machines == 4


def test_one_off_costs_and_training_come_in_their_month() -> None:
    bill = of(replace(RENT, training_usd=3000), one_off=(OneOff("integration", 500, 3),))
    assert [month.once_usd for month in bill.months[:4]] == [3000, 0, 500, 0]
    assert bill.total(36) == pytest.approx(65_700 + 3500)


def test_a_break_even_includes_training_one_off_and_fixed_costs() -> None:
    plain = bill_break_even(RENT, API, TWO_MILLION).requests_per_month or 0
    trained = bill_break_even(replace(RENT, training_usd=36_000), API, TWO_MILLION)
    assert trained.requests_per_month == pytest.approx(plain + 1000 / 0.000775, rel=1e-4)
    volume = replace(TWO_MILLION, arms={"rent": Terms(fixed_usd=1000)})
    fixed = bill_break_even(RENT, API, volume)
    assert fixed.requests_per_month == pytest.approx(trained.requests_per_month, rel=1e-6)


def test_a_machine_that_costs_more_even_when_full_never_breaks_even() -> None:
    slow = replace(RENT, requests_per_hour=1000.0)
    assert bill_break_even(slow, API, TWO_MILLION).requests_per_month is None


def test_a_price_path_moves_the_price_and_an_endpoint_catches_up() -> None:
    falling = of(API, price_change=-0.3)
    assert falling.months[12].usd == pytest.approx(1550 * 0.7)
    assert of(RENT, price_change=-0.3).months[12].usd == pytest.approx(1825 * 0.7)


def test_the_crossover_is_the_month_after_which_less_was_paid() -> None:
    cheap_later = of(replace(API, arm="new", usd_per_request=0.0005), one_off=(OneOff("x", 2000),))
    found = crossover(cheap_later, of(API))
    assert found is not None
    assert found.month == math.ceil(2000 / 550)
    assert crossover(of(API), cheap_later) is None
    late = of(replace(API, arm="new", usd_per_request=0.0007), one_off=(OneOff("x", 1e6),))
    assert crossover(late, of(API)).month is None  # type: ignore[union-attr]


def test_the_interval_is_that_of_what_was_measured() -> None:
    assert bill_of(API, TWO_MILLION, (0.0007, 0.0009)).month_span == pytest.approx((1400, 1800))
    rent = bill_of(RENT, Volume(730 * RATE, peak_factor=1), (RATE * 0.9, RATE * 1.1))
    assert rent.month_span == pytest.approx((1825, 3650))
    assert bill_of(API, TWO_MILLION).span(36) is None


def test_an_end_that_no_fleet_could_serve_is_no_interval_and_says_why() -> None:
    bill = bill_of(RENT, TWO_MILLION, (1e-9, RATE))
    assert bill.month_span is None
    assert "machines" in bill.why_no_interval
    assert bill.month_usd == pytest.approx(1825)


def test_present_value_discounts_each_payment_from_its_month() -> None:
    bill = of(API)
    assert bill.present_value(0.0) == pytest.approx(55_800)
    by_hand = sum(1550 / 1.08 ** (k / 12) for k in range(36))
    assert bill.present_value(0.08) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "volume",
    [Volume(1e13, peak_factor=1000), Volume(1e12, growth=10, months=120)],
)
def test_a_fleet_that_nobody_could_run_is_an_error_that_says_what_to_check(volume: Volume) -> None:
    with pytest.raises(BenchError, match="machines") as error:
        ledger(replace(RENT, requests_per_hour=10.0), volume, Terms())
    assert "growth_per_year" in (error.value.hint or "")
