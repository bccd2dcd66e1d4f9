"""Wide tables: one column of scores (or of answers) a model, beside each model's own times, dollars
and tokens, which are told by the model's name in theirs (``gpt_latency_ms``, ``cost_usd_llama``).

A measure that tells no model belongs to none, and one whose name states no unit is not read: both
are said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.error_words import one_of
from claimbench.importers import direction
from claimbench.importers.columns.measure_names import (
    ROLES,
    is_compared,
    is_measure,
    likely_role,
    only_measure,
    role_of_words,
    words_of,
)
from claimbench.importers.columns.measures import foreign_currency
from claimbench.importers.columns.score_names import WORDS, metrics_of_one
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.tables.cells import is_nothing, number_cell, text_cell
from claimbench.importers.tables.roles import (
    NAMES,
    folded,
    is_own,
    is_shares,
    quoted_column,
    sums_up,
)
from claimbench.suite.datasets import DataRow, Table

_OF_A_MODEL = (*ROLES, "answer", "error")


@dataclass(frozen=True, slots=True)
class WideTable:
    """Columns of the models, which their arms are called after, and of what each measured.

    ``role``: what the models' columns hold, score or answer. ``measures``: model -> role -> column.
    ``stated``: columns of measures that a person stated. ``aside``: columns that belong to no
    answer. ``notes``: what was taken for what, and what was not read.
    """

    role: str
    models: tuple[str, ...]
    measures: Mapping[str, Mapping[str, str]]
    stated: frozenset[str]
    aside: frozenset[str]
    notes: tuple[str, ...]

    def sources(self) -> Iterator[tuple[str, str, bool]]:
        """Yield (role, column, whether it was found by its name) of what was measured."""
        for measures in self.measures.values():
            for role, column in measures.items():
                if role in ROLES:
                    yield role, column, column not in self.stated


def find_wide(table: Table, options: ImportOptions) -> WideTable | None:
    """Find the models of a wide table: the columns that are stated as several scores (else as
    several answers), or all that are left beside the item and what was asked, if they hold shares
    of one kind; None for a table of another form.

    Raises:
        ImportFault: a stated measure that is of no model, or models scored in two directions.
    """
    models, role = _models(table, options)
    if not models:
        return None
    labels = _labels(models)
    measures: dict[str, dict[str, str]] = {model: {} for model in models}
    of_models = [r for r in _OF_A_MODEL if r != role]
    stated: set[str] = set()
    for one in of_models:
        columns = options.columns.get(one, ())
        if one == "error" and not all(_model_of(column, labels) for column in columns):
            continue
        for column, model in _stated_models(table, one, columns, models, labels):
            measures[model][one] = column
            stated.add(column)
    notes: list[str] = []
    kept = {column for columns in options.columns.values() for column in columns} | set(models)
    rest = [column for column in table.columns if column not in kept]
    _find_measures(table, rest, labels, measures, notes)
    _leave_foreign(table, measures, notes)
    notes += _unpaired_tokens(measures)
    taken = {column for of in measures.values() for column in of.values()}
    names = NAMES["answer"] if role == "score" else ()
    aside = [c for c in rest if c not in taken and (is_measure(c) or folded(c) in names)]
    notes += _unread([c for c in aside if is_measure(c)], models, labels)
    summed = [c for c in rest if sums_up(c) and c not in taken]
    if summed:
        notes.append(f"left out as no models: {one_of(summed)}")
    found = [
        f"{model}: {', '.join(f'{r}={c}' for r, c in of.items())}"
        for model, of in measures.items()
        if of
    ]
    if found:
        notes.insert(0, f"measured by the model: {'; '.join(found)}")
    return WideTable(
        role, tuple(models), measures, frozenset(stated), frozenset({*aside, *taken}), tuple(notes)
    )


def lengthened(
    table: Table, wide: WideTable, options: ImportOptions
) -> tuple[Table, ImportOptions]:
    """Turn a wide table into rows of one answer each; the arms are called after the columns."""
    kept = [c for c in table.columns if c not in wide.models and c not in wide.aside]
    arm = "model" if "model" not in kept else "column of the table"
    used = {role: None for of in wide.measures.values() for role in of}
    columns = {role: named for role, named in options.columns.items() if role not in _OF_A_MODEL}
    if "error" in options.columns and "error" not in used:
        columns["error"] = options.columns["error"]
    new = {role: _free(role, kept) for role in used}
    value = _free(_value_name(wide), [*kept, *new.values()])
    rows = []
    for row in table.rows:
        rest = {name: row.values.get(name) for name in kept}
        for model in wide.models:
            values = {**rest, arm: model, value: row.values.get(model)}
            for role, name in new.items():
                column = wide.measures[model].get(role)
                values[name] = None if column is None else row.values.get(column)
            rows.append(DataRow(values, row.line))
    for role, name in new.items():
        columns[role] = (name,)
    columns[wide.role] = (value,)
    columns["arm"] = (arm,)
    if "item" not in columns:
        columns["item"] = (_item_column(table, kept),)
    made = replace(table, columns=(*kept, arm, *new.values(), value), rows=tuple(rows))
    return made, replace(options, columns=columns)


def _free(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else f"{name} of the model"


def _models(table: Table, options: ImportOptions) -> tuple[tuple[str, ...], str]:
    """Return the columns of the models and what they hold; none for a table of another form."""
    for role in ("score", "answer"):
        stated = options.columns.get(role, ())
        if len(stated) > 1:
            return _one_way(table, stated, role), role
    if {"score", "answer", "arm"} & options.columns.keys() or is_own(table):
        return (), ""
    names = {folded(column): column for column in table.columns}
    if any(name in names for name in (*NAMES["score"], *NAMES["arm"], *NAMES["answer"])):
        return (), ""
    if not any(name in names for name in (*NAMES["item"], *NAMES["input"])):
        return (), ""
    known = {name for listed in NAMES.values() for name in listed}
    stated_columns = {column for columns in options.columns.values() for column in columns}
    rest = [c for n, c in names.items() if n not in known and c not in stated_columns]
    rest = [c for c in rest if not sums_up(c) and not is_measure(c)]
    shares = [c for c in rest if is_shares(table, c)]
    labels = _labels(shares)
    texts = [c for c in rest if _is_text(table, c) and _model_of(c, labels)]
    if len(shares) < 2 or len(shares) + len(texts) < len(rest):
        return (), ""
    if any(direction.lower_is_better(column) for column in shares) or metrics_of_one(shares):
        return (), ""
    whole = [_holds_0_and_1(table, column) for column in shares]
    if any(whole) and not all(whole):
        return (), ""  # right and wrong beside shares: not one metric of several models
    return tuple(shares), "score"


def _one_way(table: Table, stated: Sequence[str], role: str) -> tuple[str, ...]:
    """Return the stated columns of models, which have to point one way."""
    down = [column for column in stated if direction.lower_is_better(column)]
    if role == "score" and down and len(down) < len(stated):
        up = next(column for column in stated if column not in down)
        raise ImportFault(
            f"{table.path}: of {down[0]!r} lower is better, of {up!r} higher: they are not one"
            " metric of several models",
            hint="state columns of one metric: --column score=A --column score=B",
        )
    return tuple(dict.fromkeys(stated))


def _value_name(wide: WideTable) -> str:
    """Return what the models' scores are called: by the words they share where lower is better."""
    if wide.role == "answer" or not all(map(direction.lower_is_better, wide.models)):
        return wide.role
    first, *others = [words_of(model) for model in wide.models]
    shared = "_".join(word for word in first if all(word in other for other in others))
    return shared if direction.lower_is_better(shared) else "error"


def _holds_0_and_1(table: Table, column: str) -> bool:
    cells = [row.values.get(column) for row in table.rows]
    return all(number_cell(cell, ".") in (0, 1) for cell in cells if not is_nothing(cell))


def _is_text(table: Table, column: str) -> bool:
    """Tell a column that holds some text that is no number."""
    cells = [row.values.get(column) for row in table.rows]
    return any(
        isinstance(c, str) and not is_nothing(c) and number_cell(c, ".") is None for c in cells
    )


def _labels(models: Sequence[str]) -> dict[str, str]:
    """Return what each model can be called in other columns -> its column: its name, without the
    words of scores at its ends, and without what all the columns end with.
    """
    words = {model: words_of(model) for model in models}
    shared = _shared_at_end(list(words.values()))
    found: dict[str, set[str]] = {}
    for model, own in words.items():
        short = list(own)
        while len(short) > 1 and short[-1] in _CALLED:
            short.pop()
        while len(short) > 1 and short[0] in _CALLED:
            short.pop(0)
        for label in ("".join(own), "".join(short), "".join(own[: len(own) - shared])):
            if label:
                found.setdefault(label, set()).add(model)
    return {label: next(iter(of)) for label, of in found.items() if len(of) == 1}


def _shared_at_end(names: Sequence[Sequence[str]]) -> int:
    """Count the words that all names end with; each keeps one of its own."""
    shared = 0
    most = min((len(name) for name in names), default=0) - 1
    while shared < most and len({name[-1 - shared] for name in names}) == 1:
        shared += 1
    return shared


_CALLED = WORDS | {"answer", "response", "output", "prediction", "completion", "is"}


def _model_of(column: str, labels: Mapping[str, str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the model that a column names, by the longest label in it, and the words beside it."""
    words = words_of(column)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            label = "".join(words[start:end])
            if label in labels:
                found[label] = (labels[label], (*words[:start], *words[end:]))
    if not found:
        return None
    longest = max(map(len, found))
    models = {model for label, (model, _) in found.items() if len(label) == longest}
    if len(models) > 1:
        return None
    return next(told for label, told in found.items() if len(label) == longest)


def _stated_models(
    table: Table,
    role: str,
    columns: Sequence[str],
    models: Sequence[str],
    labels: Mapping[str, str],
) -> list[tuple[str, str]]:
    """Return each stated column of a measure with its model: the one it names, else one for each
    model in their order.
    """
    named = []
    for column in columns:
        told = _model_of(column, labels)
        if told is not None and (only_measure(told[1]) or role in ("answer", "error")):
            named.append((column, told[0]))
    if len({model for _, model in named}) == len(columns):
        return named
    if len(columns) == len(models):
        return list(zip(columns, models, strict=True))
    raise ImportFault(
        f"{table.path}: --column {role}={columns[0]}: of which model is it? A model's own column is"
        " called by the model and the measure alone",
        hint=(
            f"rename it ({models[0]}_{role}), or state one for each model in this order:"
            f" {one_of(models)}"
        ),
    )


def _find_measures(
    table: Table,
    rest: Sequence[str],
    labels: Mapping[str, str],
    measures: dict[str, dict[str, str]],
    notes: list[str],
) -> None:
    """Give each model the columns that are called by it and by a measure with its unit."""
    candidates: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for column in rest:
        told = _model_of(column, labels)
        role = None if told is None else _role_of(table, column, told[1])
        if told is not None and role is not None:
            base = role.rpartition("_")[0] if role.startswith(("latency", "ttft")) else role
            candidates.setdefault((told[0], base), []).append((role, column))
    for (model, base), found in candidates.items():
        if any(role.startswith(base) for role in measures[model]):
            continue  # stated
        if len(found) > 1:
            columns = [column for _, column in found]
            notes.append(
                f"not read: {one_of(columns)}: which of them is {model}'s {base}? Say it:"
                f" --column {found[0][0]}={quoted_column(columns[0])}"
            )
            continue
        role, column = found[0]
        measures[model][role] = column


def _role_of(table: Table, column: str, rest: Sequence[str]) -> str | None:
    role = role_of_words(rest)
    if role is not None:
        return role
    called = "_".join(rest)
    if called in NAMES["answer"] and _is_text(table, column):
        return "answer"
    return "error" if called in NAMES["error"] and _is_text(table, column) else None


def _leave_foreign(table: Table, measures: Mapping[str, dict[str, str]], notes: list[str]) -> None:
    """Take away costs that are in another currency than dollars."""
    for model, of in measures.items():
        currency = foreign_currency(table, of["usd"]) if "usd" in of else None
        if currency is not None:
            notes.append(f"costs of {model} in {currency} are not read: dollars are compared here")
            del of["usd"]


def _unpaired_tokens(measures: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say which models have only one of the two counts of tokens, which is not read then."""
    notes = []
    for model, of in measures.items():
        there = [role for role in ("input_tokens", "output_tokens") if role in of]
        if len(there) == 1:
            other = "output_tokens" if there[0] == "input_tokens" else "input_tokens"
            notes.append(
                f"not read: {of[there[0]]}: tokens are read where both are there, and {model} has"
                f" no column of {other}"
            )
    return notes


def _unread(
    columns: Sequence[str],
    models: Sequence[str],
    labels: Mapping[str, str],
) -> list[str]:
    """Say of each column of a measure that was not read why, and what to do about it."""
    notes = []
    others = []
    for column in columns:
        told = _model_of(column, labels)
        if not is_compared(column):
            others.append(column)
        elif told is None or not only_measure(told[1]):
            notes.append(
                f"not read: {column}: no model's by its name; rename it after one"
                f" ({models[0]}_latency_ms), or state a column for each model in the order"
                f" {one_of(models)}: --column latency_ms=A --column latency_ms=B (roles:"
                f" {', '.join(ROLES)})"
            )
        elif role_of_words(told[1]) is None:
            notes.append(
                f"not read: {column}: its name has no unit; say what it is: --column"
                f" {likely_role(column)}={quoted_column(column)} (roles: {', '.join(ROLES)})"
            )
    if others:
        notes.append(f"not compared: {one_of(others)}")
    return notes


def _item_column(table: Table, kept: Sequence[str]) -> str:
    """Return the column that names the item of a wide table: an id, else one whose cells differ."""
    names = {folded(column): column for column in kept}
    for name in NAMES["item"]:
        if name in names:
            return names[name]
    for column in kept:
        cells = [text_cell(row.values.get(column)) for row in table.rows]
        if all(cells) and len(set(cells)) == len(cells):
            return column
    raise ImportFault(
        f"{table.path}: which column names the item? Columns: {one_of(table.columns, 30)}",
        hint="say it with --column item=NAME",
    )
