"""What people were asked and did not say, and what judges left out, is missing data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.claims.verdicts import ClaimContext, decide_claims, parse_claim
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

ARMS = (Arm("alpha", "p", "ma"), Arm("beta", "p", "mb"))
N = 120


def pairs(row: Callable[[int], Compared]) -> Comparisons:
    return Comparisons(tuple(map(row, range(N))), frozenset({"task"}), {"task": 0.2})


def compared(i: int, won: float | None, *, second: float | None = None) -> Compared:
    """A pair that two judges saw; lengths of all kinds, that say nothing of who wins."""
    rng = np.random.default_rng(i)
    sizes = (int(rng.integers(200, 400)), int(rng.integers(200, 400)))
    said = {"j0": won, "j1": won if second is None else second}
    seen = dict.fromkeys(said, 1)
    return Compared(f"task/{i}", "alpha", "beta", 0, said, frozenset(), seen, None, {}, sizes)


def judge(text: str, found: Comparisons, reading: str | None = None) -> Verdict:
    items, calls = tables_from_arrays(
        {"alpha": np.full(N, 0.5), "beta": np.full(N, 0.5)},
        usd={"alpha": np.full(N, 0.001), "beta": np.full(N, 0.002)},
    )
    raw = {} if reading is None else {"reading": reading}
    claim = parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())
    ctx = ClaimContext(pairs=found, headline_pairs=frozenset({"task"}))
    return decide_claims([claim], items, calls, ctx)[0]


def just_below(verdict: Verdict, name: str) -> str:
    """Return in percent what the interval of a reading only just lies above."""
    estimate = next(r.estimate for r in verdict.readings if r.name == name)
    assert estimate is not None
    assert estimate.low is not None
    return f"{100 * estimate.low - 0.2:.1f}"


def labelled(share: float, blank: Callable[[int, float], bool], by_judge: bool) -> Comparisons:
    """All pairs drawn; alpha wins a share by people, who left some blank."""

    def row(i: int) -> Compared:
        won = float((i * 37) % 100 < 100 * share)
        made = compared(i, won)
        if not by_judge:
            made = replace(made, by_judge={}, firsts={})
        people = {} if blank(i, won) else {"people": won}
        return replace(made, people=people, drawn=True)

    return pairs(row)


@pytest.mark.parametrize("by_judge", [True, False])
@pytest.mark.parametrize(
    ("share", "blank", "status"),
    [
        (0.325, lambda i, won: False, "refuted"),
        (0.325, lambda i, won: won == 0, "inconclusive"),
        (0.325, lambda i, won: won == 0 and i > 20, "inconclusive"),
        (0.675, lambda i, won: won == 1 and i % 5 > 0, "inconclusive"),
        (0.9, lambda i, won: i > 60, "inconclusive"),
        (0.9, lambda i, won: i in {3, 40}, "supported"),
    ],
)
def test_pairs_left_blank_do_not_turn_a_verdict(
    share: float, blank: Callable[[int, float], bool], status: str, by_judge: bool
) -> None:
    verdict = judge("people prefer alpha over beta", labelled(share, blank, by_judge))
    assert verdict.status == status
    left = sum(blank(i, float((i * 37) % 100 < 100 * share)) for i in range(N))
    said = [reason.detail for reason in (*verdict.flags, *verdict.reasons)]
    assert any(f"{left} of 120 pairs that were drawn" in text for text in said) == bool(left)


@pytest.mark.parametrize("reading", ["win_rate", "length_controlled", "similar_length"])
def test_pairs_without_a_judges_word_withhold_every_reading(reading: str) -> None:
    found = pairs(lambda i: compared(i, 1.0 if i % 3 == 0 else None))
    verdict = judge("alpha is preferred over beta", found, reading)
    assert verdict.status == "inconclusive"
    assert "pairs_missing" in reason_codes(verdict.reasons)


@pytest.mark.parametrize("reading", ["win_rate", "length_controlled", "similar_length"])
def test_a_few_missing_words_are_filled_against_the_verdict(reading: str) -> None:
    sure = pairs(lambda i: compared(i, None if i % 24 == 5 else float(i % 8 < 7)))
    assert judge("alpha is preferred over beta", sure, reading).status == "supported"
    edge = just_below(judge("alpha wins 50% of head-to-heads", sure, reading), reading)
    found = judge(f"alpha wins {edge}% of head-to-heads", sure, reading)
    assert found.status == "inconclusive"
    assert "missing_sensitive" in reason_codes(found.reasons)
    whole = pairs(lambda i: compared(i, float(i % 8 < 7)))
    edge = just_below(judge("alpha wins 50% of head-to-heads", whole, reading), reading)
    assert judge(f"alpha wins {edge}% of head-to-heads", whole, reading).status == "supported"


@pytest.mark.parametrize("won", [1.0, 0.0, 0.5])
@pytest.mark.parametrize("reading", ["win_rate", "length_controlled", "similar_length"])
def test_pairs_that_all_end_alike_leave_an_interval_of_some_width(reading: str, won: float) -> None:
    found = pairs(lambda i: compared(i, won))
    for text in ("alpha wins 99% of head-to-heads", "alpha wins at most 1% of head-to-heads"):
        verdict = judge(text, found, reading)
        estimate = next(r.estimate for r in verdict.readings if r.name == reading)
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.high - estimate.low > 0.02
        assert verdict.status != "supported"
    tie = judge("alpha is preferred over beta", found, reading)
    assert tie.status == {1.0: "supported", 0.0: "refuted", 0.5: "inconclusive"}[won]


@pytest.mark.parametrize(
    ("sizes", "reading", "said"),
    [
        ((900, 200), "length_controlled", "lengths_apart"),
        ((900, 200), "similar_length", "lengths_apart"),
        ((300, 300), "length_controlled", "too alike for a line"),
        (None, "length_controlled", "lengths of the answers are not known"),
        (None, "similar_length", "lengths of the answers are not known"),
    ],
)
def test_a_reading_of_lengths_says_why_it_cannot_be_formed(
    sizes: tuple[int, int] | None, reading: str, said: str
) -> None:
    found = pairs(lambda i: replace(compared(i, float(i % 8 < 7)), lengths=sizes))
    verdict = judge("alpha is preferred over beta", found, reading)
    assert verdict.status == "inconclusive"
    assert "no_valid_data" not in reason_codes(verdict.reasons)
    assert any(said in str(reason) for reason in verdict.reasons)


def answers(share: float, blank: Callable[[int, float], bool], text: str) -> Verdict:
    """A judge finds all good; people labelled what was drawn, but for some of it."""
    arms = {"alpha": np.ones(N), "beta": np.ones(N)}
    usd = {"alpha": np.full(N, 0.001), "beta": np.full(N, 0.002)}
    items, calls = tables_from_arrays(arms, usd=usd)
    right = np.array([float((i * 37) % 100 < 100 * share) for i in range(N)])
    left = np.array([blank(i, right[i]) for i in range(N)])
    ctx = ClaimContext(
        judged_tasks=frozenset(np.unique(items.task).tolist()),
        human_scores={
            "alpha": np.where(left, math.nan, right),
            "beta": np.array([float(i % 2) for i in range(N)]),
        },
        unlabelled={"alpha": left, "beta": np.zeros(N, dtype=bool)},
    )
    claim = parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())
    return decide_claims([claim], items, calls, ctx)[0]


@pytest.mark.parametrize(
    "text",
    [
        "alpha is at least 80% accurate",
        "alpha is more accurate than beta",
        "alpha is 30% more accurate than beta",
        "alpha makes 50% fewer errors than beta",
        "alpha costs less per correct answer than beta",
        "alpha costs under $1.20 per 1,000 correct answers",
    ],
)
def test_answers_left_blank_do_not_turn_a_verdict(text: str) -> None:
    honest = answers(0.4, lambda i, right: False, text)
    assert "labels_missing" not in reason_codes((*honest.flags, *honest.reasons))
    blank = answers(0.4, lambda i, right: right == 0, text)
    assert blank.status == "inconclusive"
    assert any("of 120 answers" in reason.detail for reason in blank.reasons)


@pytest.mark.parametrize("by", [2, 5])
def test_a_few_blank_answers_are_bounded(by: int) -> None:
    found = answers(0.9, lambda i, right: i in range(by), "alpha is at least 70% accurate")
    assert found.status == "supported"
    assert any(f"{by} of 120 answers" in flag.detail for flag in found.flags)
    edge = just_below(found, "accuracy")
    text = f"alpha is at least {edge}% accurate"
    near = answers(0.9, lambda i, right: i in range(by), text)
    assert near.status == "inconclusive"
    assert "missing_sensitive" in reason_codes(near.reasons)


def test_a_few_blank_pairs_are_bounded() -> None:
    few = labelled(0.8, lambda i, won: i in {3, 40}, False)
    found = judge("people prefer alpha over beta", few)
    assert found.status == "supported"
    edge = just_below(found, "win_rate")
    near = judge(f"{edge}% of users prefer alpha over beta", few)
    assert near.status == "inconclusive"
    assert "missing_sensitive" in reason_codes(near.reasons)


@pytest.mark.parametrize(
    ("epochs", "mean"), [((1.0, 0.0), 0.5), ((0.0, 1.0, 1.0), 2 / 3), ((1.0,), 1.0)]
)
def test_every_rater_s_epochs_are_averaged(epochs: tuple[float, ...], mean: float) -> None:
    rows = tuple(
        replace(compared(i, won), epoch=epoch, people={"ann": won, "bob": 1 - won})
        for i in range(3)
        for epoch, won in enumerate(epochs)
    )
    items, _ = tables_from_arrays({"alpha": np.full(3, 0.5), "beta": np.full(3, 0.5)})
    found = Comparisons(rows, frozenset({"task"}))
    for ours, theirs, share in (("alpha", "beta", mean), ("beta", "alpha", 1 - mean)):
        made = found.between(items, ours, theirs, np.ones(3, dtype=np.bool_))
        assert made.shares["j0"].tolist() == pytest.approx([share] * 3)
        assert made.raters["ann"].tolist() == pytest.approx([share] * 3)
        assert made.raters["bob"].tolist() == pytest.approx([1 - share] * 3)
        assert made.people.tolist() == pytest.approx([0.5] * 3)


def test_an_epoch_without_a_word_is_left_out_of_a_judge_s_mean() -> None:
    said: tuple[float | None, ...] = (1.0, None, 0.0)
    rows = tuple(replace(compared(0, won), epoch=epoch) for epoch, won in enumerate(said))
    items, _ = tables_from_arrays({"alpha": np.full(1, 0.5), "beta": np.full(1, 0.5)})
    made = Comparisons(rows, frozenset({"task"})).between(
        items, "alpha", "beta", np.ones(1, dtype=np.bool_)
    )
    assert made.shares["j0"].tolist() == [0.5]
