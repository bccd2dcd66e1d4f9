"""Judges of a suite file: every judge has a task, every task's judge exists, and none judges its like by default."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench import prompts
from claimbench.errors import SuiteError
from claimbench.judging import VARIABLES, judges_like_of
from claimbench.nearest import did_you_mean, one_of
from claimbench.scorers.judge import judge_of
from claimbench.suite_yaml import Loc, YamlDocument
from claimbench.types import Arm, Task


@dataclass(frozen=True)
class JudgeChecker:
    """Raises :class:`SuiteError` at the first contradiction between judges, arms and the scorers that name judges."""

    document: YamlDocument
    tasks: tuple[Task, ...]
    arms: tuple[Arm, ...]
    judges: tuple[Arm, ...]
    allow: tuple[str, ...]

    def check(self) -> None:
        """Run every check."""
        self._check_names()
        used = {name for index, task in enumerate(self.tasks) if (name := self._check_task(task, index)) is not None}
        for index, judge in enumerate(self.judges):
            if judge.name not in used:
                message = f"no task has the judge '{judge.name}'"
                raise self._fail(("judges", index), message, f"scorers: [{{name: judge, by: {judge.name}, …}}]")
        self._check_likeness()

    def _check_names(self) -> None:
        places: dict[str, Loc] = {arm.name: ("arms", index) for index, arm in enumerate(self.arms)}
        for index, judge in enumerate(self.judges):
            if judge.name in places:
                first = self.document.line((*places[judge.name], "name"))
                message = f"the judge '{judge.name}' has the name of an arm or of another judge (line {first})"
                raise self._fail(("judges", index, "name"), message)
            places[judge.name] = ("judges", index)

    def _check_task(self, task: Task, index: int) -> str | None:
        """Check a task's judge and return its name."""
        scorer = judge_of(task)
        if scorer is None:
            return None
        place = next(i for i, spec in enumerate(task.scorers) if spec.name == scorer.name)
        loc: Loc = ("tasks", index, "scorers", place)
        names = [judge.name for judge in self.judges]
        if scorer.options.by not in names:
            near = did_you_mean(scorer.options.by, names)
            hint = f"judges: {one_of(names)}" if names else "the suite has no `judges:`; they are written like arms"
            raise self._fail((*loc, "by"), f"unknown judge '{scorer.options.by}'{near}", hint)
        if scorer.options.template is not None:
            self._check_template(scorer.options.template, task, (*loc, "template"))
        return scorer.options.by

    def _check_template(self, source: str, task: Task, loc: Loc) -> None:
        fault = prompts.check_syntax(source)
        if fault is not None:
            line = self.document.template_line(loc, fault[1])
            raise self.document.error(loc, f"the template is broken: {fault[0]}", line=line)
        read = prompts.variables(source)
        known = {*VARIABLES, *task.samples[0].input}
        for name in sorted(read - known):
            message = f"undefined template variable '{name}'{did_you_mean(name, known)}"
            line = self.document.line_of(loc, name)
            raise self.document.error(loc, message, line=line, hint=f"variables: {one_of(sorted(known), 30)}")
        if "answer" not in read:
            raise self._fail(loc, "the judge's template does not show the answer", "write {{ answer }} in it")

    def _check_likeness(self) -> None:
        """A judge that is an arm's own model, or of its lab, favours it: refused unless the suite says otherwise."""
        if "self_judging" in self.allow:
            return
        for index, judge in enumerate(self.judges):
            for why in judges_like_of(judge, self.arms).values():
                hint = "choose a judge of another lab, or say `allow: [self_judging]`; the verdicts will print it"
                raise self._fail(("judges", index, "model"), f"{why}: judges favour their like", hint)

    def _fail(self, loc: Loc, message: str, hint: str | None = None) -> SuiteError:
        return self.document.error(loc, message, hint=hint, line=self.document.line(loc))
