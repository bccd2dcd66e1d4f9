"""The gate compares what was sent: each parameter, both values, the line that would allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.claims import gate
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims, parse_claim
from claimbench.tables.types import CallTable
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Reason, reason_codes

N = 60
RNG = np.random.default_rng(3)
ARMS = (Arm("A", "p", "m"), Arm("B", "p", "m"))
SCORES = {"A": (RNG.random(N) < 0.9).astype(float), "B": (RNG.random(N) < 0.7).astype(float)}


def sent(values: dict[str, Any], added: dict[str, Any] | None = None, **more: Any) -> Any:
    whole = {"temperature": 0.0, "max_tokens": 8, "answer_constraint": "none"} | values
    kept = {name: value for name, value in whole.items() if value is not None}
    return {"values": kept, "added": added or {}, "omitted": [], "here": []} | more


def found(
    one: Any, two: Any, kind: str = "accuracy", allow: tuple[str, ...] = ()
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    items, calls = tables_from_arrays(SCORES)
    task = str(items.task[0])
    profiles = {"A": {"sent": {task: one}}, "B": {"sent": {task: two}}}
    context = ClaimContext(profiles=profiles, allow=frozenset(allow))
    mask = np.ones(len(items.items), dtype=np.bool_)
    return gate.breaches(kind, "A", "B", items, calls, mask, context)


@pytest.mark.parametrize(("one", "two", "key", "text"), [
    (sent({}), sent({"temperature": 0.7}), "sampling.temperature", "0 for A and 0.7 for B"),
    (sent({"seed": 7}), sent({}), "sampling.seed", "7 for A and not sent for B"),
    (sent({"seed": 7}), sent({}, omitted=["seed"]), "sampling.seed", "not sent (omit) for B"),
    (sent({"top_p": 0.9}), sent({"top_p": 0.5}), "sampling.top_p", "0.9 for A and 0.5 for B"),
    (sent({"stop": ["x"]}), sent({"stop": ["y"]}), "sampling.stop", "['x'] for A and ['y'] for B"),
    (sent({}), sent({"max_tokens": 9}), "sampling.max_tokens", "8 for A and 9 for B"),
    (sent({"reasoning_effort": "low"}), sent({}), "reasoning_effort", "'low' for A and not sent"),
    (sent({}), sent({"answer_constraint": "grammar"}), "answer_constraint", "'none' for A"),
    (sent({}), sent({}, {"top_k": 40}), "sampling.top_k", "not sent for A and 40 for B"),
    (sent({}), sent({}, {"service_tier": "flex"}), "sampling.service_tier", "'flex' for B"),
])  # fmt: skip
def test_a_difference_in_what_was_sent_names_both_values_and_the_line_that_allows_it(
    one: Any, two: Any, key: str, text: str
) -> None:
    refused, _ = found(one, two)
    assert [reason.code for reason in refused] == [key]
    assert text in refused[0].detail
    assert f"`allow: [{key}]`" in refused[0].detail
    refused, allowed = found(one, two, allow=(key,))
    assert refused == ()
    assert [reason.code for reason in allowed] == [f"allowed_{key}"]
    by_room = found(one, two, allow=("sampling",))
    assert bool(by_room[0]) is not key.startswith("sampling.")


def test_one_line_allows_one_parameter() -> None:
    refused, _ = found(
        sent({"seed": 7}), sent({"temperature": 0.7}), allow=("sampling.temperature",)
    )
    assert [reason.code for reason in refused] == ["sampling.seed"]


def test_the_same_numbers_are_the_same_whatever_their_type() -> None:
    assert found(sent({"temperature": 0}), sent({"temperature": 0.0})) == ((), ())


def test_stop_texts_cut_here_are_the_same_answers_at_another_price() -> None:
    one, two = sent({"stop": ["x"]}), sent({"stop": ["x"]}, here=["stop"])
    assert found(one, two) == ((), ())
    for kind in ("cost", "latency"):
        refused, _ = found(one, two, kind)
        assert [reason.code for reason in refused] == ["sampling.stop"]
        assert "cut here" in refused[0].detail


def test_runs_that_do_not_say_what_they_sent_are_compared_as_declared() -> None:
    items, calls = tables_from_arrays(SCORES)
    mask = np.ones(len(items.items), dtype=np.bool_)
    old = {"sampling": {"temperature": 0.0}, "reasoning_effort": "low"}
    new = old | {"sent": {str(items.task[0]): sent({})}}
    for profiles in ({"A": old, "B": old}, {"A": old, "B": new}):
        context = ClaimContext(profiles=profiles)
        assert gate.breaches("accuracy", "A", "B", items, calls, mask, context) == ((), ())
    differs = ClaimContext(profiles={"A": old, "B": new | {"reasoning_effort": "high"}})
    refused, _ = gate.breaches("accuracy", "A", "B", items, calls, mask, differs)
    assert [reason.code for reason in refused] == ["reasoning_effort"]


def test_an_allowed_difference_stands_in_the_verdicts_sentence() -> None:
    items, calls = tables_from_arrays(SCORES)
    task = str(items.task[0])
    profiles = {"A": {"sent": {task: sent({"seed": 7})}}, "B": {"sent": {task: sent({})}}}
    context = ClaimContext(profiles=profiles, allow=frozenset({"sampling.seed"}))
    claim = parse_claim(ClaimSpec("c", "more accurate than B", None, {"arm": "A"}), ARMS, ())
    (verdict,) = decide_claims([claim], items, calls, context)
    assert "allowed_sampling.seed" in reason_codes(verdict.flags)
    assert "The suite accepts that sampling.seed is 7 for A and not sent for B." in verdict.sentence


def with_reasoning(calls: CallTable, **tokens: Any) -> CallTable:
    arms = {
        name: replace(rows, n_reasoning=np.asarray(tokens[name], dtype=float))
        for name, rows in calls.arms.items()
    }
    return replace(calls, arms=arms)


@pytest.mark.parametrize(("ours", "theirs", "noted"), [
    (np.zeros(N), np.zeros(N), True),
    (np.full(N, 50.0), np.full(N, 50.0), True),
    (RNG.normal(100, 30, N), RNG.normal(100, 30, N), True),
    (RNG.normal(100, 30, N), RNG.normal(400, 30, N), False),
    (np.full(N, np.nan), np.full(N, 50.0), False),
])  # fmt: skip
def test_efforts_without_an_effect_are_noted(ours: Any, theirs: Any, noted: bool) -> None:
    items, calls = tables_from_arrays(SCORES)
    task = str(items.task[0])
    calls = with_reasoning(calls, A=ours, B=theirs)
    mask = np.ones(len(items.items), dtype=np.bool_)
    low, high = sent({"reasoning_effort": "low"}), sent({"reasoning_effort": "high"})
    context = ClaimContext(profiles={"A": {"sent": {task: low}}, "B": {"sent": {task: high}}})
    note = gate.effort_without_effect("A", "B", calls, mask, context)
    assert (note is not None) is noted
    if note is not None:
        assert note.code == "effort_no_effect"
    same = ClaimContext(profiles={"A": {"sent": {task: low}}, "B": {"sent": {task: low}}})
    assert gate.effort_without_effect("A", "B", calls, mask, same) is None
