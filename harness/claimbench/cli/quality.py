"""Quality so far, for the eyes only: finished answers scored a few at a time while a run goes on.

Scoring shares the thread with the measurement, so only quick scorers of our own take part, and only
a few answers at each look. What is stored and judged is scored after the run, all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.run.progress import Progress
    from claimbench.scorers.base import Scorer
    from claimbench.types import CallRecord, Sample, Suite, Task

QUICK = frozenset({"label", "exact", "numeric", "choice"})
"""Scorers that take well under a millisecond for an answer."""
OURS = "claimbench.scorers."
LONGEST = 2_000
"""Characters; a longer answer is not looked at."""
AT_ONCE = 20
LEAST = 5
"""Scored answers from which a share is shown."""


class QualitySoFar:
    """Keeps the mean score of each arm over the answers looked at."""

    def __init__(self, suite: Suite) -> None:
        self._tasks: dict[str, tuple[Task, Mapping[str, Sample], Scorer]] = {}
        for task in suite.tasks:
            scorer = _quick(task)
            if scorer is not None:
                samples = {sample.id: sample for sample in task.samples}
                self._tasks[task.name] = (task, samples, scorer)
        self._sums: dict[str, tuple[int, float]] = {}

    def take(self, progress: Progress, most: int = AT_ONCE) -> None:
        """Score at most ``most`` of the calls that finished lately, and forget them."""
        for _ in range(min(most, len(progress.recent))):
            self._add(progress.recent.popleft())

    def _add(self, record: CallRecord) -> None:
        from claimbench.scorers import score_record

        known = self._tasks.get(record.call.task)
        if known is None or record.call.role != "subject" or len(record.text) > LONGEST:
            return
        task, samples, scorer = known
        sample = samples.get(record.call.sample_id)
        if sample is None:
            return
        (score,) = score_record(record, sample, task, (scorer,))
        if score.value is not None:
            n, total = self._sums.get(record.call.arm, (0, 0.0))
            self._sums[record.call.arm] = (n + 1, total + score.value)

    def of(self, arm: str) -> str:
        """Return the share so far in words, empty before there are a few answers."""
        n, total = self._sums.get(arm, (0, 0.0))
        return f"{100 * total / n:.0f}%" if n >= LEAST else ""

    def seen(self, arm: str) -> int:
        """Return the number of answers that the share is of."""
        return self._sums.get(arm, (0, 0.0))[0]

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms that have a share."""
        return tuple(arm for arm in self._sums if self.of(arm))


def _quick(task: Task) -> Scorer | None:
    """Return the scorer of the task's headline, if it is one of our quick ones."""
    from claimbench.plugins import SCORERS, installed
    from claimbench.scorers import load

    if not task.scorers or task.scorers[0].name not in QUICK:
        return None
    entry = installed(SCORERS).get(task.scorers[0].name)
    if entry is None or not entry.value.startswith(OURS):
        return None
    return load(task.scorers[:1])[0]
