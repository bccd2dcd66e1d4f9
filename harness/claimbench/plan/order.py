"""Suite x tasks x arms x samples x epochs -> an ordered, hashed plan of calls.

Order: clusters are shuffled with the suite's recorded seed and stay whole; different tasks advance
at the same relative pace (stratified); for every item the arms follow one another in a seeded
random order (interleaved), so drift over the day and luck with rate limits meet all arms alike. A
plan limited to N samples is the beginning of the unlimited one. After the arms' calls come those of
simulated users and tools, each made when its step is due (:mod:`claimbench.plan.simulated`), and
the judges', sent when the answers are there (:mod:`claimbench.plan.judges`).
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from claimbench.errors import BenchError
from claimbench.packed import Packer, columns
from claimbench.plan.call_ids import call_id
from claimbench.plan.clusters import cluster_names
from claimbench.plan.judges import judge_calls
from claimbench.plan.pairs import pair_calls
from claimbench.plan.simulated.helpers import helper_calls
from claimbench.types import Call, Sample, Suite


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls in planned order. ``sha256`` covers ids and order; ``samples`` counts the planned
    samples per task.
    """

    calls: Sequence[Call]
    sha256: str
    samples: dict[str, int]
    limit: int | None


TaskSample = tuple[str, Sample]
"""A task's name and one of its samples."""


def ordered_items(suite: Suite, limit: int | None = None) -> list[TaskSample]:
    """Return every item once, in running order: whole clusters, shuffled with the suite's seed, at
    most ``limit`` per task, a conversation counted once (of single rows of clusters where the
    suite's order says so).

    Clusters that several tasks share (the same ticket routed and extracted) stay together over
    those tasks. Clusters of different tasks are merged so that each task advances at the same
    relative pace.
    """
    keys = [(task.name, sample.id) for task in suite.tasks for sample in task.samples]
    samples = {(task.name, sample.id): sample for task in suite.tasks for sample in task.samples}
    clusters: dict[str, list[tuple[str, str]]] = {}
    for key, name in zip(keys, cluster_names(suite.tasks, keys), strict=True):
        clusters.setdefault(name, []).append(key)
    strata: dict[frozenset[str], list[str]] = {}
    for name, members in clusters.items():
        strata.setdefault(frozenset(task for task, _ in members), []).append(name)
    placed: list[tuple[float, int, str]] = []
    for number, (tasks, names) in enumerate(
        sorted(strata.items(), key=lambda entry: sorted(entry[0]))
    ):
        shuffled = sorted(names)
        random.Random(f"{suite.order_seed}/clusters/{sorted(tasks)}").shuffle(shuffled)  # noqa: S311 - recorded
        placed += [
            ((index + 0.5) / len(shuffled), number, name) for index, name in enumerate(shuffled)
        ]
    rows = [_interleaved(clusters[name]) for _, _, name in sorted(placed)]
    if limit is not None and suite.options.get("limit_by") == "row":
        rows = _one_of_each(rows)
    taken: Counter[str] = Counter()
    begun: set[tuple[str, str]] = set()
    order: list[TaskSample] = []
    for mine in rows:
        for task, sample_id in mine:
            sample = samples[task, sample_id]
            turn = sample.turn
            if turn is not None and turn.number > 1:  # goes with the first turn, whatever the limit
                if (task, turn.conversation) in begun:
                    order.append((task, sample))
            elif limit is None or taken[task] < limit:
                taken[task] += 1
                order.append((task, sample))
                if turn is not None:
                    begun.add((task, turn.conversation))
    return order


def _one_of_each(rows: Sequence[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    """Return rounds that take one item of each cluster and task, for a first look that sees many
    clusters and not all rows of a few.
    """
    rounds: list[list[tuple[str, str]]] = []
    for mine in rows:
        seen: Counter[str] = Counter()
        for task, sample_id in mine:
            if seen[task] == len(rounds):
                rounds.append([])
            rounds[seen[task]].append((task, sample_id))
            seen[task] += 1
    return rounds


def _interleaved(members: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """A cluster's items with its tasks taking turns, each in the order of its data."""
    queues: dict[str, list[tuple[str, str]]] = {}
    for key in members:
        queues.setdefault(key[0], []).append(key)
    taken: list[tuple[str, str]] = []
    for turn in zip_longest(*queues.values()):
        taken += [key for key in turn if key is not None]  # None: a task has run out of items
    return taken


def _base_seeds(suite: Suite, arms: Sequence[str]) -> dict[str, int]:
    """Return the seed of each arm's first epoch: the arm's own, else the suite's, else that of the
    order (which engines in this process use, and which is sent to nobody).
    """
    fallback = suite.sampling.seed if suite.sampling.seed is not None else suite.order_seed
    own = {arm.name: arm.params.seed for arm in suite.arms if arm.params.seed is not None}
    return {name: own.get(name, fallback) for name in arms}


def _digest(calls: Sequence[Call]) -> str:
    """Hash the calls' ids, one a line, in their order."""
    found = hashlib.sha256()
    between = b""
    for identity in columns(calls, "id"):
        found.update(between + identity.encode())
        between = b"\n"
    return found.hexdigest()


def make_plan(suite: Suite, run_id: str, arms: Sequence[str], limit: int | None = None) -> Plan:
    """Plan ``arms`` (names) over the suite's samples; ``limit`` is a number of samples per task.

    Raises:
        BenchError: ``limit`` is not positive.
    """
    if limit is not None and limit < 1:
        raise BenchError(
            f"--limit {limit}: a run needs at least one sample per task",
            hint="give --limit 1 or more",
        )
    order_of_items = ordered_items(suite, limit)
    packer = Packer(Call)
    position = 0
    seeds = _base_seeds(suite, arms)
    for epoch in range(suite.epochs):
        for name, sample in order_of_items:
            order = sorted(arms)
            if len(order) > 1:
                random.Random(f"{suite.order_seed}/{epoch}/{name}/{sample.id}").shuffle(order)  # noqa: S311 - recorded
            for arm in order:
                identity = call_id(suite.measured_sha256, name, sample.id, epoch, arm)
                packer.append(
                    Call(
                        run_id=run_id,
                        id=identity,
                        task=name,
                        sample_id=sample.id,
                        epoch=epoch,
                        arm=arm,
                        seed=seeds[arm] + epoch,
                        position=position,
                    )
                )
                position += 1
    calls = packer.done()
    others = helper_calls(suite, calls, len(calls))
    others += judge_calls(suite, calls, len(calls) + len(others))
    others += pair_calls(suite, calls, len(calls) + len(others))
    if others:
        packer = Packer(Call)
        packer.extend(chain(calls, others))
        calls = packer.done()
    return Plan(calls, _digest(calls), dict(Counter(name for name, _ in order_of_items)), limit)
