"""Conversations that differ: each row is sent as its own turns, never as one flattened text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.init.propose import propose_suite, write_proposal
from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite
from claimbench.types import Suite


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def suite_of(tmp_path: Path, rows: list[dict[str, Any]], **asked: Any) -> Suite:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return load_suite(write_proposal(propose_suite(path, **asked), tmp_path / "out", force=True))


def sent(suite: Suite, index: int) -> list[tuple[str, str]]:
    task = suite.tasks[0]
    return [(m.role, m.content) for m in render(task, task.samples[index])]


def lengths(i: int) -> list[dict[str, Any]]:
    turns = []
    for k in range(1 + i % 3):
        turns += [turn("user", f"ask {i} {k}"), turn("assistant", f"say {i} {k}")]
    return turns


def test_conversations_of_different_lengths_are_sent_turn_by_turn(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, [{"messages": lengths(i)} for i in range(12)])
    for i in range(12):
        assert sent(suite, i) == [(t["role"], t["content"]) for t in lengths(i)[:-1]]
        assert suite.tasks[0].samples[i].target == lengths(i)[-1]["content"]


def test_one_system_prompt_is_sent_before_them(tmp_path: Path) -> None:
    rows = [{"messages": [turn("system", "Be {brief}."), *lengths(i)]} for i in range(12)]
    assert sent(suite_of(tmp_path, rows), 2)[:2] == [("system", "Be {brief}."), ("user", "ask 2 0")]


def test_a_system_prompt_of_some_rows_stays_theirs(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        own = [turn("developer", f"You are {i}.")] if i % 2 else []
        rows.append({"messages": [*own, *lengths(i)]})
    suite = suite_of(tmp_path, rows)
    assert sent(suite, 1)[0] == ("system", "You are 1.")
    assert sent(suite, 2)[0] == ("user", "ask 2 0")


def test_a_system_prompt_in_a_column_of_its_own_is_sent(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        said = [
            {"from": {"user": "human"}.get(t["role"], "gpt"), "value": t["content"]}
            for t in lengths(i)
        ]
        rows.append({"conversations": said, "system": "Be kind."})
    assert sent(suite_of(tmp_path, rows), 2)[:2] == [("system", "Be kind."), ("user", "ask 2 0")]


def test_tool_calls_and_results_stay_in_their_places(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        call = {"id": "c", "function": {"name": "find", "arguments": f'{{"i": {i}}}'}}
        tools = [
            turn("assistant", None, tool_calls=[call]),
            turn("tool", f"depot {i}", name="find"),
        ]
        turns = [
            turn("user", f"Where is {i}?"),
            *(tools if i % 2 else []),
            turn("assistant", f"d{i}"),
        ]
        rows.append({"messages": turns})
    suite = suite_of(tmp_path, rows)
    assert sent(suite, 0) == [("user", "Where is 0?")]
    assert sent(suite, 1) == [
        ("user", "Where is 1?"),
        ("assistant", '[calls find({"i": 1})]'),
        ("user", "[result of find] depot 1"),
    ]


def test_turns_of_one_role_after_the_other_are_one(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        more = [turn("user", "quick!")] * (i % 2)
        rows.append({"messages": [turn("user", f"a {i}"), *more, turn("assistant", f"b{i}")]})
    assert sent(suite_of(tmp_path, rows), 1) == [("user", "a 1\n\nquick!")]


def test_personal_data_in_turns_is_found_and_masked(tmp_path: Path) -> None:
    rows = [{"messages": lengths(i)} for i in range(12)]
    rows[4]["messages"][0]["content"] = "write to ann@example.com"
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert "1 EMAIL" in str(propose_suite(path).private)
    proposal = propose_suite(path, mask=True)
    assert "ann@example.com" not in "".join(proposal.files.values())


def test_named_speakers_are_no_chat_and_said_so(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        turns = [{"speaker": s, "text": f"{s} {i}"} for s in ("Ann", "Bob", "assistant")]
        rows.append({"dialog": turns})
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    proposal = propose_suite(path)
    assert any("other roles" in note for note in proposal.notes)


SUITE = """\
name: own
version: 1-0
tasks:
  - name: t
    dataset: {path: d.jsonl, target: label}
    prompt: [{system: "Sort."}, {turns: talk}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: x, provider: compatible, model: x, base_url: "http://127.0.0.1:1/v1", concurrency: 1}
"""


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        ("hello", "no list of turns"),
        ([], "no list of turns"),
        ([{"role": "tool", "content": "x"}], "turn 1 of the conversation"),
        ([{"role": "user", "content": "x"}, {"role": "user"}], "turn 2 of the conversation"),
        ([{"role": "user", "content": "x"}, turn("assistant", "y")], "ends with the assistant"),
    ],
)
def test_a_conversation_that_cannot_be_sent_is_refused_with_its_row(
    tmp_path: Path, talk: Any, message: str
) -> None:
    rows = [{"talk": [turn("user", "hi")], "label": "a"}, {"talk": talk, "label": "b"}]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "s.yaml").write_text(SUITE)
    with pytest.raises(SuiteError, match=message) as fault:
        load_suite(tmp_path / "s.yaml")
    assert fault.value.line == 2


def test_turns_of_an_unknown_column_are_an_error_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(json.dumps({"talk": [turn("user", "hi")], "label": "a"}))
    (tmp_path / "s.yaml").write_text(SUITE.replace("turns: talk", "turns: tlak"))
    with pytest.raises(SuiteError, match="undefined template variable 'tlak'"):
        load_suite(tmp_path / "s.yaml")
