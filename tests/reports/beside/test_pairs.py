"""The tables of comparisons in pairs: judges, people's labels, what has no word, strengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.claims.types import ClaimContext
from claimbench.evaluation.preference.tables import JudgeBill, TaskPairs, pair_tables, with_bills
from claimbench.privacy.redact import Redactor
from claimbench.testing.tables import tables_from_arrays
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.beside.pairs import pairs_views
from claimbench_reports.view.beside.types import PairsView, TallyView
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData

N = 40
ARMS = ("alpha", "beta", "gamma")


def row(
    i: int,
    judges: Mapping[str, float | None] | None = None,
    people: Mapping[str, float] | None = None,
    *,
    arms: tuple[str, str] = ("alpha", "beta"),
    flipped: tuple[str, ...] = (),
) -> Compared:
    judges = judges or {}
    return Compared(
        f"task/{i}",
        *arms,
        by_judge=judges,
        flipped=frozenset(flipped),
        firsts=dict.fromkeys(judges, 1),
        people=people or {},
        lengths=(100 + 10 * (i % 7), 100 + 10 * (i % 5)),
    )


def tables(*rows: Compared) -> tuple[TaskPairs, ...]:
    items, _ = tables_from_arrays({arm: np.ones(N) for arm in ARMS})
    found = Comparisons(rows, frozenset({"task"}), {"task": 0.2})
    return pair_tables(items, ClaimContext(pairs=found), ARMS, 0.05, 7)


def shown(*rows: Compared) -> PairsView:
    (task,) = pairs_views(tables(*rows), str)
    return task


def counts(tally: TallyView) -> tuple[float | None, ...]:
    return tuple(f.value for f in (tally.wins, tally.ties, tally.losses, tally.n, tally.rate))


def test_peoples_labels_stand_beside_the_judges_and_are_not_mixed_in() -> None:
    label = [1.0] * 6 + [0.0] * 3 + [0.5]
    rows = [row(i, {"j0": 0.0}, {"people": label[i]} if i < 10 else None) for i in range(N)]
    (pair,) = shown(*rows).pairs
    told = {tally.who: counts(tally) for tally in pair.tallies}
    assert told == {
        "j0": (0, 0, N, N, 0.0),
        "people": (6, 1, 3, 10, 0.65),
    }
    people = pair.tallies[-1]
    assert (people.seen, people.flips, people.firsts) == (None, None, None)
    assert people.rate.low is not None
    assert people.rate.high is not None
    assert people.rate.low < 0.65 < people.rate.high


def test_labels_of_several_raters_of_one_pair_count_it_once() -> None:
    rows = [
        row(0, people={"ann": 1.0, "bob": 0.0}),
        row(1, people={"ann": 1.0, "bob": 0.5}),
        row(2, people={"ann": 0.0}),
    ]
    (pair,) = shown(*rows).pairs
    assert [tally.who for tally in pair.tallies] == ["people"], "no judge said anything"
    assert counts(pair.tallies[0])[:4] == (1, 1, 1, 3)
    assert counts(pair.tallies[0])[4] == pytest.approx((0.5 + 0.75 + 0.0) / 3)
    assert pair.notes == (), "what no judge was asked lacks no judge's word"
    assert pair.strata == ()


def test_labels_are_turned_where_the_pair_was_stored_the_other_way_round() -> None:
    one = shown(*(row(i, people={"p": float(i < 30)}) for i in range(N))).pairs[0]
    turned = [row(i, people={"p": float(i >= 30)}, arms=("beta", "alpha")) for i in range(N)]
    two = shown(*turned).pairs[0]
    assert (one.one, one.two) == (two.one, two.two) == ("alpha", "beta")
    assert counts(one.tallies[0]) == counts(two.tallies[0]) == (30, 0, 10, N, 0.75)


def test_judges_together_have_a_row_where_it_says_more_than_one_judge() -> None:
    one = [row(i, {"j0": 1.0}) for i in range(N)]
    two = [row(i, {"j0": 1.0, "j1": 0.0}) for i in range(N)]
    ruled = [replace(row(N - 1), by_rule=1.0)]
    for rows, who in (
        (one, ["j0"]),
        (one[:-1] + ruled, ["the judge, with rules", "j0"]),
        (two, ["all judges together", "j0", "j1"]),
        ([row(i, {"j0": None, "j1": 1.0}) for i in range(N)], ["all judges together", "j1"]),
    ):
        (pair,) = shown(*rows).pairs
        assert [tally.who for tally in pair.tallies] == who


def test_pairs_without_any_word_have_no_figure() -> None:
    (pair,) = shown(*(row(i) for i in range(3))).pairs
    assert pair.tallies == ()
    (pair,) = shown(*(row(i, {"j0": None, "j1": 1.0}) for i in range(4))).pairs
    panel, *judges = pair.tallies
    assert counts(panel) == (0, 0, 0, 0, None)
    assert panel.rate.text == "unknown"
    assert [(one.who, one.n.value) for one in judges] == [("j1", 4)]
    assert pair.notes == ("4 of 4 lack some judge's word and count nowhere",)


def test_a_judge_whose_word_follows_the_order_is_named() -> None:
    rows = [
        row(i, {"j0": 0.5 if i < 12 else 1.0, "j1": 1.0}, flipped=("j0",) if i < 12 else ())
        for i in range(N)
    ]
    (pair,) = shown(*rows).pairs
    told = {tally.who: tally for tally in pair.tallies}
    for who, flips, text in (("j0", 0.3, "12 of 40"), ("j1", 0.0, "0 of 40")):
        found = told[who]
        assert found.flips is not None
        assert found.firsts is not None
        assert (found.flips.value, found.flips.note) == (flips, text)
        assert found.firsts.value == 0.5
    (note,) = pair.notes
    assert note.startswith("the word of j0 changed with the order on more than 25%")


@pytest.mark.parametrize("judged", [True, False])
def test_strengths_rest_on_judges_or_else_on_people(judged: bool) -> None:
    rows = []
    for k, arms in enumerate((("alpha", "beta"), ("alpha", "gamma"), ("beta", "gamma"))):
        for i in range(N):
            won = float(i % 10 < 6 + k)
            said = {"j0": won} if judged else {}
            rows.append(row(i, said, {"p": 1.0 - won if judged else won}, arms=arms))
    task = shown(*rows)
    assert task.strengths_by == ("judges" if judged else "people")
    assert [one.arm for one in task.strengths] == ["alpha", "beta", "gamma"]
    for one in task.strengths:
        assert one.chance.value is not None
        assert one.chance.low is not None
        assert one.chance.low < one.chance.value


def test_two_arms_have_no_strengths_and_an_unknown_bill_is_no_zero() -> None:
    found = tables(*(row(i, {"j0": 1.0}) for i in range(N)))
    bills = (JudgeBill("j0", 80, None, 80), JudgeBill("j1", 80, Decimal("0.25"), 3))
    (task,) = pairs_views(with_bills(found, {"task": bills}), str)
    assert task.strengths == ()
    unknown, partly = (bill.usd for bill in task.bills)
    assert (unknown.value, unknown.text) == (None, "unknown")
    assert (partly.value, partly.note) == (0.25, "3 calls of unknown cost")


def test_the_page_shows_peoples_labels_and_names_as_text(data: ReportData) -> None:
    rows = [row(i, {"<b>j0": 1.0}, {"p": 0.0}) for i in range(N)]
    page = render_html(build_view(replace(data, pairs=tables(*rows)), Redactor()))
    assert 'id="pairs"' in page
    assert '<th scope="row">people</th>' in page
    assert '<th scope="row">&lt;b&gt;j0</th>' in page
