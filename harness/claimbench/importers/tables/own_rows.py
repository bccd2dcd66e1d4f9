"""Rows of our own ``bench export``, which tell more than other tables: what a cell was before it
was guarded, why a call has no score, and of dollars whether they are a charge or a price's.
"""

from __future__ import annotations

from decimal import Decimal

from claimbench.importers.tables.cells import text_cell
from claimbench.importers.tables.roles import TableRoles
from claimbench.number_text import parse_number
from claimbench.pricing.told import BASIS, TOLD_FIELDS, ToldDollars, read_dollars
from claimbench.suite.datasets import DataRow
from claimbench.types import Json, Outcome

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def unguarded(row: DataRow) -> DataRow:
    """Take away the apostrophe that our CSV puts before what a spreadsheet would run."""
    values = {}
    for name, value in row.values.items():
        guarded = isinstance(value, str) and value[:1] == "'" and value[1:2] in _DANGEROUS
        values[name] = value[1:] if guarded and len(value) > 1 else value
    return DataRow(values, row.line)


def own_score(roles: TableRoles, row: DataRow, score: float | None) -> float | None:
    """Score what our run answered without a score 0, as the run itself did; faults stay missing."""
    outcome = text_cell(roles.value(row, "outcome"))
    known = {one.value: one for one in Outcome}.get(outcome)
    if known is None or known is Outcome.OK:
        return score
    return None if known.missing else (score or 0.0)


def own_dollars(
    row: DataRow, decimal: str, *, failed: bool
) -> tuple[Decimal | None, ToldDollars | None]:
    """Return a call's charge, and its dollars at the prices, as :func:`read_dollars` does."""
    told: dict[str, Json] = {BASIS: row.values.get(BASIS)}
    for name in TOLD_FIELDS:
        if name != BASIS:
            told[name] = parse_number(row.values.get(name), decimal)
    return read_dollars(told, failed=failed)
