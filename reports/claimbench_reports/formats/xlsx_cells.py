"""Cells of the workbook: how a value, a colour, a row and a page of it are made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from claimbench.privacy.visible import visible
from claimbench_reports.formats.exports import DANGEROUS
from claimbench_reports.view.format import Figure

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

CELL_LIMIT = 32_000
"""Excel takes 32,767 characters in a cell."""
NUMBER_FORMATS = {
    "percent": "0.0%",
    "points": "+0.0%;-0.0%;0.0%",
    "seconds": "0.000",
    "usd": "$#,##0.0000",
    "usd_micro": "$#,##0.000000",
    "amount": "#,##0.00",
    "ratio": "0.000",
    "of_baseline": "0.0%",
    "count": "#,##0",
    "plain": "0.00",
    "times": "0.00",
    "score": "0.00",
    "p": "0.000",
    "hours": "0.0",
    "tokens_per_s": "0.0",
    "per_hour": "#,##0.0",
    "bytes": "#,##0",
}
COLOURS = {
    "Supported": "C9E7D3",
    "Refuted": "F6CDC8",
    "Inconclusive": "F8E6B4",
    "Not comparable": "DDDDD8",
}
LINE, MOST_LINES = 14.5, 9

Value = Figure | str | float | None


def put(cell: Cell, value: Value) -> None:
    """Write one value: figures as numbers with their format (or their text if unknown), texts as
    texts only.
    """
    from openpyxl.styles import Alignment

    if isinstance(value, Figure):
        if value.value is None:
            put(cell, value.text)
        else:
            cell.value = value.value
            cell.number_format = NUMBER_FORMATS.get(value.unit, "General")
    elif isinstance(value, str):
        text = visible(value)[:CELL_LIMIT]
        cell.value = text
        cell.data_type = "s"  # openpyxl would make "=..." a formula
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if text.startswith(DANGEROUS):
            cell.quotePrefix = True
    elif value is not None:
        cell.value = value


def ends(f: Figure | None) -> tuple[Value, Value]:
    """Return both ends of an interval in the figure's own format; None where there is no end."""
    if f is None:
        return None, None
    low = None if f.low is None else replace(f, value=f.low)
    high = None if f.high is None else replace(f, value=f.high)
    return low, high


def bold(sheet: Worksheet, row: int, size: int = 11) -> None:
    """Set a row in bold."""
    from openpyxl.styles import Font

    for cell in sheet[row]:
        cell.font = Font(bold=True, size=size)


def one_line(sheet: Worksheet, row: int) -> None:
    """Let the texts of a row run over the cells beside them, in one line."""
    from openpyxl.styles import Alignment

    for cell in sheet[row]:
        cell.alignment = Alignment(wrap_text=False, vertical="top")


def yellow(sheet: Worksheet, row: int, column: int) -> None:
    """Colour a cell that is meant to be changed."""
    from openpyxl.styles import PatternFill

    sheet.cell(row, column).fill = PatternFill("solid", fgColor="FFF2A8")


def colour_verdicts(sheet: Worksheet, cells: str) -> None:
    """Colour the verdicts of a range by what they say."""
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    first, last = (int("".join(filter(str.isdigit, end))) for end in cells.split(":"))
    if last < first:  # no verdict: no range
        return
    for text, colour in COLOURS.items():
        fill = PatternFill("solid", bgColor=colour, fgColor=colour)
        rule = CellIsRule(  # type: ignore[no-untyped-call]  # openpyxl's
            operator="equal", formula=[f'"{text}"'], fill=fill
        )
        sheet.conditional_formatting.add(cells, rule)


def fit_rows(sheet: Worksheet, widths: Sequence[int], first: int = 2) -> None:
    """Make rows as high as their wrapped texts need, up to :data:`MOST_LINES` lines."""
    for at, row in enumerate(sheet.iter_rows(min_row=first), first):
        lines = 1
        for cell in row:
            if isinstance(cell.value, str) and cell.alignment.wrap_text:
                width = widths[cell.column - 1] if cell.column <= len(widths) else 14
                pieces = cell.value.split("\n")
                lines = max(lines, sum(math.ceil(len(x) / max(width - 1, 1)) or 1 for x in pieces))
        sheet.row_dimensions[at].height = LINE * min(lines, MOST_LINES)


def page(sheet: Worksheet, *, rows: int | None = None, columns: str | None = None) -> None:
    """Set a sheet up to print on one A4 page across; only its first ``rows`` and to ``columns``."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    footer = sheet.oddFooter
    if footer is not None and footer.center is not None and footer.left is not None:
        footer.center.text = "Page &P of &N"
        footer.left.text = "&A"
    if rows is not None or columns is not None:
        last_row = min(sheet.max_row, rows or sheet.max_row)
        last = columns or get_column_letter(sheet.max_column)
        sheet.print_area = f"A1:{last}{last_row}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
