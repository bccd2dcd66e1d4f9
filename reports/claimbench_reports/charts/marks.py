"""How arms look in charts: colours for the colour-blind (Okabe and Ito) with shapes and dashes,
axes in units of the view, figures in words, and what a drawn chart is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claimbench_reports.charts.svg import to_inline_svg
from claimbench_reports.view.format import Figure, axis_format

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6BB5", "#8C6D31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
NAME_CHARS = 58
"""Characters of a name that fit beside its mark over the whole width."""
LINE = 0.24
"""Inches that a line of names takes."""
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


MOST_TOLD = 24
"""Facts of a drawing that are told in words; the JSON export holds every figure."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawn chart. ``svg`` is safe markup; ``description`` is its text alternative, and
    ``facts`` are the same, a line each.
    """

    id: str
    title: str
    description: str
    svg: str
    facts: Sequence[str] = ()


CanvasMaker = Callable[[float], "tuple[Canvas, Axes]"]
"""Makes a drawing of so many inches in height."""


def chart_of(drawn: Canvas, id_: str, title: str, facts: Sequence[str], tail: str = "") -> Chart:
    """Return a drawing as a chart whose words are ``facts``, :data:`MOST_TOLD` of them at most, and
    ``tail``, a sentence.
    """
    shown = list(facts[:MOST_TOLD])
    more = len(facts) - len(shown)
    if more:
        shown.append(f"{more:,} more are not told here; bench export --format json holds every one")
    description = f"{'; '.join(shown)}. {tail}".strip()
    shown += [tail] if tail else []
    svg = to_inline_svg(drawn, f"c-{id_}", title, description)
    return Chart(id_, title, description, svg, tuple(shown))


def colour_of(i: int) -> str:
    """Return the colour of arm ``i``; with its marker or dashes it is no other arm's, up to 64."""
    return PALETTE[i % 8]


def marker_of(i: int) -> str:
    """Return the shape of arm ``i``: every eight arms the shapes move on by one colour."""
    return MARKERS[(i + i // 8) % 8]


def dashes_of(i: int) -> tuple[float, ...]:
    """Return the dashes of arm ``i``, which move on as the shapes do."""
    return DASHES[(i + i // 8) % 8]


def name_below(drawn: Canvas, ax: Axes) -> None:
    """Name the marks of ``ax`` below the drawing, one a line, and make the drawing higher by it.

    Inside the axes a legend covers points; beside them a long name squeezes the plot.
    """
    handles, labels = ax.get_legend_handles_labels()
    if not labels:
        return
    shown = [textwrap.fill(label, NAME_CHARS) for label in labels]
    columns = max(1, min(NAME_CHARS // (max(map(len, shown)) + 5), len(shown)))
    lines = sum(text.count("\n") + 1 for text in shown)
    width, height = drawn.get_size_inches()
    drawn.set_size_inches(width, height + LINE * -(-lines // columns))
    drawn.legend(handles, shown, loc="outside lower left", ncols=columns)


def mark_of(i: int, size: float, cap: float, width: float) -> dict[str, Any]:
    """Return how arm ``i`` is drawn as a point with bars."""
    return {
        "fmt": marker_of(i),
        "color": colour_of(i),
        "markersize": size,
        "capsize": cap,
        "linewidth": width,
    }


def bars_of(f: Figure) -> list[list[float]]:
    """Return error bar lengths; an end without a bound is drawn as no bar."""
    value = f.value or 0.0
    low = value - f.low if f.low is not None else 0.0
    high = f.high - value if f.high is not None else 0.0
    return [[max(low, 0.0)], [max(high, 0.0)]]


def wrapped(name: str, width: int = 26) -> str:
    """Return a name of an axis in lines, so that a long one does not squeeze the plot."""
    return textwrap.fill(name, width)


def in_words(f: Figure) -> str:
    """Return a figure with its interval and note."""
    return f.text + (f" ({f.interval})" if f.interval else "") + (f", {f.note}" if f.note else "")


def ticks(axis: Axis, unit: str) -> None:
    """Label an axis in a unit of the view; a short logarithmic axis gets marks at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    if axis.get_scale() == "log":
        low, high = sorted(axis.get_view_interval())
        axis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if high / max(low, 1e-300) < 300 else (1,))
        )
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    marks = [float(x) for x in axis.get_majorticklocs()]
    show = axis_format(unit, None if axis.get_scale() == "log" else marks)
    axis.set_major_formatter(FuncFormatter(lambda x, _: show(float(x))))
    axis.set_minor_formatter(NullFormatter())
