"""Simulated users of a suite against its arms and the tasks that name them."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.suite.document import Loc, YamlDocument
from claimbench.types import Arm, Task

_STATED = ("temperature", "seed")
"""What must be said of a simulated user's sampling: it decides what every arm is asked."""


@dataclass(frozen=True)
class UserChecker:
    """Raises :class:`SuiteError` at the first contradiction between simulated users, whoever else
    is asked, and the tasks that name them.
    """

    document: YamlDocument
    tasks: tuple[Task, ...]
    others: tuple[Arm, ...]
    users: tuple[Arm, ...]

    def check(self) -> None:
        """Run every check."""
        names = [user.name for user in self.users]
        taken = {other.name for other in self.others}
        for index, name in enumerate(names):
            place: Loc = ("simulated_users", index, "name")
            if name in taken or name in names[:index]:
                what = f"'{name}' is the name of an arm, a judge or another simulated user"
                raise self._fail(place, f"the simulated user {what}")
        used = {self._named(task, index, names) for index, task in enumerate(self.tasks)}
        for index, user in enumerate(self.users):
            place = ("simulated_users", index)
            if user.name not in used:
                hint = f"simulated_user: {{by: {user.name}, prompt: …}} in a task"
                raise self._fail(place, f"no task has the simulated user '{user.name}'", hint)
            for key in _STATED:
                if getattr(user.params, key) is None and key not in user.options.get("omit", ()):
                    what = f"the simulated user {user.name} states no {key}"
                    hint = f"sampling: {{{key}: 0}}, or omit: [{key}] where its API takes none"
                    raise self._fail(place, what, hint)

    def _named(self, task: Task, index: int, names: list[str]) -> str | None:
        if task.user is None:
            return None
        name = task.user.by
        if name not in names:
            hint = "the suite has no `simulated_users:`; they are written like arms"
            if names:
                hint = f"simulated users: {one_of(names)}"
            what = f"unknown simulated user '{name}'{did_you_mean(name, names)}"
            raise self._fail(("tasks", index, "simulated_user", "by"), what, hint)
        return name

    def _fail(self, loc: Loc, message: str, hint: str | None = None) -> SuiteError:
        return self.document.error(loc, message, hint=hint, line=self.document.line(loc))
