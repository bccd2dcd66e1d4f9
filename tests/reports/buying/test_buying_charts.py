"""The three charts as drawn: one order, one scale each, nothing cut, unknown said."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from claimbench_reports.charts.buying import NAME_CHARS, WIDTH, WORDS_CHARS, buying_charts
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.types import View

LONG = 'an arm whose name goes on and on & has <b>marks</b> and "quotes" until it needs three lines'


def texts(svg: str, kind: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter() if one.get("class") == kind]


def test_three_charts_of_a_decision_and_none_without(view: View) -> None:
    assert [one.id for one in buying_charts(view)] == [
        "buying-quality",
        "buying-dollars",
        "buying-time",
    ]
    assert buying_charts(replace(view, decision=None)) == ()


def test_every_chart_shows_value_and_interval_as_the_comparison_does(view: View) -> None:
    assert view.outlook is not None
    shown = {one.id: texts(one.svg, "said") for one in buying_charts(view)}
    bills = {one.arm: one.month for one in view.outlook.arms}
    arms = {arm.arm: arm for arm in view.arms if arm.scope == "all tasks"}
    assert view.decision is not None
    for i, name in enumerate(view.decision.arms):
        quality = arms[name].get("quality")
        assert quality is not None
        assert shown["buying-quality"][i] == f"{quality.text} ({quality.interval})"
        month = bills[name]
        between = f" ({month.interval})" if month.interval else ""
        assert shown["buying-dollars"][i].startswith(f"{month.text}{between}")


def test_a_long_name_is_wrapped_and_escaped_and_an_unknown_figure_said(view: View) -> None:
    assert view.decision is not None
    odd = replace(view.decision, arms=(LONG, *view.decision.arms), incumbent=LONG, chosen=LONG)
    html = render_html(replace(view, decision=odd))
    assert "<b>marks</b>" not in html
    for chart in buying_charts(replace(view, decision=odd)):
        names = texts(chart.svg, "name")
        whole = " ".join(names)
        assert f"{LONG} (in use today, recommended)" in whole
        assert max(map(len, names)) <= NAME_CHARS
        said = texts(chart.svg, "said")
        assert said[0] == "unknown"
        assert max(map(len, said)) <= WORDS_CHARS
        for x in re.findall(r'(?:x1|x2|cx|x)="([\d.-]+)"', chart.svg):
            assert 0 <= float(x) <= WIDTH


def test_without_a_volume_dollars_are_those_of_a_thousand_requests(view: View) -> None:
    charts = buying_charts(replace(view, outlook=None))
    assert charts[1].title == "Dollars per 1,000 requests (left is cheaper)"


@pytest.mark.parametrize("arms", [("nobody",), ()])
def test_nothing_is_drawn_of_arms_without_figures(view: View, arms: tuple[str, ...]) -> None:
    assert view.decision is not None
    assert buying_charts(replace(view, decision=replace(view.decision, arms=arms))) == ()
