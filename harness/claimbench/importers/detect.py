"""Which kind of file is it? By its contents; ``--from`` decides where they do not say."""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.importers import inspect_log, json_values, lm_eval, promptfoo, table
from claimbench.importers.imported import Imported, ImportFault, ImportOptions, merge, same_task
from claimbench.suite.records import records_at

TOOLS = ("lm-eval", "Inspect", "promptfoo")
KINDS = (lm_eval.KIND, inspect_log.KIND, promptfoo.KIND, table.KIND)
_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".txt", ".gz", ".parquet")


def read_files(paths: Sequence[Path], options: ImportOptions, kind: str | None = None) -> Imported:
    """Read files of one kind and put them together; several files are several arms.

    Raises:
        ImportFault: a file that is none of :data:`KINDS`, or several kinds at once.
    """
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ImportFault(f"{missing[0]}: no such file")
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        kinds[kind or kind_of(path)].append(path)
    if len(kinds) > 1:
        listed = "; ".join(
            f"{name}: {', '.join(p.name for p in files)}" for name, files in kinds.items()
        )
        raise ImportFault(f"files of several kinds ({listed})", hint="import each kind by itself")
    name, files = next(iter(kinds.items()))
    if name == lm_eval.KIND:
        parts = [
            lm_eval.read(results, samples, options)
            for results, samples in lm_eval.sort_files(files)
        ]
    else:
        readers = {
            inspect_log.KIND: inspect_log.read,
            promptfoo.KIND: promptfoo.read,
            table.KIND: table.read,
        }
        parts = [readers[name](path, options) for path in files]
    if name in (table.KIND, promptfoo.KIND) and options.task is None:
        parts = same_task(parts, [path.stem for path in files])
    return merge(parts, options.arms)


def kind_of(path: Path) -> str:
    """Tell the kind of a file by its contents; raises ImportFault for one that is none.

    What no tool's reader knows and holds records is a table.
    """
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return table.KIND
    if suffix == ".eval" or zipfile.is_zipfile(path):
        return inspect_log.KIND
    raw = json_values.read_bytes(path)
    if suffix in (".jsonl", ".ndjson"):
        try:
            first = json.loads(next((line for line in raw.split(b"\n") if line.strip()), b"{}"))
        except (ValueError, RecursionError):
            first = {}
        if lm_eval.is_sample(first):
            return lm_eval.KIND
        return promptfoo.KIND if promptfoo.is_row(first) else table.KIND
    value = json_values.load_json(path, raw)
    for known, name in (
        (lm_eval.is_results, lm_eval.KIND),
        (inspect_log.is_log, inspect_log.KIND),
        (promptfoo.is_output, promptfoo.KIND),
    ):
        if known(value):
            return name
    try:
        records_at(value, None, str(path))
    except SuiteError as error:
        if "lists of records" in error.message:
            return table.KIND  # the reader asks which
        raise ImportFault(
            f"{path}: which tool wrote it? It is no log of {one_of(TOOLS, 5)}, and as a table:"
            f" {error.message}",
            hint=(
                "write one record per answer (item, model, score) as CSV or JSON Lines; columns of"
                " other names are stated with --column ROLE=COLUMN"
            ),
        ) from None
    return table.KIND
