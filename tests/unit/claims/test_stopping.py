"""The stop rule over real tables, and power planning against statsmodels and the published table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from claimbench.claims.looks.stopping import CONTINUE, DECIDED, FUTILE, StopRule, context_at
from claimbench.claims.power import (
    ArmEffort,
    Assumptions,
    from_pilot,
    plan_claim,
)
from claimbench.claims.verdicts import (
    ClaimContext,
    ListPrice,
    decide_claims,
    explain_text,
    parse_claim,
)
from claimbench.stats.sequential import nominal_alpha
from claimbench.tables.subset import restrict
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Claim, ClaimSpec

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
N = 300


def claim(text: str, name: str = "c") -> Claim:
    return parse_claim(ClaimSpec(name, text, None, {}), ARMS, ())


def rule_for(claims: list[Claim], items: tuple[str, ...], **more: object) -> StopRule:
    return StopRule(claims, items, [str(i) for i in range(len(items))], **more)  # type: ignore[arg-type]


CLEAR = {"A": np.ones(N), "B": np.tile([1.0, 0.0, 1.0], N // 3)}
USD = {
    "A": np.full(N, 0.001) * np.linspace(0.9, 1.1, N),
    "B": np.full(N, 0.02) * np.linspace(1.1, 0.9, N),
}


def test_a_clear_gap_stops_early_and_shows_the_repeated_interval() -> None:
    items, calls = tables_from_arrays(CLEAR, usd=USD)
    claims = [claim("A is more accurate than B")]
    rule = rule_for(claims, items.items)
    looks = []
    while rule.next_items is not None:
        looks.append(rule.look("r", items, calls, ClaimContext()))
    last = looks[-1]
    assert last.decision == DECIDED
    assert last.items < N
    assert last.repeated_p["c"] <= 0.05
    seen = restrict(items, calls, set(items.items[: last.items]))
    v = decide_claims(claims, *seen, context_at(ClaimContext(), last, rule))[0]
    assert v.status == "supported"
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.level == pytest.approx(1 - rule.alpha_of(last))
    assert rule.alpha_of(last) < 0.05
    assert f"stopped_at_look: {last.k} of 5" in map(str, v.flags)
    saved = rule.saved(last, items)
    assert saved.requests == 2 * (N - last.items)
    assert saved.usd == pytest.approx((N - last.items) * (USD["A"].mean() + USD["B"].mean()))


def test_no_gap_stops_for_futility() -> None:
    turn = np.arange(N) % 10  # one item in five is disagreed on, as often one way as the other
    a, b = (turn != 0).astype(float), (turn != 1).astype(float)
    items, calls = tables_from_arrays({"A": a, "B": b})
    rule = rule_for([claim("A is more accurate than B")], items.items)
    decisions = []
    while rule.next_items is not None:
        decisions.append(rule.look("r", items, calls, ClaimContext()).decision)
    assert decisions[0] == CONTINUE  # never futile at the first look
    assert decisions[-1] == FUTILE
    assert len(decisions) < 5


def test_a_resumed_run_keeps_the_looks_it_used() -> None:
    gap = {
        "A": np.ones(N),
        "B": (np.arange(N) % 15 > 0).astype(float),
    }  # too small for the first look
    items, calls = tables_from_arrays(gap)
    claims = [claim("A is more accurate than B"), claim("A is as accurate as B", "d")]
    one = rule_for(claims, items.items)
    first = one.look("r", items, calls, ClaimContext())
    assert first.decision == CONTINUE
    again = rule_for(claims, items.items, done=[first])
    assert again.next_items == one.next_items == one.plan.looks[1].n_items
    second = one.look("r", items, calls, ClaimContext())
    assert again.look("r", items, calls, ClaimContext()) == second
    assert second.k == 2
    assert second.repeated_p["c"] < first.repeated_p["c"]


def test_claims_that_cannot_be_judged_do_not_keep_a_run_going() -> None:
    items, calls = tables_from_arrays(CLEAR)
    rule = rule_for([claim("A is 90% cheaper than B")], items.items)  # no dollars: price unknown
    assert rule.look("r", items, calls, ClaimContext()).decision == DECIDED


def test_wrong_verdicts_under_stopping_stay_rare() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    runs = 60
    c = claim("A is more accurate than B")
    for _ in range(runs):
        a, b = ((rng.random(120) < 0.7).astype(float) for _ in range(2))
        items, calls = tables_from_arrays({"A": a, "B": b})
        rule = rule_for([c], items.items)
        while rule.next_items is not None:
            last = rule.look("r", items, calls, ClaimContext())
        seen = restrict(items, calls, set(items.items[: last.items]))
        wrong += (
            decide_claims([c], *seen, context_at(ClaimContext(), last, rule))[0].status
            != "inconclusive"
        )
    assert wrong <= 9  # P(X > 9) < 0.0008 for a true rate of 5%


def test_unequal_looks_have_their_own_alpha() -> None:
    sizes = [str(i // 60) for i in range(N)]
    rule = StopRule([claim("A is more accurate than B")], [f"task/{i}" for i in range(N)], sizes)
    assert all(look.n_items % 60 == 0 for look in rule.plan.looks)
    assert rule.plan.looks[-1].alpha == pytest.approx(nominal_alpha(rule.plan.looks[-1].bound))


@pytest.mark.parametrize(("disagree", "gap", "n"), [
    (0.1, 0.02, 1965), (0.1, 0.05, 316), (0.2, 0.03, 1747), (0.2, 0.05, 630), (0.3, 0.10, 238),
])  # fmt: skip
def test_accuracy_power_equals_the_published_table(disagree: float, gap: float, n: int) -> None:
    plan = plan_claim(
        explain_text("more accurate"),
        assumptions=Assumptions(disagreement=disagree),
        true_effect=gap,
    )
    assert plan.items_needed is not None
    assert abs(plan.items_needed - n) <= 1
    direct = TTestPower().solve_power(effect_size=gap / math.sqrt(disagree), power=0.8, alpha=0.05)
    assert plan.items_needed == math.ceil(direct)


def test_plan_prices_and_hours_per_arm() -> None:
    efforts = {
        "the model": ArmEffort(0.001, 2.0),
        "gpt": ArmEffort(0.01, 1.0, concurrency=4, epochs=2),
    }
    plan = plan_claim(
        explain_text("more accurate than gpt"), true_effect=0.05, efforts=efforts, items_present=240
    )
    assert plan.items_needed == 630
    assert plan.usd == {"the model": pytest.approx(0.63), "gpt": pytest.approx(12.6)}
    assert plan.hours["gpt"] == pytest.approx(630 * 2 / 4 / 3600)
    assert plan.readings[0].resolvable == pytest.approx(0.0812, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "least"),
    [("faster at p99 than gpt", 368), ("90% cheaper than gpt", 20), ("faster than gpt", 6)],
)
def test_plans_respect_the_minimum(text: str, least: int) -> None:
    plan = plan_claim(
        explain_text(text), assumptions=Assumptions(cost_cv=0.01, log_latency_sd=0.001)
    )
    assert plan.items_needed is not None
    assert plan.items_needed >= least


def test_cost_plan_is_met_in_simulation() -> None:
    plan = plan_claim(
        claim("A is 90% cheaper than B"),
        assumptions=Assumptions(cost_cv=0.5, cost_correlation=0.0),
        true_effect=0.09,
    )
    n = plan.readings[0].items_needed
    assert n is not None
    rng = np.random.default_rng(2)
    sigma = math.sqrt(math.log(1 + 0.25))
    hits = 0
    for _ in range(60):
        a, b = (mean * rng.lognormal(-(sigma**2) / 2, sigma, n) for mean in (0.09, 1.0))
        c = parse_claim(
            ClaimSpec("c", "A is 90% cheaper than B", None, {"reading": "per_request"}), ARMS, ()
        )
        hits += (
            decide_claims(
                [c], *tables_from_arrays({"A": np.ones(n), "B": np.ones(n)}, usd={"A": a, "B": b})
            )[0].status
            == "supported"
        )
    assert hits >= 36  # planned 80%; P(X < 36) < 0.001


def test_what_cannot_be_planned_says_so() -> None:
    assert plan_claim(explain_text("most downloaded")).why_not is not None
    assert plan_claim(explain_text("cheap")).why_not is not None
    impossible = plan_claim(
        explain_text("30% more accurate"), assumptions=Assumptions(baseline_accuracy=0.9)
    )
    assert impossible.readings[0].items_needed is None
    assert "arithmetic" in impossible.readings[0].note


def test_compound_takes_its_hardest_part() -> None:
    plan = plan_claim(explain_text("as accurate as gpt and 90% cheaper"))
    assert plan.items_needed == max(p.items_needed or 0 for p in plan.parts)


def test_a_pilot_feeds_the_plan() -> None:
    items, calls = tables_from_arrays(
        CLEAR,
        usd=USD,
        ttft_s={a: np.full(N, 0.5) * np.linspace(1, 2, N) for a in "AB"},
        cluster=[str(i // 3) for i in range(N)],
    )
    found = from_pilot(items, calls, "A", "B")
    assert found.source == "pilot"
    assert found.disagreement == pytest.approx((N / 3 + 2) / (N + 4))
    assert found.design_effect == 1.0  # every cluster of three has the same two right answers
    efforts = {arm: ArmEffort(float(USD[arm].mean()), 0.75) for arm in "AB"}
    plan = plan_claim(claim("A is more accurate than B"), assumptions=found, efforts=efforts)
    assert set(plan.usd) == {"A", "B"}


@pytest.mark.parametrize("max_tokens", [None, 100_000])
@pytest.mark.parametrize("reading", ["per_request", "per_correct"])
def test_dollars_alone_stop_no_run_below_the_share_that_the_sample_excludes(
    max_tokens: int | None, reading: str
) -> None:
    """Answers of 10 tokens decide at once by their spread; what a runaway could do is not known, or
    is 10,000 times as much, at every look.
    """
    tokens = {arm: {"n_out": np.full(N, 10.0)} for arm in "AB"}
    prices = {arm: ListPrice(1.0, 1e6 * float(USD[arm].mean()) / 10, "p") for arm in "AB"}
    context = ClaimContext()
    if max_tokens is not None:
        context = ClaimContext(list_prices=prices, max_tokens={"task": max_tokens})
    items, calls = tables_from_arrays(CLEAR, usd=USD, calls=tokens)
    cheaper = parse_claim(
        ClaimSpec("c", "A is 90% cheaper than B", None, {"reading": reading}), ARMS, ()
    )
    rule = rule_for([cheaper], items.items)
    while (planned := rule.next_items) is not None:
        made = rule.look("r", items, calls, context)
        if planned < N:
            assert made.decision == CONTINUE
    short = ClaimContext(list_prices=prices, max_tokens={"task": 12})
    rule = rule_for([cheaper], items.items)
    decisions = []
    while rule.next_items is not None:
        decisions.append(rule.look("r", items, calls, short).decision)
    assert decisions[-1] == DECIDED
