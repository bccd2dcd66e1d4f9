"""The press's sentences end to end: with scripted vendors, and without any key."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.plan.prompts import render
from claimbench.suite.load import load_suite

from .conftest import Said

SUITES = Path(__file__).parents[2] / "suites"
KEYS = dict.fromkeys(("INHOUSE_API_KEY", "SUPPORT_AGENT_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "DEEPSEEK_API_KEY", "LOCAL_KEY"), "k-1")  # fmt: skip
RIGHT = {
    "smollm2-local": 30, "qwen-local": 60, "inhouse": 97, "gpt-5.4-mini": 40,
    "claude-haiku-4-5": 45, "gemini-3.1-flash-lite": 44, "deepseek-v4-flash": 90, "support-agent": 95,
}  # fmt: skip
"""Arm -> how many of a hundred items its scripted vendor gets right."""


@dataclass
class Press:
    """One server for every vendor: the model's name says how good it is."""

    right: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    url: str = ""
    agents: list[Any] = field(default_factory=list)

    def label(self, model: str, text: str) -> str:
        target, labels = self.right[text]
        number = int.from_bytes(text.encode()[-7:], "big") * 7919 % 100
        if number < RIGHT[model]:
            return target
        return next(one for one in labels if one != target)

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        said = self.label(body["model"], body["messages"][-1]["content"])
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": said},
                    }
                ],
                "usage": {"prompt_tokens": 400, "completion_tokens": 3, "total_tokens": 403},
            }
        )

    async def agent(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.agents.append(body)
        said = self.label("support-agent", body["messages"][-1]["content"])
        return web.json_response({"answer": said, "usage": {"input": 400, "output": 3}})


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    suite = load_suite(SUITES / "press_claims.yaml")
    for task in suite.tasks:
        for sample in task.samples:
            text = render(task, sample)[-1].content
            made.right[text] = (str(sample.target), list(task.answer.labels))
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", made.chat)
        app.router.add_post("/answer", made.agent)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def copied(folder: Path, url: str, *, local: bool, vendors: bool) -> Path:
    """Copy the suite with its data; arms asked for go to the scripted server."""
    for name in ("support", "shopping", "press_claims"):
        shutil.copytree(SUITES / name, folder / name)
    text = (SUITES / "press_claims.yaml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:8600/v1", f"{url}/v1")
    text = text.replace("http://127.0.0.1:8700/answer", f"{url}/answer")
    text = text.replace("concurrency: 1}", "concurrency: 8}")
    there = "base_url: " + url + "/v1\n    allow_key_on: 127.0.0.1\n    api_key_env: "
    if local:
        text = re.sub(
            r"(- name: (\S+-local)\n)    provider: llama_cpp\n    model: \S+\n",
            rf"\1    provider: compatible\n    model: \2\n    {there}LOCAL_KEY\n",
            text,
        )
        text = re.sub(r"    device: cpu\n", "", text)
        text = re.sub(r"    options: (?:&local \{[^}]*\}|\*local)\n", "", text)
        text = text.replace("model: inhouse-shopping", "model: inhouse")
    if vendors:
        text = re.sub(
            r"provider: (?:openai|anthropic|gemini|deepseek)\n", "provider: compatible\n", text
        )
        text = re.sub(
            r"    api_key_env: ((?:OPENAI|ANTHROPIC|GEMINI|DEEPSEEK)_API_KEY)\n",
            rf"    {there}\1\n",
            text,
        )
        text = text.replace(
            "cost: {list: {}}",
            "cost: {price: {input: 1, output: 4, source: test, dated: 2026-11-01}}",
        )
    path = folder / "press_claims.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def verdicts_of(said: Said) -> dict[str, Any]:
    assert said.code in (0, 1, 2), said.err[-2000:]
    return {one["claim"]["id"]: one for one in said.json["verdicts"]}


@pytest.mark.long
def test_every_sentence_gets_a_verdict_with_scripted_vendors(
    press: Press, tmp_path: Path, bench: Callable[..., Said]
) -> None:
    path = copied(tmp_path, press.url, local=True, vendors=True)
    said = bench("run", str(path), "--json", env=KEYS, timeout=280)
    found = verdicts_of(said)
    status = {name: one["status"] for name, one in found.items()}
    assert len(status) == 27
    assert status["shop-30-relative"] == "supported", found["shop-30-relative"]["sentence"]
    assert status["shop-30-points"] == "supported"
    assert status["local-30-relative"] == "supported"
    assert status["travel-very-good"] == "supported"
    assert status["travel-cheap"] == "supported"
    assert status["local-very-good"] == "refuted"
    assert status["caught-up"] == "supported"
    assert status["local-caught-up"] == "supported"
    assert status["travel-data-stay"] == "inconclusive"
    assert "what the server there sends on is not seen" in found["travel-data-stay"]["sentence"]
    assert "state a limit" in found["travel-very-good-fast-and-cheap"]["sentence"]
    for name in ("adoption-trending", "adoption-downloads"):
        assert status[name] == "not_comparable"
        assert "bench adoption fetch --order" in found[name]["sentence"]
    for name in ("travel-side-by-side", "travel-side-by-side-cheaper", "travel-cascade"):
        assert status[name] in {"supported", "refuted", "inconclusive"}, found[name]["sentence"]
    assert all(len(one["sentence"]) > 40 for one in found.values())
    assert "temperature" not in press.agents[0]
    assert len(press.agents) == 482


def test_without_a_key_every_sentence_says_what_is_missing(
    press: Press, tmp_path: Path, bench: Callable[..., Said]
) -> None:
    path = copied(tmp_path, press.url, local=True, vendors=False)
    said = bench("run", str(path), "--json", "--limit", "90", env={"LOCAL_KEY": "k"}, timeout=280)
    found = verdicts_of(said)
    missing = {
        "shop-30-more-accurate": "INHOUSE_API_KEY is not set",
        "shop-sometimes-90-cheaper": "INHOUSE_API_KEY is not set",
        "travel-very-good": "SUPPORT_AGENT_KEY is not set",
        "travel-fast": "SUPPORT_AGENT_KEY is not set",
        "travel-data-stay": "nothing was counted for support-agent",
        "caught-up": "OPENAI_API_KEY is not set",
        "adoption-trending": "bench adoption fetch --order trending --top 100",
        "adoption-downloads": "who overtook whom by name",
    }
    for name, words in missing.items():
        assert found[name]["status"] == "not_comparable", name
        assert words in found[name]["sentence"], (name, found[name]["sentence"])
    assert found["local-30-relative"]["status"] in {"supported", "refuted", "inconclusive"}
    assert found["local-cheap"]["status"] in {"supported", "refuted", "inconclusive"}
    assert found["travel-side-by-side"]["status"] in {"supported", "refuted", "inconclusive"}
    assert found["travel-cascade"]["status"] in {"supported", "refuted", "inconclusive"}


def test_adoption_is_decided_by_a_list_of_ones_own_and_by_nothing_else(
    tmp_path: Path, bench: Callable[..., Said]
) -> None:
    """The list is made up here, in the test alone: no suite ships one."""
    assert not list((SUITES / "press_claims").glob("*.json"))
    path = copied(tmp_path, "http://127.0.0.1:9", local=True, vendors=False)
    bare = bench("adoption", "check", str(path))
    assert bare.code == 3
    makers = ["Qwen", "deepseek-ai", "moonshotai", "openai", "zai-org"]
    rows = [
        {"id": f"{maker}/m", "downloads": 9, "trendingScore": 90 - n, "tags": []}
        for n, maker in enumerate(makers)
    ]
    (tmp_path / "mine.json").write_text(json.dumps(rows), encoding="utf-8")
    today = datetime.now(UTC).date().isoformat()
    entry = f"{{path: mine.json, source: made up, date: {today}, order: trending}}"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\nadoption: {{snapshots: [{entry}]}}\n")
    unnamed = bench("adoption", "check", str(path), "--json")
    assert unnamed.code == 3
    assert "'they' is no repository" in unnamed.err
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"  - id: adoption-downloads\n(?:    .*\n)+", "", text)
    path.write_text(text, encoding="utf-8")
    found = verdicts_of(bench("adoption", "check", str(path), "--json"))
    assert found["adoption-trending"]["status"] == "supported"
