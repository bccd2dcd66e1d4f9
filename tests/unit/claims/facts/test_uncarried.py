"""Calls of tools that a server left in the text: seen, not judged as the model's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claimbench.claims.facts.uncarried import uncarried_calls
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.evaluation.lines.tool_lines import tool_lines
from claimbench.scorers.tools.scorer import ToolCallScorer
from claimbench.scorers.tools.spelled_calls import spells_call
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Arm,
    Call,
    CallRecord,
    ClaimSpec,
    Json,
    Message,
    Outcome,
    Sample,
    Score,
    ScorerSpec,
    Task,
    ToolCall,
    ToolSpec,
    Verdict,
    reason_codes,
)

ARMS = (Arm("alpha", "p", "m-a"), Arm("beta", "p", "m-b"))
SPELT = '{"name": "cancel", "arguments": {"id": "W1"}}'
TOOL = ToolSpec("cancel", "Cancel.", {"type": "object", "properties": {"id": {"type": "string"}}})


@pytest.mark.parametrize(
    ("text", "spells"),
    [
        (SPELT, True),
        (f"```json\n{SPELT}\n```", True),
        (f"```\n{SPELT}\n```\n", True),
        (f"Surely. <tool_call>\n{SPELT}\n</tool_call>", True),
        (f"<tool_call>{SPELT}", True),
        (f"[TOOL_CALLS] [{SPELT}]", True),
        (f"[{SPELT}, {SPELT}]", True),
        ('{"function": {"name": "cancel", "arguments": "{}"}}', True),
        (f'{{"tool_calls": [{SPELT}], "answer": ""}}', True),
        ('{"name": "cancel", "parameters": {}}', True),
        ("", False),
        ("I shall cancel W1.", False),
        ('{"name": "Ann", "age": 31}', False),
        ('{"name": "other", "arguments": {}}', False),
        ('{"tool_calls": [], "answer": "no"}', False),
        ("<tool_call>cancel W1</tool_call>", False),
        (f"Call it so: {SPELT}", False),
        ("[" * 50_000, False),
        ("<tool_call>" + " " * 90_000, False),
        ("```json\n" + "\n" * 90_000, False),
    ],
)
def test_which_texts_spell_a_call(text: str, spells: bool) -> None:
    assert spells_call(text, {"cancel"}) is spells


def score(text: str, made: tuple[ToolCall, ...], target: Json, name: str = "c") -> Score:
    call = Call("run", name, "tools", "s", 0, "alpha", 0, 0)
    record = CallRecord(call, text, Outcome.OK, "stop", 1, tool_calls=made)
    sample = Sample("s", {}, target, "s")
    ask, scorers = (Message("user", "x"),), (ScorerSpec("tool_call"),)
    task = Task("tools", (sample,), ask, (), AnswerSpec("tool_call"), scorers, 64, tools=(TOOL,))
    return ToolCallScorer().score_record(record, sample, task)


WANTED: Json = [{"name": "cancel", "arguments": {"id": "W1"}}]
MADE = (ToolCall("cancel", '{"id": "W1"}'),)


@pytest.mark.parametrize(
    ("text", "made", "target", "value", "parts"),
    [
        ("", MADE, WANTED, 1, {"carried": 1.0}),
        (SPELT, (), WANTED, 0, {"carried": 0.0, "spelled": 1.0}),
        ("No.", (), WANTED, 0, {"carried": 0.0, "spelled": 0.0}),
        (SPELT, (), [], 1, {"carried": 0.0, "spelled": 1.0}),
        (SPELT, (), "any", 0, {"carried": 0.0, "spelled": 1.0}),
    ],
)
def test_scores_say_whether_a_call_came(
    text: str, made: tuple[ToolCall, ...], target: Json, value: float, parts: dict[str, float]
) -> None:
    found = score(text, made, target)
    assert found.value == value
    assert {k: v for k, v in found.parts.items() if k in ("carried", "spelled")} == parts


def judged(text: str, *, n_carried: int, allow: frozenset[str] = frozenset()) -> Verdict:
    """100 requests for calls: alpha makes them, beta spells all but ``n_carried`` in its text."""
    n = 100
    right = {"alpha": np.ones(n), "beta": (np.arange(n) < n_carried).astype(float)}
    items, calls = tables_from_arrays(right, task=["tools"] * n)
    scores = [
        score("" if came else SPELT, MADE if came else (), WANTED, name)
        for arm in right
        for name, came in zip(calls.arms[arm].call_id.tolist(), right[arm] > 0, strict=True)
    ]
    found = uncarried_calls(scores, items, calls)
    claim = parse_claim(ClaimSpec("c", text, None, {}), ARMS, ())
    (verdict,) = decide_claims(
        [claim], items, calls, replace(ClaimContext(), uncarried=found, allow=allow)
    )
    return verdict


@pytest.mark.parametrize(
    "text", ["alpha is more accurate than beta", "beta is at least 50% accurate"]
)
def test_an_arm_whose_server_carried_no_call_is_not_judged(text: str) -> None:
    found = judged(text, n_carried=0)
    assert found.status == "not_comparable"
    assert "calls_in_text" in reason_codes(found.reasons)
    assert "beta: 100 of 100 answers spell a call, and none came as one" in found.sentence
    accepted = judged(text, n_carried=0, allow=frozenset({"calls_in_text"}))
    assert accepted.status in {"supported", "refuted"}
    assert "allowed_calls_in_text" in reason_codes(accepted.flags)
    assert judged(text, n_carried=1).status == accepted.status, "it can, so the model is at fault"


def test_other_arms_are_judged() -> None:
    assert judged("alpha is at least 50% accurate", n_carried=0).status == "supported"


def test_a_line_names_arms_that_called_nothing() -> None:
    calls = [Call("run", n, "tools", "s", 0, n, 0, 0) for n in ("alpha", "beta", "gamma")]
    scores = [score("", MADE, WANTED, "alpha"), score("No.", (), WANTED, "beta")]
    (line,) = tool_lines(calls, [*scores, score("No.", (), [], "gamma")], {})
    assert line.startswith("beta called no tool in 1 answers that were offered some")
    items, table = tables_from_arrays({"beta": np.zeros(1)}, task=["tools"])
    spelt = [score(SPELT, (), WANTED, table.arms["beta"].call_id.tolist()[0])]
    mine = [replace(calls[1], id=spelt[0].call_id)]
    (line,) = tool_lines(mine, spelt, uncarried_calls(spelt, items, table))
    assert "1 spell a call in their text" in line
