"""The small interval drawings of the claims: hand-written SVG, classes only, sized in user units.

All drawings of one unit share one scale, so that a difference of half a point and one of fourteen
look as different as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from claimbench_reports.view.format import MINUS, axis_format
from claimbench_reports.view.types import ReadingView, VerdictView
from claimbench_reports.view.verdicts.brief import deciding

WIDTH, HEIGHT, PAD = 400, 84, 26
LINE, AXIS, TOP = 42, 56, 20
CHAR = 7.2
"""How wide a character of a bold label is, about."""
LOG_FROM = 12.0
"""Dollars or seconds further apart than this factor are drawn on a logarithmic axis."""
TIMES_FROM = 3.0
"""Shares of a rival above this one are times as much, and drawn on a logarithmic axis."""
ROOM = 0.08
MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis that all drawings of one unit share, and how wide it is drawn."""

    low: float
    high: float
    log: bool
    unit: str
    width: int = WIDTH
    pad: int = PAD

    def x(self, value: float) -> float:
        """Return where a value stands, kept inside the drawing."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(max(value, 1e-300))
        share = (at - low) / (high - low)
        return round(self.pad + min(max(share, 0.0), 1.0) * (self.width - 2 * self.pad), 1)

    def holds(self, value: float | None) -> bool:
        """Return whether a value lies inside the axis."""
        return value is not None and self.low <= value <= self.high

    def ticks(self) -> list[float]:
        """Return round values along the axis."""
        if self.log:
            return _log_ticks(self.low, self.high)
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def scales_of(verdicts: Sequence[VerdictView]) -> dict[str, Scale]:
    """Return the axis of each unit, wide enough for every claim's estimate, limit and margin.

    An interval without end, or far wider than all of these, runs off the axis as an arrow.
    """
    marks: dict[str, list[float]] = {}
    ends: dict[str, list[float]] = {}
    for r in _readings(verdicts):
        e = r.estimate
        if e is None or e.value is None:
            continue
        quoted = (r.threshold, r.quoted, *r.band)
        known = [f.value for f in quoted if f is not None and f.value is not None]
        marks.setdefault(e.unit, []).extend([e.value, *known, *_same_as_rival(e.unit)])
        ends.setdefault(e.unit, []).extend(x for x in (e.low, e.high) if x is not None)
    return {unit: _scale(unit, found, ends.get(unit, [])) for unit, found in marks.items()}


def _same_as_rival(unit: str) -> tuple[float, ...]:
    return {"of_baseline": (1.0,), "points": (0.0,)}.get(unit, ())


def _readings(verdicts: Sequence[VerdictView]) -> Iterator[ReadingView]:
    for v in verdicts:
        yield from v.readings
        yield from _readings(v.parts)


def _scale(unit: str, marks: Sequence[float], ends: Sequence[float]) -> Scale:
    low, high = min(marks), max(marks)
    spread = 2 * (high - low) or abs(high) or 1.0
    if unit != "percent":
        ends = [min(max(x, low - spread), high + spread) for x in ends]
    low, high = min([low, *ends]), max([high, *ends])
    if _is_log(unit, marks):
        positive = [x for x in (*marks, *ends) if x > 0]
        return Scale(min(positive) / 1.3, max(positive) * 1.3, True, unit)
    room = ROOM * ((high - low) or abs(high) or 1.0)
    least = 0.0 if unit not in ("points",) and low >= 0 else -math.inf
    most = 1.0 if unit == "percent" and high <= 1 else math.inf
    return Scale(max(low - room, least), min(high + room, most), False, unit)


def _is_log(unit: str, marks: Sequence[float]) -> bool:
    if unit in ("percent", "points") or min(marks) <= 0:
        return False
    if unit == "of_baseline":
        return max(marks) > TIMES_FROM
    return max(marks) / min(marks) > LOG_FROM


def _step(width: float) -> float:
    raw = width / (MOST_TICKS - 1)
    size = 10.0 ** math.floor(math.log10(raw))
    return next(m * size for m in (1, 2, 5, 10) if m * size >= raw * (1 - 1e-9))


def _log_ticks(low: float, high: float) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for subs in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**k for k in exponents for m in subs if low <= m * 10.0**k <= high]
        if len(found) <= MOST_TICKS:
            return found
    return found[:: -(-len(found) // MOST_TICKS)]


def tick_label(value: float, unit: str, scale: Scale | None = None) -> str:
    """Show a value of an axis: a share of the rival as more or less than it; with the digits that
    tell the marks of ``scale`` apart.
    """
    if unit == "of_baseline":
        if math.isclose(value, 1.0, rel_tol=1e-9):
            return "same"
        change = 100 * (value - 1)
        if value >= 3:
            return f"{value:g}\u00d7"
        return f"{'+' if change > 0 else MINUS}{abs(change):.3g}%"
    if unit == "points":
        points = round(100 * value, 6)
        return f"{'+' if points > 0 else MINUS if points < 0 else ''}{abs(points):g}"
    marks = None if scale is None or scale.log else scale.ticks()
    return axis_format("share" if unit == "percent" else unit, marks)(value)


def interval_plot(reading: ReadingView, scales: Mapping[str, Scale] | None = None) -> Markup:
    """Return the estimate with its interval against the claimed value; empty where there is no
    estimate.

    The side on which the claim holds is shaded, a margin is a band, an end beyond the axis an
    arrow.
    """
    e, t = reading.estimate, reading.threshold
    if e is None or e.value is None:
        return Markup("")
    scale = (scales or {}).get(e.unit) or _scale(e.unit, *_own_marks(reading))
    parts = [*_grounds(reading, scale), *_axis(scale)]
    if e.interval:
        parts += _bar(e.low, e.high, scale)
    limits = [f.value for f in (t, reading.quoted) if f is not None and f.value is not None]
    for limit in dict.fromkeys(limits):
        at = scale.x(limit)
        parts.append(f'<line class="thr" x1="{at}" y1="{TOP - 6}" x2="{at}" y2="{AXIS}"/>')
    claimed = f"claimed: {reading.claimed or reading.needs}".replace(" with rounding", " rounded")
    if limits:
        at = scale.x(limits[-1])
        parts.append(f'<text class="t" {_anchor(at, claimed)} y="11">{escape(claimed)}</text>')
    at = scale.x(e.value)
    shown = reading.short or e.text
    parts.append(f'<circle class="est" cx="{at}" cy="{LINE}" r="5.5"/>')
    place = _beside(at, shown, [scale.x(limit) for limit in limits])
    parts.append(f'<text {place} y="30">{escape(shown)}</text>')
    words = f"Measured {shown}" + (
        f", interval {reading.between or e.interval}" if e.interval else ""
    )
    if limits or reading.claimed:
        words += f", {claimed}"
    head = (
        f'<svg class="plot-svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-label="{escape(words)}">'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - built from escaped parts and numbers above


def verdict_plot(v: VerdictView, scales: Mapping[str, Scale]) -> Markup:
    """Return the one drawing of a claim: of the reading that decides; of a compound, of the part
    that decides.
    """
    if v.parts:
        same = [p for p in v.parts if p.status == v.status] or list(v.parts)
        return verdict_plot(same[0], scales)
    one = deciding(v.readings)
    return Markup("") if one is None else interval_plot(one, scales)


def _own_marks(r: ReadingView) -> tuple[list[float], list[float]]:
    figures = (r.estimate, r.threshold, r.quoted, *r.band)
    marks = [f.value for f in figures if f is not None and f.value is not None]
    ends = [] if r.estimate is None else [r.estimate.low, r.estimate.high]
    return marks, [x for x in ends if x is not None]


def _grounds(r: ReadingView, scale: Scale) -> Iterator[str]:
    """Yield the shaded side on which the claim holds, and the band of a margin or window."""
    t = r.threshold
    if t is not None and t.value is not None and r.direction in (">=", ">", "<=", "<"):
        at = scale.x(t.value)
        start, end = (at, WIDTH) if r.direction.startswith(">") else (0.0, at)
        yield _rect("holds", start, end)
    values = [f.value for f in r.band if f.value is not None]
    if len(values) == 2:
        yield _rect("band", scale.x(values[0]), scale.x(values[1]))


def _rect(name: str, start: float, end: float) -> str:
    width = round(end - start, 1)
    return f'<rect class="{name}" x="{start}" y="{TOP}" width="{width}" height="{AXIS - TOP}"/>'


def _axis(scale: Scale) -> Iterator[str]:
    yield f'<line class="axis" x1="0" y1="{AXIS}" x2="{WIDTH}" y2="{AXIS}"/>'
    last = -math.inf
    for value in scale.ticks():
        at, label = scale.x(value), tick_label(value, scale.unit, scale)
        half = len(label) * CHAR / 2
        yield f'<line class="axis" x1="{at}" y1="{AXIS}" x2="{at}" y2="{AXIS + 4}"/>'
        if at - half < last:
            continue
        last = at + half + 4
        place = f'{_anchor(at, label, half)} y="{AXIS + 17}"'
        yield f'<text class="tick" {place}>{escape(label)}</text>'


def _bar(low: float | None, high: float | None, scale: Scale) -> list[str]:
    ends_left, ends_right = scale.holds(low), scale.holds(high)
    left = scale.x(low) if low is not None and ends_left else 8
    right = scale.x(high) if high is not None and ends_right else WIDTH - 8
    parts = [f'<line class="iv" x1="{left}" y1="{LINE}" x2="{right}" y2="{LINE}"/>']
    if not ends_left:
        parts.append(f'<path class="arrow" d="M0 {LINE}l12 -7v14z"/>')
    if not ends_right:
        parts.append(f'<path class="arrow" d="M{WIDTH} {LINE}l-12 -7v14z"/>')
    return parts


def _beside(at: float, label: str, lines: Sequence[float]) -> str:
    """Place a label over its mark; beside the limits' lines where it would cross one and fits."""
    wide = len(label) * CHAR
    near = [x for x in lines if abs(x - at) < max(70, wide / 2) + 4]
    if near and at <= min(near) and min(near) - 6 - wide > 0:
        return f'x="{min(near) - 6}" text-anchor="end"'
    if near and at >= max(near) and max(near) + 6 + wide < WIDTH:
        return f'x="{max(near) + 6}" text-anchor="start"'
    return _anchor(at, label)


def _anchor(at: float, label: str, least: float = 70) -> str:
    """Position and anchor of a label, kept inside the drawing."""
    half = max(least, len(label) * CHAR / 2)
    if at < half:
        return f'x="{max(at - 20, 0)}" text-anchor="start"'
    if at > WIDTH - half:
        return f'x="{min(at + 20, WIDTH)}" text-anchor="end"'
    return f'x="{at}" text-anchor="middle"'
