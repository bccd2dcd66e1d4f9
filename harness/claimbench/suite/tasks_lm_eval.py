"""One ``lm_eval:`` task of a suite file -> :class:`~claimbench.types.Task`; lm-eval is imported
here and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.suite.datasets import read_limited
from claimbench.suite.document import Loc, YamlDocument, parse_yaml
from claimbench.suite.paths import resolve_inside
from claimbench.suite.schema import ArmModel
from claimbench.suite.schema.tasks import LmEvalTaskModel
from claimbench.types import Json, Sample, Task

EMPTY = "(empty)"
"""Slice of what has no value, as for rows of one's own."""
SCORES_TEXTS = ("llama_cpp",)
"""Providers that give log-probabilities of given continuations."""


def task_files(suite: Path) -> list[tuple[int, Path]]:
    """Return the task files that a suite names, with the line of each, from its text alone.

    Raises:
        SuiteError: the suite cannot be read, or a file is not there.
    """
    document = parse_yaml(read_limited(suite, str(suite)), str(suite))
    tasks = document.data.get("tasks")
    found = []
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        source = task.get("lm_eval") if isinstance(task, dict) else None
        if isinstance(source, str) and source.endswith((".yaml", ".yml")):
            loc: Loc = ("tasks", index, "lm_eval")
            path = resolve_inside(document, loc, source, suite.parent, True)
            found.append((document.line(loc) or 1, path))
    return found


@dataclass(frozen=True)
class LmEvalBuilder:
    """Loads one task of lm-eval; ``folder`` is the suite's, ``index`` the task's place in the
    list.
    """

    document: YamlDocument
    index: int
    model: LmEvalTaskModel
    arms: Sequence[ArmModel]
    folder: Path
    allow_outside: bool

    def build(self) -> Task:
        """Return the task with its documents; raises :class:`SuiteError` at the line that names
        it.
        """
        from claimbench.lmeval.tasks import INPUT_PAIRS, LmEvalFault, LmEvalSpec, expand

        loc: Loc = ("tasks", self.index, "lm_eval")
        model = self.model
        source = model.lm_eval
        if source.endswith((".yaml", ".yml")):
            source = str(
                resolve_inside(self.document, loc, source, self.folder, self.allow_outside)
            )
        spec = LmEvalSpec(
            name=model.name,
            source=source,
            num_fewshot=model.num_fewshot,
            limit=model.limit,
            metric=model.metric,
            max_tokens=model.max_tokens,
            higher_is_better=model.higher_is_better,
        )
        try:
            task = expand(spec)
        except LmEvalFault as fault:
            raise self.document.error(loc, fault.message, hint=fault.hint) from fault
        if any(INPUT_PAIRS in sample.input for sample in task.samples):
            self._refuse_endpoints(loc)
        return replace(task, samples=self._sliced(task.samples)) if model.slices else task

    def _sliced(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """Give each document its slices."""
        for number, name in enumerate(self.model.slices):
            if all(_field(sample, name) is None for sample in samples):
                documents = [s.input["doc"] for s in samples]
                known: dict[str, None] = {}
                for document in documents:
                    known.update(dict.fromkeys(document if isinstance(document, dict) else ()))
                raise self.document.error(
                    ("tasks", self.index, "slices", number),
                    f"no document of {self.model.lm_eval} has a field"
                    f" '{name}'{did_you_mean(name, known)}",
                    hint=f"fields: {one_of(known)}",
                )
        found = []
        for sample in samples:
            slices = {name: _field(sample, name) or EMPTY for name in self.model.slices}
            found.append(replace(sample, slices=slices))
        return tuple(found)

    def _refuse_endpoints(self, loc: Loc) -> None:
        """Refuse arms whose protocol has no log-probability of a given text: their scores would be
        made up.
        """
        for arm in self.arms:
            if arm.provider not in SCORES_TEXTS:
                raise self._unfit(loc, arm)

    def _unfit(self, loc: Loc, arm: ArmModel) -> SuiteError:
        return self.document.error(
            loc,
            f"{self.model.lm_eval} needs log-probabilities of given answers, and arm '{arm.name}'"
            f" ({arm.provider}) gives none: chat completions return only those of what they write",
            hint="run it on llama_cpp arms, or take a generate_until variant of the task",
        )


def _field(sample: Sample, path: str) -> str | None:
    """The text of a document's field; None where there is none, or it is no single value."""
    value: Json = sample.input["doc"]
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip()
