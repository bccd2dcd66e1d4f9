"""Every sample with every arm's answer, one at a time: what the page's matrix of samples shows.

A run may hold many more samples than a page can, so nothing here is kept: rows are made, packed
(:mod:`claimbench_reports.formats.pack`) and let go. What the run left in the order of its calls is
put by samples first (:mod:`claimbench_reports.formats.first_epoch`). Every foreign text is redacted
and made visible here, as in the view.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.types import Json, Outcome, Sample, Task
from claimbench_reports.formats.first_epoch import FirstEpoch
from claimbench_reports.view.arms import is_measured
from claimbench_reports.view.format import excerpt, seconds, usd
from claimbench_reports.view.inputs import ReportData

SHORT_OUTCOMES = {
    Outcome.OK: "answered",
    Outcome.EMPTY: "empty answer",
    Outcome.REFUSED: "refused",
    Outcome.TRUNCATED: "cut at max_tokens",
    Outcome.MODEL_TIMEOUT: "timed out",
    Outcome.ENDED: "conversation over",
    Outcome.CANCELLED: "not asked after a fault",
}
UNREADABLE = "could not be read"
NOT_ASKED = "no answer"
A_SHORT_TEXT = 200
MOST_SHOWN = 20_000
"""Characters of a text that is remembered as shown, and how many are."""


def outcome_words(outcome: Outcome | None, status: str | None) -> str:
    """Say how a call ended, by its outcome and the status of its headline score; None: it has none
    of them.
    """
    if outcome is None:
        return NOT_ASKED
    if status == "unparsable":
        return UNREADABLE
    return SHORT_OUTCOMES.get(outcome) or outcome.value.replace("_", " ")


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
        self._scores = [data.items.arms[arm].score for arm in self._arms]
        self._first = FirstEpoch(data, self._arms)
        self._words = [outcome_words(*kind) for kind in self._first.kinds]
        self._ok = [outcome is Outcome.OK for outcome, _ in self._first.kinds]
        self._shown: dict[tuple[str, int], list[str]] = {}
        tasks = list(self._tasks)
        self.head = MatrixHead(
            tuple(visible(a) for a in self._arms),
            tuple(visible(t) for t in tasks),
            tuple(visible(s) for s in self._slices),
        )
        self._task_number = {name: i for i, name in enumerate(tasks)}

    def __len__(self) -> int:
        return len(self._data.items.items)

    def _key(self, item: int) -> tuple[str, str]:
        task = str(self._data.items.task[item])
        return task, self._data.items.items[item][len(task) + 1 :]

    def row(self, item: int) -> list[Any]:
        """Return ``[id, task, slice values, scores, outcomes]``; a score of None is missing."""
        task, sample_id = self._key(item)
        scores = []
        for of_arm in self._scores:
            value = float(of_arm[item])
            scores.append(round(value, 3) if math.isfinite(value) else None)
        outcomes = [self._words[kind] for kind in self._first.kind[:, item].tolist()]
        values = [visible(str(self._data.items.slices[name][item])) for name in self._slices]
        return [
            visible(self._redact.mask(sample_id)),
            self._task_number[task],
            values,
            scores,
            outcomes,
        ]

    def sample(self, item: int, cut: int) -> dict[str, Any]:
        """Return the whole sample: what was asked, what is right, each arm's answer; texts cut
        after ``cut`` characters, which is said. Of an answer: text, note, its score's explanation,
        facts.
        """
        key = self._key(item)
        sample = self._samples.get(key)
        task = self._tasks[key[0]]
        answers = {number: (text, error) for number, text, error in self._first.answers.of(item)}
        whys = dict(self._first.whys.of(item))
        columns = (self._first.kind, self._first.e2e_s, self._first.usd)
        facts = zip(*(column[:, item].tolist() for column in columns), strict=True)
        out: list[list[Any]] = []
        for number, (kind, took, dollars) in enumerate(facts):
            if number not in answers:
                out.append(["", "", "", NOT_ASKED])
                continue
            text, error = answers[number]
            told = whys.get(number)
            if told is None or not self._ok[kind]:
                told = error or ""
            why = self._cut(told, min(cut, 300))[0]
            out.append([*self._cut(text, cut), why, self._facts(kind, took, dollars)])
        return {
            "in": [] if sample is None else [*self._asked(task, sample, cut)],
            "right": self._cut(None if sample is None else _text(sample.target), cut),
            "out": out,
        }

    def _asked(self, task: Task, sample: Sample, cut: int) -> Iterator[list[str]]:
        if self._data.render is not None:
            for message in list(self._data.render(task, sample))[-1:]:
                yield [visible(message.role), *self._cut(message.content, cut)]
            return
        for name, value in sample.input.items():
            yield [visible(name), *self._cut(_text(value), cut)]

    def _facts(self, kind: int, took: float, dollars: float) -> str:
        """Say how a call ended, how long it took and what it cost, as far as known."""
        facts = [self._words[kind]]
        if math.isfinite(took):
            facts.append(seconds(took))
        if not math.isnan(dollars):
            facts.append(usd(dollars))
        return " \u00b7 ".join(facts)

    def _cut(self, text: str | None, cut: int) -> list[str]:
        """Return a text as it may be shown, and what was cut; short ones come again and again."""
        if text is None or len(text) > A_SHORT_TEXT:
            return self._cut_anew(text, cut)
        found = self._shown.get((text, cut))
        if found is None:
            if len(self._shown) >= MOST_SHOWN:
                self._shown.clear()
            found = self._shown[text, cut] = self._cut_anew(text, cut)
        return found

    def _cut_anew(self, text: str | None, cut: int) -> list[str]:
        shown = excerpt(self._redact.transcript(text), cut)
        return [shown.text, shown.note]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
