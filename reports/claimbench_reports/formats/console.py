"""The summary after a run: rich tables on a terminal, plain lines in a pipe or a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from claimbench_reports.formats.decision_text import decision_lines
from claimbench_reports.view.arms import ALL, COMPOSED, base_notes
from claimbench_reports.view.types import ArmView, VerdictView, View
from claimbench_reports.view.words import (
    AT_TIMES,
    COLUMNS,
    ENDS,
    ends_of,
    retried_of,
    shown_columns,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

HEADS = {column: head for column, head, _, _ in COLUMNS}
SHOWN = ("quality", "usd_1k", "usd_1k_correct", "ttft_p50", "e2e_p50", "e2e_p95", "n_missing")
RANK = (
    "quality",
    "usd_1k",
    "e2e_p50",
    "e2e_p95",
    "n_missing",
    "usd_1k_correct",
    "ttft_p50",
    *AT_TIMES,
)
"""The same columns, those that are shown on a narrow terminal first."""
STAR = "* too few samples to say how far off this percentile may be"
STYLES = {"supported": "green", "refuted": "red", "inconclusive": "yellow", "not_comparable": "dim"}


def print_summary(
    view: View,
    report: Path | str | None = None,
    *,
    file: TextIO | None = None,
    console: Console | None = None,
    index: Path | str | None = None,
) -> None:
    """Print verdict lines, the compare table and where the report is.

    Args:
        view: what to show.
        report: the path to print last.
        file: where to; default standard output. Tables are drawn only on a terminal.
        console: a console of the caller's, instead of ``file``.
        index: the page of all runs, named before the report.
    """
    from rich.console import Console

    out = console or Console(file=file, highlight=False)
    if not out.is_terminal:
        text = plain_summary(view, report, index)
        out.print(text, markup=False, highlight=False, soft_wrap=True, end="")
        return
    from rich.table import Table
    from rich.text import Text

    if view.decision is not None:
        for words in decision_lines(view.decision):
            out.print(Text(words))
        out.print()
    verdicts = Table(
        title=view.summary, title_justify="left", box=None, padding=(0, 2, 0, 0), show_header=False
    )
    verdicts.add_column(no_wrap=True)
    verdicts.add_column(ratio=1)
    for v in view.verdicts:
        line = Text(f"{v.lead}\u201c{v.claim}\u201d ", style="bold")
        line.append(_because(v), style="not bold")
        for one in v.remedies[:1]:
            line.append(f"\n{one.text} {one.code}".rstrip(), style="not bold cyan")
        verdicts.add_row(Text(v.status_text, style=STYLES.get(v.status, "")), line)
    out.print(verdicts)
    out.print(_table(view, out.width))
    if _starred(view):
        out.print(Text(STAR, style="dim"))
    for said in base_notes(view.arms):
        out.print(Text(said, style="dim"))
    for said in _bill_lines(view):
        out.print(Text(said))
    for said in _route_lines(view):
        out.print(Text(said))
    for f in view.findings:
        out.print(Text(f))
    for w in view.warnings:
        out.print(Text(f"warning: {w}", style="yellow"))
    if index is not None:
        out.print(Text(f"all runs: {index}"), soft_wrap=True)
    if report is not None:
        out.print(Text(f"report: {report}", style="bold"), soft_wrap=True)


def _named(arm: ArmView) -> str:
    """Name an arm; one that no request was sent to is marked."""
    return f"{arm.arm} ({COMPOSED})" if arm.provider == COMPOSED else arm.arm


def _route_lines(view: View) -> Iterator[str]:
    """Say of each route what it is composed of, and how it stands beside the random mixture."""
    for route in view.beside.routes:
        line = f"{route.name}, composed: {route.said}"
        if route.why_none:
            line += f"; not known: {route.why_none}"
        elif route.gain is not None:
            line += f"; above the random mixture of its arms: {route.gain.text}"
            line += f" ({route.gain.interval})" if route.gain.interval else ""
        yield f"{line}."


def _table(view: View, width: int) -> Table:
    """Return the comparison, ``width`` columns wide at most; names and numbers are never cut.

    Columns that do not fit are left out, the least asked for first, and named below; what still
    does not fit is a long name, which is broken into lines.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    arms = [a for a in view.arms if a.scope == ALL]
    columns = shown_columns(arms, SHOWN)
    kept = _fitting(arms, columns, width)
    left_out = [HEADS[column] for column in columns if column not in kept]
    more = [f"not shown for want of room: {', '.join(left_out)}"] if left_out else []
    if {"n_missing", *ENDS} & (set(columns) - kept):
        more += [f"calls of {told}" for told in ends_of(arms)]
    if "n_retried" in set(columns) - kept:
        more += [f"calls of {told}" for told in retried_of(arms)]
    table = Table(
        title="Compared on the same requests",
        title_justify="left",
        caption="\n".join(more) or None,
        caption_justify="left",
    )
    shown = [column for column in columns if column in kept]
    names = max((cell_len(_named(a)) for a in arms), default=3)
    widths = _widths(arms, shown, width - 4 - min(names, width // 3))
    left = width - 4 - sum(3 + one for one in widths)
    table.add_column("arm", overflow="fold", width=max(3, min(names, left)))
    for column, wide in zip(shown, widths, strict=True):
        table.add_column(HEADS[column], justify="right", width=wide)
    for arm in arms:
        cells = [Text(cell, no_wrap=True) for cell in _cells(arm, shown)]
        table.add_row(Text(_named(arm)), *cells, style="" if arm.measured else "dim")
    return table


def _widths(arms: Sequence[ArmView], columns: Sequence[str], room: int) -> list[int]:
    """Return how wide each column is: as its head and cells, or narrower, its head in lines, where
    they do not fit into ``room`` beside their borders.
    """
    wanted = [
        max(len(HEADS[c]), *(len(_cell(a, c) if a.measured else "not run") for a in arms))
        for c in columns
    ]
    excess = sum(3 + one for one in wanted) - room
    for k, column in enumerate(columns):
        if excess > 0:
            less = min(excess, wanted[k] - _least(arms, column))
            wanted[k] -= less
            excess -= less
    return wanted


def _fitting(arms: Sequence[ArmView], columns: Sequence[str], width: int) -> frozenset[str]:
    """Return those of ``columns`` that fit beside whole names, by rank; at least the first two."""
    from rich.cells import cell_len

    names = max((cell_len(_named(a)) for a in arms), default=3)
    kept: list[str] = []
    used = min(names, width // 3) + 4
    for column in (one for one in RANK if one in columns):
        used += _least(arms, column) + 3
        if len(kept) >= 2 and used > width:
            break
        kept.append(column)
    return frozenset(kept)


def _least(arms: Sequence[ArmView], column: str) -> int:
    """Return how narrow a column can be: its widest cell, and the longest word of its head."""
    cells = [_cell(a, column) if a.measured else "not run" for a in arms]
    return max(len(text) for text in [*HEADS[column].split(), *cells])


def plain_summary(
    view: View, report: Path | str | None = None, index: Path | str | None = None
) -> str:
    """Return the same as text, one fact a line, columns aligned; ends with a newline."""
    lines = [] if view.decision is None else [*decision_lines(view.decision), ""]
    lines.append(view.summary)
    for v in view.verdicts:
        lines.append(f"{v.status_text.upper():<15} {v.lead}{v.claim} - {_because(v)}")
        lines += [f"{'':<15} {one.text} {one.code}".rstrip() for one in v.remedies[:1]]
    lines.append("")
    arms = [a for a in view.arms if a.scope == ALL]
    columns = shown_columns(arms, SHOWN)
    grid = [("arm", *(HEADS[column] for column in columns))]
    grid += [(_named(a), *_cells(a, columns)) for a in arms]
    widths = [max(len(row[i]) for row in grid if i < len(row)) for i in range(len(grid[0]))]
    for row in grid:
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=False)),
        ]
        lines.append("  ".join(cells).rstrip())
    if _starred(view):
        lines.append(STAR)
    lines += base_notes(view.arms)
    lines += _bill_lines(view)
    lines += [*_route_lines(view), *view.findings, *(f"warning: {w}" for w in view.warnings)]
    if report is not None:
        where = [] if index is None else [f"all runs: {index}"]
        lines += ["", *where, f"report: {report}"]
    return "\n".join(lines) + "\n"


def _bill_lines(view: View) -> list[str]:
    """Return the bill of a month and of years as aligned lines; none where no volume is stated."""
    found = view.outlook
    if found is None:
        return []
    lines = ["", f"What a month costs: {found.sentence}"]
    if found.arms:
        totals = [f"{total.months} months" for total in found.arms[0].totals]
        grid = [("arm", "a month", "interval", "machines", "used", *totals)]
    else:
        grid = []
    for arm in found.arms:
        used = (arm.machines.text, arm.utilisation.text)
        costs = [total.cost.text for total in arm.totals]
        grid.append((arm.arm, arm.month.text, arm.month.interval or "none", *used, *costs))
    lines += _aligned(grid)
    lines += found.without_bill
    lines += found.comparisons
    for one in found.scenarios:
        note = f" ({one.note})" if one.note else ""
        lines.append(f"{one.arm}, if {one.what}: {one.month.text} a month{note}")
    return [*lines, *found.assumptions, ""]


def _aligned(grid: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns, the first to the left."""
    if not grid:
        return []
    widths = [max(len(row[i]) for row in grid) for i in range(len(grid[0]))]
    lines = []
    for row in grid:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(arm: ArmView, columns: Sequence[str]) -> tuple[str, ...]:
    if not arm.measured:
        return ("not run", *[""] * (len(columns) - 1))
    return tuple(_cell(arm, column) for column in columns)


def _cell(arm: ArmView, column: str) -> str:
    """Return a figure as shown, one of too few samples with a star."""
    f = arm.get(column)
    if f is None:
        return ""
    return f.text + ("*" if "too few samples" in f.note else "")


def _starred(view: View) -> bool:
    overall = [arm for arm in view.arms if arm.scope == ALL]
    return any(cell.endswith("*") for arm in overall for cell in _cells(arm, SHOWN))


def _because(v: VerdictView) -> str:
    """What was measured and claimed, how the claim was read, and a second opinion on the reading
    that decides; the claim and the status stand before it.
    """
    read_as = f"Read as: {v.read_as}." if v.read_as else ""
    told = [v.brief, read_as] if v.brief else [v.in_full]
    if v.brief not in v.sentence and v.qualifier:
        told.append(f"{v.qualifier}.")
    found = [r.second_opinion for r in v.readings if r.second_opinion]
    shown = [r.second_opinion for r in v.readings if r.second_opinion and r.headline]
    return " ".join(one for one in (*told, *(shown or found)[:1]) if one)
