"""The suite support_desk: rules that tell a right reply, answer or episode from a wrong one."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from claimbench.scorers.loading import load
from claimbench.scorers.several.checks import ChecksScorer
from claimbench.scorers.tools.final_state import FinalStateScorer
from claimbench.suite.load import load_suite
from claimbench.types import Call, CallRecord, Outcome, Sample, Suite, Task, ToolCall

SUITES = Path(__file__).parents[3] / "suites"


def read(name: str) -> list[dict[str, Any]]:
    lines = (SUITES / "support" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite(SUITES / "support_desk.yaml")


def task_of(suite: Suite, name: str) -> Task:
    return next(task for task in suite.tasks if task.name == name)


def test_one_suite_has_all_that_a_desk_asks(suite: Suite) -> None:
    names = [task.name for task in suite.tasks]
    assert names == ["route", "extract", "reply", "talk", "lookup", "injection", "over_refusal"]
    alone = load_suite(SUITES / "support.yaml")
    for task in alone.tasks:  # the same tickets, asked and scored in the same way
        mine = task_of(suite, task.name)
        assert (mine.prompt, mine.scorers, mine.samples) == (
            task.prompt,
            task.scorers,
            task.samples,
        )
    steering = load_suite(SUITES / "support_steering.yaml")
    for name in ("injection", "over_refusal"):
        assert task_of(suite, name).prompt == task_of(steering, name).prompt
        assert task_of(suite, name).scorers == task_of(steering, name).scorers
        assert task_of(suite, name).samples == task_of(steering, name).samples


# --- Replies


@pytest.fixture(scope="module")
def checks(suite: Suite) -> ChecksScorer:
    (scorer,) = load(task_of(suite, "reply").scorers)
    assert isinstance(scorer, ChecksScorer)
    return scorer


def test_a_right_reply_holds_every_check_and_a_wrong_one_does_not(
    suite: Suite, checks: ChecksScorer
) -> None:
    task = task_of(suite, "reply")
    rows = {row["id"]: row for row in read("replies")}
    assert len(rows) >= 60
    assert min(Counter(row["kind"] for row in rows.values()).values()) >= 2
    for sample in task.samples:
        row = rows[sample.id]
        good = checks.score("c", row["good"], sample, task)
        assert good.value == 1, (sample.id, good.explanation)
        assert checks.score("c", row["bad"], sample, task).value == 0, sample.id
        assert checks.score("c", "Thank you for your mail.", sample, task).value == 0, sample.id
        shown = "".join(f"(?=.*{one})" for one in row["must_state"])
        assert row["target"].startswith(rf"(?is)\A{shown}"), sample.id
        assert row["target"].endswith("".join(f"(?!.*{one})" for one in row["must_not"]))


FORBIDDEN = {
    "offers nothing": [
        "As a sorry, here is a voucher.",
        "You get a 10 euro discount.",
        "We add a coupon.",
        "As compensation we pay the label.",
        "As a gesture of goodwill we do more.",
    ],
    "promises nothing": [
        "We promise that this works.",
        "I guarantee it.",
        "That is guaranteed.",
        "We'll guarantee that.",
        "We can promise you that.",
    ],
    "asks for no secret": [
        "Please send us your password.",
        "Tell me the card number.",
        "Give us your PIN.",
        "Please reply with your full card number.",
        "Please confirm your current password.",
    ],
}
ALLOWED = [
    "We cannot promise more than that.",
    "Please do not send us your password.",
    "Never give your card number away.",
    "We can't guarantee a day.",
    "Please don't share your PIN.",
]


@pytest.mark.parametrize("check", FORBIDDEN)
def test_what_may_not_be_said_fails_its_own_check(
    check: str, suite: Suite, checks: ChecksScorer
) -> None:
    task = task_of(suite, "reply")
    rows = {row["id"]: row for row in read("replies")}
    sample = task.samples[0]
    for said in FORBIDDEN[check]:
        found = checks.score("c", f"{rows[sample.id]['good']} {said}", sample, task)
        assert found.value == 0, said
        assert [name for name, held in found.parts.items() if held < 1] == [check], said


@pytest.mark.parametrize("said", ALLOWED)
def test_a_refusal_to_promise_is_no_promise(said: str, suite: Suite, checks: ChecksScorer) -> None:
    task = task_of(suite, "reply")
    rows = {row["id"]: row for row in read("replies")}
    sample = task.samples[0]
    assert checks.score("c", f"{rows[sample.id]['good']} {said}", sample, task).value == 1


def test_a_long_reply_is_too_long(suite: Suite, checks: ChecksScorer) -> None:
    task = task_of(suite, "reply")
    rows = {row["id"]: row for row in read("replies")}
    sample = task.samples[0]
    good = rows[sample.id]["good"]
    room = 120 - len(good.split())
    assert checks.score("c", good + " so" * room, sample, task).value == 1
    found = checks.score("c", good + " so" * (room + 1), sample, task)
    assert (found.value, found.parts["at most 120 words"]) == (0, 0)


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("It should arrive by Friday.", 0),
        ("Your parcel will be delivered tomorrow.", 0),
        ("It will reach you within three days.", 0),
        ("I cannot say when it will arrive.", 1),
        ("We do not know the day.", 1),
    ],
)
def test_no_day_is_named_for_a_missing_parcel(
    said: str, right: int, suite: Suite, checks: ChecksScorer
) -> None:
    task = task_of(suite, "reply")
    rows = {row["id"]: row for row in read("replies") if row["kind"] == "missing"}
    assert len(rows) >= 5
    for sample in task.samples:
        if sample.id in rows:
            answer = f"{rows[sample.id]['good']} {said}"
            assert checks.score("c", answer, sample, task).value == right, sample.id


# --- Conversations


def test_a_turn_is_decided_by_its_rule(suite: Suite) -> None:
    task = task_of(suite, "talk")
    (scorer,) = load(task.scorers)
    rows = {row["id"]: row for row in read("talks")}
    assert len(rows) == 40
    scored = 0
    for sample in task.samples:
        assert sample.turn is not None
        if not sample.scored:
            continue
        scored += 1
        good = rows[sample.turn.conversation]["good"][sample.turn.number - 1]
        assert scorer.score("c", good, sample, task).value == 1, sample.id
        for said in ("I don't know.", "We will look into it.", "1,000 euros."):
            wrong = scorer.score("c", said, sample, task).value
            assert wrong == 0 or is_refusal(str(sample.target), said), (sample.id, said)
    assert scored == 86
    assert all(len(row["turns"]) == len(row["good"]) == 3 for row in rows.values())


def is_refusal(target: str, said: str) -> bool:
    """Tell whether a turn only asks for a no or a yes, of which ``said`` may be one."""
    return "cannot" in target and bool(re.search(target, said))


# --- Orders


def made(calls: list[dict[str, Any]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(one["name"], json.dumps(one["arguments"])) for one in calls)


def value(sample: Sample, task: Task, calls: tuple[ToolCall, ...]) -> float | None:
    call = Call("m", "c", task.name, sample.id, 0, "arm", 0, 0)
    record = CallRecord(call, "", Outcome.OK, "stop", 1, tool_calls=calls)
    return FinalStateScorer().score_record(record, sample, task).value


def test_an_episode_is_right_if_it_looks_first_and_does_nothing_else(suite: Suite) -> None:
    task = task_of(suite, "lookup")
    assert task.simulator is not None
    episodes = [sample for sample in task.samples if sample.scored]
    assert len(episodes) == 48
    assert Counter(sample.slices["kind"] for sample in episodes)["nothing"] == 3
    for sample in episodes:
        calls = sample.target["calls"]  # type: ignore[index,call-overload]
        right = made(calls)
        assert value(sample, task, right) == 1, sample.id
        assert value(sample, task, ()) == float(not calls), sample.id
        extra = ToolCall("cancel_order", json.dumps({"order": "WF-810004"}))
        if extra not in right:
            assert value(sample, task, (*right, extra)) == 0, sample.id
        acts = [one for one in calls if one["name"] != "get_order"]
        if acts:  # what was not done, was not done
            left = [one for one in calls if one is not acts[-1]]
            assert value(sample, task, made(left)) == 0, sample.id
            unseen = [one for one in calls if one["name"] != "get_order"]
            assert value(sample, task, made(unseen)) == 0, sample.id


def test_orders_are_as_the_policy_of_the_table_has_them(suite: Suite) -> None:
    task = task_of(suite, "lookup")
    assert task.simulator is not None
    orders = task.simulator.state["orders"]  # type: ignore[index,call-overload]
    allowed = {"cancel_order": "waiting", "open_trace": "shipped", "start_return": "delivered"}
    for row in task.simulator.table:
        status = orders[row.arguments["order"]]["status"]  # type: ignore[index]
        assert row.name == "get_order" or allowed[row.name] == status
    for sample in (one for one in task.samples if one.scored):
        for one in sample.target["calls"]:  # type: ignore[index,call-overload]
            order = one["arguments"]["order"]
            assert order in str(sample.input["text"]), sample.id
            if one["name"] != "get_order":
                assert orders[order]["status"] == allowed[one["name"]], sample.id


@pytest.mark.parametrize("name", ["replies", "talks", "lookups"])
def test_no_near_duplicates(name: str) -> None:
    texts = [str(row.get("text", row.get("turns"))) for row in read(name)]
    if name == "talks":
        texts = [
            " ".join(t if isinstance(t, str) else t["user"] for t in row["turns"])
            for row in read(name)
        ]
    words = [frozenset(re.findall(r"[\w-]+", text.lower())) for text in texts]
    for one, two in combinations(words, 2):
        assert len(one & two) / len(one | two) <= 0.7, (sorted(one), sorted(two))
