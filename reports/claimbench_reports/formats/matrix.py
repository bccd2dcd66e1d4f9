"""Every sample with every arm's answer, one at a time: what the page's matrix of samples shows.

A run may hold many more samples than a page can, so nothing here is kept: rows are made, packed
(:mod:`claimbench_reports.formats.pack`) and let go. Every foreign text is redacted and made visible
here, as in the view.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.types import CallRecord, Json, Outcome, Sample, Score, Task
from claimbench_reports.view.arms import is_measured
from claimbench_reports.view.format import excerpt, seconds, usd
from claimbench_reports.view.inputs import ReportData

SHORT_OUTCOMES = {
    Outcome.OK: "answered",
    Outcome.EMPTY: "empty answer",
    Outcome.REFUSED: "refused",
    Outcome.TRUNCATED: "cut at max_tokens",
    Outcome.MODEL_TIMEOUT: "timed out",
}
UNREADABLE = "could not be read"
NOT_ASKED = "no answer"


@dataclass(frozen=True, slots=True)
class MatrixHead:
    """What the rows refer to by number: arms, tasks and the names of slices."""

    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    slices: tuple[str, ...]


class Matrix:
    """Gives the rows of the matrix and, for each, the whole sample; indexes are made once."""

    def __init__(self, data: ReportData, redact: Redactor) -> None:
        self._data = data
        self._redact = redact
        self._arms = [a.name for a in data.suite.arms if is_measured(data, a.name)]
        self._tasks = {task.name: task for task in data.suite.tasks}
        self._samples = {(t.name, s.id): s for t in data.suite.tasks for s in t.samples}
        self._slices = list(data.items.slices)
        self._records = self._first_epochs()
        self._scores = self._headline_scores()
        self._e2e = {
            arm: dict(zip(rows.call_id.tolist(), rows.e2e_s.tolist(), strict=True))
            for arm, rows in data.calls.arms.items()
        }
        tasks = list(self._tasks)
        self.head = MatrixHead(
            tuple(visible(a) for a in self._arms),
            tuple(visible(t) for t in tasks),
            tuple(visible(s) for s in self._slices),
        )
        self._task_number = {name: i for i, name in enumerate(tasks)}

    def __len__(self) -> int:
        return len(self._data.items.items)

    def _first_epochs(self) -> Mapping[tuple[str, str], Mapping[str, CallRecord]]:
        found: dict[tuple[str, str], dict[str, CallRecord]] = defaultdict(dict)
        for record in self._data.records:
            if record.call.role != "subject":
                continue
            by_arm = found[(record.call.task, record.call.sample_id)]
            seen = by_arm.get(record.call.arm)
            if seen is None or record.call.epoch < seen.call.epoch:
                by_arm[record.call.arm] = record
        return found

    def _headline_scores(self) -> Mapping[str, Score]:
        headline = {t.name: t.scorers[0].name for t in self._tasks.values() if t.scorers}
        names = set(headline.values())
        task_of = {r.call.id: r.call.task for r in self._data.records}
        return {
            s.call_id: s
            for s in self._data.scores
            if s.scorer in names and headline.get(task_of.get(s.call_id, "")) == s.scorer
        }

    def _key(self, item: int) -> tuple[str, str]:
        task = str(self._data.items.task[item])
        return task, self._data.items.items[item][len(task) + 1 :]

    def row(self, item: int) -> list[Any]:
        """Return ``[id, task, slice values, scores, outcomes]``; a score of None is missing."""
        task, sample_id = self._key(item)
        by_arm = self._records.get((task, sample_id), {})
        scores, outcomes = [], []
        for arm in self._arms:
            value = float(self._data.items.arms[arm].score[item])
            scores.append(round(value, 3) if math.isfinite(value) else None)
            outcomes.append(self._outcome(by_arm.get(arm)))
        values = [visible(str(self._data.items.slices[name][item])) for name in self._slices]
        return [
            visible(self._redact.mask(sample_id)),
            self._task_number[task],
            values,
            scores,
            outcomes,
        ]

    def _outcome(self, record: CallRecord | None) -> str:
        if record is None:
            return NOT_ASKED
        score = self._scores.get(record.call.id)
        if score is not None and score.status == "unparsable":
            return UNREADABLE
        known = SHORT_OUTCOMES.get(record.outcome)
        return known or record.outcome.value.replace("_", " ")

    def sample(self, item: int, cut: int) -> dict[str, Any]:
        """Return the whole sample: what was asked, what is right, each arm's answer; texts cut
        after ``cut`` characters, which is said.
        """
        key = self._key(item)
        sample = self._samples.get(key)
        task = self._tasks[key[0]]
        by_arm = self._records.get(key, {})
        return {
            "in": [] if sample is None else [*self._asked(task, sample, cut)],
            "right": self._cut(None if sample is None else _text(sample.target), cut),
            "out": [self._answer(by_arm.get(arm), arm, cut) for arm in self._arms],
        }

    def _asked(self, task: Task, sample: Sample, cut: int) -> Iterator[list[str]]:
        if self._data.render is not None:
            for message in list(self._data.render(task, sample))[-1:]:
                yield [visible(message.role), *self._cut(message.content, cut)]
            return
        for name, value in sample.input.items():
            yield [visible(name), *self._cut(_text(value), cut)]

    def _answer(self, record: CallRecord | None, arm: str, cut: int) -> list[Any]:
        """Return ``[text, note, why, facts]``."""
        if record is None:
            return ["", "", "", NOT_ASKED]
        score = self._scores.get(record.call.id)
        ok = record.outcome is Outcome.OK
        why = score.explanation if score is not None and ok else (record.error or "")
        took = self._e2e.get(arm, {}).get(record.call.id)
        cost = self._data.costs.get(record.call.id)
        facts = [self._outcome(record)]
        if took is not None and math.isfinite(took):
            facts.append(seconds(took))
        if cost is not None and cost.amount is not None:
            facts.append(usd(float(cost.amount)))
        told = excerpt(self._redact.transcript(why), min(cut, 300)).text
        return [*self._cut(record.text, cut), told, " \u00b7 ".join(facts)]

    def _cut(self, text: str | None, cut: int) -> list[str]:
        shown = excerpt(self._redact.transcript(text), cut)
        return [shown.text, shown.note]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
