"""Each measure of NEW against BASE: held, regressed, undecided, and Holm over all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.types import ClaimContext
from claimbench.monitoring.flips import flips
from claimbench.monitoring.judging import Tables, judge
from claimbench.monitoring.types import Judged, Margins, PairedArm
from claimbench.monitoring.words import arm_sentences, judged_words, level_text, signed
from claimbench.testing import tables_from_arrays
from claimbench.types import reason_codes

RNG = np.random.default_rng(11)
N = 400


def tables(base: Any, new: Any, context: ClaimContext | None = None, **columns: Any) -> Tables:
    items, calls = tables_from_arrays({"arm": new, baseline_arm("arm"): base}, **columns)
    ctx = context or ClaimContext(other_runs=frozenset({baseline_arm("arm")}))
    return Tables(items, calls, ctx, np.ones(len(items.items), dtype=np.bool_))


def judged(found: Tables, margins: Margins, alpha: float = 0.05) -> dict[str, Judged]:
    made = judge(found, [PairedArm("arm", "arm")], margins, "super", alpha)
    return {one.metric: one for one in made}


def scores(share: float) -> np.ndarray:
    return (np.arange(N) < share * N).astype(np.float64)


ONLY_ACCURACY = Margins(0.05, None, None)


@pytest.mark.parametrize(
    ("base", "new", "state"),
    [(0.9, 0.9, "held"), (0.9, 0.6, "regressed"), (0.9, 0.85, "undecided"), (0.5, 0.9, "held")],
)
def test_accuracy_holds_regresses_or_stays_open(base: float, new: float, state: str) -> None:
    found = judged(tables(scores(base), scores(new)), ONLY_ACCURACY)["accuracy"]
    assert found.state == state
    assert found.value == pytest.approx(new - base)
    assert (found.base, found.new, found.n) == (pytest.approx(base), pytest.approx(new), N)


def test_a_smaller_alpha_widens_what_is_shown() -> None:
    both = tables(scores(0.9), scores(0.8))
    wide, narrow = (judged(both, ONLY_ACCURACY, a)["accuracy"] for a in (0.001, 0.05))
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low
    assert (wide.level, narrow.level) == (0.999, 0.95)


def test_dollars_are_a_ratio_with_a_margin_above_one() -> None:
    usd = RNG.lognormal(-5, 0.2, N)
    for factor, state in ((1.0, "held"), (1.5, "regressed")):
        bills = {"arm": usd * factor, baseline_arm("arm"): usd}
        both = tables(scores(0.9), scores(0.9), usd=bills)
        found = judged(both, Margins(None, 0.1, None))["dollars"]
        assert (found.state, found.value) == (state, pytest.approx(factor))


def test_an_unknown_price_is_not_comparable_and_the_rest_is_judged() -> None:
    usd = {"arm": np.full(N, 0.01), baseline_arm("arm"): np.full(N, np.nan)}
    found = judged(tables(scores(0.9), scores(0.9), usd=usd), Margins(0.05, 0.1, None))
    assert found["accuracy"].state == "held"
    assert found["dollars"].state == "not_comparable"
    assert reason_codes(found["dollars"].reasons) == {"price_unknown"}


def test_runs_without_times_have_no_latency_to_judge() -> None:
    found = judged(tables(scores(0.9), scores(0.9)), Margins(0.05, None, 0.2))
    assert all(one.metric == "accuracy" or one.state != "held" for one in found.values())


def test_measures_are_judged_together() -> None:
    usd = RNG.lognormal(-5, 0.2, N)
    bills = {"arm": usd * 1.5, baseline_arm("arm"): usd}
    both = tables(scores(0.9), scores(0.9), usd=bills)
    found = judged(both, Margins(0.05, 0.1, None))
    alone = judged(both, ONLY_ACCURACY)["accuracy"]
    assert {one.p_holm is not None for one in found.values()} == {True}
    assert found["accuracy"].p_holm is not None
    assert alone.p_holm is not None
    assert found["accuracy"].p_holm >= alone.p_holm


def test_refusals_are_part_of_what_is_judged_and_told() -> None:
    outcome = {"arm": ["refused"] * 100 + ["ok"] * 300, baseline_arm("arm"): ["ok"] * N}
    new = scores(0.9).copy()
    new[:100] = 0.0
    found = judged(tables(scores(0.9), new, outcome=outcome), ONLY_ACCURACY)["accuracy"]
    assert found.state == "regressed"
    assert "allowed_refusal" in reason_codes(found.flags)


def test_other_sampling_is_not_comparable_unless_the_suite_allows_it() -> None:
    profile = {"sampling": {"temperature": 0.0}}
    other = {"sampling": {"temperature": 1.0}}
    context = ClaimContext(
        profiles={"arm": profile, baseline_arm("arm"): other},
        other_runs=frozenset({baseline_arm("arm")}),
    )
    both = tables(scores(0.9), scores(0.9), context)
    assert judged(both, ONLY_ACCURACY)["accuracy"].state == "not_comparable"
    allowed = replace(both, context=replace(context, allow=frozenset({"sampling"})))
    assert judged(allowed, ONLY_ACCURACY)["accuracy"].state == "held"


def test_flips_are_counted_either_way() -> None:
    base, new = scores(0.5).copy(), scores(0.5).copy()
    new[:3] = 0.0
    new[-5:] = 1.0
    found = flips("arm", tables(base, new))
    assert found is not None
    assert (found.worse, found.better, found.by_repeats) == (3.0, 5.0, None)
    assert {name for name, _, _ in found.samples} == {
        f"task/{i}" for i in (0, 1, 2, *range(N - 5, N))
    }


def test_a_sentence_says_state_interval_and_margin() -> None:
    one = judged(tables(scores(0.9), scores(0.9)), ONLY_ACCURACY)["accuracy"]
    said = judged_words(one)
    assert said.startswith("accuracy held (0.0 points, 95% interval −")
    assert said.endswith(", margin 5)")
    assert arm_sentences is not None


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0.0"), (18.04, "+18.0"), (-2, "−2.0"), (0.03, "+0.03"), (-0.001, "0.0"), (1234.5, "+1,234")],
)  # fmt: skip
def test_numbers_have_signs(number: float, shown: str) -> None:
    assert signed(number) == shown


@pytest.mark.parametrize(
    ("level", "shown"), [(0.95, "95%"), (0.9972, "99.72%"), (0.999986, "99.9986%"), (0.9, "90%")]
)
def test_no_interval_is_called_certain(level: float, shown: str) -> None:
    assert level_text(level) == shown


def night(turned: int) -> dict[str, float]:
    """Scores of a night that scores the first ``turned`` items otherwise than half right, half not."""
    right = scores(0.5)
    right[:turned] = 1 - right[:turned]
    return {f"task/{i}": score for i, score in enumerate(right.tolist())}


@pytest.mark.parametrize(
    ("turned", "by_repeats"),
    [
        ([0, 5, 0], 5),
        ([0, 4, 0, 7, 0], 4),  # of 4, 4, 7, 7 the lower middle
        ([0, 100, 104, 100, 104], 4),  # the model changed in the first night
        ([0, 4, 0, 100, 104], 4),  # in a later one
        ([0, 4, 0, 104], 4),  # in NEW
        ([0, 100, 100], 0),
        ([0, 5], None),
        ([], None),
    ],
)
def test_runs_that_follow_each_other_are_repeats_where_no_run_repeats(
    turned: list[int], by_repeats: float | None
) -> None:
    both = tables(scores(0.5), scores(0.6))
    found = flips("arm", both, [night(n) for n in turned])
    assert found is not None
    assert found.by_repeats == (None if by_repeats is None else pytest.approx(by_repeats))
    assert found.flipped == pytest.approx(N / 10)


def test_a_sample_that_a_run_lacks_is_in_none_of_its_pairs() -> None:
    both = tables(scores(0.5), scores(0.6))
    short = {item: score for item, score in night(5).items() if item != "task/0"}
    found = flips("arm", both, [night(0), short, night(0)])
    assert found is not None
    assert found.by_repeats == pytest.approx(N * 4 / (N - 1))
    assert flips("arm", both, [night(0), {}, night(0)]).by_repeats is None  # type: ignore[union-attr]
