"""Python that stands beside a suite, scorers and tool simulators: found in its text, read, and put
into the task by its source, so that a run's facts hold what it was. Nothing of it is run here.
"""

from __future__ import annotations

from pathlib import Path

from claimbench.scorers.own_code.reading import (
    MOST_BYTES,
    SCORER,
    TOOLS,
    ScorerFile,
    ScorerFileFault,
    read_scorer,
)
from claimbench.scorers.own_code.scorer import PYTHON, PythonOptions
from claimbench.suite.datasets import read_limited
from claimbench.suite.dialogue.tools import FUNCTION
from claimbench.suite.document import Loc, YamlDocument, parse_yaml
from claimbench.suite.paths import resolve_inside
from claimbench.suite.schema.tasks import SimulatorModel
from claimbench.types import ScorerSpec, SimulatorScript


def with_source(
    document: YamlDocument, loc: Loc, spec: ScorerSpec, folder: Path, allow_outside: bool
) -> ScorerSpec:
    """Return a script's spec with its source and hash; raises SuiteError at the suite's line."""
    given = [key for key in ("source", "sha256", "takes_row") if key in spec.options]
    if given:
        raise document.error((*loc, given[0]), f"'{given[0]}' is read from the file; leave it out")
    options = PythonOptions.model_validate(dict(spec.options))
    place = (*loc, "file")
    found = _read(document, place, options.file, options.function, folder, allow_outside)
    read = {"source": found.source, "sha256": found.sha256, "takes_row": found.takes_row}
    return ScorerSpec(spec.name, {**spec.options, "function": options.function, **read})


def simulator_script(
    document: YamlDocument, loc: Loc, model: SimulatorModel, folder: Path, allow_outside: bool
) -> SimulatorScript | None:
    """Return a tool simulator's function with its source, None where it is a table; raises
    SuiteError at the suite's line.
    """
    if model.python is None:
        return None
    function = model.function or FUNCTION
    found = _read(document, (*loc, "python"), model.python, function, folder, allow_outside, TOOLS)
    return SimulatorScript(
        found.file,
        found.function,
        found.source,
        model.seconds,
        model.max_result,
        found.takes_row,
    )


def scorer_files(suite: Path) -> list[ScorerFile]:
    """Return the scripts that a suite names, scorers and tool simulators, from its text alone.

    Raises:
        SuiteError: the suite cannot be read, or a script is not there or holds no such function.
    """
    document = parse_yaml(read_limited(suite, str(suite)), str(suite))
    tasks = document.data.get("tasks")
    found = []
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        simulator = task.get("simulator") if isinstance(task, dict) else None
        if isinstance(simulator, dict) and simulator.get("python") is not None:
            where: Loc = ("tasks", index, "simulator", "python")
            file, function = str(simulator["python"]), str(simulator.get("function") or FUNCTION)
            found.append(_read(document, where, file, function, suite.parent, True, TOOLS))
        listed = task.get("scorers") if isinstance(task, dict) else None
        for place, scorer in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(scorer, dict) and scorer.get("name") == PYTHON:
                loc: Loc = ("tasks", index, "scorers", place, "file")
                file, function = str(scorer.get("file", "")), str(scorer.get("function", "score"))
                found.append(_read(document, loc, file, function, suite.parent, True))
    return found


def _read(
    document: YamlDocument,
    loc: Loc,
    file: str,
    function: str,
    folder: Path,
    allow_outside: bool,
    takes: tuple[str, ...] = SCORER,
) -> ScorerFile:
    path = resolve_inside(document, loc, file, folder, allow_outside)
    raw = read_limited(path, str(folder / file), most=4 * MOST_BYTES)
    try:
        return read_scorer(file, function, raw, takes)
    except ScorerFileFault as fault:
        raise document.error(loc, str(fault), hint=fault.hint) from None
