"""A decision as text of at most 80 columns: the sentence, requirements by arm, totals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from claimbench_reports.view.buying.types import DecisionView
from claimbench_reports.view.format import Figure

WIDTH = 80
SIGNS = {"met": "met", "missed": "MISSED", "open": "open"}


def decision_lines(view: DecisionView) -> list[str]:
    """Return the decision as lines; names are never cut: a table too wide becomes a list."""
    lines = _wrapped(view.sentence)
    for line in view.lines:
        lines += _wrapped(line, "  ")
    if view.note:
        lines += _wrapped(view.note)
    lines.append("")
    rows = [["requirement", *view.arms]]
    for gate in view.gates:
        rows.append([gate.name, *(SIGNS[cell.state] for cell in gate.cells)])
    if view.gates:
        lines += [*_table(rows), ""]
    if view.criteria:
        rows = [["criterion", *view.arms]]
        for row in view.criteria:
            rows.append([f"{row.name} ({row.weight})", *(figure.text for figure in row.cells)])
        rows.append(["total of 100", *(_with_interval(figure) for figure in view.totals)])
        lines += _table(rows)
        for line in view.leads:
            lines += _wrapped(line)
        lines.append("")
    missed = [
        f"{cell.arm} misses {gate.name}: {cell.why}"
        for gate in view.gates
        for cell in gate.cells
        if cell.state == "missed"
    ]
    for head, texts in (("Missed", missed), ("Not settled", view.open_lines)):
        if texts:
            lines.append(f"{head}:")
            for text in texts:
                lines += _wrapped(text, "  ")
            lines.append("")
    if view.not_run:
        lines += _wrapped(view.not_run)
    return [*lines, *_wrapped(view.rests_on)]


def _with_interval(figure: Figure) -> str:
    if not figure.interval:
        return figure.text
    low, _, high = figure.interval.partition(" to ")
    return f"{figure.text} ({low} to {high})" if high else f"{figure.text} ({low})"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows in columns; where they do not fit, one line per cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    if sum(widths) + 2 * (len(widths) - 1) <= WIDTH:
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            lines.append("  ".join(cells).rstrip())
        return lines
    heads, *body = rows
    lines = []
    for row in body:
        lines.append(row[0])
        wide = max(len(head) for head in heads[1:])
        for head, cell in zip(heads[1:], row[1:], strict=True):
            lines += _wrapped(f"{head.ljust(wide)}  {cell}", "  ")
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  " * bool(indent),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
