"""Quality against dollars with one line for each model: its variants joined, cheapest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

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
from claimbench_reports.charts.svg import INK
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.format import Figure
from claimbench_reports.view.types import ArmView

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEAR = (0.06, 0.06)
"""Shares of the drawing's width and height within which points have one label together."""
Point = tuple[str, Figure, Figure]
"""What was changed (empty: nothing), dollars and quality."""


def by_model(
    arms: Sequence[ArmView], level: str, look: Mapping[str, int], make: CanvasMaker
) -> Chart | None:
    """Draw every model's variants; None where no model has two points. A model looks as its arm
    without variants does in the other charts.
    """
    models, missing = models_of(arms)
    if not any(len(points) > 1 for points in models.values()):
        return None
    drawn, ax = make(4.4)
    for model, points in models.items():
        i = look[model]
        at = [(usd.value or 0.0, quality.value or 0.0) for _, usd, quality in points]
        if len(at) > 1:
            ax.plot(
                [x for x, _ in at],
                [y for _, y in at],
                color=colour_of(i),
                dashes=dashes_of(i),
                linewidth=1.4,
                zorder=1,
            )
        for n, (_, usd, quality) in enumerate(points):
            ax.errorbar(
                [usd.value or 0.0],
                [quality.value or 0.0],
                xerr=bars_of(usd),
                yerr=bars_of(quality),
                label=_label(models, model) if n == 0 else None,
                **mark_of(i, 7, 2.5, 1.1),
            )
    _number(ax, models)
    costs = [usd.value or 0.0 for points in models.values() for _, usd, _ in points]
    if min(costs) > 0 and max(costs) / min(costs) > 20:
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0)
    ax.set_xlabel("Dollars per 1,000 requests (left is cheaper)")
    ax.set_ylabel("Quality (up is better)")
    unit = next(iter(models.values()))[0][2].unit
    ticks(ax.xaxis, "usd")
    ticks(ax.yaxis, "share" if unit == "percent" else "plain")
    name_below(drawn, ax)
    facts = [f"{model}: {_told(points)}" for model, points in models.items()]
    tail = f"Points of a line stand from the cheapest on; bars are {level} intervals."
    if missing:
        tail += f" Not drawn, because not measured or of unknown price: {', '.join(missing)}."
    title = "Variants: quality against dollars, one line for each model"
    return chart_of(drawn, "variants", title, facts, tail)


def _label(models: Mapping[str, list[Point]], model: str) -> str:
    """Return a model's name with the numbers of its variants, counted over all models."""
    first = 1 + sum(len(points) for name, points in _before(models, model))
    told = [f"{first + k} {what or 'as it is'}" for k, (what, _, _) in enumerate(models[model])]
    return f"{model}: {'; '.join(told)}" if len(told) > 1 else f"{first} {model}"


def _before(models: Mapping[str, list[Point]], model: str) -> list[tuple[str, list[Point]]]:
    names = list(models)
    return [(name, models[name]) for name in names[: names.index(model)]]


def _number(ax: Axes, models: Mapping[str, list[Point]]) -> None:
    """Number the points in the order of the list below; points that lie together share a label."""
    places = [(usd.value or 0.0, q.value or 0.0) for at in models.values() for _, usd, q in at]
    width = max(x for x, _ in places) or 1.0
    height = (max(y for _, y in places) - min(y for _, y in places)) or 1.0
    labels: list[tuple[tuple[float, float], list[int]]] = []
    for number, (x, y) in enumerate(places, 1):
        near = [
            numbers
            for (left, low), numbers in labels
            if abs(x - left) < NEAR[0] * width and abs(y - low) < NEAR[1] * height
        ]
        if near:
            near[0].append(number)
        else:
            labels.append(((x, y), [number]))
    for place, numbers in labels:
        said = ", ".join(map(str, numbers))
        ax.annotate(said, place, (6, 5), textcoords="offset points", fontsize=10, color=INK)


def models_of(arms: Sequence[ArmView]) -> tuple[Mapping[str, list[Point]], list[str]]:
    """Return the points of each model, cheapest first, and the arms that have none.

    A variant is named ``ARM@FACTOR=VALUE``; an arm without variants is a model of one point.
    """
    whole = [arm for arm in arms if arm.scope == ALL]
    names = {arm.arm for arm in whole}
    found: dict[str, list[Point]] = {}
    missing = []
    for arm in whole:
        base, at, what = arm.arm.partition("@")
        if not at or base not in names:
            base, what = arm.arm, ""
        usd, quality = arm.get("usd_1k"), arm.get("quality")
        if usd is None or quality is None or usd.value is None or quality.value is None:
            missing.append(arm.arm)
            continue
        found.setdefault(base, []).append((what, usd, quality))
    for points in found.values():
        points.sort(key=lambda point: (point[1].value or 0.0, point[2].value or 0.0))
    return found, missing


def _told(points: Sequence[Point]) -> str:
    return ", then ".join(
        f"{what or 'as it is'}: quality {in_words(quality)} at {in_words(usd)} per 1,000 requests"
        for what, usd, quality in points
    )
