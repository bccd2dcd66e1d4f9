"""View and run -> a workbook a buyer can work with: a summary with live formulas, verdicts,
comparison, prices, samples.

Text never becomes a formula: every text cell is written as a string with the quote prefix set where
it begins with one of ``= + - @``. The only formulas are ours, on the first sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.privacy.visible import visible
from claimbench_reports.formats.xlsx_cells import Value, colour_verdicts, ends, fit_rows, page, put
from claimbench_reports.formats.xlsx_decision import TITLE as DECISION
from claimbench_reports.formats.xlsx_decision import decision_sheet
from claimbench_reports.formats.xlsx_summary import (
    TITLE,
    Cached,
    hidden_sheets,
    summary_sheet,
    with_values,
)
from claimbench_reports.view.types import BillView, View, iter_figures
from claimbench_reports.view.words import COLUMNS

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

VERDICT_WIDTHS = (30, 22, 16, 30, 20, 44, 18, 16, 12, 12, 12, 8, 14, 12, 8, 9, 36, 36, 26, 12)
PRINTED_ROWS = 45
"""Rows of a long sheet that are printed: enough to see what it holds."""


def write_xlsx(view: View, path: Path) -> None:
    """Write the workbook. Cells with figures hold the full number; the sheet "Figures" has every
    displayed text.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    cached = Cached()
    summary_sheet(book.create_sheet(TITLE), view, cached)
    if view.decision is not None:
        decision_sheet(book.create_sheet(DECISION), view.decision)
    _verdicts(book, view)
    _compare(book, view)
    _pairs(book, view)
    _quantisations(book, view)
    _turns(book, view)
    _prices(book, view)
    _bill(book, view)
    _outlook(book, view)
    _samples(book, view)
    _about_sheet(book, view)
    _figures(book, view)
    book.properties.creator = "ClaimBench"
    book.properties.title = visible(view.title)
    hidden = hidden_sheets(view)
    for sheet in book.worksheets:
        if sheet.title in hidden:
            sheet.sheet_state = "hidden"
        long = sheet.title in {"Samples", "Prices", "Bill", *hidden}
        page(sheet, rows=PRINTED_ROWS if long else None)
    book.save(path)
    with_values(path, cached, [sheet.title for sheet in book.worksheets])


def _sheet(book: Workbook, title: str, heads: Sequence[str], widths: Sequence[int]) -> Worksheet:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet: Worksheet = book.create_sheet(title)
    for i, head in enumerate(heads, 1):
        cell = sheet.cell(1, i)
        cell.value = head
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="EDEDE8")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(i)].width = (
            widths[i - 1] if i <= len(widths) else 14
        )
    sheet.freeze_panes = "B2"
    return sheet


def _rows(sheet: Worksheet, rows: Iterable[Sequence[Value]]) -> None:
    from openpyxl.cell.cell import Cell

    for r, row in enumerate(rows, 2):
        for c, value in enumerate(row, 1):
            cell = sheet.cell(r, c)
            if isinstance(cell, Cell):
                put(cell, value)
    sheet.auto_filter.ref = sheet.dimensions


def _verdicts(book: Workbook, view: View) -> None:
    heads = (
        "Claim as published",
        "About",
        "Verdict",
        "As claimed, measured",
        "As claimed",
        "In one sentence",
        "Reading",
        "Reading's verdict",
        "Measured",
        "Low",
        "High",
        "Level",
        "Needed",
        "Claimed",
        "Items",
        "p (Holm)",
        "Flags and reasons",
        "What would settle it",
        "Source of the claim",
        "Declared",
    )
    sheet = _sheet(book, "Verdicts", heads, VERDICT_WIDTHS)
    rows: list[Sequence[Value]] = []
    for v in view.verdicts:
        notes = "; ".join(w.text for w in (*v.flags, *v.reasons))
        late = (
            "after the data were seen"
            if any(f.code == "declared_after" for f in v.flags)
            else "before"
        )
        for r in v.readings or (None,):
            if r is None:
                blank: list[Value] = [None] * 10
                lead: list[Value] = [v.claim, v.who, v.status_text, v.measured, v.claimed]
                rows.append([*lead, v.in_full, *blank, notes, "", v.source, late])
                continue
            e = r.estimate
            low, high = ends(e)
            rows.append(
                [
                    v.claim,
                    v.who,
                    v.status_text,
                    r.short,
                    r.claimed,
                    v.sentence,
                    r.name,
                    r.status_text,
                    e,
                    low,
                    high,
                    r.level,
                    r.needs,
                    r.threshold,
                    r.n,
                    r.p_holm,
                    notes,
                    r.settle,
                    v.source,
                    late,
                ]
            )
        if v.projected:
            text = "; ".join(
                f"{p.treatment} against {p.baseline}: {p.ratio.text} ({p.ratio.interval})"
                for p in v.projected
            )
            told = f"Projected, not measured: {text}"
            rows.append([v.claim, v.who, v.status_text, "", "", told])
    _rows(sheet, rows)
    colour_verdicts(sheet, f"C2:C{len(rows) + 1}")
    colour_verdicts(sheet, f"H2:H{len(rows) + 1}")
    fit_rows(sheet, VERDICT_WIDTHS)


def _compare(book: Workbook, view: View) -> None:
    heads: list[str] = ["Arm", "Scope", "Measured"]
    for _, head, _, _ in COLUMNS:
        heads += [head, f"{head}: low", f"{head}: high", f"{head}: note"]
    heads += [
        "Model",
        "Weights",
        "Lab",
        "Licence",
        "Prompts went to",
        "Provider",
        "Provider was",
        "Cost basis",
    ]
    sheet = _sheet(book, "Comparison", heads, (22, 14, 22))
    rows: list[Sequence[Value]] = []
    for a in view.arms:
        row: list[Value] = [a.arm, a.scope, "yes" if a.measured else f"no: {a.why_not}"]
        for column, _, _, _ in COLUMNS:
            f = a.get(column)
            row += [f, *ends(f), (f.note or None) if f else None]
        rows.append(
            [
                *row,
                a.model,
                a.weights,
                a.lab,
                a.licence,
                a.destination,
                a.provider,
                a.provider_tested,
                a.cost_basis,
            ]
        )
    _rows(sheet, rows)
    _group_intervals(sheet)


def _group_intervals(sheet: Worksheet) -> None:
    """Fold the columns with interval ends and notes; a press on the plus above them shows them."""
    from openpyxl.utils import get_column_letter

    for i in range(len(COLUMNS)):
        first, last = get_column_letter(5 + 4 * i), get_column_letter(7 + 4 * i)
        sheet.column_dimensions.group(first, last, hidden=True)


def _prices(book: Workbook, view: View) -> None:
    """Every price that entered a figure; what a month costs is on the first sheet."""
    heads = ("Arm", "What", "Price in USD", "Per", "Dated", "Source", "Id", "Note")
    sheet = _sheet(book, "Prices", heads, (22, 18, 14, 16, 14, 36, 34, 30))
    _rows(
        sheet,
        [
            (p.arm, p.component, p.usd, p.unit, p.dated, p.source, p.price_id, p.note)
            for p in view.prices
        ],
    )


def _bill(book: Workbook, view: View) -> None:
    """Every arm's bill: its parts, and their sum as the report states it; those of judges
    and simulated users on a sheet of their own.
    """
    _bill_sheet(book, "Bill", "Arm", view.bill)
    if view.judge_bill:
        _bill_sheet(book, "Judges", "Judge or simulated user", view.judge_bill)


def _bill_sheet(book: Workbook, title: str, who: str, bills: Sequence[BillView]) -> None:
    sheet = _sheet(
        book, title, (who, "What", "USD", "Calls", "Calls of unknown cost"), (24, 24, 16, 10, 12)
    )
    rows: list[Sequence[Value]] = []
    for b in bills:
        rows += [(b.arm, p.component, p.usd) for p in b.parts]
        rows.append((b.arm, "total", b.total, b.calls, b.unknown))
    _rows(sheet, rows)


def _outlook(book: Workbook, view: View) -> None:
    """The bill of a month and of years, arm by arm and month by month, where a volume is stated."""
    found = view.outlook
    if found is None:
        return
    months = [total.months for total in found.arms[0].totals] if found.arms else []
    heads = ["Arm", "A month", "Low", "High", "Machines", "Utilisation"]
    for count in months:
        heads += [f"{count} months", f"Low, {count} months", f"High, {count} months"]
        heads.append(f"Paid in {count} months")
    heads += ["Present value", "Rests on"]
    sheet = _sheet(book, "A month", heads, (28, 14, 14, 14, 10, 12))
    rows: list[Sequence[Value]] = []
    for arm in found.arms:
        row: list[Value] = [arm.arm, arm.month, arm.month.low, arm.month.high]
        row += [arm.machines, arm.utilisation]
        for total in arm.totals:
            row += [total.cost, total.cost.low, total.cost.high, total.paid]
        rows.append([*row, arm.present_value, arm.basis])
    rows += [(fact.name, f"no bill: {fact.value}") for fact in found.unknown]
    rows += [(), (found.sentence,), *((text,) for text in found.comparisons)]
    rows += [(f"{one.arm}, if {one.what}", one.month, one.note) for one in found.scenarios]
    rows += [
        (f"{bar.arm}: {bar.assumption} {bar.low_label} to {bar.high_label}", bar.low, bar.high)
        for bar in found.bars
    ]
    rows += [(text,) for text in found.assumptions]
    _rows(sheet, rows)
    flow = ("Arm", "Month", "Requests", "Cost", "Once", "Paid", "Machines")
    sheet = _sheet(book, "Month by month", flow, (28, 8, 16, 14, 14, 14, 10))
    _rows(
        sheet,
        [
            (arm.arm, one.month, one.requests, one.cost, one.once, one.paid, one.machines)
            for arm in found.arms
            for one in arm.months
        ],
    )


def _samples(book: Workbook, view: View) -> None:
    heads = (
        "Task",
        "Sample",
        "Why shown",
        "Slices",
        "Input",
        "Target",
        "Arm",
        "Score",
        "Outcome",
        "Answer",
        "Explained",
        "E2E in s",
        "USD",
        "Call",
    )
    sheet = _sheet(book, "Samples", heads, (14, 16, 16, 24, 60, 24, 20, 8, 22, 60, 30, 10, 12, 20))
    rows: list[Sequence[Value]] = []
    for s in (*view.disagreements, *view.transcripts):
        given = "\n".join(f"{k}: {t.text}" for k, t in s.input)
        rows += [
            (
                s.task,
                s.id,
                s.kind or "arms disagree",
                s.slices,
                given,
                s.target.text,
                a.arm,
                a.score,
                a.outcome,
                a.answer.text,
                a.explanation,
                a.e2e,
                a.usd,
                a.call_id,
            )
            for a in s.answers
        ]
    rows.append([view.disagreements_note])
    _rows(sheet, rows)


def _pairs(book: Workbook, view: View) -> None:
    """Comparisons in pairs: a row for each pair of arms and who compared it, then strengths and
    the judges' dollars.
    """
    if not view.beside.pairs:
        return
    heads = (
        "Task",
        "Arm",
        "Against",
        "By",
        "Share won, ties as half",
        "Low",
        "High",
        "Won",
        "Tied",
        "Lost",
        "Items",
        "Pairs seen in both orders",
        "Word changed with the order",
        "First place chosen",
        "Calls",
        "Dollars",
        "Remarks",
    )
    sheet = _sheet(
        book, "Pairs", heads, (16, 18, 18, 28, 14, 10, 10, 8, 8, 8, 8, 12, 14, 12, 8, 12)
    )
    rows: list[Sequence[Value]] = []
    for task in view.beside.pairs:
        for pair in task.pairs:
            lead: list[Value] = [task.task, pair.one, pair.two]
            remarks = "; ".join(pair.notes)
            for t in (*pair.tallies, *pair.strata):
                counts: list[Value] = [t.wins, t.ties, t.losses, t.n]
                orders: list[Value] = [t.seen, t.flips, t.firsts, None, None]
                rows.append([*lead, t.who, t.rate, *ends(t.rate), *counts, *orders, remarks])
            if pair.equal_length is not None:
                e = pair.equal_length
                rows.append([*lead, "at equal length (regression)", e, *ends(e)])
        for s in task.strengths:
            by = f"Bradley-Terry by the {task.strengths_by}"
            rows.append(
                [task.task, s.arm, "an arm of average strength", by, s.chance, *ends(s.chance)]
            )
        for b in task.bills:
            nothing: list[Value] = [None] * 10
            rows.append([task.task, None, None, b.judge, *nothing, b.calls, b.usd, b.usd.note])
    _rows(sheet, rows)


def _quantisations(book: Workbook, view: View) -> None:
    """Quantisations of an arm: size, memory, speed, and what their answers changed."""
    if not view.beside.quantisations:
        return
    heads = (
        "Variants of",
        "Arm",
        "Quantisation",
        "File, bytes",
        "Peak resident memory, bytes",
        "Output tokens per second",
        "Quality",
        "Low",
        "High",
        "Answers changed",
        "Low",
        "High",
        "Words that agree",
        "Low",
        "High",
    )
    sheet = _sheet(book, "Quantisations", heads, (18, 34, 16, 16, 16))
    rows: list[Sequence[Value]] = []
    for family in view.beside.quantisations:
        for q in family.rows:
            figures: list[Value] = [q.file, q.memory, q.speed]
            for one in (q.quality, q.changed, q.tokens):
                figures += [one, *ends(one)]
            rows.append([family.base, q.arm, q.quantisation, *figures])
    _rows(sheet, rows)


def _turns(book: Workbook, view: View) -> None:
    """Conversations by arm and turn; last the mean dollars of a whole one."""
    if not view.beside.turns:
        return
    known = ("Asked", "Not asked, ended before", "Quality", "Low", "High", "Median TTFT, s", "Low")
    more = (
        "High",
        "Tokens in",
        "$ per 1k turns",
        "Low",
        "High",
        "$ per conversation",
        "Low",
        "High",
    )
    heads = ("Task", "Arm", "Turn, or whole conversations of all", *known, *more)
    sheet = _sheet(book, "By turn", heads, (18, 34, 16, 12, 14))
    rows: list[Sequence[Value]] = []
    for task in view.beside.turns:
        for arm in task.arms:
            for turn in arm.turns:
                figures: list[Value] = [turn.asked, turn.ended]
                for one in (turn.quality, turn.ttft):
                    figures += [one, *ends(one)]
                figures += [turn.tokens_in, turn.usd_1k, *ends(turn.usd_1k)]
                rows.append([task.task, arm.arm, turn.number, *figures])
            usd = arm.conversation_usd
            told = f"whole: {arm.whole.text} {arm.whole.note}"
            blank: list[Value] = [None] * 11
            rows.append([task.task, arm.arm, told, arm.whole, *blank, usd, *ends(usd)])
    _rows(sheet, rows)


def _about_sheet(book: Workbook, view: View) -> None:
    sheet = _sheet(book, "About", ("What", "Value", "Source"), (34, 80, 40))
    rows: list[Sequence[Value]] = [
        ("Run", view.run_id, view.created),
        ("Redaction", view.redaction, ""),
    ]
    rows += [(f"Assumption: {f.name}", f.value, f.source) for f in view.assumptions]
    rows += [("Limit", text, "") for text in view.limits]
    rows += [(f"Privacy: {f.name}", f.value, f.source) for f in view.privacy]
    rows += [("Finding", text, "") for text in view.findings]
    rows += [(f"Method: {m.name}", f"{m.formula} [{m.unit}]", m.source) for m in view.methods]
    rows += [(f"{g.title}: {f.name}", f.value, "") for g in view.provenance for f in g.facts]
    _rows(sheet, rows)


def _figures(book: Workbook, view: View) -> None:
    """Every figure of every report: id, full number, the text shown, its interval."""
    sheet = _sheet(
        book,
        "Figures",
        ("Id", "Value", "Shown as", "Low", "High", "Interval", "Note", "Unit"),
        (60, 16, 18, 16, 16, 28, 36, 12),
    )
    seen: set[str] = set()
    rows: list[Sequence[Value]] = []
    for f in iter_figures(view):
        if f.id not in seen:
            seen.add(f.id)
            rows.append((f.id, f.value, f.text, f.low, f.high, f.interval, f.note, f.unit))
    _rows(sheet, rows)
