"""View -> one HTML file: no external request, a strict content security policy, everything escaped.

The policy allows exactly the page's own style sheet and script, by hash; no inline handlers or
style attributes exist.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from claimbench_reports.charts.draw import Chart, render_charts
from claimbench_reports.charts.plots import interval_plot
from claimbench_reports.view.types import View
from claimbench_reports.view.words import COLUMNS, DIFFERENCES, SIGN

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(view: View, charts: Sequence[Chart] | None = None) -> str:
    """Return the whole report as one HTML document; ``charts`` are drawn from the view unless
    given.
    """
    drawn = render_charts(view) if charts is None else charts
    css, js = asset("report.css"), asset("report.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            charts=[_chart_fields(each) for each in drawn],
            css=Markup(css),  # noqa: S704 - our own file
            js=Markup(js),  # noqa: S704 - our own file
            csp=policy(css, js),
            columns=COLUMNS,
            difference_columns=DIFFERENCES,
            baselines=list(dict.fromkeys(d.baseline for d in view.differences)),
            sign=SIGN,
            plot=interval_plot,
        )
    )


def _chart_fields(chart: Chart) -> dict[str, str]:
    svg = Markup(chart.svg)  # noqa: S704 - drawn by charts/svg.py, which escapes every text
    return {"id": chart.id, "title": chart.title, "description": chart.description, "svg": svg}


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
