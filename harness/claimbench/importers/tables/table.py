"""Plain tables (CSV, TSV, XLSX, JSON Lines, JSON): one row per answer, or one row per model as
leaderboards have it.

Which column is what is said with ``--column ROLE=COLUMN``, or found by its name, and the finding is
noted. A table without an item column is a table of aggregate scores: nothing can be paired on it,
and without ``n`` no score has an interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from claimbench.error_words import one_of, show
from claimbench.importers import json_values
from claimbench.importers.columns import bounds
from claimbench.importers.columns.measure_names import ROLES, likely_role
from claimbench.importers.columns.measures import Measured, check_measures, foreign_currency
from claimbench.importers.imported import (
    Aggregate,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportFault,
    ImportOptions,
    aggregate_of,
)
from claimbench.importers.json_values import digest, mapping, text_of, whole
from claimbench.importers.judges.columns import judges_of_rows
from claimbench.importers.tables.answers import EQUAL, equal_scores
from claimbench.importers.tables.cells import (
    Cell,
    decimal_sign,
    fault_of,
    is_nothing,
    number_cell,
    parse_scale,
    text_cell,
)
from claimbench.importers.tables.own_rows import own_dollars, unguarded
from claimbench.importers.tables.roles import (
    OWN,
    TableRoles,
    find_table_roles,
    quoted_column,
    stated,
    unread_measures,
    without_totals,
)
from claimbench.importers.tables.scores import RowNames, found_scales, score_column, scores_of
from claimbench.importers.tables.wide import find_wide, lengthened
from claimbench.number_text import parse_number
from claimbench.pricing.told import ToldDollars
from claimbench.suite.datasets import DataRow, ReadOptions, Table, read_table
from claimbench.suite.files.records import flattened
from claimbench.types import Json, Usage

KIND = "csv"
_NUMBERS = (
    "score",
    "stderr",
    "usd",
    "latency_s",
    "latency_ms",
    "ttft_s",
    "ttft_ms",
)
_CHECKED = (*_NUMBERS[2:], "input_tokens", "output_tokens")
"""Roles that are checked for the unit; none of our own export, whose units are known."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One table with its roles, the scores of its rows, and the sign its decimals are written
    with.
    """

    path: Path
    table: Table
    roles: TableRoles
    decimal: str
    metric: str
    scores: tuple[float | None, ...]
    notes: tuple[str, ...]
    files: dict[str, str]

    def text(self, row: DataRow, role: str) -> str:
        """Return a cell as text; empty where there is none."""
        return text_cell(self.roles.value(row, role))

    def number(self, row: DataRow, role: str) -> float | None:
        """Return a cell as a number; raises ImportFault with the line for one that is none."""
        value = self.roles.value(row, role)
        if is_nothing(value):
            return None
        found = number_cell(value, self.decimal)
        if found is None:
            raise ImportFault(
                f"{self.path}:{row.line}: {role} (column {self.roles.of[role][0]!r}) is no number:"
                f" {show(value)}"
            )
        return found

    def dollars(self, row: DataRow) -> Decimal | None:
        """Return a positive amount; 0, nothing and what is no number are unknown."""
        value = self.roles.value(row, "usd")
        amount = None if is_nothing(value) else parse_number(value, self.decimal)
        return amount if amount is not None and amount > 0 else None

    def call_dollars(
        self, row: DataRow, *, failed: bool
    ) -> tuple[Decimal | None, ToldDollars | None]:
        """Return a charge, and dollars at the prices, which our own files tell apart."""
        if self.roles.own and self.roles.of.get("usd") == (OWN["usd"],):
            return own_dollars(row, self.decimal, failed=failed)
        return self.dollars(row), None


@dataclass(frozen=True, slots=True)
class _Opened:
    """One table with its roles, before its scores are read; ``task``: what rows are of that tell
    none.
    """

    path: Path
    table: Table
    roles: TableRoles
    decimal: str
    notes: tuple[str, ...]
    files: dict[str, str]
    task: str | None

    def rows(self) -> RowNames:
        """Return what each row is of; rows without an item are one each."""
        by_number = self.roles.of.get("item", ("#",)) == ("#",)
        arms, tasks, items = [], [], []
        for index, row in enumerate(self.table.rows, start=1):
            arms.append(text_cell(self.roles.value(row, "arm")) or self.path.stem)
            told = text_cell(self.roles.value(row, "task"))
            tasks.append(told or self.task or self.path.stem)
            items.append(str(index) if by_number else text_cell(self.roles.value(row, "item")))
        has_tasks = "task" in self.roles.of or self.task is not None
        return RowNames(tuple(arms), tuple(tasks), tuple(items), has_tasks)


def read(paths: Sequence[Path], options: ImportOptions) -> list[Imported]:
    """Read tables, on one scale where they share items.

    Raises:
        ImportFault: or SuiteError, naming file and line.
    """
    opened = [_open(path, options) for path in paths]
    scale = None if options.scale is None else parse_scale(options.scale)
    columns = []
    for one in opened:
        columns.append(score_column(one.path, one.table, one.roles, one.decimal, one.rows()))
    scales = found_scales(columns, scale)
    made = []
    for one, column, rating in zip(opened, columns, scales, strict=True):
        if column is None:
            metric, scores, notes = _compared(one)
        else:
            metric, scores, notes = scores_of(column, one.table, one.roles, scale, rating)
        found = _Reading(
            one.path,
            one.table,
            one.roles,
            one.decimal,
            metric,
            tuple(scores),
            (*one.notes, *notes),
            one.files,
        )
        has_items = "item" in one.roles.of
        made.append(_answers(found, options) if has_items else _leaderboard(found, options))
    return made


def _open(path: Path, options: ImportOptions) -> _Opened:
    """Read one table up to its scores."""
    asked = ReadOptions(wide=True, records=options.records, nan_is_null=True)
    table = flattened(read_table(path, asked))
    if not table.rows:
        raise ImportFault(f"{path}: the table has no rows")
    stated(table, options)
    whole_table, wide = table, find_wide(table, options)
    if wide is not None:
        table, options = lengthened(table, wide, options)
    roles = find_table_roles(table, options)
    if roles.own and table.format != "jsonl":
        table = replace(table, rows=tuple(unguarded(row) for row in table.rows))
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    notes = [f"{path.name}: {note}" for note in table.notes]
    if roles.found:
        notes.append(f"{path.name}: columns found by name: {', '.join(roles.found)}")
    if roles.own:
        notes.append(f"{path.name}: written by bench export; its scores and dollars are taken over")
    if wide is not None:
        notes.append(f"{path.name}: a wide table, one column a model: {one_of(wide.models, 12)}")
        notes += [f"{path.name}: {note}" for note in wide.notes]
    table, totals = without_totals(table, roles)
    if totals:
        notes.append(f"{path.name}: left out as no items: {one_of(totals)}")
    if wide is None:
        notes += _unread(path, table, roles)
        roles, said = _without_foreign_costs(path, table, roles)
        notes += said
    decimal = _decimal(path, table, roles)
    own_columns = [] if wide is None else list(wide.sources())
    measured = [_column(whole_table, *source, decimal) for source in own_columns]
    rest = bounds.ROLES if wide is None else [r for r in bounds.ROLES if r not in ROLES]
    measured += _measured(table, roles, decimal, rest)
    bounds.refuse_too_large(str(path), measured)
    if not roles.own:
        notes += check_measures(str(path), [m for m in measured if m.role in _CHECKED])
    return _Opened(path, table, roles, decimal, tuple(notes), files, options.task)


def _compared(one: _Opened) -> tuple[str, list[float | None], list[str]]:
    """Score answers by their targets, in a table without scores."""
    rows = one.table.rows
    answers: list[Json] = []
    for row in rows:  # what stands beside a fault is its message, and no answer
        failed = fault_of(one.roles.value(row, "error")) is not None
        answers.append(None if failed else one.roles.value(row, "answer"))
    targets = [one.roles.value(row, "target") for row in rows]
    scores, notes = equal_scores(str(one.path), one.rows().arms, answers, targets)
    return EQUAL, scores, notes


def _measured(
    table: Table, roles: TableRoles, decimal: str, wanted: Sequence[str]
) -> list[Measured]:
    """Return the columns of the wanted roles that the table has."""
    made = []
    for role in wanted:
        if role not in roles.of:
            continue
        column = roles.of[role][0]
        made.append(_column(table, role, column, f"{role}={column}" in roles.found, decimal))
    return made


def _column(table: Table, role: str, column: str, by_name: bool, decimal: str) -> Measured:
    cells = [row.values.get(column) for row in table.rows]
    values = [None if is_nothing(c) else bounds.number_or_beyond(c, decimal) for c in cells]
    return Measured(role, column, values, [row.line for row in table.rows], by_name)


def _unread(path: Path, table: Table, roles: TableRoles) -> list[str]:
    """Say which columns measure something by their names and were not read."""
    unread = unread_measures(table, roles)
    if not unread:
        return []
    return [
        f"{path.name}: not read: {one_of(unread)}; say what it is and its unit, e.g. --column"
        f" {likely_role(unread[0])}={quoted_column(unread[0])} (roles: {', '.join(ROLES)})"
    ]


def _without_foreign_costs(
    path: Path, table: Table, roles: TableRoles
) -> tuple[TableRoles, list[str]]:
    """Return the roles without the costs where they are in another currency, which is said."""
    costs = roles.of["usd"][0] if "usd" in roles.of and not roles.own else None
    currency = None if costs is None else foreign_currency(table, costs)
    if currency is None:
        return roles, []
    rest = {role: columns for role, columns in roles.of.items() if role != "usd"}
    note = f"{path.name}: costs in {currency} are not read: dollars are compared here"
    return replace(roles, of=rest), [note]


def _decimal(path: Path, table: Table, roles: TableRoles) -> str:
    columns = []
    for role in _NUMBERS:
        if role in roles.of:
            name = roles.of[role][0]
            columns.append([Cell(row.values.get(name), row.line) for row in table.rows])
    return decimal_sign(str(path), columns)


def _leaderboard(found: _Reading, options: ImportOptions) -> Imported:
    path, roles = found.path, found.roles
    names = [found.text(row, "arm") or path.stem for row in found.table.rows]
    task = options.task or path.stem
    keys = [
        (name, found.text(row, "task") or task)
        for name, row in zip(names, found.table.rows, strict=True)
    ]
    if not {"arm", "task"} & roles.of.keys() or max(Counter(keys).values()) > 1:
        raise ImportFault(
            f"{path}: which column names the item? Without it results cannot be paired",
            hint=(
                "say it with --column item=NAME; item=# pairs files by row number, if their order"
                f" is the same; columns: {one_of(found.table.columns, 30)}"
            ),
        )
    made = []
    for key, row, score in zip(keys, found.table.rows, found.scores, strict=True):
        made.append(_aggregate(found, row, key, score))
    arms = tuple(ImportedArm(name, "unknown", name, path.name) for name in dict.fromkeys(names))
    notes = found.notes
    unmeasured = sum(
        1 for row in found.table.rows if "usd" in roles.of and found.dollars(row) is None
    )
    if unmeasured:
        notes = (*notes, f"{path.name}: {unmeasured} costs are 0 or empty: unknown, not free")
    return Imported(KIND, arms, (), (), tuple(made), notes, {}, found.files)


def _aggregate(
    found: _Reading, row: DataRow, key: tuple[str, str], score: float | None
) -> Aggregate:
    if score is None:
        raise ImportFault(f"{found.path}:{row.line}: no score for {key[0]}")
    error = found.number(row, "stderr")
    n = whole(found.number(row, "n"))
    if error is not None:
        raw = number_cell(found.roles.value(row, "score"), found.decimal)
        error *= score / raw if raw else 1
    return Aggregate(
        *key,
        found.metric,
        score,
        error,
        n,
        found.dollars(row),
        "a row of a table, not per-item results",
    )


def _answers(found: _Reading, options: ImportOptions) -> Imported:
    path, roles = found.path, found.roles
    task = options.task or path.stem
    samples: dict[tuple[str, str], ImportedSample] = {}
    calls: list[ImportedCall] = []
    seen: dict[tuple[str, str, str, int], int] = {}
    by_number = roles.of["item"] == ("#",)
    judges = judges_of_rows(found.table, roles)
    named = "arm" in roles.of and any(found.text(row, "arm") for row in found.table.rows)
    for index, row in enumerate(found.table.rows):
        item = str(index + 1) if by_number else found.text(row, "item")
        if not item:
            raise ImportFault(
                f"{path}:{row.line}: no item (column {roles.of['item'][0]!r} is empty)"
            )
        arm = found.text(row, "arm") or path.stem
        if named and not found.text(row, "arm"):
            raise ImportFault(
                f"{path}:{row.line}: no model (column {roles.of['arm'][0]!r} is empty)",
                hint="write it into every row; a spreadsheet's merged cells name it only once",
            )
        own_task = found.text(row, "task") or task
        epoch = whole(found.number(row, "epoch")) or 0
        key = (arm, own_task, item, epoch)
        if key in seen:
            raise ImportFault(
                f"{path}:{row.line}: {arm} answers the item {item!r} twice (first on line"
                f" {seen[key]})",
                hint="say --column epoch=NAME for repeats, or --column arm=NAME for several models",
            )
        seen[key] = row.line
        sample = _imported_sample(found, row, own_task, item)
        samples.setdefault((own_task, item), sample)
        call = _imported_call(found, row, index, arm, sample, epoch)
        calls.append(replace(call, judge=judges[index]))
    arms = tuple(
        ImportedArm(name, "unknown", name, path.name)
        for name in dict.fromkeys(c.arm for c in calls)
    )
    made = _aggregates(calls, found.metric)
    notes = found.notes
    rows = found.table.rows if "usd" in roles.of else ()
    unpriced = sum(1 for call in calls if not _is_priced(call)) if rows else 0
    if unpriced:
        why = "" if roles.own else ": costs of 0 or nothing are taken as unknown, not as free"
        notes = (*notes, f"{path.name}: {unpriced} of {len(rows)} costs are not known{why}")
    missing = sum(1 for call in calls if call.error is not None)
    if missing:
        notes = (*notes, f"{path.name}: {missing} of {len(calls)} rows have no score or a fault")
    metrics = dict.fromkeys((c.task for c in calls), found.metric)
    return Imported(
        KIND, arms, tuple(samples.values()), tuple(calls), tuple(made), notes, metrics, found.files
    )


def _is_priced(call: ImportedCall) -> bool:
    return call.billed_usd is not None or (call.told is not None and call.told.amount is not None)


def _aggregates(calls: Sequence[ImportedCall], metric: str) -> list[Aggregate]:
    """Compute each arm's score of each task, in the order of the table; faulty rows are left
    out.
    """
    values: dict[str, dict[str, list[float]]] = {}
    for call in calls:
        mine = values.setdefault(call.arm, {})
        if metric in call.scores and call.error is None:
            mine.setdefault(call.task, []).append(call.scores[metric])
    made = []
    for arm, by_task in values.items():
        for task in dict.fromkeys(call.task for call in calls):
            if task in by_task:
                made.append(aggregate_of(arm, task, metric, by_task[task]))
    return made


def _imported_sample(found: _Reading, row: DataRow, task: str, item: str) -> ImportedSample:
    slices = {name: text_cell(row.values.get(name)) for name in found.roles.of.get("slice", ())}
    shown = found.roles.value(row, "input")
    return ImportedSample(
        task,
        item,
        text_of(shown) if isinstance(shown, dict | list) else text_cell(shown),
        found.roles.value(row, "target"),
        found.text(row, "cluster"),
        slices,
    )


def _imported_call(
    found: _Reading, row: DataRow, index: int, arm: str, sample: ImportedSample, epoch: int
) -> ImportedCall:
    answer = found.roles.value(row, "answer")
    score = found.scores[index]
    scores = {} if score is None else {found.metric: score}
    fault = fault_of(found.roles.value(row, "error"))
    if found.roles.own and scores:
        fault = None  # our run scored it: what stands there is a note on an answered call
    missing = fault if fault is not None or scores else "no score in the table"
    charge, told = found.call_dollars(row, failed=missing is not None)
    return ImportedCall(
        arm,
        sample.task,
        sample.id,
        epoch,
        scores,
        "" if answer is None else text_of(answer) if isinstance(answer, dict) else str(answer),
        missing,
        _usage(found, row),
        charge,
        _seconds(found, row, "latency"),
        fingerprint=digest(sample.shown, sample.target),
        ttft_s=_seconds(found, row, "ttft"),
        told=told,
    )


def _seconds(found: _Reading, row: DataRow, role: str) -> float | None:
    """Return a time in seconds from the role's column of seconds or of milliseconds."""
    seconds = found.number(row, f"{role}_s")
    if seconds is None:
        millis = found.number(row, f"{role}_ms")
        seconds = None if millis is None else millis / 1000
    return seconds if seconds is not None and seconds > 0 else None


_BUCKETS = tuple(one.name for one in fields(Usage) if one.name not in ("fees", "source"))


def _usage(found: _Reading, row: DataRow) -> Usage | None:
    buckets = row.values.get("usage") if found.roles.own else None
    if isinstance(buckets, dict):
        counts = {name: whole(buckets.get(name)) for name in _BUCKETS}
        fees = [(name, whole(n)) for name, n in mapping(buckets.get("fees")).items()]
        told = tuple((name, n) for name, n in fees if n is not None)
        source: Any = buckets.get("source")
        return Usage(**counts, fees=told, source=source if source == "tokenizer" else "provider")
    n_in = whole(found.number(row, "input_tokens"))
    n_out = whole(found.number(row, "output_tokens"))
    if not n_in or n_out is None:
        return None
    return Usage(input_fresh=n_in, output_visible=n_out)
