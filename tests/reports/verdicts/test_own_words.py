"""A claim's numbers are shown as they were claimed: savings as savings, factors as factors."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from claimbench.claims.readings.limits import limits
from claimbench.privacy.redact import Redactor
from claimbench.types import Claim, Estimate, Reading, Verdict
from claimbench_reports.view.claims import unit_of, verdict_views
from claimbench_reports.view.types import VerdictView
from claimbench_reports.view.verdicts.own_words import effect_of

INF = math.inf


def claim(
    kind: str,
    metric: str,
    relation: str,
    threshold: float | None,
    rounding: float | None = None,
    **more: Any,
) -> Claim:
    rival = () if relation in ("at_most", "at_least") else ("big",)
    return Claim(
        "c", "as said", None, kind, metric, ("mini",), rival, relation, threshold, rounding, **more
    )


def reading(of: Claim, name: str, value: float, low: float, high: float) -> Reading:
    """The reading ``name`` with the limits that the claim checker gives it."""
    found = {limit.name: limit for limit in limits(of)}
    limit = found.get(name.rpartition(".")[2]) or next(iter(found.values()))
    estimate = Estimate(value, low, high, 0.95, "m", 100, 100)
    return Reading(name, estimate, limit.threshold, 0.0, limit.side, "supported")


CASES = [
    (claim("cost", "usd", "less_by", 0.8, 0.005), "per_request", (0.16, 0.155, 0.165),
     "84.0% cheaper than big per request", "83.5% to 84.5%", "80%, 79.5% with rounding"),
    (claim("cost", "usd", "less_by", 0.3, 0.005), "per_correct", (1.2, 1.1, 1.3),
     "20.0% dearer than big per correct answer", "10.0% to 30.0%", "30%, 29.5% with rounding"),
    (claim("cost", "usd", "times_less", 5.0, 0.5), "per_request", (0.125, 0.1, 0.16),
     "8 times cheaper than big per request", "6.25 to 10 times",
     "5 times, 4.5 times with rounding"),
    (claim("cost", "usd", "more_by", 0.2, bound="max"), "per_request", (1.1, 1.05, 1.15),
     "10.0% dearer than big per request", "5.0% to 15.0%", "at most 20% dearer"),
    (claim("cost", "usd", "as", None), "per_request", (1.02, 0.98, 1.06),
     "2.0% dearer than big per request", "−2.0% to 6.0%", "at most 10% dearer"),
    (claim("cost", "usd", "less", None), "list_price", (0.5, 0.4, 0.6),
     "50.0% cheaper than big by list price", "40.0% to 60.0%", "cheaper at all"),
    (claim("cost", "usd", "at_most", 0.5, strict=True), "per_1k_requests", (0.17, 0.16, 0.18),
     "$0.17 per 1,000 requests", "$0.16 to $0.18", "less than $0.50"),
    (claim("latency", "ttft", "times_less", 2.0), "ttft", (0.4, 0.25, 0.8),
     "2.5 times as fast as big by time to first token", "1.25 to 4 times", "2 times"),
    (claim("latency", "e2e", "less_by", 0.3), "time_cut", (0.6, 0.5, 0.7),
     "40.0% less time than big, time of a whole answer", "30.0% to 50.0%", "30%"),
    (claim("latency", "e2e", "less_by", 0.3), "rate_up", (0.5, 0.4, 0.8),
     "100.0% more speed than big, time of a whole answer", "25.0% to 150.0%", "30%"),
    (claim("accuracy", "accuracy", "as", None), "non_inferior", (-0.004, -0.02, 0.012),
     "0.4 points less accurate than big", "−1.2 to 2.0 points", "as accurate, within 3 points"),
    (claim("accuracy", "accuracy", "more", None), "more", (0.05, 0.01, 0.09),
     "5.0 points more accurate than big", "1.0 to 9.0 points", "more accurate at all"),
    (claim("accuracy", "accuracy", "more_by", 0.3, 0.005), "relative", (1.22, 1.05, 1.41),
     "22.0% more accurate than big in relative terms", "5.0% to 41.0%", "30%, 29.5% with rounding"),
    (claim("accuracy", "accuracy", "more_by", 0.3, 0.005), "points", (0.14, 0.03, 0.24),
     "14.0 points more accurate than big", "3.0 to 24.0 points",
     "30 points, 29.5 points with rounding"),
    (claim("accuracy", "accuracy", "more_by", 0.3), "error_reduction", (0.6, 0.4, 0.8),
     "40.0% fewer errors than big", "20.0% to 60.0%", "30%"),
    (claim("accuracy", "accuracy", "at_least", 0.85), "accuracy", (0.81, 0.76, 0.86),
     "81.0% of the answers right", "76.0% to 86.0%", "at least 85%"),
    (claim("accuracy", "accuracy", "share", 0.97), "relative", (0.98, 0.96, 1.0),
     "98% of the accuracy of big", "96% to 100%", "97%"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "name", "numbers", "said", "between", "claimed"), CASES)
def test_a_number_is_said_as_it_was_claimed(
    of: Claim, name: str, numbers: tuple[float, float, float], said: str, between: str, claimed: str
) -> None:
    r = reading(of, name, *numbers)
    found = effect_of(of, r, unit_of(of, r), "x")
    assert found is not None
    assert (found.phrase, found.interval, found.claimed) == (said, between, claimed)


@pytest.mark.parametrize(("of", "name", "numbers", "said", "between", "claimed"), CASES)
def test_the_effect_lies_in_its_interval_and_on_the_side_that_the_reading_says(
    of: Claim, name: str, numbers: tuple[float, float, float], said: str, between: str, claimed: str
) -> None:
    del said, between, claimed
    r = reading(of, name, *numbers)
    found = effect_of(of, r, unit_of(of, r), "x")
    assert found is not None
    f = found.figure
    assert f.low is not None
    assert f.value is not None
    assert f.high is not None
    assert f.low <= f.value <= f.high


@pytest.mark.parametrize(
    ("kind", "text", "name", "numbers", "said", "between", "claimed"),
    [
        ("accuracy", "less accurate than mini", "more", (0.05, 0.01, 0.09),
         "5.0 points less accurate than mini", "1.0 to 9.0 points", "less accurate at all"),
        ("accuracy", "big makes more errors than mini", "more", (-0.05, -0.09, -0.01),
         "5.0 points more accurate than mini", "1.0 to 9.0 points", "less accurate at all"),
        ("cost", "more expensive than mini", "per_request", (0.5, 0.4, 0.8),
         "100.0% dearer than mini per request", "25.0% to 150.0%", "dearer at all"),
        ("latency", "slower than mini", "e2e", (0.5, 0.4, 0.8),
         "100.0% slower than mini by time of a whole answer", "25.0% to 150.0%", "slower at all"),
    ],
)  # fmt: skip
def test_a_claim_that_is_judged_the_other_way_round_keeps_its_own_words(
    kind: str,
    text: str,
    name: str,
    numbers: tuple[float, float, float],
    said: str,
    between: str,
    claimed: str,
) -> None:
    metric = {"accuracy": "accuracy", "cost": "usd", "latency": "e2e"}[kind]
    of = replace(claim(kind, metric, "more" if kind == "accuracy" else "less", None), text=text)
    r = reading(of, name, *numbers)
    found = effect_of(of, r, unit_of(of, r), "x")
    assert found is not None
    assert (found.phrase, found.interval, found.claimed) == (said, between, claimed)
    (view,) = verdict_views([Verdict(of, "supported", name, "", (r,), (), ())], Redactor())
    assert (view.arm, view.against, view.claimed) == ("big", "mini", claimed)
    assert view.brief.startswith(f"big is {said}")
    assert "more accurate at all" not in view.readings[0].name


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "between"),
    [
        ("per_request", 0.5, -INF, INF, "no bounds"),
        ("per_request", 0.5, 0.4, INF, "at most 60.0%"),
        ("per_request", 0.16, 0.16, 0.16, "exactly 84.0%"),
        ("per_request", 0.16, 0.15999, 0.16001, "83.999% to 84.001%"),
    ],
)
def test_ends_without_bound_and_narrow_intervals(
    name: str, value: float, low: float, high: float, between: str
) -> None:
    of = claim("cost", "usd", "less_by", 0.8)
    r = reading(of, name, value, low, high)
    found = effect_of(of, r, unit_of(of, r), "x")
    assert found is not None
    assert found.interval == between


def test_a_range_is_claimed_with_both_ends() -> None:
    of = claim("cost", "usd", "less_by", 0.2, upper=0.4)
    r = reading(of, "per_request", 0.7, 0.65, 0.75)
    found = effect_of(of, r, unit_of(of, r), "x")
    assert found is not None
    assert found.claimed == "20% to 40%"
    assert found.band == pytest.approx((0.6, 0.8))


def test_a_reading_without_a_number_has_no_words_of_its_own() -> None:
    of = claim("cost", "usd", "less_by", 0.2)
    r = Reading("per_request", None, 0.8, 0.0, "<=", "n/a")
    assert effect_of(of, r, "of_baseline", "x") is None


def shown(of: Claim, r: Reading, status: str = "supported", **more: Any) -> VerdictView:
    v = Verdict(of, status, r.name, "", (r,), (), (), "said", **more)  # type: ignore[arg-type]
    (view,) = verdict_views([v], Redactor())
    return view


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("supported", "The claim holds."),
        ("refuted", "The claim does not hold."),
        ("inconclusive", "That does not settle it."),
    ],
)
def test_the_brief_names_arm_rival_number_and_claim(status: str, end: str) -> None:
    of = claim("cost", "usd", "less_by", 0.8, 0.005)
    view = shown(of, reading(of, "per_request", 0.16, 0.155, 0.165), status)
    assert view.brief == (
        "mini is 84.0% cheaper than big per request (83.5% to 84.5%); claimed: 80%, 79.5% with"
        f" rounding. {end}"
    )
    assert (view.arm, view.against, view.who) == ("mini", "big", "mini against big")


def test_a_compound_says_each_part() -> None:
    one, two = claim("cost", "usd", "less_by", 0.8), claim("accuracy", "accuracy", "as", None)
    parts = (
        Verdict(
            one,
            "supported",
            "per_request",
            "",
            (reading(one, "per_request", 0.16, 0.155, 0.165),),
            (),
            (),
        ),
        Verdict(
            two,
            "refuted",
            "non_inferior",
            "",
            (reading(two, "non_inferior", -0.14, -0.19, -0.09),),
            (),
            (),
        ),
    )
    whole = Verdict(
        claim("compound", "several", "all", None), "refuted", None, "", (), (), (), parts=parts
    )
    (view,) = verdict_views([whole], Redactor())
    assert view.measured == (
        "(1) 84.0% cheaper per request (83.5% to 84.5%); (2) 14.0 points less accurate (9.0 to"
        " 19.0 points)"
    )
    assert "(2) Refuted: mini is 14.0 points less accurate than big" in view.brief


def test_that_prices_were_not_sampled_is_said_only_of_a_verdict_on_prices() -> None:
    from claimbench.types import Reason

    of = claim("cost", "usd", "less_by", 0.8)
    flags = (Reason("no_sampling_error"),)
    for name, told in (("per_request", ()), ("list_price", ("no_sampling_error",))):
        r = reading(of, name, 0.16, 0.16, 0.16)
        v = Verdict(of, "supported", name, "", (r,), flags, ())
        (view,) = verdict_views([v], Redactor())
        assert tuple(w.code for w in view.flags) == told
