"""The decision's tables on an A4 page: no column is lost, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.pdf import write_pdf
from claimbench_reports.view.buying.types import CriterionRow, DecisionView, GateCell, GateRow
from claimbench_reports.view.format import figure
from claimbench_reports.view.types import View

Open = Callable[..., Any]
A4_PX = round((210 - 2 * 12) / 25.4 * 96)
"""Width of a printed A4 page between the margins of the style sheet."""
CELLS = """() => [...document.querySelectorAll('#decision table')].map(table => ({
  heads: [...table.querySelectorAll('thead th')].filter(c => c.offsetWidth > 0).length,
  rows: [...table.querySelectorAll('tbody tr')].map(
    r => [...r.children].filter(c => c.offsetWidth > 0).length),
  right: Math.max(...[...table.querySelectorAll('th, td')].map(
    c => c.getBoundingClientRect().right)),
  cut: [...table.querySelectorAll('th, td')].filter(
    c => c.scrollWidth > c.clientWidth + 1).map(c => c.textContent.trim()),
}))"""


def decided(arms: tuple[str, ...], gates: int, criteria: int) -> DecisionView:
    """A decision among ``arms`` by so many requirements and criteria, none of them short."""
    states = ("met", "missed", "open")
    return DecisionView(
        outcome="open",
        sentence="No recommendation yet: no arm meets every requirement.",
        lines=(),
        open_lines=(),
        rests_on="Rests on: 10 samples",
        arms=arms,
        incumbent=arms[0],
        chosen=None,
        gates=tuple(
            GateRow(
                f"answers within the time that people wait {i}",
                tuple(
                    GateCell(arm, states[(i + k) % 3], "why it is so") for k, arm in enumerate(arms)
                ),
            )
            for i in range(gates)
        ),
        criteria=tuple(
            CriterionRow(
                f"dollars of a thousand requests {i}",
                "12.5%",
                "0 at $10.00, 100 at $0.10, on a logarithm",
                tuple(
                    figure(f"d.{i}.{k}", 1234.5678, "usd", low=1111.1, high=1333.3, note="81.25")
                    for k in range(len(arms))
                ),
            )
            for i in range(criteria)
        ),
        totals=tuple(figure(f"d.total.{k}", 50.0 + k, "plain") for k in range(len(arms))),
        wins=(),
        not_run="",
        note="",
    )


def named(n: int) -> tuple[str, ...]:
    return tuple(f"vendor-{i}/model-with-a-long-name@effort=high" for i in range(n))


@pytest.mark.browser
@pytest.mark.parametrize("n", [2, 5, 6, 12])
def test_every_column_of_a_decision_is_on_the_printed_page(
    opened: Open, view: View, tmp_path: Path, n: int
) -> None:
    gates, criteria = 7, 8
    path = tmp_path / "report.html"
    made = decided(named(n), gates, criteria)
    path.write_text(render_html(replace(view, decision=made)), encoding="utf-8")
    page = opened(path.as_uri())
    page.set_viewport_size({"width": A4_PX, "height": 1000})
    page.emulate_media(media="print")
    tables = page.evaluate(CELLS)
    for table in tables:
        assert table["right"] <= A4_PX + 0.5, "cut off at the edge of the paper"
        assert table["cut"] == []
        assert set(table["rows"]) == {table["heads"]}
    cells = sum(sum(table["rows"]) - len(table["rows"]) for table in tables)
    if n <= 5:
        assert len(tables) == 2
        assert [t["heads"] for t in tables] == [1 + n, 2 + n]
    else:
        assert cells == n * (gates + criteria + 1), "one cell an arm for each, and its total"
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_PX
    pdf = tmp_path / "report.pdf"
    write_pdf(path, pdf)
    assert pdf.stat().st_size > 20_000
