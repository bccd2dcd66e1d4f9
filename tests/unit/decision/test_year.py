"""What a decision says to be saved a year: the figure that a claim about it is judged by."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench import stats
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ArmBill, ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.decision.choose import Against, Month, decide
from claimbench.decision.words import _bill, against_lines
from claimbench.types import ClaimSpec, DecisionSpec

N = 400


def _yearly(made: Any, months: Any, *, once: float = 0.0, old: float = 0.009) -> Any:
    """A decision at a bill whose months cost ``months`` times the dollars of a request."""

    def bill(usd: float, once_usd: float, share: float = 0.0) -> ArmBill:
        return ArmBill(
            usd,
            rises=True,
            total=lambda count, at: sum(months[:count]) * at + once_usd,
            paid=lambda count, at: sum(months[:count]) * at + once_usd,
            month=lambda at: months[0] * at,
            interval_at=lambda _alpha: (0.9 * usd, 1.1 * usd),
            once_per_request=share,
        )

    context = ClaimContext(
        bills={"old": bill(old, 0.0), "new": bill(0.001, once)}, volume_stated=True
    )
    scores = {"old": [1.0] * N, "new": [1.0] * N}
    run = made.evaluation(scores, usd={"old": [old] * N, "new": [0.001] * N}, context=context)

    criteria = (made.criterion("usd_per_month", 1, 10_000, 0),)
    return decide(run, DecisionSpec(incumbent="old", requirements=(), criteria=criteria)), run


@pytest.mark.parametrize(
    ("months", "once", "old", "said"),
    [
        ([1e6] * 12, 0.0, 0.009, "$96,000 less a year"),
        ([1e6 * 1.2 ** (m / 12) for m in range(12)], 0.0, 0.009, "$104,510 less a year"),
        ([1e6] * 12, 90_000.0, 0.009, "$6,000 less a year"),
        ([1e6] * 12, 100_000.0, 0.009, "$4,000 more a year"),
        ([1e6 * 0.5 ** (m / 12) for m in range(12)], 5_000.0, 0.009, "$66,269 less a year"),
        ([40.0] * 12, 0.0, 0.00105, "$0.024 less a year"),
        ([1e6] * 12, 0.0, 0.001, "as much in a year"),
    ],
)
def test_a_year_is_the_first_twelve_months_with_what_comes_once(
    made: Any, months: list[float], once: float, old: float, said: str
) -> None:
    found, run = _yearly(made, months, once=once, old=old)
    assert said in against_lines(found, "new")[0]
    stated = sum(months) * (old - 0.001) - once
    assert found.against["new"].year.est == pytest.approx(stated, abs=1e-6)
    spec = ClaimSpec("s", "saves $1 a year", None, {"arm": "new", "than": "old"})
    claim = parse_claim(spec, run.stored.suite.arms, ())
    (verdict,) = decide_claims([claim], run.items, run.calls, run.context)
    (reading,) = verdict.readings
    assert reading.estimate is not None
    assert reading.estimate.value == pytest.approx(stated, abs=1e-6)
    assert reading.estimate.low == pytest.approx(found.against["new"].year.lo, abs=1e-6)


def test_a_year_that_could_be_either_says_so_at_both_ends() -> None:
    saved = stats.Interval(50.0, -200.0, 300.0, 0.95, "bill", 9, 9)
    month = Month(10.0, None, None, "1 request a month")
    against = Against("new", month=month, was=month, year=saved)
    assert _bill(against, "old") == (
        "$10.00 a month instead of $10.00 of old, $50.00 less a year (95%: $200.00 more to $300.00"
        " less) (1 request a month)"
    )


@pytest.mark.parametrize("share", [0.0, 0.0004, 0.002])
def test_a_month_of_a_criterion_leaves_a_trainings_share_out(made: Any, share: float) -> None:
    def bill(usd: float, share: float) -> ArmBill:
        return ArmBill(
            usd,
            rises=True,
            total=lambda count, at: count * 1e6 * at,
            paid=lambda count, at: count * 1e6 * at,
            month=lambda at: 1e6 * at,
            interval_at=lambda _alpha: None,
            once_per_request=share,
        )

    scores = {"old": [1.0] * N, "new": [1.0] * N}
    usd = {"old": [0.009] * N, "new": [0.001 + share] * N}
    context = ClaimContext(bills={"old": bill(0.009, 0.0), "new": bill(0.001, share)})
    run = made.evaluation(scores, usd=usd, context=context)
    criteria = (made.criterion("usd_per_month", 1, 10_000, 0),)
    found = decide(run, DecisionSpec(incumbent="old", requirements=(), criteria=criteria))
    assert found is not None
    assert found.totals is not None
    assert found.totals.measured["new"][0].figure == pytest.approx(1000)


@pytest.mark.parametrize(
    ("usd", "low", "high", "said"),
    [
        (0.1483, 0.1412, 0.1554, "$0.148 (95%: $0.141 to $0.155)"),
        (0.0149, 0.01488, 0.01492, "$0.0149 (95%: $0.01488 to $0.01492)"),
        (8.58, 8.579, 8.581, "$8.580 (95%: $8.579 to $8.581)"),
        (1234.5, 1234.2, 1234.8, "$1,234.50 (95%: $1,234.20 to $1,234.80)"),
        (267.0, 267.0, 267.0, "$267.00"),
    ],
)
def test_a_month_has_the_digits_that_tell_its_ends_apart(
    usd: float, low: float, high: float, said: str
) -> None:
    month = Month(usd, low, high, "2 requests a month")
    line = _bill(Against("new", month=month, was=Month(9.0, None, None, "")), "old")
    assert line == f"{said} a month instead of $9.00 of old (2 requests a month)"
