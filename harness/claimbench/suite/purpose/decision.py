"""Build and check the choice that a suite declares: names that exist, attestations whose file is
there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.suite.datasets import read_limited
from claimbench.suite.document import Loc, YamlDocument, parse_yaml
from claimbench.suite.paths import resolve_inside
from claimbench.suite.schema.decision import (
    AttestationModel,
    DecisionFileModel,
    DecisionModel,
    RequirementModel,
)
from claimbench.suite.schema.errors import first_error
from claimbench.types import Attestation, Criterion, DecisionSpec, Requirement, Suite

_MOST_BYTES = 2**20
FACTS = ("prompts_go_to", "runs_on", "model", "licence", "lab", "country")
"""Facts that a run or the catalogue of models knows of arms; others are stated under ``facts``."""


@dataclass(frozen=True)
class DecisionBuilder:
    """Turn the ``decision`` of a suite file into its domain type.

    ``at``: where the block stands in the file; a file that holds nothing else has it at its root.
    """

    document: YamlDocument
    arms: Sequence[str]
    tasks: Sequence[str]
    folder: Path
    allow_outside: bool
    at: Loc = ("decision",)

    def build(self, model: DecisionModel) -> DecisionSpec:
        """Return the decision; raises :class:`SuiteError` at the first mistake."""
        if model.incumbent is not None:
            self._known(model.incumbent, self.arms, (*self.at, "incumbent"), "arm")
        for arm in model.facts:
            self._known(arm, self.arms, (*self.at, "facts", arm), "arm", key=True)
        stated = {name for facts in model.facts.values() for name in facts}
        requirements = []
        for i, one in enumerate(model.requirements):
            requirements.append(self._requirement(one, (*self.at, "requirements", i), stated))
        criteria = []
        for i, criterion in enumerate(model.criteria):
            loc = (*self.at, "criteria", i)
            if criterion.task is not None:
                self._known(criterion.task, self.tasks, (*loc, "task"), "task")
            criteria.append(Criterion(**criterion.model_dump(), line=self.document.line(loc)))
        return DecisionSpec(
            model.incumbent,
            tuple(requirements),
            tuple(criteria),
            {arm: dict(facts) for arm, facts in model.facts.items()},
        )

    def _requirement(self, model: RequirementModel, loc: Loc, stated: set[str]) -> Requirement:
        line = self.document.line(loc)
        if model.claim is not None:
            raw = {}
            if model.task is not None:
                self._known(model.task, self.tasks, (*loc, "task"), "task")
                raw["task"] = model.task
            return Requirement(model.name, claim=model.claim, raw=raw, line=line)
        if model.fact is not None:
            self._known(model.fact, sorted({*FACTS, *stated}), (*loc, "fact"), "fact")
            return Requirement(model.name, fact=model.fact, accepted=tuple(model.is_), line=line)
        attested = {}
        for arm, one in model.attested.items():
            self._known(arm, self.arms, (*loc, "attested", arm), "arm", key=True)
            attested[arm] = self._attestation(one, (*loc, "attested", arm))
        return Requirement(model.name, attested=attested, line=line)

    def _attestation(self, model: AttestationModel, loc: Loc) -> Attestation:
        if model.dated > datetime.now(UTC).date().isoformat():
            raise self._fail((*loc, "dated"), f"'{model.dated}' lies in the future")
        if model.until is not None and model.until < model.dated:
            raise self._fail((*loc, "until"), f"it ends ({model.until}) before it was given")
        sha256 = None
        if model.file is not None:
            file = resolve_inside(
                self.document, (*loc, "file"), model.file, self.folder, self.allow_outside
            )
            with file.open("rb") as opened:
                sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        return Attestation(model.text, model.dated, model.file, sha256, model.until)

    def _known(
        self, name: str, known: Sequence[str], loc: Loc, what: str, *, key: bool = False
    ) -> None:
        if name not in known:
            raise self._fail(
                loc,
                f"unknown {what} '{name}'{did_you_mean(name, known)}",
                f"known: {one_of(known)}",
                key=key,
            )

    def _fail(
        self, loc: Loc, message: str, hint: str | None = None, *, key: bool = False
    ) -> SuiteError:
        return self.document.error(loc, message, hint=hint, line=self.document.line(loc, key=key))


def load_decision(path: str | Path, suite: Suite, *, allow_outside: bool = False) -> DecisionSpec:
    """Load a decision that stands in a file of its own, or in another suite file, for the arms and
    tasks of ``suite``.

    Raises:
        SuiteError: it is none, or names what the suite does not have.
    """
    file = Path(path)
    document = parse_yaml(read_limited(file, str(path), most=_MOST_BYTES), str(path))
    data = document.data
    inside = isinstance(data, Mapping) and "decision" in data
    at: Loc = ("decision",) if inside else ()
    try:
        if inside:
            model = DecisionFileModel.model_validate({"decision": data["decision"]}).decision
        else:
            model = DecisionModel.model_validate(data)
    except ValidationError as error:
        raise first_error(error, document) from None
    arms, tasks = [arm.name for arm in suite.arms], [task.name for task in suite.tasks]
    return DecisionBuilder(document, arms, tasks, file.parent, allow_outside, at).build(model)
