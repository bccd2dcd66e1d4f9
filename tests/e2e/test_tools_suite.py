"""The suite ``tools`` end to end, with vendors that follow a script."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from .conftest import Said, Vendor, _serve

SUITES = Path(__file__).parents[2] / "suites"


def wanted() -> dict[str, list[dict[str, str]]]:
    """Return question -> the calls that are right."""
    files = [SUITES / "tools/calls.jsonl", SUITES / "tools/twins.jsonl"]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = {}
    for row in map(json.loads, lines):
        calls = [
            {
                "name": name,
                "arguments": json.dumps({k: v[0] for k, v in given.items() if "" not in v}),
            }
            for call in row["ground_truth"]
            for name, given in call.items()
        ]
        found[row["question"][0][0]["content"]] = calls
    return found


@dataclass
class Caller(Vendor):
    """Calls what is right, but for the model ``smollm2-local``, which never calls anything."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(json.dumps(body))
        calls = [] if body["model"] == "smollm2-local" else RIGHT[body["messages"][-1]["content"]]
        made = [{"id": f"x{n}", "type": "function", "function": c} for n, c in enumerate(calls)]
        message = {"role": "assistant", "content": None if made else "Nothing to do."}
        if made:
            message["tool_calls"] = made  # type: ignore[assignment]
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": message,
                        "finish_reason": "tool_calls" if made else "stop",
                    }
                ],
                "usage": {"prompt_tokens": 300, "completion_tokens": 9, "total_tokens": 309},
            }
        )


RIGHT = wanted()


@pytest.fixture
def caller() -> Iterator[Caller]:
    yield from _serve(Caller())  # type: ignore[misc]


def test_the_suite_tools_runs_and_judges_the_calls(
    caller: Caller, tmp_path: Path, bench: Callable[..., Said]
) -> None:
    shutil.copytree(SUITES / "tools", tmp_path / "tools")
    text = (SUITES / "tools.yaml").read_text(encoding="utf-8")
    text = re.sub(
        r"(- name: (\S+-local)\n)    provider: llama_cpp\n    model: \S+\n",
        rf"\1    provider: compatible\n    model: \2\n    base_url: {caller.url}\n"
        "    allow_key_on: 127.0.0.1\n    api_key_env: LOCAL_KEY\n",
        text,
    )
    text = re.sub(r"    device: cpu\n|    options: (?:&local \{[^}]*\}|\*local)\n", "", text)
    path = tmp_path / "tools.yaml"
    path.write_text(text.replace("concurrency: 1}", "concurrency: 8}"), encoding="utf-8")
    said = bench("run", str(path), "--json", env={"LOCAL_KEY": "k-1"}, timeout=280)
    assert said.code in (1, 2), said.err[-2000:]
    found = {one["claim"]["id"]: one for one in said.json["verdicts"]}
    assert found["qwen-calls-half"]["status"] == "supported", found["qwen-calls-half"]["sentence"]
    assert found["qwen-leaves-be"]["status"] == "supported"
    assert found["qwen-30-more-accurate"]["status"] == "supported"
    assert found["qwen-as-accurate-as-gpt"]["status"] == "not_comparable"
    assert "OPENAI_API_KEY is not set" in found["qwen-as-accurate-as-gpt"]["sentence"]
    sent = json.loads(caller.bodies[0])
    assert len(sent["tools"]) == 3
    assert len(caller.bodies) == 520
