"""Plain tables (CSV, TSV, XLSX, JSON Lines): one row per answer, or one row per model as
leaderboards have it.

Which column is what is said with ``--column ROLE=COLUMN``, or found by its name, and the finding is
noted. A table without an item column is a table of aggregate scores: nothing can be paired on it,
and without ``n`` no score has an interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.importers import json_values
from claimbench.importers.direction import higher_is_better
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
from claimbench.importers.json_values import digest, dollars, whole
from claimbench.number_text import parse_number
from claimbench.suite.datasets import DataRow, ReadOptions, Table, read_table
from claimbench.types import Json, Usage

KIND = "csv"
NAMES: Mapping[str, tuple[str, ...]] = {
    "arm": ("arm", "model", "model_name", "system", "provider"),
    "item": ("item", "item_id", "id", "sample_id", "doc_id", "question_id", "example_id"),
    "task": ("task", "dataset", "benchmark"),
    "score": ("score", "correct", "is_correct", "accuracy", "acc", "pass", "passed"),
    "answer": ("answer", "prediction", "response", "output", "completion"),
    "target": ("target", "expected", "gold", "reference", "label"),
    "input": ("input", "question", "prompt", "text"),
    "epoch": ("epoch", "repeat", "run"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out"),
    "usd": ("usd", "cost_usd", "cost", "dollars"),
    "latency_s": ("latency_s", "seconds", "duration_s", "e2e_s"),
    "latency_ms": ("latency_ms", "duration_ms", "e2e_ms"),
    "n": ("n", "n_items", "samples"),
    "stderr": ("stderr", "standard_error", "se"),
    "error": ("error",),
    "cluster": ("cluster", "conversation", "document"),
    "slice": (),
}
"""Role -> column names it is found by, in this order; slices are only taken where stated."""


@dataclass(frozen=True, slots=True)
class TableRoles:
    """Role -> columns, and which of them were found by their name."""

    of: Mapping[str, tuple[str, ...]]
    found: tuple[str, ...]

    def value(self, row: DataRow, role: str) -> Json:
        """Return a row's value in a role; None where the column is not there or the cell is
        empty.
        """
        columns = self.of.get(role)
        value = row.values.get(columns[0]) if columns else None
        return None if isinstance(value, str) and not value.strip() else value


def read(path: Path, options: ImportOptions, reading: ReadOptions | None = None) -> Imported:
    """Read one table; raises ImportFault or SuiteError naming the line."""
    table = read_table(path, reading or ReadOptions())
    if not table.rows:
        raise ImportFault(f"{path}: the table has no rows")
    roles = _roles(table, options)
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    notes = [f"{path.name}: columns found by name: {', '.join(roles.found)}"] if roles.found else []
    if "item" in roles.of:
        return _answers(path, table, roles, options, notes, files)
    return _leaderboard(path, table, roles, options, notes, files)


def _roles(table: Table, options: ImportOptions) -> TableRoles:
    of: dict[str, tuple[str, ...]] = {}
    for role, columns in options.columns.items():
        if role not in NAMES:
            raise ImportFault(
                f"--column {role}=…: no such role{did_you_mean(role, NAMES)}",
                hint=one_of(NAMES, 30),
            )
        for column in columns:
            if column not in table.columns and not (role == "item" and column == "#"):
                raise ImportFault(
                    f"{table.path}: no column {column!r}{did_you_mean(column, table.columns)}",
                    hint=f"columns: {one_of(table.columns, 30)}",
                )
        of[role] = tuple(columns)
    taken = {column for columns in of.values() for column in columns}
    folded = {column.strip().casefold().replace(" ", "_"): column for column in table.columns}
    found = []
    for role, names in NAMES.items():
        named = next((folded[n] for n in names if n in folded and folded[n] not in taken), None)
        if role not in of and named is not None:
            of[role] = (named,)
            taken.add(named)
            found.append(f"{role}={named}")
    if "score" not in of and not {"answer", "target"} <= of.keys():
        raise ImportFault(
            f"{table.path}: which column is the score? Columns: {one_of(table.columns, 30)}",
            hint=(
                "say it with --column score=NAME (or answer=NAME and target=NAME, then equal"
                " answers score 1)"
            ),
        )
    return TableRoles(of, tuple(found))


def _leaderboard(
    path: Path,
    table: Table,
    roles: TableRoles,
    options: ImportOptions,
    notes: list[str],
    files: dict[str, str],
) -> Imported:
    names = [str(roles.value(row, "arm") or "") for row in table.rows]
    task = options.task or path.stem
    keys = [
        (name, str(roles.value(row, "task") or task))
        for name, row in zip(names, table.rows, strict=True)
    ]
    if "arm" not in roles.of or max(Counter(keys).values()) > 1:
        raise ImportFault(
            f"{path}: which column names the item? Without it results cannot be paired",
            hint=(
                "say it with --column item=NAME; item=# pairs files by row number, if their order"
                " is the same"
            ),
        )
    made = [
        _aggregate(path, row, roles, *key, options.scale)
        for key, row in zip(keys, table.rows, strict=True)
    ]
    arms = tuple(ImportedArm(name, "unknown", name, path.name) for name in dict.fromkeys(names))
    unmeasured = sum(
        1 for row in table.rows if "usd" in roles.of and dollars(roles.value(row, "usd")) is None
    )
    if unmeasured:
        notes = [*notes, f"{path.name}: {unmeasured} costs are 0 or empty: unknown, not free"]
    return Imported(KIND, arms, (), (), tuple(made), tuple(notes), {}, files)


def _aggregate(
    path: Path, row: DataRow, roles: TableRoles, arm: str, task: str, scale: float
) -> Aggregate:
    value = _cell_number(path, row, roles, "score")
    if value is None:
        raise ImportFault(f"{path}:{row.line}: no score for {arm}")
    error = _cell_number(path, row, roles, "stderr")
    n = whole(_cell_number(path, row, roles, "n"))
    error = None if error is None else error / scale
    return Aggregate(
        arm,
        task,
        roles.of["score"][0],
        value / scale,
        error,
        n,
        dollars(roles.value(row, "usd")),
        "a row of a table, not per-item results",
    )


def _cell_number(path: Path, row: DataRow, roles: TableRoles, role: str) -> float | None:
    value = roles.value(row, role)
    if value is None:
        return None
    if isinstance(value, bool) or (
        isinstance(value, str) and value.strip().casefold() in {"true", "false"}
    ):
        return float(str(value).strip().casefold() == "true")
    found = parse_number(value)
    if found is None:
        raise ImportFault(
            f"{path}:{row.line}: {role} (column {roles.of[role][0]!r}) is no number: {show(value)}"
        )
    return float(found)


def _answers(
    path: Path,
    table: Table,
    roles: TableRoles,
    options: ImportOptions,
    notes: list[str],
    files: dict[str, str],
) -> Imported:
    task = options.task or path.stem
    samples: dict[tuple[str, str], ImportedSample] = {}
    calls: list[ImportedCall] = []
    seen: Counter[tuple[str, str, str, int]] = Counter()
    for index, row in enumerate(table.rows, start=1):
        by_number = roles.of["item"] == ("#",)
        item = str(index) if by_number else str(roles.value(row, "item") or "")
        if not item:
            raise ImportFault(
                f"{path}:{row.line}: no item (column {roles.of['item'][0]!r} is empty)"
            )
        arm = str(roles.value(row, "arm") or path.stem)
        own_task = str(roles.value(row, "task") or task)
        epoch = whole(_cell_number(path, row, roles, "epoch")) or 0
        key = (arm, own_task, item, epoch)
        seen[key] += 1
        if seen[key] > 1:
            raise ImportFault(
                f"{path}:{row.line}: {arm} answers the item {item!r} twice",
                hint="say --column epoch=NAME for repeats",
            )
        sample = _imported_sample(row, roles, own_task, item)
        samples.setdefault((own_task, item), sample)
        calls.append(_imported_call(path, row, roles, arm, sample, epoch, options.scale))
    arms = tuple(
        ImportedArm(name, "unknown", name, path.name)
        for name in dict.fromkeys(c.arm for c in calls)
    )
    metric = roles.of["score"][0] if "score" in roles.of else "equal to the target"
    made = _aggregates(calls, metric)
    costs = "usd" in roles.of and any(
        dollars(roles.value(row, "usd")) is None for row in table.rows
    )
    if costs:
        notes = [*notes, f"{path.name}: costs of 0 or nothing are taken as unknown, not as free"]
    metrics = dict.fromkeys((c.task for c in calls), metric)
    return higher_is_better(
        Imported(
            KIND,
            arms,
            tuple(samples.values()),
            tuple(calls),
            tuple(made),
            tuple(notes),
            metrics,
            files,
        )
    )


def _aggregates(calls: Sequence[ImportedCall], metric: str) -> list[Aggregate]:
    """Compute each arm's score of each task, in the order of the table."""
    values: dict[str, dict[str, list[float]]] = {}
    for call in calls:
        mine = values.setdefault(call.arm, {})
        if metric in call.scores:
            mine.setdefault(call.task, []).append(call.scores[metric])
    made = []
    for arm, by_task in values.items():
        for task in dict.fromkeys(call.task for call in calls):
            if task in by_task:
                made.append(aggregate_of(arm, task, metric, by_task[task]))
    return made


def _imported_sample(row: DataRow, roles: TableRoles, task: str, item: str) -> ImportedSample:
    slices = {name: str(row.values.get(name) or "") for name in roles.of.get("slice", ())}
    cluster = roles.value(row, "cluster")
    shown = roles.value(row, "input")
    return ImportedSample(
        task,
        item,
        "" if shown is None else str(shown),
        roles.value(row, "target"),
        str(cluster or ""),
        slices,
    )


def _imported_call(
    path: Path,
    row: DataRow,
    roles: TableRoles,
    arm: str,
    sample: ImportedSample,
    epoch: int,
    scale: float,
) -> ImportedCall:
    answer = roles.value(row, "answer")
    scores: dict[str, float] = {}
    if "score" in roles.of:
        value = _cell_number(path, row, roles, "score")
        if value is not None:
            scores[roles.of["score"][0]] = value / scale
    elif answer is not None:
        scores["equal to the target"] = float(_folded(answer) == _folded(sample.target))
    if any(not 0 <= v <= 1 for v in scores.values()):
        raise ImportFault(
            f"{path}:{row.line}: the score {show(roles.value(row, 'score'))} is not between 0"
            " and 1",
            hint="give --scale 100 for percent, or the scale's maximum",
        )
    fault = roles.value(row, "error")
    missing = None if scores else "no score in the table"
    seconds = _cell_number(path, row, roles, "latency_s")
    millis = _cell_number(path, row, roles, "latency_ms")
    if seconds is None and millis is not None:
        seconds = millis / 1000
    return ImportedCall(
        arm,
        sample.task,
        sample.id,
        epoch,
        scores,
        "" if answer is None else str(answer),
        str(fault) if fault is not None else missing,
        _usage(path, row, roles),
        _billed(row, roles),
        seconds if seconds is not None and seconds > 0 else None,
        fingerprint=digest(sample.shown, sample.target),
    )


def _billed(row: DataRow, roles: TableRoles) -> Decimal | None:
    return dollars(roles.value(row, "usd"))


def _usage(path: Path, row: DataRow, roles: TableRoles) -> Usage | None:
    n_in = whole(_cell_number(path, row, roles, "input_tokens"))
    n_out = whole(_cell_number(path, row, roles, "output_tokens"))
    if not n_in or n_out is None:
        return None
    return Usage(input_fresh=n_in, output_visible=n_out)


def _folded(value: Json) -> str:
    """Return a cell as text for comparison: blanks squeezed, case folded."""
    return " ".join(str(value).split()).casefold()
