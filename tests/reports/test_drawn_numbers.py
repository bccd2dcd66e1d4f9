"""Numbers in the texts of charts: those of the tables, never cut."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure as Canvas

from claimbench_reports.charts.plots import Scale, tick_label
from claimbench_reports.charts.svg import inline, to_inline_svg
from claimbench_reports.view.format import axis_format


@pytest.mark.parametrize("said", ["$0.1483 ($0.14118 to $0.15542)", "0.0971×", "model-1.2345"])
def test_a_text_of_a_drawing_is_not_cut(said: str) -> None:
    raw = f'<svg viewBox="0 0 9.12345 2.5"><path d="M 1.23456 7.98765"/><text>{said}</text></svg>'
    made = inline(raw, "c", said, f"A: {said}.")
    assert made.count(said) == 3
    assert 'd="M 1.23 7.98"' in made


def test_labels_of_a_real_drawing_are_whole() -> None:
    drawn = Canvas()
    ax = drawn.add_subplot()
    ax.set_xticks([0.0025, 0.0075], ["$0.0025", "$0.0075"])
    made = to_inline_svg(drawn, "c", "title 0.125", "words 0.0049")
    for text in ("$0.0025", "$0.0075", "title 0.125", "words 0.0049"):
        assert text in made


@pytest.mark.parametrize(
    ("unit", "marks", "said"),
    [
        ("share", [0.96, 0.962, 0.964], ["96.0%", "96.2%", "96.4%"]),
        ("share", [0.5, 0.75, 1.0], ["50%", "75%", "100%"]),
        ("usd", [0.0, 0.005, 0.01], ["$0.00", "$0.005", "$0.01"]),
        ("usd", [1000.0, 1000.5, 1001.0], ["$1,000.00", "$1,000.50", "$1,001.00"]),
        ("usd", [0.0, 0.3, 0.6], ["$0.00", "$0.30", "$0.60"]),
        ("seconds", [1.2345, 1.235, 1.2355], ["1.2345 s", "1.2350 s", "1.2355 s"]),
    ],
)
def test_marks_of_an_axis_are_told_apart(unit: str, marks: list[float], said: list[str]) -> None:
    show = axis_format(unit, marks)
    assert [show(x) for x in marks] == said


def test_a_narrow_axis_of_shares_has_different_marks() -> None:
    scale = Scale(0.96, 0.97, False, "percent")
    labels = [tick_label(x, "percent", scale) for x in scale.ticks()]
    assert len(set(labels)) == len(labels) > 2
