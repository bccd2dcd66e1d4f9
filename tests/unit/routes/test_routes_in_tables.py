"""Routes in the two tables: dollars, tokens, seconds and what is missing along a path."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from claimbench.routes.beside import hull_score, jackknife
from claimbench.routes.fit import Options, Rows, best_threshold, folds_of, out_of_fold
from claimbench.routes.make import Routed, Stored, with_routes
from claimbench.routes.paths import Checks
from claimbench.routes.signals import Answers, agreement, field_of, label_probability
from claimbench.tables.types import CallTable
from claimbench.testing import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Call,
    CallRecord,
    Outcome,
    Sample,
    Score,
    ScorerSpec,
    Task,
    ToolCall,
)
from claimbench.types.money import Cost
from claimbench.types.routes import Decided, FitSpec, RouteSpec

N = 4


def record(arm: str, i: int, text: str, outcome: Outcome = Outcome.OK) -> CallRecord:
    call = Call("r", f"{arm}-{i}", "task", str(i), 1, arm, 0, 0)
    return CallRecord(call, text, outcome, "stop", 1)


def made(
    spec: RouteSpec,
    *,
    small: list[float] | None = None,
    big: list[float] | None = None,
    usd: dict[str, list[float]] | None = None,
    outcome: dict[str, list[str]] | None = None,
    unreadable: tuple[int, ...] = (),
    texts: list[str] | None = None,
    lost: int | None = None,
    others: tuple[RouteSpec, ...] = (),
    **seen: Any,
) -> Routed:
    dollars = usd or {"small": [1.0] * N, "big": [10.0] * N}
    items, calls = tables_from_arrays(
        {"small": small or [1, 0, 1, 0], "big": big or [1, 1, 1, 1]},
        usd=dollars,
        ttft_s={"small": [0.1] * N, "big": [0.5] * N},
        e2e_s={"small": [1.0] * N, "big": [3.0] * N},
        outcome=outcome,
        slices={"lang": ["de", "de", "en", "en"]},
        calls={arm: {"n_out": np.full(N, 5.0), "n_in": np.full(N, 7.0)} for arm in dollars},
    )
    if lost is not None:
        big_rows = calls.arms["big"]
        kept = np.arange(N) != lost
        fields = {n: v[kept] for n, v in vars(big_rows).items() if isinstance(v, np.ndarray)}
        gaps = big_rows.chunk_gaps_s[: N - 1]
        calls = CallTable({**calls.arms, "big": replace(big_rows, **fields, chunk_gaps_s=gaps)})
    said = texts or [json.dumps({"confidence": c}) for c in (0.9, 0.2, 0.8, 0.95)]
    records = []
    for arm in ("small", "big"):
        kinds = (outcome or {}).get(arm, ["ok"] * N)
        records += [record(arm, i, said[i], Outcome(kinds[i])) for i in range(N)]
    scores = [Score(f"small-{i}", "exact", "1", "unparsable", 0.0) for i in unreadable]
    samples = tuple(Sample(str(i), {}, None, str(i)) for i in range(N))
    task = Task("task", samples, (), (), AnswerSpec("text"), (ScorerSpec("exact"),), 8)
    costs = {}
    for arm, amounts in dollars.items():
        for i, amount in enumerate(amounts):
            known = None if math.isnan(amount) else Decimal(str(amount))
            costs[f"{arm}-{i}"] = Cost(known, basis="list_price", price_id=f"p:{arm}")
    stored = Stored(Answers.of(records, scores, (task,)), costs, Checks(), "seed", **seen)
    return with_routes([spec, *others], items, calls, stored)


SURE = RouteSpec(
    "r", "cascade", first="small", then="big", signal="field", of="confidence", below=0.5
)


def test_a_cascade_pays_for_all_that_it_asked() -> None:
    found = made(SURE)
    assert found.items.arms["r"].usd.tolist() == [1, 11, 1, 1]
    assert found.items.arms["r"].score.tolist() == [1, 1, 1, 0]
    rows = found.calls.arms["r"]
    order = np.argsort(rows.item)
    assert rows.n_out[order].tolist() == [5, 10, 5, 5]
    assert rows.e2e_s[order].tolist() == [1, 4, 1, 1]
    # what may be passed on shows nothing before it is known to be kept
    assert rows.ttft_s[order].tolist() == [1, 1.5, 1, 1]
    assert set(rows.stamp_source.tolist()) == {"composed"}
    assert found.items.arms["r"].price_ids == found.items.arms["small"].price_ids


def test_what_cannot_be_read_is_passed_on_unless_the_suite_says_no() -> None:
    assert made(SURE, unreadable=(3,)).items.arms["r"].score.tolist() == [1, 1, 1, 1]
    kept = RouteSpec(**{n: getattr(SURE, n) for n in SURE.__slots__} | {"unparsable": False})
    assert made(kept, unreadable=(3,)).items.arms["r"].score.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("outcome", ["empty", "refused", "truncated", "model_timeout"])
def test_an_answer_that_is_none_is_passed_on(outcome: str) -> None:
    found = made(SURE, outcome={"small": ["ok", "ok", "ok", outcome]})
    assert found.items.arms["r"].score[3] == 1


@pytest.mark.parametrize("arm", ["small", "big"])
def test_a_fault_on_the_path_is_missing_never_wrong(arm: str) -> None:
    scores = {arm: [1, math.nan, 1, 0]}
    found = made(SURE, outcome={arm: ["ok", "server_fault", "ok", "ok"]}, **scores)
    rows = found.items.arms["r"]
    assert math.isnan(rows.score[1])
    assert rows.n_missing.tolist() == [0, 1, 0, 0]


def test_a_missing_second_call_leaves_the_request_unfinished() -> None:
    found = made(SURE, lost=1)
    rows = found.items.arms["r"]
    assert rows.n_finished.tolist() == [1, 0, 1, 1]
    assert rows.n_missing.tolist() == [0, 1, 0, 0]
    assert math.isnan(rows.score[1])


def test_unknown_dollars_anywhere_leave_the_path_s_unknown() -> None:
    usd = {"small": [1.0] * N, "big": [10.0, math.nan, 10.0, 10.0]}
    found = made(SURE, usd=usd).items.arms["r"].usd
    assert np.isnan(found).tolist() == [False, True, False, False]


def test_an_unknown_sureness_is_passed_on() -> None:
    texts = [json.dumps({"confidence": 0.9}), "no json", '{"confidence": "high"}', "{}"]
    assert made(SURE, texts=texts).items.arms["r"].score.tolist() == [1, 1, 1, 1]
    assert made(SURE, texts=texts).items.arms["r"].usd.tolist() == [1, 11, 11, 11]


def test_by_slice_each_request_is_its_arm_s() -> None:
    spec = RouteSpec("r", "slice", slice="lang", arms={"de": "small"}, otherwise="big")
    found = made(spec)
    assert found.items.arms["r"].score.tolist() == [1, 0, 1, 1]
    assert found.items.arms["r"].usd.tolist() == [1, 1, 10, 10]
    assert sorted(found.calls.arms["r"].ttft_s.tolist()) == [0.1, 0.1, 0.5, 0.5]


def test_a_router_s_own_dollars_and_seconds_are_on_the_path() -> None:
    decided = {("task", str(i)): Decided("small", 0.25, 0.5) for i in range(N)}
    decided["task", "3"] = Decided("big")
    spec = RouteSpec("r", "decisions", decided=decided)
    found = made(spec)
    assert found.items.arms["r"].usd[:3].tolist() == [1.25] * 3
    assert math.isnan(found.items.arms["r"].usd[3])  # what it cost to decide is not stated
    rows = found.calls.arms["r"]
    by_item = dict(zip(rows.item.tolist(), rows.e2e_s.tolist(), strict=True))
    assert by_item[0] == 1.5
    assert math.isnan(by_item[3])
    assert "own dollars are not stated" in found.items.arms["r"].cost_why_unknown[0]


@pytest.mark.parametrize(
    ("spec", "unfair"),
    [
        (SURE, True),
        (RouteSpec("r", "slice", slice="lang", otherwise="big"), True),
        (RouteSpec("r", "decisions", otherwise="big"), True),
        (RouteSpec("r", "cascade", first="small", then="big"), False),
        (
            RouteSpec(
                "r",
                "cascade",
                first="small",
                then="big",
                signal="field",
                of="confidence",
                below="fit",
                fit=FitSpec(share=0.5, folds=2),
            ),
            False,
        ),
    ],
)
def test_what_was_chosen_on_known_answers_is_unfair(spec: RouteSpec, unfair: bool) -> None:
    assert made(spec).facts["r"].unfair is None
    found = made(spec, seen="the answers were imported").facts["r"].unfair
    assert (found is not None) == unfair
    assert found is None or found.code == "route_fitted_in_sample"


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        (SURE, "its threshold stood after 2 earlier runs"),
        (RouteSpec("r", "slice", slice="lang", otherwise="big"), "which arm takes which slice"),
        (RouteSpec("r", "decisions", otherwise="big"), "its router's decisions stood after"),
        (RouteSpec("r", "cascade", first="small", then="big"), ""),
        (replace(SURE, below="fit", fit=FitSpec(share=0.5, folds=2)), ""),
    ],
)
def test_what_is_stated_after_earlier_runs_raises_a_question(spec: RouteSpec, asked: str) -> None:
    assert made(spec).facts["r"].asks == ""
    facts = made(spec, earlier_runs=2).facts["r"]
    assert facts.unfair is None
    assert bool(facts.asks) == bool(asked)
    assert asked in facts.asks
    later = replace(spec, declared="after")
    assert made(later, earlier_runs=2).facts["r"].asks == ""


def test_an_arm_that_was_not_run_leaves_a_route_without_rows() -> None:
    found = made(RouteSpec("r", "cascade", first="small", then="absent"))
    assert "r" not in found.items.arms


# signals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"confidence": 0.7}', 0.7),
        ('Sure: {"label": "a", "confidence": "85%"} done', 0.85),
        ('<think>{"confidence": 1}</think>{"confidence": 0.1}', 0.1),
        ('{"confidence": true}', None),
        ('{"confidence": NaN}', None),
        ('{"other": 1}', None),
        ("", None),
        ("[0.9]", None),
    ],
)
def test_a_field_of_an_answer_is_a_number_or_unknown(text: str, value: float | None) -> None:
    assert field_of(text, "confidence") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (json.dumps([[math.log(0.6), True], [math.log(0.2), False]]), 0.75),
        (json.dumps([[-1.0, True]]), None),
        (json.dumps([[0.5, True], [-1, False]]), None),
        ("a plain answer", None),
    ],
)
def test_a_label_s_probability_is_that_among_the_stored_ones(
    text: str, value: float | None
) -> None:
    found = label_probability(record("a", 0, text))
    assert found == (None if value is None else pytest.approx(value))


def test_repeats_agree_by_text_and_one_repeat_says_nothing() -> None:
    texts = ["Yes", "no", " yes "]
    answers = Answers.of([record("a", i, t) for i, t in enumerate(texts)], (), ())
    assert agreement(["a-0", "a-1", "a-2"], answers) == (pytest.approx(2 / 3), "a-0")
    assert agreement(["a-1"], answers)[0] is None


def called(i: int, text: str, *calls: tuple[str, str]) -> CallRecord:
    made = tuple(ToolCall(name, arguments) for name, arguments in calls)
    return replace(record("a", i, text), tool_calls=made)


F1, F2, G = ("f", '{"a": 1, "b": 2}'), ("f", '{"a": 2}'), ("g", "{}")


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ([("", F1), ("", F2), ("", G)], 1 / 3),
        ([("", F1), ("", ("f", '{ "b": 2, "a": 1 }')), ("", F1)], 1),
        ([("", G), ("", ("g", "")), ("", ("h", "{}"))], 2 / 3),
        ([("", F1, G), ("", F1), ("", G, F1)], 1 / 3),
        ([("Sure.", F1), ("sure.", F1), ("No.", F1)], 2 / 3),
        ([("", ("f", "{broken")), ("", ("f", "{broken")), ("", ("f", "{other"))], 2 / 3),
        ([("", ("f", '{"a": "x"}')), ("", ("f", '{"a": "X"}')), ("", ("f", '{"a": "y"}'))], 1 / 3),
    ],
)
def test_repeats_agree_by_their_calls_of_tools_too(said: list, share: float) -> None:
    records = [called(i, text, *calls) for i, (text, *calls) in enumerate(said)]
    found = agreement(["a-0", "a-1", "a-2"], Answers.of(records, (), ()))
    assert found == (pytest.approx(share), "a-0")


# fits ---------------------------------------------------------------------------------------------


def rows(n: int = 200, seed: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    sure = rng.random(n)
    right = (rng.random(n) < sure).astype(float)
    ones = np.ones(n)
    return Rows(-sure, np.zeros(n, bool), right, ones, ones, 11 * ones, np.arange(n) // 2)


def fitted(found: Rows, aim: FitSpec) -> np.ndarray:
    """Each request's threshold, fitted out of fold."""
    options = Options(
        np.stack([found.kept_score, found.passed_score], axis=1),
        np.stack([found.kept_usd, found.passed_usd], axis=1),
        found.unsure[:, None],
        found.forced[:, None],
        found.cluster,
    )
    return out_of_fold(options, aim, np.array([np.nan]), "s")[:, 0]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_share_is_passed_on_and_no_more(share: float) -> None:
    found = rows()
    passed = found.passed_on(best_threshold(found, FitSpec(share=share))).mean()
    assert share - 0.01 <= passed <= share


@pytest.mark.parametrize("limit", [2000.0, 6000.0, 11000.0])
def test_dollars_stay_within_their_limit(limit: float) -> None:
    found = rows()
    passed = found.passed_on(best_threshold(found, FitSpec(max_usd_per_1k=limit)))
    assert 1000 * np.where(passed, 11, 1).mean() <= limit + 1e-9


@pytest.mark.parametrize("keep", [0.7, 0.9, 1.0])
def test_the_cheapest_threshold_that_keeps_a_share_of_the_score(keep: float) -> None:
    found = rows()
    at = best_threshold(found, FitSpec(keep=keep))
    passed = found.passed_on(at)
    assert np.where(passed, 1, found.kept_score).mean() >= keep - 1e-12
    fewer = found.passed_on(np.sort(found.unsure[found.unsure > at])[0] if at < 0 else at)
    assert np.where(fewer, 1, found.kept_score).mean() < keep or fewer.sum() == passed.sum()


def test_an_aim_that_nothing_meets_passes_all_on_or_keeps_all() -> None:
    found = rows()
    assert best_threshold(found, FitSpec(max_usd_per_1k=1.0)) == math.inf
    worse = Rows(
        *(getattr(found, n) for n in ("unsure", "forced", "kept_score")),
        found.kept_score * 0,
        found.kept_usd,
        found.passed_usd,
        found.cluster,
    )
    assert worse.passed_on(best_threshold(worse, FitSpec(keep=1.0))).sum() == 0


def test_no_cluster_is_judged_by_a_threshold_that_saw_it() -> None:
    found = rows()
    folds = folds_of(found.cluster, 5, "s")
    for name in np.unique(found.cluster):
        assert len(set(folds[found.cluster == name].tolist())) == 1
    base = fitted(found, FitSpec(keep=0.9))
    turned = found.kept_score.copy()
    turned[folds == 0] = 1 - turned[folds == 0]
    other = Rows(
        found.unsure,
        found.forced,
        turned,
        found.passed_score,
        found.kept_usd,
        found.passed_usd,
        found.cluster,
    )
    again = fitted(other, FitSpec(keep=0.9))
    assert (base[folds == 0] == again[folds == 0]).all()
    assert (base[folds != 0] != again[folds != 0]).any()


def test_a_fit_s_noise_is_known_against_routes_listed_before_and_after() -> None:
    fields = {name: getattr(SURE, name) for name in SURE.__slots__}
    fitted = RouteSpec(**fields | {"below": "fit", "fit": FitSpec(share=0.5, folds=2)})
    later = RouteSpec("later", "slice", slice="lang", arms={"de": "small"}, otherwise="big")
    for first, second in ((fitted, later), (later, fitted)):
        widen = made(first, others=(second,)).facts["r"].widen
        assert {("accuracy", "later"), ("cost", "later")} <= set(widen)


# what a route is set against ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "score"),
    [(0.5, None), (1.0, 0.6), (2.0, 0.7), (3.0, 0.8), (9.0, 0.8)],
)
def test_the_random_mixture_lies_on_the_hull(at: float, score: float | None) -> None:
    usd, scores = np.array([1.0, 3.0, 2.0]), np.array([0.6, 0.8, 0.65])
    found = hull_score(usd, scores, at)
    assert found == (None if score is None else pytest.approx(score))


def test_the_jackknife_of_a_mean_is_its_t_interval() -> None:
    x = np.random.default_rng(0).random(50)
    found = jackknife(x[None, :], np.arange(50), 0.05, lambda m: float(m[0]))
    half = 2.0095752 * x.std(ddof=1) / math.sqrt(50)
    assert found.high == pytest.approx(x.mean() + half, rel=1e-6)
    few = jackknife(x[None, :5], np.arange(5), 0.05, lambda m: float(m[0]))
    assert few.low is None
