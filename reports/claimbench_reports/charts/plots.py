"""The small interval drawings beside each reading: hand-written SVG, classes only, sized in user
units.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from markupsafe import Markup, escape

from claimbench_reports.view.format import Figure
from claimbench_reports.view.types import ReadingView

WIDTH, HEIGHT, PAD, LINE = 400, 84, 26, 46
CHAR = 7.2
"""How wide a character of a bold label is, about."""


def interval_plot(reading: ReadingView) -> Markup:
    """Return the estimate with its interval against the claimed value; empty where there is no
    estimate.

    An end without a bound is an arrow to the edge. The side on which the claim holds is shaded.
    """
    e, t = reading.estimate, reading.threshold
    if e is None or e.value is None:
        return Markup("")
    low, high = _scale(e, t)

    def x(value: float) -> float:
        return round(PAD + (value - low) / (high - low) * (WIDTH - 2 * PAD), 1)

    parts: list[str] = []
    if t is not None and t.value is not None and reading.direction in (">=", ">", "<=", "<"):
        at = x(t.value)
        start, width = (at, WIDTH - at) if reading.direction.startswith(">") else (0.0, at)
        parts.append(
            f'<rect class="holds" x="{start}" y="24" width="{round(width, 1)}" height="40"/>'
        )
    parts.append(f'<line class="axis" x1="0" y1="64" x2="{WIDTH}" y2="64"/>')
    if e.interval:
        parts += _bar(e, x)
    if t is not None and t.value is not None:
        at = x(t.value)
        parts.append(f'<line class="thr" x1="{at}" y1="18" x2="{at}" y2="64"/>')
        label = f"claimed: {reading.needs}"
        parts.append(f'<text class="t" {_anchor(at, label)} y="13">{escape(label)}</text>')
    at = x(e.value)
    parts.append(f'<circle class="est" cx="{at}" cy="{LINE}" r="6"/>')
    parts.append(f'<text {_anchor(at, e.text)} y="80">{escape(e.text)}</text>')
    words = f"Measured {e.text}" + (f", interval {e.interval}" if e.interval else "")
    if t is not None:
        words += f", claimed {reading.needs}"
    head = (
        f'<svg class="plot-svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-label="{escape(words)}">'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - built from escaped parts and numbers above


def _scale(e: Figure, t: Figure | None) -> tuple[float, float]:
    marks = [
        v
        for v in (e.value, e.low, e.high, t.value if t else None)
        if v is not None and math.isfinite(v)
    ]
    low, high = min(marks), max(marks)
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _bar(e: Figure, x: Callable[[float], float]) -> list[str]:
    left = x(e.low) if e.low is not None else 8
    right = x(e.high) if e.high is not None else WIDTH - 8
    parts = [f'<line class="iv" x1="{left}" y1="{LINE}" x2="{right}" y2="{LINE}"/>']
    if e.low is None:
        parts.append(f'<path class="arrow" d="M0 {LINE}l12 -7v14z"/>')
    if e.high is None:
        parts.append(f'<path class="arrow" d="M{WIDTH} {LINE}l-12 -7v14z"/>')
    return parts


def _anchor(at: float, label: str) -> str:
    """Position and anchor of a label, kept inside the drawing."""
    half = max(70, len(label) * CHAR / 2)
    if at < half:
        return f'x="{max(at - 20, 0)}" text-anchor="start"'
    if at > WIDTH - half:
        return f'x="{min(at + 20, WIDTH)}" text-anchor="end"'
    return f'x="{at}" text-anchor="middle"'
