"""The suites of our own writing through ``bench run``, with a vendor that knows every right answer
and one that knows a fifth of them and follows every other attack. The whole of each is asked in the
tests marked long.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite
from claimbench.types import Sample, Task

from .conftest import Said, Vendor, _serve

Bench = Callable[..., Said]
SUITES = Path(__file__).parents[2] / "suites"
NAMES = ("multilingual", "support_steering", "shopping", "support_desk", "twins", "tools")
SUPPORTED = {  # between a vendor that is always right and one that seldom is
    "multilingual": {"qwen-as-accurate-on-twins", "qwen-30-more-accurate"},
    "support_steering": {
        "qwen-no-easier-to-steer",
        "qwen-harder-to-steer",
        "qwen-attack-success",
        "qwen-no-easier-on-twins",
    },
    "shopping": {
        "qwen-30-relative",
        "qwen-30-points",
        "qwen-30-errors",
        "qwen-ranks-as-well",
        "qwen-knows-what-goes-with-what",
        "qwen-30-more-accurate",
    },
    "support_desk": {
        "qwen-30-more-accurate",
        "qwen-reads-as-well",
        "qwen-replies-by-the-policy",
        "qwen-talks-as-well",
        "qwen-acts-rightly",
        "qwen-no-easier-to-steer",
    },
    "twins": {"route-published", "route-twins", "match-published", "match-twins"},
    "tools": {"qwen-calls-half", "qwen-leaves-be", "qwen-as-accurate-on-twins"},
}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calling(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a message that makes ``calls``, or says that there is nothing to do."""
    if not calls:
        return said("There is nothing to do.")
    made = [
        {
            "id": f"x{number}",
            "type": "function",
            "function": {"name": one["name"], "arguments": json.dumps(one["arguments"])},
        }
        for number, one in enumerate(calls)
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def steps(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages of an episode: what is looked up, what is done, and a last word."""
    looks = [one for one in calls if one["name"] == "get_order"]
    acts = [one for one in calls if one["name"] != "get_order"]
    return [calling(each) for each in (looks, acts) if each] + [said("That is all.")]


def possible(target: Any) -> list[dict[str, Any]]:
    """Return the calls of a target in BFCL's words, each with its first acceptable values."""
    return [
        {"name": name, "arguments": {k: v[0] for k, v in given.items() if "" not in v}}
        for call in target
        for name, given in call.items()
    ]


def answers(task: Task, sample: Sample, rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the right messages to a sample, by how many messages of the model stand before."""
    if task.simulator is not None:
        return steps(sample.target["calls"])  # type: ignore[index,call-overload]
    if task.answer.kind == "tool_call":
        return [calling(possible(sample.target))]
    if task.answer.kind == "json":
        return [said(json.dumps(sample.target))]
    if task.name == "rank":
        grades = dict(sample.target)  # type: ignore[arg-type]
        return [said(json.dumps(sorted(grades, key=lambda name: -grades[name])))]
    if task.name == "reply":
        return [said(rows[sample.id]["good"])]
    return [said(str(sample.target))]


Script = dict[tuple[str, str], list[dict[str, Any]]]


def script(name: str) -> tuple[Script, Script]:
    """Return (system turn, user turn) -> right messages of every sample of a suite, and what its
    attacker wants said, of those that have one.
    """
    lines = [
        json.loads(line)
        for file in ("replies", "talks")
        for line in (SUITES / f"support/{file}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = {row["id"]: row for row in lines}
    found: Script = {}
    moved: Script = {}
    for task in load_suite(SUITES / f"{name}.yaml").tasks:
        for sample in task.samples:
            messages = render(task, sample)
            key = (messages[0].content, messages[-1].content)
            if task.name == "talk":
                assert sample.turn is not None
                good = rows[sample.turn.conversation]["good"][sample.turn.number - 1]
                found[key] = [said(good)]
            elif sample.scored:
                found[key] = answers(task, sample, rows)
            if task.scorers[0].name == "steering":
                moved[key] = [said(str(sample.input["attacker"]))]
    return found, moved


@dataclass
class Knowing(Vendor):
    """Says what is right, but for the model ``smollm2-local``, which does so once in five times:
    else it says what an attacker wants, or nothing that can be read.
    """

    right: Script = field(default_factory=dict)  # type: ignore[assignment]
    moved: Script = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        messages = body["messages"]
        last = max(n for n, one in enumerate(messages) if one["role"] == "user")
        done = sum(one["role"] == "assistant" for one in messages[last:])
        self.asked.append(messages[last]["content"])
        key = (messages[0]["content"], messages[last]["content"])
        script = self.right[key]
        message = script[min(done, len(script) - 1)]
        lucky = zlib.crc32(messages[last]["content"].encode()) % 5 == 0
        if body["model"] == "smollm2-local" and not lucky:
            message = self.moved.get(key, [said("{}")])[0]
        made = bool(message.get("tool_calls"))
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


@pytest.fixture
def knowing() -> Iterator[Knowing]:
    yield from _serve(Knowing())  # type: ignore[misc]


def copied(name: str, folder: Path, url: str) -> Path:
    """Copy the suite with its data; the two local arms become arms of the vendor at ``url``."""
    for data in ("multilingual", "shopping", "support", "tools"):
        shutil.copytree(SUITES / data, folder / data)
    text = (SUITES / f"{name}.yaml").read_text(encoding="utf-8")
    text = re.sub(
        r"(- name: (\S+-local)\n)    provider: llama_cpp\n    model: \S+\n",
        rf"\1    provider: compatible\n    model: \2\n    base_url: {url}\n"
        "    allow_key_on: 127.0.0.1\n    api_key_env: LOCAL_KEY\n",
        text,
    )
    text = re.sub(r"    device: cpu\n|    options: (?:&local \{[^}]*\}|\*local)\n", "", text)
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("concurrency: 1}", "concurrency: 8}"), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["shopping", "support_desk"])
def test_a_few_samples_of_each_task_run_to_the_end(
    name: str, knowing: Knowing, tmp_path: Path, bench: Bench
) -> None:
    found = run(name, knowing, tmp_path, bench, "--limit", "4")
    assert knowing.asked
    for one in found.values():  # what needs a key says so; nothing else is missing
        if one["status"] == "not_comparable":
            assert "is not set" in one["sentence"], one["sentence"]


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_who_is_always_right_has_the_claims_of_the_whole_suite(
    name: str, knowing: Knowing, tmp_path: Path, bench: Bench
) -> None:
    found = run(name, knowing, tmp_path, bench)
    for claim in SUPPORTED[name]:
        assert found[claim]["status"] == "supported", found[claim]["sentence"]


def run(
    name: str, knowing: Knowing, folder: Path, bench: Bench, *more: str
) -> dict[str, dict[str, Any]]:
    knowing.right, knowing.moved = script(name)  # type: ignore[assignment]
    path = copied(name, folder, knowing.url)
    ended = bench("run", str(path), "--json", *more, env={"LOCAL_KEY": "k-1"}, timeout=900)
    assert ended.code in (0, 1, 2), ended.err[-2000:]
    return {one["claim"]["id"]: one for one in ended.json["verdicts"]}
