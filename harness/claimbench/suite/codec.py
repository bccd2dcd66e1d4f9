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
_PLAYING_VERSION = 1
"""Rises when what a simulated user is told around the suite's own words changes
(:mod:`claimbench.plan.simulated.users`).
"""


_NOT_STORED = ("line", "option_lines")
"""Fields of an arm that say where it stands in its file, not what is measured."""


def suite_to_json(suite: Suite) -> dict[str, Json]:
    """Return the suite as JSON values; money as text. Inverse: :func:`suite_from_json`."""
    plain = to_plain(suite)
    for arm in (*plain["arms"], *plain["judges"], *plain["users"]):
        for name in _NOT_STORED:
            arm.pop(name, None)
        if arm["variant"] is None:  # not there before variants were: an arm without keeps its form
            del arm["variant"]
    if not plain["users"]:  # likewise, and so below
        del plain["users"]
    for task in plain["tasks"]:
        if task["user"] is None:
            del task["user"]
        if task["simulator"] is not None and task["simulator"]["script"] is None:
            del task["simulator"]["script"]
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
    tasks: tuple[Task, ...],
    sampling: SamplingParams,
    epochs: int,
    judges: tuple[Arm, ...] = (),
    users: tuple[Arm, ...] = (),
) -> str:
    """Hash what decides the numbers of a run; two results are comparable only if it is equal.

    Covered: the rows as loaded (masked, if so, and how), prompts, few-shot examples, answer space,
    scorers, max_tokens, stop, sampling, epochs; and the models of judges and simulated users with
    their settings, for they decide scores. Not covered: claims, arms, budget, prose, and where in a
    file a row stood.
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
    if users:  # likewise
        measured["users"] = {
            "v": _PLAYING_VERSION,
            "models": [_measured_judge(user) for user in users],
        }
    return hashlib.sha256(canonical_json(measured)).hexdigest()


def task_sha256(task: Task, judges: tuple[Arm, ...] = ()) -> str:
    """Hash what a task asks and how it scores, its samples apart: prompt, few-shot examples, answer
    space, scorers, limits, and the judge and the simulated user that it names (both among
    ``judges``).
    """
    named = {task.judge.by} if task.judge is not None else set()
    named |= set(task.pairwise.by) if task.pairwise is not None else set()
    named |= {task.user.by} if task.user is not None else set()
    measured: dict[str, Any] = {
        "v": _MEASURED_VERSION,
        "task": _measured_task(dataclasses.replace(task, samples=())),
        "judges": [_measured_judge(judge) for judge in judges if judge.name in named],
    }
    return hashlib.sha256(canonical_json(measured)).hexdigest()


def sample_sha256(sample: Sample) -> str:
    """Hash what is asked of one sample and what is right."""
    asked: dict[str, Json] = {"input": sample.input, "target": sample.target}
    if sample.turn is not None:
        asked["turn"] = [sample.turn.number, sample.turn.scored]
    if sample.tools:
        asked["tools"] = [dataclasses.asdict(tool) for tool in sample.tools]
    return hashlib.sha256(canonical_json(asked)).hexdigest()


def _measured_task(task: Task) -> dict[str, Json]:
    bare = dataclasses.asdict(dataclasses.replace(task, samples=(), few_shot=()))
    del bare["masked"]  # not there before masks were: a suite without one keeps its hash
    if task.reduce is None:  # likewise
        del bare["reduce"]
    for name in ("tools", "tool_choice", "simulator", "user"):  # likewise
        if not bare[name]:
            del bare[name]
    if "simulator" in bare and bare["simulator"]["script"] is None:
        del bare["simulator"]["script"]
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
    measured: dict[str, Json] = {
        "id": sample.id,
        "input": sample.input,
        "target": sample.target,
        "cluster": sample.cluster,
        "slices": sample.slices,
    }
    if sample.turn is not None:  # a row that is asked once keeps its hash
        measured["turn"] = dataclasses.asdict(sample.turn)
    if sample.tools:
        measured["tools"] = [dataclasses.asdict(tool) for tool in sample.tools]
    return measured
