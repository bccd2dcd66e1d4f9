"""Which kind of file is it? By its contents; ``--from`` decides where they do not say."""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from claimbench.importers import inspect_log, json_values, lm_eval, promptfoo, table
from claimbench.importers.imported import Imported, ImportFault, ImportOptions, merge

KINDS = (lm_eval.KIND, inspect_log.KIND, promptfoo.KIND, table.KIND)


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
    return merge(parts, options.arms)


def kind_of(path: Path) -> str:
    """Tell the kind of a file; raises ImportFault with what to say."""
    if path.suffix.lower() in (".csv", ".tsv", ".tab", ".xlsx"):
        return table.KIND
    if path.suffix.lower() == ".eval" or zipfile.is_zipfile(path):
        return inspect_log.KIND
    raw = json_values.read_bytes(path)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
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
    raise ImportFault(
        f"{path}: which tool wrote it?", hint=f"say it with --from {' | '.join(KINDS)}"
    )
