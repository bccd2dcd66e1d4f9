"""``bench init``: where rows come from beside plain tables - chat logs, data sets of the Hugging
Face hub.

A chat log is JSON Lines with ``messages`` (or ``conversation``) of ``{role, content}``: the last
assistant turn is what was right, everything before it is what the model sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.init.columns import read_source
from claimbench.suite.datasets import DataRow, ReadOptions, Table
from claimbench.types import Json

HUB = "hf:"
CHAT_COLUMNS = ("messages", "conversation", "conversations", "turns", "chat")
SHOWN = "conversation_so_far"
ANSWER = "reply"
_INPUTS = (
    "text",
    "question",
    "query",
    "input",
    "prompt",
    "sentence",
    "utterance",
    "message",
    "ticket",
    "body",
)
_TARGETS = (
    "label",
    "intent",
    "category",
    "answer",
    "target",
    "class",
    "expected",
    "output",
    "query_class",
)


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
        table, notes = _from_folder(Path(source))
    elif not Path(source).exists():
        hint = (
            f"a data set of the Hugging Face hub is written {HUB}{source}"
            if not Path(source).suffix
            else None
        )
        raise SuiteError("cannot be read: No such file or directory", path=str(source), hint=hint)
    else:
        table, notes = read_source(Path(source), options, wanted)
    chat = next(
        (c for c in CHAT_COLUMNS if c in table.columns and _is_chat(table.rows[:20], c)), None
    )
    if chat is None or set(wanted) & set(table.columns):
        return table, notes
    return _unrolled(table, chat, notes)


def guess_columns(table: Table) -> tuple[tuple[str, ...], str]:
    """Propose input and target by the columns' names.

    Raises:
        SuiteError: no names say so; the columns are listed.
    """
    folded = {name.strip().casefold().replace(" ", "_"): name for name in table.columns}
    if {SHOWN, ANSWER} <= set(table.columns):
        return (SHOWN,), ANSWER
    target = next((folded[n] for n in _TARGETS if n in folded), None)
    given = next((folded[n] for n in _INPUTS if n in folded and folded[n] != target), None)
    if target is None or given is None:
        raise SuiteError(
            "which column does the model see, and which is the right answer?",
            path=table.path,
            line=1,
            hint=f"say it with --input and --target; columns: {one_of(table.columns, 30)}",
        )
    return (given,), target


def _is_chat(rows: Sequence[DataRow], column: str) -> bool:
    values = [_turns(row.values.get(column)) for row in rows]
    return bool(values) and all(v is not None for v in values)


def _turns(value: Json) -> list[tuple[str, str]] | None:
    """Return (role, text) of each turn; None where the value is no chat."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, list) or not value:
        return None
    turns = []
    for turn in value:
        if not isinstance(turn, dict):
            return None
        role = str(turn.get("role", turn.get("from", "")))
        text = turn.get("content", turn.get("value"))
        if not role or not isinstance(text, str):
            return None
        turns.append(({"human": "user", "gpt": "assistant"}.get(role, role), text))
    return turns


def _unrolled(table: Table, column: str, notes: list[str]) -> tuple[Table, list[str]]:
    rows, without = [], 0
    for row in table.rows:
        turns = _turns(row.values.get(column)) or []
        last = max((i for i, (role, _) in enumerate(turns) if role == "assistant"), default=0)
        if last == 0:
            without += 1
            continue
        shown = "\n".join(f"{role}: {text}" for role, text in turns[:last])
        rest = {k: v for k, v in row.values.items() if k != column}
        rows.append(DataRow({**rest, SHOWN: shown, ANSWER: turns[last][1]}, row.line))
    notes = [
        *notes,
        (
            "a chat log: the model sees each conversation up to its last assistant turn"
            f" ({len(rows)} rows)"
        ),
    ]
    if without:
        notes.append(f"{without} conversations without an assistant's reply left out")
    columns = (*(c for c in table.columns if c != column), SHOWN, ANSWER)
    return (
        Table(table.path, columns, tuple(rows), table.format, table.delimiter, table.encoding),
        notes,
    )


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


def _from_folder(folder: Path) -> tuple[Table, list[str]]:
    """Read what ``Dataset.save_to_disk`` wrote; of several splits the test split, else the last."""
    if not any((folder / name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
        files = sorted(
            p.name
            for p in folder.iterdir()
            if p.suffix in (".csv", ".tsv", ".xlsx", ".jsonl", ".json")
        )
        hint = f"name a file in it: {one_of(files)}" if files else "give the path of a file"
        raise SuiteError(
            "a folder, and not one that `datasets` saved (no dataset_info.json)",
            path=str(folder),
            hint=hint,
        )
    data: Any = _datasets(str(folder)).load_from_disk(str(folder))
    notes = [f"read from the saved data set {folder.name}"]
    if (folder / "dataset_dict.json").is_file():
        split = "test" if "test" in data else list(data)[-1]
        notes = [
            f"read from the saved data set {folder.name}, split {split} (there: {one_of(data)})"
        ]
        data = data[split]
    return _table(data, str(folder)), notes


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
