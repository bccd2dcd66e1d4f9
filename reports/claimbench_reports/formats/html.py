"""View -> one HTML file: no external request, a strict content security policy, everything escaped.

The policy allows exactly the page's own style sheet and script, by hash; no inline handlers or
style attributes exist.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from claimbench_reports.charts.buying import buying_charts
from claimbench_reports.charts.draw import render_charts
from claimbench_reports.charts.marks import Chart
from claimbench_reports.charts.plots import interval_plot, scales_of, verdict_plot
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.buying.what_if import months_against, plain_number
from claimbench_reports.view.types import View
from claimbench_reports.view.words import (
    COLUMNS,
    DIFFERENCES,
    FIVE,
    GLOSSARY,
    SIGN,
    ends_of,
    retried_of,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from claimbench_reports.formats.pack import SamplePacks


FIRST_CHARTS = ("pareto", "variants", "turns", "latency-e2e")
"""Charts, or kinds of them (what stands before the hyphen), that stand open; the others fold."""


MOST_CHOSEN = 20
"""Slices of a fitted route that the page lists; the JSON holds all."""


def render_html(
    view: View, charts: Sequence[Chart] | None = None, packs: SamplePacks | None = None
) -> str:
    """Return the whole report as one HTML document; ``charts`` are drawn from the view unless
    given, ``packs`` hold all samples (else those where arms differ are listed).
    """
    drawn = render_charts(view) if charts is None else charts
    css, js = report_look(view, packs is not None)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            charts=[_chart_fields(each) for each in drawn],
            css=Markup(css),  # noqa: S704 - our own file
            js=Markup(js),  # noqa: S704 - our own file
            csp=policy(css, js),
            packs=packs,
            most_chosen=MOST_CHOSEN,
            columns=COLUMNS,
            difference_columns=DIFFERENCES,
            baselines=list(dict.fromkeys(d.baseline for d in view.differences)),
            sign=SIGN,
            glossary=GLOSSARY,
            told_statuses=list(dict.fromkeys(v.status_text for v in view.verdicts)),
            scales=scales_of(view.verdicts),
            plot=interval_plot,
            one_plot=verdict_plot,
            **decision_values(buying_charts(view), view.warnings),
            **_five_columns(view),
            **_what_if(view),
        )
    )


def report_look(view: View, packed: bool) -> tuple[str, str]:
    """Return the style sheet and the script of a view's report; ``packed``: it holds all samples.

    Who serves the report needs them for its content policy.
    """
    js = asset("report.js")
    if packed:
        js += asset("samples.js")
    if view.what_if is not None:
        js += asset("bill.js") + asset("what_if.js")
    return asset("report.css"), js


def decision_values(charts: Sequence[Chart], warnings: Sequence[str]) -> dict[str, Any]:
    """Return what the template of a decision takes beside the view, whichever page includes it.

    ``charts`` as :func:`~claimbench_reports.charts.buying.buying_charts` draws them; ``warnings``
    of the view, folded.
    """
    return {"buying": [_chart_fields(each) for each in charts], "fold_warnings": list(warnings)}


def _five_columns(view: View) -> dict[str, object]:
    """Return the arms of the short comparison, the columns that any of them has, and how long the
    bars of each are.
    """
    arms = [a for a in view.arms if a.scope == ALL]
    measured = [a for a in arms if a.measured]
    shown = [(id_, head, up) for id_, head, up in FIVE if any(a.get(id_) for a in measured)]
    tops: dict[str, float] = {}
    for id_, _, _ in shown:
        values = [f.value for a in measured if (f := a.get(id_)) and f.value is not None]
        top = max(values, default=0.0)
        tops[id_] = 1.0 if id_ == "quality" and top <= 1 else 1.15 * top
    return {
        "fives": measured,
        "ends": ends_of(measured),
        "retried": retried_of(measured),
        "five_columns": shown,
        "tops": tops,
        "not_run": [a for a in arms if not a.measured],
    }


def _what_if(view: View) -> dict[str, object]:
    """Return the declared case of the what-if, and what its script reckons with."""
    if view.what_if is None or view.outlook is None:
        return {}
    forecasts = {one.arm: one for one in view.outlook.arms}
    rival = forecasts.get(view.what_if.incumbent or "")
    return {
        "forecasts": forecasts,
        "compared": rival is not None and len(view.what_if.arms) > 1,
        "against": {} if rival is None else months_against(view.what_if, forecasts),
        "what_if_json": json.dumps(asdict(view.what_if), ensure_ascii=False, allow_nan=False),
        "plain_number": plain_number,
    }


def _chart_fields(chart: Chart) -> dict[str, Any]:
    svg = Markup(chart.svg)  # noqa: S704 - drawn by charts/svg.py, which escapes every text
    first = chart.id in FIRST_CHARTS or chart.id.partition("-")[0] in FIRST_CHARTS
    return {
        "id": chart.id,
        "title": chart.title,
        "facts": chart.facts,
        "svg": svg,
        "first": first,
    }


def asset(name: str) -> str:
    """Return a style sheet or script of the package."""
    return files("claimbench_reports").joinpath("assets", name).read_text(encoding="utf-8")


def policy(css: str, js: str) -> str:
    """Return a content security policy under which only this style sheet and this script count."""
    style = _csp_hash(css)
    script = _csp_hash(js)
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def environment() -> Environment:
    """Return the template environment: autoescape always on, unknown names are errors."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("claimbench_reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
