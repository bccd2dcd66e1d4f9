"""The deferral curve of a cascade: quality against dollars over its thresholds, with what its arms
alone and mixed could do.
"""

from __future__ import annotations

from claimbench_reports.charts.marks import CanvasMaker, Chart, chart_of, name_below
from claimbench_reports.charts.svg import FAINT
from claimbench_reports.view.beside.types import RouteView
from claimbench_reports.view.format import Figure

BLUE, ORANGE = "#0072B2", "#D55E00"


def deferral(route: RouteView, number: int, make: CanvasMaker) -> Chart | None:
    """Draw one route's curve; None where it has none."""
    points = [p for p in route.curve if p.quality.value is not None and p.usd_1k.value is not None]
    if len(points) < 2:
        return None
    usd = [p.usd_1k.value or 0.0 for p in points]
    quality = [p.quality.value or 0.0 for p in points]
    low = [_end(p.quality.low, p.quality) for p in points]
    high = [_end(p.quality.high, p.quality) for p in points]
    canvas, axes = make(4.2)
    axes.fill_between(usd, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(usd, quality, color=BLUE, marker="o", markersize=3.5, label="thresholds")
    axes.plot(
        [usd[0], usd[-1]],
        [quality[0], quality[-1]],
        color=FAINT,
        dashes=(5, 2),
        label="passed on at random",
    )
    at = {what: (q, d) for what, q, d in route.rows}
    q, d = at["the route"]
    if q.value is not None and d.value is not None:
        axes.plot([d.value], [q.value], color=ORANGE, marker="D", linestyle="", label=route.name)
    axes.set_xlabel("Dollars per 1,000 requests, all calls on the path")
    axes.set_ylabel("Quality")
    name_below(canvas, axes)
    title = f"{route.name}: quality against dollars over its thresholds"
    fact = (
        f"From {points[0].quality.text} at {points[0].usd_1k.text} per 1,000 requests, passing on"
        f" {points[0].passed.text}, to {points[-1].quality.text} at {points[-1].usd_1k.text},"
        f" passing on {points[-1].passed.text}"
    )
    tail = (
        "The band is the interval of the quality. The thresholds are the data's own: the curve"
        " describes, and decides nothing."
    )
    return chart_of(canvas, f"deferral-{number}", title, [fact], tail)


def _end(bound: float | None, of: Figure) -> float:
    return of.value or 0.0 if bound is None else bound
