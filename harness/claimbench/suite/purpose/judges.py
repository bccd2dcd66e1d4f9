"""Judges of a suite against its arms and the scorers that name them: `judge` and `pairwise`."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.plan.judge_affinity import judges_like_of
from claimbench.plan.judges import VARIABLES
from claimbench.plan.pairs import VARIABLES as PAIR_VARIABLES
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.templates import check_template
from claimbench.types import JUDGE, PAIRWISE, Arm, Task


@dataclass(frozen=True)
class JudgeChecker:
    """Raises :class:`SuiteError` at the first contradiction between judges, arms and the scorers
    that name judges.
    """

    document: YamlDocument
    tasks: tuple[Task, ...]
    arms: tuple[Arm, ...]
    judges: tuple[Arm, ...]
    allow: tuple[str, ...]

    def check(self) -> None:
        """Run every check."""
        self._check_names()
        used: set[str] = set()
        for index, task in enumerate(self.tasks):
            name = self._check_task(task, index)
            used |= {name} if name is not None else set()
            used |= self._check_panel(task, index)
        for index, judge in enumerate(self.judges):
            if judge.name not in used:
                message = f"no task has the judge '{judge.name}'"
                raise self._fail(
                    ("judges", index), message, f"scorers: [{{name: judge, by: {judge.name}, …}}]"
                )
        self._check_likeness()

    def _check_names(self) -> None:
        places: dict[str, Loc] = {arm.name: ("arms", index) for index, arm in enumerate(self.arms)}
        for index, judge in enumerate(self.judges):
            if judge.name in places:
                first = self.document.line((*places[judge.name], "name"))
                message = (
                    f"the judge '{judge.name}' has the name of an arm or of another judge (line"
                    f" {first})"
                )
                raise self._fail(("judges", index, "name"), message)
            places[judge.name] = ("judges", index)

    def _check_task(self, task: Task, index: int) -> str | None:
        """Check a task's judge and return its name."""
        judge = task.judge
        if judge is None:
            return None
        place = next(i for i, spec in enumerate(task.scorers) if spec.name == JUDGE)
        loc: Loc = ("tasks", index, "scorers", place)
        self._check_known(judge.by, loc)
        if judge.template is not None:
            self._check_template(judge.template, task, (*loc, "template"))
        return judge.by

    def _check_panel(self, task: Task, index: int) -> set[str]:
        """Check the judges who compare a task's answers in pairs, and return their names."""
        panel = task.pairwise
        if panel is None:
            return set()
        place = next(i for i, spec in enumerate(task.scorers) if spec.name == PAIRWISE)
        loc: Loc = ("tasks", index, "scorers", place)
        for name in panel.by:
            self._check_known(name, loc)
        if len(self.arms) < 2:
            raise self._fail(
                loc, "pairs need two arms, and the suite has one", "add an arm to compare with"
            )
        if panel.template is not None:
            known = {*PAIR_VARIABLES, *task.samples[0].input}
            read = check_template(self.document, (*loc, "template"), panel.template, known)
            for shown in ("first", "second"):
                if shown not in read:
                    message = f"the panel's template does not show the {shown} answer"
                    hint = f"write {{{{ {shown} }}}} in it"
                    raise self._fail((*loc, "template"), message, hint)
        return set(panel.by)

    def _check_known(self, name: str, loc: Loc) -> None:
        names = [judge.name for judge in self.judges]
        if name in names:
            return
        hint = "the suite has no `judges:`; they are written like arms"
        if names:
            hint = f"judges: {one_of(names)}"
        raise self._fail((*loc, "by"), f"unknown judge '{name}'{did_you_mean(name, names)}", hint)

    def _check_template(self, source: str, task: Task, loc: Loc) -> None:
        known = {*VARIABLES, *task.samples[0].input}
        read = check_template(self.document, loc, source, known)
        if "answer" not in read:
            raise self._fail(
                loc, "the judge's template does not show the answer", "write {{ answer }} in it"
            )

    def _check_likeness(self) -> None:
        """A judge that is an arm's own model, or of its lab, favours it: refused unless the suite
        says otherwise.
        """
        if "self_judging" in self.allow:
            return
        for index, judge in enumerate(self.judges):
            for why in judges_like_of(judge, self.arms).values():
                hint = (
                    "choose a judge of another lab, or say `allow: [self_judging]`; the verdicts"
                    " will print it"
                )
                raise self._fail(
                    ("judges", index, "model"), f"{why}: judges favour their like", hint
                )

    def _fail(self, loc: Loc, message: str, hint: str | None = None) -> SuiteError:
        return self.document.error(loc, message, hint=hint, line=self.document.line(loc))
