"""Which column of a table is what: as stated with ``--column ROLE=COLUMN``, or found by its name.

A dotted name is a field of a nested record (``evaluation.score``), and is also found by its last
part. A file that ``bench export`` wrote is known by its columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from claimbench.error_words import did_you_mean, one_of
from claimbench.importers import direction
from claimbench.importers.columns.measures import role_by_unit
from claimbench.importers.columns.score_names import (
    may_be_score,
    metrics_of_one,
    words_beside_scores,
)
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.json_values import whole
from claimbench.importers.table_cells import is_nothing, may_be_scores, number_cell
from claimbench.number_text import parse_number
from claimbench.suite.datasets import DataRow, Table
from claimbench.types import Json

NAMES: Mapping[str, tuple[str, ...]] = {
    "arm": (
        *("arm", "model", "model_name", "model_id", "system", "provider"),
        *("modell", "modèle", "modelo", "modello", "модель", "模型", "モデル", "모델"),
    ),
    "item": (
        "item",
        "item_id",
        "id",
        "sample_id",
        "doc_id",
        "question_id",
        "example_id",
        "index",
        "idx",
        *("nr", "nr.", "no", "no.", "#", "number", "case", "case_id", "test_id", "row", "row_id"),
        *("nummer", "numéro", "número", "numero", "номер", "编号", "序号", "番号", "번호"),
    ),
    "task": ("task", "dataset", "benchmark", "evaluation_name"),
    "score": (
        "score",
        "correct",
        "is_correct",
        "accuracy",
        "acc",
        "pass",
        "passed",
        "grade",
        "verdict",
        "result",
    ),
    "answer": (
        *("answer", "prediction", "response", "output", "completion", "model_answer"),
        *("antwort", "réponse", "respuesta", "risposta", "resposta", "antwoord", "ответ", "回答"),
    ),
    "target": (
        *("target", "expected", "gold", "reference", "label", "correct_answer"),
        *("referenz", "musterlösung", "référence", "referencia", "эталон", "正确答案", "参考答案"),
    ),
    "input": (
        *("input", "question", "prompt", "text"),
        *("frage", "eingabe", "pregunta", "domanda", "pergunta", "vraag", "вопрос", "问题", "質問"),
    ),
    "epoch": ("epoch", "repeat", "run"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_out"),
    "usd": ("usd", "cost_usd", "cost", "dollars"),
    "latency_s": ("latency_s", "seconds", "duration_s", "e2e_s"),
    "latency_ms": ("latency_ms", "duration_ms", "e2e_ms"),
    "ttft_s": ("ttft_s",),
    "ttft_ms": ("ttft_ms",),
    "n": ("n", "n_items", "samples"),
    "stderr": ("stderr", "standard_error", "se"),
    "error": ("error",),
    "cluster": ("cluster", "conversation", "document"),
    "outcome": (),
    "slice": (),
}
"""Role -> column names it is found by, in this order; slices are only taken where stated."""

OWN: Mapping[str, str] = {
    "arm": "arm",
    "item": "sample_id",
    "task": "task",
    "score": "score",
    "answer": "text",
    "target": "target",
    "input": "input",
    "epoch": "epoch",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "usd": "cost_usd",
    "latency_ms": "e2e_ms",
    "ttft_ms": "ttft_ms",
    "error": "error",
    "cluster": "cluster",
    "outcome": "outcome",
}
"""Role -> column of the files that ``bench export`` writes."""
_SUMMARIES = (
    "total|totals|grand total|average|avg|avg.|mean|overall|sum|summary|all|macro avg|micro avg"
    "|gesamt|summe|durchschnitt|mittelwert|insgesamt|moyenne|somme|ensemble|media|promedio|suma"
    "|média|totale|gemiddelde|totaal|итого|всего|среднее|średnia|razem|ortalama|toplam|合计|总计"
    "|平均|平均值|合計|平均値|합계|평균|المجموع|المتوسط|ממוצע|कुल|औसत"
)
_TOTALS = frozenset(_SUMMARIES.split("|"))
"""What the row is called that sums a table up, in the place of an item."""
_SPREADS = frozenset(
    {
        *("median", "std", "stdev", "stddev", "sd", "deviation", "standard", "variance", "range"),
        *("min", "max", "minimum", "maximum", "best", "worst", "diff", "difference", "delta"),
        *("macro", "micro", "row", "per", "across", "of", "all", "models"),
    }
)
"""What else a column of several models' scores together is called."""
_OWN_MARKS = frozenset({"arm", "sample_id", "outcome", "score_status", "provenance"})
_NESTED_ROLES = frozenset({"input", "target", "answer", "error"})
"""Roles whose cells may be objects or lists."""


@dataclass(frozen=True, slots=True)
class TableRoles:
    """Role -> columns, and which of them were found by their name; ``own``: our own export."""

    of: Mapping[str, tuple[str, ...]]
    found: tuple[str, ...]
    own: bool = False

    def value(self, row: DataRow, role: str) -> Json:
        """Return a row's value in a role; None where the column is not there or the cell is
        empty.
        """
        columns = self.of.get(role)
        value = row.values.get(columns[0]) if columns else None
        return None if isinstance(value, str) and not value.strip() else value


def is_own(table: Table) -> bool:
    """Tell a file of ``bench export --format csv`` or ``jsonl``."""
    return set(table.columns) >= _OWN_MARKS


def find_table_roles(table: Table, options: ImportOptions) -> TableRoles:
    """Give each role its column.

    Raises:
        ImportFault: a role or column that does not exist, or no column of scores.
    """
    of = _stated(table, options)
    taken = {column for columns in of.values() for column in columns}
    if is_own(table):
        for role, column in OWN.items():
            if role not in of and column in table.columns:
                of[role] = (column,)
        return TableRoles(of, (), own=True)
    full = {_folded(column): column for column in reversed(table.columns)}
    last = {_folded(column.rpartition(".")[2]): column for column in reversed(table.columns)}
    found = []
    for role, names in NAMES.items():
        candidates = [full[n] for n in names if n in full] + [last[n] for n in names if n in last]
        named = next((c for c in candidates if c not in taken and _fits(table, role, c)), None)
        if role not in of and named is not None:
            of[role] = (named,)
            taken.add(named)
            found.append(f"{role}={named}")
    for folded, column in full.items():
        measure = role_by_unit(folded)
        if measure is not None and measure not in of and column not in taken:
            of[measure] = (column,)
            taken.add(column)
            found.append(f"{measure}={column}")
    if "score" not in of and len(called := _by_words(table, of)) == 1:
        of["score"] = (called[0],)
        found.append(f"score={called[0]}")
    if "score" not in of and not {"answer", "target"} <= of.keys():
        down = _by_direction(table, of)
        if down is None:
            which = f"which of {one_of(called)} is the score?" if len(called) > 1 else ""
            raise ImportFault(
                f"{table.path}: {which or 'which column is the score?'} Columns:"
                f" {one_of(table.columns, 30)}",
                hint=(
                    "say it with --column score=NAME (or answer=NAME and target=NAME, then equal"
                    " answers score 1); one column a model: --column score=A --column score=B"
                ),
            )
        of["score"] = (down,)
        found.append(f"score={down}")
    return TableRoles(of, tuple(found))


def _by_direction(table: Table, of: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the one column of shares whose name says that lower is better (wer, hallucination,
    is_wrong): it is a score although it is called by what went wrong.
    """
    taken = {column for columns in of.values() for column in columns}
    named = []
    for column in table.columns:
        last = column.rpartition(".")[2]
        cells = [row.values.get(column) for row in table.rows]
        if column not in taken and direction.lower_is_better(last) and may_be_scores(cells):
            named.append(column)
    return named[0] if len(named) == 1 else None


def _by_words(table: Table, of: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the columns that are called as scores are ("Is Correct?", Genauigkeit, judge_score)
    and hold what can be scores: of several a person must say which.
    """
    taken = {column for columns in of.values() for column in columns}
    named = []
    for column in table.columns:
        cells = [row.values.get(column) for row in table.rows]
        if column not in taken and may_be_score(column) and may_be_scores(cells):
            named.append(column)
    return named


def _shares(table: Table, column: str) -> bool:
    """Tell a column of numbers between 0 and 1 or truth values."""
    cells = [row.values.get(column) for row in table.rows]
    numbers = [number_cell(cell, ".") for cell in cells if not is_nothing(cell)]
    return bool(numbers) and all(n is not None and 0 <= n <= 1 for n in numbers)


def wide_columns(table: Table, options: ImportOptions) -> tuple[str, ...]:
    """Return the columns of a wide table, which has one column of scores (or of answers) a model:
    those that are stated as several of one role, else all that are left beside the item and what
    was asked, if they hold shares; none for a table of another form.
    """
    for role in ("score", "answer"):
        stated = options.columns.get(role, ())
        if len(stated) > 1:
            return stated
    if {"score", "answer", "arm"} & options.columns.keys() or is_own(table):
        return ()
    names = {_folded(column): column for column in table.columns}
    known = {name for listed in NAMES.values() for name in listed}
    if any(name in names for name in (*NAMES["score"], *NAMES["arm"], *NAMES["answer"])):
        return ()
    if not any(name in names for name in (*NAMES["item"], *NAMES["input"])):
        return ()
    stated_columns = {column for columns in options.columns.values() for column in columns}
    rest = [c for n, c in names.items() if n not in known and c not in stated_columns]
    rest = [c for c in rest if not sums_up(c)]
    shares = [c for c in rest if _shares(table, c)]
    if any(direction.lower_is_better(column) for column in shares) or metrics_of_one(shares):
        return ()
    return tuple(shares) if len(shares) >= 2 and len(shares) == len(rest) else ()


def sums_up(column: str) -> bool:
    """Tell a column of a wide table that sums its models up, by its name: no model is called so."""
    if _is_total(column):
        return True
    words = words_beside_scores(column)
    return bool(words) and words <= _TOTALS | _SPREADS


_UNITS = (
    *("latency", "duration", "time", "elapsed", "cost", "price", "tokens", "ttft"),
    *("kosten", "dauer", "zeit", "preis", "coût", "durée", "temps", "coste", "costo", "tiempo"),
)


def unread_measures(table: Table, roles: TableRoles) -> list[str]:
    """Return columns that measure something by their names and were not read."""
    read = {column for columns in roles.of.values() for column in columns}
    if roles.own:
        return []
    found = []
    for column in table.columns:
        words = set(re.split(r"[\W_]+", column.casefold()))
        if column not in read and words & set(_UNITS) and _numbers_only(table, column):
            found.append(column)
    return found


def _numbers_only(table: Table, column: str) -> bool:
    cells = [row.values.get(column) for row in table.rows[:200]]
    there = [cell for cell in cells if not is_nothing(cell)]
    return bool(there) and all(_number(cell) is not None for cell in there)


def _stated(table: Table, options: ImportOptions) -> dict[str, tuple[str, ...]]:
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
    return of


def without_totals(table: Table, roles: TableRoles) -> tuple[Table, list[str]]:
    """Return a table without the rows at its end, or at a model's, that sum it up ("Total",
    "Average"), and how they are called; an item of such a name further up is one.
    """
    column = roles.of.get("item", ("#",))[0]
    if roles.own or column not in table.columns:
        return table, []
    rows: list[DataRow] = []
    left: dict[str, None] = {}
    begun = set()
    for row in reversed(table.rows):
        arm = str(roles.value(row, "arm"))
        if arm not in begun and _is_total(row.values.get(column)):
            left[str(row.values[column]).strip()] = None
            continue
        begun.add(arm)
        rows.append(row)
    if not left or not rows:
        return table, []
    return replace(table, rows=tuple(reversed(rows))), list(left)


def _is_total(cell: Json) -> bool:
    return isinstance(cell, str) and cell.strip(" :*_#()[]").casefold() in _TOTALS


def _folded(column: str) -> str:
    return column.strip().casefold().replace(" ", "_").replace("-", "_")


def _fits(table: Table, role: str, column: str) -> bool:
    """Tell whether a column's cells can be what its name says."""
    cells = [row.values.get(column) for row in table.rows[:200]]
    there = [cell for cell in cells if not is_nothing(cell)]
    if role not in _NESTED_ROLES and any(isinstance(cell, dict | list) for cell in there):
        return False
    if role == "epoch":
        return all(whole(_number(cell)) is not None for cell in there)
    return True


def _number(cell: Json) -> float | None:
    found = parse_number(cell)
    return None if found is None else float(found)
