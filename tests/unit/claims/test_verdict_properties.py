"""Properties of verdicts: mirrors under a swap of the arms, monotone thresholds, scale and order,
Holm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimbench.claims.verdicts import decide_claims, parse_claim
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
MIRROR = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=30, deadline=None)


def data(seed: int) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(24, 120))
    pa, pb = rng.uniform(0.05, 1.0, 2)
    ra, rb = rng.lognormal(-6, 1, 2)
    return {
        "scores": {
            "A": (rng.random(n) < pa).astype(float),
            "B": (rng.random(n) < pb).astype(float),
        },
        "usd": {"A": ra * rng.lognormal(0, 0.5, n), "B": rb * rng.lognormal(0, 0.5, n)},
        "ttft_s": {"A": rng.lognormal(rng.normal(0, 0.3), 0.4, n), "B": rng.lognormal(0, 0.4, n)},
    }


def verdict(text: str, columns: dict[str, dict[str, np.ndarray]], **raw: Any) -> Verdict:
    given_ = dict(columns)
    items, calls = tables_from_arrays(given_.pop("scores"), **given_)  # type: ignore[arg-type]
    return decide_claims([parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())], items, calls)[0]


@few
@given(SEEDS)
def test_more_accurate_mirrors(seed: int) -> None:
    columns = data(seed)
    one, two = (
        verdict("A is more accurate than B", columns),
        verdict("B is more accurate than A", columns),
    )
    assert two.status == MIRROR[one.status]
    a, b = one.readings[0].estimate, two.readings[0].estimate
    assert a is not None
    assert b is not None
    assert (a.low, a.high) == (pytest.approx(-b.high), pytest.approx(-b.low))  # type: ignore[operator]


@few
@given(SEEDS)
def test_faster_mirrors(seed: int) -> None:
    columns = data(seed)
    one = verdict("A is faster than B", columns, metric="ttft")
    two = verdict("B is faster than A", columns, metric="ttft")
    assert two.status == MIRROR[one.status]


@few
@given(
    SEEDS,
    st.sampled_from(["less_by cost", "more_by accuracy", "at_least accuracy", "less_by latency"]),
)
def test_a_stricter_threshold_never_rescues(seed: int, what: str) -> None:
    columns = data(seed)
    relation, kind = what.split()
    order = {"refuted": 0, "inconclusive": 1, "supported": 2}
    last: dict[str, int] = {}
    for threshold in (0.1, 0.3, 0.5, 0.7, 0.9):
        raw: dict[str, Any] = {
            "kind": kind,
            "relation": relation,
            "threshold": threshold,
            "arm": "A",
            "than": "B",
        }
        v = verdict("", columns, **raw)
        for r in v.readings:
            if r.status != "n/a":
                assert order[r.status] <= last.get(r.name, 2)
                last[r.name] = order[r.status]


@few
@given(SEEDS, st.floats(1e-3, 1e3))
def test_money_has_no_unit(seed: int, factor: float) -> None:
    columns = data(seed)
    scaled = {**columns, "usd": {arm: factor * x for arm, x in columns["usd"].items()}}
    one, two = verdict("A is cheaper than B", columns), verdict("A is cheaper than B", scaled)
    assert one.status == two.status
    assert one.readings[0].estimate is not None
    assert two.readings[0].estimate is not None
    assert one.readings[0].estimate.high == pytest.approx(two.readings[0].estimate.high, rel=1e-6)


@few
@given(SEEDS)
def test_the_order_of_items_does_not_matter(seed: int) -> None:
    columns = data(seed)
    n = len(columns["scores"]["A"])
    order = np.random.default_rng(seed).permutation(n)
    mixed = {
        name: {arm: x[order] for arm, x in of.items()}
        for name, of in columns.items()
        if name != "ttft_s"
    }
    columns.pop("ttft_s")
    for text in ("A is more accurate than B", "A is 50% cheaper than B", "A is as accurate as B"):
        one, two = verdict(text, columns), verdict(text, mixed)
        assert one.status == two.status
        for r, s in zip(one.readings, two.readings, strict=True):
            if r.estimate is not None:
                assert s.estimate is not None
                assert r.estimate.low == pytest.approx(s.estimate.low, abs=1e-9)


@few
@given(SEEDS)
def test_no_number_is_nan_and_accuracy_is_never_certain(seed: int) -> None:
    columns = data(seed)
    for text in (
        "A is 30% more accurate than B",
        "A is as accurate as B",
        "A is 90% cheaper than B",
        "A is 2x faster than B",
    ):
        for r in verdict(text, columns).readings:
            if r.estimate is None:
                continue
            assert r.estimate.low == r.estimate.low
            assert r.estimate.high == r.estimate.high
            assert r.estimate.low is not None
            assert r.estimate.high is not None
            assert r.estimate.low < r.estimate.high
            assert r.p is None or 0 <= r.p <= 1
            assert r.sentence.endswith(".")


@few
@given(SEEDS)
def test_a_verdict_agrees_with_its_p(seed: int) -> None:
    columns = data(seed)
    for text in ("A is more accurate than B", "A is cheaper than B"):
        v = verdict(text, columns, **({"reading": "per_request"} if "cheaper" in text else {}))
        p = v.readings[0].p
        assert p is not None
        assert (v.status != "inconclusive") == (p <= 0.05 + 1e-9)


@few
@given(SEEDS)
def test_more_claims_never_decide_more(seed: int) -> None:
    columns = data(seed)
    given_ = dict(columns)
    items, calls = tables_from_arrays(given_.pop("scores"), **given_)  # type: ignore[arg-type]
    claims = [
        parse_claim(ClaimSpec(str(i), t, None, {}), ARMS, ())
        for i, t in enumerate(
            ("A is more accurate than B", "A is as accurate as B", "A is cheaper than B")
        )
    ]
    together = decide_claims(claims, items, calls)
    for claim, v in zip(claims, together, strict=True):
        alone = decide_claims([claim], items, calls)[0]
        assert v.status in {alone.status, "inconclusive"}
