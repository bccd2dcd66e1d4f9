"""Labels of the small drawings stay inside them."""

from __future__ import annotations

import re

import pytest

from claimbench.privacy.redact import Redactor
from claimbench.types import Claim, Estimate, Reading, Verdict
from claimbench_reports.charts.plots import (
    CHAR,
    WIDTH,
    Scale,
    _anchor,
    interval_plot,
    scales_of,
    tick_label,
    verdict_plot,
)
from claimbench_reports.view.claims import verdict_views
from claimbench_reports.view.types import ReadingView, VerdictView


@pytest.mark.parametrize("label", ["124%", "claimed: at least 130%", "claimed: at least +29.5 pts"])
@pytest.mark.parametrize("at", range(26, WIDTH - 25, 6))
def test_a_label_stays_inside(at: int, label: str) -> None:
    found = re.fullmatch(r'x="([\d.]+)" text-anchor="(\w+)"', _anchor(at, label))
    assert found is not None
    wide = len(label) * CHAR
    left = float(found[1]) - {"start": 0, "middle": wide / 2, "end": wide}[found[2]]
    assert left >= -1e-9
    assert left + wide <= WIDTH + 1e-9


def measured(unit: str, value: float, low: float, high: float, limit: float) -> ReadingView:
    """A reading with an estimate and a limit."""
    r = Reading(
        "points", Estimate(value, low, high, 0.95, "m", 50, 50), limit, 0.0, ">=", "refuted"
    )
    relation = "more_by" if unit == "points" else "at_least"
    claim = Claim("c", "t", None, "accuracy", "accuracy", ("a",), ("b",), relation, limit)
    (view,) = verdict_views([Verdict(claim, "refuted", "points", "", (r,), (), ())], Redactor())
    return view.readings[0]


def verdict_of(r: ReadingView) -> VerdictView:
    return VerdictView("c", "c", "", "refuted", "Refuted", "", "", "", (r,), (), (), (), ())


def test_drawings_of_one_unit_share_one_scale() -> None:
    small = measured("points", -0.004, -0.02, 0.012, 0.05)
    large = measured("points", -0.14, -0.19, -0.09, 0.05)
    scales = scales_of([verdict_of(small), verdict_of(large)])
    one, two = str(interval_plot(small, scales)), str(interval_plot(large, scales))
    ticks = [re.findall(r'class="tick".*?</text>', drawn) for drawn in (one, two)]
    assert ticks[0] == ticks[1]
    assert len(ticks[0]) >= 3
    at = [float(re.findall(r'cx="([\d.]+)"', drawn)[0]) for drawn in (one, two)]
    widths = []
    for drawn in (one, two):
        x1, x2 = re.findall(r'class="iv" x1="([\d.]+)" y1="\d+" x2="([\d.]+)"', drawn)[0]
        widths.append(float(x2) - float(x1))
    assert at[0] - at[1] == pytest.approx(widths[1] / 0.10 * 0.136, rel=0.02)
    assert widths[1] / widths[0] == pytest.approx(0.10 / 0.032, rel=0.05)


@pytest.mark.parametrize("unit", ["points", "percent", "of_baseline", "usd", "seconds"])
@pytest.mark.parametrize(("low", "high"), [(0.01, 0.9), (0.5, 0.52), (0.001, 0.004)])
def test_an_axis_has_some_round_ticks_inside_it(unit: str, low: float, high: float) -> None:
    for scale in (Scale(low, high, False, unit), Scale(low, high * 40, True, unit)):
        ticks = scale.ticks()
        assert 1 <= len(ticks) <= 7
        assert all(scale.low - 1e-9 <= t <= scale.high + 1e-9 for t in ticks)
        assert len({tick_label(t, unit) for t in ticks}) == len(ticks) or unit in ("percent", "usd")


def test_the_margin_is_a_band_and_both_limits_are_drawn() -> None:
    claim = Claim("c", "t", None, "accuracy", "accuracy", ("a",), ("b",), "as", None)
    r = Reading(
        "non_inferior", Estimate(0.0, -0.02, 0.02, 0.95, "m", 50, 50), -0.03, 0.0, ">=", "supported"
    )
    (view,) = verdict_views([Verdict(claim, "supported", r.name, "", (r,), (), ())], Redactor())
    drawn = str(verdict_plot(view, scales_of([view])))
    assert drawn.count('class="band"') == 1
    cheaper = Claim("c", "t", None, "cost", "usd", ("a",), ("b",), "less_by", 0.8, 0.005)
    r = Reading(
        "per_request",
        Estimate(0.16, 0.15, 0.17, 0.95, "m", 50, 50),
        0.205,
        0.005,
        "<=",
        "supported",
    )
    (view,) = verdict_views([Verdict(cheaper, "supported", r.name, "", (r,), (), ())], Redactor())
    drawn = str(verdict_plot(view, scales_of([view])))
    assert drawn.count('class="thr"') == 2
    assert "84.0% cheaper per request" in drawn


def test_an_interval_without_end_is_an_arrow() -> None:
    r = measured("points", 0.1, -0.1, float("inf"), 0.05)
    drawn = str(interval_plot(r, scales_of([verdict_of(r)])))
    assert drawn.count('class="arrow"') == 1
