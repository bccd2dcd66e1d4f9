"""The table of quantisations in the report: words, units, what is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from claimbench.evaluation.variants.quantised import Quantisations, Quantised
from claimbench.privacy.redact import Redactor
from claimbench.stats import Interval
from claimbench_reports.formats.html import render_html
from claimbench_reports.view.beside.quantisations import quantisations_views
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ReportData

BASE, OTHER = "coder-local", "smol-local"
CHANGED = Interval(0.25, 0.15, 0.4, 0.95, "wilson", 40, 40)
OPEN = Interval(0.9, 0.0, float("inf"), 0.995, "t+hall", 40, 1, reasons=("tail_guard",))


def with_family(data: ReportData, **other: object) -> ReportData:
    rows = (
        Quantised(BASE, "as given: q4", 463_000_000, None, 51.24),
        replace(Quantised(OTHER, "q8", None, 1_234_000_000, None, CHANGED, OPEN), **other),
    )
    return replace(data, quantisations=(Quantisations(BASE, rows),))


def test_sizes_speed_and_shares_have_their_units(data: ReportData) -> None:
    (family,) = quantisations_views(with_family(data), str)
    own, other = family.rows
    assert (own.file.text, other.memory.text) == ("463 MB", "1.23 GB")
    assert own.speed.text == "51.2 tok/s"
    assert own.changed is own.tokens is None, "itself has nothing changed"
    assert other.changed is not None
    assert (other.changed.text, other.changed.low, other.changed.high) == ("25.0%", 0.15, 0.4)
    assert other.tokens is not None
    assert (other.tokens.high, other.tokens.note) == (None, "99.5% interval")


def test_what_is_unknown_says_so(data: ReportData) -> None:
    (family,) = quantisations_views(with_family(data, changed=None, words=None), str)
    own, other = family.rows
    for found in (own.memory, other.file, other.speed):
        assert (found.value, found.text) == (None, "unknown")
    for share in (other.changed, other.tokens):
        assert share is not None
        assert (share.value, share.note) == (None, "fewer than 20 items")


def test_quality_is_what_the_table_of_arms_says_of_the_same_items(data: ReportData) -> None:
    arm = data.items.arms[OTHER]
    graded = replace(arm, score=np.where(np.isnan(arm.score), np.nan, 7.5))
    for mine in (arm, graded):
        items = replace(data.items, arms={**data.items.arms, OTHER: mine})
        (family,) = quantisations_views(replace(with_family(data), items=items), str)
        found = family.rows[1].quality
        known = mine.score[~np.isnan(mine.score)]
        assert found.value is not None
        assert np.isclose(found.value, known.mean())
        assert found.unit == ("percent" if mine is arm else "plain")
    assert found.text == "7.50", "no share, and not 750%"


def test_an_arm_without_scores_has_no_quality_and_not_a_zero(data: ReportData) -> None:
    arm = data.items.arms[OTHER]
    nothing = replace(arm, score=np.full(len(arm.score), np.nan))
    items = replace(data.items, arms={**data.items.arms, OTHER: nothing})
    (family,) = quantisations_views(replace(with_family(data), items=items), str)
    quality = family.rows[1].quality
    assert (quality.value, quality.low, quality.text) == (None, None, "not scored")


def test_foreign_words_are_masked_and_harmless(data: ReportData) -> None:
    hostile = with_family(data, quantisation="<img src=x onerror=alert(1)>")
    (family,) = quantisations_views(hostile, lambda text: text.replace("img", "[masked]"))
    assert family.rows[1].quantisation == "<[masked] src=x onerror=alert(1)>"
    page = render_html(build_view(hostile, Redactor()))
    assert 'id="quantisations"' in page
    assert "<img src=x" not in page


def test_a_run_without_quantisations_has_no_section(data: ReportData) -> None:
    assert 'id="quantisations"' not in render_html(build_view(data, Redactor()))
