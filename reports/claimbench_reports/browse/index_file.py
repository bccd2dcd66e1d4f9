"""Write the index of a run: what its pages show, found by keys, so that a page reads little.

Scores and verdicts follow from all rows of a run, which no page can read while somebody waits. So a
run is judged once (in a process that ends afterwards) and what it has to show is kept in an SQLite
file of its own: facts of the run, one row per sample with its score pattern, one per sample and
arm, the whole sample packed, and an index of all texts. All texts are redacted and made visible
before they enter. The file can be thrown away at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from claimbench.errors import StoreError
from claimbench.evaluation.preference.labelling import ToLabel
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.tables.in_order import ScoresOfCalls, TriesOfCalls
from claimbench.types import Attempt, CallRecord, Cost, Json, Outcome, Sample, Score, Task
from claimbench_reports.charts.buying import buying_charts
from claimbench_reports.formats.by_item import ByItem
from claimbench_reports.formats.matrix import Matrix, outcome_words
from claimbench_reports.view.arms import ALL
from claimbench_reports.view.format import Figure, excerpt, seconds, usd
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import VerdictView, View

VERSION = 2
"""Of the index; another one is made anew."""

TEXT_CUT = 60_000
"""Characters of one prompt, answer or target that a page shows; the exports have the rest."""

SEARCH_CUT = 20_000
"""Characters of each of these that can be searched."""

COLUMNS = (
    ("quality", "Quality"),
    ("usd_1k", "$ per 1k requests"),
    ("usd_1k_correct", "$ per 1k correct"),
    ("ttft_p50", "TTFT p50"),
    ("e2e_p50", "E2E p50"),
    ("e2e_p95", "E2E p95"),
    ("n_missing", "Missing"),
)
"""Columns of the arms' table."""

_SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE samples (item INTEGER PRIMARY KEY, task INTEGER NOT NULL, name TEXT NOT NULL,
       slices TEXT NOT NULL, pattern TEXT NOT NULL, only_wrong INTEGER, doc BLOB NOT NULL)""",
    """CREATE TABLE cells (item INTEGER NOT NULL, arm INTEGER NOT NULL, score REAL,
       outcome TEXT NOT NULL, PRIMARY KEY (item, arm)) WITHOUT ROWID""",
    """CREATE TABLE slices (name INTEGER NOT NULL, value TEXT NOT NULL, item INTEGER NOT NULL,
       PRIMARY KEY (name, value, item)) WITHOUT ROWID""",
    """CREATE TABLE to_label (place INTEGER PRIMARY KEY, call_id TEXT NOT NULL UNIQUE,
       body TEXT NOT NULL)""",
    "CREATE TABLE texts (item INTEGER PRIMARY KEY, body TEXT NOT NULL)",
)
_KEYS = (
    "CREATE INDEX samples_by_task ON samples (task, item)",
    "CREATE INDEX samples_by_pattern ON samples (pattern, item)",
    "CREATE INDEX samples_by_wrong ON samples (only_wrong, item)",
    "CREATE INDEX cells_by_outcome ON cells (outcome, item)",
)
_SEARCH = (
    "CREATE VIRTUAL TABLE search USING fts5(body, content='texts', content_rowid='item',"
    " tokenize='trigram')",
    "INSERT INTO search (search) VALUES ('rebuild')",
)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The report as HTML, and the content policy under which its own script runs."""

    html: str
    policy: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A run that was judged, as the index takes it. ``origin``: of which rows this was made, so
    that a reader knows when they are others.
    """

    data: ReportData
    view: View
    redact: Redactor
    report: ReportPage
    to_label: Sequence[ToLabel]
    origin: Mapping[str, Json]


def write_index(path: Path, judged: Judged) -> None:
    """Write the index of a run to ``path``, readable by its owner alone; an old one is replaced by
    a whole new one.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as file:
            _fill(file, judged)
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path}: the index of the pages cannot be written: {error}",
            hint="free some space, or set XDG_CACHE_HOME to another folder",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _fill(file: sqlite3.Connection, judged: Judged) -> None:
    file.execute("PRAGMA journal_mode = OFF")
    file.execute("PRAGMA synchronous = OFF")
    file.execute("BEGIN")
    for statement in _SCHEMA:
        file.execute(statement)
    matrix = Matrix(judged.data, judged.redact)
    docs = _Docs(judged.data, judged.redact)
    for item in range(len(matrix)):
        _sample(file, matrix, docs, item)
    for place, one in enumerate(judged.to_label):
        file.execute(
            "INSERT INTO to_label VALUES (?, ?, ?)", (place, one.call_id, _dumps(asdict(one)))
        )
    meta = {
        "version": VERSION,
        "facts": {
            **_facts(judged.view, matrix),
            "measured": judged.data.manifest.measured_sha256,
        },
        "verdicts": [[v.id, v.status, v.status_text] for v in judged.view.verdicts],
        "report": asdict(judged.report),
        "origin": dict(judged.origin),
    }
    file.executemany(
        "INSERT INTO meta VALUES (?, ?)", [(key, _dumps(value)) for key, value in meta.items()]
    )
    for statement in _KEYS:
        file.execute(statement)
    # A SQLite without FTS5 searches by looking through the texts
    with contextlib.suppress(sqlite3.OperationalError):
        for statement in _SEARCH:
            file.execute(statement)
    file.execute("COMMIT")


def _sample(file: sqlite3.Connection, matrix: Matrix, docs: _Docs, item: int) -> None:
    name, task, values, scores, outcomes = matrix.row(item)
    pattern, only = pattern_of(scores)
    doc = docs.of(item)
    packed = zlib.compress(_dumps(doc).encode(), 6)
    file.execute(
        "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?)",
        (item, task, name, _dumps(values), pattern, only, packed),
    )
    for arm, (score, outcome) in enumerate(zip(scores, outcomes, strict=True)):
        file.execute("INSERT INTO cells VALUES (?, ?, ?, ?)", (item, arm, score, outcome))
    for at, value in enumerate(values):
        file.execute("INSERT INTO slices VALUES (?, ?, ?)", (at, value, item))
    file.execute("INSERT INTO texts VALUES (?, ?)", (item, "\n".join(_searched(name, doc))))


def pattern_of(scores: Sequence[float | None]) -> tuple[str, int | None]:
    """Return how the arms did on a sample, and the number of the one arm that alone is wrong.

    The pattern is ``right`` (all of them), ``wrong`` (none is right), ``differ`` or ``missing`` (an
    arm has no score).
    """
    known = [score for score in scores if score is not None]
    wrong = [at for at, score in enumerate(scores) if score is not None and score < 1]
    only = wrong[0] if len(wrong) == 1 and len(known) == len(scores) > 1 else None
    if len(known) < len(scores) or not scores:
        return "missing", None
    if not wrong:
        return "right", None
    if len(wrong) == len(scores) and max(known) == min(known):
        return "wrong", only
    return "differ", only


def _searched(name: str, doc: Mapping[str, Any]) -> Iterator[str]:
    yield name
    yield from (turn["text"][:SEARCH_CUT] for turn in doc["asked"])
    yield doc["target"]["text"][:SEARCH_CUT]
    for arm in doc["arms"]:
        for answer in arm["answers"]:
            yield answer["text"]["text"][:SEARCH_CUT]
            yield answer["explanation"]


class _Left(NamedTuple):
    """What one call left."""

    record: CallRecord
    scores: Sequence[Score]
    attempts: Sequence[Attempt]
    cost: Cost | None


class _Docs:
    """Gives each sample whole: every turn, every answer of every epoch, every attempt."""

    def __init__(self, data: ReportData, redact: Redactor) -> None:
        self._data = data
        self._redact = redact
        self._tasks = {task.name: task for task in data.suite.tasks}
        self._samples = {(t.name, s.id): s for t in data.suite.tasks for s in t.samples}
        # Arms by number; of each call its record, scores, attempts and cost
        self._rows = ByItem()
        self._gather()

    def _gather(self) -> None:
        """Put what each call left by items, in one pass over the run."""
        items = self._data.items
        tasks = items.task.tolist()
        item_of = {
            (task, name[len(task) + 1 :]): at
            for at, (task, name) in enumerate(zip(tasks, items.items, strict=True))
        }
        tries, judged = TriesOfCalls(self._data.attempts), ScoresOfCalls(self._data.scores)
        scored = {task.name for task in self._data.suite.tasks if task.scorers}
        for record in self._data.records:
            call = record.call
            item = item_of.get((call.task, call.sample_id))
            scores = judged.of(call.id) if call.task in scored else []
            attempts = tries.of(call.id)
            if item is not None:
                cost = self._data.costs.get(call.id)
                self._rows.add(item, _Left(record, scores, attempts, cost))

    def of(self, item: int) -> dict[str, Any]:
        task_name = str(self._data.items.task[item])
        sample_id = self._data.items.items[item][len(task_name) + 1 :]
        task, sample = self._tasks[task_name], self._samples.get((task_name, sample_id))
        arms = []
        left: dict[str, list[_Left]] = defaultdict(list)
        for (one,) in self._rows.of(item):
            left[one.record.call.arm].append(one)
        for arm in self._data.suite.arms:
            if left[arm.name]:
                ordered = sorted(left[arm.name], key=lambda one: one.record.call.epoch)
                answers = [self._answer(task, one) for one in ordered]
                arms.append({"arm": visible(arm.name), "answers": answers})
        return {
            "task": visible(task_name),
            "id": visible(self._redact.mask(sample_id)),
            "slices": {} if sample is None else _slices(sample),
            "asked": [] if sample is None else list(self._asked(task, sample)),
            "target": self._text(None if sample is None else _plain(sample.target)),
            "arms": arms,
        }

    def _asked(self, task: Task, sample: Sample) -> Iterator[dict[str, str]]:
        if self._data.render is None:
            for name, value in sample.input.items():
                yield {"role": visible(name), **self._text(_plain(value))}
            return
        for message in self._data.render(task, sample):
            yield {"role": visible(message.role), **self._text(message.content)}

    def _answer(self, task: Task, left: _Left) -> dict[str, Any]:
        record, scores, cost = left.record, left.scores, left.cost
        first = task.scorers[0].name if task.scorers else None
        main = next((s for s in scores if s.scorer == first), None)
        counts = main if record.outcome is Outcome.OK else None
        if counts is not None:
            value, why = counts.value, counts.explanation
        else:
            failed = not record.outcome.missing and record.outcome is not Outcome.OK
            value, why = (0.0 if failed else None), record.error or ""
        amount = None if cost is None or cost.amount is None else float(cost.amount)
        return {
            "epoch": record.call.epoch,
            "call": record.call.id,
            "outcome": outcome_words(record.outcome, None if main is None else main.status),
            "score": "none" if value is None else f"{value:g}",
            "explanation": self._line(why),
            "text": self._text(record.said),
            "reasoning": self._text(record.reasoning),
            "tools": [self._line(f"{t.name}({t.arguments})") for t in record.tool_calls],
            "others": [
                f"{visible(s.scorer)}: {'none' if s.value is None else f'{s.value:g}'}"
                for s in scores
                if s is not main
            ],
            "usd": "unknown" if amount is None else usd(amount),
            "basis": "" if cost is None else cost.basis or cost.why_unknown or "",
            "attempts": [self._attempt(attempt) for attempt in left.attempts],
        }

    def _attempt(self, attempt: Attempt) -> dict[str, Any]:
        timing, usage = attempt.timing, attempt.usage
        tokens = []
        if usage is not None:
            named = {"in": usage.input_fresh, "cached": usage.cache_read}
            named |= {"out": usage.output_visible, "reasoning": usage.output_reasoning}
            tokens = [f"{name} {n:,}" for name, n in named.items() if n is not None]
        return {
            "number": attempt.number,
            "session": attempt.session,
            "outcome": attempt.outcome.value.replace("_", " "),
            "status": attempt.http_status,
            "first": _between(timing.sent_ns, timing.first_content_ns),
            "took": _between(timing.sent_ns, timing.ended_ns),
            "waited": _between(timing.queued_ns, timing.sent_ns),
            "tokens": ", ".join(tokens),
            "model": self._line(attempt.model_returned or ""),
            "request": self._line(attempt.request_id or ""),
            "error": self._line(attempt.error or ""),
        }

    def _line(self, text: str) -> str:
        return excerpt(self._redact.transcript(text), 600).text

    def _text(self, text: str | None) -> dict[str, str]:
        shown = excerpt(self._redact.transcript(text), TEXT_CUT)
        return {"text": shown.text, "note": shown.note}


def _slices(sample: Sample) -> dict[str, str]:
    return {visible(str(k)): visible(str(v)) for k, v in sample.slices.items()}


def _between(start: int | None, end: int | None) -> str:
    return "" if start is None or end is None else seconds((end - start) / 1e9)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _facts(view: View, matrix: Matrix) -> dict[str, Any]:
    head = matrix.head
    return {
        "summary": view.summary,
        "redaction": view.redaction,
        "warnings": list(view.warnings),
        "decision": None if view.decision is None else asdict(view.decision),
        "decision_charts": [asdict(chart) for chart in buying_charts(view)],
        "verdicts": [_verdict(one) for one in view.verdicts],
        "columns": [list(column) for column in COLUMNS],
        "arms": list(_arms(view)),
        "matrix": {
            "arms": list(head.arms),
            "tasks": list(head.tasks),
            "slices": list(head.slices),
            "n": len(matrix),
        },
    }


def _verdict(verdict: VerdictView) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "claim": verdict.claim,
        "who": verdict.who,
        "status": verdict.status,
        "status_text": verdict.status_text,
        "brief": verdict.brief,
        "sentence": verdict.sentence,
        "qualifier": verdict.qualifier,
        "read_as": verdict.read_as,
        "measured": verdict.measured,
        "remedies": [f"{one.text} {one.code}".strip() for one in verdict.remedies],
    }


def _arms(view: View) -> Iterator[dict[str, Any]]:
    for arm in view.arms:
        if arm.scope != ALL:
            continue
        cells: dict[str, Any] = {}
        for column, _ in COLUMNS:
            figure = arm.get(column)
            cells[column] = None if figure is None else _cell(figure)
        yield {
            "arm": arm.arm,
            "model": arm.model,
            "measured": arm.measured,
            "why_not": arm.why_not,
            "notes": list(arm.notes),
            "cells": cells,
        }


def _cell(figure: Figure) -> dict[str, str]:
    return {"text": figure.text, "interval": figure.interval, "note": figure.note}


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_odd)


def _odd(value: object) -> object:
    """Return mappings and other iterables of the views as JSON has them."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    return str(value)
