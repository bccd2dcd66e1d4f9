"""Samples side by side: where arms disagree, and a few whole transcripts. Cut to a budget, and it
says so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.packed import columns, some_rows, some_values
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.tables.types import FloatArray
from claimbench.types import CallRecord, Cost, Json, Outcome, Sample, Score, Task
from claimbench_reports.view.answers import AnswerView, SampleView
from claimbench_reports.view.arms import is_measured
from claimbench_reports.view.format import Text, excerpt, figure
from claimbench_reports.view.inputs import ReportData

MAX_DISAGREEMENTS = 200
MAX_TRANSCRIPTS = 12
ANSWER_CUT, INPUT_CUT = 600, 900
TRANSCRIPT_CUT = 6_000
BUDGET = 1_200_000
"""Characters of foreign text in all of the disagreements: keeps a report of 10,000 calls below 3
MB.
"""

OUTCOME_WORDS = {
    Outcome.OK: "answered",
    Outcome.EMPTY: "empty answer, scored 0",
    Outcome.REFUSED: "refused, scored 0",
    Outcome.TRUNCATED: "cut at max_tokens, scored 0",
    Outcome.MODEL_TIMEOUT: "timed out, scored 0",
    Outcome.ENDED: "not asked: the model had ended the conversation, scored 0",
    Outcome.CANCELLED: "not asked: a fault had ended the conversation",
}


@dataclass(frozen=True)
class Lookup:
    """What is needed to show one sample: its records by arm, and by call their scores, numbers of
    attempts, seconds and costs.
    """

    records: Mapping[tuple[str, str], Mapping[str, CallRecord]]
    scores: Mapping[str, Score]
    attempts: Mapping[str, int]
    e2e: Mapping[str, float]
    costs: Mapping[str, Cost]


def disagreement_views(data: ReportData, redact: Redactor) -> tuple[tuple[SampleView, ...], str]:
    """Return samples on which measured arms' scores differ, the widest differences first, and how
    many there are in all.
    """
    order, total = _disagreeing(data)
    if total == 0:
        return (), "No sample on which the measured arms' scores differ."
    chosen = [_key(data, i) for i in order[:MAX_DISAGREEMENTS]]
    lookup = _lookup(data, set(chosen))
    views: list[SampleView] = []
    spent = 0
    for key in chosen:
        view = _sample_view(data, redact, key, lookup, "", ANSWER_CUT, INPUT_CUT)
        spent += sum(len(t.text) for _, t in view.input) + sum(
            len(a.answer.text) for a in view.answers
        )
        if spent > BUDGET and views:
            break
        views.append(view)
    if len(views) == total:
        return tuple(views), f"All {total:,} samples on which the measured arms' scores differ."
    return (
        tuple(views),
        (
            f"{len(views):,} of the {total:,} samples on which the measured arms' scores differ,"
            " the widest differences first. All of them are in the exports (JSON Lines, CSV)."
        ),
    )


def _disagreeing(data: ReportData) -> tuple[Sequence[int], int]:
    arms = [a.name for a in data.suite.arms if is_measured(data, a.name)]
    if len(arms) < 2:
        return (), 0
    table: FloatArray = np.stack([data.items.arms[a].score for a in arms])
    known = np.isfinite(table)
    low = np.where(known, table, np.inf).min(axis=0)
    high = np.where(known, table, -np.inf).max(axis=0)
    spread = np.where(known.sum(axis=0) >= 2, high - low, 0.0)
    order = np.argsort(-spread, kind="stable")
    total = int((spread > 1e-9).sum())
    return [int(i) for i in order[:total]], total


def _key(data: ReportData, item: int) -> tuple[str, str]:
    task = str(data.items.task[item])
    return task, data.items.items[item][len(task) + 1 :]


def _lookup(data: ReportData, wanted: set[tuple[str, str]]) -> Lookup:
    """One pass over the run; keeps the first epoch of the wanted samples only."""
    first: dict[tuple[str, str, str], tuple[int, int]] = {}
    read = columns(
        data.records, "call.task", "call.sample_id", "call.role", "call.arm", "call.epoch"
    )
    for at, (task, sample_id, role, arm, epoch) in enumerate(read):
        if role == "subject" and (task, sample_id) in wanted:
            seen = first.get((task, sample_id, arm))
            if seen is None or epoch < seen[0]:
                first[task, sample_id, arm] = (epoch, at)
    records: dict[tuple[str, str], dict[str, CallRecord]] = defaultdict(dict)
    for record in some_rows(data.records, [at for _, at in first.values()]):
        call = record.call
        records[call.task, call.sample_id][call.arm] = record
    ids = {r.call.id for by_arm in records.values() for r in by_arm.values()}
    headline = {t.name: t.scorers[0].name for t in data.suite.tasks if t.scorers}
    task_of = {r.call.id: r.call.task for by_arm in records.values() for r in by_arm.values()}
    mine = [
        at
        for at, (call_id, scorer) in enumerate(columns(data.scores, "call_id", "scorer"))
        if call_id in ids and headline.get(task_of[call_id]) == scorer
    ]
    scores = {s.call_id: s for s in some_rows(data.scores, mine)}
    attempts: dict[str, int] = defaultdict(int)
    for call_id in columns(data.attempts, "call_id"):
        if call_id in ids:
            attempts[call_id] += 1
    e2e = {
        call_id: float(rows.e2e_s[at])
        for rows in data.calls.arms.values()
        for at, call_id in enumerate(rows.call_id.tolist())
        if call_id in ids
    }
    return Lookup(records, scores, attempts, e2e, some_values(data.costs, ids))


def _sample_view(
    data: ReportData,
    redact: Redactor,
    key: tuple[str, str],
    lookup: Lookup,
    kind: str,
    answer_cut: int,
    input_cut: int,
    messages: bool = False,
) -> SampleView:
    task, sample = _find(data, key)
    shown: list[tuple[str, Text]] = []
    if data.render is not None:
        # Side by side the question is enough; a transcript has every turn that was sent.
        turns = list(data.render(task, sample))
        turns = turns if messages else turns[-1:]
        shown = [(m.role, excerpt(redact.transcript(m.content), input_cut)) for m in turns]
    else:
        shown = [
            (visible(k), excerpt(redact.transcript(_text(v)), input_cut))
            for k, v in sample.input.items()
        ]
    by_arm = lookup.records.get(key, {})
    answers = [
        _answer(redact, by_arm[a.name], lookup, answer_cut)
        for a in data.suite.arms
        if a.name in by_arm
    ]
    return SampleView(
        id=visible(redact.mask(sample.id)),
        task=visible(task.name),
        kind=kind,
        slices=visible(", ".join(f"{k}: {v}" for k, v in sample.slices.items())),
        input=tuple(shown),
        target=excerpt(redact.transcript(_text(sample.target)), answer_cut),
        answers=tuple(answers),
    )


def _find(data: ReportData, key: tuple[str, str]) -> tuple[Task, Sample]:
    task = next(t for t in data.suite.tasks if t.name == key[0])
    return task, next(s for s in task.samples if s.id == key[1])


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _answer(redact: Redactor, record: CallRecord, lookup: Lookup, cut: int) -> AnswerView:
    call, score = record.call, lookup.scores.get(record.call.id)
    outcome = OUTCOME_WORDS.get(
        record.outcome, f"{record.outcome.value.replace('_', ' ')}: missing, not scored"
    )
    value = (
        score.value
        if score is not None and record.outcome is Outcome.OK
        else (None if record.outcome.missing else 0.0)
    )
    explained = (
        score.explanation
        if score is not None and record.outcome is Outcome.OK
        else (record.error or "")
    )
    if score is not None and score.status == "unparsable":
        outcome = "answer could not be read, scored 0"
    id_ = f"call.{call.id}"
    cost = lookup.costs.get(call.id)
    return AnswerView(
        arm=visible(call.arm),
        outcome=outcome,
        score=figure(f"{id_}.score", value, "score", unknown="\u2014"),
        answer=excerpt(redact.transcript(record.said), cut),
        explanation=excerpt(redact.transcript(explained), 300).text,
        e2e=figure(f"{id_}.e2e", lookup.e2e.get(call.id), "seconds", unknown="\u2014"),
        usd=figure(
            f"{id_}.usd", None if cost is None or cost.amount is None else float(cost.amount), "usd"
        ),
        call_id=call.id,
        attempts=lookup.attempts.get(call.id, 0),
    )


def transcript_views(data: ReportData, redact: Redactor) -> tuple[tuple[SampleView, ...], str]:
    """Return whole transcripts of a few samples per task: all right, all wrong, disagreement - the
    first of each kind.
    """
    arms = [a.name for a in data.suite.arms if is_measured(data, a.name)]
    if not arms:
        return (), "No arm was measured."
    table = np.stack([data.items.arms[a].score for a in arms])
    known = np.isfinite(table).all(axis=0)
    kinds = {
        "every arm right": known & (table >= 1 - 1e-9).all(axis=0),
        "arms disagree": known & (np.ptp(np.where(known, table, 0.0), axis=0) > 1e-9),
        "no arm fully right": known & (table < 1 - 1e-9).all(axis=0),
    }
    chosen: list[tuple[tuple[str, str], str]] = []
    for task in data.suite.tasks:
        for kind, mask in kinds.items():
            hits = np.flatnonzero(mask & (data.items.task == task.name))
            chosen += [
                (_key(data, int(i)), kind)
                for i in hits[:2]
                if (_key(data, int(i)), kind) not in chosen
            ]
    chosen = chosen[:MAX_TRANSCRIPTS]
    lookup = _lookup(data, {key for key, _ in chosen})
    views = tuple(
        _sample_view(data, redact, key, lookup, kind, TRANSCRIPT_CUT, TRANSCRIPT_CUT, messages=True)
        for key, kind in chosen
    )
    return (
        views,
        (
            f"{len(views)} of {len(data.items.items):,} samples, the first of each kind; all are in"
            " the exports."
        ),
    )
