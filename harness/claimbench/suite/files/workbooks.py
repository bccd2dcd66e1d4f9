"""Workbooks (XLSX) -> rows. Formulas are refused, hidden rows and columns are said."""

from __future__ import annotations

import datetime
import io
import math
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.files.delimited import header
from claimbench.suite.table import DataRow, ReadOptions, Table
from claimbench.types import Json

MOST_UNPACKED = 512 * 2**20
"""Bytes that a workbook may unpack to; a spreadsheet program itself stops near this."""
MOST_ROWS = 1_048_576
"""Rows that a sheet can have."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ZEROS = re.compile(r"0{2,20}\Z")


def read_xlsx(raw: bytes, options: ReadOptions, path: str) -> Table:
    """Read one sheet; raises SuiteError for formulas, errors, and several filled sheets and no
    choice.
    """
    _check_size(raw, path)
    import openpyxl  # slow to import, and needed for workbooks alone

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl warns of styles and validations it drops; we read values only
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
            try:
                sheet = _choose_sheet(book, options.sheet, path)
                return _sheet_rows(sheet, options, path, _hidden(raw, sheet))
            finally:
                book.close()
    except _DAMAGED as exc:
        raise SuiteError(
            f"not an XLSX workbook: {exc}",
            path=path,
            hint=(
                "open it in a spreadsheet program and save it as .xlsx without a password, or"
                " export it as CSV"
            ),
        ) from None


_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    OSError,
    SyntaxError,  # the base of the XML parser's ParseError
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,  # an encrypted member, and nesting without end
    EOFError,
    OverflowError,
    struct.error,
)
"""What openpyxl and zipfile raise for a file that is damaged, or made to look like a workbook."""


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


def _sheet_rows(sheet: Any, options: ReadOptions, path: str, hidden: str | None) -> Table:
    columns: tuple[str, ...] = ()
    rows: list[DataRow] = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > MOST_ROWS:
            raise SuiteError(f"more than {MOST_ROWS:,} rows: no sheet has as many", path=path)
        if not _filled(cells):
            continue
        values = [
            _cell(cell, position, number, sheet.title, path)
            for position, cell in enumerate(cells, start=1)
        ]
        if not columns:
            while values and (values[-1] is None or not str(values[-1]).strip()):
                values.pop()
            columns = header(values, path, number)
            continue
        if options.limit is not None and len(rows) >= options.limit:
            break
        extra = next(
            (i for i, value in enumerate(values[len(columns) :]) if value not in (None, "")), None
        )
        if extra is not None:
            where = _coordinate(len(columns) + extra + 1, number)
            raise SuiteError(
                f"cell {sheet.title}!{where} has no column name above it",
                path=path,
                line=number,
                hint=(
                    "the first row that is not empty names the columns: delete titles above the"
                    " table, or name this column"
                ),
            )
        padded = values[: len(columns)] + [None] * (len(columns) - len(values))
        rows.append(DataRow(dict(zip(columns, padded, strict=True)), number))
    return Table(path, columns, tuple(rows), "xlsx", notes=() if hidden is None else (hidden,))


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
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _padded(value, getattr(cell, "number_format", None))
    return _unescaped(str(value))


def _padded(value: int | float, number_format: str | None) -> Json:
    """Return a number that a format of zeros shows with leading ones (``00000``) as that text."""
    zeros = _ZEROS.match(number_format or "")
    if zeros is None or value != int(value) or value < 0:
        return value
    return str(int(value)).zfill(len(zeros.group()))


def _unescaped(text: str) -> str:
    """Decode the format's escapes for characters that XML cannot hold: ``_x000D_`` is a carriage
    return (as an end of line, a line feed), ``_x005F_`` an underscore that would look like one.
    """
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    if any("\ud800" <= char <= "\udfff" for char in plain):
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain.replace("\r\n", "\n").replace("\r", "\n")


def _check_size(raw: bytes, path: str) -> None:
    """Refuse a workbook that unpacks to more than any real one."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except _DAMAGED:
        return  # the reader says what is wrong
    if size > MOST_UNPACKED:
        raise SuiteError(
            f"the workbook unpacks to {size / 2**20:,.0f} MiB, more than"
            f" {MOST_UNPACKED // 2**20} MiB",
            path=path,
            hint="save the sheet that holds the data as CSV",
        )


def _hidden(raw: bytes, sheet: Any) -> str | None:
    """Say how many rows of a sheet are hidden (by a filter, say): they are read like the others."""
    member = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            xml = archive.read(member)
    except _DAMAGED:
        return None
    hidden = [
        tag for tag in re.findall(rb"<row\b[^>]*>", xml) if re.search(rb'\bhidden="(1|true)"', tag)
    ]
    if not hidden:
        return None
    first = re.search(rb'\br="(\d+)"', hidden[0])
    where = f" (the first: row {int(first.group(1))})" if first else ""
    rows = "row is" if len(hidden) == 1 else "rows are"
    return (
        f"{len(hidden)} hidden {rows} read like the others{where}; delete them if they do not"
        " belong"
    )
