"""Which kind of file is it? By its contents; ``--from`` decides where they do not say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.importers.columns.bounds import refuse_impossible
from claimbench.importers.formats import FORMATS, Given
from claimbench.importers.imported import Imported, ImportFault, ImportOptions, merge, same_task
from claimbench.importers.judges.tasks import notes_of
from claimbench.importers.tables import table
from claimbench.suite.files.records import records_at

TOOLS = tuple(one.tool for one in FORMATS)
KINDS = (*(one.kind for one in FORMATS), table.KIND)


def read_files(paths: Sequence[Path], options: ImportOptions, kind: str | None = None) -> Imported:
    """Read files of one kind and put them together; several files are several arms.

    Raises:
        ImportFault: a file that is none of :data:`KINDS`, several kinds at once, or dollars,
            seconds or tokens beyond what can be.
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
    known = next((one for one in FORMATS if one.kind == name), None)
    parts = table.read(files, options) if known is None else known.read(files, options)
    for part in parts:
        refuse_impossible(part)
    by_name = known is None or known.pairs_by_name
    if by_name and options.task is None and len(parts) == len(files):
        parts = same_task(parts, [path.stem for path in files])
    whole = merge(parts, options.arms)
    return replace(whole, notes=(*whole.notes, *notes_of(whole)))


def kind_of(path: Path) -> str:
    """Tell the kind of a file by its contents; raises ImportFault for one that is none.

    What no tool's reader knows and holds records is a table.
    """
    given = Given(path)
    unreadable: ImportFault | None = None
    for one in FORMATS:
        try:
            if one.knows(given):
                return one.kind
        except ImportFault as fault:  # not JSON as a whole: perhaps objects one after the other
            unreadable = fault
    if given.is_table or given.is_lines:
        return table.KIND
    if unreadable is not None:
        raise unreadable
    try:
        records_at(given.document, None, str(path))
    except SuiteError as error:
        if "lists of records" in error.message:
            return table.KIND  # the reader asks which
        raise ImportFault(
            f"{path}: which tool wrote it? It is no file of {one_of(TOOLS, 20)}, and as a table:"
            f" {error.message}",
            hint=(
                "write one record per answer (item, model, score) as CSV or JSON Lines; columns of"
                " other names are stated with --column ROLE=COLUMN"
            ),
        ) from None
    return table.KIND
