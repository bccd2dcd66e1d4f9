"""The index page of a results folder: every run with its verdicts, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats.html import asset, environment, policy
from claimbench_reports.view.about import run_view
from claimbench_reports.view.inputs import EarlierRun
from claimbench_reports.view.words import STATUS


def render_index(runs: Sequence[EarlierRun], redact: Redactor | None = None) -> str:
    """Return one HTML page; ``EarlierRun.report`` is the relative path of a run's report, None if
    it has none yet.

    Same content security policy and theme switch as the reports; the runs are given oldest first
    and shown newest first.
    """
    css, js = asset("report.css"), asset("report.js")
    words = {text: code for code, text in STATUS.items()}
    views = [run_view(run, redact or Redactor()) for run in reversed(runs)]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            runs=views,
            status_of=words,
            css=Markup(css),  # noqa: S704 - our own file
            js=Markup(js),  # noqa: S704 - our own file
            csp=policy(css, js),
        )
    )
