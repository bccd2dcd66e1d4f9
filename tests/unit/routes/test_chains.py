"""Cascades of more than two arms, and arms chosen by slice out of fold."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from claimbench.routes.beside import Beside, beside
from claimbench.routes.by_slice import FEWEST
from claimbench.routes.fit import Options, best_thresholds
from claimbench.routes.make import Routed, Stored, with_routes
from claimbench.routes.paths import Checks
from claimbench.routes.signals import Answers
from claimbench.testing import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Call,
    CallRecord,
    Outcome,
    Sample,
    ScorerSpec,
    Task,
)
from claimbench.types.money import Cost
from claimbench.types.routes import ChooseSpec, FitSpec, RouteSpec, StageSpec

USD = {"a": 1.0, "b": 10.0, "c": 100.0}
TIMES = {"a": 1.0, "b": 3.0, "c": 7.0}


def made(
    spec: RouteSpec,
    scores: dict[str, list[float]],
    outcome: dict[str, list[str]] | None = None,
    lang: list[str] | None = None,
    usd: dict[str, list[float]] | None = None,
) -> Routed:
    n = len(scores["a"])
    dollars = usd or {arm: [USD[arm]] * n for arm in scores}
    items, calls = tables_from_arrays(
        dict(scores),
        usd=dollars,
        ttft_s={arm: [0.5 * TIMES[arm]] * n for arm in scores},
        e2e_s={arm: [TIMES[arm]] * n for arm in scores},
        outcome=outcome,
        slices={"lang": lang or ["x"] * n},
    )
    records = []
    for arm in scores:
        kinds = (outcome or {}).get(arm, ["ok"] * n)
        for i in range(n):
            call = Call("r", f"{arm}-{i}", "task", str(i), 1, arm, 0, 0)
            records.append(CallRecord(call, "x", Outcome(kinds[i]), "stop", 1))
    samples = tuple(Sample(str(i), {}, None, str(i)) for i in range(n))
    task = Task("task", samples, (), (), AnswerSpec("text"), (ScorerSpec("exact"),), 8)
    costs = {
        f"{arm}-{i}": Cost(Decimal(str(amount)))
        for arm, amounts in dollars.items()
        for i, amount in enumerate(amounts)
        if not math.isnan(amount)
    }
    answers = Answers.of(records, (), (task,))
    return with_routes([spec], items, calls, Stored(answers, costs, Checks(), "seed"))


def sure(*values: float | None) -> dict[tuple[str, str], float | None]:
    return {("task", str(i)): value for i, value in enumerate(values)}


def chain(
    first: list[float | None],
    second: list[float | None],
    at: float | str = 0.5,
    fit: FitSpec | None = None,
) -> RouteSpec:
    return RouteSpec(
        "r",
        "cascade",
        first="a",
        then="b",
        signal="file",
        of="f",
        below=at,  # type: ignore[arg-type]
        fit=fit,
        values=sure(*first),
        later=(StageSpec("c", signal="file", of="g", below=at, values=sure(*second)),),  # type: ignore[arg-type]
    )


SCORES = {"a": [1.0, 0.0, 0.0, 0.0], "b": [0.0, 1.0, 0.0, 0.0], "c": [0.0, 0.0, 1.0, 1.0]}


def test_each_request_stops_at_the_first_arm_that_is_sure_and_pays_for_all_before() -> None:
    found = made(chain([0.9, 0.1, 0.1, None], [0.9, 0.9, 0.1, None]), SCORES)
    arm = found.items.arms["r"]
    assert arm.score.tolist() == [1, 1, 1, 1]
    assert arm.usd.tolist() == [1, 11, 111, 111]
    rows = found.calls.arms["r"]
    by_item = dict(zip(rows.item.tolist(), rows.e2e_s.tolist(), strict=True))
    assert by_item == {0: 1.0, 1: 4.0, 2: 11.0, 3: 11.0}
    shown = dict(zip(rows.item.tolist(), rows.ttft_s.tolist(), strict=True))
    # an answer that might still be passed on shows nothing before it is kept
    assert shown == {0: 1.0, 1: 4.0, 2: 4 + 3.5, 3: 4 + 3.5}


@pytest.mark.parametrize(("arm", "missing"), [("a", [1]), ("b", [1]), ("c", [])])
def test_a_fault_on_the_path_is_missing_and_elsewhere_nothing(arm: str, missing: list[int]) -> None:
    kinds = ["ok", "network", "ok", "ok"]
    scores = {**SCORES, arm: [SCORES[arm][0], math.nan, *SCORES[arm][2:]]}
    found = made(chain([0.9, 0.1, 0.1, 0.1], [0.9, 0.9, 0.1, 0.1]), scores, {arm: kinds})
    rows = found.items.arms["r"]
    assert [i for i in range(4) if math.isnan(rows.score[i])] == missing
    assert rows.n_missing.tolist() == [int(i in missing) for i in range(4)]


@pytest.mark.parametrize("arm", ["a", "b", "c"])
def test_unknown_dollars_of_any_step_are_unknown_along_it(arm: str) -> None:
    usd = {name: [USD[name]] * 4 for name in SCORES}
    usd[arm][2] = math.nan
    found = made(chain([0.9, 0.1, 0.1, 0.1], [0.9, 0.9, 0.1, 0.1]), SCORES, usd=usd)
    dollars = found.items.arms["r"].usd
    assert math.isnan(dollars[2])
    assert not np.isnan(dollars[[0, 1, 3]]).any()


def options(n: int, seed: int) -> Options:
    rng = np.random.default_rng(seed)
    unsure = -rng.random((n, 2))
    score = np.column_stack([rng.random(n) < -unsure[:, 0], rng.random(n) < -unsure[:, 1]])
    score = np.column_stack([score, rng.random(n) < 0.9]).astype(float)
    usd = np.tile([1.0, 3.0, 10.0], (n, 1))
    return Options(score, usd, unsure, np.zeros((n, 2), bool), np.arange(n))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("aim", [FitSpec(keep=0.9), FitSpec(keep=1.0), FitSpec(max_usd_per_1k=4e3)])
def test_thresholds_of_two_steps_are_the_best_of_all_pairs(aim: FitSpec, seed: int) -> None:
    found = options(40, seed)
    at = best_thresholds(found, aim, np.array([math.nan, math.nan]))
    tried = [[-math.inf, *sorted(found.unsure[:, k])] for k in (0, 1)]
    best = None
    for pair in itertools.product(*tried):
        arm = found.answered(np.tile(pair, (40, 1)))
        score = found.of_arm(found.score, arm).mean()
        usd = found.of_arm(found.usd, arm).mean()
        if aim.keep is not None:
            rank = (usd,) if score >= aim.keep * found.score[:, 2].mean() - 1e-9 else None
        else:
            rank = (-score, usd) if usd <= 4 + 1e-9 else None
        if rank is not None and (best is None or rank < best):
            best = rank
    arm = found.answered(np.tile(at, (40, 1)))
    usd = found.of_arm(found.usd, arm).mean()
    score = found.of_arm(found.score, arm).mean()
    mine = (usd,) if aim.keep is not None else (-score, usd)
    assert best == pytest.approx(mine)


def test_a_stated_threshold_stays_while_the_others_are_fitted() -> None:
    at = best_thresholds(options(60, 1), FitSpec(keep=0.8), np.array([-0.5, math.nan]))
    assert at[0] == -0.5


def test_three_fitted_steps_meet_their_aim() -> None:
    rng = np.random.default_rng(4)
    n = 120
    unsure = -rng.random((n, 3))
    parts = [(rng.random(n) < -unsure[:, k]).astype(float) for k in range(3)]
    found = Options(
        np.column_stack([*parts, np.ones(n)]),
        np.tile([1.0, 2.0, 4.0, 9.0], (n, 1)),
        unsure,
        np.zeros((n, 3), bool),
        np.arange(n),
    )
    at = best_thresholds(found, FitSpec(keep=0.9), np.full(3, math.nan))
    arm = found.answered(np.tile(at, (n, 1)))
    assert found.of_arm(found.score, arm).mean() >= 0.9 - 1e-9
    assert found.of_arm(found.usd, arm).mean() < 9
    dear = best_thresholds(found, FitSpec(max_usd_per_1k=0.5), np.full(3, math.nan))
    assert (found.answered(np.tile(dear, (n, 1))) == 0).all()  # nothing meets it: the cheapest


def test_a_fitted_chain_is_fitted_out_of_fold_with_its_noise_known() -> None:
    rng = np.random.default_rng(3)
    n = 60
    one, two = rng.random(n), rng.random(n)
    scores = {
        "a": (rng.random(n) < one).astype(float).tolist(),
        "b": (rng.random(n) < two).astype(float).tolist(),
        "c": [1.0] * n,
    }
    spec = chain(one.tolist(), two.tolist(), "fit", FitSpec(keep=0.9, folds=3))
    found = made(spec, scores)
    facts = found.facts["r"]
    assert facts.fitted
    assert facts.unfair is None
    assert facts.widen["accuracy", "c"] >= 1
    shown = beside(spec, facts.said, found.found["r"], found.items, 0.05)
    assert isinstance(shown, Beside)
    assert shown.threshold is not None
    assert [then for then, _, _ in shown.later_thresholds] == ["c"]
    assert sum(shown.shares.values()) == pytest.approx(1)
    assert "all thresholds together" in facts.said


@pytest.mark.parametrize(
    ("spec", "unfair"),
    [
        (chain([0.9] * 4, [0.9] * 4), True),
        (chain([0.9] * 4, [0.9] * 4, "fit", FitSpec(keep=0.9, folds=2)), False),
        (
            replace(
                chain([0.9] * 4, [0.9] * 4, "fit", FitSpec(keep=0.9, folds=2)),
                later=(StageSpec("c", signal="file", of="g", below=0.5, values=sure(*[0.9] * 4)),),
            ),
            True,
        ),
        (RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b"))), False),
    ],
)
def test_declared_after_only_what_is_fitted_whole_is_judged(spec: RouteSpec, unfair: bool) -> None:
    found = made(replace(spec, declared="after"), SCORES).facts["r"].unfair
    assert (found is not None and found.code == "route_fitted_in_sample") == unfair


# by slice -----------------------------------------------------------------------------------------


def slices(n: int = 80) -> tuple[list[str], dict[str, list[float]]]:
    lang = ["de" if i % 2 else "en" for i in range(n)]
    good = [float(i % 8 != 0) for i in range(n)]
    poor = [float(i % 8 == 3) for i in range(n)]
    a = [g if i % 2 else p for i, (g, p) in enumerate(zip(good, poor, strict=True))]
    b = [p if i % 2 else g for i, (g, p) in enumerate(zip(good, poor, strict=True))]
    return lang, {"a": a, "b": b}


def test_each_slice_takes_the_arm_that_is_best_on_the_other_folds() -> None:
    lang, scores = slices()
    spec = RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b")))
    found = made(spec, scores, lang=lang)
    assert set(zip(lang, found.found["r"].chosen, strict=True)) == {("de", "a"), ("en", "b")}
    expected = [scores["a" if one == "de" else "b"][i] for i, one in enumerate(lang)]
    assert found.items.arms["r"].score.tolist() == expected
    shown = beside(spec, "", found.found["r"], found.items, 0.05)
    assert isinstance(shown, Beside)
    assert shown.choices == {"de": {"a": 1.0}, "en": {"b": 1.0}}


def test_no_item_is_routed_by_its_own_score() -> None:
    # one item more or less would turn the choice, if it were counted
    n = 40
    lang = ["x"] * n
    a = [1.0, 0.0] * (n // 2)
    b = [0.0, 1.0] * (n // 2)
    spec = RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b"), folds=n))
    found = made(spec, {"a": a, "b": b}, lang=lang)
    # left out, an item that only a gets right makes b the better of the rest
    assert found.items.arms["r"].score.tolist() == [0.0] * n


@pytest.mark.parametrize(("keep", "arm"), [(1.0, "b"), (0.9, "b"), (0.6, "a")])
def test_the_cheapest_arm_that_keeps_a_share_is_taken(keep: float, arm: str) -> None:
    n = 40
    a = [float(i % 4 != 0) for i in range(n)]
    spec = RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b"), keep))
    found = made(spec, {"a": a, "b": [1.0] * n}, lang=["x"] * n)
    assert set(found.found["r"].chosen) == {arm}


def test_a_slice_with_few_rows_takes_the_arm_that_is_best_over_all() -> None:
    few = FEWEST - 2
    lang = ["rare"] * few + ["often"] * 60
    scores = {"a": [1.0] * few + [0.0] * 60, "b": [0.0] * few + [1.0] * 60}
    spec = RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b")))
    found = made(spec, scores, lang=lang)
    assert set(found.found["r"].chosen[:few]) == {"b"}


def test_nothing_to_learn_from_is_missing_never_wrong() -> None:
    scores = {"a": [math.nan] * 12, "b": [1.0] * 12}
    spec = RouteSpec("r", "slice", slice="lang", choose=ChooseSpec(("a", "b")))
    found = made(spec, scores, lang=["x"] * 12)
    assert set(found.found["r"].chosen) == {None}
    assert np.isnan(found.items.arms["r"].score).all()
