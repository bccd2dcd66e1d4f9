"""Inspect logs whose grader is the model under test: the arm is billed its own tokens alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions

Write = Callable[[str, Any], Path]
MODEL = "openai/gpt-4o-mini"
OWN = {"input_tokens": 64, "output_tokens": 2, "total_tokens": 66}
GRADER = {"input_tokens": 800, "output_tokens": 50, "total_tokens": 850}
BOTH = {key: OWN[key] + GRADER[key] for key in OWN}


def model_event(usage: dict[str, int], **more: Any) -> dict[str, Any]:
    return {"event": "model", "model": MODEL, "output": {"usage": usage}, **more}


SPANS = [
    {"event": "span_begin", "id": "s", "type": "solver", "span_id": "s"},
    model_event(OWN, span_id="s"),
    {"event": "span_end", "id": "s", "span_id": "s"},
    {"event": "span_begin", "id": "all", "type": "scorers", "span_id": "all"},
    {"event": "span_begin", "id": "g", "parent_id": "all", "type": "scorer", "span_id": "g"},
    {"event": "span_begin", "id": "i", "parent_id": "g", "type": "tool", "span_id": "i"},
    model_event(GRADER, span_id="i"),
]
STEPS = [
    {"event": "step", "action": "begin", "type": "solver", "name": "generate"},
    model_event(OWN),
    {"event": "step", "action": "end", "type": "solver", "name": "generate"},
    {"event": "step", "action": "begin", "type": "scorer", "name": "model_graded_qa"},
    model_event(GRADER),
    {"event": "step", "action": "end", "type": "scorer", "name": "model_graded_qa"},
]
ROLES = [model_event(OWN), model_event(GRADER, role="grader")]


def graded(peers: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    log: dict[str, Any] = peers.inspect(["C", "I", "C"])
    for sample in log["samples"]:
        sample["model_usage"] = {MODEL: BOTH}
        sample |= changes
    return log


@pytest.mark.parametrize("events", [SPANS, STEPS, ROLES], ids=["spans", "steps", "roles"])
def test_events_tell_solver_from_grader(
    peers: SimpleNamespace, written: Write, events: list[dict[str, Any]]
) -> None:
    found = read_files([written("log.json", graded(peers, events=events))], ImportOptions())
    assert [(c.usage.input_total, c.usage.output_total) for c in found.calls if c.usage] == [
        (64, 2)
    ] * 3
    assert any("grader, which is the same model, are left out" in note for note in found.notes)


@pytest.mark.parametrize("sign", ["scorer", "grading", "role"])
def test_without_events_one_answer_has_its_own_usage(
    peers: SimpleNamespace, written: Write, sign: str
) -> None:
    log = graded(peers)
    if sign == "scorer":
        log["results"]["scores"][0]["scorer"] = "model_graded_fact"
    elif sign == "role":
        log["eval"]["model_roles"] = {"grader": {"model": MODEL}}
    else:
        for sample in log["samples"]:
            sample["scores"]["match"]["metadata"] = {"grading": []}
    found = read_files([written("log.json", log)], ImportOptions())
    assert all(c.usage is not None and c.usage.input_total == 64 for c in found.calls)


def test_tokens_that_cannot_be_told_apart_are_unknown(
    peers: SimpleNamespace, written: Write
) -> None:
    log = graded(peers)
    log["results"]["scores"][0]["scorer"] = "model_graded_qa"
    for sample in log["samples"]:
        sample["messages"] *= 2
    found = read_files([written("log.json", log)], ImportOptions())
    assert [c.usage for c in found.calls] == [None] * 3
    assert any("tokens of 3 of 3 samples are unknown" in note for note in found.notes)


@pytest.mark.parametrize("other", [True, False])
def test_several_calls_of_the_arm_itself_all_count(
    peers: SimpleNamespace, written: Write, other: bool
) -> None:
    """A second call outside of scoring is the arm's; a grader of another model is never in it."""
    log = graded(peers, events=[model_event(OWN), model_event(GRADER)])
    if other:
        for sample in log["samples"]:
            sample["model_usage"]["openai/gpt-4o"] = GRADER
        log["eval"]["model_roles"] = {"grader": {"model": "openai/gpt-4o"}}
    found = read_files([written("log.json", log)], ImportOptions())
    assert all(c.usage is not None and c.usage.input_total == 864 for c in found.calls)
