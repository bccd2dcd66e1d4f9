"""How sure an arm was of an answer, from what a run stored; None: nobody knows."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claimbench.scorers import Scorer
from claimbench.scorers.base import squeeze, visible
from claimbench.types import CallRecord, Outcome, Sample, Score, Task
from claimbench.types.routes import StageSpec


@dataclass(frozen=True)
class Answers:
    """What a run holds of its answers: finished calls by id, scores by call and scorer, and for
    each task its samples.
    """

    records: Mapping[str, CallRecord]
    scores: Mapping[tuple[str, str], Score]
    tasks: Mapping[str, Task]

    @classmethod
    def of(
        cls, records: Iterable[CallRecord], scores: Iterable[Score], tasks: Sequence[Task]
    ) -> Answers:
        """Index what a run holds."""
        return cls(
            {record.call.id: record for record in records},
            {(score.call_id, score.scorer): score for score in scores},
            {task.name: task for task in tasks},
        )

    def unreadable(self, call_id: str) -> bool:
        """Tell whether an answer is empty, refused or cut, or its task's scorer could not read
        it.
        """
        record = self.records[call_id]
        if record.outcome is not Outcome.OK:
            return True
        task = self.tasks[record.call.task]
        if not task.scorers:
            return False
        score = self.scores.get((call_id, task.scorers[0].name))
        return score is not None and score.status == "unparsable"

    def score(self, call_id: str, scorer: str) -> float | None:
        """Return what a scorer made of an answer; an unreadable one is 0."""
        found = self.scores.get((call_id, scorer))
        return None if found is None or found.status == "unscored" else found.value


def signal_of(spec: StageSpec, call_id: str, n_out: float, answers: Answers) -> float | None:
    """Return the signal of one answer; ``n_out``: its output tokens, nan where unknown.

    ``repeats`` is not one answer's: :func:`agreement`.
    """
    record = answers.records[call_id]
    if spec.signal == "length":
        return n_out if math.isfinite(n_out) else None
    if spec.signal == "file":
        return spec.values.get((record.call.task, record.call.sample_id))
    if spec.signal == "scorer":
        return answers.score(call_id, spec.of)
    if spec.signal == "field":
        return field_of(record.text, spec.of)
    if spec.signal == "probability":
        return label_probability(record)
    return None


def field_of(text: str, name: str) -> float | None:
    """Return a number of a JSON answer; the dotted ``name`` goes into objects."""
    shown = visible(text)
    start = shown.find("{")
    if start < 0:
        return None
    try:
        node: Any = json.JSONDecoder().raw_decode(shown[start:])[0]
    except (ValueError, RecursionError):
        return None
    for step in name.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    if isinstance(node, str):
        try:
            node = float(node.removesuffix("%")) / (100 if node.endswith("%") else 1)
        except ValueError:
            return None
    if isinstance(node, bool) or not isinstance(node, int | float):
        return None
    try:
        found = float(node)
    except OverflowError:  # a whole number beyond every double
        return None
    return found if math.isfinite(found) else None


def label_probability(record: CallRecord) -> float | None:
    """Return the probability of the most likely label among those whose log-probabilities a call
    stored: in ``logprobs``, or as the answer of a call that scored continuations.
    """
    logs = _logs(record.logprobs)
    if logs is None:
        try:
            logs = _logs(json.loads(record.text))
        except (ValueError, RecursionError):
            return None
    if logs is None:
        return None
    top = max(logs)
    return 1 / math.fsum(math.exp(log - top) for log in logs)


def _logs(found: Any) -> list[float] | None:
    """Read natural logs of probabilities: label -> log, or a list of logs or (log, greedy)."""
    if isinstance(found, Mapping):
        found = list(found.values())
    if not isinstance(found, list | tuple) or len(found) < 2:
        return None
    logs: list[float] = []
    for one in found:
        value = one[0] if isinstance(one, list | tuple) and one else one
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value > 0:
            return None
        logs.append(float(value))
    return logs


def agreement(call_ids: Sequence[str], answers: Answers) -> tuple[float | None, str]:
    """Return the share of repeats that gave the most frequent answer, and the first call that gave
    it; None below two answers.

    Answers are compared as text, letter case and blanks aside, with their calls of tools by name
    and arguments in any order of keys.
    """
    said: list[tuple[_Answer, str]] = []
    for call_id in call_ids:
        record = answers.records[call_id]
        if record.outcome is Outcome.OK:
            said.append((_answer(record), call_id))
    if not said:
        return None, call_ids[0]
    top, count = Counter(answer for answer, _ in said).most_common(1)[0]
    first = next(call_id for answer, call_id in said if answer == top)
    return (count / len(call_ids) if len(call_ids) > 1 else None), first


_Answer = tuple[str, tuple[tuple[str, str], ...]]
"""A text, and the calls of tools as (name, arguments)."""


def _answer(record: CallRecord) -> _Answer:
    calls = tuple((call.name, _arguments(call.arguments)) for call in record.tool_calls)
    return squeeze(visible(record.text)).casefold(), calls


def _arguments(text: str) -> str:
    """Return a call's arguments with their keys in one order; what is no JSON as it stands."""
    try:
        return json.dumps(json.loads(text or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return squeeze(text)


def sees_target(
    scorer: Scorer, records: Iterable[CallRecord], task: Task, most: int = 200
) -> str | None:
    """Say of which answer a scorer's word changes with the target, or None: nothing that a route
    may ask.

    Each answer is scored again with another sample's target in place of its own.
    """
    samples = {sample.id: sample for sample in task.samples}
    others = _other_targets(task.samples)
    tried = 0
    score_of: Callable[[str, str, Sample, Task], Score] = scorer.score
    for record in records:
        if record.outcome is not Outcome.OK or record.call.task != task.name:
            continue
        sample = samples[record.call.sample_id]
        mine = score_of(record.call.id, record.text, sample, task)
        for target in others:
            if target == sample.target:
                continue
            swapped = replace(sample, target=target)
            other = score_of(record.call.id, record.text, swapped, task)
            if (mine.status, mine.value) != (other.status, other.value):
                return f"{task.name}/{sample.id}"
        tried += 1
        if tried >= most:
            break
    return None


def _other_targets(samples: Sequence[Sample]) -> list[Any]:
    """Return up to five different targets of a task."""
    found: list[Any] = []
    for sample in samples:
        if sample.target not in found:
            found.append(sample.target)
        if len(found) == 5:
            break
    return found
