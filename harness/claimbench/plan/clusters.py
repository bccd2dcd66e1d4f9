"""Which items hang together: conversations, documents, and the same input asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from claimbench.types import Sample, Task


def cluster_names(tasks: Sequence[Task], keys: Sequence[tuple[str, str]]) -> list[str]:
    """Name the cluster of each ``(task, sample_id)`` of ``keys``.

    A sample's own ``cluster`` counts within its task. Tasks that ask about the same inputs share
    their clusters (the same ticket routed and extracted is one unit of evidence); unrelated tasks
    do not, even where their ids collide. Two items with the same input are in one cluster, because
    the second adds no independent evidence.
    """
    samples = {(t.name, s.id): s for t in tasks for s in t.samples}
    inputs = {key: _fingerprint(sample) for key, sample in samples.items()}
    family = _families(tasks, inputs)
    several = len(set(family.values())) > 1
    union = _Union()
    names: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for key in keys:
        sample, home = samples[key], family[key[0]]
        name = f"{home}/{sample.cluster}" if several else sample.cluster
        twin = seen.setdefault((home, inputs[key]), name)
        union.join(twin, name)
        names.append(name)
    return [union.root(name) for name in names]


def _fingerprint(sample: Sample) -> str:
    return _CANONICAL.encode(sample.input)


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)
"""Made once: ``json.dumps`` with options makes an encoder for every value."""


def _families(tasks: Sequence[Task], inputs: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Task name -> first task that shares a sample (same id and input) with it, directly or through
    others.
    """
    union = _Union()
    owner: dict[tuple[str, str], str] = {}
    for task in tasks:
        for sample in task.samples:
            union.join(
                owner.setdefault((sample.id, inputs[task.name, sample.id]), task.name), task.name
            )
    return {task.name: union.root(task.name) for task in tasks}


class _Union:
    """Disjoint sets of names; the root is the name that came first."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        parent = self._parent.setdefault(name, name)
        while parent != self._parent[parent]:
            self._parent[name] = parent = self._parent[parent]
        return parent

    def join(self, first: str, second: str) -> None:
        a, b = self.root(first), self.root(second)
        if a != b:
            self._parent[b] = a
