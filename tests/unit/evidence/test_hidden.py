"""No text of a run stays in the open part of its rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.evidence.hidden import split

CANARY = "zq-canary"


def manifest() -> dict[str, Any]:
    arm = {
        "name": "a",
        "model": f"/models/{CANARY}.gguf",
        "options": {"extra_body": {"note": CANARY}},
        "serve": {"command": [CANARY]},
        "api_key_env": CANARY,
        "api_key_file": CANARY,
        "api_key_keyring": CANARY,
    }
    tools = [{"name": CANARY, "description": CANARY, "parameters": {"title": CANARY}}]
    sample = {
        "id": "1",
        "input": {"x": CANARY},
        "target": CANARY,
        "metadata": {"y": CANARY},
        "tools": tools,
    }
    judge = {"rubric": CANARY, "template": CANARY, "choices": {"good": 1}, "by": "j"}
    task = {
        "name": "t",
        "prompt": [{"role": "system", "content": CANARY}],
        "few_shot": [sample],
        "few_shot_target": CANARY,
        "answer": {"kind": "json", "schema": {"title": CANARY}},
        "stop": [CANARY],
        "tools": tools,
        "tool_choice": CANARY,
        "simulator": {
            "table": [{"name": CANARY, "result": CANARY}],
            "state": {"s": CANARY},
            "otherwise": CANARY,
            "max_steps": 3,
        },
        "scorers": [
            {"name": "regex", "options": {"pattern": CANARY}},
            {"name": "contains", "options": {"aliases": [CANARY]}},
            {"name": "judge", "options": judge},
        ],
        "samples": [sample],
    }
    suite = {
        "path": CANARY,
        "description": CANARY,
        "file_sha256": CANARY,
        "measured_sha256": CANARY,
        "options": {"about": {"objective": CANARY}},
        "claims": [{"id": "c", "source": CANARY}],
        "arms": [arm],
        "judges": [arm],
        "tasks": [task],
    }
    facts = {"details": {"extra_body": {"n": CANARY}, "sent": {"t": CANARY}, "sdk": "openai 1"}}
    return {
        "suite_path": CANARY,
        "file_sha256": CANARY,
        "measured_sha256": CANARY,
        "options": {"argv": [CANARY], "registration": {"envelope": CANARY}},
        "git": {"why_unknown": CANARY},
        "arm_facts": {"a": facts, "b": None},
        "suite": suite,
    }


ROWS: list[tuple[str, dict[str, Any]]] = [
    ("runs", {"body": manifest(), "sha256": CANARY, "measured_sha256": CANARY}),
    ("records", {"body": {"text": CANARY, "reasoning": CANARY, "error": CANARY,
                          "logprobs": [CANARY], "tool_calls": [CANARY]}, "sha256": CANARY}),
    ("attempts", {"body": {"error": CANARY}, "sha256": CANARY}),
    ("derived", {"kind": "about", "row_id": "note", "body": CANARY}),
    ("derived", {"kind": "about", "row_id": "owner", "body": CANARY}),
    ("derived", {"kind": "about", "row_id": "tags", "body": [CANARY, CANARY]}),
    ("derived", {"kind": "notes", "row_id": "0", "body": {"text": CANARY}}),
    ("seals", {"body": CANARY, "sha256": CANARY}),
    ("scores", {"explanation": CANARY}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_no_text_stays_open(table: str, row: dict[str, Any]) -> None:
    stored = {**row, "body": json.dumps(row["body"])} if "body" in row else row
    found = split(table, stored)
    assert CANARY not in json.dumps(found.open)
    assert any(CANARY in text for text in found.hidden.values())


@pytest.mark.parametrize("model", ["gpt-5", "org/model-8b", "qwen2.5:0.5b"])
def test_a_model_with_a_public_name_stays(model: str) -> None:
    body = manifest()
    body["suite"]["arms"][0]["model"] = model
    row = {"body": json.dumps(body), "sha256": "", "measured_sha256": CANARY}
    left = json.loads(split("runs", row).open["body"])
    assert left["suite"]["arms"][0]["model"] == model


@pytest.mark.parametrize("model", ["./m", "~/m", "a/b/c", "m.gguf", "C:\\m", "/m"])
def test_a_model_that_is_a_place_goes(model: str) -> None:
    body = manifest()
    body["suite"]["arms"][0]["model"] = model
    row = {"body": json.dumps(body), "sha256": "", "measured_sha256": CANARY}
    left = json.loads(split("runs", row).open["body"])
    assert left["suite"]["arms"][0]["model"] == "[withheld]"
