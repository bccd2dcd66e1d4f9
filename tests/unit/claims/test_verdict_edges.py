"""The gate key by key, and every row of the edge-case table of the method: status, reason code,
flag.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims import gate
from claimbench.claims.readings.rules import rules
from claimbench.claims.verdicts import (
    ClaimContext,
    HostRate,
    ListPrice,
    context_of,
    decide_claims,
    parse_claim,
)
from claimbench.claims.words import REASONS
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Arm,
    BudgetSpec,
    ClaimSpec,
    ErrorPolicy,
    LoadSpec,
    Manifest,
    Message,
    Sample,
    SamplingParams,
    Session,
    Suite,
    Task,
    Verdict,
)

ARMS = (Arm("A", "p", "ma", weights="open"), Arm("B", "p", "mb", weights="proprietary"))
N = 240
RNG = np.random.default_rng(7)
NOISE = RNG.lognormal(0, 0.2, N)
GOOD = (RNG.random(N) < 0.85).astype(float)
POOR = np.where(RNG.random(N) < 0.9, GOOD, 1 - GOOD) * (RNG.random(N) < 0.8)
SCORES = {"A": GOOD, "B": POOR}
USD = {"A": 0.0001 * NOISE, "B": 0.003 * NOISE[::-1]}
FAST = {"A": 0.2 * NOISE, "B": 0.5 * NOISE[::-1]}
SPREAD = {"A": np.arange(N) * 4.0, "B": np.arange(N) * 4.0 + 1}


def run(
    text: str,
    context: ClaimContext | None = None,
    raw: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Verdict:
    defaults: dict[str, Any] = {"usd": USD, "ttft_s": FAST, "sent_utc_s": SPREAD}
    scores = columns.pop("scores", SCORES)
    items, calls = tables_from_arrays(scores, **{**defaults, **columns})
    claim = parse_claim(ClaimSpec("c", text, None, dict(raw or {})), ARMS, ())
    verdict = decide_claims([claim], items, calls, context)[0]
    known = {*REASONS, *gate.MUST_MATCH, *gate.MUST_MATCH_LATENCY, *gate.LIMITS}
    for reason in (
        *verdict.reasons,
        *verdict.flags,
        *(x for r in verdict.readings for x in r.reasons),
    ):
        # every code has its words
        assert reason.code in known or reason.code.startswith("allowed_")
    assert "nan" not in verdict.sentence.split()
    return verdict


def codes(verdict: Verdict) -> set[str]:
    return {r.code for r in verdict.reasons}


def flags(verdict: Verdict) -> set[str]:
    return {f.code for f in verdict.flags}


BETTER, CHEAPER, FASTER = (
    "A is more accurate than B",
    "A is 90% cheaper than B",
    "A is faster than B",
)


def test_where_hall_accepts_again_beyond_its_interval_nothing_is_decided() -> None:
    rng, group = (
        np.random.default_rng(100),
        np.arange(24) % 7,
    )  # one of the groups carries most of A's dollars
    usd_a = 0.3 * rng.lognormal(0, 0.3, 7)[group]
    usd_b = 0.7 * usd_a + 0.3 * rng.lognormal(0, 0.3, 7)[group]
    v = run(
        CHEAPER,
        scores={"A": np.ones(24), "B": np.ones(24)},
        usd={"A": usd_a, "B": usd_b},
        ttft_s=None,
        sent_utc_s={"A": np.arange(24) * 4.0, "B": np.arange(24) * 4.0 + 1},
        cluster=[str(g) for g in group],
    )
    reading = v.readings[0]
    assert reading.estimate is not None
    assert reading.estimate.low > 0.3, "by the interval alone 90% cheaper would be refuted"
    assert reading.p is not None
    assert reading.p > 0.15
    assert (reading.name, reading.status) == ("per_request", "inconclusive")
    assert v.status == "inconclusive"
    assert "test_disagrees" in codes(v)


def test_the_ordinary_case_is_supported() -> None:
    assert [run(t).status for t in (BETTER, CHEAPER, FASTER)] == ["supported"] * 3


# --- the gate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [
    "measured_sha256", "epochs", "error_policy", "sampling", "reasoning_effort", "answer_constraint", "load",
])  # fmt: skip
@pytest.mark.parametrize("text", [BETTER, CHEAPER, FASTER])
def test_gate_keys_must_match(key: str, text: str) -> None:
    profiles = {"A": {key: "one"}, "B": {key: "two"}}
    v = run(text, ClaimContext(profiles=profiles))
    assert (v.status, codes(v), v.readings) == ("not_comparable", {key}, ())
    assert "'one' for A and 'two' for B" in v.sentence
    assert (
        run(text, ClaimContext(profiles={"A": {key: "one"}, "B": {key: "one"}})).status
        == "supported"
    )


@pytest.mark.parametrize(("key", "code"), [("client_host", "client_host"), ("concurrency", "load")])
def test_gate_keys_of_latency_only(key: str, code: str) -> None:
    context = ClaimContext(profiles={"A": {key: 1}, "B": {key: 4}})
    assert codes(run(FASTER, context)) == {code}
    assert run(BETTER, context).status == "supported"


def test_an_allowed_difference_is_printed() -> None:
    context = ClaimContext(
        profiles={"A": {"answer_constraint": "grammar"}, "B": {"answer_constraint": "json_schema"}},
        allow=frozenset({"answer_constraint"}),
    )
    v = run(BETTER, context)
    assert v.status == "supported"
    assert flags(v) == {"allowed_answer_constraint"}


def test_the_measured_suite_can_never_be_allowed_to_differ() -> None:
    context = ClaimContext(
        profiles={"A": {"measured_sha256": 1}}, allow=frozenset({"measured_sha256"})
    )
    assert run(BETTER, context).status == "not_comparable"


@pytest.mark.parametrize(("outcome", "share", "limit", "key"), [
    ("truncated", 0.05, 0.02, "truncation"), ("refused", 0.10, 0.05, "refusal"),
])  # fmt: skip
def test_gate_limits(outcome: str, share: float, limit: float, key: str) -> None:
    def with_share(part: float) -> Verdict:
        n = round(part * N)
        return run(CHEAPER, outcome={"A": [outcome] * n + ["ok"] * (N - n)})

    v = with_share(share)
    assert codes(v) == {key}
    assert f"limit {limit * 100:g} points" in v.sentence
    assert with_share(limit - 0.01).status == "supported"


def test_gate_limit_of_the_prefix_cache_is_for_cost_and_latency() -> None:
    calls = {
        "A": {"n_in": np.full(N, 100.0), "cache_read": np.full(N, 60.0)},
        "B": {"n_in": np.full(N, 100.0), "cache_read": np.full(N, 10.0)},
    }
    assert [codes(run(t, calls=calls)) for t in (CHEAPER, FASTER)] == [{"cache_share"}] * 2
    assert run(BETTER, calls=calls).status == "supported"
    del calls["B"]  # unknown is not 0: without both shares there is nothing to compare
    assert run(CHEAPER, calls=calls).status == "supported"


def test_an_arm_that_was_not_run_is_not_comparable_and_keeps_its_projection() -> None:
    context = ClaimContext(
        arms_not_run={"B": "OPENAI_API_KEY is not set"}, projections={"c": {"ratio": 0.08}}
    )
    v = run(CHEAPER, context, scores={"A": GOOD})
    assert (v.status, codes(v)) == ("not_comparable", {"arm_not_measured"})
    assert v.projected == {"ratio": 0.08}
    assert "OPENAI_API_KEY" in v.sentence


@pytest.mark.parametrize("fatal", ["auth", "bad_request", "context_overflow"])
def test_a_stopped_arm_is_not_comparable(fatal: str) -> None:
    assert codes(run(BETTER, outcome={"B": [fatal] * N})) == {"arm_stopped"}
    beside = codes(run(BETTER, outcome={"B": [fatal] + ["ok"] * (N - 1)}))
    assert ("arm_stopped" in beside) is (fatal == "auth")  # the others are one sample's fault


def test_unknown_price_is_not_comparable_but_other_claims_stand() -> None:
    usd = {"A": USD["A"], "B": np.full(N, math.nan)}
    v = run(CHEAPER, usd=usd, arms={"B": {"cost_why_unknown": ("no price for mb",)}})
    assert (v.status, codes(v)) == ("not_comparable", {"price_unknown"})
    assert "no price for mb" in v.sentence
    assert run(BETTER, usd=usd).status == "supported"


def test_two_currencies_do_not_compare() -> None:
    money = {"A": {"currencies": ("CNY",)}, "B": {"currencies": ("USD",)}}
    assert codes(run(CHEAPER, arms=money)) == {"currency"}


def test_what_no_run_can_measure() -> None:
    v = run("four of the top five trending models")
    assert (v.status, codes(v)) == ("not_comparable", {"not_a_model_measurement"})


@pytest.mark.parametrize("text", ["A is good", "A is cheap"])
def test_adjectives_without_a_limit(text: str) -> None:
    assert codes(run(text)) == {"not_testable_as_stated"}


# --- section 9 ------------------------------------------------------------------------------------


def test_failures_of_the_model_count_as_wrong_with_a_sensitivity_line() -> None:
    n = 4
    outcome = {"A": ["refused"] * n + ["ok"] * (N - n)}
    v = run(BETTER, outcome=outcome, scores={"A": np.r_[np.zeros(n), np.ones(N - n)], "B": POOR})
    assert v.readings[0].sensitivity["without_refusals"] == "supported"


def with_missing(arm: str, n: int, good: np.ndarray, poor: np.ndarray) -> dict[str, np.ndarray]:
    scores = {"A": good.copy(), "B": poor.copy()}
    scores[arm][:n] = math.nan
    return scores


def test_missing_pairs_are_dropped_and_a_fragile_verdict_is_withdrawn() -> None:
    good, poor = np.ones(N), np.ones(N)
    poor[:12] = 0.0  # five points: decided, but not if the missing ones went the other way
    few = run(BETTER, scores=with_missing("B", 1, good, poor[::-1]))
    assert (few.status, few.readings[0].sensitivity["worst_case_missing"]) == (
        "supported",
        "supported",
    )
    assert "missing_sensitive" not in codes(few)
    fragile = run(BETTER, scores=with_missing("A", 10, good, poor[::-1]))
    assert (fragile.status, codes(fragile)) == ("inconclusive", {"missing_sensitive"})
    assert "could overturn it" in fragile.sentence


def test_above_5_percent_missing_nothing_is_supported() -> None:
    good = np.ones(N)
    v = run(BETTER, scores=with_missing("A", 20, good, np.zeros(N)))
    assert (v.status, codes(v)) == ("inconclusive", {"too_many_missing"})
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.n == N - 20
    robust = run("B is more accurate than A", scores=with_missing("A", 20, good, np.zeros(N)))
    assert robust.status == "refuted"  # whatever A's missing calls would have been


def test_all_requests_failed() -> None:
    lost = {"A": np.full(N, math.nan), "B": POOR}
    empty = {"A": np.full(N, math.nan), "B": FAST["B"]}
    v = run(BETTER, scores=lost)
    assert (v.status, codes(v)) == ("inconclusive", {"no_valid_data"})
    assert codes(run(FASTER, scores=lost, ttft_s=empty)) == {"no_valid_data"}
    assert codes(run(CHEAPER, scores=lost, usd={"A": np.full(N, math.nan), "B": USD["B"]})) == {
        "no_valid_data"
    }


def test_timeouts_are_infinite_at_their_rank() -> None:
    some = FAST["A"].copy()
    some[:30] = math.inf  # 12%: the median stands, p95 does not
    times = {"A": some, "B": FAST["B"]}
    assert run(FASTER, ttft_s=times).status == "supported"
    v = run("A is faster at p95 than B", ttft_s=times)
    assert v.status != "supported"
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.high == math.inf


def test_deterministic_costs_may_have_zero_width() -> None:
    v = run(
        CHEAPER,
        usd={"A": np.full(N, 0.0001), "B": np.full(N, 0.01)},
        raw={"reading": "per_request"},
    )
    assert v.status == "supported"
    assert "deterministic_given_prices" in flags(v)
    e = v.readings[0].estimate
    assert e is not None
    assert e.low == pytest.approx(e.high)


def test_a_baseline_near_zero_is_decided_by_the_contrast() -> None:
    b = np.zeros(N)
    b[:2] = 5.0
    v = run(
        "A is cheaper than B", usd={"A": np.full(N, 1.0), "B": b}, raw={"reading": "per_request"}
    )
    r = v.readings[0]
    assert r.estimate is not None
    assert (r.estimate.low, r.estimate.high) == (-math.inf, math.inf)
    assert r.estimate.why_no_interval == "denominator_near_zero"
    assert v.status == "refuted"  # B's mean is below A's whatever the ratio is


def test_unequal_epochs_weigh_items_equally() -> None:
    epochs = {"A": {"n_epochs": RNG.integers(1, 5, N)}, "B": {"n_epochs": RNG.integers(1, 5, N)}}
    v = run(BETTER, arms=epochs)
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.value == pytest.approx(GOOD.mean() - POOR.mean())


def test_cached_answers_leave_latency() -> None:
    cached = np.zeros(N, dtype=bool)
    cached[:50] = True
    times = {"A": np.where(cached, math.nan, FAST["A"]), "B": FAST["B"]}
    v = run(FASTER, ttft_s=times, calls={"A": {"cached": cached}})
    assert v.status == "supported"
    assert "cached_excluded" in flags(v)
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.n == N - 50


@pytest.mark.parametrize(("groups", "status", "flag"), [(4, "inconclusive", None), (8, "supported", "few_clusters"),
                                                        (60, "supported", None)])  # fmt: skip
def test_few_clusters(groups: int, status: str, flag: str | None) -> None:
    cluster = [str(i % groups) for i in range(N)]
    v = run(
        BETTER,
        scores={"A": np.ones(N), "B": np.zeros(N) + (np.arange(N) % 97 == 0)},
        cluster=cluster,
    )
    assert v.status == status
    assert ("n_too_small" in codes(v)) == (groups < 6)
    assert ("few_clusters" in flags(v)) == (flag is not None)


def test_nineteen_items_decide_nothing() -> None:
    n = 19
    v = run(
        BETTER, scores={"A": np.ones(n), "B": np.zeros(n)}, usd=None, ttft_s=None, sent_utc_s=None
    )
    assert (v.status, codes(v)) == ("inconclusive", {"n_too_small"})


def test_a_percentile_needs_its_samples_and_says_how_many() -> None:
    v = run("A is faster at p99 than B")
    assert "quantile_not_estimable" in codes(v)
    assert v.readings[0].n_more is not None
    assert v.readings[0].n_more[0] >= 368 - N


def test_arms_at_different_times_have_no_latency_verdict() -> None:
    v = run(FASTER, sent_utc_s={"A": SPREAD["A"], "B": SPREAD["B"] + 5000})
    assert (v.status, codes(v)) == ("inconclusive", {"not_interleaved"})
    assert run(BETTER, sent_utc_s={"A": SPREAD["A"], "B": SPREAD["B"] + 5000}).status == "supported"


def test_a_busy_client_has_no_latency_verdict() -> None:
    late = ClaimContext(loop_lag_p99_s=0.1)
    on_loop = {"A": {"stamp_source": np.full(N, "transport")}}
    assert codes(run(FASTER, late, calls=on_loop)) == {"client_limited"}
    assert run(FASTER, late).status == "supported"  # stamps that the loop cannot move
    assert run(FASTER, ClaimContext(loop_lag_p99_s=0.001), calls=on_loop).status == "supported"


def test_instrument_error_that_could_decide() -> None:
    close = {"A": 0.2 * NOISE, "B": 0.25 * NOISE}
    assert run(FASTER, ttft_s=close).status == "supported"
    v = run(FASTER, ClaimContext(instrument_error_s={"B": 0.08}), ttft_s=close)
    assert (v.status, codes(v)) == ("inconclusive", {"instrument_error"})
    assert (
        run(FASTER, ClaimContext(instrument_error_s={"B": 0.001}), ttft_s=close).status
        == "supported"
    )


def test_warnings_on_sessions_and_blocks() -> None:
    v = run(
        FASTER,
        ClaimContext(devices={"A": "cpu", "B": None}),
        sent_utc_s={a: np.arange(N) * 0.6 for a in "AB"},
    )
    assert {"single_session", "short_blocks"} <= flags(v)
    assert [str(f) for f in v.flags if f.code == "single_session"] == ["single_session: B"]


@pytest.mark.parametrize(("high", "status", "reasons"), [
    (0.0003, "supported", set()),
    # The middle of the range passes, its upper end does not
    (0.0005, "inconclusive", {"billing_unknown"}),
    (0.0050, "refuted", set()),
])  # fmt: skip
def test_an_unknown_bill_must_hold_at_both_ends(
    high: float, status: str, reasons: set[str]
) -> None:
    low = 0.0 if status != "refuted" else 0.004
    v = run(
        CHEAPER,
        usd={"A": np.full(N, math.nan), "B": USD["B"]},
        raw={"reading": "per_request"},
        usd_low={"A": np.full(N, low)},
        usd_high={"A": np.full(N, high)},
    )
    assert (v.status, codes(v)) == (status, reasons)


def test_dollars_missing_for_many_items() -> None:
    a = USD["A"].copy()
    a[:30] = math.nan
    assert "cost_missing" in codes(run(CHEAPER, usd={"A": a, "B": USD["B"]}))


@pytest.mark.parametrize("text", [
    "A costs under $0.2 per 1,000 requests",
    "A costs more than $0.05 per 1,000 requests",
    "A costs under $1 per 1,000 correct answers",
    "A costs between $0.05 and $0.2 per 1,000 requests",
    "A is 90% cheaper than B",
])  # fmt: skip
@pytest.mark.parametrize(("unknown", "blocked"), [(0, False), (11, False), (13, True), (168, True)])
def test_a_price_that_few_requests_have_decides_nothing(
    text: str, unknown: int, blocked: bool
) -> None:
    a = USD["A"].copy()
    a[:unknown] = math.nan
    raw = {"reading": "per_request"} if "cheaper" in text else {}
    v = run(text, usd={"A": a, "B": USD["B"]}, raw=raw)
    assert ("cost_missing" in codes(v)) == blocked
    assert (v.status == "inconclusive") == blocked


def test_one_request_that_carries_the_bill() -> None:
    b = USD["B"].copy()
    b[0] = 0.4
    assert "tail_dominated" in flags(run(CHEAPER, usd={"A": USD["A"], "B": b}))


def test_a_judge_without_labels_decides_nothing() -> None:
    judged = ClaimContext(judged_tasks=frozenset({"task"}))
    assert codes(run(BETTER, judged)) == {"judge_uncorrected"}
    assert run(BETTER, replace(judged, trust_judge=True)).status == "supported"
    labels = {
        arm: np.where(np.arange(N) < 40, values, math.nan)
        for arm, values in {"A": np.ones(N), "B": np.zeros(N)}.items()
    }
    v = run(BETTER, replace(judged, human_scores=labels))
    assert v.status == "supported"
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.n == 40  # few labels: they alone count


def test_a_fixed_population_needs_epochs_or_determinism() -> None:
    items, calls = tables_from_arrays(SCORES)
    claim = replace(parse_claim(ClaimSpec("c", BETTER, None, {}), ARMS, ()), population="fixed")
    assert codes(decide_claims([claim], items, calls)[0]) == {"fixed_needs_epochs"}
    exact = decide_claims([claim], items, calls, ClaimContext(deterministic=frozenset({"A", "B"})))[
        0
    ]
    assert exact.status == "supported"
    assert "exact_on_fixed_items" in flags(exact)
    assert exact.readings[0].estimate is not None
    assert exact.readings[0].estimate.low == exact.readings[0].estimate.high
    tie = tables_from_arrays({"A": GOOD, "B": GOOD})
    assert (
        decide_claims([claim], *tie, ClaimContext(deterministic=frozenset({"A", "B"})))[0].status
        == "refuted"
    )


def test_declared_after_is_said_everywhere_and_leaves_the_family() -> None:
    items, calls = tables_from_arrays(SCORES, usd=USD)
    before = parse_claim(ClaimSpec("c", BETTER, None, {}), ARMS, ())
    after = replace(parse_claim(ClaimSpec("d", CHEAPER, None, {}), ARMS, ()), declared="after")
    first, second = decide_claims([before, after], items, calls)
    assert "declared_after" in map(str, second.flags)
    assert "after the data were seen" in second.sentence
    assert all(r.p_holm is None for r in second.readings)
    assert first.readings[0].p_holm == pytest.approx(first.readings[0].p)


def test_holm_over_the_report() -> None:
    rng = np.random.default_rng(3)
    base = (rng.random(100) < 0.5).astype(float)
    a = base.copy()
    a[np.flatnonzero(base == 0)[:6]] = 1.0
    items, calls = tables_from_arrays({"A": a, "B": base})
    claim = parse_claim(ClaimSpec("c", BETTER, None, {}), ARMS, ())
    alone = decide_claims([claim], items, calls)[0]
    assert alone.status == "supported"
    p = alone.readings[0].p
    assert p is not None
    times = range(int(0.05 / p) + 1)
    # Different questions with the same answer: the margin plays no part in "more accurate".
    asked = [replace(claim, id=str(i), margin=0.03 + i / 1e4) for i in times]
    many = decide_claims(asked, items, calls)
    assert {v.status for v in many} == {"inconclusive"}
    assert all("multiplicity" in codes(v) for v in many)
    shown = many[0].readings[0].estimate
    assert shown is not None
    assert shown.level == pytest.approx(1 - 0.05 / len(asked))
    assert shown.low is not None
    assert shown.low <= 0  # what is shown is what decided
    assert f"that {len(asked)} claims need" in many[0].sentence
    again = decide_claims([replace(claim, id=str(i)) for i in times], items, calls)
    assert {v.status for v in again} == {"supported"}  # one question, asked often


def test_compound_and_class_logic() -> None:
    both = run("A is just as good and 90% cheaper than B")
    assert both.status == "supported"
    assert [p.status for p in both.parts] == ["supported", "supported"]
    assert run("A is more accurate and 99% cheaper than B").status == "refuted"
    assert run("open models have caught up with closed models").status == "supported"


def test_class_needs_every_closed_model() -> None:
    arms = (*ARMS, Arm("C", "p", "mc", weights="proprietary"))
    claim = parse_claim(
        ClaimSpec("c", "open models have caught up with closed models", None, {}), arms, ()
    )
    items, calls = tables_from_arrays({"A": GOOD, "B": POOR, "C": np.ones(N)})
    assert decide_claims([claim], items, calls)[0].status == "refuted"
    items, calls = tables_from_arrays({"A": GOOD, "B": POOR})
    v = decide_claims([claim], items, calls)[0]
    assert (v.status, codes(v)) == ("not_comparable", {"arm_not_measured"})


def test_up_to_needs_one_slice_and_says_where() -> None:
    half = np.arange(N) < N // 2
    usd = {"A": np.where(half, 0.0001, 0.003) * NOISE, "B": USD["B"]}
    slices = {"language": ["de" if h else "en" for h in half]}
    v = run("A is up to 90% cheaper than B", usd=usd, slices=slices, raw={"reading": "per_request"})
    assert v.status == "supported"
    assert v.qualifier == "holds in 1 of 2: for language=de"
    assert run(CHEAPER, usd=usd, slices=slices, raw={"reading": "per_request"}).status == "refuted"
    assert codes(run("A is up to 90% cheaper than B")) == {"no_slices"}


def test_a_claim_about_a_slice_sees_only_it() -> None:
    slices = {"language": ["de", "en"] * (N // 2)}
    v = run(BETTER, slices=slices, raw={"slice": {"language": "de"}})
    assert v.readings[0].estimate is not None
    assert v.readings[0].estimate.n == N // 2
    assert codes(run(BETTER, slices=slices, raw={"slice": {"language": "fr"}})) == {"no_items"}


def test_about_is_a_window_on_both_sides() -> None:
    usd = {"A": 0.10 * USD["B"], "B": USD["B"]}
    assert (
        run("A is about 90% cheaper than B", usd=usd, raw={"reading": "per_request"}).status
        == "supported"
    )
    usd = {"A": 0.30 * USD["B"], "B": USD["B"]}
    assert (
        run("A is about 90% cheaper than B", usd=usd, raw={"reading": "per_request"}).status
        == "refuted"
    )


def test_list_prices_are_arithmetic() -> None:
    prices = {"A": ListPrice(0.1, 0.4, "a1"), "B": ListPrice(2.0, 8.0, "b1")}
    v = run(CHEAPER, ClaimContext(list_prices=prices))
    listed = next(r for r in v.readings if r.name == "list_price")
    assert (listed.status, listed.price_ids) == ("supported", ("a1", "b1"))
    cheap_input = {"A": ListPrice(0.1, 4.0, "a1"), "B": ListPrice(2.0, 8.0, "b1")}
    assert "depends_on_reading" in codes(run(CHEAPER, ClaimContext(list_prices=cheap_input)))
    pinned = run(CHEAPER, raw={"reading": "list_price"})
    assert (pinned.status, codes(pinned)) == ("not_comparable", {"price_unknown"})


def test_flip_points_of_a_host() -> None:
    v = run(CHEAPER, ClaimContext(hosts={"A": HostRate(0.2, 0.5)}), raw={"reading": "per_request"})
    r = v.readings[0]
    assert r.estimate is not None
    assert r.estimate.value is not None
    assert r.threshold is not None
    m = r.threshold / r.estimate.value
    assert r.flip_points["treatment_utilisation"] == pytest.approx(0.5 / m)
    assert r.flip_points["treatment_usd_per_hour"] == pytest.approx(0.2 * m)


def test_n_more_in_samples_dollars_and_hours() -> None:
    a, b = np.ones(N), np.ones(N)
    a[:10], b[10:25] = 0.0, 0.0
    v = run(
        BETTER,
        scores={"A": a, "B": b},
        ttft_s={arm: np.full(N, 2.0) for arm in "AB"},
        context=ClaimContext(devices={"A": "cpu", "B": "cpu"}),
    )
    r = v.readings[0]
    assert v.status == "inconclusive"
    assert r.n_more is not None
    assert r.dollars_more is not None
    assert r.hours_more is not None
    assert 0 < r.n_more[0] < r.n_more[1]
    assert r.dollars_more[0] == pytest.approx(
        r.n_more[0] * float(USD["A"].mean() + USD["B"].mean())
    )
    assert r.hours_more[0] == pytest.approx(
        r.n_more[0] * 4.0 / 3600
    )  # they share a device, so they take turns
    assert run(BETTER).readings[0].n_more is None


def test_fast_has_two_public_tiers() -> None:
    times = {"A": np.full(N, 0.5) * NOISE**0.1, "B": FAST["B"]}
    v = run("A is fast", ttft_s=times, raw={"metric": "ttft"})
    assert [(r.name, r.status) for r in v.readings] == [
        ("ttft.server", "supported"),
        ("ttft.interactive", "refuted"),
    ]
    assert v.status == "inconclusive"
    assert run("A is fast: ttft p95 under 1 s", ttft_s=times).status == "supported"


@pytest.mark.parametrize("text", [
    BETTER, CHEAPER, FASTER, "A is 10x cheaper than B", "A is 30% more accurate than B", "A is as accurate as B",
    "A is as cheap as B", "A is as fast as B", "A is 30% faster than B", "A is 200% faster than B", "A is fast",
    "A is 2x more accurate than B", "A is at least 80% accurate", "A costs under $1 per 1k requests",
    "A is about 30% more accurate than B", "A is about 90% cheaper than B", "A is about 30% faster than B",
    "A is faster at p95 than B", "A is cheaper than B",
])  # fmt: skip
def test_what_is_explained_is_what_is_tested(text: str) -> None:
    claim = parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())
    items, calls = tables_from_arrays(SCORES, usd=USD, ttft_s=FAST, tpot_s=FAST, e2e_s=FAST)
    tested = [
        (r.name, r.direction, r.threshold) for r in decide_claims([claim], items, calls)[0].readings
    ]
    planned = [(r.name, r.side, r.threshold) for r in rules(claim)]
    by_name = {name: (side, threshold) for name, side, threshold in planned}
    assert {name for name, _, _ in tested} == set(by_name)
    for name, side, threshold in tested:
        assert side == by_name[name][0]
        assert threshold == pytest.approx(by_name[name][1])


def test_context_of_a_run() -> None:
    task = Task(
        "task",
        (Sample("0", {}, "x", "0"),),
        (Message("user", ""),),
        (),
        AnswerSpec("label", ("x",)),
        (),
        4,
    )
    local = Arm(
        "A",
        "llama_cpp",
        "m",
        params=SamplingParams(temperature=0.0),
        device="cpu",
        cost_model={"host": {"usd_per_hour": 0.2, "utilisation": 0.5}},
    )
    remote = Arm("B", "openai", "n", params=SamplingParams(temperature=0.0), concurrency=4)
    suite = Suite(
        "s",
        "1-0",
        "",
        "s.yaml",
        (task,),
        (local, remote),
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        ("load",),
        {},
        "f",
        "m",
    )
    manifest = Manifest(
        "r",
        1,
        "2026-01-01T00:00:00+00:00",
        "0",
        "s",
        "1-0",
        "s.yaml",
        "f",
        "m",
        "p",
        None,
        {},
        ("A",),
        {"B": "no key"},
        {},
        None,
        (),
        {},
        {},
        {},
        1,
    )
    items, calls = tables_from_arrays({"A": [1.0], "B": [1.0]})
    sessions = [Session("r", 1, "2026-01-01T00:00:00+00:00", 0, {"hostname": "h"}, {"p99": 2.0})]
    context = context_of(suite, manifest, sessions, calls)
    assert context.profiles["A"]["answer_constraint"] == "grammar"
    assert context.profiles["B"]["answer_constraint"] == "json_schema"
    assert (context.profiles["A"]["concurrency"], context.profiles["B"]["concurrency"]) == (1, 4)
    assert context.hosts["A"].utilisation == 0.5
    assert context.loop_lag_p99_s == 0.002
    assert context.deterministic == {"A"}
    assert context.arms_not_run == {"B": "no key"}
    v = decide_claims(
        [parse_claim(ClaimSpec("c", BETTER, None, {}), ARMS, ())], items, calls, context
    )[0]
    assert codes(v) == {"answer_constraint"}


def test_labels_of_one_task_correct_no_figure_that_others_share() -> None:
    tasks = ["task"] * (N // 2) + ["route"] * (N - N // 2)
    judged = ClaimContext(judged_tasks=frozenset({"task"}))
    assert codes(run(BETTER, judged, task=tasks)) == {"judge_uncorrected"}
    labels = {
        arm: np.where(np.arange(N) < N // 2, value, math.nan)
        for arm, value in {"A": 1.0, "B": 0.0}.items()
    }
    both = run(BETTER, replace(judged, human_scores=labels), task=tasks)
    assert [(r.code, r.detail) for r in both.reasons] == [("judge_with_others", "task")]
