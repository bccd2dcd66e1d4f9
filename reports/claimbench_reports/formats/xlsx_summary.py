"""The first sheet of the workbook: the claims, the arms in five columns, and what a month costs.

Formulas are written with the values that they have as the sheet opens, so that programs which do
not calculate (previewers, pandas) show numbers as well: :class:`Cached` collects the values and
:func:`with_values` puts them into the saved file, because openpyxl writes formulas alone.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from claimbench_reports.formats.xlsx_cells import Value, bold, fit_rows, one_line, put, yellow
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.types import ArmView, View
from claimbench_reports.view.words import FIVE

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TITLE = "Summary"
REQUESTS, FACTOR = 100_000.0, 1.0
NOTHING_RIGHT = "no correct answers"
WIDTHS = (30, 26, 18, 24, 24, 18)
MONTH_HEADS = (
    "Arm",
    "$ per 1,000 requests",
    "$ per month",
    "$ in 12 such months",
    "$ per 1,000 correct",
    "$ per month for as many correct answers",
)
_CELL = re.compile(
    r'<c r="(?P<at>[A-Z]+\d+)"(?P<rest>[^>]*)><f>(?P<f>.*?)</f><v\s*/?>(?:</v>)?</c>'
)


HIDDEN = ("Judges", "About", "Figures")
"""Sheets to look things up in; whoever needs them shows them, and nobody prints them."""
SPARE = ("Month by month", "Bill", "Prices")
"""Sheets that are hidden too where a bill and a decision need the room, the first first."""


def hidden_sheets(view: View) -> tuple[str, ...]:
    """Return the sheets that are hidden, so that six at most are left."""
    more = 2 * (view.outlook is not None) + (view.decision is not None)
    spare = SPARE if view.outlook is not None else SPARE[1:]  # months stand in an outlook
    return (*spare[:more], *HIDDEN)


@dataclass
class Cached:
    """Values of formulas by sheet and cell."""

    values: dict[str, dict[str, float | str]] = field(default_factory=dict)

    def formula(self, sheet: Worksheet, at: str, text: str, value: float | str) -> None:
        """Write a formula of ours and remember its value."""
        sheet[at].value = text
        self.values.setdefault(sheet.title, {})[at] = value


def summary_sheet(sheet: Worksheet, view: View, cached: Cached) -> None:
    """Fill the sheet."""
    from openpyxl.utils import get_column_letter

    for i, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    _line(sheet, 1, [view.title])
    bold(sheet, 1, 14)
    _line(sheet, 2, [view.summary])
    spent = view.counts[5]
    calls, planned, items = view.counts[1].text, view.counts[0].text, view.counts[3].text
    rests = f"{calls} of {planned} calls on {items} items, {view.created}; spent {spent.text}"
    _line(sheet, 3, [rests + (f" ({spent.note})" if spent.note else "")])
    if view.decision is not None:
        _line(sheet, 4, [view.decision.sentence])
        bold(sheet, 4, 12)
    row = _claims(sheet, view, 5)
    row = _arms(sheet, view, row + 1)
    row = _month(sheet, view, row + 1, cached)
    absent = [f"{a.arm} ({a.why_not})" for a in view.arms if a.scope == ALL and not a.measured]
    if absent:
        _line(sheet, row, [f"Not run: {'; '.join(absent)}"])
        row += 1
    *names, last = hidden_sheets(view)
    hidden = f"The sheets {', '.join(names)} and {last} are hidden"
    _line(sheet, row, [f"{hidden}: right-click a tab to show them."])
    for at in (1, 2, 3, 4, row - 1, row):
        one_line(sheet, at)
    fit_rows(sheet, WIDTHS, 5)
    sheet.sheet_view.showGridLines = False


def _line(sheet: Worksheet, row: int, values: list[Value]) -> None:
    for c, value in enumerate(values, 1):
        put(sheet.cell(row, c), value)  # type: ignore[arg-type]  # no merged cells here


def _claims(sheet: Worksheet, view: View, row: int) -> int:
    from claimbench_reports.formats.xlsx_cells import colour_verdicts

    _line(sheet, row, ["Claim as published", "About", "Verdict", "Measured", "Claimed", "To do"])
    bold(sheet, row)
    for i, v in enumerate(view.verdicts, 1):
        todo = " ".join(f"{m.text} {m.code}".strip() for m in v.remedies[:1])
        _line(
            sheet,
            row + i,
            [v.claim, v.who or "-", v.status_text, v.measured or "-", v.claimed or "-", todo],
        )
    last = row + len(view.verdicts)
    colour_verdicts(sheet, f"C{row + 1}:C{max(last, row + 1)}")
    return last + 1


def _measured(view: View) -> list[ArmView]:
    return [a for a in view.arms if a.scope == ALL and a.measured]


def _arms(sheet: Worksheet, view: View, row: int) -> int:
    from openpyxl.formatting.rule import DataBarRule

    arms = _measured(view)
    _line(sheet, row, ["Arm", *(head for _, head, _ in FIVE)])
    bold(sheet, row)
    for i, arm in enumerate(arms, 1):
        _line(sheet, row + i, [arm.arm, *(arm.get(column) for column, _, _ in FIVE)])
        for c, (column, _, _) in enumerate(FIVE, 2):
            if column in arm.best:
                bold_cell(sheet, row + i, c)
    if arms:
        for letter in "BCDEF":
            rule = DataBarRule(  # type: ignore[no-untyped-call]  # openpyxl's
                "num", 0, "max", color="9DBBD6"
            )
            sheet.conditional_formatting.add(f"{letter}{row + 1}:{letter}{row + len(arms)}", rule)
        note = "Bold: the best, where every other arm is decided to be worse. Times in seconds."
        _line(sheet, row + len(arms) + 1, [note])
        one_line(sheet, row + len(arms) + 1)
    return row + len(arms) + 2


def bold_cell(sheet: Worksheet, row: int, column: int) -> None:
    """Set one cell in bold."""
    from openpyxl.styles import Font

    sheet.cell(row, column).font = Font(bold=True, color="0A5C36")


def _month(sheet: Worksheet, view: View, row: int, cached: Cached) -> int:
    """What a month costs at any volume and price change, computed by the sheet itself."""
    arms = [a for a in _measured(view) if (f := a.get("usd_1k")) and f.value is not None]
    hours: list[str] = []
    if view.outlook is not None:  # a machine's hours do not follow the requests
        hours = [one.arm for one in view.outlook.arms if one.machines.value is not None]
        arms = [arm for arm in arms if arm.arm not in hours]
    title = "What a month costs: change the yellow cells"
    if view.outlook is not None:
        title += "; before the terms of the suite, which the sheet 'A month' has"
    if hours:
        title += f"; machines there too ({', '.join(hours)})"
    _line(sheet, row, [title])
    bold(sheet, row)
    one_line(sheet, row)
    volume = REQUESTS if view.outlook is None else view.outlook.requests.value or REQUESTS
    labels = (("Requests per month", volume), ("Price change (1 = as measured)", FACTOR))
    for i, (label, value) in enumerate(labels, 1):
        _line(sheet, row + i, [label, value])
        yellow(sheet, row + i, 2)
    sheet.cell(row + 1, 2).number_format = "#,##0"
    requests, factor = f"$B${row + 1}", f"$B${row + 2}"
    head = row + 3
    _line(sheet, head, list(MONTH_HEADS))
    bold(sheet, head)
    for i, arm in enumerate(arms, 1):
        r = head + i
        usd, share = _known(arm, "usd_1k"), _known(arm, "quality")
        _line(sheet, r, [arm.arm, usd])
        month = (usd or 0.0) * FACTOR * volume / 1000
        cached.formula(sheet, f"C{r}", f"=B{r}*{factor}*{requests}/1000", month)
        cached.formula(sheet, f"D{r}", f"=12*C{r}", 12 * month)
        if share:
            each = (usd or 0.0) * FACTOR / share
            cached.formula(sheet, f"E{r}", f"=B{r}*{factor}/{share!r}", each)
            cached.formula(sheet, f"F{r}", f"=E{r}*{requests}/1000", each * volume / 1000)
        else:
            _line(sheet, r, [arm.arm, usd, sheet[f"C{r}"].value, sheet[f"D{r}"].value])
            put(sheet.cell(r, 5), NOTHING_RIGHT)  # type: ignore[arg-type]
            put(sheet.cell(r, 6), NOTHING_RIGHT)  # type: ignore[arg-type]
        for c, shown in ((2, 4), (3, 2), (4, 2), (5, 4), (6, 2)):
            sheet.cell(r, c).number_format = f"$#,##0.{'0' * shown}"
    return head + len(arms) + 2


def _known(arm: ArmView, column: str) -> float | None:
    found = arm.get(column)
    return found.value if found else None


def with_values(path: Path, cached: Cached, order: list[str]) -> None:
    """Put the values of formulas into a saved workbook; ``order`` are its sheets' titles."""
    whole = io.BytesIO()
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for info in source.infolist():
            content = source.read(info.filename)
            found = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", info.filename)
            values = cached.values.get(order[int(found[1]) - 1]) if found else None
            if values:
                text = content.decode("utf-8")
                content = _CELL.sub(partial(_filled, values), text).encode("utf-8")
            target.writestr(info, content)
    path.write_bytes(whole.getvalue())


def _filled(values: dict[str, float | str], match: re.Match[str]) -> str:
    value = values.get(match["at"])
    if value is None:
        return match[0]
    kind = ' t="str"' if isinstance(value, str) else ""
    shown = escape(value) if isinstance(value, str) else repr(float(value))
    return f'<c r="{match["at"]}"{match["rest"]}{kind}><f>{match["f"]}</f><v>{shown}</v></c>'
