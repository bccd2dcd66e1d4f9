"""A plan ends with one line: dollars, minutes, and the claims it can settle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from claimbench.claims.power import ClaimPlan, ReadingPlan, plan_claim
from claimbench.cli.efforts import PlanTotal, plan_total, settles
from claimbench.plan.estimate import ArmEstimate
from claimbench.types import Arm, Claim, Suite


def claim(kind: str = "cost", relation: str = "less_by", threshold: float | None = 0.5) -> Claim:
    metric = {"cost": "usd", "accuracy": "accuracy"}[kind]
    return Claim("c", "t", None, kind, metric, ("a",), ("b",), relation, threshold)


def estimate(arm: str, usd: str | None, hours: float | None = None) -> ArmEstimate:
    amount = None if usd is None else Decimal(usd)
    return ArmEstimate(arm, 10, 100, 100, amount, amount, amount, amount, "x", hours=hours)


def suite_of(**devices: str | None) -> Suite:
    suite = Suite.__new__(Suite)
    arms = tuple(Arm(name, "p", "m", device=device) for name, device in devices.items())
    object.__setattr__(suite, "arms", arms)
    return suite


def total(**more: Any) -> PlanTotal:
    given = {"usd": Decimal("1.15"), "unpriced": (), "hours": 1 / 3, "settled": 5, "claims": 7}
    return PlanTotal(**(given | more))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "In all $1.15, about 20:00 min; settles 5 of 7 claims, if the truth is as assumed."),
        (
            {"claims": 1, "settled": 0},
            "In all $1.15, about 20:00 min; settles 0 of 1 claim, if the truth is as assumed.",
        ),
        ({"claims": 0}, "In all $1.15, about 20:00 min; the suite states no claims."),
        (
            {"unpriced": ("x", "y")},
            "In all $1.15 of known dollars, unknown those of x, y, about 20:00 min; settles 5 of 7"
            " claims, if the truth is as assumed.",
        ),
        (
            {"hours": None},
            "In all $1.15, minutes unknown (--pilot RUN takes them from a run); settles 5 of 7"
            " claims, if the truth is as assumed.",
        ),
    ],
)
def test_the_line(more: dict[str, Any], line: str) -> None:
    assert total(**more).line == line


def test_arms_on_one_device_take_turns_and_others_run_side_by_side() -> None:
    suite = suite_of(a="cpu", b="cpu", c=None, d=None)
    rows = [
        estimate("a", "0", 1.0),
        estimate("b", "0", 2.0),
        estimate("c", "1", 2.5),
        estimate("d", "2", 0.1),
    ]
    found = plan_total(suite, rows, ())
    assert found.hours == 3.0
    assert found.usd == 3
    rows[2] = estimate("c", None, None)
    found = plan_total(suite, rows, ())
    assert found.hours is None
    assert (found.usd, found.unpriced) == (2, ("c",))


@pytest.mark.parametrize(("present", "settled"), [(10, False), (10_000, True), (None, False)])
def test_a_claim_is_settled_by_enough_samples(present: int | None, settled: bool) -> None:
    for kind, relation, threshold in (
        ("cost", "less_by", 0.5),
        ("accuracy", "as", None),
        ("accuracy", "more", None),
    ):
        plan = plan_claim(claim(kind, relation, threshold), items_present=present)
        assert settles(plan) is settled, (kind, relation)


def test_a_compound_is_settled_when_every_part_is() -> None:
    enough = plan_claim(claim(), items_present=10_000)
    few = plan_claim(claim(), items_present=10)
    for parts, settled in (((enough, enough), True), ((enough, few), False)):
        whole = ClaimPlan(claim(), (), 10_000, 20, parts=parts)
        assert settles(whole) is settled


def test_what_no_run_can_settle_is_not_settled() -> None:
    assert not settles(ClaimPlan(claim(), (), 10_000, None, why_not="no model can tell"))
    assert not settles(ClaimPlan(claim(), (), 10_000, None))
    plan = plan_claim(claim(), items_present=10_000)
    on_it = tuple(ReadingPlan(r.rule, r.true_effect, None, r.resolvable, "") for r in plan.readings)
    assert not settles(ClaimPlan(claim(), on_it, 10_000, None))
