"""``bench init``: where rows come from beside plain tables - chat logs, data sets of the Hugging
Face hub.

Conversations are taken apart in :mod:`claimbench.init.chats`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.init.columns import read_source
from claimbench.init.python_cells import read_cells
from claimbench.suite.datasets import DataRow, ReadOptions, Table, read_limited, read_table
from claimbench.suite.decoding import decode
from claimbench.suite.files.records import flattened
from claimbench.types import Json

HUB = "hf:"
_TABLES = (".csv", ".tsv", ".xlsx", ".jsonl", ".json", ".parquet", ".ndjson")
_MOST_FILES = 20_000


def read_any(
    source: str | Path, options: ReadOptions, wanted: Sequence[str]
) -> tuple[Table, list[str]]:
    """Read a file, a folder that ``datasets`` saved, or ``hf:NAME[:CONFIG][@SPLIT]``; a chat log
    becomes two columns.

    Raises:
        SuiteError: it cannot be read, or ``datasets`` is not installed for a data set of the hub.
    """
    if str(source).startswith(HUB):
        table = _from_hub(str(source))
        notes = [f"read from the Hugging Face hub: {str(source)[len(HUB) :]}"]
    elif Path(source).is_dir():
        table, notes = _from_folder(Path(source), options)
    elif not Path(source).exists():
        hint = (
            f"a data set of the Hugging Face hub is written {HUB}{source}"
            if not Path(source).suffix
            else None
        )
        raise SuiteError("cannot be read: No such file or directory", path=str(source), hint=hint)
    else:
        table, notes = read_source(Path(source), options, wanted)
    notes = [*notes, *table.notes]
    return _whole_texts(flattened(read_cells(table, notes)), notes), notes


PIECES = ("text", "entities")
"""Columns made of a text that stands in pieces, some of them marked."""


def _whole_texts(table: Table, notes: list[str]) -> Table:
    """Add the whole text, and its marks by name, of a column that holds a text in pieces
    (``[{"text": "play "}, {"text": "jazz", "entity": "genre"}]``, as Snips and its kind have it).
    """
    column = next((c for c in table.columns if _in_pieces(table, c)), None)
    if column is None or set(PIECES) & set(table.columns):
        return table
    rows = []
    for row in table.rows:
        whole = ""
        marks: dict[str, Json] = {}
        for piece in row.values[column]:
            whole += piece["text"]
            name = piece.get("entity")
            if isinstance(name, str) and name:
                told = piece["text"].strip()
                marks[name] = f"{marks[name]}, {told}" if name in marks else told
        rows.append(DataRow({**row.values, "text": whole.strip(), "entities": marks}, row.line))
    notes.append(
        f"{column} holds texts in pieces: joined as text, what is marked in them as entities"
    )
    return replace(table, columns=(*table.columns, *PIECES), rows=tuple(rows))


def _in_pieces(table: Table, column: str) -> bool:
    marked = False
    for row in table.rows:
        cell = row.values.get(column)
        if not isinstance(cell, list) or not cell:
            return False
        for piece in cell:
            if not isinstance(piece, dict) or not isinstance(piece.get("text"), str):
                return False
            marked = marked or isinstance(piece.get("entity"), str)
    return marked


def _from_hub(source: str) -> Table:
    found = re.fullmatch(r"hf:([\w.-]+(?:/[\w.-]+)?)(?::([\w.-]+))?(?:@([\w.\[\]:%-]+))?", source)
    if found is None:
        raise SuiteError(
            "not of the form hf:NAME[:CONFIG][@SPLIT]", path=source, hint="hf:PolyAI/banking77@test"
        )
    name, config, split = found.groups()
    try:
        data: Any = _datasets(source).load_dataset(name, config, split=split or "test")
    except SuiteError:
        raise
    except Exception as error:  # noqa: BLE001 - the hub's client raises anything
        raise SuiteError(
            f"the data set cannot be read: {type(error).__name__}:"
            f" {str(error).splitlines()[0][:200]}",
            path=source,
            hint=(
                "no network? give the path of a file or of a folder that `datasets` saved; HF_HOME"
                " names a cache"
            ),
        ) from None
    return _table(data, source)


def _from_folder(folder: Path, options: ReadOptions) -> tuple[Table, list[str]]:
    """Read what ``Dataset.save_to_disk`` wrote (of several splits the test split, else the last),
    folders of texts named after their labels, or tables with the same columns.
    """
    if not any((folder / name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
        return _from_files(folder, options)
    data: Any = _datasets(str(folder)).load_from_disk(str(folder))
    notes = [f"read from the saved data set {folder.name}"]
    if (folder / "dataset_dict.json").is_file():
        split = "test" if "test" in data else list(data)[-1]
        notes = [
            f"read from the saved data set {folder.name}, split {split} (there: {one_of(data)})"
        ]
        data = data[split]
    return _table(data, str(folder)), notes


def _from_files(folder: Path, options: ReadOptions) -> tuple[Table, list[str]]:
    texts = sorted(folder.glob("*/*.txt"))[:_MOST_FILES]
    labels = {path.parent.name for path in texts}
    if len(labels) >= 2:
        rows = []
        for number, path in enumerate(texts, start=1):
            text, _ = decode(read_limited(path, str(path)), options.encoding, str(path))
            name = f"{path.parent.name}/{path.name}"
            rows.append(DataRow({"file": name, "text": text, "label": path.parent.name}, number))
        note = f"read {len(rows)} text files; the folder's name is the label ({one_of(labels, 8)})"
        return Table(str(folder), ("file", "text", "label"), tuple(rows), "txt"), [note]
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _TABLES)
    tables = [read_table(path, replace(options, wide=True)) for path in files]
    shapes = {frozenset(table.columns) for table in tables}
    if len(tables) >= 2 and len(shapes) == 1:
        joined: list[DataRow] = []
        for path, table in zip(files, tables, strict=True):
            for row in table.rows:
                joined.append(DataRow({"file": path.stem, **row.values}, len(joined) + 1))
        columns = ("file", *(c for c in tables[0].columns if c != "file"))
        named = one_of([path.name for path in files], 8)
        note = f"read {len(files)} files with the same columns: {named}"
        return Table(str(folder), columns, tuple(joined), tables[0].format), [note]
    listed = one_of([path.name for path in files])
    raise SuiteError(
        "a folder, and not one that `datasets` saved (no dataset_info.json), of tables with the"
        " same columns, or of texts in folders named after their labels",
        path=str(folder),
        hint=f"name a file in it: {listed}" if files else "give the path of a file",
    )


def _datasets(source: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise SuiteError(
            "reading a Hugging Face data set needs the package `datasets`",
            path=source,
            hint="pip install datasets, or download the file and give its path",
        ) from None
    return datasets


def _table(data: Any, source: str) -> Table:
    names = {k: f.names for k, f in data.features.items() if getattr(f, "names", None)}

    def plain(column: str, value: Any) -> Json:
        if column in names and isinstance(value, int) and 0 <= value < len(names[column]):
            return str(names[column][value])  # class numbers say nothing to a model; their names do
        return json.loads(json.dumps(value, default=str))

    rows = [
        DataRow({k: plain(k, v) for k, v in row.items()}, i) for i, row in enumerate(data, start=1)
    ]
    return Table(source, tuple(data.column_names), tuple(rows), "jsonl")
