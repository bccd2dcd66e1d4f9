"""Files with samples -> rows with line numbers. JSONL, CSV, TSV and XLSX; nothing is guessed
silently.

A row's values are what the file says: text in CSV, JSON values in JSONL, text, numbers, booleans or
ISO dates in XLSX; ``None`` is an empty cell of a workbook or a JSON null. What they mean for a task
is decided in :mod:`claimbench.suite.samples`.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import json
import math
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.decoding import decode
from claimbench.types import Json

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_FIELD_LIMIT = 64 * 1024 * 1024  # csv's own limit of 128 KiB is shorter than one long document


@dataclass(frozen=True, slots=True)
class DataRow:
    """One record; ``line`` is the line of the file (the row of the sheet) on which it starts."""

    values: dict[str, Json]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: columns in order of appearance, and rows. ``delimiter`` is what a CSV was
    read with.
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[DataRow, ...]
    format: str
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file; ``None`` = find out from the file."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    limit: int | None = None


def read_table(
    file: Path, options: ReadOptions = ReadOptions(), *, shown: str | None = None
) -> Table:
    """Read ``file``; errors are :class:`SuiteError` under the name ``shown``, with the line.

    Raises for: an unreadable file, a wrong byte, malformed JSON or CSV, NaN, duplicate columns,
    ragged rows, formula and error cells, several filled sheets and no choice. An empty table is not
    an error here.
    """
    name = shown or str(file)
    kind = file_format(file, options.format, name)
    try:
        raw = file.read_bytes()
    except OSError as exc:
        raise SuiteError(f"cannot be read: {exc.strerror or exc}", path=name) from None
    if kind == "xlsx":
        return _read_xlsx(raw, options, name)
    text, encoding = decode(raw, options.encoding, name)
    if kind == "jsonl":
        return _read_jsonl(text, options, name)
    delimiter = options.delimiter or ("\t" if kind == "tsv" else _find_delimiter(text))
    return _read_csv(text, delimiter, options, name, kind, encoding)


def file_format(file: Path, declared: str | None, shown: str) -> str:
    """Return the format by declaration or suffix."""
    if declared is not None:
        return declared
    suffix = file.suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    hints = {
        ".xls": "save the workbook as .xlsx",
        ".json": "write one JSON object per line (.jsonl)",
    }
    raise SuiteError(
        f"cannot tell the format from the suffix '{suffix}'",
        path=shown,
        hint=hints.get(suffix, "add `format: jsonl`, csv, tsv or xlsx to the dataset"),
    )


def _read_jsonl(text: str, options: ReadOptions, path: str) -> Table:
    columns: dict[str, None] = {}
    rows: list[DataRow] = []
    # not splitlines(): U+2028 and its like may stand inside a JSON text
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if options.limit is not None and len(rows) >= options.limit:
            break
        values = parse_json(line, path, number)
        if not isinstance(values, dict):
            raise SuiteError(
                f"expected a JSON object on each line, got {show(values)}",
                path=path,
                line=number,
                hint='one sample a line, such as {"id": "1", "text": "…", "label": "…"}',
            )
        columns.update(dict.fromkeys(values))
        rows.append(DataRow(values, number))
    return Table(path, tuple(columns), tuple(rows), "jsonl", encoding="utf-8")


def parse_json(text: str, path: str, line: int | None) -> Json:
    """Parse strict JSON: duplicate keys, NaN, infinities and lone surrogates are errors with the
    line.
    """

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        values = dict(items)
        if len(values) != len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SuiteError(f"duplicate key '{twice}' in the JSON object", path=path, line=line)
        return values

    def constant(word: str) -> Json:
        raise SuiteError(
            f"{word} is not JSON and not a value", path=path, line=line, hint="use null for unknown"
        )

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        text.encode("utf-8")
        if "\\u" in text or "\\U" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as exc:
        at = (line or 1) + exc.lineno - 1
        raise SuiteError(f"not JSON: {exc.msg} at column {exc.colno}", path=path, line=at) from None
    except UnicodeEncodeError:
        raise SuiteError(
            "half of a surrogate pair (\\ud800 to \\udfff) is not text", path=path, line=line
        ) from None
    except RecursionError:
        raise SuiteError("nested too deeply to read", path=path, line=line) from None
    if any(isinstance(number, float) and not math.isfinite(number) for number in _numbers(value)):
        raise SuiteError("a number too large for JSON (it becomes infinite)", path=path, line=line)
    return value


def _numbers(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    else:
        yield value


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(text: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Yield the records of a CSV text with the line each starts on (also in an error's second
    argument).
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for record in reader:
            yield record, start
            start = reader.line_num + 1
    except csv.Error as exc:
        raise csv.Error(str(exc), start) from None


def _find_delimiter(text: str) -> str:
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


def _read_csv(
    text: str, delimiter: str, options: ReadOptions, path: str, kind: str, encoding: str
) -> Table:
    rows: list[DataRow] = []
    columns: tuple[str, ...] = ()
    try:
        with _long_fields():
            for record, line in _records(text, delimiter):
                if not any(cell.strip() for cell in record):
                    continue
                if not columns:
                    columns = _header(record, path, line)
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
    return Table(path, columns, tuple(rows), kind, delimiter, encoding)


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
            " dataset"
        ),
    )


def _header(cells: Sequence[Any], path: str, line: int) -> tuple[str, ...]:
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


def _read_xlsx(raw: bytes, options: ReadOptions, path: str) -> Table:
    import openpyxl  # slow to import, and needed for workbooks alone

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl warns of styles and validations it drops; we read values only
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
            try:
                sheet = _choose_sheet(book, options.sheet, path)
                return _sheet_rows(sheet, options, path)
            finally:
                book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as exc:
        # SyntaxError is the base of the XML parser's ParseError
        raise SuiteError(
            f"not an XLSX workbook: {exc}",
            path=path,
            hint=(
                "open it in a spreadsheet program and save it as .xlsx without a password, or"
                " export it as CSV"
            ),
        ) from None


def _choose_sheet(book: Any, wanted: str | None, path: str) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if wanted is not None:
        if wanted not in names:
            raise SuiteError(
                f"no sheet '{wanted}'{did_you_mean(wanted, names)}",
                path=path,
                hint=f"sheets: {one_of(names)}",
            )
        return book[wanted]
    filled = [
        sheet
        for sheet in book.worksheets
        if any(_filled(row) for row in sheet.iter_rows(max_row=50))
    ]
    if len(filled) > 1:
        raise SuiteError(
            f"{len(filled)} sheets hold data: {one_of(sheet.title for sheet in filled)}",
            path=path,
            hint=f"add `sheet: {filled[0].title}` to the dataset",
        )
    return filled[0] if filled else book.worksheets[0]


def _filled(row: Sequence[Any]) -> bool:
    return any(cell.value is not None and str(cell.value).strip() for cell in row)


def _sheet_rows(sheet: Any, options: ReadOptions, path: str) -> Table:
    columns: tuple[str, ...] = ()
    rows: list[DataRow] = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if not _filled(cells):
            continue
        values = [
            _cell(cell, position, number, sheet.title, path)
            for position, cell in enumerate(cells, start=1)
        ]
        if not columns:
            while values and (values[-1] is None or not str(values[-1]).strip()):
                values.pop()
            columns = _header(values, path, number)
            continue
        if options.limit is not None and len(rows) >= options.limit:
            break
        extra = next(
            (i for i, value in enumerate(values[len(columns) :]) if value not in (None, "")), None
        )
        if extra is not None:
            where = _coordinate(len(columns) + extra + 1, number)
            raise SuiteError(
                f"cell {sheet.title}!{where} has no column name above it", path=path, line=number
            )
        padded = values[: len(columns)] + [None] * (len(columns) - len(values))
        rows.append(DataRow(dict(zip(columns, padded, strict=True)), number))
    return Table(path, columns, tuple(rows), "xlsx")


def _coordinate(column: int, row: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column)}{row}"


def _cell(cell: Any, column: int, row: int, sheet: str, path: str) -> Json:
    """Return a cell's value; refuse formulas, whose cached result nobody has checked, and error
    values.
    """
    value = cell.value
    if value is None:
        return None
    where = f"{sheet}!{_coordinate(column, row)}"
    if cell.data_type == "f":
        formula = str(getattr(value, "text", None) or value)
        raise SuiteError(
            f"cell {where} holds the formula {show(formula)}",
            path=path,
            line=row,
            hint=(
                "replace formulas by their values (copy, paste special, values): a stored result"
                " may be stale"
            ),
        )
    if cell.data_type == "e":
        raise SuiteError(f"cell {where} holds the error {value}", path=path, line=row)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise SuiteError(f"cell {where} is {value}", path=path, line=row)
    return value if isinstance(value, bool | int | float) else str(value)
