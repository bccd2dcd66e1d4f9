"""Inspect: whether a scorer of a log asks a model, by its name, its role of a grader, or the calls
of models inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimbench.importers.inspect_spending import events_of
from claimbench.importers.json_values import as_list, get, mapping
from claimbench.importers.judges.names import says_judge, says_person
from claimbench.types import Json

_BY_RULE = frozenset({"match", "includes", "exact", "pattern", "answer", "choice", "f1", "math"})
"""Inspect's own scorers that ask no model."""


class Graders:
    """Tells of each sample of one log whether a model gave its score."""

    def __init__(self, log: Json, metric: str) -> None:
        self._scorer = metric.partition("/")[0]
        entries: list[Any] = []
        for place in (get(log, "results", "scores"), get(log, "eval", "scorers")):
            entries += as_list(place)
        names = {self._scorer}
        for entry in entries:
            if get(entry, "name") == self._scorer:
                names.add(str(get(entry, "scorer") or ""))
        names = {name.rpartition("/")[2] for name in names if name}
        self._graded = next((name for name in sorted(names) if _grades(name)), "")
        self._by_rule = bool(names & _BY_RULE)
        self._role = "grader" in mapping(get(log, "eval", "model_roles"))

    def of(self, row: Mapping[str, Json]) -> str:
        """Return what says that a model graded the sample; empty where nothing does."""
        ours = get(row, "metadata", "claimbench", "judged_by")
        if isinstance(ours, str) and ours:
            return ours
        if self._graded:
            return self._graded
        if get(row, "scores", self._scorer, "metadata", "grading") is not None:
            return f"{self._scorer} keeps its grading"
        if self._by_rule:
            return ""
        if self._role:
            return f"{self._scorer}, with a model in the role of grader"
        asked = any(get(e, "event") == "model" and scoring for e, scoring in events_of(row))
        return f"{self._scorer} asks a model" if asked else ""


def _grades(name: str) -> bool:
    """Tell whether a scorer's name says that a model grades; one that names people does not."""
    return says_judge(name) or ("grader" in name.casefold() and not says_person(name))
