"""Which of the planned calls are sure to be sent, and which are taken as likely.

Every turn of a conversation is (unless its model ends it). Of an episode one step is; how many more
it takes nobody knows before, so that figures of a plan are ranges: from the fewest calls to the
most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from claimbench.plan.simulated.talks import is_talk
from claimbench.types import Call, Suite

TYPICAL_STEPS = 0.5
"""Share of an episode's steps taken as typical where no pilot tells."""


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely a planned call is sent. ``item``: a row, a turn or an episode begins with it."""

    sure: bool
    typical: bool
    item: bool


SURE = Likely(sure=True, typical=True, item=True)
_BESIDE = Likely(sure=True, typical=True, item=False)


class Likelihood:
    """Says of each planned call how likely it is sent.

    Args:
        suite: whose calls.
        steps: arm -> steps that its episodes took in a pilot run, on average.
    """

    def __init__(self, suite: Suite, steps: Mapping[str, float] | None = None) -> None:
        self._steps = {task.name: task.steps for task in suite.tasks if task.steps}
        self._alone = {task.name for task in suite.tasks if is_talk(task)}
        self._measured = dict(steps or {})
        self._mean = fmean(self._measured.values()) if self._measured else None
        self._numbers: dict[tuple[str, str], int] = {}
        for task in suite.tasks:
            for sample in task.samples if task.steps else ():
                if sample.turn is not None:
                    self._numbers[task.name, sample.id] = sample.turn.number

    def __call__(self, call: Call) -> Likely:
        """Return how likely ``call`` is sent."""
        number = self._numbers.get((call.task, call.sample_id))
        if number is None or call.role == "judge":
            return SURE if call.role == "subject" else _BESIDE
        share = self._steps[call.task] * TYPICAL_STEPS
        measured = self._mean if call.role == "user" else self._measured.get(call.arm)
        most = max(1, math.ceil(share if measured is None else measured))
        # A user speaks before a step: the first that may follow is step 2.
        first = 2 if call.role == "user" else 1
        spoken = call.role == "user" and call.task in self._alone
        sure = number == first and (call.role == "subject" or spoken)
        return Likely(
            sure, number <= max(most, first if sure else 1), call.role == "subject" and number == 1
        )
