"""CSV, TSV and their like -> rows; what cannot be read one way only is an error with its line."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from claimbench.errors import SuiteError
from claimbench.suite.table import DataRow, ReadOptions, Table

_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_FIELD_LIMIT = 64 * 1024 * 1024  # csv's own limit of 128 KiB is shorter than one long document
_SEP = re.compile(r'"?sep=(.)"?[;,\t]*\r?(?:\n|\Z)', re.IGNORECASE)
_LONG_NAME = 60
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS = re.compile(r"[\W_\d]+")
_USUAL_NAMES = re.compile(
    r"(id|uid|text|question|query|input|prompt|label|answer|target|class|category|intent|score|"
    r"model|name|title|body|message|sentence|output|gold|expected|choices?|topic|subject|team)",
    re.IGNORECASE,
)


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(
    text: str, delimiter: str, quote: str | None = None, first: int = 1
) -> Iterator[tuple[list[str], int]]:
    """Yield the records of a CSV text with the line each starts on (also in an error's second
    argument); ``first`` is the number of its first line, ``quote`` "" reads quotes as text.
    """
    plain = quote == ""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        strict=True,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        quotechar=None if plain else quote or '"',
    )
    start = first
    try:
        for record in reader:
            yield record, start
            start = reader.line_num + first
    except csv.Error as exc:
        raise csv.Error(str(exc), start) from None


def find_delimiter(text: str) -> str:
    """Find the delimiter under which the first records are most regular; a single column counts as
    comma.
    """
    best = ","
    best_key = (0.0, 0)
    for delimiter in _DELIMITERS:
        widths: list[int] = []
        with contextlib.suppress(csv.Error), _long_fields():
            for record, _ in _records(text, delimiter):
                if record:
                    widths.append(len(record))
                if len(widths) >= 200:
                    break
        if not widths or widths[0] < 2:
            continue
        key = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if key > best_key:
            best = delimiter
            best_key = key
    return best


def read_delimited(
    text: str, delimiter: str | None, options: ReadOptions, path: str, kind: str, encoding: str
) -> Table:
    """Read a CSV; a first line ``sep=;`` names the delimiter, as spreadsheet programs write it.

    Raises:
        SuiteError: a ragged row, a wrong quote, a column name twice, with the line.
    """
    rows: list[DataRow] = []
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first = 1
    told = _SEP.match(text)
    if told is not None:
        text, first = text[told.end() :], 2
        delimiter = options.delimiter or told.group(1)
    delimiter = delimiter or find_delimiter(text)
    try:
        with _long_fields():
            for record, line in _records(text, delimiter, options.quote, first):
                if not any(cell.strip() for cell in record):
                    continue
                if not columns and _has_header(text, delimiter, options):
                    columns = header(record, path, line)
                    continue
                if not columns:
                    columns = tuple(f"column_{i}" for i in range(1, len(record) + 1))
                    notes = (f"no header: columns are called {columns[0]} to {columns[-1]}",)
                if delimiter == "|" and not rows and _is_rule(record):
                    notes = (*notes, "a Markdown table: its rule under the header is no row")
                    continue
                if options.limit is not None and len(rows) >= options.limit:
                    break
                if len(record) != len(columns):
                    raise _ragged(record, columns, delimiter, path, line)
                rows.append(DataRow(dict(zip(columns, record, strict=True)), line))
    except csv.Error as exc:
        raise SuiteError(
            f"not CSV: {exc.args[0]} in the record that starts here",
            path=path,
            line=exc.args[1],
            hint='a field that holds a quote is quoted, and its quotes doubled: "say ""hi"""',
        ) from None
    return Table(path, columns, tuple(rows), kind, delimiter, encoding, notes)


def _is_rule(record: Sequence[str]) -> bool:
    """Tell the line under the header of a Markdown table: |---|:--:|."""
    filled = [cell.strip() for cell in record if cell.strip()]
    return bool(filled) and all(re.fullmatch(r":?-+:?", cell) for cell in filled)


def _has_header(text: str, delimiter: str, options: ReadOptions) -> bool:
    """Tell whether the first record names columns; ``options.header`` decides where stated."""
    if options.header is not None:
        return options.header
    records: list[list[str]] = []
    for record, _ in _records(text, delimiter, options.quote):
        if any(cell.strip() for cell in record):
            records.append([cell.strip() for cell in record])
        if len(records) >= 500:
            break
    return names_columns(records)


def _is_usual(cell: str) -> bool:
    """Tell a name such as ``label``, ``E-mail text`` or ``questionId``: a few words, one of them a
    usual one.
    """
    words = [word for word in _WORDS.split(_CAMEL.sub(" ", cell)) if word]
    return len(words) <= 3 and any(_USUAL_NAMES.fullmatch(word) for word in words)


def names_columns(records: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first of a table's records names its columns.

    It does not where a cell of it comes again further down its column (labels do), is a number or a
    whole sentence, or where two of its cells are equal; usual names speak for it.
    """
    first, *rest = records
    for position, cell in enumerate(first):
        column = [record[position] for record in rest if position < len(record)]
        if cell and cell in column and len(set(column)) < len(column):
            return False
    if not rest or any(_is_usual(cell) for cell in first):
        return True
    filled = [cell for cell in first if cell]
    if len(set(filled)) < len(filled):
        return False
    return not any(
        len(cell) > _LONG_NAME or re.fullmatch(r"[-+]?\d+([.,]\d+)?", cell) for cell in filled
    )


def _ragged(
    record: Sequence[str], columns: Sequence[str], delimiter: str, path: str, line: int
) -> SuiteError:
    named = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    return SuiteError(
        f"{len(record)} fields where the header has {len(columns)} (read with the delimiter"
        f" {named})",
        path=path,
        line=line,
        hint=(
            "put fields that hold the delimiter in double quotes, or state `delimiter:` in the"
            " dataset (bench init: --delimiter, and --quote for other quotes)"
        ),
    )


def header(cells: Sequence[Any], path: str, line: int) -> tuple[str, ...]:
    """Name the columns; one without a name (an exported index, say) is called after its
    position.
    """
    names = []
    for number, cell in enumerate(cells, start=1):
        text = "" if cell is None else str(cell).strip()
        names.append(text or f"column_{number}")
    for position, name in enumerate(names, start=1):
        if names.index(name) != position - 1:
            first = names.index(name) + 1
            raise SuiteError(
                f"two columns are named '{name}' (columns {first} and {position})",
                path=path,
                line=line,
            )
    return tuple(names)
