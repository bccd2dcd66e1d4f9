"""What a cascade's steps go by: signals that are stated whole, see no target and can be there."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.plan.prompts import variables
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema.routes import EscalateModel
from claimbench.types import Task

BLIND = frozenset({"judge", "python", "checks"})
"""Scorers that may see no target; whether one does is looked at when a run is judged, too."""
_SIGNALS = "signal: probability, repeats, length, field, scorer or file"


@dataclass(frozen=True)
class SignalChecker:
    """Raises :class:`SuiteError` at a step whose signal contradicts itself or the tasks.

    ``epochs``: of the run to come; None: the run is stored, and what it holds decides.
    """

    document: YamlDocument
    tasks: tuple[Task, ...]
    epochs: int | None

    def check(self, escalate: EscalateModel, loc: Loc) -> None:
        """Raise at what no step can be decided by."""
        self._thresholds(escalate, loc)
        if escalate.signal == "scorer":
            self._scorer(escalate, loc)
        if self.epochs is not None:
            self._never_there(escalate, loc)

    def _thresholds(self, escalate: EscalateModel, loc: Loc) -> None:
        stated = [key for key in ("below", "above") if getattr(escalate, key) is not None]
        if escalate.signal is None:
            for key in (*stated, "of", "fit"):
                if getattr(escalate, key) is not None:
                    raise self._fail((*loc, key), f"`{key}` needs a `signal`", _SIGNALS)
            if not escalate.unparsable:
                raise self._fail(loc, "nothing escalates this cascade", _SIGNALS)
            return
        if len(stated) != 1:
            message = f"the signal '{escalate.signal}' needs one of below and above"
            raise self._fail(loc, message, "below: 0.7, or below: fit with fit: {keep: 0.98}")
        fitted = getattr(escalate, stated[0]) == "fit"
        listed = isinstance(loc[-1], int)  # one of several steps, whose fit is stated once
        if fitted != (escalate.fit is not None) and not (listed and fitted):
            message = (
                f"`{stated[0]}: fit` needs `fit`" if fitted else f"`fit` needs `{stated[0]}: fit`"
            )
            raise self._fail(loc, message, "below: fit with fit: {keep: 0.98}")
        needs_of = escalate.signal in ("field", "scorer", "file")
        if needs_of != (escalate.of is not None):
            what = "needs `of`" if needs_of else "has no `of`"
            raise self._fail(loc, f"the signal '{escalate.signal}' {what}")

    def _scorer(self, escalate: EscalateModel, loc: Loc) -> None:
        name = escalate.of or ""
        having = [t for t in self.tasks if name in {spec.name for spec in t.scorers}]
        if len(having) < len(self.tasks):
            known = sorted({spec.name for task in self.tasks for spec in task.scorers})
            lacking = next(task.name for task in self.tasks if task not in having)
            raise self._fail(
                (*loc, "of"),
                f"the task '{lacking}' has no scorer '{name}'{did_you_mean(name, known)}",
                f"scorers of the suite: {one_of(known)}",
            )
        if name not in BLIND:
            raise self._fail(
                (*loc, "of"),
                f"the scorer '{name}' looks at the target, which no route knows",
                "take one that sees none: a judge whose template does not show it, checks, or"
                " python with sees_target: false",
            )
        if name == "python" and escalate.sees_target is None:
            raise self._fail(
                (*loc, "of"),
                "a scorer of your own Python is given the target",
                "state sees_target: false if it does not look at it; every report says so",
            )
        for task in having:
            judge = task.judge
            if (
                name == "judge"
                and judge is not None
                and (judge.template is None or "target" in variables(judge.template))
            ):
                raise self._fail(
                    (*loc, "of"),
                    f"the judge of '{task.name}' is shown the target, which no route knows",
                    "give it a `template` without {{ target }}",
                )

    def _never_there(self, escalate: EscalateModel, loc: Loc) -> None:
        """Raise where no answer of the run to come can have the signal: all would be passed on."""
        if escalate.signal == "repeats" and self.epochs == 1:
            raise self._fail(
                (*loc, "signal"),
                "the suite asks each sample once, so that no repeats agree",
                "epochs: 3, or another signal",
            )
        if escalate.signal == "probability":
            without = [task.name for task in self.tasks if not _scores_labels(task)]
            if without:
                raise self._fail(
                    (*loc, "signal"),
                    f"no endpoint's log-probabilities are stored, so that no answer of"
                    f" '{without[0]}' has a probability",
                    "take another signal (field, repeats, length, scorer or file); probability is"
                    " for tasks of lm_eval with given answers",
                )

    def _fail(self, loc: Loc, message: str, hint: str | None = None) -> SuiteError:
        return self.document.error(loc, message, hint=hint)


def _scores_labels(task: Task) -> bool:
    """Tell whether a model gives the log-probabilities of two answers or more to every sample."""
    return all(len(sample.input.get("lm_eval_pairs") or ()) > 1 for sample in task.samples)
