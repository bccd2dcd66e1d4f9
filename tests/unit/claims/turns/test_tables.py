"""Claims by turn on tables whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.turns.tables import CALLS_AS_ONE, ITEMS_AS_ONE, viewed
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import ClaimError
from claimbench.tables.priced import Charges
from claimbench.tables.types import ArmItems, CallRows, CallTable, ItemTable, TurnsOfItems
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Verdict, reason_codes

from .test_sentences import parse, talk, task

TURNS = 5
ANY = ClaimContext(max_tokens={"task": 100})


def tables(scores: Mapping[str, np.ndarray], **columns: Any) -> tuple[ItemTable, CallTable]:
    """Tables of conversations: every array has one row per conversation and one column per turn."""
    first = next(iter(scores.values()))
    n, turns = first.shape
    flat = {
        key: {arm: np.asarray(of).ravel() for arm, of in value.items()}
        for key, value in columns.items()
    }
    items, calls = tables_from_arrays(
        {arm: of.ravel() for arm, of in scores.items()},
        cluster=[f"c{i}" for i in range(n) for _ in range(turns)],
        **flat,
    )
    numbers = np.tile(np.arange(1, turns + 1), n)
    names = np.asarray([f"task/c{i}" for i in range(n) for _ in range(turns)], dtype=np.str_)
    return replace(items, turns=TurnsOfItems(numbers, names)), calls


def decided(text: str, made: tuple[ItemTable, CallTable], ctx: ClaimContext = ANY) -> Verdict:
    return decide_claims([parse(text)], *made, ctx)[0]


def scores_of(rng: np.random.Generator, n: int, rights: list[float]) -> np.ndarray:
    """Scores whose conversations share a fate: half of each right is its conversation's."""
    shared = rng.random((n, 1))
    own = rng.random((n, len(rights)))
    luck = np.where(rng.random((n, 1)) < 0.5, shared, own)
    return (luck < np.asarray(rights)).astype(float)


def test_turns_are_compared_within_conversations() -> None:
    rng = np.random.default_rng(1)
    score = scores_of(rng, 400, [0.9, 0.9, 0.9, 0.9, 0.6])
    made = tables({"alpha": score, "beta": score})
    worse = decided("alpha is as accurate in turn 5 as in turn 1", made)
    assert worse.status == "refuted"
    estimate = worse.readings[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(float((score[:, 4] - score[:, 0]).mean()))
    assert estimate.n == estimate.n_clusters == 400
    assert decided("alpha keeps its accuracy over five turns", made).status == "refuted"
    held = decided("alpha is as accurate in turn 4 as in turn 1", made)
    assert held.status in {"supported", "inconclusive"}
    note = next(flag for flag in worse.flags if flag.code == "by_turn")
    assert note.detail == "400 conversations with turns 1 and 5"


def test_every_turn_must_hold_for_a_whole_conversation() -> None:
    score = np.ones((300, TURNS))
    made = tables({"alpha": score, "beta": score})
    assert decided("alpha keeps its accuracy over five turns", made).status == "supported"
    dip = score.copy()
    dip[:100, 2] = 0
    made = tables({"alpha": dip, "beta": score})
    assert decided("alpha keeps its accuracy over five turns", made).status == "refuted"
    assert decided("alpha is as accurate in turn 5 as in turn 1", made).status == "supported"
    assert decided("alpha is as accurate as beta in every turn", made).status == "refuted"
    assert decided("alpha is as accurate as beta in turn 4", made).status == "supported"


def test_conversations_without_the_turn_are_left_out_and_said() -> None:
    score = np.ones((60, 3))
    items, calls = tables({"alpha": score, "beta": score})
    assert items.turns is not None
    short = items.turns.number.copy()
    short[(np.arange(180) // 3 < 10) & (short == 3)] = 0
    items = replace(items, turns=replace(items.turns, number=short))
    found = decided("alpha is as accurate in turn 3 as in turn 1", (items, calls))
    note = next(flag for flag in found.flags if flag.code == "by_turn")
    assert note.detail == "50 conversations with turns 1 and 3; 10 without, left out"
    assert found.readings[0].estimate is not None
    assert found.readings[0].estimate.n == 50


def shortened(
    made: tuple[ItemTable, CallTable], short: int, last: int
) -> tuple[ItemTable, CallTable]:
    """Take the turns behind ``last`` out of the first ``short`` conversations."""
    items, calls = made
    assert items.turns is not None
    numbers = items.turns.number.copy()
    talk = np.arange(len(numbers)) // int(numbers.max())
    numbers[(talk < short) & (numbers > last)] = 0
    return replace(items, turns=replace(items.turns, number=numbers)), calls


@pytest.mark.parametrize("over", ["the conversation", "all turns", "three turns"])
@pytest.mark.parametrize(
    "text", ["alpha keeps its accuracy over {}", "alpha does not get less accurate over {}"]
)
def test_each_later_turn_is_asked_of_every_conversation_that_has_it(text: str, over: str) -> None:
    """260 of 400 conversations end at turn 2, where every one of them fails."""
    score = np.ones((400, 3))
    score[:260, 1:] = 0
    made = shortened(tables({"alpha": score, "beta": score}), 260, 2)
    claim = parse(text.format(over), (task(talk("long", 3), talk("short", 2)),))
    found = decide_claims([claim], *made, ANY)[0]
    assert found.status == "refuted"
    assert found.headline == "alpha/turn 2 against alpha/turn 1: non_inferior"
    notes = [flag.detail for flag in found.flags if flag.code == "by_turn"]
    assert notes == [
        "400 conversations with turns 1 and 2",
        "140 conversations with turns 1 and 3; 260 without, left out",
    ]
    turn = decided("alpha is as accurate in turn 2 as in turn 1", made)
    assert (turn.status, turn.readings[0].estimate) == ("refuted", found.readings[0].estimate)


def test_conversations_that_an_arm_broke_off_are_no_ones_that_lack_the_turn() -> None:
    """A fault ends a tenth of the talks: their later turns are missing, not left out."""
    score = np.ones((300, 3))
    score[:30, 1:] = np.nan
    made = tables({"alpha": score, "beta": np.ones((300, 3))})
    for text in (
        "alpha keeps its accuracy over three turns",
        "alpha is as accurate in turn 3 as in turn 1",
        "alpha is as accurate as beta in turn 3",
    ):
        found = decided(text, made)
        assert found.status == "inconclusive", text
        assert "too_many_missing" in reason_codes(found.reasons), text


def test_an_arm_that_falls_from_turn_to_turn_keeps_nothing_by_its_rivals_measure() -> None:
    """It falls from 90% to 50%; its rival is right on 5% of all turns."""
    talks = np.arange(200)[:, None]
    score = (talks % 20 >= 2 * np.arange(1, 6)).astype(float)
    made = tables(
        {"alpha": score, "beta": np.broadcast_to(talks % 20 == 0, (200, 5)).astype(float)}
    )
    for text, status in (
        ("alpha gets better with each turn", "refuted"),
        ("alpha is more accurate with every turn", "refuted"),
        ("alpha gets worse with each turn", "supported"),
        ("alpha keeps 95% of its accuracy over five turns", "refuted"),
        ("alpha retains 95% of its turn 1 accuracy in turn 5", "refuted"),
        ("alpha retains 40% of its first turn's accuracy in turn 5", "supported"),
        ("alpha is more accurate than beta in every turn", "supported"),
    ):
        assert decided(text, made).status == status, text


@pytest.mark.parametrize("modifier", ["up_to", "sometimes", "most", "best"])
def test_no_modifier_lets_one_turn_stand_for_all(modifier: str) -> None:
    with pytest.raises(ClaimError, match="all of them must hold"):
        parse("alpha keeps its accuracy over five turns", modifier=modifier)


def test_every_column_of_the_tables_has_a_way_to_become_a_conversations() -> None:
    """A new column cannot be forgotten: it is here, or this fails."""
    for rows, folds in ((ArmItems, ITEMS_AS_ONE), (CallRows, CALLS_AS_ONE)):
        arrays = {f.name for f in fields(rows) if "Array" in str(f.type)} - {"chunk_gaps_s"}
        assert set(folds) == arrays
    n, turns = 7, 3
    score = np.ones((n, turns))
    items, calls = tables({"alpha": score})
    flat = np.arange(n * turns, dtype=np.float64)
    own = dict.fromkeys(("priced", "priced_low", "priced_high"), flat)
    full = replace(items.arms["alpha"], **own)
    sizes = dict.fromkeys(("opened_s", "n_chars", "most_tokens"), flat)
    rows = replace(calls.arms["alpha"], **own, **sizes, node_type=np.full(n * turns, "a"))
    made = viewed(
        parse("alpha costs less than $1 per conversation"),
        replace(items, arms={"alpha": full}),
        CallTable({"alpha": rows}),
        ANY,
    )
    assert made is not None
    for one in (*made.items.arms.values(), *made.calls.arms.values()):
        for f in fields(one):
            value = getattr(one, f.name)
            assert not isinstance(value, np.ndarray) or len(value) == n, f.name
            assert value is not None, f"{f.name}: every column of this table holds something"
        assert one.priced is not None
        assert one.priced.tolist() == flat.reshape(n, turns).sum(axis=1).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "alpha costs 50% less per conversation than beta",
        "alpha costs less than $0.03 per conversation",
        "alpha costs less than $0.01 per turn",
        "alpha costs 50% less per turn than beta",
        "alpha costs 50% less than beta in turn 3",
        "alpha costs at most 4 times as much in turn 3 as in turn 1",
    ],
)
def test_a_vendors_own_word_on_its_charges_is_said_of_by_turn_too(text: str) -> None:
    """It states a millionth of what its prices come to: the prices decide, and both sums are said."""
    usd = np.full((80, 3), 0.02)
    score = np.ones((80, 3))
    items, calls = tables({"alpha": score, "beta": score}, usd={"alpha": usd * 1e-6, "beta": usd})
    own = dict.fromkeys(("priced", "priced_low", "priced_high"), 2 * usd.ravel())
    items = replace(items, arms={**items.arms, "alpha": replace(items.arms["alpha"], **own)})
    rows = {**calls.arms, "alpha": replace(calls.arms["alpha"], **own)}
    said = Charges(stated=4.8e-6, priced=9.6, calls=200, far=200, apart=9.6, silent=40)
    ctx = replace(ANY, charges={"alpha": said}, max_tokens={})
    found = decided(text, (items, CallTable(rows)), ctx)
    sums = "alpha: $0.0000048 stated, $9.60 at its prices"
    differ = [flag.detail for flag in found.flags if flag.code == "charges_differ"]
    assert [detail[: len(sums)] for detail in differ] == [sums]
    assert "charges_silent" in reason_codes(found.flags)
    if "turn 1" not in text:
        assert found.status == "inconclusive", found.sentence
        why = next(r for r in found.reasons if r.code == "charges_decide")
        assert sums in str(why.detail)


def test_dollars_of_conversations_are_sums_of_their_turns() -> None:
    rng = np.random.default_rng(2)
    beta = 0.01 * np.arange(1, TURNS + 1) * rng.uniform(0.9, 1.1, (200, TURNS))
    alpha = 0.3 * beta * rng.uniform(0.9, 1.1, (200, TURNS))
    score = np.ones((200, TURNS))
    made = tables({"alpha": score, "beta": score}, usd={"alpha": alpha, "beta": beta})
    ctx = replace(ANY, max_tokens={})
    found = decided("alpha costs at most half as much as beta per conversation", made, ctx)
    assert found.status == "supported", found.sentence
    ratio = next(r for r in found.readings if r.name == "per_request").estimate
    assert ratio is not None
    assert ratio.value == pytest.approx(alpha.sum() / beta.sum())
    assert ratio.n == 200
    level = decided("alpha costs less than $0.10 per conversation", made, ctx)
    assert level.status == "supported", level.sentence
    mean = level.readings[0].estimate
    assert mean is not None
    assert mean.value == pytest.approx(1000 * alpha.sum(axis=1).mean())
    turn = decided("alpha costs at most 6 times as much in turn 5 as in turn 1", made, ctx)
    assert turn.status == "supported", turn.sentence
    grown = next(r for r in turn.readings if r.name == "per_request").estimate
    assert grown is not None
    assert grown.value == pytest.approx(alpha[:, 4].sum() / alpha[:, 0].sum())


def test_a_conversation_that_its_model_ended_has_no_price_of_a_whole_one() -> None:
    usd = np.full((100, 3), 0.01)
    score = np.ones((100, 3))
    cut = usd.copy()
    cut[:20, 1:] = np.nan
    outcome = {
        "alpha": np.where(np.isnan(cut), "ended", "ok"),
        "beta": np.full((100, 3), "ok"),
    }
    made = tables(
        {"alpha": score, "beta": score}, usd={"alpha": cut, "beta": 2 * usd}, outcome=outcome
    )
    found = decided("alpha costs at most 60% of beta per conversation", made)
    assert found.status == "inconclusive", "a fifth of the conversations was never held to its end"
    codes = reason_codes(found.readings[0].reasons)
    assert codes & {"too_many_ended", "missing_sensitive"}, codes


def test_times_are_those_of_the_turn() -> None:
    rng = np.random.default_rng(3)
    slow = rng.lognormal(0, 0.2, (300, 3)) * np.asarray([1.0, 1.0, 2.0])
    fast = slow * rng.lognormal(np.log(0.4), 0.05, (300, 3))
    score = np.ones((300, 3))
    made = tables({"alpha": score, "beta": score}, ttft_s={"alpha": fast, "beta": slow})
    found = decided("alpha's TTFT in turn 3 is under 2 s", made)
    estimate = found.readings[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(float(np.quantile(fast[:, 2], 0.95)), rel=0.05)
    assert estimate.n == 300


def test_wrong_verdicts_about_turns_are_rare() -> None:
    """At the margin itself a support is wrong; conversations share luck, turns do not."""
    rng = np.random.default_rng(4)
    wrong = 0
    runs = 300
    claim = parse("alpha is as accurate in turn 5 as in turn 1")
    for _ in range(runs):
        score = scores_of(rng, 150, [0.8, 0.8, 0.8, 0.8, 0.77])
        made = tables({"alpha": score})
        wrong += decide_claims([claim], *made, ANY)[0].status == "supported"
    assert wrong / runs <= 0.056, f"{wrong} of {runs}"


def test_a_run_without_conversations_compares_nothing() -> None:
    items, calls = tables({"alpha": np.ones((30, 2)), "beta": np.ones((30, 2))})
    bare = replace(items, turns=None)
    found = decided("alpha is as accurate in turn 2 as in turn 1", (bare, calls))
    assert found.status == "not_comparable"


@pytest.mark.parametrize(
    "text",
    [
        "alpha is as accurate as baseline:alpha in turn 2",
        "in turn 5 alpha is as accurate as baseline:alpha",
        "beta is as accurate as baseline:alpha in turn 1",
    ],
)
def test_turns_of_another_run_keep_the_groups_that_either_run_ties(text: str) -> None:
    rng = np.random.default_rng(2)
    n, tied = 240, 6
    score = scores_of(rng, n, [0.8] * TURNS)
    made = tables({"alpha": score, "beta": score, "baseline:alpha": score[:, ::-1].copy()})
    groups = np.asarray([f"g{i // tied}" for i in range(n) for _ in range(TURNS)], dtype=np.str_)
    ctx = replace(
        ANY,
        other_runs=frozenset({"baseline:alpha"}),
        in_both=np.ones(n * TURNS, dtype=np.bool_),
        groups_in_both=groups,
    )
    for context, wanted in ((ctx, n // tied), (replace(ctx, groups_in_both=None), n)):
        estimate = decided(text, made, context).readings[0].estimate
        assert estimate is not None
        assert estimate.n_clusters == wanted
