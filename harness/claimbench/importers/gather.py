"""Shared base of the readers of other tools' scored answers: they tell answers, and this chooses
the metric, turns one of which lower is better, and checks the tool's own figures.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.importers import direction, json_values
from claimbench.importers.imported import (
    Aggregate,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportFault,
    ImportOptions,
    aggregate_of,
    judged_by,
    turned,
    unknown_metric,
)
from claimbench.importers.json_values import digest
from claimbench.pricing.told import ToldDollars
from claimbench.types import Json, Usage

ROUNDED = 6e-4
"""By how much a tool's figure may differ from the mean of its items: most print three digits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One scored answer as a file tells it; None is what it does not tell."""

    arm: str
    task: str
    item: str
    scores: Mapping[str, float]
    epoch: int = 0
    shown: str = ""
    target: Json = None
    text: str = ""
    error: str | None = None
    usage: Usage | None = None
    usd: Decimal | None = None
    told: ToldDollars | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    sent: datetime | None = None
    finish: str | None = None
    cluster: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)
    explanation: str = ""
    judge: Mapping[str, str] = field(default_factory=dict)
    """Metric -> what says that a model as judge gave it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found: arms, answers, the tool's own figures and what it says of metrics.

    ``stated``: (arm, task) -> metric -> the tool's figure. ``lower``: (task, metric) -> whether
    lower is better, None where the tool does not say. ``preferred``: the metric that the tool
    itself puts first.
    """

    kind: str
    paths: Sequence[Path]
    arms: Sequence[ImportedArm]
    answers: Sequence[Answer]
    stated: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    lower: Callable[[str, str], bool | None] = lambda _task, _metric: None
    preferred: Sequence[str] = ()
    notes: Sequence[str] = ()


def gathered(found: Found, options: ImportOptions) -> Imported:
    """Put answers together as a file of one kind.

    Raises:
        ImportFault: no answers, an answer twice, or no metric between 0 and 1.
    """
    path = found.paths[0]
    if not found.answers:
        raise ImportFault(f"{path}: no scored answers in it")
    samples: dict[tuple[str, str], ImportedSample] = {}
    by_task: dict[str, list[Answer]] = defaultdict(list)
    seen: set[tuple[str, str, str, int]] = set()
    for answer in found.answers:
        key = (answer.arm, answer.task, answer.item, answer.epoch)
        if key in seen:
            raise ImportFault(
                f"{path}: {answer.arm} answers the item {answer.item!r} of {answer.task} twice"
            )
        seen.add(key)
        by_task[answer.task].append(answer)
        samples.setdefault((answer.task, answer.item), _sample(answer))
    calls: list[ImportedCall] = []
    aggregates: list[Aggregate] = []
    notes = list(found.notes)
    metrics: dict[str, str] = {}
    for task, answers in by_task.items():
        metric, others = _headline(path, task, answers, options.metric, found)
        mine = tuple(_call(answer, metric, found.kind) for answer in answers)
        told = tuple(_figures(mine, task, metric, found, notes))
        notes.append(judged_by(task, metric, others))
        if _points_down(found, task, metric):
            mine, told = turned(mine, told, metric)
            notes.append(direction.said(task, metric))
            metric = direction.inverted(metric)
        calls += mine
        aggregates += told
        metrics[task] = metric
    return Imported(
        found.kind,
        tuple(found.arms),
        tuple(samples.values()),
        tuple(calls),
        tuple(aggregates),
        tuple(notes),
        metrics,
        {one.name: json_values.sha256(json_values.read_bytes(one)) for one in found.paths},
    )


def _points_down(found: Found, task: str, metric: str) -> bool:
    told = found.lower(task, metric)
    return direction.lower_is_better(metric) if told is None else told


def _headline(
    path: Path, task: str, answers: Sequence[Answer], wanted: str | None, found: Found
) -> tuple[str, list[str]]:
    """Return the metric that counts, and all whose values lie between 0 and 1."""
    seen: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        for name, value in answer.scores.items():
            seen[name].append(value)
    usable = [name for name, values in seen.items() if all(0 <= v <= 1 for v in values)]
    if not usable:
        there = f"; there are {one_of(list(seen))}, beyond it" if seen else ""
        raise ImportFault(f"{path}: {task}: no metric between 0 and 1 stands with its items{there}")
    if wanted is not None:
        if wanted not in usable:
            raise unknown_metric(path, "metric", wanted, usable)
        return wanted, usable
    first = [name for name in found.preferred if name in usable]
    upward = [name for name in usable if not _points_down(found, task, name)]
    most = max(len(seen[name]) for name in usable)
    whole = [name for name in upward if len(seen[name]) == most]
    return (first or whole or upward or usable)[0], usable


def _sample(answer: Answer) -> ImportedSample:
    return ImportedSample(
        answer.task, answer.item, answer.shown, answer.target, answer.cluster, answer.slices
    )


def _call(answer: Answer, metric: str, kind: str) -> ImportedCall:
    scores = {name: value for name, value in answer.scores.items() if 0 <= value <= 1}
    error = answer.error
    if error is None and metric not in scores:
        error = f"{kind} gives no {metric}"
    return ImportedCall(
        answer.arm,
        answer.task,
        answer.item,
        answer.epoch,
        scores,
        answer.text,
        error,
        answer.usage,
        answer.usd,
        answer.latency_s,
        answer.sent,
        answer.finish,
        fingerprint=digest(answer.shown, answer.target),
        explanation=answer.explanation,
        ttft_s=answer.ttft_s,
        judge=answer.judge.get(metric, ""),
        told=answer.told,
    )


def _figures(
    calls: Sequence[ImportedCall], task: str, metric: str, found: Found, notes: list[str]
) -> list[Aggregate]:
    """Compute each arm's score (means over epochs, then over items), and note where the tool says
    another.
    """
    made = []
    for arm in found.arms:
        items: dict[str, list[float]] = defaultdict(list)
        for call in calls:
            if call.arm == arm.name and call.error is None:
                items[call.sample_id].append(call.scores[metric])
        if not items:
            continue
        values = [math.fsum(several) / len(several) for several in items.values()]
        figure = aggregate_of(arm.name, task, metric, values)
        made.append(figure)
        said = found.stated.get((arm.name, task), {}).get(metric)
        if said is not None and not math.isclose(figure.value, said, abs_tol=ROUNDED):
            notes.append(
                f"{arm.name} {task}: the items give {metric} {figure.value:.4g}, {found.kind} says"
                f" {said:.4g}"
            )
    return made
