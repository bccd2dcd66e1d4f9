"""Charts of a view as inline SVG: matplotlib, colour-blind safe (Okabe and Ito), with shapes and
dashes.

matplotlib is imported inside :func:`render_charts`. Every chart has a title, a text alternative
that states its figures, and draws measured arms only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claimbench_reports.charts.svg import FAINT, INK, to_inline_svg
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.format import FORMATS, Figure
from claimbench_reports.view.types import ArmView, SliceView, TornadoView, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6BB5", "#8C6D31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1.5, 1.5),
    (6, 2, 1.5, 2),
    (3, 1),
    (8, 2),
    (1, 3),
    (4, 1, 1, 1),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawn chart. ``svg`` is safe markup; ``description`` is also printed as its text
    alternative.
    """

    id: str
    title: str
    description: str
    svg: str


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
        lambda: latency(view, look, canvas, "e2e", "End-to-end latency"),
        lambda: latency(view, look, canvas, "ttft", "Time to first token"),
        lambda: cost_breakdown(view, canvas),
        *[_bind(tornado, t, i, canvas) for i, t in enumerate(view.tornado)],
        lambda: break_even(view, look, canvas),
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


CanvasMaker = Callable[[float], "tuple[Canvas, Axes]"]


def _bind(
    draw: Callable[[TornadoView, int, CanvasMaker], Chart],
    t: TornadoView,
    i: int,
    make: CanvasMaker,
) -> Callable[[], Chart]:
    return lambda: draw(t, i, make)


def _bind_slice(
    view: View, name: str, look: dict[str, int], make: CanvasMaker
) -> Callable[[], Chart]:
    return lambda: by_slice([s for s in view.slices if s.slice == name], name, look, make)


def _ticks(axis: Axis, unit: str) -> None:
    """Label an axis in a unit of the view; a short logarithmic axis gets marks at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    if axis.get_scale() == "log":
        low, high = sorted(axis.get_view_interval())
        axis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if high / max(low, 1e-300) < 300 else (1,))
        )
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: FORMATS[unit](float(x))))
    axis.set_minor_formatter(NullFormatter())


def _errors(f: Figure) -> list[list[float]]:
    """Error bar lengths; an end without a bound is drawn as no bar."""
    value = f.value or 0.0
    low = value - f.low if f.low is not None else 0.0
    high = f.high - value if f.high is not None else 0.0
    return [[max(low, 0.0)], [max(high, 0.0)]]


def _mark(i: int, size: float, cap: float, width: float) -> dict[str, Any]:
    """How arm ``i`` is drawn as a point with bars."""
    return {
        "fmt": MARKERS[i % 8],
        "color": PALETTE[i % 8],
        "markersize": size,
        "capsize": cap,
        "linewidth": width,
    }


def _interval_words(f: Figure) -> str:
    return f.text + (f" ({f.interval})" if f.interval else "") + (f", {f.note}" if f.note else "")


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
        style = _mark(i, 8, 3, 1.4)
        ax.errorbar(
            [c.value or 0.0],
            [q.value or 0.0],
            xerr=_errors(c),
            yerr=_errors(q),
            label=arm.arm,
            **style,
        )
    best = frontier([(c.value or 0.0, q.value or 0.0) for _, c, q in found])
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
    _ticks(ax.xaxis, "usd")
    _ticks(ax.yaxis, "share" if found[0][2].unit == "percent" else "plain")
    ax.legend(loc="best")
    text = "; ".join(
        f"{a.arm}: quality {_interval_words(q)}, cost per 1,000 requests {_interval_words(c)}"
        for a, c, q in found
    )
    missing = [
        a.arm for a in view.arms if a.scope == ALL and a.arm not in {f[0].arm for f in found}
    ]
    tail = (
        f" Not drawn, because not measured or of unknown price: {', '.join(missing)}."
        if missing
        else ""
    )
    return _chart_of(
        drawn,
        "pareto",
        "Quality against dollars",
        f"{text}. Bars are {_level(view)} intervals.{tail}",
    )


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
            color=PALETTE[i % 8],
            dashes=DASHES[i % 8],
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
    _ticks(ax.xaxis, "seconds")
    _ticks(ax.yaxis, "share")
    ax.legend(loc="lower right")
    words = []
    for s in found:
        arm = next((a for a in view.arms if a.arm == s.arm and a.scope == ALL), None)
        shown = [(p, arm.get(f"{metric}_{p}")) for p in ("p50", "p95")] if arm else []
        never = f", {s.never} of {s.n} never ended" if s.never else ""
        words.append(
            f"{s.arm}: " + ", ".join(f"{p} {_interval_words(f)}" for p, f in shown if f) + never
        )
    return _chart_of(drawn, f"latency-{metric}", title, "; ".join(words) + ".")


def cost_breakdown(view: View, canvas: CanvasMaker) -> Chart | None:
    """Draw stacked bars of dollars per 1,000 requests by component."""
    arms = list(dict.fromkeys(p.arm for p in view.cost_parts))
    parts = list(dict.fromkeys(p.component for p in view.cost_parts))
    if not arms:
        return None
    drawn, ax = canvas(1.2 + 0.5 * len(arms))
    at = {(p.arm, p.component): p.usd_1k.value or 0.0 for p in view.cost_parts}
    left = [0.0] * len(arms)
    hatches = ("", "//", "..", "xx", "\\\\", "--", "oo", "++")
    for i, part in enumerate(parts):
        widths = [at.get((a, part), 0.0) for a in arms]
        ax.barh(
            arms,
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
    _ticks(ax.xaxis, "usd")
    ax.legend(loc="best", ncols=min(len(parts), 4))
    text = "; ".join(
        f"{a}: "
        + ", ".join(f"{p.component} {p.usd_1k.text}" for p in view.cost_parts if p.arm == a)
        for a in arms
    )
    return _chart_of(drawn, "cost-parts", "What a thousand requests cost, by component", text + ".")


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
        [b.assumption + (" \u2014 flips the verdict" if b.flips else "") for b in t.bars],
    )
    ax.invert_yaxis()
    ax.axvline(base, color=INK, linewidth=1)
    if t.threshold is not None and t.threshold.value is not None:
        ax.axvline(t.threshold.value, color=INK, linewidth=1, dashes=(4, 3))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("Cost ratio\nplain: low end, hatched: high end, dashed: claimed")
    _ticks(ax.xaxis, "ratio")
    rows = "; ".join(
        f"{b.assumption}: {b.low.text} at {b.low_label}, {b.high.text} at {b.high_label}"
        + (", which changes the verdict" if b.flips else "")
        for b in t.bars
    )
    head = f"Base {t.base.text}" + (f", claimed {t.threshold.text}" if t.threshold else "")
    return _chart_of(
        drawn,
        f"tornado-{index}",
        f"What the cost ratio depends on: {t.title}",
        f"{head}. {rows}. {t.label}".strip(),
    )


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
            color=PALETTE[i % 8],
            dashes=DASHES[i % 8],
            label=f"{name}, up to what it can serve",
        )
        ax.plot([cap], [costs[-1]], MARKERS[i % 8], color=PALETTE[i % 8])
    for name, b in ends.items():
        i = look.get(name, 1)
        level = b.api_usd_1k.value or 0.0
        ax.plot(
            [top / 1000, top],
            [level, level],
            color=PALETTE[i % 8],
            dashes=DASHES[i % 8],
            label=name,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Requests per hour")
    ax.set_ylabel("Dollars per 1,000 requests")
    _ticks(ax.xaxis, "count")
    _ticks(ax.yaxis, "usd")
    ax.legend(loc="best")
    return _chart_of(
        drawn,
        "break-even",
        "From which volume a host of one's own pays off",
        " ".join(b.sentence for b in rows),
    )


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
            ax.errorbar([q.value or 0.0], [y], xerr=_errors(q), label=label, **_mark(i, 5, 2, 1.1))
    ax.set_yticks(range(len(values)), values)
    ax.invert_yaxis()
    ax.set_xlabel("Quality")
    ax.grid(axis="y", visible=False)
    unit = rows[0].quality.unit
    if unit == "percent":
        ax.set_xlim(-0.02, 1.02)
    _ticks(ax.xaxis, "share" if unit == "percent" else unit)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    text = "; ".join(
        f"{v}: "
        + ", ".join(
            f"{r.arm} {_interval_words(r.quality)} on {r.n.text}" for r in rows if r.value == v
        )
        for v in values
    )
    return _chart_of(drawn, f"slice-{_safe(name)}", f"Quality by {name}", text + ".")


def _chart_of(drawn: Canvas, id_: str, title: str, description: str) -> Chart:
    return Chart(id_, title, description, to_inline_svg(drawn, f"c-{id_}", title, description))


def _safe(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in name)


def _level(view: View) -> str:
    level = next(
        (f.value for f in view.assumptions if f.name == "Confidence level"), "95%, two-sided"
    )
    return level.partition(",")[0]
