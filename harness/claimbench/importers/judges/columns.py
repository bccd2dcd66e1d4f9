"""Plain tables: which rows a model as judge scored, by the columns that say so."""

from __future__ import annotations

import json
from collections.abc import Mapping

from claimbench.importers.columns.score_names import words_beside_scores
from claimbench.importers.judges.names import says_judge, says_person
from claimbench.importers.tables.cells import is_nothing, text_cell
from claimbench.importers.tables.roles import TableRoles
from claimbench.suite.datasets import DataRow, Table
from claimbench.types import Json

_OWN_SCORERS = ("judge", "pairwise")
_OF_A_JUDGE = frozenset({"grader", "grader_model", "evaluator", "evaluator_model", "autorater"})
"""Columns that name whoever scored."""


def judges_of_rows(table: Table, roles: TableRoles) -> list[str]:
    """Return for each row what says that a model gave its score; empty where nothing does.

    A column of a judge (``judge``, ``judge_model``, ``judge_reason``) speaks of a score that is
    called by no method of its own (``score``, ``correct``); ``exact_match`` beside it is none of
    the judge's.
    """
    column = roles.of.get("score", ("",))[0]
    if roles.own and column == "score":
        return [_own(row.values) for row in table.rows]
    if not column or says_judge(column) or words_beside_scores(column) - {"is", "was", "the"}:
        return [""] * len(table.rows)  # its own name tells
    if column.rpartition(".")[2].casefold().replace("_", "") in _METHODS:
        return [""] * len(table.rows)
    beside = [
        name
        for name in table.columns
        if name != column
        and (says_judge(name) or name.strip().casefold().replace(" ", "_") in _OF_A_JUDGE)
    ]
    return [_beside(row, beside) for row in table.rows]


_METHODS = frozenset(
    {"acc", "accuracy", "em", "match", "exactmatch", "f1", "bleu", "rouge", "meteor", "chrf"}
)
"""Names of scores that no judge gives."""


def _own(row: Mapping[str, Json]) -> str:
    """Return the judge of a row of ``bench export``: as it says, or in files of before it did, by
    the scorer that stands first and the judge's bill.
    """
    if "judged_by" in row:
        told = row["judged_by"]
        return "" if is_nothing(told) else text_cell(told)
    scores = row.get("scores")
    if isinstance(scores, str):
        try:
            scores = json.loads(scores)
        except ValueError:
            scores = None
    first = next(iter(scores), "") if isinstance(scores, dict) else ""
    if any(name in first for name in _OWN_SCORERS):
        return first
    if not first and not is_nothing(row.get("judge_usd")):
        return "judge_usd"
    return ""


def _beside(row: DataRow, columns: list[str]) -> str:
    for name in columns:
        cell = row.values.get(name)
        if not is_nothing(cell) and not says_person(text_cell(cell)):
            return name
    return ""
