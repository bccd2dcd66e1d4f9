"""Files with samples -> rows with line numbers; nothing is guessed silently.

Suites read JSONL, CSV, TSV and XLSX. ``bench init`` and ``bench import`` ask for a wide reading:
JSON documents, Parquet, plain text, and each of them under gzip. A row's values are what the file
says: text in CSV, JSON values in JSONL, text, numbers, booleans or ISO dates in XLSX; ``None`` is
an empty cell of a workbook or a JSON null. What they mean for a task is decided in
:mod:`claimbench.suite.samples`.
"""

from __future__ import annotations

import json
import stat
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.suite.decoding import decode
from claimbench.suite.files.delimited import read_delimited
from claimbench.suite.files.foreign import refuse_foreign, without_fence
from claimbench.suite.files.records import parse_json, read_json, read_jsonl
from claimbench.suite.files.workbooks import read_xlsx
from claimbench.suite.table import DataRow, ReadOptions, Table

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
WIDE_FORMATS = {**FORMATS, ".json": "json", ".parquet": "parquet", ".txt": "txt"}
MOST_BYTES = 1024 * 2**20
"""Bytes of a file, and of what gzip unpacks, that are read at most."""
MOST_PARQUET_ROWS = 5_000_000
_PARQUET_BATCH = 500
_AS_FOUND = ReadOptions()
_HINTS = {".xls": "save the workbook as .xlsx", ".json": "write one JSON object per line (.jsonl)"}


def read_table(file: Path, options: ReadOptions = _AS_FOUND, *, shown: str | None = None) -> Table:
    """Read ``file``; errors are :class:`SuiteError` under the name ``shown``, with the line.

    Raises for: an unreadable file, a wrong byte, malformed JSON or CSV, NaN, duplicate columns,
    ragged rows, formula and error cells, several filled sheets and no choice, a file beyond
    :data:`MOST_BYTES`. An empty table is not an error here.
    """
    name = shown or str(file)
    inner = file
    zipped = options.wide and file.suffix.lower() == ".gz"
    if zipped:
        inner = file.with_suffix("")
    raw = read_limited(file, name)
    if zipped:
        raw = _unzipped(raw, name)
    kind = _kind(inner, options, name, raw)
    refuse_foreign(raw, kind, name)
    if kind == "xlsx":
        return read_xlsx(raw, options, name)
    if kind == "parquet":
        return _read_parquet(raw, options, name)
    text, encoding = decode(raw, options.encoding, name)
    if "\0" in text[:65536]:
        raise SuiteError("not text: it holds zero bytes", path=name, hint="is it another format?")
    text, notes = without_fence(text) if options.wide else (text, ())
    table = _read_decoded(text, encoding, kind, options, name)
    return replace(table, notes=(*notes, *table.notes)) if notes else table


def _kind(inner: Path, options: ReadOptions, name: str, raw: bytes) -> str:
    """Return the format; what the bytes are is said first where the suffix says nothing."""
    try:
        return file_format(inner, options.format, name, wide=options.wide)
    except SuiteError:
        refuse_foreign(raw, None, name)
        raise


def _read_decoded(text: str, encoding: str, kind: str, options: ReadOptions, name: str) -> Table:
    if kind == "jsonl":
        return read_jsonl(text, options, name)
    if kind == "json":
        return read_json(text, options, name)
    if kind == "txt":
        return _read_text(text, options, name, encoding)
    delimiter = options.delimiter or ("\t" if kind == "tsv" else None)
    return read_delimited(text, delimiter, options, name, kind, encoding)


def read_limited(
    file: Path, shown: str, *, most: int = MOST_BYTES, missing: str | None = None
) -> bytes:
    """Read a regular file of at most ``most`` bytes.

    Raises:
        SuiteError: it is none, or cannot be read; then with ``missing`` as its hint.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise SuiteError("not a regular file (a pipe or a device)", path=shown)
        if status.st_size > most:
            raise SuiteError(
                f"{status.st_size / 2**20:,.0f} MiB, more than {most // 2**20:,} MiB are not read",
                path=shown,
                hint="split the file, or take a random part of its rows",
            )
        raw = file.read_bytes()
    except OSError as exc:
        message = f"cannot be read: {exc.strerror or exc}"
        raise SuiteError(message, path=shown, hint=missing) from None
    if raw.startswith(b"version https://git-lfs.github.com/spec/"):
        raise SuiteError(
            "a pointer of Git LFS, not the file itself", path=shown, hint="fetch it: git lfs pull"
        )
    return raw


def _unzipped(raw: bytes, path: str) -> bytes:
    """Unpack every member of a gzip file, and no more bytes than any table has."""
    data, rest = b"", raw
    try:
        while rest.strip(b"\0") and len(data) <= MOST_BYTES:
            unpacker = zlib.decompressobj(wbits=31)
            data += unpacker.decompress(rest, MOST_BYTES + 1 - len(data))
            if not unpacker.eof and len(data) <= MOST_BYTES:
                raise EOFError("the end is missing")
            rest = unpacker.unused_data
    except (OSError, EOFError, zlib.error) as exc:
        raise SuiteError(f"not gzip, or cut short: {exc}", path=path) from None
    if len(data) > MOST_BYTES:
        raise SuiteError(f"unpacks to more than {MOST_BYTES // 2**20:,} MiB", path=path)
    return data


def file_format(file: Path, declared: str | None, shown: str, *, wide: bool = False) -> str:
    """Return the format by declaration or suffix."""
    if declared is not None:
        return declared
    suffix = file.suffix.lower()
    known = WIDE_FORMATS if wide else FORMATS
    if suffix in known:
        return known[suffix]
    if wide:
        hint = _HINTS[".xls"] if suffix == ".xls" else f"files that are read: {one_of(known, 12)}"
    else:
        hint = _HINTS.get(suffix, "add `format: jsonl`, csv, tsv or xlsx to the dataset")
    raise SuiteError(f"cannot tell the format from the suffix '{suffix}'", path=shown, hint=hint)


def _read_text(text: str, options: ReadOptions, path: str, encoding: str) -> Table:
    """Read plain text: JSON where it is some, tab-separated where each line has the same tabs,
    else by the delimiter that is stated.
    """
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return read_json(text, options, path)
    lines = [line for line in text.split("\n") if line.strip()]
    tabs = {line.count("\t") for line in lines[:500]}
    if options.delimiter is None and len(tabs) == 1 and tabs != {0}:
        quote = "" if options.quote is None else options.quote
        return read_delimited(text, "\t", replace(options, quote=quote), path, "tsv", encoding)
    if options.delimiter is None:
        raise SuiteError(
            "plain text without columns: each line needs an input and its target",
            path=path,
            line=1,
            hint="separate them by tabs, or say what separates them: --delimiter ';'",
        )
    return read_delimited(text, options.delimiter, options, path, "csv", encoding)


def _read_parquet(raw: bytes, options: ReadOptions, path: str) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise SuiteError(
            "Parquet needs pyarrow, which is not installed",
            path=path,
            hint="pip install 'claimbench[parquet]'",
        ) from None
    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        if file.metadata.num_rows > MOST_PARQUET_ROWS:
            raise SuiteError(
                f"{file.metadata.num_rows:,} rows, more than {MOST_PARQUET_ROWS:,} are not read",
                path=path,
            )
        found: list[dict[str, Any]] = []
        unpacked = 0
        for batch in file.iter_batches(batch_size=_PARQUET_BATCH):
            unpacked += batch.nbytes
            if unpacked > MOST_BYTES:
                raise SuiteError(
                    f"unpacks to more than {MOST_BYTES // 2**20:,} MiB",
                    path=path,
                    hint="split the file, or leave out columns that nobody needs",
                )
            found += batch.to_pylist()
            if options.limit is not None and len(found) >= options.limit:
                break
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise SuiteError(
            f"not a Parquet file: {str(exc).splitlines()[0][:200]}", path=path
        ) from None
    rows = []
    for number, values in enumerate(found[: options.limit], start=1):
        rows.append(DataRow(json.loads(json.dumps(values, default=str)), number))
    columns = tuple(str(name) for name in file.schema_arrow.names)
    return Table(path, columns, tuple(rows), "parquet")


__all__ = [
    "FORMATS",
    "MOST_BYTES",
    "WIDE_FORMATS",
    "DataRow",
    "ReadOptions",
    "Table",
    "file_format",
    "parse_json",
    "read_limited",
    "read_table",
]
