"""The best of a column is marked only where every other arm is decided to be worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claimbench.privacy.redact import Redactor
from claimbench.tables.types import ArmItems
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.verdicts.best import COLUMNS


def with_scores(data: ReportData, make: Callable[[str, ArmItems], ArmItems]) -> ReportData:
    arms = {name: make(name, rows) for name, rows in data.items.arms.items()}
    return replace(data, items=replace(data.items, arms=arms))


@pytest.fixture
def even(data: ReportData) -> ReportData:
    """A run whose arms may be compared, though some answers of each were refused or cut."""
    allow = frozenset({"truncation", "refusal", "cache_share"})
    return replace(data, context=replace(data.context, allow=allow))


def best_of(data: ReportData, column: str) -> list[str]:
    view = build_view(data, Redactor())
    return [a.arm for a in view.arms if a.scope == ALL and column in a.best]


def test_a_clear_leader_is_marked(even: ReportData) -> None:
    def scored(name: str, rows: ArmItems) -> ArmItems:
        return replace(rows, score=np.full(len(rows.score), 1.0 if name == "api-large" else 0.2))

    assert best_of(with_scores(even, scored), "quality") == ["api-large"]


def test_equal_arms_have_no_best(data: ReportData) -> None:
    first = next(iter(data.items.arms.values())).score
    alike = with_scores(data, lambda _name, rows: replace(rows, score=first.copy()))
    assert best_of(alike, "quality") == []


def test_an_unknown_price_leaves_the_cheapest_undecided(even: ReportData) -> None:
    assert best_of(even, "usd_1k") == ["smol-local"]

    def priced(name: str, rows: ArmItems) -> ArmItems:
        if name != "api-large":
            return rows
        nothing = np.full(len(rows.usd), np.nan)
        return replace(rows, usd=nothing, cost_why_unknown=("no price",))

    assert best_of(with_scores(even, priced), "usd_1k") == []


def test_few_items_decide_nothing(make: Callable[..., ReportData]) -> None:
    few = make(8)

    def scored(name: str, rows: ArmItems) -> ArmItems:
        return replace(rows, score=np.full(len(rows.score), 1.0 if name == "api-large" else 0.0))

    assert best_of(with_scores(few, scored), "quality") == []


def test_arms_that_may_not_be_compared_have_no_best(even: ReportData) -> None:
    unlike = {name: {"sampling": {"temperature": i}} for i, name in enumerate(even.items.arms)}
    assert best_of(even, "usd_1k") != []
    context = replace(even.context, profiles=unlike)
    assert best_of(replace(even, context=context), "usd_1k") == []


def test_scores_of_a_judge_alone_have_no_best(data: ReportData) -> None:
    def scored(name: str, rows: ArmItems) -> ArmItems:
        return replace(rows, score=np.full(len(rows.score), 1.0 if name == "api-large" else 0.2))

    clear = with_scores(data, scored)
    context = replace(clear.context, judged_tasks=frozenset({"route"}))
    assert best_of(replace(clear, context=context), "quality") == []


def test_times_are_never_marked_and_the_page_shows_what_is(data: ReportData) -> None:
    view = build_view(data, Redactor())
    marked = {column for a in view.arms for column in a.best}
    assert marked <= set(COLUMNS)
    table = render_html(view)
    table = table[table.index('class="five') :]
    table = table[table.index("<tbody>") : table.index("</tbody>")]
    assert table.count("\u2713 best") == sum(len(a.best) for a in view.arms)
