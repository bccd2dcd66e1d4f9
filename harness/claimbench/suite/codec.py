"""Suites to JSON and back, and the hash of what decides a run's numbers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from claimbench.codec import Mismatch, read, to_plain
from claimbench.errors import IntegrityError
from claimbench.scorers.judge import check_judges
from claimbench.types import Arm, Json, Sample, SamplingParams, Suite, Task

SUITE_JSON_SCHEMA = 1
"""Version of the JSON form. History: 1 = first."""

_MEASURED_VERSION = 1
_JUDGING_VERSION = 1
"""Rises when what a judge is told around the suite's own words changes
(:mod:`claimbench.plan.judges`).
"""


_NOT_STORED = ("line", "option_lines")
"""Fields of an arm that say where it stands in its file, not what is measured."""


def suite_to_json(suite: Suite) -> dict[str, Json]:
    """Return the suite as JSON values; money as text. Inverse: :func:`suite_from_json`."""
    plain = to_plain(suite)
    for arm in (*plain["arms"], *plain["judges"]):
        for name in _NOT_STORED:
            arm.pop(name, None)
    return {"schema": SUITE_JSON_SCHEMA, **plain}


def suite_from_json(data: Mapping[str, Json]) -> Suite:
    """Rebuild a suite from its JSON form; raises :class:`IntegrityError` where it is not one."""
    version = data.get("schema")
    if version != SUITE_JSON_SCHEMA:
        raise IntegrityError(
            f"the stored suite has schema {version!r}, this ClaimBench reads {SUITE_JSON_SCHEMA}",
            hint="use the ClaimBench version that wrote the run",
        )
    try:
        suite = read(Suite, data)
    except Mismatch as wrong:
        where = ".".join(map(str, wrong.where))
        raise IntegrityError(f"the stored suite is damaged at {where}: {wrong}") from None
    check_judges(suite.tasks)
    return suite


def canonical_json(value: Json) -> bytes:
    """Return one spelling of a JSON value, for hashing: sorted keys, no blanks, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def measured_sha256(
    tasks: tuple[Task, ...], sampling: SamplingParams, epochs: int, judges: tuple[Arm, ...] = ()
) -> str:
    """Hash what decides the numbers of a run; two results are comparable only if it is equal.

    Covered: the rows as loaded (masked, if so, and how), prompts, few-shot examples, answer space,
    scorers, max_tokens, stop, sampling, epochs; and the judges' models with their settings, for
    they decide scores. Not covered: claims, arms, budget, prose, and where in a file a row stood.
    """
    measured: dict[str, Any] = {
        "v": _MEASURED_VERSION,
        "sampling": dataclasses.asdict(sampling),
        "epochs": epochs,
        "tasks": [_measured_task(task) for task in tasks],
    }
    if judges:  # a suite without any keeps its hash
        measured["judges"] = {
            "v": _JUDGING_VERSION,
            "models": [_measured_judge(judge) for judge in judges],
        }
    return hashlib.sha256(canonical_json(measured)).hexdigest()


def _measured_task(task: Task) -> dict[str, Json]:
    bare = dataclasses.asdict(dataclasses.replace(task, samples=(), few_shot=()))
    del bare["masked"]  # not there before masks were: a suite without one keeps its hash
    if task.reduce is None:  # likewise
        del bare["reduce"]
    if task.masked is not None:
        bare["mask"] = dataclasses.asdict(task.masked.spec)
    return bare | {
        "samples": list(map(_measured, task.samples)),
        "few_shot": list(map(_measured, task.few_shot)),
    }


def _measured_judge(judge: Arm) -> dict[str, Json]:
    return {
        "name": judge.name,
        "provider": judge.provider,
        "model": judge.model,
        "revision": judge.revision,
        "params": dataclasses.asdict(judge.params),
        "options": judge.options,
    }


def _measured(sample: Sample) -> dict[str, Json]:
    # by name, for asdict copies deeply and a suite may have many rows
    return {
        "id": sample.id,
        "input": sample.input,
        "target": sample.target,
        "cluster": sample.cluster,
        "slices": sample.slices,
    }
