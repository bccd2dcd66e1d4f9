"""Finished calls with what belongs to them, as the writers of other tools' files need them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from claimbench.evaluation.evaluate import Evaluation
from claimbench.importers.imported import mean_and_stderr
from claimbench.plan.prompts import render
from claimbench.pricing.told import beside_charges, dollar_fields
from claimbench.privacy.redact import Redactor
from claimbench.types import Arm, Attempt, CallRecord, Cost, Json, Outcome, Sample, Score, Task


class ExportRow:
    """One finished call: its texts as ``redact`` lets them out, its score and its last attempt."""

    def __init__(
        self,
        record: CallRecord,
        task: Task,
        sample: Sample,
        score: Score | None,
        tries: list[Attempt],
        redact: Redactor,
        cost: Cost | None = None,
        at_prices: Cost | None = None,
    ) -> None:
        self.record = record
        self.task = task
        self.sample = sample
        self.score = score
        self.final = tries[-1] if tries else None
        self.cost = cost
        self.at_prices = at_prices
        self._redact = redact

    @property
    def value(self) -> float | None:
        """Return the score in the main analysis; None = missing."""
        if self.record.outcome.missing or not self.sample.scored:
            return None
        if self.score is None or self.score.value is None:
            return 0.0 if self.record.outcome is not Outcome.OK else None
        return self.score.value

    @property
    def plain(self) -> bool:
        """Tell a profile that lets transcripts out in full from one that does not."""
        return self._redact.profile == "full"

    def shown(self, text: str | None) -> str:
        """Return a transcript as the profile lets it out."""
        return self._redact.transcript(text) or ""

    @property
    def text(self) -> str:
        """Return the answer as the profile lets it out."""
        return self.shown(self.record.text)

    @property
    def turns(self) -> list[dict[str, Json]]:
        """Return the prompt as chat messages."""
        return [
            {"role": m.role, "content": self.shown(m.content)}
            for m in render(self.task, self.sample)
        ]

    @property
    def target(self) -> str | None:
        """Return the expected answer as text; None = unknown."""
        given = self.sample.target
        if given is None:
            return None
        return self.shown(
            given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        )

    @property
    def own(self) -> dict[str, Json]:
        """Return what other tools' formats have no place for, so that an import has it again:
        dollars (as text, to the last digit) with their basis, tokens, seconds, cluster, the judge
        of the score; what is unknown is left out.
        """
        told: dict[str, Json] = {"sample_id": self.sample.id, "cluster": self.sample.cluster}
        if self.task.judged_by is not None:
            told["judged_by"] = self.task.judged_by
        for name, value in dollar_fields(self.cost, self.at_prices).items():
            if value is not None:
                told[name] = str(value)
        if self.final is None:
            return told
        usage, timing = self.final.usage, self.final.timing
        if usage is not None and usage.input_total is not None and usage.output_total is not None:
            told |= {"input_tokens": usage.input_total, "output_tokens": usage.output_total}
        if timing.ended_ns > timing.sent_ns and timing.engine.get("latency_known", 1.0):
            told["e2e_s"] = (timing.ended_ns - timing.sent_ns) / 1e9
        if timing.first_content_ns is not None:
            told["ttft_s"] = (timing.first_content_ns - timing.sent_ns) / 1e9
        return told

    def value_shown(self, value: Json) -> Json:
        """Return a value of the sample: itself in full, else as text that the profile lets out."""
        return value if self.plain else self.shown(json.dumps(value, ensure_ascii=False))


def rows_by_arm(evaluation: Evaluation, redact: Redactor) -> dict[str, list[ExportRow]]:
    """Return every finished call of a subject, by arm, in the run's order."""
    stored = evaluation.stored
    tasks = {task.name: task for task in stored.suite.tasks}
    samples = {(t.name, s.id): s for t in stored.suite.tasks for s in t.samples}
    headline = {t.name: t.scorers[0].name for t in stored.suite.tasks if t.scorers}
    scores = {(s.call_id, s.scorer): s for s in evaluation.scores}
    costs = evaluation.costs.calls
    at_prices = beside_charges(stored.attempts, evaluation.costs, evaluation.at_prices)
    tries: dict[str, list[Attempt]] = {}
    for attempt in stored.attempts:
        tries.setdefault(attempt.call_id, []).append(attempt)
    rows: dict[str, list[ExportRow]] = {}
    for record in stored.records:
        call = record.call
        if call.role != "subject":
            continue
        score = scores.get((call.id, headline.get(call.task, "")))
        mine = sorted(tries.get(call.id, ()), key=lambda a: a.number)
        row = ExportRow(
            record,
            tasks[call.task],
            samples[call.task, call.sample_id],
            score,
            mine,
            redact,
            costs.get(call.id),
            at_prices.get(call.id),
        )
        rows.setdefault(call.arm, []).append(row)
    return rows


def by_task(rows: Sequence[ExportRow]) -> Iterator[tuple[Task, list[ExportRow]]]:
    """Split one arm's rows by task."""
    for task in dict.fromkeys(row.task.name for row in rows):
        mine = [row for row in rows if row.task.name == task]
        yield mine[0].task, mine


def figures(rows: Sequence[ExportRow]) -> tuple[float | None, float | None, int]:
    """Return the mean over samples of their mean over epochs, its standard error (n - 1), and n;
    missing ones left out.
    """
    by_sample: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            by_sample.setdefault(row.sample.id, []).append(row.value)
    if not by_sample:
        return None, None, 0
    mean, error = mean_and_stderr([float(np.mean(values)) for values in by_sample.values()])
    return mean, error, len(by_sample)


def slug(text: str) -> str:
    """Return a name that is safe in a file's name."""
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text)


def run_moment(evaluation: Evaluation) -> datetime:
    """Return the moment at which the run was made (UTC)."""
    return datetime.fromisoformat(evaluation.stored.manifest.created_utc).astimezone(UTC)


def model_name(arm: Arm) -> str:
    """Return the arm's model without a local file's folders."""
    return arm.model.rpartition("/")[2] if arm.model.endswith(".gguf") else arm.model
