"""The three charts of a decision: quality, dollars and time, arms in the same order in all.

Hand-written SVG of classes only, narrow enough to be read on a phone: each arm has a line for its
name, one for its mark on the axis, one for its value in words. The incumbent's value runs through
all arms as a dashed line.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from claimbench_reports.charts.marks import Chart
from claimbench_reports.charts.plots import CHAR, Scale, tick_label
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.buying.types import DecisionView
from claimbench_reports.view.format import Figure
from claimbench_reports.view.types import View

WIDTH, PAD = 320, 12
NAME, MARK, WORDS, GAP, AXIS = 15, 15, 14, 10, 24
NAME_CHARS, WORDS_CHARS = 42, 52
ROOM = 1.06


@dataclass(frozen=True, slots=True)
class _Row:
    """One arm of a chart: its name with what it is, its figure, what is said of it."""

    name: tuple[str, ...]
    figure: Figure | None
    words: tuple[str, ...]

    @property
    def height(self) -> int:
        """Return how much of the drawing it takes."""
        return NAME * len(self.name) + MARK + WORDS * len(self.words) + GAP


def buying_charts(view: View) -> tuple[Chart, ...]:
    """Return the charts of a view's decision; none without one, and none of what no arm has."""
    decision = view.decision
    if decision is None:
        return ()
    arms = {arm.arm: arm for arm in view.arms if arm.scope == ALL}
    bills = {} if view.outlook is None else {one.arm: one.month for one in view.outlook.arms}
    quality = {name: arm.get("quality") for name, arm in arms.items()}
    time = {name: arm.get("e2e_p95") for name, arm in arms.items()}
    dollars: dict[str, Figure | None] = {name: arm.get("usd_1k") for name, arm in arms.items()}
    money = "Dollars per 1,000 requests"
    if view.outlook is not None:
        dollars = {name: bills.get(name) for name in arms}
        unit = "Dollars" if view.outlook.currency == "USD" else view.outlook.currency
        money = f"{unit} a month"
    found = [
        _chart("quality", "Quality (right is better)", quality, decision),
        _chart("dollars", f"{money} (left is cheaper)", dollars, decision),
        _chart("time", "Slow time (left is faster)", time, decision),
    ]
    return tuple(chart for chart in found if chart is not None)


def _chart(
    id_: str, title: str, figures: dict[str, Figure | None], decision: DecisionView
) -> Chart | None:
    rows = [_row(arm, figures.get(arm), decision) for arm in decision.arms]
    drawn = [row.figure for row in rows if row.figure is not None and row.figure.value is not None]
    if not drawn:
        return None
    scale = _scale(drawn)
    height = sum(row.height for row in rows) + AXIS
    parts = [*_incumbent(figures, decision, scale, height), *_rows(rows, scale)]
    parts += _axis(scale, height - AXIS)
    said = [f"{' '.join(row.name)}: {' '.join(row.words)}" for row in rows]
    described = f"{'; '.join(said)}."
    head = (
        f'<svg class="plot-svg buying" role="img" aria-labelledby="b-{id_}-t b-{id_}-d"'
        f' viewBox="0 0 {WIDTH} {height}"><title id="b-{id_}-t">{escape(title)}</title>'
        f'<desc id="b-{id_}-d">{escape(described)}</desc>'
    )
    svg = Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - escaped parts and numbers above
    return Chart(f"buying-{id_}", title, described, svg, tuple(said))


def _row(arm: str, figure: Figure | None, decision: DecisionView) -> _Row:
    marks = ["in use today"] if arm == decision.incumbent else []
    marks += ["recommended"] if arm == decision.chosen else []
    name = f"{arm} ({', '.join(marks)})" if marks else arm
    words = "unknown"
    if figure is not None:
        words = figure.text
        if figure.interval:
            words += f" ({figure.interval})"
        if figure.note:  # how many it takes stands in the comparison
            words += f"; {figure.note.partition(':')[0]}"
    return _Row(_lines(name, NAME_CHARS), figure, _lines(words, WORDS_CHARS))


def _lines(text: str, width: int) -> tuple[str, ...]:
    """Return text in lines that fit the drawing; nothing is cut."""
    return tuple(textwrap.wrap(text, width)) or ("",)


def _scale(figures: Sequence[Figure]) -> Scale:
    """Return the axis: of shares around what was measured, of dollars and seconds from 0."""
    values = [one.value for one in figures if one.value is not None]
    ends = [end for one in figures for end in (one.low, one.high) if end is not None]
    unit, most = figures[0].unit, max(values)
    low, high = min([*values, *ends]), max([*values, *ends])
    if unit == "percent":
        low = max(0.0, math.floor(20 * low) / 20)
        high = min(1.0, math.ceil(20 * high) / 20)
        low, high = (low, high) if high > low else (max(0.0, high - 0.05), high)
        return Scale(low, high, False, unit, WIDTH, PAD)
    high = min(high, 3 * most) or 1.0  # an end far beyond every value runs off as an arrow
    return Scale(min(low, 0.0), ROOM * high, False, unit, WIDTH, PAD)


def _incumbent(
    figures: dict[str, Figure | None], decision: DecisionView, scale: Scale, height: int
) -> Iterator[str]:
    figure = None if decision.incumbent is None else figures.get(decision.incumbent)
    if figure is not None and figure.value is not None:
        at = scale.x(figure.value)
        yield f'<line class="thr" x1="{at}" y1="0" x2="{at}" y2="{height - AXIS}"/>'


def _rows(rows: Sequence[_Row], scale: Scale) -> Iterator[str]:
    y = 0
    for row in rows:
        for line in row.name:
            y += NAME
            yield f'<text class="name" x="0" y="{y - 3}">{escape(line)}</text>'
        y += MARK
        yield from _mark(row.figure, scale, y - 6)
        for line in row.words:
            y += WORDS
            yield f'<text class="said" x="0" y="{y - 1}">{escape(line)}</text>'
        y += GAP


def _mark(figure: Figure | None, scale: Scale, y: int) -> Iterator[str]:
    yield f'<line class="track" x1="{PAD}" y1="{y}" x2="{WIDTH - PAD}" y2="{y}"/>'
    if figure is None or figure.value is None:
        return
    if figure.interval:
        left = scale.x(scale.low if figure.low is None else figure.low)
        right = scale.x(scale.high if figure.high is None else figure.high)
        yield f'<line class="iv" x1="{left}" y1="{y}" x2="{right}" y2="{y}"/>'
        if not scale.holds(figure.high):
            yield f'<path class="arrow" d="M{WIDTH} {y}l-12 -6v12z"/>'
    yield f'<circle class="est" cx="{scale.x(figure.value)}" cy="{y}" r="5"/>'


def _axis(scale: Scale, y: int) -> Iterator[str]:
    yield f'<line class="axis" x1="{PAD}" y1="{y}" x2="{WIDTH - PAD}" y2="{y}"/>'
    last = -math.inf
    for value in scale.ticks():
        at, label = scale.x(value), tick_label(value, scale.unit, scale)
        half = len(label) * CHAR / 2
        yield f'<line class="axis" x1="{at}" y1="{y}" x2="{at}" y2="{y + 4}"/>'
        middle = min(max(at, half), WIDTH - half)
        if middle - half < last:
            continue
        last = middle + half + 6
        place = f'x="{round(middle, 1)}" text-anchor="middle" y="{y + 17}"'
        yield f'<text class="tick" {place}>{escape(label)}</text>'
