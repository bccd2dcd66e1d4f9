"""A recommendation has to stand in every other way to count the same run, as verdicts have to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims.types import ClaimContext
from claimbench.decision.as_json import decision_json
from claimbench.decision.choose import Decision, decide
from claimbench.decision.words import headline
from claimbench.types import DecisionSpec

N = 200


def times(seconds: float, seed: int) -> np.ndarray:
    return seconds * np.random.default_rng(seed).lognormal(0, 0.05, N)


def decided(
    made: Any,
    seconds: dict[str, float],
    metric: str = "e2e_p50_s",
    *,
    context: ClaimContext | None = None,
    calls: dict[str, Any] | None = None,
) -> Decision:
    """A decision by one time alone; scores are the same."""
    took = {arm: times(one, i) for i, (arm, one) in enumerate(seconds.items())}
    column = "ttft_s" if metric.startswith("ttft") else "e2e_s"
    scores = dict.fromkeys(seconds, [1.0] * N)
    sent = dict.fromkeys(seconds, 61.0 * np.arange(N))
    evaluation = made.evaluation(
        scores, context=context, calls=calls, **{column: took, "sent_utc_s": sent}
    )
    spec = DecisionSpec(criteria=(made.criterion(metric, 1, 6.0, 0.0),))
    found = decide(evaluation, spec)
    assert found is not None
    return found


def ones(value: float) -> np.ndarray:
    return np.full(N, value)


@pytest.mark.parametrize("metric", ["e2e_p50_s", "e2e_p95_s", "ttft_p50_s", "ttft_p95_s"])
def test_without_another_way_the_faster_arm_is_recommended(made: Any, metric: str) -> None:
    found = decided(made, {"fast": 0.5, "slow": 0.8}, metric)
    assert (found.outcome, found.arm) == ("recommended", "fast")
    assert found.otherwise is None


WAYS = {
    "refuses first": (
        "e2e_p50_s",
        {"n_attempts": np.full(N, 2), "e2e_with_retries_s": times(0.5, 0) + 2.5},
        "by the whole wait slow (fast: 200 of 200 calls retried)",
    ),
    "refuses first, by its first token": (
        "ttft_p50_s",
        {
            "n_attempts": np.full(N, 2),
            "e2e_s": ones(1.0),
            "e2e_with_retries_s": ones(3.5),
        },
        "by the whole wait slow",
    ),
    "opens a connection for each call": (
        "e2e_p50_s",
        {"opened_s": ones(1.0)},
        "by the wait for connections too slow (fast: 200 of 200 calls opened a connection",
    ),
    "sends a dot of reasoning first": (
        "ttft_p50_s",
        {"first_answer_s": ones(4.0), "stamp_source": np.full(N, "transport")},
        "by the first of the answer slow (fast: 200 of 200 calls reasoned first)",
    ),
    "a few slow first attempts": (
        "e2e_p95_s",
        {
            "n_attempts": np.where(np.arange(N) % 5 == 0, 2, 1),
            "e2e_with_retries_s": times(0.5, 0) + np.where(np.arange(N) % 5 == 0, 3.0, 0.0),
        },
        "by the whole wait slow",
    ),
}


@pytest.mark.parametrize("name", list(WAYS))
def test_a_lead_that_another_way_to_count_takes_is_no_recommendation(made: Any, name: str) -> None:
    metric, fast, said = WAYS[name]
    found = decided(made, {"fast": 0.5, "slow": 0.8}, metric, calls={"fast": fast})
    assert (found.outcome, found.arm) == ("tied", None)
    assert "it would be fast, " in headline(found)
    assert said in headline(found)
    told: Any = decision_json(found)["otherwise"]
    assert (told["usual_choose"], told["choose"]) == ("fast", "slow")


@pytest.mark.parametrize("name", list(WAYS))
def test_a_lead_that_stands_in_the_other_way_too_is_one(made: Any, name: str) -> None:
    metric, fast, _ = WAYS[name]
    found = decided(made, {"fast": 0.5, "slow": 5.5}, metric, calls={"fast": fast})
    assert (found.outcome, found.arm) == ("recommended", "fast")


PROFILES = {
    "concurrency": ({"concurrency": 1}, {"concurrency": 8}, "load differs: concurrency is 1"),
    "answer constraint": (
        {"answer_constraint": "grammar"},
        {"answer_constraint": "none"},
        "answer_constraint is 'grammar' for fast",
    ),
    "host of the client": ({"client_host": ["a"]}, {"client_host": ["b"]}, "client_host is"),
    "sampling": ({"sampling": {"seed": 1}}, {"sampling": {"seed": 2}}, "sampling is"),
}


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("name", list(PROFILES))
def test_what_the_gate_forbids_counts_against_the_leader(
    made: Any, name: str, allowed: bool
) -> None:
    one, two, said = PROFILES[name]
    allow = frozenset({"load", "answer_constraint", "client_host", "sampling"})
    context = ClaimContext(
        profiles={"fast": one, "slow": two}, allow=allow if allowed else frozenset()
    )
    found = decided(made, {"fast": 0.5, "slow": 0.8}, context=context)
    assert found.outcome == ("recommended" if allowed else "tied")
    if not allowed:
        assert "cannot be compared" in headline(found)
        assert said in headline(found)
        assert "to allow it: `allow: [" in headline(found)


CALLS = {
    "a prefix cache": (
        {"fast": {"n_in": ones(100), "cache_read": ones(90)}},
        {"slow": {"n_in": ones(100), "cache_read": ones(0)}},
        "cache_share",
    ),
    "other nodes": (
        {"fast": {"node_type": np.full(N, "h100")}},
        {"slow": {"node_type": np.full(N, "cpu")}},
        "node_type",
    ),
    "other hours": ({"fast": {"sent_utc_s": np.arange(N) + 1e6}}, {}, "not measured at the same"),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_so_does_what_the_calls_show(made: Any, name: str) -> None:
    one, two, said = CALLS[name]
    found = decided(made, {"fast": 0.5, "slow": 0.8}, calls={**one, **two})
    assert found.outcome == "tied"
    assert said in headline(found)


def test_a_criterion_that_cannot_be_compared_may_not_decide(made: Any) -> None:
    """With little weight it is counted against the leader, whose lead stands even so."""
    took = {"fast": times(0.5, 0), "slow": times(0.8, 1)}
    scores = {"fast": made.coins(N, 0.95, 2), "slow": made.coins(N, 0.5, 3)}
    context = ClaimContext(profiles={"fast": {"concurrency": 1}, "slow": {"concurrency": 8}})
    evaluation = made.evaluation(scores, e2e_s=took, context=context)
    outcomes = []
    for weight in (1, 300):
        criteria = (
            made.criterion("accuracy", 100, 0.0, 1.0),
            made.criterion("e2e_p50_s", weight, 6.0, 0.0),
        )
        found = decide(evaluation, DecisionSpec(criteria=criteria))
        assert found is not None
        outcomes.append(found.outcome)
    assert outcomes == ["recommended", "tied"]


@pytest.mark.parametrize(("lost", "outcome"), [(0, "recommended"), (6, "tied"), (30, "tied")])
def test_failed_calls_are_filled_against_the_leader(made: Any, lost: int, outcome: str) -> None:
    right = [1.0] * 186 + [0.0] * 14
    scores = {
        "a": [float("nan")] * lost + right[lost:],
        "b": [1.0] * 174 + [0.0] * 26,
    }
    found = decide(
        made.evaluation(scores), DecisionSpec(criteria=(made.criterion("accuracy", 1, 0.0, 1.0),))
    )
    assert found is not None
    assert found.outcome == outcome


@pytest.mark.parametrize("n", [2, 5, 19])
def test_few_samples_recommend_nobody(made: Any, n: int) -> None:
    evaluation = made.evaluation({"a": [1.0] * n, "b": [0.0] * n})
    spec = DecisionSpec(criteria=(made.criterion("accuracy", 1, 0.0, 1.0),))
    found = decide(evaluation, spec)
    assert found is not None
    assert (found.outcome, found.arm) == ("tied", None)
    assert "too few items" in headline(found) or "do not separate" in headline(found)


def test_ways_that_stand_alone_have_to_stand_together(made: Any) -> None:
    """Dollars at prices, and whole waits, each leave the lead; both together turn it."""
    usd = {"fast": ones(0.001), "slow": ones(0.004)}
    priced = {"priced": ones(0.003), "priced_low": ones(0.003), "priced_high": ones(0.003)}
    arms = {"fast": priced}
    waits = {"n_attempts": np.full(N, 2), "e2e_with_retries_s": times(0.5, 0) + 0.55}
    evaluation = made.evaluation(
        dict.fromkeys(usd, [1.0] * N),
        usd=usd,
        e2e_s={"fast": times(0.5, 0), "slow": times(0.8, 1)},
        arms=arms,
        calls={"fast": {**waits, **priced}},
    )
    criteria = (made.criterion("usd_per_1k", 1, 5.0, 0.0), made.criterion("e2e_p50_s", 1, 1.2, 0.0))
    found = decide(evaluation, DecisionSpec(criteria=criteria))
    assert found is not None
    assert found.outcome == "tied"
    assert "all ways together" in headline(found)
