"""The second sheet of the workbook: whom to choose, requirements by arm, criteria and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench_reports.formats.xlsx_cells import Value, bold, ends, fit_rows, one_line, put
from claimbench_reports.view.buying.types import DecisionView

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

TITLE = "Decision"
FIRST, OTHERS = 44, 20
SIGNS = {"met": "met", "missed": "MISSED", "open": "open"}
FILLS = {"met": "E3F1E8", "MISSED": "FAE7E4", "open": "FAF0D7"}


def decision_sheet(sheet: Worksheet, view: DecisionView) -> None:
    """Fill the sheet."""
    from openpyxl.utils import get_column_letter

    widths = (FIRST, *(OTHERS for _ in range(len(view.arms) + 1)))
    for i, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    texts = [view.sentence, *view.lines, view.note, view.rests_on, view.not_run]
    row = 0
    for text in filter(None, texts):
        row += 1
        _line(sheet, row, [text])
        one_line(sheet, row)
    bold(sheet, 1, 13)
    today = f" ({view.incumbent} is in use today)" if view.incumbent else ""
    if view.gates:
        row = _head(sheet, row + 2, [f"Requirement{today}", "", *view.arms])
        for gate in view.gates:
            row += 1
            _line(sheet, row, [gate.name, None, *(SIGNS[cell.state] for cell in gate.cells)])
        _coloured(sheet, f"C{row - len(view.gates) + 1}:{get_column_letter(len(widths))}{row}")
    if view.criteria:
        row = _head(sheet, row + 2, ["Criterion", "Weight", *view.arms])
        for one in view.criteria:
            row += 1
            _line(sheet, row, [f"{one.name}: {one.scale}", one.weight, *one.cells])
        pairs = [ends(total) for total in view.totals]
        _line(sheet, row + 1, ["Total of 100", None, *view.totals])
        bold(sheet, row + 1)
        _line(sheet, row + 2, ["from", None, *(low for low, _ in pairs)])
        _line(sheet, row + 3, ["to", None, *(high for _, high in pairs)])
        row += 3
        for line in view.leads:
            row += 1
            _line(sheet, row, [line])
            one_line(sheet, row)
    if view.gates:
        row = _head(sheet, row + 2, ["Why"])
        for gate in view.gates:
            for cell in gate.cells:
                row += 1
                said = f"{cell.arm}, {gate.name}, {SIGNS[cell.state]}: {cell.why}"
                _line(sheet, row, [said])
                one_line(sheet, row)
    fit_rows(sheet, widths)
    sheet.sheet_view.showGridLines = False


def _head(sheet: Worksheet, row: int, heads: list[str]) -> int:
    _line(sheet, row, list(heads))
    bold(sheet, row)
    return row


def _line(sheet: Worksheet, row: int, values: list[Value]) -> None:
    for c, value in enumerate(values, 1):
        cell: Cell = sheet.cell(row, c)  # type: ignore[assignment]  # no merged cells here
        put(cell, value)


def _coloured(sheet: Worksheet, cells: str) -> None:
    """Colour the states of a range by what they say."""
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    for state, colour in FILLS.items():
        fill = PatternFill("solid", bgColor=colour)
        rule = CellIsRule(operator="equal", formula=[f'"{state}"'], fill=fill)  # type: ignore[no-untyped-call]  # openpyxl's
        sheet.conditional_formatting.add(cells, rule)
