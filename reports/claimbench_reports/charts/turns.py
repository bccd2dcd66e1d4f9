"""What arms did by turn of a conversation: quality, time to the first token and dollars, one above
the other.
"""

from __future__ import annotations

from collections.abc import Callable

from claimbench_reports.charts.marks import (
    CanvasMaker,
    Chart,
    bars_of,
    chart_of,
    colour_of,
    dashes_of,
    in_words,
    mark_of,
    name_below,
    ticks,
)
from claimbench_reports.view.beside.types import TurnsView, TurnView
from claimbench_reports.view.format import Figure

MOST_NUMBERED = 12
PANELS: tuple[tuple[str, str, Callable[[TurnView], Figure]], ...] = (
    ("Quality", "share", lambda turn: turn.quality),
    ("TTFT, median", "seconds", lambda turn: turn.ttft),
    ("$ per 1k turns", "usd", lambda turn: turn.usd_1k),
)


def by_turn(
    view: TurnsView,
    number: int,
    look: dict[str, int],
    make: CanvasMaker,
) -> Chart | None:
    """Draw one task's turns; None where there is only one."""
    from matplotlib.ticker import MaxNLocator

    last = max((turn.number for arm in view.arms for turn in arm.turns), default=0)
    panels = [panel for panel in PANELS if _known(view, panel[2])]
    if last < 2 or not panels:
        return None
    drawn, first = make(1.0 + 2.0 * len(panels))
    first.remove()
    axes = drawn.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (label, unit, figure_of) in zip(axes, panels, strict=True):
        for k, arm in enumerate(view.arms):
            i = look.get(arm.arm, k)
            found = [(turn.number, figure_of(turn)) for turn in arm.turns]
            known = [(n, f) for n, f in found if f.value is not None]
            ax.plot(
                [n for n, _ in known],
                [f.value or 0.0 for _, f in known],
                color=colour_of(i),
                dashes=dashes_of(i),
                linewidth=1.3,
            )
            for place, (n, f) in enumerate(known):
                aside = min(0.06, 0.7 / len(view.arms)) * (k - (len(view.arms) - 1) / 2)
                ax.errorbar(
                    [n + aside],
                    [f.value or 0.0],
                    yerr=bars_of(f),
                    label=arm.arm if place == 0 else None,
                    **mark_of(i, 5, 2, 1.1),
                )
        plain = any(figure_of(t).unit == "plain" for arm in view.arms for t in arm.turns)
        ax.set_ylabel(label)
        ticks(ax.yaxis, "plain" if unit == "share" and plain else unit)
    axes[-1].xaxis.set_major_locator(MaxNLocator(MOST_NUMBERED, integer=True, min_n_ticks=1))
    axes[-1].set_xlabel("Turn of the conversation")
    name_below(drawn, axes[0])
    return chart_of(drawn, f"turns-{number}", f"{view.task}: by turn", _told(view))


def _known(view: TurnsView, figure_of: Callable[[TurnView], Figure]) -> bool:
    return any(figure_of(turn).value is not None for arm in view.arms for turn in arm.turns)


def _told(view: TurnsView) -> list[str]:
    return [
        f"{arm.arm}, turn {t.number}: quality {in_words(t.quality)}, TTFT {in_words(t.ttft)},"
        f" {in_words(t.usd_1k)} per 1,000"
        for arm in view.arms
        for t in arm.turns
    ]
