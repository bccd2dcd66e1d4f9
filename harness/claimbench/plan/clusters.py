"""Which items hang together: conversations, documents, and the same input asked twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.types import Json, Sample, Task


@dataclass(frozen=True)
class Clusters:
    """Hold the cluster of each item, and which clusters equal inputs made.

    ``twins`` names the clusters that were joined because two of their items have the same input.
    """

    names: list[str]
    twins: frozenset[str]


def cluster_names(tasks: Sequence[Task], keys: Sequence[tuple[str, str]]) -> list[str]:
    """Name the cluster of each ``(task, sample_id)`` of ``keys`` (see :func:`find_clusters`)."""
    return find_clusters(tasks, keys).names


def find_clusters(tasks: Sequence[Task], keys: Sequence[tuple[str, str]]) -> Clusters:
    """Find the cluster of each ``(task, sample_id)`` of ``keys``.

    A sample's own ``cluster`` counts within its task. Tasks that ask about the same inputs share
    their clusters (the same ticket routed and extracted is one unit of evidence); unrelated tasks
    do not, even where their ids collide. Two items with the same input are in one cluster, because
    the second adds no independent evidence. An absent or empty input is unknown, and equal to no
    other: a table of scores without its questions has an independent item in every row.
    """
    samples = {(t.name, s.id): s for t in tasks for s in t.samples}
    inputs = {key: _fingerprint(sample) for key, sample in samples.items()}
    family = _families(tasks, inputs)
    several = len(set(family.values())) > 1
    union = Union()
    names: list[str] = []
    joined: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for key in keys:
        sample, home = samples[key], family[key[0]]
        name = f"{home}/{sample.cluster}" if several else sample.cluster
        names.append(name)
        asked = inputs[key]
        if asked is None:
            union.root(name)
            continue
        twin = seen.setdefault((home, asked), name)
        if union.root(twin) != union.root(name):
            union.join(twin, name)
            joined.append(name)
    return Clusters(
        [union.root(name) for name in names], frozenset(union.root(name) for name in joined)
    )


def _fingerprint(sample: Sample) -> str | None:
    """Return the text of an input, equal for equal inputs; None where nothing is in it."""
    if all(_is_empty(value) for value in sample.input.values()):
        return None
    return _CANONICAL.encode(sample.input)


def _is_empty(value: Json) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, Mapping | Sequence) and len(value) == 0


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)
"""Made once: ``json.dumps`` with options makes an encoder for every value."""


def _families(
    tasks: Sequence[Task], inputs: Mapping[tuple[str, str], str | None]
) -> dict[str, str]:
    """Task name -> first task that shares a sample (same id and input) with it, directly or through
    others; an absent input is shared with none.
    """
    union = Union()
    owner: dict[tuple[str, str], str] = {}
    for task in tasks:
        for sample in task.samples:
            asked = inputs[task.name, sample.id]
            if asked is not None:
                union.join(owner.setdefault((sample.id, asked), task.name), task.name)
    return {task.name: union.root(task.name) for task in tasks}


class Union:
    """Disjoint sets of names; the root is the name that came first."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        """Return the root of the set that a name is in; a new name is a set of its own."""
        parent = self._parent.setdefault(name, name)
        while parent != self._parent[parent]:
            self._parent[name] = parent = self._parent[parent]
        return parent

    def join(self, first: str, second: str) -> None:
        """Put the set of ``second`` under that of ``first``."""
        a, b = self.root(first), self.root(second)
        if a != b:
            self._parent[b] = a


def tie_duplicates(samples: Sequence[Sample], used: Iterable[str]) -> list[Sample]:
    """Give samples with the same input the same cluster: they are one draw, not two
    (docs/method.md).
    """
    names = sorted(used)
    union = Union()
    first: dict[str, str] = {}
    for sample in samples:
        key = repr([sample.input.get(name) for name in names])
        union.join(first.setdefault(key, sample.cluster), sample.cluster)
    joined = []
    for sample in samples:
        cluster = union.root(sample.cluster)
        joined.append(sample if cluster == sample.cluster else replace(sample, cluster=cluster))
    return joined
