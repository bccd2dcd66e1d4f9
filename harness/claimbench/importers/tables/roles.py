"""Which column of a table is what: as stated with ``--column ROLE=COLUMN``, or found by its name.

A dotted name is a field of a nested record (``evaluation.score``), and is also found by its last
part. A file that ``bench export`` wrote is known by its columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.error_words import did_you_mean, one_of
from claimbench.importers import direction
from claimbench.importers.columns.measure_names import ROLES, is_compared, is_measure
from claimbench.importers.columns.measures import role_by_unit
from claimbench.importers.columns.score_names import (
    may_be_score,
    words_beside_scores,
)
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.json_values import whole
from claimbench.importers.judges.names import says_judge
from claimbench.importers.tables.cells import is_nothing, may_be_scores, number_cell
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
    of = stated(table, options)
    for role, columns in of.items():
        if len(columns) > 1 and role != "slice":
            raise ImportFault(
                f"{table.path}: {role} is stated as {one_of(columns)}: which of them is it?",
                hint=f"state one: --column {role}={quoted_column(columns[0])}",
            )
    taken = {column for columns in of.values() for column in columns}
    if is_own(table):
        for role, column in OWN.items():
            if role not in of and column in table.columns:
                of[role] = (column,)
        return TableRoles(of, (), own=True)
    full = {folded(column): column for column in reversed(table.columns)}
    last = {folded(column.rpartition(".")[2]): column for column in reversed(table.columns)}
    found = []
    for role, names in NAMES.items():
        candidates = [full[n] for n in names if n in full] + [last[n] for n in names if n in last]
        named = next((c for c in candidates if c not in taken and _fits(table, role, c)), None)
        if role in of or named is None:
            continue
        if several := _namesakes(table, role, named):
            if role == "score":
                raise _which_score(table, several)
            continue
        of[role] = (named,)
        taken.add(named)
        found.append(f"{role}={named}")
    for role, column in _by_unit([c for c in full.values() if c not in taken]).items():
        if role not in of:
            of[role] = (column,)
            taken.add(column)
            found.append(f"{role}={column}")
    score = None if "score" in of else _find_score(table, of, taken, options)
    if score is not None:
        of["score"] = (score,)
        found.append(f"score={score}")
    return TableRoles(of, tuple(found))


def _find_score(
    table: Table,
    of: Mapping[str, tuple[str, ...]],
    taken: Collection[str],
    options: ImportOptions,
) -> str | None:
    """Return the one column that can be the score by the words of its name; None where answers are
    compared with targets.

    Raises:
        ImportFault: no column, or one of several.
    """
    by_equality = {"answer", "target"} <= of.keys()
    called = _by_words(table, taken)
    if not called and not by_equality:
        called = _by_direction(table, taken)
    if not called:
        if by_equality:
            return None
        raise _which_score(table, [])
    others = [] if "arm" in of else _other_shares(table, {*taken, *called})
    if len(called) == 1 and len(others) < 2:
        return called[0]
    if by_equality and "answer" in options.columns:
        return None  # a person said that answers are compared
    raise _which_score(table, [*called, *others])


def _which_score(table: Table, several: Sequence[str]) -> ImportFault:
    which = f"which of {one_of(several, 12)} is the score?" if several else ""
    return ImportFault(
        f"{table.path}: {which or 'which column is the score?'} Columns:"
        f" {one_of(table.columns, 30)}",
        hint=(
            "say it with --column score=NAME (or answer=NAME and target=NAME, then equal"
            " answers score 1); one column a model: --column score=A --column score=B"
        ),
    )


def _namesakes(table: Table, role: str, named: str) -> list[str]:
    """Return the columns of which only the last part is called by a role's name, where several
    are (``gpt.correct``, ``llama.correct``); empty for a column that is its record's only one.
    """
    if "." not in named or role not in ("score", *ROLES):
        return []
    end = folded(named.rpartition(".")[2])
    several = [c for c in table.columns if "." in c and folded(c.rpartition(".")[2]) == end]
    return several if len(several) > 1 else []


def _by_unit(columns: Sequence[str]) -> dict[str, str]:
    """Return role -> the one column that says the measure and its unit in its name; of several
    none is taken, and a judge's is not the model's.
    """
    by_role: dict[str, list[str]] = {}
    for column in columns:
        role = role_by_unit(folded(column))
        if role is not None and not says_judge(column):
            by_role.setdefault(role, []).append(column)
    return {role: named[0] for role, named in by_role.items() if len(named) == 1}


def _by_direction(table: Table, taken: Collection[str]) -> list[str]:
    """Return the columns of shares whose name says that lower is better (wer, hallucination,
    is_wrong): such a one is a score although it is called by what went wrong.
    """
    named = []
    for column in table.columns:
        last = column.rpartition(".")[2]
        if column in taken or is_measure(last) or not direction.lower_is_better(last):
            continue
        if may_be_scores([row.values.get(column) for row in table.rows]):
            named.append(column)
    return named


def _by_words(table: Table, taken: Collection[str]) -> list[str]:
    """Return the columns that are called as scores are ("Is Correct?", Genauigkeit, judge_score)
    and hold what can be scores: of several a person must say which.
    """
    named = []
    for column in table.columns:
        if column in taken or is_measure(column.rpartition(".")[2]) or not may_be_score(column):
            continue
        if may_be_scores([row.values.get(column) for row in table.rows]):
            named.append(column)
    return named


def _other_shares(table: Table, taken: Collection[str]) -> list[str]:
    """Return columns of shares that are called by nothing known, as models are."""
    known = {name for listed in NAMES.values() for name in listed}
    found = []
    for column in table.columns:
        if column in taken or folded(column) in known or sums_up(column) or is_measure(column):
            continue
        if not direction.lower_is_better(column) and is_shares(table, column):
            found.append(column)
    return found


def is_shares(table: Table, column: str) -> bool:
    """Tell a column of numbers between 0 and 1 or truth values."""
    cells = [row.values.get(column) for row in table.rows]
    numbers = [number_cell(cell, ".") for cell in cells if not is_nothing(cell)]
    return bool(numbers) and all(n is not None and 0 <= n <= 1 for n in numbers)


def sums_up(column: str) -> bool:
    """Tell a column of a wide table that sums its models up, by its name: no model is called so."""
    if _is_total(column):
        return True
    words = words_beside_scores(column)
    return bool(words) and words <= _TOTALS | _SPREADS


def unread_measures(table: Table, roles: TableRoles) -> list[str]:
    """Return columns that measure something by their names and were not read."""
    read = {column for columns in roles.of.values() for column in columns}
    if roles.own:
        return []
    found = []
    for column in table.columns:
        if column not in read and is_compared(column) and _numbers_only(table, column):
            found.append(column)
    return found


def _numbers_only(table: Table, column: str) -> bool:
    cells = [row.values.get(column) for row in table.rows[:200]]
    there = [cell for cell in cells if not is_nothing(cell)]
    return bool(there) and all(_number(cell) is not None for cell in there)


def stated(table: Table, options: ImportOptions) -> dict[str, tuple[str, ...]]:
    """Return role -> columns as a person stated them.

    Raises:
        ImportFault: a role or a column that does not exist.
    """
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


def folded(column: str) -> str:
    """Return a column's name as names are compared: without case, blanks as underscores."""
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


def quoted_column(column: str) -> str:
    """Return a column's name as one writes it in a shell: within quotes where it has other signs
    than letters, digits and underscores.
    """
    return column if column.replace("_", "").isalnum() else f"'{column}'"
