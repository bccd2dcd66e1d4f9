"""What a verdict may not rest on: calls that failed, groups that equal inputs made or that one
dominates, runaways that no sample holds, levels that did not decide.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench import stats
from claimbench.claims.readings.caps import side_of
from claimbench.claims.readings.runaways import Runaways, Side
from claimbench.claims.types import RouteFacts
from claimbench.claims.verdicts import ClaimContext, ListPrice, decide_claims, parse_claim
from claimbench.plan.clusters import find_clusters
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import AnswerSpec, Arm, Claim, ClaimSpec, Message, Sample, Task, Verdict

sys.path.insert(0, str(Path(__file__).parents[2] / "stats"))
import claim_cells

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
N = 200
RNG = np.random.default_rng(5)


def claim(text: str, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


def judged(text: str, scores: dict[str, Any], **columns: Any) -> Verdict:
    raw = columns.pop("raw", {})
    context = columns.pop("context", None)
    items, calls = tables_from_arrays(scores, **columns)
    return decide_claims([claim(text, **raw)], items, calls, context)[0]


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def lost(n: int, share: float) -> np.ndarray:
    """All right but a ``share`` of the calls, spread over the run, that failed."""
    score = np.ones(n)
    score[np.linspace(0, n - 1, round(share * n)).astype(int)] = math.nan
    return score


SPREAD = RNG.permutation(np.linspace(0.8, 1.2, N))
STEADY = np.resize(np.linspace(0.8, 1.2, 23), N)
"""Times that are alike in every block of the run."""


# --- calls that failed ----------------------------------------------------------------------------


def worst(share: float) -> dict[str, Any]:
    failed = np.isnan(lost(N, share))
    return {
        "scores": {"A": lost(N, share), "B": (np.arange(N) % 2).astype(float)},
        "usd": {"A": np.where(failed, math.nan, 0.01 * SPREAD), "B": SPREAD},
        "ttft_s": {"A": np.where(failed, math.nan, 0.2 * STEADY), "B": STEADY},
    }


@pytest.mark.parametrize(
    "text",
    [
        "A is at least 60% accurate",
        "A is faster than B",
        "A's ttft p50 is under 1 s",
        "A is 90% cheaper than B",
        "A is more accurate than B",
    ],
)
def test_above_5_percent_failed_supports_no_claim(text: str) -> None:
    found = judged(text, **worst(0.4))
    assert found.status == "inconclusive"
    assert "too_many_missing" in codes(found)
    assert "more than 5%" in found.sentence
    whole = judged(text, **worst(0.0))
    assert whole.status == "supported"
    assert "Note: some calls failed" not in whole.sentence


def test_turns_that_an_arm_itself_put_an_end_to_did_not_fail() -> None:
    given = worst(0.4)
    over = np.isnan(given["scores"]["A"])
    given["scores"]["A"] = np.where(over, 0.0, 1.0)
    outcomes = {"A": np.where(over, "ended", "ok"), "B": np.full(N, "ok")}
    found = judged("A is 10% cheaper than B", **given, outcome=outcomes)
    assert "too_many_missing" not in codes(found)
    assert "have no result" not in found.sentence
    outcomes["A"] = np.where(over, "cancelled", "ok")
    behind = judged("A is 10% cheaper than B", **given, outcome=outcomes)
    assert "too_many_ended" not in codes(behind)
    for outcome, code in (("ended", "too_many_ended"), ("cancelled", "too_many_missing")):
        outcomes["A"] = np.where(over, outcome, "ok")
        limit = judged("A costs under $1000 per 1,000 requests", **given, outcome=outcomes)
        assert limit.status == "inconclusive"
        assert code in codes(limit), (outcome, limit.sentence)


def test_one_accuracy_counts_missing_calls_as_wrong() -> None:
    score = lost(N, 0.03)
    score[np.flatnonzero(~np.isnan(score))[:18]] = 0.0
    found = judged("A is at least 85% accurate", {"A": score, "B": score})
    assert found.status == "inconclusive"
    assert found.readings[0].sensitivity["worst_case_missing"] == "inconclusive"


@pytest.mark.parametrize(
    ("outcome", "code", "told"),
    [
        ("server_fault", "failed_calls", "answered requests: A 96%, B 100%"),
        ("cancelled", "turns_not_asked", "answered requests: A 96%, B 100%; never asked: 8 of A's"),
        ("ended", "turns_not_asked", "answered requests: A 96%, B 100%; never asked: 8 of A's"),
        ("empty", "empty_answers", "empty: 8 of A's 200 answers"),
        ("refused", None, ""),
    ],
)
def test_what_kept_requests_from_an_answer_is_called_by_its_name(
    outcome: str, code: str | None, told: str
) -> None:
    given = worst(0.04)
    failed = np.isnan(given["scores"]["A"])
    given["scores"]["A"] = np.where(failed, math.nan if told[:1] == "a" else 0.0, 1.0)
    outcomes = {"A": np.where(failed, outcome, "ok"), "B": np.full(N, "ok")}
    kinds = {"failed_calls", "calls_not_made", "turns_not_asked", "empty_answers"}
    for text in ("A is faster than B", "A is 90% cheaper than B", "A is more accurate than B"):
        found = judged(text, **given, outcome=outcomes)
        assert {flag.code for flag in found.flags} & kinds == ({code} if code else set()), text
        assert told in found.sentence


def test_calls_that_a_run_did_not_make_are_no_failed_ones() -> None:
    given = worst(0.0)
    items, calls = tables_from_arrays(**given)
    made = np.where(np.arange(N) < 8, 0, 1)
    short = replace(items.arms["A"], n_finished=made)
    items = replace(items, arms={**items.arms, "A": short})
    (found,) = decide_claims([claim("A is faster than B")], items, calls, None)
    assert {"calls_not_made"} == {f.code for f in found.flags} & {"calls_not_made", "failed_calls"}


def test_failed_calls_rank_last_in_latency() -> None:
    given = worst(0.04)
    found = judged("A's ttft p95 is under 0.24 s", **given)
    value = found.readings[0].estimate
    assert value is not None
    assert value.value is not None
    # rank 190 of 200, counted with the failed ones behind all others
    seen = np.sort(given["ttft_s"]["A"][~np.isnan(given["ttft_s"]["A"])])
    assert value.value == pytest.approx(seen[189])
    assert "answered requests: A 96%" in found.sentence


def test_a_failed_call_may_have_cost_the_most() -> None:
    given = worst(0.04)
    given["usd"]["A"] = np.where(np.isnan(given["usd"]["A"]), math.nan, 0.1 * SPREAD)
    given["usd"]["A"][-1] = 40.0  # the dearest that was seen: eight more of these flip it
    calm = given["usd"]["A"].copy()
    calm[-1] = 0.1
    assert judged(
        "A is 60% cheaper than B", **given | {"usd": {"A": calm, "B": SPREAD}}
    ).status == ("supported")
    found = judged("A is 60% cheaper than B", **given)
    assert found.status == "inconclusive"


def test_a_claim_about_a_window_can_be_left_on_either_side() -> None:
    found = judged("A is about as accurate as B", {"A": lost(N, 0.0), "B": lost(N, 0.04)})
    assert found.status != "supported" or "worst_case_missing" in found.readings[0].sensitivity


# --- groups ---------------------------------------------------------------------------------------


def task(name: str, inputs: list[Any]) -> Task:
    samples = tuple(Sample(str(i), {"shown": x}, "", str(i)) for i, x in enumerate(inputs))
    return Task(
        name,
        samples,
        (Message("user", "{{ shown }}"),),
        (),
        AnswerSpec("text", constrain=False),
        (),
        1,
    )


@pytest.mark.parametrize("empty", ["", "  ", None, [], {}])
def test_an_empty_input_is_no_group(empty: Any) -> None:
    one, two = task("one", [empty] * 5), task("two", [empty] * 5)
    keys = [(t.name, s.id) for t in (one, two) for s in t.samples]
    found = find_clusters([one, two], keys)
    assert len(set(found.names)) == 10
    assert not found.twins


def test_equal_inputs_make_a_group_and_are_known() -> None:
    found = find_clusters([task("t", ["x", "x", "y"])], [("t", str(i)) for i in range(3)])
    assert found.names == ["0", "0", "2"]
    assert found.twins == {"0"}


def test_a_collapsed_table_says_why() -> None:
    scores = {"A": np.ones(N), "B": np.zeros(N)}
    items, calls = tables_from_arrays(scores, cluster=["0"] * N)
    items = replace(items, twins=frozenset({"0"}))
    found = decide_claims([claim("A is more accurate than B")], items, calls)[0]
    assert "200 items form 1 group because their inputs are equal" in found.sentence


def test_one_group_above_a_quarter_is_undecided() -> None:
    scores = {"A": np.ones(N), "B": (RNG.random(N) < 0.5).astype(float)}
    labels = ["big" if i < 60 else str(i) for i in range(N)]
    found = judged("A is more accurate than B", scores, cluster=labels)
    assert codes(found) == {"dominant_cluster"}
    assert found.readings[0].n_more is None
    labels = ["big" if i < 50 else str(i) for i in range(N)]
    assert judged("A is more accurate than B", scores, cluster=labels).status == "supported"


def test_few_clusters_goes_by_what_they_are_worth() -> None:
    sizes = [40, 40, 40, 20, 10, 10, 10, 5, 5, 5, 5, 5, 5]
    labels = [str(k) for k, m in enumerate(sizes) for _ in range(m)]
    assert len(sizes) >= 12 > stats.effective_clusters(sizes)
    scores = {"A": np.ones(N), "B": (RNG.random(N) < 0.1).astype(float)}
    found = judged("A is more accurate than B", scores, cluster=labels)
    assert "few_clusters" in {flag.code for flag in found.flags}
    assert "Note: fewer than 12 independent groups" in found.sentence
    assert found.readings[0].estimate is not None
    assert found.readings[0].estimate.df == pytest.approx(stats.effective_clusters(sizes) - 1)


def test_near_100_percent_few_groups_decide_nothing() -> None:
    labels = [str(i // 10) for i in range(N)]
    found = judged("A is at least 90% accurate", {"A": np.ones(N), "B": np.ones(N)}, cluster=labels)
    assert codes(found) == {"few_clusters_near_limit"}
    easy = judged("A is at least 50% accurate", {"A": np.ones(N), "B": np.ones(N)}, cluster=labels)
    assert easy.status == "supported"


# --- runaways -------------------------------------------------------------------------------------


def priced(max_tokens: int, n: int = 50) -> Verdict:
    """A costs 4% of B; its answers have 10 tokens at $1 a million, beside $10 of input."""
    price = {arm: ListPrice(1.0, 1e6 * usd, "p") for arm, usd in (("A", 0.002), ("B", 0.05))}
    spread = np.resize(SPREAD, n)
    columns = {
        "usd": {"A": 0.04 * spread, "B": spread},
        "calls": {arm: {"n_out": np.full(n, 10.0)} for arm in "AB"},
        "raw": {"reading": "per_request"},
        "context": ClaimContext(list_prices=price, max_tokens={"task": max_tokens}),
    }
    return judged("A is 90% cheaper than B", {"A": np.ones(n), "B": np.ones(n)}, **columns)


def test_short_answers_decide_with_few_requests() -> None:
    found = priced(16)
    assert found.status == "supported"
    assert "it would stand even if all of A's requests hit max_tokens" in found.sentence
    assert "cap_unknown" not in {flag.code for flag in found.flags}


def test_long_caps_need_more_requests_and_say_how_many() -> None:
    found = priced(4000)
    assert (found.status, codes(found)) == ("inconclusive", {"unseen_runaways"})
    reading = found.readings[0]
    share, excluded = reading.flip_points["A_capped_share"], reading.flip_points["A_excluded_share"]
    assert excluded == pytest.approx(1 - 0.025 ** (1 / 50))
    assert "50 clean requests exclude only shares above 7.1%" in found.sentence
    assert share < excluded
    assert reading.n_more is not None
    needed = 50 + int(reading.n_more[0])
    assert 1 - 0.025 ** (1 / needed) <= share < 1 - 0.025 ** (1 / (needed - 1))
    assert priced(4000, needed + 10).status == "supported"


LONG = np.where(np.arange(200) % 10 == 0, 10.0, 1.0)
"""One request in ten costs ten times as much."""
SHORT = np.full(200, 3.0)
FULL = np.where(LONG > 1, 16.0, 3.0)
MOST = np.where(np.arange(200) % 10 == 0, 3.0, 16.0)
HALF = np.where(LONG > 1, math.nan, 3.0)


@pytest.mark.parametrize(
    ("tokens", "seen"),
    [
        (SHORT, 0),  # dear by their prompts
        (FULL, 20),
        (MOST, 0),  # that is how long answers are
        (HALF, 20),  # without tokens the dollars have to do
        (np.where(LONG > 1, 8.0, 3.0), 20),
        (np.where(LONG > 1, 7.0, 3.0), 0),
    ],
)
def test_requests_at_max_tokens_are_counted_by_their_tokens(
    tokens: np.ndarray, seen: float
) -> None:
    ones = np.ones(200)
    calls = {"A": {"n_out": tokens}}
    items, table = tables_from_arrays({"A": ones}, usd={"A": LONG}, calls=calls)
    ctx = ClaimContext(list_prices={"A": ListPrice(1.0, 1e6, "p")}, max_tokens={"task": 16})
    found = side_of(items, table, "A", np.ones(200, dtype=np.bool_), LONG, ctx)
    assert found.cap is not None
    assert found.seen == pytest.approx(seen)


@pytest.mark.parametrize(
    ("small", "big", "seen"), [(SHORT, SHORT, 0), (SHORT, FULL, 20), (FULL, SHORT, 20)]
)
def test_what_a_route_passes_on_is_no_answer_at_max_tokens(
    small: np.ndarray, big: np.ndarray, seen: float
) -> None:
    passed = LONG > 1
    usd = {"A": np.ones(200), "B": np.full(200, 9.0), "R": LONG}
    calls = {"A": {"n_out": small}, "B": {"n_out": big}}
    calls["R"] = {"n_out": np.where(passed, small + big, small)}
    scores = dict.fromkeys("ABR", np.ones(200))
    items, table = tables_from_arrays(scores, usd=usd, calls=calls)
    prices = {arm: ListPrice(1.0, 1e6 * usd, "p") for arm, usd in (("A", 0.2), ("B", 1.0))}
    routes = {"R": RouteFacts(("A", "B"), "small, then big")}
    ctx = ClaimContext(list_prices=prices, max_tokens={"task": 16}, routes=routes)
    found = side_of(items, table, "R", np.ones(200, dtype=np.bool_), LONG, ctx)
    assert found.cap is not None
    assert found.seen == pytest.approx(seen)


def test_an_unknown_cap_is_said_and_never_trusted_at_95_percent() -> None:
    n = 400
    usd = {"A": 0.04 * np.resize(SPREAD, n), "B": np.resize(SPREAD, n)}
    ones = {"A": np.ones(n), "B": np.ones(n)}
    found = judged("A is 90% cheaper than B", ones, usd=usd, raw={"reading": "per_request"})
    assert found.status == "supported"
    assert "the largest bill of a request is not known (A, B)" in found.sentence
    assert found.readings[0].estimate is not None
    assert found.readings[0].estimate.level == pytest.approx(0.995)


CONDITIONS = [
    ("A is 90% cheaper than B", "per_request", {}, "A"),
    ("A is 90% cheaper than B", "per_correct", {}, "A"),
    ("A costs under $100 per 1,000 requests", None, {}, "A"),
    ("A costs under $100 per 1,000 correct answers", None, {}, "A"),
    ("A is at least 99% cheaper than B", "per_request", {"status": "refuted"}, "B"),
]


@pytest.mark.parametrize(("text", "reading", "found", "arm"), CONDITIONS)
def test_without_a_cap_a_verdict_names_the_largest_bill_that_it_survives(
    text: str, reading: str | None, found: dict[str, str], arm: str
) -> None:
    n = 100
    draw = np.random.default_rng(2)
    usd = {"A": 0.04 * draw.uniform(0.8, 1.2, n), "B": draw.uniform(0.8, 1.2, n)}
    ones = {"A": np.ones(n), "B": np.ones(n)}
    raw = {"reading": reading} if reading else {}
    verdict = judged(text, ones, usd=usd, raw=raw)
    assert verdict.status == found.get("status", "supported")
    assert "on that condition that" in verdict.sentence
    assert f"stands only if no request of {arm} costs more than $" in verdict.sentence
    [one] = [r for r in verdict.readings if r.name in {reading, verdict.headline}]
    bill = one.flip_points[f"{arm}_largest_bill_usd"]
    # That bill in the share that the sample does not exclude brings the mean to the threshold.
    share = one.flip_points[f"{arm}_excluded_share"]
    assert share == pytest.approx(1 - 0.025 ** (1 / n))
    if one.name in {"per_request", "per_1k_requests"}:
        means = {name: float(values.mean()) for name, values in usd.items()}
        means[arm] = (1 - share) * means[arm] + share * bill
        met = 1000 * means["A"] if one.name == "per_1k_requests" else means["A"] / means["B"]
        assert met == pytest.approx(one.threshold, rel=1e-6)
    seen = usd | {arm: np.append(usd[arm][1:], 1.01 * bill)}
    contradicted = judged(text, ones, usd=seen, raw=raw)
    assert contradicted.status == "inconclusive"


def test_a_sample_that_contradicts_the_condition_decides_nothing() -> None:
    n = 400
    draw = np.random.default_rng(3)
    usd = {"A": 0.04 * draw.lognormal(0, 0.2, n), "B": draw.lognormal(0, 0.2, n)}
    usd["A"][7] = 8.0  # half the way to the threshold by one request
    found = judged(
        "A is 90% cheaper than B",
        {"A": np.ones(n), "B": np.ones(n)},
        usd=usd,
        raw={"reading": "per_request"},
    )
    assert found.status == "inconclusive"
    assert "About 0" not in found.sentence


def test_a_price_per_request_is_its_own_cap() -> None:
    usd = {"A": np.full(N, 0.002), "B": SPREAD}
    ones = {"A": np.ones(N), "B": np.ones(N)}
    found = judged("A is 90% cheaper than B", ones, usd=usd, raw={"reading": "per_request"})
    assert found.status == "supported"
    assert "max_tokens" not in found.sentence
    assert "stands only if" not in found.sentence


def test_an_answer_longer_than_max_tokens_says_that_it_is_no_cap() -> None:
    assert "cap_unknown" in {flag.code for flag in priced(5).flags}


def test_runaways_of_either_arm_count_against_the_decision_they_would_flip() -> None:
    both = Runaways(Side("A", 0.05, 5.0, 0, 100), Side("B", 1.0, 100.0, 0, 100))
    [up] = both.checks("supported", "<=", 0.1, None, 0.05)
    assert up.arm == "A"
    assert up.share == pytest.approx(0.05 / 4.95)
    [down] = both.checks("refuted", "<=", 0.01, None, 0.05)
    assert down.arm == "B"
    assert down.share == pytest.approx(4 / 99)
    assert [c.arm for c in both.checks("supported", "within", 0.0, (0.04, 0.06), 0.05)] == [
        "A",
        "B",
    ]
    assert both.checks("inconclusive", "<=", 0.1, None, 0.05) == []
    lost_too = replace(both, loses=True).checks("supported", "<=", 0.1, None, 0.05)[0]
    assert lost_too.share is not None
    assert up.share is not None
    assert lost_too.share < up.share
    assert up.p == pytest.approx(2 * (1 - up.share) ** 100)
    seen = Runaways(Side("A", 0.05, 5.0, 2, 100), None).checks("supported", "<=", 0.1, None, 0.05)
    assert seen[0].excluded == pytest.approx(stats.exact_bounds(0.02, 100)[1])


@pytest.mark.parametrize("seed", range(8))
def test_the_simulation_decides_as_the_product_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 300))
    ours = claim_cells.Costs(0.6, 0.02, 20.0)
    scale = float(rng.choice([0.03, 0.08, 0.105, 0.2]))
    a, b = scale * ours.draw(rng, n), claim_cells.RIVAL.draw(rng, n)
    tokens = 1000
    right = (rng.random((2, n)) < 0.8).astype(float)
    caps = (scale * 20.0, 100.0)
    prices = {
        arm: ListPrice(1.0, 1e6 * cap / tokens, "p") for arm, cap in zip("AB", caps, strict=True)
    }
    out = {
        arm: {"n_out": usd / cap * tokens} for arm, usd, cap in zip("AB", (a, b), caps, strict=True)
    }
    scores = {"A": right[0], "B": right[1]}
    columns = {
        "usd": {"A": a, "B": b},
        "calls": out,
        "context": ClaimContext(list_prices=prices, max_tokens={"task": tokens}),
    }
    text = "A is 90% cheaper than B"
    found = judged(text, scores, raw={"reading": "per_request"}, **columns)
    assert found.status == claim_cells.requests(a, b, caps).status
    found = judged(text, scores, raw={"reading": "per_correct"}, **columns)
    assert found.status == claim_cells.correct_answers((a, b), (right[0], right[1]), caps).status
    free = judged(text, scores, raw={"reading": "per_request"}, usd=columns["usd"])
    assert free.status == claim_cells.requests(a, b, None).status


# --- what is shown --------------------------------------------------------------------------------


def test_an_exact_tie_is_no_matter_of_several_claims() -> None:
    ones = {"A": np.ones(N), "B": np.ones(N)}
    found = judged("A is faster than B", ones, ttft_s={"A": np.ones(N), "B": np.ones(N)})
    assert (found.status, codes(found)) == ("refuted", set())
    assert found.readings[0].p is not None
    assert found.readings[0].p < 0.05


@pytest.mark.parametrize(("share", "status"), [(0.1, "supported"), (0.2, "refuted")])
def test_constant_costs_are_arithmetic(share: float, status: str) -> None:
    ones = {"A": np.ones(N), "B": np.ones(N)}
    usd = {"A": np.full(N, share * 0.3), "B": np.full(N, 0.3)}
    found = judged(
        "A is at least 90% cheaper than B", ones, usd=usd, raw={"reading": "per_request"}
    )
    assert (found.status, "test_disagrees" in codes(found)) == (status, False)


def test_no_samples_are_named_where_none_settle_it() -> None:
    ones = {"A": np.ones(N), "B": np.ones(N)}
    sent = {"A": np.arange(N, dtype=float), "B": 1e6 + np.arange(N, dtype=float)}
    found = judged(
        "A is faster than B", ones, ttft_s={"A": 0.2 * SPREAD, "B": SPREAD}, sent_utc_s=sent
    )
    assert "not_interleaved" in codes(found)
    assert "more samples" not in found.sentence
    assert found.readings[0].n_more is None


def test_n_more_is_one_number_with_the_bad_case_beside_it() -> None:
    rng = np.random.default_rng(11)
    b = (rng.random(100) < 0.7).astype(float)
    a = np.where(rng.random(100) < 0.12, 1.0, b)
    found = judged("A is 30% more accurate than B", {"A": a, "B": b}, raw={"reading": "points"})
    if found.status == "inconclusive":
        assert "if the estimate is right" in found.sentence or "never" in found.sentence
    assert "About 0" not in found.sentence


def test_a_part_that_is_refuted_only_alone_is_the_reason_that_a_compound_gives() -> None:
    usd = {"A": np.where(np.arange(N) % 2, 0.1, 0.9), "B": np.ones(N)}
    said = {}
    for wrong in range(8, 30):
        score = np.ones(N)
        score[RNG.permutation(N)[:wrong]] = 0.0
        found = judged(
            "A is as accurate as B and 50% cheaper than B",
            {"A": score, "B": np.ones(N)},
            usd=usd,
        )
        if "multiplicity_parts" in codes(found):
            said[wrong] = found
    assert said
    for found in said.values():
        assert found.status == "inconclusive"
        assert "a part is refuted alone, and not once all parts are counted" in found.sentence
        assert "(Holm: part 1 of 2)" in found.sentence
        assert "undecided: part" not in found.sentence
