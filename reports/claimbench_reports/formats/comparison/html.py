"""A comparison as one HTML page: the report's style, script and content security policy."""

from __future__ import annotations

from markupsafe import Markup

from claimbench.monitoring import words
from claimbench.monitoring.as_json import by_arm
from claimbench.monitoring.types import Comparison
from claimbench_reports.formats.comparison.markdown import figure
from claimbench_reports.formats.html import asset, environment, policy

BADGES = {
    "held": "supported",
    "regressed": "refuted",
    "undecided": "inconclusive",
    "not_comparable": "not_comparable",
}
"""State -> the report's class of badge."""


def comparison_html(comparison: Comparison) -> str:
    """Return the whole page; it makes no request, and every text in it is escaped."""
    css, js = asset("report.css"), asset("report.js")
    step = comparison.last
    rows = [
        {
            "arm": one.arm,
            "measure": words.measure_name(one.metric),
            "badge": BADGES[one.state],
            "state": words.STATE_WORDS[one.state],
            "base": figure(one, one.base),
            "new": figure(one, one.new),
            "moved": words.change_words(one) or "none",
            "margin": words.margin_words(one) + (" points" if one.is_points else ""),
            "n": f"{one.n:,}",
        }
        for one in step.judged
    ]
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            css=Markup(css),  # noqa: S704 - our own file
            js=Markup(js),  # noqa: S704 - our own file
            csp=policy(css, js),
            comparison=comparison,
            step=step,
            headline=words.headline(comparison),
            look=words.look_words(step),
            sentences=words.arm_sentences(step),
            rows=rows,
            samples=words.pairing_words(step.pairing),
            drifts=[words.drift_words(one) for one in step.drifts],
            lenses=[(drift.arm, lens) for drift in step.drifts for lens in drift.lenses],
            flips=[(one, words.flip_words(one)) for one in step.flips],
            bills=[words.bill_lines(one) for one in step.bills],
            differences=by_arm(step.differences),
            series=words.series_rows(comparison.steps),
            lens_name=words.LENS_WORDS,
        )
    )
