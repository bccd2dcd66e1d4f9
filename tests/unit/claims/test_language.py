"""Spelling, amounts, limits, the line "Read as", and what follows from where a claim came from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.claims.combine import count_of
from claimbench.claims.fields import ABSOLUTE, RELATIONS
from claimbench.claims.language.amounts import find_amounts
from claimbench.claims.language.normal import light, plain
from claimbench.claims.language.say import read_back, stated, words_of
from claimbench.claims.parse import parse_claim
from claimbench.claims.readings.limits import limits
from claimbench.claims.types import ClaimContext, Finding, ListPrice
from claimbench.claims.verdicts import decide_claims
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, Claim, ClaimSpec, Verdict

ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))


def claim(text: str, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


def judged(text: str, context: ClaimContext | None = None, **columns: Any) -> Verdict:
    scores = columns.pop("scores", {"A": np.ones(200), "B": np.ones(200)})
    raw = columns.pop("raw", {})
    items, calls = tables_from_arrays(scores, **columns)
    return decide_claims([claim(text, **raw)], items, calls, context)[0]


@pytest.mark.parametrize(("text", "kind", "value", "half", "bound"), [
    ("90%", "p", "9/10", "1/200", None),
    ("90+%", "p", "9/10", "0", ">="),
    ("%90", "p", "9/10", "1/200", None),
    ("90,5 %", "p", "181/200", "1/2000", None),
    ("90％", "p", "9/10", "1/200", None),
    ("٩٠٪", "p", "9/10", "1/200", None),
    ("ninety-five per cent", "p", "19/20", "1/200", None),
    ("two-thirds", "f", "2/3", "0", None),
    ("½", "f", "1/2", "0", None),
    ("1/10th", "f", "1/10", "0", None),
    ("a dozen times", "x", "12", "1/2", None),
    ("10-fold", "x", "10", "1/2", None),
    ("tenfold", "x", "10", "1/2", None),
    ("two orders of magnitude", "x", "100", "0", None),
    ("two and a half times", "x", "5/2", "1/20", None),
    ("$1,000", "u", "1000", "0", None),
    ("half a cent", "u", "1/200", "0", None),
    ("5 p.p.", "o", "1/20", "1/200", None),
    ("sub-second", "d", "1", "0", "<"),
    ("200 ms", "d", "1/5", "0", None),
    ("no more than 2 points", "o", "1/50", "0", "<="),
])  # fmt: skip
def test_amounts(text: str, kind: str, value: str, half: str, bound: str | None) -> None:
    marked, found = find_amounts(plain(light(text)))
    assert marked == f"<{kind}0>"
    assert (found[0].kind, found[0].value, found[0].half) == (kind, Fraction(value), Fraction(half))
    assert found[0].bound == bound


@pytest.mark.parametrize(("text", "threshold", "strict"), [
    ("A is 2x cheaper than B", 1 / 1.96, 0.5),
    ("A is twice as cheap as B", 0.5, 0.5),
    ("A costs half as much as B", 0.5, 0.5),
    ("A is 50% cheaper than B", 0.505, 0.5),
    ("A is at least 50% cheaper than B", 0.5, 0.5),
    ("A is 10x cheaper than B", 1 / 9.8, 0.1),
    ("A is a third of the price of B", 1 / 3, 1 / 3),
    ("A is at least 90% cheaper than B", 0.1, 0.1),
])  # fmt: skip
def test_rounding_is_what_a_court_would_read(text: str, threshold: float, strict: float) -> None:
    limit = limits(claim(text))[0]
    assert limit.threshold == pytest.approx(threshold)
    assert limit.strict == pytest.approx(strict)


def test_where_rounding_decides_both_verdicts_stand_in_the_headline() -> None:
    usd = {"A": np.full(200, 1.0), "B": np.full(200, 9.85)}
    found = judged("A is 90% cheaper than B", usd=usd, raw={"reading": "per_request"})
    assert found.status == "supported"
    assert "By the number as quoted, without rounding: refuted." in found.sentence


@pytest.mark.parametrize(("mine", "other"), [
    (0.15, 1.5), (0.3, 3.0), (0.1, 1.0), (0.25, 2.5), (0.07, 0.7),
])  # fmt: skip
def test_list_prices_compare_exactly(mine: float, other: float) -> None:
    prices = {"A": ListPrice(mine, mine, "a"), "B": ListPrice(other, other, "b")}
    context = ClaimContext(list_prices=prices)
    found = judged("A is at least 90% cheaper than B per token", context)
    assert found.status == "supported"
    found = judged("A is more than 90% cheaper than B per token", context)
    assert found.status == "refuted"
    assert "no single value" not in found.sentence


def test_exactly_a_tenth_of_the_dollars_is_90_percent_cheaper() -> None:
    b = np.random.default_rng(1).lognormal(0, 0.5, 200)
    found = judged("A is at least 90% cheaper than B", usd={"A": 0.1 * b, "B": b})
    assert found.status == "supported"


def test_equal_costs_are_not_cheaper() -> None:
    b = np.random.default_rng(1).lognormal(0, 0.5, 200)
    assert judged("A is cheaper than B", usd={"A": b, "B": b}).status == "refuted"


def test_what_follows_so_is_the_reading() -> None:
    b = np.random.default_rng(1).lognormal(0, 0.5, 200)
    found = judged("A is cheaper than B", usd={"A": 0.5 * b, "B": b})
    assert found.read_as.startswith("A's dollars per request are below B's")
    assert f"so it holds that {found.read_as}." in found.sentence


NUMBERS = st.integers(1, 99).map(lambda n: n / 100)
FACTORS = st.integers(11, 400).map(lambda n: n / 10)


@st.composite
def simple_claims(draw: st.DrawFn) -> Claim:
    kind = draw(st.sampled_from(["accuracy", "cost", "latency"]))
    relation = draw(st.sampled_from(RELATIONS[kind]))
    factor = relation in {"times_less", "times_more"}
    number = draw(FACTORS if factor else NUMBERS)
    half = draw(st.sampled_from([0.0, 0.005]))
    metrics = {"cost": ["usd"], "accuracy": ["accuracy"], "latency": ["latency", "ttft", "e2e"]}
    ranged = relation not in {"more", "less", "as", "caught_up", "near"} and draw(st.booleans())
    return Claim(
        id="c",
        text="",
        source=None,
        kind=kind,
        metric=draw(st.sampled_from(metrics[kind])),
        treatments=draw(st.sampled_from([("A",), ("A", "C")])),
        baselines=() if relation in ABSOLUTE else draw(st.sampled_from([("B",), ("B", "D")])),
        relation=relation,
        threshold=number,
        quoted_precision=0.0 if relation in ABSOLUTE else half,
        quantile=draw(st.sampled_from([0.5, 0.95, 0.999])) if kind == "latency" else None,
        bound=draw(st.sampled_from(["min", "max"])),
        strict=draw(st.booleans()),
        upper=number + (1.0 if factor else 0.005) if ranged else None,
        negated=draw(st.booleans()),
        modifier=draw(st.sampled_from([None, "every", "up_to"])),
        task=draw(st.sampled_from([None, "t1"])),
    )


@given(simple_claims())
def test_reading_to_words_and_back_is_the_identity(made: Claim) -> None:
    said = stated(made)
    assert read_back(words_of(said)) == said


def test_parts_keep_the_words_of_the_sentence() -> None:
    made = claim("A is as accurate as B at 10% of the cost")
    assert [part.text for part in made.parts] == ["as accurate as", "at 10% of the cost"]


def test_tasks_are_counted_under_holm() -> None:
    good = Finding("supported", 0.001)
    weak = Finding("supported", 0.04)
    bad = Finding("refuted", 0.001)
    open_ = Finding("inconclusive", 0.5)
    assert count_of([good, good, bad], 0.05, 2).status == "supported"
    assert count_of([good, bad, bad], 0.05, 2).status == "refuted"
    assert count_of([good, open_, bad], 0.05, 2).status == "inconclusive"
    assert count_of([good, weak, open_], 0.05, 2).status == "inconclusive"
    assert count_of([good, good, good], 0.05, 3).qualifier == "holds in 3 of 3"


def test_claims_declared_after_pay_for_their_number_where_there_are_no_others() -> None:
    rng = np.random.default_rng(3)
    base = (rng.random(100) < 0.5).astype(float)
    a = base.copy()
    a[np.flatnonzero(base == 0)[:6]] = 1.0
    items, calls = tables_from_arrays({"A": a, "B": base})
    late = replace(claim("A is more accurate than B"), declared="after")
    several = [
        late,
        *(replace(late, id=str(i), text=f"{i}", margin=0.04 + i / 100) for i in range(3)),
    ]
    context = ClaimContext(claims_before="typed at an import; 2 claims were judged before")
    verdicts = decide_claims(several, items, calls, context)
    assert all(v.readings[0].p_holm == pytest.approx(4 * (v.readings[0].p or 0)) for v in verdicts)
    assert "2 claims were judged before" in str(verdicts[0].flags)


@pytest.mark.parametrize("text", ["A is at least 90% accurate", "A is as accurate as B and better"])
def test_how_many_claims_were_judged_before_stands_in_the_sentence(text: str) -> None:
    items, calls = tables_from_arrays({"A": np.ones(200), "B": np.ones(200)})
    made = claim(text)
    late = replace(
        made, declared="after", parts=tuple(replace(p, declared="after") for p in made.parts)
    )
    context = ClaimContext(claims_before="typed at an import; 2 claims were judged before")
    verdict = decide_claims([late], items, calls, context)[0]
    assert verdict.sentence.endswith(
        "(Declared after the data were seen: typed at an import; 2 claims were judged before.)"
    )
    assert "Declared" not in decide_claims([made], items, calls, context)[0].sentence
