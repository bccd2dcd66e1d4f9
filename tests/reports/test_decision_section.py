"""The decision as the first section: states that print, figures with ids, nothing of it without
one.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.console import plain_summary
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.build import build_view
from claimbench_reports.view.buying.types import CriterionRow, DecisionView, GateCell, GateRow
from claimbench_reports.view.format import figure
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import View

DECISION = DecisionView(
    outcome="open",
    sentence="No recommendation yet: no arm meets every requirement.",
    lines=(),
    open_lines=("beta, speed: too few calls",),
    rests_on="Rests on: 10 samples",
    arms=("alpha", "beta"),
    incumbent="alpha",
    chosen=None,
    gates=(
        GateRow(
            "speed", (GateCell("alpha", "missed", "slow"), GateCell("beta", "open", "folded words"))
        ),
    ),
    criteria=(
        CriterionRow(
            "quality",
            "100.0%",
            "accuracy",
            tuple(figure(f"decision.quality.{arm}", 0.5, "percent") for arm in ("alpha", "beta")),
        ),
    ),
    totals=tuple(figure(f"decision.total.{arm}", 50.0, "plain") for arm in ("alpha", "beta")),
    wins=(),
    not_run="",
    note="",
)


@pytest.fixture(scope="module")
def view(data: ReportData) -> View:
    return build_view(data, Redactor())


def test_states_stand_outside_of_what_print_leaves_out(view: View) -> None:
    page = render_html(replace(view, decision=DECISION))
    section = page[page.index('<section id="decision"') : page.index('<section id="verdicts"')]
    bare = re.sub(r"<details.*?</details>", "", section, flags=re.DOTALL)
    assert "missed" in bare
    assert "open" in bare
    assert "folded words" not in bare  # why is folded
    for arm in ("alpha", "beta"):
        assert bare.count(f'data-l="{arm}"') == 3, "narrow pages name the arm in each cell"


def test_a_run_without_a_decision_has_no_section(view: View) -> None:
    assert view.decision is None
    assert 'id="decision"' not in render_html(view)
    assert "No recommendation" not in plain_summary(view)


def test_the_terminal_begins_with_the_sentence(view: View) -> None:
    assert plain_summary(replace(view, decision=DECISION)).startswith(DECISION.sentence)
