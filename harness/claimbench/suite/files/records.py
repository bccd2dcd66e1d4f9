"""JSON -> rows: JSON Lines (objects, or lists under a first line of names), and whole documents."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence

from claimbench.error_words import one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.files.delimited import names_columns
from claimbench.suite.files.json_shapes import documents, shaped
from claimbench.suite.table import DataRow, ReadOptions, Table
from claimbench.types import Json

_DEPTH = 4
"""How deep lists of records are looked for in a document."""
_MOST_DOTTED = 200


def read_jsonl(text: str, options: ReadOptions, path: str) -> Table:
    """Read JSON Lines; raises SuiteError with the line of one that is no object."""
    columns: dict[str, None] = {}
    rows: list[DataRow] = []
    names = _unnamed(text, options)
    notes: tuple[str, ...] = ()
    if names is not None:
        columns.update(dict.fromkeys(names))
        notes = (f"no header: columns are called {names[0]} to {names[-1]}",)
    # not splitlines(): U+2028 and its like may stand inside a JSON text
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if options.limit is not None and len(rows) >= options.limit:
            break
        values = parse_json(line, path, number, nan_is_null=options.nan_is_null)
        if options.wide and isinstance(values, list) and (names is not None or not rows):
            if names is None:
                names = _names(values, path, number)
                columns.update(dict.fromkeys(names))
            else:
                rows.append(DataRow(_paired(names, values, path, number), number))
            continue
        if not isinstance(values, dict) or names is not None:
            raise SuiteError(
                f"expected a JSON object on each line, got {show(values)}",
                path=path,
                line=number,
                hint='one sample a line, such as {"id": "1", "text": "…", "label": "…"}',
            )
        columns.update(dict.fromkeys(values))
        rows.append(DataRow(values, number))
    return Table(path, tuple(columns), tuple(rows), "jsonl", encoding="utf-8", notes=notes)


def _unnamed(text: str, options: ReadOptions) -> list[str] | None:
    """Return names for the columns of lines that are lists without a first line of names; None
    where the first line names them, or lines are no lists.
    """
    if not options.wide or options.header is True or text.lstrip()[:1] != "[":
        return None
    records: list[list[str]] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            return None  # the reader says where
        if not isinstance(values, list):
            return None
        records.append(["" if v is None else str(v).strip() for v in values])
        if len(records) >= 500:
            break
    if not records or (options.header is None and names_columns(records)):
        return None
    return [f"column_{i}" for i in range(1, len(records[0]) + 1)]


def _names(values: list[Json], path: str, line: int) -> list[str]:
    if not values or not all(isinstance(v, str) and v.strip() for v in values):
        raise SuiteError(
            f"a list on the first line that names no columns: {show(values)}",
            path=path,
            line=line,
            hint='lists need a first line of names, such as ["text", "label"]',
        )
    if len(set(values)) != len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise SuiteError(f"two columns are named '{twice}'", path=path, line=line)
    return [str(v) for v in values]


def _paired(names: Sequence[str], values: Json, path: str, line: int) -> dict[str, Json]:
    if not isinstance(values, list) or len(values) != len(names):
        raise SuiteError(
            f"expected a list of {len(names)} values as on the first line, got {show(values)}",
            path=path,
            line=line,
        )
    return dict(zip(names, values, strict=True))


def read_json(text: str, options: ReadOptions, path: str) -> Table:
    """Read a JSON document: a list of records, an object of lists, or records inside it.

    ``options.records`` is the dotted path of the records; without it the document's only list of
    objects is taken, and that is noted. A file of JSON Lines under the wrong suffix is read as
    such. Lines of the result are numbers of records.

    Raises:
        SuiteError: no records or several lists of them, with the paths that there are.
    """
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("{") and first.rstrip().endswith("}") and rest.lstrip().startswith("{"):
        return read_jsonl(text, options, path)
    try:
        document = parse_json(text.removeprefix("\ufeff"), path, 1, nan_is_null=options.nan_is_null)
    except SuiteError as exc:
        several = _one_after_the_other(text) if "Extra data" in exc.message else None
        if several is None:
            raise
        return _joined(several, options, path)
    found = records_at(document, options.records, path)
    rows = [DataRow(values, number) for number, values in enumerate(found.rows, start=1)]
    columns = dict.fromkeys(name for row in rows for name in row.values)
    return Table(
        found.path, tuple(columns), tuple(rows[: options.limit]), "json", notes=tuple(found.notes)
    )


def _one_after_the_other(text: str) -> list[tuple[str, int]] | None:
    """Return objects that stand one after the other, each over several lines; None for a single
    document, and for what is no JSON, which the reader says.
    """
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    try:
        found = list(documents(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return None
    alike = len(found) > 1 and all(one.startswith("{") for one, _ in found)
    return found if alike else None


def _joined(several: Sequence[tuple[str, int]], options: ReadOptions, path: str) -> Table:
    rows = []
    for one, line in several[: options.limit]:
        values = parse_json(one, path, line, nan_is_null=options.nan_is_null)
        if isinstance(values, dict):
            rows.append(DataRow(values, line))
    columns = dict.fromkeys(name for row in rows for name in row.values)
    note = f"read {len(rows)} JSON objects that stand one after the other"
    return Table(path, tuple(columns), tuple(rows), "json", notes=(note,))


class Records:
    """Records found in a document, the name that errors give their place, and notes."""

    def __init__(self, rows: list[dict[str, Json]], path: str, notes: Sequence[str] = ()) -> None:
        self.rows = rows
        self.path = path
        self.notes = notes


def records_at(document: Json, where: str | None, path: str) -> Records:
    """Return the records of a document at a dotted path, or its only ones."""
    if where is not None:
        value = _walk(document, where, path)
        rows = _as_records(value)
        if rows is None:
            raise SuiteError(
                f"--records {where}: {_said(value)}, not records",
                path=path,
                hint=_there(document),
            )
        return Records(rows, f"{path} ({where})")
    known = shaped(document)
    rows = _as_records(document if known is None else known[0])
    if rows is not None:
        return Records(rows, path, [] if known is None else [f"read as {known[1]}"])
    inside = list(_lists(document))
    if len(inside) == 1:
        name, rows = inside[0]
        note = f"read the {len(rows)} records at '{name}', the only ones; --records names others"
        return Records(rows, f"{path} ({name})", [note])
    if not inside:
        raise SuiteError(
            f"no list of records in it: {_said(document)}",
            path=path,
            hint='records are objects in a list, such as [{"text": "…", "label": "…"}]',
        )
    raise SuiteError(f"{len(inside)} lists of records in it", path=path, hint=_there(document))


def _there(document: Json) -> str:
    shown = [f"{name} ({len(rows)} records)" for name, rows in _lists(document)]
    shown += [f"{name} (inside each of them)" for name in _inner(document)]
    return (
        f"say which with --records PATH; there are: {one_of(shown)}"
        if shown
        else ("there are no lists of objects in it")
    )


def _walk(document: Json, where: str, path: str) -> Json:
    value = document
    for step in where.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and not step.isdecimal() and _have(value, step):
            value = _children(value, step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise SuiteError(
                f"--records {where}: there is no '{step}'", path=path, hint=_there(document)
            )
    return value


def _have(rows: list[Json], step: str) -> bool:
    return any(isinstance(row, dict) and isinstance(row.get(step), list) for row in rows)


def _children(rows: list[Json], step: str) -> list[Json]:
    """Return the records inside each record, with the plain fields of the outer one (SQuAD's
    questions with their passage); a field of their own comes first.
    """
    made: list[Json] = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        outer = {k: v for k, v in row.items() if not isinstance(v, dict | list)}
        inner = row.get(step)
        for child in inner if isinstance(inner, list) else []:
            made.append({**outer, **child} if isinstance(child, dict) else child)
    return made


def _inner(document: Json) -> list[str]:
    """Return the paths of records inside records."""
    found = []
    level = [(name, rows) for name, rows in _lists(document)]
    for _ in range(_DEPTH):
        deeper = []
        for name, rows in level:
            for key in dict.fromkeys(key for row in rows[:20] for key in row):
                children = [c for c in _children(list(rows[:20]), key) if isinstance(c, dict)]
                if children and not key.startswith("_"):
                    deeper.append((f"{name}.{key}", children))
        found += [name for name, _ in deeper]
        level = deeper
    return found[:20]


def _said(value: Json) -> str:
    if isinstance(value, dict):
        return f"an object with {one_of(value, 8)}" if value else "an empty object"
    if isinstance(value, list):
        return "a list of other things than objects" if value else "an empty list"
    return show(value)


def _as_records(value: Json) -> list[dict[str, Json]] | None:
    """Return records of a list of objects, a list of lists under one of names, an object of lists
    of one length, or an object of objects (their keys become ``key``); None for anything else.
    """
    if isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            return objects if len(objects) == len(value) else None
        return _lists_under_names(value)
    if not isinstance(value, dict) or not value:
        return None
    values = list(value.values())
    if all(isinstance(v, list) for v in values):
        lengths = {len(v) for v in values}
        plain = not any(isinstance(item, dict) for v in values for item in v[:1])
        plain = plain and not all(isinstance(item, list) for v in values for item in v[:1])
        if len(value) > 1 and len(lengths) == 1 and plain:
            return [dict(zip(value, row, strict=True)) for row in zip(*values, strict=True)]
        return None
    if len(values) > 1 and all(isinstance(v, dict) and v for v in values):
        shared = set.intersection(*(set(v) for v in values))
        if shared and len(shared) >= max(len(v) for v in values) / 2:
            return [{"key": key, **item} for key, item in value.items()]
    return None


def _lists_under_names(value: list[Json]) -> list[dict[str, Json]] | None:
    if len(value) < 2 or not all(isinstance(item, list) for item in value):
        return None
    names = value[0]
    if not names or any(len(item) != len(names) for item in value):
        return None
    texts = [["" if v is None else str(v).strip() for v in item] for item in value[:500]]
    if not all(isinstance(n, str) for n in names) or not names_columns(texts):
        names = [f"column_{i}" for i in range(1, len(names) + 1)]
        return [dict(zip(names, item, strict=True)) for item in value]
    if len(set(names)) != len(names):
        return None
    return [dict(zip(names, item, strict=True)) for item in value[1:]]


def _lists(
    value: Json, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, list[dict[str, Json]]]]:
    if depth > _DEPTH or not isinstance(value, dict):
        return
    for key, item in value.items():
        name = f"{prefix}{key}"
        rows = _as_records(item) if isinstance(item, list) else None
        if rows:
            yield name, rows
        yield from _lists(item, f"{name}.", depth + 1)


def flattened(table: Table) -> Table:
    """Add a dotted column for each field of nested objects: ``evaluation.score``; a name that is
    there already is left alone.
    """
    columns = dict.fromkeys(table.columns)
    rows: list[DataRow] = []
    for row in table.rows:
        added = {
            name: value for name, value in _dotted(row.values, "", 0) if name not in row.values
        }
        rows.append(DataRow({**row.values, **added}, row.line) if added else row)
        if len(columns) < _MOST_DOTTED + len(table.columns):
            columns.update(dict.fromkeys(added))
    return Table(
        table.path,
        tuple(columns),
        tuple(rows),
        table.format,
        table.delimiter,
        table.encoding,
        table.notes,
    )


def _dotted(values: dict[str, Json], prefix: str, depth: int) -> Iterator[tuple[str, Json]]:
    for key, value in values.items():
        if prefix:
            yield f"{prefix}{key}", value
        if isinstance(value, dict) and depth < _DEPTH:
            yield from _dotted(value, f"{prefix}{key}.", depth + 1)


def parse_json(text: str, path: str, line: int | None, *, nan_is_null: bool = False) -> Json:
    """Parse strict JSON: duplicate keys, NaN, infinities and lone surrogates are errors with the
    line. ``nan_is_null`` reads NaN as null.
    """

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        values = dict(items)
        if len(values) != len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SuiteError(f"duplicate key '{twice}' in the JSON object", path=path, line=line)
        return values

    def constant(word: str) -> Json:
        if nan_is_null and word == "NaN":
            return None
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
        raise SuiteError(
            f"not JSON: {exc.msg} at column {exc.colno}",
            path=path,
            line=at,
            hint=_json_hint(text, exc.pos),
        ) from None
    except UnicodeEncodeError:
        raise SuiteError(
            "half of a surrogate pair (\\ud800 to \\udfff) is not text", path=path, line=line
        ) from None
    except RecursionError:
        raise SuiteError("nested too deeply to read", path=path, line=line) from None
    except ValueError:  # a whole number of more digits than Python reads
        raise SuiteError(
            "a number too long to read", path=path, line=line, hint="write it as text, in quotes"
        ) from None
    if any(isinstance(number, float) and not math.isfinite(number) for number in _numbers(value)):
        raise SuiteError("a number too large for JSON (it becomes infinite)", path=path, line=line)
    return value


def _json_hint(text: str, position: int) -> str | None:
    """Say what to do about the usual ways in which a file is nearly JSON."""
    before, after = text[:position].rstrip()[-1:], text[position:].lstrip()
    if after[:1] == "'":
        return "single quotes are Python's notation: write the file with json.dumps"
    if (before == "," and after[:1] in ("]", "}")) or re.match(r",\s*[\]}]", after):
        return "remove the comma before the closing bracket"
    if re.match(r"(True|False|None)\b", after):
        return "True, False and None are Python's notation: write the file with json.dumps"
    if after[:2] in ("//", "/*") or after[:1] == "#":
        return "JSON has no comments: remove them"
    if not after:
        return "the file ends in the middle: was it copied or downloaded whole?"
    return None


def _numbers(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    else:
        yield value
