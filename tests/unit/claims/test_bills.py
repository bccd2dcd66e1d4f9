"""Claims about bills, and verdicts about dollars that rest on a utilisation nobody stated."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext, HostRate
from claimbench.claims.verdicts import decide_claims
from claimbench.economics.volume.months import Measured
from claimbench.economics.volume.outlook import ArmFigures, endpoint_figures
from claimbench.economics.volume.stated import OneOff, Terms, Volume
from claimbench.evaluation.dollars.bills import claim_bill
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.hosts import HostCost
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

N = 200
RNG = np.random.default_rng(3)
API = RNG.normal(0.000775, 0.0001, N)
ARMS = (Arm("A", "p", "m"), Arm("B", "p", "m"))
MACHINE = HostCost(Decimal(1), usd_per_hour=Decimal("2.5"))
BOUGHT = HostCost(Decimal(1), purchase_usd=Decimal(36_500), lifetime_years=Decimal(5))


def decide(text: str, context: ClaimContext, a: np.ndarray = API, b: np.ndarray = API) -> Verdict:
    scores = {"A": np.ones(N), "B": np.ones(N)}
    items, calls = tables_from_arrays(scores, usd={"A": a, "B": b})
    claim = parse_claim(ClaimSpec("c", text, None, {"arm": "A", "than": "B"}), ARMS, ())
    return decide_claims([claim], items, calls, context)[0]


def endpoint(arm: str, usd: np.ndarray, volume: Volume, half: float = 0.03):
    mean = float(usd.mean())
    figures = ArmFigures(
        Measured(arm, usd_per_request=mean), lambda _: (mean * (1 - half), mean * (1 + half))
    )
    return claim_bill(figures, figures.measured, volume)


def machine(arm: str, host: HostCost, volume: Volume, rate: float = 218_500.0):
    figures = ArmFigures(
        Measured(arm, host=host, requests_per_hour=rate), lambda _: (0.9 * rate, 1.1 * rate)
    )
    return claim_bill(figures, figures.measured, volume)


def context(a: object, b: object) -> ClaimContext:
    return ClaimContext(volume_stated=True, bills={"A": a, "B": b})


TWO = Volume(2e6)
RENTED = context(machine("A", MACHINE, TWO), endpoint("B", API, TWO))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("A costs under $2,000 a month", "supported"),
        ("A costs under $1,800 a month", "refuted"),
        ("A costs more than $1,800 a month", "supported"),
        ("A costs between $1,800 and $1,900 a month", "supported"),
        ("A costs at most $21,900 a year", "supported"),
        ("A costs under $20,000 a year", "refuted"),
        ("A saves $100 a month", "refuted"),
        ("A saves $1M a year", "refuted"),
        ("A pays for itself in 8 months", "refuted"),
        ("A does not pay for itself in 8 months", "supported"),
    ],
)
def test_a_rented_machine_is_judged_by_its_bill(text: str, status: str) -> None:
    assert decide(text, RENTED).status == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("A costs under $1,600 a month", "inconclusive"),
        ("A costs under $1,700 a month", "supported"),
        ("A saves at least $100 a month", "supported"),
        ("A saves more than $1,000 a month", "refuted"),
        ("A saves $5,000 a year", "supported"),
    ],
)
def test_an_endpoint_is_judged_with_the_interval_of_its_dollars(text: str, status: str) -> None:
    dearer = API + 0.0003
    found = context(endpoint("A", API, TWO), endpoint("B", dearer, TWO))
    assert decide(text, found, API, dearer).status == status


@pytest.mark.parametrize(
    ("months", "status"), [(8, "refuted"), (12, "refuted"), (24, "supported"), (36, "supported")]
)
def test_a_machine_pays_for_itself_when_less_has_been_paid_in_all(months: int, status: str) -> None:
    found = context(machine("A", BOUGHT, TWO), endpoint("B", API + 0.0003, TWO))
    text = f"A pays for itself within {months} months"
    assert decide(text, found, API, API + 0.0003).status == status


def test_a_throughput_that_may_be_next_to_nothing_leaves_a_bill_without_an_upper_end() -> None:
    figures = ArmFigures(
        Measured("A", host=MACHINE, requests_per_hour=200_000.0), lambda _: (1e-9, 4e5)
    )
    unsure = claim_bill(figures, figures.measured, TWO)  # type: ignore[arg-type]
    found = context(unsure, endpoint("B", API, TWO))
    assert decide("A costs under $2,000 a month", found).status == "inconclusive"
    assert decide("A costs more than $1,000 a month", found).status == "supported"
    assert decide("A saves $1,000 a month", found).status == "refuted"


def test_what_comes_once_is_in_a_year_and_not_in_a_month() -> None:
    volume = replace(TWO, arms={"A": Terms(one_off=(OneOff("integration", 50_000),))})
    found = context(endpoint("A", API, volume), endpoint("B", API + 0.0003, volume))
    assert decide("A saves $500 a month", found, API, API + 0.0003).status == "supported"
    assert decide("A saves $500 a year", found, API, API + 0.0003).status == "refuted"


def test_the_paired_difference_decides_where_each_interval_alone_would_not() -> None:
    cheaper = API * 0.98
    found = context(endpoint("A", cheaper, TWO), endpoint("B", API, TWO))
    assert decide("A saves $10 a month", found, cheaper, API).status == "supported"
    tiered = replace(TWO, arms={"A": Terms(free_usd=1.0, tiers=((1e6, 0.001),), fixed_usd=1.0)})
    apart = context(endpoint("A", cheaper, tiered), endpoint("B", API, tiered))
    assert decide("A saves $10 a month", apart, cheaper, API).status in {
        "inconclusive",
        "supported",
    }


@pytest.mark.parametrize(
    "text", ["A costs under $2,000 a month", "A saves $1M a year", "A pays for itself in 8 months"]
)
def test_without_a_volume_there_is_no_bill_and_the_verdict_says_what_to_state(text: str) -> None:
    verdict = decide(text, ClaimContext())
    assert verdict.status == "not_comparable"
    assert reason_codes(verdict.reasons) == {"volume_missing"}
    assert "requests_per_month" in verdict.sentence
    partly = ClaimContext(
        volume_stated=True, bills_unknown={"A": "no price is known", "B": "no price is known"}
    )
    verdict = decide(text, partly)
    assert reason_codes(verdict.reasons) == {"bill_unknown"}
    assert "no price is known" in verdict.sentence


UNSTATED = HostRate(2.5, 1.0, known=False, requests_per_hour=200_000, machine="m")


@pytest.mark.parametrize(
    ("text", "ours", "theirs", "status"),
    [
        ("A is 90% cheaper than B", True, False, "inconclusive"),
        ("A is cheaper than B", True, False, "inconclusive"),
        ("A costs under $0.10 per 1,000 requests", True, False, "inconclusive"),
        ("A is more expensive than B", True, False, "refuted_or_open"),
        ("A is 99% cheaper than B", True, False, "refuted"),
        ("A is cheaper than B", False, True, "supported"),
        ("A is 99% cheaper than B", False, True, "inconclusive"),
        ("A is cheaper than B", False, False, "supported"),
    ],
)
def test_a_verdict_that_a_lower_utilisation_would_turn_is_conditional(
    text: str, ours: bool, theirs: bool, status: str
) -> None:
    hosts = {name: UNSTATED for name, there in (("A", ours), ("B", theirs)) if there}
    verdict = decide(text, ClaimContext(hosts=hosts), API * 0.05, API)
    if status == "refuted_or_open":
        assert verdict.status == "inconclusive"
        return
    assert verdict.status == status
    if status == "inconclusive":
        assert "conditional on utilisation" in verdict.sentence
        assert "requests a month on one machine" in verdict.sentence


def test_one_machine_that_serves_both_arms_leaves_the_ratio_alone() -> None:
    hosts = {"A": UNSTATED, "B": UNSTATED}
    assert decide("A is cheaper than B", ClaimContext(hosts=hosts), API / 2, API).status == (
        "supported"
    )
    apart = {"A": UNSTATED, "B": replace(UNSTATED, machine="other")}
    assert decide("A is cheaper than B", ClaimContext(hosts=apart), API / 2, API).status == (
        "inconclusive"
    )


def withheld(share: float, low: float = 0.0, high: float = 0.0008) -> dict[str, np.ndarray]:
    """Return the dollars of an endpoint that sends no usage with a ``share`` of its answers."""
    usd = API.copy()
    usd[: round(share * N)] = np.nan
    gone = np.isnan(usd)
    return {
        "usd": usd,
        "usd_low": np.where(gone, low, usd),
        "usd_high": np.where(gone, high, usd),
    }


def decide_withheld(
    text: str, theirs: dict[str, np.ndarray], a: float, volume: Volume = TWO, *, mine: bool = False
) -> Verdict:
    """Decide a claim of A at ``a`` dollars a request over B, which withholds usage (or A does)."""
    ours = {name: np.full(N, a) for name in ("usd", "usd_low", "usd_high")}
    columns = {
        name: dict(zip("BA" if mine else "AB", (ours[name], theirs[name]), strict=True))
        for name in ours
    }
    items, calls = tables_from_arrays({arm: np.ones(N) for arm in "AB"}, **columns)
    bills = {}
    for arm in "AB":
        figures = endpoint_figures(arm, ArmPrice(arm, None), items)
        assert figures.measured is not None
        bills[arm] = claim_bill(figures, figures.measured, volume)
    claim = parse_claim(ClaimSpec("c", text, None, {"arm": "A", "than": "B"}), ARMS, ())
    context = ClaimContext(volume_stated=True, bills=bills)
    return decide_claims([claim], items, calls, context)[0]


@pytest.mark.parametrize(
    "text",
    [
        "A saves $200 a month",
        "A saves $200 a year",
        "A pays for itself in 3 months",
        "A saves less than $900 a month",
    ],
)
@pytest.mark.parametrize("share", [1.0, 0.9, 0.5])
def test_no_saving_rests_on_the_middle_of_what_a_vendor_withholds(text: str, share: float) -> None:
    verdict = decide_withheld(text, withheld(share, high=0.0016), 0.0005)
    assert verdict.status == "inconclusive"
    assert reason_codes(verdict.readings[0].reasons) >= {"billing_unknown"}
    assert verdict.readings[0].estimate.value is None
    assert "within bounds" in verdict.readings[0].sentence
    assert verdict.readings[0].n_more is None


@pytest.mark.parametrize("volume", [TWO, replace(TWO, arms={"B": Terms(free_usd=700.0)})])
@pytest.mark.parametrize(
    ("text", "a", "low", "status"),
    [
        ("A saves $200 a month", 0.0001, 0.0007, "supported"),
        ("A saves $2,000 a month", 0.0001, 0.0, "refuted"),
        ("A saves $200 a month", 0.002, 0.0, "refuted"),
        ("A pays for itself in 3 months", 0.0001, 0.0007, "supported"),
    ],
)
def test_a_saving_that_holds_at_both_ends_is_decided(
    text: str, a: float, low: float, status: str, volume: Volume
) -> None:
    assert decide_withheld(text, withheld(1.0, low), a, volume).status == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("A costs under $900 a month", "inconclusive"),
        ("A costs under $2,000 a month", "supported"),
        ("A costs more than $100 a month", "inconclusive"),
        ("A costs more than $2,000 a month", "refuted"),
        ("A costs under $15,000 a year", "inconclusive"),
        ("A costs between $500 and $1,700 a month", "inconclusive"),
        ("A saves $300 a month", "inconclusive"),
    ],
)
def test_a_bill_of_withheld_usage_is_judged_at_both_ends(text: str, status: str) -> None:
    verdict = decide_withheld(text, withheld(1.0), 0.0009, mine=True)
    assert verdict.status == status
    assert ("billing_unknown" in reason_codes(verdict.readings[0].reasons)) == (
        status == "inconclusive"
    )


def test_one_withheld_amount_of_many_leaves_a_clear_saving_decided() -> None:
    assert decide_withheld("A saves $200 a month", withheld(0.005), 0.0003).status == "supported"
