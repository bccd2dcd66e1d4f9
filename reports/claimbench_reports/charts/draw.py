"""Charts of a view as inline SVG, drawn by matplotlib in the looks of :mod:`marks`.

matplotlib is imported inside :func:`render_charts`. Every chart has a title, a text alternative
that states its figures, and draws measured arms only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from claimbench_reports.charts.marks import (
    PALETTE,
    CanvasMaker,
    Chart,
    bars_of,
    chart_of,
    colour_of,
    dashes_of,
    in_words,
    mark_of,
    marker_of,
    name_below,
    ticks,
    wrapped,
)
from claimbench_reports.charts.routes import deferral
from claimbench_reports.charts.svg import FAINT, INK
from claimbench_reports.charts.turns import by_turn
from claimbench_reports.charts.variants import by_model
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.beside.types import RouteView, TurnsView
from claimbench_reports.view.format import Figure
from claimbench_reports.view.types import ArmView, SliceView, TornadoView, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


def render_charts(view: View) -> tuple[Chart, ...]:
    """Draw every chart that the view has data for. Deterministic: equal views give equal bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    style: Any = {
        "font.size": 12,
        "font.family": "sans-serif",
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": FAINT,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "text.parse_math": False,  # "$" in a label is a dollar
        "figure.constrained_layout.use": True,
    }
    look = {arm.arm: i for i, arm in enumerate(a for a in view.arms if a.scope == ALL)}

    def canvas(height: float) -> tuple[Canvas, Axes]:
        drawn = Canvas(figsize=(7.4, height))
        return drawn, drawn.add_subplot()

    makers: list[Callable[[], Chart | None]] = [
        lambda: pareto(view, look, canvas),
        lambda: by_model(view.arms, _level(view), look, canvas),
        *[_bind_turns(turns, i, look, canvas) for i, turns in enumerate(view.beside.turns)],
        lambda: latency(view, look, canvas, "e2e", "End-to-end latency"),
        lambda: latency(view, look, canvas, "ttft", "Time to first token"),
        lambda: cost_breakdown(view, canvas),
        *[_bind(tornado, t, i, canvas) for i, t in enumerate(view.tornado)],
        lambda: break_even(view, look, canvas),
        *[_bind_route(route, i, canvas) for i, route in enumerate(view.beside.routes)],
        *[
            _bind_slice(view, name, look, canvas)
            for name in dict.fromkeys(s.slice for s in view.slices)
        ],
    ]
    with mpl.rc_context(style), warnings.catch_warnings():
        # Text stays text, so a glyph that matplotlib's own font lacks is the reader's font's
        # business.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        return tuple(chart for make in makers if (chart := make()) is not None)


def _bind(
    draw: Callable[[TornadoView, int, CanvasMaker], Chart],
    t: TornadoView,
    i: int,
    make: CanvasMaker,
) -> Callable[[], Chart]:
    return lambda: draw(t, i, make)


def _bind_route(route: RouteView, i: int, make: CanvasMaker) -> Callable[[], Chart | None]:
    return lambda: deferral(route, i, make)


def _bind_turns(
    turns: TurnsView, i: int, look: dict[str, int], make: CanvasMaker
) -> Callable[[], Chart | None]:
    return lambda: by_turn(turns, i, look, make)


def _bind_slice(
    view: View, name: str, look: dict[str, int], make: CanvasMaker
) -> Callable[[], Chart]:
    return lambda: by_slice([s for s in view.slices if s.slice == name], name, look, make)


def pareto(view: View, look: dict[str, int], canvas: CanvasMaker) -> Chart | None:
    """Draw quality against dollars per 1,000 requests; the frontier joins arms that no other arm
    beats on both.
    """
    found: list[tuple[ArmView, Figure, Figure]] = []
    for arm in view.arms:
        q, c = arm.get("quality"), arm.get("usd_1k")
        if (
            arm.scope == ALL
            and q is not None
            and c is not None
            and q.value is not None
            and c.value is not None
        ):
            found.append((arm, c, q))
    if not found:
        return None
    drawn, ax = canvas(3.9)
    for arm, c, q in found:
        i = look[arm.arm]
        style = mark_of(i, 8, 3, 1.4)
        ax.errorbar(
            [c.value or 0.0],
            [q.value or 0.0],
            xerr=bars_of(c),
            yerr=bars_of(q),
            label=arm.arm,
            **style,
        )
    drawn_at = {arm.arm: (c.value or 0.0, q.value or 0.0) for arm, c, q in found}
    best = frontier(list(drawn_at.values()))
    if len(best) > 1:
        ax.plot(
            [x for x, _ in best],
            [y for _, y in best],
            color=FAINT,
            linewidth=1,
            dashes=(4, 3),
            zorder=0,
        )
    costs = [c.value or 0.0 for _, c, _ in found]
    if min(costs) > 0 and max(costs) / min(costs) > 20:
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0)
    ax.set_xlabel("Dollars per 1,000 requests (left is cheaper)")
    ax.set_ylabel("Quality (up is better)")
    ticks(ax.xaxis, "usd")
    ticks(ax.yaxis, "share" if found[0][2].unit == "percent" else "plain")
    name_below(drawn, ax)
    facts = [
        f"{a.arm}: quality {in_words(q)}, cost per 1,000 requests {in_words(c)}"
        for a, c, q in found
    ]
    missing = [
        a.arm for a in view.arms if a.scope == ALL and a.arm not in {f[0].arm for f in found}
    ]
    tail = (
        f" Not drawn, because not measured or of unknown price: {', '.join(missing)}."
        if missing
        else ""
    )
    tail = f"Bars are {_level(view)} intervals.{tail}"
    return chart_of(drawn, "pareto", "Quality against dollars", facts, tail)


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (cost, quality) points that no other point beats on both, cheapest first."""
    best: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda p: (p[0], -p[1])):
        if not best or y > best[-1][1]:
            best.append((x, y))
    return best


def latency(
    view: View, look: dict[str, int], canvas: CanvasMaker, metric: str, title: str
) -> Chart | None:
    """Draw the empirical distribution: the share of calls done within a time."""
    found = [s for s in view.series if s.metric == metric]
    if not found:
        return None
    drawn, ax = canvas(3.4)
    for s in found:
        i = look[s.arm]
        ax.step(
            s.x,
            s.y,
            where="post",
            color=colour_of(i),
            dashes=dashes_of(i),
            linewidth=1.8,
            label=s.arm,
        )
    ends = [x for s in found for x in (s.x[0], s.x[-1])]
    ends = [x for x in ends if x > 0]  # a logarithmic axis shows no others
    if ends and max(ends) / min(ends) > 30:
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(title)
    ax.set_ylabel("Share of calls done by then")
    ticks(ax.xaxis, "seconds")
    ticks(ax.yaxis, "share")
    name_below(drawn, ax)
    words = []
    for s in found:
        arm = next((a for a in view.arms if a.arm == s.arm and a.scope == ALL), None)
        shown = [(p, arm.get(f"{metric}_{p}")) for p in ("p50", "p95")] if arm else []
        never = f", {s.never} of {s.n} never ended" if s.never else ""
        words.append(f"{s.arm}: " + ", ".join(f"{p} {in_words(f)}" for p, f in shown if f) + never)
    return chart_of(drawn, f"latency-{metric}", title, words)


def cost_breakdown(view: View, canvas: CanvasMaker) -> Chart | None:
    """Draw stacked bars of dollars per 1,000 requests by component."""
    arms = list(dict.fromkeys(p.arm for p in view.cost_parts))
    parts = list(dict.fromkeys(p.component for p in view.cost_parts))
    if not arms:
        return None
    drawn, ax = canvas(1.2 + sum(0.3 + 0.2 * (1 + wrapped(arm).count("\n")) for arm in arms))
    at = {(p.arm, p.component): p.usd_1k.value or 0.0 for p in view.cost_parts}
    left = [0.0] * len(arms)
    hatches = ("", "//", "..", "xx", "\\\\", "--", "oo", "++")
    for i, part in enumerate(parts):
        widths = [at.get((a, part), 0.0) for a in arms]
        ax.barh(
            [wrapped(arm) for arm in arms],
            widths,
            left=left,
            height=0.55,
            color=PALETTE[i % 8],
            hatch=hatches[i % 8],
            edgecolor=FAINT,
            linewidth=0.5,
            label=part,
        )
        left = [x + w for x, w in zip(left, widths, strict=True)]
    ax.invert_yaxis()
    ax.set_xlabel("Dollars per 1,000 requests")
    ax.grid(axis="y", visible=False)
    ticks(ax.xaxis, "usd")
    name_below(drawn, ax)
    facts = [
        f"{a}: "
        + ", ".join(f"{p.component} {p.usd_1k.text}" for p in view.cost_parts if p.arm == a)
        for a in arms
    ]
    return chart_of(drawn, "cost-parts", "What a thousand requests cost, by component", facts)


def tornado(t: TornadoView, index: int, canvas: CanvasMaker) -> Chart:
    """Draw what moves when one assumption is moved at a time."""
    drawn, ax = canvas(1.3 + 0.42 * len(t.bars))
    base = t.base.value or 0.0
    for i, bar in enumerate(t.bars):
        low, high = bar.low.value or 0.0, bar.high.value or 0.0
        ax.barh([i], [low - base], left=base, height=0.55, color=PALETTE[0])
        ax.barh(
            [i],
            [high - base],
            left=base,
            height=0.55,
            color=PALETTE[4],
            hatch="//",
            edgecolor=FAINT,
            linewidth=0.5,
        )
    ax.set_yticks(
        range(len(t.bars)),
        [wrapped(b.assumption + (" \u2014 flips the verdict" if b.flips else "")) for b in t.bars],
    )
    ax.invert_yaxis()
    ax.axvline(base, color=INK, linewidth=1)
    if t.threshold is not None and t.threshold.value is not None:
        ax.axvline(t.threshold.value, color=INK, linewidth=1, dashes=(4, 3))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("Cost ratio\nplain: low end, hatched: high end, dashed: claimed")
    ticks(ax.xaxis, "ratio")
    rows = [
        f"{b.assumption}: {b.low.text} at {b.low_label}, {b.high.text} at {b.high_label}"
        + (", which changes the verdict" if b.flips else "")
        for b in t.bars
    ]
    head = f"Base {t.base.text}" + (f", claimed {t.threshold.text}" if t.threshold else "")
    title = f"What the cost ratio depends on: {t.title}"
    return chart_of(drawn, f"tornado-{index}", title, [head, *rows], t.label)


def break_even(view: View, look: dict[str, int], canvas: CanvasMaker) -> Chart | None:
    """Draw dollars per 1,000 requests against volume: an endpoint is flat, a host falls as it
    fills.
    """
    rows = [
        b for b in view.break_even if not b.projected and b.usd_per_hour.value and b.capacity.value
    ]
    if not rows:
        return None
    drawn, ax = canvas(3.6)
    hosts = {b.local_arm: b for b in rows}
    ends = {b.api_arm: b for b in rows if b.api_usd_1k.value}
    top = max(b.capacity.value or 0.0 for b in rows)
    for name, b in hosts.items():
        cap = b.capacity.value or 1.0
        volumes = [cap * 10 ** (-3 + 3 * k / 60) for k in range(61)]
        marginal = b.local_marginal_usd_1k.value or 0.0
        costs = [1000 * (b.usd_per_hour.value or 0.0) / v + marginal for v in volumes]
        i = look.get(name, 0)
        ax.plot(
            volumes,
            costs,
            color=colour_of(i),
            dashes=dashes_of(i),
            label=f"{name}, up to what it can serve",
        )
        ax.plot([cap], [costs[-1]], marker_of(i), color=colour_of(i))
    for name, b in ends.items():
        i = look.get(name, 1)
        level = b.api_usd_1k.value or 0.0
        ax.plot(
            [top / 1000, top],
            [level, level],
            color=colour_of(i),
            dashes=dashes_of(i),
            label=name,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Requests per hour")
    ax.set_ylabel("Dollars per 1,000 requests")
    ticks(ax.xaxis, "count")
    ticks(ax.yaxis, "usd")
    name_below(drawn, ax)
    facts = [b.sentence.rstrip(".") for b in rows]
    return chart_of(drawn, "break-even", "From which volume a host of one's own pays off", facts)


def by_slice(
    rows: Sequence[SliceView], name: str, look: dict[str, int], canvas: CanvasMaker
) -> Chart:
    """Draw a dot plot of quality with intervals, one line per value of the slice."""
    values = list(dict.fromkeys(r.value for r in rows))
    arms = list(dict.fromkeys(r.arm for r in rows))
    drawn, ax = canvas(1.3 + (0.22 * len(arms) + 0.16) * len(values))
    step = 0.7 / max(len(arms), 1)
    for k, arm in enumerate(arms):
        i = look[arm]
        mine = [
            (values.index(r.value), r.quality)
            for r in rows
            if r.arm == arm and r.quality.value is not None
        ]
        for n, (at, q) in enumerate(mine):
            y = at + (k - (len(arms) - 1) / 2) * step
            label = arm if n == 0 else None
            ax.errorbar(
                [q.value or 0.0], [y], xerr=bars_of(q), label=label, **mark_of(i, 5, 2, 1.1)
            )
    ax.set_yticks(range(len(values)), [wrapped(value) for value in values])
    ax.invert_yaxis()
    ax.set_xlabel("Quality")
    ax.grid(axis="y", visible=False)
    unit = rows[0].quality.unit
    if unit == "percent":
        ax.set_xlim(-0.02, 1.02)
    ticks(ax.xaxis, "share" if unit == "percent" else unit)
    name_below(drawn, ax)
    facts = [f"{r.value}, {r.arm}: {in_words(r.quality)} on {r.n.text}" for r in rows]
    return chart_of(drawn, f"slice-{_safe(name)}", f"Quality by {name}", facts)


def _safe(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in name)


def _level(view: View) -> str:
    level = next(
        (f.value for f in view.assumptions if f.name == "Confidence level"), "95%, two-sided"
    )
    return level.partition(",")[0]
