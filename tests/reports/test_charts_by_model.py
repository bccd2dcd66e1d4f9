"""One line for each model: variants are joined, and the words beside the drawing say the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from claimbench.privacy.redact import Redactor
from claimbench_reports.charts.draw import render_charts
from claimbench_reports.charts.marks import (
    Chart,
    colour_of,
    dashes_of,
    mark_of,
    marker_of,
    name_below,
)
from claimbench_reports.charts.variants import by_model, models_of
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import ArmView, View


@pytest.fixture(scope="module")
def view(data: ReportData) -> View:
    return build_view(data, Redactor())


def named(view: View, *names: str) -> View:
    """A view whose measured arms are called otherwise, without what else names them."""
    measured = [a.arm for a in view.arms if a.scope == ALL and _placed(a)]
    new = dict(zip(measured, names, strict=False))
    arms = tuple(replace(a, arm=new.get(a.arm, a.arm)) for a in view.arms)
    return replace(view, arms=arms, series=(), slices=(), break_even=(), cost_parts=())


def _placed(arm: ArmView) -> bool:
    found = arm.get("usd_1k"), arm.get("quality")
    return all(f is not None and f.value is not None for f in found)


def chart(view: View, name: str) -> Chart | None:
    return next((c for c in render_charts(view) if c.id == name), None)


def test_variants_of_one_model_are_one_line_cheapest_first(view: View) -> None:
    models, missing = models_of(named(view, "open", "open@temperature=0.7").arms)
    assert [what for what, _, _ in models["open"]].count("") == 1
    costs = [usd.value or 0.0 for _, usd, _ in models["open"]]
    assert costs == sorted(costs)
    assert "open@temperature=0.7" not in models
    assert all(name not in models for name in missing)


def test_a_name_with_a_mark_whose_base_was_not_run_is_a_model_of_its_own(view: View) -> None:
    models, _ = models_of(named(view, "gone@temperature=0.7", "open").arms)
    assert [what for what, _, _ in models["gone@temperature=0.7"]] == [""]


def test_without_variants_there_is_no_such_chart(view: View) -> None:
    assert by_model(view.arms, "95%", {}, lambda _height: pytest.fail("nothing is drawn")) is None
    assert chart(view, "variants") is None
    assert chart(view, "pareto") is not None


def test_the_chart_is_among_the_first_and_says_its_figures_in_words(view: View) -> None:
    changed = named(view, "open", "open@temperature=0.7")
    drawn = chart(changed, "variants")
    assert drawn is not None
    assert "temperature=0.7: quality" in drawn.description
    assert "open: " in drawn.description
    assert drawn.description in re.sub(r"\s+", " ", drawn.svg).replace("&amp;", "&")
    assert 'role="img"' in drawn.svg
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn.svg)
    told = " ".join(texts)
    assert told.count("open: ") == 1, "one entry of the names for each model"
    assert re.search(r"\d temperature=0\.7", told), "the point's number is named"
    assert any(re.fullmatch(r"[\d, ]*[12][\d, ]*", text) for text in texts)
    page = render_html(changed)
    first, mark, _ = page.partition("<summary>More charts")
    assert mark
    assert "one line for each model" in first, "it is printed, and needs no unfolding"


NAMES = [f"alpha@temperature=0.{n},max_tokens=64" for n in range(12)] + ["long-" * 14 + "name"]


def test_thirteen_arms_with_long_names_are_told_apart_and_named_inside_the_drawing() -> None:
    from matplotlib.figure import Figure

    looks = {(colour_of(i), marker_of(i)) for i in range(64)}
    lines = {(colour_of(i), dashes_of(i)) for i in range(64)}
    assert len(looks) == len(lines) == 64
    drawn = Figure(figsize=(7.4, 3.4), layout="constrained")
    ax = drawn.add_subplot()
    for i, name in enumerate(NAMES):
        ax.errorbar([i], [i], yerr=[[1], [1]], label=name, **mark_of(i, 5, 2, 1))
    name_below(drawn, ax)
    drawn.draw_without_rendering()
    (legend,) = drawn.legends
    assert ax.get_legend() is None
    assert "".join(t.get_text().replace("\n", "") for t in legend.get_texts()) == "".join(NAMES)
    box, plot, whole = legend.get_window_extent(), ax.get_window_extent(), drawn.bbox
    assert box.x0 >= 0
    assert box.x1 <= whole.x1
    assert box.y0 >= 0
    assert box.y1 <= plot.y0, "no name covers a point"
    assert plot.width > whole.width * 0.7
