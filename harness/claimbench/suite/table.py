"""A file as rows with line numbers, and how it is asked to be read."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.types import Json


@dataclass(frozen=True, slots=True)
class DataRow:
    """One record; ``line`` is the line of the file (the row of the sheet, the number of the record
    inside a JSON document) on which it starts.
    """

    values: dict[str, Json]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: columns in order of appearance, and rows. ``delimiter`` is what a CSV was
    read with; ``notes`` say what a reader must know, such as hidden rows.
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[DataRow, ...]
    format: str
    delimiter: str | None = None
    encoding: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file; ``None`` = find out from the file.

    ``wide`` also reads what suites do not: JSON documents, Parquet, plain text and gzip.
    ``records`` is the dotted path of the list inside a JSON document. ``quote`` is the quote
    character of a CSV, "" for none. ``header`` False: the first line is data; None: find out (CSV).
    ``nan_is_null`` reads the NaN that Python tools write as null.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    limit: int | None = None
    wide: bool = False
    records: str | None = None
    quote: str | None = None
    header: bool | None = True
    nan_is_null: bool = False
