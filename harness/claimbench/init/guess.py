"""``bench init``: which columns are the input and the right answer, by their names and contents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.init import words
from claimbench.init.columns import plain
from claimbench.init.sources import PIECES
from claimbench.init.targets.typed import date_order
from claimbench.suite.table import Table
from claimbench.types import Json

_NO_TARGET = ("id", "uid", "key", "date", "time", "timestamp", "url", "number", "nr")


def guess_columns(
    table: Table, stated_inputs: tuple[str, ...] = (), stated_target: str | None = None
) -> tuple[tuple[str, ...], str]:
    """Propose inputs and target by the columns' names, and where those do not say by what is left.
    What a person stated stays, and the other is found beside it.

    Raises:
        SuiteError: neither says so; the columns are listed.
    """
    if not table.columns:
        raise SuiteError("the file is empty", path=table.path, line=1)
    stated = bool(stated_inputs) or stated_target is not None
    if not stated and set(PIECES) <= set(table.columns) and _is_object(table, PIECES[1]):
        return (PIECES[0],), PIECES[1]
    columns = _plain_columns(table)
    folded = {name.strip().casefold().replace(" ", "_"): name for name in columns}
    target = stated_target or _target_by_name(table, columns, folded, stated_inputs)
    inputs = stated_inputs or _pair(folded, target)
    if not inputs:
        given = next((folded[n] for n in words.INPUTS if n in folded and folded[n] != target), None)
        if given is None:
            given = by_word(columns, words.INPUT_WORDS, () if target is None else (target,))
        inputs = () if given is None else (given,)
    if not inputs or target is None:
        inputs, target = _by_what_is_left(table, columns, inputs, target)
    if target is None or not inputs:
        deeper = _record_columns(table)
        more = f"; records inside records: --records {deeper[0]}" if deeper else ""
        if stated:
            what = "is the right answer" if inputs else "does the model see"
            question, say = f"which column {what}?", "--target" if inputs else "--input"
        else:
            question, say = _asks(table, inputs), "--input and --target"
        raise SuiteError(
            question,
            path=table.path,
            line=1,
            hint=f"say it with {say}; columns: {one_of(table.columns, 30)}{more}",
        )
    return inputs, target


def _target_by_name(
    table: Table, columns: Sequence[str], folded: Mapping[str, str], taken: Sequence[str]
) -> str | None:
    """Return the column that is called as right answers are, and is none of those taken."""
    candidates = (
        _answers_inside(columns),
        _answers_of_records(table),
        _object_target(table),
        _answer_of_a_question(folded),
        next((folded[n] for n in words.TARGETS if n in folded and folded[n] not in taken), None),
        _yes_or_no(table, columns),
        by_word(columns, words.TARGET_WORDS, taken),
    )
    return next((one for one in candidates if one is not None and one not in taken), None)


def _answers_of_records(table: Table) -> str | None:
    """Return the list of objects with a text each that SQuAD's own file calls answers; questions
    without one have an empty list.
    """
    if "answers" not in table.columns:
        return None
    cells = [row.values.get("answers") for row in table.rows]
    if not all(isinstance(cell, list) for cell in cells):
        return None
    parts = [part for cell in cells if isinstance(cell, list) for part in cell]
    texts = [isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts]
    return "answers" if texts and all(texts) else None


_RENDERED = (
    (re.compile(r"<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>"), "a chat template"),
    (re.compile(r"\[INST\].*\[/INST\]", re.S), "[INST]"),
    (re.compile(r"###\s*(Response|Assistant|Answer)\s*:"), "### Response:"),
    (re.compile(r"\bHuman:.*\n\s*Assistant:", re.S), "Human: and Assistant:"),
)


def _asks(table: Table, inputs: Sequence[str]) -> str:
    """Return the question; that a text holds its answer already is said with it."""
    for column in table.columns:
        cells = [row.values.get(column) for row in table.rows[:20]]
        for pattern, name in _RENDERED:
            if cells and all(isinstance(c, str) and pattern.search(c) for c in cells):
                return (
                    f"'{column}' holds whole conversations as text ({name}), answers included:"
                    " write them as messages [{role, content}], or ask and answer in two columns"
                )
    if len(inputs) == 1 and not _record_columns(table):
        return f"the model would see {inputs[0]}, but which column is the right answer?"
    return "which column does the model see, and which is the right answer?"


_PREFERENCES = (
    (r"chosen", r"rejected"),
    (r"chosen_response", r"rejected_response"),
    (r"preferred", r"(dis|non_?)preferred|rejected"),
    (
        r"(conversation|response|answer|output|completion)_?a",
        r"(conversation|response|answer|output|completion)_?b",
    ),
    (
        r"(response|output|completion|model_output)_?[01]",
        r"(response|output|completion|model_output)_?[12]",
    ),
    (r"human_ref_a", r"human_ref_b"),
    (r"better", r"worse"),
)
_VERDICTS = re.compile(r"winner|preference|preferred|better_response|verdict")


def refuse_preferences(table: Table) -> None:
    """Refuse pairs of answers of which people preferred one: neither is *the* right answer.

    Raises:
        SuiteError: such pairs, with what can be made of them.
    """
    folded = {name.strip().casefold().replace(" ", "_"): name for name in table.columns}
    if "messages" in folded:
        return
    for first, second in _PREFERENCES:
        one = next((folded[n] for n in folded if re.fullmatch(first, n)), None)
        other = next(
            (folded[n] for n in folded if re.fullmatch(second, n) and folded[n] != one), None
        )
        if one is None or other is None:
            continue
        stated = first in ("chosen", "chosen_response", "better", "preferred", "human_ref_a")
        if not stated and not any(_VERDICTS.fullmatch(name) for name in folded):
            continue
        asked = next((folded[n] for n in ("prompt", *words.INPUTS, "history") if n in folded), None)
        shown = f"--input '{asked}'" if asked else "--input (the column with what was asked)"
        raise SuiteError(
            f"pairs of answers ('{one}', '{other}') of which one was preferred: neither is the one"
            " right answer",
            path=table.path,
            line=table.rows[0].line if table.rows else 1,
            hint=(
                f"to compare new answers with the preferred ones by a judge: {shown} --target"
                f" '{one}'"
            ),
        )


def refuse_tokens(table: Table) -> None:
    """Refuse a tag for each token: a model writes text, and no list of numbers that fits tokens.

    Raises:
        SuiteError: such columns, with what can be made of them.
    """
    tokens = next((c for c in ("tokens", "words") if c in table.columns), None)
    rows = table.rows[:50]
    if tokens is None or not rows or not all(isinstance(r.values.get(tokens), list) for r in rows):
        return
    for column in table.columns:
        cells = [row.values.get(column) for row in rows]
        lengths = [len(cell) if isinstance(cell, list) else -1 for cell in cells]
        if column != tokens and lengths == [len(row.values[tokens]) for row in rows]:
            raise SuiteError(
                f"a tag for each token ('{tokens}', '{column}'): a model answers in text",
                path=table.path,
                line=rows[0].line,
                hint=(
                    'write the text and what is marked in it, such as {"text": "…", "target":'
                    ' {"place": "Rome"}}'
                ),
            )


def _answer_of_a_question(folded: Mapping[str, str]) -> str | None:
    """Return the answer beside a question or instruction, where no label stands beside it: a
    category of questions is not what is asked for.
    """
    if "label" in folded or not any(name in folded for name in words.ASKED):
        return None
    return next((folded[n] for n in words.ANSWERS if n in folded), None)


def _yes_or_no(table: Table, columns: Sequence[str]) -> str | None:
    """Return the one column such as ``is_duplicate`` that holds two values."""
    found = []
    for column in columns:
        values = {str(row.values.get(column)).strip().casefold() for row in table.rows}
        if re.match(r"(is|has|was)[_ A-Z]", column) and len(values) == 2:
            found.append(column)
    return found[0] if len(found) == 1 else None


_PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("subject", "body"),
    ("subject", "description"),
    ("subject", "message"),
    ("title", "description"),
    ("title", "body"),
    ("title", "content"),
    ("betreff", "beschreibung"),
    ("betreff", "text"),
    ("instruction", "input"),
)
_PASSAGES = ("context", "passage", "document", "article", "paragraph", "background")


def _pair(folded: Mapping[str, str], target: str | None) -> tuple[str, ...]:
    """Return two columns that say nothing alone: a passage with its question, a pair of texts."""
    for pair in _PAIRS:
        if all(name in folded and folded[name] != target for name in pair):
            return tuple(folded[name] for name in pair)
    numbered = _numbered_pair(folded, target)
    if numbered:
        return numbered
    question = next((folded[n] for n in ("question", "query", "instruction") if n in folded), None)
    passage = next((folded[n] for n in _PASSAGES if n in folded), None)
    if question is None or passage is None or target in (question, passage):
        return ()
    return passage, question


def _numbered_pair(folded: Mapping[str, str], target: str | None) -> tuple[str, ...]:
    """Return two columns of texts whose names differ in 1 and 2 alone: ``#1 String``."""
    for name, column in folded.items():
        other = name.replace("1", "2")
        alike = name.count("1") == 1 and other in folded and column != target
        if alike and re.search(r"sentence|text|string|question|passage|title|phrase", name):
            return (column, folded[other])
    return ()


def _answers_inside(columns: Sequence[str]) -> str | None:
    """Return the texts of an object of answers (``answers.text``), as SQuAD and its kind have
    them.
    """
    for parent in ("answers", "answer", "labels", "target", "answers_spans"):
        for part in ("text", "aliases", "value", "normalized_aliases", "spans"):
            if f"{parent}.{part}" in columns:
                return f"{parent}.{part}"
    return None


_WHOLE_ANSWERS = (
    "target",
    "expected",
    "expected_output",
    "output",
    "ground_truth",
    "answer",
    "label",
)


def _object_target(table: Table) -> str | None:
    """Return a column that is called as answers are and holds an object in every row: JSON is
    asked for.
    """
    for column in table.columns:
        if column.strip().casefold().replace(" ", "_") not in _WHOLE_ANSWERS:
            continue
        cells = [row.values.get(column) for row in table.rows]
        if all(isinstance(cell, dict) and cell for cell in cells):
            return column
    return None


def _by_what_is_left(
    table: Table, columns: Sequence[str], inputs: tuple[str, ...], target: str | None
) -> tuple[tuple[str, ...], str | None]:
    """Return input and target of a table with nothing else in it but ids and dates: what is left,
    or of two columns the longer one as input.
    """
    left = []
    for column in columns:
        if _holds_records(table, column):
            continue
        named = set(re.split(r"[\W_]+", column.casefold()))
        made = _WHEN_MADE.search(column.casefold()) and _dated(table, column)
        if len(table.rows) > 1 and len({plain(r.values.get(column)) for r in table.rows}) == 1:
            continue  # nothing to tell apart
        if column not in (*inputs, target) and not named & set(_NO_TARGET) and not made:
            left.append(column)
    if not left and inputs and target is None:
        dates = [c for c in columns if c not in inputs and _holds_dates(table, c)]
        return inputs, dates[0] if len(dates) == 1 else None
    if len(left) == 1 and inputs and target is None:
        return inputs, left[0]
    if len(left) == 1 and not inputs and target is not None:
        return (left[0],), target
    if len(left) != 2 or len(columns) != 2 or inputs or target is not None:
        return inputs, target
    lengths = {}
    for column in left:
        cells = [str(row.values.get(column) or "") for row in table.rows]
        lengths[column] = sum(map(len, cells))
    short, long = sorted(left, key=lengths.__getitem__)
    return ((long,), short) if lengths[long] >= 2 * lengths[short] else (inputs, target)


_WHEN_MADE = re.compile(r"creat|updat|modif|sent|receiv|added|insert|timestamp|log|erstellt")


def _holds_dates(table: Table, column: str) -> bool:
    """Tell a column of dates whose name says that they are to be found: not when a row was made."""
    if _WHEN_MADE.search(column.casefold()):
        return False
    return _dated(table, column)


def _dated(table: Table, column: str) -> bool:
    cells = [plain(row.values.get(column)) for row in table.rows]
    return bool(date_order([cell for cell in cells if cell]))


def _record_columns(table: Table) -> list[str]:
    """Return the columns that hold lists of objects, as a path to them is written."""
    found = []
    for column in table.columns:
        if _holds_records(table, column):
            inside = table.path.rpartition("(")[2].removesuffix(")") if "(" in table.path else ""
            path = f"{inside}.{column}" if inside else column
            first: Json = next((r.values[column] for r in table.rows if r.values.get(column)), [])
            found.append(_deepest(first, path))
    return found


def _deepest(records: Json, path: str) -> str:
    """Return the path of the records that hold what is asked: SQuAD's questions lie inside
    paragraphs.
    """
    first = records[0] if isinstance(records, list) and records else None
    if not isinstance(first, dict) or any(isinstance(first.get(n), str) for n in words.INPUTS):
        return path
    for key, value in first.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return _deepest(value, f"{path}.{key}")
    return path


def _holds_records(table: Table, column: str) -> bool:
    """Tell a column of lists of objects."""
    cells = [row.values.get(column) for row in table.rows[:20]]
    return any(isinstance(cell, list) and cell and isinstance(cell[0], dict) for cell in cells)


def _plain_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that hold something and no objects: of those the fields are columns of
    their own.
    """
    plain_ones = []
    for column in table.columns:
        if not _is_object(table, column) and any(plain(r.values.get(column)) for r in table.rows):
            plain_ones.append(column)
    return tuple(plain_ones) or table.columns


def _is_object(table: Table, column: str) -> bool:
    cells = [row.values.get(column) for row in table.rows[:50]]
    return any(isinstance(cell, dict) and cell for cell in cells)


def by_word(columns: Sequence[str], wanted: Sequence[str], taken: Sequence[str]) -> str | None:
    """Return the one column with a word in its name, the earliest word first: ``E-mail text`` has
    text, ``Assigned team`` has team. None where two have the same word: a person must say which.
    """
    last = [column.rpartition(".")[2] for column in columns]
    if any("." in column for column in columns) and len(set(last)) == len(last):
        found = by_word(last, wanted, [one.rpartition(".")[2] for one in taken])
        if found is not None:
            return dict(zip(last, columns, strict=True))[found]
    parts: dict[str, set[str]] = {}
    for column in columns:
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
        parts[column] = {part for part in re.split(r"[\W_]+", spaced.casefold()) if part}
    for word in wanted:
        fits = []
        for column, mine in parts.items():
            if word in mine and column not in taken and not mine & set(_NO_TARGET):
                fits.append(column)
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None
