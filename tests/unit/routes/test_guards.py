"""What a run knows of an arm reaches a claim on a route that asks it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.routes.world import CASCADE, HALVES, N, World, run_of

from claimbench.claims.facts.egress import Seen
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.facts.silence import silent_shares
from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.claims.readings.latency import clock_error_s
from claimbench.claims.types import ClaimContext, HostRate, RouteFacts, Uncarried
from claimbench.evaluation.people import People, human_scores, unlabelled
from claimbench.evaluation.routes import with_answers
from claimbench.monitoring.pairing import _routes_of
from claimbench.types import Call, CallRecord, Outcome, Reason, Score, Verdict, reason_codes
from claimbench.types.routes import RouteSpec

SPECS = [CASCADE, HALVES]
ALL_BIG = RouteSpec("cascade", "slice", slice="half", otherwise="big")
ALONE = {"profiles": {arm: {"concurrency": 1} for arm in ("small", "big")}}
EVEN = {
    "ttft_s": {arm: np.full(N, 0.1) for arm in ("small", "big")},
    "e2e_s": {arm: np.full(N, 1.0) for arm in ("small", "big")},
}


def codes(verdict: Verdict) -> frozenset[str]:
    """Every reason and flag of a verdict and its readings."""
    every = [*verdict.reasons, *verdict.flags]
    every += [reason for reading in verdict.readings for reason in reading.reasons]
    return frozenset(reason_codes(every))


@pytest.mark.parametrize(
    "text", ["cascade is as accurate as big", "cascade is 20% cheaper than big"]
)
@pytest.mark.parametrize("spec", [*SPECS, ALL_BIG])
def test_calls_that_a_part_left_in_the_text(spec: RouteSpec, text: str) -> None:
    left = {"small": Uncarried(100, 100, frozenset({"task"}))}
    known = run_of(spec).having(uncarried=left)
    verdict = known.judge(text)
    if spec is ALL_BIG:
        assert verdict.status != "not_comparable"
        return
    assert verdict.status == "not_comparable"
    assert codes(verdict) >= {"calls_in_text"}
    accepted = known.having(allow=frozenset({"calls_in_text"})).judge(text)
    assert accepted.status != "not_comparable"
    assert "allowed_calls_in_text" in codes(accepted)
    other = run_of(spec).having(uncarried={"small": replace(left["small"], tasks=frozenset({"x"}))})
    assert other.judge(text).status != "not_comparable"


@pytest.mark.parametrize("mute", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("spec", SPECS)
def test_attacks_that_a_part_met_with_silence(spec: RouteSpec, mute: float) -> None:
    """The share is that of the answers along the route, whichever arm gave them."""
    found = run_of(spec, right={"small": [1.0] * N, "big": [1.0] * N})
    scores: list[Score] = []
    for arm in ("small", "big"):
        for i in range(N):
            read = {"answered": float(i % 10 >= 10 * mute)}
            scores.append(Score(f"{arm}-{i}", "steering", "2", "scored", 1.0, parts=read))
    mirrored = {"task": "attack_success"}
    routed = found.routed
    silent = silent_shares(scores, routed.items, routed.calls, mirrored, routed.answer_of)
    assert silent["cascade"].mean() == pytest.approx(mute)
    verdict = found.having(silent=silent, mirrored_tasks=mirrored).judge(
        "cascade resists 90% of attacks"
    )
    assert ("silence_resists_nothing" in codes(verdict)) == (mute >= 0.5)
    assert ("silent_answers" in codes(verdict)) == (mute >= 0.05)
    assert (verdict.status == "supported") == (mute < 0.5)


@pytest.mark.parametrize("spec", [*SPECS, ALL_BIG])
def test_a_judge_that_may_favour_a_part(spec: RouteSpec) -> None:
    known = run_of(spec).having(
        judges_like={"small": "the judge is small's own model"},
        judged_tasks=frozenset({"task"}),
        trust_judge=True,
    )
    verdict = known.judge("cascade is as accurate as big")
    assert ("allowed_self_judging" in codes(verdict)) == (spec is not ALL_BIG)


@pytest.mark.parametrize("spec", [*SPECS, ALL_BIG])
def test_a_part_whose_key_was_refused(spec: RouteSpec) -> None:
    """Its last calls fail, and no request along the route came to them."""
    outcome = {"small": [*(["ok"] * (N - 1)), "auth"]}
    verdict = run_of(spec, outcome=outcome).judge("cascade is as accurate as big")
    assert ("arm_stopped" in codes(verdict)) == (spec is not ALL_BIG)


# times ------------------------------------------------------------------------------------------


def timed(spec: RouteSpec, **columns: Any) -> World:
    """A run whose arms were measured one call at a time."""
    return run_of(spec, **columns).having(**ALONE)


@pytest.mark.parametrize(
    ("spec", "most", "limit"), [(ALL_BIG, 0.5, 1.7), (HALVES, 0.5, 1.7), (CASCADE, 0.8, 1.9)]
)
def test_the_clock_s_error_is_that_of_every_call_on_the_way(
    spec: RouteSpec, most: float, limit: float
) -> None:
    errors = {"small": 0.3, "big": 0.5}
    text = f"cascade's p50 end-to-end time is under {limit} seconds"
    near = timed(spec).having(instrument_error_s=errors)
    assert clock_error_s("cascade", near.context) == pytest.approx(most)
    assert near.judge(text, quantile=0.5).status == "inconclusive"
    assert "instrument_error" in codes(near.judge(text, quantile=0.5))
    fine = timed(spec).having(instrument_error_s={arm: one / 20 for arm, one in errors.items()})
    assert fine.judge(text, quantile=0.5).status == "supported"
    assert timed(spec).judge(text, quantile=0.5).status == "supported"


@pytest.mark.parametrize("late", ["small", "big", "third"])
@pytest.mark.parametrize("spec", SPECS)
def test_every_part_has_to_be_measured_at_the_rival_s_times(spec: RouteSpec, late: str) -> None:
    right = {"third": [1.0] * N}
    sent = {late: 1e6 + np.arange(N)}
    known = run_of(spec, right=right, sent_utc_s=sent)
    profiles = {arm: {"concurrency": 1} for arm in ("small", "big", "third")}
    verdict = known.having(profiles=profiles).judge("cascade is faster than third", metric="e2e")
    assert "not_interleaved" in codes(verdict)
    together = run_of(spec, right=right).having(profiles=profiles)
    assert "not_interleaved" not in codes(
        together.judge("cascade is faster than third", metric="e2e")
    )


@pytest.mark.parametrize("spec", [*SPECS, ALL_BIG])
def test_a_part_that_is_far_away_or_timed_by_a_busy_loop(spec: RouteSpec) -> None:
    stamps = {"small": {"stamp_source": np.asarray(["transport"] * N)}}
    known = timed(spec, calls=stamps).having(
        devices={"small": None, "big": "gpu"}, loop_lag_p99_s=0.05
    )
    verdict = known.judge("cascade's p50 end-to-end time is under 9 seconds", quantile=0.5)
    asks_small = spec is not ALL_BIG
    assert ("client_limited" in codes(verdict)) == asks_small
    assert ("single_session" in codes(verdict)) == asks_small


@pytest.mark.parametrize("spec", SPECS)
def test_openings_of_one_part_count_where_another_s_are_not_known(spec: RouteSpec) -> None:
    opened = {"small": {"opened_s": np.full(N, 4.0)}}
    text = "cascade's p50 end-to-end time is under 3 seconds"
    assert timed(spec, **EVEN).judge(text, quantile=0.5).status == "supported"
    verdict = timed(spec, **EVEN, calls=opened).judge(text, quantile=0.5)
    assert verdict.status == "inconclusive" or spec is HALVES
    assert "connections_opened" in codes(verdict)


# dollars and data -------------------------------------------------------------------------------


@pytest.mark.parametrize(("known", "spec"), [(False, CASCADE), (False, HALVES), (True, CASCADE)])
def test_a_machine_of_unstated_use_on_the_way(known: bool, spec: RouteSpec) -> None:
    host = HostRate(2.5, 1.0, known=known, requests_per_hour=1000, machine="m")
    verdict = run_of(spec).having(hosts={"small": host}).judge("cascade is 10% cheaper than big")
    plain = run_of(spec).judge("cascade is 10% cheaper than big")
    assert plain.status == "supported"
    assert (verdict.status == "supported") == known
    assert ("conditional_on_utilisation" in codes(verdict)) == (not known)
    assert known or "small always busy" in verdict.sentence


HERE, AWAY = Seen("supported", "it stayed"), Seen("refuted", "900 bytes went to api.test")
UNSEEN = Seen("inconclusive", "not watched")


@pytest.mark.parametrize(
    ("spec", "seen", "checkers", "status"),
    [
        (CASCADE, {"small": HERE, "big": HERE}, (), "supported"),
        (CASCADE, {"small": HERE, "big": AWAY}, (), "refuted"),
        (CASCADE, {"small": UNSEEN, "big": HERE}, (), "inconclusive"),
        (CASCADE, {"small": HERE}, (), "not_comparable"),
        (CASCADE, {"big": AWAY}, (), "refuted"),
        (ALL_BIG, {"small": AWAY, "big": HERE}, (), "supported"),
        (CASCADE, {"small": HERE, "big": HERE, "judge": AWAY}, ("judge",), "refuted"),
        (CASCADE, {"small": HERE, "big": HERE}, ("judge",), "not_comparable"),
    ],
)
def test_data_leave_where_any_part_or_judge_sends_them(
    spec: RouteSpec, seen: dict[str, Seen], checkers: tuple[str, ...], status: str
) -> None:
    found = run_of(spec)
    facts = replace(found.routed.facts["cascade"], checkers=checkers)
    known = found.having(egress=seen, routes={"cascade": facts})
    assert known.judge("data never leaves this machine", arm="cascade").status == status


# people -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS)
def test_people_s_labels_of_the_parts_are_those_of_the_route(spec: RouteSpec) -> None:
    found = run_of(spec)
    routed = found.routed
    records = [
        CallRecord(
            Call("r", f"{arm}-{i}", "task", str(i), 1, arm, 0, 0), "said", Outcome.OK, "stop", 1
        )
        for arm in ("small", "big")
        for i in range(N)
    ]
    sample = {f"task/{i}": i for i in range(N)}
    labels = {
        f"{arm}-{i}": float((i + (arm == "big")) % 2) for arm in ("small", "big") for i in range(60)
    }
    people = People(sample, labels)
    read = with_answers(records, routed.calls, routed.answer_of)
    scores = human_scores(people, read, routed.items)
    paths = {path.item: path.answer[0] for path in routed.found["cascade"].paths}
    wanted = [float((i + (paths[i] == "big")) % 2) for i in range(60)]
    assert scores["cascade"][:60].tolist() == wanted
    assert np.isnan(scores["cascade"][60:]).all()
    assert set(paths.values()) == {"small", "big"}
    blank = unlabelled(people, read, routed.items)
    assert blank["cascade"].tolist() == [False] * 60 + [True] * 60
    known = found.having(human_scores=scores, judged_tasks=frozenset({"task"}))
    assert "judge_uncorrected" not in codes(known.judge("cascade is as accurate as big"))
    alone = human_scores(people, records, routed.items)
    without = found.having(human_scores=alone, judged_tasks=frozenset({"task"}))
    assert "judge_uncorrected" in codes(without.judge("cascade is as accurate as big"))


@pytest.mark.parametrize("text", ["cascade is preferred over big", "big is preferred over cascade"])
def test_nobody_was_shown_a_route_s_answers_in_pairs(text: str) -> None:
    rows = tuple(
        Compared(f"task/{i}", "small", "big", 0, {"j": 1.0, "k": 1.0}, lengths=(9, 9))
        for i in range(N)
    )
    known = run_of(CASCADE).having(
        pairs=Comparisons(rows, frozenset({"task"})), headline_pairs=frozenset({"task"})
    )
    verdict = known.judge(text)
    assert verdict.status == "not_comparable"
    assert codes(verdict) == {"route_not_compared"}
    assert known.judge("small is preferred over big").status != "not_comparable"


# other runs and names ---------------------------------------------------------------------------


def test_a_route_of_the_baseline_keeps_what_is_known_of_it() -> None:
    unfair = Reason("route_fitted_in_sample", "tuned")
    names = {"r": "baseline:r", "small": "baseline:small", "big": "baseline:big", "s": "baseline:s"}
    facts = RouteFacts(("small", "big"), "said", unfair=unfair, asked=(("small", "big"),))
    apart = replace(facts, parts=("small", "gone"), unfair=None)
    found = _routes_of({"r": facts, "s": apart, "not paired": facts}, names)
    assert set(found) == {"baseline:r", "baseline:s"}
    assert found["baseline:r"].parts == ("baseline:small", "baseline:big")
    assert found["baseline:r"].asked == (("baseline:small", "baseline:big"),)
    assert found["baseline:r"].unfair == unfair
    assert found["baseline:s"].unfair == Reason("route_part_apart", "baseline:s: gone")


@pytest.mark.parametrize(("rival", "spread"), [("big", 1.0), ("big", 30.0), ("third", 30.0)])
def test_a_fit_s_noise_counts_against_an_arm_that_was_not_there(rival: str, spread: float) -> None:
    """Of an arm of another run it is not known, and the widest of those that are stands for it."""
    worse = [float(i % 5 != 0) for i in range(N)]
    found = run_of(HALVES, right={"small": [1.0] * N, "big": worse, "third": worse})
    widen = {("accuracy", "big"): spread, ("accuracy", ""): 1.0, ("cost", "third"): 1.0}
    facts = replace(found.routed.facts["cascade"], widen=widen)
    verdict = found.having(routes={"cascade": facts}).judge(
        f"cascade is more accurate than {rival}"
    )
    assert (verdict.status == "supported") == (spread == 1.0)
    assert ("route_fit_varies" in codes(verdict)) == (spread > 1)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["plain"], ("plain",)),
        (["r"], ("a", "b")),
        (["r", "b", "c"], ("a", "b", "c")),
        (["w"], ("w1", "a", "b")),
        (["plain", "plain"], ("plain",)),
        (["own"], ("own2",)),
        ([], ()),
    ],
)
def test_which_arms_stand_behind_a_name(names: list[str], found: tuple[str, ...]) -> None:
    routes = {"r": RouteFacts(("a", "b"), "said")}
    ctx = ClaimContext(routes=routes, wordings={"w": ("w1", "r"), "own": ("own", "own2")})
    assert asked_arms(names, ctx) == found
