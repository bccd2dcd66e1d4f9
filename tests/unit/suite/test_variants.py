"""``variants:``: which arms are made, what they are asked, what the gate lets them differ in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.claims.gate import declared_factors
from claimbench.errors import SuiteError
from claimbench.plan.order import make_plan
from claimbench.plan.prompts import Requests
from claimbench.plan.variants import longest_answer
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import Request, Suite

SUITE = """\
name: desk
version: 1-0
tasks:
  - name: team
    dataset: {path: rows.jsonl, id: id, target: right}
    prompt: [{user: "{{ text }}"}]
    few_shot: [{text: "one", right: "a"}, {text: "two", right: "a"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 64
arms:
  - {name: alpha, provider: compatible, model: a-1, base_url: "http://localhost:1/v1", sampling: {temperature: 0}}
  - {name: beta, provider: compatible, model: b-1, base_url: "http://localhost:1/v1", omit: [top_p]}
"""


def loaded(folder: Path, more: str) -> Suite:
    rows = [{"id": f"s{i}", "text": f"question {i}", "right": "a"} for i in range(5)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "desk.yaml").write_text(SUITE + more)
    return load_suite(folder / "desk.yaml")


def asked(suite: Suite, arm: str) -> Request:
    plan = make_plan(suite, "r", [one.name for one in suite.arms])
    requests = Requests(suite)
    return requests(next(call for call in plan.calls if call.arm == arm))


def names(suite: Suite) -> list[str]:
    return [arm.name for arm in suite.arms]


@pytest.mark.parametrize(
    ("entry", "made"),
    [
        ("{of: alpha, temperature: [0.7, 1]}", ["alpha@temperature=0.7", "alpha@temperature=1"]),
        ("{of: [alpha, beta], max_tokens: [8]}", ["alpha@max_tokens=8", "beta@max_tokens=8"]),
        ("{of: alpha, reasoning_effort: [low, 2048]}", ["alpha@reasoning_effort=low", "alpha@reasoning_effort=2048"]),
        ("{of: alpha, quantisation: {q4: a-1-q4, q8: a-1-q8}}", ["alpha@quantisation=q4", "alpha@quantisation=q8"]),
        ("{of: alpha, few_shot: [0, 1]}", ["alpha@few_shot=0", "alpha@few_shot=1"]),
        ("{of: alpha, temperature: [0.7], max_tokens: [8, 16]}", ["alpha@temperature=0.7,max_tokens=8", "alpha@temperature=0.7,max_tokens=16"]),
    ],
)  # fmt: skip
def test_names_say_what_was_changed(tmp_path: Path, entry: str, made: list[str]) -> None:
    suite = loaded(tmp_path, f"variants:\n  - {entry}\n")
    assert names(suite) == ["alpha", "beta", *made]
    assert suite_from_json(json.loads(json.dumps(suite_to_json(suite)))).arms == suite.arms


def test_a_suite_without_variants_is_stored_as_before(tmp_path: Path) -> None:
    assert all("variant" not in arm for arm in suite_to_json(loaded(tmp_path, ""))["arms"])


def test_each_factor_reaches_the_request(tmp_path: Path) -> None:
    suite = loaded(
        tmp_path,
        'variants:\n  - {of: alpha, prompt: {kind: [{system: "Be kind."}, {user: "So: {{ text }}"}]}}\n'
        "  - {of: alpha, few_shot: [1], max_tokens: [8], temperature: [0.5]}\n"
        "  - {of: alpha, quantisation: {q4: a-1-q4}}\n",
    )
    base, kind = asked(suite, "alpha"), asked(suite, "alpha@prompt=kind")
    assert kind.messages[0].content == "Be kind."
    assert kind.messages[-1].content.startswith("So: question")
    assert (base.messages[-1].content, len(base.messages)) == (kind.messages[-1].content[4:], 5)
    several = asked(suite, "alpha@few_shot=1,temperature=0.5,max_tokens=8")
    assert (several.max_tokens, several.params.temperature, len(several.messages)) == (8, 0.5, 3)
    assert suite.arms[-1].model == "a-1-q4"
    assert longest_answer(suite.tasks[0], suite.arms) == 64


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{of: alfa, temperature: [1]}", "desk.yaml:15: variants of the unknown arm 'alfa', did you"),
        ("{of: alpha, temprature: [1]}", "temprature"),
        ("{of: alpha, temperature: []}", "temperature"),
        ("{of: alpha}", "varies nothing"),
        ("{of: alpha, temperature: [1, 1.0]}", "stands twice"),
        ("{of: alpha, temperature: [9]}", "not between 0 and 5"),
        ("{of: beta, top_p: [0.5]}", "the arm beta omits top_p"),
        ("{of: alpha, few_shot: [3]}", "3 examples are asked for, and task team has 2"),
        ("{of: alpha, prompt: {x: [{user: '{{ txt }}'}]}}", "undefined template variable 'txt'"),
        ("{of: alpha, prompt: {x: [{system: 'a'}]}}", "not the user's"),
        ("{of: alpha, prompt: {x: [{user: 'a'}]}, tasks: [tame]}", "unknown task 'tame'"),
        ("{of: alpha, temperature: [1], tasks: [team]}", "`tasks` belongs to `prompt:`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_named(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(SuiteError) as caught:
        loaded(tmp_path, f"variants:\n  - {entry}\n")
    assert said.replace(", did you", "") in str(caught.value)
    assert "desk.yaml:15" in str(caught.value)


def test_two_variants_of_one_name_are_refused(tmp_path: Path) -> None:
    entries = "variants:\n  - {of: alpha, temperature: [1]}\n  - {of: alpha, temperature: [1]}\n"
    with pytest.raises(SuiteError, match="two arms would be called"):
        loaded(tmp_path, entries)


def test_a_claim_about_every_variant_becomes_one_for_each(tmp_path: Path) -> None:
    suite = loaded(
        tmp_path,
        "variants:\n  - {of: alpha, temperature: [0.5, 1]}\n"
        "claims:\n  - {id: same, claim: every variant of alpha is as accurate as alpha}\n",
    )
    assert [(claim.id, claim.text) for claim in suite.claims] == [
        ("same.1", "alpha@temperature=0.5 is as accurate as alpha"),
        ("same.2", "alpha@temperature=1 is as accurate as alpha"),
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "keys"),
    [
        ({"temperature": 1}, {}, {"sampling.temperature", "sampling"}),
        ({"max_tokens": 8}, {}, {"sampling.max_tokens", "truncation"}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "high"}, {"reasoning_effort"}),
        ({"prompt": "terse"}, {}, {"prompt"}),
        ({"temperature": 1}, {"temperature": 1}, set()),
    ],
)
def test_the_gate_lets_variants_differ_in_what_was_declared_alone(
    mine: dict[str, object], theirs: dict[str, object], keys: set[str]
) -> None:
    def profile(base: str, factors: dict[str, object]) -> dict[str, object]:
        sampling = {"temperature": factors.get("temperature", 0), "top_p": None, "seed": None}
        return {"variant": {"base": base, "factors": factors}, "sampling": sampling}

    assert declared_factors(profile("a", mine), profile("a", theirs)) == keys
    assert declared_factors(profile("a", mine), profile("b", theirs)) == frozenset()


TALK = SUITE.replace('[{user: "{{ text }}"}]', "[{conversation: said}]").replace(
    '    few_shot: [{text: "one", right: "a"}, {text: "two", right: "a"}]\n', ""
)


def talked(folder: Path, wording: str, suite: str = TALK) -> Suite:
    rows = [{"id": f"s{i}", "text": "t", "said": ["hi", "bye"], "right": "a"} for i in range(5)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = f"variants: [{{of: alpha, prompt: {{kind: {wording}}}}}]\n"
    (folder / "desk.yaml").write_text(suite + made)
    return load_suite(folder / "desk.yaml")


def test_a_wording_of_a_conversation_holds_the_conversation(tmp_path: Path) -> None:
    suite = talked(tmp_path, '[{system: "Be kind."}, {conversation: said}]')
    plan = make_plan(suite, "r", ["alpha@prompt=kind"])
    requests = Requests(suite, assumed=lambda _task, number: f"answer {number}")
    made = [[turn.content for turn in requests(call).messages] for call in plan.calls[:2]]
    assert made == [["Be kind.", "hi"], ["Be kind.", "hi", "answer 1", "bye"]]


@pytest.mark.parametrize(
    "wording",
    [
        '[{user: "{{ text }}"}]',
        '[{conversation: said}, {user: "{{ text }}"}]',
        "[{conversation: text}]",
        "[{conversation: said}, {conversation: said}]",
    ],
)
def test_a_wording_that_drops_the_conversation_is_refused(tmp_path: Path, wording: str) -> None:
    with pytest.raises(SuiteError, match="with which its wordings end too"):
        talked(tmp_path, wording)


def test_a_wording_holds_no_conversation_where_the_task_has_none(tmp_path: Path) -> None:
    alone = TALK.replace("[{conversation: said}]", '[{user: "{{ text }}"}]')
    with pytest.raises(SuiteError, match="holds no conversation"):
        talked(tmp_path, "[{conversation: said}]", alone)
