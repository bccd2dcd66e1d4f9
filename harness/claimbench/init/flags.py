"""``bench init``: labels that stand as a column each (0 and 1, true, x) -> one column of labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from claimbench.error_words import one_of
from claimbench.init import words
from claimbench.init.columns import plain
from claimbench.init.guess import by_word
from claimbench.number_text import parse_number
from claimbench.suite.table import DataRow, Table

ONE = "one_label"
SEVERAL = "labels_of_row"
_YES = ("1", "true", "yes", "y", "x", "✓", "✔", "1.0")
_NO = ("0", "false", "no", "n", "", "-", "0.0")
_SPLITS = re.compile(r"(^|_)(id|idx|index|split|fold|train|test|val|valid|is)(_|$)", re.I)


def with_flags(table: Table, notes: list[str]) -> Table | None:
    """Return the table with one more column, the label of each row or the list of its labels; None
    where labels do not stand as columns of their own.
    """
    folded = {name.strip().casefold().replace(" ", "_") for name in table.columns}
    if folded & set(words.TARGETS) or by_word(table.columns, words.TARGET_WORDS, ()) is not None:
        return None
    flags = _flags(table)
    if len(flags) < 2 or len(flags) == len(table.columns):
        return None
    rows = []
    most = least = None
    for row in table.rows:
        mine = [c for c in flags if plain(row.values.get(c)).casefold() in _YES]
        most = max(len(mine), most or 0)
        least = len(mine) if least is None else min(len(mine), least)
        rows.append((row, mine))
    alone = most == least == 1
    if len(flags) == 2 and not alone and _other_labels(table, flags):
        return None  # two marks of a row (read, deleted) beside its label
    name = ONE if alone else SEVERAL
    made = []
    for row, mine in rows:
        rest = {k: v for k, v in row.values.items() if k not in flags}
        made.append(DataRow({**rest, name: mine[0] if alone else mine}, row.line))
    kept = [c for c in table.columns if c not in flags]
    how = "one in each row" if alone else "several or none in a row"
    notes.append(f"labels stand as columns of their own ({one_of(flags, 8)}): {how}")
    return replace(table, columns=(*kept, name), rows=tuple(made))


def _flags(table: Table) -> Sequence[str]:
    """Return the columns that say yes in some rows and no in others, and nothing else; a column
    that is the same in every row tells no label apart.
    """
    found = []
    for column in table.columns:
        values = {plain(row.values.get(column)).casefold() for row in table.rows}
        if not values <= {*_YES, *_NO} or _SPLITS.search(column):
            continue
        if values & set(_YES) and values & set(_NO):
            found.append(column)
    return found


def _other_labels(table: Table, flags: Sequence[str]) -> bool:
    """Tell whether another column holds a few words that come again: labels as they stand."""
    for column in table.columns:
        if column in flags or _SPLITS.search(column):
            continue
        cells = [plain(row.values.get(column)) for row in table.rows]
        kinds = set(cells)
        if "" not in kinds and 2 <= len(kinds) <= len(cells) / 3 and max(map(len, kinds)) <= 40:
            return not all(parse_number(kind) is not None for kind in kinds)
    return False
