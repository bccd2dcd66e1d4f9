"""Suite x tasks x arms x samples x epochs -> an ordered, hashed plan of calls.

Order: clusters are shuffled with the suite's recorded seed and stay whole; the tasks' sequences are merged so that each
task advances at the same relative pace (stratified); for every item the arms follow one another in a seeded random
order (interleaved), so drift over the day and luck with rate limits meet all arms alike. A plan limited to N samples
is the beginning of the unlimited one.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from claimbench.errors import BenchError
from claimbench.types import Call, Sample, Suite, Task


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls in planned order. ``sha256`` covers ids and order; ``samples`` counts the planned samples per task."""

    calls: tuple[Call, ...]
    sha256: str
    samples: dict[str, int]
    limit: int | None


def call_id(measured_sha256: str, task: str, sample_id: str, epoch: int, arm: str) -> str:
    """The identity of a call: the same on every resume, different as soon as what is measured differs."""
    text = json.dumps([measured_sha256, task, sample_id, epoch, arm], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def ordered_samples(task: Task, seed: int, limit: int | None) -> list[Sample]:
    """The task's samples by shuffled clusters, at most ``limit`` of them."""
    clusters: dict[str, list[Sample]] = {}
    for sample in task.samples:
        clusters.setdefault(sample.cluster, []).append(sample)
    names = sorted(clusters)
    random.Random(f"{seed}/clusters").shuffle(names)  # noqa: S311 - a recorded shuffle, not a secret
    ordered = [sample for name in names for sample in clusters[name]]
    return ordered if limit is None else ordered[:limit]


def _merged(per_task: dict[str, list[Sample]]) -> list[tuple[str, Sample]]:
    """All tasks' samples in one sequence in which each task advances at the same relative pace."""
    placed = [
        ((index + 0.5) / len(samples), order, name, sample)
        for order, (name, samples) in enumerate(per_task.items())
        for index, sample in enumerate(samples)
    ]
    return [(name, sample) for _, _, name, sample in sorted(placed, key=lambda entry: entry[:2])]


def make_plan(suite: Suite, run_id: str, arms: Sequence[str], limit: int | None = None) -> Plan:
    """Plan ``arms`` (names) over the suite's samples; ``limit`` is a number of samples per task.

    Raises:
        BenchError: ``limit`` is not positive.
    """
    if limit is not None and limit < 1:
        raise BenchError(f"--limit {limit}: a run needs at least one sample per task", hint="give --limit 1 or more")
    per_task = {task.name: ordered_samples(task, suite.order_seed, limit) for task in suite.tasks}
    calls: list[Call] = []
    base_seed = suite.sampling.seed if suite.sampling.seed is not None else suite.order_seed
    for epoch in range(suite.epochs):
        for name, sample in _merged(per_task):
            order = sorted(arms)
            random.Random(f"{suite.order_seed}/{epoch}/{name}/{sample.id}").shuffle(order)  # noqa: S311 - recorded
            for arm in order:
                identity = call_id(suite.measured_sha256, name, sample.id, epoch, arm)
                calls.append(
                    Call(
                        run_id=run_id,
                        id=identity,
                        task=name,
                        sample_id=sample.id,
                        epoch=epoch,
                        arm=arm,
                        seed=base_seed + epoch,
                        position=len(calls),
                    )
                )
    digest = hashlib.sha256("\n".join(call.id for call in calls).encode()).hexdigest()
    return Plan(tuple(calls), digest, {name: len(samples) for name, samples in per_task.items()}, limit)
