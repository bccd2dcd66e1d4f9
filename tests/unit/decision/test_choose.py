"""The rule: nothing is recommended against a requirement that is missed or open."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ArmBill, ClaimContext, RouteFacts
from claimbench.decision.choose import decide
from claimbench.decision.words import against_lines, headline, move_line, nearest_arm, wins_line
from claimbench.errors import ClaimError
from claimbench.types import Attestation, DecisionSpec, Reason, Requirement

N = 400


def spec_of(made: Any, **changes: Any) -> DecisionSpec:
    base = DecisionSpec(
        incumbent="old",
        requirements=(made.claim("quality", "at least 70% accurate"),),
        criteria=(
            made.criterion("accuracy", 50, 0.5, 1.0),
            made.criterion("usd_per_1k", 50, 10.0, 0.0),
        ),
    )
    return replace(base, **changes)


def run_of(made: Any, shares: dict[str, float], usd: dict[str, float], **more: Any) -> Any:
    scores = {arm: made.coins(N, share, i) for i, (arm, share) in enumerate(shares.items())}
    return made.evaluation(scores, usd={arm: [usd[arm]] * N for arm in scores}, **more)


def test_the_only_arm_that_meets_all_is_recommended(made: Any) -> None:
    run = run_of(made, {"old": 0.6, "new": 0.85}, {"old": 0.002, "new": 0.001})
    found = decide(run, spec_of(made))
    assert found is not None
    assert (found.outcome, found.arm) == ("recommended", "new")
    assert headline(found).startswith("Choose new: the only one of 2 arms that meets the one")
    assert not found.declared


def test_an_open_requirement_is_never_taken_for_a_met_one(made: Any) -> None:
    run = run_of(made, {"old": 0.6, "new": 0.71}, {"old": 0.002, "new": 0.001})
    found = decide(run, spec_of(made))
    assert found is not None
    assert (found.outcome, found.arm) == ("open", None)
    assert nearest_arm(found) == "new"
    assert "open: quality" in headline(found)


def test_each_arm_that_misses_is_named(made: Any) -> None:
    run = run_of(made, {"old": 0.5, "new": 0.55}, {"old": 0.002, "new": 0.001})
    found = decide(run, spec_of(made))
    assert found is not None
    assert found.outcome == "none"
    assert headline(found) == (
        "No recommendation: each arm misses a requirement (old misses quality; new misses quality)."
    )


def test_totals_choose_among_those_that_meet_all(made: Any) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.009, "new": 0.001})
    found = decide(run, spec_of(made))
    assert found is not None
    assert (found.outcome, found.arm) == ("recommended", "new")
    assert set(found.candidates) == {"old", "new"}
    assert found.leads["old"].lo > 0
    assert 0.5 < found.wins["new"] <= 1


def test_totals_that_are_not_separated_are_no_recommendation(made: Any) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made))
    assert found is not None
    assert (found.outcome, found.arm) == ("tied", None)
    assert "do not separate them" in headline(found)


def test_equal_arms_are_seldom_separated(made: Any) -> None:
    """Holm over the candidates: a winner among four that are equal is named in at most 5%."""
    named = 0
    for seed in range(60):
        arms = ["old", "b", "c", "d"]
        scores = {arm: made.coins(200, 0.9, 10 * seed + i) for i, arm in enumerate(arms)}
        run = made.evaluation(scores)
        found = decide(run, DecisionSpec(criteria=(made.criterion("accuracy", 1, 0.5, 1.0),)))
        assert found is not None
        named += found.outcome == "recommended"
    assert named <= 6  # 5% of 60 and two standard errors


def test_arms_that_miss_by_a_hair_seldom_pass(made: Any) -> None:
    """Four arms just below their gate: that any passes is as rare as alpha says."""
    passed = 0
    for seed in range(60):
        arms = ["a", "b", "c", "d"]
        scores = {arm: made.coins(150, 0.7, 100 + 10 * seed + i) for i, arm in enumerate(arms)}
        run = made.evaluation(scores)
        found = decide(run, DecisionSpec(requirements=(made.claim("q", "over 70% accurate"),)))
        assert found is not None
        passed += bool(found.candidates)
    assert passed <= 6  # 5% of 60 and two standard errors


def test_an_arm_compared_with_itself_is_the_measure(made: Any) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made, requirements=(made.claim("q", "as accurate as old"),)))
    assert found is not None
    states = {(cell.arm, cell.state) for cell in found.cells}
    assert ("old", "met") in states


def test_facts_and_attestations_are_gates(made: Any) -> None:
    requirements = (
        Requirement("data", fact="prompts_go_to", accepted=("this machine",)),
        Requirement("region", fact="region", accepted=("EU",)),
        Requirement("paper", attested={"new": Attestation("ISO 27001", "2026-03-01")}),
    )
    run = run_of(
        made,
        {"old": 0.9, "new": 0.9},
        {"old": 0.002, "new": 0.002},
        urls={"old": "https://api.example.com/v1", "new": "http://127.0.0.1:8000/v1"},
    )
    facts = {"new": {"region": "eu", "prompts_go_to": "this machine"}, "old": {"region": "us"}}
    spec = DecisionSpec(requirements=requirements, facts=facts)
    found = decide(run, spec)
    assert found is not None
    states = {(cell.requirement, cell.arm): cell.state for cell in found.cells}
    assert states == {
        ("data", "old"): "missed",
        ("data", "new"): "met",
        ("region", "old"): "missed",
        ("region", "new"): "met",
        ("paper", "old"): "open",
        ("paper", "new"): "met",
    }
    assert (found.outcome, found.arm) == ("recommended", "new")


@pytest.mark.parametrize("stated", [{}, {"new": {"licence": "mit"}}])
def test_what_nobody_states_is_open(made: Any, stated: dict[str, dict[str, str]]) -> None:
    run = run_of(made, {"new": 0.9}, {"new": 0.002})
    requirement = Requirement("licence", fact="licence", accepted=("MIT",))
    found = decide(run, DecisionSpec(requirements=(requirement,), facts=stated))
    assert found is not None
    assert found.outcome == ("alone" if stated else "open")
    assert found.arm is None


def test_an_attestation_that_ended_is_open(made: Any) -> None:
    run = run_of(made, {"new": 0.9}, {"new": 0.002})
    ended = Attestation("ISO 27001", "2024-03-01", until="2025-03-01")
    found = decide(run, DecisionSpec(requirements=(Requirement("p", attested={"new": ended}),)))
    assert found is not None
    assert found.outcome == "open"


def test_an_arm_that_was_not_run_is_never_chosen(made: Any) -> None:
    run = run_of(made, {"old": 0.5}, {"old": 0.002}, not_run={"new": "NEW_KEY is not set"})
    found = decide(run, spec_of(made))
    assert found is not None
    assert found.outcome == "open"
    assert "new (not judged: NEW_KEY is not set)" in headline(found)


@pytest.mark.parametrize(
    ("facts", "allow", "chosen"),
    [
        ({}, [], True),
        ({"unfair": Reason("route_fitted_in_sample", "tuned")}, [], False),
        ({"unfair": Reason("route_fitted_in_sample", "tuned")}, ["route_knows_answers"], False),
        ({"knows": Reason("route_knows_answers", "told")}, [], False),
        ({"knows": Reason("route_knows_answers", "told")}, ["route_knows_answers"], True),
        ({"by_task": {"task": Reason("route_no_signal", "none")}}, [], False),
        ({"by_task": {"task": Reason("route_splits_conversation", "2 of 9")}}, [], False),
    ],
)
def test_a_route_that_no_verdict_rests_on_is_never_chosen(
    made: Any, facts: dict[str, Any], allow: list[str], chosen: bool
) -> None:
    route = RouteFacts(("old",), "said", **facts)
    run = run_of(
        made,
        {"old": 0.6, "new": 0.85},
        {"old": 0.002, "new": 0.001},
        context=ClaimContext(routes={"new": route}, allow=frozenset(allow)),
    )
    for spec in (spec_of(made), spec_of(made, requirements=()), spec_of(made, criteria=())):
        found = decide(run, spec)
        assert found is not None
        assert (found.arm == "new" or "new" in found.candidates) is chosen
        assert ("no verdict rests on it" in found.not_run.get("new", "")) is not chosen


def test_without_criteria_several_are_level(made: Any) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made, criteria=()))
    assert found is not None
    assert found.outcome == "tied"
    assert "no criteria are declared" in headline(found)


def test_unknown_dollars_are_no_total(made: Any) -> None:
    nan = float("nan")
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": nan})
    found = decide(run, spec_of(made))
    assert found is not None
    assert found.outcome == "tied"
    assert re.search(
        r"new has no total \(the dollars of \d+ of \d+ samples are not known\)", headline(found)
    )


def test_contradicting_requirements_recommend_nobody(made: Any) -> None:
    requirements = (
        made.claim("good", "at least 80% accurate"),
        made.claim("bad", "at most 60% accurate"),
    )
    run = run_of(made, {"old": 0.9, "new": 0.5}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made, requirements=requirements))
    assert found is not None
    assert found.outcome == "none"


def test_a_stated_volume_gives_dollars_a_month(made: Any) -> None:
    def bill(usd: float) -> ArmBill:
        return ArmBill(
            usd,
            rises=True,
            total=lambda months, at: months * 1e6 * at,
            paid=lambda months, at: months * 1e6 * at,
            month=lambda at: 1e6 * at,
            interval_at=lambda _alpha: (0.9 * usd, 1.1 * usd),
            rests_on="1,000,000 requests a month",
        )

    context = ClaimContext(bills={"old": bill(0.009), "new": bill(0.001)})
    usd = {"old": 0.009, "new": 0.001}
    run = run_of(made, {"old": 0.9, "new": 0.9}, usd, context=context)
    criteria = (made.criterion("usd_per_month", 1, 10_000, 0),)
    found = decide(run, spec_of(made, criteria=criteria))
    assert found is not None
    assert (found.outcome, found.arm) == ("recommended", "new")
    assert found.totals is not None
    assert found.totals.total("new") == pytest.approx(90)
    assert against_lines(found, "new")[0] == (
        "$1,000 (95%: $900.00 to $1,100) a month instead of $9,000 (95%: $8,100 to $9,900) of old,"
        " $96,000 less a year (1,000,000 requests a month)"
    )


@pytest.mark.parametrize(
    "claim",
    [
        "90% cheaper than old",
        "20 points more accurate than old",
        "10x cheaper than old",
        "more accurate than old",
        "cheaper than old",
    ],
)
def test_no_arm_is_ahead_of_itself(made: Any, claim: str) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made, requirements=(made.claim("ahead", claim),)))
    assert found is not None
    states = {cell.arm: cell.state for cell in found.cells}
    assert states["old"] == "missed"
    assert found.arm is None


@pytest.mark.parametrize(
    "claim",
    ["as accurate as old", "within 3 points of old", "at most 3 points less accurate than old"],
)
def test_an_arm_is_as_good_as_itself(made: Any, claim: str) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.002, "new": 0.002})
    found = decide(run, spec_of(made, requirements=(made.claim("level", claim),)))
    assert found is not None
    assert {cell.arm: cell.state for cell in found.cells}["old"] == "met"


@pytest.mark.parametrize(
    "claim", ["new is at least 60% accurate", "new is as accurate as old", "New: under $2"]
)
def test_a_requirement_that_names_its_arm_is_refused(made: Any, claim: str) -> None:
    run = run_of(
        made, {"old": 0.9, "new": 0.9, "other": 0.9}, dict.fromkeys(("old", "new", "other"), 0.002)
    )
    with pytest.raises(ClaimError):
        decide(run, spec_of(made, requirements=(made.claim("named", claim),)))


def test_a_negated_comparison_is_of_the_arm_it_is_asked_of(made: Any) -> None:
    run = run_of(made, {"old": 0.9, "new": 0.9}, {"old": 0.009, "new": 0.001})
    found = decide(run, spec_of(made, requirements=(made.claim("n", "not dearer than old"),)))
    assert found is not None
    assert {cell.arm: cell.state for cell in found.cells}["new"] == "met"


def test_level_arms_need_no_change_of_weights(made: Any) -> None:
    scores = made.coins(N, 0.9, 1)
    run = made.evaluation({"old": scores, "new": scores})
    found = decide(run, spec_of(made, criteria=(made.criterion("accuracy", 1, 0.5, 1.0),)))
    assert found is not None
    assert wins_line(found) == "old and new have the same total under all weights"
    assert move_line(found) is None


@pytest.mark.parametrize("requirements", [0, 1, 2])
def test_one_arm_alone_is_no_choice(made: Any, requirements: int) -> None:
    run = run_of(made, {"old": 0.9}, {"old": 0.002}, not_run={"new": "no key"})
    gates = (
        made.claim("quality", "at least 70% accurate"),
        made.claim("even more", "at least 89% accurate"),
    )
    found = decide(run, spec_of(made, requirements=gates[:requirements]))
    assert found is not None
    assert (found.outcome, found.arm) == (("alone", None) if requirements < 2 else ("open", None))
    if requirements < 2:
        meets = " and meets the one requirement" if requirements else ""
        assert headline(found) == (
            f"No recommendation: old alone was measured{meets}; there is nothing to choose between."
        )


def test_a_tie_names_the_cheapest_by_bills_where_they_are_known(made: Any) -> None:
    """A machine may cost less a request while it is busy, and more a month."""
    scores = made.coins(N, 0.9, 1)
    usd = {"old": [0.004] * N, "new": [0.002] * N, "own": [0.0001] * N}

    def bill(month: float) -> ArmBill:
        return ArmBill(
            month,
            rises=False,
            total=lambda count, _: month * count,
            paid=lambda count, _: month * count,
            month=lambda _: month,
            interval_at=lambda _: (month, month),
        )

    bills = {"old": bill(4000), "new": bill(2000), "own": bill(3000)}
    context = ClaimContext(volume_stated=True, bills=bills)
    run = made.evaluation(dict.fromkeys(usd, scores), usd=usd, context=context)
    spec = spec_of(made, criteria=(made.criterion("accuracy", 1, 0.5, 1.0),))
    found = decide(run, spec)
    assert found is not None
    assert "(new costs least a month)" in headline(found)
    without = decide(made.evaluation(dict.fromkeys(usd, scores), usd=usd), spec)
    assert without is not None
    assert "(own costs least per request)" in headline(without)


def test_every_arm_without_a_total_is_named_with_its_own_reason(made: Any) -> None:
    nan = float("nan")
    scores = {arm: made.coins(N, 0.9, i) for i, arm in enumerate(("old", "one", "two", "three"))}
    usd = {arm: [0.002] * N for arm in scores}
    usd["one"] = [nan] * N
    usd["two"] = [nan] * N
    usd["three"] = [nan] + [0.002] * (N - 1)
    found = decide(made.evaluation(scores, usd=usd), spec_of(made))
    assert found is not None
    said = headline(found)
    assert "one and two have no total (the dollars of 400 of 400 samples are not known)" in said
    assert "three has no total (the dollars of 1 of 400 samples are not known)" in said


def test_an_arm_that_answered_nothing_is_the_reason_of_itself_alone(made: Any) -> None:
    scores = {"old": made.coins(N, 0.9, 0), "new": [float("nan")] * N}
    usd = {"old": [0.002] * N, "new": [0.0] * N}
    spec = spec_of(made, requirements=())
    found = decide(made.evaluation(scores, usd=usd), spec)
    assert found is not None
    assert found.outcome == "tied"
    assert "new has no total (it has no score)" in headline(found)
    assert found.totals is not None
    assert found.totals.total("old") is not None
    assert found.totals.items_of(0) == N


def stopped(made: Any, arms: dict[str, float], measured: int) -> Any:
    """A run in which the arm ``cut`` was measured on few samples alone."""
    nan = float("nan")
    scores = {arm: made.coins(N, share, i) for i, (arm, share) in enumerate(arms.items())}
    scores["cut"] = [1.0] * measured + [nan] * (N - measured)
    usd = {arm: [0.002] * N for arm in arms} | {"cut": [0.002] * measured + [nan] * (N - measured)}
    done = (np.arange(N) < measured).astype(np.int64)
    seconds = {arm: [1.0] * N for arm in arms} | {"cut": [9.0] * measured + [nan] * (N - measured)}
    spent = {"n_finished": done, "n_errors": np.zeros(N, dtype=np.int64)}
    return made.evaluation(scores, usd=usd, e2e_s=seconds, arms={"cut": spent})


@pytest.mark.parametrize(
    "metric", ["accuracy", "usd_per_1k", "success_rate", "e2e_p50_s", "e2e_p95_s"]
)
@pytest.mark.parametrize("measured", [0, 10, 200])
def test_an_arm_that_is_out_takes_no_samples_from_the_others(
    made: Any, metric: str, measured: int
) -> None:
    run = stopped(made, {"old": 0.6, "new": 0.95}, max(measured, 1))
    if measured == 0:
        run.items.arms["cut"].score[:] = float("nan")
        run.items.arms["cut"].n_finished[1:] = 0
    licence = Requirement("licence", fact="licence", accepted=("mit",))
    facts = {"old": {"licence": "mit"}, "new": {"licence": "mit"}, "cut": {"licence": "none"}}
    higher = metric in ("accuracy", "success_rate")
    criterion = made.criterion(metric, 1, *((0.0, 1.0) if higher else (10.0, 0.0)))
    spec = DecisionSpec(requirements=(licence,), criteria=(criterion,), facts=facts)
    found = decide(run, spec)
    assert found is not None
    assert found.candidates == ("old", "new")
    assert found.totals is not None
    assert found.totals.items_of(0) == N
    assert found.totals.total("old") is not None
    assert found.totals.total("new") is not None
    if metric == "accuracy":
        assert (found.outcome, found.arm) == ("recommended", "new")
