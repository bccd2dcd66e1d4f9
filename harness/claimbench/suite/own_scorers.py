"""Scorers that stand beside a suite: found in its text, read, and put into the task by their
source, so that a run's facts hold what scored it. Nothing of them is run here.
"""

from __future__ import annotations

from pathlib import Path

from claimbench.scorers.own_code.reading import MOST_BYTES, ScorerFile, ScorerFileFault, read_scorer
from claimbench.scorers.own_code.scorer import PYTHON, PythonOptions
from claimbench.suite.datasets import read_limited
from claimbench.suite.document import Loc, YamlDocument, parse_yaml
from claimbench.suite.paths import resolve_inside
from claimbench.types import ScorerSpec


def with_source(
    document: YamlDocument, loc: Loc, spec: ScorerSpec, folder: Path, allow_outside: bool
) -> ScorerSpec:
    """Return a script's spec with its source and hash; raises SuiteError at the suite's line."""
    given = [key for key in ("source", "sha256", "takes_row") if key in spec.options]
    if given:
        raise document.error((*loc, given[0]), f"'{given[0]}' is read from the file; leave it out")
    options = PythonOptions.model_validate(dict(spec.options))
    found = _read(document, loc, options.file, options.function, folder, allow_outside)
    read = {"source": found.source, "sha256": found.sha256, "takes_row": found.takes_row}
    return ScorerSpec(spec.name, {**spec.options, "function": options.function, **read})


def scorer_files(suite: Path) -> list[ScorerFile]:
    """Return the scripts that a suite names, from its text alone.

    Raises:
        SuiteError: the suite cannot be read, or a script is not there or holds no such function.
    """
    document = parse_yaml(read_limited(suite, str(suite)), str(suite))
    tasks = document.data.get("tasks")
    found = []
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        listed = task.get("scorers") if isinstance(task, dict) else None
        for place, scorer in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(scorer, dict) and scorer.get("name") == PYTHON:
                loc: Loc = ("tasks", index, "scorers", place)
                file, function = str(scorer.get("file", "")), str(scorer.get("function", "score"))
                found.append(_read(document, loc, file, function, suite.parent, True))
    return found


def _read(
    document: YamlDocument, loc: Loc, file: str, function: str, folder: Path, allow_outside: bool
) -> ScorerFile:
    path = resolve_inside(document, (*loc, "file"), file, folder, allow_outside)
    raw = read_limited(path, str(folder / file), most=4 * MOST_BYTES)
    try:
        return read_scorer(file, function, raw)
    except ScorerFileFault as fault:
        raise document.error((*loc, "file"), str(fault), hint=fault.hint) from None
