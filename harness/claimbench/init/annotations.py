"""``bench init``: what annotation tools export (Label Studio, Argilla, Prodigy) -> a table with the
label that people gave, and never the tool's own counts or the annotator's verdict on a proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from claimbench.errors import SuiteError
from claimbench.init.targets.nested import MARKS_HINT
from claimbench.suite.table import DataRow, Table
from claimbench.types import Json

LABEL = "label"
_PRODIGY = ("_task_hash", "_input_hash")
_VERDICTS = ("accept", "reject", "ignore")


def annotated(table: Table, wanted: Sequence[str], notes: list[str]) -> Table:
    """Return the table of an annotation tool's export with one column of labels; another table, or
    one of which a person names columns that only the export has, as it is.

    Raises:
        SuiteError: marks within texts, which are no label, or no row with one label.
    """
    if not table.rows:
        return table
    first = table.rows[0].values
    if isinstance(first.get("annotations"), list) and isinstance(first.get("data"), dict):
        return _taken(table, wanted, notes, "Label Studio", "data", _label_studio)
    if isinstance(first.get("responses"), dict) and isinstance(first.get("fields"), dict):
        return _taken(table, wanted, notes, "Argilla", "fields", _argilla)
    if any(name in table.columns for name in _PRODIGY) and "answer" in table.columns:
        return _prodigy(table, wanted, notes)
    return table


def _taken(
    table: Table,
    wanted: Sequence[str],
    notes: list[str],
    tool: str,
    inside: str,
    labels_of: Callable[[Table, DataRow], list[Json]],
) -> Table:
    """Take the fields that were shown and the label on which the annotators of a row agree."""
    shown = [column for column in table.columns if column.startswith(f"{inside}.")]
    if not set(wanted) <= {*shown, "id", LABEL}:
        return table
    rows = []
    without = split = 0
    told = [labels_of(table, row) for row in table.rows]
    alone = all(not isinstance(one, list) or len(one) == 1 for given in told for one in given)
    for row, given in zip(table.rows, told, strict=True):
        if not given:
            without += 1
        elif any(one != given[0] for one in given):
            split += 1
        else:
            kept = {name: row.values.get(name) for name in ("id", *shown)}
            rows.append(
                DataRow({**kept, LABEL: _single(given[0]) if alone else given[0]}, row.line)
            )
    if not rows:
        raise SuiteError(
            f"an export of {tool} in which no row has one label that its annotators gave",
            path=table.path,
            line=table.rows[0].line,
            hint="write a file with a column of the text and one of the right answer",
        )
    left = [f"{without} without a label"] if without else []
    left += [f"{split} on which annotators differ"] if split else []
    said = f"; rows left out: {', '.join(left)}" if left else ""
    notes.append(f"an export of {tool}: the label that people gave is the target{said}")
    id_column = ("id",) if "id" in table.columns else ()
    return replace(table, columns=(*id_column, *shown, LABEL), rows=tuple(rows))


def _label_studio(table: Table, row: DataRow) -> list[Json]:
    """Return what each annotation that was not cancelled chose."""
    found: list[Json] = []
    for annotation in _objects(row.values.get("annotations")):
        if annotation.get("was_cancelled"):
            continue
        values = [one.get("value") for one in _objects(annotation.get("result"))]
        for value in values:
            if isinstance(value, dict) and {"start", "end"} <= value.keys():
                raise _marks(table, row, "Label Studio")
        answers = [_one_value(value) for value in values if isinstance(value, dict)]
        told = [one for one in answers if one is not None]
        if len(told) > 1:
            raise SuiteError(
                "an export of Label Studio in which an annotation answers several questions",
                path=table.path,
                line=row.line,
                hint="export it as JSON-MIN or CSV, and name one of its columns with --target",
            )
        found += told
    return found


def _one_value(value: Mapping[str, Json]) -> Json:
    """Return the choices, texts, rating or number of a result."""
    for name in ("choices", "taxonomy", "text"):
        given = value.get(name)
        if isinstance(given, list) and given:
            return given
    return next((value[n] for n in ("rating", "number", "datetime") if n in value), None)


def _argilla(table: Table, row: DataRow) -> list[Json]:
    """Return what each submitted response to the record's one question says."""
    responses: Any = row.values.get("responses")
    asked = responses if isinstance(responses, dict) else {}
    if len(asked) > 1:
        raise SuiteError(
            f"an export of Argilla with several questions ({', '.join(asked)})",
            path=table.path,
            line=row.line,
            hint="write a file with a column of the text and one of the right answer",
        )
    found: list[Json] = []
    for given in asked.values():
        for one in _objects(given):
            value = one.get("value")
            if one.get("status", "submitted") != "submitted" or value is None:
                continue
            if any({"start", "end"} <= part.keys() for part in _objects(value)):
                raise _marks(table, row, "Argilla")
            found.append(value)
    return found


def _prodigy(table: Table, wanted: Sequence[str], notes: list[str]) -> Table:
    """Take what was accepted; ``answer`` is the annotator's verdict on what was shown, and of a
    rejected or ignored row the right label is not known.
    """
    told = {str(row.values.get("answer")).casefold() for row in table.rows}
    by_choice = "accept" in table.columns
    if not told <= set(_VERDICTS) or set(wanted) & {"answer", "accept"}:
        return table
    if not by_choice and LABEL not in table.columns:
        if "spans" in table.columns:
            raise _marks(table, table.rows[0], "Prodigy")
        return table
    labels = {str(row.values.get(LABEL)) for row in table.rows}
    one_label = not by_choice and len(labels) == 1
    rows = []
    accepted = [r.values.get("accept") for r in table.rows if r.values.get("answer") == "accept"]
    alone = all(not isinstance(one, list) or len(one) <= 1 for one in accepted)
    for row in table.rows:
        verdict = str(row.values.get("answer")).casefold()
        chosen = row.values.get("accept") if by_choice else row.values.get(LABEL)
        chosen = _single(chosen) if alone else chosen
        if verdict == "reject" and one_label:
            chosen = f"not {chosen}"
        elif verdict != "accept" or chosen in (None, []):
            continue
        values = {k: v for k, v in row.values.items() if k not in ("answer", "accept")}
        rows.append(DataRow({**values, LABEL: chosen}, row.line))
    if not rows:
        raise SuiteError(
            "an export of Prodigy in which no row was accepted",
            path=table.path,
            line=table.rows[0].line,
            hint="write a file with a column of the text and one of the right answer",
        )
    source = "what was accepted" if by_choice else LABEL
    left = len(table.rows) - len(rows)
    also = f", or 'not {next(iter(labels))}' where it was rejected" if one_label else ""
    said = f"; {left} rows that were not accepted are left out" if left else ""
    notes.append(f"an export of Prodigy: {source} is the target{also}{said}")
    columns = [c for c in table.columns if c not in ("answer", "accept", "options", LABEL)]
    return replace(table, columns=(*columns, LABEL), rows=tuple(rows))


def _single(label: Json) -> Json:
    """Return the one item of a list; another value as it is."""
    return label[0] if isinstance(label, list) and len(label) == 1 else label


def _marks(table: Table, row: DataRow, tool: str) -> SuiteError:
    return SuiteError(
        f"an export of {tool} that marks places within texts: a model answers in text",
        path=table.path,
        line=row.line,
        hint=MARKS_HINT,
    )


def _objects(value: Json) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
