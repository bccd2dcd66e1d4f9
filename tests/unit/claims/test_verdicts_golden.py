"""Golden vectors: the words of verdicts, from the whole path (text -> claim -> verdict)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench.claims.verdicts import decide_claims, parse_claim
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Claim, ClaimSpec, Reading, Verdict

VECTORS = {
    v["id"]: v
    for v in json.loads((Path(__file__).parents[2] / "golden" / "claims_golden.json").read_text())[
        "vectors"
    ]
}
ARMS = (Arm("A", "p", "model-a", weights="open"), Arm("B", "p", "model-b", weights="proprietary"))


def claim(text: str, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


def four_cells(cells: dict[str, int]) -> dict[str, np.ndarray]:
    n11, n10, n01, n00 = (cells[k] for k in ("n11", "n10", "n01", "n00"))
    a = np.repeat([1.0, 1.0, 0.0, 0.0], (n11, n10, n01, n00))
    b = np.repeat([1.0, 0.0, 1.0, 0.0], (n11, n10, n01, n00))
    return {"A": a, "B": b}


def one(text: str, scores: dict[str, Any], **columns: Any) -> Verdict:
    raw = columns.pop("raw", {})
    context = columns.pop("context", None)
    items, calls = tables_from_arrays(scores, **columns)
    return decide_claims([claim(text, **raw)], items, calls, context)[0]


def reading(verdict: Verdict, name: str) -> Reading:
    return next(r for r in verdict.readings if r.name == name)


def interval(r: Reading) -> tuple[float | None, float | None, float | None]:
    assert r.estimate is not None
    return r.estimate.value, r.estimate.low, r.estimate.high


def test_30_percent_more_accurate_has_three_readings() -> None:
    want = VECTORS["CLAIM-30pct-more-accurate"]
    v = one("A is 30% more accurate than B", four_cells(want["input"]))
    e = want["expected"]
    assert interval(reading(v, "relative")) == pytest.approx(e["relative_ratio"], abs=1e-6)
    assert interval(reading(v, "points")) == pytest.approx(e["diff"], abs=1e-6)
    assert interval(reading(v, "error_reduction")) == pytest.approx(e["error_ratio"], abs=1e-6)
    assert [r.status for r in v.readings] == [
        e["relative"],
        e["percentage_points"],
        e["error_reduction"],
    ]
    assert (v.status, v.headline) == (e["headline"], None)
    assert "depends_on_reading" in map(str, v.reasons)
    assert "percentage points" in v.sentence


def test_30_percent_can_be_impossible() -> None:
    want = VECTORS["CLAIM-30pct-infeasible"]
    v = one("A is 30% more accurate than B", four_cells(want["input"]))
    assert [r.status for r in v.readings] == ["refuted", "refuted", "supported"]
    assert [r.infeasible for r in v.readings] == [True, True, False]
    assert "impossible" in reading(v, "relative").sentence
    assert v.status == "inconclusive"
    assert v.sentence.startswith("Inconclusive") and "true only if" in v.sentence  # noqa: PT018  one sentence
    pinned = one(
        "A is 30% more accurate than B",
        four_cells(want["input"]),
        raw={"reading": "error_reduction"},
    )
    assert (pinned.status, pinned.headline) == ("supported", "error_reduction")


@pytest.mark.parametrize(
    "key", [k for k in VECTORS if k.startswith("CLAIM-NI") or k == "CLAIM-surpassed"]
)
@pytest.mark.parametrize("text", ["A is as accurate as B", "A has caught up with or surpassed B"])
def test_as_accurate_as(key: str, text: str) -> None:
    cells, e = VECTORS[key]["input"], VECTORS[key]["expected"]
    v = one(text, four_cells(cells), raw={"margin": cells["margin"]})
    assert interval(reading(v, "non_inferior")) == pytest.approx(
        (e["est"], e["lo"], e["hi"]), abs=1e-6
    )
    assert (v.status, v.headline) == (e["non_inferiority"], "non_inferior")
    assert reading(v, "equivalent").status == e["equivalence"]
    assert v.qualifier == e["qualifier"]
    assert reading(v, "non_inferior").delta_star == pytest.approx(max(0, -e["lo"]), abs=1e-6)
    assert set(reading(v, "non_inferior").sensitivity) >= {
        "margin_0.02",
        "margin_0.03",
        "margin_0.05",
    }


@pytest.mark.parametrize("key", [k for k in VECTORS if k.startswith("TIES")])
def test_ties_at_100_percent_never_have_zero_width(key: str) -> None:
    n, e = VECTORS[key]["input"]["n"], VECTORS[key]["expected"]
    scores = {"A": np.ones(n), "B": np.ones(n)}
    more = one("A is more accurate than B", scores)
    assert more.status == e["superiority"]
    assert interval(more.readings[0]) == pytest.approx((e["est"], e["lo"], e["hi"]), abs=1e-6)
    assert one("A is as accurate as B", scores, raw={"margin": 0.05}).status == e["NI_0_05"]
    assert one("A is as accurate as B", scores, raw={"margin": 0.02}).status == e["NI_0_02"]


def test_all_fail_has_no_ratio() -> None:
    v = one(
        "A is 30% more accurate than B",
        {"A": np.zeros(30), "B": np.zeros(30)},
        raw={"reading": "relative"},
    )
    assert v.status == VECTORS["ALLFAIL-0v0-n30"]["expected"]["relative_claim"]
    assert "denominator_zero" in map(str, v.reasons)
    e = VECTORS["ALLFAIL-0v0-n30"]["expected"]
    assert interval(reading(v, "points")) == pytest.approx((0, e["lo"], e["hi"]), abs=1e-6)


def costs(key: str) -> dict[str, np.ndarray]:
    given = VECTORS[key]["input"]
    n = next(len(given[k]) for k in ("a", "b") if isinstance(given[k], list))
    return {
        arm: np.zeros(n) if isinstance(given[k], str) else np.asarray(given[k])
        for arm, k in (("A", "a"), ("B", "b"))
    }


def cost_claim(text: str, key: str, **raw: Any) -> Verdict:
    usd = costs(key)
    ones = {arm: np.ones(len(usd["A"])) for arm in usd}
    return one(text, ones, usd=usd, raw={"reading": "per_request", **raw})


def test_90_percent_cheaper_with_the_tail_guard() -> None:
    e = VECTORS["COST-hull-ci"]["expected"]
    v = cost_claim("A is 90% cheaper than B", "COST-hull-ci")
    r = reading(v, "per_request")
    assert interval(r) == pytest.approx((0.1104693141, e["lo995"], e["hi995"]), abs=1e-6)
    assert r.estimate is not None
    assert r.estimate.level == pytest.approx(0.995)
    assert r.threshold == pytest.approx(0.105)
    assert r.tolerance == pytest.approx(0.005)
    assert v.status == "inconclusive"
    assert r.sensitivity["strict_threshold"] == e["verdict_strict"]
    assert "tail_guard" in map(str, v.flags)
    assert r.n_more is not None
    assert r.flip_points["treatment_price_multiplier"] == pytest.approx(
        0.105 / 0.1104693141, rel=1e-6
    )


def test_cost_p_is_that_of_the_displayed_interval() -> None:
    p = VECTORS["COST-hull-p-R0.15"]["expected"]["p"]
    v = cost_claim("A is 85% cheaper than B", "COST-hull-p-R0.15", threshold=0.85)
    assert v.status == "supported"
    assert v.readings[0].p is not None
    assert v.readings[0].p < 10 * p + 1e-6


def test_a_free_arm_without_hardware_is_no_bargain() -> None:
    e = VECTORS["COST-zero-arm"]["expected"]
    v = cost_claim("A is 90% cheaper than B", "COST-zero-arm")
    assert (v.status, [str(r) for r in v.reasons]) == (e["verdict"], [e["reason"]])
    assert reading(v, "per_request").estimate is not None
    assert reading(v, "per_request").estimate.value == e["ratio"]  # type: ignore[union-attr]


def test_a_free_baseline_gives_a_difference_only() -> None:
    e = VECTORS["COST-zero-baseline"]["expected"]
    v = cost_claim("A is 90% cheaper than B", "COST-zero-baseline")
    assert (v.status, [str(r) for r in v.reasons]) == (e["verdict"], [e["reason"]])
    assert reading(v, "per_request").estimate.value is e["ratio"]  # type: ignore[union-attr]
    assert "per 1,000 requests" in reading(v, "per_request").sentence


def test_faster_at_p95_and_two_readings_of_50_percent() -> None:
    e = VECTORS["Q-ratio-p95"]["expected"]
    a = np.arange(1.0, 201.0)
    times = {"A": a, "B": 2 * a + 5}
    scores = {"A": np.ones(200), "B": np.ones(200)}
    # one block per row: the vector is about independent rows
    calls = {arm: {"block": np.arange(200)} for arm in times}
    v = one("A is faster at p95 than B", scores, ttft_s=times, calls=calls, raw={"metric": "ttft"})
    assert interval(v.readings[0]) == pytest.approx((e["est"], e["lo"], e["hi"]), abs=1e-6)
    assert v.status == e["faster"]
    assert "under the harness's reading" in v.sentence
    v = one(
        "A is 50% faster at p95 than B", scores, ttft_s=times, calls=calls, raw={"metric": "ttft"}
    )
    assert reading(v, "ttft.time_cut").status == e["time_cut_50"]
    assert reading(v, "ttft.rate_up").status == e["rate_up_50"]
    assert v.status == "inconclusive"
