"""``bench init``: multiple choice from columns -> a question with lettered options, and a letter.

Options stand in columns (choice0 to choice3, option_a to option_d, A to D), in one list, in an
object by their letters, in one text ("(a) 2 (b) 3"), in a list beside marks of which is right, or
as wrong answers beside the right one. The answer is the name an option has in its row, a letter, a
position from 0 or 1 (a person must say which where both fit), or the text of an option. A passage
that the question is about is shown first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.error_words import one_of, show
from claimbench.errors import SuiteError
from claimbench.init.columns import draw, plain
from claimbench.suite.files.records import parse_json
from claimbench.suite.table import DataRow, Table
from claimbench.types import Json

ASKED = "question_with_choices"
RIGHT = "right_choice"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NUMBERED = re.compile(
    r"(?:choice|option|opt|op|answer|ans|distractor|ending|sol|solution|candidate|alternative)"
    r"[ _-]?([0-9]|[a-j])\Z",
    re.I,
)
_WRONG = re.compile(
    r"(?:incorrect|wrong|false|distractor)s?(?:[ _-]?(?:answer|option|choice)s?)?[ _-]?\d?\Z", re.I
)
_LETTERED = re.compile(r"(?:^|(?<=[\s,;|]))[(\[]?\s?([A-Ja-j])\s?[)\].:]\s*")
_LISTS = (
    "choices",
    "options",
    "choices.text",
    "options.text",
    "question.choices",
    "answers",
    "endings",
    "candidates",
    "alternatives",
    "answer_choices",
)
_KEYS = ("label", "key", "id", "letter")
"""Fields that name an option inside a list of objects."""
_PASSAGES = ("context", "passage", "article", "paragraph", "premise", "story", "document")
_ANSWERS = (
    "answer",
    "label",
    "correct",
    "answerkey",
    "answer_key",
    "correct_answer",
    "answer_idx",
    "answer_index",
    "target",
    "gold",
    "correct_option",
    "right_answer",
    "best_answer",
    "correctanswer",
    "cop",
    "gold_index",
    "gold_label",
    "correct_index",
    "correct_choice",
    "correct_answer_index",
    "label_idx",
)
_QUESTIONS = (
    "question.stem",
    "question_stem",
    "question",
    "question_text",
    "query",
    "ctx",
    "context",
    "sentence",
    "goal",
    "input",
    "prompt",
    "stem",
    "startphrase",
    "problem",
)


def with_choices(
    table: Table, seed: int, notes: list[str], first: int | None = None
) -> Table | None:
    """Return the table with two more columns, the question with its options and the right letter;
    None where it is no multiple choice.

    Where the right option always stands at the same place, options are shuffled by ``seed``.
    ``first`` is the position of the first option, 0 or 1, where a person has said it.

    Raises:
        SuiteError: an answer that is none of its row's options, with the line; or positions that
            may count from 0 as well as from 1.
    """
    table = _named_by_place(table, notes)
    folded = {_folded(name): name for name in table.columns}
    question = next((folded[n] for n in _QUESTIONS if n in folded), None)
    if question is None:
        return None
    asked = _asked(folded, question)
    marked = _marked_column(table)
    if marked is not None:
        options, right = marked
        return _made(table, asked, options, right, seed, notes)
    columns = _option_columns(table.columns)
    answer = next((folded[n] for n in _ANSWERS if n in folded and folded[n] not in columns), None)
    if answer is None:
        return None
    wrong = [c for c in table.columns if _WRONG.match(c.strip()) and c != answer]
    if wrong:
        return _beside_wrong(table, asked, answer, wrong, seed, notes)
    names: list[list[str]] = []
    if columns:
        options = []
        for row in table.rows:
            cells = [plain(row.values.get(column)) for column in columns]
            options.append([cell for cell in cells if cell])
        said = f"options in the columns {one_of(columns, 10)}"
    else:
        lists = [folded[n] for n in _LISTS if n in folded and folded[n] != answer]
        head = table.rows[:20]
        listed = next((c for c in lists if all(_is_list(r.values.get(c)) for r in head)), None)
        if listed is None:
            return _in_text(table, asked, _Answer(answer, first), lists, seed, notes)
        options = [_listed(row.values.get(listed), table, row) for row in table.rows]
        names = [_names(row, listed, mine) for row, mine in zip(table.rows, options, strict=True)]
        said = f"options in the column {listed}"
    notes.append(f"multiple choice: {said}, the answer in {answer}")
    if len(asked) > 1:
        notes.append(f"{asked[0]} is shown before {asked[1]}")
    right = _positions(table, _Answer(answer, first), options, names, notes)
    return _made(table, asked, options, right, seed, notes)


def _named_by_place(table: Table, notes: list[str]) -> Table:
    """Name the columns of a table without a header that holds a question, options and a letter, as
    MMLU's files do.
    """
    places = [f"column_{i}" for i in range(1, len(table.columns) + 1)]
    width = len(places) - 2
    if not 2 <= width <= len(_LETTERS) or list(table.columns) != places:
        return table
    letters = {plain(row.values.get(places[-1])) for row in table.rows}
    if len(letters) < 2 or not letters <= set(_LETTERS[:width]):
        return table
    names = ["question", *_LETTERS[:width], "answer"]
    notes.append(f"no header: a question, {width} options and the letter of the right one")
    rows = []
    for row in table.rows:
        cells = [row.values.get(place) for place in places]
        rows.append(DataRow(dict(zip(names, cells, strict=True)), row.line))
    return replace(table, columns=tuple(names), rows=tuple(rows))


def _asked(folded: Mapping[str, str], question: str) -> tuple[str, ...]:
    """Return the columns of what is asked: the passage that the question is about, and it."""
    passage = next((folded[n] for n in _PASSAGES if n in folded), None)
    return (question,) if passage is None or passage == question else (passage, question)


def _marked_column(table: Table) -> tuple[list[list[str]], list[int]] | None:
    """Return options that are marked as right or wrong: in two lists, or in an object of texts with
    0 or 1; None where there are none.
    """
    lists = next((n.removesuffix(".choices") for n in table.columns if n.endswith(".choices")), "")
    options: list[list[str]] = []
    right: list[int] = []
    if lists and f"{lists}.labels" in table.columns:
        for row in table.rows:
            options.append(_listed(row.values.get(f"{lists}.choices"), table, row))
            right.append(_marked(row.values.get(f"{lists}.labels"), table, row))
        return options, right
    column = next((c for c in table.columns if all(map(_marks, _cells(table, c)))), None)
    if column is None:
        return None
    for row in table.rows:
        marks = row.values[column]
        options.append(list(marks))
        right.append(_marked(list(marks.values()), table, row))
    return options, right


def _cells(table: Table, column: str) -> list[Json]:
    return [row.values.get(column) for row in table.rows]


def _marks(cell: Json) -> bool:
    """Tell an object of texts with one of them marked 1, the others 0."""
    if not isinstance(cell, dict) or len(cell) < 2:
        return False
    values = list(cell.values())
    return all(isinstance(v, int) and v in (0, 1) for v in values) and sum(values) == 1


def _beside_wrong(
    table: Table,
    question: Sequence[str],
    answer: str,
    wrong: Sequence[str],
    seed: int,
    notes: list[str],
) -> Table | None:
    """Return options of a right answer and the wrong ones beside it; None where those are no
    texts.
    """
    options = []
    for row in table.rows:
        mine = [plain(row.values.get(answer))]
        for column in wrong:
            value = row.values.get(column)
            mine += _listed(value, table, row) if _is_list(value) else [plain(value)]
        options.append(list(dict.fromkeys(one for one in mine if one)))
    if any(len(mine) < 2 for mine in options):
        return None
    notes.append(f"multiple choice: the right answer in {answer}, wrong ones in {one_of(wrong)}")
    return _made(table, question, options, [0] * len(options), seed, notes)


def _in_text(
    table: Table,
    question: Sequence[str],
    answer: _Answer,
    columns: Sequence[str],
    seed: int,
    notes: list[str],
) -> Table | None:
    """Return options that stand in one text of a column, by their letters; None where there is no
    such column.
    """
    for column in columns:
        options = [_parted(plain(row.values.get(column))) for row in table.rows]
        if any(mine is None for mine in options):
            continue
        found = [mine for mine in options if mine is not None]
        notes.append(
            f"multiple choice: lettered options in the text of {column}, the answer in"
            f" {answer.column}"
        )
        right = _positions(table, answer, found, [], notes)
        return _made(table, question, found, right, seed, notes)
    return None


def _parted(text: str) -> list[str] | None:
    """Return the options of a text such as "(a) 2 (b) 3": their letters must run from A."""
    starts = list(_LETTERED.finditer(text))
    kept: list[re.Match[str]] = []
    for found in starts:
        if len(kept) < len(_LETTERS) and found.group(1).upper() == _LETTERS[len(kept)]:
            kept.append(found)
    if len(kept) < 2 or text[: kept[0].start()].strip():
        return None
    ends = [found.start() for found in kept[1:]] + [len(text)]
    parts = []
    for found, end in zip(kept, ends, strict=True):
        parts.append(text[found.end() : end].strip(" \t\r\n,;|"))
    return parts if all(parts) else None


def unused_options(table: Table, used: Sequence[str]) -> list[str]:
    """Return columns that are called as options are and that nothing shows to the model."""
    names = [c for c in table.columns if _folded(c) in _LISTS[:3] or _folded(c) == "candidates"]
    return [c for c in names if c not in used]


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _option_columns(columns: Sequence[str]) -> tuple[str, ...]:
    numbered: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        found = _NUMBERED.match(column.strip())
        if found is not None:
            stem = column.strip()[: -len(found.group(1))].casefold()
            numbered.setdefault(stem, []).append((found.group(1).casefold(), column))
    best = max(numbered.values(), key=len, default=[])
    if len(best) >= 2:
        return tuple(column for _, column in sorted(best))
    letters = tuple(c for c in sorted(columns) if c.strip() in _LETTERS[:10] and c.strip())
    consecutive = "".join(c.strip() for c in letters) == _LETTERS[: len(letters)]
    return letters if len(letters) >= 2 and consecutive else ()


def _is_list(value: Json) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith("[")
    if isinstance(value, dict):
        return len(value) >= 2 and all(isinstance(one, str | int | float) for one in value.values())
    return isinstance(value, list) and len(value) >= 2


def _names(row: DataRow, column: str, options: Sequence[str]) -> list[str]:
    """Return how a row names its options: by the keys of an object, by a field of its objects, or
    in a list beside them (``choices.label``); empty where it does not.
    """
    value = row.values.get(column)
    parent = column.rpartition(".")[0]
    beside = row.values.get(f"{parent}.label") if parent else None
    if isinstance(value, dict):
        found = [plain(key) for key in value]
    elif isinstance(beside, list):
        found = [plain(one) for one in beside]
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        key = next((k for k in _KEYS if all(k in one for one in value)), "")
        found = [plain(one.get(key)) for one in value] if key else []
    else:
        found = []
    return found if len(found) == len(options) and len(set(found)) == len(found) else []


def _listed(value: Json, table: Table, row: DataRow) -> list[str]:
    if isinstance(value, str):
        value = parse_json(value, table.path, row.line)
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or len(value) < 2:
        raise SuiteError(
            f"the options are {show(value)}, not a list", path=table.path, line=row.line
        )
    texts = []
    for item in value:
        inside = item.get("text", item.get("value")) if isinstance(item, dict) else item
        texts.append(plain(inside))
    return texts


def _marked(marks: Json, table: Table, row: DataRow) -> int:
    right = [i for i, mark in enumerate(marks) if mark] if isinstance(marks, list) else []
    if len(right) != 1:
        raise SuiteError(
            f"{len(right)} options are marked right, not one", path=table.path, line=row.line
        )
    return right[0]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The column of right answers; ``first``: the first option's position, where it is known."""

    column: str
    first: int | None = None


def _positions(
    table: Table,
    answer: _Answer,
    options: Sequence[Sequence[str]],
    names: Sequence[Sequence[str]],
    notes: list[str],
) -> list[int]:
    """Return where each row's right option stands, from 0; ``names`` are what rows call their
    options.
    """
    column = answer.column
    cells = [plain(row.values.get(column)) for row in table.rows]
    numbers = [int(cell) for cell in cells if re.fullmatch(r"\d{1,2}", cell)]
    texts = sum(cell in mine for cell, mine in zip(cells, options, strict=True))
    by_number = len(numbers) == len(cells) and texts < len(cells)
    by_name = bool(names) and all(map(list.__contains__, map(list, names), cells))
    first = None
    if by_number and not by_name:
        first = _first_position(table, answer, numbers, options)
        notes.append(f"{column} holds positions; the first option is {first}")
    found = []
    for index, (row, cell, mine) in enumerate(zip(table.rows, cells, options, strict=True)):
        called = list(names[index]) if names else []
        if cell in called:
            found.append(called.index(cell))
            continue
        position = _position(cell, mine, first)
        if position is None:
            raise SuiteError(
                f"the answer '{cell}' (column '{column}') is none of the {len(mine)} options",
                path=table.path,
                line=row.line,
                hint=(
                    "an answer is a letter, a position, or the text of an option; or name columns"
                    " with --input and --target"
                ),
            )
        found.append(position)
    return found


def _first_position(
    table: Table, answer: _Answer, numbers: Sequence[int], options: Sequence[Sequence[str]]
) -> int:
    """Return the number that the first option has: as stated, else by what the positions allow.

    Raises:
        SuiteError: they may count from 0 as well as from 1.
    """
    if answer.first is not None:
        return answer.first
    if 0 in numbers:  # what columns are called proves nothing: PIQA has sol1, sol2 and 0, 1
        return 0
    if any(number >= len(mine) for number, mine in zip(numbers, options, strict=True)):
        return 1
    column, most = answer.column, max(numbers)
    line = table.rows[numbers.index(most)].line
    raise SuiteError(
        f"'{column}' holds positions from {min(numbers)} to {most}: does the first option count 0"
        " or 1?",
        path=table.path,
        line=line,
        hint="say it with --first-option 0 or --first-option 1, or write letters",
    )


def _position(cell: str, options: Sequence[str], first: int | None) -> int | None:
    if first is not None:
        place = int(cell) - first
        return place if 0 <= place < len(options) else None
    if cell in options:
        return list(options).index(cell)
    letter = re.fullmatch(r"[(\[]?([A-Za-z])[)\].:]?", cell)
    if letter is not None and _LETTERS.index(letter.group(1).upper()) < len(options):
        return _LETTERS.index(letter.group(1).upper())
    same = [i for i, option in enumerate(options) if option.casefold() == cell.casefold()]
    return same[0] if same else None


def _made(
    table: Table,
    question: Sequence[str],
    options: Sequence[Sequence[str]],
    right: Sequence[int],
    seed: int,
    notes: list[str],
) -> Table:
    always = len(set(right)) == 1 and len(right) > 2
    if always:
        notes.append(
            f"the right option always stands at place {_LETTERS[right[0]]}: options are shuffled"
            f" (seed {seed})"
        )
    rows = []
    for row, mine, place in zip(table.rows, options, right, strict=True):
        order = list(range(len(mine)))
        if always:
            order.sort(key=lambda i, line=row.line: draw(seed, f"{line}/{i}"))  # type: ignore[misc]
        lines = [f"{_LETTERS[at]}. {mine[i]}" for at, i in enumerate(order)]
        shown = [plain(row.values.get(column)) for column in question]
        asked = "\n".join([*(one for one in shown if one), *lines])
        values = {**row.values, ASKED: asked, RIGHT: _LETTERS[order.index(place)]}
        rows.append(DataRow(values, row.line))
    return replace(table, columns=(*table.columns, ASKED, RIGHT), rows=tuple(rows))
