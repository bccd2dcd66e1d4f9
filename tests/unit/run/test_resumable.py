"""A run goes on only with what its first session sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import IntegrityError
from claimbench.plan.order import make_plan
from claimbench.pricing.frozen import FrozenBook
from claimbench.provider.sent import Sent
from claimbench.run.arms import Arms
from claimbench.run.manifest import check_resumable, manifest_of
from claimbench.suite.load import load_suite
from claimbench.types import ArmFacts, Manifest, Request, Suite
from claimbench_providers.scripted.provider import ScriptedProvider

SUITE = """\
name: desk
version: 1-0
sampling: {temperature: 0.5, seed: 3}
tasks:
  - name: reply
    dataset: {path: rows.jsonl, id: id, target: right}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 32
  - name: again
    dataset: {path: rows.jsonl, id: id, target: right}
    prompt: [{user: "{{ text }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 64
arms:
  - {name: one, provider: compatible, model: a-1, base_url: "http://localhost:1/v1"}
"""
USUAL = Sent({"temperature": 0.5, "seed": 3, "max_tokens": 32}, {"top_k": 4}, omitted=("stop",))


class Provider(ScriptedProvider):
    """A provider that says what the test wants."""

    def __init__(self, sent: dict[str, Sent] | Sent | None) -> None:
        super().__init__()
        self._sent = sent

    def sent(self, request: Request) -> Sent | None:
        if isinstance(self._sent, dict):
            return self._sent[str(request.max_tokens)]
        return self._sent


@dataclass
class Stored:
    suite: Suite
    manifest: Manifest = field(init=False)

    def arms(self, sent: Any) -> Arms:
        ready: dict[str, Any] = {"one": Provider(sent)}
        return Arms(ready, {"one": ArmFacts()}, {}, {})

    def begin(self, sent: Any) -> Stored:
        plan = make_plan(self.suite, "run-1", ["one"])
        made = manifest_of(
            self.suite, plan, self.arms(sent), FrozenBook("{}", "0"), "run-1", FakeClock(), {}
        )
        facts = json.loads(json.dumps(dict(made.arm_facts)))
        self.manifest = replace(made, arm_facts=facts)
        return self

    def resume(self, sent: Any) -> list[str]:
        return check_resumable(self.manifest, self.suite, self.arms(sent))


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    rows = [{"id": f"s{i}", "text": f"question {i}", "right": "yes"} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "desk.yaml").write_text(SUITE)
    return Stored(load_suite(tmp_path / "desk.yaml"))


def test_what_sends_the_same_goes_on_without_a_word(stored: Stored) -> None:
    assert stored.begin(USUAL).resume(USUAL) == []


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (replace(USUAL, values={**USUAL.values, "temperature": 0.7}), "temperature: 0.5 -> 0.7"),
        (replace(USUAL, values={"temperature": 0.5, "max_tokens": 32}), "seed: 3 -> not sent"),
        (
            replace(USUAL, values={**USUAL.values, "reasoning_effort": "low"}),
            "reasoning_effort: not sent -> 'low'",
        ),
        (replace(USUAL, added={}), "top_k: 4 -> not sent"),
        (replace(USUAL, added={"top_k": 4, "store": True}), "store: not sent -> True"),
        (replace(USUAL, omitted=()), "left out: ['stop'] -> nothing"),
        (replace(USUAL, here=("stop",)), "applied on this machine: nothing -> ['stop']"),
    ],
)
def test_a_provider_that_sends_something_else_is_refused_with_both_values(
    stored: Stored, now: Sent, change: str
) -> None:
    stored.begin(USUAL)
    with pytest.raises(IntegrityError) as caught:
        stored.resume(now)
    assert change in caught.value.message
    assert "arm one: in task" in caught.value.message


def test_the_task_whose_requests_changed_is_named(stored: Stored) -> None:
    stored.begin({"32": USUAL, "64": USUAL})
    changed = replace(USUAL, values={**USUAL.values, "seed": 4})
    with pytest.raises(IntegrityError, match=r"in task again .*seed: 3 -> 4"):
        stored.resume({"32": USUAL, "64": changed})


@pytest.mark.parametrize(
    ("before", "now", "said"), [(None, USUAL, "the run does not hold"), (USUAL, None, "no longer")]
)
def test_what_cannot_be_compared_is_said(stored: Stored, before: Any, now: Any, said: str) -> None:
    (remark,) = stored.begin(before).resume(now)
    assert remark.startswith("one: ")
    assert said in remark


def test_providers_that_never_say_what_they_send_go_on_as_ever(stored: Stored) -> None:
    assert stored.begin(None).resume(None) == []


CLAIM = '\nclaims:\n  - {id: right, claim: "one is at least 50% accurate"}\n'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: desk", "name: shop", "is suite shop 1-0, run run-1 is of desk 1-0. It measures"),
        (
            "version: 1-0",
            "version: 1-1",
            "is suite desk 1-1, run run-1 is of desk 1-0. It measures",
        ),
        ("at least 50%", "at least 60%", "begun with; not the same: claims."),
        ("id: right", "id: good", "begun with; not the same: claims."),
        (CLAIM, "\n", "begun with; not the same: claims."),
        ("version: 1-0", "version: 1-0\nalpha: 0.1", "begun with; not the same: alpha."),
    ],
)
def test_a_suite_that_only_measures_the_same_goes_on_with_a_word_whose_claims_hold(
    stored: Stored, tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(SUITE + CLAIM)
    stored.suite = load_suite(path)
    stored.begin(USUAL)
    assert old in SUITE + CLAIM
    path.write_text((SUITE + CLAIM).replace(old, new))
    stored.suite = load_suite(path)
    (remark,) = stored.resume(USUAL)
    assert says in remark
    assert "judged by the claims and the decision that it was begun with" in remark


def test_lines_that_moved_are_no_other_suite(stored: Stored, tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(SUITE + CLAIM)
    stored.suite = load_suite(path)
    stored.begin(USUAL)
    path.write_text("# a line\n" + SUITE + "\n\n" + CLAIM)
    stored.suite = load_suite(path)
    assert stored.resume(USUAL) == []
