"""What a registration fixes, and what is said where it changed."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.cli.books import price_book
from claimbench.errors import BenchError
from claimbench.evidence import registration as r
from claimbench.evidence.values import canonical
from claimbench.pricing.frozen import freeze_suite
from claimbench.suite.load import load_suite
from claimbench.types import (
    BudgetSpec,
    ClaimSpec,
    Criterion,
    DecisionSpec,
    ErrorPolicy,
    LoadSpec,
    SamplingParams,
    ScorerSpec,
    Suite,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TEXT = """
name: small
version: 1-0
tasks:
  - name: t
    dataset: {path: d.jsonl, id: id, target: y}
    prompt: [{user: "{{ x }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 8
arms:
  - {name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1", cost: {price: {input: 1, output: 2, source: s, dated: 2026-01-01}}}
  - {name: b, provider: compatible, model: n, base_url: "http://127.0.0.1:1/v1", cost: {price: {input: 2, output: 2, source: s, dated: 2026-01-01}}}
claims:
  - {id: one, claim: "cheaper than b", arm: a}
  - {id: two, claim: "as accurate as b", arm: a}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "d.jsonl").write_text('{"id": "1", "x": "q", "y": "a"}\n')
    (tmp_path / "s.yaml").write_text(TEXT)
    return load_suite(tmp_path / "s.yaml")


def book(suite: Suite, at: datetime = NOW) -> str:
    return freeze_suite(suite, price_book(), at).text


def kept(suite: Suite, limit: int | None = None) -> dict[str, Any]:
    data = r.register(suite, book(suite), limit, NOW, None)
    return {"envelope": data.decode()}


def stands(
    suite: Suite, kept: Any, after: timedelta = timedelta(hours=3), **more: Any
) -> r.Standing:
    options = {"price_book": book(suite, NOW + after)}
    if kept is not None:
        options["registration"] = kept
    not_run = more.get("not_run", {})
    manifest: Any = SimpleNamespace(
        options=options,
        limit=more.get("limit"),
        created_utc=(NOW + after).isoformat(),
        arms_run=tuple(arm.name for arm in suite.arms if arm.name not in not_run),
        arms_not_run={name: why for name, why in not_run.items() if why},
    )
    others = more.get("others", r.NO_OTHERS)
    return r.standing(manifest, suite, (), (), more.get("looks", ()), others)


def stamped(suite: Suite, after: timedelta, about: bytes | None = None) -> dict[str, Any]:
    """A registration with a reply that says it was seen ``after`` it was made; ``about``: of
    something else.
    """
    made = kept(suite)
    data = made["envelope"].encode() if about is None else about
    imprint = node(0x30, SHA256 + node(0x04, hashlib.sha256(data).digest()))
    when = f"{NOW + after:%Y%m%d%H%M%S}Z".encode()
    parts = (node(0x02, b"\x01"), node(0x06, b"\x2a"), imprint, node(0x02, b"\x01"))
    info = node(0x30, b"".join(parts) + node(0x18, when))
    reply = bytes.fromhex("060b2a864886f70d0109100104") + node(0xA0, node(0x04, info))
    return {**made, "timestamp": base64.b64encode(reply).decode()}


SHA256 = bytes.fromhex("300d06096086480165030402010500")


def node(kind: int, content: bytes) -> bytes:
    assert len(content) < 0x80
    return bytes([kind, len(content)]) + content


def test_hours_before_the_first_answer_are_said(suite: Suite) -> None:
    found = stands(suite, kept(suite))
    assert (found.state, found.line) == ("fixed", "Claims fixed 3 h before the first answer.")
    assert found.details == ("not signed", "its time is that of its maker's clock")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=1, minutes=10), "1 h"),
        (timedelta(days=3), "3 d"),
    ],
)
def test_spans_are_in_words(suite: Suite, after: timedelta, said: str) -> None:
    assert f"fixed {said} before" in stands(suite, kept(suite), after).line


def test_a_run_without_one_and_one_that_came_late(suite: Suite) -> None:
    assert stands(suite, None).state == "none"
    late = stands(suite, kept(suite), timedelta(minutes=-30))
    assert (late.state, late.line) == (
        "late",
        "Registered 30 min after the first request was sent.",
    )


@pytest.mark.parametrize(
    ("stamp", "first", "state", "line"),
    [
        # The machine's clock was set back before the run: the stamp knows better
        (timedelta(hours=5), timedelta(hours=3), "late", "Registered 2 h after the first request was sent, as its time stamp says."),
        (timedelta(days=9), timedelta(seconds=4), "late", "Registered 9 d after the first request was sent, as its time stamp says."),
        (timedelta(minutes=3), timedelta(minutes=1), "late", "Registered 2 min after the first request was sent, as its time stamp says."),
        # Before registering: the machine's own clock says it already
        (timedelta(hours=1), timedelta(minutes=-30), "late", "Registered 30 min after the first request was sent."),
        # What was stamped later is fixed for less long
        (timedelta(hours=2), timedelta(hours=7), "fixed", "Claims fixed 5 h before the first answer."),
        (timedelta(seconds=2), timedelta(seconds=8), "fixed", "Claims fixed 6 s before the first answer."),
        # A stamp from before what it stamps makes nothing older
        (timedelta(hours=-9), timedelta(hours=3), "fixed", "Claims fixed 3 h before the first answer."),
    ],
)  # fmt: skip
def test_the_later_of_clock_and_time_stamp_counts(
    suite: Suite, stamp: timedelta, first: timedelta, state: str, line: str
) -> None:
    found = stands(suite, stamped(suite, stamp), first)
    assert (found.state, found.line) == (state, line)
    at = f"{NOW + stamp:%Y-%m-%dT%H:%M:%SZ}"
    said = f"its time stamp says that it was seen at {at}; nobody's signature is checked here"
    assert found.details[-1] == said


@pytest.mark.parametrize("reply", [None, "", "AAAA", "no base64"])
def test_a_time_stamp_of_something_else_is_no_time(suite: Suite, reply: str | None) -> None:
    other = stamped(suite, timedelta(days=-1), b"another plan")
    found = stands(suite, other if reply is None else {**other, "timestamp": reply})
    assert found.line == "Claims fixed 3 h before the first answer."
    assert found.details[-1].endswith("the time stamp kept with it is not about it")


@pytest.mark.parametrize(
    ("not_run", "said"),
    [
        ({"b": "not asked for (--arm)"}, "arm b was not run (not asked for (--arm))"),
        ({"a": "no key in OPENAI_API_KEY"}, "arm a was not run (no key in OPENAI_API_KEY)"),
        ({"b": ""}, "arm b was not run."),
        ({"a": "x", "b": "y"}, "arm a was not run (x); arm b was not run (y)"),
    ],
)
def test_a_registered_arm_that_was_left_out_changes_the_plan(
    suite: Suite, not_run: dict[str, str], said: str
) -> None:
    found = stands(suite, kept(suite), not_run=not_run)
    assert found.state == "changed"
    assert said in found.line


def test_an_arm_that_nobody_registered_is_named_once(suite: Suite) -> None:
    one = replace(suite, arms=suite.arms[:1])
    line = stands(suite, kept(one), not_run={"b": "x"}).line
    assert "arm b was added" in line
    assert "b was not run" not in line


OTHERS: list[tuple[r.OtherRuns, str]] = [
    (r.OtherRuns(), ""),
    (r.OtherRuns(under=["r1"]), "The same results hold 1 other run under this registration: r1."),
    (r.OtherRuns(under=["r1", "r2"]), "2 other runs under this registration: r1, r2."),
    (r.OtherRuns(measured={"r0": NOW - timedelta(hours=1), "r9": NOW + timedelta(hours=1)}), "1 other run of the same measured suite from before it: r0."),
    (r.OtherRuns(under=["r0"], measured={"r0": NOW - timedelta(hours=1)}), "1 other run under this registration: r0."),
    (r.OtherRuns(removed=["r7"]), "signs of removed runs of the same measured suite: r7."),
    (r.OtherRuns(under=[f"r{n}" for n in range(9)]), "9 other runs under this registration: r4, r5, r6, r7, r8 and 4 more."),
]  # fmt: skip


@pytest.mark.parametrize(("others", "said"), OTHERS)
def test_other_runs_of_the_plan_are_told(suite: Suite, others: r.OtherRuns, said: str) -> None:
    found = stands(suite, kept(suite), others=others)
    assert found.state == "fixed"
    assert found.beside == "" if not said else found.beside.endswith(said)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"margin": 0.05}, "margin: was 0.03, now 0.05"),
    ({"alpha": 0.1}, "level.alpha: was 0.05, now 0.1"),
    ({"stop": "when_decided"}, 'stopping rule: was "never", now "when_decided"'),
    ({"epochs": 2}, "sample.epochs: was 1, now 2"),
    ({"allow": ("sampling",)}, "allowed differences"),
    ({"claims": ()}, "claim one was removed; claim two was removed"),
    ({"measured_sha256": "0" * 64}, "another measured hash"),
    (
        {"options": {"compare": {"margins": {"accuracy": "90%"}}}},
        "compare: was null, now",
    ),
    ({"options": {"volume": 1000}}, "volume"),
    ({"errors": ErrorPolicy(max_retries=9)}, "errors.max_retries: was 3, now 9"),
    ({"load": LoadSpec(concurrency=7)}, "load.concurrency: was null, now 7"),
    ({"budget": BudgetSpec(max_cost_usd=Decimal(1))}, "budget.max_cost_usd"),
    ({"sampling": SamplingParams(temperature=1.0)}, "sampling.temperature"),
    (
        {"decision": DecisionSpec(criteria=(Criterion("q", 1, "accuracy", 0, 1),))},
        "decision: was null",
    ),
]


@pytest.mark.parametrize(("fields", "said"), CHANGES)
def test_what_changed_is_named(suite: Suite, fields: dict[str, Any], said: str) -> None:
    before = kept(suite)
    found = stands(replace(suite, **fields), before)
    assert found.state == "changed"
    assert said in found.line


@pytest.mark.parametrize(
    "change",
    [
        lambda task: replace(task, max_tokens=9),
        lambda task: replace(task, samples=(replace(task.samples[0], target="b"),)),
        lambda task: replace(task, stop=("x",)),
    ],
)
def test_a_registered_hash_over_another_suite_is_no_kept_plan(suite: Suite, change: Any) -> None:
    """The suite says the registered hash, and is not what that was made from."""
    other = replace(suite, tasks=(change(suite.tasks[0]),))
    assert other.measured_sha256 == suite.measured_sha256
    found = stands(other, kept(suite))
    assert found.state == "changed"
    assert "not the one that its measured hash was made from" in found.line


def test_each_setting_of_a_comparison_is_named(suite: Suite) -> None:
    first = replace(suite, options={"compare": {"baseline": "r1", "margins": {"accuracy": 0.05}}})
    other = replace(suite, options={"compare": {"baseline": "r2", "margins": {"accuracy": 0.9}}})
    line = stands(other, kept(first)).line
    assert 'compare.baseline: was "r1", now "r2"' in line
    assert "compare.margins.accuracy: was 0.05, now 0.9" in line


@pytest.mark.parametrize(
    ("field", "value"),
    [("base_url", "http://127.0.0.1:2/v1"), ("concurrency", 3), ("options", {"x": 1})],
)
def test_each_setting_of_an_arm_is_named(suite: Suite, field: str, value: Any) -> None:
    arm = replace(suite.arms[0], **{field: value})
    line = stands(replace(suite, arms=(arm, suite.arms[1])), kept(suite)).line
    assert "arm a was changed" in line
    assert field in line


def test_a_scorers_options_are_fixed(suite: Suite) -> None:
    task = replace(suite.tasks[0], scorers=(ScorerSpec("exact", {"ignore_case": True}),))
    assert (
        "task t: its scorers were changed"
        in stands(replace(suite, tasks=(task,)), kept(suite)).line
    )


def test_every_field_but_words_is_fixed(suite: Suite) -> None:
    """A field that is new some day is fixed, or named among the words."""
    told = r.fixed(suite, book(suite), None)
    for field in dataclasses.fields(Suite):
        assert field.name in told or field.name in (
            *r.WORDS,
            *r._BY_TOPIC,
            "judges",
            "users",
            "options",
        )


@pytest.mark.parametrize("field", ["description", "path", "file_sha256"])
def test_words_may_change(suite: Suite, field: str) -> None:
    assert stands(replace(suite, **{field: "other"}), kept(suite)).state == "fixed"
    about = replace(suite, options={**suite.options, "about": {"objective": "x"}})
    assert stands(about, kept(suite)).state == "fixed"


def test_weights_and_claims_are_compared_one_by_one(suite: Suite) -> None:
    first = replace(suite, decision=DecisionSpec(criteria=(Criterion("q", 1, "accuracy", 0, 1),)))
    other = replace(suite, decision=DecisionSpec(criteria=(Criterion("q", 9, "accuracy", 0, 1),)))
    assert "weight: was 1" in stands(other, kept(first)).line
    claims = (
        replace(suite.claims[0], text="x"),
        ClaimSpec("three", "y", None, {}),
        suite.claims[1],
    )
    line = stands(replace(suite, claims=claims), kept(suite)).line
    assert "claim one was changed" in line
    assert "claim three was added" in line
    assert "two" not in line


def test_a_price_is_named_by_its_arm_and_its_time_does_not_count(suite: Suite) -> None:
    price = {
        **suite.arms[0].cost_model,
        "price": {"input": Decimal(7), "output": Decimal(2), "source": "s", "dated": "2026-01-01"},
    }
    dearer = replace(suite, arms=(replace(suite.arms[0], cost_model=price), suite.arms[1]))
    assert "price of a was changed" in stands(dearer, kept(suite)).line


def test_limits_and_looks_count(suite: Suite) -> None:
    assert "sample.limit: was null, now 5" in stands(suite, kept(suite), limit=5).line
    looked = stands(suite, kept(suite), looks=("one",))
    assert "it was looked at before its end" in looked.line


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "\ud800", "x" * 100])
def test_what_is_no_registration_is_one_error(suite: Suite, tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BenchError, match="is no registration"):
        r.read_registration(tmp_path / "f")
    assert stands(suite, {"envelope": text}).state == "changed"


def test_a_plan_that_is_not_what_its_hash_says_is_refused(suite: Suite) -> None:
    import json

    from claimbench.evidence.values import pretty

    outer = json.loads(kept(suite)["envelope"])
    inner = json.loads(base64.b64decode(outer["payload"]))
    inner["predicate"]["fixed"]["margin"] = 0.5
    outer["payload"] = base64.b64encode(canonical(inner).encode()).decode()
    with pytest.raises(ValueError, match="not what its hash says"):
        r.parse(pretty(outer).decode())
