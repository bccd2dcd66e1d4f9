"""``bench init``: cells that hold Python's or numpy's lists as text -> lists, and runs nothing.

A data frame written as CSV holds ``['a', 'b']``, ``['a' 'b']`` (numpy) or
``{'text': array(['a', 'b'], dtype=object)}``: shown to a model or taken for a label they are noise.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace

from claimbench.suite.table import DataRow, Table
from claimbench.types import Json

_LONGEST = 1_000_000
_TOKEN = re.compile(
    r"""\s+|[bu]?'(?:\\.|[^'\\])*'|[bu]?"(?:\\.|[^"\\])*"|(?:np\.|numpy\.)?\w+\(|dtype=[^\s,()\[\]]+|"""
    r"""[\[\]{}(),:]|[^\s\[\]{}(),:'"]+""",
    re.S,
)
_CALLS = re.compile(r"(?:np\.|numpy\.)?(?:array|list|tuple|int\d*|float\d*|str_|bool_)\(")
_OPENS = ("[", "{", "(", "array(", "np.array(", "numpy.array(")
_WORDS = {"nan": "None", "null": "None", "true": "True", "false": "False", "NaN": "None"}
_OBJECTS = re.compile(
    r"(^|[\W_])(choices?|options?|answers?|labels?|targets?|spans)([\W_]|$)", re.I
)


def read_cells(table: Table, notes: list[str]) -> Table:
    """Return the table with lists and objects where a whole column holds them as text of Python,
    and objects of JSON in columns that are called as choices and answers are.
    """
    read: dict[str, list[Json]] = {}
    for column in table.columns:
        values = _column(table, column)
        if values is not None:
            read[column] = values
    if not read:
        return table
    rows = []
    for index, row in enumerate(table.rows):
        mine = {column: values[index] for column, values in read.items()}
        rows.append(DataRow({**row.values, **mine}, row.line))
    named = ", ".join(read)
    notes.append(f"lists that stood as text in {named} are read as lists")
    return replace(table, rows=tuple(rows))


def _column(table: Table, column: str) -> list[Json] | None:
    """Return a column's values read; None where a cell of it is something else."""
    cells = [row.values.get(column) for row in table.rows]
    first = next((cell for cell in cells if cell not in (None, "")), None)
    if not isinstance(first, str) or not first.lstrip().startswith(_OPENS):
        return None
    found: list[Json] = []
    foreign = False
    for cell in cells:
        if cell in (None, ""):
            found.append(cell)
            continue
        if not isinstance(cell, str):
            return None
        value, is_json = value_of(cell)
        if not isinstance(value, list | dict):
            return None
        foreign = foreign or not is_json
        found.append(value)
    objects = any(isinstance(value, dict) for value in found) and _OBJECTS.search(column)
    return found if foreign or objects else None


def value_of(cell: str) -> tuple[Json, bool]:
    """Return the list or object that a cell holds, and whether it is JSON; None for neither."""
    text = cell.strip()
    if len(text) > _LONGEST or not text.startswith(_OPENS):
        return None, False
    try:
        return json.loads(text), True
    except (ValueError, RecursionError):
        pass
    source = _as_literal(text)
    if source is None:
        return None, False
    try:
        value = ast.literal_eval(source)
        return json.loads(json.dumps(_plain(value), allow_nan=False)), False
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None, False


def _plain(value: object) -> object:
    """Return tuples and sets as lists; what JSON does not have is left, and refused there."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        listed = [_plain(item) for item in value]
        return listed if any(item is not None for item in listed) else []  # [nan]: nothing
    return value


def _as_literal(text: str) -> str | None:
    """Return numpy's way of writing as Python's: commas between the items, no calls around them."""
    made: list[str] = []
    calls: list[bool] = []  # for each open round bracket: is it a call that is dropped?
    at = 0
    after_value = False
    for found in _TOKEN.finditer(text):
        if found.start() != at:
            return None
        at = found.end()
        sign = found.group()
        if sign.isspace():
            continue
        if sign.startswith("dtype="):
            while made and made[-1] == ",":
                made.pop()
            after_value = True
            continue
        starts = sign not in ("]", "}", ")", ",", ":")
        if starts and after_value:
            made.append(",")  # numpy writes none between the items of a list
        after_value = sign not in ("[", "{", "(", ",", ":") and not sign.endswith("(")
        if sign == "(" or sign.endswith("("):
            dropped = _CALLS.fullmatch(sign) is not None
            if sign != "(" and not dropped:
                return None
            calls.append(dropped)
            if not dropped:
                made.append("(")
            continue
        if sign == ")":
            if not calls:
                return None
            if not calls.pop():
                made.append(")")
            continue
        made.append(_WORDS.get(sign, sign))
    return " ".join(made) if at == len(text) and not calls else None
