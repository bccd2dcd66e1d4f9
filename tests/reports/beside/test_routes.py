"""A fitted route by slice in the page: a table with an end, and all of it in the JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from claimbench.privacy.redact import Redactor
from claimbench.routes.beside import Beside
from claimbench.types import Estimate
from claimbench_reports.formats.exports import view_json
from claimbench_reports.formats.html import MOST_CHOSEN, render_html
from claimbench_reports.view.beside.routes import route_view
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData

VALUES = 240


def fitted(n: int) -> Beside:
    """A route whose column has ``n`` values."""
    known = Estimate(0.8, 0.7, 0.9, 0.95, "m", 300, 300)
    return Beside(
        name="by-team",
        said="the arm fitted for each team",
        n=300,
        score=known,
        usd=known,
        best="big",
        best_score=0.9,
        best_usd=0.9,
        mixture=None,
        gain=None,
        oracle_score=0.9,
        oracle_usd=0.5,
        shares={"big": 1.0},
        threshold=None,
        curve=(),
        choices={f"team {i:03}": {"big": 0.75, "small": 0.25} for i in range(n)},
    )


def test_many_slices_are_a_bounded_table_and_whole_in_the_json(data: ReportData) -> None:
    shown = route_view(fitted(VALUES), lambda text: text)
    assert len(shown.threshold) < 100, "no paragraph of values"
    view = build_view(data, Redactor())
    view = replace(view, beside=replace(view.beside, routes=(shown,)))
    page = render_html(view, charts=())
    table = page.partition('<table class="chosen">')[2].partition("</table>")[0]
    assert table.count('<tr><th scope="row">') == MOST_CHOSEN
    assert f"{MOST_CHOSEN} of {VALUES} values; the other {VALUES - MOST_CHOSEN}" in table
    assert "beside.routes" in table
    assert "big (75%), small (25%)" in table
    (route,) = json.loads(view_json(view))["beside"]["routes"]
    assert len(route["chosen"]) == VALUES
    few = replace(view, beside=replace(view.beside, routes=(route_view(fitted(3), str),)))
    assert "the other" not in render_html(few, charts=()).partition('"chosen">')[2][:300]
